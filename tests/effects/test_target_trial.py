"""A target trial is its written-out clones, recovers its truth and says what it cannot."""

import importlib
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from evaluation import estimates
from evaluation.effects import target_trial
from evaluation.effects.trial import bootstrap
from evaluation.effects.trial.children import trial_children
from evaluation.effects.trial.emulation import Emulation, Protocol
from evaluation.effects.trial.measures import left_out, spread
from evaluation.effects.trial.weighted_sums import Growth, at_risk
from evaluation.errors import StudyError
from evaluation.sources.simulation import Program, Ratios, Scenario, estimands, simulate_truth

from .conftest import make_cohort, make_study

GROUP = Program(
    name="group",
    known_at_exit=0.15,
    start_monthly=(0.2, 0.05, 0.02, 0.0, 0.0, 0.0),
    length_days=180,
    in_service=Ratios(reentry=0.4),
    after_service=Ratios(reentry=0.4),
)
SERVICE = {"program": "group", "label": "Group", "exposure": "target trial", "grace_days": 60}


def study(**changes):
    service = SERVICE | changes.pop("service", {})
    adjustment = {
        "covariates": ["age_at_exit", "prior_episodes", "days_in_care", "exit_type"],
        "truncate": 1.0,
        "replicates": 20,
    } | changes.pop("adjustment", {})
    return make_study(services=[service], adjustment=adjustment, seed=3, **changes)


@pytest.fixture(scope="module")
def agency():
    return simulate_truth(children=6_000, seed=8, programs=(GROUP,))


@pytest.fixture(scope="module")
def trial(agency):
    return target_trial(make_cohort(study(), agency), "reentry", "group")


def test_growing_weights_are_summed_exactly():
    random = np.random.default_rng(1)
    rate, other = random.gamma(1, 1, 300), random.gamma(2, 0.2, 300)
    leave, weight = random.integers(0, 60, 300), random.random(300)
    level = np.linspace(0, 3, 40)
    found = at_risk(leave, weight, 40, Growth(rate, level), Growth(other, level / 5))
    plain = [
        (weight * np.exp(rate * level[day - 1] + other * level[day - 1] / 5))[leave >= day].sum()
        for day in range(1, 41)
    ]
    assert found == pytest.approx(plain, rel=1e-8)


def test_children_almost_sure_to_start_do_not_drown_the_others():
    """The likeliest leave on day 2; those left would be lost in what exp(35) is rounded by."""
    rate = np.concatenate([np.linspace(0, 1, 200), np.full(5, 70.0)])
    leave = np.concatenate([np.full(200, 40), np.full(5, 2)])
    weight, level = np.ones(205), np.linspace(0, 0.5, 40)
    found = at_risk(leave, weight, 40, Growth(rate, level), enter=np.zeros(205, dtype=int))
    plain = [np.exp(rate * level[day - 1])[leave >= day].sum() for day in range(1, 41)]
    assert found == pytest.approx(plain, rel=1e-8)


@pytest.mark.parametrize("history", [False, True])
@pytest.mark.parametrize("comparison", ["never", "not within grace"])
def test_the_estimate_is_that_of_clones_written_out_day_by_day(agency, comparison, history):
    """METHODS 6.4: cloning, censoring at the first contradiction, weights from start models."""
    if history:
        crises = {"crisis_monthly": 0.1, "crisis_reentry": 3.0, "crisis_start": 3.0}
        agency = simulate_truth(children=1_000, seed=8, programs=(GROUP,), **crises)
    small = study(service={"comparison": comparison})
    keep = agency.cohort["exit_id"].head(500)
    rows = agency.follow_up("reentry", horizon_days=365)
    cohort = SimpleNamespace(
        study=small,
        exits=agency.cohort,
        follow_up=lambda outcome: rows[rows["exit_id"].isin(keep)],
        report_days=agency.report_days if history else None,
    )
    children = trial_children(cohort, "reentry", small.services[0])
    protocol = Protocol((60,), 30, comparison, (180, 365), 1.0)
    assert bool(children.past) == history
    emulation = Emulation(children, protocol, "Group")
    written = []
    for day in range(1, 366):
        for arm, weight in zip(("yes", "no"), emulation.clone_weights(day), strict=True):
            there = np.flatnonzero(weight > 0)
            ends = children.stop[there] == day
            written.append(
                pd.DataFrame(
                    {
                        "start": day - 1,
                        "stop": day,
                        "event": np.where(ends, children.event[there], 0),
                        "arm": arm,
                        "weight": weight[there],
                        "id": [f"{arm}{i}" for i in there],
                    }
                )
            )
    fit = estimates.cumulative_incidence(
        pd.concat(written, ignore_index=True),
        stop="stop",
        event="event",
        start="start",
        by="arm",
        weights="weight",
        id="id",
        causes=[1],
    )
    plain = fit.at([180, 365]).set_index(["group", "time"])["incidence"]
    curves = emulation.curves()[0]
    for arm, group in enumerate(("yes", "no")):
        for day in (180, 365):
            assert curves[arm, day] == pytest.approx(plain[group, day], rel=1e-8)


