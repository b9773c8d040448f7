"""What the records show of children after the exit, for models of starting.

A day's history is what was on record by the evening before it: a report of that day, or
a service that begins on it, is no reason for a start on it.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.effects.thresholds import THRESHOLDS
from evaluation.effects.trial.spans import FOREVER, Spans
from evaluation.errors import StudyError
from evaluation.study import HISTORIES, CohortRules, Note, Service

RECENT_DAYS = 90
RECENT, REPORTS, SERVICES, SUPPORT = HISTORIES
_Column = tuple[str, np.ndarray, np.ndarray, np.ndarray]
"""Words, then the children, days and values of its changes, ordered by child and day."""


def trial_history(
    cohort: Cohort, service: Service, follow_up: pd.DataFrame, frame: pd.DataFrame, x: np.ndarray
) -> tuple[Spans, tuple[str, ...], list[Note]]:
    """Collect what the study lets the models of starting know of the days after the exit.

    Parameters
    ----------
    cohort : Cohort
    service : Service
        Whose start is the treatment.
    follow_up : pandas.DataFrame
        Rows ``(start, stop]`` of the outcome, ordered by exit and start.
    frame : pandas.DataFrame
        ``exit_id``, ``stop``, ``started`` of the children in the trial.
    x : numpy.ndarray
        Their design of what is known at the exit.

    Returns
    -------
    tuple
        The spans; what they hold, in words; and what is left out, and why.

    Raises
    ------
    StudyError
        If the study asks for history that these data do not hold.
    """
    asked = cohort.study.adjustment.history
    lacking = _lacking(cohort, service, follow_up)
    for name in asked or ():
        if name in lacking:
            raise StudyError(
                f'adjustment.history names "{name}", but {lacking[name]}: take it out, or add '
                "what is missing."
            )
    names = HISTORIES if asked is None else asked
    notes = []
    if asked is None and RECENT in lacking:
        notes.append(
            Note(
                f"{service.name}, target trial: the weight models hold no reports after the exit, "
                f"because {lacking[RECENT]}."
            )
        )
    uncovered = _uncovered(cohort.study.cohort)
    if uncovered and {RECENT, REPORTS} & set(names) - set(lacking):
        notes.append(Note(f"{service.name}, target trial: {uncovered}"))
    place = pd.Series(np.arange(len(frame)), index=frame["exit_id"])
    columns = list(_columns(cohort, service, follow_up, place, names, lacking))
    spans = _spans(frame["stop"].to_numpy(), columns)
    few = _few(spans, frame)
    told = _determined(spans, frame, x, ~few)
    for left, why in (
        (few, f"fewer than {THRESHOLDS.events_per_arm} children start with it or without it"),
        (told, "what else they hold determines it"),
    ):
        words = [column[0] for column, out in zip(columns, left, strict=True) if out]
        if words:
            said = f"left out of the weight models, because {why}: {'; '.join(words)}."
            notes.append(Note(f"{service.name}, target trial: {said}"))
    kept = ~few & ~told
    words = tuple(column[0] for column, own in zip(columns, kept, strict=True) if own)
    return spans.keeping(kept), words, notes


def among(spans: Spans, frame: pd.DataFrame, x: np.ndarray, keep: np.ndarray) -> Spans:
    """Return the spans of some children, with the columns that enough of them start by."""
    own = spans.take(np.flatnonzero(keep))
    few = _few(own, frame)
    return own.keeping(~few & ~_determined(own, frame, x, ~few))


def _lacking(cohort: Cohort, service: Service, follow_up: pd.DataFrame) -> dict[str, str]:
    """Say of each kind of history that these data or the study do not hold why so."""
    found = {}
    if cohort.report_days is None:
        found |= dict.fromkeys((RECENT, REPORTS), "the data have no table maltreatment_reports")
    if not _others(cohort, service, follow_up):
        found[SERVICES] = "the study names no other service"
    if "support_status" not in follow_up:
        found[SUPPORT] = "the follow-up holds no support window"
    return found


def _uncovered(rules: CohortRules) -> str | None:
    """Say on which days of follow-up reports are not on record, where the study says so."""
    through = rules.data_through_for("maltreatment_reports")
    since = rules.data_from_for("maltreatment_reports")
    said = []
    if since and since > rules.exits[0]:
        said.append(f"before {since}")
    if through < rules.data_through_for("removals"):
        said.append(f"after {through}")
    if not said:
        return None
    return f"the weight models see no report {' or '.join(said)}, where the table does not reach."


def _others(cohort: Cohort, service: Service, follow_up: pd.DataFrame) -> dict[str, str]:
    """Return the columns of the study's other services and their names."""
    named = {f"exposure_{s.program}": s.name for s in cohort.study.services if s != service}
    own = f"exposure_{service.program}"
    return {column: name for column, name in named.items() if column in follow_up and column != own}


