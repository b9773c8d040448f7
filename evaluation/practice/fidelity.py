"""Was the service delivered as designed: a policy's measures on a cohort."""

import datetime
import html
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from ibis.expr.types import Table

from evaluation.cohorts import Cohort
from evaluation.cohorts.tidy import tidy
from evaluation.errors import DataError, StudyError
from evaluation.practice.case_ids import named
from evaluation.practice.cases import NOT_YET_DUE, STATUSES, Support
from evaluation.practice.counts import COUNTS, LIMITS, counts, of_exits, trials
from evaluation.practice.days import days_left
from evaluation.practice.drawing import draw_measures, draw_run
from evaluation.practice.policy import NOT_STATED, Measure, Policy, policy_of, read_policy
from evaluation.practice.result import PracticeResult
from evaluation.practice.windows import unit_id

if TYPE_CHECKING:
    from matplotlib.axes import Axes

JUDGED, DESCRIBED = "judged", "described"
UNSTATED, CANNOT = "not stated", "cannot be computed"
METHOD = (
    "Wilson intervals on the effective number of cases, that is cases divided by the design "
    "effect of families (cases of one family are not independent)."
)


@dataclass(frozen=True, repr=False)
class Fidelity(PracticeResult):
    """What became of every measure of a policy.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per measure: ``measure``, ``title``, ``status`` (``judged``;
        ``described``: the policy asks no share; ``not stated``: it gives no
        number to judge by; ``cannot be computed``), ``needs``, ``eligible``
        (= met + not met + not yet due + cannot be computed, which are windows
        that ended before the records begin), ``met``, ``not_met``,
        ``not_yet_due``, ``cannot_be_computed``, ``ended_before_due`` (support
        ended first; not eligible), ``families``, ``rate`` (met of met and not
        met), ``ci_low``, ``ci_high``, ``design_effect``, ``effective_n``,
        ``share_required``, ``reached`` (yes: the rate is the share or more; no: the
        interval lies below it; else cannot tell). What cannot be
        computed has missing counts, never zeros.
    by_unit, by_month : pandas.DataFrame
        The same counts and rates by ``unit`` and by ``month`` of the day the
        case counts from.
    text : tuple of (str, str)
        Rules that stand as text: id, words.
    through : datetime.date
        Last day covered.
    """

    table: pd.DataFrame
    by_unit: pd.DataFrame
    by_month: pd.DataFrame
    text: tuple[tuple[str, str], ...]
    policy: Policy
    through: datetime.date
    unit: str | None
    notes: tuple[str, ...]
    _support: Support = field(repr=False)

    def cases(self, measure: str) -> pd.DataFrame:
        """List the cases of a measure: row-level, for internal use only.

        Returns
        -------
        pandas.DataFrame
            ``case_id``, ``family_id``, ``exit_id``, ``anchor_date``,
            ``first_day``, ``due_date``, ``found``, ``status``.

        Raises
        ------
        StudyError
            If the policy has no such measure, or gives no number for it.
        DataError
            If a table it needs is missing.
        """
        asked = self.policy.measure(measure)
        self._require(asked)
        cases = self._support.cases(asked).rename(family_id="cluster")
        return tidy(cases.order_by("anchor_date", "case_id"))

    def due_soon(self, days: int = 30) -> pd.DataFrame:
        """List what is due soon, for a supervisor: row-level, for internal use only.

        Parameters
        ----------
        days : int
            How far to look ahead from the last day covered.

        Returns
        -------
        pandas.DataFrame
            ``due_date``, ``days_left``, ``measure``, ``title``, ``unit``,
            ``child_id``, ``household_id``, ``family_id``, ``case_id``,
            ``anchor_date``: what is not done yet and falls due within
            ``days``, soonest first.
        """
        columns = ["due_date", "days_left", "measure", "title", "unit", "child_id"]
        columns += ["household_id", "family_id", "case_id", "anchor_date"]
        if not self._support.computable:
            return pd.DataFrame(columns=columns)
        cases, asked = self._support.all_cases, self._support.computable
        left = days_left(cases, self.through)
        owed = cases.measure.isin([p for p, each in enumerate(asked) if each.expect == "event"])
        not_yet = cases.status == STATUSES.index(NOT_YET_DUE)
        waiting = cases.filter(owed, not_yet, left >= 1, left <= days)
        waiting = named(waiting.mutate(days_left=days_left(waiting, self.through)), self._support)
        about = of_exits(self._support, self.unit, "child_id", "household_id")
        found = tidy(waiting.rename(family_id="cluster").join(about, "exit"))
        titles = {each.id: each.title for each in asked}
        found["measure"] = found["measure"].map(dict(enumerate(titles)))
        found["title"] = found["measure"].map(titles)
        order = ["due_date", "measure", "case_id"]
        return found.sort_values(order, ignore_index=True)[columns]

    @property
    def trials(self) -> Table | None:
        """The cases that are due, in the engine: row-level, for internal use only.

        ``measure``, ``exit_id``, ``cluster``, ``n``, ``events`` (met); None
        where no measure can be computed.
        """
        if not self._support.computable:
            return None
        return trials(self._support)

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """What had to be fixed that the policy leaves open: measure, words."""
        return tuple((each.id, each.choice) for each in self.policy.measures if each.choice)

    @property
    def windows(self) -> pd.DataFrame:
        """Households and their support windows: row-level, for internal use only.

        ``pre_window_days`` are the days the first child was home before the
        last came (support work before the window).
        """
        exits = self._support.windows
        units = exits.group_by(unit_id=unit_id(exits)).aggregate(
            children=exits.count(),
            first_return=exits.first_return.min(),
            window_start=exits.window_start.min(),
            window_end=exits.window_end.min(),
            support_end=exits.support_end.min(),
            pre_window_days=exits.pre_window_days.max(),
            window_pending=exits.window_pending.any(),
        )
        return tidy(units.order_by("window_start", "unit_id"))

    @property
    def replaced_windows(self) -> pd.DataFrame:
        """Windows that a later return into the household replaced: the audit log (R5)."""
        return tidy(self._support.replaced.order_by("unit_id", "start"))

    def plot(self, measure: str | None = None, ax: "Axes | None" = None) -> "Axes":
        """Draw every rate with its interval, or one measure month by month.

        Returns
        -------
        matplotlib.axes.Axes
        """
        if measure is None:
            return draw_measures(self.table, ax)
        asked = self.policy.measure(measure)
        rows = self.by_month[self.by_month["measure"] == measure]
        return draw_run(rows, asked.title, asked.share, ax)

    def to_dict(self) -> dict[str, Any]:
        """Return the tables as plain lists of records, with policy, choices and notes."""
        return {
            "policy": self.policy.name,
            "through": self.through.isoformat(),
            "unit": self.unit,
            "text": [{"id": id, "text": words} for id, words in self.text],
            "choices": [{"id": id, "choice": words} for id, words in self.choices],
            "notes": list(self.notes),
        } | self._records("table", "by_unit", "by_month")

    def _require(self, measure: Measure) -> None:
        row = self.table.set_index("measure").loc[measure.id]
        if row["status"] == CANNOT:
            raise DataError(f"{measure.id} cannot be computed: it {row['needs']}.")
        if row["status"] == UNSTATED:
            raise StudyError(f"{measure.id} is described, not judged: it {row['needs']}.")

    def _repr_html_(self) -> str:
        rules = "".join(
            f"<li>{html.escape(id)}: {html.escape(words)}</li>" for id, words in self.text
        )
        return f"{super()._repr_html_()}<p>Rules that stand as text:</p><ul>{rules}</ul>"


