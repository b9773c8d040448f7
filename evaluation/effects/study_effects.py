"""Every contrast of a study, estimated or said to be out of reach."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.cohorts.held import HeldCohort
from evaluation.effects.arms import GIVEN_WEIGHT, Arms
from evaluation.effects.contrast import contrast, estimate, study_arms
from evaluation.effects.covariates import check_covariates
from evaluation.effects.diagnostics import COLUMNS
from evaluation.effects.home import OUTCOME as HOME
from evaluation.effects.home import home_effects
from evaluation.effects.limits import OUTCOME_WORDS, refusal, shortage
from evaluation.effects.missing import patterns
from evaluation.effects.multiplicity import adjust, family
from evaluation.effects.naive import naive_claim
from evaluation.effects.outside_weights import cannot_be_weighted, checked_weights
from evaluation.effects.result import TABLE_COLUMNS, Effects, Part
from evaluation.errors import StudyError
from evaluation.estimates import EstimateError
from evaluation.study import Note, Service, Study

__all__ = ["effects", "estimate"]

ADJUSTED = ("p_adjusted", "p_false_discovery", "family")


def effects(cohort: Cohort, weights: pd.DataFrame | None = None) -> Effects:
    """Estimate every contrast of the cohort's study.

    Each service is compared as the study says on each outcome, by the exposure it names;
    in a randomized design by assignment. What the data or the design cannot give is
    listed in ``Effects.cannot`` with the reason; nothing is dropped silently.

    Parameters
    ----------
    cohort : Cohort
        From ``build_cohort``.
    weights : pandas.DataFrame, optional
        Weights made elsewhere, in place of the study's: ``exit_id``, ``weight`` and,
        where services have their own, ``service``. They are taken as known, so
        intervals do not carry the model they come from, and the results say so.

    Returns
    -------
    Effects

    Raises
    ------
    StudyError
        If a covariate is not in the cohort or is measured after the exit, or weights
        from outside are wrong or incomplete.
    """
    weights = None if weights is None else checked_weights(weights)
    return put_together(
        cohort, [contrasts_on(cohort, outcome, weights) for outcome in cohort.outcomes]
    )


@dataclass(frozen=True)
class Contrasts:
    """Every service's contrast on one outcome, what cannot be estimated, and naive claims."""

    parts: list[tuple[Arms, Part]]
    cannot: list[dict]
    naive: list[dict]


def contrasts_on(
    cohort: Cohort | HeldCohort, outcome: str, weights: pd.DataFrame | None = None
) -> Contrasts:
    """Compare every service on one outcome; the rest as in `effects`."""
    study = cohort.study
    parts: list[tuple[Arms, Part]] = []
    cannot: list[dict] = []
    naive: list[dict] = []
    follow_up = cohort.follow_up(outcome)
    check_covariates(study.adjustment.covariates, cohort.exits, follow_up)
    for service in study.services:
        reason = refusal(service, outcome) or _unserved(follow_up, service)
        if reason is None and weights is not None:
            reason = cannot_be_weighted(service)
        if reason is None:
            claim = naive_claim(follow_up, outcome, service, study.main_horizon)
            naive += [claim] if claim else []
            arms = study_arms(cohort, outcome, service, follow_up, weights=weights)
            trial = arms.service.exposure == "target trial"
            reason = None if trial else shortage(arms, study)
        if reason is None:
            try:
                given = weights is not None
                parts.append((arms, contrast(cohort, service, arms, follow_up, given)))
                continue
            except (StudyError, EstimateError) as error:
                reason = f"{service.name}, {OUTCOME_WORDS[outcome]}: {error}"
        cannot.append({"service": service.program, "outcome": outcome, "sentence": reason})
    return Contrasts(parts, cannot, naive)


def put_together(cohort: Cohort, found: Sequence[Contrasts]) -> Effects:
    """Make one result of the contrasts on every outcome, in the cohort's order of outcomes."""
    cannot = [row for each in found for row in each.cannot]
    home, notes = _home(cohort, cannot)
    made = _assemble(
        cohort.study,
        [part for each in found for part in each.parts],
        cannot,
        [row for each in found for row in each.naive],
    )
    said = {str(note): note for note in (*made.notes, *notes)}
    return replace(made, home=home, notes=tuple(said.values()))


def _home(cohort: Cohort, cannot: list[dict]) -> tuple[pd.DataFrame, list[Note]]:
    """Compare services that bring the exit about from their assignment."""
    rows, notes = [], []
    for service in cohort.study.services:
        if not service.brings_about_exit:
            continue
        try:
            found, said = home_effects(cohort, service)
        except (StudyError, EstimateError) as error:
            cannot.append({"service": service.program, "outcome": HOME, "sentence": str(error)})
            continue
        rows += found
        notes += said
    columns = [name for name in TABLE_COLUMNS if name not in (*ADJUSTED, "primary")]
    return pd.DataFrame(rows, columns=columns), notes


def _unserved(follow_up: pd.DataFrame, service: Service) -> str | None:
    column = f"exposure_{service.program}"
    if column not in follow_up.columns or (follow_up[column] == "before").all():
        return (
            f"{service.name}: no spell of the program {service.program} reaches any child of the "
            "cohort, so it has no effect to estimate; check the program's code in the services "
            "table."
        )
    return None


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
        overlap=_stack([_labelled(arms, part.overlap) for arms, part in parts]),
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
        missing=_stack([_labelled(arms, patterns(arms)) for arms, _ in parts if arms.lacking]),
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
    if GIVEN_WEIGHT in arms.rows:
        population = "as weighted"
    counts = part.counts or arms.counts
    return {
        "contrast": f"{service.name} against {service.compare_with}: {OUTCOME_WORDS[arms.outcome]}",
        "outcome": arms.outcome,
        "service": service.program,
        "comparison": service.compare_with,
        "population": population,
    } | counts


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
