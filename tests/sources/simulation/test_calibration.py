"""The agency resembles what is known of agencies, within stated limits."""

import numpy as np
import pandas as pd
import pytest

from evaluation.sources.simulation import simulate_tables


@pytest.fixture(scope="module")
def agency():
    return simulate_tables(children=20_000, seed=1)


@pytest.fixture(scope="module")
def cohort(agency):
    return agency.truth.cohort


def risk(cohort, exit_type, day):
    """Share of exits re-entered by a day, among those followed that long or re-entered."""
    some = cohort[cohort["exit_type"] == exit_type]
    followed = some[["data_end_day", "age_limit_day"]].min(axis=1) >= day
    moved = some["move_day"].fillna(10**6) < day
    event = (some["reentry_day"] <= day).fillna(False).astype(bool)
    kept = event | (followed & ~moved)
    return event[kept].mean()


def test_the_number_of_exits_is_what_was_asked(cohort):
    assert 20_000 <= len(cohort) <= 20_004
    assert cohort["child_id"].is_unique


def test_one_in_ten_reunified_children_re_enters_within_a_year(cohort):
    assert risk(cohort, "reunification", 365) == pytest.approx(0.102, abs=0.012)


def test_re_entry_peaks_early(cohort):
    by_quarter = [risk(cohort, "reunification", day) for day in (91, 183, 365)]
    assert 0.30 < by_quarter[0] / by_quarter[2] < 0.48
    assert 0.55 < by_quarter[1] / by_quarter[2] < 0.75


def test_guardianship_has_about_half_the_re_entry_and_adoption_little(cohort):
    reunified = risk(cohort, "reunification", 365)
    assert 0.35 < risk(cohort, "guardianship", 365) / reunified < 0.65
    assert risk(cohort, "adoption", 365) < 0.015


def test_a_quarter_of_reunified_children_is_reported_again_within_three_years(cohort):
    some = cohort[(cohort["exit_type"] == "reunification") & (cohort["data_end_day"] >= 1095)]
    reported = (some["maltreatment_screened_in_day"] <= 1095).fillna(False)
    assert reported.mean() == pytest.approx(0.246, abs=0.04)


def test_more_than_half_of_the_children_have_a_sibling_in_care(agency):
    family = agency.frames["children"].dropna(subset="family_id")["family_id"]
    sizes = family.map(family.value_counts())
    assert 0.5 < (sizes > 1).mean() < 0.7


def test_about_half_of_the_offers_are_taken_up(agency):
    offers = agency.frames["assignments"]
    accepted = (offers["accepted"] == "true").groupby(offers["program"]).mean()
    started = agency.frames["services"].dropna(subset="program")
    uptake = started["start_date"].notna().groupby(started["program"]).mean()
    for program in agency.truth.scenario.program_names:
        assert uptake[program] == pytest.approx(0.47, abs=0.08), program
        assert accepted[program] > uptake[program]  # waiting lists accept and never start


def test_all_exit_types_counties_and_ages_are_there(cohort):
    shares = cohort["exit_type"].value_counts(normalize=True)
    assert set(shares.index) == {"reunification", "relative", "guardianship", "adoption"}
    assert shares.min() > 0.05
    counties = cohort["county"].value_counts(normalize=True)
    assert len(counties) == 8
    assert counties.max() / counties.min() > 4
    assert cohort["age_at_exit"].between(0, 17).all()
    assert set(cohort["age_at_exit"]) == set(range(18))
    assert (cohort["age_limit_day"] <= 730).mean() > 0.03


def test_referral_is_likelier_at_higher_risk(cohort):
    served = cohort["known_at_exit_success_coach"]
    reunified = cohort["exit_type"] == "reunification"
    earlier = cohort["prior_episodes"].astype(float)
    assert earlier[served & reunified].mean() > 1.2 * earlier[~served & reunified].mean()
    chance = cohort["propensity_success_coach"]
    assert served.mean() == pytest.approx(chance.mean(), abs=0.01)
    assert served[chance > 0.3].mean() == pytest.approx(chance[chance > 0.3].mean(), abs=0.02)


def test_coaches_start_before_the_exit_for_most_takers(cohort):
    start = cohort["start_day_success_coach"].dropna()
    assert ((start >= -60) & (start <= 0)).mean() > 0.6
    assert (start > 0).mean() > 0.1
    for program in ("respite_care", "parent_group"):
        assert (cohort[f"start_day_{program}"].dropna() > 0).all()


def test_the_records_hold_what_makes_cohorts_hard(agency):
    removals = agency.frames["removals"].dropna(subset="child_id")
    reasons = set(removals["discharge_reason"].dropna())
    assert {"emancipation", "runaway", "transfer", "death", "other"} <= reasons
    began = pd.to_datetime(removals["removal_date"], errors="coerce")
    ended = pd.to_datetime(removals["discharge_date"], errors="coerce")
    stay = (ended - began).dt.days
    assert ((stay >= 0) & (stay < 8)).sum() > 100
    assert (removals["discharge_date"].isna() & removals["removal_date"].notna()).sum() > 500
    order = pd.DataFrame({"child": removals["child_id"], "began": began, "ended": ended})
    order = order.sort_values(["child", "began"])
    gap = (order["began"] - order.groupby("child")["ended"].shift()).dt.days
    assert (gap == 1).sum() > 100  # spells to be merged
    assert (gap < 0).sum() > 50  # overlapping spells
    disruptions = set(agency.frames["disruptions"]["type"].dropna())
    assert {"displacement", "termination", "dissolution", "agreement_ended"} <= disruptions
    reports = agency.frames["maltreatment_reports"]
    assert reports["report_id"].value_counts().max() > 2
    assert {"refused", "waiting_list"} <= set(agency.frames["services"]["end_reason"].dropna())


def test_siblings_mostly_share_a_household_and_a_day(cohort):
    with_siblings = cohort[cohort["family_id"].duplicated(keep=False)]
    homes = with_siblings.groupby("family_id")["household_id"].nunique()
    days = with_siblings.groupby("household_id")["index_date"].nunique()
    assert 0.05 < (homes > 1).mean() < 0.25
    assert 0.005 < (days > 1).mean() < 0.10


def test_the_frailty_has_mean_one_and_the_variance_asked(cohort):
    families = cohort.drop_duplicates("family_id")["frailty"]
    assert families.mean() == pytest.approx(1.0, abs=0.03)
    assert families.var() == pytest.approx(0.5, abs=0.05)


def test_siblings_at_home_are_removed_together_as_often_as_asked(cohort):
    first = cohort[cohort["reentry_day"].notna()].sort_values(["family_id", "reentry_day"])
    pairs = cohort.merge(
        first.drop_duplicates("household_id")[["household_id", "child_id", "reentry_day"]],
        on="household_id",
        suffixes=("", "_first"),
    )
    same_day = pairs.groupby("household_id")["index_date"].transform("nunique") == 1
    sibling = pairs[same_day & (pairs["child_id"] != pairs["child_id_first"])]
    at_home = sibling["age_limit_day"] > sibling["reentry_day_first"]
    together = (sibling["reentry_day"] == sibling["reentry_day_first"]).fillna(False)
    assert together[at_home].mean() == pytest.approx(0.7, abs=0.06)


def test_re_entry_never_falls_on_the_days_of_the_merge_gap(cohort):
    assert cohort["reentry_day"].min() >= 2
    assert cohort["disruption_event_day"].min() >= 2
    assert cohort["maltreatment_day"].min() >= 1
    assert np.isfinite(cohort["frailty"]).all()
