"""The permanency questions of the federal review, as measures with their denominators."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd
from ibis.expr.types import Table

from evaluation.cohorts import Cohort
from evaluation.cohorts.records import Records
from evaluation.errors import DataError
from evaluation.estimates.proportions import clustered_share
from evaluation.practice.drawing import draw_dots
from evaluation.practice.federal import day_rate
from evaluation.practice.question_measures import QUESTIONS, Question
from evaluation.practice.rates import sums
from evaluation.practice.result import PracticeResult
from evaluation.practice.stays import Stays

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COMPUTED, CANNOT = "computed", "cannot be computed"
NOTES = (
    "Measures are proxies of the review's questions: whether a goal, an effort or a decision was "
    "appropriate needs case review. They are shown side by side and never added to a score.",
    "Where a table begins late, exits over before its first row are left out of what it is to show "
    "and counted (before_records): nothing on record is not nothing done.",
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
        ``before_records`` (exits left out because the table begins later),
        ``per`` (100: percent), ``value``, ``ci_low``, ``ci_high``; missing
        numbers where it cannot be computed.
    """

    table: pd.DataFrame
    notes: tuple[str, ...]
    _trials: Table = field(repr=False)
    _kept: Records = field(repr=False)

    @property
    def trials(self) -> Table:
        """What each exit adds to each measure, in the engine: row-level, for internal use only.

        ``measure``, ``exit_id``, ``cluster``, ``n``, ``events``.
        """
        return self._trials

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the shares with their intervals.

        Returns
        -------
        matplotlib.axes.Axes
        """
        rows = self.table[(self.table["per"] == 100) & self.table["value"].notna()]
        return draw_dots(list(rows["measure"]), rows, "per 100", ax)

    def to_dict(self) -> dict[str, Any]:
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
    asked = [each for each in QUESTIONS if lacking[each.name] is None]
    trials, left_out = _trials(asked, stays)
    answers = _answers(asked, trials)
    for question in QUESTIONS:
        row = {
            "name": question.name,
            "question": question.question,
            "measure": question.measure,
            "of": question.denominator,
            "per": question.per,
        }
        needs = lacking[question.name]
        row["before_records"] = left_out.get(question.name, pd.NA)
        rows.append(row | (_cannot(needs) if needs else answers[question.name]))
    table = pd.DataFrame(rows)
    for name in ("denominator", "numerator", "families", "before_records"):
        table[name] = table[name].astype("Int64")
    columns = ["name", "question", "measure", "of", "status", "needs", "denominator", "numerator"]
    columns += ["families", "before_records", "per", "value", "ci_low", "ci_high"]
    return PermanencyQuestions(table[columns], NOTES, trials, stays.records)


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


def _trials(questions: list[Question], stays: Stays) -> tuple[Table, dict[str, int]]:
    """Return the trials of every question, and how many exits lie before each one's records.

    All in one table, for compiling an expression costs more than running it.
    """
    everyone, parts, left_out = stays.exits.count().to_pyarrow().as_py(), [], {}
    for question in questions:
        seen = stays if question.since is None else stays.since(*question.since)
        kept = everyone if seen is stays else seen.exits.count().to_pyarrow().as_py()
        left_out[question.name] = everyone - kept
        trials = question.of(seen).select("exit_id", "cluster", "n", "events")
        parts.append(trials.mutate(measure=ibis.literal(question.name)))
    return stays.records.stage(ibis.union(*parts) if parts[1:] else parts[0]), left_out


def _answers(questions: list[Question], trials: Table) -> dict[str, dict]:
    """Count every question in one go."""
    added = sums(trials, ("measure",)).set_index("measure")
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
