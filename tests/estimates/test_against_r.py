"""Every number agrees with R's, key by key of tests/reference/simulated/expected.json.

The R code above each number is tests/reference/simulated/make_reference.R.
"""

import numpy as np
import pandas as pd
import pytest

from evaluation.estimates import cox, cumulative_incidence, kaplan_meier

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
