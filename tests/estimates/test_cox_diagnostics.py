import numpy as np
import pandas as pd
import pytest

from evaluation.estimates import EstimateError, cox

ROWS = {"start": "start", "stop": "stop", "cause": 1}
FIVE = "age + female + prior + disability + kin"


def test_concordance_with_starts_strata_and_weights(split_rows, children):
    """R: coxph(...)$concordance["concordance"] of both models."""
    full = cox(split_rows, "served + " + FIVE, weights="weight", strata="county", **ROWS)
    assert full.concordance == pytest.approx(0.605172755609, abs=1e-11)
    late = cox(children, FIVE, start="entry", cause=1, ties="breslow")
    assert late.concordance == pytest.approx(0.586631559616, abs=1e-11)


CONCORDANCE = {
    "concordance": {},
    "concordance_weighted": {"weights": "weight"},
    "concordance_cluster": {"weights": "weight", "cluster": "family_id"},
    "concordance_entry": {"start": "entry"},
}


@pytest.mark.parametrize("key", CONCORDANCE)
def test_concordance_and_its_standard_error_are_rs(key, children, diagnostics):
    model = cox(children, FIVE, cause=1, **CONCORDANCE[key])
    assert model.concordance == pytest.approx(diagnostics[key]["concordance"], abs=1e-11)
    assert model.concordance_se == pytest.approx(diagnostics[key]["se"], rel=1e-9)


def test_concordance_with_strata_clusters_and_split_rows_is_rs(split_rows, diagnostics):
    full = {"weights": "weight", "strata": "county", "cluster": "family_id"}
    model = cox(split_rows, "served + " + FIVE, **full, **ROWS)
    assert model.concordance_se == pytest.approx(diagnostics["concordance_full"]["se"], rel=1e-9)


def test_concordance_counts_pairs():
    data = pd.DataFrame(
        {
            "time": [1, 2, 2, 3, 4, 5],
            "event": [1, 1, 0, 1, 0, 1],
            "x": [2.0, 3.0, 1.0, 3.0, 0.0, 1.0],
        }
    )
    model = cox(data, "x")
    line = model.table["coef"][0] * data["x"]
    right = pairs = 0.0
    for i in data.index[data["event"] == 1]:
        for j in data.index:
            later = data["time"][j] > data["time"][i]
            if later or (data["time"][j] == data["time"][i] and data["event"][j] == 0):
                pairs += 1
                right += (line[i] > line[j]) + 0.5 * (line[i] == line[j])
    assert model.concordance == pytest.approx(right / pairs)


def test_deviance_and_schoenfeld_residuals_keep_the_index(children):
    """R: residuals(h, "deviance")[1:4], residuals(h, "schoenfeld") of the delayed-entry fit."""
    children.index = children["child_id"] + 1000
    model = cox(children, FIVE, start="entry", cause=1, ties="breslow")
    deviance = model.residuals("deviance")
    r = [-0.555824085702, -0.907729812997, -0.377987053529, 1.713451049216]
    np.testing.assert_allclose(deviance.iloc[:4], r, atol=1e-10)
    schoenfeld = model.residuals("schoenfeld")
    assert schoenfeld.index.equals(children.index[children["event"] == 1])
    on_day_two = schoenfeld[children.loc[schoenfeld.index, "time"] == 2]["age"]
    np.testing.assert_allclose(sorted(on_day_two)[:2], [2.83194590428, 5.73194590428], atol=1e-9)


def test_residuals_sum_to_zero(children):
    model = cox(children, FIVE, cause=1, weights="weight", strata="county")
    assert model.residuals("score").sum().abs().max() < 1e-8
    weighted = model.residuals("martingale") * children["weight"]
    assert weighted.sum() == pytest.approx(0, abs=1e-8)
    pd.testing.assert_frame_equal(model.residuals("dfbeta"), model.influence)


