"""Event times from hazards that are constant between breakpoints."""

from collections.abc import Sequence

import numpy as np

from evaluation.sources.simulation.scenario import MONTH, PIECES

_ENDLESS = 1e12
_BLOCK = 10_000


class Timeline:
    """Follow-up cut where baseline hazards change and where states start and end.

    Parameters
    ----------
    count : int
        Number of rows (children or households).
    spells : sequence of tuple of numpy.ndarray
        For each state the day it is entered and left, per row: it holds on days
        start + 1 to end, and is over from end + 1. Infinite where it never happens.
    begin : int
        Day before which nothing may happen to processes that start late.
    """

    def __init__(
        self,
        count: int,
        spells: Sequence[tuple[np.ndarray, np.ndarray]] = (),
        begin: int = 0,
    ):
        fixed = sorted({*PIECES, begin})
        edges = np.empty((count, len(fixed) + 2 * len(spells)))
        edges[:, : len(fixed)] = fixed
        for place, (start, end) in enumerate(spells):
            edges[:, len(fixed) + 2 * place] = start
            edges[:, len(fixed) + 2 * place + 1] = end
        np.maximum(edges, 0.0, out=edges)
        if spells:
            edges.sort(axis=1)
        self.begin = begin
        self._left = edges
        self._piece = (np.searchsorted(PIECES, edges, side="right") - 1).astype(np.int8)
        self._states = [
            (edges >= start[:, None]).astype(np.int8) + (edges >= end[:, None])
            for start, end in spells
        ]
        left, right = edges[:, :-1], edges[:, 1:]
        endless = np.where(np.isinf(left), 0.0, _ENDLESS)
        self._width = np.subtract(right, left, out=endless, where=np.isfinite(right))

    def event_days(
        self,
        exposure: np.ndarray,
        monthly: Sequence[float],
        scale: np.ndarray | None = None,
        ratios: Sequence[tuple[float, float]] = (),
        late: bool = False,
    ) -> np.ndarray:
        """Invert cumulative hazards: the day on which each reaches the exposure drawn.

        The hazard of a row is piecewise constant; the time at which its integral
        equals a unit exponential draw has that hazard (Bender, Augustin and Blettner,
        2005). The same draws on another timeline give the same child's other
        potential outcome.

        Parameters
        ----------
        exposure : numpy.ndarray
            Unit exponential draws, one per row; or ascending cumulative sums in
            columns for the first, second, ... event of a Poisson process.
        monthly : sequence of float
            Baseline hazard per month in each of ``PIECES``.
        scale : numpy.ndarray or None
            Hazard ratio of each row, 1 by default.
        ratios : sequence of tuple of float
            For each state the hazard ratio while it holds and once it is over; none
            leaves the hazard to baseline and scale.
        late : bool
            Whether the hazard is zero before ``begin``.

        Returns
        -------
        numpy.ndarray
            Whole days, of the shape of ``exposure``; infinite where the cumulative
            hazard never reaches the draw.
        """
        targets = exposure if exposure.ndim == 2 else exposure[:, None]
        days = np.empty(targets.shape)
        rates = np.asarray(monthly, dtype=float) / MONTH
        factors = [
            (state, np.array([1.0, during, after]))
            for state, (during, after) in zip(self._states, ratios, strict=False)
            if (during, after) != (1.0, 1.0)
        ]
        for first in range(0, len(targets) if targets.size else 0, _BLOCK):
            rows = slice(first, first + _BLOCK)
            left = self._left[rows]
            hazard = rates[self._piece[rows]]
            for state, factor in factors:
                hazard *= factor[state[rows]]
            if late:
                hazard[left < self.begin] = 0.0
            if scale is not None:
                hazard *= scale[rows, None]
            reached = np.zeros_like(hazard)
            np.cumsum(hazard[:, :-1] * self._width[rows], axis=1, out=reached[:, 1:])
            for column in range(targets.shape[1]):
                days[rows, column] = _when(targets[rows, column], reached, hazard, left)
        return days if exposure.ndim == 2 else days[:, 0]


def _when(target, reached, hazard, left):
    everyone = np.arange(len(target))
    piece = (reached < target[:, None]).sum(axis=1) - 1
    rest = target - reached[everyone, piece]
    with np.errstate(divide="ignore"):
        wait = rest / hazard[everyone, piece]
    return np.ceil(left[everyone, piece] + wait)


def constant_hazard_days(exposure: np.ndarray, monthly: float | np.ndarray) -> np.ndarray:
    """Return the whole days at which events of a constant monthly hazard come."""
    with np.errstate(divide="ignore"):
        return np.ceil(exposure * MONTH / np.asarray(monthly, dtype=float))
