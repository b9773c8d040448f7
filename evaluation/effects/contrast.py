"""One contrast estimated, and what stands beside it."""

import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.cohorts.held import HeldCohort
from evaluation.effects.arms import STARTED, Arms, arms_of
from evaluation.effects.assigned import OfferedView, offered_view, randomized_arms
from evaluation.effects.at_exit import at_exit_effects
from evaluation.effects.diagnostics import balance_check, maturity_check, weight_checks
from evaluation.effects.groups import effects_by_group
from evaluation.effects.limits import shortage
from evaluation.effects.missing import with_imputations
from evaluation.effects.outside_weights import with_weights
from evaluation.effects.pooling import pooled
from evaluation.effects.result import Part
from evaluation.effects.target_trial import target_trial
from evaluation.effects.time_varying import time_varying_effects
from evaluation.effects.trial.tables import END_OF_GRACE
from evaluation.errors import StudyError
from evaluation.estimates import EstimateError
from evaluation.study import Note, Service, Study

MEASURED = ("measure", "horizon", "estimate", "se", "ci_low", "ci_high", "p", "method")
COUNTED = ("n_treated", "n_comparison", "events_treated", "events_comparison", "clusters")


def study_arms(
    cohort: Cohort | HeldCohort | OfferedView,
    outcome: str,
    service: Service,
    follow_up: pd.DataFrame,
    landmark: int | None = None,
    weights: pd.DataFrame | None = None,
) -> Arms:
    """Assemble a contrast as the study says.

    As randomized where that is the design and it is recorded; missing covariates left
    out or imputed; weights from outside brought to their children.
    """
    complete = cohort.study.adjustment.missing == "complete cases"
    arms = None
    if cohort.study.design == "randomized" and landmark is None:
        arms = randomized_arms(cohort, outcome, service, follow_up, complete)
    if arms is None:
        arms = arms_of(cohort, outcome, service, follow_up, landmark, complete)
    if not complete and arms.service.exposure != "target trial":
        arms = with_imputations(arms, cohort.study)
    return arms if weights is None else with_weights(arms, weights)


def contrast(
    cohort: Cohort | HeldCohort,
    service: Service,
    arms: Arms,
    follow_up: pd.DataFrame,
    given: bool = False,
) -> Part:
    """Estimate a contrast and what stands beside it.

    Parameters
    ----------
    cohort : Cohort or HeldCohort
    service : Service
        As the study has it.
    arms : Arms
        From `study_arms`.
    follow_up : pandas.DataFrame
        ``cohort.follow_up`` of the outcome.
    given : bool
        Whether weights from outside are used, which fit this contrast alone.
    """
    study = cohort.study
    trial = arms.service.exposure == "target trial"
    part = _trial(cohort, arms) if trial else estimate(arms, study)
    if STARTED in arms.rows:
        for row in part.rows:
            row["method"] = f"intention to treat: {row['method']}"
        own = arms_of(cohort, arms.outcome, service, follow_up)
        part.beside.extend(_beside(study, own, "as started", f"exposure {service.exposure}"))
    elif study.design == "randomized":
        part.notes.append(
            Note(
                f"{service.name}: the design is randomized, but no randomization to it is "
                "recorded; arms are those who received it and those who did not, which chance "
                "alone did not decide."
            )
        )
    if given:
        return part
    if arms.completed:
        known = arms_of(cohort, arms.outcome, service, follow_up, arms.landmark)
        if STARTED in arms.rows:
            known = randomized_arms(cohort, arms.outcome, service, follow_up)
        part.beside.extend(_beside(study, known, "complete cases", "every covariate known"))
    if trial:
        part.beside.extend(_known_trial(cohort, arms))
    else:
        part.beside.extend(_groups(cohort, arms))
    if arms.service.exposure == "landmark":
        for day in service.landmark_days:
            part.beside.extend(_landmark(cohort, arms, part, follow_up, day))
    if STARTED not in arms.rows:
        part.beside.extend(_offered(cohort, arms, follow_up))
    return part


def _beside(study: Study, arms: Arms, analysis: str, variant: str) -> list[dict]:
    """Estimate another form of the contrast; where it cannot be, say why."""
    named = {"analysis": analysis, "variant": variant}
    if arms.service.exposure == "target trial":
        return [named | {"method": "see ev.target_trial"}]
    reason = shortage(arms, study)
    if reason is None:
        try:
            return [named | row | arms.counts for row in estimate(arms, study, True).rows]
        except (StudyError, EstimateError) as error:
            reason = str(error)
    return [named | {"method": reason}]


