"""The seven Round 4 indicators: words, rules, needs and published national performance."""

from collections.abc import Callable
from dataclasses import dataclass

from ibis.expr.types import Table

from evaluation.practice import federal_paths as paths
from evaluation.practice import federal_safety as safety


@dataclass(frozen=True)
class Indicator:
    """One indicator: its words, its rule, what it needs and the published national performance.

    ``years`` is how much time after the period's start must be on record,
    ``per`` what the rate is multiplied by (100 for percent).
    """

    name: str
    title: str
    of: Callable[..., Table]
    years: int
    per: int
    needs: tuple[str, ...]
    national: float
    national_periods: str

    @property
    def is_share(self) -> bool:
        """Whether it is a share of children rather than a rate per day."""
        return self.per == 100


INDICATORS = (
    Indicator(
        "reentry",
        "Re-entry to foster care in 12 months",
        paths.reentry,
        2,
        100,
        (),
        5.6,
        "20A, 20B, 21A, 21B",
    ),
    Indicator(
        "permanency_entries",
        "Permanency in 12 months for children entering care",
        paths.permanency_entries,
        2,
        100,
        (),
        35.2,
        "19B to 21B",
    ),
    Indicator(
        "permanency_12_23",
        "Permanency in 12 months for children in care 12 to 23 months",
        paths.permanency_in_care(12, 23),
        1,
        100,
        (),
        43.8,
        "21A, 21B",
    ),
    Indicator(
        "permanency_24",
        "Permanency in 12 months for children in care 24 months or more",
        paths.permanency_in_care(24, None),
        1,
        100,
        (),
        37.3,
        "21A, 21B",
    ),
    Indicator(
        "placement_stability",
        "Placement moves per 1,000 days in care",
        paths.placement_stability,
        1,
        1_000,
        ("placements",),
        4.48,
        "21A, 21B",
    ),
    Indicator(
        "maltreatment_in_care",
        "Victimizations per 100,000 days in care",
        safety.maltreatment_in_care,
        1,
        100_000,
        ("maltreatment_reports",),
        9.07,
        "19A, 19B, FY19, FY20",
    ),
    Indicator(
        "recurrence",
        "Recurrence of maltreatment in 12 months",
        safety.recurrence,
        2,
        100,
        ("maltreatment_reports",),
        9.7,
        "FY19, FY20",
    ),
)
