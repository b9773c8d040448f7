"""Augmented (doubly robust) risks at a horizon."""

import numpy as np
import pandas as pd

from evaluation import estimates
from evaluation.effects import intervals
from evaluation.effects.arms import OUTCOME_EVENT
from evaluation.effects.propensity import Propensity
from evaluation.effects.weighting import Weighting
from evaluation.errors import StudyError

METHOD = "augmented weighting of pseudo-values (doubly robust)"


def augmented_risks(weighting: Weighting, horizons: tuple[int, ...]) -> list[dict]:
    """Estimate risks that are right when the weights or the outcome regression is.

    Each child's pseudo-value of the cumulative incidence at the horizon (Andersen,
    Klein and Rosthøj, 2003; the infinitesimal jackknife of Parner, Andersen and
    Overgaard, 2020) stands for its partly observed outcome; augmented inverse
    probability weighting (Robins, Rotnitzky and Zhao, 1994) combines a linear
    regression of it on the covariates, arm by arm, with the propensity. The pseudo-values
    are taken within each arm, weighted for moves where those are modelled. Intervals are
    from the influence function, summed by family: it carries the propensity model, also
    where that defines the target population, and the regressions.

    Parameters
    ----------
    weighting : Weighting
        The contrast; the target population of its propensity model is the one of the
        risks.
    horizons : tuple of int
        Days from the exit.

    Returns
    -------
    list of dict
        Rows of the effects table.
    """
    arms, fitted = weighting.arms, weighting.treatment
    data = arms.rows
    x = arms.design.to_numpy()
    unadjusted = Weighting(arms, None, weighting.loss)
    fit = estimates.cumulative_incidence(
        unadjusted.rows,
        by=arms.service.program,
        causes=[OUTCOME_EVENT],
        **unadjusted.options,
    )
    at = fit.at(list(horizons)).set_index(["group", "time"])["incidence"]
    influence = unadjusted.stack(fit.influence(list(horizons)))
    rows = []
    for horizon in horizons:
        means, parts = [], []
        for group in ("yes", "no"):
            risk = at.get((group, horizon), np.nan)
            if np.isnan(risk):
                break
            own = (fitted.arm == group).to_numpy()
            pseudo = risk + own.sum() * influence[(group, OUTCOME_EVENT, horizon)].to_numpy()
            mean, part = _augmented(pseudo, own, x, fitted, group)
            means.append(mean)
            parts.append(part)
        if len(means) < 2:
            continue
        covariance = intervals.clustered_covariance(
            pd.DataFrame({"yes": parts[0], "no": parts[1]}, index=data.index), weighting.family
        )
        rows += intervals.measures_of_risks(
            np.array(means), covariance, weighting.clusters, horizon
        )
    if not rows:
        raise StudyError("no arm is followed to a horizon")
    return [row | {"method": METHOD} for row in rows]


def _augmented(
    pseudo: np.ndarray, own: np.ndarray, x: np.ndarray, fitted: Propensity, group: str
) -> tuple[float, np.ndarray]:
    """Return an arm's mean in the target population and each row's influence on it.

    The influence stacks the equations of the mean, the arm's regression and the
    propensity, through which the latter also defines the target.
    """
    place = fitted.model.names.index(group)
    chance = fitted.model.scores[:, place]
    tilt, by_tilt = fitted.tilt
    inverse = np.linalg.pinv(x[own].T @ x[own])
    coefficient = inverse @ (x[own].T @ pseudo[own])
    predicted = x @ coefficient
    residual = np.where(own, pseudo - predicted, 0.0)
    value = predicted + residual / chance
    mean = float(np.average(value, weights=tilt))
    total = tilt.sum()
    by_regression = (tilt * (1 - own / chance)) @ x / total
    regression = (x * residual[:, None]) @ inverse
    by_propensity = (
        by_tilt * (value - mean)[:, None]
        - fitted.model.derivative(place) * (tilt * residual / chance**2)[:, None]
    ).sum(axis=0) / total
    influence = (
        tilt * (value - mean) / total
        + regression @ by_regression
        + fitted.model.influence @ by_propensity
    )
    return mean, influence
