"""The clock: when a child's follow-up for an outcome ends, and with what."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.errors import StudyError
from evaluation.sources.simulation.outcomes import MERGE_GAP, Outcomes
from evaluation.sources.simulation.spells import Spells

OUTCOME_NAMES = ("reentry", "disruption", "maltreatment", "maltreatment_screened_in")


@dataclass(frozen=True)
class End:
    """End of follow-up per child: its day, 1 outcome or 2 competing or 0, and the reason."""

    stop: np.ndarray
    event: np.ndarray
    reason: np.ndarray


def first_day_at_risk(outcome: str) -> int:
    """Return where rows begin: re-entry and disruption cannot happen on the merge gap's days."""
    return 0 if outcome.startswith("maltreatment") else MERGE_GAP


def outcome_days(happened: Outcomes, outcome: str) -> np.ndarray:
    """Return the day of each child's first event of an outcome, infinite without one.

    Raises
    ------
    StudyError
        If the outcome is not one of ``OUTCOME_NAMES``.
    """
    if outcome == "reentry":
        return happened.reentry
    if outcome == "disruption":
        return np.minimum(happened.reentry, happened.disruption)
    linked = happened.removal_report
    found = np.where(happened.removal_report_substantiated, linked, np.inf)
    substantiated = np.minimum(happened.substantiated[:, 0], found)
    if outcome == "maltreatment":
        return substantiated
    if outcome == "maltreatment_screened_in":
        reports = [
            happened.unsubstantiated[:, 0],
            happened.unfounded[:, 0],
            happened.crisis,
            linked,
        ]
        return np.minimum.reduce([substantiated, *reports])
    raise StudyError(
        f'"{outcome}" is no outcome of the simulated agency: use one of {", ".join(OUTCOME_NAMES)}.'
    )


def end_of_follow_up(
    happened: Outcomes, outcome: str, horizon: float, data_end: np.ndarray | None = None
) -> End:
    """Return when and how each child's follow-up ends.

    On one day the outcome comes first, then a competing event, then censoring.

    Parameters
    ----------
    happened : Outcomes
        Event days.
    outcome : str
        One of ``OUTCOME_NAMES``.
    horizon : float
        Last day of follow-up.
    data_end : numpy.ndarray or None
        Day on which each child's records end; None looks at everything that happens,
        also after moves and after the records.

    Returns
    -------
    End
    """
    competing = {"death": happened.death, "age_limit": happened.age_limit}
    if outcome == "disruption":
        competing["adopted_by_guardian"] = happened.adopted_by_guardian
    if outcome.startswith("maltreatment"):
        competing["reentry"] = happened.reentry
    censoring = {"horizon": np.full(len(happened.death), float(horizon))}
    if data_end is not None:
        censoring |= {"moved_out": happened.move, "data_end": data_end}
    names = ["outcome", *competing, *censoring]
    days = np.column_stack(
        [outcome_days(happened, outcome), *competing.values(), *censoring.values()]
    )
    first = np.argmin(days, axis=1)
    code = np.array([1] + [2] * len(competing) + [0] * len(censoring))
    stop = days[np.arange(len(days)), first]
    return End(stop, code[first], np.array(names, dtype=object)[first])


def start_stop_rows(end: End, spells: Spells, names: tuple[str, ...], begin: int) -> pd.DataFrame:
    """Split follow-up where a service starts or ends.

    Parameters
    ----------
    end : End
        End of each child's follow-up.
    spells : Spells
        Services, days relative to the exit.
    names : tuple of str
        The programs, in the order of the spells' columns.
    begin : int
        Day after which children are at risk.

    Returns
    -------
    pandas.DataFrame
        Rows ``(start, stop]`` with ``child`` (position), ``event`` and ``end_reason`` (last
        row only) and ``exposure_PROGRAM``: before, in service or after. Children whose
        follow-up ends by ``begin`` have no row.
    """
    inside = [np.full(len(end.stop), float(begin))]
    for edge in (*spells.start.T, *spells.end.T):
        inside.append(np.where((edge > begin) & (edge < end.stop), edge, np.inf))
    starts = np.sort(np.column_stack(inside), axis=1)
    new = np.isfinite(starts) & (starts < end.stop[:, None])
    new[:, 1:] &= starts[:, 1:] > starts[:, :-1]
    child, place = np.nonzero(new)
    start = starts[child, place]
    last = np.r_[child[1:] != child[:-1], True] if len(child) else np.zeros(0, dtype=bool)
    stop = np.where(last, end.stop[child], np.r_[start[1:], 0.0][: len(start)])
    rows = pd.DataFrame(
        {
            "child": child,
            "start": start.astype("int64"),
            "stop": stop.astype("int64"),
            "event": np.where(last, end.event[child], 0),
            "end_reason": np.where(last, end.reason[child], None),
        }
    )
    for column, name in enumerate(names):
        entered = start >= np.maximum(spells.start[child, column], 0)
        over = start >= spells.end[child, column]
        state = np.where(over, "after", np.where(entered, "in service", "before"))
        rows[f"exposure_{name}"] = state.astype(object)
    return rows
