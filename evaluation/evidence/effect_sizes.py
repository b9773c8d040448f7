"""Effect sizes: how large a difference is, on scales that reviews of evidence use."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from evaluation.errors import DataError

COX_DIVISOR = 1.65
RATIOS = ("odds_ratio", "risk_ratio", "hazard_ratio")
STANDARDIZED = ("hedges_g", "cox_index")


@dataclass(frozen=True)
class EffectSize:
    """An effect size with its uncertainty.

    Attributes
    ----------
    measure : str
        ``hedges_g``, ``cox_index``, ``odds_ratio``, ``risk_ratio``,
        ``hazard_ratio`` or ``risk_difference``.
    value, ci_low, ci_high : float
        The estimate and its 95% limits, on the measure's own scale.
    se : float
        Standard error; of a ratio, on the log scale.
    made_from : str
        What it was computed from, in words.
    """

    measure: str
    value: float
    se: float
    ci_low: float
    ci_high: float
    made_from: str

    @property
    def p(self) -> float:
        """Two-sided p value against no difference, by the normal approximation."""
        if not self.se > 0:
            return math.nan
        on_line = math.log(self.value) if self.measure in RATIOS else self.value
        return float(2 * stats.norm.sf(abs(on_line) / self.se))


def small_sample_factor(n: int) -> float:
    """Return Hedges' small-sample factor 1 - 3 / (4N - 9) (Hedges, 1981).

    Parameters
    ----------
    n : int
        Size of both groups together, at least 4.
    """
    if not n >= 4:
        raise DataError(f"The small-sample factor needs at least 4 children in all, not {n}.")
    return 1 - 3 / (4 * n - 9)


def pooled_sd(sd_treated: float, n_treated: int, sd_comparison: float, n_comparison: int) -> float:
    """Return the standard deviation of both groups, weighted by their degrees of freedom."""
    check_sizes(n_treated, n_comparison)
    _freedom(n_treated, n_comparison)
    if not (sd_treated >= 0 and sd_comparison >= 0 and sd_treated + sd_comparison > 0):
        raise DataError(
            f"Standard deviations {sd_treated:g} and {sd_comparison:g} cannot be pooled: both must "
            "be at least 0 and one above it."
        )
    squares = (n_treated - 1) * sd_treated**2 + (n_comparison - 1) * sd_comparison**2
    return math.sqrt(squares / (n_treated + n_comparison - 2))


def hedges_g(
    mean_treated: float,
    sd_treated: float,
    n_treated: int,
    mean_comparison: float,
    sd_comparison: float,
    n_comparison: int,
    *,
    small_sample: bool = True,
) -> EffectSize:
    """Return the standardized difference of two means (Hedges, 1981).

    Parameters
    ----------
    mean_treated, sd_treated, n_treated : float, float, int
        Of the group served.
    mean_comparison, sd_comparison, n_comparison : float, float, int
        Of the group compared.
    small_sample : bool
        Multiply by `small_sample_factor`.

    Returns
    -------
    EffectSize

    Raises
    ------
    DataError
        If a group is empty or the standard deviations are impossible.
    """
    spread = pooled_sd(sd_treated, n_treated, sd_comparison, n_comparison)
    difference = (mean_treated - mean_comparison) / spread
    return _g(difference, n_treated, n_comparison, small_sample, "means and standard deviations")


def hedges_g_from_t(
    t: float, n_treated: int, n_comparison: int, *, small_sample: bool = True
) -> EffectSize:
    """Return Hedges' g from a two-sample t statistic (Borenstein, 2009)."""
    check_sizes(n_treated, n_comparison)
    root = math.sqrt((n_treated + n_comparison) / (n_treated * n_comparison))
    return _g(t * root, n_treated, n_comparison, small_sample, "a t statistic")


def hedges_g_from_p(
    p: float, n_treated: int, n_comparison: int, *, higher: bool, small_sample: bool = True
) -> EffectSize:
    """Return Hedges' g from a two-sided p value of a t test.

    Parameters
    ----------
    p : float
        Above 0 and at most 1.
    n_treated, n_comparison : int
        Group sizes.
    higher : bool
        Whether the served group's mean is the higher one, which p does not tell.
    small_sample : bool
        Multiply by `small_sample_factor`.
    """
    check_sizes(n_treated, n_comparison)
    _freedom(n_treated, n_comparison)
    if not 0 < p <= 1:
        raise DataError(f"p = {p:g} is not a probability above 0: give the exact p value.")
    t = float(stats.t.isf(p / 2, n_treated + n_comparison - 2))
    found = hedges_g_from_t(t if higher else -t, n_treated, n_comparison, small_sample=small_sample)
    return EffectSize(**{**vars(found), "made_from": "a p value"})


