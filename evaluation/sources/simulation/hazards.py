"""Event times from hazards that are constant between breakpoints."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.sources.simulation.scenario import MONTH, PIECES

_BLOCK = 100_000


@dataclass(frozen=True)
class Modifier:
    """A state of time that multiplies a hazard.

    Parameters
    ----------
    start, end : numpy.ndarray
        Per row, the day the state is entered and left: the factor ``during`` holds on
        days start + 1 to end, ``after`` from end + 1. Infinite where it never happens.
    during, after : float
        Hazard ratios.
    """

    start: np.ndarray
    end: np.ndarray
    during: float
    after: float


def event_days(
    exposure: np.ndarray,
    monthly: Sequence[float],
    scale: np.ndarray,
    modifiers: Sequence[Modifier] = (),
    begin: float = 0.0,
) -> np.ndarray:
    """Invert cumulative hazards: the day on which each reaches the exposure drawn.

    The hazard of a row is piecewise constant, with breakpoints at the baseline's
    pieces and where a modifier starts and ends; the time at which its integral equals
    a unit exponential draw has that hazard (Bender, Augustin and Blettner, 2005). The
    same draws under other modifiers give the same child's other potential outcome.

    Parameters
    ----------
    exposure : numpy.ndarray
        Unit exponential draws, one per row; or ascending cumulative sums in columns
        for the first, second, ... event of a Poisson process.
    monthly : sequence of float
        Baseline hazard per month in each of ``PIECES``.
    scale : numpy.ndarray
        Hazard ratio of each row.
    modifiers : sequence of Modifier
        States of time that multiply the hazard.
    begin : float
        Day before which the hazard is zero.

    Returns
    -------
    numpy.ndarray
        Whole days after the exit, of the shape of ``exposure``; infinite where the
        cumulative hazard never reaches the draw.
    """
    targets = exposure if exposure.ndim == 2 else exposure[:, None]
    days = np.empty(targets.shape)
    for first in range(0, len(targets), _BLOCK):
        rows = slice(first, first + _BLOCK)
        days[rows] = _invert(targets[rows], monthly, scale[rows], _rows_of(modifiers, rows), begin)
    return days if exposure.ndim == 2 else days[:, 0]


def _rows_of(modifiers: Sequence[Modifier], rows: slice) -> list[Modifier]:
    return [Modifier(m.start[rows], m.end[rows], m.during, m.after) for m in modifiers]


def _invert(targets, monthly, scale, modifiers, begin):
    count = len(targets)
    pieces = [np.full(count, float(day)) for day in PIECES]
    edges = [edge for m in modifiers for edge in (m.start, m.end)]
    left = np.sort(np.maximum(np.column_stack([*pieces, *edges]), begin), axis=1)
    hazard = np.asarray(monthly)[np.searchsorted(PIECES, left, side="right") - 1] / MONTH
    hazard *= scale[:, None]
    for m in modifiers:
        entered, over = left >= m.start[:, None], left >= m.end[:, None]
        hazard *= np.where(over, m.after, np.where(entered, m.during, 1.0))
    hazard[np.isinf(left)] = 0.0
    width = np.zeros_like(left)
    np.subtract(left[:, 1:], left[:, :-1], out=width[:, :-1], where=np.isfinite(left[:, :-1]))
    gained = np.zeros_like(left)
    np.multiply(hazard[:, :-1], width[:, :-1], out=gained[:, 1:], where=hazard[:, :-1] > 0)
    reached = np.cumsum(gained, axis=1)
    everyone = np.arange(count)
    days = np.empty(targets.shape)
    for column in range(targets.shape[1]):
        target = targets[:, column]
        piece = (reached < target[:, None]).sum(axis=1) - 1
        rest = target - reached[everyone, piece]
        rate = hazard[everyone, piece]
        with np.errstate(divide="ignore"):
            days[:, column] = np.ceil(left[everyone, piece] + rest / rate)
    return days
