"""A target trial under other choices: each variant is the trial of the changed children."""

import numpy as np
import pandas as pd
import pytest

from evaluation.effects.trial.children import trial_children
from evaluation.effects.trial.emulation import LAST_DAYS, Emulation, Protocol
from evaluation.effects.trial.variants import POINT, trial_variants
from evaluation.sources.simulation import Program, Ratios, simulate_truth

from .conftest import make_cohort, make_study

GROUP = Program(
    name="group",
    known_at_exit=0.15,
    start_monthly=(0.25, 0.05, 0.02, 0.0, 0.0, 0.0),
    in_service=Ratios(reentry=0.5),
    after_service=Ratios(reentry=0.5),
)
STUDY = make_study(
    services=[{"program": "group", "label": "Group", "exposure": "target trial"}],
    adjustment={"covariates": ["prior_episodes", "exit_type"], "truncate": 1.0},
    report={"horizons": [365]},
)


@pytest.fixture(scope="module")
def cohort():
    return make_cohort(STUDY, simulate_truth(children=3_000, seed=4, programs=(GROUP,)))


@pytest.fixture(scope="module")
def variants(cohort):
    rows = trial_variants(cohort, STUDY.services[0], "reentry", cohort.follow_up("reentry"))
    return pd.DataFrame(rows).set_index(["analysis", "variant"])


def difference(cohort):
    children = trial_children(cohort, "reentry", STUDY.services[0])
    protocol = Protocol((60,), LAST_DAYS, "never", (365,), 1.0)
    served, other = Emulation(children, protocol, "Group").estimates([365])[0, :, 0]
    return served - other


def test_a_lag_lets_every_start_count_so_many_days_later(cohort, variants):
    """METHODS 9.3: 7, 14 and 30 days; a start after follow-up is none."""
    lags = variants.loc["lagged exposure"]
    assert list(lags.index) == ["7 days", "14 days", "30 days"]
    later = type(cohort)(**vars(cohort))
    exits = cohort.exits
    begun = exits["start_day_group"].where(~exits["known_at_exit_group"], 0) + 14
    later.exits = exits.assign(start_day_group=begun, known_at_exit_group=False)
    assert lags.loc["14 days", "estimate"] == pytest.approx(difference(later), abs=1e-9)
    assert lags.loc["14 days", "words"] == POINT


def test_a_county_left_out_is_the_trial_of_the_others(cohort, variants):
    name = sorted(cohort.exits["county"].unique())[0]
    fewer = type(cohort)(**vars(cohort))
    gone = set(cohort.exits.loc[cohort.exits["county"] == name, "exit_id"])
    rows = cohort.follow_up("reentry")
    fewer.follow_up = lambda outcome: rows[~rows["exit_id"].isin(gone)]
    own = variants.loc[("one county left out", name), "estimate"]
    assert own == pytest.approx(difference(fewer), abs=1e-9)


def test_bounds_hold_the_trial_between_all_and_none_of_those_who_moved(cohort, variants):
    bounds = variants.loc["loss bounds", "estimate"].astype(float)
    assert bounds.min() < difference(cohort) < bounds.max()
    assert np.isfinite(bounds).all() and len(bounds) == 2
