"""A level without events has no ratio; the other terms keep their estimates and variances."""

import numpy as np
import pandas as pd
import pytest

from evaluation.estimates import cox


@pytest.fixture
def children():
    random = np.random.default_rng(8)
    n = 900
    data = pd.DataFrame(
        {
            "age": random.integers(0, 18, n),
            "kind": random.choice(["adoption", "guardianship", "relative", "reunification"], n),
            "family": random.integers(0, 500, n),
        }
    )
    rate = 0.002 * np.exp(0.03 * data["age"])
    data["time"] = np.ceil(np.minimum(random.exponential(1 / rate), 400)).astype(int)
    data["event"] = ((data["time"] < 400) & (data["kind"] != "adoption")).astype(int)
    return data


@pytest.mark.parametrize("cluster", [None, "family"])
def test_other_terms_are_as_if_the_level_without_events_were_absent(children, cluster):
    whole = cox(children, "age + kind", cluster=cluster)
    rest = children[children["kind"] != "adoption"]
    without = cox(rest, "age + kind", cluster=cluster)
    one, other = (fit.table.set_index("term") for fit in (whole, without))
    for column in {"coef", "se", "robust_se"} & set(other.columns):
        assert one.loc["age", column] == pytest.approx(other.loc["age", column], rel=1e-3)
    assert one.loc["kind[T.relative]"].drop("coef").isna().all() or np.isinf(
        one.loc["kind[T.relative]", "coef"]
    )
    assert whole.influence["age"].notna().all()
    assert whole.warnings
