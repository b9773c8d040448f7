"""What a service did for the families who took it because it was assigned to them."""

import numpy as np
import pandas as pd

from evaluation.effects import intervals
from evaluation.effects.arms import STARTED
from evaluation.effects.diagnostics import CAUTION, PASS
from evaluation.effects.thresholds import THRESHOLDS
from evaluation.effects.weighting import Weighting

METHOD = "Wald ratio of intention to treat to uptake, by family"


def complier_effect(
    weighting: Weighting, rows: list[dict], influence: dict[tuple, pd.Series], horizon: int
) -> tuple[list[dict], list[dict]]:
    """Estimate the risk difference among compliers (Imbens and Angrist, 1994).

    The difference in risk by assignment over the difference in uptake by assignment,
    right if assignment works through uptake alone and nobody takes the service up
    because it was not assigned. The variance is that of the ratio, summed by family.

    Parameters
    ----------
    weighting : Weighting
        The randomized arms, with ``started``.
    rows : list of dict
        The effects by assignment, with the risk difference at the horizon.
    influence : dict
        Each family's contribution to it, as in `Part`.
    horizon : int
        Day of the difference.

    Returns
    -------
    tuple of list and list
        Rows beside the main result, and checks of the first stage.
    """
    arms, clusters = weighting.arms, weighting.clusters
    by_family = influence["risk_difference", horizon]
    difference = next(
        row["estimate"]
        for row in rows
        if row["measure"] == "risk_difference" and row["horizon"] == horizon
    )
    started = arms.rows[STARTED].to_numpy(float)
    weight = np.ones(len(started))
    if weighting.treatment is not None:
        weight = weighting.treatment.weights.to_numpy(float)
    uptake, own = 0.0, np.zeros(len(started))
    for arm, sign in ((arms.served, 1), (arms.compared, -1)):
        among = weight * arm.to_numpy()
        mean = float(among @ started / among.sum())
        uptake += sign * mean
        own += sign * among * (started - mean) / among.sum()
    change = pd.DataFrame({"uptake": own}, index=arms.rows.index)
    if weighting.treatment is not None:
        change = weighting.treatment.stack(change)
    taken = weighting.by_family(change["uptake"])
    se = float(np.sqrt((taken**2).sum()))
    strength = (uptake / se) ** 2 if se > 0 else np.inf
    strong = strength >= THRESHOLDS.first_stage
    words = "F of uptake on assignment"
    checks = [
        {
            "check": "first stage",
            "value": strength,
            "limit": THRESHOLDS.first_stage,
            "verdict": PASS if strong else CAUTION,
            "words": words if strong else f"{words}: too weak to speak of compliers",
        }
    ]
    head = {"analysis": "complier", "horizon": horizon, "method": METHOD}
    first = intervals.linear(uptake, se, clusters)
    rows = [
        head | {"variant": "first stage", "measure": "uptake_difference", **vars(first)},
        head | {"variant": "first stage", "measure": "F", **vars(_plain(strength))},
    ]
    if strong:
        ratio = difference / uptake
        both = (by_family - ratio * taken.reindex(by_family.index, fill_value=0.0)) / uptake
        found = intervals.linear(ratio, float(np.sqrt((both**2).sum())), clusters)
        rows.append(head | {"variant": "compliers", "measure": "risk_difference", **vars(found)})
    return rows, checks


def _plain(value: float) -> intervals.Interval:
    return intervals.Interval(value, np.nan, np.nan, np.nan, np.nan)
