"""A logistic model that is fitted again and again with other case weights."""

from copy import copy

import numpy as np
from scipy.special import expit

from evaluation.effects.receipt import fit_logistic
from evaluation.errors import StudyError

MOST_STEPS = 40
KEPT_FOR = 5
SETTLED = 3e-6
DRIFTING = 1e-3
"""Gain in log-likelihood below which a search that goes on is going nowhere."""


class Logistic:
    """A decision taken once: fitted by statsmodels, refitted from there.

    Parameters
    ----------
    x : numpy.ndarray, shape (n, p)
        Covariates without the intercept, centred.
    chosen : numpy.ndarray of bool, shape (n,)
        The decision.
    what : str
        Words for the decision, for errors.

    Raises
    ------
    StudyError
        If everyone or no one decided so, or the covariates decide it perfectly.
    """

    def __init__(self, x: np.ndarray, chosen: np.ndarray, what: str):
        self._x = np.column_stack([np.ones(len(x)), x])
        self._chosen, self._what = chosen.astype(float), what
        if chosen.all() or not chosen.any():
            raise StudyError(
                f"{'Every' if chosen.all() else 'No'} child has {what}: there is no one to compare "
                "with, so no weights can be made."
            )
        fit, _ = fit_logistic(self._chosen, self._x, what)
        self._beta = np.asarray(fit.params)

    def on(self, x: np.ndarray, chosen: np.ndarray) -> "Logistic":
        """Return the same decision among other children, fitted from this solution on.

        Parameters
        ----------
        x : numpy.ndarray, shape (m, p)
        chosen : numpy.ndarray of bool, shape (m,)

        Returns
        -------
        Logistic

        Raises
        ------
        StudyError
            If these children leave no solution.
        """
        other = copy(self)
        other._x = np.column_stack([np.ones(len(x)), x])
        other._chosen = chosen.astype(float)
        other._beta = other._refitted(np.ones(len(x)))
        return other

    def probability(self, weight: np.ndarray | None = None) -> np.ndarray:
        """Return each row's probability, the model refitted with case weights.

        The information is computed anew every few steps only, since the weights of a
        bootstrap keep the solution near. A level nobody chose in a replicate drifts on;
        its children then get no weight to carry.

        Parameters
        ----------
        weight : numpy.ndarray, optional
            Case weights of a replicate; the original fit without them.

        Returns
        -------
        numpy.ndarray

        Raises
        ------
        StudyError
            If the replicate's children leave no solution.
        """
        beta = self._beta if weight is None else self._refitted(weight)
        return expit(self._x @ beta)

    def _refitted(self, weight: np.ndarray) -> np.ndarray:
        beta = self._beta
        drawn = np.flatnonzero(weight > 0)
        x, weight, chosen = self._x[drawn], weight[drawn], self._chosen[drawn]
        score = expit(x @ beta)
        for number in range(2 * KEPT_FOR):
            if number % KEPT_FOR == 0:
                inverse, scale = self._inverse(x, weight * score * (1 - score))
            step = inverse @ (x.T @ (weight * (chosen - score)))
            beta = beta + step
            score = expit(x @ beta)
            if np.abs(step * scale).max() < SETTLED:
                return beta
        return self._climb(x, weight, chosen)

    def _climb(self, x: np.ndarray, weight: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Search again step by step, never downhill: few chose, so the start may be far."""
        beta, reached = self._beta, -np.inf
        step = np.zeros_like(beta)
        for _ in range(MOST_STEPS):
            line = x @ (beta + step)
            value = float(weight @ (chosen * line - np.logaddexp(0.0, line)))
            if value < reached - 1e-9 * abs(reached):
                step = step / 2
                continue
            beta, reached, score = beta + step, value, expit(line)
            inverse, _ = self._inverse(x, weight * score * (1 - score))
            gradient = x.T @ (weight * (chosen - score))
            step = inverse @ gradient
            if gradient @ step < DRIFTING:
                return beta
        raise StudyError(f"A replicate holds too few children with {self._what}.")

    def _inverse(self, x: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        information = x.T @ (x * spread[:, None])
        try:
            return np.linalg.inv(information), np.sqrt(np.diag(information) / len(x))
        except np.linalg.LinAlgError:
            raise StudyError(f"A replicate holds too few children with {self._what}.") from None
