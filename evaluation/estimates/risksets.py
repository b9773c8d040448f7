"""Sums over risk sets on a small grid of (stratum, event time) cells.

A row ``(start, stop]`` is at risk at the event times in that interval, so in a
stratum whose event times are numbered 1, 2, … it covers the numbers
``enter + 1`` to ``leave``. Scattering a row's value onto ``leave`` and its
negative onto ``enter`` and summing from the right gives the sum over each risk
set; summing a quantity of the event times from the left and taking the
difference between ``leave`` and ``enter`` gives each row its share. Both cost
one pass over rows and one over cells, whatever the ties.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse


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
        jumps = self._scatter(values, x)
        sums = self.cumulate(jumps[: self.size], backward=True)
        if self.tail is not None:
            late = self._shift(self.cumulate(jumps[self.size :]))
            sums += self.tail.level[:, None] * late
        return sums

    def thinned(self, every: int) -> "RiskSets":
        """Keep one of each ``every`` rows, on the same cells.

        Parameters
        ----------
        every : int

        Returns
        -------
        RiskSets
        """
        entering = self.entering[self.entering % every == 0] // every
        tail = self.tail
        if tail is not None:
            kept = tail.rows % every == 0
            tail = replace(tail, rows=tail.rows[kept] // every, scale=tail.scale[kept])
        enter, leave = self.enter[::every], self.leave[::every]
        return replace(self, enter=enter, leave=leave, entering=entering, tail=tail)

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

    def part(self, rows: slice) -> "RiskSets":
        """Keep a run of rows, on the same cells."""
        tail = self.tail
        if tail is not None:
            low, high = np.searchsorted(tail.rows, (rows.start, rows.stop))
            kept = tail.rows[low:high] - rows.start
            tail = replace(tail, rows=kept, scale=tail.scale[low:high])
        low, high = np.searchsorted(self.entering, (rows.start, rows.stop))
        return replace(
            self,
            enter=self.enter[rows],
            leave=self.leave[rows],
            entering=self.entering[low:high] - rows.start,
            tail=tail,
        )

    def running(self, increments: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return what :meth:`shares` looks up: sums up to each cell, and those of the tail."""
        return self.cumulate(increments), None if self.tail is None else self._later(increments)

    def shares(
        self,
        values: np.ndarray,
        running: tuple[np.ndarray, np.ndarray | None],
        codes: np.ndarray,
        count: int,
    ) -> np.ndarray:
        """Sum ``values[i]`` times what :meth:`over` would give row i, by the rows' codes.

        Parameters
        ----------
        values : ndarray of float, shape (n,)
        running : tuple
            What :meth:`running` returns for increments of shape (cells, p).
        codes : ndarray of int, shape (n,)
            0 to ``count - 1``.
        count : int

        Returns
        -------
        ndarray of float, shape (count, p)
        """
        upto, later = running
        out = pick(values, codes, self.leave, upto, count)
        if len(self.entering):
            part = self.entering
            out -= pick(values[part], codes[part], self.enter[part], upto, count)
        if self.tail is not None:
            part = self.tail.rows
            scaled = values[part] * self.tail.scale
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
    def _crossings(self) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
        """Cells where each row's value is added and taken away again, row after row.

        Cells of the tail follow those of the grid. Returns the pointers to each
        row's entries, their cells, and where in them are the values leaving,
        entering and of the tail.
        """
        entries = np.ones(len(self.leave), np.int32)
        entries[self.entering] += 1
        part = np.empty(0, np.intp) if self.tail is None else self.tail.rows
        entries[part] += 1
        pointers = np.zeros(len(entries) + 1, np.int32)
        np.cumsum(entries, out=pointers[1:])
        leaving, joining, late = pointers[:-1], pointers[self.entering] + 1, pointers[part + 1] - 1
        cells = np.empty(pointers[-1], np.int32)
        cells[leaving] = self.leave
        cells[joining] = self.enter[self.entering]
        cells[late] = self.leave[part] + self.size
        return pointers, cells, (leaving, joining, late)

    def _scatter(self, values: np.ndarray, x: np.ndarray) -> np.ndarray:
        if not len(self.entering) and self.tail is None:
            return scatter(self.leave, values, x, self.size)
        pointers, cells, (leaving, joining, late) = self._crossings
        signed = np.empty(len(cells))
        signed[leaving] = values
        signed[joining] = -values[self.entering]
        size = self.size
        if self.tail is not None:
            signed[late] = values[self.tail.rows] * self.tail.scale
            size *= 2
        return sparse.csc_array((signed, cells, pointers), shape=(size, len(x))) @ x


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
