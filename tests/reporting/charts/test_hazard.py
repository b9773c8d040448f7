"""The hazard chart: rates per child-month, intervals, suppressed periods."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from evaluation.errors import OutputError
from evaluation.reporting import charts


def printed(chart):
    return [t.get_text() for t in chart.figure.findobj(Text) if t.get_text()]


@pytest.mark.parametrize(("unit", "first"), [("per 1,000 child-months", 20), ("% per month", 2)])
def test_units(make, unit, first):
    chart = charts.hazard(make["periods"]("a", 0.02), **make["words"], unit=unit)
    assert chart.table["hazard"].iloc[0] == pytest.approx(first)
    assert chart.table["ci_low"].iloc[0] == pytest.approx(0.7 * first)
    assert any(unit in text for text in printed(chart))


def test_suppressed_is_printed_and_breaks_the_line(make):
    table = make["periods"]("a").astype({"hazard": object})
    table.loc[1, ["hazard", "ci_low", "ci_high"]] = ["s", np.nan, np.nan]
    chart = charts.hazard(table, **make["words"])
    assert printed(chart).count("s") == 1
    stair = max(chart.figure.axes[0].lines, key=lambda line: len(line.get_xdata()))
    assert np.isnan(stair.get_ydata()[1])
    assert chart.table["hazard"].iloc[1] == "s"
    assert "months 3 to 6, suppressed;" in chart.alt


def test_crowded_intervals_and_many_groups_become_panels(make):
    def axes(groups, breaks):
        table = pd.concat([make["periods"](f"g{i}", breaks=breaks) for i in range(groups)])
        return len(charts.hazard(table, **make["words"]).figure.axes)

    assert [axes(1, range(25)), axes(3, (0, 6, 12, 24))] == [1, 1]
    assert [axes(3, range(37)), axes(4, (0, 6, 12, 24))] == [3, 4]


def test_an_interval_beyond_the_axis_is_said(make):
    table = make["periods"]("a", 0.01)
    table.loc[4, "ci_high"] = 3.0
    chart = charts.hazard(table, **make["words"])
    assert chart.note == "One interval goes beyond the axis (arrow); the table has the limits."
    assert chart.table["ci_high"].iloc[4] == 3000


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.assign(stop=t["start"]), "periods with start before stop"),
        (lambda t: pd.concat([t, t]), "two rows that begin on day 0"),
        (lambda t: t.assign(hazard=-1), "hazard in row 0"),
        (lambda t: t.iloc[:0], "has no rows"),
    ],
)
def test_wrong_tables_are_refused_with_a_sentence(make, change, words):
    with pytest.raises(OutputError, match=words):
        charts.hazard(change(make["periods"]("a")), **make["words"])


def test_an_unknown_unit_is_refused(make):
    with pytest.raises(OutputError, match="use one of per 1,000 child-months"):
        charts.hazard(make["periods"]("a"), **make["words"], unit="per day")
