"""No hidden count of a released table can be worked out from what is shown."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from evaluation.reporting.disclosure import Disclosure
from evaluation.reporting.disclosure.cells import Cells, with_totals

RULE = Disclosure(11)
counts = st.one_of(st.integers(0, 14), st.integers(0, 200))


def tables(most_rows=5, most_columns=5):
    return st.tuples(st.integers(1, most_rows), st.integers(1, most_columns)).flatmap(
        lambda shape: st.lists(
            st.lists(counts, min_size=shape[1], max_size=shape[1]),
            min_size=shape[0],
            max_size=shape[0],
        ).map(np.array)
    )


def ranges(whole, hidden):
    """What a reader can work out: the least and most of every hidden cell.

    The reader knows every shown cell, that rows and columns add up, and that a
    hidden cell is at least 1 where its count is.
    """
    cells = [tuple(cell) for cell in np.argwhere(hidden)]
    place = {cell: i for i, cell in enumerate(cells)}
    rows, columns = whole.shape
    lines = [[(r, c) for c in range(columns)] for r in range(rows)]
    lines += [[(r, c) for r in range(rows)] for c in range(columns)]
    left, right = [], []
    for line in lines:
        *parts, total = line
        equation, known = np.zeros(len(cells)), 0
        for cell, sign in [*((part, 1) for part in parts), (total, -1)]:
            if cell in place:
                equation[place[cell]] += sign
            else:
                known += sign * whole[cell]
        left.append(equation)
        right.append(-known)
    bounds = [(min(1, whole[cell]), None) for cell in cells]
    found = {}
    for cell, i in place.items():
        ends = []
        for sign in (1, -1):
            goal = np.zeros(len(cells))
            goal[i] = sign
            solved = linprog(goal, A_eq=np.array(left), b_eq=right, bounds=bounds)
            ends.append(solved.x[i] if solved.status == 0 else np.inf)
        found[cell] = tuple(ends)
    return found


def assert_protected(values, hidden):
    whole = with_totals(values)
    small = (whole > 0) & (whole < RULE.below)
    assert not (small & ~hidden).any()
    if hidden.any():
        for cell, (low, high) in ranges(whole, hidden).items():
            assert high - low > 0.5, (cell, low, high)


def hidden_sums(whole, hidden):
    for line, mask in [*zip(whole, hidden, strict=True), *zip(whole.T, hidden.T, strict=True)]:
        if mask[:-1].any() and not mask[-1]:
            yield line[:-1][mask[:-1]].sum()


@settings(max_examples=120, deadline=None)
@given(tables())
def test_no_hidden_cell_has_only_one_possible_value(values):
    assert_protected(values, RULE.hidden(values))


@settings(max_examples=120, deadline=None)
@given(tables())
def test_no_sum_of_hidden_cells_is_itself_a_small_count(values):
    hidden = RULE.hidden(values)
    assert all(total >= RULE.below for total in hidden_sums(with_totals(values), hidden))


@settings(max_examples=80, deadline=None)
@given(tables(4, 4))
def test_totals_decided_before_stay_as_they_are(values):
    rows = RULE.hidden_one_way(values.sum(axis=1))[:-1]
    columns = RULE.hidden_one_way(values.sum(axis=0))[:-1]
    hidden = RULE.hidden(values, rows_hidden=rows, columns_hidden=columns)
    assert (hidden[:-1, -1] == rows).all()
    assert (hidden[-1, :-1] == columns).all()
    whole = with_totals(values)
    assert not (((whole > 0) & (whole < RULE.below)) & ~hidden).any()


@settings(max_examples=60, deadline=None)
@given(st.lists(counts, min_size=1, max_size=8))
def test_one_way_counts_with_their_total_shown(values):
    hidden = RULE.hidden_one_way(values)
    total = sum(values)
    assert hidden[-1] == RULE.hides(total)
    shown = sum(v for v, h in zip(values, hidden[:-1], strict=True) if not h)
    few = [v for v, h in zip(values, hidden[:-1], strict=True) if h]
    assert all(h or not RULE.hides(v) for v, h in zip(values, hidden[:-1], strict=True))
    if few and not hidden[-1]:
        assert len(few) > 1
        assert total - shown >= RULE.below


def text(frame):
    return [[str(cell) for cell in row] for row in frame.to_numpy()]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([[20, 30], [40, 50]], ["20 30 50", "40 50 90", "60 80 140"]),
        ([[0, 30], [40, 50]], ["0 30 30", "40 50 90", "40 80 120"]),
        ([[3, 30], [40, 50]], ["s s 33", "s s 90", "43 80 123"]),
        (
            [[3, 30, 60], [40, 50, 70], [80, 90, 99]],
            ["s s 60 93", "s s 70 160", "80 90 99 269", "123 170 229 522"],
        ),
    ],
)
def test_small_counts_and_what_would_give_them_back(values, shown):
    assert text(RULE.table(pd.DataFrame(values))) == [row.split() for row in shown]


def test_zero_small_and_missing_stay_three_things():
    assert RULE.count(0) == 0
    assert RULE.count(10) == "s"
    assert RULE.count(11) == 11
    assert RULE.say(0) == "0"
    assert RULE.say(3) == "fewer than 11"


def test_a_zero_is_hidden_only_where_nothing_else_can_be():
    values = np.array([[4, 0], [0, 40]])
    assert_protected(values, RULE.hidden(values))


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(
            [[8, 58, 24], [1, 13, 0], [1, 10, 27], [12, 52, 2]],
            id="behind a hidden cell that can be another number stands one that cannot",
        ),
        pytest.param(
            [[1, 0, 0, 0], [0, 14, 8, 14], [16, 1, 0, 0]],
            id="a hidden zero is no way out: it cannot fall",
        ),
        pytest.param(
            [[17, 25, 15], [1, 1, 1], [47, 0, 1]],
            id="ones cannot fall, and totals move against their parts",
        ),
    ],
)
def test_tables_in_which_a_hidden_cell_would_have_only_one_value(values):
    assert_protected(np.array(values), RULE.hidden(np.array(values)))


@pytest.mark.parametrize(
    ("values", "pattern"),
    [
        pytest.param(
            [[8, 0, 12], [3, 10, 0], [0, 9, 0]], "1010 1111 0101 1010", id="in its own row first"
        ),
        pytest.param(
            [[12, 0, 0, 0], [1, 0, 15, 1], [0, 11, 0, 0], [0, 1, 2, 2], [13, 10, 0, 0]],
            "10001 11111 00000 01111 11000 00110",
            id="then in its column, whose total comes last",
        ),
        pytest.param(
            [[0, 7, 0, 0], [17, 0, 2, 1], [0, 4, 0, 0]],
            "01001 10110 01001 11111",
            id="by the total of all where nothing else can be",
        ),
    ],
)
def test_what_helps_a_determined_cell_out(values, pattern):
    hidden = RULE.hidden(np.array(values))
    assert " ".join("".join(str(int(cell)) for cell in row) for row in hidden) == pattern
    assert_protected(np.array(values), hidden)


def test_a_count_a_little_above_or_below_last_years_is_hidden():
    values, before = np.array([[40, 60], [70, 90]]), np.array([[45, 55], [70, 40]])
    hidden = Cells(RULE, values, None, None, with_totals(before)).hidden
    assert hidden[:-1, :-1].tolist() == [[True, True], [False, False]]


def test_totals_shown_before_are_not_hidden_to_protect_a_cell():
    values = np.array([[0, 32, 5, 0], [15, 0, 0, 1], [0, 0, 0, 59], [10, 0, 18, 26]])
    rows = RULE.hidden_one_way(values.sum(axis=1))[:-1]
    columns = RULE.hidden_one_way(values.sum(axis=0))[:-1]
    hidden = RULE.hidden(values, rows_hidden=rows, columns_hidden=columns)
    assert not columns.any()
    assert not hidden[-1, :-1].any()


def test_zero_turns_disclosure_control_off():
    off = Disclosure(0)
    assert not off.hidden(np.array([[1, 2], [3, 4]])).any()
    assert off.count(3) == 3
    assert off.words == "Exact numbers: for internal use, not for release."


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("3 of 735 children (0.4%) were seen.", "fewer than 11 of 735 children were seen."),
        ("101 of 735 children (13.7%) were seen.", "101 of 735 children (13.7%) were seen."),
        ("0 of 735 children (0.0%) were seen.", "0 of 735 children (0.0%) were seen."),
        (
            "None. Of 5 families followed to day 365, 0 had one: as high as 52.2%; the rate is 4.",
            "None. The rate is 4.",
        ),
    ],
)
def test_small_counts_in_sentences_made_elsewhere_are_concealed(sentence, told):
    assert RULE.conceal(sentence) == told
