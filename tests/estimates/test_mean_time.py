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


def test_area_worked_by_hand():
    data = pd.DataFrame({"time": [1, 2, 3, 4], "event": [1, 0, 1, 0]})
    mean = restricted_mean(data, horizon=3.5).table["mean"][0]
    assert mean == pytest.approx(1 + 0.75 * 2 + 0.375 * 0.5)


def test_days_lost_and_days_free_add_up_to_the_horizon(children):
    lost = restricted_mean(children, horizon=730).table["mean"].sum()
    children["event"] = children["event"] > 0
    free = restricted_mean(children, horizon=730).table["mean"][0]
    assert lost + free == pytest.approx(730)


def test_days_lost_are_the_area_under_the_incidence(children):
    days = np.arange(365)
    lost = restricted_mean(children, horizon=365).table["mean"]
    curves = cumulative_incidence(children).at(days)
    area = curves.groupby("cause")["incidence"].sum()
    np.testing.assert_allclose(lost, area)


@pytest.mark.parametrize("options", [{"weights": "weight"}, {"cluster": "family_id"}])
@pytest.mark.parametrize("one_cause", [True, False])
def test_influence_is_the_area_of_the_curves_influence(options, one_cause, children):
    few = children.head(200).copy()
    few["time"] = np.minimum(few["time"], 40 + few["time"] % 5)
    if one_cause:
        few["event"] = few["event"] == 1
    found = restricted_mean(few, horizon=40, by="group", **options)
    estimator = kaplan_meier if one_cause else cumulative_incidence
    daily = estimator(few, by="group", **options).influence(np.arange(40))
    levels = [n for n in daily.columns.names if n != "time"]
    area = daily.T.groupby(level=levels).sum().T
    for key, column in found.influence.items():
        np.testing.assert_allclose(column, area[key[:-1] if len(key) > 2 else key[0]], atol=1e-12)


def test_differences_let_shared_clusters_cancel(children):
    twins = pd.concat([children.assign(arm="a"), children.assign(arm="b")], ignore_index=True)
    apart = restricted_mean(twins, horizon=365, by="arm").differences().table
    together = restricted_mean(twins, horizon=365, by="arm", cluster="child_id").differences().table
    assert (apart["se"] > 1).all()
    np.testing.assert_allclose(together["se"], 0, atol=1e-9)


def test_differences_of_independent_groups(children):
    means = restricted_mean(children, horizon=365, by="kin").table
    row = restricted_mean(children, horizon=365, by="kin").differences().table.iloc[0]
    one, two = means[(means["group"] == 1)].iloc[0], means[(means["group"] == 0)].iloc[0]
    assert row["difference"] == pytest.approx(one["mean"] - two["mean"])
    assert row["se"] == pytest.approx(np.hypot(one["se"], two["se"]))


def test_a_group_not_followed_to_the_horizon_is_missing_and_said(children):
    children.loc[children["kin"] == 1, "time"] = children["time"].clip(upper=300)
    found = restricted_mean(children, horizon=365, by="kin")
    assert found.table.groupby("group")["mean"].count().to_dict() == {0: 2, 1: 0}
    assert any("Group 1 is followed to 300 only" in w for w in found.warnings)


def test_a_horizon_must_be_above_zero(children):
    with pytest.raises(EstimateError, match="horizon must be"):
        restricted_mean(children, horizon=0)


def test_mean_cumulative_counts_repeated_events():
    data = pd.DataFrame(
        {
            "id": [1, 1, 2, 3, 3],
            "start": [0, 2, 0, 0, 3],
            "stop": [2, 6, 6, 3, 6],
            "event": [1, 0, 0, 1, 1],
        }
    )
    curve = mean_cumulative(data, start="start", stop="stop", event="event", id="id")
    assert curve.at([2, 3, 6])["mean"].tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert curve.at([2, 3, 6])["at_risk"].tolist() == [3, 3, 3]


def test_mean_cumulative_needs_id(recurrent):
    with pytest.raises(EstimateError, match="needs id="):
        mean_cumulative(recurrent, start="start", stop="stop", event="event", id=None)


def test_mean_cumulative_influence_gives_its_standard_error(recurrent):
    recurrent["w"] = 1 + recurrent["child_id"] % 3
    options = {"start": "start", "stop": "stop", "event": "event", "id": "child_id"}
    curve = mean_cumulative(recurrent, cluster="family_id", weights="w", **options)
    sums = curve.influence([180, 365]).groupby(recurrent["family_id"]).sum()
    np.testing.assert_allclose(np.sqrt((sums**2).sum()), curve.at([180, 365])["se"], rtol=1e-9)
