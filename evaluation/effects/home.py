"""Home and stable: services that bring the exit about, from the day they are assigned."""

import math

import numpy as np
import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.cohorts.assigned import AssignedInCare, assigned_in_care
from evaluation.effects import intervals
from evaluation.effects.assigned import RANDOMIZATION
from evaluation.effects.propensity import Propensity, propensity
from evaluation.effects.thresholds import THRESHOLDS
from evaluation.errors import StudyError
from evaluation.study import Note, Service, Study

OUTCOME = "home_and_stable"
WORDS = "home and stable"
KNOWN_THEN = {
    "age_at_exit": "age",
    "days_in_care": "days_in_care",
    "sex": "sex",
    "race_ethnicity": "race_ethnicity",
    "prior_episodes": "prior_episodes",
}
"""Covariates of the study that are known at an assignment, and what stands for them."""


def home_effects(cohort: Cohort, service: Service) -> tuple[list[dict], tuple[Note, ...]]:
    """Compare arms by who is home and stable at the horizons, and by days at home.

    For a service that brings the exit about (METHODS 5.2) children are followed from
    their assignment in care, whether or not they exit. A child is home and stable on a
    day if it exited to permanency after the assignment and did not return by then. At
    each horizon those followed to it are compared; leaving the records is taken as
    unrelated to the outcome within an arm. Randomized arms are compared as they are,
    others weighted by what is recorded at the assignment.

    Parameters
    ----------
    cohort : Cohort
    service : Service
        With ``brings_about_exit``.

    Returns
    -------
    tuple
        Rows with the columns of the effects table, and notes.

    Raises
    ------
    StudyError
        If there are no assignments to two arms, too few children, or nothing to make
        arms alike that chance did not.
    """
    stages = cohort.stages
    assigned = assigned_in_care(stages.records, stages.candidates, cohort.study, service.program)
    return compared_at_home(assigned, service, cohort.study)


def compared_at_home(
    assigned: AssignedInCare, service: Service, study: Study
) -> tuple[list[dict], tuple[Note, ...]]:
    """Do what `home_effects` says with the children assigned."""
    children = assigned.children.reset_index(drop=True)
    served = children["arm"] == service.program
    if not served.any() or served.all():
        raise StudyError(
            f"{service.name} is meant to bring the exit about, so children are followed from its "
            "assignment; that needs rows of the table assignments for the program and for a "
            f"comparison arm, made while children are in care, and there are "
            f"{'none' if not len(children) else 'rows of one arm only'}. Comparing outcomes among "
            "exits is not its effect, because it changes who exits."
        )
    notes = [
        Note(
            f"{service.name}: children are followed from their first assignment in care; "
            "{elsewhere} assigned while in no episode of care are left out.",
            {"elsewhere": assigned.not_in_care},
        )
    ]
    weights, said = _weights(children, served, service, study)
    rows = []
    last = np.minimum(children["followed"], children["age_limit_day"].fillna(np.inf))
    for horizon in study.horizons:
        seen = (children["followed"] >= horizon) | (last < children["followed"])
        counts = [int((seen & arm).sum()) for arm in (served, ~served)]
        if min(counts) < THRESHOLDS.children_per_arm:
            notes.append(
                Note(
                    f"{service.name}: by day {horizon} an arm has fewer than "
                    f"{THRESHOLDS.children_per_arm} children followed, too few to compare who is "
                    "home."
                )
            )
            continue
        until = np.minimum(float(horizon), children["age_limit_day"].fillna(np.inf))
        stable, days = at_home(assigned, children, until.to_numpy(float))
        rows += _compared(children, served, seen, stable, days, horizon, weights)
    method = "children followed to the horizon" + ("" if weights is None else ", weighted")
    shared = {
        "contrast": f"{service.name} against other arms: {WORDS}",
        "outcome": OUTCOME,
        "service": service.program,
        "comparison": "other arms of the assignment",
        "population": "all eligible" if weights is None else study.adjustment.weights,
        "method": f"{method}, from assignment",
    }
    return [shared | row for row in rows], (*notes, *said)


