"""Shares with intervals that stay within 0 and 1 and know of families.

Counts are enough: a share needs no rows, so it can be made from sums per group
that an engine gives.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.estimates.errors import EstimateError

FEW_CLUSTERS = 40
SUMS = ("n", "events", "clusters", "n_squared", "events_squared", "n_events")


def wilson(
    events: float | np.ndarray, n: float | np.ndarray, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Return the Wilson score interval of a share.

    Parameters
    ----------
    events, n : float or numpy.ndarray
        Events and trials; ``n`` may be an effective number.
    level : float
        Of the interval.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limit; missing where ``n`` is 0.

    References
    ----------
    Wilson (1927), JASA 22: 209-212.
    """
    quantile = stats.norm.ppf(0.5 + level / 2)
    return _score_limits(np.asarray(events, float), np.asarray(n, float), quantile)


def _score_limits(events, n, quantile):
    with np.errstate(divide="ignore", invalid="ignore"):
        share, square = events / n, quantile**2
        centre = (share + square / (2 * n)) / (1 + square / n)
        half = quantile / (1 + square / n) * np.sqrt(share * (1 - share) / n + square / (4 * n**2))
        low, high = np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)
    low, high = np.where(events == 0, 0.0, low), np.where(events == n, 1.0, high)
    return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)


def clustered_share(sums: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Return shares with Wilson intervals on an effective number of trials.

    The variance of the share is the sum of squared cluster influences, times
    G/(G - 1). Divided by the variance of independent trials it is the design
    effect, never taken below 1; the trials divided by it are the effective
    number that the Wilson interval is made with. Where every trial, or none,
    is an event, the variance cannot be estimated: the effective number is then
    (sum n)^2 / sum n^2, as if the trials of a cluster were one. With fewer
    than 40 clusters the quantile is Student's with G - 1 degrees of freedom.

    Parameters
    ----------
    sums : pandas.DataFrame
        One row per share: ``n`` and ``events`` (over all trials), ``clusters``
        and the sums over clusters of squares and products, ``n_squared``,
        ``events_squared``, ``n_events``.
    level : float
        Of the interval.

    Returns
    -------
    pandas.DataFrame
        ``rate``, ``ci_low``, ``ci_high``, ``design_effect``,
        ``effective_n``, in the rows of ``sums``. One cluster alone has a rate
        and no interval.

    Raises
    ------
    EstimateError
        If a column is missing.

    References
    ----------
    Wilson (1927); effective numbers in the Wilson interval: Dean and Pagano
    (2015), Statistical Methods in Medical Research 24: 484-500.
    """
    lacking = [name for name in SUMS if name not in sums]
    if lacking:
        raise EstimateError(f"clustered_share needs the columns {', '.join(lacking)} of sums.")
    n, y, groups, nn, yy, ny = (sums[name].to_numpy(float) for name in SUMS)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = y / n
        spread = np.maximum(yy - 2 * rate * ny + rate**2 * nn, 0) * groups / (groups - 1)
        plain = n * rate * (1 - rate)
        effect = np.where(plain > 0, spread / plain, nn / n)
        effect = np.maximum(effect, 1.0)
        effective = n / effect
    few = np.clip(groups - 1, 1, None)
    normal, student = stats.norm.ppf(0.5 + level / 2), stats.t.ppf(0.5 + level / 2, few)
    quantile = np.where(groups < FEW_CLUSTERS, student, normal)
    low, high = _score_limits(rate * effective, effective, quantile)
    # floating error must not take the limits of 0 and of 1 away
    low, high = np.where(y == 0, 0.0, low), np.where(y == n, 1.0, high)
    told = groups > 1
    return pd.DataFrame(
        {
            "rate": np.where(n > 0, rate, np.nan),
            "ci_low": np.where(told, low, np.nan),
            "ci_high": np.where(told, high, np.nan),
            "design_effect": np.where(told, effect, np.nan),
            "effective_n": np.where(told, effective, np.nan),
        },
        index=sums.index,
    )


def cluster_sums(trials: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Sum trials and events per cluster for `clustered_share`.

    Parameters
    ----------
    trials : pandas.DataFrame
        One row per cluster (and group): ``n``, ``events``.
    by : sequence of str
        Columns that name the groups.

    Returns
    -------
    pandas.DataFrame
        One row per group: its columns and those of ``SUMS``.
    """
    rows = trials.assign(
        clusters=1,
        n_squared=trials["n"] ** 2,
        events_squared=trials["events"] ** 2,
        n_events=trials["n"] * trials["events"],
    )
    if not by:
        return rows[[*SUMS]].sum().to_frame().T
    return rows.groupby([*by], sort=True, observed=True)[[*SUMS]].sum().reset_index()
