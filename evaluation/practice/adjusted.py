"""RSP-style performance of counties: expected from age, shrunk, and never a federal RSP."""

import numpy as np
import pandas as pd
from scipy import stats

NO_AGE = -1
LABEL = "RSP-style, within these data: not a federal risk-standardized performance"


def adjusted(counts: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Compare each unit's events with those expected from its children's ages.

    Expected events are those of a regression on age bands alone, logistic for
    children and Poisson for days, which both give each band its overall rate.
    The ratios of observed to expected are shrunk towards 1 by empirical Bayes
    (gamma-Poisson, moments; Marshall 1991), and multiplied by the overall rate.

    Parameters
    ----------
    counts : pandas.DataFrame
        ``county``, ``band``, ``n``, ``events``.
    level : float
        Of the interval.

    Returns
    -------
    pandas.DataFrame
        One row per county: ``county``, ``n``, ``events``, ``expected``,
        ``ratio``, ``shrunk_ratio``, ``adjusted``, ``adjusted_low``,
        ``adjusted_high`` (missing where the counties do not differ by more
        than chance, or there is but one).

    References
    ----------
    Marshall (1991), Applied Statistics 40: 283-294.
    """
    band = counts.groupby("band")[["n", "events"]].transform("sum")
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(band["n"] > 0, band["events"] / band["n"], 0.0)
    units = counts.assign(expected=counts["n"] * share).groupby("county", sort=True)
    found = units[["n", "events", "expected"]].sum().reset_index()
    found = found[found["n"] > 0].reset_index(drop=True)
    overall = found["events"].sum() / found["n"].sum() if len(found) else np.nan
    expected = found["expected"].to_numpy(float)
    ratio = np.divide(found["events"], expected, out=np.ones(len(found)), where=expected > 0)
    found["ratio"] = ratio
    between = _between(ratio, expected)
    if between <= 0:
        found["shrunk_ratio"] = 1.0
        found["adjusted"] = overall
        return found.assign(adjusted_low=np.nan, adjusted_high=np.nan)
    shape, rate = found["events"] + 1 / between, expected + 1 / between
    tail = (1 - level) / 2
    found["shrunk_ratio"] = shape / rate
    found["adjusted"] = overall * found["shrunk_ratio"]
    found["adjusted_low"] = overall * stats.gamma.ppf(tail, shape) / rate
    found["adjusted_high"] = overall * stats.gamma.ppf(1 - tail, shape) / rate
    return found


def _between(ratio: np.ndarray, expected: np.ndarray) -> float:
    """Return the variance of true ratios between units, by moments; 0 or less where none shows."""
    total = expected.sum()
    if len(ratio) < 2 or total <= 0:
        return 0.0
    spread = (expected * (ratio - 1) ** 2).sum() / total
    return float(spread - len(ratio) / total)
