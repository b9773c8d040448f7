"""Codes for what rows belong to: groups, strata, clusters, subjects; times as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from evaluation.estimates.errors import EstimateError


@dataclass(frozen=True)
class Coding:
    """Rows sorted into kinds: a code for each row and the label of each code.

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
        The kind of each row, 0 to ``len(kinds) - 1``.
    kinds : sequence
        The value each code stands for, in sorted order.
    """

    codes: np.ndarray
    kinds: list | pd.Index

    @cached_property
    def labels(self) -> list:
        """The kinds as plain values; made when asked for, as there may be a million."""
        return list(self.kinds) if isinstance(self.kinds, list) else self.kinds.tolist()

    def __len__(self) -> int:
        return len(self.kinds)


def coding(frame: pd.DataFrame, columns: list[str]) -> Coding | None:
    """Code the combinations of some columns.

    Parameters
    ----------
    frame : DataFrame
    columns : list of str
        One column keeps its values as labels; several are joined by a comma.

    Returns
    -------
    Coding or None
        None without columns.

    Raises
    ------
    EstimateError
        If the values of a column cannot be told apart.
    """
    if not columns:
        return None
    coded = [_factorize(frame[c]) for c in columns]
    if len(coded) == 1:
        return coded[0]
    mixed = coded[0].codes.astype(np.int64)
    labels = [str(v) for v in coded[0].labels]
    for part in coded[1:]:
        mixed, kept = _compact(mixed * len(part) + part.codes)
        labels = [f"{labels[k // len(part)]}, {part.labels[k % len(part)]}" for k in kept]
    return Coding(mixed, labels)


def _factorize(values: pd.Series) -> Coding:
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes, kept = _compact(values.cat.codes.to_numpy())
        return Coding(codes, list(values.cat.categories[kept]))
    try:
        codes, kinds = pd.factorize(values, sort=True)
    except TypeError as problem:
        raise EstimateError(
            f"Column {values.name!r} holds values that cannot be told apart as kinds ({problem}); "
            f"make them text or numbers."
        ) from problem
    return Coding(codes, pd.Index(kinds))


def _compact(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Renumber codes 0, 1, … without gaps; return them and the codes that occur."""
    kept, compact = np.unique(codes, return_inverse=True)
    return compact, kept


def single(n: int, label: str) -> Coding:
    """Code ``n`` rows that are all of one kind."""
    return Coding(np.zeros(n, np.intp), [label])


def unused_name(frame: pd.DataFrame, name: str) -> str:
    """Return ``name``, lengthened until the frame has no column so named."""
    while name in frame.columns:
        name += "_"
    return name


def checked_times(times: float | Sequence[float]) -> np.ndarray:
    """Return times as an array, or say that they are not finite numbers."""
    wanted = np.atleast_1d(np.asarray(times, float))
    if wanted.ndim != 1 or not np.isfinite(wanted).all():
        raise EstimateError(f"times must be one or more finite numbers, not {times!r}.")
    return wanted
