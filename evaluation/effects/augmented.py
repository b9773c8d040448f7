"""Augmented (doubly robust) risks at a horizon."""

import formulaic
import numpy as np
import pandas as pd

from evaluation.effects import intervals
from evaluation.effects.arms import OUTCOME_EVENT, Arms
from evaluation.effects.propensity import Propensity
from evaluation.errors import StudyError

METHOD = "augmented weighting of pseudo-values (doubly robust)"


def augmented_risks(arms: Arms, horizons: tuple[int, ...], fitted: Propensity) -> list[dict]:
    """Estimate risks that are right when the weights or the outcome regression is.

    Each child's pseudo-value of the cumulative incidence at the horizon (Andersen,
    Klein and Rosthøj, 2003; the infinitesimal jackknife of Parner, Andersen and
    Overgaard, 2020) stands for its partly observed outcome; augmented inverse
    probability weighting (Robins, Rotnitzky and Zhao, 1994) combines a linear
    regression of it on the covariates, arm by arm, with the propensity. The pseudo-values
    are taken within each arm and suppose that leaving the records is unrelated to risk.
    Intervals are from the influence function, summed by family.

    Parameters
    ----------
    arms : Arms
        One row per child.
    horizons : tuple of int
        Days from the exit.
    fitted : Propensity
        The propensity model; its target population is the one of the risks.

    Returns
    -------
    list of dict
        Rows of the effects table.
    """
    from evaluation import estimates

    data = arms.rows
    treated = fitted.treated.to_numpy()
    score = fitted.scores["yes"].to_numpy()
    target = {
        "all eligible": np.ones(len(data)),
        "treated": score,
        "overlap": score * (1 - score),
    }[fitted.population]
    target = target / target.mean()
    design = formulaic.Formula(arms.covariate_formula).get_model_matrix(data, na_action="raise")
    x = np.asarray(design, dtype=float)
    fit = estimates.cumulative_incidence(
        data,
        stop="stop",
        event="event",
        start="start",
        by=arms.service.program,
        id="exit_id",
        causes=[OUTCOME_EVENT],
    )
    at = fit.at(list(horizons)).set_index(["group", "time"])["incidence"]
    influence = fit.influence(list(horizons)).reindex(data.index)
    clusters = int(data["family_id"].nunique())
    rows = []
    for horizon in horizons:
        means, parts = [], []
        for group, own, chance in (("yes", treated, score), ("no", ~treated, 1 - score)):
            risk = at.get((group, horizon), np.nan)
            if np.isnan(risk):
                break
            column = influence[(group, OUTCOME_EVENT, horizon)].to_numpy()
            pseudo = risk + own.sum() * column
            coefficient, *_ = np.linalg.lstsq(x[own], pseudo[own], rcond=None)
            predicted = x @ coefficient
            value = predicted + np.where(own, (pseudo - predicted) / chance, 0.0)
            means.append(float(np.average(value, weights=target)))
            parts.append(target * (value - means[-1]) / len(data))
        if len(means) < 2:
            continue
        covariance = intervals.clustered_covariance(
            pd.DataFrame({"yes": parts[0], "no": parts[1]}, index=data.index), data["family_id"]
        )
        rows += intervals.measures_of_risks(np.array(means), covariance, clusters, horizon)
    if not rows:
        raise StudyError("no arm is followed to a horizon")
    return [row | {"method": METHOD} for row in rows]
