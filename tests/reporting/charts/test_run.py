"""Run chart: months in order, gaps where hidden, words for who cannot see it."""

import pandas as pd
import pytest

from evaluation.errors import OutputError
from evaluation.reporting import charts

WORDS = {"title": "Eight in ten", "subtitle": "Share met", "source": "Invented"}


def table(shares):
    starts = pd.date_range("2020-01-01", periods=len(shares), freq="MS")
    return pd.DataFrame({"month": starts, "share": shares}).assign(ci_low=0.1, ci_high=0.95)


def test_a_hidden_month_breaks_the_line_and_is_said():
    chart = charts.run(table([0.8, "s", 0.9]), **WORDS, required=1.0)
    assert chart.table["share"].tolist() == [0.8, "s", 0.9]
    (line,) = [each for each in chart.figure.axes[0].lines if len(each.get_xdata()) == 3]
    assert pd.isna(line.get_ydata()[1])
    assert "1 month is suppressed" in chart.alt
    assert "median month is 85%" in chart.alt


def test_a_month_twice_is_refused():
    twice = pd.concat([table([0.5]), table([0.6])])
    with pytest.raises(OutputError, match="two rows for 2020-01: keep one"):
        charts.run(twice, **WORDS)
