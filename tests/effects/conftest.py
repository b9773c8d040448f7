"""Small cohorts with known answers."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from evaluation.sources.simulation import simulate_truth
from evaluation.study import Study

COHORT = {"exits": ["2018-01-01", "2022-12-31"], "data_through": "2024-06-30", "horizon_days": 365}


def make_study(**changes):
    settings = {
        "title": "A study",
        "cohort": COHORT,
        "outcomes": {"reentry": {}},
        "services": [{"program": "success_coach", "label": "Coach", "exposure": "at exit"}],
        "adjustment": {
            "covariates": ["age_at_exit", "prior_episodes", "disability"],
            "weights": "overlap",
            "outcome_model": False,
        },
        "report": {"horizons": [180, 365]},
    }
    return Study(**(settings | changes))


def make_cohort(study, truth):
    rows = truth.follow_up("reentry", horizon_days=study.cohort.horizon_days)
    return SimpleNamespace(
        study=study,
        exits=truth.cohort,
        outcomes=("reentry",),
        follow_up=lambda outcome: rows,
        report_days=None,
    )


@pytest.fixture(scope="session")
def truth():
    return simulate_truth(children=2_500, seed=5)


@pytest.fixture(scope="session")
def immortal_null():
    """Constant hazard 0.01 a month, no effect; half are due a service at month 6 if still home.

    Months are drawn by inverting the exponential at equally spaced probabilities, so the sample is
    the distribution itself, not a random draw from it.
    """
    half = 20_000
    month = -np.log1p(-(np.arange(half) + 0.5) / half) / 0.01
    rows = []
    for due in (True, False):
        event = month <= 12
        stop = np.minimum(month, 12)
        served = due & (stop > 6)
        name = "d" if due else "n"
        ids = np.array([f"{name}{i}" for i in range(half)])
        rows.append(
            pd.DataFrame(
                {
                    "exit_id": ids,
                    "start": 0.0,
                    "stop": np.where(served, 6.0, stop),
                    "event": np.where(served, 0, event),
                    "state": "before",
                }
            )
        )
        rows.append(
            pd.DataFrame(
                {"exit_id": ids, "start": 6.0, "stop": stop, "event": event, "state": "in service"}
            )[served]
        )
    data = pd.concat(rows, ignore_index=True)
    data[["start", "stop"]] *= 30
    return data.assign(
        event=data["event"].astype(int),
        family_id=data["exit_id"],
        exposure_coach=data["state"],
        x=0.0,
    )