@pytest.mark.parametrize(
    ("comparison", "risks"),
    [
        ("never", [0.0435489325579618, 0.0815936921739539]),
        ("not within grace", [0.0435489325579618, 0.06665621851579773]),
    ],
)
def test_given_the_exit_alone_the_numbers_are_those_of_models_without_history(
    agency, comparison, risks
):
    """Frozen before the weights could be given history: risks by day 365, and a replicate."""
    cohort = make_cohort(study(service={"comparison": comparison}), agency)
    children = trial_children(cohort, "reentry", cohort.study.services[0])
    emulation = Emulation(children, Protocol((60, 30, 120), 30, comparison, (180, 365), 0.99), "G")
    assert emulation.estimates([180, 365])[0, :, 1] == pytest.approx(risks, rel=1e-12)
    drawn = bootstrap.replicate(emulation, [180], range(1), 3)[0, 0, 0]
    assert drawn[0, 0] == pytest.approx(0.04247467978878639, rel=1e-9)


def test_a_clone_leaves_on_the_first_day_its_history_contradicts_its_strategy(agency):
    cohort = make_cohort(study(), agency)
    children = trial_children(cohort, "reentry", cohort.study.services[0])
    emulation = Emulation(children, Protocol((60,), 30, "never", (365,), 1.0), "Group")
    late = np.flatnonzero(np.isfinite(children.started) & (children.started > 65))[0]
    day = int(children.started[late])
    assert emulation.clone_weights(60)[0][late] > 0 and emulation.clone_weights(61)[0][late] == 0
    assert emulation.clone_weights(day)[1][late] > 0
    assert emulation.clone_weights(day + 1)[1][late] == 0
    in_time = np.flatnonzero((children.started == 20) & (children.stop > 61))[0]
    assert emulation.clone_weights(61)[0][in_time] > 0
    assert emulation.clone_weights(21)[1][in_time] == 0


def test_a_target_trial_recovers_the_simulators_estimands():
    """METHODS 6.3: judged by risks, natural pace and a start on the last day for the others."""
    truth = estimands(
        Scenario.from_arguments(programs=(GROUP,)), population=60_000, horizons=(180, 365)
    )
    truth = truth[(truth["exposure"] == "target trial") & (truth["outcome"] == "reentry")]
    truth = truth.set_index(["measure", "horizon"])
    large = simulate_truth(children=25_000, seed=21, programs=(GROUP,))
    asked = study(adjustment={"replicates": 30})
    found = target_trial(make_cohort(asked, large), "reentry", "group").table
    found = found.set_index(["measure", "horizon"])
    for key in truth.index.intersection(found.index):
        se = np.hypot(found.loc[key, "se"], truth.loc[key, "mc_se"])
        error = found.loc[key, "estimate"] - truth.loc[key, "value"]
        if key[0] == "risk_ratio":
            error = np.log(found.loc[key, "estimate"] / truth.loc[key, "value"])
            se = np.hypot(found.loc[key, "se"], truth.loc[key, "mc_se"] / truth.loc[key, "value"])
        assert abs(error) < 3.5 * se
    assert found.loc[("risk_difference", 365), "ci_high"] < 0


def test_half_and_double_grace_stand_beside_and_the_words_in_every_output(trial):
    assert trial.by_grace["grace_days"].unique().tolist() == [60, 30, 120]
    assert set(trial.table["horizon"]) == {180, 365}
    assert {"days_lost_difference", "risk_difference", "risk_ratio"} <= set(trial.table["measure"])
    told = " ".join(map(str, trial.notes))
    assert "an effect of starting, not of adherence" in told
    assert "whoever has not started by the last of them starting then" in told
    words = trial.protocol.set_index("element")["words"]
    assert "first day its history contradicts its strategy" in words["assignment"]
    assert set(trial.balance["when"]) == {"exit", "end of grace"}
    assert trial.plot().get_ylim()[0] == 0


def test_weights_balance_who_started_at_the_end_of_grace(trial):
    table = trial.balance[trial.balance["when"] == "end of grace"]
    assert table["after"].abs().max() < 0.5 * table["before"].abs().max()


def test_replicates_do_not_depend_on_who_runs_them(agency, trial, monkeypatch):
    """METHODS 7.5: every weight model fitted again; the same seed, the same replicates."""
    monkeypatch.setattr(bootstrap, "LARGE", 0)
    shared = target_trial(make_cohort(study(), agency), "reentry", "group", workers=2)
    assert shared.replicates == pytest.approx(trial.replicates, rel=1e-6, abs=1e-9)
    other = target_trial(make_cohort(study(), agency), "reentry", "group", seed=4, replicates=5)
    assert not np.allclose(other.replicates, trial.replicates[:5])


