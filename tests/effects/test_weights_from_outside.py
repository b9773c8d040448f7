"""Weights made elsewhere are used and taken as known (METHODS 7.5)."""

import pandas as pd
import pytest

from evaluation.effects import effects, propensity
from evaluation.effects.arms import arms_of
from evaluation.errors import StudyError

from .conftest import make_cohort, make_study

COVARIATES = ["age_at_exit", "prior_episodes"]


@pytest.fixture(scope="module")
def cohort(truth):
    study = make_study(
        adjustment={"covariates": COVARIATES, "weights": "overlap", "outcome_model": False},
        report={"horizons": [365]},
    )
    cohort = make_cohort(study, truth)
    cohort.exits = truth.cohort.drop(columns="exit_type")
    return cohort


@pytest.fixture(scope="module")
def weights(cohort):
    arms = arms_of(cohort, "reentry", cohort.study.services[0])
    data = arms.rows.assign(served=arms.served)
    fitted = propensity(data, "served", " + ".join(COVARIATES), "overlap")
    return pd.DataFrame({"exit_id": data["exit_id"], "weight": fitted.weights})


def test_weights_from_outside_give_the_same_estimate_and_say_they_are_known(cohort, weights):
    own, given = effects(cohort), effects(cohort, weights=weights)
    key = ["measure", "horizon"]
    ours, theirs = own.table.set_index(key), given.table.set_index(key)
    row = theirs.loc[("risk_difference", 365)]
    assert row["estimate"] == pytest.approx(
        ours.loc[("risk_difference", 365), "estimate"], abs=0.01
    )
    assert "weights as given, taken as known" in row["method"]
    assert row["population"] == "as weighted"
    assert any("do not carry their model" in str(note) for note in given.notes)
    assert row["se"] > 0
    assert given.beside.empty
    assert not given.balance.empty


def test_doubled_weights_change_nothing(cohort, weights):
    once = effects(cohort, weights=weights).table
    twice = effects(cohort, weights=weights.assign(weight=weights["weight"] * 2)).table
    for column in ("estimate", "se"):
        assert twice[column].to_numpy() == pytest.approx(once[column].to_numpy(), rel=1e-6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w.drop(columns="weight"), "no column weight"),
        (lambda w: w.assign(weight=-1.0), "number of zero or more"),
        (lambda w: pd.concat([w, w.head(1)]), "twice"),
        (lambda w: w.iloc[1:], "have no weight"),
        (lambda w: w.assign(weight=0.0), "every weight in the served arm is zero"),
    ],
)
def test_wrong_weights_are_said(cohort, weights, change, words):
    with pytest.raises(StudyError, match=words):
        effects(cohort, weights=change(weights))


def test_a_service_that_starts_later_cannot_use_one_weight_a_child(cohort, weights):
    service = {"program": "success_coach", "label": "Coach", "exposure": "time-varying"}
    other = make_study(services=[service])
    cohort = _with_study(cohort, other)
    found = effects(cohort, weights=weights)
    assert found.table.empty
    assert "one weight for each child" in found.cannot["sentence"].item()


def _with_study(cohort, study):
    return type(cohort)(**(vars(cohort) | {"study": study}))
