"""The overlap plot: both arms by their probability of being served, mirrored."""

import pandas as pd
import pytest

from evaluation.errors import OutputError
from evaluation.reporting.charts.overlap import overlap
from evaluation.reporting.disclosure import Disclosure
from evaluation.reporting.disclosure.overlap import release_overlap


def bands(served, compared, low=(0.1, 0.15, 0.2, 0.25)):
    return pd.DataFrame(
        {
            "service": "coach",
            "outcome": "reentry",
            "low": low,
            "high": [value + 0.05 for value in low],
            "served": served,
            "compared": compared,
        }
    )


def test_bars_stand_above_and_hang_below_by_share_for_each_twentieth(make):
    table = pd.DataFrame(
        {"low": [0.1, 0.2], "high": [0.2, 0.25], "served": [0.4, 0.6], "compared": [1.0, 0.0]}
    )
    chart = overlap(table, **make["words"], served="Coach", compared="Usual care")
    heights = [bar.get_height() for bar in chart.figure.axes[0].patches]
    assert heights == pytest.approx([0.2, 0.6, -0.5, 0.0])
    assert "Coach: from 0.10 to 0.25" in chart.alt


def test_an_empty_table_is_said(make):
    nothing = pd.DataFrame(columns=["low", "high", "served", "compared"])
    with pytest.raises(OutputError, match="overlap chart cannot be drawn"):
        overlap(nothing, **make["words"], served="Coach", compared="Usual care")


def test_bands_of_few_children_are_joined_until_none_is_few():
    """4 served are joined with the next band; the last 3 compared with the one before."""
    found = release_overlap(bands([4, 30, 20, 46], [0, 40, 57, 3]), (), Disclosure(11))
    assert found[["low", "high"]].to_numpy().ravel() == pytest.approx([0.1, 0.2, 0.2, 0.3])
    assert found["served"].tolist() == pytest.approx([0.34, 0.66])
    assert found["compared"].tolist() == pytest.approx([0.4, 0.6])


def test_a_hidden_contrast_has_no_bands():
    hidden = release_overlap(bands([40] * 4, [50] * 4), (("coach", "reentry"),), Disclosure(11))
    assert hidden.empty
