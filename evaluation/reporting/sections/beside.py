"""Tables of what stands beside the main contrasts: other analyses, home and stable, missing."""

import pandas as pd

from evaluation.effects.groups import DIFFER
from evaluation.reporting.numerals import SUPPRESSED, compact, is_missing, months, show
from evaluation.reporting.sections.section import Material
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import column_name, level_name, outcome_words

SHOWN = {
    "risk_difference": ("difference per 100", "per100"),
    "hazard_ratio": ("hazard ratio", "ratio"),
    "uptake_difference": ("difference in uptake per 100", "per100"),
    "F": ("F of the first stage", "ratio"),
}
BESIDE = (
    Column("what", "Service and outcome"),
    Column("analysis", "Analysis"),
    Column("variant", "Variant"),
    Column("measure", "Measure"),
    Column("month", "By month", "count"),
    Column("value", "Estimate (95%)"),
    Column("p", "p", "p"),
)
HOME = (
    Column("what", "Service"),
    Column("month", "By month", "count"),
    Column("risk_treated", "Home and stable, assigned", "percent"),
    Column("risk_comparison", "Home and stable, other arm", "percent"),
    Column("difference", "Difference per 100 (95%)"),
    Column("days", "More days at home (95%)"),
)
BY = "by "
NOTE = (
    "Each row makes one choice differently, or looks within a group; “groups differ” tests that "
    "all groups have one effect. These are not adjusted for their number."
)
ELSEWHERE = "Those of other services and outcomes are in the workbook, sheet “beside”."
MISSING = (
    Column("what", "Service and outcome"),
    Column("lacking", "Lacking"),
    Column("children", "Children", "count"),
    Column("share", "Share", "percent"),
)


def beside_tables(material: Material) -> list[Table]:
    """Return the tables there is something for; of other analyses those of the first contrast."""
    tables = [_primary(material), home_table(material), _missing(material)]
    return [table for table in tables if table is not None]


def beside_sheets(material: Material) -> tuple[Table, ...]:
    """Return the other analyses of every contrast: too long for a page, for the workbook."""
    rows = _rows(material, material.released.beside)
    if rows.empty:
        return ()
    note = f"{NOTE}{_groups_left(material, material.released.beside)}"
    return (Table("beside", "The same comparisons made in other ways", BESIDE, rows, note),)


def _primary(material: Material) -> Table | None:
    """Set beside the primary contrast (without one, the first) what other analyses gave."""
    beside = material.released.beside
    if beside.empty:
        return None
    primary = material.study.primary
    first = beside.iloc[0] if primary is None else primary
    own = beside[(beside["service"] == first.service) & (beside["outcome"] == first.outcome)]
    rows = _rows(material, own)
    if rows.empty:
        return None
    what = rows["what"].iloc[0]
    columns = tuple(column for column in BESIDE if column.key != "what")
    caption = f"{what}: the same comparison made in other ways"
    note = f"{NOTE} {ELSEWHERE}{_groups_left(material, own)}"
    return Table("beside_primary", caption, columns, rows, note)


def _rows(material: Material, released: pd.DataFrame) -> pd.DataFrame:
    """Write the main horizon's differences and ratios, those a row has a number for."""
    rows = []
    for row in released.itertuples():
        main = is_missing(row.horizon) or row.horizon == material.study.main_horizon
        if row.measure not in SHOWN or not main:
            continue
        words, kind = SHOWN[row.measure]
        rows.append(
            {
                "what": _what(material, row),
                "analysis": _analysis(row.analysis),
                "variant": _variant(row.analysis, row.variant),
                "measure": words,
                "month": None if is_missing(row.horizon) else months(int(row.horizon)),
                "value": _value(row, kind),
                "p": row.p,
            }
        )
    return pd.DataFrame(rows)


def _groups_left(material: Material, beside: pd.DataFrame) -> str:
    """Name the groups in which no effect could be estimated, service by service."""
    left = beside[beside["measure"].isna() & beside["analysis"].str.startswith(BY)]
    said = []
    for (service, analysis), own in left.groupby(["service", "analysis"], sort=False):
        names = ", ".join(dict.fromkeys(_variant(analysis, name) for name in own["variant"]))
        said.append(f"{material.service_name(service)} {_analysis(analysis)}: {names}")
    return f" No effect could be estimated within {'; '.join(said)}." if said else ""


def _analysis(analysis: str) -> str:
    """Name an analysis: "by race_ethnicity" becomes "by race and ethnicity"."""
    if not analysis.startswith(BY):
        return analysis.replace("_", " ")
    name = column_name(analysis.removeprefix(BY))
    return f"{BY}{name[:1].lower()}{name[1:]}"


def _variant(analysis: str, variant: str) -> str:
    """Name a group within which was looked; other variants have their words."""
    if not analysis.startswith(BY) or variant == DIFFER:
        return str(variant)
    return level_name(analysis.removeprefix(BY), variant)


def home_table(material: Material) -> Table | None:
    """Compare who is home and stable from the assignment on; nothing without such a service."""
    rows = []
    home = material.released.home
    if len(home):
        for (service, horizon), own in home.groupby(["service", "horizon"], sort=False):
            measures = {row.measure: row for row in own.itertuples()}
            rows.append(
                {
                    "what": material.service_name(service),
                    "month": months(int(horizon)),
                    "risk_treated": measures["risk_treated"].estimate,
                    "risk_comparison": measures["risk_comparison"].estimate,
                    "difference": _value(measures["risk_difference"], "per100"),
                    "days": _value(measures["days_at_home_difference"], "ratio"),
                }
            )
    if not rows:
        return None
    return Table(
        "home",
        "Home and stable after the assignment, exited or not",
        HOME,
        pd.DataFrame(rows),
        "Home and stable: left care to permanency after the assignment and did not return. A "
        "difference above zero is more children home with the service.",
    )


def _missing(material: Material) -> Table | None:
    released = material.released.missing
    if released.empty:
        return None
    data = released.assign(what=[_what(material, row) for row in released.itertuples()])
    return Table(
        "missing",
        "Which recorded characteristics children lack together",
        MISSING,
        data[[column.key for column in MISSING]].reset_index(drop=True),
        "What is missing is imputed; the comparison among children who lack nothing stands in the "
        "table of other analyses.",
    )


def _what(material: Material, row) -> str:
    event = outcome_words(row.outcome, material.study).event
    return f"{material.service_name(row.service)}: {event}"


def _value(row, kind: str) -> str | None:
    if is_missing(row.estimate):
        return None
    if row.estimate == SUPPRESSED:
        return SUPPRESSED
    if is_missing(row.ci_low):
        return show(row.estimate, kind)
    return f"{show(row.estimate, kind)} ({compact(row.ci_low, row.ci_high, kind)})"
