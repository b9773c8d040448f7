import numpy as np
import pytest

from evaluation.estimates import EstimateError, cox, gray_test, log_rank


def test_stratified_log_rank_is_survdiff(children):
    """R: survdiff(Surv(time, event == 1) ~ group + strata(county), d)$chisq."""
    table = log_rank(children, by="group", cause=1, strata="county").table
    assert table["statistic"][0] == pytest.approx(0.8379683, abs=5e-8)


def test_log_rank_with_clusters_is_the_robust_score_test(children):
    """R: summary(coxph(Surv(time, event == 1) ~ group, d, ties = "breslow",
    cluster = family_id))$robscore gives 0.6433496."""
    table = log_rank(children, by="group", cause=1, cluster="family_id").table
    assert table["statistic"][0] == pytest.approx(0.6433496, abs=5e-8)
    assert table["p"][0] == pytest.approx(0.7249339, abs=5e-8)


def test_two_groups_without_ties_are_the_score_test_of_cox(children):
    one = children.drop_duplicates("time").copy()
    one["event"] = one["event"] == 1
    z = np.sqrt(log_rank(one, by="kin").table["statistic"][0])
    assert z == pytest.approx(abs(cox(one, "kin").table["z"][0]), rel=0.05)


def test_observed_and_expected_add_up(children):
    for test in (log_rank(children, by="group", cause=1), gray_test(children, by="group")):
        counts = test.counts
        assert counts["observed"].sum() == pytest.approx(counts["expected"].sum())
        assert test.counts["rows"].sum() % len(children) == 0


def test_weights_call_for_the_robust_test(children):
    children["w"] = 2.0
    heavy = log_rank(children, by="group", cause=1, weights="w").table["statistic"][0]
    children["w"] = 1.0
    light = log_rank(children, by="group", cause=1, weights="w").table["statistic"][0]
    assert heavy == pytest.approx(light, rel=1e-9)


def test_few_clusters_make_p_larger(children):
    test = log_rank(children, by="group", cause=1, cluster="county")
    assert any("Only 6 clusters" in w for w in test.warnings)
    assert test.table["p"][0] > np.exp(-test.table["statistic"][0] / 2)


def test_one_group_is_an_error(children):
    children["same"] = "x"
    with pytest.raises(EstimateError, match="'same' has one value"):
        log_rank(children, by="same", cause=1)
    with pytest.raises(EstimateError, match="'same' has one value"):
        gray_test(children, by="same")


def test_stratified_gray_adds_scores_and_variances(children):
    children["half"] = children["child_id"] % 2
    both = gray_test(children, by="group", strata="half").counts
    apart = [gray_test(children[children["half"] == h], by="group").counts for h in (0, 1)]
    total = apart[0]["expected"] + apart[1]["expected"]
    np.testing.assert_allclose(both["expected"], total)


def test_gray_says_that_it_takes_rows_as_independent(children):
    assert any("independent" in note for note in gray_test(children, by="group").notes)
