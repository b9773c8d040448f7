"""Sections: was support delivered as designed, the federal context, and groups of children."""

from itertools import pairwise

import numpy as np
import pandas as pd

from evaluation.practice.equity import risks_by_group
from evaluation.reporting.charts.run import run as draw_run
from evaluation.reporting.charts.served import served as draw_shares
from evaluation.reporting.disclosure.practice import (
    MONTHS,
    indicator_row,
    release_federal,
    release_groups,
    release_measures,
)
from evaluation.reporting.disclosure.practice_groups import (
    LEAST_MONTHS,
    release_periods,
    shown_months,
)
from evaluation.reporting.disclosure.since import (
    EQUITY_LIMITS,
    LIMIT_DIGITS,
    parts_before,
    row_name,
)
from evaluation.reporting.numerals import SUPPRESSED, by_month, compact, is_missing, rate_kind, show
from evaluation.reporting.sections import characteristics
from evaluation.reporting.sections.section import Drawing, Material, Section, Told
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import column_name, group_name, level_name, outcome_words, units

NESTED = "disruption"
MOST_MEASURES = 15
SHOWN_PARTS = ("met", "not_met", "not_yet_due", "eligible")
MEASURES = (
    Column("name", "Measure"),
    Column("eligible", "Eligible", "count"),
    Column("met", "Met", "count"),
    Column("not_met", "Not met", "count"),
    Column("not_yet_due", "Not yet due", "count"),
    Column("rate", "Met, %", "percent"),
    Column("limits", "95% interval", "percent"),
    Column("share_required", "Required, %", "percent"),
)
INDICATORS = (
    Column("title", "Indicator"),
    Column("period", "Period"),
    Column("numerator", "Numerator", "count"),
    Column("denominator", "Children or days", "count"),
    Column("observed", "Observed", "decimal"),
    Column("limits", "95% interval", "decimal"),
    Column("national", "National performance", "decimal"),
)
GROUPS = (
    Column("group", "Group"),
    Column("rate", "Share, %", "percent"),
    Column("limits", "95% interval", "percent"),
    Column("difference", "Difference from everyone, per 100", "per100"),
    Column("difference_limits", "95% interval", "per100"),
)


def fidelity(material: Material) -> Section | None:
    """Say how often each measure of the policy was met."""
    found = None if material.practice is None else material.practice.fidelity
    if found is None:
        return None
    counted = found.table[found.table["eligible"].notna()]
    released = release_measures(counted, material.rule)
    released["name"] = released["measure"] + " " + released["title"]
    released["limits"] = [
        compact(r.ci_low, r.ci_high, "percent") for r in released.itertuples(index=False)
    ]
    shown = (released["rate"] != SUPPRESSED) & ~released["rate"].map(is_missing)
    met = released[shown & (released["reached"] == "yes")]
    judged = released[released["status"] == "judged"]
    title = (
        f"{len(met)} of {len(judged)} measures of “{found.policy.title}” reached the share the "
        "policy asks"
    )
    blocks = []
    if shown.any():
        blocks += _drawings(released[shown], title, material.source)
    note = (
        "Eligible cases are met, not met, not yet due, or lie before the records begin. "
        f"{material.rule.words}"
    )
    blocks.append(Table("fidelity", "Measures of the practice policy", MEASURES, released, note))
    measures = [str(name) for name in released["measure"]]
    told = Told.of_counts("fidelity", measures, released, SHOWN_PARTS)
    drawing, months = _run_chart(
        found, released[shown & (released["status"] == "judged")], material
    )
    blocks += drawing
    lacking = found.table[found.table["eligible"].isna()]
    points = [f"{r.measure} {r.title}: {r.needs}." for r in lacking.itertuples()]
    points += [f"{rule}: {words}" for rule, words in found.text]
    points += [f"{id}, as read here: {words}" for id, words in found.choices]
    lead = (
        "Not judged, with what it needs; rules that stand as text; and what the policy leaves open:"
        if points
        else ""
    )
    notes = tuple(found.notes)
    return Section("fidelity", title, notes, tuple(blocks), lead, tuple(points), told=told + months)


