"""METHODS 1: when the clock starts, what it counts, and what stops it."""

import datetime

import pytest


def test_a_removal_on_day_120_is_the_outcome_of_that_day(build, same):
    """Rule 1: day 0 is the exit; rows are (start, stop] in whole days."""
    cohort = build("""
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | reunification
        A        | 2018-06-01   | -              | -
    """)
    same(
        cohort.follow_up("reentry"),
        """
        child_id | exit_id | start | stop | event | end_reason
        A        | A-1     | 1     | 120  | 1     | outcome
        """,
    )


def test_follow_up_ends_at_the_first_of_horizon_and_end_of_data(build, same):
    """Rule 2: the horizon for A, the end of the data for B; at the same day the horizon for C."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | guardianship
        B        | 2017-03-01   | 2018-12-02     | guardianship
        C        | 2017-03-01   | 2018-12-01     | guardianship
        """,
        horizon_days=30,
        support_months=0,
        data_through=datetime.date(2018, 12, 31),
    )
    same(
        cohort.follow_up("reentry"),
        """
        child_id | start | stop | event | end_reason
        A        | 1     | 30   | 0     | horizon
        B        | 1     | 29   | 0     | data_end
        C        | 1     | 30   | 0     | horizon
        """,
    )


def test_the_age_limit_birthday_is_the_competing_day(build, same):
    """Rule 2: the last day at risk is the day before; 29 February becomes 1 March."""
    cohort = build(
        """
        children
        child_id | birth_date
        A        | 2000-06-15
        B        | 2004-02-29

        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-06-05     | guardianship
        B        | 2020-03-01   | 2021-12-01     | guardianship
        """
    )
    same(
        cohort.follow_up("reentry"),
        """
        child_id | start | stop | event | end_reason
        A        | 1     | 10   | 2     | age_limit
        B        | 1     | 90   | 2     | age_limit
        """,
    )
    same(
        cohort.exits,
        """
        child_id | age_at_exit | age_limit_day
        A        | 17          | 10
        B        | 17          | 90
        """,
    )


def test_a_removal_on_the_birthday_is_no_outcome_the_day_before_it_is(build, same):
    """Rule 2: on the birthday itself the outcome can no longer happen."""
    cohort = build(
        """
        children
        child_id | birth_date
        A        | 2000-06-15
        B        | 2000-06-15

        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-06-05     | guardianship
        A        | 2018-06-15   | -              | -
        B        | 2017-03-01   | 2018-06-05     | guardianship
        B        | 2018-06-14   | -              | -
        """
    )
    same(
        cohort.follow_up("reentry"),
        """
        child_id | start | stop | event | end_reason
        A        | 1     | 10   | 2     | age_limit
        B        | 1     | 9    | 1     | outcome
        """,
    )


def test_death_competes_and_a_move_out_of_sight_censors(build, same):
    """Rules 2 and 3: on one day the outcome comes first, then competing events, then censoring."""
    cohort = build(
        """
        children
        child_id | death_date
        A        | 2018-03-03
        B        | 2018-03-03
        C        | 2018-03-03
        D        | -
        E        | -

        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | guardianship
        B        | 2017-03-01   | 2018-02-01     | guardianship
        B        | 2018-03-03   | -              | -
        C        | 2017-03-01   | 2018-02-01     | guardianship
        D        | 2017-03-01   | 2018-02-01     | guardianship
        E        | 2017-03-01   | 2018-02-01     | guardianship
        E        | 2018-03-03   | -              | -

        moves_out
        child_id | move_date
        C        | 2018-03-03
        D        | 2018-03-03
        E        | 2018-03-03
        """
    )
    same(
        cohort.follow_up("reentry"),
        """
        child_id | start | stop | event | end_reason
        A        | 1     | 30   | 2     | death
        B        | 1     | 30   | 1     | outcome
        C        | 1     | 30   | 2     | death
        D        | 1     | 30   | 0     | moved_out
        E        | 1     | 30   | 1     | outcome
        """,
    )


def test_a_move_before_the_index_stay_is_history(build, same):
    """Rule 2: the child was seen again; a move during the stay leaves nothing to follow."""
    cohort = build(
        """
        children
        child_id | family_id
        A        | F
        B        | G

        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | guardianship
        B        | 2017-03-01   | 2018-02-01     | guardianship

        moves_out
        family_id | move_date
        F         | 2016-05-01
        G         | 2017-12-01
        """,
        support_months=0,
    )
    same(
        cohort.follow_up("reentry"),
        """
        child_id | start | stop | end_reason
        A        | 1     | 730  | horizon
        """,
    )
    assert "1 exit without a day at risk of reentry: no row in its follow-up." in cohort.notes


