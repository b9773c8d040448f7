"""Contrasts of a study: what is estimated, what is refused, and what is said instead."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation.cohorts.assigned import AssignedInCare
from evaluation.effects import effects, home, propensity
from evaluation.effects.arms import Arms, arms_of
from evaluation.effects.at_exit import weighted_risks
from evaluation.effects.groups import effects_by_group
from evaluation.effects.multiplicity import adjust, family
from evaluation.effects.result import TABLE_COLUMNS
from evaluation.effects.study_effects import estimate
from evaluation.effects.weighting import Weighting
from evaluation.errors import StudyError

from .conftest import COHORT, make_cohort, make_study

COACH = {"program": "success_coach", "label": "Coach", "exposure": "at exit"}
NOBODY_ASSIGNED = AssignedInCare(
    pd.DataFrame(columns=["arm"]), pd.DataFrame(columns=["child_id"]), 0
)
RISKS = ("risk_treated", "risk_comparison", "risk_difference", "risk_ratio")
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
        *([*RISKS, "days_lost_difference"] * 2),
        "subdistribution_hazard_ratio",
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
    keep = truth.cohort["family_id"].drop_duplicates().head(200)
    rows = small.follow_up("reentry")
    rows = rows[rows["family_id"].isin(keep)]

    def difference(without=None):
        cohort = SimpleNamespace(
            study=study,
            exits=truth.cohort,
            follow_up=lambda outcome: rows[rows["family_id"] != without],
        )
        arms = arms_of(cohort, "reentry", study.services[0])
        data = arms.rows.assign(served=arms.served)
        fitted = propensity(data, "served", arms.covariate_formula, "overlap")
        found, _, _ = weighted_risks(Weighting(arms, fitted), (365,))
        return next(row for row in found if row["measure"] == "risk_difference")

    whole = difference()
    jackknife = np.array([difference(f)["estimate"] for f in keep])
    spread = np.sqrt(((jackknife - jackknife.mean()) ** 2).sum())
    assert whole["se"] == pytest.approx(spread, rel=0.06)


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
        (COACH | {"exposure": "target trial", "compare_with": "no service"}, "usual care, not"),
        (COACH | {"program": "nobody"}, "no spell of the program nobody"),
    ],
)
def test_what_cannot_be_estimated_is_said(truth, service, words, monkeypatch):
    cohort = make_cohort(make_study(services=[service]), truth)
    cohort.stages = SimpleNamespace(records=None, candidates=None)
    monkeypatch.setattr(home, "assigned_in_care", lambda *_: NOBODY_ASSIGNED)
    found = effects(cohort)
    assert found.table.empty
    assert words in found.cannot["sentence"].iloc[0]


def test_days_lost_are_the_area_between_the_arms_curves(truth):
    """METHODS 7.2: days at home lost to re-entry, with the variance of the weights."""
    table = fixed_effects(10, 20).table.set_index(["measure", "horizon"])
    lost = table.loc[("days_lost_difference", 365)]
    assert lost["estimate"] == pytest.approx((0.10 - 0.20) * 265)
    assert lost["se"] == pytest.approx(265 * table.loc[("risk_difference", 365), "se"])
    assert lost["method"] != ""


def test_augmented_risks_agree_with_the_weighted_ones(truth):
    """METHODS 7.7: doubly robust means augmented weighting for risks at a horizon."""
    study = make_study(adjustment=adjustment(weights="all eligible", truncate=1))
    found = effects(make_cohort(study, truth))
    main = found.table.set_index(["measure", "horizon"])
    own = found.beside[found.beside["analysis"] == "augmented"].set_index(["measure", "horizon"])
    for measure in ("risk_treated", "risk_comparison", "risk_difference"):
        key = (measure, 365)
        assert abs(own.loc[key, "estimate"] - main.loc[key, "estimate"]) < main.loc[key, "se"]
        assert own.loc[key, "se"] == pytest.approx(main.loc[key, "se"], rel=0.35)
    assert own["method"].str.contains("doubly robust").all()


def test_landmarks_stand_side_by_side_and_follow_those_still_home(truth):
    """METHODS 5.3: receipt settled on day L, risks of children still home then."""
    study = make_study(
        services=[COACH | {"exposure": "landmark", "landmark_days": [30, 90]}],
        adjustment=adjustment(weights="all eligible"),
    )
    found = effects(make_cohort(study, truth))
    side = found.beside[found.beside["analysis"] == "landmark"]
    assert side["variant"].unique().tolist() == ["day 30", "day 90"]
    first = side[(side["variant"] == "day 30") & (side["measure"] == "risk_difference")]
    main = found.table[found.table["measure"] == "risk_difference"]
    assert first["estimate"].tolist() == main["estimate"].tolist()
    arms = arms_of(make_cohort(study, truth), "reentry", study.services[0], landmark=90)
    assert (arms.rows["start"] == 90).all() and (arms.rows["stop"] > 90).all()
    begun = truth.cohort.set_index("exit_id")["start_day_success_coach"]
    served = arms.rows.loc[arms.served, "exit_id"].map(begun)
    assert (served <= 90).all()
    late = arms.rows.loc[arms.compared, "exit_id"].map(begun)
    assert (late.isna() | (late > 90)).all()


@pytest.mark.parametrize("exposure", ["at exit", "landmark", "time-varying"])
def test_another_comparison_leaves_out_and_counts_who_is_in_neither_arm(truth, exposure):
    """METHODS 5.5: no service, or another program."""
    services = [
        COACH | {"exposure": exposure, "compare_with": "no service", "landmark_days": [60]},
        GROUP,
    ]
    study = make_study(services=services)
    cohort = make_cohort(study, truth)
    arms = arms_of(cohort, "reentry", study.services[0])
    usual = arms_of(
        cohort, "reentry", study.services[0].model_copy(update={"compare_with": "usual care"})
    )
    assert arms.compared.sum() <= usual.compared.sum()
    assert arms.served.sum() == usual.served.sum()
    if exposure != "time-varying":
        gone = len(usual.rows) - len(arms.rows)
        assert (gone > 0) == (exposure == "landmark")
        if gone:
            assert any(note.counts.get("out") == gone for note in arms.notes)
    other = arms_of(
        cohort,
        "reentry",
        study.services[0].model_copy(update={"compare_with": "parent_group"}),
    )
    if exposure == "time-varying":
        rows = other.rows[other.compared]
        assert (rows["exposure_parent_group"] == "in service").all()
        assert (rows["exposure_success_coach"] != "in service").all()


def test_a_target_trial_is_a_contrast_of_the_study_like_any_other(truth):
    study = make_study(
        services=[COACH | {"exposure": "target trial"}],
        adjustment=adjustment(weights="all eligible", replicates=10),
        primary={"outcome": "reentry", "service": "success_coach", "horizon": 365},
    )
    found = effects(make_cohort(study, truth))
    assert tuple(found.table.columns) == TABLE_COLUMNS
    assert found.table.loc[found.table["horizon"] == 365, "primary"].all()
    assert set(found.beside["analysis"]) == {"grace period"}
    assert set(found.curves["group"]) == {"yes", "no"}
    assert ("success_coach", "reentry") in found.trials
    assert {"balance", "effective children"} <= set(found.diagnostics["check"])


def test_groups_have_their_own_effects_and_an_interaction_test(truth):
    study = make_study(
        adjustment=adjustment(weights="all eligible"),
        report={"horizons": [365], "equity_by": ["county"]},
    )
    beside = effects(make_cohort(study, truth)).beside
    own = beside[(beside["analysis"] == "by county") & (beside["measure"] == "risk_difference")]
    assert own["variant"].iloc[-1] == "groups differ" and len(own) > 2
    value, se = own["estimate"].iloc[:-1].astype(float), own["se"].iloc[:-1].astype(float)
    weight = 1 / se**2
    statistic = (weight * (value - np.average(value, weights=weight)) ** 2).sum()
    expected = stats.chi2.sf(statistic, len(value) - 1)
    assert own["p"].iloc[-1] == pytest.approx(expected), "no family lives in two counties"


def test_a_group_with_too_few_for_an_effect_says_so_without_its_counts(truth):
    study = make_study(
        adjustment=adjustment(weights="all eligible"),
        report={"horizons": [365], "equity_by": ["ward"]},
    )
    cohort = make_cohort(study, truth)
    ward = np.where(np.arange(len(truth.cohort)) < 30, "Pier", "Hill")
    cohort.exits = truth.cohort.assign(ward=ward)
    beside = effects(cohort).beside
    own = beside[(beside["analysis"] == "by ward") & (beside["variant"] == "Pier")]
    assert own["measure"].isna().all()
    assert own["method"].tolist() == [
        "There are too few children or events in an arm of this group for an effect of its own; "
        "pool years, or make ward coarser."
    ]


def test_siblings_in_two_groups_are_allowed_for_in_the_interaction_test():
    """Every child has a twin of the other sex with the same fate: no sex can differ."""
    rows, exits = fixed_rows(20, 40)
    twins = pd.concat([rows, rows.assign(exit_id="t" + rows["exit_id"])], ignore_index=True)
    twins["x"] = np.tile(np.r_[np.zeros(150), np.ones(50)], 2)
    served = twins["exposure_coach"] != "before"
    one = Arms(
        twins.assign(coach=pd.Categorical(np.where(served, "yes", "no"), ["no", "yes"])),
        "reentry",
        make_study(services=[{"program": "coach", "exposure": "at exit"}]).services[0],
        (),
        (),
    )
    study = make_study(design="randomized", adjustment={"weights": "none"})
    sex = pd.Series(np.repeat(["f", "m"], 200), index=twins["exit_id"])
    tests = [r for r in effects_by_group(one, sex, "sex", study, estimate, 365) if "p" in r]
    differ = next(r for r in tests if r["variant"] == "groups differ")
    assert differ["p"] == pytest.approx(1.0)
    changed = twins.copy()
    flip = changed.index[200:206]
    changed.loc[flip, ["event", "stop"]] = [0, 365]
    other = replace(one, rows=changed.assign(coach=one.rows["coach"]))
    differ = next(
        r
        for r in effects_by_group(other, sex, "sex", study, estimate, 365)
        if r["variant"] == "groups differ"
    )
    assert differ["p"] < 0.02, "six pairs apart are no chance when all others agree"


def test_diagnostics_give_one_verdict_and_name_what_fails(truth):
    good = effects(make_cohort(make_study(), truth))
    assert good.verdict("success_coach", "reentry") in ("pass", "caution")
    assert {
        "balance",
        "positivity",
        "effective children",
        "proportional hazards",
        "events per parameter",
        "follow-up maturity",
    } == set(good.diagnostics["check"])
    raw = truth.cohort.assign(known_at_exit_success_coach=truth.cohort["prior_episodes"] > 0)
    cohort = make_cohort(make_study(adjustment=adjustment(covariates=["age_at_exit"])), truth)
    cohort.exits = raw
    assert effects(cohort).verdict("success_coach", "reentry") == "pass"
    early = make_study(primary={"outcome": "reentry", "service": "success_coach", "horizon": 365})
    cohort = make_cohort(early, truth)
    rows = cohort.follow_up("reentry").copy()
    rows = rows[rows["start"] < 200]
    rows.loc[rows["stop"] > 200, ["stop", "event"]] = [200, 0]
    cohort.follow_up = lambda outcome: rows
    assert effects(cohort).failing("success_coach", "reentry") == ["follow-up maturity"]


def test_benjamini_and_hochberg_stand_beside_holm_and_the_family_is_named():
    table = pd.DataFrame(
        {
            "measure": "risk_difference",
            "horizon": 365,
            "p": [0.04, 0.01, 0.03],
            "primary": [True, False, False],
        }
    )
    assert adjust(table, "fdr_bh").tolist() == pytest.approx([0.04, 0.02, 0.03])
    assert family(table).tolist() == [
        "primary: stands alone",
        *(["risk_difference at day 365 of the 2 contrasts that are not primary"] * 2),
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"covariates": ["age_at_exi"]}, 'Did you mean "age_at_exit"'),
        ({"covariates": ["exposure_success_coach"]}, "after the exit .the state of a service"),
        ({"covariates": ["support_status"]}, "after the exit .the support window on each day"),
        ({"covariates": ["start_day_success_coach"]}, "after the exit .the day a service began"),
        ({"covariates": ["index_date"]}, "names or dates an exit"),
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
