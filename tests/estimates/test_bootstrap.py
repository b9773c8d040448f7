"""Bootstrap by cluster: resampling is reweighting (METHODS 7.5)."""

import numpy as np
import pandas as pd
import pytest

from evaluation.estimates import (
    EstimateError,
    cox,
    cumulative_incidence,
    fine_gray,
    kaplan_meier,
    mean_cumulative,
    restricted_mean,
)


@pytest.fixture(scope="module")
def families() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = 400
    family = np.repeat(np.arange(n // 2), 2)
    luck = rng.gamma(2, 0.5, n // 2)[family]
    x = rng.normal(size=n)
    first = np.ceil(rng.exponential(200 / luck / np.exp(0.4 * x)))
    other, leave = np.ceil(rng.exponential(400, n)), rng.integers(100, 500, n)
    time = np.minimum(np.minimum(first, other), leave)
    return pd.DataFrame(
        {
            "id": range(n),
            "family": family,
            "time": time,
            "event": np.select([time == first, time == other], [1, 2], 0),
            "x": x,
            "g": rng.choice(["a", "b"], n),
            "w": rng.uniform(0.5, 2, n),
        }
    )


ESTIMATES = {
    "cox": lambda d: cox(d, "x", cause=1, cluster="family", weights="w").bootstrap(300, seed=3),
    "fine_gray": lambda d: fine_gray(d, "x", cluster="family").bootstrap(300, seed=3),
    "kaplan_meier": lambda d: kaplan_meier(d, cause=1, cluster="family").bootstrap(
        200, 300, seed=3
    ),
    "cumulative_incidence": lambda d: cumulative_incidence(
        d, by="g", cluster="family", weights="w"
    ).bootstrap([100, 200], 300, seed=3),
    "restricted_mean": lambda d: restricted_mean(
        d, by="g", horizon=300, cluster="family"
    ).bootstrap(300, seed=3),
    "mean_cumulative": lambda d: mean_cumulative(
        d.assign(zero=0),
        start="zero",
        stop="time",
        event="event",
        cause=1,
        id="id",
        cluster="family",
    ).bootstrap([200], 300, seed=3),
}
ROBUST = {
    "cox": lambda d: cox(d, "x", cause=1, cluster="family", weights="w").table["robust_se"],
    "fine_gray": lambda d: fine_gray(d, "x", cluster="family").table["robust_se"],
    "kaplan_meier": lambda d: kaplan_meier(d, cause=1, cluster="family").at(200)["se"],
    "cumulative_incidence": lambda d: cumulative_incidence(
        d, by="g", cluster="family", weights="w"
    ).at([100, 200])["se"],
    "restricted_mean": lambda d: restricted_mean(d, by="g", horizon=300, cluster="family").table[
        "se"
    ],
    "mean_cumulative": lambda d: mean_cumulative(
        d.assign(zero=0),
        start="zero",
        stop="time",
        event="event",
        cause=1,
        id="id",
        cluster="family",
    ).at([200])["se"],
}


@pytest.mark.parametrize("key", ESTIMATES)
def test_bootstrap_is_near_the_cluster_robust_standard_error(key, families):
    found = ESTIMATES[key](families)
    np.testing.assert_allclose(found.table["se"], ROBUST[key](families), rtol=0.2)
    assert (found.table["replicates"] == 300).all()
    assert found.clusters == 200
    assert any("200 clusters were drawn with replacement 300 times" in n for n in found.notes)
    value = found.table.get("hazard_ratio", found.table.iloc[:, -5])
    assert ((found.table["ci_low"] < value) & (value < found.table["ci_high"])).all()


def test_the_same_seed_gives_the_same_numbers(families):
    model = cox(families, "x", cause=1, cluster="family")
    one, two = model.bootstrap(20, seed=4), model.bootstrap(20, seed=4)
    pd.testing.assert_frame_equal(one.table, two.table)
    assert not one.draws.equals(model.bootstrap(20, seed=5).draws)
    assert any("20 bootstrap replicates are few" in w for w in one.warnings)


def test_a_replicate_is_the_fit_to_the_drawn_families(families):
    model = cox(families, "x", cause=1, cluster="family", ties="breslow")
    rng = np.random.default_rng(9)
    times = np.bincount(rng.integers(0, 200, 200), minlength=200)
    drawn = families.loc[families.index.repeat(times[families["family"]])]
    again = cox(drawn, "x", cause=1, ties="breslow").table["coef"][0]
    counts = times[families["family"]].astype(float)
    assert model.reweighted(counts)["x"] == pytest.approx(again, abs=1e-10)
    curves = kaplan_meier(families, cause=1, by="g")
    ours = curves.reweighted(counts, [100, 200])["survival"]
    theirs = kaplan_meier(drawn, cause=1, by="g").at([100, 200])["survival"]
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)
    means = restricted_mean(families, by="g", horizon=[100, 250])
    ours = means.reweighted(counts)["mean"]
    theirs = restricted_mean(drawn, by="g", horizon=[100, 250]).table["mean"]
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


def test_replicates_that_fail_or_run_to_infinity_are_counted():
    data = pd.DataFrame(
        {"time": range(1, 25), "event": [1, 0, 1] * 8, "x": [0, 1, 0, 0] + [0] * 16 + [1, 0, 0, 0]}
    )
    found = cox(data, "x").bootstrap(200, seed=1)
    told = " ".join(found.warnings)
    assert "runs to infinity; the limits hold them, and se is missing" in told
    assert "replicates failed" in told
    assert 0 < found.draws["x"].isna().sum() < 100
    assert found.table["replicates"][0] == found.draws["x"].notna().sum()
    assert np.isnan(found.table["se"][0])


def test_what_a_bootstrap_refuses(families):
    model = cox(families, "x", cause=1)
    for options, said in [
        ({"replicates": 1}, "replicates=1"),
        ({"replicates": 2.5}, "replicates=2.5"),
        ({"seed": -1}, "seed=-1"),
        ({"level": 1}, "level=1"),
    ]:
        with pytest.raises(EstimateError, match=said):
            model.bootstrap(**options)
    alone = cox(families.assign(one=1), "x", cause=1, cluster="one")
    with pytest.raises(EstimateError, match="at least two clusters"):
        alone.bootstrap()


def test_a_drawing_shows_the_percentile_limits(families):
    ax = cox(families, "x", cause=1).bootstrap(20).plot()
    assert ax is not None
