"""Zero, suppressed and missing stay three things; errors say what to do."""

import numpy as np
import pandas as pd
import pytest

from evaluation.errors import OutputError
from evaluation.reporting.charts import tables


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1234, "1,234"), ("s", "s"), (None, "–"), (np.nan, "–"), (pd.NA, "–"), (-3, "−3")],
)
def test_zero_suppressed_and_missing_are_three_things(value, text):
    assert tables.written(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0 in 100"),
        (0.091, "9 in 100"),
        (1, "100 in 100"),
        (0.999, "more than 99 in 100"),
        (0.004, "4 in 1,000"),
        (0.0002, "fewer than 1 in 1,000"),
        (float("nan"), "–"),
    ],
)
def test_shares_in_words(share, text):
    assert tables.in_hundred(share) == text


@pytest.mark.parametrize(
    ("day", "unit", "text"),
    [
        (365, "months", "month 12"),
        (180, "months", "month 6"),
        (45, "months", "month 1.5"),
        (365, "days", "day 365"),
        (730, "years", "year 2"),
    ],
)
def test_days_on_the_clock_of_the_axis(day, unit, text):
    assert tables.period(day, unit) == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((0.76, 0.61, 0.94), "0.76 (0.61–0.94)"),
        ((0.001, 0, 250.4), "<0.01 (0.00–250)"),
        (("s", np.nan, np.nan), "s"),
        ((0.19, np.nan, np.nan), "0.19"),
        ((np.nan, np.nan, np.nan), "–"),
    ],
)
def test_ratios_with_limits(values, text):
    assert tables.interval(*values, tables.as_ratio) == text


def test_there_is_no_negative_zero():
    assert tables.written(-0.0004, "{:+.1f}") == "0.0"


@pytest.mark.parametrize(
    ("step", "text"), [(0.05, "5%"), (0.025, "5.0%"), (0.002, "5.0%"), (0.0005, "5.00%")]
)
def test_percent_has_the_decimals_its_steps_need(step, text):
    assert tables.percent(0.05, step) == text


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (None, "is a NoneType"),
        (pd.DataFrame({"a": []}), "has no rows"),
        (pd.DataFrame({"b": [1]}), "lacks the column a; it has b"),
    ],
)
def test_a_missing_or_empty_table_is_a_sentence(table, words):
    with pytest.raises(OutputError, match=words):
        tables.checked(table, ["a"], "balance")


@pytest.mark.parametrize("value", ["many", 1.2, -0.1, float("inf")])
def test_a_wrong_number_is_named_with_its_row(value):
    table = pd.DataFrame({"share": pd.Series([0.5, value], dtype=object)})
    with pytest.raises(OutputError, match="share in row 1 is .* between 0 and 1"):
        tables.numbers(table, "share", "served", low=0, high=1)


def test_order_is_that_of_labels_then_of_categories_then_of_appearance():
    values = pd.Series(["b", "a", "c", "b"])
    assert tables.ordered(values, None, "x", "group")[0] == ["b", "a", "c"]
    assert tables.ordered(values, {"c": "C", "z": "Z"}, "x", "group")[0] == ["c", "b", "a"]
    category = values.astype(pd.CategoricalDtype(["c", "a", "b"]))
    assert tables.ordered(category, None, "x", "group")[0] == ["c", "a", "b"]


def test_two_groups_under_one_label_are_refused():
    with pytest.raises(OutputError, match="same label"):
        tables.ordered(pd.Series(["a", "b"]), {"a": "X", "b": "X"}, "x", "group")
