"""Spans of days on which what is known of a child does not change."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

FOREVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Spans:
    """Which days of which child a row of a weight model stands for.

    Parameters
    ----------
    child : numpy.ndarray of int, shape (spans,)
        Place of the child, ascending; every child has at least one span.
    enter, leave : numpy.ndarray of int, shape (spans,)
        The span is the days ``(enter, leave]``. The first of a child enters on day 0, the
        last leaves never, and each enters where the one before leaves.
    x : numpy.ndarray, shape (spans, columns)
        What the records show by the evening of ``enter``, centred; without columns every
        child has one span.
    """

    child: np.ndarray
    enter: np.ndarray
    leave: np.ndarray
    x: np.ndarray

    @classmethod
    def whole(cls, children: int) -> "Spans":
        """Return one span for each child: nothing changes after the exit."""
        zero = np.zeros(children, dtype=np.int64)
        return cls(np.arange(children), zero, np.full(children, FOREVER), np.zeros((children, 0)))

    @property
    def change(self) -> bool:
        """Whether anything known of the children changes."""
        return bool(self.x.shape[1])

    def of(self, values: np.ndarray) -> np.ndarray:
        """Repeat what is known of each child for its spans."""
        return values[self.child] if self.change else values

    def beside(self, x: np.ndarray) -> np.ndarray:
        """Return the design of each span: what is known at the exit, then what changes."""
        return np.hstack([x[self.child], self.x]) if self.change else x

    def take(self, rows: np.ndarray) -> "Spans":
        """Return the spans of some children, drawn once or more."""
        if not self.change:
            return Spans.whole(len(rows))
        size = np.bincount(self.child)
        first = np.cumsum(size) - size
        many = size[rows]
        within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        own = np.repeat(first[rows], many) + within
        child = np.repeat(np.arange(len(rows)), many)
        return Spans(child, self.enter[own], self.leave[own], self.x[own])

    def keeping(self, columns: np.ndarray) -> "Spans":
        """Keep some columns, and join neighbours that they do not tell apart."""
        x = self.x[:, columns]
        if not x.shape[1]:
            return Spans.whole(int(self.child[-1]) + 1 if len(self.child) else 0)
        opens = np.ones(len(x), dtype=bool)
        opens[1:] = (self.child[1:] != self.child[:-1]) | (x[1:] != x[:-1]).any(axis=1)
        last = np.append(np.flatnonzero(opens)[1:] - 1, len(x) - 1)
        return Spans(self.child[opens], self.enter[opens], self.leave[last], x[opens])

    def at(self, values: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Return, of the spans' values, those of each child's span on its day, 1 or later."""
        if not self.change:
            return values
        own = day[self.child]
        return values[(self.enter < own) & (own <= self.leave)]

    def accumulated(
        self, rate: np.ndarray, level: np.ndarray, until: np.ndarray | int
    ) -> np.ndarray:
        """Return each child's cumulative hazard to the evening of a day.

        Parameters
        ----------
        rate : numpy.ndarray, shape (spans,)
            Relative hazard.
        level : numpy.ndarray
            Cumulative baseline hazard by day, 0 on.
        until : int or numpy.ndarray of int
            The day, of all or of each child.
        """
        if not self.change:
            return rate * level[np.minimum(until, len(level) - 1)]
        until = np.minimum(until, len(level) - 1)
        until = self.of(until) if np.ndim(until) else until
        grown = level[np.minimum(self.leave, until)] - level[np.minimum(self.enter, until)]
        return np.bincount(self.child, rate * grown)

    def before(self, rate: np.ndarray, level: np.ndarray) -> np.ndarray:
        """Return what each span adds to ``rate * level(day)`` for the child's cumulative hazard.

        The hazard of the child's earlier spans, less what the baseline had reached when
        the span began.
        """
        begun = level[np.minimum(self.enter, len(level) - 1)]
        gain = rate * (level[np.minimum(self.leave, len(level) - 1)] - begun)
        earlier = np.cumsum(gain) - gain
        return earlier - earlier[self._first] - rate * begun

    @cached_property
    def _first(self) -> np.ndarray:
        """Place of each child's first span, for each of its spans."""
        return np.searchsorted(self.child, self.child)
