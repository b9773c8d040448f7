"""The specification curve: estimates in order, the study's own filled."""

import pandas as pd

from evaluation.reporting.charts import style
from evaluation.reporting.charts.specification import specification


def test_the_specification_curve_stands_in_order_with_the_study_s_own_filled(make):
    table = pd.DataFrame(
        {
            "variant": ["own", "wide", "low"], "estimate": [-2.0, 1.0, -4.0],
            "ci_low": [-4.0, -2.0, -6.0], "ci_high": [0.5, 4.0, -1.0],
            "main": [True, False, False],
        }
    )  # fmt: skip
    chart = specification(table, **make["words"])
    assert chart.table["variant"].tolist() == ["low", "own", "wide"]
    squares = [line for line in chart.figure.axes[0].lines if line.get_marker() == "s"]
    assert [line.get_markerfacecolor() == style.PAPER for line in squares] == [True, False, True]
