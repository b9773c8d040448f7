"""95% intervals and p values, on the scale where each measure is nearly normal."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from evaluation.estimates import clusters as few

DAYS_PER_MONTH = 30.4375


@dataclass(frozen=True)
class Interval:
    """An estimate with its standard error, 95% limits and two-sided p value."""

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    p: float


def clustered_covariance(influence: pd.DataFrame, cluster: np.ndarray) -> np.ndarray:
    """Sum influence by code of cluster and take the outer product (Lin and Wei, 1989)."""
    by_cluster = np.array([np.bincount(cluster, column) for column in influence.to_numpy().T])
    return by_cluster @ by_cluster.T


def _quantile(clusters: int) -> float:
    return float(few.quantile(clusters))


def inflate(se: float, clusters: int) -> float:
    """Widen a robust standard error that rests on few clusters."""
    if 1 < clusters < few.FEW:
        return se * math.sqrt(clusters / (clusters - 1))
    return se


def linear(estimate: float, se: float, clusters: int) -> Interval:
    """Interval symmetric about the estimate; p against no difference."""
    quantile = _quantile(clusters)
    wide = inflate(se, clusters)
    p = math.nan
    if wide > 0 and clusters > 1:
        p = float(few.two_sided(np.array(estimate / wide), clusters))
    return Interval(estimate, se, estimate - quantile * wide, estimate + quantile * wide, p)


def log_ratio(log_estimate: float, se: float, clusters: int) -> Interval:
    """Interval of a ratio, symmetric on the log scale; ``se`` is of the log."""
    on_log = linear(log_estimate, se, clusters)
    return Interval(
        math.exp(log_estimate), se, math.exp(on_log.ci_low), math.exp(on_log.ci_high), on_log.p
    )


def risk(estimate: float, se: float, clusters: int) -> Interval:
    """Interval of a risk on the complementary log-log scale (no p value)."""
    if not 0 < estimate < 1 or se <= 0:
        return Interval(estimate, se, math.nan, math.nan, math.nan)
    quantile = _quantile(clusters)
    log_survival = math.log1p(-estimate)
    spread = quantile * inflate(se, clusters) / abs((1 - estimate) * log_survival)
    return Interval(
        estimate,
        se,
        -math.expm1(log_survival * math.exp(-spread)),
        -math.expm1(log_survival * math.exp(spread)),
        math.nan,
    )


def exact_share(events: int, of: int) -> tuple[float, float]:
    """Clopper-Pearson 95% limits of a share (Clopper and Pearson, 1934)."""
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(events, of, alpha=0.05, method="beta")
    return float(low), float(high)


def exact_rate_limit(time: float) -> float:
    """Upper 95% limit of a rate with no event in ``time`` (two-sided exact Poisson)."""
    return float(special.gammaincinv(1, 0.975) / time)


def measures_of_risks(
    risks: np.ndarray, covariance: np.ndarray, clusters: int, horizon: int
) -> list[dict]:
    """Turn two risks, served then comparison, into rows of the effects table.

    Parameters
    ----------
    risks : numpy.ndarray, shape (2,)
    covariance : numpy.ndarray, shape (2, 2)
    clusters : int
        Families behind them.
    horizon : int
        Day of the risks.

    Returns
    -------
    list of dict
        Nothing where a risk is missing; no ratio where one is zero.
    """
    if np.isnan(risks).any():
        return []
    served, other = risks
    se = np.sqrt(np.diag(covariance))
    against = np.array([1.0, -1.0])
    found = {
        "risk_treated": risk(served, se[0], clusters),
        "risk_comparison": risk(other, se[1], clusters),
        "risk_difference": linear(
            served - other, math.sqrt(against @ covariance @ against), clusters
        ),
    }
    if served > 0 and other > 0:
        slope = np.array([1 / served, -1 / other])
        found["risk_ratio"] = log_ratio(
            math.log(served / other), math.sqrt(slope @ covariance @ slope), clusters
        )
    return [
        {"measure": measure, "horizon": horizon, **vars(interval)}
        for measure, interval in found.items()
    ]
