"""Newton's method for the partial likelihood, and what can go wrong with it."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import solve_triangular

from evaluation.estimates.errors import EstimateError
from evaluation.estimates.partial_likelihood import PartialLikelihood

_CONVERGED = 1e-15
_CONVERGED_AGAIN, _CONVERGED_KEPT = 1e-7, 1e-13
"""Enough in a replicate, far below its spread: the step taken last squares what is left, or,
with information that serves again, leaves a twentieth."""
_KEPT, _KEPT_FOR = 0.05, 3
"""In a replicate the information serves again, so often, while a step gains less than this
share of the one before; towards infinity it gains more."""
_STALLED, _STALLED_AGAIN = 1e-9, 1e-6
"""Events that a step gains, below which what still moves is on its way to infinity."""
_STILL_MOVING = 0.01
_SLOW, _LEAP, _MORE_THAN_A_STEP = 0.2, 8.0, 0.75
"""Towards infinity a step promises 1/e of what the last did and gains 0.63 of it."""
_FLAT = 1e-4
_SINGULAR = 1e-11
_REACH = 10.0
_MOST_STEPS = 60
_MOST_HALVINGS = 30
_MANY_ROWS = 200_000
_THINNED = 16
_ENOUGH_EVENTS = 50


@dataclass(frozen=True)
class Maximum:
    """Where the partial likelihood is largest.

    Parameters
    ----------
    beta : ndarray of float, shape (p,)
        Coefficients; those that run to infinity are where the search stopped.
    information : ndarray of float, shape (p, p)
        Observed information.
    inverse : ndarray of float, shape (p, p)
        Its inverse, on the directions along which the likelihood is curved.
    loglik : tuple of float
        At no effect and at the maximum.
    infinite : ndarray of bool, shape (p,)
        Coefficients without a finite maximum (monotone likelihood).
    steps : int
        Newton steps taken.
    """

    beta: np.ndarray
    information: np.ndarray
    inverse: np.ndarray
    loglik: tuple[float, float]
    infinite: np.ndarray
    steps: int

    @property
    def covariance(self) -> np.ndarray:
        """The model-based covariance; NaN for coefficients that run to infinity."""
        return without_infinite(self, self.inverse)


def maximize(
    model: PartialLikelihood,
    terms: list[str],
    spread: np.ndarray,
    initial: np.ndarray | None = None,
    again: bool = False,
) -> Maximum:
    """Maximize a partial likelihood by Newton's method with step-halving.

    A step never changes a linear predictor by more than a factor of exp(10), so
    that a coefficient on its way to infinity does not leave the others without
    information.

    Parameters
    ----------
    model : PartialLikelihood
    terms : list of str
        Names of the columns, for errors.
    spread : ndarray of float, shape (p,)
        Range of each column: tells a coefficient that still moves the risk of
        somebody from one that has settled.
    initial : ndarray of float, shape (p,), optional
        Where to begin, such as the solution with other weights; zero by default.
    again : bool
        Whether this is one of many fits with other weights: ends sooner, computes the
        information anew only where the one of some steps before no longer serves, and
        leaves out the likelihood at no effect.

    Returns
    -------
    Maximum

    Raises
    ------
    EstimateError
        If a term carries no information of its own, by name, or the search
        does not end.
    """
    if initial is None:
        initial = _first_guess(model, terms, spread)
    beta = np.array(initial, float)
    hazard = model.hazard(beta)
    null = hazard.loglik
    if beta.any():
        null = np.nan if again else model.hazard(np.zeros(len(terms))).loglik
    enough, stalled = (_CONVERGED_AGAIN, _STALLED_AGAIN) if again else (_CONVERGED, _STALLED)
    gradient, information = model.derivatives(hazard)
    _check_identified(information, terms, spread, model)
    inverse, serves, kept = _inverse(information), again, 0
    heavy = float(model.weights[model.events].sum())
    unit = heavy / len(model.events)
    last = np.inf
    for taken in range(1, _MOST_STEPS + 1):
        step = inverse @ gradient
        gain = float(gradient @ step)
        if kept and gain > _KEPT * last:
            gradient, information = model.derivatives(hazard)
            inverse, serves, kept = _inverse(information), False, 0
            step = inverse @ gradient
            gain = float(gradient @ step)
        before, last = last, gain
        moving = np.abs(step) * spread > _STILL_MOVING
        if gain < stalled * unit and moving.any():
            loglik = (null, hazard.loglik)
            found = Maximum(beta, information, information, loglik, moving, taken)
            return _unbounded(found, spread, unit)
        if gain < (_CONVERGED_KEPT if kept else enough) * heavy and not moving.any():
            return Maximum(
                beta=beta + step,
                information=information,
                inverse=inverse,
                loglik=(null, hazard.loglik + gain / 2),
                infinite=np.zeros(len(terms), bool),
                steps=taken,
            )
        reach = float((np.abs(step) * spread).max())
        step = step * min(1.0, _REACH / reach)
        slow = _SLOW * before < gain < unit
        ahead = _leap(model, beta, step, gain, hazard.loglik) if slow else None
        beta, hazard = ahead or _climb(model, beta, step, hazard.loglik)
        if serves and ahead is None and kept < _KEPT_FOR:
            gradient, kept = model.gradient(hazard), kept + 1
            continue
        gradient, information = model.derivatives(hazard)
        inverse, kept = _inverse(information), 0
    raise EstimateError(
        f"The partial likelihood did not settle in {_MOST_STEPS} steps; look for extreme "
        f"covariate values, weights or offsets, or more levels than the events can tell apart."
    )


def _first_guess(model: PartialLikelihood, terms: list[str], spread: np.ndarray) -> np.ndarray:
    """Return where Newton's method begins: the solution of every 16th row, or no effect.

    With many rows this saves a step over all of them; the maximum is the same.
    """
    nowhere = np.zeros(len(terms))
    if len(model.x) < max(_MANY_ROWS, 2 * model.sets.size):
        return nowhere
    few = model.thinned(_THINNED)
    if len(few.events) < _ENOUGH_EVENTS * len(terms):
        return nowhere
    try:
        found = maximize(few, terms, spread, nowhere)
    except EstimateError:
        return nowhere
    return nowhere if found.infinite.any() else found.beta


def without_infinite(maximum: Maximum, covariance: np.ndarray) -> np.ndarray:
    """Blank out the rows and columns of coefficients that run to infinity."""
    covariance = covariance.copy()
    covariance[maximum.infinite] = np.nan
    covariance[:, maximum.infinite] = np.nan
    return covariance


def _leap(model: PartialLikelihood, beta: np.ndarray, step: np.ndarray, gain: float, loglik: float):
    """Go many steps at once where each gains a fixed share of the last: on the way to infinity."""
    far = beta + _LEAP * step
    hazard = model.hazard(far)
    return (far, hazard) if hazard.loglik > loglik + _MORE_THAN_A_STEP * gain else None


def _climb(model: PartialLikelihood, beta: np.ndarray, step: np.ndarray, loglik: float):
    for _ in range(_MOST_HALVINGS):
        hazard = model.hazard(beta + step)
        if np.isfinite(hazard.loglik) and hazard.loglik >= loglik - 1e-11 * abs(loglik):
            return beta + step, hazard
        step = step / 2
    raise EstimateError(
        "The partial likelihood cannot be increased and is not at its maximum; "
        "look for extreme covariate values, weights or offsets."
    )


def _unbounded(
    found: Maximum,
    spread: np.ndarray,
    unit: float,
) -> Maximum:
    """Invert the information on the directions along which the likelihood is curved."""
    curvature, direction = np.linalg.eigh(found.information / spread / spread[:, None])
    finite = curvature > _FLAT * unit
    inverse = (direction[:, finite] / curvature[finite]) @ direction[:, finite].T
    return replace(found, inverse=inverse / spread / spread[:, None])


def _inverse(information: np.ndarray) -> np.ndarray:
    """Invert after scaling to unit diagonal, so that units do not matter."""
    scale = 1 / np.sqrt(np.maximum(np.diag(information), np.finfo(float).tiny))
    scaled = information * scale * scale[:, None]
    try:
        inverse = np.linalg.inv(scaled)
    except np.linalg.LinAlgError:
        inverse = np.linalg.pinv(scaled, hermitian=True)
    return inverse * scale * scale[:, None]


def _check_identified(
    information: np.ndarray, terms: list[str], spread: np.ndarray, model: PartialLikelihood
) -> None:
    """Find, by Cholesky's decomposition, a term that earlier terms already say."""
    if len(terms) > len(model.events):
        raise EstimateError(
            f"{len(terms)} terms are too many for {len(model.events)} events; group levels, put a "
            f"factor in strata=, or leave terms out."
        )
    events = model.weights[model.events].sum()
    scale = np.sqrt(np.maximum(np.diag(information), 0))
    flat = scale**2 <= _SINGULAR * events * spread**2
    if flat.any():
        name = terms[int(np.argmax(flat))]
        raise EstimateError(
            f"Term {name!r} does not differ among the rows at risk at any event; "
            f"its coefficient cannot be estimated: leave it out."
        )
    scaled = information / scale / scale[:, None]
    try:
        pivots = np.diag(np.linalg.cholesky(scaled)) ** 2
    except np.linalg.LinAlgError:
        pivots = np.zeros(1)
    if pivots.min() >= _SINGULAR * 100:
        return
    factor = np.zeros_like(scaled)
    for j, name in enumerate(terms):
        row = solve_triangular(factor[:j, :j], scaled[:j, j], lower=True) if j else scaled[:0, j]
        pivot = 1 - row @ row
        if pivot < _SINGULAR * 100:
            weights = solve_triangular(factor[:j, :j].T, row)
            others = [t for t, w in zip(terms[:j], weights, strict=True) if abs(w) > 1e-6]
            listed = ", ".join(repr(t) for t in others)
            raise EstimateError(
                f"Term {name!r} is a combination of {listed} at every event; "
                f"its coefficient cannot be estimated: leave one of them out."
            )
        factor[j, :j], factor[j, j] = row, np.sqrt(pivot)
