"""Effects of a service known on the day of exit: risks by arm, then the hazard ratio."""

import math

import numpy as np
import pandas as pd

from evaluation import estimates
from evaluation.effects import intervals
from evaluation.effects.arms import OUTCOME_EVENT, Arms
from evaluation.effects.augmented import augmented_risks
from evaluation.effects.balance import balance
from evaluation.effects.diagnostics import (
    balance_check,
    event_check,
    maturity_check,
    positivity_checks,
    proportional_check,
)
from evaluation.effects.intervals import DAYS_PER_MONTH
from evaluation.effects.limits import OUTCOME_WORDS
from evaluation.effects.outcome_model import fit_outcome_model, subdistribution_ratio
from evaluation.effects.propensity import Propensity, propensity
from evaluation.effects.result import Part
from evaluation.effects.thresholds import THRESHOLDS
from evaluation.errors import StudyError
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
    when = "at exit" if arms.landmark is None else f"by day {arms.landmark}"
    receipt = f"receipt of {arms.service.name} {when}"
    data = arms.rows.assign(**{receipt: arms.served})
    if adjustment.weights != "none":
        fitted = propensity(
            data, receipt, arms.covariate_formula, adjustment.weights, adjustment.truncate
        )
        notes.append(_describe(fitted, arms))
        _refuse_concentration(fitted, arms)
    model = fit_outcome_model(arms, study, fitted)
    notes += model.notes(f"{arms.service.name}, {OUTCOME_WORDS[arms.outcome]}")
    rows, beside = [], []
    curves = pd.DataFrame()
    if not horizons:
        notes.append(Note("No risks are compared: nobody is followed to the first horizon."))
    elif fitted is not None or study.design == "randomized":
        rows, curves = weighted_risks(arms, data, horizons, fitted)
        rows += subdistribution_ratio(arms, fitted)
        if fitted is not None:
            augmented = augmented_risks(arms, horizons, fitted)
            beside = [{"analysis": "augmented", "variant": "doubly robust"} | r for r in augmented]
    else:
        notes.append(
            Note(
                "No risks at the horizons are compared: without weights the arms are not made "
                "alike, and the study is not randomized. The hazard ratio is adjusted by the "
                "outcome model."
            )
        )
    similar = _balance(arms, data, receipt, fitted)
    checks = [
        *balance_check(similar if fitted is not None else pd.DataFrame()),
        *([] if fitted is None else positivity_checks(fitted)),
        *proportional_check(model.changing_p),
        *event_check(arms.events(arms.served | arms.compared), len(model.table)),
        *maturity_check(arms, study.main_horizon),
    ]
    return Part(
        checks=checks,
        rows=[*rows, *model.rows()],
        beside=beside,
        model=model.table,
        curves=curves,
        balance=similar,
        notes=notes,
    )


def risk_difference(arms: Arms, horizon: int, study: Study) -> dict | None:
    """Estimate the risk difference alone, for analyses that repeat it many times.

    Parameters
    ----------
    arms : Arms
        One row per child.
    horizon : int
        Day of the difference.
    study : Study
        Gives the weights.

    Returns
    -------
    dict or None
        One row of the effects table; nothing where neither weights nor chance make the
        arms alike.

    Raises
    ------
    StudyError
        If the weights cannot be made, or five children carry them.
    """
    adjustment, data, fitted = study.adjustment, arms.rows, None
    if adjustment.weights != "none":
        data = data.assign(_served=arms.served)
        fitted = propensity(
            data, "_served", arms.covariate_formula, adjustment.weights, adjustment.truncate
        )
        _refuse_concentration(fitted, arms)
    elif study.design != "randomized":
        return None
    at, influence = _incidence(arms, data, [horizon], fitted)
    rows = _risks(at, influence, horizon, fitted, data["family_id"])
    found = next((row for row in rows if row["measure"] == "risk_difference"), None)
    return None if found is None else found | {"method": _method(fitted)}


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


