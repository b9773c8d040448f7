import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation.estimates import (
    EstimateError,
    compare,
    cox,
    discrete_hazard,
    fine_gray,
    kaplan_meier,
    parametric,
    zero_event_limits,
)

BREAKS = [0, 3, 6, 12, 24, 99]
ROWS = {"start": "start", "stop": "stop", "id": "child_id"}


def test_a_child_counts_in_its_last_period_even_if_censored_in_it():
    """Period k = ceil(time / width)."""
    data = pd.DataFrame({"time": [30, 31, 45, 61], "event": [1, 1, 0, 1], "x": [0, 1, 0, 0]})
    counts = discrete_hazard(data, "x", breaks=[0, 1, 2, 3]).counts
    assert counts["at_risk"].tolist() == [4, 3, 1]
    assert counts["events"].tolist() == [1, 1, 1]


def test_splitting_rows_of_an_id_changes_no_discrete_hazard(children, split_rows):
    whole = discrete_hazard(children, "age + kin", cause=1, breaks=BREAKS, id="child_id").table
    split = discrete_hazard(split_rows, "age + kin", cause=1, breaks=BREAKS, **ROWS).table
    np.testing.assert_allclose(split["coef"], whole["coef"], atol=1e-10)
    np.testing.assert_allclose(split["robust_se"], whole["robust_se"], rtol=1e-8)


def test_the_row_known_when_a_period_begins_carries_its_event():
    data = pd.DataFrame(
        {
            "id": [1, 1, 2, 3, 4],
            "start": [0, 10, 0, 0, 0],
            "stop": [10, 20, 30, 30, 30],
            "event": [0, 1, 1, 0, 0],
            "x": [0, 1, 1, 1, 0],
        }
    )
    one = discrete_hazard(data, "x", breaks=[0, 1], start="start", stop="stop", id="id")
    assert one.counts.loc[0, ["at_risk", "events"]].tolist() == [4, 2]
    assert one.table["coef"][1] == pytest.approx(0, abs=1e-8)


def test_logit_in_short_periods_is_near_cox(children):
    ours = discrete_hazard(
        children, "age + kin", cause=1, breaks=[*range(0, 1001, 40), 1100], width=1, link="logit"
    ).table.set_index("term")
    theirs = cox(children, "age + kin", cause=1).table.set_index("term")
    for term in ("age", "kin"):
        assert ours.loc[term, "coef"] == pytest.approx(theirs.loc[term, "coef"], abs=0.01)


def test_cluster_robust_discrete_hazard(children):
    """Doubling every row within its cluster leaves the robust standard error alone."""
    options = {"cause": 1, "breaks": BREAKS, "cluster": "family_id"}
    once = discrete_hazard(children, "age + kin", **options).table
    twice = discrete_hazard(pd.concat([children, children]), "age + kin", **options).table
    np.testing.assert_allclose(twice["robust_se"], once["robust_se"], rtol=1e-6)
    np.testing.assert_allclose(twice["se"], once["se"] / np.sqrt(2), rtol=1e-6)


def test_weights_repeat_rows_in_discrete_hazard(children):
    children["w"] = 1 + children["child_id"] % 3
    weighted = discrete_hazard(children, "age", cause=1, breaks=BREAKS, weights="w").table
    repeated = children.loc[children.index.repeat(children["w"])]
    plain = discrete_hazard(repeated, "age", cause=1, breaks=BREAKS).table
    np.testing.assert_allclose(weighted["coef"], plain["coef"], atol=1e-8)


def test_a_band_without_events_is_named(children):
    with pytest.raises(EstimateError, match=r"No event in periods \(37, 38\]"):
        discrete_hazard(children, "age", cause=1, breaks=[0, 12, 37, 38])


def test_a_discrete_coefficient_that_runs_to_infinity_is_reported(children):
    children["never"] = ((children["event"] != 1) & (children["child_id"] % 7 == 0)).astype(int)
    model = discrete_hazard(children, "age + never", cause=1, breaks=BREAKS)
    row = model.table.set_index("term").loc["never"]
    assert row["coef"] == -np.inf
    assert row[["se", "ci_low", "ci_high", "p"]].isna().all()
    assert any("'never' runs to infinity" in w for w in model.warnings)


def test_breaks_must_cover_the_data(children):
    with pytest.raises(EstimateError, match="cover periods 1 to 12"):
        discrete_hazard(children, "age", cause=1, breaks=[0, 3, 12])


