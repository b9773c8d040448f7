"""Effects of a service known on the day of exit: risks by arm, then the hazard ratio."""

import math

import numpy as np
import pandas as pd

from evaluation import estimates
from evaluation.effects import intervals
from evaluation.effects.arms import GIVEN_WEIGHT, OUTCOME_EVENT, RECEIPT, STARTED, Arms
from evaluation.effects.augmented import augmented_risks
from evaluation.effects.balance import balance
from evaluation.effects.complier import complier_effect
from evaluation.effects.diagnostics import (
    balance_check,
    event_check,
    maturity_check,
    overlap,
    positivity_checks,
    proportional_check,
)
from evaluation.effects.intervals import DAYS_PER_MONTH
from evaluation.effects.limits import OUTCOME_WORDS
from evaluation.effects.loss import loss_weights
from evaluation.effects.outcome_model import fit_outcome_model, subdistribution_ratio
from evaluation.effects.propensity import Propensity, balancing, known_weights
from evaluation.effects.receipt import Receipt, receipt_model
from evaluation.effects.result import Part
from evaluation.effects.thresholds import THRESHOLDS
from evaluation.effects.weighting import Weighting
from evaluation.errors import StudyError
from evaluation.study import Note, Study

TOGETHER = 6
"""Days whose influence is held at once: it has a column for each and many rows."""


