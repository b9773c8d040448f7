"""The trial one would have liked to run, emulated from what was recorded."""

import numpy as np
import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.effects.covariates import check_covariates
from evaluation.effects.limits import OUTCOME_WORDS, thin_arm
from evaluation.effects.thresholds import THRESHOLDS
from evaluation.effects.trial.bootstrap import bootstrap
from evaluation.effects.trial.children import TrialChildren, trial_children
from evaluation.effects.trial.emulation import LAST_DAYS, Emulation, Protocol
from evaluation.effects.trial.imputation import ImputedTrial, Incomplete
from evaluation.effects.trial.measures import (
    curves_of,
    effects_table,
    left_out,
    measures,
    monthly_grid,
)
from evaluation.effects.trial.result import TargetTrial
from evaluation.effects.trial.tables import other_services, trial_balance, weight_summary
from evaluation.effects.trial.words import comparison_strategy, protocol_table, treated_strategy
from evaluation.errors import StudyError
from evaluation.study import Note, Service


def target_trial(
    cohort: Cohort,
    outcome: str,
    service: str,
    grace_days: int | None = None,
    horizons: list[int] | tuple[int, ...] | None = None,
    comparison: str | None = None,
    population: str = "all eligible",
    replicates: int | None = None,
    last_days: int = LAST_DAYS,
    strata: tuple[str, ...] | list[str] = (),
    seed: int | None = None,
    workers: int | None = None,
    missing: str | None = None,
    other_grace: bool = True,
) -> TargetTrial:
    """Emulate the trial in which families start a service within a grace period, or do not.

    Every child is cloned into both arms at the exit, a clone is censored on the first
    day its history contradicts its strategy, and inverse-probability weights from models
    of starting undo the selection (Hernán and Robins, 2016; Cain et al., 2010). The models
    hold the study's covariates and what the records show by the day before each start
    (``adjustment.history``: reports, other services, the support window). Risks
    are weighted Aalen-Johansen; intervals come from a bootstrap of whole families in
    which every weight model is fitted again.

    Parameters
    ----------
    cohort : Cohort
        From ``build_cohort``.
    outcome : str
        One of the cohort's outcomes.
    service : str
        Program of one of the study's services.
    grace_days : int, optional
        Days within which the treated start; by default the study's. Results at half and
        double of it stand beside.
    horizons : sequence of int, optional
        Days of the risks; by default the study's.
    comparison : {"never", "not within grace"}, optional
        By default the study's.
    population : {"all eligible"}
        The only target population of one trial from the exit.
    replicates : int, optional
        Bootstrap replicates, by default the study's (500).
    last_days : int
        Starts in the last so many days of the grace period stand for a start on its last
        day; at most the grace period.
    strata : sequence of str
        Columns that enter the weight models beside the study's covariates.
    seed : int, optional
        By default the study's. The same seed gives the same numbers.
    workers : int, optional
        Replicates that run at once; changes no number.
    missing : {"complete cases", "multiple imputation"}, optional
        What becomes of children who lack a covariate; by default as the study says. With
        multiple imputation the estimate is pooled over imputed sets, and families are
        drawn first and imputed inside each replicate (von Hippel and Bartlett, 2021).
    other_grace : bool
        Whether half and double the grace period stand beside; without them a trial that
        is repeated takes about a quarter less.

    Returns
    -------
    TargetTrial

    Raises
    ------
    StudyError
        If the trial cannot be emulated from these data: nobody starts in time, the grace
        period passes the follow-up, another population is asked for, covariates decide
        who starts, or a few children carry an arm.
    """
    settings = cohort.study.service(service).model_copy(
        update={
            name: value
            for name, value in (("grace_days", grace_days), ("comparison", comparison))
            if value is not None
        }
    )
    _refuse(settings, population, last_days)
    follow_up = cohort.follow_up(outcome)
    study = cohort.study
    check_covariates((*study.adjustment.covariates, *strata), cohort.exits, follow_up)
    seed = study.seed if seed is None else seed
    complete = (missing or study.adjustment.missing) == "complete cases"
    children = trial_children(cohort, outcome, settings, tuple(strata), follow_up, complete)
    protocol, notes = _protocol(cohort, settings, children, horizons, last_days, other_grace)
    trial, emulation, said = _trial(children, protocol, settings.name, seed)
    notes += said
    protocol = emulation.protocol
    notes += [
        Note(f"No result at a grace period of {grace} days: {why}")
        for grace, why in emulation.left_out.items()
    ]
    reason = thin_arm(emulation.observed, settings.name, OUTCOME_WORDS[outcome], cohort.study)
    if reason:
        raise StudyError(reason)
    weights = weight_summary(emulation)
    _refuse_concentration(weights, settings)
    grid = monthly_grid(protocol.horizons)
    horizon_places = [grid.index(day) for day in protocol.horizons]

    wanted = study.adjustment.replicates if replicates is None else replicates
    sets = trial.emulations() if isinstance(trial, ImputedTrial) else [emulation]
    found = [(own.estimates(grid), trial_balance(own)) for own in sets]
    point = np.stack([own for own, _ in found])
    drawn, failed = bootstrap(trial, settings.name, grid, wanted, seed, workers)
    notes += _notes(children, settings, protocol, wanted, failed)
    clusters = int(children.family.max()) + 1
    by_grace = []
    for place, grace in enumerate(protocol.grace):
        own, again = point[:, place], drawn[:, :, place]
        rows = measures(own, again, horizon_places, len(grid), protocol.horizons, clusters)
        starters = emulation.window_starters[place]
        by_grace += [{"grace_days": grace, "starters": starters} | row for row in rows]
        compared = {row["horizon"] for row in rows}
        at = dict(zip(protocol.horizons, horizon_places, strict=True))
        at = {day: where for day, where in at.items() if day in compared}
        words = f"{settings.name}, grace period of {grace} days"
        notes += left_out(again, list(at.values()), tuple(at), words)
    notes += _unfollowed(by_grace, protocol, settings.name)
    by_grace = pd.DataFrame(by_grace)
    others = {s.program: s.name for s in study.services if s.program != settings.program}
    words = study.model_copy(
        update={
            "seed": seed,
            "adjustment": study.adjustment.model_copy(update={"replicates": wanted}),
        }
    )
    return TargetTrial(
        table=effects_table(cohort, settings, outcome, by_grace, emulation, clusters),
        by_grace=by_grace,
        protocol=protocol_table(words, settings, OUTCOME_WORDS[outcome], protocol, children),
        curves=curves_of(emulation, point[:, 0], drawn[:, :, 0], grid, clusters),
        balance=_averaged([own for _, own in found]),
        other_services=other_services(emulation, follow_up, others),
        weights=weights,
        replicates=np.stack([drawn[..., horizon_places], drawn[..., len(grid) :]], axis=-1).mean(
            axis=1
        ),
        notes=tuple(notes),
    )