R_SURVREG = {
    "weibull": ([-0.00787102183, 0.42221729585, 8.14791494590], -2217.658666),
    "lognormal": ([-0.0119321401, 0.5622045322, 8.3002698336], -2220.041209),
}


@pytest.mark.parametrize("family", R_SURVREG)
def test_parametric_models_are_survregs(family, children):
    """R: survreg(Surv(time, event == 1) ~ age + kin, d, dist = family)."""
    model = parametric(children, "age + kin", cause=1, family=family)
    coef, loglik = R_SURVREG[family]
    np.testing.assert_allclose(model.table["coef"][:3], coef, rtol=0, atol=2e-4)
    assert model.loglik == pytest.approx(loglik, abs=1e-4)


@pytest.mark.parametrize("family", ["piecewise", "spline"])
@pytest.mark.parametrize("start", [None, "entry"])
def test_flexible_hazards_are_near_cox(family, start, children):
    ours = parametric(children, "age + kin", cause=1, family=family, start=start).table
    theirs = cox(children, "age + kin", cause=1, start=start).table
    np.testing.assert_allclose(ours["coef"][:2], theirs["coef"], atol=0.004)
    np.testing.assert_allclose(ours["se"][:2], theirs["se"], rtol=0.01)


@pytest.mark.parametrize("family", ["weibull", "lognormal", "piecewise", "spline"])
def test_predicted_survival_averages_to_the_observed(family, children):
    model = parametric(children, "age + C(county)", cause=1, family=family)
    shown = model.survival(children, [180, 365])
    assert shown.index.equals(children.index)
    assert shown.mean().tolist() == pytest.approx([0.928, 0.878], abs=0.012)


def test_predicted_survival_and_its_standard_error_are_rs(children, diagnostics):
    """R: survreg(dist = "weibull") and the delta method."""
    r = diagnostics["weibull"]
    new = pd.DataFrame({"age": [2, 15], "kin": [1, 0]}, index=["a", "b"])
    found = parametric(children, "age + kin", cause=1).predict(new, 365)
    assert found["row"].tolist() == ["a", "b"]
    np.testing.assert_allclose(found["survival"], r["survival"], atol=1e-5)
    np.testing.assert_allclose(found["se"], r["se"], rtol=1e-3)
    assert ((found["ci_low"] < found["survival"]) & (found["survival"] < found["ci_high"])).all()


@pytest.mark.parametrize("family", ["weibull", "lognormal", "piecewise", "spline"])
def test_the_mean_curve_is_near_kaplan_meier_and_ends_with_the_data(family, children):
    model = parametric(children, "age + kin", cause=1, family=family)
    ours = model.at([180, 365, 5_000])
    theirs = kaplan_meier(children, cause=1).at([180, 365])
    assert list(ours) == ["group", "time", "survival", "se", "ci_low", "ci_high"]
    np.testing.assert_allclose(ours["survival"][:2], theirs["survival"], atol=0.012)
    np.testing.assert_allclose(ours["se"][:2], theirs["se"], rtol=0.2)
    assert ours.iloc[2][["survival", "se", "ci_low", "ci_high"]].isna().all()
    whole = model.survival(children, [180, 365]).mean()
    np.testing.assert_allclose(ours["survival"][:2], whole, rtol=1e-12)


def test_a_piecewise_hazard_without_covariate_effect_is_events_over_time():
    data = pd.DataFrame({"time": [4, 6, 8, 10] * 50, "event": [1, 0, 1, 1] * 50})
    data["x"] = np.repeat([0, 1], 100)
    table = parametric(data, "x", family="piecewise", breaks=[5]).table.set_index("term")
    assert table.loc["x", "coef"] == pytest.approx(0, abs=1e-9)
    assert table.loc["log hazard in (0, 5]", "ratio"] == pytest.approx(1 / 19)
    assert table.loc["log hazard in (5, inf]", "ratio"] == pytest.approx(2 / 9)


def test_parametric_errors_teach(children):
    with pytest.raises(EstimateError, match="use one of weibull"):
        parametric(children, "age", cause=1, family="gamma")
    with pytest.raises(EstimateError, match="No event in"):
        parametric(children, "age", cause=1, family="piecewise", breaks=[1, 365])


def test_nested_models_are_compared_by_the_likelihood_ratio(children):
    small, large = (cox(children, f, cause=1) for f in ("age", "age + kin"))
    table = compare(small, large).table
    ratio = 2 * (large.loglik[1] - small.loglik[1])
    assert table["statistic"][1] == pytest.approx(ratio)
    assert table["p"][1] == pytest.approx(stats.chi2.sf(ratio, 1))
    assert table["aic"][0] == pytest.approx(2 - 2 * small.loglik[1])


