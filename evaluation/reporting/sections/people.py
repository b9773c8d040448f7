"""Sections: how the cohort was chosen, and who is in it."""

from evaluation.reporting.charts.flow import flow as draw_flow
from evaluation.reporting.charts.served import served as draw_served
from evaluation.reporting.disclosure import release_flow
from evaluation.reporting.numerals import SUPPRESSED, show
from evaluation.reporting.sections import characteristics
from evaluation.reporting.sections.section import MOST_HIDDEN, Material, Section, too_small
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import EXIT_TYPES, units, upper_first

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
    last = released.iloc[-1]
    first, final = study.cohort.exits
    title = (
        f"{show(last['exits'], 'count')} exits of {show(last['children'], 'count')} children in "
        f"{show(last['families'], 'count')} families were followed"
    )
    table = Table("flow", "From the records to the cohort", FLOW, released, material.rule.words)
    chart = draw_flow(
        released,
        title=title,
        subtitle=f"Exits from care, {first} to {final}; each step with what it leaves out",
        source=material.source,
        name="flow",
    )
    notes = material.told(getattr(material.cohort, "released_notes", material.cohort.notes))
    lead = ("Also counted, and not left out:",) if notes else ()
    return Section("flow", title, lead, (chart,), (table,), notes)


def served(material: Material) -> Section:
    """Show who is in the cohort, how they left care, and whom each service reached."""
    study, rule = material.study, material.rule
    exits = material.cohort.exits
    whom = units(study)
    by_type = characteristics.exit_types(exits, rule)
    blocks, left_out = characteristics.blocks(exits, study, rule, by_type)
    tables = []
    if blocks is not None:
        detail = [kind for kind in by_type.index if kind in blocks.columns]
        columns = [
            Column("level", "Characteristic"),
            Column("all", upper_first(whom), "count"),
            Column("share", "Share", "percent"),
            *(Column(kind, EXIT_TYPES.get(kind, kind), "count") for kind in detail),
        ]
        caption = f"{upper_first(whom)} of the cohort by characteristic"
        caption += " and by how they left care" if detail else ""
        tables.append(Table("who", caption, tuple(columns), blocks, rule.words))
    reach = characteristics.reach(exits, study, rule)
    if len(reach):
        tables.append(
            Table(
                "services",
                "Whom each service reached",
                (
                    Column("service", "Service"),
                    Column("served", f"{upper_first(whom)} reached", "count"),
                    Column("share", "Share", "percent"),
                    Column("meaning", "Counted"),
                ),
                reach,
                "A description, not a comparison.",
            )
        )
    said = tuple(too_small(f"The table by {name}", rule) for name in left_out)
    chart = _served_chart(material, by_type)
    return Section(
        "who", _title(len(exits), by_type, whom), said, (chart,) if chart else (), tuple(tables)
    )


def _title(everyone: int, by_type, whom: str) -> str:
    shown = by_type[by_type != SUPPRESSED]
    if everyone == 0 or shown.empty:
        return f"{everyone:,} {whom} left care to permanency"
    kind = shown.astype(int).idxmax()
    share = show(int(shown[kind]) / everyone, "percent")
    return (
        f"{everyone:,} {whom} left care to permanency; the largest group, {share}, to "
        f"{EXIT_TYPES.get(kind, kind).lower()}"
    )


def _served_chart(material: Material, by_type):
    """Draw the share reached by the primary (else the first) service."""
    study, rule = material.study, material.rule
    if not study.services:
        return None
    program = study.primary.service if study.primary else study.services[0].program
    table = characteristics.share_served(material.cohort.exits, study, program, rule, by_type)
    if table is None or (table["share"] == SUPPRESSED).mean() > MOST_HIDDEN:
        return None
    name = material.service_name(program)
    everyone = table.iloc[0]
    if everyone["share"] == SUPPRESSED:
        return None
    return draw_served(
        table,
        title=f"{name} reached {show(everyone['share'], 'percent')} of {units(study)}",
        subtitle=f"Share reached by {name}: {characteristics.meaning(study.service(program))}; "
        "lines are 95% intervals",
        source=material.source,
        everyone_label=f"All {units(study)}",
        name="served",
    )
