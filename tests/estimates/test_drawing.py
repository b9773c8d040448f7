from dataclasses import replace
from itertools import combinations

import matplotlib
import numpy as np
import pandas as pd
import pytest

from evaluation.estimates import (
    compare,
    competing_models,
    cox,
    cumulative_incidence,
    discrete_hazard,
    drawing,
    kaplan_meier,
    log_rank,
    mean_cumulative,
    parametric,
    period_counts,
    restricted_mean,
    zero_event_limits,
)

LONG = {
    "none": "Usual care, with whatever services the family found itself",
    "coach": "Intensive Family Preservation and Success Coach Follow-Along (pilot)",
    "respite": "Respite",
}


def written(ax) -> list:
    ax.figure.canvas.draw()
    texts = [*ax.texts, ax.xaxis.label, ax.yaxis.label]
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        texts += [t.label1 for t in axis.get_major_ticks() if low <= t.get_loc() <= high]
    return [t for t in texts if t.get_text().strip() and t.get_visible()]


def boxes(ax) -> list:
    renderer = ax.figure.canvas.get_renderer()
    return [(t.get_text(), t.get_window_extent(renderer).padded(-0.5)) for t in written(ax)]


def assert_nothing_overlaps_or_is_cut_off(ax) -> None:
    found = boxes(ax)
    for (one, a), (two, b) in combinations(found, 2):
        assert not a.overlaps(b), f"{one!r} overlaps {two!r}"
    page = ax.figure.bbox
    for text, box in found:
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page.x1 and box.y1 <= page.y1
        assert inside, f"{text!r} is cut off"


@pytest.mark.parametrize("groups", [1, 2, 3])
@pytest.mark.parametrize("days", [True, False])
def test_nothing_in_a_curve_chart_overlaps_or_is_cut_off(groups, days, children):
    children["group"] = children["group"].map(LONG)
    some = children[children["group"].isin(sorted(LONG.values())[:groups])]
    ax = cumulative_incidence(some, by="group").plot(days=days)
    assert_nothing_overlaps_or_is_cut_off(ax)


def test_nothing_in_a_ratio_chart_overlaps_or_is_cut_off(children):
    children["never"] = ((children["event"] != 1) & (children["child_id"] % 7 == 0)).astype(int)
    ax = cox(children, "age + kin + county + never", cause=1).plot()
    assert_nothing_overlaps_or_is_cut_off(ax)
    assert "no finite estimate" in [t.get_text() for t in ax.texts]


def test_numbers_beneath_are_those_of_the_table(children):
    curves = kaplan_meier(children, by="group", cause=1)
    shown = [t.get_text() for t in written(curves.plot())]
    read = curves.at([500])
    for n, d in zip(read["at_risk"], read["events"], strict=True):
        assert f"{n:,} ({d:,})" in shown


def test_text_is_fira_sans_and_global_settings_stay(children):
    before = dict(matplotlib.rcParams)
    ax = kaplan_meier(children, by="group", cause=1).plot()
    assert {t.get_fontname() for t in written(ax)} == {"Fira Sans"}
    assert dict(matplotlib.rcParams) == before


def test_draws_into_given_axes(children):
    _, ax = drawing.figure()
    assert kaplan_meier(children, cause=1).plot(ax=ax) is ax


def test_only_the_cause_asked_for_is_drawn(children):
    curves = cumulative_incidence(children)
    end = curves.plot(cause=2).lines[0].get_ydata()[-1]
    assert end == curves.table.query("cause == 2")["incidence"].iloc[-1]
    with pytest.raises(ValueError, match="no curve of cause 9"):
        curves.plot(cause=9)


def test_the_comparison_is_grey_and_dashed(children):
    curves = kaplan_meier(children, by="group", cause=1)
    lines = curves.plot(comparison="none").lines
    assert [line.get_color() == drawing.COMPARISON for line in lines] == [False, True, False]
    with pytest.raises(ValueError, match="no group 'nobody'"):
        curves.plot(comparison="nobody")


@pytest.mark.parametrize("many", [4, 7])
def test_many_groups_fit(many, children):
    children["group"] = "Program number " + (children["child_id"] % many).astype(str)
    assert_nothing_overlaps_or_is_cut_off(kaplan_meier(children, by="group", cause=1).plot())


