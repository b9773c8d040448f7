"""Fine and Gray's model of the subdistribution hazard, without expanding rows."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd

from evaluation.estimates.errors import EstimateError
from evaluation.estimates.grid import risk_sets
from evaluation.estimates.hazard_fit import fitted, read_model, require_events
from evaluation.estimates.hazard_model import HazardModel
from evaluation.estimates.risksets import Tail
from evaluation.estimates.rows import Columns, Rows


@dataclass(frozen=True, repr=False)
class FineGrayResult(HazardModel):
    """A fitted Fine–Gray model; see :class:`HazardModel` for its fields.

    ``hazard_ratio`` is the ratio of subdistribution hazards: it describes
    cumulative incidence and is not the effect on the rate among those at risk.
    """

    ratio_label = "Subdistribution hazard ratio (95% interval)"
    treated_as_known: ClassVar[tuple[str, ...]] = (
        "Replicates keep the weights for censoring and late entry.",
    )


def fine_gray(
    data: pd.DataFrame,
    formula: str,
    *,
    stop: str = "time",
    event: str = "event",
    cause: int = 1,
    start: str | None = None,
    weights: str | None = None,
    strata: Columns = None,
    cluster: Columns = None,
    id: Columns = None,
    ties: str = "efron",
    offset: str | None = None,
) -> FineGrayResult:
    """Fit Fine and Gray's model for the incidence of one cause.

    After a competing event a subject stays in the risk set with the weight
    ``G(t-) H(t-) / (G(T-) H(T-))``: the chance of being still uncensored, and
    already under observation, at t rather than at its own time T. G and H are
    estimated once from all rows, without case weights, and treated as known.

    Parameters
    ----------
    data : DataFrame
        One row a subject; several rows of one ``id`` must differ in their
        times only, and are joined.
    formula : str
        Covariates in formulaic's grammar, fixed over time.
    stop, event, start : str
        Columns of times and events: 0 none, 1, 2, … causes.
    cause : int
        The cause of interest; the others compete.
    weights : str, optional
        Column of case weights, zero or more; taken as known.
    strata, cluster, id : str or sequence of str, optional
        As in :func:`cox`. Without either, each row is its own cluster.
    ties : {"efron", "breslow"}
    offset : str, optional
        Column added to the linear predictor.

    Returns
    -------
    FineGrayResult
        Always with ``robust_se``.

    Raises
    ------
    EstimateError
        If the data or the formula cannot give the estimate; says why.

    References
    ----------
    Fine and Gray (1999); Geskus (2011) for the weights.
    """
    options = {
        "stop": stop,
        "event": event,
        "start": start,
        "weights": weights,
        "strata": strata,
        "cluster": cluster,
        "id": id,
        "cause": cause,
        "ties": ties,
        "offset": offset,
    }
    rows, columns = read_model(data, formula, options)
    rows = joined(rows, columns)
    failed = rows.of_cause(cause, "fine_gray")
    require_events(rows, failed, f"cause {cause} of {event!r}")
    sets = risk_sets(rows.strata.codes, len(rows.strata), rows.start, rows.stop, failed)
    competing = np.flatnonzero((rows.event > 0) & ~failed)
    sets = replace(sets, tail=_tail(rows, sets.times, competing))
    rows.notes.append("The weights for censoring and late entry are treated as known.")
    return fitted(
        FineGrayResult, "fine_gray", rows, failed, sets, formula, columns, options, robust=True
    )


def joined(rows: Rows, columns: list[str]) -> Rows:
    """Join the rows of each subject into one.

    Parameters
    ----------
    rows : Rows
    columns : list of str
        Covariates, which must not change within a subject.

    Returns
    -------
    Rows
        One per subject, with the index of its last row.

    Raises
    ------
    EstimateError
        If a subject's covariates, weights or strata change, or its rows leave
        a gap or go on after an event.
    """
    if rows.id is None or len(rows.id) == len(rows):
        return rows
    order = np.lexsort((rows.start, rows.id.codes))
    code = rows.id.codes[order]
    same = code[1:] == code[:-1]
    before, after = order[:-1][same], order[1:][same]
    _require_steady(rows, columns, before, after)
    broken = (rows.stop[before] != rows.start[after]) | (rows.event[before] > 0)
    if broken.any():
        name = rows.id.labels[rows.id.codes[before[int(np.argmax(broken))]]]
        raise EstimateError(
            f"id {name!r} has a gap between its rows or goes on after its event; the model is "
            f"about one event in one unbroken period of observation."
        )
    first = order[np.flatnonzero(np.r_[True, ~same])]
    last = order[np.flatnonzero(np.r_[~same, True])]

    def pick(values):
        return None if values is None else values[last]

    def recode(coding):
        return None if coding is None else replace(coding, codes=coding.codes[last])

    return replace(
        rows,
        frame=rows.frame.iloc[last],
        start=rows.start[first],
        stop=rows.stop[last],
        event=rows.event[last],
        weights=pick(rows.weights),
        offset=pick(rows.offset),
        groups=recode(rows.groups),
        strata=recode(rows.strata),
        cluster=recode(rows.cluster),
        id=recode(rows.id),
        ends=np.ones(len(last), bool),
        notes=[*rows.notes, f"{len(rows):,} rows were joined into {len(last):,} subjects."],
    )


def _require_steady(rows: Rows, columns: list[str], before: np.ndarray, after: np.ndarray) -> None:
    values = {c: rows.frame[c].to_numpy() for c in columns}
    values |= {"the weight": rows.weights, "the offset": rows.offset, "strata": rows.strata.codes}
    for name, column in values.items():
        if column is None:
            continue
        moved = column[before] != column[after]
        if moved.any():
            who = rows.id.labels[rows.id.codes[before[int(np.argmax(moved))]]]
            raise EstimateError(
                f"{name} changes during follow-up (id {who!r}); after a competing event its value "
                f"is unknown, so fine_gray takes values fixed at the beginning: use cox with "
                f"cause= for what changes."
            )


def _tail(rows: Rows, times: np.ndarray, competing: np.ndarray) -> Tail:
    """Weigh those with a competing event by what censoring and entry would have left of them."""
    known = np.isfinite(times)
    asked = np.concatenate([times[known], rows.stop[competing]])
    chance = _uncensored(rows, asked)
    lost = chance[known.sum() :] <= 0
    if lost.any():
        day = rows.stop[competing][int(np.argmax(lost))]
        raise EstimateError(
            f"Before the competing event at time {day:g} everyone then at risk is censored at "
            f"once, so it cannot be weighed; begin follow-up later, where entries overlap."
        )
    if rows.start is not None and len(competing):
        chance = chance * _entered(rows, asked, rows.stop[competing].min(), times[known].max())
    level = np.zeros(len(times))
    level[known] = chance[: known.sum()]
    return Tail(competing, 1 / chance[known.sum() :], level)


def _uncensored(rows: Rows, times: np.ndarray) -> np.ndarray:
    """Kaplan–Meier curve of censoring just before each time; events come first on a day."""
    censored = rows.event == 0
    moments, gone = np.unique(rows.stop[censored], return_counts=True)
    stops, fails = np.sort(rows.stop), np.sort(rows.stop[~censored])
    present = len(rows) - np.searchsorted(stops, moments, side="left")
    present -= np.searchsorted(fails, moments, "right") - np.searchsorted(fails, moments, "left")
    if rows.start is not None:
        starts = np.sort(rows.start)
        present -= len(rows) - np.searchsorted(starts, moments, side="left")
    curve = np.concatenate([[1.0], np.cumprod(1 - gone / present)])
    return curve[np.searchsorted(moments, times, side="left")]


def _entered(rows: Rows, times: np.ndarray, first: float, last: float) -> np.ndarray:
    """Probability of having entered before each time, up to a factor.

    A product-limit curve that runs backward; only what it does between the
    first competing event and the last event time matters.
    """
    moments, come = np.unique(rows.start, return_counts=True)
    present = np.searchsorted(np.sort(rows.start), moments, side="right")
    present -= np.searchsorted(np.sort(rows.stop), moments, side="right")
    between = (moments >= first) & (moments < last)
    moments, left = moments[between], 1 - come[between] / present[between]
    if (left <= 0).any():
        raise EstimateError(
            f"Everyone at risk just after time {moments[int(np.argmin(left))]:g} has entered then, "
            f"so those with an earlier competing event cannot be weighed; begin follow-up later, "
            f"where entries overlap."
        )
    curve = np.concatenate([[1.0], np.cumprod(1 / left)])
    return curve[np.searchsorted(moments, times, side="left")]
