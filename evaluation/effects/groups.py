"""The effect group by group, and whether the groups differ."""

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.effects.arms import Arms
from evaluation.effects.limits import shortage
from evaluation.errors import StudyError
from evaluation.estimates import EstimateError
from evaluation.study import Study

MEASURES = ("risk_difference", "hazard_ratio")


def effects_by_group(
    arms: Arms, groups: pd.Series, label: str, study: Study, estimate, horizon: int
) -> list[dict]:
    """Estimate a contrast within each group and test that the groups are alike.

    Weights are made anew within each group. The interaction test is Cochran's Q of the
    groups' estimates, taken as independent (a family that stands in two groups is rare).

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
        From arms and study to a `Part`.
    horizon : int
        Day of the risk difference.

    Returns
    -------
    list of dict
        One row per group and measure, then one per measure with ``variant`` "groups
        differ" whose ``p`` is the interaction test's. Groups with too few children or
        events have no row.
    """
    of = arms.rows["exit_id"].map(groups)
    rows = []
    for name in sorted(of.dropna().unique(), key=str):
        own = arms.rows[of == name].reset_index(drop=True)
        varying = tuple(c for c in arms.covariates if c != label and own[c].nunique() > 1)
        part_arms = Arms(own, arms.outcome, arms.service, varying, (), arms.landmark)
        if shortage(part_arms, study):
            continue
        try:
            part = estimate(part_arms, study)
        except (StudyError, EstimateError):
            continue
        rows += [
            {"analysis": f"by {label}", "variant": str(name)} | row
            for row in part.rows
            if row["measure"] == "hazard_ratio"
            or (row["measure"] == "risk_difference" and row["horizon"] == horizon)
        ]
    return rows + _interaction(rows, label)


def _interaction(rows: list[dict], label: str) -> list[dict]:
    tests = []
    for measure in MEASURES:
        own = [row for row in rows if row["measure"] == measure]
        if len(own) < 2:
            continue
        value = np.array([row["estimate"] for row in own], dtype=float)
        value = np.log(value) if measure == "hazard_ratio" else value
        weight = 1 / np.array([row["se"] for row in own], dtype=float) ** 2
        statistic = float((weight * (value - np.average(value, weights=weight)) ** 2).sum())
        tests.append(
            {
                "analysis": f"by {label}",
                "variant": "groups differ",
                "measure": measure,
                "horizon": own[0]["horizon"],
                "p": float(stats.chi2.sf(statistic, len(own) - 1)),
                "method": f"Cochran's Q on {len(own) - 1} degrees of freedom",
            }
        )
    return tests
