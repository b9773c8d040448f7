"""Attrition, baseline equivalence, confounds and the clock, on both sides of every line."""

import datetime
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from evaluation.errors import DataError
from evaluation.evidence.attrition import attrition, attrition_boundaries, verdict
from evaluation.evidence.baseline import (
    baseline_equivalence,
    lacks_background,
    single_unit_confound,
)
from evaluation.evidence.end_of_service import end_of_service_clock, post_treatment_months

ATTRITION = """
analysed_t assigned_t analysed_c assigned_c | overall differential | cautious optimistic
20 40 31 49    | 42.6966 13.2653 | high high
30 40 40 48    | 20.4545  8.3333 | high low
10 20 100 200  | 50.0     0.0    | low  low
"""


@pytest.mark.parametrize("line", ATTRITION.strip().splitlines()[1:])
def test_attrition_vectors(line):
    counts, rates, verdicts = (part.split() for part in line.split("|"))
    analysed_t, assigned_t, analysed_c, assigned_c = map(int, counts)
    for boundary, expected in zip(("cautious", "optimistic"), verdicts, strict=True):
        found = attrition(assigned_t, analysed_t, assigned_c, analysed_c, boundary=boundary)
        assert 100 * found.overall == pytest.approx(float(rates[0]), abs=5e-5)
        assert 100 * found.differential == pytest.approx(float(rates[1]), abs=5e-5)
        assert found.low == (expected == "low")


def test_attrition_rates_without_counts():
    assert verdict(0.08, 0.03).low
    assert verdict(0.08, 0.03, boundary="optimistic").low
    assert not verdict(0.30, 0.06).low
    assert verdict(0.30, 0.06, boundary="optimistic").low


@pytest.mark.parametrize("boundary", ["cautious", "optimistic"])
def test_both_sides_of_every_row_of_the_boundary(boundary):
    limits = attrition_boundaries()[boundary]["limits"]
    assert len(limits) == {"cautious": 58, "optimistic": 66}[boundary]
    for percent, limit in enumerate(limits):
        at = Fraction(percent, 100), Fraction(limit) / 100
        assert verdict(*at, boundary=boundary).low
        assert not verdict(at[0], at[1] + Fraction(1, 10**6), boundary=boundary).low
        assert verdict(percent / 100, float(limit) / 100, boundary=boundary).low
    assert not verdict(Fraction(len(limits), 100), 0, boundary=boundary).low
    assert verdict(Fraction(len(limits), 100), 0, boundary=boundary).limit is None


def test_the_rounding_of_the_overall_rate_is_a_choice():
    """4.6% reads the row of 5% or of 4%: limits 6.1 and 6.0."""
    assert verdict(Fraction(46, 1000), Fraction(605, 10000)).low
    assert not verdict(Fraction(46, 1000), Fraction(605, 10000), rounding="down").low
    assert verdict(Fraction(45, 1000), 0).limit == pytest.approx(0.061), "halves go up"


def test_which_boundary_a_review_applies_is_marked_unconfirmed():
    assert verdict(0, 0).boundary == "cautious"
    assert verdict(0, 0).confirmation == "unconfirmed"
    assert attrition_boundaries()["confirmation"] == "confirmed"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: attrition(10, 12, 10, 9), "12 children analysed of 10"),
        (lambda: attrition(0, 0, 10, 9), "impossible"),
        (lambda: verdict(0.1, 0.1, boundary="strict"), '"strict"'),
        (lambda: verdict(0.1, 0.1, rounding="up"), '"up"'),
        (lambda: attrition(10.5, 9, 10, 9), "impossible"),
        (lambda: verdict(-0.1, 0), "-0.1 is not a rate"),
        (lambda: verdict(0.1, -0.5), "-0.5 is not a rate"),
        (lambda: verdict(1.1, 0), "1.1 is not a rate"),
        (lambda: verdict(float("nan"), 0), "nan is not a rate"),
        (lambda: baseline_equivalence(pd.DataFrame({"covariate": []})), '"after"'),
    ],
)
def test_wrong_input_is_said(call, words):
    with pytest.raises(DataError, match=words):
        call()


BASELINE = """
difference | verdict
0.0        | satisfied
0.05       | satisfied
-0.05      | satisfied
0.0500001  | needs adjustment
-0.25      | needs adjustment
0.2500001  | fails
-0.9       | fails
"""


