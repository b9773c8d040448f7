"""Lay out the grid of (stratum, event time) cells and place rows on it."""

from collections.abc import Callable

import numpy as np

from evaluation.estimates.risksets import RiskSets

_LARGEST_TABLE = 8_000_000


def risk_sets(
    stratum: np.ndarray,
    strata: int,
    start: np.ndarray | None,
    stop: np.ndarray,
    marks: np.ndarray,
) -> RiskSets:
    """Lay out the grid of event times and place the rows on it.

    Parameters
    ----------
    stratum : ndarray of int, shape (n,)
        Stratum of each row, 0 to ``strata - 1``.
    strata : int
        Number of strata.
    start : ndarray of float or None
        When rows come under observation; None when always.
    stop : ndarray of float
        When rows end.
    marks : ndarray of bool
        Rows whose ``stop`` is an event time of their stratum.

    Returns
    -------
    RiskSets
    """
    number, numbers = _numbering(stop[marks])
    count = _counter(stratum[marks], number(stop[marks]), strata, numbers)
    base, blocks, size = _blocks(count.length)
    first = base[stratum].astype(np.int32)
    leave = first + count(stratum, number(stop))
    enter, entering = first, np.empty(0, np.intp)
    if start is not None:
        ahead = count(stratum, number(start))
        enter = first + ahead
        entering = np.flatnonzero(ahead)
    times = np.full(size, np.nan)
    times[leave[marks]] = stop[marks]
    return RiskSets(enter, leave, entering, blocks, base, count.length, times)


def _numbering(times: np.ndarray) -> tuple[Callable[[np.ndarray], np.ndarray], int]:
    """Return a function from times to whole numbers that keeps the order of event times.

    Whole days on a short span are their own numbers; other times become the
    number of distinct event times up to them.
    """
    if not len(times):
        return (lambda t: np.zeros(len(t), np.int32)), 1
    low, high = times.min(), times.max()
    span = high - low + 1
    if span <= 2 * len(times) + 100_000 and (times == np.floor(times)).all():
        return (
            lambda t: np.clip(np.floor(t) - (low - 1), 0, span).astype(np.int32),
            int(span) + 1,
        )
    distinct = np.unique(times)
    return (
        lambda t: np.searchsorted(distinct, t, side="right").astype(np.int32),
        len(distinct) + 1,
    )


class _Counter:
    """Counts a stratum's event times up to a number, from a table of all numbers."""

    def __init__(self, stratum: np.ndarray, number: np.ndarray, strata: int, numbers: int):
        seen = np.zeros((strata, numbers), bool)
        seen[stratum, number] = True
        self._table = np.cumsum(seen, axis=1, dtype=np.int32)
        self.length = self._table[:, -1].astype(np.int64)

    def __call__(self, stratum: np.ndarray, number: np.ndarray) -> np.ndarray:
        return self._table[stratum, number]


class _SortedCounter:
    """The same by binary search, for more strata and times than a table should hold."""

    def __init__(self, stratum: np.ndarray, number: np.ndarray, strata: int, numbers: int):
        self._numbers = numbers
        self._keys = np.unique(stratum.astype(np.int64) * numbers + number)
        self._first = np.searchsorted(self._keys, np.arange(strata + 1) * numbers)
        self.length = np.diff(self._first)

    def __call__(self, stratum: np.ndarray, number: np.ndarray) -> np.ndarray:
        key = stratum.astype(np.int64) * self._numbers + number
        found = np.searchsorted(self._keys, key, side="right")
        return (found - self._first[stratum]).astype(np.int32)


def _counter(
    stratum: np.ndarray, number: np.ndarray, strata: int, numbers: int
) -> _Counter | _SortedCounter:
    kind = _Counter if strata * numbers <= _LARGEST_TABLE else _SortedCounter
    return kind(stratum, number, strata, numbers)


def _blocks(length: np.ndarray) -> tuple[np.ndarray, tuple[tuple[int, int, int], ...], int]:
    """Place strata of about the same width side by side, so that each run is a rectangle."""
    base = np.empty(len(length), np.int64)
    step = np.frexp(length + 1.0)[1]
    blocks, low = [], 0
    for s in np.unique(step):
        members = np.flatnonzero(step == s)
        width = int(length[members].max()) + 1
        high = low + width * len(members)
        base[members] = np.arange(low, high, width)
        blocks.append((low, high, width))
        low = high
    return base, tuple(blocks), low
