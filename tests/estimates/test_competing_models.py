"""Competing events: both scales side by side, and incidence predicted from the causes' models."""

import numpy as np
import pandas as pd
import pytest

from evaluation.estimates import (
    EstimateError,
    competing_models,
    cox,
    cumulative_incidence,
    fine_gray,
    kaplan_meier,
    predict_incidence,
)

THREE = "age + prior + kin"
NEW = pd.DataFrame({"age": [2, 15], "prior": [0, 2], "kin": [1, 0]})
TIMES = [180, 365]


def _both(data, formula, **options) -> dict:
    return {c: cox(data, formula, cause=c, **options) for c in (1, 2)}


def test_predicted_incidence_averages_to_the_observed(children):
    models = {c: cox(children, "age + C(county) + kin", cause=c) for c in (1, 2)}
    found = predict_incidence(models, children, [180, 365])
    assert found.index.equals(children.index)
    observed = cumulative_incidence(children).at([180, 365])["incidence"]
    np.testing.assert_allclose(found.mean(), observed, atol=0.003)


def test_predicted_incidence_by_hand():
    """Without covariate effects: exp(-hazard) free of events, the rest shared by the hazards."""
    data = pd.DataFrame({"time": [1, 2, 3, 4] * 2, "event": [1, 2, 1, 0] * 2})
    data["x"] = [0.0] * 4 + [1.0] * 4
    models = {c: cox(data, "x", cause=c, ties="breslow") for c in (1, 2)}
    found = predict_incidence(models, data, [0.5, 3])
    first = -np.expm1(-2 / 8) + np.exp(-2 / 8 - 2 / 6) * -np.expm1(-2 / 4)
    np.testing.assert_allclose(found[(1, 3.0)], first, atol=1e-9)
    assert (found[(1, 0.5)] == 0).all()


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("predict", {"ties": "breslow"}),
        ("predict_entry_weighted", {"ties": "breslow", "start": "entry", "weights": "weight"}),
    ],
)
def test_predicted_incidence_is_rs_for_several_states(key, options, children, diagnostics):
    r = diagnostics[key]
    found = predict_incidence(_both(children, THREE, **options), NEW, TIMES)
    for cause, name in ((1, "one"), (2, "two")):
        np.testing.assert_allclose(found[cause].T, r[name], rtol=0, atol=1e-9)


def test_each_stratum_has_its_own_baseline(children, diagnostics):
    """R: survfit of both coxph with strata(county), joined by the matrix exponential."""
    some = children[children["county"].isin(["a", "b"])]
    models = _both(some, "age + kin", strata="county")
    new = pd.DataFrame({"age": 6, "kin": 1, "county": ["b", "a"]})
    found = predict_incidence(models, new, 365)
    r = {part["county"]: part["incidence"] for part in diagnostics["predict_strata"]}
    np.testing.assert_allclose(found, [r["b"], r["a"]], rtol=0, atol=1e-9)


def test_causes_and_staying_free_add_up_to_one_even_at_high_risk(children):
    models = _both(children, THREE)
    extreme = pd.DataFrame({"age": [17], "prior": [25], "kin": [0]})
    found = predict_incidence(models, extreme, [30, 365, 900]).iloc[0]
    total = found.groupby(level="time").sum()
    hazard = sum(
        np.exp(m.linear_predictor(extreme).iloc[0])
        * m.baseline.query("time <= 900")["cumulative_hazard"].iloc[-1]
        for m in models.values()
    )
    assert total[900] == pytest.approx(-np.expm1(-hazard), abs=1e-12)
    assert (found <= 1).all()


