"""Effect sizes against worked vectors, other software's identities and impossible input."""

import math

import pytest

from evaluation.errors import DataError
from evaluation.evidence import effect_sizes as es
from evaluation.evidence import event_effects as events
from evaluation.evidence import published_results as published


def test_v1_hedges_g_of_two_pretests():
    found = es.hedges_g(6, 1, 3, 5, 1, 3)
    assert es.small_sample_factor(6) == pytest.approx(0.8)
    assert es.pooled_sd(1, 3, 1, 3) == pytest.approx(1)
    assert found.value == pytest.approx(0.8)
    assert es.hedges_g(6, 1, 3, 5, 1, 3, small_sample=False).value == pytest.approx(1)


COX = """
vector | p_t | n_t | p_c | n_c | without   | with
V2     | 2/3 | 3   | 1/3 | 3   | 0.8401784 | 0.6721427
V3     | .75 | 62  | .49 | 58  | 0.6900713 | 0.6856759
V4     | .24 | 219 | .19 | 274 | 0.1802004 | 0.1799250
V5     | .47 | 205 | .38 | 109 | 0.2238812 | 0.2233426
V6     | .62 | 205 | .43 | 109 | 0.4675148 | 0.4663900
"""


@pytest.mark.parametrize("line", COX.strip().splitlines()[1:], ids=lambda line: line[:2])
def test_v2_to_v6_cox_index_with_and_without_the_small_sample_factor(line):
    _, p_t, n_t, p_c, n_c, without, corrected = (cell.strip() for cell in line.split("|"))
    fractions = {"2/3": 2 / 3, "1/3": 1 / 3}
    shares = [fractions.get(text) or float(text) for text in (p_t, p_c)]
    plain = es.cox_index(shares[0], int(n_t), shares[1], int(n_c), small_sample=False)
    assert plain.value == pytest.approx(float(without), abs=5e-8)
    found = es.cox_index(shares[0], int(n_t), shares[1], int(n_c))
    assert found.value == pytest.approx(float(corrected), abs=5e-8)


def test_v3_standard_errors_and_odds_ratio():
    assert es.cox_index(0.75, 62, 0.49, 58, small_sample=False).se == pytest.approx(
        0.2386176, abs=5e-8
    )
    assert es.cox_index(0.75, 62, 0.49, 58).se == pytest.approx(0.2370977, abs=5e-8)
    index = es.cox_index(0.75, 62, 0.49, 58, small_sample=False)
    assert math.exp(index.value * 1.65) == pytest.approx(3.122, abs=5e-4)
    assert es.small_sample_factor(120) == pytest.approx(0.9936306, abs=5e-8)


def test_v7_improvement_index():
    assert es.improvement_index(0.6900713) == pytest.approx(25.4925, abs=5e-5)


def test_v8_benjamini_hochberg():
    p = [0.001, 0.008, 0.039, 0.041, 0.042, 0.060, 0.074, 0.205]
    assert es.benjamini_hochberg(p) == [True, True] + [False] * 6
    assert es.benjamini_hochberg([0.0125, 0.5, 0.6, 0.7])[0], "a p equal to its cut counts"
    assert not es.benjamini_hochberg([0.0126, 0.5, 0.6, 0.7])[0]


def test_counts_give_odds_risk_ratio_and_difference():
    """A table of 10 of 50 against 20 of 50, by hand."""
    assert events.odds_ratio(10, 50, 20, 50).value == pytest.approx(0.375)
    assert events.odds_ratio(10, 50, 20, 50).se == pytest.approx(
        math.sqrt(1 / 10 + 1 / 40 + 1 / 20 + 1 / 30)
    )
    assert events.risk_ratio(10, 50, 20, 50).value == pytest.approx(0.5)
    assert events.risk_ratio(10, 50, 20, 50).se == pytest.approx(math.sqrt(0.8 / 10 + 0.6 / 20))
    found = events.risk_difference(10, 50, 20, 50)
    assert found.value == pytest.approx(-0.2)
    assert found.ci_low < -0.2 < found.ci_high


def test_the_risk_difference_has_newcombes_limits():
    """Newcombe (1998), the pair 56 of 70 and 48 of 80: 0.0524 to 0.3339 by method 10."""
    found = events.risk_difference(56, 70, 48, 80)
    assert (round(found.ci_low, 4), round(found.ci_high, 4)) == (0.0524, 0.3339)


