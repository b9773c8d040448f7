"""From a trial's estimates and their replicates to measures with limits."""

import math

import numpy as np
import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.effects import intervals
from evaluation.effects.intervals import DAYS_PER_MONTH
from evaluation.effects.limits import OUTCOME_WORDS
from evaluation.effects.result import TABLE_COLUMNS
from evaluation.effects.trial.emulation import Emulation
from evaluation.study import Note, Service

METHOD = "target trial: clones, censoring, weights; bootstrap by family"


def monthly_grid(horizons: tuple[int, ...]) -> list[int]:
    """Return the days a trial is read on: its horizons, and every month to the last."""
    last = max(horizons)
    months = {round(m * DAYS_PER_MONTH) for m in range(1, int(last / DAYS_PER_MONTH) + 1)}
    return sorted({day for day in months if day <= last} | set(horizons))


def measures(
    point: np.ndarray,
    drawn: np.ndarray,
    places: list[int],
    size: int,
    horizons: tuple[int, ...],
    clusters: int,
) -> list[dict]:
    """Compare the arms at each horizon, with limits from the replicates.

    Parameters
    ----------
    point : numpy.ndarray, shape (sets, 2, size + horizons)
        Risks on the grid, then days lost by the horizons: treated, comparison; in every
        imputed set, or the one.
    drawn : numpy.ndarray, shape (replicates, sets inside, 2, size + horizons)
        The same of every replicate.
    places : list of int
        Where the horizons stand on the grid.
    size : int
        Days of the grid.
    horizons : tuple of int
    clusters : int
        Families.
    """
    rows = []
    for number, (place, horizon) in enumerate(zip(places, horizons, strict=True)):
        risks, again = point[..., place], drawn[..., place]
        if np.isnan(risks).any():
            continue
        sets = len(point)
        found = {
            name: intervals.risk(
                pooled_risk(risks[:, arm]), spread(again[..., arm], sets), clusters
            )
            for arm, name in enumerate(("risk_treated", "risk_comparison"))
        }
        found["risk_difference"] = _difference(risks, again, clusters)
        usable = again[(again > 0).all(axis=(1, 2))]
        if (risks > 0).all() and len(usable) > 1:
            logs = np.log(usable[..., 0] / usable[..., 1])
            found["risk_ratio"] = intervals.log_ratio(
                float(np.log(risks[:, 0] / risks[:, 1]).mean()), spread(logs, sets), clusters
            )
        found["days_lost_difference"] = _difference(
            point[..., size + number], drawn[..., size + number], clusters
        )
        rows += [{"horizon": horizon, "measure": m, **vars(i)} for m, i in found.items()]
    return rows


def _difference(point: np.ndarray, drawn: np.ndarray, clusters: int) -> intervals.Interval:
    value = float((point[:, 0] - point[:, 1]).mean())
    return intervals.linear(value, spread(drawn[..., 0] - drawn[..., 1], len(point)), clusters)


def pooled_risk(values: np.ndarray) -> float:
    """Average a risk over imputed sets on the complementary log-log scale."""
    if len(values) == 1 or not ((values > 0) & (values < 1)).all():
        return float(values.mean())
    return float(-np.expm1(-np.exp(np.log(-np.log1p(-values)).mean())))


def spread(drawn: np.ndarray, sets: int) -> float:
    """Return the standard error of an estimate from its replicates.

    Parameters
    ----------
    drawn : numpy.ndarray, shape (replicates, sets inside)
        With one set inside, the standard deviation of the replicates. With more, their
        variance beyond what imputing adds, and that divided by ``sets`` (the components
        of variance of von Hippel and Bartlett, 2021).
    sets : int
        Imputed sets that the estimate itself is pooled over.
    """
    inside = drawn.shape[1]
    between = float(np.nanvar(drawn.mean(axis=1), ddof=1))
    if inside == 1:
        return math.sqrt(between)
    within = float(np.nanmean(drawn.var(axis=1, ddof=1)))
    return math.sqrt(max(between - within / inside, 0.0) + within / sets)


def left_out(
    drawn: np.ndarray, places: list[int], horizons: tuple[int, ...], words: str
) -> list[Note]:
    """Say how many replicates the limits of a horizon are made without.

    Parameters
    ----------
    drawn : numpy.ndarray, shape (replicates, sets inside, 2, days)
        Of one grace period.
    places : list of int
        Where the horizons stand.
    horizons : tuple of int
        Those that risks are compared at.
    words : str
        The trial.
    """
    notes = []
    for place, day in zip(places, horizons, strict=True):
        risks = drawn[..., place]
        nobody = np.isnan(risks).any(axis=(1, 2))
        no_event = ~nobody & (risks <= 0).any(axis=(1, 2))
        for lost, why, what in (
            (nobody, f"follow nobody of an arm to day {day}", "intervals there"),
            (no_event, f"have no event in an arm by day {day}", "interval of its risk ratio"),
        ):
            if lost.any():
                notes.append(
                    Note(
                        f"{words}: {lost.sum()} of {len(risks)} bootstrap replicates {why} and are "
                        f"left out of the {what}."
                    )
                )
    return notes


def curves_of(
    emulation: Emulation,
    point: np.ndarray,
    drawn: np.ndarray,
    grid: list[int],
    clusters: int,
) -> pd.DataFrame:
    """Return both arms' cumulative incidence on the grid, with limits."""
    rows = []
    for arm, group in enumerate(("yes", "no")):
        for place, day in enumerate(grid):
            at_home = emulation.clone_weights(day)[arm] > 0
            values = point[:, arm, place]
            if np.isnan(values).any():
                continue
            value = pooled_risk(values)
            se = spread(drawn[:, :, arm, place], len(point))
            limits = intervals.risk(value, se, clusters)
            rows.append(
                {
                    "group": group,
                    "cause": 1,
                    "time": day,
                    "at_risk": int(at_home.sum()),
                    "events": emulation.events_by(day)[arm],
                    "incidence": value,
                    "se": limits.se,
                    "ci_low": limits.ci_low,
                    "ci_high": limits.ci_high,
                }
            )
    return pd.DataFrame(rows)


def effects_table(
    cohort: Cohort,
    service: Service,
    outcome: str,
    by_grace: pd.DataFrame,
    emulation: Emulation,
    clusters: int,
) -> pd.DataFrame:
    """Return the main grace period's estimates as rows of the effects table."""
    primary = cohort.study.primary
    other = service.compare_with
    table = by_grace[by_grace["grace_days"] == service.grace_days].drop(
        columns=["grace_days", "starters"]
    )
    declared = primary and (primary.service, primary.outcome) == (service.program, outcome)
    table = table.assign(
        contrast=f"{service.name} against {other}: {OUTCOME_WORDS[outcome]}",
        outcome=outcome,
        service=service.program,
        comparison=other,
        population="all eligible",
        p_adjusted=np.nan,
        p_false_discovery=np.nan,
        family=None,
        primary=[bool(declared and day == primary.horizon) for day in table["horizon"]],
        clusters=clusters,
        method=METHOD,
        **emulation.observed,
    )
    return table[list(TABLE_COLUMNS)].reset_index(drop=True)
