"""Identities that hold for any data (rule 7.11 among them), on data made by hypothesis."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluation.estimates import (
    EstimateError,
    cox,
    cumulative_incidence,
    fine_gray,
    kaplan_meier,
    log_rank,
    mean_cumulative,
)

quick = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much],
)
quicker = settings(quick, max_examples=12)


@st.composite
def cohorts(draw, whole_days=True, causes=2):
    """Thirty to eighty children in families, entering late, with ties."""
    n = draw(st.integers(30, 80))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    start = np.where(rng.random(n) < 0.4, rng.integers(0, 6, n), 0)
    stop = start + rng.integers(1, draw(st.sampled_from([5, 20, 200])), n)
    if not whole_days:
        start, stop = start / 7, stop / 7
    return pd.DataFrame(
        {
            "child": np.arange(n),
            "family": rng.integers(0, n // 2, n),
            "start": start,
            "stop": stop,
            "event": rng.choice([0, *range(1, causes + 1)], n),
            "arm": rng.choice(["a", "b"], n),
            "layer": rng.integers(0, 3, n),
            "x": rng.normal(size=n).round(1),
            "z": rng.integers(0, 2, n),
            "w": rng.integers(0, 4, n),
            "v": rng.uniform(0.2, 3, n),
        }
    )


TIMES = {"start": "start", "stop": "stop"}


def fitted(data, formula="x + z", **options):
    """Fit, or set the example aside where the data hold no information on a term."""
    from hypothesis import assume

    try:
        model = cox(data, formula, **{**TIMES, **options})
    except EstimateError:
        assume(False)
    assume(np.isfinite(model.table["coef"]).all() and model.table["se"].max() < 20)
    return model


@quick
@given(cohorts(), st.booleans())
def test_the_causes_and_the_event_free_add_up_to_one(data, weighted):
    options = {**TIMES, "by": "arm", "weights": "v" if weighted else None}
    curves = cumulative_incidence(data, causes=[1, 2], **options)
    free = kaplan_meier(data.assign(event=data["event"] > 0), **options)
    total = curves.table.groupby(["group", "time"])["incidence"].sum().to_numpy()
    np.testing.assert_allclose(total + free.table["survival"], 1, atol=1e-12)


@quick
@given(cohorts())
def test_incidence_grows_and_survival_falls(data):
    curves = cumulative_incidence(data, by="arm", **TIMES).table
    assert (curves.groupby(["group", "cause"])["incidence"].diff().dropna() >= -1e-15).all()
    assert curves["incidence"].between(0, 1 + 1e-12).all()


@quick
@given(cohorts())
def test_integer_weights_equal_repeated_rows(data):
    """Kaplan–Meier, Aalen–Johansen and Breslow's Cox; not Efron's, where copies become ties."""
    if not (data["w"] > 0).any():
        return
    repeated = data.loc[data.index.repeat(data["w"])]
    options = {**TIMES, "by": "arm"}
    for estimator, value in ((kaplan_meier, "survival"), (cumulative_incidence, "incidence")):
        more = {"cause": 1} if estimator is kaplan_meier else {"causes": [1, 2]}
        weighted = estimator(data, weights="w", **options, **more)
        plain = estimator(repeated, **options, **more)
        shown = plain.table.groupby("group")["time"].unique()
        for group, times in shown.items():
            one, two = (c.at(times)[lambda t, g=group: t["group"] == g] for c in (weighted, plain))
            np.testing.assert_allclose(one[value], two[value], atol=1e-12)
    model = fitted(repeated, cause=1, ties="breslow")
    weighted = cox(data, "x + z", cause=1, weights="w", ties="breslow", **TIMES)
    np.testing.assert_allclose(weighted.table["coef"], model.table["coef"], atol=1e-7)
    np.testing.assert_allclose(weighted.table["se"], model.table["se"], rtol=1e-6)


@quick
@given(cohorts(), st.floats(0.01, 1000))
def test_multiplying_all_weights_changes_no_coefficient_and_no_robust_variance(data, factor):
    model = fitted(data, cause=1, weights="v", cluster="family")
    data["v"] *= factor
    scaled = cox(data, "x + z", cause=1, weights="v", cluster="family", **TIMES)
    np.testing.assert_allclose(scaled.table["coef"], model.table["coef"], atol=1e-7)
    np.testing.assert_allclose(scaled.table["robust_se"], model.table["robust_se"], rtol=1e-6)


def split(data, at):
    early = data[data["start"] < at].copy()
    late = data[data["stop"] > at].copy()
    early["event"] = np.where(early["stop"] > at, 0, early["event"])
    early["stop"] = np.minimum(early["stop"], at)
    late["start"] = np.maximum(late["start"], at)
    return pd.concat([late, early], ignore_index=True)


@quick
@given(cohorts(), st.integers(1, 15))
def test_splitting_rows_changes_nothing_given_id(data, at):
    model = fitted(data, cause=1, id="child", cluster="family", weights="v")
    parts = split(data, at)
    options = {"id": "child", "cluster": "family", "weights": "v", **TIMES}
    again = cox(parts, "x + z", cause=1, **options)
    np.testing.assert_allclose(again.table["coef"], model.table["coef"], atol=1e-9)
    np.testing.assert_allclose(again.table["robust_se"], model.table["robust_se"], rtol=1e-7)
    one = cumulative_incidence(data, by="arm", **options).table
    two = cumulative_incidence(parts, by="arm", **options).table
    pd.testing.assert_frame_equal(one, two, rtol=1e-8, atol=1e-10)
    try:
        theirs = fine_gray(data, "x + z", cause=1, **options).table
    except EstimateError as problem:
        assert "entries overlap" in str(problem)
        return
    ours = fine_gray(parts, "x + z", cause=1, **options).table
    pd.testing.assert_frame_equal(ours, theirs, rtol=1e-6)


@quick
@given(cohorts(), st.integers(-500, 500), st.sampled_from([1, 7, 1 / 7, 0.1]))
def test_shifting_and_rescaling_time_changes_no_cox_coefficient(data, shift, scale):
    model = fitted(data, cause=1, strata="layer", cluster="family")
    for column in ("start", "stop"):
        data[column] = (data[column] + shift) * scale
    again = cox(data, "x + z", cause=1, strata="layer", cluster="family", **TIMES)
    pd.testing.assert_frame_equal(again.table, model.table, rtol=1e-9)


@quick
@given(cohorts(), st.booleans())
def test_a_stratum_of_one_contributes_nothing(data, breslow):
    options = {"cause": 1, "strata": "layer", "ties": "breslow" if breslow else "efron"}
    model = fitted(data, **options)
    alone = data.iloc[[0]].assign(layer=99, event=1, x=3.0)
    again = cox(pd.concat([data, alone], ignore_index=True), "x + z", **options, **TIMES)
    pd.testing.assert_frame_equal(again.table, model.table, rtol=1e-8)


@quick
@given(cohorts())
def test_breslow_is_efron_without_ties(data):
    data["stop"] = data["start"] + np.random.default_rng(len(data)).permutation(len(data)) + 1.0
    data = data.drop_duplicates("stop")
    model = fitted(data, cause=1)
    breslow = cox(data, "x + z", cause=1, ties="breslow", **TIMES)
    pd.testing.assert_frame_equal(breslow.table, model.table, rtol=1e-9)


@quick
@given(cohorts(whole_days=False))
def test_times_that_are_not_whole_numbers(data):
    model = fitted(data, cause=1, cluster="family")
    whole = data.assign(start=(data["start"] * 7).round(), stop=(data["stop"] * 7).round())
    again = cox(whole, "x + z", cause=1, cluster="family", **TIMES)
    pd.testing.assert_frame_equal(again.table, model.table, rtol=1e-9)


@quick
@given(cohorts())
def test_order_of_rows_changes_nothing(data):
    model = fitted(data, cause=1, cluster="family", weights="v", strata="layer")
    mixed = data.sample(frac=1, random_state=1)
    options = {"cluster": "family", "weights": "v", **TIMES}
    again = cox(mixed, "x + z", cause=1, strata="layer", **options)
    pd.testing.assert_frame_equal(again.table, model.table, rtol=1e-7, atol=1e-10)
    one = cumulative_incidence(data, by="arm", **options).table
    pd.testing.assert_frame_equal(
        cumulative_incidence(mixed, by="arm", **options).table, one, rtol=1e-7, atol=1e-10
    )


@quick
@given(cohorts())
def test_the_influence_on_a_cox_model_is_its_robust_variance(data):
    model = fitted(data, cause=1, cluster="family", weights="v", strata="layer")
    sums = model.influence.groupby(data["family"]).sum()
    np.testing.assert_allclose(np.sqrt((sums**2).sum()), model.table["robust_se"], rtol=1e-7)


@quick
@given(cohorts(), st.booleans())
def test_the_influence_on_curves_is_their_variance(data, clustered):
    options = {**TIMES, "by": "arm", "weights": "v", "cluster": "family" if clustered else None}
    cluster = data["family"] if clustered else data["child"]
    for curves in (
        cumulative_incidence(data, causes=[1, 2], **options),
        kaplan_meier(data, cause=1, **options),
        mean_cumulative(data, event="event", cause=1, id="child", **options),
    ):
        read = curves.at([3, 8, 50]).dropna(subset="se")
        keys = [c for c in ("group", "cause", "time") if c in read]
        sums = curves.influence([3, 8, 50]).groupby(cluster).sum()
        found = np.sqrt((sums**2).sum()).loc[list(read[keys].itertuples(index=False, name=None))]
        if curves.account.method == "mean_cumulative" and not clustered:
            assert curves.clusters == len(data)
        np.testing.assert_allclose(found, read["se"], rtol=1e-6, atol=1e-12)


@quick
@given(cohorts(causes=1))
def test_observed_and_expected_events_balance(data):
    if data["arm"].nunique() < 2 or not data["event"].any():
        return
    counts = log_rank(data, by="arm", strata="layer", **TIMES).counts
    assert counts["observed"].sum() == pytest.approx(counts["expected"].sum())


@quicker
@given(cohorts())
def test_rows_of_weight_zero_are_absent(data):
    """Except from Fine–Gray's censoring and entry curves, which case weights do not enter (7.4)."""
    data["v"] = np.where(data["w"] > 1, data["v"], 0.0)
    used = data[data["v"] > 0]
    options = {"weights": "v", "cluster": "family", **TIMES}
    if len(used) < 10 or used["arm"].nunique() < 2:
        return
    model = fitted(used, cause=1, strata="layer", **options)
    again = cox(data, "x + z", cause=1, strata="layer", **options)
    pd.testing.assert_frame_equal(again.table, model.table, rtol=1e-8)
    one, two = (log_rank(d, by="arm", cause=1, **options).table for d in (used, data))
    pd.testing.assert_frame_equal(one, two, rtol=1e-8)
    ends = used.groupby("arm")["stop"].max().min()
    times = [t for t in (2, 5, 9) if t <= ends]
    for estimator, more in ((kaplan_meier, {"cause": 1}), (cumulative_incidence, {})):
        read = [estimator(d, by="arm", **options, **more).at(times) for d in (used, data)]
        columns = ["group", "time", "weighted_at_risk", "se", "ci_low", "ci_high"]
        pd.testing.assert_frame_equal(read[0][columns], read[1][columns], rtol=1e-7, atol=1e-10)


