"""The permanency questions of the federal review, as measures with their denominators."""

from dataclasses import dataclass
from typing import Any

import ibis
import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.cohorts.records import Records
from evaluation.errors import DataError
from evaluation.estimates.proportions import clustered_share
from evaluation.practice.drawing import draw_dots
from evaluation.practice.federal import day_rate
from evaluation.practice.question_measures import QUESTIONS, Question, Stays
from evaluation.practice.rates import sums
from evaluation.practice.result import PracticeResult

COMPUTED, CANNOT = "computed", "cannot be computed"
NOTES = (
    "Measures are proxies of the review's questions: whether a goal, an effort or a decision was "
    "appropriate needs case review. They are shown side by side and never added to a score.",
    "Intervals count families. Days within which a goal counts as in time, and miles that count "
    "as near, are this package's, not a federal rule.",
    "Settings are the placements on record that began in the stay: a trial home visit, a hospital "
    "stay or time away without leave counts as a setting where it is recorded as one, and so as a "
    "move. The last setting is the one that began last.",
)


@dataclass(frozen=True, repr=False)
class PermanencyQuestions(PracticeResult):
    """Answers to the permanency questions.

    Attributes
    ----------
    table : pandas.DataFrame
        ``name``, ``question``, ``measure``, ``of`` (the denominator in words),
        ``status``, ``needs``, ``denominator``, ``numerator``, ``families``,
        ``per`` (100: percent), ``value``, ``ci_low``, ``ci_high``; missing
        numbers where it cannot be computed.
    """

    table: pd.DataFrame
    notes: tuple[str, ...]

    def plot(self, ax: Any = None) -> Any:
        """Draw the shares with their intervals.

        Returns
        -------
        matplotlib.axes.Axes
        """
        rows = self.table[(self.table["per"] == 100) & self.table["value"].notna()]
        return draw_dots(list(rows["measure"]), rows, "per 100", ax)

    def to_dict(self) -> dict:
        """Return the table as plain records, with the notes."""
        return {"notes": list(self.notes)} | self._records("table")


def permanency_questions(agency: Any, cohort: Cohort) -> PermanencyQuestions:
    """Answer the permanency questions of the federal review for a cohort's stays.

    Parameters
    ----------
    agency : Agency
        The agency the cohort was built from.
    cohort : Cohort

    Returns
    -------
    PermanencyQuestions

    Raises
    ------
    DataError
        If the cohort was built from another agency.
    """
    if cohort.stages.records.agency is not agency:
        raise DataError("The cohort was built from another agency: give the one it was built from.")
    stays, rows = Stays(cohort), []
    lacking = {question.name: _lacking(question, stays.records) for question in QUESTIONS}
    answers = _answers([each for each in QUESTIONS if lacking[each.name] is None], stays)
    for question in QUESTIONS:
        row = {
            "name": question.name,
            "question": question.question,
            "measure": question.measure,
            "of": question.denominator,
            "per": question.per,
        }
        needs = lacking[question.name]
        rows.append(row | (_cannot(needs) if needs else answers[question.name]))
    table = pd.DataFrame(rows)
    for name in ("denominator", "numerator", "families"):
        table[name] = table[name].astype("Int64")
    columns = ["name", "question", "measure", "of", "status", "needs", "denominator", "numerator"]
    columns += ["families", "per", "value", "ci_low", "ci_high"]
    return PermanencyQuestions(table[columns], NOTES)


def _lacking(question: Question, records: Records) -> str | None:
    for table, column in question.needs:
        if not records.has(table):
            return f"needs the table {table}"
        if not records.has(table, column):
            return f"needs the column {column} of {table}"
        if not records.has_rows(table):
            return f"needs rows in the table {table}, which is empty"
    return None


def _cannot(lacking: str) -> dict:
    missing = dict.fromkeys(("denominator", "numerator", "families"), pd.NA)
    limits = dict.fromkeys(("value", "ci_low", "ci_high"), float("nan"))
    return {"status": CANNOT, "needs": lacking} | missing | limits


def _answers(questions: list[Question], stays: Stays) -> dict[str, dict]:
    """Count every question in one go, for compiling an expression costs more than running it."""
    trials = [
        question.of(stays).select("cluster", "n", "events", name=ibis.literal(question.name))
        for question in questions
    ]
    stacked = ibis.union(*trials) if trials[1:] else trials[0]
    added = sums(stays.records.stage(stacked), ("name",)).set_index("name")
    nothing = dict.fromkeys(added.columns, 0)
    return {
        question.name: _answered(
            question,
            added.loc[[question.name]].reset_index(drop=True)
            if question.name in added.index
            else pd.DataFrame([nothing]),
        )
        for question in questions
    }


def _answered(question: Question, added: pd.DataFrame) -> dict:
    if question.per == 100:
        found = clustered_share(added).iloc[0]
        value, low, high = found["rate"], found["ci_low"], found["ci_high"]
    else:
        value, low, high = (each[0] for each in day_rate(added))
    return {
        "status": COMPUTED,
        "needs": "",
        "denominator": int(added.loc[0, "n"]),
        "numerator": int(added.loc[0, "events"]),
        "families": int(added.loc[0, "clusters"]),
        "value": question.per * float(value),
        "ci_low": question.per * float(low),
        "ci_high": question.per * float(high),
    }