def test_no_events_leave_a_risk_difference_with_exact_limits():
    """A share of 0 has no Cox index and nothing is added to make one."""
    found = events.risk_difference(0, 84, 8, 84)
    assert "exact" in found.made_from
    exact_upper = 1 - 0.025 ** (1 / 84)
    assert exact_upper == pytest.approx(0.042965, abs=5e-7)
    assert found.ci_high < 0
    for share in (0, 1):
        with pytest.raises(DataError, match="risk difference with its exact interval"):
            es.cox_index(share, 84, 0.1, 84)
    with pytest.raises(DataError, match="no odds ratio"):
        events.odds_ratio(0, 84, 8, 84)
    with pytest.raises(DataError, match="risk difference"):
        events.risk_ratio(0, 84, 8, 84)


def test_a_hazard_ratio_is_never_a_standardized_effect():
    ratio = published.from_interval("hazard_ratio", 0.69, 0.5, 0.95)
    with pytest.raises(DataError, match="risks at a horizon"):
        es.standardized(ratio)
    with pytest.raises(DataError, match="risks at a horizon"):
        es.improvement_index(ratio)


def test_horizon_risks_are_what_becomes_standardized():
    """Binomial standard errors give back the Cox index of the shares and sizes."""
    p, q, n, m = 0.24, 0.19, 219, 274
    se = [math.sqrt(p * (1 - p) / n), math.sqrt(q * (1 - q) / m)]
    found = es.cox_index_of_risks(p, se[0], q, se[1])
    shares = es.cox_index(p, n, q, m, small_sample=False)
    assert (found.value, found.se) == pytest.approx((shares.value, shares.se))
    together = es.cox_index_of_risks(p, se[0], q, se[1], covariance=0.5 * se[0] * se[1])
    assert together.se < found.se


def test_an_odds_ratio_is():
    ratio = events.odds_ratio(30, 60, 15, 60)
    index = es.cox_index(0.5, 60, 0.25, 60, small_sample=False)
    found = es.standardized(ratio)
    assert (found.value, found.se, found.ci_low) == pytest.approx(
        (index.value, index.se, index.ci_low)
    )


def test_t_and_p_agree_with_the_means_they_come_from():
    means = es.hedges_g(6, 2, 40, 5, 2, 50)
    t = 1 / (2 * math.sqrt(1 / 40 + 1 / 50))
    assert es.hedges_g_from_t(t, 40, 50).value == pytest.approx(means.value)
    from scipy import stats

    p = 2 * stats.t.sf(t, 88)
    assert es.hedges_g_from_p(p, 40, 50, higher=True).value == pytest.approx(means.value)
    assert es.hedges_g_from_p(p, 40, 50, higher=False).value == pytest.approx(-means.value)


def test_intervals_and_coefficients_give_back_the_same_effect():
    ratio = events.odds_ratio(30, 60, 15, 60)
    read = published.from_interval("odds_ratio", ratio.value, ratio.ci_low, ratio.ci_high)
    assert (read.se, read.p) == pytest.approx((ratio.se, ratio.p))
    model = published.from_coefficient("odds_ratio", math.log(ratio.value), ratio.se)
    assert (model.ci_low, model.ci_high) == pytest.approx((ratio.ci_low, ratio.ci_high))


def test_a_rounded_percentage_stands_for_a_range_of_counts_or_for_none():
    """The Utah trial prints 75% of 62, which no whole number of 62 children is."""
    assert published.events_from_percent(47, 205) == (96, 97)
    assert published.events_from_percent(50.0, 60, decimals=1) == (30, 30)
    assert published.events_from_percent(75, 62) is None


def test_percentages_and_sizes_give_every_effect_size():
    found = {e.measure: e for e in published.from_percentages(75, 62, 49, 58)}
    assert found["odds_ratio"].value == pytest.approx(3.122, abs=5e-4)
    assert found["cox_index"].value == pytest.approx(0.6856759, abs=5e-8)
    assert found["risk_ratio"].value == pytest.approx(75 / 49)
    assert found["risk_difference"].value == pytest.approx(0.26)
    assert [e.measure for e in published.from_percentages(0, 84, 12, 84)] == ["risk_difference"]


def test_cluster_correction():
    """Hedges (2007): no correlation or clusters of one change nothing but little."""
    assert es.cluster_adjusted_t(2.5, 100, 10, 0.0) == pytest.approx((2.5, 98))
    assert es.cluster_adjusted_t(2.5, 100, 1, 0.2)[0] == pytest.approx(2.5)
    t, df = es.cluster_adjusted_t(2.5, 100, 10, 0.2)
    free = 98 - 2 * 9 * 0.2
    assert t == pytest.approx(2.5 * math.sqrt(free / (98 * 2.8)))
    assert df == pytest.approx(free**2 / (98 * 0.64 + 10 * 80 * 0.04 + 2 * 80 * 0.2 * 0.8))
    assert df < 98


