"""Effects of a service known on the day of exit: risks by arm, then the hazard ratio."""

import math

import numpy as np
import pandas as pd

from evaluation import estimates
from evaluation.effects import intervals
from evaluation.effects.arms import OUTCOME_EVENT, Arms
from evaluation.effects.balance import balance
from evaluation.effects.intervals import DAYS_PER_MONTH
from evaluation.effects.limits import OUTCOME_WORDS
from evaluation.effects.outcome_model import fit_outcome_model
from evaluation.effects.propensity import Propensity, propensity
from evaluation.effects.result import Part
from evaluation.study import Note, Study


def at_exit_effects(arms: Arms, horizons: tuple[int, ...], study: Study) -> Part:
    """Estimate every measure of a contrast whose exposure is known at exit.

    Weighted Aalen-Johansen risks at the horizons, their difference, ratio and the
    difference in days lost; the variance adds the influence of the estimated
    weights (stacked estimating equations). The hazard ratio is the outcome
    model's: a Cox model with the weights, and with the covariates when the study
    asks for them.

    Parameters
    ----------
    arms : Arms
        One row per child.
    horizons : tuple of int
        Days from the exit.
    study : Study
        The protocol.

    Returns
    -------
    Part
    """
    adjustment = study.adjustment
    fitted, notes = None, list(arms.notes)
    receipt = f"receipt of {arms.service.name} at exit"
    data = arms.rows.assign(**{receipt: arms.served})
    if adjustment.weights != "none":
        fitted = propensity(
            data, receipt, arms.covariate_formula, adjustment.weights, adjustment.truncate
        )
        notes.append(_describe(fitted, arms))
    model = fit_outcome_model(arms, study, fitted)
    notes += model.notes(f"{arms.service.name}, {OUTCOME_WORDS[arms.outcome]}")
    rows = []
    curves = pd.DataFrame()
    if fitted is not None or study.design == "randomized":
        rows, curves = _risks(arms, data, horizons, fitted)
    else:
        notes.append(
            Note(
                "No risks at the horizons are compared: without weights the arms are not made "
                "alike, and the study is not randomized. The hazard ratio is adjusted by the "
                "outcome model."
            )
        )
    return Part(
        rows=[*rows, *model.rows()],
        model=model.table,
        curves=curves,
        balance=_balance(arms, data, receipt, fitted),
        notes=notes,
    )


def _describe(fitted: Propensity, arms: Arms) -> Note:
    size = fitted.effective_sample_size
    cut = (
        ""
        if fitted.population == "overlap"
        else f"{{truncated}} were cut to {fitted.largest:.2f}; "
    )
    return Note(
        f"{arms.service.name}, weights for the target population “{fitted.population}”: {cut}"
        "the weighted arms are worth {served} served and {compared} comparison children.",
        {
            "truncated": fitted.truncated,
            "served": round(size["yes"]),
            "compared": round(size["no"]),
        },
    )


def _balance(
    arms: Arms, data: pd.DataFrame, receipt: str, fitted: Propensity | None
) -> pd.DataFrame:
    if not arms.covariates:
        return pd.DataFrame()
    weights = None if fitted is None else fitted.weights
    return balance(data, receipt, arms.covariate_formula, weights)


def _risks(
    arms: Arms, data: pd.DataFrame, horizons: tuple[int, ...], fitted: Propensity | None
) -> tuple[list[dict], pd.DataFrame]:
    """Compare the arms' cumulative incidence at the horizons."""
    weighted = {} if fitted is None else {"weights": "_weight"}
    if fitted is not None:
        data = data.assign(_weight=fitted.weights)
    fit = estimates.cumulative_incidence(
        data,
        stop="stop",
        event="event",
        start="start",
        by=arms.service.program,
        id="exit_id",
        cluster="family_id",
        **weighted,
    )
    clusters = int(data["family_id"].nunique())
    grid = _grid(horizons, int(data["stop"].max()))
    influence = fit.influence(grid).reindex(data.index)
    at = fit.at(grid)
    own = at[at["cause"] == OUTCOME_EVENT].set_index(["group", "time"])["incidence"]
    rows = []
    for horizon in horizons:
        columns = [("yes", OUTCOME_EVENT, horizon), ("no", OUTCOME_EVENT, horizon)]
        pair = influence[columns]
        stacked = pair if fitted is None else fitted.stack(pair)
        covariance = intervals.clustered_covariance(stacked, data["family_id"])
        risks = np.array([own.get(("yes", horizon), np.nan), own.get(("no", horizon), np.nan)])
        rows += _measures(risks, covariance, clusters, horizon)
    method = "unadjusted Aalen–Johansen" if fitted is None else "weighted Aalen–Johansen"
    for row in rows:
        row["method"] = method
    return rows, _curves(at, influence, data["family_id"], clusters, fitted)


def _measures(risks: np.ndarray, covariance: np.ndarray, clusters: int, horizon: int) -> list[dict]:
    if np.isnan(risks).any():
        return []
    served, other = risks
    se = np.sqrt(np.diag(covariance))
    against = np.array([1.0, -1.0])
    found = {
        "risk_treated": intervals.risk(served, se[0], clusters),
        "risk_comparison": intervals.risk(other, se[1], clusters),
        "risk_difference": intervals.linear(
            served - other, math.sqrt(against @ covariance @ against), clusters
        ),
    }
    if served > 0 and other > 0:
        slope = np.array([1 / served, -1 / other])
        found["risk_ratio"] = intervals.log_ratio(
            math.log(served / other), math.sqrt(slope @ covariance @ slope), clusters
        )
    return [
        {"measure": measure, "horizon": horizon, **vars(interval)}
        for measure, interval in found.items()
    ]


def _grid(horizons: tuple[int, ...], last: int) -> list[int]:
    months = range(1, int(last / DAYS_PER_MONTH) + 1)
    within = {round(month * DAYS_PER_MONTH) for month in months}
    return sorted(day for day in within | set(horizons) if day <= last)


def _curves(
    at: pd.DataFrame,
    influence: pd.DataFrame,
    family: pd.Series,
    clusters: int,
    fitted: Propensity | None,
) -> pd.DataFrame:
    """Put the stacked variance under the curve, month by month."""
    own = at[at["cause"] == OUTCOME_EVENT].copy()
    columns = [(row.group, OUTCOME_EVENT, row.time) for row in own.itertuples()]
    part = influence[columns]
    stacked = part if fitted is None else fitted.stack(part)
    own["se"] = np.sqrt(np.diag(intervals.clustered_covariance(stacked, family)))
    limits = [intervals.risk(row.incidence, row.se, clusters) for row in own.itertuples()]
    own["ci_low"] = [limit.ci_low for limit in limits]
    own["ci_high"] = [limit.ci_high for limit in limits]
    return own.reset_index(drop=True)
