"""Sections: dose and engagement, the permanency questions, and indicators by county."""

import pandas as pd

from evaluation.practice.adjusted import LABEL
from evaluation.reporting.disclosure.practice import (
    COUNTIES as COUNTIES_TOLD,
)
from evaluation.reporting.disclosure.practice import (
    DOSE,
    DOSE_DIGITS,
    county_rows,
    dose_rows,
    release_contacts,
    release_counties,
    release_dose,
    release_questions,
)
from evaluation.reporting.numerals import SUPPRESSED, compact, is_missing, rate_kind, show
from evaluation.reporting.sections.section import Material, Section, Told, too_small
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import group_name, upper_first

QUESTIONS = (
    Column("measure", "Measure"),
    Column("of", "Of"),
    Column("numerator", "Number", "count"),
    Column("denominator", "Of all", "count"),
    Column("told", "Value", "decimal"),
    Column("limits", "95% interval", "decimal"),
)
SHARES = (
    Column("measure", "What was delivered"),
    Column("program", "Service"),
    Column("of", "Of"),
    Column("told", "Value", "decimal"),
    Column("limits", "95% interval", "decimal"),
)
GROUPS = (
    Column("group", "Group"),
    Column("started", "Started", "percent"),
    Column("refused", "Refused", "percent"),
    Column("wait", "Days waited, median", "decimal"),
    Column("early", "Ended early", "percent"),
)
GROUP_MEASURES = {
    "started": "started",
    "refused": "refused",
    "wait": "days from referral to start",
    "early": "ended early",
}
CONTACTED = (
    Column("group", "Group"),
    Column("week", "Contact within 7 days", "percent"),
    Column("month", "Contact within 30 days", "percent"),
    Column("first", "Days to first contact, median", "decimal"),
)
CONTACT_MEASURES = {
    "week": "contact within 7 days",
    "month": "contact within 30 days",
    "first": "days to first contact",
}
MONTHS = (
    Column("month", "Month since the exit", "count"),
    Column("told", "Contacts per child", "decimal"),
)
MOST_OF_A_TABLE = 0.5
TAXONOMIES = {
    "casey": "Components of post-permanency programs (Casey)",
    "needs": "Need areas (Catawba)",
    "cebc": "Service types (CEBC)",
}


def questions(material: Material) -> Section | None:
    """Answer the permanency questions, each with its denominator or what it needs."""
    if material.practice is None:
        return None
    found = material.practice.questions
    counted = found.table[found.table["status"] == "computed"].reset_index(drop=True)
    released = release_questions(counted, material.rule)
    released["told"] = [_value(r.value, r.per) for r in released.itertuples()]
    released["limits"] = [_limits(r.ci_low, r.ci_high, r.per) for r in released.itertuples()]
    blocks = [
        Table(f"question_{place}", question, QUESTIONS, rows.reset_index(drop=True),
              material.rule.words)
        for place, (question, rows) in enumerate(released.groupby("question", sort=False), 1)
    ]  # fmt: skip
    lacking = found.table[found.table["status"] != "computed"]
    points = tuple(f"{r.measure}: {r.needs}." for r in lacking.itertuples())
    title = f"{len(counted)} of {len(found.table)} measures of permanency could be computed"
    lead = "Cannot be computed:" if points else ""
    rows = [str(name) for name in counted["name"]]
    told = Told.of_counts("questions", rows, released, ("numerator", "denominator"))
    return Section("questions", title, found.notes, tuple(blocks), lead, points, told=told)


def dose(material: Material) -> Section | None:
    """Describe what was delivered, how soon, of which kind, and to which groups."""
    if material.practice is None:
        return None
    found, rule = material.practice.dose, material.rule
    blocks, told = [], Told()
    if len(found.contacts):
        rows = release_contacts(found.contacts, rule)
        rows["told"] = [_plain(value, "{:.2f}") for value in rows["per_month"]]
        note = f"Months of 30 days while the child was at home. {rule.words}"
        blocks.append(Table("contacts", "Contacts per child and month", MONTHS, rows, note))
    if len(found.table):
        names = {service.program: service.name for service in material.study.services}
        released = release_dose(found.table, rule)
        told = _dose_told(released)
        released["program"] = [names.get(p, p.replace("_", " ")) for p in released["program"]]
        released["told"] = [
            _value(r.value, 100 if r.unit == "per 100" else None) for r in released.itertuples()
        ]
        released["limits"] = [_limits(r.ci_low, r.ci_high, 100) for r in released.itertuples()]
        blocks += _delivered(released, rule.words)
        blocks += _by_group(released, rule.words)
    title = _title(found.contacts, rule) if len(found.contacts) else "What was delivered"
    lead = "Cannot be computed:" if found.cannot else ""
    return Section("dose", title, found.notes, tuple(blocks), lead, found.cannot, told=told)


def _dose_told(released: pd.DataFrame) -> Told:
    """Name the shares of everyone, as far as they are printed."""
    whole = released[(released["level"] == "all") & (released["unit"] == "per 100")]
    shares = [
        value if value == SUPPRESSED or is_missing(value) else round(value / 100, DOSE_DIGITS)
        for value in whole["value"]
    ]
    return Told.of_shares(DOSE, dose_rows(whole), shares)