def _offered(cohort: Cohort, arms: Arms, follow_up: pd.DataFrame) -> list[dict]:
    """Estimate the effect of being offered the service, where offers are recorded."""
    service = arms.service
    view = offered_view(cohort, service, follow_up)
    if view is None:
        return []
    named = {"analysis": "offered", "variant": "first offer, accepted or not"}
    if service.exposure != "target trial":
        own = study_arms(view, arms.outcome, service, view.rows, arms.landmark)
        return _beside(cohort.study, own, *named.values())
    if arms.outcome != main_outcome(cohort):
        return []
    return _trial_rows(view, arms, named)


def estimate(arms: Arms, study: Study, rows_only: bool = False, day: int | None = None) -> Part:
    """Estimate one contrast from its rows, by the service's exposure.

    Where covariates were imputed, in every set, and pooled. With ``rows_only`` the part
    has no curves, checks or other analyses; with ``day`` neither, and only the risks of
    that day and the hazard ratio.
    """
    rows_only |= day is not None
    if arms.completed:
        parts = [estimate(own, study, rows_only, day) for own in arms.sets]
        return pooled(parts, int(arms.rows["family_id"].nunique()), arms.imputation)
    if arms.service.exposure == "time-varying":
        return time_varying_effects(arms, study, rows_only)
    last = int(arms.rows["stop"].max())
    first = 0 if arms.landmark is None else arms.landmark
    asked = study.horizons if day is None else (day,)
    horizons = tuple(horizon for horizon in asked if first < horizon <= last)
    return at_exit_effects(arms, horizons, study, rows_only, risks_only=day is not None)


def _landmark(
    cohort: Cohort, arms: Arms, part: Part, follow_up: pd.DataFrame, day: int
) -> list[dict]:
    named = {"analysis": "landmark", "variant": f"day {day}"}
    if day == arms.landmark:
        return [named | row for row in part.rows]
    other = study_arms(cohort, arms.outcome, arms.service, follow_up, day)
    return _beside(cohort.study, other, *named.values())


def _known_trial(cohort: Cohort, arms: Arms) -> list[dict]:
    """Repeat a target trial whose covariates were imputed among those who lack none."""
    imputed = cohort.study.adjustment.missing == "multiple imputation"
    if not imputed or not arms.lacking:
        return []
    named = {"analysis": "complete cases", "variant": "every covariate known"}
    return _trial_rows(cohort, arms, named, missing="complete cases")


def _trial_rows(cohort: Cohort | OfferedView, arms: Arms, named: dict, **changes) -> list[dict]:
    """Estimate a target trial that stands beside; where it cannot be, say why."""
    try:
        program = arms.service.program
        table = target_trial(cohort, arms.outcome, program, other_grace=False, **changes).table
    except (StudyError, EstimateError) as error:
        return [named | {"method": str(error)}]
    return [named | row for row in table[[*MEASURED, *COUNTED]].to_dict("records")]


def main_outcome(cohort: Cohort | HeldCohort) -> str:
    """Return the outcome whose contrasts are repeated by group: the primary, or the first."""
    primary = cohort.study.primary
    return primary.outcome if primary else cohort.outcomes[0]


def _groups(cohort: Cohort, arms: Arms) -> list[dict]:
    """Repeat the main outcome's contrasts by exit type and equity group."""
    study = cohort.study
    if arms.outcome != main_outcome(cohort):
        return []
    exits = cohort.exits.set_index("exit_id")
    rows = []
    for column in dict.fromkeys(("exit_type", *study.report.equity_by)):
        if column in exits and exits[column].nunique() > 1:
            groups = exits[column]
            rows += effects_by_group(arms, groups, column, study, estimate, study.main_horizon)
    return rows


def _trial(cohort: Cohort, arms: Arms) -> Part:
    service = arms.service
    trial = target_trial(cohort, arms.outcome, service.program)
    rows = trial.table[list(MEASURED)].to_dict("records")
    beside = [
        {"analysis": "grace period", "variant": f"{row.pop('grace_days')} days"} | row
        for row in trial.by_grace.to_dict("records")
    ]
    end = trial.balance
    if not end.empty:
        end = end[end["when"] == END_OF_GRACE].drop(columns="when").reset_index(drop=True)
    checks = [
        *balance_check(end),
        *weight_checks(trial.weights),
        *maturity_check(arms, cohort.study.main_horizon),
    ]
    return Part(
        rows=rows,
        model=pd.DataFrame(),
        curves=trial.curves,
        balance=end,
        notes=list(trial.notes),
        beside=beside,
        counts=trial.table[list(COUNTED)].iloc[0].to_dict(),
        checks=checks,
        trial=trial,
    )
