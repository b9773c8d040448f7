"""Sensitivity (METHODS 9): E-values, lags, ends ignored, leave-one-out, bounds."""

import numpy as np
import pandas as pd
import pytest

from evaluation.effects import effects, sensitivity
from evaluation.effects.arms import arms_of
from evaluation.effects.e_value import e_value, e_value_of_limit, ratio_for_e_value
from evaluation.effects.loss_bounds import loss_bounds
from evaluation.effects.timing import lagged, settled_late, without_ends

from .conftest import make_cohort, make_study


def test_e_values_are_those_published():
    """VanderWeele and Ding (2017): risk ratio 3.9 (1.8 to 8.7) has E-values 7.26 and 3.0."""
    assert e_value(3.9) == pytest.approx(7.26, abs=0.005)
    assert e_value_of_limit(1.8, 8.7) == pytest.approx(3.0, abs=0.005)
    assert e_value(1 / 3.9) == pytest.approx(e_value(3.9))
    assert e_value_of_limit(0.9, 1.2) == 1


def test_a_hazard_ratio_stands_for_a_risk_ratio_only_where_the_outcome_is_rare():
    assert ratio_for_e_value(0.5, 0.10) == (0.5, "hazard ratio, as the outcome is rare")
    value, words = ratio_for_e_value(2.0, 0.30)
    assert 1 < value < 2 and "square-root" in words
    assert ratio_for_e_value(0.5, 0.30)[0] == pytest.approx(1 / value)


def rows():
    return pd.DataFrame(
        {
            "exit_id": ["a", "a", "a", "b"],
            "start": [1, 20, 50, 1],
            "stop": [20, 50, 90, 40],
            "event": [0, 0, 1, 0],
            "exposure_x": ["before", "in service", "after", "before"],
        }
    )


def test_lagged_exposure_counts_so_many_days_after_it_began():
    begun = pd.Series({"a": 20, "b": pd.NA}, dtype="Int64")
    found = lagged(rows(), "x", begun, 14)
    own = found[found["exit_id"] == "a"]
    assert own[["start", "stop"]].to_numpy().tolist() == [[1, 20], [20, 34], [34, 50], [50, 90]]
    assert own["exposure_x"].tolist() == ["before", "before", "in service", "after"]
    assert own["event"].tolist() == [0, 0, 0, 1]


def test_receipt_at_the_exit_counts_later_among_those_still_home(truth):
    """METHODS 9.3: every service effect; nobody is served in the days of the lag."""
    study = make_study(report={"horizons": [365]})
    arms = arms_of(make_cohort(study, truth), "reentry", study.services[0])
    late = settled_late(arms, 14)
    home = arms.rows["stop"] > 14
    assert (~home).sum() > 0 and len(late.rows) == home.sum()
    assert (late.rows["start"] >= 14).all()
    assert late.served.sum() == (arms.served & home).sum()


def test_ends_ignored_keep_a_service_going():
    assert without_ends(rows(), "x")["exposure_x"].tolist() == [
        "before",
        "in service",
        "in service",
        "before",
    ]


@pytest.fixture(scope="module")
def found(truth):
    study = make_study(
        services=[
            {"program": "success_coach", "exposure": "at exit"},
            {"program": "respite_care", "exposure": "time-varying"},
        ],
        adjustment={
            "covariates": ["prior_episodes", "days_in_care"],
            "weights": "all eligible",
            "outcome_model": False,
        },
        report={"horizons": [365]},
    )
    cohort = make_cohort(study, truth)
    cohort.exits = truth.cohort[truth.cohort["county"].isin(["Alder", "Birch", "Cedar"])]
    follow_up = cohort.follow_up("reentry")
    kept = follow_up[follow_up["exit_id"].isin(cohort.exits["exit_id"])]
    cohort.follow_up = lambda outcome: kept
    main = effects(cohort)
    return main, sensitivity(cohort, main)


def test_each_kind_of_analysis_is_there(found):
    main, table = found
    assert {
        "E-value",
        "lagged exposure",
        "one county left out",
        "specification curve",
        "loss bounds",
        "tipping point",
    } == set(table["analysis"])
    ratio = main.table[main.table["measure"] == "risk_ratio"]["estimate"].item()
    own = table[(table["analysis"] == "E-value") & (table["measure"] == "risk_ratio")]
    assert own["estimate"].iloc[0] == pytest.approx(e_value(ratio))


def test_bounds_hold_the_estimate_between_them(found):
    main, table = found
    value = main.table[main.table["measure"] == "risk_difference"]["estimate"].item()
    bounds = table[table["analysis"] == "loss bounds"]["estimate"].astype(float)
    assert bounds.min() < value < bounds.max()


def test_leaving_a_county_out_leaves_its_children_out(found):
    _, table = found
    own = table[(table["analysis"] == "one county left out")]
    assert set(own["variant"]) == {"Alder", "Birch", "Cedar"}
    values = own.loc[own["measure"] == "risk_difference", "estimate"].astype(float)
    assert values.nunique() == len(values) and np.isfinite(values).all()


def test_whoever_moved_is_followed_in_a_bound(truth, monkeypatch):
    """In a bound those who moved have the outcome or stay to the horizon: none is lost."""
    study = make_study(report={"horizons": [365]})
    arms = arms_of(make_cohort(study, truth), "reentry", study.services[0])
    moved = (arms.rows["end_reason"] == "moved_out") & (arms.rows["stop"] <= 365)
    assert moved.sum() > 5
    seen = []

    def estimated(changed, horizon, study):
        seen.append(changed.rows)
        return {"estimate": -0.01}

    monkeypatch.setattr("evaluation.effects.loss_bounds.risk_difference", estimated)
    list(loss_bounds(arms, study))
    assert seen
    for rows in seen:
        lost = (rows["end_reason"] == "moved_out") & (rows["stop"] <= 365)
        assert not lost.any()
        assert ((rows.loc[moved, "event"] == 1) | (rows.loc[moved, "stop"] >= 365)).all()
