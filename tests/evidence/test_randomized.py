"""The agency's own randomized comparison: who was drawn, who was lost, what chance decided."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from evaluation.effects import effects
from evaluation.evidence import attrition, contrasts_of
from evaluation.evidence.after_service import after_service_effect
from evaluation.evidence.body import Body
from evaluation.evidence.own_evidence import own_features, own_study
from evaluation.evidence.prevention_standards import clearinghouse
from evaluation.evidence.randomized import own_attrition, randomization
from evaluation.study import Study

from .conftest import make_program

FAMILIES, HORIZON = 800, 365
COHORT = {
    "exits": ["2018-01-01", "2018-12-31"],
    "data_through": "2020-12-31",
    "horizon_days": HORIZON,
}


def trial(lost=(0.0, 0.0), assigned_day=0, design="randomized", kind="randomization", **columns):
    """Families drawn by chance to a coach who halves re-entry; six in ten of those drawn begin.

    ``lost`` is the share of children of each arm (coach, waiting list) that move on day 100.
    """
    random = np.random.default_rng(8)
    drawn = random.permutation(np.arange(FAMILIES) % 2 == 0)
    begun = drawn & (random.random(FAMILIES) < 0.6)
    event = random.random(FAMILIES) < np.where(begun, 0.2, 0.4)
    stop = np.where(event, random.integers(1, HORIZON + 1, FAMILIES), HORIZON)
    ids = np.array([f"e{n}" for n in range(FAMILIES)])
    rank = pd.Series(random.random(FAMILIES)).groupby(drawn).rank(pct=True).to_numpy()
    moved = rank <= np.where(drawn, *lost)
    moved_first = moved & (stop > 100)
    rows = pd.DataFrame(
        {
            "exit_id": ids,
            "family_id": ids,
            "start": 0,
            "stop": np.where(moved_first, 100, stop),
            "event": np.where(moved_first, 0, event.astype(int)),
            "end_reason": np.where(moved_first, "moved_out", np.where(event, "outcome", "horizon")),
            "exposure_coach": np.where(begun, "in service", "before"),
        }
    )
    exits = pd.DataFrame(
        {
            "exit_id": ids,
            "index_date": pd.Timestamp("2018-06-01"),
            "known_at_exit_coach": begun,
            "start_day_coach": pd.array(np.where(begun, 0, pd.NA), dtype="Int64"),
            "end_day_coach": pd.array(np.where(begun, 90, pd.NA), dtype="Int64"),
        }
    ).assign(**columns)
    offers = pd.DataFrame(
        {
            "exit_id": ids,
            "program": "coach",
            "kind": kind,
            "arm": np.where(drawn, "coach", "waiting list"),
            "assigned_day": assigned_day,
            "accepted": begun,
        }
    )
    coach = {"program": "coach", "label": "Coach", "exposure": "at exit", "intended_months": 3}
    study = Study(
        title="A trial",
        design=design,
        cohort=COHORT,
        outcomes={"reentry": {}},
        services=[coach],
        adjustment={"weights": "none"},
        report={"horizons": [HORIZON]},
    )
    return SimpleNamespace(
        study=study,
        exits=exits,
        offers=offers,
        outcomes=("reentry",),
        follow_up=lambda outcome: rows,
        report_days=None,
    )


def losses(cohort, horizon=HORIZON):
    service = cohort.study.services[0]
    found = randomization(cohort, service)
    return own_attrition(cohort, service, "reentry", horizon, found)


@pytest.fixture(scope="module")
def contrast():
    cohort = trial()
    return contrasts_of(cohort, effects(cohort))[0]


def test_a_trial_without_losses_has_low_attrition_and_intact_assignment(contrast):
    assert contrast.design == "randomized"
    assert contrast.attrition == attrition(400, 400, 400, 400)
    features = own_features(contrast)
    assert features["attrition"][0] == features["intact"][0] == "present"
    assert "cautious" in features["attrition"][1]
    assert "unconfirmed" in features["attrition"][1]


def test_a_published_trial_without_losses_would_meet_design_and_execution(contrast):
    body = Body(make_program(), (own_study([contrast], "Alder", (2018, 2018)),))
    found = clearinghouse(body).requirements["one_contrast"]
    assert (found.status, found.if_published) == ("absent", "present")


def test_children_who_move_before_the_horizon_are_lost_and_those_with_an_event_are_not():
    cohort = trial(lost=(0.10, 0.20))
    rows = cohort.follow_up("reentry")
    to = cohort.offers["arm"] == "coach"
    gone = rows["end_reason"] == "moved_out"
    found, why = losses(cohort)
    assert why == ""
    assert found.overall == pytest.approx(gone.mean())
    assert found.differential == pytest.approx(gone[~to].mean() - gone[to].mean())
    assert found == attrition(400, 400 - int(gone[to].sum()), 400, 400 - int(gone[~to].sum()))
    assert losses(cohort, horizon=100)[0].overall == 0


@pytest.mark.parametrize(("moves", "low"), [(0.05, True), (0.10, False)])
def test_one_sided_losses_on_both_sides_of_the_boundary(moves, low):
    assert losses(trial(lost=(0.0, moves)))[0].low is low


def test_death_and_the_age_limit_are_known_outcomes():
    cohort = trial()
    rows = cohort.follow_up("reentry")
    aged = rows.assign(event=2, stop=50, end_reason="age_limit")
    cohort.follow_up = lambda outcome: aged
    assert losses(cohort)[0].overall == 0


def test_children_whose_records_cannot_be_followed_are_lost():
    cohort = trial()
    rows = cohort.follow_up("reentry").iloc[80:]
    cohort.follow_up = lambda outcome: rows
    assert losses(cohort)[0].overall == pytest.approx(0.1)


def test_children_the_data_cannot_reach_are_not_lost():
    """The calendar settled it before they were assigned, whatever happened to them."""
    cohort = trial()
    late = np.arange(FAMILIES) < 100
    dates = np.where(late, np.datetime64("2018-12-31"), np.datetime64("2018-06-01"))
    cohort.exits["index_date"] = dates
    rows = cohort.follow_up("reentry")
    cut = late & (rows["stop"] > 200)
    rows = rows.assign(
        stop=rows["stop"].where(~cut, 200),
        event=rows["event"].where(~cut, 0),
        end_reason=rows["end_reason"].where(~cut, "data_end"),
    )
    cohort.follow_up = lambda outcome: rows
    assert losses(cohort)[0] == attrition(
        *(n for arm in ("coach", "waiting list") for n in 2 * [_early(cohort, arm, ~late)])
    )


def _early(cohort, arm, early):
    return int((early & (cohort.offers["arm"] == arm)).sum())


def test_losses_among_those_drawn_while_in_care_are_unknown():
    """A cohort of exits does not hold the children who were drawn and never left care."""
    cohort = trial(assigned_day=-1)
    assert losses(cohort)[0] is None
    contrast = contrasts_of(cohort, effects(cohort))[0]
    status, why = own_features(contrast)["attrition"]
    assert status == "unknown"
    assert "still in care" in why


@pytest.mark.parametrize("kind", ["offer", "referral"])
def test_without_a_recorded_randomization_chance_decided_nothing(kind):
    cohort = trial(kind=kind)
    contrast = contrasts_of(cohort, effects(cohort))[0]
    assert contrast.design == "quasi-experimental"
    assert contrast.attrition is None
    features = own_features(contrast)
    assert features["intact"][0] == "absent"
    assert features["attrition"][0] == "unknown"
    assert own_study([contrast], "Alder", (2018, 2018)).randomized == "absent"


def test_a_retrospective_comparison_has_no_assigned_sample():
    cohort = trial(design="quasi-experimental")
    assert randomization(cohort, cohort.study.services[0]) is None


def test_the_effect_after_the_service_compares_the_arms_that_chance_made():
    """Nobody moves, so it is a difference of plain shares of those drawn and still home."""
    cohort = trial()
    rows = cohort.follow_up("reentry")
    home = rows["stop"] > 91
    to = (cohort.offers["arm"] == "coach") & home
    other = ~(cohort.offers["arm"] == "coach") & home
    found = after_service_effect(cohort, "reentry", cohort.study.services[0], 91, HORIZON)
    assert (found.counts["n_treated"], found.counts["n_comparison"]) == (to.sum(), other.sum())
    shares = [rows.loc[arm, "event"].mean() for arm in (to, other)]
    assert found.difference.value == pytest.approx(shares[0] - shares[1])


def test_an_arm_of_one_county_is_told_from_those_drawn():
    cohort = trial()
    to = cohort.offers["arm"] == "coach"
    cohort.exits["county"] = np.where(to, "Alder", "Birch")
    found = contrasts_of(cohort, effects(cohort))[0]
    assert found.sound == "absent"
    mixed = trial()
    mixed.exits["county"] = np.where(mixed.exits["known_at_exit_coach"], "Alder", "Birch")
    assert contrasts_of(mixed, effects(mixed))[0].confounds == ()


def test_the_clock_counts_those_drawn_to_the_service_who_began_it(contrast):
    cohort = trial()
    assert contrast.clock.treated == int(cohort.exits["known_at_exit_coach"].sum())
    assert contrast.clock.enough_ended