def at_exit_effects(
    arms: Arms,
    horizons: tuple[int, ...],
    study: Study,
    rows_only: bool = False,
    risks_only: bool = False,
) -> Part:
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
    rows_only : bool
        Leave out curves, checks and other analyses, for contrasts that stand beside one.
    risks_only : bool
        Leave out days lost and the subdistribution hazard ratio too.

    Returns
    -------
    Part
    """
    arms = arms.trimmed()
    notes = list(arms.notes)
    when = "at exit" if arms.landmark is None else f"by day {arms.landmark}"
    receipt = f"receipt of {arms.service.name} {when}"
    fitted = _treatment_weights(arms, study, receipt)
    loss = None
    if fitted is not None:
        notes.append(_describe(fitted, arms))
        _refuse_concentration(fitted, arms)
        loss, said = loss_weights(arms, study.adjustment.truncate)
        notes += said
    weighting = Weighting(arms, fitted, loss)
    model = fit_outcome_model(arms, study, weighting)
    notes += model.notes(f"{arms.service.name}, {OUTCOME_WORDS[arms.outcome]}")
    rows, beside, influence = [], [], {}
    if model.rows and model.influence is not None:
        influence["hazard_ratio", None] = model.influence
    curves = pd.DataFrame()
    if not horizons:
        notes.append(Note("No risks are compared: nobody is followed to the first horizon."))
    elif fitted is not None or study.design == "randomized":
        rows, curves, by_family = weighted_risks(
            weighting, horizons, by_month=not rows_only, days_lost=not risks_only
        )
        influence |= by_family
        rows += [] if risks_only else subdistribution_ratio(weighting)
        if fitted is not None and not fitted.given and not rows_only:
            augmented = augmented_risks(weighting, horizons)
            beside = [{"analysis": "augmented", "variant": "doubly robust"} | r for r in augmented]
    else:
        notes.append(
            Note(
                "No risks at the horizons are compared: without weights the arms are not made "
                "alike, and the study is not randomized. The hazard ratio is adjusted by the "
                "outcome model."
            )
        )
    if rows_only:
        rows += model.rows
        return Part(rows=rows, model=model.table, notes=notes, influence=influence)
    first_stage: list[dict] = []
    if STARTED in arms.rows and ("risk_difference", study.main_horizon) in influence:
        found, first_stage = complier_effect(weighting, rows, influence, study.main_horizon)
        beside += found
    similar = _balance(arms, receipt, fitted)
    checks = [
        *first_stage,
        *balance_check(similar if fitted is not None else pd.DataFrame()),
        *([] if fitted is None or fitted.given else positivity_checks(fitted)),
        *proportional_check(model.changing_p),
        *event_check(arms.events(arms.served | arms.compared), len(model.table)),
        *maturity_check(arms, study.main_horizon),
    ]
    return Part(
        checks=checks,
        rows=[*rows, *model.rows],
        beside=beside,
        model=model.table,
        curves=curves,
        balance=similar,
        overlap=pd.DataFrame()
        if fitted is None or fitted.given
        else overlap(fitted, arms.served, arms.compared),
        notes=notes,
        influence=influence,
    )


def _treatment_weights(arms: Arms, study: Study, receipt: str) -> Propensity | None:
    """Return weights from outside where they are given, else those the study asks for."""
    adjustment = study.adjustment
    exposure = arms.rows[arms.service.program]
    if GIVEN_WEIGHT in arms.rows:
        data = arms.rows.assign(**{receipt: exposure})
        return known_weights(data, receipt, arms.rows[GIVEN_WEIGHT])
    if adjustment.weights == "none":
        return None
    several = exposure.nunique() > 2

    def fit() -> Receipt:
        who = exposure if several else arms.served
        return receipt_model(who, receipt, arms.design, arms.served_state if several else None)

    return balancing(arms.model(RECEIPT, fit), adjustment.weights, adjustment.truncate)


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
    arms = arms.trimmed()
    fitted = _treatment_weights(arms, study, f"receipt of {arms.service.name}")
    if fitted is None and study.design != "randomized":
        return None
    loss = None
    if fitted is not None:
        _refuse_concentration(fitted, arms)
        loss, _ = loss_weights(arms, study.adjustment.truncate, until=horizon)
    weighting = Weighting(arms, fitted, loss)
    own, influence = _incidence(weighting, [horizon])
    rows, _ = _risks(own, influence, horizon, weighting)
    found = next((row for row in rows if row["measure"] == "risk_difference"), None)
    return None if found is None else found | {"method": _method(weighting)}


def _describe(fitted: Propensity, arms: Arms) -> Note:
    size = fitted.effective_sample_size
    if fitted.given:
        return Note(
            f"{arms.service.name}: weights made elsewhere are taken as known, so intervals do not "
            "carry their model; the weighted arms are worth {served} served and {compared} "
            "comparison children.",
            {"served": round(size["yes"]), "compared": round(size["no"])},
        )
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
            words = {"yes": "served", "no": "comparison"}.get(arm, arm)
            raise StudyError(
                f"five children carry {share:.0%} of the weight of the {words} arm, so its risk "
                "would be theirs: hardly anyone comparable is in it. Name fewer or coarser "
                "covariates, use overlap weights, or pool years."
            )


def _balance(arms: Arms, receipt: str, fitted: Propensity | None) -> pd.DataFrame:
    if not arms.covariates:
        return pd.DataFrame()
    pair = (arms.served | arms.compared).to_numpy()
    data = arms.rows[pair].assign(**{receipt: arms.served[pair]})
    weights = None if fitted is None else fitted.weights[pair]
    return balance(data, receipt, arms.covariate_formula, weights)


def weighted_risks(
    weighting: Weighting,
    horizons: tuple[int, ...],
    by_month: bool = True,
    days_lost: bool = True,
) -> tuple[list[dict], pd.DataFrame, dict[tuple, pd.Series]]:
    """Compare the arms' cumulative incidence at the horizons.

    Parameters
    ----------
    weighting : Weighting
        Rows and weights, whose influence is added to the variance.
    horizons : tuple of int
        Days from the exit.
    by_month : bool
        Give the curves, every month and at the horizons.
    days_lost : bool
        Compare the days lost by the horizons too.

    Returns
    -------
    tuple
        Rows of the effects table, the curves, and each family's contribution to the
        risk differences by measure and horizon.
    """
    grid = list(horizons)
    if by_month:
        grid = _grid(horizons, int(weighting.rows["stop"].max()))
    at, influence = _incidence(weighting, grid)
    lost = _lost(weighting, horizons) if days_lost else None
    rows, by_family = [], {}
    for horizon in horizons:
        own, change = _risks(at, influence, horizon, weighting)
        rows += own
        rows += [] if lost is None else _days_lost(lost, horizon, weighting)
        by_family["risk_difference", horizon] = weighting.by_family(change)
    method = _method(weighting)
    for row in rows:
        row["method"] = method
    curves = _curves(at, influence, weighting) if by_month else pd.DataFrame()
    return rows, curves, by_family


def _incidence(weighting: Weighting, grid: list[int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the two arms' incidence on some days, and each child's influence on it."""
    fit = estimates.cumulative_incidence(
        weighting.rows,
        by=weighting.arms.service.program,
        causes=[OUTCOME_EVENT],
        **weighting.options,
    )
    at = fit.at(grid)
    at = at[at["group"].isin(["yes", "no"])]
    parts = []
    for first in range(0, len(grid), TOGETHER):
        days = grid[first : first + TOGETHER]
        columns = [(arm, OUTCOME_EVENT, day) for arm in ("yes", "no") for day in days]
        parts.append(weighting.stack(fit.influence(days)[columns]))
    columns = [(row.group, OUTCOME_EVENT, row.time) for row in at.itertuples()]
    return at, pd.concat(parts, axis=1)[columns]


