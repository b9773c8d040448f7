"""Cumulative incidence by hand: its limits, what it counts, and whom it refuses."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t

from evaluation.estimates import EstimateError, cumulative_incidence

ROWS = pd.DataFrame(
    {
        "time": range(1, 11),
        "event": [1, 2, 0, 1, 3, 2, 1, 0, 0, 1],
        "family": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
    }
)


def limits(value, se, multiplier):
    """Return limits on the scale log(-log(1 - F))."""
    stays = 1 - value
    center, half = np.log(-np.log(stays)), multiplier * se / (stays * -np.log(stays))
    return 1 - np.exp(-np.exp(center - half)), 1 - np.exp(-np.exp(center + half))


def test_limits_of_one_child_a_row_are_normal():
    for row in cumulative_incidence(ROWS, causes=[1]).table.itertuples():
        expected = limits(row.incidence, row.se, norm.ppf(0.975))
        assert (row.ci_low, row.ci_high) == pytest.approx(expected)


def test_limits_of_few_clusters_are_wider_and_from_t():
    for row in cumulative_incidence(ROWS, causes=[1], cluster="family").table.itertuples():
        expected = limits(row.incidence, row.small_sample_se, t.ppf(0.975, 4))
        assert (row.ci_low, row.ci_high) == pytest.approx(expected)


def test_events_are_counted_cause_by_cause():
    found = cumulative_incidence(ROWS)
    assert found.events == {1: 4, 2: 2, 3: 1}
    assert [int(curve.counted.sum()) for curve in found.curves] == [4, 2, 1]


@pytest.mark.parametrize("cause", [1, 2])
def test_a_subject_cannot_go_on_after_an_event_of_any_cause(cause):
    rows = pd.DataFrame(
        {"id": [1, 1, 2], "start": [0, 3, 0], "time": [3, 6, 5], "event": [cause, 1, 0]}
    )
    with pytest.raises(EstimateError):
        cumulative_incidence(rows, start="start", id="id")
