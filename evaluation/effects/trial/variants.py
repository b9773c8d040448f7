"""A target trial under other choices: point estimates, its bootstrap not repeated."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.effects.arms import OUTCOME_EVENT
from evaluation.effects.limits import OUTCOME_WORDS, thin_arm
from evaluation.effects.loss_bounds import bounds_from
from evaluation.effects.timing import LAGS
from evaluation.effects.trial.children import TrialChildren, trial_children
from evaluation.effects.trial.emulation import LAST_DAYS, Emulation, Protocol
from evaluation.effects.trial.history import among
from evaluation.errors import StudyError
from evaluation.estimates import EstimateError
from evaluation.study import Service, Study

POINT = "target trial, point estimate"


def trial_variants(
    cohort: Cohort, service: Service, outcome: str, follow_up: pd.DataFrame
) -> Iterator[dict]:
    """Repeat a target trial with lagged starts, without each county, and bound the moves.

    Parameters
    ----------
    cohort : Cohort
        A built cohort.
    service : Service
        With the exposure ``"target trial"``.
    outcome : str
        One of the cohort's outcomes.
    follow_up : pandas.DataFrame
        ``cohort.follow_up(outcome)``.

    Yields
    ------
    dict
        ``analysis``, ``variant``, and the risk difference at the main horizon with its
        counts, or the reason in ``words``.
    """
    study = cohort.study
    try:
        children = trial_children(cohort, outcome, service, (), follow_up)
    except StudyError as error:
        yield {"analysis": "lagged exposure", "variant": "any", "words": str(error)}
        return
    for days in LAGS:
        late = _started(children, children.started + days)
        yield _point(late, service, study, outcome, "lagged exposure", f"{days} days")
    if "county" in cohort.exits:
        county = children.frame["exit_id"].map(cohort.exits.set_index("exit_id")["county"])
        for name in sorted(county.dropna().unique()):
            kept = _subset(children, (county != name).to_numpy())
            yield _point(kept, service, study, outcome, "one county left out", str(name))
    horizon = study.main_horizon
    moved = children.moved & (children.stop <= horizon)
    random = np.random.default_rng(study.seed).random(len(moved))

    def difference(share_served: float, share_other: float) -> float | None:
        share = np.where(children.started <= service.grace_days, share_served, share_other)
        happened = moved & (random < share)
        stop = np.where(moved & ~happened, np.maximum(children.stop, horizon), children.stop)
        frame = children.frame.assign(
            event=np.where(happened, OUTCOME_EVENT, children.event),
            stop=stop,
            moved=children.moved & ~moved,
        )
        changed = replace(children, frame=frame)
        return _point(changed, service, study, outcome, "loss bounds", "").get("estimate")

    yield from bounds_from(difference, bool(moved.any()), horizon)


def trial_counting(
    cohort: Cohort, service: Service, follow_up: pd.DataFrame, analysis: str, variant: str
) -> dict:
    """Estimate a target trial of maltreatment from other follow-up rows."""
    children = trial_children(cohort, "maltreatment", service, (), follow_up)
    return _point(children, service, cohort.study, "maltreatment", analysis, variant)


def _point(
    children: TrialChildren,
    service: Service,
    study: Study,
    outcome: str,
    analysis: str,
    variant: str,
) -> dict:
    head = {"analysis": analysis, "variant": variant}
    horizon, grace = study.main_horizon, service.grace_days
    if not grace < horizon <= int(children.stop.max()):
        return head | {"words": f"day {horizon} is not after the grace period and followed"}
    protocol = Protocol(
        (grace,), LAST_DAYS, service.comparison, (horizon,), study.adjustment.truncate
    )
    try:
        emulation = Emulation(children, protocol, service.name)
        reason = thin_arm(emulation.observed, service.name, OUTCOME_WORDS[outcome], study)
        if reason:
            return head | {"words": reason}
        served, other = emulation.estimates([horizon])[0, :, 0]
    except (StudyError, EstimateError) as error:
        return head | {"words": str(error)}
    counts = {name: n for name, n in emulation.observed.items() if name != "clusters"}
    return head | {
        "measure": "risk_difference",
        "horizon": horizon,
        "estimate": float(served - other),
        **counts,
        "words": POINT
        + (", complete cases" if study.adjustment.missing == "multiple imputation" else ""),
    }


def _started(children: TrialChildren, started: np.ndarray) -> TrialChildren:
    """Let a service start on other days; one that would start after follow-up never does."""
    seen = np.where(started < children.stop, started, np.inf)
    return replace(children, frame=children.frame.assign(started=seen))


def _subset(children: TrialChildren, keep: np.ndarray) -> TrialChildren:
    """Keep some children, and the columns that still differ among them."""
    x, frame = children.x[keep], children.frame[keep].reset_index(drop=True)
    x = x[:, np.ptp(x, axis=0) > 0]
    return replace(
        children,
        frame=frame,
        x=x,
        history=among(children.spans, frame, x, keep),
        family=pd.factorize(children.family[keep])[0],
    )