def _risks(
    at: pd.DataFrame, influence: pd.DataFrame, horizon: int, weighting: Weighting
) -> tuple[list[dict], pd.Series]:
    """Compare the arms' risks at a horizon; also each child's influence on the difference."""
    own = at.set_index(["group", "time"])["incidence"]
    pair = influence[[(group, OUTCOME_EVENT, horizon) for group in ("yes", "no")]]
    covariance = intervals.clustered_covariance(pair, weighting.family)
    risks = np.array([own.get(("yes", horizon), np.nan), own.get(("no", horizon), np.nan)])
    rows = intervals.measures_of_risks(risks, covariance, weighting.clusters, horizon)
    return rows, pair.iloc[:, 0] - pair.iloc[:, 1]


def _method(weighting: Weighting) -> str:
    return weighting.method("Aalen–Johansen" if weighting.weighted else "unadjusted Aalen–Johansen")


def _lost(weighting: Weighting, horizons: tuple[int, ...]):
    return estimates.restricted_mean(
        weighting.rows,
        horizon=list(horizons),
        causes=[OUTCOME_EVENT],
        by=weighting.arms.service.program,
        **weighting.options,
    )


def _days_lost(lost, horizon: int, weighting: Weighting) -> list[dict]:
    """Compare the days at home lost to the outcome by a horizon (Andersen, 2013)."""
    mean = lost.table.set_index(["group", "horizon"])["mean"]
    difference = mean.get(("yes", horizon), np.nan) - mean.get(("no", horizon), np.nan)
    if np.isnan(difference):
        return []
    own = [lost.influence[(group, OUTCOME_EVENT, horizon)] for group in ("yes", "no")]
    change = weighting.stack((own[0] - own[1]).to_frame("change"))
    se = math.sqrt(intervals.clustered_covariance(change, weighting.family)[0, 0])
    interval = intervals.linear(float(difference), se, weighting.clusters)
    return [{"measure": "days_lost_difference", "horizon": horizon, **vars(interval)}]


def _grid(horizons: tuple[int, ...], last: int) -> list[int]:
    months = range(1, int(last / DAYS_PER_MONTH) + 1)
    within = {round(month * DAYS_PER_MONTH) for month in months}
    return sorted(day for day in within | set(horizons) if day <= last)


def _curves(at: pd.DataFrame, influence: pd.DataFrame, weighting: Weighting) -> pd.DataFrame:
    """Put the stacked variance under the curve, month by month."""
    own, clusters = at.copy(), weighting.clusters
    own["se"] = np.sqrt(np.diag(intervals.clustered_covariance(influence, weighting.family)))
    limits = [intervals.risk(row.incidence, row.se, clusters) for row in own.itertuples()]
    own["ci_low"] = [limit.ci_low for limit in limits]
    own["ci_high"] = [limit.ci_high for limit in limits]
    return own.reset_index(drop=True)