def fidelity(
    agency: Any,
    cohort: Cohort,
    policy: str | Path | Policy | None = None,
    unit: str | None = None,
) -> Fidelity:
    """Measure whether support was delivered as a policy says.

    Parameters
    ----------
    agency : Agency
        The agency the cohort was built from.
    cohort : Cohort
        The children followed.
    policy : str, pathlib.Path or Policy, optional
        A policy by name or file; by default ``[files] policy`` of the study.
    unit : str, optional
        A column of ``cohort.exits`` to count by, such as ``county``; by
        default ``county``, else ``agency``, where recorded.

    Returns
    -------
    Fidelity

    Raises
    ------
    StudyError
        If no policy is named, it cannot be read, or there is no such unit.
    DataError
        If the cohort was built from another agency.

    Notes
    -----
    Cases of one family are not independent: the Wilson interval is made on
    the effective number of cases (see `evaluation.estimates.proportions`).
    """
    if cohort.stages.records.agency is not agency:
        raise DataError(
            "The cohort was built from another agency: build it from the one given, or give the "
            "one it was built from."
        )
    read = policy_of(cohort.study) if policy is None else read_policy(policy)
    if read is None:
        raise StudyError(
            'The study names no policy: set [files] policy = "milwaukee_ocm_54_00" or the path of '
            "a policy file, or give policy= here."
        )
    support = Support(cohort, read)
    column = _unit(cohort, unit)
    whole, by_unit, by_month = counts(support, column)
    rows = []
    for measure in read.measures:
        status, needs = _computable(measure, support)
        about = {"measure": measure.id, "title": measure.title, "share_required": measure.share}
        rows.append(about | {"status": status, "needs": needs})
    return Fidelity(
        table=_table(pd.DataFrame(rows).merge(whole, on="measure", how="left")),
        by_unit=by_unit,
        by_month=by_month,
        text=tuple((rule.id, rule.text) for rule in read.text),
        policy=read,
        through=cohort.stages.records.through("removals"),
        unit=column,
        notes=tuple(_notes(support, column)),
        _support=support,
    )


