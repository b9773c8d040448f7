"""Every contrast of a study, estimated or said to be out of reach."""

import difflib

import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.effects.arms import Arms, arms_of
from evaluation.effects.at_exit import at_exit_effects
from evaluation.effects.limits import OUTCOME_WORDS, refusal, shortage
from evaluation.effects.multiplicity import adjust
from evaluation.effects.naive import naive_claim
from evaluation.effects.result import TABLE_COLUMNS, Effects, Part
from evaluation.effects.time_varying import time_varying_effects
from evaluation.errors import StudyError
from evaluation.estimates import EstimateError
from evaluation.study import Service, Study

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
        If a covariate is not in the cohort, is measured after the exit, or the
        study asks for a treatment of missing data this version does not offer.
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
                arms = arms_of(cohort, outcome, service, follow_up)
                reason = shortage(arms, study)
            if reason is None:
                try:
                    parts.append((arms, _estimate(arms, study)))
                    continue
                except (StudyError, EstimateError) as error:
                    reason = f"{service.name}, {OUTCOME_WORDS[outcome]}: {error}"
            cannot.append({"service": service.program, "outcome": outcome, "sentence": reason})
    return _assemble(study, parts, cannot, naive)


def _check_covariates(cohort: Cohort) -> None:
    adjustment = cohort.study.adjustment
    if adjustment.missing == "multiple imputation":
        raise StudyError(
            'adjustment.missing = "multiple imputation" is not offered by this version; use '
            '"complete cases" (children left out are counted).'
        )
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


def _unserved(follow_up: pd.DataFrame, service: Service) -> str | None:
    column = f"exposure_{service.program}"
    if column not in follow_up.columns or (follow_up[column] == "before").all():
        return (
            f"{service.name}: no spell of the program {service.program} reaches any child of the "
            "cohort, so it has no effect to estimate; check the program's code in the services "
            "table."
        )
    return None


def _estimate(arms: Arms, study: Study) -> Part:
    if arms.service.exposure == "at exit":
        last = int(arms.rows["stop"].max())
        horizons = tuple(day for day in study.horizons if day <= last)
        return at_exit_effects(arms, horizons, study)
    return time_varying_effects(arms, study)


def _assemble(
    study: Study, parts: list[tuple[Arms, Part]], cannot: list[dict], naive: list[dict]
) -> Effects:
    rows = [row for arms, part in parts for row in _named(arms, part, study)]
    table = pd.DataFrame(rows, columns=[c for c in TABLE_COLUMNS if c != "p_adjusted"])
    table["horizon"] = table["horizon"].astype("Int64")
    table["primary"] = table["primary"].astype(bool)
    table.insert(TABLE_COLUMNS.index("p_adjusted"), "p_adjusted", adjust(table))
    notes = {str(note): note for _, part in parts for note in part.notes}
    return Effects(
        table=table,
        models=_stack([part.model for _, part in parts]),
        curves=_stack([_labelled(arms, part.curves) for arms, part in parts]),
        balance=_stack([_labelled(arms, part.balance) for arms, part in parts]),
        cannot=pd.DataFrame(cannot, columns=["service", "outcome", "sentence"]),
        naive=pd.DataFrame(naive),
        notes=tuple(notes.values()),
    )


def _named(arms: Arms, part: Part, study: Study) -> list[dict]:
    primary = study.primary
    service = arms.service
    weights = study.adjustment.weights
    population = "all eligible"
    if service.exposure == "at exit" and weights != "none":
        population = weights
    shared = {
        "contrast": f"{service.name} against {service.compare_with}: {OUTCOME_WORDS[arms.outcome]}",
        "outcome": arms.outcome,
        "service": service.program,
        "comparison": service.compare_with,
        "population": population,
        "n_treated": arms.children(arms.served),
        "n_comparison": arms.children(arms.compared),
        "events_treated": arms.events(arms.served),
        "events_comparison": arms.events(arms.compared),
        "clusters": int(arms.rows["family_id"].nunique()),
    }
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