def _trial(
    children: TrialChildren, protocol: Protocol, name: str, seed: int
) -> tuple[Emulation | ImputedTrial, Emulation, list[Note]]:
    """Return what is drawn again and again, the trial of its first set, and what to say."""
    if not children.lacking:
        emulation = Emulation(children, protocol, name)
        return emulation, emulation, []
    incomplete = Incomplete.of(children.frame[list(children.covariates)])
    trial = ImputedTrial(children, incomplete, protocol, name, seed)
    note = Note(
        f"{name}: {{incomplete}} of {{children}} children lack a covariate; values are imputed "
        f"{trial.sets} times by chained equations with the outcome, the start of the service, "
        "moves and siblings' means, and the estimates pooled; in the bootstrap families are "
        "drawn first and imputed inside each replicate (von Hippel and Bartlett, 2021). What is "
        "counted of weights is of the first set.",
        {"incomplete": incomplete.children, "children": len(children.stop)},
    )
    return trial, trial.first, [note]


def _averaged(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Average balance over imputed sets."""
    if len(tables) == 1 or tables[0].empty:
        return tables[0]
    return pd.concat(tables).groupby(["when", "covariate"], sort=False).mean().reset_index()


def _refuse(service: Service, population: str, last_days: int) -> None:
    if population != "all eligible":
        raise StudyError(
            "A target trial from the exit answers for all eligible children, not for "
            f'"{population}": who else would have started is known only on each day of starting. '
            "Sequential trials, one from each such day, are the way to that population; here "
            'choose "all eligible".'
        )
    if service.brings_about_exit:
        raise StudyError(
            f"{service.name} is meant to bring the exit about, so it changes who exits: a trial "
            "among exits is not its effect. The honest outcome starts at assignment (home and "
            "stable at a horizon)."
        )
    if service.grace_days < 1 or last_days < 1:
        raise StudyError("grace_days and last_days are whole numbers of days, 1 or more.")


def _protocol(
    cohort: Cohort,
    service: Service,
    children: TrialChildren,
    horizons: list[int] | tuple[int, ...] | None,
    last_days: int,
    other_grace: bool,
) -> tuple[Protocol, list[Note]]:
    longest = int(children.stop.max())
    grace = service.grace_days
    asked = sorted(cohort.study.horizons if horizons is None else set(horizons))
    within = tuple(int(day) for day in asked if grace < day <= longest)
    if grace >= longest:
        raise StudyError(
            f"{service.name}: the grace period of {grace} days is as long as the follow-up "
            f"({longest} days), so what comes after starting is never seen; shorten grace_days."
        )
    if not within:
        raise StudyError(
            f"{service.name}: no horizon asked for ({', '.join(map(str, asked))}) lies after the "
            f"grace period of {grace} days and within the {longest} days followed."
        )
    notes = []
    left = [day for day in asked if day not in within]
    if left:
        notes.append(
            Note(
                f"{service.name}: no risk at day {', '.join(map(str, left))}, which is not after "
                f"the grace period of {grace} days or not within the {longest} days followed."
            )
        )
    others = (grace // 2, 2 * grace) if other_grace else ()
    graces = [grace, *(g for g in others if 0 < g < min(longest, max(within)))]
    started = children.started
    kept = []
    for each in graces:
        window = (started > max(each - last_days, 0)) & (started <= each) & (children.stop > each)
        if each == grace or window.sum() >= THRESHOLDS.events_per_arm:
            kept.append(each)
        else:
            notes.append(
                Note(
                    f"{service.name}: no result at a grace period of {each} days, because too few "
                    "children start in its last days."
                )
            )
    truncate = cohort.study.adjustment.truncate
    return Protocol(tuple(kept), last_days, service.comparison, within, truncate), notes


def _refuse_concentration(weights: pd.DataFrame, service: Service) -> None:
    heavy = weights[weights["five_largest"] > THRESHOLDS.five_largest]
    if len(heavy):
        row = heavy.iloc[0]
        raise StudyError(
            f"{service.name}: five children carry {row.five_largest:.0%} of the weight of the "
            f"{row.arm} arm on day {row.day}, so its risk would be theirs: too few families like "
            "the others decided that way. Name fewer or coarser covariates, change grace_days, or "
            "pool years."
        )


def _unfollowed(rows: list[dict], protocol: Protocol, name: str) -> list[Note]:
    """Say where no risk can be compared because nobody of an arm is followed so far."""
    notes = []
    for grace in protocol.grace:
        known = {row["horizon"] for row in rows if row["grace_days"] == grace}
        left = ", ".join(str(day) for day in protocol.horizons if day not in known)
        if not left:
            continue
        said = (
            f"{name}, grace period of {grace} days: nobody in one of the arms is still followed on "
            f"day {left}, so no risks are compared there"
        )
        if grace == protocol.grace[0] and not known:
            raise StudyError(f"{said}; ask for an earlier horizon, or pool years.")
        notes.append(Note(f"{said}."))
    return notes


def _notes(children, service, protocol, wanted, failed) -> list[Note]:
    grace = protocol.grace[0]
    said = [
        *children.notes,
        Note(f"{service.name}, target trial, treated: {treated_strategy(grace)}"),
        Note(
            f"{service.name}, target trial, comparison: "
            f"{comparison_strategy(protocol.comparison, grace)}"
        ),
    ]
    if failed:
        said.append(
            Note(
                f"{service.name}: {failed} of {wanted} bootstrap replicates gave no estimate and "
                "are left out of the intervals."
            )
        )
    return said