def test_every_result_draws_itself(children):
    children["event"] = (children["event"] == 1).astype(int)
    options = {"breaks": [0, 6, 12, 40]}
    small, large = cox(children, "age"), cox(children, "age + kin")
    for result in (
        restricted_mean(children, by="group", horizon=[365, 730]),
        log_rank(children, by="group"),
        discrete_hazard(children, "age + kin", **options),
        parametric(children, "age + kin"),
        zero_event_limits(children, horizon=365, family="family_id", by="group"),
        compare(small, large),
        large.proportional_hazards(),
    ):
        assert_nothing_overlaps_or_is_cut_off(result.plot())
        assert "<table" in result._repr_html_()
        assert result.to_dict()["n"] == len(children)


BREAKS = [0, 6, 12, 40]
CURVES = {
    "kaplan_meier": lambda d, r: kaplan_meier(d, by="kin", cause=1),
    "cumulative_incidence": lambda d, r: cumulative_incidence(d, by="kin"),
    "mean_cumulative": lambda d, r: mean_cumulative(
        r, start="start", stop="stop", event="event", id="child_id"
    ),
}
READINGS = {
    "quantile": (lambda d: kaplan_meier(d, event="any", by="kin").quantile(0.2), "time"),
    "differences": (lambda d: kaplan_meier(d, event="any", by="kin").differences(9), "difference"),
    "restricted_mean": (lambda d: restricted_mean(d, horizon=365, by="kin"), "mean"),
    "cox": (lambda d: cox(d, "age + kin", cause=1), "hazard_ratio"),
    "competing_models": (lambda d: competing_models(d, "age + kin"), "hazard_ratio"),
    "parametric": (lambda d: parametric(d, "age + kin", cause=1), "ratio"),
    "zero": (
        lambda d: zero_event_limits(d, horizon=90, family="family_id", cause=1, by="kin"),
        "estimate",
    ),
}


@pytest.mark.parametrize("what", CURVES)
def test_curves_are_drawn_from_their_table_and_nothing_else(what, children, recurrent):
    result = CURVES[what](children, recurrent)
    value = result.value_name
    for changed in (result, replace(result, table=result.table.assign(**{value: 0.25}))):
        table = changed.table
        if "cause" in table:
            table = table[table["cause"] == 1]
        lines = changed.plot().lines
        assert len(lines) == table["group"].nunique()
        for line, (_, part) in zip(lines, table.groupby("group"), strict=True):
            np.testing.assert_array_equal(line.get_xdata()[1:], part["time"])
            np.testing.assert_array_equal(line.get_ydata()[1:], part[value])


@pytest.mark.parametrize("what", READINGS)
def test_estimates_are_drawn_from_their_table_and_nothing_else(what, children):
    make, column = READINGS[what]
    result = make(children.assign(any=children["event"] > 0))
    moved = result.table[column] * 1.01
    for changed in (result, replace(result, table=result.table.assign(**{column: moved}))):
        table = changed.table
        if "parameter" in table:
            table = table[table["parameter"] == "effect"]
        if "measure" in table:
            table = table[table["measure"] != "rate"]
        points = [line.get_xdata()[0] for line in changed.plot().lines if line.get_marker() == "s"]
        np.testing.assert_allclose(points, table[column], rtol=1e-12)


def test_hazards_functional_form_and_influence_are_drawn_from_their_tables(children):
    model = cox(children, "age + kin", cause=1)
    form = model.functional_form("age")
    moved = replace(form, table=form.table + 1.0)
    found = model.influential(most=5)
    twice = found.table.assign(displacement=2 * found.table["displacement"])
    hazard = kaplan_meier(children, cause=1).hazard([0, 30, 90])
    higher = replace(hazard, table=hazard.table.assign(hazard=0.5))
    assert moved.plot().lines[1].get_ydata().tolist() == moved.table["residual"].tolist()
    doubled = replace(found, table=twice).plot().lines[0].get_xdata()
    np.testing.assert_array_equal(doubled, twice["displacement"].iloc[::2])
    assert set(higher.plot().lines[-1].get_ydata()) == {0.5}


