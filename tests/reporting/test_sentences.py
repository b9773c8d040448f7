"""What intervals say: sentences for benefit, harm, neither and no telling, by design."""

import pytest

from evaluation.reporting import sentences
from evaluation.reporting.sentences import Estimate
from evaluation.reporting.wording import Outcome

WORDS = Outcome("Re-entry to care", "re-entry", "re-entries", "re-entered care")


def difference(value, low, high, compared=0.2):
    return Estimate.difference(value / 100, low / 100, high / 100, compared)


@pytest.mark.parametrize(
    ("value", "low", "high", "compared", "verdict"),
    [
        (-3.2, -5.9, -0.7, 0.2, "fewer"),
        (4.0, 1.0, 7.0, 0.2, "more"),
        (-1.0, -1.8, -0.2, 0.2, "slightly fewer"),
        (1.0, 0.2, 1.8, 0.2, "slightly more"),
        (0.1, -1.5, 1.5, 0.2, "none"),
        (0.1, -1.5, 1.5, 0.04, "unknown"),
        (-0.5, -4.0, 3.0, 0.2, "unknown"),
        (-2.0, -4.0, 0.5, 0.2, "no harm"),
        (2.0, -0.5, 4.0, 0.2, "no benefit"),
        (0.0, -2.0, 2.0, 0.2, "unknown"),
    ],
)
def test_verdict_of_a_difference(value, low, high, compared, verdict):
    assert difference(value, low, high, compared).verdict == verdict


@pytest.mark.parametrize(
    ("value", "low", "high", "verdict"),
    [
        (0.68, 0.54, 0.86, "fewer"),
        (0.90, 0.84, 0.96, "slightly fewer"),
        (1.50, 1.20, 1.90, "more"),
        (1.00, 0.90, 1.10, "none"),
        (0.97, 0.60, 1.60, "unknown"),
        (0.85, 0.70, 1.10, "no harm"),
        (1.15, 0.90, 1.40, "no benefit"),
    ],
)
def test_verdict_of_a_ratio(value, low, high, verdict):
    assert Estimate.ratio(value, low, high).verdict == verdict


@pytest.mark.parametrize(
    ("estimate", "design", "sentence"),
    [
        (
            difference(-3.2, -5.9, -0.7),
            "quasi-experimental",
            "Coach was followed by about 3 fewer re-entries per 100 children by month 12, between "
            "1 and 6 fewer, compared with usual care.",
        ),
        (
            difference(-3.2, -5.9, -0.7),
            "randomized",
            "Coach led to about 3 fewer re-entries per 100 children by month 12, between 1 and 6 "
            "fewer, compared with usual care.",
        ),
        (
            difference(-3.2, -5.9, -0.7),
            "descriptive",
            "Coach went with about 3 fewer re-entries per 100 children by month 12, between 1 and "
            "6 fewer, compared with usual care.",
        ),
        (
            difference(4.1, 1.2, 7.0),
            "quasi-experimental",
            "Coach was followed by about 4 more re-entries per 100 children by month 12, between 1 "
            "and 7 more, compared with usual care.",
        ),
        (
            difference(-1.1, -3.9, 2.0),
            "quasi-experimental",
            "For Coach we cannot tell: by month 12, compared with usual care, the difference in "
            "re-entries lies between 4 fewer and 2 more per 100 children, which holds "
            "both a useful "
            "benefit and a harm.",
        ),
        (
            difference(0.1, -1.2, 1.4),
            "quasi-experimental",
            "There was no meaningful difference in re-entries by month 12 between Coach and usual "
            "care: it lies between 1.2 fewer and 1.4 more per 100 children.",
        ),
        (
            difference(-2.1, -4.4, 0.1),
            "quasi-experimental",
            "For Coach we cannot tell whether it helps; a meaningful harm is unlikely: "
            "by month 12, "
            "compared with usual care, the difference in re-entries lies between 4.4 fewer and 0.1 "
            "more per 100 children.",
        ),
        (
            difference(-1.0, -1.8, -0.2),
            "quasi-experimental",
            "Coach was followed by about 1.0 fewer re-entries per 100 children by month "
            "12, between "
            "0.2 and 1.8 fewer, compared with usual care. All of that is less than the 2 per 100 "
            "that matter.",
        ),
    ],
)
def test_sentence_of_a_difference(estimate, design, sentence):
    said = sentences.effect_sentence(estimate, "Coach", "usual care", WORDS, design, 365)
    assert said == sentence


