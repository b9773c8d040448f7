"""Each kind of bad input gives one clear sentence or a right answer, whatever the estimator."""

import numpy as np
import pandas as pd
import pytest

from evaluation.estimates import (
    EstimateError,
    calibration,
    cox,
    cumulative_incidence,
    discrete_hazard,
    fine_gray,
    gray_test,
    kaplan_meier,
    log_rank,
    parametric,
    restricted_mean,
)

N = 200

ESTIMATORS = {
    "cox": lambda d, **k: cox(d, "x", **k),
    "fine_gray": lambda d, **k: fine_gray(d, "x", **k),
    "kaplan_meier": kaplan_meier,
    "cumulative_incidence": cumulative_incidence,
    "restricted_mean": lambda d, **k: restricted_mean(d, horizon=20, **k),
    "log_rank": lambda d, **k: log_rank(d, by="g", **k),
    "gray_test": lambda d, **k: gray_test(d, by="g", **k),
    "discrete_hazard": lambda d, **k: discrete_hazard(d, "x", breaks=[0, 1, 2], **k),
    "parametric": lambda d, **k: parametric(d, "x", **k),
    "calibration": lambda d, **k: calibration(d.assign(p=0.1), "p", horizon=20, **k),
}
MODELS = ["cox", "fine_gray", "discrete_hazard", "parametric"]


@pytest.fixture
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": range(N),
            "time": rng.integers(1, 50, N),
            "event": rng.integers(0, 2, N),
            "x": rng.normal(size=N),
            "g": rng.choice(["a", "b"], N),
        }
    )