@quicker
@given(cohorts(), st.floats(0.01, 1000))
def test_multiplying_all_weights_changes_no_curve_and_no_subdistribution_ratio(data, factor):
    options = {"weights": "v", "cluster": "family"}
    scaled = data.assign(v=data["v"] * factor)
    one, two = (
        cumulative_incidence(d, by="arm", **options, **TIMES).table.drop(columns="at_risk")
        for d in (data, scaled)
    )
    pd.testing.assert_frame_equal(one, two, rtol=1e-6, atol=1e-9)
    try:
        model = fine_gray(data, "x + z", stop="stop", **options)
    except EstimateError:
        return
    if np.isinf(model.table["coef"]).any() or model.table["se"].max() > 20:
        return
    again = fine_gray(scaled, "x + z", stop="stop", **options)
    columns = ["coef", "robust_se", "ci_low", "p"]
    pd.testing.assert_frame_equal(again.table[columns], model.table[columns], rtol=1e-5, atol=1e-7)


@quicker
@given(cohorts(), st.integers(1, 15))
def test_splitting_rows_changes_nothing_given_a_cluster_alone(data, at):
    model = fitted(data, cause=1, cluster="family", strata="layer")
    again = cox(split(data, at), "x + z", cause=1, cluster="family", strata="layer", **TIMES)
    pd.testing.assert_frame_equal(again.table, model.table, rtol=1e-7, atol=1e-10)


