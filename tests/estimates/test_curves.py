import numpy as np
import pandas as pd
import pytest

from evaluation.estimates import EstimateError, cumulative_incidence, kaplan_meier

TIMES = [90, 365, 730]

SIX = pd.DataFrame(
    {
        "time": [1, 2, 2, 3, 4, 5],
        "event": [1, 0, 1, 0, 1, 0],
        "arm": ["a", "a", "a", "a", "a", "a"],
    }
)


def test_a_curve_worked_by_hand():
    table = kaplan_meier(SIX).table
    assert table["group"].unique().tolist() == ["all"]
    assert table["time"].tolist() == [1, 2, 3, 4, 5]
    assert table["at_risk"].tolist() == [6, 5, 3, 2, 1]
    assert table["events"].tolist() == [1, 1, 0, 1, 0]
    assert table["censored"].tolist() == [0, 1, 1, 0, 1]
    s = [5 / 6, 5 / 6 * 4 / 5, 2 / 3, 1 / 3, 1 / 3]
    np.testing.assert_allclose(table["survival"], s)
    assert list(table) == [
        "group",
        "time",
        "at_risk",
        "events",
        "censored",
        "survival",
        "se",
        "ci_low",
        "ci_high",
    ]


def test_at_counts_rows_with_start_before_t_and_stop_at_or_after():
    read = kaplan_meier(SIX).at([0, 1, 2, 2.5, 5, 6])
    assert read["at_risk"].tolist() == [6, 6, 5, 3, 1, 0]
    assert read["events"].tolist() == [0, 1, 2, 2, 3, 3]
    assert read["censored"].tolist() == [0, 0, 1, 1, 3, 3]
    assert read["survival"].iloc[0] == 1


@pytest.mark.parametrize("weights", [None, [1.0, 2, 1, 1, 1, 1]])
@pytest.mark.parametrize("times", [[0, 1], list(range(40))])
def test_at_zero_those_who_begin_there_are_at_risk_and_late_entries_are_not(weights, times):
    late = SIX.assign(start=[0, 0, 0, 1, 1, 0], w=weights or 1.0)
    options = {} if weights is None else {"weights": "w"}
    read = kaplan_meier(late, start="start", **options).at(times)
    assert read["at_risk"].tolist()[:2] == [4, 4]
    assert read["weighted_at_risk"].tolist()[0] == (4 if weights is None else 5)


def test_past_the_last_observed_time_a_curve_is_missing_not_carried():
    read = kaplan_meier(SIX).at([5, 5.5])
    assert read["survival"].notna().tolist() == [True, False]
    assert read["se"].notna().tolist() == [True, False]


def test_columns_of_the_incidence_table(children):
    table = cumulative_incidence(children, by="group").table
    assert list(table) == [
        "group",
        "cause",
        "time",
        "at_risk",
        "incidence",
        "se",
        "ci_low",
        "ci_high",
    ]
    assert table["group"].unique().tolist() == ["coach", "none", "respite"]
    assert table["cause"].unique().tolist() == [1, 2]


def test_group_is_the_value_itself_and_several_columns_are_joined(children):
    one = kaplan_meier(children, by="kin", cause=1).table["group"].unique().tolist()
    assert one == [0, 1]
    two = kaplan_meier(children, by=["group", "kin"], cause=1).table["group"].unique().tolist()
    assert two == [f"{g}, {k}" for g in ("coach", "none", "respite") for k in (0, 1)]


def test_one_cause_makes_incidence_one_minus_survival(children):
    children["any"] = children["event"] > 0
    options = {"event": "any", "by": "group", "weights": "weight", "cluster": "family_id"}
    survival = kaplan_meier(children, **options)
    incidence = cumulative_incidence(children, **options)
    np.testing.assert_allclose(
        incidence.table["incidence"], 1 - survival.table["survival"], atol=1e-12
    )
    np.testing.assert_allclose(incidence.table["se"], survival.table["se"], atol=1e-12)
    np.testing.assert_allclose(incidence.table["ci_low"], 1 - survival.table["ci_high"], atol=1e-9)


OPTIONS = [
    {},
    {"start": "entry"},
    {"weights": "weight"},
    {"weights": "weight", "start": "entry"},
    {"cluster": "family_id", "start": "entry", "weights": "weight"},
]


def _influence_variance(curves, clusters) -> pd.Series:
    sums = curves.influence(TIMES).groupby(clusters).sum()
    return np.sqrt((sums**2).sum())


@pytest.mark.parametrize("options", OPTIONS)
def test_influence_summed_by_cluster_gives_the_standard_error(options, children):
    cluster = children[options["cluster"]] if "cluster" in options else children.index
    curves = cumulative_incidence(children, by="group", **options)
    se = curves.at(TIMES).set_index(["group", "cause", "time"])["se"]
    found = _influence_variance(curves, cluster)
    np.testing.assert_allclose(found.reindex(se.index), se, rtol=1e-9)
    if options.get("weights"):
        curves = kaplan_meier(children, by="group", cause=1, **options)
        se = curves.at(TIMES).set_index(["group", "time"])["se"]
        np.testing.assert_allclose(_influence_variance(curves, cluster), se, rtol=1e-9)


