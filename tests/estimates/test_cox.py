import numpy as np
import pandas as pd
import pytest

from evaluation.estimates import EstimateError, cox


def test_columns_of_the_table(children):
    plain = cox(children, "age + kin", cause=1).table
    assert list(plain) == ["term", "coef", "se", "hazard_ratio", "ci_low", "ci_high", "z", "p"]
    robust = cox(children, "age + kin", cause=1, cluster="family_id").table
    assert list(robust)[:4] == ["term", "coef", "se", "robust_se"]


def test_limits_and_p_rest_on_the_robust_standard_error(children):
    table = cox(children, "age + kin", cause=1, cluster="family_id").table
    np.testing.assert_allclose(table["z"], table["coef"] / table["robust_se"])
    width = np.log(table["ci_high"] / table["ci_low"]) / (2 * 1.959963984540054)
    np.testing.assert_allclose(width, table["robust_se"])


def test_influence_summed_by_cluster_gives_the_robust_variance(children):
    model = cox(children, "age + kin", cause=1, weights="weight", cluster="family_id")
    assert model.influence.index.equals(children.index)
    sums = model.influence.groupby(children["family_id"]).sum().to_numpy()
    np.testing.assert_allclose(sums.T @ sums, model.covariance, rtol=1e-9)
    np.testing.assert_allclose(model.influence.sum(), 0, atol=1e-9)


def test_influence_is_the_change_of_the_estimate_per_unit_of_log_weight(children):
    children["ones"] = 1.0
    model = cox(children, "age + kin", cause=1, weights="ones", ties="breslow")
    row = 3
    children.loc[row, "ones"] += 1e-5
    moved = cox(children, "age + kin", cause=1, weights="ones", ties="breslow")
    slope = (moved.table["coef"] - model.table["coef"]) / 1e-5
    np.testing.assert_allclose(slope, model.influence.iloc[row], rtol=1e-3)


def test_a_coefficient_that_runs_to_infinity_is_reported_not_printed(children):
    children["never"] = ((children["event"] != 1) & (children["child_id"] % 7 == 0)).astype(int)
    model = cox(children, "age + never + kin", cause=1)
    table = model.table.set_index("term")
    assert table.loc["never", "coef"] == -np.inf
    assert table.loc["never", ["se", "z", "p"]].isna().all()
    limits = table.loc["never", ["ci_low", "ci_high"]].tolist()
    assert limits == pytest.approx(model.profile_limits("never"))
    assert limits[0] == 0 and 0 < limits[1] < 1
    assert any("'never' runs to minus infinity" in w for w in model.warnings)
    without = cox(children[children["never"] == 0], "age + kin", cause=1).table.set_index("term")
    for term in ("age", "kin"):
        assert table.loc[term, "coef"] == pytest.approx(without.loc[term, "coef"], abs=1e-7)
        assert table.loc[term, "se"] == pytest.approx(without.loc[term, "se"], rel=1e-5)


def test_a_term_that_says_what_others_say_is_named(children):
    with pytest.raises(EstimateError, match=r"'I\(age \+ kin\)' is a combination of 'age', 'kin'"):
        cox(children, "age + kin + I(age + kin)", cause=1)


def test_a_constant_term_is_named(children):
    children["one"] = 1.0
    with pytest.raises(EstimateError, match="'one' does not differ"):
        cox(children, "age + one", cause=1)


def test_a_term_constant_in_every_stratum_is_named(children):
    children["north"] = (children["county"] < "d").astype(int)
    with pytest.raises(EstimateError, match="'north' does not differ"):
        cox(children, "age + north", cause=1, strata="county")


def test_offset_takes_the_place_of_a_known_coefficient(children):
    free = cox(children, "age + kin", cause=1).table.set_index("term")["coef"]
    children["known"] = free["kin"] * children["kin"]
    held = cox(children, "age", cause=1, offset="known").table["coef"][0]
    assert held == pytest.approx(free["age"], abs=1e-9)


def test_zero_weights_are_rows_left_out(children):
    children["w"] = (children["child_id"] % 3 > 0).astype(float)
    weighted = cox(children, "age + kin", cause=1, weights="w").table
    fewer = cox(children[children["w"] > 0], "age + kin", cause=1).table
    np.testing.assert_allclose(weighted["coef"], fewer["coef"], atol=1e-10)
    np.testing.assert_allclose(weighted["se"], fewer["se"], rtol=1e-9)


