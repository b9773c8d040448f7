"""Harrell's C for rows with starts, stops, strata and weights."""

from dataclasses import dataclass

import numpy as np

from evaluation.estimates.fit import Fit, clusters_of


@dataclass(frozen=True)
class Concordance:
    """Harrell's C and its standard error; NaN where no two rows can be compared."""

    value: float
    se: float


def concordance(fit: Fit) -> Concordance:
    """Return the share of comparable pairs that the model orders rightly; ties count half.

    A row that ends in the event is compared with the rows of its stratum under
    observation then that stay longer, or end on the same day without it. The
    standard error is the infinitesimal jackknife, summed by cluster.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    Concordance

    References
    ----------
    Harrell, Lee and Mark (1996); weights multiply. Therneau and Watson (2017)
    for the variance.
    """
    rows, weights, failed = fit.rows, fit.model.weights, fit.event
    score, stratum = _ranked(fit.model.predictor(fit.maximum.beta)), fit.rows.strata.codes
    moments = np.unique(rows.stop[failed])
    ended = 2 * np.searchsorted(moments, rows.stop, side="right") + ~failed
    own, late_end = weights[failed], 2 * len(moments) + 2
    first = (stratum[failed], ended[failed], score[failed])
    sooner = (stratum[failed], late_end - ended[failed], score.max() - score[failed], own)
    later = (stratum, late_end - ended, score.max() - score)
    right, every = _right_and_every(stratum, ended, score, weights, *first)
    as_later = _right_and_every(*sooner, *later)
    if rows.start is not None:
        begun = 2 * np.searchsorted(moments, rows.start, side="right")
        missed = _right_and_every(stratum, begun, score, weights, first[0], first[1] - 1, first[2])
        right, every = right - missed[0], every - missed[1]
        before = _right_and_every(*sooner, stratum, late_end - begun - 1, later[2])
        as_later = as_later[0] - before[0], as_later[1] - before[1]
    pairs = own @ every
    if not pairs > 0:
        return Concordance(float("nan"), float("nan"))
    value = float(own @ right / pairs)
    change = as_later[0] - value * as_later[1]
    change[failed] += right - value * every
    codes = clusters_of(rows)[0]
    total = np.bincount(codes, weights * change / pairs)
    return Concordance(value, float(np.sqrt((total**2).sum())))


def _right_and_every(*asked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return, for each row asked about, the weight of pairs in the right order and of all."""
    lower, equal, every = _beyond(*asked)
    return lower + equal / 2, every


def _ranked(line: np.ndarray) -> np.ndarray:
    """Rank linear predictors; what differs by rounding only is tied."""
    unit = 1e-10 * max(1.0, float(np.abs(line).max()))
    return np.unique(np.round(line / unit), return_inverse=True)[1]


def _beyond(
    stratum: np.ndarray,
    key: np.ndarray,
    score: np.ndarray,
    weights: np.ndarray,
    asked_stratum: np.ndarray,
    asked_key: np.ndarray,
    asked_score: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Add up weights of rows with a larger key: of lower score, of equal score, of any.

    Rows are put in order of (stratum, key); a run from the beginning is cut
    into blocks whose lengths are powers of two, inside which rows lie in order
    of score, so that a binary search answers for each block.
    """
    width = int(max(key.max(), asked_key.max())) + 2
    place = stratum.astype(np.int64) * width + key
    order = np.argsort(place, kind="stable")
    place, score, weights = place[order], score[order], weights[order]
    at = asked_stratum.astype(np.int64) * width
    first = np.searchsorted(place, at + asked_key, side="right")
    last = np.searchsorted(place, at + width - 1, side="right")
    total = np.concatenate([[0.0], np.cumsum(weights)])
    twice = np.concatenate([asked_score, asked_score])
    ends = np.concatenate([last, first])
    lower, equal = np.zeros(len(ends)), np.zeros(len(ends))
    index = np.arange(len(place))
    by_score = np.argsort(score, kind="stable")
    span = int(max(score.max(), asked_score.max())) + 1
    for level in range(len(place).bit_length()):
        block = by_score >> level
        inside = by_score[np.argsort(block, kind="stable")]
        ranked = (index >> level) * span + score[inside]
        heavy = np.concatenate([[0.0], np.cumsum(weights[inside])])
        use = np.flatnonzero((ends >> level) & 1)
        begin = (ends[use] >> (level + 1)) << 1
        wanted = begin * span + twice[use]
        low = np.searchsorted(ranked, wanted, side="left")
        high = np.searchsorted(ranked, wanted, side="right")
        lower[use] += heavy[low] - heavy[begin << level]
        equal[use] += heavy[high] - heavy[low]
    half = len(first)
    return (
        lower[:half] - lower[half:],
        equal[:half] - equal[half:],
        total[last] - total[first],
    )
