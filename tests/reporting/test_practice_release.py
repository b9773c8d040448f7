"""Practice measures, indicators and groups: small counts, and what would give them back."""

import pandas as pd

from evaluation.reporting.disclosure import Disclosure
from evaluation.reporting.disclosure.practice import (
    release_groups,
    release_indicators,
    release_measures,
)

RULE = Disclosure(11)


def measures(*parts):
    names = ["met", "not_met", "not_yet_due", "cannot_be_computed"]
    table = pd.DataFrame([dict(zip(names, row, strict=True)) for row in parts])
    table["eligible"] = table[names].sum(axis=1)
    return table.assign(rate=0.5, ci_low=0.4, ci_high=0.6, reached="no")


def test_a_small_part_hides_another_and_the_rate():
    row = release_measures(measures((90, 4, 0, 0)), RULE).iloc[0]
    assert row["not_met"] == "s"
    assert (row[["met", "not_met", "eligible"]] == "s").sum() >= 2
    assert (row[["rate", "ci_low", "ci_high", "reached"]] == "s").all()


def test_large_parts_and_zeros_are_shown():
    row = release_measures(measures((90, 40, 0, 0)), RULE).iloc[0]
    assert row[["met", "not_met", "not_yet_due", "eligible"]].tolist() == [90, 40, 0, 130]
    assert row["rate"] == 0.5


def test_what_cannot_be_computed_stays_missing():
    table = measures((90, 40, 0, 0)).astype("object")
    table.loc[0, ["eligible", "met"]] = pd.NA
    assert pd.isna(release_measures(table, RULE).iloc[0]["eligible"])


def indicator(numerator, denominator, per=100):
    return pd.DataFrame(
        [
            {
                "numerator": numerator,
                "denominator": denominator,
                "per": per,
                "observed": 1.0,
                "ci_low": 0.5,
                "ci_high": 2.0,
            }
        ]
    )


def test_a_small_numerator_or_rest_hides_the_rate():
    for table in (indicator(5, 500), indicator(495, 500), indicator(5, 90_000, per=1_000)):
        row = release_indicators(table, RULE).iloc[0]
        assert (row[["numerator", "observed", "ci_low", "ci_high"]] == "s").all()
    shown = release_indicators(indicator(50, 500), RULE).iloc[0]
    assert shown[["numerator", "denominator", "observed"]].tolist() == [50, 500, 1.0]


def test_groups_have_rates_alone_and_none_from_few():
    values = {
        name: 0.1
        for name in (
            "rate",
            "ci_low",
            "ci_high",
            "difference",
            "difference_low",
            "difference_high",
            "ratio",
            "ratio_low",
            "ratio_high",
        )
    }
    events = {"A": 4, "B": 40, "C": 60, "D": 80}
    table = pd.DataFrame(
        [
            {"measure": "reentry", "characteristic": "county", "level": level, "n": 500}
            | {"events": count, "families": 400}
            | values
            for level, count in events.items()
        ]
    )
    released = release_groups(table, RULE).set_index("level")
    assert not {"n", "events", "families"} & set(released.columns)
    assert released.loc["A", "rate"] == released.loc["A", "difference"] == "s"
    assert (released["rate"] == "s").sum() == 2
    assert released.loc["D", "rate"] == 0.1


def test_the_rounded_profile_rounds_measures_and_indicators():
    rule = Disclosure(8, "rounded")
    row = release_measures(measures((91, 42, 0, 0)), rule).iloc[0]
    assert row[["met", "not_met", "eligible"]].tolist() == [90, 40, 135]
    shown = release_indicators(indicator(52, 503), rule).iloc[0]
    assert shown[["numerator", "denominator"]].tolist() == [50, 505]
    assert (shown["observed"] / 100 * 505 / 5) % 1 == 0