def test_unknown_residuals_are_named(children):
    with pytest.raises(EstimateError, match="'martingal'"):
        cox(children, "age", cause=1).residuals("martingal")


def test_baseline_by_stratum(split_rows):
    """R: basehaz(coxph(... + strata(county)), centered = FALSE) begins with 0.00392066144."""
    model = cox(split_rows, "served + " + FIVE, weights="weight", strata="county", **ROWS)
    assert list(model.baseline) == ["stratum", "time", "cumulative_hazard"]
    assert model.baseline["cumulative_hazard"][0] == pytest.approx(0.00392066144, abs=1e-11)


def test_proportionality_with_clusters_is_the_robust_score_test(children):
    plain = cox(children, "age + kin", cause=1)
    robust = cox(children, "age + kin", cause=1, cluster="family_id")
    one, two = plain.proportional_hazards().table, robust.proportional_hazards().table
    assert not np.allclose(one["statistic"], two["statistic"], rtol=1e-3)
    np.testing.assert_allclose(one["statistic"], two["statistic"], rtol=0.5)


def test_a_coefficient_that_changes_is_found():
    rng = np.random.default_rng(7)
    n = 2_000
    x = rng.integers(0, 2, n)
    time = np.where(x == 1, rng.weibull(0.6, n), rng.weibull(1.5, n)) * 100
    data = pd.DataFrame({"time": time, "event": 1, "x": x, "z": rng.normal(size=n)})
    table = cox(data, "x + z").proportional_hazards("rank").table.set_index("term")
    assert table.loc["x", "p"] < 1e-6
    assert table.loc["z", "p"] > 0.001


def test_a_factor_is_tested_as_one_term(children):
    table = cox(children, "age + county", cause=1).proportional_hazards().table
    assert table["term"].tolist() == ["age", "county", "GLOBAL"]
    assert table["df"].tolist() == [1, 5, 6]


def test_charts_of_change(children):
    from matplotlib import pyplot

    ax = cox(children, "age + kin", cause=1).proportional_hazards().plot(term="kin")
    assert ax.get_ylabel() == "Coefficient of kin"
    pyplot.close("all")


def test_profile_limits_when_the_likelihood_is_monotone(children):
    """Rule 7.9: no event on one side still bounds the ratio from above."""
    children["never"] = ((children["event"] != 1) & (children["child_id"] % 40 == 0)).astype(int)
    model = cox(children, "age + never + kin", cause=1)
    low, high = model.profile_limits("never")
    assert low == 0
    assert 0.1 < high < 1
    children["held"] = np.log(high) * children["never"]
    at_limit = cox(children, "age + kin", cause=1, offset="held").loglik[1]
    assert 2 * (model.loglik[1] - at_limit) == pytest.approx(3.841458820694124, abs=1e-3)


def test_profile_limits_are_near_walds_where_both_exist(children):
    model = cox(children, "age + kin", cause=1)
    wald = model.table.set_index("term").loc["kin", ["ci_low", "ci_high"]].to_numpy(float)
    np.testing.assert_allclose(model.profile_limits("kin"), wald, rtol=0.02)
    with pytest.raises(EstimateError, match="did you mean 'kin'"):
        model.profile_limits("kn")


def test_influence_by_family_is_rs_dfbeta_collapsed(split_rows, diagnostics):
    r = diagnostics["dfbeta_family"]
    full = {"weights": "weight", "strata": "county", "cluster": "family_id"}
    model = cox(split_rows, "served + " + FIVE, **full, **ROWS)
    found = model.influential("cluster", most=10_000).table
    assert found["unit"].nunique() == split_rows["family_id"].nunique()
    wide = found.pivot(index="unit", columns="term", values="change")
    np.testing.assert_allclose(
        wide.loc[r["family"], model.table["term"]], r["value"], rtol=0, atol=1e-9
    )
    assert found["displacement"].is_monotonic_decreasing
    top = found.iloc[0]
    mine = split_rows[split_rows["family_id"] == top["unit"]]
    assert (top["rows"], top["events"]) == (len(mine), (mine["event"] == 1).sum())


