"""Estimates beside the truth: of the same children or not at all."""

from types import SimpleNamespace

import pandas as pd

import evaluation as ev

KNOWN = pd.DataFrame(
    {
        "service": ["coach"],
        "outcome": ["reentry"],
        "exposure": ["at exit"],
        "population": ["overlap"],
        "measure": ["risk_difference"],
        "horizon": [365],
        "value": [-0.03],
        "meaning": ["."],
    }
)
FOUND = pd.DataFrame(
    {
        "service": ["coach", "coach"],
        "outcome": ["reentry", "reentry"],
        "population": ["overlap", "overlap"],
        "measure": ["risk_difference", "risk_ratio"],
        "horizon": pd.array([365, 365], dtype="Int64"),
        "estimate": [-0.02, 0.8],
        "ci_low": [-0.04, 0.6],
        "ci_high": [0.0, 1.0],
        "method": ["weighted", "weighted"],
    }
)


def beside(study, **rules):
    truth = SimpleNamespace(estimands_of=lambda exposures: KNOWN)
    own = study(services=[{"program": "coach", "exposure": "at exit"}], **rules)
    return ev.beside_truth(SimpleNamespace(table=FOUND), truth, own)


def study_of(services, **rules):
    dates = {"exits": ("2018-01-01", "2020-12-31"), "data_through": "2022-12-31"}
    return ev.Study(
        title="Beside", cohort=dates | rules, outcomes={"reentry": {}}, services=services
    )


def test_an_estimate_meets_the_truth_of_its_own_measure_and_horizon():
    found = beside(study_of)
    assert found[["measure", "truth", "inside"]].to_numpy().tolist() == [
        ["risk_difference", -0.03, True]
    ]


def test_a_study_of_some_exit_types_is_not_set_beside_the_truth_of_all():
    found = beside(study_of, exit_types=["reunification"])
    assert found.empty
    assert "truth" in found