def _g(d: float, n_treated: int, n_comparison: int, small_sample: bool, source: str) -> EffectSize:
    n = n_treated + n_comparison
    factor = small_sample_factor(n) if small_sample else 1.0
    value = factor * d
    se = factor * math.sqrt(n / (n_treated * n_comparison) + value**2 / (2 * n))
    return symmetric("hedges_g", value, se, source)


def cox_index(
    share_treated: float,
    n_treated: int,
    share_comparison: float,
    n_comparison: int,
    *,
    small_sample: bool = True,
) -> EffectSize:
    """Return the Cox index, a difference of log odds over 1.65 (Cox, 1970).

    Parameters
    ----------
    share_treated, share_comparison : float
        Shares with the outcome, above 0 and below 1.
    n_treated, n_comparison : int
        Group sizes.
    small_sample : bool
        Multiply by `small_sample_factor`.

    Returns
    -------
    EffectSize

    Raises
    ------
    DataError
        If a share is 0 or 1: the index does not exist there, and no count is
        invented to make it exist; `risk_difference` still does.
    """
    check_sizes(n_treated, n_comparison)
    for share in (share_treated, share_comparison):
        _share(share)
        if share in (0, 1):
            raise DataError(
                f"A share of {share:g} has no odds, so the Cox index does not exist: report the "
                "risk difference with its exact interval instead."
            )
    factor = small_sample_factor(n_treated + n_comparison) if small_sample else 1.0
    log_odds = _logit(share_treated) - _logit(share_comparison)
    variance = sum(
        1 / (n * p * (1 - p))
        for n, p in ((n_treated, share_treated), (n_comparison, share_comparison))
    )
    scale = factor / COX_DIVISOR
    return symmetric("cox_index", scale * log_odds, scale * math.sqrt(variance), "shares and sizes")


def cox_index_of_risks(
    risk_treated: float,
    se_treated: float,
    risk_comparison: float,
    se_comparison: float,
    covariance: float = 0.0,
) -> EffectSize:
    """Return the Cox index of two risks at one horizon, with their own variance.

    This is the way from a follow-up study to a standardized effect: the risks come
    from Kaplan-Meier or from cumulative incidence, weighted or not, and their
    standard errors carry weights and clusters (delta method).

    Parameters
    ----------
    risk_treated, risk_comparison : float
        Risks at the same horizon, above 0 and below 1.
    se_treated, se_comparison : float
        Their standard errors.
    covariance : float
        Of the two risks, where families have children in both groups.

    Returns
    -------
    EffectSize
        Without small-sample factor, since weighted risks have no single size.
    """
    for risk in (risk_treated, risk_comparison):
        _share(risk)
        if risk in (0, 1):
            raise DataError(
                f"A risk of {risk:g} has no odds, so the Cox index does not exist: report the risk "
                "difference with its interval instead."
            )
    most = se_treated * se_comparison
    if not (se_treated >= 0 and se_comparison >= 0 and abs(covariance) <= most * (1 + 1e-9)):
        raise DataError(
            f"Standard errors {se_treated:g} and {se_comparison:g} with covariance {covariance:g} "
            "are impossible: give standard errors of at least 0, whose product no covariance "
            "exceeds."
        )
    slope = np.array(
        [1 / (risk_treated * (1 - risk_treated)), -1 / (risk_comparison * (1 - risk_comparison))]
    )
    spread = np.array([[se_treated**2, covariance], [covariance, se_comparison**2]])
    se = math.sqrt(max(0.0, float(slope @ spread @ slope))) / COX_DIVISOR
    value = (_logit(risk_treated) - _logit(risk_comparison)) / COX_DIVISOR
    return symmetric("cox_index", value, se, "risks at one horizon")


def standardized(effect: EffectSize) -> EffectSize:
    """Return an effect on the standardized scale.

    An odds ratio becomes a Cox index, its log over 1.65. A hazard ratio never
    becomes a standardized effect: no conversion is published, and what it means
    depends on how frequent the event is.

    Raises
    ------
    DataError
        For a measure that has no conversion, naming what to use instead.
    """
    if effect.measure in STANDARDIZED:
        return effect
    if effect.measure == "odds_ratio":
        value, se = math.log(effect.value) / COX_DIVISOR, effect.se / COX_DIVISOR
        low, high = math.log(effect.ci_low) / COX_DIVISOR, math.log(effect.ci_high) / COX_DIVISOR
        return EffectSize("cox_index", value, se, low, high, effect.made_from)
    raise DataError(
        f"A {effect.measure.replace('_', ' ')} is not turned into a standardized effect: give the "
        "risks at a horizon to cox_index_of_risks, or the shares and sizes to cox_index."
    )


