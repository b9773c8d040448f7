"""Shares: Wilson's interval, and what families do to it."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from evaluation.estimates.proportions import cluster_sums, clustered_share, wilson

PUBLISHED = [
    (6764, 120007, 5.6363, 5.5073, 5.7682),
    (4242, 76291, 5.5603, 5.3999, 5.7251),
    (4390, 72934, 6.0191, 5.8488, 6.1941),
    (184, 2528, 7.2785, 6.3293, 8.3573),
    (50339, 535374, 9.4026, 9.3247, 9.4811),
    (1973, 60890, 3.2403, 3.1026, 3.3839),
]


@pytest.mark.parametrize(("events", "n", "share", "low", "high"), PUBLISHED)
def test_published_counts_give_their_rates_and_intervals(events, n, share, low, high):
    """National re-entry, recurrence and adoption counts: this tests the arithmetic alone."""
    limits = wilson(events, n)
    assert round(100 * events / n, 4) == share
    assert (round(100 * float(limits[0]), 4), round(100 * float(limits[1]), 4)) == (low, high)


def test_wilson_is_statsmodels():
    for events, n in [(0, 10), (3, 10), (10, 10), (1, 1), (7, 200)]:
        want = proportion_confint(events, n, method="wilson")
        assert np.allclose([float(limit) for limit in wilson(events, n)], want, atol=1e-12)


def independent(events, n):
    ones = pd.DataFrame({"n": 1, "events": [1] * events + [0] * (n - events)})
    return clustered_share(cluster_sums(ones)).iloc[0]


def test_a_case_a_family_is_wilson_on_one_case_less():
    """The G/(G-1) of the cluster variance is all that remains."""
    found = independent(30, 100)
    assert found["design_effect"] == pytest.approx(100 / 99)
    low, high = wilson(0.3 * 99, 99)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((float(low), float(high)))


def test_twins_in_agreement_halve_the_number():
    """100 cases in 50 families of two that always agree are worth 49."""
    twins = pd.DataFrame({"n": 2, "events": [2] * 15 + [0] * 35})
    found = clustered_share(cluster_sums(twins)).iloc[0]
    assert found["rate"] == 0.3
    assert found["effective_n"] == pytest.approx(49)


def test_design_effect_is_never_below_one():
    opposites = pd.DataFrame({"n": 2, "events": [1] * 50})
    assert clustered_share(cluster_sums(opposites)).iloc[0]["design_effect"] == 1


def test_all_or_none_keeps_an_interval_that_counts_families():
    """Variance zero is no certainty: as if a family's cases were one."""
    whole = pd.DataFrame({"n": 4, "events": [4] * 50})
    found = clustered_share(cluster_sums(whole)).iloc[0]
    assert found["effective_n"] == 50
    assert (found["ci_low"], found["ci_high"]) == (pytest.approx(float(wilson(50, 50)[0])), 1.0)
    none = clustered_share(cluster_sums(whole.assign(events=0))).iloc[0]
    assert none["ci_low"] == 0.0
    assert none["ci_high"] == pytest.approx(1 - found["ci_low"])


def test_few_families_have_wider_limits():
    few = independent(3, 10)
    low, high = wilson(3, 10)
    assert few["ci_low"] < float(low)
    assert few["ci_high"] > float(high)


def test_one_family_alone_has_no_interval():
    found = clustered_share(cluster_sums(pd.DataFrame({"n": [5], "events": [2]}))).iloc[0]
    assert found["rate"] == 0.4
    assert np.isnan(found["ci_low"])


def test_nothing_has_no_rate():
    found = clustered_share(cluster_sums(pd.DataFrame({"n": [0], "events": [0]}))).iloc[0]
    assert np.isnan(found["rate"])


def test_coverage_with_families():
    """METHODS 12's band for intervals, at 120 families whose cases share a frailty."""
    rng, hits, total, draws = np.random.default_rng(5), 0, 0.0, 1500
    for _ in range(draws):
        sizes = rng.integers(1, 5, 120)
        chance = rng.beta(1.2, 2.8, 120)
        data = pd.DataFrame({"n": sizes, "events": rng.binomial(sizes, chance)})
        found = clustered_share(cluster_sums(data)).iloc[0]
        hits += found["ci_low"] <= 0.3 <= found["ci_high"]
        total += found["rate"]
    assert abs(total / draws - 0.3) < 0.004
    assert 0.93 <= hits / draws <= 0.97
