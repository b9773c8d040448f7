"""Contrasts of a study: what is estimated, what is refused, and what is said instead."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation.effects import effects
from evaluation.effects.arms import arms_of
from evaluation.effects.at_exit import at_exit_effects
from evaluation.effects.multiplicity import adjust
from evaluation.effects.result import TABLE_COLUMNS
from evaluation.errors import StudyError

from .conftest import COHORT, make_cohort, make_study

COACH = {"program": "success_coach", "label": "Coach", "exposure": "at exit"}
GROUP = {"program": "parent_group", "label": "Group", "exposure": "time-varying"}


def adjustment(**changes):
    return {
        "covariates": ["age_at_exit", "prior_episodes", "disability"],
        "weights": "overlap",
        "outcome_model": False,
    } | changes


def test_risks_come_first_and_hazard_ratios_second(truth):
    table = effects(make_cohort(make_study(), truth)).table
    assert tuple(table.columns) == TABLE_COLUMNS
    assert table["measure"].tolist() == [
        *(["risk_treated", "risk_comparison", "risk_difference", "risk_ratio"] * 2),
        "hazard_ratio",
    ]
    by = table.set_index(["measure", "horizon"])["estimate"]
    assert by["risk_difference", 365] == pytest.approx(
        by["risk_treated", 365] - by["risk_comparison", 365]
    )
    assert (table["ci_low"] < table["estimate"]).all()
    assert (table["estimate"] < table["ci_high"]).all()


def test_the_variance_carries_the_weight_model(truth):
    """METHODS 7.5: leaving a family out, weights re-estimated, changes what the influence says."""
    study = make_study()
    small = SimpleNamespace(**vars(make_cohort(study, truth)))
    keep = truth.cohort["family_id"].drop_duplicates().head(450)
    rows = small.follow_up("reentry")
    rows = rows[rows["family_id"].isin(keep)]

    def difference(without=None):
        cohort = SimpleNamespace(
            study=study,
            exits=truth.cohort,
            follow_up=lambda outcome: rows[rows["family_id"] != without],
        )
        part = at_exit_effects(arms_of(cohort, "reentry", study.services[0]), (365,), study)
        return next(row for row in part.rows if row["measure"] == "risk_difference")

    whole = difference()
    jackknife = np.array([difference(f)["estimate"] for f in keep])
    spread = np.sqrt(((jackknife - jackknife.mean()) ** 2).sum())
    assert whole["se"] == pytest.approx(spread, rel=0.05)


def test_without_weights_a_study_that_is_not_randomized_compares_no_risks(truth):
    plain = make_study(adjustment=adjustment(weights="none", outcome_model=True))
    found = effects(make_cohort(plain, truth))
    assert found.table["measure"].tolist() == ["hazard_ratio"]
    assert any("No risks" in str(note) for note in found.notes)
    randomized = make_study(
        design="randomized", adjustment=adjustment(weights="none", outcome_model=True)
    )
    assert "risk_difference" in set(effects(make_cohort(randomized, truth)).table["measure"])


def test_weights_and_model_agree_about_whom_the_effect_is_for(truth):
    for population in ("all eligible", "treated", "overlap"):
        study = make_study(adjustment=adjustment(weights=population))
        assert set(effects(make_cohort(study, truth)).table["population"]) == {population}


@pytest.mark.parametrize(
    ("service", "words"),
    [
        (COACH | {"brings_about_exit": True}, "changes who exits"),
        (COACH | {"exposure": "target trial"}, "not offered by this version"),
        (COACH | {"exposure": "landmark"}, "not offered by this version"),
        (COACH | {"compare_with": "no service"}, "not offered by this version"),
        (COACH | {"program": "nobody"}, "no spell of the program nobody"),
    ],
)
def test_what_cannot_be_estimated_is_said(truth, service, words):
    found = effects(make_cohort(make_study(services=[service]), truth))
    assert found.table.empty
    assert words in found.cannot["sentence"].item()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"covariates": ["age_at_exi"]}, 'Did you mean "age_at_exit"'),
        ({"covariates": ["exposure_success_coach"]}, "changes after the exit"),
        ({"covariates": ["support_status"]}, "changes after the exit"),
        ({"missing": "multiple imputation"}, "not offered by this version"),
    ],
)
def test_a_wrong_adjustment_is_an_error(truth, changes, words):
    study = make_study(adjustment=adjustment(**changes))
    with pytest.raises(StudyError, match=words):
        effects(make_cohort(study, truth))


def fixed_rows(events_served, events_other, per_arm=100):
    """One child a family, followed to day 365 unless an event on day 100 ends it."""
    rows = []
    for served, events in ((True, events_served), (False, events_other)):
        for number in range(per_arm):
            child = f"{'s' if served else 'n'}{number}"
            happened = number < events
            rows.append((child, child, 1, 100 if happened else 365, int(happened), served))
    frame = pd.DataFrame(rows, columns=["exit_id", "family_id", "start", "stop", "event", "served"])
    frame["exposure_coach"] = np.where(frame["served"], "in service", "before")
    exits = frame[["exit_id"]].assign(known_at_exit_coach=frame["served"], age_at_exit=5)
    return frame, exits


def fixed_effects(events_served, events_other, per_arm=100):
    rows, exits = fixed_rows(events_served, events_other, per_arm)
    study = make_study(
        design="randomized",
        services=[{"program": "coach", "exposure": "at exit"}],
        adjustment={"weights": "none"},
    )
    return effects(
        SimpleNamespace(
            study=study, exits=exits, outcomes=("reentry",), follow_up=lambda outcome: rows
        )
    )


def test_an_arm_without_events_gives_exact_limits_not_an_infinite_ratio():
    """METHODS 7.9: families followed to the horizon, and person-time, both labelled."""
    found = fixed_effects(0, 20)
    assert found.table.empty
    sentence = found.cannot["sentence"].item()
    share = stats.beta.ppf(0.975, 1, 100)
    rate = stats.chi2.ppf(0.975, 2) / 2 / (100 * 364 / 365.25) * 100
    assert f"{share:.1%}" in sentence and "on families" in sentence
    assert f"{rate:.1f} per 100 child-years" in sentence and "Poisson" in sentence


def test_too_few_events_or_children_are_said_without_a_small_count():
    assert "fewer than 11 events" in fixed_effects(3, 20).cannot["sentence"].item()
    assert "fewer than 20 children" in fixed_effects(6, 6, per_arm=12).cannot["sentence"].item()


def test_risks_without_censoring_are_shares():
    table = fixed_effects(10, 20).table.set_index(["measure", "horizon"])["estimate"]
    assert table["risk_treated", 365] == pytest.approx(0.10)
    assert table["risk_comparison", 365] == pytest.approx(0.20)
    assert table["risk_ratio", 365] == pytest.approx(0.5)


def test_immortal_time_the_naive_ratio_is_refused_and_the_honest_one_is_one(immortal_null):
    """Exact null example: naive 0.359728, time-varying 1.000."""
    study = make_study(
        cohort=COHORT | {"horizon_days": 360},
        services=[{"program": "coach", "exposure": "time-varying"}],
        adjustment={"weights": "none"},
        report={"horizons": [360]},
    )
    exits = immortal_null[["exit_id"]].drop_duplicates()
    cohort = SimpleNamespace(
        study=study, exits=exits, outcomes=("reentry",), follow_up=lambda outcome: immortal_null
    )
    found = effects(cohort)
    assert found.naive["risk_ever"].item() == pytest.approx(0.058235, abs=2e-4)
    assert found.naive["risk_never"].item() == pytest.approx(0.161887, abs=2e-4)
    assert found.naive["risk_ratio"].item() == pytest.approx(0.359728, abs=2e-3)
    assert "0.36" in found.naive["sentence"].item()
    ratio = found.table.set_index("measure").loc["hazard_ratio", "estimate"]
    assert ratio == pytest.approx(1.0, abs=0.01)


def test_missing_covariates_are_counted_not_filled(truth):
    cohort = make_cohort(make_study(), truth)
    rows = cohort.follow_up("reentry").copy()
    lost = rows["exit_id"].drop_duplicates().head(30)
    rows["disability"] = rows["disability"].astype("boolean")
    rows.loc[rows["exit_id"].isin(lost), "disability"] = pd.NA
    cohort.follow_up = lambda outcome: rows
    found = effects(cohort)
    assert any(note.counts.get("incomplete") == 30 for note in found.notes)
    assert found.table["n_treated"].iloc[0] + found.table["n_comparison"].iloc[0] == (
        rows["exit_id"].nunique() - 30
    )


def test_holm_leaves_the_primary_contrast_alone():
    table = pd.DataFrame(
        {
            "measure": "risk_difference",
            "horizon": 365,
            "p": [0.04, 0.01, 0.03],
            "primary": [True, False, False],
        }
    )
    assert adjust(table).tolist() == pytest.approx([0.04, 0.02, 0.03])
