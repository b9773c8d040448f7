"""One child's life as the package sees it."""

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd
from ibis.expr.types import Table

from evaluation.cohorts.services import attach
from evaluation.cohorts.tidy import tidy
from evaluation.cohorts.timeline_chart import draw, spans_of
from evaluation.errors import DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evaluation.cohorts.cohort import Cohort

_DATED = {
    "maltreatment_reports": ("report_date", "Report", ("disposition", "maltreatment_type")),
    "disruptions": ("disruption_date", "Disruption record", ("type", "reason")),
    "visits": ("visit_date", "Visit", ("visit_with", "kept")),
}
_ORDER = (
    "Born",
    "Report",
    "Visit",
    "Service ended",
    "Placement ended",
    "Order ended",
    "Disruption record",
    "Removed",
    "Placed",
    "Order began",
    "Discharged",
    "In the cohort",
    "Not in the cohort",
    "Service began",
    "Support closed",
    "Support window",
    "Moved out of sight",
    "Died",
    "Follow-up ends",
)


@dataclass(frozen=True)
class Timeline:
    """What is known of a child, in order of date.

    Parameters
    ----------
    child_id : str
    table : pandas.DataFrame
        ``date``, ``day`` (since the child's first exit in the cohort; missing
        if it has none), ``what``, ``detail``.
    spans : pandas.DataFrame
        What lasts: ``lane`` (``Care``, ``Placements``, ``Orders``, ``Support
        window`` or a program), ``label``, ``start``, ``end`` (the last day
        covered where it goes on).
    """

    child_id: str
    table: pd.DataFrame = field(repr=False)
    spans: pd.DataFrame = field(repr=False)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the life: a lane for each thing that lasts, a mark for each that happens.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional

        Returns
        -------
        matplotlib.axes.Axes
        """
        return draw(self, ax)

    def __str__(self) -> str:
        lines = [f"Child {self.child_id}"]
        for row in self.table.itertuples(index=False):
            day = "" if pd.isna(row.day) else f"day {row.day}"
            lines.append(f"  {row.date:%Y-%m-%d}  {day:>9}  {row.what}: {row.detail}".rstrip(": "))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = []
        for row in self.table.itertuples(index=False):
            day = "" if pd.isna(row.day) else str(row.day)
            cells = (f"{row.date:%Y-%m-%d}", day, row.what, row.detail)
            rows.append("".join(f"<td>{html.escape(cell)}</td>" for cell in cells))
        head = "".join(f"<th>{name}</th>" for name in self.table.columns)
        body = "".join(f"<tr>{cells}</tr>" for cells in rows)
        return (
            f"<table><caption>Child {html.escape(self.child_id)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def timeline(cohort: "Cohort", child_id: str) -> Timeline:
    """Return the timeline of a child.

    Raises
    ------
    DataError
        If no accepted row of children or removals has the child.
    """
    records = cohort.stages.records
    child = _of(records.table("children"), child_id)
    stays = _of(cohort.stages.candidates, child_id)
    if child.empty and stays.empty:
        raise DataError(f'No child "{child_id}" is in the accepted rows of children or removals.')
    exits = _of(cohort.stages.exits, child_id).sort_values(["index_date", "number", "visit"])
    moments = [*_life(child), *_stays(cohort, stays), *_records(cohort, child_id)]
    moments += _placements(cohort, child_id)
    spans = spans_of(cohort, child_id, stays, exits)
    for exit_id, index_date in zip(exits["exit_id"], exits["index_date"], strict=True):
        moments += _after_exit(cohort, exit_id, index_date)
    moments = list(dict.fromkeys(moments))
    table = pd.DataFrame(moments, columns=["date", "what", "detail"])
    table["date"] = pd.to_datetime(table["date"])
    table["rank"] = table["what"].map(_ORDER.index)
    table = table.sort_values(["date", "rank", "detail"], ignore_index=True).drop(columns="rank")
    first = exits["index_date"].iloc[0] if len(exits) else pd.NaT
    table.insert(1, "day", (table["date"] - first).dt.days.astype("Int64"))
    return Timeline(child_id, table, spans)


def _of(table: Table, child_id: str) -> pd.DataFrame:
    return tidy(table.filter(table.child_id == child_id))


def _life(child: pd.DataFrame) -> list[tuple]:
    dates = {"Born": child["birth_date"], "Died": child["death_date"]}
    return [(day, what, "") for what, days in dates.items() for day in days.dropna()]


def _stays(cohort: "Cohort", stays: pd.DataFrame) -> list[tuple]:
    reasons = cohort.flow["reason"].tolist()
    moments = []
    for stay in stays.itertuples():
        moments.append((stay.removal_date, "Removed", _text(stay.removal_reasons, stay.custody)))
        fate = f"exit {stay.exit_id}" if stay.left_at == 0 else reasons[stay.left_at]
        when = stay.removal_date if stay.in_care else stay.index_date
        what = "Not in the cohort" if stay.left_at else "In the cohort"
        moments.append((when, what, fate))
        if not stay.in_care and not stay.visit:
            detail = _text(stay.discharge_reason, stay.household_id)
            moments.append((stay.discharge_date, "Discharged", detail))
    return moments


def _placements(cohort: "Cohort", child_id: str) -> list[tuple]:
    rows = _of(cohort.stages.records.optional("placements"), child_id)
    moments = []
    for row in rows.itertuples():
        moments.append((row.start_date, "Placed", _text(row.type, row.provider)))
        if not pd.isna(row.end_date):
            moments.append((row.end_date, "Placement ended", _text(row.type, row.end_reason)))
    return moments


def _records(cohort: "Cohort", child_id: str) -> list[tuple]:
    moments = []
    for name, (date, what, details) in _DATED.items():
        rows = _of(cohort.stages.records.optional(name), child_id)
        moments += [
            (row[date], what, _text(*(_word(detail, row[detail]) for detail in details)))
            for _, row in rows.iterrows()
        ]
    return moments


def _after_exit(cohort: "Cohort", exit_id: str, index_date: pd.Timestamp) -> list[tuple]:
    stages = cohort.stages

    def on(day) -> pd.Timestamp:
        return index_date + pd.Timedelta(days=int(day))

    moments = []
    spells = tidy(stages.spells.filter(stages.spells.exit_id == exit_id))
    for spell in spells.itertuples():
        if not pd.isna(spell.start_day):
            detail = f"{spell.program} ({spell.reach}, {spell.timing})"
            moments.append((on(spell.start_day), "Service began", detail))
        if not pd.isna(spell.end_day):
            moments.append(
                (on(spell.end_day), "Service ended", _text(spell.program, spell.end_reason))
            )
    here = stages.exits.filter(stages.exits.exit_id == exit_id)
    orders = tidy(attach(stages.records.optional("legal_orders"), here))
    for order in orders.itertuples():
        moments.append((order.start_date, "Order began", _text(order.type)))
        if not pd.isna(order.end_date):
            moments.append((order.end_date, "Order ended", _text(order.type, order.end_reason)))
    closures = tidy(stages.closures.filter(stages.closures.exit_id == exit_id))
    moments += [
        (on(row.closure_day), "Support closed", _text(row.program, row.reason, row.finding))
        for row in closures.itertuples()
    ]
    moves = tidy(attach(stages.records.optional("moves_out"), here))
    moments += [(day, "Moved out of sight", "") for day in moves["move_date"]]
    support = tidy(stages.support.filter(stages.support.exit_id == exit_id))
    last = min(cohort.study.cohort.horizon_days, (stages.records.as_of - index_date.date()).days)
    for state in support[support["enter"] < last].itertuples():
        words = {True: "voluntary", False: "involuntary"}.get(state.support_voluntary, pd.NA)
        detail = _text(state.support_status, words, state.support_closure)
        moments.append((on(state.enter + 1), "Support window", detail))
    for outcome in cohort.outcomes:
        ends = cohort.ends(outcome)
        for end in tidy(ends.filter(ends.exit_id == exit_id)).itertuples():
            detail = f"{outcome} of {exit_id}: {end.end_reason}"
            moments.append((on(end.end), "Follow-up ends", detail))
    return moments


def _word(field: str, value):
    """Say a yes or no as the field's name, so that no lone True stands in a life."""
    if pd.isna(value) or not pd.api.types.is_bool(value):
        return value
    return field if value else f"not {field}"


def _text(*values) -> str:
    return ", ".join(str(value) for value in values if not pd.isna(value))
