"""The truth is right: identities, brute force, and an independent Cox model."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from evaluation.sources.simulation import Program, Ratios, Scenario, estimands, simulate_truth
from evaluation.sources.simulation.collapsed_cox import Tally
from evaluation.sources.simulation.follow_up import end_of_follow_up
from evaluation.sources.simulation.outcomes import outcomes
from evaluation.sources.simulation.spells import spell_if_known, spell_if_late, with_spell
from evaluation.sources.simulation.world import simulate_world

COACH = Program(
    name="coach",
    known_at_exit=0.4,
    in_service=Ratios(reentry=0.5),
    after_service=Ratios(reentry=0.5),
)
GROUP = Program(name="group", start_monthly=(0.1, 0.05, 0.02, 0.0, 0.0, 0.0), length_days=90)
SIMPLE = Scenario(programs=(COACH, GROUP))


@pytest.fixture(scope="module")
def truth():
    return estimands(SIMPLE, population=15_000, horizons=(180, 365))


def values(table, **chosen):
    for column, value in chosen.items():
        table = table[table[column] == value]
    return table.set_index(["population", "horizon"])["value"].sort_index()


def test_every_value_has_its_error_and_its_meaning(truth):
    assert list(truth) == [
        "service",
        "outcome",
        "horizon",
        "population",
        "exposure",
        "measure",
        "value",
        "mc_se",
        "meaning",
    ]
    assert np.isfinite(truth[["value", "mc_se"]]).all(axis=None)
    assert not truth.duplicated(list(truth)[:6]).any()
    assert truth["meaning"].str.endswith(".").all()
    assert not truth["meaning"].str.contains("[{}]").any()


def test_risks_are_not_defined_for_a_time_varying_exposure(truth):
    measures = set(truth.loc[truth["exposure"] == "time-varying", "measure"])
    assert measures == {"hazard_ratio_conditional", "hazard_ratio_conditional_after"}


def test_a_service_that_never_starts_before_the_exit_has_no_effect_at_exit(truth):
    assert "at exit" not in set(truth.loc[truth["service"] == "group", "exposure"])


def test_differences_and_ratios_follow_from_the_risks(truth):
    for exposure in ("at exit", "target trial"):
        chosen = {"service": "coach", "outcome": "reentry", "exposure": exposure}
        treated = values(truth, measure="risk_treated", **chosen)
        untreated = values(truth, measure="risk_comparison", **chosen)
        difference = values(truth, measure="risk_difference", **chosen)
        ratio = values(truth, measure="risk_ratio", **chosen)
        np.testing.assert_allclose(difference, treated - untreated, atol=1e-12)
        np.testing.assert_allclose(ratio, treated / untreated)


def test_a_service_without_effect_has_exactly_none(truth):
    null = truth[(truth["service"] == "group") & (truth["exposure"] == "target trial")]
    assert (null.loc[null["measure"] == "risk_difference", "value"] == 0).all()
    assert (null.loc[null["measure"] == "risk_ratio", "value"] == 1).all()
    varying = truth[(truth["service"] == "group") & (truth["exposure"] == "time-varying")]
    assert (abs(varying["value"] - 1) < 4 * varying["mc_se"]).all()


def test_risks_equal_those_of_an_agency_where_nobody_or_everybody_is_served(truth):
    """At exit, usual care without later starts is an agency without the service at all."""
    chosen = {"service": "coach", "outcome": "reentry", "exposure": "at exit"}
    untreated = values(truth, measure="risk_comparison", **chosen)["all eligible", 365]
    treated = values(truth, measure="risk_treated", **chosen)["all eligible", 365]
    nobody = dataclasses.replace(SIMPLE, programs=(GROUP,))
    halved = tuple(hazard / 2 for hazard in SIMPLE.reentry_monthly)
    everybody = dataclasses.replace(nobody, reentry_monthly=halved)
    for scenario, expected in ((nobody, untreated), (everybody, treated)):
        world = simulate_world(scenario, 15_000, seed=20_260_101)
        end = end_of_follow_up(world.outcomes, "reentry", 365)
        risk = (end.event == 1)[world.population.in_window].mean()
        assert risk == pytest.approx(expected, abs=1e-12)


def test_frailty_moves_the_marginal_ratio_towards_one(truth):
    """A conditional ratio of 0.75 with frailty variance 0.5 is about 0.78 marginally."""
    constant = dataclasses.replace(
        SIMPLE,
        programs=(
            dataclasses.replace(
                COACH, in_service=Ratios(reentry=0.75), after_service=Ratios(reentry=0.75)
            ),
        ),
    )
    found = estimands(constant, population=40_000, horizons=(730,))
    found = found[(found["outcome"] == "reentry") & (found["exposure"] == "at exit")]
    found = found[found["population"] == "all eligible"].set_index("measure")
    marginal, conditional = (
        found.loc[f"hazard_ratio_{kind}", "value"] for kind in ("marginal", "conditional")
    )
    error = found.loc["hazard_ratio_marginal", "mc_se"]
    assert 0.75 < conditional < marginal
    assert marginal == pytest.approx(0.78, abs=0.01 + 2 * error)


def test_weighting_by_the_true_propensity_finds_the_marginal_ratio():
    """Nothing confounds beyond what the propensity holds: one large agency, overlap weights."""
    world_truth = simulate_truth(40_000, seed=8, programs=(COACH,), common_removal=0.0)
    cohort = world_truth.cohort
    rows = world_truth.follow_up("reentry").drop_duplicates("child_id", keep="last")
    data = cohort.merge(rows[["child_id", "stop", "event"]], on="child_id")
    served = data["known_at_exit_coach"].to_numpy(int)
    chance = data["propensity_coach"].to_numpy()
    weight = np.where(served == 1, 1 - chance, chance)
    batch = pd.factorize(data["family_id"])[0] % 50
    nothing = np.zeros(len(data), dtype=int)
    event, stop = (data["event"] == 1).to_numpy(), data["stop"].to_numpy()
    tally, crude = Tally(730, 2, np.zeros(1)), Tally(730, 2, np.zeros(1))
    tally.add(nothing + 1, stop, event, served, nothing, batch, weight)
    crude.add(nothing + 1, stop, event, served, nothing, batch, np.ones(len(data)))
    (found,), (biased,) = tally.hazard_ratios(), crude.hazard_ratios()
    known = estimands(
        Scenario(programs=(COACH,), common_removal=0.0), population=40_000, horizons=(730,)
    )
    known = known[(known["measure"] == "hazard_ratio_marginal") & (known["outcome"] == "reentry")]
    expected = known.set_index("population").loc["overlap"]
    assert abs(found.value - expected["value"]) < 3 * np.hypot(found.se, expected["mc_se"])
    assert biased.value > expected["value"] + 5 * biased.se


def test_counts_give_the_ratios_of_an_independent_cox_model():
    rng = np.random.default_rng(3)
    count = 3_000
    band = rng.integers(0, 4, count)
    scores = np.array([-0.6, -0.1, 0.2, 0.5])
    switch, batch = rng.integers(5, 200, count), rng.integers(0, 50, count)
    time = np.ceil(rng.exponential(400, count) * np.exp(-scores[band]))
    stop, died = np.minimum(time, 300), time <= 300
    first = np.minimum(stop, switch)
    later = stop > switch
    parts = [(np.zeros(count), first, died & ~later, 0), (first, stop, died, 1)]
    tally, frames = Tally(300, 2, scores), []
    for (start, end, event, state), rows in zip(parts, (np.full(count, True), later), strict=True):
        states = np.full(rows.sum(), state)
        ones = np.ones(rows.sum())
        tally.add(start[rows], end[rows], event[rows], states, band[rows], batch[rows], ones)
        frames.append(
            pd.DataFrame(
                {
                    "start": start[rows],
                    "stop": end[rows],
                    "event": event[rows].astype(int),
                    "state": states,
                    "score": scores[band][rows],
                }
            )
        )
    fit = CoxPHFitter().fit(pd.concat(frames), "stop", "event", entry_col="start")
    (found,) = tally.hazard_ratios()
    assert found.value == pytest.approx(np.exp(fit.params_["state"]), rel=0.003)
    assert found.se / found.value == pytest.approx(fit.standard_errors_["state"], rel=0.35)


def test_bands_of_the_linear_predictor_stand_for_the_covariates(truth):
    """The conditional ratio agrees with a Cox model that has every covariate."""
    world = simulate_world(SIMPLE, 15_000, seed=20_260_101)
    people, copies = world.population, []
    for served in (0, 1):
        spell = (
            spell_if_known(people, world.latent, COACH, 0)
            if served
            else spell_if_late(SIMPLE, people, world.latent, COACH, 0)
        )
        spells = with_spell(people, world.spells, 0, *spell)
        happened = outcomes(SIMPLE, people, world.latent, spells)
        end = end_of_follow_up(happened, "reentry", 365, world.data_end)
        kept = people.in_window & (end.stop > 1)
        copies.append(
            pd.DataFrame(
                {
                    "stop": end.stop,
                    "event": (end.event == 1).astype(int),
                    "served": served,
                    "age": people.age_at_exit,
                    "prior": people.families.prior_episodes[people.children.family],
                    "days": people.days_in_care / 365,
                    "disability": people.children.disability.astype(int),
                    "county": people.families.county[people.children.family].astype(str),
                    "exit_type": people.children.exit_type.astype(str),
                }
            )[kept]
        )
    data = pd.get_dummies(pd.concat(copies), columns=["county", "exit_type"], drop_first=True)
    fit = CoxPHFitter().fit(data.astype(float), "stop", "event")
    chosen = {"exposure": "at exit", "measure": "hazard_ratio_conditional"}
    known = values(truth, service="coach", outcome="reentry", **chosen)["all eligible", 365]
    assert np.log(known) == pytest.approx(fit.params_["served"], abs=0.01)


def test_a_state_nobody_reaches_has_no_row():
    long = dataclasses.replace(COACH, completion=1.0, length_days=900)
    found = estimands(Scenario(programs=(long,)), population=4_000, horizons=(180,))
    assert "hazard_ratio_conditional" in set(found["measure"])
    assert "hazard_ratio_conditional_after" not in set(found["measure"])


def test_surveillance_raises_reports_and_not_maltreatment():
    watched = dataclasses.replace(
        COACH, surveillance=2.0, in_service=Ratios(), after_service=Ratios()
    )
    quiet = dataclasses.replace(watched, surveillance=1.0)
    seen, unseen = (
        simulate_truth(3_000, seed=2, programs=(program,)) for program in (watched, quiet)
    )
    more = seen.cohort["maltreatment_screened_in_day"].notna().sum()
    assert more > unseen.cohort["maltreatment_screened_in_day"].notna().sum()
    assert seen.cohort["reentry_day"].equals(unseen.cohort["reentry_day"])
    everything = [len(t.maltreatment) for t in (seen, unseen)]
    assert everything[0] == pytest.approx(everything[1], rel=0.03)
    reported = [t.maltreatment["reported"].mean() for t in (seen, unseen)]
    assert reported[0] > reported[1] + 0.02


def test_unrecorded_risk_biases_what_the_records_can_correct():
    """Weighting by recorded things no longer finds the truth (assumption violated)."""
    truth = simulate_truth(
        20_000,
        seed=2,
        programs=(dataclasses.replace(COACH, in_service=Ratios(), after_service=Ratios()),),
        unmeasured_risk=1.0,
        unmeasured_referral=1.0,
    )
    cohort = truth.cohort[truth.cohort["exit_type"] == "reunification"]
    served = cohort["known_at_exit_coach"]
    early = (cohort["reentry_day"] <= 365).fillna(False)
    level = cohort["prior_episodes"] == 0
    assert early[served & level].mean() > 1.15 * early[~served & level].mean()


def test_a_crisis_comes_before_services_and_before_re_entry():
    truth = simulate_truth(
        6_000, seed=2, programs=(GROUP,), crisis_monthly=0.02, crisis_reentry=3.0, crisis_start=4.0
    )
    happened = truth.world.outcomes
    start = truth.world.spells.start[:, 0]
    after = start[np.isfinite(happened.crisis)] - happened.crisis[np.isfinite(happened.crisis)]
    soon = ((after > 0) & (after <= 90)).sum()
    before = ((after <= 0) & (after > -90)).sum()
    assert soon > 1.5 * before
    reentered = happened.reentry < np.inf
    had = happened.crisis < np.inf
    assert reentered[had].mean() > 1.5 * reentered[~had].mean()


def test_moves_depend_on_recorded_risk_when_asked():
    still, moving = (
        simulate_truth(8_000, seed=2, moves_on_risk=slope).cohort for slope in (0.0, 2.0)
    )
    share = [
        cohort.groupby(cohort["prior_episodes"] > 0)["move_day"].apply(lambda d: d.notna().mean())
        for cohort in (still, moving)
    ]
    assert share[1][True] / share[1][False] > 1.4 * share[0][True] / share[0][False]
