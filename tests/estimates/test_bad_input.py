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
    mean_cumulative,
    parametric,
    restricted_mean,
    zero_event_limits,
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
    "zero_event_limits": lambda d, **k: zero_event_limits(d, horizon=20, family="id", **k),
    "mean_cumulative": lambda d, **k: mean_cumulative(
        d.assign(**{"zero": 0} if "start" not in k else {}),
        **{"start": "zero", "stop": "time", "event": "event", "id": "id"} | k,
    ),
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
    "negative time": (
        {"time": np.r_[-2, np.ones(N - 1)]},
        "must be above (0|'zero').*row 0 has time=-2",
    ),
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


@pytest.mark.parametrize(
    "name", sorted(set(ESTIMATORS) - {"gray_test", "parametric", "zero_event_limits"})
)
def test_overlapping_rows_of_one_id(name, rows):
    rows["id"] //= 2
    with pytest.raises(EstimateError, match=r"Rows of id 0 overlap: row 0 covers \(0, 42\]"):
        ESTIMATORS[name](rows, id="id")


@pytest.mark.parametrize(
    "name", sorted(set(ESTIMATORS) - {"gray_test", "parametric", "zero_event_limits"})
)
def test_weights_that_cannot_be(name, rows):
    for weight, sentence in ((-1.0, "not be negative"), (0.0, "are zero"), (1e101, "exceed")):
        with pytest.raises(EstimateError, match=sentence):
            ESTIMATORS[name](rows.assign(w=weight), weights="w")


@pytest.mark.parametrize(
    "name",
    [
        "cox",
        "kaplan_meier",
        "log_rank",
        "discrete_hazard",
        "parametric",
        "mean_cumulative",
        "zero_event_limits",
    ],
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


@pytest.mark.parametrize("transform", ["km", "identity", "rank"])
def test_a_change_over_time_needs_events_at_more_than_one_time(transform, rows):
    model = cox(rows.assign(time=5, event=1), "x")
    with pytest.raises(EstimateError, match="All events happen at one time"):
        model.proportional_hazards(transform)


@pytest.mark.parametrize("horizon", [[], (), np.array([])])
def test_a_mean_to_no_horizon_is_refused(horizon, rows):
    with pytest.raises(EstimateError, match="horizon must be one or more numbers above 0"):
        restricted_mean(rows, stop="time", event="event", horizon=horizon)


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


def test_a_combination_names_the_terms_it_is_made_of_and_no_other():
    rng = np.random.default_rng(3)
    data = pd.DataFrame(rng.normal(size=(200, 3)), columns=["w", "x", "y"])
    data["z"] = data["x"] + 2 * data["y"]
    data["time"], data["event"] = rng.integers(1, 30, 200), 1
    with pytest.raises(EstimateError, match="'z' is a combination of 'x', 'y' at every event"):
        cox(data, "w + x + y + z")


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


@pytest.mark.parametrize("name", MODELS)
def test_an_unknown_name_in_the_formula_suggests_the_nearest(name, rows):
    calls = {
        "cox": lambda: cox(rows, "agee + x"),
        "fine_gray": lambda: fine_gray(rows, "agee + x"),
        "discrete_hazard": lambda: discrete_hazard(rows, "agee + x", breaks=[0, 2]),
        "parametric": lambda: parametric(rows, "agee + x"),
    }
    rows["age"] = 3.0
    with pytest.raises(EstimateError, match="names 'agee', which is not in the data.*'age'"):
        calls[name]()


def value_of(result) -> np.ndarray:
    """The numbers a result is about."""
    for column in ("survival", "incidence", "mean", "coef", "statistic", "observed"):
        if column in result.table:
            return result.table[column].to_numpy()
    return result.table.select_dtypes("number").to_numpy()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_all_events_on_one_day_are_decided(name, rows):
    """Everybody at risk has the event at once: curves drop in one step, ratios are one."""
    one_day = rows.assign(time=20, event=1)
    if name == "parametric":
        with pytest.raises(EstimateError, match="All events fall at time 20"):
            ESTIMATORS[name](one_day)
        return
    if name == "discrete_hazard":
        with pytest.raises(EstimateError, match="periods"):
            ESTIMATORS[name](one_day)
        return
    result = ESTIMATORS[name](one_day)
    expected = {
        "kaplan_meier": 0.0,
        "cumulative_incidence": 1.0,
        "mean_cumulative": 1.0,
        "restricted_mean": 20.0,
        "cox": 0.0,
        "fine_gray": 0.0,
        "log_rank": 0.0,
        "gray_test": 0.0,
        "calibration": 1.0,
    }
    if name == "zero_event_limits":
        risk = result.table.set_index("measure").loc["risk by the horizon, families"]
        assert risk["estimate"] == risk["ci_high"] == 1.0
        return
    np.testing.assert_allclose(value_of(result), expected[name], atol=1e-9)


@pytest.mark.parametrize("name", sorted(set(ESTIMATORS) - {"parametric", "gray_test"}))
def test_one_cluster_gives_the_estimate_and_no_variance(name, rows):
    rows["all"] = 1
    if name == "zero_event_limits":
        result = zero_event_limits(rows, horizon=20, family="all")
        assert result.clusters == 1
        return
    alone, whole = ESTIMATORS[name](rows), ESTIMATORS[name](rows, cluster="all")
    if name != "log_rank":
        np.testing.assert_allclose(value_of(whole)[:1], value_of(alone)[:1], atol=1e-12)
    assert whole.clusters == 1
    assert any("One cluster" in w or "Only 1 cluster" in w for w in whole.warnings)
    for column in ("ci_low", "p"):
        if column in whole.table:
            assert whole.table[column].isna().all()


@pytest.mark.parametrize("name", ["cumulative_incidence", "restricted_mean", "mean_cumulative"])
def test_a_million_identical_rows_in_other_estimators(name):
    many = pd.DataFrame({"time": np.repeat([3, 20], 500_000), "event": 1, "id": range(1_000_000)})
    values = value_of(ESTIMATORS[name](many))
    assert values[0] == pytest.approx({"restricted_mean": 11.5}.get(name, 0.5), rel=1e-12)


@pytest.mark.parametrize("name", ["cox", "fine_gray", "log_rank", "gray_test"])
def test_a_million_rows_of_two_kinds_are_compared_exactly(name):
    """Half of each arm has the event on day 3, the rest are followed to day 5: no difference."""
    n = 1_000_000
    many = pd.DataFrame(
        {
            "time": np.resize([3, 5], n),
            "event": np.resize([1, 0], n),
            "x": np.resize([0, 0, 1, 1], n),
        }
    )
    many["g"] = many["x"]
    np.testing.assert_allclose(value_of(ESTIMATORS[name](many)), 0, atol=1e-9)
