"""Section: can the data carry the findings?"""

import pandas as pd

from evaluation.reporting.disclosure import Disclosure
from evaluation.reporting.numerals import SUPPRESSED, show
from evaluation.reporting.sections.section import Material, Section
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import listed

COUNTED = (
    Column("table", "Table"),
    Column("read", "Rows read", "count"),
    Column("quarantined", "Set aside", "count"),
    Column("share", "Set aside, %", "percent"),
    Column("blank_lines", "Blank lines", "count"),
)


def quality(material: Material) -> Section:
    """Say how many rows were read and set aside, and what the checks found."""
    counts, rule = material.check.counts, material.rule
    data = counts[["table", "read", "quarantined", "blank_lines"]].copy()
    data["share"] = [
        quarantined / read if read else None
        for quarantined, read in zip(counts["quarantined"], counts["read"], strict=True)
    ]
    few = [rule.hides(n) for n in counts["quarantined"]]
    total_hidden = rule.hides(counts.loc[few, "quarantined"].sum())
    for name in ("read", "quarantined"):
        data[name] = [rule.shown(n) for n in counts[name]]
    if rule.rounds:
        data["share"] = [
            rule.part(*pair) for pair in zip(counts["quarantined"], counts["read"], strict=True)
        ]
    data = data.astype(object)
    data.loc[few, ["quarantined", "share"]] = SUPPRESSED
    table = Table(
        "data_quality",
        "Rows read and set aside, by table",
        COUNTED,
        data,
        "Rows read are rows accepted plus rows set aside (in quarantine, each with its reason).",
    )
    hidden = dict(counts.loc[few, ["table", "read"]].itertuples(index=False))
    findings = material.check.findings
    points = _concerns(findings, material, hidden)
    lead = "What the checks found:" if points else ""
    title = _title(counts, (findings["verdict"] != "ok").sum(), total_hidden, rule)
    return Section("quality", title, (), (table,), lead, points)


def _title(counts: pd.DataFrame, concerns: int, total_hidden: bool, rule: Disclosure) -> str:
    read, aside = (rule.shown(int(counts[name].sum())) for name in ("read", "quarantined"))
    if not aside:
        said = f"All {read:,} rows read could be used"
    elif total_hidden:
        part = "Almost all" if aside < 0.05 * read else "Most" if aside < 0.5 * read else "Some"
        said = f"{part} of {read:,} rows read could be used"
    else:
        said = f"{show(1 - aside / read, 'percent')} of {read:,} rows read could be used"
    checks = f"{concerns} check" + ("s need" if concerns > 1 else " needs")
    return f"{said}; {checks} a look" if concerns else f"{said}, and no check needs a look"


def _concerns(
    findings: pd.DataFrame, material: Material, hidden: dict[str, int]
) -> tuple[str, ...]:
    """Say each finding that is not in order; a small count is told as small.

    Of a table whose rows set aside are hidden, the rows accepted are not said either.
    """
    said, unchecked = [], []
    few: dict[str, list[str]] = {}
    for row in findings.itertuples():
        if row.verdict == "ok":
            continue
        check = str(row.check).replace("_", " ")
        if row.verdict == "not checked":
            unchecked.append(check)
        elif pd.notna(row.rows) and material.rule.hides(int(row.rows)):
            few.setdefault(check, []).append(str(row.table))
        elif pd.notna(row.of) and hidden.get(row.table, row.of) != row.of:
            said.append(f"{row.table}: {check}, in {material.rule.say(int(row.rows))} rows.")
        else:
            said.append(f"{row.table}: {material.rule.conceal(str(row.message))}")
    for check, tables in few.items():
        rows = f"in fewer than {material.rule.below} rows{' each' if len(tables) > 1 else ''}"
        said.append(f"{listed(tables)}: {check}, {rows}.")
    if unchecked:
        said.append(f"Not checked, because the data lack what it needs: {listed(unchecked)}.")
    return tuple(said)
