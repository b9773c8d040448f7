"""Every contrast of a study, estimated or said to be out of reach."""

import difflib

import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.effects.arms import Arms, arms_of
from evaluation.effects.at_exit import at_exit_effects
from evaluation.effects.diagnostics import (
    COLUMNS,
    balance_check,
    maturity_check,
    weight_checks,
)
from evaluation.effects.groups import effects_by_group
from evaluation.effects.limits import OUTCOME_WORDS, refusal, shortage
from evaluation.effects.missing import patterns, with_imputations
from evaluation.effects.multiplicity import adjust, family
from evaluation.effects.naive import naive_claim
from evaluation.effects.pooling import pooled
from evaluation.effects.result import TABLE_COLUMNS, Effects, Part
from evaluation.effects.target_trial import target_trial
from evaluation.effects.time_varying import time_varying_effects
from evaluation.effects.trial.tables import END_OF_GRACE
from evaluation.errors import StudyError
from evaluation.estimates import EstimateError
from evaluation.study import Service, Study

ADJUSTED = ("p_adjusted", "p_false_discovery", "family")
MEASURED_AFTER_EXIT = ("exposure_", "dose_", "support_status")


def effects(cohort: Cohort) -> Effects:
    """Estimate every contrast of the cohort's study.

    Each service is compared with usual care on each outcome, by the exposure the
    study names. What the data or the design cannot give is listed in
    ``Effects.cannot`` with the reason; nothing is dropped silently.

    Parameters
    ----------
    cohort : Cohort
        From ``build_cohort``.

    Returns
    -------
    Effects

    Raises
    ------
    StudyError
        If a covariate is not in the cohort or is measured after the exit.
    """
    study = cohort.study
    _check_covariates(cohort)
    parts: list[tuple[Arms, Part]] = []
    cannot: list[dict] = []
    naive: list[dict] = []
    for outcome in cohort.outcomes:
        follow_up = cohort.follow_up(outcome)
        for service in study.services:
            reason = refusal(service, outcome) or _unserved(follow_up, service)
            if reason is None:
                claim = naive_claim(follow_up, outcome, service, study.main_horizon)
                naive += [claim] if claim else []
                arms = _arms(cohort, outcome, service, follow_up)
                if service.exposure != "target trial":
                    reason = shortage(arms, study)
                elif arms.completed:
                    reason = _no_imputed_trial(service)
            if reason is None:
                try:
                    parts.append((arms, _contrast(cohort, arms, follow_up)))
                    continue
                except (StudyError, EstimateError) as error:
                    reason = f"{service.name}, {OUTCOME_WORDS[outcome]}: {error}"
            cannot.append({"service": service.program, "outcome": outcome, "sentence": reason})
    return _assemble(study, parts, cannot, naive)


def _check_covariates(cohort: Cohort) -> None:
    adjustment = cohort.study.adjustment
    for column in adjustment.covariates:
        if column.startswith(MEASURED_AFTER_EXIT):
            raise StudyError(
                f'adjustment.covariates names "{column}", which changes after the exit: adjusting '
                "for it would hide part of the effect. Name only what is known at the exit."
            )
        if column not in cohort.exits.columns:
            nearest = difflib.get_close_matches(column, list(cohort.exits.columns), n=1)
            hint = f' Did you mean "{nearest[0]}"?' if nearest else ""
            raise StudyError(
                f'adjustment.covariates names "{column}", which the cohort does not hold.{hint}'
            )


def _arms(
    cohort: Cohort,
    outcome: str,
    service: Service,
    follow_up: pd.DataFrame,
    landmark: int | None = None,
) -> Arms:
    """Assemble a contrast, missing covariates treated as the study says."""
    if cohort.study.adjustment.missing == "complete cases":
        return arms_of(cohort, outcome, service, follow_up, landmark)
    arms = arms_of(cohort, outcome, service, follow_up, landmark, complete=False)
    return with_imputations(arms, cohort.study)


