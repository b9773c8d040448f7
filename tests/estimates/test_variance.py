"""Weighted data never get a model-based variance silently; clusters are counted and shown (7.5)."""

import numpy as np
import pandas as pd
import pytest

from evaluation.estimates import (
    cox,
    cumulative_incidence,
    discrete_hazard,
    fine_gray,
    kaplan_meier,
    log_rank,
    mean_cumulative,
    restricted_mean,
)

ESTIMATORS = {
    "cox": lambda d, **k: cox(d, "x", cause=1, **k),
    "fine_gray": lambda d, **k: fine_gray(d, "x", **k),
    "kaplan_meier": lambda d, **k: kaplan_meier(d, cause=1, **k),
    "cumulative_incidence": cumulative_incidence,
    "restricted_mean": lambda d, **k: restricted_mean(d, horizon=20, **k),
    "log_rank": lambda d, **k: log_rank(d, by="arm", cause=1, **k),
    "mean_cumulative": lambda d, **k: mean_cumulative(
        d, start="zero", stop="time", event="event", id="child", cause=1, **k
    ),
    "discrete_hazard": lambda d, **k: discrete_hazard(
        d, "x", breaks=[0, 1, 2, 5], width=5, cause=1, **k
    ),
}
UNCERTAIN = ["robust_se", "ci_low", "ci_high", "p", "statistic"]


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    n = 300
    return pd.DataFrame(
        {
            "child": range(n),
            "family": np.arange(n) // 3,
            "office": np.arange(n) // 30,
            "zero": 0,
            "time": rng.integers(1, 25, n),
            "event": rng.integers(0, 3, n),
            "x": rng.normal(size=n),
            "arm": rng.choice(["a", "b"], n),
            "w": rng.uniform(0.5, 2, n),
        }
    )


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("cluster", [None, "family", "office"])
def test_heavier_weights_do_not_make_limits_narrower(name, cluster, data):
    one = ESTIMATORS[name](data, weights="w", cluster=cluster)
    ten = ESTIMATORS[name](data.assign(w=10 * data["w"]), weights="w", cluster=cluster)
    shared = [c for c in UNCERTAIN if c in one.table]
    assert shared
    pd.testing.assert_frame_equal(one.table[shared], ten.table[shared], rtol=1e-4, atol=1e-8)
    assert any("weights in 'w' are treated as known" in note for note in one.notes)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_number_of_clusters_is_shown(name, data):
    result = ESTIMATORS[name](data, cluster="family")
    assert result.clusters == result.to_dict()["clusters"] == 100
    assert "100 clusters" in repr(result) and "100 clusters" in result._repr_html_()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_few_clusters_widen_limits_and_are_a_warning(name, data):
    few = ESTIMATORS[name](data, cluster="office")
    assert few.clusters == 10
    assert any("Only 10 clusters" in w and "fewer than 40" in w for w in few.warnings)
    if "small_sample_se" in few.table:
        raw = few.table["robust_se" if "robust_se" in few.table else "se"]
        known = raw > 0
        assert (few.table["small_sample_se"][known] > raw[known]).all()
    else:
        assert name == "log_rank"
