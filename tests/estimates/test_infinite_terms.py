"""A level without events has no ratio; the other terms keep their estimates and variances."""

import numpy as np
import pandas as pd
import pytest

from evaluation.estimates import EstimateError, cox, fine_gray


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


NEVER = {"cause": 1, "ties": "breslow"}


@pytest.fixture
def never():
    """400 rows; nobody of the 80 with x = 1 has the event."""
    random = np.random.default_rng(3)
    n = 400
    data = pd.DataFrame({"id": range(n), "x": np.arange(n) % 5 == 0, "age": random.normal(size=n)})
    data["x"] = data["x"].astype(int)
    data["time"] = random.integers(1, 300, n)
    data["event"] = np.where(random.random(n) < 0.3, 2, (random.random(n) < 0.25) * (1 - data["x"]))
    data["start"] = np.where(random.random(n) < 0.2, data["time"] // 3, 0)
    data["offset"], data["place"] = 0.2 * data["age"], random.choice(["a", "b"], n)
    data["w"] = random.uniform(0.5, 2, n)
    return data


OPTIONS = {
    "alone": {},
    "breslow": {"ties": "breslow"},
    "strata": {"strata": "place"},
    "offset": {"offset": "offset"},
    "late entry": {"start": "start", "id": "id"},
    "weights": {"weights": "w"},
    "clusters": {"cluster": "family"},
    "everything": {
        "strata": "place",
        "offset": "offset",
        "start": "start",
        "id": "id",
        "weights": "w",
        "cluster": "family",
    },
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("fit", [cox, fine_gray])
def test_the_bound_of_an_infinite_ratio_holds_with_every_option(never, fit, options):
    never["family"] = never["id"] // 2
    model = fit(never, "x + age", cause=1, **options)
    row = model.table.set_index("term").loc["x"]
    assert row["coef"] == -np.inf and np.isnan(row["se"])
    assert row["ci_low"] == 0 and 0.02 < row["ci_high"] < 0.3
    said = " ".join(model.warnings)
    assert "runs to minus infinity" in said and "profile likelihood" in said
    assert ("scaled to the variance" in said) == ("robust_se" in model.table)


def test_the_bound_without_ties_is_where_the_likelihood_has_dropped_by_half_chi_squared():
    data = pd.DataFrame({"time": range(1, 31), "event": 0, "x": [1, 0, 0] * 10})
    data.loc[data["x"] == 0, "event"] = 1
    bound = cox(data, "x").profile_limits("x")[1]
    members = [(data["time"] >= t) for t in data.loc[data["event"] == 1, "time"]]
    zeros = np.array([(data["x"][m] == 0).sum() for m in members])
    ones = np.array([(data["x"][m] == 1).sum() for m in members])
    drop = np.log(zeros + bound * ones).sum() - np.log(zeros).sum()
    assert drop == pytest.approx(3.841458820694124 / 2, abs=1e-8)


def test_the_bound_does_not_depend_on_the_unit_of_weights(never):
    one = cox(never, "x + age", weights="w", **NEVER)
    ten = cox(never.assign(w=10 * never["w"]), "x + age", weights="w", **NEVER)
    assert one.profile_limits("x") == pytest.approx(ten.profile_limits("x"), rel=1e-6)
    assert one.profile_limits("age") == pytest.approx(ten.profile_limits("age"), rel=1e-6)


def test_copies_of_rows_in_one_cluster_add_nothing_to_the_bound(never):
    alone = cox(never, "x + age", cluster="id", **NEVER).profile_limits("x")
    twice = pd.concat([never, never])
    copied = cox(twice, "x + age", cluster="id", **NEVER).profile_limits("x")
    assert copied == pytest.approx(alone, rel=1e-6)


def test_the_bound_of_a_finite_ratio_is_near_its_robust_interval(never):
    never["family"] = never["id"] // 3
    row = cox(never, "age", cause=2, cluster="family", weights="w")
    limits = row.profile_limits("age")
    assert limits == pytest.approx(row.table[["ci_low", "ci_high"]].iloc[0].tolist(), rel=0.02)


def test_one_cluster_gives_no_bound(never):
    model = cox(never.assign(one=1), "x + age", cause=1, cluster="one")
    assert model.table["ci_high"].isna().all()
    with pytest.raises(EstimateError, match="One cluster"):
        model.profile_limits("x")
