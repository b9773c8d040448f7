"""Cumulative dose: days already received, each counted from the day after."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from evaluation.effects import effects
from evaluation.effects.time_varying import split_by_dose

from .conftest import make_study

MONTH = 30


def test_days_in_service_are_split_every_thirty_with_the_dose_so_far():
    rows = pd.DataFrame(
        {
            "exit_id": "a",
            "start": [0, 20, 95],
            "stop": [20, 95, 200],
            "event": [0, 0, 1],
            "exposure_coach": ["before", "in service", "after"],
            "dose_coach": [0, 0, 75],
        }
    )
    found = split_by_dose(rows, "dose_coach")
    assert found[["start", "stop", "event", "dose_months"]].to_numpy().tolist() == [
        [0, 20, 0, 0.0],
        [20, 50, 0, 0.0],
        [50, 80, 0, 1.0],
        [80, 95, 0, 2.0],
        [95, 200, 1, 2.5],
    ]


def followed(ratio, children=12_000, days=360, seed=1):
    """Follow children whose hazard changes by a ratio with each 30 days received.

    Services start on any day of the first half year and last one to six months; a child
    whose event comes first receives less, which is what makes totals a bad measure.
    """
    random = np.random.default_rng(seed)
    begin = np.where(random.random(children) < 0.6, random.integers(1, 180, children), days + 1)
    end = begin + MONTH * random.integers(1, 7, children)
    day = np.arange(1, days + 1)[:, None]
    received = np.clip(np.minimum(day - 1, end) - begin, 0, None)
    dose = np.where(day - 1 < end, received // MONTH * MONTH, received) / MONTH
    happens = random.random(dose.shape) < 0.0012 * ratio**dose
    event = np.where(happens.any(axis=0), happens.argmax(axis=0) + 1, days + 1)
    stop = np.minimum(event, days)
    rows = []
    for state, low, high in (
        ("before", np.zeros(children, int), begin),
        ("in service", begin, end),
        ("after", end, np.full(children, days)),
    ):
        until = np.minimum(high, stop)
        there = until > low
        had = np.clip(low - begin, 0, None)
        rows.append(
            pd.DataFrame(
                {
                    "exit_id": np.flatnonzero(there),
                    "start": low[there],
                    "stop": until[there],
                    "event": ((until == event) & (event <= days))[there].astype(int),
                    "exposure_coach": state,
                    "dose_coach": had[there],
                }
            )
        )
    rows = pd.concat(rows).sort_values(["exit_id", "start"], ignore_index=True)
    return rows.assign(family_id=rows["exit_id"], end_reason=None)


@pytest.mark.parametrize("ratio", [1.0, 0.8])
def test_the_effect_of_dose_recovers_the_ratio_the_hazard_was_made_with(ratio):
    """METHODS 5: only days received so far count, so no immortal time is credited."""
    rows = followed(ratio)
    study = make_study(
        cohort={"exits": ["2018-01-01", "2022-12-31"], "data_through": "2024-06-30"}
        | {"horizon_days": 360},
        services=[{"program": "coach", "exposure": "time-varying"}],
        adjustment={"weights": "none", "outcome_model": False},
        report={"horizons": [360]},
    )
    exits = rows[["exit_id"]].drop_duplicates()
    cohort = SimpleNamespace(
        study=study, exits=exits, outcomes=("reentry",), follow_up=lambda outcome: rows
    )
    beside = effects(cohort).beside.set_index("analysis")
    found = beside.loc["cumulative dose"]
    assert found["variant"] == "each 30 days received"
    assert abs(np.log(found["estimate"] / ratio)) < 3 * found["se"]
    assert found["se"] < 0.06
    total = rows.groupby("exit_id").agg(event=("event", "max"), dose=("dose_coach", "max"))
    happened, free = (total.loc[total["event"] == had, "dose"].mean() for had in (1, 0))
    assert happened < free, "totals at the end credit the service with time, whatever it does"
