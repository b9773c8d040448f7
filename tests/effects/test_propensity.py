"""Weights balance, agree with R, and carry the uncertainty of their model (METHODS 7.5)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.effects import balance, propensity
from evaluation.errors import StudyError

REFERENCE = Path(__file__).parent.parent / "reference" / "simulated"
COVARIATES = "age + female + prior + disability"


@pytest.fixture(scope="module")
def children():
    return pd.read_csv(REFERENCE / "children.csv")


def test_scores_agree_with_r(children):
    expected = json.loads((REFERENCE / "expected.json").read_text())["propensity_first10"]
    fitted = propensity(children, "kin", COVARIATES)
    assert fitted.scores["yes"].head(10).to_numpy() == pytest.approx(expected, abs=1e-6)
    assert fitted.scores.sum(axis=1).to_numpy() == pytest.approx(np.ones(len(children)))


def test_overlap_weights_balance_every_covariate_exactly(children):
    """Li, Morgan and Zaslavsky (2018), theorem 3."""
    fitted = propensity(children, "kin", COVARIATES, "overlap")
    table = balance(children, "kin", COVARIATES, fitted.weights)
    assert table["after"].abs().max() < 1e-8
    assert table["before"].abs().max() > 0.2


@pytest.mark.parametrize("population", ["all eligible", "treated"])
def test_weights_bring_the_arms_together(children, population):
    fitted = propensity(children, "kin", COVARIATES, population)
    table = balance(children, "kin", COVARIATES, fitted.weights)
    assert table["after"].abs().max() < 0.05


def test_all_eligible_weights_are_stabilised(children):
    fitted = propensity(children, "kin", COVARIATES, truncate=1)
    assert fitted.weights.mean() == pytest.approx(1, abs=0.02)


def test_truncation_is_counted(children):
    fitted = propensity(children, "kin", COVARIATES, truncate=0.9)
    assert fitted.truncated == pytest.approx(0.1 * len(children), abs=2)
    assert fitted.weights.max() == fitted.largest


def weighted_difference(data, population):
    fitted = propensity(data, "kin", "age + prior", population, truncate=1)
    y, w, a = data["y"].to_numpy(), fitted.weights.to_numpy(), data["kin"].to_numpy() == 1
    means = [np.average(y[arm], weights=w[arm]) for arm in (a, ~a)]
    own = np.zeros(len(data))
    for arm, mean, sign in ((a, means[0], 1), (~a, means[1], -1)):
        own[arm] += sign * w[arm] * (y[arm] - mean) / w[arm].sum()
    return means[0] - means[1], fitted.stack(pd.DataFrame({"d": own}, index=data.index))["d"]


@pytest.mark.parametrize("population", ["all eligible", "treated", "overlap"])
def test_stacked_influence_is_what_leaving_a_child_out_changes(children, population):
    """Delete-one refits, weights re-estimated, give the influence to second order."""
    data = children.head(400).assign(y=lambda d: (d["time"] < 365).astype(float))
    estimate, influence = weighted_difference(data, population)
    left_out = data.index[:60]
    changes = [estimate - weighted_difference(data.drop(i), population)[0] for i in left_out]
    assert np.corrcoef(changes, influence.loc[left_out])[0, 1] > 0.999
    assert influence.loc[left_out].to_numpy() == pytest.approx(
        np.array(changes), rel=0.06, abs=4e-5
    )


def test_who_is_always_served_has_no_comparison(children):
    with pytest.raises(StudyError, match="no one to compare"):
        propensity(children.assign(kin=1), "kin", COVARIATES)


def test_perfect_prediction_is_said(children):
    data = children.assign(kin=(children["age"] > 8).astype(int))
    with pytest.raises(StudyError, match="perfectly"):
        propensity(data, "kin", "age")


def test_collinear_covariates_are_said(children):
    with pytest.raises(StudyError, match="collinear"):
        propensity(children.assign(twice=children["age"] * 2), "kin", "age + twice")


def test_an_unknown_estimand_lists_the_known(children):
    with pytest.raises(StudyError, match="overlap"):
        propensity(children, "kin", COVARIATES, "everyone")
