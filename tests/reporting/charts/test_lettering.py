"""Words break where they may, labels make room, nothing in a name can do harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from evaluation.reporting.charts.lettering import clean, keep_apart, make_room, text_width, wrap


def test_lines_break_at_spaces_and_lose_no_word():
    text = "Intensive Family Preservation and Post-Reunification Support Program"
    lines = wrap(text, 1.2)
    assert len(lines) > 2
    assert all(text_width(line) <= 1.2 for line in lines)
    assert " ".join(lines).replace("- ", "-") == text


def test_a_short_prefix_stays_with_its_word():
    assert "re-" not in wrap("children who re-entered care", text_width("children who re-") + 0.01)


def test_a_word_wider_than_the_line_is_cut_not_lost():
    lines = wrap("x" * 60, 0.5)
    assert "".join(lines) == "x" * 60
    assert all(text_width(line) <= 0.5 for line in lines)


def test_control_characters_and_line_ends_become_spaces():
    assert clean("a\x00b\n\tc\u202e") == "a b c"


def test_labels_far_apart_stay_where_they_are():
    assert make_room([1, 3], [1, 1], 0, 5) == [1, 3]


def test_labels_at_one_place_spread_evenly_around_it():
    assert make_room([2, 2], [1, 1], 0, 5) == [1.5, 2.5]


@given(some.lists(some.tuples(some.floats(-5, 15), some.floats(0.1, 1)), min_size=1, max_size=9))
def test_labels_never_overlap_and_stay_inside(labels):
    centres, heights = zip(*labels, strict=True)
    placed = make_room(centres, heights, 0, 10)
    spans = sorted((c - h / 2, c + h / 2) for c, h in zip(placed, heights, strict=True))
    assert spans[0][0] >= -1e-9 and spans[-1][1] <= 10 + 1e-9
    assert all(a[1] <= b[0] + 1e-9 for a, b in zip(spans, spans[1:], strict=False))


def test_of_crowded_numbers_the_important_ones_stay():
    assert keep_apart([0, 0.1, 0.2, 2], [0.3] * 4, [1], 0.05) == [1, 3]


@pytest.mark.parametrize("text", ["$x^2$", "a_b", "100%", "\\alpha", "Łódź", "Ñandú"])
def test_every_text_has_a_width(text):
    assert text_width(text) > 0
