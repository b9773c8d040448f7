"""Sums over risk sets on a small grid of (stratum, event time) cells.

A row ``(start, stop]`` is at risk at the event times in that interval, so in a
stratum whose event times are numbered 1, 2, … it covers the numbers
``enter + 1`` to ``leave``. Scattering a row's value onto ``leave`` and its
negative onto ``enter`` and summing from the right gives the sum over each risk
set; summing a quantity of the event times from the left and taking the
difference between ``leave`` and ``enter`` gives each row its share. Both cost
one pass over rows and one over cells, whatever the ties.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

_LARGEST_TABLE = 8_000_000


@dataclass(frozen=True)
class Tail:
    """Risk that goes on after a row has ended (Fine and Gray's weights).

    A row of the tail counts at every later time of its stratum with the weight
    ``scale * level[cell]``.

    Parameters
    ----------
    rows : ndarray of int
        Rows that stay at risk after ``leave``.
    scale : ndarray of float
        One factor for each of these rows.
    level : ndarray of float
        One factor for each cell.
    """

    rows: np.ndarray
    scale: np.ndarray
    level: np.ndarray


@dataclass(frozen=True)
class RiskSets:
    """Who is at risk when.

    Parameters
    ----------
    enter, leave : ndarray of int
        Cell before the first, and cell of the last, event time at risk.
    entering : ndarray of int
        Rows whose ``enter`` is not the stratum's first cell.
    blocks : tuple of (int, int, int)
        First cell, end and width of each run of equally wide strata.
    base, length : ndarray of int
        For each stratum its first cell and its number of event times.
    times : ndarray of float
        Time of each cell; NaN in a stratum's first cell and in padding.
    tail : Tail or None
        Risk after the end of a row.
    """

    enter: np.ndarray
    leave: np.ndarray
    entering: np.ndarray
    blocks: tuple[tuple[int, int, int], ...]
    base: np.ndarray
    length: np.ndarray
    times: np.ndarray
    tail: Tail | None = None

    @property
    def size(self) -> int:
        """Number of cells."""
        return len(self.times)

    def cells_of(self, stratum: int) -> np.ndarray:
        """Return the cells of a stratum's event times, in order of time."""
        first = self.base[stratum] + 1
        return np.arange(first, first + self.length[stratum])

    def totals(self, values: np.ndarray) -> np.ndarray:
        """Sum one value a row over each risk set.

        Parameters
        ----------
        values : ndarray of float, shape (n,)

        Returns
        -------
        ndarray of float, shape (cells,)
        """
        jumps = np.bincount(self.leave, values, self.size)
        if len(self.entering):
            part = self.entering
            jumps -= np.bincount(self.enter[part], values[part], self.size)
        sums = self.cumulate(jumps, backward=True)
        if self.tail is not None:
            part = self.tail.rows
            late = np.bincount(self.leave[part], values[part] * self.tail.scale, self.size)
            sums += self.tail.level * self._shift(self.cumulate(late))
        return sums

    def products(self, values: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Sum ``values[i] * x[i]`` over each risk set.

        Parameters
        ----------
        values : ndarray of float, shape (n,)
        x : ndarray of float, shape (n, p)

        Returns
        -------
        ndarray of float, shape (cells, p)
        """
        sums = self.cumulate(self._scatter(values, x), backward=True)
        if self.tail is not None:
            part = self.tail.rows
            late = scatter(self.leave[part], values[part] * self.tail.scale, x[part], self.size)
            sums += self.tail.level[:, None] * self._shift(self.cumulate(late))
        return sums

    def over(self, increments: np.ndarray) -> np.ndarray:
        """Sum a quantity of the cells over the time each row is at risk.

        Parameters
        ----------
        increments : ndarray of float, shape (cells,)

        Returns
        -------
        ndarray of float, shape (n,)
        """
        running = self.cumulate(increments)
        out = running[self.leave]
        if len(self.entering):
            out -= running[self.enter]
        if self.tail is not None:
            part = self.tail.rows
            out[part] += self.tail.scale * self._later(increments)[self.leave[part]]
        return out

    def shares(
        self, values: np.ndarray, increments: np.ndarray, codes: np.ndarray, count: int
    ) -> np.ndarray:
        """Sum ``values[i]`` times what :meth:`over` would give row i, by the rows' codes.

        Parameters
        ----------
        values : ndarray of float, shape (n,)
        increments : ndarray of float, shape (cells, p)
        codes : ndarray of int, shape (n,)
            0 to ``count - 1``.
        count : int

        Returns
        -------
        ndarray of float, shape (count, p)
        """
        running = self.cumulate(increments)
        out = pick(values, codes, self.leave, running, count)
        if len(self.entering):
            part = self.entering
            out -= pick(values[part], codes[part], self.enter[part], running, count)
        if self.tail is not None:
            part = self.tail.rows
            scaled = values[part] * self.tail.scale
            later = self._later(increments)
            out += pick(scaled, codes[part], self.leave[part], later, count)
        return out

    def cumulate(self, values: np.ndarray, backward: bool = False) -> np.ndarray:
        """Cumulative sum over the cells of each stratum.

        Parameters
        ----------
        values : ndarray of float, shape (cells,) or (cells, p)
        backward : bool
            From the last cell to the first.

        Returns
        -------
        ndarray of float, same shape
        """
        out = np.empty_like(values)
        for low, high, width in self.blocks:
            shape = (-1, width, *values.shape[1:])
            part, into = values[low:high].reshape(shape), out[low:high].reshape(shape)
            if backward:
                part, into = part[:, ::-1], into[:, ::-1]
            np.cumsum(part, axis=1, out=into)
        return out

    def product(self, values: np.ndarray) -> np.ndarray:
        """Cumulative product over the cells of each stratum.

        Parameters
        ----------
        values : ndarray of float, shape (cells,)

        Returns
        -------
        ndarray of float, shape (cells,)
        """
        out = np.empty_like(values)
        for low, high, width in self.blocks:
            part = values[low:high].reshape(-1, width)
            np.cumprod(part, axis=1, out=out[low:high].reshape(-1, width))
        return out

    def before(self, values: np.ndarray, first: float) -> np.ndarray:
        """Return each cell's value at the cell before it, ``first`` in a stratum's first cell."""
        out = np.empty_like(values)
        for low, high, width in self.blocks:
            part, into = values[low:high].reshape(-1, width), out[low:high].reshape(-1, width)
            into[:, 1:] = part[:, :-1]
            into[:, 0] = first
        return out

    def _shift(self, sums: np.ndarray) -> np.ndarray:
        out = np.zeros_like(sums)
        for low, high, width in self.blocks:
            shape = (-1, width, *sums.shape[1:])
            out[low:high].reshape(shape)[:, 1:] = sums[low:high].reshape(shape)[:, :-1]
        return out

    def _later(self, increments: np.ndarray) -> np.ndarray:
        """Sum what the tail meets after each cell."""
        level = self.tail.level if increments.ndim == 1 else self.tail.level[:, None]
        scaled = increments * level
        return self.cumulate(scaled, backward=True) - scaled

    @cached_property
    def _crossings(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Cells where each row's value is added and taken away again, row after row.

        Returns the pointers to each row's entries, their cells, and where in
        them the leaving entries are.
        """
        joins = np.zeros(len(self.leave), bool)
        joins[self.entering] = True
        pointers = np.zeros(len(joins) + 1, np.int32)
        np.cumsum(joins + np.int32(1), out=pointers[1:])
        cells = np.empty(pointers[-1], np.int32)
        leaving = pointers[:-1]
        cells[leaving] = self.leave
        cells[leaving[self.entering] + 1] = self.enter[self.entering]
        return pointers, cells, leaving

    def _scatter(self, values: np.ndarray, x: np.ndarray) -> np.ndarray:
        if not len(self.entering):
            return scatter(self.leave, values, x, self.size)
        pointers, cells, leaving = self._crossings
        signed = np.empty(len(cells))
        signed[leaving] = values
        signed[leaving[self.entering] + 1] = -values[self.entering]
        return sparse.csc_array((signed, cells, pointers), shape=(self.size, len(x))) @ x


def scatter(cells: np.ndarray, values: np.ndarray, x: np.ndarray, size: int) -> np.ndarray:
    """Add ``values[i] * x[i]`` to row ``cells[i]`` of a table.

    Parameters
    ----------
    cells : ndarray of int, shape (n,)
    values : ndarray of float, shape (n,)
    x : ndarray of float, shape (n, p)
    size : int
        Rows of the table.

    Returns
    -------
    ndarray of float, shape (size, p)
    """
    pointers = np.arange(len(x) + 1, dtype=np.int32)
    return sparse.csc_array((values, cells, pointers), shape=(size, len(x))) @ x


def pick(
    values: np.ndarray, codes: np.ndarray, cells: np.ndarray, table: np.ndarray, count: int
) -> np.ndarray:
    """Add ``values[i] * table[cells[i]]`` to row ``codes[i]`` of a new table.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
    codes, cells : ndarray of int, shape (n,)
    table : ndarray of float, shape (cells, p)
    count : int
        Rows of the new table.

    Returns
    -------
    ndarray of float, shape (count, p)
    """
    return sparse.coo_array((values, (codes, cells)), shape=(count, len(table))) @ table


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
