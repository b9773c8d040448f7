"""Periods of discrete time: which a row is at risk in, and the bands they are joined to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.estimates.errors import EstimateError
from evaluation.estimates.rows import Rows

SLACK = 1e-9


@dataclass(frozen=True)
class Periods:
    """Which periods each row is at risk in, and in which it has the event.

    ``first`` to ``last`` are periods at risk (none where last < first);
    ``event`` is the period of the event, 0 for none.
    """

    first: np.ndarray
    last: np.ndarray
    event: np.ndarray


def periods_at_risk(rows: Rows, failed: np.ndarray, width: float) -> Periods:
    """Return the periods of each row.

    Where a subject has several rows in a period, the first of them stands for it
    and carries an event of the others.

    Parameters
    ----------
    rows : Rows
    failed : ndarray of bool, shape (n,)
        Rows that end in the event.
    width : float
        Length of a period.

    Returns
    -------
    Periods
    """
    last = np.ceil(rows.stop / width - SLACK).astype(np.int64)
    first = np.ones(len(rows), np.int64)
    event = np.where(failed, last, 0)
    if rows.start is None:
        return Periods(first, last, event)
    first = np.floor(rows.start / width + SLACK).astype(np.int64) + 1
    if rows.id is None or len(rows.id) == len(rows):
        return Periods(first, last, event)
    order = np.lexsort((rows.start, rows.id.codes))
    code, begin, end = rows.id.codes[order], first[order], last[order]
    shared = np.r_[False, (code[1:] == code[:-1]) & (begin[1:] <= end[:-1])]
    begin = begin + shared
    span = int(end.max()) + 2
    key = code * span + end
    happened = np.flatnonzero(event[order])
    holder = np.searchsorted(key, code[happened] * span + event[order][happened], side="left")
    moved = np.zeros(len(order), np.int64)
    moved[holder] = event[order][happened]
    out = [np.empty(len(order), np.int64) for _ in range(3)]
    for values, into in zip((begin, end, moved), out, strict=True):
        into[order] = values
    return Periods(*out)


def by_band(periods: Periods, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count, for each row and band, periods at risk and events."""
    low = np.maximum(periods.first[:, None], edges[:-1] + 1)
    high = np.minimum(periods.last[:, None], edges[1:])
    at_risk = np.maximum(high - low + 1, 0)
    day = periods.event[:, None]
    return at_risk, ((day > edges[:-1]) & (day <= edges[1:])).astype(float)


def band_names(edges: Sequence[float]) -> list[str]:
    """Return names of bands such as ``(3, 6]``."""
    return [f"({a:g}, {b:g}]" for a, b in zip(edges[:-1], edges[1:], strict=True)]


def checked_breaks(breaks: Sequence[int]) -> list[float]:
    """Return the ends of bands as numbers, or say that they do not increase."""
    edges = np.asarray(breaks, float)
    if edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges) > 0).all():
        raise EstimateError(f"breaks={breaks!r} must be two or more increasing period numbers.")
    return [float(e) for e in edges]


def require_cover(edges: Sequence[float], low: int, high: int) -> None:
    """Stop if the bands do not hold every period from ``low`` to ``high``."""
    if edges[0] >= low or edges[-1] < high:
        raise EstimateError(
            f"breaks={[f'{e:g}' for e in edges]} cover periods {edges[0] + 1:g} to "
            f"{edges[-1]:g}, but the rows reach from period {low} to {high}; widen them or end "
            f"follow-up earlier."
        )
