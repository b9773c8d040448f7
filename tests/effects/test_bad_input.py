"""What the data cannot answer is a sentence that says so, one for each way (by its name)."""

import numpy as np
import pandas as pd
import pytest

from evaluation.effects import effects, propensity, target_trial
from evaluation.errors import StudyError

from .conftest import make_cohort, make_study

COACH = {"program": "success_coach", "label": "Coach", "exposure": "at exit"}
TRIAL = COACH | {"exposure": "target trial"}


def known(truth, served, **study):
    """The cohort with everyone's receipt at the exit as given."""
    cohort = make_cohort(make_study(**study), truth)
    days = pd.array([0 if s else pd.NA for s in served], dtype="Int64")
    cohort.exits = truth.cohort.assign(
        known_at_exit_success_coach=served, start_day_success_coach=days
    )
    return cohort


def sentence(cohort):
    found = effects(cohort)
    assert found.table.empty, "nothing is estimated beside the sentence"
    return found.cannot["sentence"].item()


def test_a_service_nobody_received(truth):
    cohort = known(truth, np.zeros(len(truth.cohort), bool))
    assert "the served arm has no children" in sentence(cohort)
    gone = make_cohort(make_study(services=[COACH | {"program": "other"}]), truth)
    assert "no spell of the program other reaches any child" in sentence(gone)


def test_a_service_everybody_received(truth):
    cohort = known(truth, np.ones(len(truth.cohort), bool))
    assert "the comparison arm has no children" in sentence(cohort)


def test_perfect_separation_in_the_propensity(truth):
    """Whoever had an earlier episode was served, nobody else."""
    cohort = known(truth, (truth.cohort["prior_episodes"] > 0).to_numpy())
    assert "predict receipt of Coach at exit perfectly" in sentence(cohort)


def test_an_arm_with_no_events(truth):
    rows = make_cohort(make_study(), truth).follow_up("reentry").copy()
    served = truth.cohort.set_index("exit_id")["known_at_exit_success_coach"]
    rows.loc[rows["exit_id"].map(served), "event"] = 0
    cohort = make_cohort(make_study(), truth)
    cohort.follow_up = lambda outcome: rows
    said = sentence(cohort)
    assert "no event of re-entry in the served arm, so no ratio exists" in said
    assert "exact 95% limit on families" in said and "exact Poisson 95% limit" in said


def test_a_grace_period_longer_than_follow_up(truth):
    cohort = make_cohort(make_study(services=[TRIAL | {"grace_days": 365}]), truth)
    assert "what comes after starting is never seen; shorten grace_days" in sentence(cohort)


@pytest.mark.parametrize(
    ("column", "when"),
    [
        ("dose_success_coach", "days of service so far, on each day of follow-up"),
        ("end_day_success_coach", "the day a service ended, which may be any day of follow-up"),
        ("age_band", "age_at_exit is known at the exit"),
    ],
)
def test_a_covariate_measured_after_exit_is_refused_with_its_timing(truth, column, when):
    study = make_study(adjustment={"covariates": ["age_at_exit", column], "weights": "overlap"})
    with pytest.raises(StudyError, match=when):
        effects(make_cohort(study, truth))
    with pytest.raises(StudyError, match=when):
        target_trial(make_cohort(study, truth), "reentry", "success_coach")


def test_weights_that_concentrate_on_five_children(truth):
    """Four of the comparison children are like the served; they would stand for all of them."""
    prior = (truth.cohort["prior_episodes"] > 0).to_numpy()
    served = prior.copy()
    served[np.flatnonzero(prior)[:2]] = False
    served[np.flatnonzero(~prior)[:30]] = True
    cohort = known(
        truth,
        served,
        adjustment={
            "covariates": ["prior"],
            "weights": "treated",
            "truncate": 1.0,
            "outcome_model": False,
        },
    )
    rows = cohort.follow_up("reentry").assign(prior=0)
    flag = pd.Series(prior, truth.cohort["exit_id"])
    rows["prior"] = rows["exit_id"].map(flag).astype(int)
    cohort.follow_up = lambda outcome: rows
    assert "five children carry" in sentence(cohort)


def test_an_estimand_the_design_cannot_give(truth):
    cohort = make_cohort(make_study(services=[TRIAL]), truth)
    with pytest.raises(StudyError, match="Sequential trials"):
        target_trial(cohort, "reentry", "success_coach", population="treated")
    with pytest.raises(StudyError, match="all eligible, treated, overlap"):
        data = pd.DataFrame({"served": [True, False] * 20, "age": range(40)})
        propensity(data, "served", "age", estimand="everyone")
    later = make_study(
        services=[COACH | {"exposure": "time-varying"}],
        adjustment={"covariates": ["age_at_exit"], "weights": "treated", "outcome_model": True},
    )
    notes = " ".join(map(str, effects(make_cohort(later, truth)).notes))
    assert "baseline weights cannot make such a" in notes
