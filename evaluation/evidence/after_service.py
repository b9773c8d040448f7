"""The effect after the intended end of a service, among children still home then."""

from dataclasses import replace

import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.effects.arms import arms_of
from evaluation.effects.assigned import randomized_arms
from evaluation.effects.at_exit import risk_difference
from evaluation.effects.limits import shortage
from evaluation.errors import StudyError
from evaluation.estimates import EstimateError
from evaluation.evidence.contrast import AfterService
from evaluation.evidence.effect_sizes import EffectSize
from evaluation.study import Service


def after_service_effect(
    cohort: Cohort,
    outcome: str,
    service: Service,
    landmark: int,
    horizon: int,
    follow_up: pd.DataFrame | None = None,
) -> AfterService:
    """Compare events after a landmark among children still followed then.

    The same arms and weighting as at the exit, fitted anew among those children, and the
    same stacked variance; a child enters at the landmark. In a randomized study the arms
    are those assigned. It is no effect of starting the service, since the service has
    shaped who is still home.

    Parameters
    ----------
    cohort : Cohort
        From ``build_cohort``.
    outcome : str
        One of its outcomes.
    service : Service
        With its exposure known at exit, or randomized.
    landmark, horizon : int
        Days from the exit (from the randomization where that is later); the landmark is
        the program's intended end.
    follow_up : pandas.DataFrame, optional
        ``cohort.follow_up(outcome)``, where the caller has it.

    Returns
    -------
    AfterService
    """
    follow_up = cohort.follow_up(outcome) if follow_up is None else follow_up
    arms = None
    if cohort.study.design == "randomized":
        arms = randomized_arms(cohort, outcome, service, follow_up)
    if arms is None and service.exposure != "at exit":
        why = (
            f"the effect after the end of service is estimated for services known at exit; "
            f"{service.name} is measured as “{service.exposure}”"
        )
        return AfterService(landmark, horizon, None, {}, why_not=why)
    arms = arms_of(cohort, outcome, service, follow_up) if arms is None else arms
    rows = arms.rows[arms.rows["stop"] > landmark]
    rows = rows.assign(start=rows["start"].clip(lower=landmark)).reset_index(drop=True)
    arms = replace(arms, rows=rows, notes=())
    counts = {
        "n_treated": arms.children(arms.served),
        "n_comparison": arms.children(arms.compared),
        "events_treated": _events_by(arms, arms.served, horizon),
        "events_comparison": _events_by(arms, arms.compared, horizon),
    }
    if shortage(arms, cohort.study) is not None:
        why = "too few children or events remain after the intended end of service"
        return AfterService(landmark, horizon, None, counts, why_not=why)
    try:
        row = risk_difference(arms, horizon, cohort.study)
    except (StudyError, EstimateError) as error:
        return AfterService(landmark, horizon, None, counts, why_not=str(error))
    if row is not None:
        difference = EffectSize(
            "risk_difference",
            *(float(row[name]) for name in ("estimate", "se", "ci_low", "ci_high")),
            f"risks from day {landmark} to day {horizon}, {row['method']}",
        )
        return AfterService(landmark, horizon, difference, counts, p=float(row["p"]))
    why = "follow-up of children still home does not reach the horizon"
    return AfterService(landmark, horizon, None, counts, why_not=why)


def _events_by(arms, side: pd.Series, horizon: int) -> int:
    rows = arms.rows[side]
    return int(((rows["event"] == 1) & (rows["stop"] <= horizon)).sum())