def counties(material: Material) -> Section | None:
    """Set counties side by side, observed and adjusted, indicator by indicator."""
    if material.practice is None or material.practice.federal.by_county.empty:
        return None
    found = material.practice.federal
    blocks, points, told = [], [], Told()
    for about in found.table[found.table["status"] == "computed"].itertuples():
        rows = found.by_county[found.by_county["indicator"] == about.indicator]
        if rows.empty:
            continue
        rows = rows.assign(per=about.per)
        released = release_counties(rows, material.rule, about.period_start)
        kind = rate_kind(about.per)
        released["limits"] = [compact(r.ci_low, r.ci_high, kind) for r in released.itertuples()]
        released["adjusted_limits"] = [
            compact(r.adjusted_low, r.adjusted_high, kind) for r in released.itertuples()
        ]
        note = f"Per {about.per:,}. {material.rule.words}"
        caption = f"{about.title}, by county"
        table = Table(f"county_{about.indicator}", caption, _county_columns(kind), released, note)
        if table.share_hidden > MOST_OF_A_TABLE:
            points.append(too_small(f"“{caption}”", material.rule))
        else:
            blocks.append(table)
            shares = [
                value if value == SUPPRESSED or is_missing(value) else value / about.per
                for value in released["observed"]
            ]
            told += Told.of_shares(COUNTIES_TOLD, county_rows(rows, about.period_start), shares)
    if not blocks and not points:
        return None
    paragraphs = (f"{upper_first(LABEL.rstrip('.'))}.",)
    title = "Federal indicators by county"
    lead = "Not shown:" if points else ""
    return Section("counties", title, paragraphs, tuple(blocks), lead, tuple(points), told=told)


def _county_columns(kind: str) -> tuple[Column, ...]:
    return (
        Column("county", "County"),
        Column("observed", "Observed", kind),
        Column("limits", "95% interval", kind),
        Column("adjusted", "RSP-style", kind),
        Column("adjusted_limits", "95% interval", kind),
    )


def _title(contacts: pd.DataFrame, rule) -> str:
    rows = release_contacts(contacts, rule)
    first, last = rows.iloc[0]["per_month"], rows.iloc[-1]["per_month"]
    if SUPPRESSED in (first, last) or is_missing(first) or is_missing(last):
        return "What was delivered"
    return (
        f"Families were contacted {first:.1f} times in the first month home, {last:.1f} times in "
        f"month {int(rows.iloc[-1]['month'])}"
    )


def _delivered(released: pd.DataFrame, note: str) -> list[Table]:
    """Return what became of referrals and spells, then the kinds of service received."""
    whole = released[released["level"] == "all"]
    kind = whole["measure"].str.split(" ", n=1).str[0]
    taxonomy = kind.isin(TAXONOMIES)
    plain = whole[~taxonomy].assign(measure=whole.loc[~taxonomy, "measure"].map(_named))
    plain = plain.sort_values("program", key=lambda p: p != "all", kind="stable")
    tables = [Table("dose", "Uptake, waiting, contact and early endings", SHARES,
                    plain.reset_index(drop=True), note)]  # fmt: skip
    for name, caption in TAXONOMIES.items():
        rows = whole[taxonomy & (kind == name)]
        if len(rows):
            named = rows["measure"].str.split(" ", n=1).str[1].map(upper_first)
            columns = tuple(column for column in SHARES if column.key != "program")
            data = rows.assign(measure=named).reset_index(drop=True)
            tables.append(Table(f"dose_{name}", caption, columns, data, note))
    return tables


def _by_group(released: pd.DataFrame, note: str) -> list[Table]:
    grouped = released[released["level"] != "all"]
    tables = []
    for place, (program, rows) in enumerate(grouped.groupby("program", sort=True), 1):
        about_contact = program == "all"
        wanted = CONTACT_MEASURES if about_contact else GROUP_MEASURES
        columns = CONTACTED if about_contact else GROUPS
        cells = rows[rows["measure"].isin(wanted.values())]
        if cells.empty:
            continue
        table = cells.pivot_table(
            index=["characteristic", "level"], columns="measure", values="told", aggfunc="first",
            sort=False,
        )  # fmt: skip
        table = table.reindex(columns=list(wanted.values())).set_axis(list(wanted), axis=1)
        table = table.reset_index()
        table["group"] = [group_name(r.characteristic, r.level) for r in table.itertuples()]
        who = "Contact" if about_contact else program
        made = Table(f"dose_groups_{place}", f"{who}, by group", columns, table, note)
        tables += [made] if made.share_hidden <= MOST_OF_A_TABLE else []
    return tables


def _named(measure: str) -> str:
    return upper_first(measure.replace("_", " "))


def _value(value, per: int | None) -> str:
    """Print a share in percent, a rate with what it is per, a median in days."""
    if per == 100:
        return _plain(value, "{:.1f}%")
    return _plain(value, "{:.0f} days") if per is None else _plain(value, "{:.2f}")


def _limits(low, high, per: int) -> str:
    if is_missing(low) and is_missing(high):
        return show(low)
    if SUPPRESSED in (low, high):
        return SUPPRESSED
    return f"{_value(low, per)} to {_value(high, per)}"


def _plain(value, form: str) -> str:
    if is_missing(value) or isinstance(value, str):
        return show(value)
    return form.format(float(value))
