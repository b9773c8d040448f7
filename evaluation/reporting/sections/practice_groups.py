"""Section: practice measures and permanency questions by group of children, unit and month."""

import pandas as pd

from evaluation.practice.equity import practice_by_group
from evaluation.reporting.disclosure.practice import (
    MONTHS as BY_PERIOD,
)
from evaluation.reporting.disclosure.practice import (
    release_measures,
    release_questions,
)
from evaluation.reporting.disclosure.practice_groups import (
    group_rows,
    release_periods,
    release_practice_groups,
    shown_measures,
)
from evaluation.reporting.disclosure.since import row_name
from evaluation.reporting.numerals import SUPPRESSED, compact, is_missing
from evaluation.reporting.sections import characteristics
from evaluation.reporting.sections.section import Material, Section, Told
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import group_name

MOST = 12
DIFFERENCES = (
    Column("name", "Measure"),
    Column("group", "Group"),
    Column("rate", "Share, %", "percent"),
    Column("limits", "95% interval", "percent"),
    Column("difference", "Difference from everyone, per 100", "per100"),
    Column("difference_limits", "95% interval", "per100"),
)
SHEET = (
    Column("name", "Measure"),
    Column("group", "Group"),
    Column("per", "Per", "count"),
    Column("rate", "Value", "decimal"),
    Column("ci_low", "95% interval, low", "decimal"),
    Column("ci_high", "95% interval, high", "decimal"),
    Column("difference", "Difference from everyone", "decimal"),
    Column("difference_low", "95% interval, low", "decimal"),
    Column("difference_high", "95% interval, high", "decimal"),
    Column("ratio", "Ratio to everyone", "ratio"),
    Column("ratio_low", "95% interval, low", "ratio"),
    Column("ratio_high", "95% interval, high", "ratio"),
)
MONTHS = (
    Column("name", "Measure"),
    Column("period", "Month or year"),
    Column("rate", "Met, %", "percent"),
    Column("ci_low", "95% interval, low", "percent"),
    Column("ci_high", "95% interval, high", "percent"),
)
SCALED = ("rate", "ci_low", "ci_high", "difference", "difference_low", "difference_high")
KINDS = {
    "practice": ("practice_groups", "Measures of the practice policy, by group"),
    "question": ("question_groups", "Permanency questions, by group"),
}
DESCRIBED = (
    "Each group is set beside everyone, who include it; a difference describes what was recorded, "
    "and not what children or families did. Workers and offices differ between groups too."
)
ELSEWHERE = (
    "Every measure by group stands in the workbook, and by month; by year where most months are of "
    "too few cases to be shown."
)


def practice_groups(material: Material) -> Section | None:
    """Show the largest differences in practice; the whole is for the workbook."""
    found, rule = material.practice, material.rule
    if found is None:
        return None
    groups = _groups(material)
    exact = practice_by_group(material.cohort, groups, found.fidelity, found.questions)
    if exact.empty or not groups:
        return None
    names, shown = _shown(material)
    released = release_practice_groups(exact, shown, rule)
    if released.empty:
        return None
    released["name"] = released["measure"].map(names)
    released["group"] = [group_name(r.characteristic, r.level) for r in released.itertuples()]
    apart, compared = _largest(released)
    title = (
        f"{len(apart)} of {compared} intervals exclude no difference between a group and everyone; "
        f"chance alone would give about {round(compared / 20)}"
        if compared
        else "Practice by group of children"
    )
    paragraphs = (DESCRIBED, ELSEWHERE)
    blocks = [_table(apart.head(MOST), len(apart), rule.words)] if len(apart) else []
    sheets = [
        Table(name, caption, SHEET, _per(rows), rule.words)
        for kind, (name, caption) in KINDS.items()
        if len(rows := released[released["kind"] == kind])
    ]
    months, told = _months(found.fidelity, names, shown, rule)
    for kind, rows in released.groupby("kind", sort=False):
        told += Told.of_shares(str(kind), group_rows(rows), rows["rate"])
    return Section(
        "practice_groups",
        title,
        paragraphs,
        tuple(blocks),
        sheets=tuple([*sheets, *months]),
        told=told,
    )


def _groups(material: Material) -> dict:
    """Return the groups of the equity section, with the unit that fidelity is counted by."""
    exits, found = material.cohort.exits, material.practice.fidelity
    wanted = list(material.study.report.equity_by)
    wanted += [found.unit] if found is not None and found.unit else []
    return {
        column: characteristics.members(exits, column, material.rule)
        for column in dict.fromkeys(wanted)
        if column in exits and column != "exit_type"
    }


def _shown(material: Material) -> tuple[dict[str, str], set[str]]:
    """Return the words of every measure, and the measures shown for everyone."""
    found, rule = material.practice, material.rule
    told = found.questions.table
    told = told[told["status"] == "computed"].reset_index(drop=True)
    names = dict(zip(told["name"], told["measure"], strict=True))
    shown = shown_measures(release_questions(told, rule), "name", "value")
    if found.fidelity is not None:
        table = found.fidelity.table
        names |= {r.measure: f"{r.measure} {r.title}" for r in table.itertuples()}
        counted = table[table["eligible"].notna()]
        shown |= shown_measures(release_measures(counted, rule), "measure", "rate")
    return names, shown


def _largest(released: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return differences whose interval excludes none, largest first; and of how many."""
    known = [
        r.per == 100 and r.difference_low != SUPPRESSED and not is_missing(r.difference_low)
        for r in released.itertuples()
    ]
    rows = released[known]
    apart = rows[(rows["difference_low"] > 0) | (rows["difference_high"] < 0)]
    size = apart["difference"].astype(float).abs()
    return apart.loc[size.sort_values(ascending=False, kind="stable").index], len(rows)


def _table(rows: pd.DataFrame, of: int, words: str) -> Table:
    rows = rows.assign(
        limits=[compact(r.ci_low, r.ci_high, "percent") for r in rows.itertuples()],
        difference_limits=[
            compact(r.difference_low, r.difference_high, "per100") for r in rows.itertuples()
        ],
    ).reset_index(drop=True)
    which = f"The {len(rows)} largest of {of}" if of > len(rows) else "The"
    caption = f"{which} differences in practice between a group and everyone"
    return Table("practice_differences", caption, DIFFERENCES, rows, words)


def _per(rows: pd.DataFrame) -> pd.DataFrame:
    """Multiply rates and differences by what they are per; what is hidden stays hidden."""
    rows = rows.reset_index(drop=True).astype(object)
    for name in SCALED:
        rows[name] = [
            value if value == SUPPRESSED or is_missing(value) else value * per
            for value, per in zip(rows[name], rows["per"], strict=True)
        ]
    return rows


def _months(fidelity, names: dict[str, str], shown: set[str], rule) -> tuple[list[Table], Told]:
    if fidelity is None:
        return [], Told()
    rows = release_periods(fidelity.by_month, shown, rule)
    if rows.empty:
        return [], Told()
    periods = [row_name(r.measure, r.period) for r in rows.itertuples()]
    told = Told.of_shares(BY_PERIOD, periods, rows["rate"])
    rows = rows.assign(name=rows["measure"].map(names))
    caption = "Measures of the practice policy, by the month or year cases count from"
    return [Table("practice_months", caption, MONTHS, rows, rule.words)], told
