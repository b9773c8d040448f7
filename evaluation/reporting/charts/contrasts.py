"""The rows of a forest plot, read from the effects table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.errors import OutputError
from evaluation.reporting.charts.lettering import clean
from evaluation.reporting.charts.tables import (
    checked,
    is_missing,
    is_suppressed,
    numbers,
    ordered,
)

CHART = "forest"
_LIMITS = ("estimate", "ci_low", "ci_high")
_NOTHING = (np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Contrast:
    """One service on one outcome, estimate and limits as given.

    Parameters
    ----------
    outcome, service : str
        Printed names.
    naive, primary, failing : bool
        Whether ever is compared with never; whether it is the primary contrast; whether
        it fails its checks.
    ratio, difference : tuple
        Estimate, lower and upper limit: numbers, ``s`` or missing.
    truth : float
        Of the ratio; NaN where unknown.
    sentence : str
        Why there is no estimate.
    """

    outcome: str
    service: str
    naive: bool
    primary: bool
    failing: bool
    ratio: tuple
    difference: tuple
    truth: float
    sentence: str

    def known(self, measure: str) -> tuple[float, float, float]:
        """Return estimate and limits as floats, NaN where suppressed or missing."""
        values = getattr(self, measure)
        return tuple(
            np.nan if is_suppressed(value) or is_missing(value) else float(value)
            for value in values
        )

    def per_hundred(self) -> tuple:
        """Return the difference per 100 children; what is not a number stays."""
        return tuple(
            value if is_suppressed(value) or is_missing(value) else 100 * float(value)
            for value in self.difference
        )

    @property
    def excludes_no_difference(self) -> bool:
        """Whether the interval of the ratio lies to one side of 1."""
        _, low, high = self.known("ratio")
        return bool(low > 1 or high < 1)


def read_contrasts(
    table: object,
    ratio: str,
    difference: str,
    outcomes: Mapping | None,
    services: Mapping | None,
) -> list[Contrast]:
    """Put the two measures of every contrast side by side, in the fixed order.

    Raises
    ------
    OutputError
        If a column is missing, a ratio is negative, or a measure of one contrast
        stands twice.
    """
    rows = checked(table, ["outcome", "service", "measure", *_LIMITS], CHART)
    for column, default in (
        ("naive", False),
        ("primary", False),
        ("failing", False),
        ("sentence", ""),
        ("truth", None),
    ):
        if column not in rows.columns:
            rows[column] = default
    rows["sentence"] = ["" if is_missing(text) else clean(text) for text in rows["sentence"]]
    for flag in ("naive", "primary", "failing"):
        rows[flag] = [not is_missing(value) and bool(value) for value in rows[flag]]
    rows = rows[rows["measure"].isin([ratio, difference]) | (rows["sentence"] != "")]
    if rows.empty:
        raise OutputError(
            f"The forest chart cannot be drawn because no row of its table has the measure "
            f"{ratio} or {difference}: ask for one that is there with ratio= and difference=."
        )
    _check(rows, ratio, difference)
    outcome_order, outcome_names = ordered(rows["outcome"], outcomes, CHART, "outcome")
    service_order, service_names = ordered(rows["service"], services, CHART, "service")
    contrasts = []
    for outcome in outcome_order:
        for service in service_order:
            for naive in (False, True):
                own = rows[
                    (rows["outcome"] == outcome)
                    & (rows["service"] == service)
                    & (rows["naive"] == naive)
                ]
                if len(own):
                    names = (outcome_names[outcome], service_names[service])
                    contrasts.append(_contrast(own, *names, ratio, difference))
    return contrasts


def _check(rows: pd.DataFrame, ratio: str, difference: str) -> None:
    own = rows[rows["measure"] == ratio]
    for column in (*_LIMITS, "truth"):
        numbers(own, column, CHART, low=0)
        numbers(rows[rows["measure"] == difference], column, CHART, low=-1, high=1)
    key = ["outcome", "service", "naive", "measure"]
    repeated = rows[rows.duplicated(key) & rows["measure"].isin([ratio, difference])]
    if len(repeated):
        row = repeated.iloc[0]
        raise OutputError(
            f"The forest chart cannot be drawn because its table has two rows for the "
            f"{row['measure']} of {clean(row['service'])} on {clean(row['outcome'])}: choose one "
            f"horizon, population and method."
        )


def _contrast(
    own: pd.DataFrame, outcome: str, service: str, ratio: str, difference: str
) -> Contrast:
    def limits(measure: str) -> tuple:
        rows = own[own["measure"] == measure]
        return tuple(rows[list(_LIMITS)].iloc[0]) if len(rows) else _NOTHING

    truth = numbers(own[own["measure"] == ratio], "truth", CHART)
    sentence = next((text for text in own["sentence"] if text), "")
    estimates = [limits(ratio)[0], limits(difference)[0]]
    return Contrast(
        outcome,
        service,
        bool(own["naive"].iloc[0]),
        bool(own["primary"].any()),
        bool(own["failing"].any()),
        limits(ratio),
        limits(difference),
        float(truth.iloc[0]) if len(truth) else np.nan,
        sentence if all(is_missing(value) for value in estimates) else "",
    )


def data_table(contrasts: Sequence[Contrast]) -> pd.DataFrame:
    """Return one row per contrast with everything drawn and printed.

    Returns
    -------
    pandas.DataFrame
        ``outcome``, ``service``, ``naive``, ``primary``, ``failing``, ``ratio``, ``ratio_low``,
        ``ratio_high``, ``difference_per_100`` with its limits, ``truth``,
        ``excludes_no_difference``, ``sentence``.
    """
    rows = []
    for c in contrasts:
        row = {"outcome": c.outcome, "service": c.service, "naive": c.naive}
        row |= {"primary": c.primary, "failing": c.failing}
        row |= dict(zip(("ratio", "ratio_low", "ratio_high"), c.ratio, strict=True))
        names = ("difference_per_100", "difference_low", "difference_high")
        row |= dict(zip(names, c.per_hundred(), strict=True))
        row |= {
            "truth": c.truth,
            "excludes_no_difference": c.excludes_no_difference,
            "sentence": c.sentence,
        }
        rows.append(row)
    return pd.DataFrame(rows)
