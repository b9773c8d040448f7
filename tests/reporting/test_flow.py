"""No small exclusion can be worked out from the remainders of the flow."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.reporting.disclosure import Disclosure, release_flow, shorter_flow

RULE = Disclosure(11)
UNITS = ["exits", "children", "families"]


def flow_of(*excluded, start=1000):
    left = [start, *(start - np.cumsum(excluded))]
    return pd.DataFrame(
        {
            "step": [f"step {n}" for n in range(len(left))],
            "reason": ["", *(f"reason {n}" for n in range(1, len(left)))],
            "children": left,
            "exits": left,
            "families": left,
            "excluded": [0, *excluded],
        }
    )


def column(released, name):
    return [str(value) for value in released[name]]


def test_large_exclusions_and_none_are_shown():
    released = release_flow(flow_of(20, 0, 30), RULE)
    assert column(released, "excluded") == ["0", "20", "0", "30"]
    assert column(released, "exits") == ["1000", "980", "980", "950"]


def test_a_small_exclusion_takes_a_neighbour_and_the_remainder_between():
    released = release_flow(flow_of(200, 6, 30, 40), RULE)
    assert column(released, "excluded") == ["0", "200", "s", "s", "40"]
    assert column(released, "exits") == ["1000", "800", "s", "764", "724"]
    assert column(released, "children") == column(released, "exits")


def test_small_exclusions_whose_sum_is_small_are_not_given_together():
    released = release_flow(flow_of(3, 4, 30, 40), RULE)
    assert column(released, "excluded") == ["0", "s", "s", "s", "40"]
    assert column(released, "exits") == ["1000", "s", "s", "963", "923"]


def test_a_flow_that_leaves_out_few_hides_its_start_and_never_the_cohort():
    released = release_flow(flow_of(3, 0, 4), RULE)
    assert column(released, "exits") == ["s", "s", "s", "993"]


def test_a_small_difference_in_children_alone_counts_too():
    flow = flow_of(200, 30, 40)
    flow["children"] = [900, 700, 698, 660]
    released = release_flow(flow, RULE)
    assert released.loc[2, "children"] == "s" or released.loc[1, "children"] == "s"


def test_steps_taken_together_keep_every_reason_and_hide_nothing():
    short = shorter_flow(flow_of(200, 6, 0, 30, 40), RULE)
    assert column(short, "excluded") == ["0", "200", "36", "40"]
    assert column(short, "reason") == ["", "reason 1", "reason 2; reason 4", "reason 5"]


def test_off_shows_everything():
    assert column(release_flow(flow_of(3, 1), Disclosure(0)), "excluded") == ["0", "3", "1"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.integers(0, 14), st.integers(0, 300)), min_size=1, max_size=9))
def test_whatever_the_flow_no_shown_difference_is_small(excluded):
    flow = flow_of(*excluded, start=5000)
    for released in (release_flow(flow, RULE), shorter_flow(flow, RULE)):
        exact = flow.set_index("step").loc[released["step"], "exits"].tolist()
        shown = [n for n, value in zip(exact, released["exits"], strict=True) if value != "s"]
        assert shown[-1] == exact[-1]
        assert not any(RULE.hides(a - b) for a, b in zip(shown, shown[1:], strict=False))
        block = []
        for number, remains in zip(released["excluded"], released["exits"], strict=True):
            assert number == "s" or not RULE.hides(number)
            block += [number] if number == "s" else []
            if remains != "s":
                assert len(block) != 1 or shown[0] != exact[0]
                block = []