CASES = {
    "infinite time": ({"time": np.r_[np.inf, np.ones(N - 1)]}, "'time' holds inf in row 0"),
    "negative time": ({"time": np.r_[-2, np.ones(N - 1)]}, "must be above 0.*row 0 has time=-2"),
    "dates": ({"time": pd.Timestamp("2020-01-01")}, r"datetime64.*\.dt\.days"),
    "durations": ({"time": pd.Timedelta("3D")}, r"timedelta64.*\.dt\.days"),
    "text times": ({"time": "5"}, r"'time' must hold numbers.*pd\.to_numeric"),
    "text events": ({"event": "yes"}, r"'event' must hold numbers.*== 'yes'"),
    "categories": ({"event": pd.Categorical([1] * N)}, r"categorical values.*astype\(int\)"),
    "half events": ({"event": 0.5}, "'event' holds 0.5 in row 0"),
    "negative events": ({"event": -1}, "'event' holds -1 in row 0"),
    "all missing": ({"time": np.nan}, "No rows are left.*200 rows with missing time"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_values_that_cannot_be(name, case, rows):
    change, sentence = CASES[case]
    with pytest.raises(EstimateError, match=sentence):
        ESTIMATORS[name](rows.assign(**change))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_empty_frame(name, rows):
    with pytest.raises(EstimateError, match="the data are empty"):
        ESTIMATORS[name](rows.head(0))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_missing_times_are_dropped_and_counted(name, rows):
    rows["time"] = rows["time"].astype(float).where(rows["id"] != 3)
    assert ESTIMATORS[name](rows).dropped == {"missing time": 1}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_unknown_column_suggests_the_nearest(name, rows):
    with pytest.raises(EstimateError, match="No column 'tme'.*did you mean 'time'"):
        ESTIMATORS[name](rows, stop="tme")


@pytest.mark.parametrize("name", sorted(set(ESTIMATORS) - {"gray_test"}))
def test_stop_at_or_before_start(name, rows):
    with pytest.raises(EstimateError, match="'time' must be above 'start'.*such rows"):
        ESTIMATORS[name](rows.assign(start=10), start="start")


@pytest.mark.parametrize("name", sorted(set(ESTIMATORS) - {"gray_test", "parametric"}))
def test_overlapping_rows_of_one_id(name, rows):
    rows["id"] //= 2
    with pytest.raises(EstimateError, match=r"Rows of id 0 overlap: row 0 covers \(0, 42\]"):
        ESTIMATORS[name](rows, id="id")


@pytest.mark.parametrize("name", sorted(set(ESTIMATORS) - {"gray_test", "parametric"}))
def test_weights_that_cannot_be(name, rows):
    for weight, sentence in ((-1.0, "not be negative"), (0.0, "are zero"), (1e101, "exceed")):
        with pytest.raises(EstimateError, match=sentence):
            ESTIMATORS[name](rows.assign(w=weight), weights="w")


@pytest.mark.parametrize(
    "name", ["cox", "kaplan_meier", "log_rank", "discrete_hazard", "parametric"]
)
def test_several_causes_are_listed(name, rows):
    rows["event"] *= 1 + rows["id"] % 2
    with pytest.raises(EstimateError, match=rf"{name} needs cause=.*\(1, 2\)"):
        ESTIMATORS[name](rows)
    assert ESTIMATORS[name](rows, cause=2).events > 0


@pytest.mark.parametrize("name", ["cox", "fine_gray", "log_rank", "gray_test", "parametric"])
def test_all_censored_where_events_are_needed(name, rows):
    with pytest.raises(EstimateError, match="No row ends in"):
        ESTIMATORS[name](rows.assign(event=0))


def test_all_censored_curves_stay_at_the_start(rows):
    none = rows.assign(event=0)
    assert (kaplan_meier(none).table["survival"] == 1).all()
    assert (cumulative_incidence(none).table["incidence"] == 0).all()
    assert restricted_mean(none, horizon=20).table["mean"][0] == 20


def test_all_events_on_one_day(rows):
    one_day = rows.assign(time=5, event=1)
    assert kaplan_meier(one_day).table["survival"].tolist() == [0]
    assert cumulative_incidence(one_day).table["incidence"].tolist() == [1]
    assert cox(one_day, "x").table["coef"][0] == pytest.approx(0, abs=1e-12)
    clustered = cox(one_day, "x", cluster="id")
    assert clustered.table["p"].isna().all()
    assert any("cancel to nothing" in w for w in clustered.warnings)


def test_one_cluster_has_no_variance(rows):
    rows["all"] = 1
    model = cox(rows, "x", cluster="all")
    assert model.table[["small_sample_se", "ci_low", "p"]].isna().all(axis=None)
    assert "One cluster: its variance cannot be estimated." in model.warnings
    curve = kaplan_meier(rows, cluster="all")
    assert curve.table["ci_low"].isna().all()
    assert curve.table["survival"].notna().all()


@pytest.mark.parametrize("name", MODELS)
def test_covariates_that_cannot_be(name, rows):
    for values, sentence in (
        (np.r_[np.inf, rows["x"][1:]], "infinite, undefined or above"),
        (rows["x"] * 1e200, "infinite, undefined or above"),
        (pd.Timestamp("2020-01-01"), "'x' holds dates or durations"),
        (rows["x"] + 1j, "'x' holds complex numbers"),
        ("same", "x has one level"),
        (1.0, "'x' (does not differ|is the same)"),
    ):
        with pytest.raises(EstimateError, match=sentence):
            ESTIMATORS[name](rows.assign(x=values))


@pytest.mark.parametrize("name", MODELS)
def test_ten_thousand_levels(name, rows):
    many = pd.concat([rows] * 50, ignore_index=True)
    many["x"] = [f"county {k}" for k in range(len(many))]
    with pytest.raises(EstimateError, match="10,000 levels, too many.*strata="):
        ESTIMATORS[name](many)


def test_more_terms_than_events(rows):
    with pytest.raises(EstimateError, match="199 terms are too many"):
        cox(rows.assign(x=rows["id"].astype(str)), "x")


@pytest.mark.parametrize(
    ("formula", "sentence"),
    [
        ("", "formula is empty"),
        ("x +", "cannot be read"),
        ("x ~ g", "right-hand side only"),
        ("0 + g", "removes the intercept"),
        ("x + gg", "'gg', which is not in the data; did you mean 'g'"),
        ("frobnicate(x)", "names 'frobnicate'"),
        ("1", "gives no covariate"),
        ("log(x)", "infinite, undefined"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_formulas_that_cannot_be(formula, sentence, rows):
    with pytest.raises(EstimateError, match=sentence):
        cox(rows, formula)


def test_other_objects_than_frames():
    for estimator in (kaplan_meier, lambda d: cox(d, "x")):
        with pytest.raises(EstimateError, match="must be a pandas DataFrame, not dict"):
            estimator({"time": [1], "event": [1]})


def test_columns_named_twice(rows):
    twice = pd.concat([rows, rows[["time"]]], axis=1)
    with pytest.raises(EstimateError, match="several columns named 'time'"):
        kaplan_meier(twice)


def test_an_index_with_repeats_is_kept(rows):
    rows.index = [0] * N
    assert len(cox(rows, "x").influence) == N


def test_an_id_in_two_clusters(rows):
    split = pd.concat([rows.assign(start=0), rows.assign(start=50, time=60)])
    split["home"] = np.arange(len(split))
    with pytest.raises(EstimateError, match="id 0 is in more than one cluster"):
        cox(split, "x", start="start", id="id", cluster="home")


def test_groups_of_mixed_kinds_and_of_no_kind(rows):
    rows["g"] = pd.Series([1, "a"] * (N // 2), dtype=object)
    assert kaplan_meier(rows, by="g").groups == [1, "a"]
    rows["g"] = [[1]] * N
    with pytest.raises(EstimateError, match="'g' holds values that cannot be told apart"):
        kaplan_meier(rows, by="g")


def test_nullable_and_boolean_columns(rows):
    plain = cox(rows, "x").table
    typed = rows.assign(
        time=rows["time"].astype("Int64"),
        event=rows["event"].astype("boolean"),
        x=rows["x"].astype("Float64"),
    )
    pd.testing.assert_frame_equal(cox(typed, "x").table, plain)


def test_a_million_identical_rows_are_two_rows_with_weights():
    many = pd.DataFrame({"time": np.repeat([3, 5], 500_000), "event": 1})
    table = kaplan_meier(many).table
    assert table["survival"].tolist() == [0.5, 0]
    assert table["se"][0] == pytest.approx(0.5 / 1000)
    with pytest.raises(EstimateError, match="'x' does not differ"):
        cox(many.assign(x=1.0), "x")


def test_the_data_are_not_changed(rows):
    before = rows.copy(deep=True)
    for estimator in ESTIMATORS.values():
        estimator(rows)
    pd.testing.assert_frame_equal(rows, before)


def test_offsets_beyond_all_reason(rows):
    with pytest.raises(EstimateError, match="Offsets must lie within 300 of 0"):
        cox(rows.assign(o=rows["x"] * 1e5), "x", offset="o")
