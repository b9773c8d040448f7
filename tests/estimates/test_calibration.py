"""Predicted risks against observed ones, at the horizons."""

import numpy as np
import pandas as pd
import pytest

from evaluation.estimates import (
    EstimateError,
    calibration,
    competing_models,
    cox,
    cumulative_incidence,
    predict_incidence,
)

ROW = ["estimate", "ci_low", "ci_high"]


@pytest.fixture
def scored(children) -> pd.DataFrame:
    line = -3 + 0.05 * children["age"] + 0.3 * children["prior"] - 0.3 * children["kin"]
    return children.assign(risk=1 / (1 + np.exp(-line)))


def test_intercept_and_slope_are_those_of_rs_pseudo_values(scored, diagnostics):
    """R: pseudo(survfit(...)) regressed on the predicted risk, quasi(cloglog), sandwich."""
    r = diagnostics["calibration"]
    found = calibration(scored, "risk", horizon=365).overall.set_index("measure")
    for measure in ("intercept", "slope"):
        assert found.loc[measure, "estimate"] == pytest.approx(r[measure], abs=1e-7)
        assert found.loc[measure, "se"] == pytest.approx(r[f"{measure}_se"], rel=1e-6)
    assert found.loc["observed", "estimate"] == pytest.approx(r["observed"], abs=1e-9)
    assert found.loc["expected", "estimate"] == pytest.approx(r["expected"], abs=1e-9)
    assert found.loc["ratio", "estimate"] == pytest.approx(r["observed"] / r["expected"])


def test_groups_hold_the_incidence_of_their_rows(scored):
    table = calibration(scored, "risk", horizon=365, groups=4, cluster="family_id").table
    assert table["n"].sum() == len(scored)
    assert table["predicted"].is_monotonic_increasing
    lowest = scored.nsmallest(table["n"][0], "risk")
    alone = cumulative_incidence(lowest, cluster="family_id").at(365).iloc[0]
    columns = ["incidence", "se", "ci_low", "ci_high"]
    ours = table.loc[0, ["observed", *columns[1:]]].to_numpy(float)
    np.testing.assert_allclose(ours, alone[columns].to_numpy(float))
    assert table["ratio"][0] == pytest.approx(alone["incidence"] / lowest["risk"].mean())


def test_risks_that_are_right_are_found_so():
    rng = np.random.default_rng(11)
    n = 6_000
    x = rng.normal(size=n)
    first = rng.exponential(1 / (0.001 * np.exp(0.5 * x)))
    stop = np.minimum(first, rng.uniform(100, 900, n))
    data = pd.DataFrame({"time": stop, "event": (first <= stop).astype(int)})
    data["right"] = -np.expm1(-0.365 * np.exp(0.5 * x))
    data["extreme"] = -np.expm1(-0.365 * np.exp(1.0 * x))
    right, extreme = (
        calibration(data, c, horizon=365).overall.set_index("measure")[ROW]
        for c in ("right", "extreme")
    )
    for measure, truth in (("ratio", 1), ("intercept", 0), ("slope", 1)):
        assert right.loc[measure, "ci_low"] < truth < right.loc[measure, "ci_high"]
    assert extreme.loc["slope", "estimate"] == pytest.approx(0.5, abs=0.06)


def test_a_cox_model_without_competing_events_calibrates_itself(children):
    some = children.assign(event=(children["event"] > 0).astype(int))
    model = cox(some, "age + kin + prior", cluster="family_id")
    found = model.calibration([180, 365])
    assert found.table["horizon"].unique().tolist() == [180, 365]
    overall = found.overall.query("measure == 'ratio'")
    np.testing.assert_allclose(overall["estimate"], 1, atol=0.03)
    assert any("flatters" in n for n in found.notes)
    assert found.clusters == 800


def test_competing_models_calibrate_each_cause(children):
    models = competing_models(children, "age + kin + prior", weights="weight", start="entry")
    found = models.calibration(365, cause=2)
    risks = predict_incidence(models.cause_specific, children, 365)
    options = {"weights": "weight", "start": "entry", "cause": 2}
    pd.testing.assert_frame_equal(found.table, calibration(children, risks, **options).table)
    ratio = found.overall.set_index("measure").loc["ratio", "estimate"]
    assert ratio == pytest.approx(1, abs=0.05)


def test_one_causes_model_gives_no_risk_where_others_compete(children):
    with pytest.raises(EstimateError, match="cause 2 compete.*use competing_models"):
        cox(children, "age", cause=1).calibration(365)


def test_calibration_needs_one_row_a_subject(split_rows):
    data = split_rows.assign(risk=0.1, event=(split_rows["event"] == 1).astype(int))
    columns = {"start": "start", "stop": "stop", "id": "child_id"}
    with pytest.raises(EstimateError, match="one row a subject"):
        calibration(data, "risk", horizon=365, **columns)
    with pytest.raises(EstimateError, match="one row a subject"):
        cox(data, "age", **columns).calibration(365)


def test_weights_of_zero_count_as_absent(scored):
    scored["w"] = (scored["child_id"] % 3 > 0).astype(float)
    weighted = calibration(scored, "risk", horizon=365, weights="w", cluster="family_id").overall
    fewer = scored[scored["w"] > 0]
    there = calibration(fewer, "risk", horizon=365, cluster="family_id").overall
    pd.testing.assert_frame_equal(weighted, there, rtol=1e-6)


WRONG = {
    "no risk": (lambda d: (d, "risky", {"horizon": 365}), "No column 'risky'"),
    "no horizon": (lambda d: (d, "risk", {}), "Name one horizon="),
    "above one": (lambda d: (d.assign(risk=2.0), "risk", {"horizon": 9}), "between 0 and 1"),
    "missing": (lambda d: (d.assign(risk=np.nan), "risk", {"horizon": 9}), "none missing"),
    "too late": (lambda d: (d, "risk", {"horizon": 5_000}), "Nobody is followed to 5000"),
    "index": (lambda d: (d, d["risk"].reset_index(drop=True)[::-1], {"horizon": 9}), "index"),
    "groups": (lambda d: (d, "risk", {"horizon": 9, "groups": 0}), "groups=0"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_predictions_are_refused(what, scored):
    make, sentence = WRONG[what]
    data, predicted, options = make(scored)
    with pytest.raises(EstimateError, match=sentence):
        calibration(data, predicted, **options)


def test_equal_risks_have_no_slope_and_say_so(scored):
    found = calibration(scored.assign(risk=0.1), "risk", horizon=365)
    assert len(found.table) == 1
    assert found.overall.set_index("measure").loc["slope", ROW].isna().all()
    assert any("no slope" in w for w in found.warnings)


def test_the_chart_draws_the_table(scored):
    found = calibration(scored, "risk", horizon=365)
    ax = found.plot()
    points = next(line for line in ax.lines if line.get_marker() == "o")
    np.testing.assert_array_equal(points.get_xdata(), found.table["predicted"])
    np.testing.assert_array_equal(points.get_ydata(), found.table["observed"])
    with pytest.raises(EstimateError, match="no horizon 9"):
        found.plot(horizon=9)
