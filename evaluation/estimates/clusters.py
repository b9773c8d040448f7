"""Cluster-robust variance, and what to do when there are few clusters."""

import numpy as np
from scipy import special

FEW = 40


def corrected(se: np.ndarray, clusters: np.ndarray | int) -> np.ndarray:
    """Correct a robust standard error for a small number of clusters.

    Parameters
    ----------
    se : ndarray of float
        Uncorrected: the root of the sum of squared cluster influences.
    clusters : int or ndarray of int
        Number of clusters behind each.

    Returns
    -------
    ndarray of float
        ``se * sqrt(G / (G - 1))``; NaN with one cluster, which says nothing
        about how clusters differ.
    """
    clusters = np.asarray(clusters, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(clusters > 1, np.sqrt(clusters / (clusters - 1)), np.nan)
    return se * factor


def quantile(clusters: np.ndarray | int | None, level: float = 0.95) -> np.ndarray | float:
    """Return the multiplier of a two-sided interval.

    Parameters
    ----------
    clusters : int, ndarray of int or None
        Number of clusters; below 40 the t distribution with one degree of
        freedom less is used, otherwise (or with None) the normal.
    level : float
        Coverage wanted.

    Returns
    -------
    float or ndarray of float
    """
    tail = (1 + level) / 2
    normal = special.ndtri(tail)
    if clusters is None:
        return normal
    clusters = np.asarray(clusters)
    few = (clusters < FEW) & (clusters > 1)
    student = special.stdtrit(np.where(few, clusters - 1, 1), tail)
    return np.where(few, student, np.where(clusters > 1, normal, np.nan))


def two_sided(statistic: np.ndarray, clusters: int | None) -> np.ndarray:
    """Return two-sided p values, by t with few clusters, otherwise normal."""
    if clusters is not None and clusters < FEW:
        return 2 * special.stdtr(max(clusters - 1, 1), -np.abs(statistic))
    return 2 * special.ndtr(-np.abs(statistic))


def caution(clusters: int, what: str = "") -> str:
    """Say that there are few clusters and what follows from it."""
    where = f" in {what}" if what else ""
    if clusters < 2:
        return f"One cluster{where}: its variance cannot be estimated."
    return (
        f"Only {clusters} clusters{where} (fewer than {FEW}): limits and p use a corrected "
        f"standard error and t with {clusters - 1} degrees of freedom."
    )


def is_caution(warning: str) -> bool:
    """Tell whether a warning is one of :func:`caution`, about limits of the table it stood with."""
    return "limits and p use a corrected" in warning or "its variance cannot be" in warning
