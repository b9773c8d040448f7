"""Profile-likelihood limits, for coefficients whose standard error misleads or does not exist."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import optimize, stats

from evaluation.estimates import clusters as few
from evaluation.estimates.errors import EstimateError, nearest
from evaluation.estimates.fit import Fit, clusters_of
from evaluation.estimates.maximize import maximize
from evaluation.estimates.partial_likelihood import PartialLikelihood

_MOST_DOUBLINGS = 40


def profile_limits(
    fit: Fit, term: str, level: float = 0.95, robust: pd.DataFrame | None = None
) -> tuple[float, float]:
    """Return the hazard ratios at which the profile likelihood rejects.

    With clusters or weights the fall of the log-likelihood is multiplied by
    the ratio of model-based to robust variance of the coefficient. Where the
    coefficient runs to infinity neither variance exists. Then the factor is
    what independent events of these weights would give (sum of weights over
    sum of squares) times, where it is below 1, the variance of the efficient
    score at no effect of independent subjects over that of clusters.

    Parameters
    ----------
    fit : Fit
    term : str
    level : float
    robust : DataFrame, optional
        Robust covariance of the coefficients; None for independent rows
        without weights.

    Returns
    -------
    tuple of float
        0 or infinite on a side where the likelihood never rejects.

    Raises
    ------
    EstimateError
        If the term is unknown, the level is not between 0 and 1, there is one
        cluster, or the likelihood does not fall off.

    References
    ----------
    Venzon and Moolgavkar (1988); Chandler and Bate (2007) for the scale.
    """
    terms = fit.design.terms
    if term not in terms:
        raise EstimateError(f"There is no term {term!r}{nearest(term, terms)}")
    if not 0 < level < 1:
        raise EstimateError(f"level={level!r} must be between 0 and 1.")
    at = terms.index(term)
    drop = stats.chi2.ppf(level, 1) / 2
    if robust is not None:
        groups = clusters_of(fit.rows)[1]
        if groups < 2:
            raise EstimateError(few.caution(groups))
        drop = float(few.quantile(groups, level)) ** 2 / 2 / _scale(fit, at, robust)
    profile, highest = _profile(fit, at), fit.maximum.loglik[1]
    beta, se = fit.maximum.beta[at], np.sqrt(fit.maximum.covariance[at, at])
    step = se if np.isfinite(se) else 1 / fit.design.spread[at]
    limits = []
    for sign in (-1, 1):
        endless = fit.maximum.infinite[at] and np.sign(beta) == sign
        limits.append(
            sign * np.inf
            if endless
            else _crossing(lambda b: profile(b) - highest + drop, beta, sign * step)
        )
    with np.errstate(over="ignore"):
        return float(np.exp(limits[0])), float(np.exp(limits[1]))


def _scale(fit: Fit, at: int, robust: pd.DataFrame) -> float:
    """Return model-based over robust variance of one coefficient."""
    if not fit.maximum.infinite[at]:
        scale = fit.maximum.covariance[at, at] / robust.iloc[at, at]
        if not np.isfinite(scale) or scale > 1e12:
            raise EstimateError(
                f"The robust variance of {fit.design.terms[at]!r} says nothing, so its profile "
                f"likelihood cannot be scaled to it."
            )
        return scale
    weights = fit.model.weights[fit.model.events]
    return float(weights.sum() / (weights**2).sum() * min(1.0, _dependence(fit, at)))


def _dependence(fit: Fit, at: int) -> float:
    """Return the variance of a term's score at no effect: independent subjects over clusters."""
    others = [k for k in range(len(fit.design.terms)) if k != at]
    beta = np.zeros(len(fit.design.terms))
    if others:
        beta[others] = _reduced(fit, at, 0.0)[1]
    hazard = fit.model.hazard(beta)
    _, information = fit.model.derivatives(hazard)
    slope = np.linalg.pinv(information[np.ix_(others, others)]) @ information[others, at]
    scores = fit.model.scores(hazard)
    efficient = scores[:, at] - scores[:, others] @ slope
    subject, alone = fit.rows.id, efficient
    if subject is not None and np.bincount(subject.codes[fit.model.events]).max() == 1:
        alone = np.bincount(subject.codes, efficient)
    together = np.bincount(clusters_of(fit.rows)[0], efficient)
    return float(alone @ alone / (together @ together))


def _reduced(fit: Fit, at: int, beta: float) -> tuple[float, np.ndarray]:
    """Maximize over all coefficients but one: the log-likelihood and the others."""
    model, terms, spread = fit.model, fit.design.terms, fit.design.spread
    others = [k for k in range(len(terms)) if k != at]
    offset = beta * model.x[:, at] + (0.0 if model.offset is None else model.offset)
    x = np.ascontiguousarray(model.x[:, others])
    offset -= offset.max()
    reduced = PartialLikelihood(model.sets, x, model.event, model.weights, offset, model.ties)
    if not others:
        return reduced.hazard(np.zeros(0)).loglik, np.zeros(0)
    start = np.where(fit.maximum.infinite, 0.0, fit.maximum.beta)[others]
    found = maximize(reduced, [terms[k] for k in others], spread[others], start)
    return found.loglik[1], found.beta


def _profile(fit: Fit, at: int) -> Callable[[float], float]:
    def profile(beta: float) -> float:
        loglik = _reduced(fit, at, beta)[0]
        return loglik if np.isfinite(loglik) else -1e300

    return profile


def _crossing(above: Callable[[float], float], beta: float, step: float) -> float:
    """Walk from the maximum until the likelihood has dropped, then find where it did."""
    inside, outside = beta, beta + step
    for _ in range(_MOST_DOUBLINGS):
        if above(outside) <= 0:
            return float(optimize.brentq(above, inside, outside, xtol=1e-9 * abs(step)))
        step *= 2
        inside, outside = outside, outside + step
    raise EstimateError("The profile likelihood does not fall off, so it gives no limit.")