def test_number_needed_has_limits_but_no_standard_error():
    """METHODS 7.10."""
    clear = es.symmetric("risk_difference", -0.05, 0.01, "x")
    found = events.number_needed_to_serve(clear)
    assert found.words == "20 children served for one event fewer (14 to 33)"
    assert not hasattr(found, "se")
    open_ended = events.number_needed_to_serve(es.symmetric("risk_difference", -0.01, 0.02, "x"))
    assert open_ended.benefit_to == math.inf
    assert open_ended.harm_from == pytest.approx(1 / (-0.01 + 1.959964 * 0.02))
    assert open_ended.words == "−1.0 events per 100 children (−4.9 to +2.9)"
    harm = events.number_needed_to_serve(es.symmetric("risk_difference", 0.05, 0.01, "x"))
    assert "more" in harm.words
    assert harm.benefit_from is None


def test_change_against_baseline_is_a_difference_of_the_same_measure():
    before, after = es.cox_index(0.5, 60, 0.4, 60), es.cox_index(0.3, 60, 0.4, 60)
    assert es.difference_in_differences(after, before) == pytest.approx(after.value - before.value)
    with pytest.raises(DataError, match="means nothing"):
        es.difference_in_differences(after, events.odds_ratio(5, 10, 4, 10))


@pytest.mark.parametrize("measure", ["cox_index", "hedges_g"])
def test_a_models_coefficient_is_no_standardized_effect(measure):
    """The coefficient of a Cox model is a log hazard ratio, whatever name it is given."""
    with pytest.raises(DataError, match=measure):
        published.from_coefficient(measure, -0.37, 0.1)


def test_no_difference_has_no_number_needed():
    for low, high in ((0.0, 0.0), (0.0, 0.02), (-0.02, 0.0)):
        none = es.EffectSize("risk_difference", 0.0, 0.0, low, high, "x")
        found = events.number_needed_to_serve(none)
        assert found.words.startswith("+0.0 events per 100 children")
        assert (found.benefit_from is None) == (low == 0)
        assert (found.harm_from is None) == (high == 0)


NO_LIMITS = es.EffectSize("risk_difference", -0.1, math.nan, math.nan, math.nan, "x")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: es.cox_index(1.2, 10, 0.5, 10), "1.2 is not a share"),
        (lambda: es.cox_index(0.2, 0, 0.5, 10), "empty"),
        (lambda: events.risk_ratio(12, 10, 1, 10), "12 events among 10 children"),
        (lambda: es.hedges_g(1, -1, 5, 1, 1, 5), "cannot be pooled"),
        (lambda: es.hedges_g_from_p(0, 5, 5, higher=True), "exact p value"),
        (lambda: es.small_sample_factor(3), "at least 4"),
        (lambda: es.cluster_adjusted_t(2, 100, 10, 1.5), "impossible"),
        (lambda: events.number_needed_to_serve(events.odds_ratio(5, 10, 4, 10)), "risk difference"),
        (lambda: published.events_from_percent(120, 50), "120% is impossible"),
        (lambda: published.from_interval("risk_ratio", 0.5, 0.6, 0.9), "does not hold"),
        (lambda: published.from_interval("risk_ratio", 0.5, -0.1, 0.9), "impossible"),
        (lambda: published.from_interval("risk_ratio", 2, 1, math.inf), "not finite"),
        (lambda: published.from_interval("rate", 2, 1, 3), '"rate" is not among'),
        (lambda: published.from_coefficient("risk_ratio", -0.3, -0.1), "at least 0"),
        (lambda: es.hedges_g(1, 1, 1, 1, 1, 1), "no degree of freedom"),
        (lambda: es.hedges_g_from_p(0.5, 1, 1, higher=True), "no degree of freedom"),
        (lambda: es.hedges_g(math.nan, 1, 9, 1, 1, 9), "finite"),
        (lambda: es.hedges_g_from_t(math.inf, 9, 9), "finite"),
        (lambda: es.cox_index_of_risks(0.2, -0.1, 0.3, 0.1), "impossible"),
        (lambda: es.cox_index_of_risks(0.2, 0.1, 0.3, 0.1, covariance=0.02), "no covariance"),
        (lambda: es.benjamini_hochberg([0.01, 1.4]), "p = 1.4"),
        (lambda: es.benjamini_hochberg([0.01, math.nan]), "p = nan"),
        (lambda: events.number_needed_to_serve(NO_LIMITS), "both its limits"),
    ],
)
def test_impossible_numbers_are_said(call, words):
    with pytest.raises(DataError, match=words):
        call()
