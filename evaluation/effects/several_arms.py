"""The probability of each of several arms."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.errors import StudyError

LEAST = 1e-8


@dataclass(frozen=True)
class ArmModel:
    """A model of which arm each row is in.

    Attributes
    ----------
    names : tuple of str
        The arms, the reference first.
    x : numpy.ndarray, shape (rows, terms)
        Its design.
    scores : numpy.ndarray, shape (rows, arms)
        Probability of each arm.
    influence : numpy.ndarray, shape (rows, coefficients)
        Each row's contribution to the coefficients, arm by arm after the reference.
    """

    names: tuple[str, ...]
    x: np.ndarray
    scores: np.ndarray
    influence: np.ndarray

    def derivative(self, place: int) -> np.ndarray:
        """Differentiate the probability of one arm in the coefficients."""
        own = self.scores[:, place]
        parts = [
            self.x * (own * ((place == other) - self.scores[:, other]))[:, None]
            for other in range(1, len(self.names))
        ]
        return np.hstack(parts)


def multinomial(
    arm: pd.Series, x: np.ndarray, terms: list[str], treatment: str
) -> tuple[ArmModel, pd.DataFrame]:
    """Fit a multinomial logistic model (Imbens, 2000) by statsmodels.

    Parameters
    ----------
    arm : pandas.Series
        Categories, the reference first.
    x : numpy.ndarray, shape (rows, terms)
    terms : list of str
    treatment : str
        Words for the choice, for errors.

    Returns
    -------
    tuple of ArmModel and pandas.DataFrame
        The model, and one row per arm and term: ``arm``, ``term``, ``coef``, ``se``,
        ``z``, ``p``.

    Raises
    ------
    StudyError
        If columns are collinear, or decide an arm perfectly.
    """
    from statsmodels.discrete.discrete_model import MNLogit

    names = tuple(arm.cat.categories)
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise StudyError(
            f"The covariates that explain {treatment} are collinear: leave out one that the "
            "others determine."
        )
    model = MNLogit(arm.cat.codes.to_numpy(), x)
    try:
        with np.errstate(all="ignore"):
            fit = model.fit(method="newton", maxiter=100, tol=1e-10, disp=False)
        scores = np.asarray(fit.predict())
        information = -model.hessian(np.asarray(fit.params).ravel(order="F"))
        inverse = np.linalg.inv(information)
        settled = fit.mle_retvals["converged"] and scores.min() > LEAST
    except np.linalg.LinAlgError:
        settled = False
    if not settled:
        raise StudyError(
            f"The covariates predict {treatment} perfectly for some children: no comparable "
            "children exist for them, so weights cannot be made. Leave out or coarsen the "
            "covariate that decides who is served."
        )
    belongs = arm.cat.codes.to_numpy()[:, None] == np.arange(1, len(names))
    score = np.hstack([x * (belongs[:, [k]] - scores[:, [k + 1]]) for k in range(len(names) - 1)])
    coef = np.asarray(fit.params).ravel(order="F")
    se = np.sqrt(np.diag(inverse))
    table = pd.DataFrame(
        {
            "arm": np.repeat(names[1:], len(terms)),
            "term": terms * (len(names) - 1),
            "coef": coef,
            "se": se,
            "z": coef / se,
            "p": np.asarray(fit.pvalues).ravel(order="F"),
        }
    )
    return ArmModel(names, x, scores, score @ inverse), table
