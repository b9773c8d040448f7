"""Permanency questions, dose and equity."""

import numpy as np
import pandas as pd
import pytest

import evaluation as ev
from evaluation.estimates.proportions import cluster_sums, clustered_share
from evaluation.practice.equity import _contrast
from evaluation.practice.question_measures import QUESTIONS


@pytest.fixture(scope="module")
def asked(agency, cohort):
    return ev.permanency_questions(agency, cohort).table.set_index("name")


def plain_rows(agency, cohort, table, date):
    """A child's rows of a table during the index stay, in pandas."""
    exits = cohort.exits[["exit_id", "child_id", "index_date", "exit_type", "days_in_care"]]
    rows = agency.table(table).to_pyarrow().to_pandas()
    rows[date] = pd.to_datetime(rows[date])
    found = exits.merge(rows, on="child_id")
    begins = found["index_date"] - pd.to_timedelta(found["days_in_care"], unit="D")
    return found[(found[date] >= begins) & (found[date] <= found["index_date"])].assign(
        begins=begins
    )


def test_every_question_has_its_denominator_or_says_what_it_needs(asked):
    assert list(asked.index) == [question.name for question in QUESTIONS]
    computed = asked[asked["status"] == "computed"]
    assert computed["denominator"].notna().all()
    missing = asked[asked["status"] == "cannot be computed"]
    assert missing["needs"].str.startswith("needs the ").all()
    assert missing[["denominator", "numerator", "value"]].isna().all(axis=None)


def test_goals_are_the_plain_ones(agency, cohort, asked):
    goals = plain_rows(agency, cohort, "permanency_goals", "set_date")
    first = goals.sort_values(["set_date", "concurrent", "goal_id"]).groupby("exit_id").head(1)
    old = set(cohort.exits.loc[cohort.exits["days_in_care"] >= 60, "exit_id"])
    prompt = first[
        ((first["set_date"] - first["begins"]).dt.days <= 60) & first["exit_id"].isin(old)
    ]
    assert asked.loc["goal_in_time", ["denominator", "numerator"]].tolist() == [
        len(old),
        len(prompt),
    ]
    concurrent = goals[goals["concurrent"].astype(bool)]["exit_id"].nunique()
    assert asked.loc["goal_concurrent", "numerator"] == concurrent


def test_visits_and_searches_are_the_plain_ones(agency, cohort, asked):
    visits = plain_rows(agency, cohort, "visits", "visit_date")
    parents = visits[visits["visit_with"].isin(["mother", "father", "parent"])]
    assert asked.loc["parent_visits_kept", ["denominator", "numerator"]].tolist() == [
        len(parents),
        int(parents["kept"].sum()),
    ]
    sought = plain_rows(agency, cohort, "family_finding", "search_date")["exit_id"].nunique()
    assert asked.loc["relatives_sought", "numerator"] == sought


def test_reentry_within_twelve_months_leaves_out_exits_too_late_to_tell(cohort, asked):
    exits = cohort.exits
    seen = exits["index_date"] + pd.DateOffset(months=12) <= pd.Timestamp("2024-06-30")
    assert asked.loc["reentry_12_months", "denominator"] == seen.sum()


def test_contacts_a_month_are_counted_while_the_child_is_home(agency, cohort):
    found = ev.dose(agency, cohort)
    months = found.contacts
    assert list(months["month"]) == list(range(1, 13))
    assert months["child_months"].is_monotonic_decreasing
    assert months.loc[0, "per_month"] > 2 * months.loc[6, "per_month"]


def test_uptake_is_the_scenarios(agency, cohort):
    table = ev.dose(agency, cohort).table
    row = table[(table["measure"] == "started") & (table["program"] == "success_coach")].iloc[0]
    uptake = agency.truth.scenario.programs[0].uptake
    assert abs(row["value"] / 100 - uptake) < 0.08
    shares = table[(table["program"] == "success_coach") & (table["of"] == "referrals")]
    assert shares["events"].sum() <= shares["n"].iloc[0]


def test_dose_by_group_adds_up(agency, cohort):
    table = ev.dose(agency, cohort, by=["county"]).table
    some = table[table["measure"] == "refused"]
    whole = some[some["level"] == "all"].set_index("program")["events"]
    parts = some[some["characteristic"] == "county"].groupby("program")["events"].sum()
    assert (whole == parts).all()
    with pytest.raises(ev.StudyError, match='no characteristic "ward"'):
        ev.dose(agency, cohort, by=["ward"])


