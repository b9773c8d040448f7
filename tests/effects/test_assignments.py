"""What was assigned or offered, beside what was taken (METHODS 5.4, 10)."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from evaluation.effects import effects
from evaluation.effects.assigned import offered_view, randomized_arms

from .conftest import make_cohort, make_study

COACH = {"program": "coach", "label": "Coach", "exposure": "at exit"}


def randomized(families=600, seed=1, uptake=0.6):
    """Families of two drawn by chance; compliers re-enter half as often when they start.

    Those at high risk start the service more often, so comparing starters misleads.
    """
    random = np.random.default_rng(seed)
    drawn = np.repeat(random.random(families) < 0.5, 2)
    complier = np.repeat(random.random(families) < uptake, 2)
    started = drawn & complier
    risk = np.where(complier, 0.5, 0.2) * np.where(started, 0.5, 1.0)
    event = random.random(2 * families) < risk
    stop = np.where(event, random.integers(1, 366, 2 * families), 400)
    ids = np.array([f"e{n}" for n in range(2 * families)])
    rows = pd.DataFrame(
        {
            "exit_id": ids,
            "family_id": [f"f{n // 2}" for n in range(2 * families)],
            "start": 0,
            "stop": stop,
            "event": event.astype(int),
            "end_reason": np.where(event, "outcome", "horizon"),
            "exposure_coach": np.where(started, "in service", "before"),
        }
    )
    exits = pd.DataFrame(
        {
            "exit_id": ids,
            "known_at_exit_coach": started,
            "start_day_coach": pd.array(np.where(started, 0, pd.NA), dtype="Int64"),
        }
    )
    offers = pd.DataFrame(
        {
            "exit_id": ids,
            "program": "coach",
            "kind": "randomization",
            "arm": np.where(drawn, "coach", "waiting list"),
            "assigned_day": 0,
            "accepted": started,
        }
    )
    study = make_study(
        design="randomized",
        services=[COACH],
        adjustment={"weights": "none"},
        report={"horizons": [365]},
        cohort={"exits": ["2018-01-01", "2022-12-31"], "data_through": "2024-06-30"},
    )
    return SimpleNamespace(
        study=study,
        exits=exits,
        offers=offers,
        outcomes=("reentry",),
        follow_up=lambda outcome: rows,
        report_days=None,
    )


def test_a_randomized_study_is_compared_as_randomized_with_compliers_beside():
    cohort = randomized()
    found = effects(cohort)
    main = found.table.set_index(["measure", "horizon"])
    drawn = cohort.offers["arm"] == "coach"
    event = cohort.follow_up("reentry")["event"]
    difference = event[drawn].mean() - event[~drawn].mean()
    row = main.loc[("risk_difference", 365)]
    assert row["estimate"] == pytest.approx(difference)
    assert row["method"].startswith("intention to treat")
    assert (row["n_treated"], row["n_comparison"]) == (drawn.sum(), (~drawn).sum())
    beside = found.beside[found.beside["analysis"] == "complier"].set_index("measure")
    uptake = cohort.offers.loc[drawn, "accepted"].mean()
    assert beside.loc["uptake_difference", "estimate"] == pytest.approx(uptake)
    complier = beside.loc["risk_difference"]
    assert complier["estimate"] == pytest.approx(difference / uptake)
    assert complier["ci_low"] < -0.25 < complier["ci_high"]
    assert beside.loc["F", "estimate"] > 10
    started = found.beside[found.beside["analysis"] == "as started"].set_index("measure")
    assert started.loc["risk_difference", "estimate"] > complier["estimate"] + 0.1
    check = found.diagnostics.set_index("check").loc["first stage"]
    assert check["verdict"] == "pass"


def test_the_complier_variance_is_that_of_a_ratio_of_family_means():
    """The same as two-stage least squares with family-clustered variance."""
    cohort = randomized(families=150, seed=3)
    found = effects(cohort).beside.set_index(["analysis", "measure"])
    own = found.loc[("complier", "risk_difference")]
    drawn = (cohort.offers["arm"] == "coach").to_numpy(float)
    taken = cohort.offers["accepted"].to_numpy(float)
    event = cohort.follow_up("reentry")["event"].to_numpy(float)
    z = np.column_stack([np.ones(300), drawn])
    x = np.column_stack([np.ones(300), taken])
    bread = np.linalg.inv(z.T @ x)
    beta = bread @ (z.T @ event)
    score = pd.DataFrame(z * (event - x @ beta)[:, None])
    meat = score.groupby(np.arange(300) // 2).sum().to_numpy()
    variance = bread @ (meat.T @ meat) @ bread.T
    assert own["estimate"] == pytest.approx(beta[1])
    assert own["se"] == pytest.approx(np.sqrt(variance[1, 1]), rel=1e-6)


def test_assignment_that_hardly_changes_uptake_says_nothing_of_compliers():
    found = effects(randomized(families=150, seed=4, uptake=0.02))
    beside = found.beside[found.beside["analysis"] == "complier"]
    assert "risk_difference" not in set(beside["measure"])
    check = found.diagnostics.set_index("check").loc["first stage"]
    assert check["verdict"] == "caution" and "too weak" in check["words"]


def test_a_randomization_after_the_exit_starts_the_clock():
    cohort = randomized(families=100)
    cohort.offers["assigned_day"] = np.where(cohort.offers.index < 4, 30, 0)
    cohort.offers = cohort.offers.iloc[:-2]
    rows = cohort.follow_up("reentry").copy()
    rows.loc[0, ["stop", "event"]] = [20, 1]
    rows.loc[1, ["stop", "event"]] = [50, 1]
    arms = randomized_arms(cohort, "reentry", cohort.study.services[0], rows)
    own = arms.rows.set_index("exit_id")
    assert "e0" not in own.index, "the outcome came before the draw"
    assert own.loc["e1", ["start", "stop"]].tolist() == [0, 20]
    assert arms.notes[0].counts == {"without": 2, "before": 1}


def test_a_randomized_study_without_recorded_randomization_says_so():
    cohort = randomized(families=150)
    cohort.offers = cohort.offers.iloc[:0]
    found = effects(cohort)
    assert any("no randomization to it is recorded" in str(note) for note in found.notes)
    assert not found.table["method"].str.contains("intention").any()


def test_the_effect_of_being_offered_stands_beside_that_of_starting(truth):
    cohort = make_cohort(make_study(report={"horizons": [365]}), truth)
    random = np.random.default_rng(1)
    begun = truth.cohort["known_at_exit_success_coach"]
    offered = begun | (random.random(len(begun)) < 0.2)
    cohort.exits = truth.cohort.drop(columns="exit_type")
    cohort.offers = pd.DataFrame(
        {
            "exit_id": truth.cohort["exit_id"],
            "program": "success_coach",
            "kind": "offer",
            "arm": "success_coach",
            "assigned_day": -5,
            "accepted": begun,
        }
    )[offered]
    found = effects(cohort)
    own = found.beside[found.beside["analysis"] == "offered"]
    followed = cohort.follow_up("reentry")["exit_id"].unique()
    assert own["n_treated"].iloc[0] == truth.cohort.loc[offered, "exit_id"].isin(followed).sum()
    assert {"risk_difference", "hazard_ratio"} <= set(own["measure"])


def test_an_offer_during_follow_up_splits_it():
    rows = pd.DataFrame(
        {
            "exit_id": ["a", "a", "b"],
            "start": [0, 40, 0],
            "stop": [40, 100, 90],
            "event": [0, 1, 0],
            "end_reason": [None, "outcome", "horizon"],
            "exposure_coach": ["before", "in service", "before"],
        }
    )
    offers = pd.DataFrame(
        {
            "exit_id": ["a", "b", "b"],
            "program": "coach",
            "kind": "offer",
            "arm": "coach",
            "assigned_day": [10, -5, 20],
        }
    )
    study = make_study(services=[COACH])
    cohort = SimpleNamespace(
        study=study,
        outcomes=("reentry",),
        offers=offers,
        exits=pd.DataFrame({"exit_id": ["a", "b"]}),
        report_days=None,
    )
    view = offered_view(cohort, study.services[0], rows)
    a, b = (view.rows[view.rows["exit_id"] == name] for name in "ab")
    assert a[["start", "stop", "event"]].to_numpy().tolist() == [
        [0, 10, 0],
        [10, 40, 0],
        [40, 100, 1],
    ]
    assert a["exposure_coach"].tolist() == ["before", "in service", "in service"]
    assert b["exposure_coach"].tolist() == ["in service"]
    assert view.exits["known_at_exit_coach"].tolist() == [False, True]
