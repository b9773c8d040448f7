"""The love plot: size without sign, lines at 0.05, 0.10 and 0.25."""

import pandas as pd
import pytest
from matplotlib.text import Text

from evaluation.errors import OutputError
from evaluation.reporting import charts


def printed(chart):
    return [t.get_text() for t in chart.figure.findobj(Text) if t.get_text()]


def test_differences_are_drawn_without_sign(make):
    chart = charts.balance(make["differences"](), **make["words"])
    assert chart.table["before"].iloc[1] == 0.03
    assert "0.03" in printed(chart)


def test_thresholds_stand_on_the_axis(make):
    chart = charts.balance(make["differences"]().head(3), **make["words"])
    assert {"0.05", "0.1", "0.25"} <= set(printed(chart))


@pytest.mark.parametrize(
    ("after", "marker", "note"),
    [
        (0.10, "o", ""),
        (0.11, "^", "Triangle: still above 0.10 after weighting."),
        (0.25, "^", "Triangle: still above 0.10 after weighting."),
        (0.26, "X", "Cross: still above 0.25."),
    ],
)
def test_imbalance_has_its_own_marker_and_is_said(make, after, marker, note):
    table = pd.DataFrame({"covariate": ["age"], "before": [0.4], "after": [after]})
    chart = charts.balance(table, **make["words"])
    assert chart.figure.axes[0].lines[-1].get_marker() == marker
    assert chart.note == note


def test_words_count_the_balanced_and_name_the_worst(make):
    alt = charts.balance(make["differences"](), **make["words"]).alt
    assert "3 of 5 covariates differ by 0.10 or less" in alt
    assert f"Largest after weighting: {make['long']}, 0.31; before, not known." in alt


def test_two_services_at_once_are_refused(make):
    table = make["differences"]()
    with pytest.raises(OutputError, match="two rows for age_at_exit: choose one service"):
        charts.balance(pd.concat([table, table]), **make["words"])