def _no_imputed_trial(service: Service) -> str:
    return (
        f"{service.name}: a target trial with multiple imputation would have to impute anew in "
        "every bootstrap replicate, which this version does not do; use missing = "
        '"complete cases" (children left out are counted), name covariates that are known for '
        'all, or choose the exposure "at exit", "landmark" or "time-varying".'
    )


def _unserved(follow_up: pd.DataFrame, service: Service) -> str | None:
    column = f"exposure_{service.program}"
    if column not in follow_up.columns or (follow_up[column] == "before").all():
        return (
            f"{service.name}: no spell of the program {service.program} reaches any child of the "
            "cohort, so it has no effect to estimate; check the program's code in the services "
            "table."
        )
    return None


def _contrast(cohort: Cohort, arms: Arms, follow_up: pd.DataFrame) -> Part:
    """Estimate a contrast and what stands beside it."""
    study, service = cohort.study, arms.service
    if service.exposure == "target trial":
        return _trial(cohort, arms)
    part = estimate(arms, study)
    if arms.completed:
        part.beside.extend(_complete_cases(cohort, arms, follow_up))
    part.beside.extend(_groups(cohort, arms))
    if service.exposure == "landmark":
        for day in service.landmark_days:
            part.beside.extend(_landmark(cohort, arms, part, follow_up, day))
    return part


def estimate(arms: Arms, study: Study) -> Part:
    """Estimate one contrast from its rows, by the service's exposure.

    Where covariates were imputed, in every set, and pooled.
    """
    if arms.completed:
        parts = [estimate(own, study) for own in arms.sets]
        return pooled(parts, int(arms.rows["family_id"].nunique()), arms.imputation)
    if arms.service.exposure == "time-varying":
        return time_varying_effects(arms, study)
    last = int(arms.rows["stop"].max())
    first = 0 if arms.landmark is None else arms.landmark
    horizons = tuple(day for day in study.horizons if first < day <= last)
    return at_exit_effects(arms, horizons, study)


def _complete_cases(cohort: Cohort, arms: Arms, follow_up: pd.DataFrame) -> list[dict]:
    """Estimate among the children whose covariates are all known."""
    named = {"analysis": "complete cases", "variant": "every covariate known"}
    known = arms_of(cohort, arms.outcome, arms.service, follow_up, arms.landmark)
    reason = shortage(known, cohort.study)
    if reason is None:
        try:
            rows = estimate(known, cohort.study).rows
            return [named | row | _counts(known) for row in rows]
        except (StudyError, EstimateError) as error:
            reason = str(error)
    return [named | {"method": reason}]


def _landmark(
    cohort: Cohort, arms: Arms, part: Part, follow_up: pd.DataFrame, day: int
) -> list[dict]:
    named = {"analysis": "landmark", "variant": f"day {day}"}
    if day == arms.landmark:
        return [named | row for row in part.rows]
    other = _arms(cohort, arms.outcome, arms.service, follow_up, day)
    reason = shortage(other, cohort.study)
    if reason is None:
        try:
            return [named | row for row in estimate(other, cohort.study).rows]
        except (StudyError, EstimateError) as error:
            reason = str(error)
    return [named | {"method": reason}]


def _groups(cohort: Cohort, arms: Arms) -> list[dict]:
    """Repeat the main outcome's contrasts by exit type and equity group."""
    study = cohort.study
    main = study.primary.outcome if study.primary else cohort.outcomes[0]
    if arms.outcome != main:
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
    measured = ("measure", "horizon", "estimate", "se", "ci_low", "ci_high", "p", "method")
    rows = trial.table[list(measured)].to_dict("records")
    beside = [
        {"analysis": "grace period", "variant": f"{row.pop('grace_days')} days"} | row
        for row in trial.by_grace.to_dict("records")
    ]
    end = trial.balance
    if not end.empty:
        end = end[end["when"] == END_OF_GRACE].drop(columns="when").reset_index(drop=True)
    counted = ("n_treated", "n_comparison", "events_treated", "events_comparison", "clusters")
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
        counts=trial.table[list(counted)].iloc[0].to_dict(),
        checks=checks,
        trial=trial,
    )