@pytest.fixture(scope="module")
def fair(agency, cohort):
    policy = ev.fidelity(agency, cohort, "post_reunification_supports")
    return ev.equity(cohort, by=["county", "race_ethnicity_all"], fidelity=policy).table


def outside_and_inside(rows, members):
    """Shares of a group and of everyone else, from one row per exit and case, in pandas."""
    for part in (rows[rows["exit_id"].isin(members)], rows[~rows["exit_id"].isin(members)]):
        per_family = part.groupby("cluster")[["n", "events"]].sum()
        yield clustered_share(cluster_sums(per_family)).iloc[0]


def test_groups_added_up_in_the_engine_are_those_of_pandas(agency, cohort):
    policy = ev.fidelity(agency, cohort, "post_reunification_supports")
    questions = ev.permanency_questions(agency, cohort)
    table = ev.equity(cohort, by=["county"], fidelity=policy, questions=questions).table
    table = table[(table["kind"] != "outcome") & (table["per"] == 100)]
    both = [each.trials.to_pyarrow().to_pandas() for each in (policy, questions)]
    trials = pd.concat(both, ignore_index=True)
    assert table.groupby("kind")["measure"].nunique().tolist() == [8, 19]
    for row in table.itertuples():
        rows = trials[trials["measure"] == row.measure]
        counties = cohort.exits["county"].fillna("not recorded")
        members = set(cohort.exits.loc[counties == row.level, "exit_id"])
        own, rest = outside_and_inside(rows, members)
        assert (row.rate, row.ci_low) == pytest.approx((own["rate"], own["ci_low"]), nan_ok=True)
        everyone = rows["events"].sum() / rows["n"].sum()
        assert row.difference == pytest.approx(own["rate"] - everyone)
        share = row.n / rows["n"].sum()
        limits = ["rate", "ci_low", "ci_high"]
        low = _contrast(dict(own[limits]), dict(rest[limits]), everyone, share)["difference_low"]
        assert row.difference_low == pytest.approx(low, nan_ok=True)


def test_records_that_begin_late_are_not_taken_for_nothing_done(agency, cohort):
    """Relatives sought in stays that were over before the first search on record."""
    frames = {t: agency.table(t).to_pyarrow().to_pandas() for t in agency.tables}
    rows = frames["family_finding"]
    frames["family_finding"] = rows[pd.to_datetime(rows["search_date"]) >= "2021-07-01"]
    begins = pd.to_datetime(frames["family_finding"]["search_date"]).min()
    with ev.connect(frames) as later:
        there = ev.build_cohort(later, cohort.study)
        told = ev.permanency_questions(later, there).table.set_index("name")
        before = int((there.exits["index_date"] < begins).sum())
    assert before > 100
    assert told.loc["relatives_sought", "before_records"] == before
    assert told.loc["relatives_sought", "denominator"] == len(there.exits) - before


def test_groups_of_one_characteristic_average_to_everyone(fair):
    """The mean of the levels, weighted by their exits, is near everyone's risk; for shares exact."""
    practice = fair[(fair["kind"] == "practice") & (fair["characteristic"] == "county")]
    for _, rows in practice.groupby("measure"):
        assert np.average(rows["rate"], weights=rows["n"]) == pytest.approx(
            rows["everyone"].iloc[0]
        )


def test_a_difference_is_that_of_the_rates_and_lies_in_its_interval(fair):
    rows = fair[fair["difference_low"].notna()]
    assert np.allclose(rows["difference"], rows["rate"] - rows["everyone"])
    inside = rows[rows["kind"] == "practice"]
    assert (inside["difference_low"] <= inside["difference"] + 1e-9).all()
    assert (inside["difference"] <= inside["difference_high"] + 1e-9).all()


def test_a_small_group_without_events_is_not_certain():
    """Zero of four is no evidence of fewer: the upper limit stays high."""
    none = {"rate": 0.0, "ci_low": 0.0, "ci_high": 0.6}
    rest = {"rate": 0.07, "ci_low": 0.05, "ci_high": 0.10}
    found = _contrast(none, rest, 0.0698, share=0.003)
    assert found["difference_low"] < 0 < found["difference_high"]
    assert found["ratio_low"] == 0
    assert found["ratio_high"] > 5


