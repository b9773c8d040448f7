"""The weights that follow from the probability of being served."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import formulaic
import numpy as np
import pandas as pd

from evaluation.effects.receipt import Receipt, arms_in, receipt_model
from evaluation.effects.several_arms import ArmModel
from evaluation.effects.thresholds import THRESHOLDS
from evaluation.errors import StudyError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Population = Literal["all eligible", "treated", "overlap"]
POPULATIONS: tuple[str, ...] = ("all eligible", "treated", "overlap")


@dataclass(frozen=True)
class Propensity:
    """A fitted propensity model and the weights of one target population.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per model term: ``term``, ``coef``, ``se``, ``z``, ``p``, and with more
        than two arms ``arm``.
    arm : pandas.Series
        The arm of each row.
    treated_arm : str
        The arm that counts as served.
    scores : pandas.DataFrame
        One column per arm (``no`` and ``yes`` where there are two): each row's
        probability of the arm.
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
        parameters (coefficients, then the share of each arm).
    weight_derivative : numpy.ndarray
        Shape (rows, parameters): derivative of each row's weight.
    model : ArmModel or None
        What the probabilities come from.
    given : bool
        Whether the weights were made elsewhere: no model, and taken as known.
    """

    table: pd.DataFrame
    arm: pd.Series
    treated_arm: str
    scores: pd.DataFrame
    weights: pd.Series
    population: str
    truncated: int
    largest: float
    parameter_influence: np.ndarray
    weight_derivative: np.ndarray
    model: ArmModel | None = None
    given: bool = False

    @property
    def treated(self) -> pd.Series:
        """Booleans: whether each row was served."""
        return self.arm == self.treated_arm

    @property
    def effective_sample_size(self) -> pd.Series:
        """Kish's effective number of children in each arm."""
        return self._by_arm(lambda w: w.sum() ** 2 / (w**2).sum())

    @property
    def outside_support(self) -> float:
        """Share of rows whose probability of an arm has hardly a counterpart.

        Outside are scores beyond those every arm shows, and those so near 0 or 1 that
        fewer than one in a hundred like them is in the arm, or in any other.
        """
        outside = np.zeros(len(self.scores), dtype=bool)
        for name in self.scores:
            score = self.scores[name]
            shown = score.groupby(self.arm.to_numpy()).agg(["min", "max"])
            low = max(shown["min"].max(), THRESHOLDS.least_share)
            high = min(shown["max"].min(), 1 - THRESHOLDS.least_share)
            outside |= ((score < low) | (score > high)).to_numpy()
        return float(outside.mean())

    @property
    def five_largest(self) -> pd.Series:
        """Share of each arm's weight that its five heaviest children carry."""
        return self._by_arm(lambda w: np.sort(w)[-5:].sum() / w.sum())

    def _by_arm(self, measure) -> pd.Series:
        weights = self.weights.to_numpy()
        own = {name: weights[(self.arm == name).to_numpy()] for name in self.scores}
        return pd.Series({name: float(measure(values)) for name, values in own.items()})

    @property
    def tilt(self) -> tuple[np.ndarray, np.ndarray]:
        """How much each row counts for the target population, and its derivative."""
        return _tilt(self.model, self.population, self.treated_arm)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the overlap of the arms' probabilities of being served.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.effects.drawing import draw_overlap

        return draw_overlap(self.scores["yes"], self.treated, self.outside_support, ax)

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
    treated: str | None = None,
) -> Propensity:
    """Fit a logistic (or, with several arms, multinomial) model and make balancing weights.

    Parameters
    ----------
    data : pandas.DataFrame
        One row per unit, without missing values in the columns used.
    treatment : str
        Column of booleans: served or not; or the arm of each row by name, where there
        are more than two.
    covariates : str
        Right-hand side of a formulaic formula.
    estimand : {"all eligible", "treated", "overlap"}
        Target population. All eligible: stabilised inverse probability; treated:
        odds in the comparison arm; overlap: probability of the other arm (Li,
        Morgan and Zaslavsky, 2018; with several arms Li and Li, 2019).
    truncate : float
        Weights above this quantile of all weights are cut to it (1 cuts none).
        Overlap weights never exceed 1 and are not cut.
    treated : str, optional
        With several arms, the one that defines the target population "treated"; by
        default the last.

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
    design = formulaic.Formula(covariates).get_model_matrix(data, na_action="raise")
    return balancing(receipt_model(data[treatment], treatment, design, treated), estimand, truncate)


def balancing(receipt: Receipt, estimand: Population, truncate: float) -> Propensity:
    """Make the weights of a target population, cut as for `propensity`."""
    arm, model, treated_arm = receipt.arm, receipt.model, receipt.treated_arm
    raw, slope = _weights(arm.to_numpy(), model, estimand, treated_arm)
    bounded = estimand == "overlap"
    largest = 1.0 if bounded else float(np.quantile(raw, truncate))
    cut = raw > largest
    slope[cut] = 0
    belongs = (arm.to_numpy()[:, None] == np.array(model.names)).astype(float)
    return Propensity(
        table=receipt.table,
        arm=arm,
        treated_arm=treated_arm,
        scores=pd.DataFrame(model.scores, columns=list(model.names), index=arm.index),
        weights=pd.Series(np.minimum(raw, largest), index=arm.index, name="weight"),
        population=estimand,
        truncated=int(cut.sum()),
        largest=largest,
        parameter_influence=np.hstack(
            [model.influence, (belongs - belongs.mean(axis=0)) / len(arm)]
        ),
        weight_derivative=slope,
        model=model,
    )


def known_weights(data: pd.DataFrame, treatment: str, weights: pd.Series) -> Propensity:
    """Take weights made elsewhere as known: nothing is added to the variance.

    Parameters
    ----------
    data : pandas.DataFrame
        One row per unit.
    treatment : str
        Column of booleans, or of arms.
    weights : pandas.Series
        One for each row, zero or more.

    Returns
    -------
    Propensity
        Without a model; ``scores`` has the arms' names and no values.
    """
    arm, treated_arm = arms_in(data[treatment], None, treatment)
    return Propensity(
        table=pd.DataFrame(columns=["term", "coef", "se", "z", "p"]),
        arm=arm,
        treated_arm=treated_arm,
        scores=pd.DataFrame(np.nan, index=data.index, columns=list(arm.cat.categories)),
        weights=weights.astype(float),
        population="as weighted",
        truncated=0,
        largest=float(weights.max()),
        parameter_influence=np.zeros((len(data), 0)),
        weight_derivative=np.zeros((len(data), 0)),
        given=True,
    )


def _tilt(model: ArmModel, population: str, treated_arm: str) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's share in the target population and its derivative (Li and Li, 2019)."""
    scores = model.scores
    if population == "all eligible":
        return np.ones(len(scores)), np.zeros(model.influence.shape)
    if population == "treated":
        place = model.names.index(treated_arm)
        return scores[:, place], model.derivative(place)
    tilt = 1 / (1 / scores).sum(axis=1)
    slope = sum(
        model.derivative(place) * (tilt / scores[:, place])[:, None] ** 2
        for place in range(len(model.names))
    )
    return tilt, slope


def _weights(
    arm: np.ndarray, model: ArmModel, population: str, treated_arm: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return weights and their derivative in (coefficients, share of each arm)."""
    tilt, by_tilt = _tilt(model, population, treated_arm)
    weight = np.empty(len(arm))
    slope = np.zeros((len(arm), model.influence.shape[1] + len(model.names)))
    stabilised = population == "all eligible"
    for place, name in enumerate(model.names):
        own = arm == name
        chance = model.scores[own, place]
        share = own.mean() if stabilised else 1.0
        weight[own] = share * tilt[own] / chance
        change = by_tilt[own] - model.derivative(place)[own] * (tilt[own] / chance)[:, None]
        slope[own, : model.influence.shape[1]] = share * change / chance[:, None]
        if stabilised:
            slope[own, model.influence.shape[1] + place] = tilt[own] / chance
    return weight, slope
