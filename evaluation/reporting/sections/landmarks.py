"""Section: the same comparison from several landmark days, side by side."""

import pandas as pd

from evaluation.reporting.numerals import SUPPRESSED, by_month, compact, is_missing, show
from evaluation.reporting.sections.section import Material, Section
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import outcome_words

LANDMARKS = (
    Column("what", "Service and outcome"),
    Column("variant", "Landmark"),
    Column("month", "By"),
    Column("difference", "Difference per 100 (95%)"),
    Column("ratio", "Hazard ratio (95%)"),
    Column("words", "Why not"),
)
NOTE = (
    "At a landmark, children still home that day are compared by whether the service had begun by "
    "then. Each day asks of other children, so the rows need not agree."
)


def landmarks(material: Material) -> Section | None:
    """Show every landmark day of every contrast; nothing without landmarks."""
    beside = material.released.beside
    if beside.empty:
        return None
    own = beside[beside["analysis"] == "landmark"]
    if own.empty:
        return None
    rows = []
    for (service, outcome, variant), part in own.groupby(
        ["service", "outcome", "variant"], sort=False
    ):
        at_main = part[part["horizon"].eq(material.study.main_horizon).fillna(False)]
        difference = at_main[at_main["measure"] == "risk_difference"]
        event = outcome_words(outcome, material.study).event
        ratio = part[part["measure"] == "hazard_ratio"]
        nothing = part["estimate"].isna().all()
        rows.append(
            {
                "what": f"{material.service_name(service)}: {event}",
                "variant": variant,
                "month": by_month(material.study.main_horizon),
                "difference": _limits(difference, "per100"),
                "ratio": _limits(ratio, "ratio"),
                "words": next(iter(material.told(part["method"].head(1))), "") if nothing else "",
            }
        )
    table = Table("landmarks", "Landmark days side by side", LANDMARKS, pd.DataFrame(rows), NOTE)
    return Section("landmarks", "The comparison from other landmark days", (), (table,))


def _limits(rows: pd.DataFrame, kind: str) -> str | None:
    if rows.empty or is_missing(rows["estimate"].iloc[0]):
        return None
    row = rows.iloc[0]
    if row["estimate"] == SUPPRESSED:
        return SUPPRESSED
    return f"{show(row['estimate'], kind)} ({compact(row['ci_low'], row['ci_high'], kind)})"