def _drawings(shown: pd.DataFrame, title: str, source: str) -> list[Drawing]:
    """Draw the measures, as many in a chart as are legible on a page."""
    count = -(-len(shown) // MOST_MEASURES)
    edges = np.linspace(0, len(shown), count + 1).astype(int)
    drawings = []
    for number, (first, last) in enumerate(pairwise(edges), start=1):
        own = shown.iloc[first:last]
        judged = own[own["status"] == "judged"]
        reached = (judged["reached"] == "yes").sum()
        own_title = f"{reached} of these {len(judged)} measures reached the share the policy asks"
        rows = own.rename(columns={"rate": "share", "name": "level"})
        rows = rows.assign(share=rows["share"].astype(float), characteristic="Measure")
        chart = draw_shares(
            rows[["characteristic", "level", "share", "ci_low", "ci_high"]],
            title=title if count == 1 else own_title,
            subtitle="Share of cases due by the end of the data that met each measure; lines are "
            "95% intervals that count families",
            source=source,
            everyone="-",
            axis_title="Share met",
            name="fidelity" if number == 1 else f"fidelity_{number}",
        )
        part = "" if count == 1 else f", part {number} of {count}"
        drawings.append(Drawing(chart, f"Measures of the practice policy{part}"))
    return drawings


def _run_chart(found, shown: pd.DataFrame, material: Material) -> tuple[list[Drawing], Told]:
    """Draw the judged measure with most cases month by month, if its counts may be shown."""
    if shown.empty:
        return [], Told()
    measure = shown.loc[shown["eligible"].map(float).idxmax()]
    months = found.by_month[found.by_month["measure"] == measure["measure"]]
    rows = release_periods(months, {measure["measure"]}, material.rule)
    if shown_months(rows) < LEAST_MONTHS or (rows["period"].str.len() == len("2020")).any():
        return [], Told()
    known = pd.to_numeric(rows["rate"], errors="coerce").dropna()
    title = (
        f"{measure['title']}: {show(known.median(), 'percent')} in the median month, "
        f"{show(known.iloc[-1], 'percent')} in the last shown"
    )
    chart = draw_run(
        rows.rename(columns={"rate": "share"}),
        title=title,
        subtitle=f"Share of cases that met {measure['measure']}, by the month they count from; "
        "lines are 95% intervals that count families",
        source=material.source,
        required=measure["share_required"],
        name="fidelity_run",
    )
    names = [row_name(r.measure, r.period) for r in rows.itertuples()]
    told = Told.of_shares(MONTHS, names, rows["rate"])
    return [Drawing(chart, f"{measure['title']}, month by month")], told


def federal(material: Material) -> Section | None:
    """Set the agency's indicators beside national performance."""
    if material.practice is None:
        return None
    found = material.practice.federal
    counted = found.table[found.table["status"] == "computed"]
    released = release_federal(counted, material.rule)
    released["period"] = [
        f"{r.period_start:%Y-%m-%d} to {r.period_end:%Y-%m-%d}" for r in counted.itertuples()
    ]
    released["limits"] = [
        compact(r.ci_low, r.ci_high, rate_kind(r.per)) for r in released.itertuples(index=False)
    ]
    title = f"{len(counted)} of {len(found.table)} federal indicators could be computed"
    note = f"Shares per 100 children; rates as named. {material.rule.words}"
    table = Table("federal", "Statewide data indicators (CFSR Round 4)", INDICATORS, released, note)
    lacking = found.table[found.table["status"] != "computed"]
    points = tuple(f"{r.title}: {r.needs}." for r in lacking.itertuples())
    lead = "Cannot be computed:" if points else ""
    blocks = (table,) if len(released) else ()
    rows = [indicator_row(r.indicator, r.period_start) for r in counted.itertuples()]
    told = Told.of_counts("federal", rows, released, ("numerator", "denominator"))
    return Section("federal", title, found.notes, blocks, lead, points, told=told)


def equity(material: Material) -> Section | None:
    """Set groups of children beside everyone, outcome by outcome."""
    study, rule = material.study, material.rule
    if material.practice is None or not study.report.equity_by:
        return None
    exits = material.cohort.exits
    groups = {
        column: characteristics.members(exits, column, rule)
        for column in study.report.equity_by
        if column in exits and column != "exit_type"
    }
    outcomes = [name for name in material.cohort.outcomes if name != NESTED]
    exact = risks_by_group(material.cohort, groups, study.main_horizon, outcomes)
    if exact.empty:
        return None
    released = _groups_released(exact, study.main_horizon, rule)
    blocks, told = [], Told()
    for outcome in outcomes:
        rows = released[released["measure"] == outcome].reset_index(drop=True)
        if rows.empty or (rows["rate"] == SUPPRESSED).all():
            continue
        words = outcome_words(outcome, study)
        blocks += _blocks(rows, exact, outcome, words, material)
        told += _groups_told(rows)
    if not blocks:
        return None
    paragraphs = (
        "Groups are described, not blamed: a difference says what was recorded of children in a "
        "group, not what they or their families did. Each group is set beside everyone, who "
        "include it.",
    )
    month = by_month(study.main_horizon)
    title = f"By {month}, groups of children beside everyone"
    return Section("equity", title, paragraphs, tuple(blocks), told=told)


def _rows(rows: pd.DataFrame) -> list[str]:
    return [row_name(r.measure, r.characteristic, r.level) for r in rows.itertuples()]


def _groups_told(rows: pd.DataFrame) -> Told:
    """Name the shares, and of groups without events the upper limit as it is printed."""
    none = rows[[not isinstance(r, str) and r == 0 for r in rows["rate"]]]
    limits = [high if is_missing(high) else round(high, LIMIT_DIGITS) for high in none["ci_high"]]
    return Told.of_shares("equity", _rows(rows), rows["rate"]) + Told.of_shares(
        EQUITY_LIMITS, _rows(none), limits
    )


def _groups_released(exact: pd.DataFrame, horizon: int, rule) -> pd.DataFrame:
    """Release groups beside last year's: sizes and all events stand among the follow-up."""

    def known(own: pd.DataFrame):
        labels = [group_name(r.characteristic, r.level) for r in own.itertuples()]
        sizes = [rule.before.count("who", label, "all") for label in labels]
        outcome = own["measure"].iloc[0]
        events = rule.before.count(f"{outcome}/all/", "all", f"events/{horizon}")
        return parts_before(rule, "equity", _rows(own), own, (events, None), sizes)

    return release_groups(exact, rule, known=known, names=_rows(exact))


def _blocks(rows: pd.DataFrame, exact: pd.DataFrame, outcome: str, words, material: Material):
    study = material.study
    rows = rows.assign(
        group=[group_name(r.characteristic, r.level) for r in rows.itertuples()],
        limits=[compact(r.ci_low, r.ci_high, "percent") for r in rows.itertuples()],
        difference_limits=[
            compact(r.difference_low, r.difference_high, "per100") for r in rows.itertuples()
        ],
    )
    month = by_month(study.main_horizon)
    caption = f"{words.name} by {month}, by group"
    table = Table(f"equity_{outcome}", caption, GROUPS, rows, material.rule.words)
    own = exact[exact["measure"] == outcome]
    whole = own["everyone"].iloc[0]
    events = own.groupby("characteristic")["events"].sum().iloc[0]
    if material.rule.hides(int(events)):
        return [table]
    drawn = pd.DataFrame(
        {
            "characteristic": rows["characteristic"].map(column_name),
            "level": [level_name(r.characteristic, r.level) for r in rows.itertuples()],
            "share": rows["rate"],
            "ci_low": rows["ci_low"],
            "ci_high": rows["ci_high"],
        }
    )
    everyone = {"characteristic": "all", "level": "all", "share": whole}
    shown = drawn[drawn["share"] != SUPPRESSED]
    drawn = pd.concat([pd.DataFrame([everyone]), shown], ignore_index=True)
    few = "; groups of too few are in the table alone" if len(shown) < len(rows) else ""
    chart = draw_shares(
        drawn,
        title=f"By {month}, {show(whole, 'percent')} of all {units(study)} {words.did}",
        subtitle=f"Share who {words.did} by {month}, by group; the dashed line is everyone; lines "
        f"are 95% intervals{few}",
        source=material.source,
        everyone_label=f"All {units(study)}",
        axis_title=f"Share who {words.did}",
        name=f"equity_{outcome}",
    )
    return [Drawing(chart, caption), table]
