"""The probability of being served, and the weights that follow from it."""

from dataclasses import dataclass
from typing import Literal

import formulaic
import numpy as np
import pandas as pd

from evaluation.effects.thresholds import THRESHOLDS
from evaluation.errors import StudyError

Population = Literal["all eligible", "treated", "overlap"]
POPULATIONS: tuple[str, ...] = ("all eligible", "treated", "overlap")


@dataclass(frozen=True)
class Propensity:
    """A fitted propensity model and the weights of one target population.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per model term: ``term``, ``coef``, ``se``, ``z``, ``p``.
    treated : pandas.Series
        Booleans: whether each row was served.
    scores : pandas.DataFrame
        One column per arm, ``no`` and ``yes``: each row's probability of the arm.
    weights : pandas.Series
        Balancing weight of each row, truncated.
    population : str
        Target population of the weights.
    truncated : int
        Rows whose weight was cut to ``largest``.
    largest : float
        The largest weight allowed.
    parameter_influence : numpy.ndarray
        Shape (rows, parameters): each row's contribution to the estimated
        parameters (coefficients, then the share treated).
    weight_derivative : numpy.ndarray
        Shape (rows, parameters): derivative of each row's weight.
    """

    table: pd.DataFrame
    treated: pd.Series
    scores: pd.DataFrame
    weights: pd.Series
    population: str
    truncated: int
    largest: float
    parameter_influence: np.ndarray
    weight_derivative: np.ndarray

    @property
    def effective_sample_size(self) -> pd.Series:
        """Kish's effective number of children in each arm."""
        arm = self.treated
        return pd.Series(
            {
                name: float(w.sum() ** 2 / (w**2).sum())
                for name, w in (("no", self.weights[~arm]), ("yes", self.weights[arm]))
            }
        )

    @property
    def outside_support(self) -> float:
        """Share of rows whose probability of either arm has hardly a counterpart.

        Outside are scores beyond those both arms show, and those so near 0 or 1 that
        fewer than one in a hundred like them is in the other arm.
        """
        score, arm = self.scores["yes"], self.treated
        low = max(score[arm].min(), score[~arm].min(), THRESHOLDS.least_share)
        high = min(score[arm].max(), score[~arm].max(), 1 - THRESHOLDS.least_share)
        return float(((score < low) | (score > high)).mean())

    @property
    def five_largest(self) -> pd.Series:
        """Share of each arm's weight that its five heaviest children carry."""
        arm = self.treated
        return pd.Series(
            {
                name: float(w.nlargest(5).sum() / w.sum())
                for name, w in (("no", self.weights[~arm]), ("yes", self.weights[arm]))
            }
        )

    def plot(self, ax=None):
        """Draw the overlap of the arms' probabilities of being served.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(6.5, 3.5))
        edges = np.linspace(0, 1, 41)
        score = self.scores["yes"]
        for own, colour, hatch, words in (
            (self.treated, "#00737A", None, "served"),
            (~self.treated, "#5B6770", "///", "comparison"),
        ):
            ax.hist(
                score[own],
                bins=edges,
                weights=np.full(int(own.sum()), 100 / own.sum()),
                histtype="stepfilled",
                facecolor="none" if hatch else colour,
                edgecolor=colour,
                hatch=hatch,
                alpha=1 if hatch else 0.4,
                label=words,
            )
        ax.set_xlabel("Probability of being served")
        ax.set_ylabel("Percent of the arm")
        ax.set_title(
            f"{self.outside_support:.1%} of children lie outside the common support", loc="left"
        )
        ax.legend(frameon=False)
        return ax

    def stack(self, influence: pd.DataFrame) -> pd.DataFrame:
        """Add to an influence the part that comes from estimating the weights.

        Parameters
        ----------
        influence : pandas.DataFrame
            Rows as in ``weights``; each row's contribution to estimates made with
            the weights taken as known, weight included.

        Returns
        -------
        pandas.DataFrame
            The same shape: contributions under the stacked estimating equations
            (Lunceford and Davidian, 2004; Stefanski and Boos, 2002).
        """
        weight = self.weights.to_numpy()
        per_weight = np.divide(
            influence.to_numpy(),
            weight[:, None],
            out=np.zeros(influence.shape),
            where=weight[:, None] > 0,
        )
        slope = self.weight_derivative.T @ per_weight
        return influence + self.parameter_influence @ slope


def propensity(
    data: pd.DataFrame,
    treatment: str,
    covariates: str,
    estimand: Population = "all eligible",
    truncate: float = 0.99,
) -> Propensity:
    """Fit a logistic propensity model and make balancing weights.

    Parameters
    ----------
    data : pandas.DataFrame
        One row per unit, without missing values in the columns used.
    treatment : str
        Column of booleans: served or not.
    covariates : str
        Right-hand side of a formulaic formula.
    estimand : {"all eligible", "treated", "overlap"}
        Target population. All eligible: stabilised inverse probability; treated:
        odds in the comparison arm; overlap: probability of the other arm (Li,
        Morgan and Zaslavsky, 2018).
    truncate : float
        Weights above this quantile of all weights are cut to it (1 cuts none).
        Overlap weights never exceed 1 and are not cut.

    Returns
    -------
    Propensity

    Raises
    ------
    StudyError
        If an arm is empty, or the covariates predict the arm perfectly.
    """
    if estimand not in POPULATIONS:
        raise StudyError(
            f'The estimand "{estimand}" is not offered; choose one of: {", ".join(POPULATIONS)}.'
        )
    treated = data[treatment].astype(bool)
    if treated.all() or not treated.any():
        raise StudyError(
            f"{'Every' if treated.all() else 'No'} child has {treatment}: there is no one to "
            "compare with, so no propensity can be estimated."
        )
    design = formulaic.Formula(covariates).get_model_matrix(data, na_action="raise")
    x = np.asarray(design, dtype=float)
    fit, information = fit_logistic(treated.to_numpy(dtype=float), x, treatment)
    score = np.asarray(fit.fittedvalues)
    raw, slope = _weights(treated.to_numpy(), score, x, estimand)
    bounded = estimand == "overlap"
    largest = 1.0 if bounded else float(np.quantile(raw, truncate))
    cut = raw > largest
    slope[cut] = 0
    residual = treated.to_numpy(dtype=float) - score
    share = treated.mean()
    influence = np.column_stack(
        [
            (x * residual[:, None]) @ np.linalg.inv(information),
            (treated.to_numpy(dtype=float) - share) / len(treated),
        ]
    )
    scores = pd.DataFrame({"no": 1 - score, "yes": score}, index=data.index)
    table = pd.DataFrame(
        {
            "term": list(design.columns),
            "coef": fit.params,
            "se": fit.bse,
            "z": fit.tvalues,
            "p": fit.pvalues,
        }
    ).reset_index(drop=True)
    return Propensity(
        table=table,
        treated=treated,
        scores=scores,
        weights=pd.Series(np.minimum(raw, largest), index=data.index, name="weight"),
        population=estimand,
        truncated=int(cut.sum()),
        largest=largest,
        parameter_influence=influence,
        weight_derivative=slope,
    )


def fit_logistic(treated: np.ndarray, x: np.ndarray, treatment: str):
    """Fit a logistic model to a design; return statsmodels' fit and the information.

    Raises
    ------
    StudyError
        If columns are collinear or decide the arm perfectly.
    """
    import statsmodels.api as sm
    from statsmodels.tools.sm_exceptions import PerfectSeparationError

    rank = np.linalg.matrix_rank(x)
    if rank < x.shape[1]:
        raise StudyError(
            f"The covariates that explain {treatment} are collinear: leave out one that the "
            "others determine."
        )
    model = sm.GLM(treated, x, family=sm.families.Binomial())
    try:
        with np.errstate(all="ignore"):
            fit = model.fit(tol=1e-12, maxiter=100)
    except PerfectSeparationError:
        fit = None
    score = None if fit is None else np.asarray(fit.fittedvalues)
    if score is None or not fit.converged or np.min(np.minimum(score, 1 - score)) < 1e-8:
        raise StudyError(
            f"The covariates predict {treatment} perfectly for some children: no comparable "
            "children exist for them, so weights cannot be made. Leave out or coarsen the "
            "covariate that decides who is served."
        )
    information = (x * (score * (1 - score))[:, None]).T @ x
    return fit, information


def _weights(
    treated: np.ndarray, score: np.ndarray, x: np.ndarray, population: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return weights and their derivative in (coefficients, share treated)."""
    share = treated.mean()
    own = np.where(treated, score, 1 - score)
    sign = np.where(treated, 1.0, -1.0)
    variance = score * (1 - score)
    by_share = np.zeros(len(score))
    if population == "all eligible":
        numerator = np.where(treated, share, 1 - share)
        weight = numerator / own
        by_score = -sign * numerator / own**2
        by_share = sign / own
    elif population == "treated":
        weight = np.where(treated, 1.0, score / (1 - score))
        by_score = np.where(treated, 0.0, 1 / (1 - score) ** 2)
    else:
        weight = 1 - own
        by_score = -sign
    slope = np.column_stack([x * (by_score * variance)[:, None], by_share])
    return weight, slope
