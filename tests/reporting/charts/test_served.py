"""Who was served: fixed order, everyone as the reference, suppressed stays s."""

import pandas as pd
import pytest
from matplotlib.text import Text

from evaluation.errors import OutputError
from evaluation.reporting import charts


def printed(chart):
    return [t.get_text() for t in chart.figure.findobj(Text) if t.get_text()]


def test_rows_keep_their_order_with_everyone_first(make):
    table = make["reached"]()
    moved = pd.concat([table.iloc[1:], table.iloc[:1]])
    chart = charts.served(moved, **make["words"])
    assert list(chart.table["level"])[:3] == ["All children", "0 to 4", "5 to 17"]


def test_numbers_stand_beside_the_dots(make):
    text = printed(charts.served(make["reached"](), **make["words"]))
    assert {"34% (32–36)", "611 of 1,815", "0% (0–8.0)", "100% (70–100)"} <= set(text)


def test_suppressed_has_no_dot(make):
    chart = charts.served(make["reached"](), **make["words"])
    assert {"s", "s of s"} <= set(printed(chart))
    dots = [line for line in chart.figure.axes[0].lines if line.get_xdata()[0] == 0.36]
    assert len(dots) == 1
    assert "American Indian or Alaska Native suppressed" in chart.alt
    assert list(chart.table["share"]).count("s") == 1


def test_a_level_that_is_missing_is_named(make):
    assert "not recorded" in printed(charts.served(make["reached"](), **make["words"]))


def test_a_share_in_percent_is_refused(make):
    with pytest.raises(OutputError, match="share in row 0 is '34' .* between 0 and 1|is '34'"):
        charts.served(make["reached"]().replace({"share": {0.34: 34}}), **make["words"])


def test_two_services_at_once_are_refused(make):
    table = make["reached"]()
    with pytest.raises(OutputError, match="two rows for all, all"):
        charts.served(pd.concat([table, table]), **make["words"])
