"""Worked children that the definitions of a study must get right."""

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd

from evaluation.cohorts.outcomes import report_data_end
from evaluation.errors import StudyError
from evaluation.sources import connect
from evaluation.sources.contract import contract
from evaluation.study import OUTCOMES, Adjustment, AssuranceChild, ReportSettings, Study

if TYPE_CHECKING:
    from evaluation.cohorts.cohort import Cohort

CHILD = "assurance"
NO_EVENT = "none"
EXPECTED = (
    "index_date",
    "exit_type",
    "reentry_day",
    "disruption_day",
    "maltreatment_day",
    "visit_ended_day",
    "censored_day",
)
_OUTCOME_OF = {f"{name}_day": name for name in OUTCOMES}


def assure(cohort: "Cohort", build: Callable[[Any, Study], "Cohort"]) -> None:
    """Run the study's definitions on each of its worked children.

    A worked child is a list of rows; identifiers are filled in, and without a
    row of ``children`` the child was born a year before its first date. What
    the study measures in the agency's data (the adoption link, the date to
    which reports are complete) is as measured there. ``"none"`` expects that
    nothing happens.

    Parameters
    ----------
    cohort : Cohort
        The study's cohort.
    build : callable
        Builds a cohort from an agency and a study.

    Raises
    ------
    StudyError
        One sentence for each value that comes out otherwise, with the child's
        timeline.
    """
    settings = _settings(cohort)
    sentences = []
    for number, example in enumerate(cohort.study.assurance, 1):
        sentences += _faults(f"assurance child {number}", example, settings, build)
    if sentences:
        raise StudyError(*sentences)


def _settings(cohort: "Cohort") -> Study:
    study, records = cohort.study, cohort.stages.records
    through = {name: study.cohort.data_through_for(name) for name in contract().names}
    if records.has("maltreatment_reports"):
        through["maltreatment_reports"] = report_data_end(records)[0]
    link = "kept" if cohort.link.kept else "broken"
    rules = study.cohort.model_copy(update={"data_through": through, "adoption_link": link})
    return study.model_copy(
        update={
            "cohort": rules,
            "services": (),
            "primary": None,
            "adjustment": Adjustment(),
            "report": ReportSettings(),
            "assurance": (),
        }
    )


def _faults(name: str, example: AssuranceChild, settings: Study, build: Callable) -> list[str]:
    unknown = [key for key in example.expect if key not in EXPECTED]
    if unknown:
        return [f'{name}: expect has no key "{unknown[0]}"; it has {", ".join(EXPECTED)}.']
    unasked = [
        key
        for key in example.expect
        if key in _OUTCOME_OF and _OUTCOME_OF[key] not in settings.outcomes.named
    ]
    if unasked:
        return [f"{name}: {unasked[0]} needs a section [outcomes.{_OUTCOME_OF[unasked[0]]}]."]
    with connect(_frames(name, example)) as agency:
        quarantine = agency.check().quarantine
        if len(quarantine):
            return [f"{name}: {message}" for message in quarantine["message"]]
        cohort = build(agency, settings)
        found = {key: _found(key, cohort) for key in example.expect}
        wrong = {key for key, value in example.expect.items() if str(found[key]) != str(value)}
        if not wrong:
            return []
        said = "; ".join(
            f"{key} is {found[key]}, expected {example.expect[key]}" for key in sorted(wrong)
        )
        return [f"{name}: {said}.\n{cohort.timeline(CHILD)}"]


def _frames(name: str, example: AssuranceChild) -> dict[str, pd.DataFrame]:
    tables: dict[str, list[dict[str, Any]]] = {}
    for place, given in enumerate(example.child, 1):
        row = dict(given)
        table = row.pop("table", None)
        if table not in contract().names:
            raise StudyError(
                f'{name}: row {place} names the table "{table}"; it must be one of '
                f"{', '.join(contract().names)}."
            )
        schema = contract().table(table)
        unknown = [key for key in row if key not in schema.columns]
        if unknown:
            raise StudyError(
                f'{name}: the table {table} has no column "{unknown[0]}"; it has '
                f"{', '.join(schema.columns)}."
            )
        own = {key: f"{table}-{place}" for key in (*schema.primary_key, "report_id")}
        reaches = {"family_id", "household_id"} & row.keys() if table != "children" else set()
        own["child_id"] = None if reaches and table != "removals" else CHILD
        filled = {key: value for key, value in own.items() if key in schema.columns}
        tables.setdefault(table, []).append(filled | row)
    tables.setdefault("children", [{"child_id": CHILD, "birth_date": _born(tables)}])
    return {table: pd.DataFrame(rows).astype(object) for table, rows in tables.items()}


def _born(tables: dict[str, list[dict[str, Any]]]) -> datetime.date:
    dates = [
        value
        for rows in tables.values()
        for row in rows
        for value in row.values()
        if isinstance(value, datetime.date)
    ]
    return min(dates, default=datetime.date(2000, 1, 1)) - datetime.timedelta(days=365)


def _found(key: str, cohort: "Cohort") -> Any:
    exits = cohort.exits
    if not len(exits):
        return NO_EVENT
    if key == "index_date":
        return exits["index_date"].iloc[0].date()
    if key == "exit_type":
        return exits["exit_type"].iloc[0]
    rows = cohort.follow_up(_OUTCOME_OF.get(key, cohort.study.outcomes.named[0]))
    last = rows[rows["exit_id"] == exits["exit_id"].iloc[0]].tail(1)
    wanted = 0 if key == "censored_day" else 1
    if last.empty or last["event"].iloc[0] != wanted:
        return NO_EVENT
    return int(last["stop"].iloc[0])