@pytest.mark.parametrize(
    ("estimate", "design", "while_in", "sentence"),
    [
        (
            Estimate.ratio(0.75, 0.60, 0.94),
            "quasi-experimental",
            True,
            "The rate of re-entries was about 25% lower while families were in Coach, "
            "compared with "
            "children at home not yet served (hazard ratio 0.75, 95% interval 0.60 to 0.94).",
        ),
        (
            Estimate.ratio(2.4, 1.3, 4.4),
            "quasi-experimental",
            False,
            "The rate of re-entries was about 2.4 times as high with Coach, compared with usual "
            "care (hazard ratio 2.40, 95% interval 1.30 to 4.40).",
        ),
        (
            Estimate.ratio(0.68, 0.47, 0.99),
            "randomized",
            False,
            "Coach led to a rate of re-entries about 32% lower than with usual care "
            "(hazard ratio 0.68, 95% interval 0.47 to 0.99).",
        ),
        (
            Estimate.ratio(0.97, 0.60, 1.60),
            "quasi-experimental",
            True,
            "For Coach we cannot tell: the rate of re-entries while families were in "
            "Coach, compared "
            "with children at home not yet served may be usefully lower or harmfully "
            "higher (hazard "
            "ratio 0.97, 95% interval 0.60 to 1.60).",
        ),
        (
            Estimate.ratio(1.0, 0.9, 1.1),
            "descriptive",
            False,
            "There was no meaningful difference in the rate of re-entries with Coach, "
            "compared with "
            "usual care (hazard ratio 1.00, 95% interval 0.90 to 1.10).",
        ),
    ],
)
def test_sentence_of_a_hazard_ratio(estimate, design, while_in, sentence):
    said = sentences.ratio_sentence(estimate, "Coach", "usual care", WORDS, design, while_in)
    assert said == sentence


@pytest.mark.parametrize("design", ["quasi-experimental", "descriptive"])
def test_led_to_is_for_randomized_designs_only(design):
    for low, high in ((-6, -1), (1, 6), (-6, 6), (-1, 1), (-6, 1), (-1, 6)):
        estimate = difference((low + high) / 2, low, high)
        said = sentences.effect_sentence(estimate, "Coach", "usual care", WORDS, design, 365)
        title = sentences.finding_title([("Coach", estimate)], WORDS, design)
        for causal in ("led to", "caused", "reduced", "prevented", "effect"):
            assert causal not in said + title


def test_title_says_what_was_found_for_every_service():
    found = [("Coach", difference(-3, -5, -1)), ("Respite care", difference(0, -4, 4))]
    assert (
        sentences.finding_title(found, WORDS, "quasi-experimental")
        == "Coach was followed by fewer re-entries; for Respite care we cannot tell"
    )
    worse = [("Coach", difference(3, 1, 5)), ("Respite care", difference(4, 2, 6))]
    assert (
        sentences.finding_title(worse, WORDS, "quasi-experimental")
        == "Coach and Respite care were followed by more re-entries"
    )


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        (difference(-3.2, -5.9, -0.7), "About 3 fewer per 100"),
        (difference(4.1, 1.2, 7.0), "About 4 more per 100"),
        (difference(0, -4, 4), "We cannot tell"),
        (difference(0.1, -1.2, 1.4), "No meaningful difference"),
        (difference(-2, -4.4, 0.1), "We cannot tell whether it helps"),
        (Estimate.ratio(0.75, 0.6, 0.94), "Rate 25% lower"),
        (Estimate.ratio(1.5, 1.2, 1.9), "Rate 50% higher"),
    ],
)
def test_card_number(estimate, words):
    assert sentences.short_difference(estimate) == words


def test_overview_counts_null_and_unfavourable_results_like_good_ones():
    some = [difference(-3, -5, -1), difference(3, 1, 5), difference(0, -4, 4), difference(0, -1, 1)]
    assert sentences.overview_title(some) == (
        "Of 4 hazard ratios, 1 found fewer events, 1 more, 1 no meaningful difference; 1 cannot tell"
    )


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "0 in 100"), (0.002, "fewer than 1 in 100"), (0.126, "13 in 100"), (1.0, "100 in 100")],
)
def test_shares_are_whole_children(share, words):
    assert words in sentences.share_sentence(share, 0, 1, "children", WORDS.did, 365)
