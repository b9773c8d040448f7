"""Harrell's C for rows with starts, stops, strata and weights."""

import numpy as np

from evaluation.estimates.fit import Fit


def concordance(fit: Fit) -> float:
    """Return the share of comparable pairs that the model orders rightly; ties count half.

    A row that ends in the event is compared with the rows of its stratum under
    observation then that stay longer, or end on the same day without it.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    float
        Between 0 and 1; NaN where no two rows can be compared.

    References
    ----------
    Harrell, Lee and Mark (1996); weights multiply.
    """
    rows, weights, failed = fit.rows, fit.model.weights, fit.event
    score = _ranked(fit.model.predictor(fit.maximum.beta))
    moments = np.unique(rows.stop[failed])
    ended = 2 * np.searchsorted(moments, rows.stop, side="right") + ~failed
    asked = (rows.strata.codes[failed], ended[failed], score[failed])
    lower, equal, every = _beyond(rows.strata.codes, ended, score, weights, *asked)
    if rows.start is not None:
        begun = 2 * np.searchsorted(moments, rows.start, side="right")
        asked = (asked[0], asked[1] - 1, asked[2])
        late = _beyond(rows.strata.codes, begun, score, weights, *asked)
        lower, equal, every = lower - late[0], equal - late[1], every - late[2]
    own = weights[failed]
    pairs = own @ every
    return float(own @ (lower + equal / 2) / pairs) if pairs > 0 else float("nan")


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
    span = int(score.max()) + 1
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