def _assemble(
    study: Study, parts: list[tuple[Arms, Part]], cannot: list[dict], naive: list[dict]
) -> Effects:
    rows = [row for arms, part in parts for row in _named(arms, part, study)]
    table = pd.DataFrame(rows, columns=[c for c in TABLE_COLUMNS if c not in ADJUSTED])
    table["horizon"] = table["horizon"].astype("Int64")
    table["primary"] = table["primary"].astype(bool)
    table.insert(TABLE_COLUMNS.index("p_adjusted"), "p_adjusted", adjust(table))
    table["p_false_discovery"] = adjust(table, "fdr_bh")
    table["family"] = family(table)
    notes = {str(note): note for _, part in parts for note in part.notes}
    return Effects(
        table=table,
        models=_stack([part.model for _, part in parts]),
        curves=_stack([_labelled(arms, part.curves) for arms, part in parts]),
        balance=_stack([_labelled(arms, part.balance) for arms, part in parts]),
        cannot=pd.DataFrame(cannot, columns=["service", "outcome", "sentence"]),
        naive=pd.DataFrame(naive),
        notes=tuple(notes.values()),
        beside=_beside(parts, study),
        diagnostics=pd.DataFrame(
            [
                {"service": arms.service.program, "outcome": arms.outcome} | check
                for arms, part in parts
                for check in part.checks
            ],
            columns=list(COLUMNS),
        ),
        missing=_stack([_labelled(arms, patterns(arms)) for arms, _ in parts if arms.completed]),
        trials={
            (arms.service.program, arms.outcome): part.trial
            for arms, part in parts
            if part.trial is not None
        },
    )


def _beside(parts: list[tuple[Arms, Part]], study: Study) -> pd.DataFrame:
    rows = []
    for arms, part in parts:
        shared = _shared(arms, part, study)
        rows += [shared | row for row in part.beside]
    kept = [c for c in TABLE_COLUMNS if c not in (*ADJUSTED, "primary")]
    return pd.DataFrame(rows, columns=["analysis", "variant", *kept])


def _shared(arms: Arms, part: Part, study: Study) -> dict:
    """Return what all rows of a contrast have in common."""
    service, weights = arms.service, study.adjustment.weights
    population = "all eligible"
    if service.exposure in ("at exit", "landmark") and weights != "none":
        population = weights
    counts = part.counts or _counts(arms)
    return {
        "contrast": f"{service.name} against {service.compare_with}: {OUTCOME_WORDS[arms.outcome]}",
        "outcome": arms.outcome,
        "service": service.program,
        "comparison": service.compare_with,
        "population": population,
    } | counts


def _counts(arms: Arms) -> dict[str, int]:
    return {
        "n_treated": arms.children(arms.served),
        "n_comparison": arms.children(arms.compared),
        "events_treated": arms.events(arms.served),
        "events_comparison": arms.events(arms.compared),
        "clusters": int(arms.rows["family_id"].nunique()),
    }


def _named(arms: Arms, part: Part, study: Study) -> list[dict]:
    primary, service = study.primary, arms.service
    shared = _shared(arms, part, study)
    declared = primary and (primary.service, primary.outcome) == (service.program, arms.outcome)
    return [
        shared
        | row
        | {
            "primary": bool(
                declared and (pd.isna(row["horizon"]) or row["horizon"] == primary.horizon)
            )
        }
        for row in part.rows
    ]


def _labelled(arms: Arms, frame: pd.DataFrame) -> pd.DataFrame:
    if frame.empty:
        return frame
    return frame.assign(service=arms.service.program, outcome=arms.outcome)


def _stack(frames: list[pd.DataFrame]) -> pd.DataFrame:
    kept = [frame for frame in frames if not frame.empty]
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame()