def test_under_efron_repeated_rows_become_ties_and_weights_do_not():
    data = pd.DataFrame({"time": [1, 2, 3, 4, 5], "event": 1, "x": [0, 1, 0, 1, 1], "w": 2})
    repeated = data.loc[data.index.repeat(2)]
    for ties, same in (("breslow", True), ("efron", False)):
        weighted = cox(data, "x", weights="w", ties=ties).table["coef"][0]
        assert (abs(weighted - cox(repeated, "x", ties=ties).table["coef"][0]) < 1e-9) == same


@pytest.mark.parametrize("estimator", [cox, fine_gray])
def test_a_first_guess_from_few_rows_changes_nothing(estimator, monkeypatch):
    from evaluation.estimates import maximize

    rng = np.random.default_rng(1)
    n = 20_000
    data = pd.DataFrame({"x": rng.normal(size=n), "z": rng.integers(0, 2, n)})
    data["start"] = rng.integers(0, 10, n)
    data["stop"] = data["start"] + np.ceil(rng.exponential(40 * np.exp(-0.5 * data["x"])))
    data["event"] = rng.integers(0, 3, n)
    given = {"cause": 1, "start": "start", "stop": "stop", "id": "id"}
    data["id"] = range(n)
    slow = estimator(data, "x + z", **given)
    monkeypatch.setattr(maximize, "_MANY_ROWS", 1_000)
    fast = estimator(data, "x + z", **given)
    guess = maximize._first_guess(slow.fit.model, ["x", "z"], slow.fit.design.spread)
    assert 0 < np.abs(guess - slow.table["coef"]).max() < 0.2
    assert fast.fit.maximum.steps <= slow.fit.maximum.steps
    pd.testing.assert_frame_equal(fast.table, slow.table, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(fast.loglik, slow.loglik, rtol=1e-14)
