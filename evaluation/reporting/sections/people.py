"""Sections: how the cohort was chosen, and who is in it."""

import pandas as pd

from evaluation.reporting.charts.flow import flow as draw_flow
from evaluation.reporting.charts.served import served as draw_served
from evaluation.reporting.disclosure import MOST_HIDDEN, release_flow, shorter_flow
from evaluation.reporting.numerals import SUPPRESSED, show
from evaluation.reporting.sections import characteristics
from evaluation.reporting.sections.section import Drawing, Material, Section
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import EXIT_TYPES, units, upper_first

MOST_ROWS = 30
FLOW = (
    Column("step", "Step"),
    Column("reason", "Left out because"),
    Column("excluded", "Exits left out", "count"),
    Column("exits", "Exits", "count"),
    Column("children", "Children", "count"),
    Column("families", "Families", "count"),
)


def flow(material: Material) -> Section:
    """Show every exclusion, in order, with counts."""
    study = material.study
    released = release_flow(material.cohort.flow, material.rule)
    if _table_of(released, material).share_hidden > MOST_HIDDEN:
        released = shorter_flow(material.cohort.flow, material.rule)
    last = released.iloc[-1]
    first, final = study.cohort.exits
    title = (
        f"{show(last['exits'], 'count')} exits of {show(last['children'], 'count')} children in "
        f"{show(last['families'], 'count')} families were followed"
    )
    table = _table_of(released, material)
    chart = draw_flow(
        _drawn_steps(released),
        title=_steps_title(released),
        subtitle=f"Exits from care, {first} to {final}; steps that leave out nobody are in the "
        "table alone",
        source=material.source,
        name="flow",
    )
    notes = material.told(material.cohort.released_notes)
    lead = "Also counted, and not left out:" if notes else ""
    drawing = Drawing(chart, "Steps from all removal episodes on record to the cohort")
    return Section("flow", title, (), (drawing, table), lead, notes)


def _table_of(released: pd.DataFrame, material: Material) -> Table:
    return Table("flow", "From the records to the cohort", FLOW, released, material.rule.words)


def _steps_title(released: pd.DataFrame) -> str:
    first, last = (show(released.iloc[place]["exits"], "count") for place in (0, -1))
    if SUPPRESSED in (first, last):
        return "Who was followed, step by step"
    return f"From {first} removal episodes, {last} exits were followed"


def _drawn_steps(released: pd.DataFrame) -> pd.DataFrame:
    """Keep the first and last step and those that leave somebody out."""
    leaves = released["excluded"].map(lambda count: count == SUPPRESSED or count > 0)
    drawn = leaves.copy()
    drawn.iloc[[0, -1]] = True
    reasons = released["reason"].where(leaves, "")
    return released.assign(reason=reasons)[drawn].reset_index(drop=True)


def served(material: Material) -> Section:
    """Show who is in the cohort, how they left care, and whom each service reached."""
    study, rule = material.study, material.rule
    exits = material.cohort.exits
    whom = units(study)
    by_type = characteristics.exit_types(exits, rule)
    blocks: list[Drawing | Table] = []
    who = characteristics.levels(exits, study, rule, by_type)
    if len(who):
        detail = [kind for kind in by_type.index if kind in who.columns]
        columns = [
            Column("level", "Characteristic"),
            Column("all", upper_first(whom), "count"),
            Column("share", "Share", "percent"),
            *(Column(kind, EXIT_TYPES.get(kind, kind), "count") for kind in detail),
        ]
        caption = f"{upper_first(whom)} of the cohort by characteristic"
        caption += " and by how they left care" if detail else ""
        blocks.append(Table("who", caption, tuple(columns), who, rule.words))
    reach = characteristics.reach(exits, study, rule)
    if len(reach):
        columns = [
            Column("service", "Service"),
            Column("served", f"{upper_first(whom)} reached", "count"),
            Column("share", "Share", "percent"),
            Column("meaning", "Counted are those"),
        ]
        note = "A description, not a comparison."
        blocks.append(Table("services", "Whom each service reached", tuple(columns), reach, note))
    drawing = _served(material, by_type)
    return Section(
        "who",
        _title(characteristics.cohort_size(exits, rule), by_type, whom),
        (),
        tuple([*blocks, drawing] if drawing else blocks),
    )


def _first_blocks(table: pd.DataFrame) -> pd.DataFrame:
    """Keep whole characteristics, in order, as long as the chart stands on a page."""
    sizes = table.groupby("characteristic", sort=False).size() + 1
    kept = sizes.index[sizes.cumsum() <= MOST_ROWS]
    return table[table["characteristic"].isin(kept)].reset_index(drop=True)


def _title(everyone: int | str, by_type: pd.Series, whom: str) -> str:
    shown = by_type[by_type != SUPPRESSED]
    if everyone == SUPPRESSED:
        return f"Who among {whom} left care to permanency"
    if everyone == 0 or shown.empty:
        return f"{everyone:,} {whom} left care to permanency"
    kind = shown.astype(int).idxmax()
    if len(by_type) == 1:
        return f"{everyone:,} {whom} left care to {EXIT_TYPES.get(kind, kind).lower()}"
    share = show(int(shown[kind]) / everyone, "percent")
    return (
        f"{everyone:,} {whom} left care to permanency; the largest group, {share}, to "
        f"{EXIT_TYPES.get(kind, kind).lower()}"
    )


def _served(material: Material, by_type: pd.Series) -> Drawing | None:
    """Draw the share reached by the primary (else the first) service."""
    study, rule = material.study, material.rule
    if not study.services:
        return None
    program = study.primary.service if study.primary else study.services[0].program
    table = characteristics.share_served(material.cohort.exits, study, program, rule, by_type)
    table = None if table is None else _first_blocks(table)
    if table is None or (table["share"] == SUPPRESSED).mean() > MOST_HIDDEN:
        return None
    name = material.service_name(program)
    everyone = table.iloc[0]
    if everyone["share"] == SUPPRESSED:
        return None
    chart = draw_served(
        table,
        title=f"{name} reached {show(everyone['share'], 'percent')} of {units(study)}",
        subtitle=f"Share reached by {name}: {characteristics.meaning(study.service(program))}; "
        "lines are 95% intervals",
        source=material.source,
        everyone_label=f"All {units(study)}",
        name="served",
    )
    return Drawing(chart, f"Share of {units(study)} reached by {name}, by characteristic")
