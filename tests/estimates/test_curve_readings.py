"""Quantiles, hazards by interval and differences: what is read off curves."""

import numpy as np
import pandas as pd
import pytest

from evaluation.estimates import (
    EstimateError,
    cumulative_incidence,
    kaplan_meier,
    mean_cumulative,
    restricted_mean,
)

TIMES = [180, 365]
QUANTILES = {
    "quantile": {},
    "quantile_entry": {"start": "entry"},
    "quantile_weighted_cluster": {"weights": "weight", "cluster": "family_id"},
}
CUTS = [0, 30, 90, 365, 1100]


@pytest.fixture
def children(children) -> pd.DataFrame:
    return children.assign(any=children["event"] > 0)


@pytest.mark.parametrize("key", QUANTILES)
def test_quantiles_with_log_log_limits_are_survfits(key, children, diagnostics):
    r = diagnostics[key]
    curves = kaplan_meier(children, event="any", by="group", **QUANTILES[key])
    table = curves.quantile(r["probs"]).table
    assert table["group"].unique().tolist() == r["group"]
    for column, name in (("time", "time"), ("ci_low", "low"), ("ci_high", "high")):
        np.testing.assert_array_equal(table[column], np.array(r[name], float).ravel())


def test_a_curve_that_rests_at_the_median_gives_the_middle():
    data = pd.DataFrame({"time": [1, 2, 5, 7], "event": [1, 1, 1, 0]})
    assert kaplan_meier(data).median().table["time"].tolist() == [3.5]


def test_a_median_not_reached_is_missing_and_drawn_as_such(children):
    found = cumulative_incidence(children, by="group").median()
    assert found.table["time"].isna().all()
    assert "not reached" in [t.get_text() for t in found.plot().texts]


def test_quantiles_of_an_incidence_are_those_of_one_minus_survival(children):
    options = {"event": "any", "by": "group", "cluster": "family_id"}
    one = kaplan_meier(children, **options).quantile(0.2).table
    two = cumulative_incidence(children, **options).quantile(0.2).table
    pd.testing.assert_frame_equal(two.drop(columns="cause"), one)


@pytest.mark.parametrize("share", [0, 1, 1.5])
def test_quantiles_lie_inside_zero_and_one(share, children):
    with pytest.raises(EstimateError, match="between 0 and 1"):
        kaplan_meier(children, event="any").quantile(share)


def test_nelson_aalen_is_rs(children, diagnostics):
    r = diagnostics["nelson_aalen"]
    found = kaplan_meier(children, event="any").nelson_aalen
    last = [found[found["time"] <= t].iloc[-1] for t in r["time"]]
    assert [row["cumulative_hazard"] for row in last] == pytest.approx(r["cumhaz"], abs=1e-10)
    assert [row["se"] for row in last] == pytest.approx(r["se"], rel=1e-8)


def test_hazard_by_interval_with_exact_and_cluster_robust_limits(children, diagnostics):
    r = pd.DataFrame(diagnostics["hazard"])
    options = {"event": "any", "start": "entry"}
    robust = kaplan_meier(children, cluster="family_id", **options).hazard(CUTS).table
    plain = kaplan_meier(children, **options).hazard(CUTS).table
    for ours, theirs in (("begin", "begin"), ("events", "events"), ("person_time", "time")):
        np.testing.assert_array_equal(robust[ours], r[theirs])
    for table, pairs in (
        (robust, {"se": "robust_se", "ci_low": "low", "ci_high": "high"}),
        (robust, {"hazard": "hazard", "exact_low": "exact_low", "exact_high": "exact_high"}),
        (plain, {"hazard": "hazard", "ci_low": "exact_low", "ci_high": "exact_high"}),
    ):
        for ours, theirs in pairs.items():
            np.testing.assert_allclose(table[ours], r[theirs], rtol=1e-8)
    assert set(plain["limits"]) == {"exact Poisson"}
    assert set(robust["limits"]) == {"cluster-robust"}


def test_an_interval_without_events_has_exact_limits_and_one_nobody_reaches_none(children):
    table = kaplan_meier(children, event="any", cluster="family_id").hazard([0, 1, 2e3, 3e3]).table
    first, last = table.iloc[0], table.iloc[2]
    none = children.assign(any=0)
    empty = kaplan_meier(none, event="any", cluster="family_id").hazard([0, 365]).table.iloc[0]
    assert (empty["hazard"], empty["ci_low"], empty["limits"]) == (0, 0, "exact Poisson")
    assert empty["ci_high"] == pytest.approx(-np.log(0.025) / empty["person_time"])
    assert first["person_time"] == len(children)
    assert last[["hazard", "se", "ci_low", "ci_high"]].isna().all()


def test_weighted_hazards_name_their_weighted_counts_beside_the_unweighted(children):
    found = kaplan_meier(children, event="any", weights="weight", by="kin").hazard([0, 365]).table
    for row in found.to_dict("records"):
        mine = children[children["kin"] == row["group"]]
        inside = mine["any"] & (mine["time"] <= 365)
        assert row["events"] == inside.sum()
        assert row["weighted_events"] == pytest.approx(mine["weight"][inside].sum())
        assert row["hazard"] == pytest.approx(row["weighted_events"] / row["weighted_time"])


