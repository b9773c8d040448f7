"""The forest plot: filled where the interval excludes no difference, words where there is none."""

import pandas as pd
import pytest
from matplotlib.text import Text

from evaluation.errors import OutputError
from evaluation.reporting import charts
from evaluation.reporting.charts import style


def printed(chart):
    return [t.get_text() for t in chart.figure.findobj(Text) if t.get_text()]


def marks(chart, marker):
    return [line for line in chart.figure.axes[0].lines if line.get_marker() == marker]


def test_a_square_is_filled_where_the_interval_excludes_no_difference(make):
    chart = charts.forest(make["ordinary_contrasts"](), **make["words"])
    filled = [line.get_markerfacecolor() == style.SERVICE for line in marks(chart, "s")]
    assert filled == [True, False, False, False]
    assert list(chart.table["excludes_no_difference"]) == filled


def test_an_interval_that_touches_no_difference_does_not_exclude_it(make):
    chart = charts.forest(make["contrast"]("o", "s", (0.8, 0.64, 1.0)), **make["words"])
    assert not chart.table["excludes_no_difference"].any()


def test_the_axis_is_logarithmic_around_one(make):
    table = pd.concat(
        [make["contrast"]("o", s, (r, r, r)) for s, r in (("a", 0.5), ("b", 1), ("c", 2))]
    )
    xs = [line.get_xdata()[0] for line in marks(charts.forest(table, **make["words"]), "s")]
    assert xs == pytest.approx([0, 0.5, 1])


def test_numbers_stand_beside_the_marks(make):
    text = printed(charts.forest(make["ordinary_contrasts"](), **make["words"]))
    assert {"0.76 (0.61–0.94)", "−3.2 (−5.9 to −0.7)", "+0.7 (−1.7 to +3.7)"} <= set(text)
    assert {"← fewer with the service", "more →", "Hazard ratio", "Difference per 100"} <= set(text)


def test_what_is_missing_suppressed_or_refused_is_said(make):
    chart = charts.forest(make["extreme_contrasts"](), **make["words"])
    text = " ".join(printed(chart))
    assert "too few events to estimate (4 re-entries among 31 children)" in text
    assert {"–", "s"} <= set(printed(chart))
    assert "Re-entry" not in text and "too few events" in chart.alt


def test_the_truth_is_a_named_tick(make):
    table = make["contrast"]("o", "s", (0.76, 0.61, 0.94), truth=0.75)
    chart = charts.forest(table, **make["words"], truth_label="truth")
    assert "truth" in printed(chart)
    assert "Vertical tick: truth." in chart.note
    assert chart.table["truth"].item() == 0.75


def test_ever_against_never_is_an_open_grey_diamond_and_no_effect(make):
    table = make["contrast"]("o", "s", (0.19, 0.1, 0.3), naive=True)
    chart = charts.forest(table, **make["words"])
    (mark,) = marks(chart, "D")
    assert mark.get_markerfacecolor() == style.PAPER
    assert mark.get_color() == style.COMPARISON
    assert "Diamond: not an effect." in chart.note
    assert any("biased" in text for text in printed(chart))


def test_what_goes_beyond_the_axis_has_an_arrow_and_its_numbers(make):
    chart = charts.forest(make["extreme_contrasts"](), **make["words"])
    assert marks(chart, "<") and marks(chart, ">")
    assert "Arrow: goes beyond the axis." in chart.note
    assert "12.50 (0.01–9,000)" in printed(chart) or "(0.01–9,000)" in printed(chart)


def test_two_horizons_at_once_are_refused(make):
    table = make["ordinary_contrasts"]()
    with pytest.raises(OutputError, match="two rows for the hazard_ratio of coach on reentry"):
        charts.forest(pd.concat([table, table]), **make["words"])


def test_a_measure_that_is_not_there_is_refused(make):
    with pytest.raises(OutputError, match="no row of its table has the measure odds_ratio"):
        charts.forest(
            make["ordinary_contrasts"](), **make["words"], ratio="odds_ratio", difference="none"
        )


def test_a_negative_ratio_is_refused(make):
    with pytest.raises(OutputError, match="estimate in row 0 is '-0.5'"):
        charts.forest(make["contrast"]("o", "s", (-0.5, 0.1, 1)), **make["words"])


def test_a_failing_contrast_is_hollow_red_and_named_in_the_forest(make):
    table = pd.DataFrame(
        {
            "outcome": "Re-entry", "service": ["Coach", "Respite"], "measure": "hazard_ratio",
            "estimate": 0.6, "ci_low": 0.5, "ci_high": 0.7, "failing": [True, False],
        }
    )  # fmt: skip
    chart = charts.forest(table, **make["words"])
    squares = [line for line in chart.figure.axes[0].lines if line.get_marker() == "s"]
    assert [square.get_color() for square in squares] == [style.FAILED, style.SERVICE]
    assert squares[0].get_markerfacecolor() == style.PAPER
    assert "Coach (fails its checks)" in chart.alt
    assert chart.table["failing"].tolist() == [True, False]
