"""Effect sizes from what published tables give: percentages and sizes, intervals, coefficients."""

import math

from scipy import stats

from evaluation.errors import DataError
from evaluation.evidence.effect_sizes import (
    RATIOS,
    STANDARDIZED,
    EffectSize,
    cox_index,
    of_log,
    symmetric,
)
from evaluation.evidence.event_effects import odds_ratio, risk_difference, risk_ratio

TOLERANCE = 1e-6


def events_from_percent(percent: float, n: int, decimals: int = 0) -> tuple[int, int] | None:
    """Return the fewest and the most events a rounded percentage can stand for.

    Parameters
    ----------
    percent : float
        As printed, 0 to 100.
    n : int
        Size of the group.
    decimals : int
        Decimals printed.

    Returns
    -------
    (int, int) or None
        None where no count of ``n`` rounds to the percentage, so that it must rest on
        another number of children than ``n``.

    Raises
    ------
    DataError
        If the percentage is outside 0 to 100.
    """
    if not 0 <= percent <= 100:
        raise DataError(f"{percent:g}% is impossible: a percentage lies between 0 and 100.")
    half = 0.5 * 10**-decimals
    low = max(0, math.ceil(n * (percent - half) / 100 - TOLERANCE))
    high = min(n, math.floor(n * (percent + half) / 100 + TOLERANCE))
    return (low, high) if low <= high else None


def from_percentages(
    percent_treated: float, n_treated: int, percent_comparison: float, n_comparison: int
) -> tuple[EffectSize, ...]:
    """Return every effect size two percentages and two group sizes give.

    Where a percentage is 0 or 100 only the risk difference exists and comes alone.

    Returns
    -------
    tuple of EffectSize
        Risk difference, risk ratio, odds ratio, Cox index.
    """
    shares = (percent_treated / 100, percent_comparison / 100)
    cells = (shares[0] * n_treated, n_treated, shares[1] * n_comparison, n_comparison)
    difference = risk_difference(*cells)
    if {0.0, 1.0} & set(shares):
        return (difference,)
    index = cox_index(shares[0], n_treated, shares[1], n_comparison)
    return (difference, risk_ratio(*cells), odds_ratio(*cells), index)


def from_interval(measure: str, value: float, ci_low: float, ci_high: float) -> EffectSize:
    """Return an effect whose standard error comes from its 95% interval.

    Parameters
    ----------
    measure : str
        Ratios are read on the log scale, all else as it stands.
    value, ci_low, ci_high : float
        As published.

    Raises
    ------
    DataError
        If the interval does not hold the estimate, is not finite, or a ratio is not
        above 0.
    """
    _known(measure, (*RATIOS, *STANDARDIZED, "risk_difference"))
    if not all(map(math.isfinite, (value, ci_low, ci_high))):
        raise DataError(f"The interval {ci_low:g} to {ci_high:g} is not finite: give both limits.")
    if not ci_low <= value <= ci_high:
        raise DataError(
            f"The interval {ci_low:g} to {ci_high:g} does not hold its estimate {value:g}."
        )
    if measure in RATIOS and not ci_low > 0:
        raise DataError(f"The limit {ci_low:g} is impossible for a ratio: it lies above 0.")
    low, high = (math.log(x) if measure in RATIOS else x for x in (ci_low, ci_high))
    se = (high - low) / (2 * float(stats.norm.ppf(0.975)))
    return EffectSize(measure, value, se, ci_low, ci_high, "a published interval")


def from_coefficient(measure: str, coefficient: float, se: float) -> EffectSize:
    """Return a ratio from a model's coefficient (a log ratio) and its standard error.

    ``measure`` is ``odds_ratio`` for a logistic model, ``hazard_ratio`` for a Cox
    model, ``risk_ratio`` for a log-link model; ``risk_difference`` for an identity link,
    where it is the difference itself. No coefficient is a standardized effect: a Cox
    model's is a log hazard ratio, not a Cox index.

    Raises
    ------
    DataError
        For another measure, or numbers that are not finite.
    """
    _known(measure, (*RATIOS, "risk_difference"))
    if measure not in RATIOS:
        return symmetric(measure, coefficient, se, "a model's coefficient")
    return of_log(measure, coefficient, se, "a model's coefficient")


def _known(measure: str, allowed: tuple[str, ...]) -> None:
    if measure not in allowed:
        raise DataError(
            f'"{measure}" is not among the measures this can give: {", ".join(allowed)}.'
        )