def _unit(cohort: Cohort, unit: str | None) -> str | None:
    if unit is None:
        return next((name for name in ("county", "agency") if name in cohort.covariates), None)
    if unit not in cohort.covariates:
        raise StudyError(
            f'The cohort has no column "{unit}" to count by; it has {", ".join(cohort.covariates)}.'
        )
    return unit


def _computable(measure: Measure, support: Support) -> tuple[str, str]:
    needs = support.needs(measure)
    if needs is not None:
        return CANNOT, needs
    if not support.policy.is_stated(measure):
        named = (measure.at_least, measure.anchor.every_days, measure.window.start)
        open_ = [
            str(each).lstrip("-")
            for each in (*named, measure.window.stop)
            if support.policy.parameters.get(str(each).lstrip("-")) == NOT_STATED
        ]
        missing = ", ".join(dict.fromkeys(open_))
        return UNSTATED, (
            f"needs a number the policy does not give: state [parameters] {missing} in a "
            f'policy file that extends "{support.policy.name}"'
        )
    return (DESCRIBED if measure.share is None else JUDGED), ""


def _table(table: pd.DataFrame) -> pd.DataFrame:
    columns = ["measure", "title", "status", "needs", "eligible", *COUNTS, "families", *LIMITS]
    table = table[[*columns, "share_required"]]
    for name in ("eligible", *COUNTS, "families"):
        table = table.assign(**{name: table[name].astype("Int64")})
    for name in (*LIMITS, "share_required"):
        table = table.assign(**{name: table[name].astype(float)})
    asked = table["share_required"]
    reached = pd.Series("cannot tell", index=table.index)
    reached[table["rate"] >= asked] = "yes"
    reached[table["ci_high"] < asked] = "no"
    return table.assign(reached=reached.where(table["status"] == JUDGED, ""))


def _notes(support: Support, unit: str | None) -> list[str]:
    """Say how the rates were made and what is behind them."""
    said = [METHOD]
    if not support.records.has("closures"):
        said.append(
            "Without the table closures, support is taken to go on to the end of the window unless "
            "every child left the home."
        )
    if unit is None:
        said.append("Neither county nor agency is recorded, so nothing is counted by unit.")
    return said