def difference_in_differences(after: EffectSize, before: EffectSize) -> float:
    """Return the effect size afterwards less the effect size at baseline."""
    if after.measure != before.measure or after.measure not in STANDARDIZED:
        raise DataError(
            f"A {after.measure} less a {before.measure} means nothing: give two of hedges_g or "
            "two of cox_index."
        )
    return after.value - before.value


def improvement_index(effect: EffectSize | float) -> float:
    """Return the gain in percentile rank of an average child: 100 Phi(g) - 50."""
    value = standardized(effect).value if isinstance(effect, EffectSize) else effect
    return float(100 * stats.norm.cdf(value) - 50)


def cluster_adjusted_t(
    t: float, n: int, mean_cluster_size: float, intraclass_correlation: float
) -> tuple[float, float]:
    """Correct a t statistic that ignored clusters (Hedges, 2007).

    Parameters
    ----------
    t : float
        As computed for independent children.
    n : int
        Children in both groups.
    mean_cluster_size : float
        Children per cluster.
    intraclass_correlation : float
        Between 0 and 1.

    Returns
    -------
    (float, float)
        The corrected t and its degrees of freedom.
    """
    size, r = mean_cluster_size, intraclass_correlation
    if not (0 <= r <= 1 and 1 <= size < n / 2):
        raise DataError(
            f"An intraclass correlation of {r:g} in clusters of {size:g} among {n} children is "
            "impossible: give 0 to 1, and clusters of at least 1 and under half of all children."
        )
    free = (n - 2) - 2 * (size - 1) * r
    adjusted = t * math.sqrt(free / ((n - 2) * (1 + (size - 1) * r)))
    left = n - 2 * size
    spread = (n - 2) * (1 - r) ** 2 + size * left * r**2 + 2 * left * r * (1 - r)
    return adjusted, free**2 / spread


def benjamini_hochberg(p: list[float], level: float = 0.05) -> list[bool]:
    """Tell which p values of one outcome domain stay significant.

    The false discovery rate is held at ``level`` (Benjamini and Hochberg, 1995); a p
    value equal to its cut counts.

    Raises
    ------
    DataError
        If a p value is not a probability.
    """
    for value in p:
        if not 0 <= value <= 1:
            raise DataError(f"p = {value:g} is not a probability: give p values from 0 to 1.")
    from statsmodels.stats.multitest import multipletests

    return [bool(kept) for kept in multipletests(p, alpha=level, method="fdr_bh")[0]]


def symmetric(measure: str, value: float, se: float, source: str) -> EffectSize:
    """Return an effect whose 95% limits lie evenly about it."""
    _finite(measure, value, se)
    reach = float(stats.norm.ppf(0.975)) * se
    return EffectSize(measure, value, se, value - reach, value + reach, source)


def of_log(measure: str, log_value: float, se: float, source: str) -> EffectSize:
    """Return a ratio whose 95% limits lie evenly about it on the log scale."""
    _finite(measure, log_value, se)
    reach = float(stats.norm.ppf(0.975)) * se
    limits = (math.exp(x) for x in (log_value, log_value - reach, log_value + reach))
    value, low, high = limits
    return EffectSize(measure, value, se, low, high, source)


def _logit(share: float) -> float:
    return math.log(share / (1 - share))


def _share(share: float) -> None:
    if not 0 <= share <= 1:
        raise DataError(
            f"{share:g} is not a share: give a number from 0 to 1 (a percentage over 100)."
        )


def _finite(measure: str, value: float, se: float) -> None:
    if not (math.isfinite(value) and math.isfinite(se) and se >= 0):
        raise DataError(
            f"{value:g} with standard error {se:g} is no {measure.replace('_', ' ')}: give finite "
            "numbers, and a standard error of at least 0."
        )


def _freedom(n_treated: int, n_comparison: int) -> None:
    if not n_treated + n_comparison >= 3:
        raise DataError(
            f"Groups of {n_treated} and {n_comparison} leave no degree of freedom: a standardized "
            "difference needs at least 3 children in all."
        )


def check_sizes(n_treated: int, n_comparison: int) -> None:
    """Refuse an empty group."""
    for n in (n_treated, n_comparison):
        if not n >= 1:
            raise DataError(f"A group of {n} children is empty: give the size of each group.")