def test_with_clusters_nested_models_are_compared_by_the_robust_wald_test(children):
    options = {"cause": 1, "cluster": "family_id"}
    small, large = (cox(children, f, **options) for f in ("age", "age + kin"))
    table = compare(large, small).table
    assert table["statistic"][0] == pytest.approx(large.table["z"][1] ** 2)


def test_the_likelihood_ratio_is_rs_anova(children, diagnostics):
    r = diagnostics["anova"]
    small, large = (cox(children, f, cause=1) for f in ("age", "age + kin + prior"))
    row = compare(small, large).table.iloc[1]
    assert row["test"] == "likelihood ratio"
    assert (row["statistic"], row["df"]) == (pytest.approx(r["chisq"], abs=1e-8), r["df"])
    assert row["p"] == pytest.approx(r["p"], rel=1e-6)


@pytest.mark.parametrize("estimator", ["parametric", "discrete_hazard"])
def test_nested_models_of_other_kinds_are_compared_too(estimator, children):
    fits = {
        "parametric": lambda f: parametric(children, f, cause=1),
        "discrete_hazard": lambda f: discrete_hazard(children, f, cause=1, breaks=BREAKS),
    }
    small, large = fits[estimator]("age"), fits[estimator]("age + kin")
    row = compare(large, small).table.iloc[0]
    assert row["statistic"] == pytest.approx(2 * (large.loglik - small.loglik))
    assert row["statistic"] == pytest.approx(
        large.table.set_index("term").loc["kin", "z"] ** 2, 0.1
    )


def test_clustered_discrete_hazards_are_compared_by_the_robust_wald_test(children):
    options = {"cause": 1, "breaks": BREAKS, "cluster": "family_id"}
    small, large = (discrete_hazard(children, f, **options) for f in ("age", "age + kin"))
    row = compare(small, large).table.iloc[1]
    assert row["test"] == "robust Wald"
    assert row["statistic"] == pytest.approx(large.table.set_index("term").loc["kin", "z"] ** 2)


def test_models_that_are_not_nested_stand_side_by_side_without_a_test(children):
    found = compare(cox(children, "age", cause=1), cox(children, "kin", cause=1))
    assert "statistic" not in found.table
    assert found.table["aic"].notna().all()
    assert any("without a test" in n for n in found.notes)


def test_models_that_cannot_be_compared_are_refused(children):
    a, b = cox(children, "age", cause=1), fine_gray(children, "age", cause=1)
    with pytest.raises(EstimateError, match="likelihoods of cox and fine_gray"):
        compare(a, b)
    with pytest.raises(EstimateError, match="different rows"):
        compare(a, cox(children.head(900), "age", cause=1))
    moved = children.assign(time=children["time"] + (children["child_id"] == 3))
    with pytest.raises(EstimateError, match="different rows"):
        compare(a, cox(moved, "age + kin", cause=1))


def test_exact_limits_without_events():
    """Rule 7.9: families for the risk, time at risk for the rate, both labelled."""
    data = pd.DataFrame(
        {"time": [365] * 40 + [100] * 10, "event": 0, "family": [*range(20)] * 2 + [*range(30, 40)]}
    )
    table = zero_event_limits(data, horizon=365, family="family").table
    risk, rate = table.iloc[0], table.iloc[1]
    assert (risk["events"], risk["exposure"], risk["ci_low"]) == (0, 20, 0)
    assert risk["ci_high"] == pytest.approx(1 - 0.025 ** (1 / 20))
    assert rate["exposure"] == 40 * 365 + 10 * 100
    assert rate["ci_high"] == pytest.approx(-np.log(0.025) / rate["exposure"])
    assert table["measure"].tolist() == ["risk by the horizon, families", "rate"]


def test_exact_limits_with_some_events_hold_the_estimate(children):
    table = zero_event_limits(children, horizon=90, family="family_id", cause=1, by="group").table
    assert ((table["ci_low"] < table["estimate"]) & (table["estimate"] < table["ci_high"])).all()


def test_predictions_refuse_what_the_model_has_not_seen(children):
    model = cox(children, "C(county)", cause=1)
    with pytest.raises(EstimateError, match="which the model uses"):
        model.linear_predictor(children[["age"]])
    strange = children.assign(county="z")
    for predict in (
        model.linear_predictor,
        lambda d: parametric(children, "county", cause=1).survival(d, [9]),
    ):
        with pytest.raises(EstimateError, match="holds 'z', which the model has not seen"):
            predict(strange)