@pytest.mark.parametrize("line", BASELINE.strip().splitlines()[1:])
def test_baseline_equivalence_on_both_sides_of_its_lines(line):
    difference, expected = (part.strip() for part in line.split("|"))
    balance = pd.DataFrame({"covariate": ["age_at_exit"], "after": [float(difference)]})
    found = baseline_equivalence(balance).iloc[0]
    assert found["verdict"] == expected
    assert found["met"] == (expected == "satisfied")
    with_model = baseline_equivalence(balance, adjusted=["age_at_exit"]).iloc[0]
    assert with_model["met"] == (expected != "fails")


def test_a_level_of_a_category_is_adjusted_with_its_covariate():
    balance = pd.DataFrame({"covariate": ["county[Alder]"], "after": [0.1]})
    assert baseline_equivalence(balance, adjusted=["county"])["met"].all()


def test_an_outcome_without_a_pretest_needs_race_and_means():
    assert lacks_background(["sex[male]"]) == ("race or ethnicity", "socioeconomic status")
    assert lacks_background(["race_ethnicity[white]", "title_iv_e"]) == ()
    assert lacks_background(["race_ethnicity[white]"]) == ("socioeconomic status",)


def test_single_unit_confound():
    """METHODS 11.2: an arm of one county that never appears in the other fails."""
    arm = pd.Series([True, True, False, False])
    alone = pd.DataFrame({"county": ["A", "A", "B", "C"]})
    assert "one county" in single_unit_confound(arm, alone, ["county"])[0]
    assert single_unit_confound(~arm, alone, ["county"])[0].startswith("All children compared")
    shared = pd.DataFrame({"county": ["A", "A", "A", "C"]})
    assert single_unit_confound(arm, shared, ["county"]) == ()
    two = pd.DataFrame({"county": ["A", "B", "C", "D"]})
    assert single_unit_confound(arm, two, ["county", "agency"]) == ()


CLOCK = """
service_end follow_up_end | months
2014-01-01 2014-01-01 | 0
2014-01-01 2014-07-01 | 6
2014-01-01 2014-06-30 | 5
2014-01-01 2015-01-01 | 12
2014-01-01 2014-12-31 | 11
2013-02-12 2014-01-01 | 10
2014-05-01 2014-01-01 | 0
"""


@pytest.mark.parametrize("line", CLOCK.strip().splitlines()[1:])
def test_months_after_the_end_of_treatment(line):
    dates, months = line.split("|")
    end, last = map(datetime.date.fromisoformat, dates.split())
    assert post_treatment_months(end, last) == int(months)


def test_a_service_without_a_recorded_end_is_unknown_not_zero():
    assert post_treatment_months(None, datetime.date(2014, 1, 1)) is None


@pytest.mark.parametrize(
    ("horizon", "beyond", "six", "twelve"),
    [(365, 0, False, False), (547, 182, False, False), (548, 183, True, False)]
    + [(729, 364, True, False), (730, 365, True, True)],
)
def test_months_beyond_the_intended_end_of_a_twelve_month_service(horizon, beyond, six, twelve):
    """METHODS 11.1: the horizon less the intended duration."""
    clock = end_of_service_clock(horizon, 12, pd.Series([300.0] * 10))
    assert clock.days_beyond == beyond
    assert clock.reaches(6) is six
    assert clock.reaches(12) is twelve
    assert end_of_service_clock(horizon, None, pd.Series([300.0])).reaches(6) is None


@pytest.mark.parametrize(
    ("intended", "months", "day"),
    [(6, 6, 365), (6, 12, 548), (3, 12, 457), (1.5, 6, 228), (12, 12, 730), (0, 6, 183)],
)
def test_spans_are_added_before_they_are_rounded_to_days(intended, months, day):
    """METHODS 11.1: a service of six months and six months more are the year of day 365."""
    for horizon, reached in ((day - 1, False), (day, True)):
        clock = end_of_service_clock(horizon, intended, pd.Series([30.0]))
        assert clock.day_beyond(months) == day
        assert clock.reaches(months) is reached
        assert clock.whole_months_beyond == (months if reached else months - 1)
    unknown = end_of_service_clock(365, None, pd.Series([30.0]))
    assert unknown.day_beyond(6) is unknown.whole_months_beyond is None
    assert end_of_service_clock(90, 12, pd.Series([30.0])).whole_months_beyond == 0


@pytest.mark.parametrize(("ended", "enough"), [(89, False), (90, True)])
def test_nine_in_ten_services_must_have_ended_and_unknown_ends_have_not(ended, enough):
    ends = pd.Series([100.0] * ended + [np.nan] * (100 - ended))
    clock = end_of_service_clock(730, 12, ends)
    assert (clock.ended, clock.unknown) == (ended, 100 - ended)
    assert clock.enough_ended is enough
    assert end_of_service_clock(99, 12, ends).ended == 0
    assert end_of_service_clock(730, 12, ends, least_ended=0.8).enough_ended
