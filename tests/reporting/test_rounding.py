"""What the rounded profile remakes is what its rounded numbers give."""

import math

import pandas as pd
import pytest
from scipy.stats import norm

from evaluation.reporting.disclosure import Disclosure
from evaluation.reporting.disclosure.rounding import rounded_models

ROUNDED = Disclosure(11, profile="rounded")


def model(ratio, low, high):
    row = {"n": 1_003, "events": 62, "clusters": 498, "hazard_ratio": ratio, "ci_low": low}
    row |= {"ci_high": high, "coef": 0.1, "se": 0.1, "robust_se": 0.1, "z": 1.0, "p": 0.12345}
    return rounded_models(pd.DataFrame([row]), ROUNDED).iloc[0]


def test_a_models_coefficient_and_error_follow_from_its_rounded_ratio():
    row = model(0.7512, 0.6049, 0.9271)
    assert [row["n"], row["events"], row["clusters"]] == [1_005, 60, 500]
    assert [row["hazard_ratio"], row["ci_low"], row["ci_high"], row["p"]] == [0.75, 0.6, 0.93, 0.12]
    error = math.log(0.93 / 0.60) / (2 * norm.ppf(0.975))
    assert row["coef"] == pytest.approx(math.log(0.75))
    assert [row["se"], row["robust_se"]] == pytest.approx([error, error])
    assert row["z"] == pytest.approx(math.log(0.75) / error)


@pytest.mark.parametrize(("low", "high"), [(0.001, 2.0), (0.5, math.inf), (0.751, 0.752)])
def test_limits_that_give_no_error_give_none(low, high):
    assert math.isnan(model(0.75, low, high)["se"])


@pytest.mark.parametrize("below", [5, 11])
def test_the_rule_in_words_names_the_largest_hidden_count(below):
    assert Disclosure(below).words.startswith(f"Counts of 1 to {below - 1}, ")
    assert Disclosure(below).hides(below - 1)
    assert not Disclosure(below).hides(below)