def test_a_report_on_or_before_day_0_is_history(build, same):
    """Rule 3: the report of the exit day is no outcome; that of day 1 is."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | guardianship
        B        | 2017-03-01   | 2018-02-01     | guardianship

        maltreatment_reports
        child_id | report_date | disposition
        A        | 2018-02-01  | substantiated
        B        | 2018-02-02  | substantiated
        """,
        outcomes=["maltreatment"],
        support_months=0,
    )
    same(
        cohort.follow_up("maltreatment"),
        """
        child_id | start | stop | event | end_reason
        A        | 0     | 730  | 0     | horizon
        B        | 0     | 1    | 1     | outcome
        """,
    )


@pytest.mark.parametrize(("gap", "start"), [(0, 0), (1, 1), (7, 7)])
def test_spells_at_most_the_gap_apart_are_one_episode(build, same, gap, start):
    """Rule 4: a return within the gap belongs to the episode; the next day it is a re-entry."""
    exit_day = datetime.date(2018, 2, 1)
    within = exit_day + datetime.timedelta(days=gap)
    beyond = within + datetime.timedelta(days=1)
    cohort = build(
        f"""
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | {exit_day}     | guardianship
        A        | {within}     | 2018-05-01     | guardianship
        B        | 2017-03-01   | {exit_day}     | guardianship
        B        | {beyond}     | 2018-05-01     | guardianship
        """,
        merge_gap_days=gap,
        support_months=0,
    )
    same(
        cohort.exits,
        """
        child_id | exit_id | index_date | days_in_care
        A        | A-1     | 2018-05-01 | 426
        B        | B-1     | 2018-02-01 | 337
        """,
    )
    same(
        cohort.follow_up("reentry"),
        f"""
        child_id | start   | stop      | event | end_reason
        A        | {start} | 730       | 0     | horizon
        B        | {start} | {gap + 1} | 1     | outcome
        """,
    )


def test_a_discharge_within_the_gap_of_the_end_of_the_data_is_not_yet_an_exit(build, same):
    """Rule 4: its next spell could still join."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-12-28     | guardianship
        B        | 2017-03-01   | 2018-12-29     | guardianship
        """,
        merge_gap_days=2,
        data_through=datetime.date(2018, 12, 31),
    )
    same(
        cohort.follow_up("reentry"),
        """
        child_id | start | stop | end_reason
        A        | 2     | 3    | data_end
        """,
    )
    settled = cohort.flow.set_index("step").loc["Discharge settled"]
    assert settled["excluded"] == 1
    assert settled["reason"] == "Discharged within 2 days of 2018-12-31: not yet an exit"


def test_a_recent_short_stay_is_undecided_and_follow_up_ends_where_it_began(build, same):
    """Rule 4: open and shorter than the minimum at the end of the data; B's is long enough."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-11-26     | guardianship
        A        | 2018-12-26   | -              | -
        B        | 2017-03-01   | 2018-11-21     | guardianship
        B        | 2018-12-21   | -              | -
        """,
        min_days_reentry=10,
        data_through=datetime.date(2018, 12, 31),
    )
    same(
        cohort.follow_up("reentry"),
        """
        child_id | start | stop | event | end_reason
        A        | 1     | 30   | 0     | data_end
        B        | 1     | 30   | 1     | outcome
        """,
    )
    assert any(
        note.startswith("1 exit followed by a stay that began shortly") for note in cohort.notes
    )


def test_a_closed_stay_shorter_than_the_minimum_is_no_reentry(build, same):
    """Rule 4: follow-up goes on to the next stay that is long enough, and the note counts it."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | guardianship
        A        | 2018-03-03   | 2018-03-08     | reunification
        A        | 2018-05-12   | 2018-06-12     | reunification
        """,
        min_days_reentry=10,
    )
    same(
        cohort.follow_up("reentry"),
        """
        child_id | start | stop | event | end_reason
        A        | 1     | 100  | 1     | outcome
        """,
    )
    assert any(note.startswith("1 exit followed by a stay too short") for note in cohort.notes)


def test_day_365_includes_the_anniversary(build, same):
    """Rule 5: a return on the anniversary is within 365 days, and the definitions say which."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | guardianship
        A        | 2019-02-01   | -              | -
        """,
        horizon_days=365,
        support_months=0,
    )
    same(
        cohort.follow_up("reentry"),
        """
        child_id | start | stop | event | end_reason
        A        | 1     | 365  | 1     | outcome
        """,
    )
    words = dict(cohort.definitions)["Follow-up"]
    assert "day 365 includes the anniversary, which the federal twelve months leave out" in words


def test_an_exit_on_the_eve_of_the_age_limit_has_no_day_at_risk(build):
    """Rules 2 and 4: it stays in the cohort, without rows, and is counted."""
    cohort = build("""
        children
        child_id | birth_date
        A        | 2000-06-15

        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-06-14     | guardianship
    """)
    assert len(cohort.exits) == 1
    assert cohort.follow_up("reentry").empty
    assert "1 exit without a day at risk of reentry: no row in its follow-up." in cohort.notes