def test_one_model_alone_is_one_minus_survival_and_fine_gray_the_incidence(children):
    children["any"] = children["event"] > 0
    model = cox(children, "kin", event="any", ties="breslow")
    found = predict_incidence({1: model}, children, 365)[(1, 365.0)]
    hazard = model.baseline.query("time <= 365")["cumulative_hazard"].iloc[-1]
    np.testing.assert_allclose(found, -np.expm1(-hazard * np.exp(model.linear_predictor(children))))
    alone = predict_incidence({1: fine_gray(children, "kin", cause=1)}, children, 365)
    observed = cumulative_incidence(children).at(365)["incidence"][0]
    assert alone.mean().iloc[0] == pytest.approx(observed, abs=0.002)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_its_standard_error_is_the_response_to_every_rows_weight(ties, children):
    """Brute force: move each row's weight, predict again, sum by family, square and add."""
    few = children.head(60).assign(w=1.0, off=0.01 * children["age"])
    few["time"] = np.ceil(few["time"] / 60)
    few["begin"] = np.minimum(few["entry"] // 60, few["time"] - 1)
    few["half"] = np.where(few["county"] < "d", "a", "b")
    new = pd.DataFrame({"kin": [1], "half": ["a"], "off": [0.1]})
    options = {"strata": "half", "offset": "off", "start": "begin", "cluster": "family_id"}

    def predicted(data, **more):
        models = _both(data, "kin", weights="w", ties=ties, **options)
        return predict_incidence(models, new, [3, 8], **more)

    found, base, change = predicted(few, intervals=True), predicted(few).to_numpy()[0], []
    for row in few.index:
        moved = few.copy()
        moved.loc[row, "w"] += 1e-5
        change.append((predicted(moved).to_numpy()[0] - base) / 1e-5)
    by_family = pd.DataFrame(change).groupby(few["family_id"].to_numpy()).sum()
    np.testing.assert_allclose(found["se"], np.sqrt((by_family**2).sum()), rtol=1e-3)
    np.testing.assert_allclose(found["incidence"], base)
    assert (found["ci_low"] < found["incidence"]).all()
    assert (found["ci_high"] > found["incidence"]).all()


def test_without_covariate_effect_the_error_is_near_that_of_the_curve(children):
    children["noise"] = np.tile([0.0, 1.0], len(children) // 2)
    models = _both(children, "noise", cluster="family_id")
    found = predict_incidence(models, pd.DataFrame({"noise": [0.5]}), TIMES, intervals=True)
    curve = cumulative_incidence(children, cluster="family_id").at(TIMES)
    np.testing.assert_allclose(found["incidence"], curve["incidence"], atol=1e-3)
    np.testing.assert_allclose(found["se"], curve["se"], rtol=0.02)


def test_predictions_end_with_the_follow_up_of_the_stratum(children):
    children["time"] = children["time"].where(
        children["kin"] == 1, children["time"].clip(upper=300)
    )
    found = predict_incidence(_both(children, "age", strata="kin"), children.head(30), 365)
    assert (found[(1, 365.0)].isna() == (children["kin"].head(30) == 0)).all()


def test_what_cannot_be_predicted_is_said(children):
    stratified = {1: cox(children, "age", cause=1, strata="county")}
    with pytest.raises(EstimateError, match="uses as strata"):
        predict_incidence(stratified, children[["age"]], 90)
    with pytest.raises(EstimateError, match="Stratum 'z' of county has no row"):
        predict_incidence(stratified, children.assign(county="z"), 90)
    held = {1: cox(children, "age", cause=1, offset="weight")}
    with pytest.raises(EstimateError, match="uses as offset"):
        predict_incidence(held, children[["age"]], 90)
    mixed = {1: fine_gray(children, "age", cause=1), 2: cox(children, "age", cause=2)}
    with pytest.raises(EstimateError, match="by itself"):
        predict_incidence(mixed, children, 90)
    apart = {1: cox(children, "age", cause=1), 2: cox(children.head(900), "age", cause=2)}
    with pytest.raises(EstimateError, match="same rows"):
        predict_incidence(apart, children, 90, intervals=True)


def test_both_scales_stand_side_by_side(children):
    options = {"cluster": "family_id"}
    found = competing_models(children, "age + kin", **options)
    assert list(found.table)[:3] == ["term", "cause", "model"]
    assert found.table["term"].tolist() == ["age"] * 4 + ["kin"] * 4
    assert found.table["cause"].tolist() == [1, 1, 2, 2] * 2
    for kind, estimator in (("cause-specific", cox), ("subdistribution", fine_gray)):
        for cause in (1, 2):
            mine = found.table[(found.table["model"] == kind) & (found.table["cause"] == cause)]
            alone = estimator(children, "age + kin", cause=cause, **options).table
            pd.testing.assert_frame_equal(
                mine.drop(columns=["cause", "model"]).reset_index(drop=True), alone
            )
    told = found.to_dict()
    assert told["events"] == {"1": 247, "2": 167}
    assert told["clusters"] == 800
    predicted = found.predict_incidence(NEW.assign(kin=1), TIMES)
    assert predicted.shape == (2, 4)


def test_one_cause_has_no_competitor(children):
    with pytest.raises(EstimateError, match="two causes or more"):
        competing_models(children[children["event"] < 2], "age")
    curve = kaplan_meier(children[children["event"] < 2])
    assert curve.events == 247