def test_a_replicate_is_the_estimate_of_the_families_drawn(agency):
    cohort = make_cohort(study(), agency)
    children = trial_children(cohort, "reentry", cohort.study.services[0])
    emulation = Emulation(children, Protocol((60,), 30, "never", (365,), 1.0), "Group")
    random = np.random.default_rng([3, 0])
    families = children.family.max() + 1
    drawn = np.bincount(random.integers(0, families, families), minlength=families)
    times = drawn[children.family]
    rows = np.repeat(np.arange(len(times)), times)
    repeated = type(children)(
        children.frame.iloc[rows].reset_index(drop=True),
        children.formula,
        children.x[rows],
        children.family[rows],
        (),
    )
    whole = Emulation(repeated, emulation.protocol, "Group").estimates([180])
    once = bootstrap.replicate(emulation, [180], range(1), seed=3)[0, 0]
    assert once == pytest.approx(whole, rel=2e-3)


def test_service_known_at_exit_is_day_zero_or_excluded_and_counted(agency):
    excluded = study(service={"prevalent": "exclude"})
    children = trial_children(make_cohort(excluded, agency), "reentry", excluded.services[0])
    assert (children.started > 0).all()
    assert any("known at the exit are excluded" in str(note) for note in children.notes)
    counted = trial_children(make_cohort(study(), agency), "reentry", study().services[0])
    assert (counted.started == 0).sum() == children.notes[0].counts["known"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"population": "treated"}, "[Ss]equential trials"),
        ({"grace_days": 400}, "as long as the follow-up"),
        ({"horizons": [30]}, "lies after the grace period"),
        ({"last_days": 0}, "1 or more"),
    ],
)
def test_what_a_trial_cannot_answer_is_said(agency, arguments, words):
    with pytest.raises(StudyError, match=words):
        target_trial(make_cohort(study(), agency), "reentry", "group", **arguments)


def changed(agency, **columns):
    cohort = make_cohort(study(), agency)
    cohort.exits = cohort.exits.assign(**columns)
    return cohort


def test_where_an_arm_is_followed_no_further_is_said(agency, monkeypatch):
    """A horizon without a risk in both arms is named, and one alone is no empty table."""
    module = importlib.import_module("evaluation.effects.target_trial")
    whole = module.measures
    early = lambda *given: [row for row in whole(*given) if row["horizon"] < 365]  # noqa: E731
    monkeypatch.setattr(module, "measures", early)
    cohort = make_cohort(study(), agency)
    told = target_trial(cohort, "reentry", "group", horizons=[180, 365], replicates=4)
    assert set(told.table["horizon"]) == {180}
    assert any("still followed on day 365" in str(note) for note in told.notes)
    with pytest.raises(StudyError, match="still followed on day 365"):
        target_trial(cohort, "reentry", "group", horizons=[365], replicates=4)


def test_a_service_nobody_started_is_said(agency):
    nobody = pd.array([pd.NA] * len(agency.cohort), dtype="Int64")
    cohort = changed(agency, known_at_exit_group=False, start_day_group=nobody)
    with pytest.raises(StudyError, match="no child of the cohort started"):
        target_trial(cohort, "reentry", "group")


def test_a_service_everybody_had_is_said(agency):
    with pytest.raises(StudyError, match="no one to compare"):
        target_trial(changed(agency, known_at_exit_group=True), "reentry", "group")


def test_weights_that_rest_on_five_children_are_said(agency):
    """Only five start in the last days of the grace period: they would stand for everyone."""
    start = agency.cohort["start_day_group"].astype("Float64").to_numpy(float, na_value=np.nan)
    window = np.flatnonzero((start > 30) & (start <= 60))
    start[window[5:]] = np.nan
    start[(start > 0) & (start <= 30)] = np.nan
    cohort = changed(agency, start_day_group=pd.array(start, dtype="Float64").astype("Int64"))
    cohort.study = study(adjustment={"covariates": ["age_at_exit"]})
    with pytest.raises(StudyError, match="five children carry .* weight of the treated arm"):
        target_trial(cohort, "reentry", "group", comparison="never")


def test_replicates_that_limits_are_made_without_are_counted():
    """Of three, one follows nobody served to day 30 and one has no event in the comparison."""
    drawn = np.array([[0.10, 0.20], [0.12, 0.0], [np.nan, 0.22]])[:, None, :, None]
    said = left_out(drawn, [0], (30,), "Group, grace period of 60 days")
    assert [str(note) for note in said] == [
        "Group, grace period of 60 days: 1 of 3 bootstrap replicates follow nobody of an arm to "
        "day 30 and are left out of the intervals there.",
        "Group, grace period of 60 days: 1 of 3 bootstrap replicates have no event in an arm by "
        "day 30 and are left out of the interval of its risk ratio.",
    ]
    assert left_out(drawn[:1], [0], (30,), "Group") == []
    assert spread(drawn[..., 0, 0], 1) == pytest.approx(np.std([0.10, 0.12], ddof=1))