@pytest.mark.parametrize("breaks", [[0], [0, 0], [5, 1], [0, np.inf], "no"])
def test_breaks_that_do_not_rise_are_refused(breaks, children):
    with pytest.raises(EstimateError, match="increasing finite times"):
        kaplan_meier(children, event="any").hazard(breaks)


def _leave_one_out(few: pd.DataFrame, cluster: str, read) -> float:
    """Jackknife by cluster: the variance of the estimates without one, times (G - 1)^2 / G."""
    left = np.array([read(few[few[cluster] != c]) for c in few[cluster].unique()])
    return float(np.sqrt(((left - left.mean()) ** 2).sum() * (len(left) - 1) / len(left)))


READINGS = {
    "survival": lambda d, k: kaplan_meier(d, event="any", **k).differences(300),
    "incidence": lambda d, k: cumulative_incidence(d, causes=[1], **k).differences(300),
    "days lost": lambda d, k: restricted_mean(d, horizon=300, causes=[1], **k).differences(),
    "days free": lambda d, k: restricted_mean(d, event="any", horizon=300, **k).differences(),
}


@pytest.mark.parametrize("what", READINGS)
def test_differences_with_weights_entry_and_clusters_agree_with_the_jackknife(what, children):
    """Leaving out one family at a time, with families in both groups, is the same variance."""
    few = children[children["family_id"] <= 120]
    options = {"by": "kin", "weights": "weight", "start": "entry", "cluster": "family_id"}
    found = READINGS[what](few, options).table.iloc[0]
    brute = _leave_one_out(
        few, "family_id", lambda d: READINGS[what](d, options).table["difference"].iloc[0]
    )
    assert found["se"] == pytest.approx(brute, rel=0.05)


def test_a_difference_in_mean_numbers_with_weights_and_late_entry_agrees_with_the_jackknife(
    recurrent,
):
    few = recurrent[recurrent["family_id"] <= 120].copy()
    few["weight"] = 1 + few["child_id"] % 3
    few["arm"] = few["child_id"] % 2
    late = (few["child_id"] % 4 == 0) & (few["start"] == 0) & (few["stop"] > 40)
    few.loc[late, "start"] = 30
    options = {"start": "start", "stop": "stop", "event": "event", "id": "child_id", "by": "arm"}
    options |= {"weights": "weight", "cluster": "family_id"}
    found = mean_cumulative(few, **options).differences(300).table.iloc[0]
    brute = _leave_one_out(
        few,
        "family_id",
        lambda d: mean_cumulative(d, **options).differences(300).table["difference"].iloc[0],
    )
    assert found["se"] == pytest.approx(brute, rel=0.05)


def test_differences_in_mean_numbers_of_events_agree_with_r(recurrent, children, diagnostics):
    r = pd.DataFrame(diagnostics["mean_cumulative_group"])
    recurrent["group"] = recurrent["child_id"].map(children.set_index("child_id")["group"])
    options = {"start": "start", "stop": "stop", "event": "event", "id": "child_id"}
    curves = mean_cumulative(recurrent, by="group", **options)
    read = curves.at(TIMES)
    np.testing.assert_allclose(read["mean"], r["mean"], atol=1e-9)
    np.testing.assert_allclose(read["se"], r["se"], rtol=1e-6)
    table = curves.differences(TIMES, reference="none").table
    assert table["group"].tolist() == ["coach", "coach", "respite", "respite"]
    by_key = r.assign(group=r["group"].str.removeprefix("group=")).set_index(["group", "time"])
    for row in table.to_dict("records"):
        one, two = by_key.loc[(row["group"], row["time"])], by_key.loc[("none", row["time"])]
        assert row["difference"] == pytest.approx(one["mean"] - two["mean"], abs=1e-9)
        assert row["se"] == pytest.approx(np.hypot(one["se"], two["se"]), rel=1e-6)


def test_a_family_in_both_groups_counts_once_in_a_difference(children):
    twins = pd.concat([children.assign(arm="a"), children.assign(arm="b")], ignore_index=True)
    curves = cumulative_incidence(twins, by="arm", cluster="child_id")
    np.testing.assert_allclose(curves.differences(TIMES).table["se"], 0, atol=1e-12)
    alone = cumulative_incidence(twins, by="arm").differences(TIMES).table
    assert (alone["se"] > 0.005).all()


def test_differences_of_independent_curves_add_greenwoods_variances(children):
    curves = kaplan_meier(children, event="any", by="kin", start="entry")
    read = curves.at(365).set_index("group")
    row = curves.differences(365).table.iloc[0]
    assert row["se"] == pytest.approx(np.hypot(*read["se"]))
    assert (row["group"], row["reference"]) == (1, 0)


def test_differences_need_two_groups(children):
    curves = kaplan_meier(children, event="any")
    with pytest.raises(EstimateError, match="name groups in by="):
        curves.differences(365)
    with pytest.raises(EstimateError, match="no group 'nobody'"):
        kaplan_meier(children, event="any", by="kin").differences(365, reference="nobody")


def test_a_mean_number_has_no_quantiles(recurrent):
    curves = mean_cumulative(recurrent, start="start", stop="stop", event="event", id="child_id")
    with pytest.raises(EstimateError, match="no quantiles"):
        curves.median()
