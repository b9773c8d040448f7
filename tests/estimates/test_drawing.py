from itertools import combinations

import matplotlib
import numpy as np
import pytest

from evaluation.estimates import (
    compare,
    cox,
    cumulative_incidence,
    discrete_hazard,
    drawing,
    kaplan_meier,
    log_rank,
    parametric,
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
