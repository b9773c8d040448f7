"""Effects draw their contrasts, one line each."""

import pandas as pd
import pytest

from evaluation.effects.drawing import draw_contrasts
from evaluation.errors import StudyError

TABLE = pd.DataFrame(
    {
        "outcome": ["reentry", "reentry", "disruption"],
        "service": ["success_coach"] * 3,
        "comparison": ["usual care"] * 3,
        "horizon": [365, 365, 365],
        "measure": ["risk_difference", "hazard_ratio", "risk_difference"],
        "estimate": [-0.05, 0.7, 0.01],
        "ci_low": [-0.09, 0.5, -0.04],
        "ci_high": [-0.01, 0.98, 0.06],
    }
)


@pytest.mark.parametrize(
    ("measure", "lines", "scale"), [("risk_difference", 2, "linear"), ("hazard_ratio", 1, "log")]
)
def test_every_contrast_of_a_measure_has_a_line(measure, lines, scale):
    axes = draw_contrasts(TABLE, measure)
    labels = [text.get_text().replace("\n", " ") for text in axes.get_yticklabels()]
    assert len(labels) == lines
    assert labels[0] == "reentry: success coach against usual care, 365 days"
    assert axes.get_xscale() == scale


def test_a_measure_nobody_estimated_names_those_there_are():
    with pytest.raises(StudyError, match="risk_ratio.*risk_difference, hazard_ratio"):
        draw_contrasts(TABLE, "risk_ratio")
