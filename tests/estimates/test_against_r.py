"""Every number agrees with R's, key by key of tests/reference/simulated/expected.json.

The R code above each number is tests/reference/simulated/make_reference.R.
"""

import numpy as np
import pandas as pd
import pytest

from evaluation.estimates import (
    cox,
    cumulative_incidence,
    discrete_hazard,
    fine_gray,
    gray_test,
    kaplan_meier,
    log_rank,
    mean_cumulative,
    restricted_mean,
)

FIVE = "age + female + prior + disability + kin"
ROWS = {"start": "start", "stop": "stop"}
TIMES = [90, 180, 365, 730]

COX = {
    "cox": ("children", FIVE, {"cause": 1}),
    "cox_breslow": ("children", FIVE, {"cause": 1, "ties": "breslow"}),
    "cox_entry": ("children", FIVE, {"cause": 1, "start": "entry"}),
    "cox_cluster": ("children", FIVE, {"cause": 1, "cluster": "family_id"}),
    "cox_weighted_cluster": (
        "children",
        FIVE,
        {"cause": 1, "cluster": "family_id", "weights": "weight"},
    ),
    "cox_startstop_plain": ("split_rows", "served + " + FIVE, {"cause": 1, **ROWS}),
    "cox_startstop_full": (
        "split_rows",
        "served + " + FIVE,
        {
            "cause": 1,
            "weights": "weight",
            "strata": "county",
            "cluster": "family_id",
            "id": "child_id",
            **ROWS,
        },
    ),
    "andersen_gill": ("recurrent", "age + prior", {"id": "child_id", **ROWS}),
    "pwp": ("recurrent", "age + prior", {"id": "child_id", "strata": "number", **ROWS}),
}

ROSSI = "fin + age + race + wexp + mar + paro + prio"


def agrees_with_coxph(model, r: dict) -> None:
    np.testing.assert_allclose(model.table["coef"], r["coef"], rtol=0, atol=1e-8)
    np.testing.assert_allclose(model.table["se"], r["se"], rtol=1e-6)
    np.testing.assert_allclose(model.loglik, r["loglik"], rtol=0, atol=1e-8)
    if "robust_se" in r:
        np.testing.assert_allclose(model.table["robust_se"], r["robust_se"], rtol=1e-6)
    else:
        assert "robust_se" not in model.table


@pytest.mark.parametrize("key", COX)
def test_cox(key, expected, request):
    data, formula, options = COX[key]
    model = cox(request.getfixturevalue(data), formula, **options)
    r = expected[key]
    assert model.table["term"].tolist() == r["term"]
    assert (model.n, model.events) == (r["n"], r["nevent"])
    agrees_with_coxph(model, r)


def test_cox_on_rossi(rossi, rossi_expected):
    model = cox(rossi, ROSSI, stop="week", event="arrest")
    agrees_with_coxph(model, rossi_expected["cox"])
    assert model.table["hazard_ratio"][0] == pytest.approx(0.68, abs=0.005)


def test_cox_on_rossi_with_employment_that_changes_weekly(rossi_weeks, rossi_expected):
    model = cox(rossi_weeks, ROSSI + " + employed_last_week", start="start", stop="stop")
    agrees_with_coxph(model, rossi_expected["cox_time_varying"])
    assert model.table["hazard_ratio"][0] == pytest.approx(0.70, abs=0.005)


CURVES = {
    "km": {},
    "km_entry": {"start": "entry"},
    "km_weighted_cluster": {"weights": "weight", "cluster": "family_id"},
}


def side_by_side(ours: pd.DataFrame, r: dict, on: list[str]) -> pd.DataFrame:
    theirs = pd.DataFrame(r)
    theirs["group"] = theirs["strata"].str.removeprefix("group=")
    if "cause" in theirs:
        theirs["cause"] = theirs["cause"].astype(int)
    both = theirs.merge(ours, on=on, suffixes=("_r", ""), validate="one_to_one")
    assert len(both) == len(theirs) == len(ours)
    return both


