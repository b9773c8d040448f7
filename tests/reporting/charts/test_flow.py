"""The flow diagram shows every step, and every reason with its count."""

import pytest
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text

from evaluation.errors import OutputError
from evaluation.reporting import charts


def printed(chart):
    return [t.get_text() for t in chart.figure.findobj(Text) if t.get_text()]


def test_every_step_and_every_reason_is_there(make):
    table = make["steps"](4)
    chart = charts.flow(table, **make["words"])
    text = printed(chart)
    whole = " ".join(text)
    assert all(f"Step {i}" in text for i in range(12))
    assert whole.count("Discharge reason missing") == 4
    assert text.count("40") == 11 and text.count("s") == 1
    assert len(chart.figure.findobj(FancyBboxPatch)) == 14 + 13


def test_a_step_that_left_nobody_out_is_shown_as_zero(make):
    assert "0" in printed(charts.flow(make["steps"](), **make["words"]))


def test_neighbouring_reasons_of_one_step_share_a_box(make):
    table = make["steps"]()
    table.loc[[1, 2, 3], "step"] = "Exits that can be followed"
    chart = charts.flow(table, **make["words"])
    assert printed(chart).count("Exits that can be followed") == 1
    assert len(chart.figure.findobj(FancyBboxPatch)) == 3 + 2


def test_the_first_box_is_everyone_and_the_last_the_cohort(make):
    chart = charts.flow(make["steps"](), **make["words"])
    assert "4,210 exits · 3,900 children · 2,800 families" in printed(chart)
    assert chart.alt.endswith("Left: 1,815 exits and 1,815 children.")


def test_a_wrong_count_is_refused(make):
    with pytest.raises(OutputError, match="excluded in row 1 is 'some'"):
        charts.flow(make["steps"]().replace({"excluded": {40: "some"}}), **make["words"])


def test_a_suppressed_count_is_spoken_as_such(make):
    alt = charts.flow(make["steps"](), **make["words"]).alt
    assert "Left out, suppressed: Later exit of the child." in alt
