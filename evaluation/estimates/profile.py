"""Profile-likelihood limits, for coefficients whose standard error misleads or does not exist."""

from collections.abc import Callable

import numpy as np
from scipy import optimize, stats

from evaluation.estimates.errors import EstimateError, nearest
from evaluation.estimates.hazard_model import Fit
from evaluation.estimates.maximize import maximize
from evaluation.estimates.partial_likelihood import PartialLikelihood


def profile_limits(fit: Fit, term: str, level: float = 0.95) -> tuple[float, float]:
    """Return the hazard ratios at which the profile likelihood rejects.

    Parameters
    ----------
    fit : Fit
    term : str
    level : float

    Returns
    -------
    tuple of float
        0 or infinite on a side where the likelihood never rejects.

    Raises
    ------
    EstimateError
        If the term is unknown or the level is not between 0 and 1.

    References
    ----------
    Venzon and Moolgavkar (1988).
    """
    terms = fit.design.terms
    if term not in terms:
        raise EstimateError(f"There is no term {term!r}{nearest(term, terms)}")
    if not 0 < level < 1:
        raise EstimateError(f"level={level!r} must be between 0 and 1.")
    at = terms.index(term)
    drop = stats.chi2.ppf(level, 1) / 2
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
    return float(np.exp(limits[0])), float(np.exp(limits[1]))


def _profile(fit: Fit, at: int) -> Callable[[float], float]:
    """Return the log-likelihood maximized over all coefficients but one."""
    model = fit.model
    others = [k for k in range(len(fit.design.terms)) if k != at]
    held = model.x[:, at]
    x = np.ascontiguousarray(model.x[:, others])
    names, spread = [fit.design.terms[k] for k in others], fit.design.spread[others]
    base = 0.0 if model.offset is None else model.offset

    def profile(beta: float) -> float:
        offset = base + beta * held
        offset = offset - offset.max()
        reduced = PartialLikelihood(model.sets, x, model.event, model.weights, offset, model.ties)
        if not others:
            return reduced.hazard(np.zeros(0)).loglik
        return maximize(reduced, names, spread).loglik[1]

    return profile


def _crossing(above: Callable[[float], float], beta: float, step: float) -> float:
    """Walk from the maximum until the likelihood has dropped, then find where it did."""
    inside, outside = beta, beta + step
    while above(outside) > 0:
        step *= 2
        inside, outside = outside, outside + step
    return float(optimize.brentq(above, inside, outside, xtol=1e-9 * abs(step)))