@pytest.mark.parametrize("key", CURVES)
def test_kaplan_meier(key, children, expected):
    curves = kaplan_meier(children, by="group", cause=1, **CURVES[key])
    both = side_by_side(curves.at(TIMES), expected[key], ["group", "time"])
    np.testing.assert_allclose(both["survival"], both["surv"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(both["se"], both["se_r"], rtol=1e-6)
    np.testing.assert_allclose(both["ci_low"], both["low"], rtol=0, atol=1e-8)
    np.testing.assert_allclose(both["ci_high"], both["high"], rtol=0, atol=1e-8)
    if key != "km_entry":
        np.testing.assert_allclose(both["weighted_at_risk"], both["n_risk"], rtol=1e-12)


INCIDENCES = {
    "aj": {},
    "aj_weighted": {"weights": "weight", "id": "child_id"},
    "aj_family": {"cluster": "family_id"},
}


@pytest.mark.parametrize("key", INCIDENCES)
def test_cumulative_incidence(key, children, expected):
    curves = cumulative_incidence(children, by="group", **INCIDENCES[key])
    both = side_by_side(curves.at(TIMES), expected[key], ["group", "cause", "time"])
    np.testing.assert_allclose(both["incidence"], both["incidence_r"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(both["se"], both["se_r"], rtol=1e-6)


FINE_GRAY = {
    "fine_gray_cluster": {},
    "fine_gray_entry": {"start": "entry"},
    "fine_gray_weighted": {"weights": "weight"},
}


@pytest.mark.parametrize("key", FINE_GRAY)
def test_fine_gray(key, children, expected):
    model = fine_gray(children, FIVE, cause=1, cluster="family_id", **FINE_GRAY[key])
    assert model.events == expected[key]["nevent"]
    agrees_with_coxph(model, expected[key])


def test_fine_gray_is_near_crr_which_handles_ties_of_censoring_otherwise(children, expected):
    table = fine_gray(children, FIVE, cause=1, cluster="child_id").table
    np.testing.assert_allclose(table["coef"], expected["crr"]["coef"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(table["robust_se"], expected["crr"]["se"], rtol=1e-1)


def test_log_rank(children, expected):
    table = log_rank(children, by="group", cause=1).table
    assert table["statistic"][0] == pytest.approx(expected["logrank"]["chisq"], abs=1e-8)
    assert table["df"][0] == expected["logrank"]["df"]


def test_gray(children, expected):
    table = gray_test(children, by="group").table
    r = expected["gray"]
    assert table["cause"].tolist() == [int(c) for c in r["cause"]]
    assert table["df"].tolist() == r["df"]
    np.testing.assert_allclose(table["statistic"], r["stat"], rtol=0, atol=1e-8)
    np.testing.assert_allclose(table["p"], r["p"], rtol=0, atol=1e-8)


def test_restricted_mean(children, expected):
    children["event"] = children["event"] == 1
    table = restricted_mean(children, by="group", horizon=[365, 730]).table
    for r in expected["rmst"]:
        ours = table[table["horizon"] == r["tau"]]
        assert ("group=" + ours["group"]).tolist() == r["strata"]
        np.testing.assert_allclose(ours["mean"], r["rmst"], rtol=0, atol=1e-9)
        np.testing.assert_allclose(ours["se"], r["se"], rtol=1e-6)


def test_days_lost(children, expected):
    table = restricted_mean(children, by="group", horizon=[365, 730]).table
    table["row"] = "group=" + table["group"] + ", " + table["cause"].astype(str)
    for r in expected["days_lost"]:
        ours = table[table["horizon"] == r["tau"]].set_index("row").loc[r["row"]]
        np.testing.assert_allclose(ours["mean"], r["days"], rtol=0, atol=1e-9)
        np.testing.assert_allclose(ours["se"], r["se"], rtol=1e-6)


def test_mean_cumulative(recurrent, expected):
    r = expected["mean_cumulative"]
    curve = mean_cumulative(recurrent, start="start", stop="stop", event="event", id="child_id")
    read = curve.at(r["time"])
    np.testing.assert_allclose(read["mean"], r["mcf"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(read["se"], r["se"], rtol=1e-6)
    assert read["at_risk"].tolist() == r["n_risk"]


@pytest.fixture(scope="module")
def five(_children):
    return cox(_children, FIVE, cause=1)


def test_baseline_at_covariates_zero(five, expected):
    r = expected["cox_baseline"]
    curve = five.baseline.set_index("time")["cumulative_hazard"]
    read = [curve[curve.index <= t].iloc[-1] for t in r["time"]]
    np.testing.assert_allclose(read, r["cumhaz"], rtol=0, atol=1e-8)


def test_martingale_residuals(five, expected):
    ours = five.residuals("martingale").iloc[:10]
    np.testing.assert_allclose(ours, expected["cox_martingale"]["first10"], rtol=0, atol=1e-8)


def test_concordance(five, expected):
    assert five.concordance == pytest.approx(expected["cox_concordance"], abs=1e-8)


@pytest.mark.parametrize("transform", ["km", "identity", "rank"])
def test_proportional_hazards(transform, five, expected):
    table, r = five.proportional_hazards(transform).table, expected[f"zph_{transform}"]
    assert table["term"].tolist() == r["term"]
    np.testing.assert_allclose(table["statistic"], r["chisq"], rtol=0, atol=1e-8)
    np.testing.assert_allclose(table["p"], r["p"], rtol=0, atol=1e-8)


def test_discrete_hazard(children, expected):
    model = discrete_hazard(children, "age + prior + kin", cause=1, breaks=[0, 3, 6, 12, 24, 99])
    r = expected["discrete_cloglog"]
    assert len(model.table) == len(r["term"])
    np.testing.assert_allclose(model.table["coef"], r["coef"], rtol=0, atol=1e-6)
    np.testing.assert_allclose(model.table["se"], r["se"], rtol=1e-3)
