"""A target trial whose covariates are not all known (METHODS 8): drawn first, then imputed."""

import numpy as np
import pandas as pd
import pytest

from evaluation.effects import effects, target_trial
from evaluation.effects.trial import bootstrap
from evaluation.effects.trial.children import trial_children
from evaluation.effects.trial.emulation import Protocol
from evaluation.effects.trial.imputation import ImputedTrial, Incomplete
from evaluation.effects.trial.measures import pooled_risk, spread
from evaluation.sources.simulation import Program, Ratios, simulate_truth

from .conftest import make_cohort, make_study

GROUP = Program(
    name="group",
    known_at_exit=0.2,
    start_monthly=(0.25, 0.05, 0.02, 0.0, 0.0, 0.0),
    length_days=180,
    referral=3.0,
    in_service=Ratios(),
    after_service=Ratios(),
)


def study(missing="multiple imputation", replicates=4):
    return make_study(
        services=[{"program": "group", "label": "Group", "exposure": "target trial"}],
        adjustment={
            "covariates": ["prior_episodes", "exit_type"],
            "truncate": 1.0,
            "replicates": replicates,
            "missing": missing,
        },
        report={"horizons": [365]},
        seed=3,
    )


@pytest.fixture(scope="module")
def agency():
    return simulate_truth(children=3_000, seed=12, programs=(GROUP,))


def lacking(agency, plan):
    """Earlier episodes are not known for half of those who started and re-entered."""
    cohort = make_cohort(plan, agency)
    rows = cohort.follow_up("reentry").copy()
    random = np.random.default_rng(2)
    event = rows.groupby("exit_id")["event"].transform("max") == 1
    begun = rows["exit_id"].map(agency.cohort.set_index("exit_id")["start_day_group"]).notna()
    chance = rows["exit_id"].map(
        pd.Series(random.random(rows["exit_id"].nunique()), rows["exit_id"].unique())
    )
    gone = chance < 0.05 + 0.6 * (event & begun)
    rows["prior_episodes"] = rows["prior_episodes"].astype("Float64").mask(gone)
    cohort.follow_up = lambda outcome: rows
    return cohort


def difference(found):
    return found.table.set_index("measure").loc["risk_difference"]


def test_imputing_recovers_what_complete_cases_lose(agency):
    """Lost with the outcome: complete cases credit the service with re-entries left out."""
    full = difference(target_trial(make_cohort(study(), agency), "reentry", "group"))
    cohort = lacking(agency, study())
    imputed = target_trial(cohort, "reentry", "group")
    cases = difference(target_trial(cohort, "reentry", "group", missing="complete cases"))
    own = difference(imputed)
    assert abs(own["estimate"] - full["estimate"]) < 0.5 * full["se"]
    assert abs(cases["estimate"] - full["estimate"]) > 3 * abs(own["estimate"] - full["estimate"])
    assert own["n_treated"] + own["n_comparison"] > cases["n_treated"] + cases["n_comparison"]
    assert any("imputed inside each replicate" in str(note) for note in imputed.notes)
    assert imputed.balance["after"].notna().all()
    assert np.isfinite(imputed.replicates).all() and len(imputed.replicates) == 4


def test_the_variance_is_that_of_families_and_a_share_of_that_of_imputing():
    """von Hippel and Bartlett (2021): between replicates 4, between sets inside 9."""
    random = np.random.default_rng(1)
    drawn = 2 * random.normal(size=(40_000, 1)) + 3 * random.normal(size=(40_000, 2))
    assert spread(drawn, 20) == pytest.approx(np.sqrt(4 + 9 / 20), rel=0.02)
    alone = random.normal(size=(500, 1))
    assert spread(alone, 1) == pytest.approx(alone.std(ddof=1))


def test_risks_are_pooled_on_the_complementary_log_log_scale():
    values = np.array([0.1, 0.3])
    middle = np.log(-np.log1p(-values)).mean()
    assert pooled_risk(values) == pytest.approx(1 - np.exp(-np.exp(middle)))


def imputed(agency):
    plan = study()
    children = trial_children(lacking(agency, plan), "reentry", plan.services[0], complete=False)
    incomplete = Incomplete.of(children.frame[list(children.covariates)])
    protocol = Protocol((60,), 30, "never", (365,), 1.0)
    return ImputedTrial(children, incomplete, protocol, "Group", seed=3)


def test_families_are_drawn_first_and_imputed_inside_each_replicate(agency):
    """Two sets in a replicate differ, and a family drawn twice is two families."""
    trial = imputed(agency)
    share = trial.incomplete.children / len(trial.children.stop)
    assert trial.sets == max(20, int(np.ceil(100 * share)))
    times = np.full(len(trial.children.stop), 2)
    found = trial.drawn([365], times, [3, 0])
    assert found.shape == (2, 1, 2, 2) and not np.allclose(found[0], found[1])
    assert trial.drawn([365], times, [3, 0]) == pytest.approx(found, rel=1e-12)


def test_replicates_do_not_depend_on_who_runs_them(agency, monkeypatch):
    trial = imputed(agency)
    alone, _ = bootstrap.bootstrap(trial, "Group", [365], 3, seed=3)
    monkeypatch.setattr(bootstrap, "LARGE", 0)
    shared, _ = bootstrap.bootstrap(trial, "Group", [365], 3, seed=3, workers=2)
    assert shared == pytest.approx(alone, rel=1e-6)


def test_where_nothing_is_missing_imputing_changes_nothing(agency):
    own = [
        target_trial(make_cohort(study(missing), agency), "reentry", "group").table
        for missing in ("multiple imputation", "complete cases")
    ]
    pd.testing.assert_frame_equal(*own)


def test_a_study_shows_patterns_and_complete_cases_beside_an_imputed_trial(agency):
    found = effects(lacking(agency, study(replicates=2)))
    assert found.cannot.empty
    assert "prior_episodes" in set(found.missing["lacking"])
    cases = found.beside[found.beside["analysis"] == "complete cases"]
    assert set(cases["measure"]) == set(found.table["measure"])
    assert (cases["n_treated"] < found.table["n_treated"].iloc[0]).all()