def test_what_a_family_is_said_to_change_is_near_what_leaving_it_out_changes(children):
    model = cox(children, "age + kin", cause=1, cluster="family_id")
    top = model.influential(most=1).table
    without = cox(children[children["family_id"] != top["unit"][0]], "age + kin", cause=1)
    np.testing.assert_allclose(top["coef_without"], without.table["coef"], atol=0.004)
    fall = 2 * (
        model.loglik[1]
        - cox(
            children.assign(o=without.linear_predictor(children)), "age", cause=1, offset="o"
        ).loglik[0]
    )
    assert top["displacement"][0] == pytest.approx(fall, rel=0.15)


def test_influence_by_row_id_and_cluster_are_sums_of_one_another(split_rows):
    options = {"id": "child_id", "cluster": "family_id", **ROWS}
    model = cox(split_rows, "age + served", **options)
    sums = {
        by: model.influential(by, most=10_000).table.groupby("term")["change"].sum()
        for by in ("row", "id", "cluster")
    }
    np.testing.assert_allclose(sums["row"], sums["id"], atol=1e-10)
    np.testing.assert_allclose(sums["id"], sums["cluster"], atol=1e-10)
    with pytest.raises(EstimateError, match="without id="):
        cox(split_rows, "age", **ROWS).influential("id")


def test_the_influence_chart_draws_its_table(children):
    found = cox(children, "age + kin", cause=1, cluster="family_id").influential(most=8)
    ax = found.plot(term="kin")
    mine = found.table[found.table["term"] == "kin"]
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), mine["change_in_se"])
    with pytest.raises(EstimateError, match="did you mean 'kin'"):
        found.plot(term="kn")


def test_the_smooth_of_the_functional_form_is_rs_lowess(children, diagnostics):
    r = diagnostics["lowess"]
    form = cox(children, "kin + prior", cause=1).functional_form("age", groups=500)
    found = np.interp(r["x"], form.table["value"], form.table["smooth"])
    np.testing.assert_allclose(found, r["y"], rtol=0, atol=1e-9)


def test_a_form_that_is_wrong_shows_and_one_that_is_right_does_not():
    rng = np.random.default_rng(5)
    x = rng.uniform(-1, 1, 3_000)
    data = pd.DataFrame({"x": x, "time": rng.exponential(np.exp(-1.5 * x**2)), "event": 1})
    wrong = cox(data, "x").functional_form("x", groups=5).table
    right = cox(data, "x + I(x**2)").functional_form("x", groups=5).table
    assert wrong["ci_low"].iloc[0] > 0
    assert wrong["ci_high"].iloc[2] < 0
    assert ((right["ci_low"] < 0) & (right["ci_high"] > 0)).sum() >= 4
    assert right["ratio"].to_numpy() == pytest.approx(1, abs=0.12)


def test_events_and_expected_of_the_functional_form_add_up(children):
    model = cox(children, "kin", cause=1, weights="weight", cluster="family_id")
    table = model.functional_form("age", groups=6).table
    assert (len(table), table["n"].sum()) == (6, len(children))
    failed = children["event"] == 1
    assert table["events"].sum() == failed.sum()
    assert table["expected"].sum() == pytest.approx(children["weight"][failed].sum())


def test_what_has_no_form_is_said(children):
    model = cox(children, "kin", cause=1)
    for column, sentence in (("agee", "did you mean 'age'"), ("county", "must hold numbers")):
        with pytest.raises(EstimateError, match=sentence):
            model.functional_form(column)
    with pytest.raises(EstimateError, match="same in every row"):
        cox(children.assign(one=1), "kin", cause=1).functional_form("one")
    gaps = children.assign(age=children["age"].where(children["child_id"] > 20))
    form = cox(gaps, "kin", cause=1).functional_form("age")
    assert form.dropped == {"missing age": 20}
