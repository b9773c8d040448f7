"""Nothing overlaps and nothing is cut off, at any width a report uses: text boxes are measured."""

from itertools import combinations

from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text

TOLERANCE = 1.0  # pixels at 200 dots per inch: 0.005 inches


def texts(chart):
    chart.figure.draw_without_rendering()
    found = [t for t in chart.figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    return [(t, t.get_window_extent()) for t in found]


def overlap(one, other):
    wide = min(one.x1, other.x1) - max(one.x0, other.x0)
    high = min(one.y1, other.y1) - max(one.y0, other.y0)
    return wide > TOLERANCE and high > TOLERANCE


def test_no_two_texts_overlap(drawn):
    wrong = [
        (one.get_text(), other.get_text())
        for (one, a), (other, b) in combinations(texts(drawn), 2)
        if overlap(a, b)
    ]
    assert wrong == []


def test_no_text_is_cut_off(drawn):
    page = drawn.figure.bbox
    wrong = [
        text.get_text()
        for text, box in texts(drawn)
        if box.x0 < page.x0 or box.x1 > page.x1 or box.y0 < page.y0 or box.y1 > page.y1
    ]
    assert wrong == []


def test_text_in_a_box_stays_in_it(drawn):
    boxes = [box.get_window_extent() for box in drawn.figure.findobj(FancyBboxPatch)]
    wrong = [
        text.get_text()
        for text, extent in texts(drawn)
        for box in boxes
        if overlap(extent, box) and not (box.x0 <= extent.x0 and extent.x1 <= box.x1)
    ]
    assert wrong == []


def test_no_two_boxes_overlap(drawn):
    boxes = [box.get_window_extent() for box in drawn.figure.findobj(FancyBboxPatch)]
    assert not [pair for pair in combinations(boxes, 2) if overlap(*pair)]


def test_no_upright_line_runs_through_a_name(drawn):
    upright = []
    for line in drawn.figure.findobj(Line2D):
        if line.axes is None and len(set(line.get_xdata())) == 1 and len(line.get_xdata()) == 2:
            upright.append(line.get_window_extent())
    wrong = [
        text.get_text()
        for text, box in texts(drawn)
        for line in upright
        if box.x0 < (line.x0 + line.x1) / 2 < box.x1
        and min(box.y1, line.y1) - max(box.y0, line.y0) > 4
        and text.get_text() != "s"
    ]
    assert wrong == []


def test_every_chart_has_words_and_data(drawn):
    assert drawn.alt.endswith(".")
    assert drawn.title in drawn.svg()
    assert len(drawn.table) and len(drawn.summary)


def test_the_layout_tests_can_fail(make):
    chart = make["gallery"]["balance"](6.5)
    chart.figure.text(0.99, 0.5, "far beyond the edge")
    chart.figure.text(0.99, 0.5, "and one upon the other")
    boxes = texts(chart)
    assert any(box.x1 > chart.figure.bbox.x1 for _, box in boxes)
    assert any(overlap(a, b) for (_, a), (_, b) in combinations(boxes, 2))