@pytest.mark.parametrize("options", [{}, {"start": "entry"}])
def test_the_risk_table_counts_those_followed_unweighted(options, children):
    """Under delayed entry numbers may rise; a competing event ends being at risk."""
    times = [0, 60, 365, 730]
    weighted = cumulative_incidence(children, by="kin", weights="weight", **options)
    table = weighted.risk_table(times)
    begin = children[options["start"]] if options else pd.Series(0, children.index)
    for row in table.to_dict("records"):
        mine = children["kin"] == row["group"]
        followed = mine & (children["time"] >= row["time"])
        followed &= (begin < row["time"]) if row["time"] > 0 else (begin <= 0)
        happened = mine & (children["event"] == row["cause"]) & (children["time"] <= row["time"])
        assert (row["at_risk"], row["events"]) == (followed.sum(), happened.sum())
        assert row["weighted_at_risk"] == pytest.approx(children["weight"][followed].sum())
    assert "weighted_at_risk" not in cumulative_incidence(children, **options).risk_table(times)
    shown = [t.get_text() for t in weighted.plot(cause=2).texts]
    assert "At risk (events so far), unweighted" in shown


def test_nothing_in_the_further_charts_overlaps_or_is_cut_off(children):
    children["group"] = children["group"].map(LONG)
    data = children.assign(any=children["event"] > 0)
    model = cox(data, "age + kin + prior", cause=1, cluster="family_id")
    curves = kaplan_meier(data, event="any", by="group", cluster="family_id")
    both = competing_models(data, "age + kin")
    for chart in (
        curves.quantile([0.1, 0.5]),
        curves.differences([180, 365]),
        curves.hazard([0, 90, 365, 1_100]),
        restricted_mean(data, horizon=365, by="group").differences(),
        model.influential(most=12),
        model.functional_form("age"),
        both,
        both.calibration(365),
        period_counts(data, "kin", cause=1, breaks=BREAKS),
    ):
        assert_nothing_overlaps_or_is_cut_off(chart.plot())
        assert "<table" in chart._repr_html_()
        assert {"versions", "table", "n", "events", "dropped"} <= set(chart.to_dict())


def test_a_dollar_in_a_name_is_a_dollar(children):
    children["group"] = "costs $1 and $2"
    ax = kaplan_meier(children, by=["group", "kin"], cause=1).plot()
    assert any("$1 and $2" in t.get_text() and not t.get_parse_math() for t in written(ax))


def test_the_title_is_the_finding(children):
    found = [t.get_text() for t in written(cox(children, "age + kin", cause=1).plot())]
    assert "kin: a ratio of 1 (no difference) lies outside the interval" in found
    assert "cox (age + kin): 1,388 rows; events: 247" in found
    curve = cumulative_incidence(children[children["event"] < 2])
    at = curve.at(1_000)["incidence"][0]
    title = f"By time 1000, {100 * at:.0f}% had had the event"
    assert title in [t.get_text() for t in written(curve.plot())]


def test_styles_differ_in_more_than_colour():
    styles = drawing.line_styles(5, comparison=0)
    assert styles[0].color == drawing.COMPARISON
    assert len(set(styles)) == 5
    assert len({s.dash for s in styles}) == len({s.marker for s in styles}) == 5


def test_labels_move_apart_no_more_than_needed():
    placed = drawing.spread_apart([0.5, 0.52, 0.9], [0.1, 0.1, 0.1])
    np.testing.assert_allclose(placed, [0.46, 0.56, 0.9])
    np.testing.assert_allclose(drawing.spread_apart([0.9, 0.1], [0.1, 0.1]), [0.9, 0.1])


def _contrast(color: str) -> float:
    def light(hexadecimal):
        parts = [int(hexadecimal[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    return 1.05 / (light(color) + 0.05)


@pytest.mark.parametrize("color", [drawing.SERVICE, drawing.COMPARISON, *drawing.FURTHER])
def test_colours_stand_out_on_white(color):
    assert _contrast(color) >= 5.5


@pytest.fixture(autouse=True)
def _close_figures():
    matplotlib.use("agg")
    yield
    from matplotlib import pyplot

    pyplot.close("all")
