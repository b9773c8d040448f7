"""Practice measures, indicators and groups: small counts, and what would give them back."""

import pandas as pd

from evaluation.reporting.disclosure import Disclosure
from evaluation.reporting.disclosure.practice import (
    release_contacts,
    release_counties,
    release_dose,
    release_groups,
    release_indicators,
    release_measures,
    release_months,
    release_questions,
)

RULE = Disclosure(11)


def measures(*parts):
    names = ["met", "not_met", "not_yet_due", "cannot_be_computed"]
    table = pd.DataFrame([dict(zip(names, row, strict=True)) for row in parts])
    table["eligible"] = table[names].sum(axis=1)
    table["measure"] = [f"R{place}" for place in range(len(table))]
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


def grouped(measure, counts, n=500):
    return pd.DataFrame(
        [
            {"measure": measure, "characteristic": "county", "level": level, "n": n}
            | {"events": count, "families": 400, "rate": count / n}
            for level, count in counts.items()
        ]
    )


def test_a_level_hidden_in_one_measure_is_hidden_in_all_that_share_its_margins():
    """What is hidden in one table cannot be worked out from another of the same children."""
    tables = [
        grouped("reentry", {"A": 4, "B": 40, "C": 60, "D": 80}),
        grouped("maltreatment", {"A": 50, "B": 40, "C": 3, "D": 80}),
    ]
    released = release_groups(pd.concat(tables), RULE)
    hidden = released[released["rate"] == "s"].groupby("measure")["level"].agg(set)
    assert hidden["reentry"] == hidden["maltreatment"] >= {"A", "C"}
    shown = released[released["rate"] != "s"]
    assert set(shown["level"]) <= {"B", "D"}


def test_a_month_with_few_is_hidden_and_no_other_gives_it_back():
    months = pd.DataFrame(
        {
            "measure": "R1",
            "month": pd.date_range("2020-01-01", periods=4, freq="MS"),
            "met": [40, 45, 50, 55],
            "not_met": [30, 4, 30, 35],
            "rate": 0.6,
            "ci_low": 0.5,
            "ci_high": 0.7,
        }
    )
    released = release_months(months, RULE)
    assert (released["rate"] == "s").sum() == 2
    assert released.loc[1, "rate"] == "s"


def test_a_question_with_a_small_numerator_shows_no_value():
    asked = indicator(5, 500).rename(columns={"observed": "value"}).assign(name="reentry")
    row = release_questions(asked, RULE).iloc[0]
    assert (row[["numerator", "value", "ci_low", "ci_high"]] == "s").all()


def test_counties_have_no_counts_and_a_small_one_is_hidden_with_another():
    table = pd.DataFrame(
        {"county": list("ABC"), "numerator": [5, 40, 60], "denominator": 500, "per": 100}
    ).assign(indicator="reentry")
    values = ["observed", "ci_low", "ci_high", "adjusted", "adjusted_low", "adjusted_high"]
    exact = table.assign(**dict.fromkeys(values, 9.0))
    released = release_counties(exact, RULE, pd.Timestamp("2021-10-01"))
    assert "numerator" not in released
    assert released.set_index("county").loc["A", "adjusted"] == "s"
    assert (released["observed"] == "s").sum() == 2


def delivered(measure, level, n, events, unit="per 100"):
    characteristic = "all" if level == "all" else "county"
    return {"measure": measure, "program": "coach", "characteristic": characteristic} | {
        "level": level, "of": "referrals", "n": n, "events": events, "unit": unit,
        "value": 10.0, "ci_low": 5.0, "ci_high": 20.0,
    }  # fmt: skip


def test_what_became_of_referrals_is_judged_together():
    """Started, refused, waiting and the rest add up to the referrals."""
    table = pd.DataFrame(
        [
            delivered("started", "all", 200, 150),
            delivered("refused", "all", 200, 46),
            delivered("on a waiting list", "all", 200, 4),
        ]
    )
    released = release_dose(table, RULE).set_index("measure")["value"]
    assert released["on a waiting list"] == "s"
    assert (released == "s").sum() >= 2


def test_a_group_hidden_in_one_measure_of_delivery_is_hidden_in_all_and_medians_of_few():
    table = pd.DataFrame(
        [
            *(
                delivered("started", level, 100, n)
                for level, n in zip("ABC", (4, 50, 60), strict=True)
            ),
            *(
                delivered("refused", level, 100, n)
                for level, n in zip("ABC", (30, 30, 25), strict=True)
            ),
            *(
                delivered("days from referral to start", level, n, pd.NA, "days (median)")
                for level, n in zip("ABC", (40, 50, 60), strict=True)
            ),
            delivered("days from referral to start", "all", 6, pd.NA, "days (median)"),
        ]
    )
    released = release_dose(table, RULE)
    assert not {"n", "events"} & set(released.columns)
    by_level = released.groupby("level")["value"].agg(lambda v: set(map(str, v)))
    assert by_level["A"] == {"s"}
    assert by_level["all"] == {"s"}
    assert sum(values == {"10.0"} for values in by_level) == 1


def test_a_month_with_few_contacts_is_hidden():
    table = pd.DataFrame(
        {"month": [1, 2], "child_months": [400, 8], "contacts": [900, 15], "per_month": [2.2, 1.9]}
    )
    released = release_contacts(table, RULE)
    assert released["per_month"].tolist() == [2.2, "s"]
    assert "contacts" not in released


def test_the_rounded_profile_rounds_measures_and_indicators():
    rule = Disclosure(8, "rounded")
    row = release_measures(measures((91, 42, 0, 0)), rule).iloc[0]
    assert row[["met", "not_met", "eligible"]].tolist() == [90, 40, 135]
    shown = release_indicators(indicator(52, 503), rule).iloc[0]
    assert shown[["numerator", "denominator"]].tolist() == [50, 505]
    assert (shown["observed"] / 100 * 505 / 5) % 1 == 0


def test_the_rounded_profile_coarsens_what_stands_without_its_counts():
    rule = Disclosure(8, "rounded")
    table = pd.DataFrame([delivered("started", "all", 200, 150) | {"value": 75.3}])
    assert release_dose(table, rule).loc[0, "value"] == 75


def test_a_level_of_few_families_is_hidden_for_its_exact_limit_would_count_them():
    """No event among 12 children of 9 families: the upper limit is 1 - 0.025 ** (1 / 9)."""
    table = pd.DataFrame(
        [
            {"measure": "reentry", "characteristic": "race_ethnicity", "level": level}
            | {"n": n, "events": events, "families": families, "rate": events / n}
            | {"ci_low": 0.0, "ci_high": 0.336}
            for level, n, events, families in (("declined", 12, 0, 9), ("white", 400, 40, 300))
        ]
    )
    assert release_groups(table, Disclosure(11))["ci_high"].tolist() == ["s", 0.336]
    assert release_groups(table, Disclosure(0))["ci_high"].tolist() == [0.336, 0.336]
