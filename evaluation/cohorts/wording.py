"""Numbers and lists in words."""

from collections.abc import Iterable


def counted(number: int, one: str, many: str, below: int = 0) -> str:
    """Return a number with its noun, such as "1 exit" or "1,204 exits".

    Parameters
    ----------
    number : int
    one, many : str
        The noun for one, and for any other number.
    below : int
        Numbers from 1 to ``below - 1`` are not told.
    """
    if 0 < number < below:
        return f"fewer than {below} {many}"
    return f"{number:,} {one if number == 1 else many}"


def days(number: int) -> str:
    """Return a number of days in words."""
    return counted(number, "day", "days")


def either(names: Iterable[str]) -> str:
    """Return names as "a, b or c"."""
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last