def test_large_and_shifted_covariates_change_nothing_but_units(children):
    plain = cox(children, "age + kin", cause=1).table
    children["age"] = 1e6 + 1e-3 * children["age"]
    moved = cox(children, "age + kin", cause=1).table
    np.testing.assert_allclose(moved["z"], plain["z"], rtol=1e-5)


def test_few_clusters_correct_the_interval_and_say_so(children):
    """Rule 7.5: robust_se stays as in R; leaving out clusters and t feed interval and p."""
    model = cox(children, "age + kin", cause=1, cluster="county")
    table = model.table
    sums = model.influence.groupby(children["county"]).sum()
    np.testing.assert_allclose(table["robust_se"], np.sqrt((sums**2).sum()), rtol=1e-9)
    half = np.log(table["ci_high"] / table["hazard_ratio"])
    np.testing.assert_allclose(half, 2.570581835636314 * table["small_sample_se"], rtol=1e-9)
    assert any("Only 6 clusters" in w for w in model.warnings)


def test_the_correction_is_the_jackknife_over_clusters(children):
    model = cox(children, "age + kin", cause=1, cluster="county")
    left = [
        cox(children[children["county"] != c], "age + kin", cause=1).table["coef"] for c in "abcdef"
    ]
    apart = np.array(left) - np.mean(left, axis=0)
    jackknife = np.sqrt(5 / 6 * (apart**2).sum(axis=0))
    np.testing.assert_allclose(model.table["small_sample_se"], jackknife, rtol=0.02)


def test_a_term_that_one_cluster_carries_alone_has_no_limits(children):
    children["only"] = ((children["county"] == "a") & (children["child_id"] % 2 == 0)).astype(int)
    model = cox(children, "age + only", cause=1, cluster="county")
    assert model.table["ci_low"].isna().all()
    assert any("Without some cluster" in w for w in model.warnings)


def test_reweighting_is_fitting_anew(children):
    model = cox(children, "age + kin", cause=1, start="entry", strata="county")
    children["w"] = np.random.default_rng(2).integers(0, 4, len(children))
    again = cox(children, "age + kin", cause=1, start="entry", strata="county", weights="w")
    np.testing.assert_allclose(model.reweighted(children["w"]), again.table["coef"], atol=1e-9)
    with pytest.raises(EstimateError, match="1,388 rows"):
        model.reweighted([1, 2])


def test_categories_keep_formulaics_names_and_lose_empty_levels(children):
    children["county"] = pd.Categorical(children["county"], categories=list("abcdefg"))
    assert cox(children, "county", cause=1).table["term"].tolist() == [
        f"county[T.{c}]" for c in "bcdef"
    ]


def test_text_columns_of_any_string_type_are_categories(children):
    children["county"] = children["county"].astype("string")
    assert cox(children, "county", cause=1).table["term"][0] == "county[T.b]"


def test_rows_with_missing_values_are_dropped_counted_and_said(children):
    children.loc[[0, 5], "age"] = np.nan
    children.loc[[5, 7], "kin"] = np.nan
    model = cox(children, "age + kin", cause=1)
    assert model.dropped == {"missing age": 2, "missing kin": 1}
    assert model.n == len(children) - 3
    assert "2 missing age" in model.summary()
    assert 0 not in model.influence.index


def test_missing_values_inside_a_transformed_term_count_too(children):
    children.loc[0, "age"] = np.nan
    assert cox(children, "poly(age, 2)", cause=1).dropped == {"missing age": 1}


def test_several_causes_need_one_chosen(children):
    with pytest.raises(EstimateError, match=r"several causes \(1, 2\)"):
        cox(children, "age")


def test_account_is_ready_for_json(children):
    import json

    children["never"] = ((children["event"] != 1) & (children["child_id"] % 7 == 0)).astype(int)
    told = cox(children, "age + never", cause=1, cluster="family_id").to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["formula"] == "age + never"
    assert (told["n"], told["events"], told["clusters"]) == (1388, 247, 800)
    assert told["table"][1]["coef"] == "-inf"
    assert told["table"][1]["se"] is None
    assert {"numpy", "scipy", "pandas", "formulaic"} <= set(told["versions"])


def test_notebook_view_escapes_what_comes_from_data(children):
    children["x"] = np.where(children["kin"] == 1, "<script>alert(1)</script>", "!")
    shown = cox(children, "x", cause=1)._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