def _columns(
    cohort: Cohort,
    service: Service,
    follow_up: pd.DataFrame,
    place: pd.Series,
    names: tuple[str, ...],
    lacking: dict[str, str],
) -> Iterator[_Column]:
    """Yield what may enter the models, change by change."""
    held = [name for name in HISTORIES if name in names and name not in lacking]
    rows = follow_up[follow_up["exit_id"].isin(place.index)]
    at = rows["exit_id"].map(place).to_numpy(np.int64)
    start = rows["start"].to_numpy(float).astype(np.int64)
    first = np.append(True, at[1:] != at[:-1]) if len(at) else np.zeros(0, dtype=bool)
    start = np.where(first, 0, start)
    if RECENT in held or REPORTS in held:
        reports = cohort.report_days
        reports = reports[reports["exit_id"].isin(place.index) & (reports["day"] > 0)]
        child = reports["exit_id"].map(place).to_numpy(np.int64)
        day = reports["day"].to_numpy(np.int64)
        order = np.lexsort((day, child))
        child, day = child[order], day[order]
        if RECENT in held:
            yield _recent(child, day)
        if REPORTS in held:
            yield "any report since the exit", child, day, np.ones(len(day))
    if SERVICES in held:
        for column, name in _others(cohort, service, follow_up).items():
            for state, words in (("in service", f"{name} going on"), ("after", f"{name} ended")):
                yield words, at, start, (rows[column] == state).to_numpy(float)
    if SUPPORT in held:
        for state, words in (("in", "in the support window"), ("after", "past it")):
            yield words, at, start, (rows["support_status"] == state).to_numpy(float)


def _recent(child: np.ndarray, day: np.ndarray) -> _Column:
    """Return whether there was a report in the last days: on after each, off when it ages."""
    later = np.append((child[1:] == child[:-1]) & (day[1:] <= day[:-1] + RECENT_DAYS), False)
    ends = ~later[: len(day)]
    child = np.append(child, child[ends])
    value = np.append(np.ones(len(day)), np.zeros(ends.sum()))
    day = np.append(day, day[ends] + RECENT_DAYS)
    order = np.lexsort((day, child))
    words = f"a report in the {RECENT_DAYS} days before, since the exit"
    return words, child[order], day[order], value[order]


def _spans(stop: np.ndarray, columns: list[_Column]) -> Spans:
    """Cut each child's days where any column changes, while it is followed."""
    if not columns:
        return Spans.whole(len(stop))
    size = int(stop.max()) + 1
    keys = [np.arange(len(stop)) * size]
    for _, child, day, _ in columns:
        inside = day < stop[child]
        keys.append(child[inside] * size + day[inside])
    points = np.unique(np.concatenate(keys))
    child, enter = points // size, points % size
    last = np.append(child[1:] != child[:-1], True)
    leave = np.where(last, FOREVER, np.append(enter[1:], 0))
    x = np.zeros((len(points), len(columns)))
    for number, (_, own, day, value) in enumerate(columns):
        inside = day < stop[own]
        own, changes, value = own[inside], own[inside] * size + day[inside], value[inside]
        latest = np.searchsorted(changes, points, side="right") - 1
        known = latest >= 0
        known[known] = own[latest[known]] == child[known]
        x[known, number] = value[latest[known]]
    return Spans(child, enter, leave, x).keeping(np.ones(len(columns), dtype=bool))


def _few(spans: Spans, frame: pd.DataFrame) -> np.ndarray:
    """Return which columns too few children start with, or without."""
    started = frame["started"].to_numpy()
    begins = np.where(np.isfinite(started) & (started > 0), started, -1).astype(np.int64)
    own = begins[spans.child]
    x = spans.x[(spans.enter < own) & (own <= spans.leave)]
    with_it = x.sum(axis=0)
    return np.minimum(with_it, len(x) - with_it) < THRESHOLDS.events_per_arm


def _determined(spans: Spans, frame: pd.DataFrame, x: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Return which usable columns the design and the columns before them determine."""
    last = np.minimum(frame["started"], frame["stop"]).to_numpy()[spans.child]
    rows = spans.enter < last
    basis = np.linalg.qr(np.column_stack([np.ones(rows.sum()), x[spans.child[rows]]]))[0]
    out = np.zeros(len(usable), dtype=bool)
    for number in np.flatnonzero(usable):
        column = spans.x[rows, number]
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)
        size = np.linalg.norm(rest)
        out[number] = size < 1e-6 * max(np.linalg.norm(column), 1.0)
        if not out[number]:
            basis = np.column_stack([basis, rest / size])
    return out