def at_home(
    assigned: AssignedInCare, children: pd.DataFrame, until: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return who is home and stable on a day, and the days at home up to it.

    Parameters
    ----------
    assigned : AssignedInCare
    children : pandas.DataFrame
        Its children.
    until : numpy.ndarray
        Day of each child.
    """
    place = pd.Series(np.arange(len(children)), index=children["child_id"])
    stays = assigned.stays
    child = stays["child_id"].map(place).to_numpy(int)
    begin = stays["begin"].to_numpy(float)
    end = stays["end"].astype("Float64").to_numpy(float, na_value=np.inf)
    days = np.bincount(child, np.maximum(np.minimum(end, until[child]) - begin, 0.0), len(children))
    first = ~stays["child_id"].duplicated().to_numpy()
    now = first & (begin <= until[child]) & (end > until[child])
    return np.bincount(child, now, len(children)), days


def _weights(
    children: pd.DataFrame, served: pd.Series, service: Service, study: Study
) -> tuple[Propensity | None, tuple[Note, ...]]:
    """Make arms alike that chance did not."""
    if (children["kind"] == RANDOMIZATION).all():
        return None, ()
    asked = study.adjustment.covariates
    used = [KNOWN_THEN[name] for name in asked if name in KNOWN_THEN]
    used = [name for name in used if children[name].nunique() > 1]
    if study.adjustment.weights == "none" or not used:
        raise StudyError(
            f"{service.name} is meant to bring the exit about and was not assigned by chance, and "
            "nothing recorded at the assignment makes its arms alike: set adjustment.weights and "
            f"name covariates among {', '.join(KNOWN_THEN)}."
        )
    if children[used].isna().any(axis=None):
        raise StudyError(
            f"{service.name}: a covariate is missing for some children on the day of assignment; "
            f"name only those known for all ({', '.join(used)} are used)."
        )
    words = f"assignment to {service.name}"
    fitted = propensity(
        children.assign(**{words: served}),
        words,
        " + ".join(used),
        study.adjustment.weights,
        study.adjustment.truncate,
    )
    left = [name for name in asked if name not in KNOWN_THEN]
    if not left:
        return fitted, ()
    return fitted, (
        Note(
            f"{service.name}: what the arms differ in is weighted for as recorded on the day of "
            f"assignment ({', '.join(used)}); not known then: {', '.join(left)}."
        ),
    )


def _compared(children, served, seen, stable, days, horizon, weights) -> list[dict]:
    weight = np.ones(len(children)) if weights is None else weights.weights.to_numpy(float)
    clusters = int(children["family_id"][seen].nunique())
    means, influence = [], {}
    for name, values in (("stable", stable), ("days", days)):
        for arm, own in (("yes", served), ("no", ~served)):
            among = weight * (own & seen).to_numpy(float)
            mean = float(among @ values / among.sum())
            means.append(mean)
            influence[name, arm] = among * (values - mean) / among.sum()
    frame = pd.DataFrame(influence, index=children.index)
    if weights is not None:
        frame = weights.stack(frame)
    covariance = intervals.clustered_covariance(frame, pd.factorize(children["family_id"])[0])
    rows = intervals.measures_of_risks(np.array(means[:2]), covariance[:2, :2], clusters, horizon)
    against = np.array([1.0, -1.0])
    se = math.sqrt(against @ covariance[2:, 2:] @ against)
    gained = intervals.linear(means[2] - means[3], se, clusters)
    rows.append({"measure": "days_at_home_difference", "horizon": horizon, **vars(gained)})
    happened = stable.astype(bool)
    counts = {
        "n_treated": int((served & seen).sum()),
        "n_comparison": int((~served & seen).sum()),
        "events_treated": int((served & seen & happened).sum()),
        "events_comparison": int((~served & seen & happened).sum()),
        "clusters": clusters,
    }
    return [row | counts for row in rows]
