"""The error of this room, and the hint for a misspelled name."""

from collections.abc import Iterable
from difflib import get_close_matches


class EstimateError(ValueError):
    """The data or the options cannot give the estimate that was asked for."""


def nearest(name: object, known: Iterable[object]) -> str:
    """Return a hint such as ``; did you mean 'age'?``, or the known names.

    Parameters
    ----------
    name : object
        The name that was not found.
    known : iterable of object
        The names that exist.

    Returns
    -------
    str
        A clause that ends a sentence.
    """
    names = [str(k) for k in known]
    close = get_close_matches(str(name), names, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    shown = ", ".join(repr(k) for k in names[:12])
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"; the columns are {shown}{more}."