def _refuse_concentration(fitted: Propensity, arms: Arms) -> None:
    for arm, share in fitted.five_largest.items():
        if share > THRESHOLDS.five_largest:
            words = "served" if arm == "yes" else "comparison"
            raise StudyError(
                f"five children carry {share:.0%} of the weight of the {words} arm, so its risk "
                "would be theirs: hardly anyone comparable is in it. Name fewer or coarser "
                "covariates, use overlap weights, or pool years."
            )


def _balance(
    arms: Arms, data: pd.DataFrame, receipt: str, fitted: Propensity | None
) -> pd.DataFrame:
    if not arms.covariates:
        return pd.DataFrame()
    weights = None if fitted is None else fitted.weights
    return balance(data, receipt, arms.covariate_formula, weights)


def weighted_risks(
    arms: Arms, data: pd.DataFrame, horizons: tuple[int, ...], fitted: Propensity | None
) -> tuple[list[dict], pd.DataFrame]:
    """Compare the arms' cumulative incidence at the horizons.

    Parameters
    ----------
    arms : Arms
        One row per child.
    data : pandas.DataFrame
        Their rows.
    horizons : tuple of int
        Days from the exit.
    fitted : Propensity or None
        Weights, whose influence is added to the variance.

    Returns
    -------
    tuple of list and pandas.DataFrame
        Rows of the effects table, and the curves month by month.
    """
    grid = _grid(horizons, int(data["stop"].max()))
    at, influence = _incidence(arms, data, grid, fitted)
    weighted = {} if fitted is None else {"weights": "_weight"}
    if fitted is not None:
        data = data.assign(_weight=fitted.weights)
    lost = estimates.restricted_mean(
        data,
        stop="stop",
        event="event",
        start="start",
        horizon=list(horizons),
        by=arms.service.program,
        id="exit_id",
        cluster="family_id",
        causes=[OUTCOME_EVENT],
        **weighted,
    )
    family = data["family_id"]
    clusters, rows = int(family.nunique()), []
    for horizon in horizons:
        rows += _risks(at, influence, horizon, fitted, family)
        rows += _days_lost(lost, horizon, fitted, family, clusters)
    for row in rows:
        row["method"] = _method(fitted)
    return rows, _curves(at, influence, family, clusters, fitted)


def _incidence(
    arms: Arms, data: pd.DataFrame, grid: list[int], fitted: Propensity | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the arms' cumulative incidence on some days, and each child's influence on it."""
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
    return fit.at(grid), fit.influence(grid).reindex(data.index)


def _risks(
    at: pd.DataFrame,
    influence: pd.DataFrame,
    horizon: int,
    fitted: Propensity | None,
    family: pd.Series,
) -> list[dict]:
    """Compare the arms' risks at a horizon."""
    own = at[at["cause"] == OUTCOME_EVENT].set_index(["group", "time"])["incidence"]
    pair = influence[[("yes", OUTCOME_EVENT, horizon), ("no", OUTCOME_EVENT, horizon)]]
    stacked = pair if fitted is None else fitted.stack(pair)
    covariance = intervals.clustered_covariance(stacked, family)
    risks = np.array([own.get((arm, horizon), np.nan) for arm in ("yes", "no")])
    return intervals.measures_of_risks(risks, covariance, int(family.nunique()), horizon)


def _method(fitted: Propensity | None) -> str:
    return "unadjusted Aalen–Johansen" if fitted is None else "weighted Aalen–Johansen"


def _days_lost(
    lost, horizon: int, fitted: Propensity | None, family: pd.Series, clusters: int
) -> list[dict]:
    """Compare the days at home lost to the outcome by a horizon (Andersen, 2013)."""
    mean = lost.table.set_index(["group", "horizon"])["mean"]
    difference = mean.get(("yes", horizon), np.nan) - mean.get(("no", horizon), np.nan)
    if np.isnan(difference):
        return []
    own = [lost.influence[(group, OUTCOME_EVENT, horizon)] for group in ("yes", "no")]
    change = (own[0] - own[1]).reindex(family.index, fill_value=0.0).to_frame("change")
    stacked = change if fitted is None else fitted.stack(change)
    se = math.sqrt(intervals.clustered_covariance(stacked, family)[0, 0])
    interval = intervals.linear(float(difference), se, clusters)
    return [{"measure": "days_lost_difference", "horizon": horizon, **vars(interval)}]


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
