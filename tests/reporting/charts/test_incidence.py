"""Cumulative incidence draws what is in its tables and prints only disclosed numbers."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from evaluation.errors import OutputError
from evaluation.reporting import charts


def printed(chart):
    return [t.get_text() for t in chart.figure.findobj(Text) if t.get_text()]


def lines(chart):
    """Step curves of the first axes, with what they draw."""
    return [
        np.c_[line.get_data()] for line in chart.figure.axes[0].lines if line.get_ls() != "None"
    ]


@pytest.fixture
def draw(make):
    def incidence(table, at_risk, **more):
        return charts.incidence(table, at_risk, **(make["words"] | make["soon"] | more))

    return incidence


def test_curve_is_drawn_through_the_points_given(draw, make):
    table, at_risk = make["both"](make["curve"]("a"))
    drawn = lines(draw(table, at_risk))[0]
    assert tuple(drawn[0]) == (0, 0)
    given = dict(zip(table["time"], table["incidence"], strict=True))
    assert all(given[day] == pytest.approx(share) for day, share in drawn if day in given)
    assert set(given) <= set(drawn[:, 0])


def test_removed_points_are_passed_over_and_the_rest_is_drawn(draw, make):
    table, at_risk = make["both"](make["curve"]("a"))
    table = table.reset_index(drop=True)
    absent = draw(table.drop(index=range(3, 20)), at_risk)
    table.loc[3:19, ["incidence", "ci_low", "ci_high"]] = np.nan
    blank = draw(table, at_risk)
    assert np.array_equal(lines(absent)[0], lines(blank)[0])


def test_months_stand_on_the_axis_and_days_in_the_data(draw, make):
    chart = draw(*make["both"](make["curve"]("a")))
    assert {"0", "6", "12", "24", "Months since reunification"} <= set(printed(chart))
    row = chart.summary[chart.summary["day"] == 365].iloc[0]
    assert row["months"] == pytest.approx(365 / 30.4375, abs=0.005)


def test_the_value_at_the_main_horizon_stands_at_the_line(draw, make):
    table, at_risk = make["both"](make["curve"]("a"))
    at_risk.loc[at_risk["time"] == 365, ["incidence", "ci_low", "ci_high"]] = [0.1304, 0.12, 0.14]
    assert {"13 in 100", "by month 12"} <= set(printed(draw(table, at_risk)))


def test_a_suppressed_value_is_not_read_off_the_curve(draw, make):
    table, at_risk = make["both"](make["curve"]("a"))
    at_risk = at_risk.astype(object)
    at_risk.loc[at_risk["time"] == 365, ["incidence", "at_risk", "events"]] = "s"
    at_risk.loc[at_risk["time"] == 365, ["ci_low", "ci_high"]] = np.nan
    chart = draw(table, at_risk)
    assert {"suppressed (s)", "s (s)"} <= set(printed(chart))
    assert not any("in 100" in text for text in printed(chart))
    assert "By month 12: a suppressed." in chart.alt


def test_a_group_no_longer_followed_is_said_not_carried_on(draw, make):
    short = make["curve"]("short", last=300)
    chart = draw(short, make["listed"](short, last=300))
    assert "not followed" in printed(chart)
    assert lines(chart)[0][-1, 0] <= 300
    assert "By month 12: short not followed that long" in chart.alt


def test_a_group_without_points_is_named_beneath(draw, make):
    table, at_risk = make["both"](make["curve"]("a"))
    hidden = at_risk.astype(object).assign(group="b", at_risk="s", events="s", incidence="s")
    chart = draw(table, pd.concat([at_risk, hidden.assign(ci_low=np.nan, ci_high=np.nan)]))
    assert chart.note == "No curve for b: too few children to show."


def test_numbers_beneath_are_said_to_be_unweighted(draw, make):
    table, at_risk = make["both"](make["curve"]("a"))
    text = printed(draw(table, at_risk))
    row = at_risk[at_risk["time"] == 180].iloc[0]
    assert "At risk (re-entries so far), unweighted" in text
    assert "800" in text and f"{row['at_risk']:.0f} ({row['events']:.0f})" in text


def test_day_0_has_a_column_only_where_it_says_who_began(draw, make):
    table, at_risk = make["both"](make["curve"]("a"))
    at_risk.loc[at_risk["time"] == 0, "at_risk"] = 0
    text = printed(draw(table, at_risk))
    assert text.count("0") == 1, "only the axis has a 0"
    assert draw(table, at_risk).summary["at_risk"].iloc[0] == 0


def test_values_axis_begins_at_zero(draw, make):
    chart = draw(*make["both"](make["curve"]("a")))
    assert chart.figure.axes[0].get_ylim()[0] == 0
    assert "0%" in printed(chart)


def test_without_any_event_the_axis_still_says_percent(draw, make):
    chart = draw(*make["both"](make["curve"]("a", 0.0)))
    assert "1.0%" in printed(chart)
    assert "0 in 100" in printed(chart)


def test_more_than_five_groups_become_panels(draw, make):
    five = draw(*make["both"](*(make["curve"](f"g{i}") for i in range(5))))
    six = draw(*make["both"](*(make["curve"](f"g{i}") for i in range(6))))
    assert (len(five.figure.axes), len(six.figure.axes)) == (1, 6)


def test_order_follows_labels_never_the_result(draw, make):
    table, at_risk = make["both"](make["curve"]("high", 0.4), make["curve"]("low", 0.1))
    chart = draw(table, at_risk, labels={"low": "Low", "high": "High"})
    assert list(chart.summary["group"].unique()) == ["Low", "High"]


def test_mathematics_and_markup_in_names_is_text(draw, make):
    name = "<b> & $x_1$"
    chart = draw(*make["both"](make["curve"](name)))
    assert name in printed(chart)
    assert "<b>" not in chart.svg()


def test_the_table_holds_every_point_drawn(draw, make):
    chart = draw(*make["both"](make["curve"]("a")))
    drawn = {tuple(point) for point in lines(chart)[0]} - {(0.0, 0.0)}
    held = set(zip(chart.table["day"], chart.table["incidence"].astype(float), strict=True))
    assert drawn <= held
    assert list(chart.summary["day"]) == [0, 90, 180, 365, 548, 730]


def test_several_causes_need_a_choice(draw, make):
    table, at_risk = make["both"](make["curve"]("a"))
    twice = [pd.concat([t.assign(cause=1), t.assign(cause=2)]) for t in (table, at_risk)]
    with pytest.raises(OutputError, match="1, 2: name it with cause="):
        draw(*twice)
    assert len(draw(*twice, cause=2).summary) == 6
    with pytest.raises(OutputError, match="no row has cause '3'"):
        draw(*twice, cause=3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t, a: (t.assign(incidence=t["incidence"] * 100), a), "between 0 and 1"),
        (lambda t, a: (t, a[a["time"] != 365]), r"no rows at day 365: .* \.at"),
        (lambda t, a: (t, pd.concat([a, a])), "two rows for 'a' at day 0"),
        (lambda t, a: (t, a.assign(incidence=a["incidence"] / 2)), "same estimate"),
        (lambda t, a: (t.drop(columns="incidence"), a), "lacks the column incidence"),
        (lambda t, a: (t, a.drop(columns="events")), "at_risk table lacks the column events"),
        (lambda t, a: (t, a.assign(at_risk=-1)), "at_risk in row 0 is '-1'"),
        (lambda t, a: (t.iloc[:0], a), "has no rows"),
    ],
)
def test_wrong_tables_are_refused_with_a_sentence(draw, make, change, words):
    with pytest.raises(OutputError, match=words):
        draw(*change(*make["both"](make["curve"]("a"))))


def test_wrong_settings_are_refused_with_a_sentence(draw, make):
    tables = make["both"](make["curve"]("a"))
    with pytest.raises(OutputError, match="use days, months, years"):
        draw(*tables, time_unit="weeks")
    with pytest.raises(OutputError, match="at least one day"):
        draw(*tables, horizons=[])
