"""Weights, balance, weighted estimates, loss, bounds and pooling are R's.

The numbers are those of ``make_effects.R`` in ``tests/reference/simulated``: survival
(survfit, coxph), nnet (multinom), survey (svyglm), MatchIt (summary) and glm.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation import estimates
from evaluation.effects import balance, propensity
from evaluation.effects.arms import GIVEN_WEIGHT, Arms
from evaluation.effects.at_exit import at_exit_effects
from evaluation.effects.loss import loss_weights
from evaluation.effects.loss_bounds import loss_bounds
from evaluation.effects.pooling import pooled_interval

from .conftest import make_study

REFERENCE = Path(__file__).parent.parent / "reference" / "simulated"
X = "age + female + prior + disability"
POPULATIONS = ("all eligible", "treated", "overlap")


@pytest.fixture(scope="module")
def r():
    return json.loads((REFERENCE / "effects.json").read_text())


@pytest.fixture(scope="module")
def children():
    return pd.read_csv(REFERENCE / "children.csv")


def arms_of(children, end_reason=None):
    rows = children.rename(columns={"child_id": "exit_id"}).assign(
        start=0, stop=children["time"], coach=np.where(children["kin"] == 1, "yes", "no")
    )
    rows["coach"] = pd.Categorical(rows["coach"], categories=["no", "yes"])
    if end_reason is not None:
        rows["end_reason"] = end_reason
    study = make_study(services=[{"program": "coach", "exposure": "at exit"}])
    return Arms(rows, "reentry", study.services[0], tuple(X.split(" + ")), ())


def weighting_study(population):
    return make_study(
        adjustment={
            "covariates": X.split(" + "),
            "weights": population,
            "outcome_model": False,
            "truncate": 1.0,
        },
        report={"horizons": [180, 365]},
    )


def test_multinomial_scores_and_weights_are_those_of_multinom(children, r):
    """Several services: nnet::multinom, weights of Li and Li (2019)."""
    expected = r["multinomial"]
    data = children.assign(arm=pd.Categorical(children["group"], categories=expected["arms"]))
    for population in POPULATIONS:
        fitted = propensity(data, "arm", X, population, truncate=1.0, treated="coach")
        own = expected[population.replace(" ", "_")]
        assert fitted.weights.head(8).to_numpy() == pytest.approx(own, rel=1e-6)
    table = fitted.table.set_index("arm")
    for name, coef, se in zip(expected["arms"][1:], expected["coef"], expected["se"], strict=True):
        assert table.loc[name, "coef"].to_numpy() == pytest.approx(coef, abs=1e-6)
        assert table.loc[name, "se"].to_numpy() == pytest.approx(se, rel=1e-5)
    assert fitted.scores.head(8).to_numpy() == pytest.approx(np.array(expected["scores"]), abs=1e-7)


@pytest.mark.parametrize("population", POPULATIONS)
def test_weighted_risks_days_lost_and_hazard_ratios_are_survivals(children, r, population):
    """survfit and coxph with the weights, variance by family, the weights taken as known."""
    expected = r["binary"][population.replace(" ", "_")]
    fitted = propensity(children, "kin", X, population, truncate=1.0)
    assert fitted.weights.head(8).to_numpy() == pytest.approx(expected["weights"], rel=1e-7)
    arms = arms_of(children)
    arms.rows[GIVEN_WEIGHT] = fitted.weights
    part = at_exit_effects(arms, (180, 365), weighting_study(population))
    found = pd.DataFrame(part.rows).set_index(["measure", "horizon"])
    for place, horizon in enumerate((180, 365)):
        for arm, measure in enumerate(("risk_comparison", "risk_treated")):
            row = found.loc[(measure, horizon)]
            assert row["estimate"] == pytest.approx(expected["risk"][arm][place], rel=1e-7)
            assert row["se"] == pytest.approx(expected["risk_se"][arm][place], rel=1e-5)
    lost = expected["days_lost"][1] - expected["days_lost"][0]
    assert found.loc[("days_lost_difference", 365), "estimate"] == pytest.approx(lost, rel=1e-7)
    ratio = found.xs("hazard_ratio")
    assert np.log(ratio["estimate"].item()) == pytest.approx(expected["hazard_log_ratio"], abs=1e-7)
    assert ratio["se"].item() == pytest.approx(expected["hazard_se"], rel=1e-5)


@pytest.mark.parametrize("population", POPULATIONS)
def test_the_variance_of_a_weighted_share_is_surveys(children, r, population):
    """survey::svyglm by family; its factor of clusters / (clusters - 1) taken out."""
    expected = r["binary"][population.replace(" ", "_")]
    fitted = propensity(children, "kin", X, population, truncate=1.0)
    data = children.assign(
        early=(children["time"] <= 200).astype(int), day=1, weight=fitted.weights
    )
    fit = estimates.cumulative_incidence(
        data, stop="day", event="early", by="kin", weights="weight", cluster="family_id"
    )
    own = fit.influence([1]).T.set_axis(["0", "1"]).T
    change = own["1"] - own["0"]
    by_family = change.groupby(data["family_id"]).sum()
    at = fit.at([1])["incidence"]
    assert at.iloc[1] - at.iloc[0] == pytest.approx(expected["share"], abs=1e-9)
    factor = expected["clusters"] / (expected["clusters"] - 1)
    assert np.sqrt((by_family**2).sum() * factor) == pytest.approx(expected["share_se"], rel=1e-6)


def test_standardized_differences_and_variance_ratios_are_matchits(children, r):
    """Pooled unweighted spread, before and after; shares by their own variance."""
    expected = r["balance"]
    weights = pd.Series(expected["weights"], dtype=float)
    table = balance(children, "kin", X, weights).set_index("covariate")
    table = table.loc[expected["covariate"]]
    assert table["before"].to_numpy() == pytest.approx(np.array(expected["before"]), abs=1e-9)
    assert table["after"].to_numpy() == pytest.approx(np.array(expected["after"]), abs=1e-7)
    for name in ("before", "after"):
        own = pd.to_numeric(pd.Series(expected[f"ratio_{name}"]), errors="coerce").to_numpy()
        assert table[f"variance_ratio_{name}"].to_numpy() == pytest.approx(
            own, abs=1e-6, nan_ok=True
        )


def moved(children):
    away = (children["event"] == 0) & (children["time"] < 600) & (children["child_id"] % 2 == 0)
    return np.where(away, "moved_out", "other")


def test_loss_weights_are_those_of_a_poisson_model_by_period(children, r):
    arms = arms_of(children, moved(children))
    loss, _ = loss_weights(arms, truncate=1.0)
    assert loss.moved == r["loss"]["moved"]
    at = loss.rows["start"] == 273
    for child, weight in enumerate(r["loss"]["weight"]):
        here = loss.weights[(loss.child == child) & at.to_numpy()]
        if len(here):
            assert here == pytest.approx([weight], rel=1e-6)
    assert (loss.child[at] < 8).sum() >= 4, "enough children followed that long are compared"


def test_loss_bounds_are_the_extremes_of_weighted_survfit(children, r):
    """Manski (1990): everyone who moved by the horizon had the outcome, or nobody."""
    found = list(loss_bounds(arms_of(children, moved(children)), weighting_study("overlap")))
    worst, best = (row["estimate"] for row in found if row["analysis"] == "loss bounds")
    assert worst == pytest.approx(r["bounds"]["worst"], abs=1e-9)
    assert best == pytest.approx(r["bounds"]["best"], abs=1e-9)


def test_pooling_is_rubins_with_the_degrees_of_freedom_of_barnard_and_rubin(r):
    expected = r["pooled"]
    sets = list(zip(expected["ratio"], expected["se"], strict=True))
    own = pooled_interval("hazard_ratio", sets, expected["clusters"])
    middle, se, _, low, high, p = expected["found"]
    assert np.log([own.estimate, own.ci_low, own.ci_high]) == pytest.approx([middle, low, high])
    assert own.se == pytest.approx(se)
    assert own.p == pytest.approx(p)
