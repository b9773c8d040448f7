"""The effect group by group, and whether the groups differ."""

import math

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.effects.arms import Arms
from evaluation.effects.limits import shortage
from evaluation.effects.result import Part
from evaluation.errors import StudyError
from evaluation.estimates import EstimateError
from evaluation.study import Study

DIFFER = "groups differ"
"""The variant of the row that tests whether groups have one effect."""
TOO_FEW = "There are too few children or events in an arm of this group for an effect of its own"


def effects_by_group(
    arms: Arms, groups: pd.Series, label: str, study: Study, estimate, horizon: int
) -> list[dict]:
    """Estimate a contrast within each group and test that the groups are alike.

    Weights are made anew within each group. The interaction test is Wald's on the
    groups' estimates; their covariance is summed by family, so a family whose children
    stand in several groups counts for what its members share.

    Parameters
    ----------
    arms : Arms
        The contrast's rows.
    groups : pandas.Series
        Group of each exit, by ``exit_id``.
    label : str
        Name of the grouping.
    study : Study
        The protocol.
    estimate : callable
        From arms, study and the day of interest to a `Part`.
    horizon : int
        Day of the risk difference.

    Returns
    -------
    list of dict
        One row per group and measure, then one per measure with ``variant`` "groups
        differ" whose ``p`` is the interaction test's. A group without an estimate has one
        row without measure, whose ``method`` says why, without its counts.
    """
    of = arms.rows["exit_id"].map(groups)
    rows, parts = [], {}
    for name in sorted(of.dropna().unique(), key=str):
        own = arms.among(of == name, leave_out=label)
        named = {"analysis": f"by {label}", "variant": str(name)}
        if shortage(own, study):
            rows.append(named | {"method": f"{TOO_FEW}; pool years, or make {label} coarser."})
            continue
        try:
            part = estimate(own, study, day=horizon)
        except (StudyError, EstimateError) as error:
            rows.append(named | {"method": str(error)})
            continue
        parts[str(name)] = part
        rows += [
            named | row | own.counts
            for row in part.rows
            if row["measure"] == "hazard_ratio"
            or (row["measure"] == "risk_difference" and row["horizon"] == horizon)
        ]
    tests = [_interaction(parts, measure, at, label) for measure, at in compared(horizon)]
    return rows + [test for test in tests if test]


def compared(horizon: int) -> tuple[tuple[str, int | None], ...]:
    """Return the measures whose groups are tested, with their horizon."""
    return (("risk_difference", horizon), ("hazard_ratio", None))


def _interaction(
    parts: dict[str, Part], measure: str, horizon: int | None, label: str
) -> dict | None:
    """Test that the groups' effects are one, families in several groups allowed for."""
    values, influence, draws = [], [], []
    for part in parts.values():
        found = [
            row
            for row in part.rows
            if row["measure"] == measure and (horizon is None or row["horizon"] == horizon)
        ]
        if found and (measure, horizon) in part.influence:
            value = found[0]["estimate"]
            values.append(math.log(value) if horizon is None else value)
            influence.append(part.influence[measure, horizon])
            draws.append(part.draws.get((measure, horizon)))
    if len(values) < 2:
        return None
    by_family = pd.concat(influence, axis=1, sort=True).fillna(0.0).to_numpy()
    covariance = by_family.T @ by_family
    if draws[0] is not None:
        sets = np.array(draws) if horizon is not None else np.log(draws)
        covariance += (1 + 1 / sets.shape[1]) * np.cov(sets)
    contrast = np.column_stack([-np.ones(len(values) - 1), np.eye(len(values) - 1)])
    change = contrast @ np.array(values)
    statistic = float(change @ np.linalg.pinv(contrast @ covariance @ contrast.T) @ change)
    return {
        "analysis": f"by {label}",
        "variant": DIFFER,
        "measure": measure,
        "horizon": pd.NA if horizon is None else horizon,
        "p": float(stats.chi2.sf(statistic, len(values) - 1)),
        "method": f"Wald test on {len(values) - 1} degrees of freedom, by family",
    }
