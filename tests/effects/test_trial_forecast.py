"""How long target trials take is said before they start."""

from types import SimpleNamespace

import pandas as pd
import pytest

import evaluation as ev
from evaluation import jobs
from evaluation.effects.trial.forecast import trial_forecast
from evaluation.second_process import SecondProcess

SERVICES = [
    {"program": "coach", "exposure": "target trial"},
    {"program": "respite", "exposure": "at exit"},
]


def cohort(exits, outcomes=("reentry", "maltreatment"), replicates=500):
    study = ev.Study(
        title="T",
        cohort={"exits": ["2018-01-01", "2022-12-31"], "data_through": "2024-06-30"},
        outcomes={name: {} for name in outcomes},
        services=SERVICES,
        adjustment={"replicates": replicates},
    )
    rows = pd.DataFrame(index=range(exits))
    return SimpleNamespace(study=study, exits=rows, outcomes=outcomes)


@pytest.mark.parametrize(
    ("children", "said"),
    [
        (cohort(300_000), "2 target trials of 300,000 exits, about 6 minutes"),
        (cohort(100_000, ("reentry",)), "1 target trial of 100,000 exits, about 1 minute"),
        (cohort(20_000), ""),
        (cohort(100_000, ("reentry",), replicates=100), ""),
    ],
)
def test_a_minute_for_each_contrast_and_100_000_exits(children, said):
    assert trial_forecast(children) == said


def test_the_forecast_is_said_as_the_estimation_starts(monkeypatch, tmp_path):
    built, words = cohort(300_000), []

    class Stopped(Exception):
        pass

    def step(said, work):
        words.append(said)
        if said.startswith("Estimating"):
            raise Stopped
        return built

    with pytest.raises(Stopped):
        jobs._report(None, built.study, tmp_path, None, None, step, SecondProcess(cores=1))
    assert words == [
        "Building the cohort",
        "Estimating effects: 2 target trials of 300,000 exits, about 6 minutes",
    ]