@pytest.mark.parametrize("start", [None, "entry"])
def test_influence_is_the_change_of_the_curve_per_unit_of_weight(start, children):
    children["w"] = 1.0
    options = {"by": "group", "weights": "w", "start": start}
    curves = cumulative_incidence(children, **options)
    before, predicted = curves.at(TIMES), curves.influence(TIMES)
    for row in (3, 4, 17):
        changed = children.copy()
        changed.loc[row, "w"] += 1e-6
        moved = cumulative_incidence(changed, **options).at(TIMES)["incidence"]
        slope = (moved - before["incidence"]) / 1e-6
        keys = before[["group", "cause", "time"]].itertuples(index=False, name=None)
        wanted = predicted.loc[row, list(keys)].to_numpy()
        np.testing.assert_allclose(slope, wanted, rtol=1e-3, atol=1e-8)


def test_influence_is_zero_outside_the_group(children):
    found = kaplan_meier(children, by="group", cause=1).influence(365)
    assert found.columns.names == ["group", "time"]
    assert (found.loc[children["group"] == "none", ("coach", 365.0)] == 0).all()


def test_greenwood_is_the_jackknife_without_delayed_entry(children):
    children["w"] = 1.0
    plain = kaplan_meier(children, by="group", cause=1).table
    jackknife = kaplan_meier(children, by="group", cause=1, weights="w").table
    np.testing.assert_allclose(plain["se"], jackknife["se"], rtol=1e-9)


def test_one_minus_survival_under_competing_events_comes_with_a_warning(children):
    warned = kaplan_meier(children, cause=1).warnings
    assert any("use cumulative_incidence" in w for w in warned)
    alone = children[children["event"] < 2]
    assert kaplan_meier(alone).warnings == []


def test_several_causes_need_one_chosen(children):
    with pytest.raises(EstimateError, match=r"kaplan_meier needs cause=.*\(1, 2\)"):
        kaplan_meier(children)


def test_limits_do_not_exist_at_zero_and_one():
    table = kaplan_meier(pd.DataFrame({"time": [1, 2, 3], "event": [0, 1, 1]})).table
    assert table["survival"].tolist() == [1, 0.5, 0]
    assert table["ci_low"].notna().tolist() == [False, True, False]
    assert table["se"].notna().tolist() == [True, True, False]


def test_few_clusters_widen_the_limits_of_their_own_group(children):
    few = children[(children["group"] == "none") | (children["family_id"] < 40)]
    curves = kaplan_meier(few, by="group", cause=1, cluster="family_id")
    table = curves.table.assign(wider=lambda t: t["small_sample_se"] > t["se"])
    some = table[table["se"] > 0].groupby("group")["wider"].mean()
    assert some["none"] == 0
    assert some["coach"] == 1
    assert any("group 'coach'" in w for w in curves.warnings)


def test_a_split_row_is_not_a_censoring(split_rows, children):
    whole = kaplan_meier(children, cause=1).table
    options = {"start": "start", "stop": "stop", "id": "child_id"}
    split = kaplan_meier(split_rows, cause=1, **options).table
    columns = ["time", "at_risk", "events", "censored"]
    pd.testing.assert_frame_equal(split[columns], whole[columns])
    np.testing.assert_allclose(split["se"], whole["se"], rtol=1e-9)


def test_an_early_fall_to_zero_is_warned_of():
    data = pd.DataFrame({"start": [0, 3, 3, 3], "time": [2, 5, 6, 7], "event": [1, 1, 0, 0]})
    curves = kaplan_meier(data, start="start")
    assert any("falls to zero at time 2" in w for w in curves.warnings)


def test_rows_after_the_event_are_refused(recurrent):
    with pytest.raises(EstimateError, match="use mean_cumulative"):
        kaplan_meier(recurrent, start="start", stop="stop", id="child_id")


def test_causes_asked_for_are_returned_even_without_events(children):
    none = children.assign(event=0)
    assert cumulative_incidence(none).table["incidence"].eq(0).all()
    asked = cumulative_incidence(children[children["event"] < 2], causes=[1, 2])
    assert asked.table.query("cause == 2")["incidence"].eq(0).all()
    assert any("No event of cause 2" in w for w in asked.warnings)


def test_exhausted_weights_end_at_exactly_zero():
    data = pd.DataFrame({"time": [1, 2, 3], "event": [1, 1, 1], "w": [0.1, 0.2, 0.7]})
    assert kaplan_meier(data, weights="w").table["survival"].iloc[-1] == 0


@pytest.mark.parametrize("start", [None, "entry"])
def test_reweighting_is_estimating_anew(start, children):
    curves = cumulative_incidence(children, by="group", start=start)
    children["w"] = np.random.default_rng(2).integers(0, 4, len(children))
    again = cumulative_incidence(children, by="group", start=start, weights="w").at(TIMES)
    columns = ["group", "cause", "time", "incidence"]
    found = curves.reweighted(children["w"], TIMES)
    pd.testing.assert_frame_equal(found, again[columns], rtol=1e-12)


def test_nelson_aalen(children):
    found = kaplan_meier(SIX).nelson_aalen
    sums = np.cumsum([1 / 6, 1 / 5, 0, 1 / 2, 0])
    np.testing.assert_allclose(found["cumulative_hazard"], sums)
    np.testing.assert_allclose(found["se"] ** 2, np.cumsum([1 / 36, 1 / 25, 0, 1 / 4, 0]))
    robust = kaplan_meier(children, cause=1, by="group", cluster="family_id").nelson_aalen
    plain = kaplan_meier(children, cause=1, by="group").nelson_aalen
    np.testing.assert_allclose(robust["cumulative_hazard"], plain["cumulative_hazard"])
    late = plain["time"] > 100
    np.testing.assert_allclose(robust["se"][late], plain["se"][late], rtol=0.15)