def test_a_group_that_is_everyone_differs_by_nothing():
    same = {"rate": 0.1, "ci_low": 0.05, "ci_high": 0.2}
    assert _contrast(same, same, 0.1, share=1.0)["difference"] == 0


def test_all_that_apply_counts_a_child_in_each_of_its_groups(agency, cohort, fair):
    exits = cohort.exits.merge(
        agency.table("children").to_pyarrow().to_pandas()[["child_id", "race_ethnicity"]],
        on="child_id",
        suffixes=("_one", ""),
    )
    both = exits["race_ethnicity"].fillna("").str.contains("hispanic").sum()
    rows = fair[(fair["characteristic"] == "race_ethnicity_all") & (fair["kind"] == "outcome")]
    assert rows.set_index("level").loc["hispanic", "n"] == pytest.approx(both, abs=5)


def test_a_group_must_exist(cohort):
    with pytest.raises(ev.StudyError, match='no characteristic "ward"'):
        ev.equity(cohort, by=["ward"])


def settings_of(agency, cohort):
    """Placements begun in the index stay, in pandas, those of the day of the exit marked."""
    found = plain_rows(agency, cohort, "placements", "start_date")
    return found.sort_values(["exit_id", "start_date", "placement_id"])


def test_moves_and_settings_are_the_plain_ones(agency, cohort, asked):
    """Trial home visits, hospital stays and time away count as settings where recorded."""
    placed = settings_of(agency, cohort)
    placed = placed[placed["start_date"] < placed["index_date"]]
    settings = placed.groupby("exit_id")["placement_id"].nunique()
    days = cohort.exits.set_index("exit_id")["days_in_care"]
    assert asked.loc["moves_per_1000_days", ["denominator", "numerator"]].tolist() == [
        days[settings.index].sum(),
        (settings - 1).sum(),
    ]
    assert asked.loc["two_settings_or_fewer", ["denominator", "numerator"]].tolist() == [
        len(settings),
        (settings <= 2).sum(),
    ]


def test_the_last_setting_is_the_plain_one(agency, cohort, asked):
    last = settings_of(agency, cohort).groupby("exit_id").tail(1)
    for name, known, hit in (
        ("siblings_together", "with_siblings", lambda t: t["with_siblings"].astype(bool)),
        ("near_home", "distance_miles", lambda t: t["distance_miles"] <= 30),
        ("kin_setting_last", "type", lambda t: t["kin"].astype(bool)),
    ):
        told = last[last[known].notna()]
        assert asked.loc[name, ["denominator", "numerator"]].tolist() == [
            len(told),
            hit(told).sum(),
        ], name


def test_served_before_the_reentry_is_the_plain_count(agency, cohort, asked):
    """A service counts that was open on the day of the exit or began before the re-entry."""
    stays = agency.table("removals").to_pyarrow().to_pandas()[["child_id", "removal_date"]]
    later = cohort.exits[["exit_id", "child_id", "index_date"]].merge(stays, on="child_id")
    later["removal_date"] = pd.to_datetime(later["removal_date"])
    later = later[
        (later["removal_date"] >= later["index_date"])
        & (later["removal_date"] <= pd.Timestamp("2024-06-30"))
    ]
    back = later.groupby(["exit_id", "index_date"])["removal_date"].min().reset_index()
    back["end"] = (back["removal_date"] - back["index_date"]).dt.days
    spells = cohort.services.merge(back, on="exit_id")
    open_ = spells["end_day"].isna() | (spells["end_day"] >= 0)
    counted = spells[spells["start_day"].notna() & open_ & (spells["start_day"] < spells["end"])]
    assert asked.loc["served_before_reentry", ["denominator", "numerator"]].tolist() == [
        len(back),
        counted["exit_id"].nunique(),
    ]


def test_taxonomy_shares_are_the_plain_ones(agency, cohort):
    table = ev.dose(agency, cohort).table
    held = cohort.services[cohort.services["start_day"].notna()]
    held = held[(held["timing"] != "earlier")]
    codes = cohort.taxonomy[cohort.taxonomy["dimension"] == "casey"]
    for code, rows in codes.groupby("code"):
        plain = held.loc[held["program"].isin(rows["program"]), "exit_id"].nunique()
        row = table[table["measure"].str.startswith(f"casey {code}:")].iloc[0]
        assert (row["n"], row["events"]) == (len(cohort.exits), plain), code
