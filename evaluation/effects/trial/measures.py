"""From a trial's estimates and their replicates to measures with limits."""

import numpy as np
import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.effects import intervals
from evaluation.effects.intervals import DAYS_PER_MONTH
from evaluation.effects.limits import OUTCOME_WORDS
from evaluation.effects.result import TABLE_COLUMNS
from evaluation.effects.trial.emulation import Emulation
from evaluation.study import Service

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
    point : numpy.ndarray, shape (2, size + horizons)
        Risks on the grid, then days lost by the horizons: treated, comparison.
    drawn : numpy.ndarray, shape (replicates, 2, size + horizons)
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
        (served, other), replicate = point[:, place], drawn[:, :, place]
        if np.isnan([served, other]).any():
            continue
        lost, lost_drawn = point[:, size + number], drawn[:, :, size + number]
        spread = np.nanstd(replicate, axis=0, ddof=1)
        difference = np.nanstd(replicate[:, 0] - replicate[:, 1], ddof=1)
        found = {
            "risk_treated": intervals.risk(served, spread[0], clusters),
            "risk_comparison": intervals.risk(other, spread[1], clusters),
            "risk_difference": intervals.linear(served - other, difference, clusters),
        }
        usable = replicate[(replicate > 0).all(axis=1)]
        if served > 0 and other > 0 and len(usable) > 1:
            logs = np.log(usable[:, 0] / usable[:, 1])
            found["risk_ratio"] = intervals.log_ratio(
                float(np.log(served / other)), float(np.nanstd(logs, ddof=1)), clusters
            )
        found["days_lost_difference"] = intervals.linear(
            float(lost[0] - lost[1]),
            float(np.nanstd(lost_drawn[:, 0] - lost_drawn[:, 1], ddof=1)),
            clusters,
        )
        rows += [{"horizon": horizon, "measure": m, **vars(i)} for m, i in found.items()]
    return rows


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
            value = point[arm, place]
            if np.isnan(value):
                continue
            limits = intervals.risk(value, float(np.nanstd(drawn[:, arm, place], ddof=1)), clusters)
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
