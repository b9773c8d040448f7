"""METHODS 2.1: trial home visits under the two index rules."""

import pytest

from evaluation.errors import StudyError

ONE_STAY = """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-05-12     | reunification

        placements
        child_id | start_date | end_date   | type
        A        | 2017-03-01 | 2018-02-01 | foster_home
        A        | 2018-02-01 | 2018-05-12 | trial_home_visit
"""


def last(cohort, outcome):
    """The row in which each exit's follow-up ends."""
    rows = cohort.follow_up(outcome)
    return rows[rows["end_reason"].notna()]


VISITS = {"index_at": "visit start", "support_months": 0, "horizon_days": 200}


def test_by_default_the_exit_is_the_discharge(build, same):
    """Discharge: during the visit the child is in care; days in care run to the discharge."""
    cohort = build(ONE_STAY)
    same(
        cohort.exits,
        """
        child_id | index_date | exit_type     | days_in_care | trial_home_visits
        A        | 2018-05-12 | reunification | 437          | 1
        """,
    )


def test_a_visit_start_is_the_index_event_and_its_discharge_no_second_exit(build, same):
    """Visit start: one index event, on the first day at home; the flow says why."""
    cohort = build(ONE_STAY, unit="every exit", **VISITS)
    same(
        cohort.exits,
        """
        child_id | exit_id | index_date | exit_type     | days_in_care
        A        | A-1     | 2018-02-01 | reunification | 337
        """,
    )
    same(
        cohort.flow.loc[lambda flow: flow["excluded"] > 0],
        "step | exits | excluded\nVisit starts and other discharges | 1 | 1",
    )
    same(last(cohort, "reentry"), "stop | event | end_reason\n200 | 0 | horizon")


def test_every_visit_start_counts_whether_or_not_discharge_follows(build, same):
    """Visit start: a visit that ended in care, and one of a child still in care."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | -              | -
        B        | 2017-03-01   | -              | -

        placements
        child_id | start_date | end_date   | type
        A        | 2018-02-01 | 2018-03-03 | trial_home_visit
        A        | 2018-03-03 | -          | foster_home
        B        | 2018-02-01 | -          | trial_home_visit
        """,
        **VISITS,
    )
    same(
        cohort.follow_up("reentry"),
        """
        child_id | start | stop | event | end_reason
        A        | 1     | 30   | 2     | visit_ended
        B        | 1     | 200  | 0     | horizon
        """,
    )


def test_a_return_to_another_setting_is_the_outcome_visit_ended(build, same):
    """Visit ended: at risk from day 1; a discharge to permanency competes."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        back     | 2017-03-01   | -              | -
        home     | 2017-03-01   | 2018-05-12     | reunification
        nextday  | 2017-03-01   | -              | -

        placements
        child_id | start_date | end_date   | type
        back     | 2018-02-01 | 2018-03-03 | trial_home_visit
        back     | 2018-03-03 | -          | group_home
        home     | 2018-02-01 | 2018-05-12 | trial_home_visit
        nextday  | 2018-02-01 | 2018-02-02 | trial_home_visit
        nextday  | 2018-02-02 | -          | runaway
        """,
        outcomes=["visit_ended"],
        **VISITS,
    )
    same(
        last(cohort, "visit_ended"),
        """
        child_id | stop | event | end_reason
        back     | 30   | 1     | outcome
        home     | 100  | 2     | discharged
        nextday  | 1    | 1     | outcome
        """,
    )


def test_two_visits_of_one_stay_are_two_index_events(build, same):
    """Every visit start: the second visit led to the discharge, the first did not."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-09-01     | reunification
        A        | 2018-12-01   | -              | -

        placements
        child_id | start_date | end_date   | type
        A        | 2018-02-01 | 2018-02-11 | trial_home_visit
        A        | 2018-02-11 | 2018-06-01 | foster_home
        A        | 2018-06-01 | 2018-09-01 | trial_home_visit
        """,
        unit="every exit",
        **VISITS,
    )
    same(
        last(cohort, "reentry"),
        """
        exit_id | stop | event | end_reason
        A-1     | 10   | 2     | visit_ended
        A-2     | 183  | 1     | outcome
        """,
    )


def test_a_discharge_without_a_visit_is_still_an_index_event(build, same):
    """Visit start: home from the discharge on, whether there was no visit or it had failed."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        failed   | 2017-03-01   | 2018-09-01     | guardianship
        none     | 2017-03-01   | 2018-09-01     | adoption

        placements
        child_id | start_date | end_date   | type
        failed   | 2018-02-01 | 2018-02-11 | trial_home_visit
        failed   | 2018-02-11 | 2018-09-01 | relative_foster_home
        """,
        unit="every exit",
        **VISITS,
    )
    same(
        cohort.exits,
        """
        exit_id  | index_date | exit_type
        failed-1 | 2018-02-01 | reunification
        failed-2 | 2018-09-01 | guardianship
        none-1   | 2018-09-01 | adoption
        """,
    )


def test_visit_placements_that_follow_each_other_are_one_visit(build, same):
    """Visit start: no other setting lies between them, though a day does."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-09-01     | reunification

        placements
        child_id | start_date | end_date   | type             | trial_home_visit
        A        | 2018-02-01 | 2018-02-11 | trial_home_visit | -
        A        | 2018-02-12 | 2018-09-01 | other            | true
        """,
        unit="every exit",
        **VISITS,
    )
    same(cohort.exits, "exit_id | index_date\nA-1 | 2018-02-01")


def test_a_recorded_return_ends_the_visit_where_no_setting_is_on_record(build, same):
    """Visit ended: the placement's own end reason says so, on its last day."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | -              | -
        B        | 2017-03-01   | 2018-05-12     | emancipation

        placements
        child_id | start_date | end_date   | type             | end_reason
        A        | 2018-02-01 | 2018-03-03 | trial_home_visit | returned_from_visit
        B        | 2018-02-01 | 2018-05-12 | trial_home_visit | -
        """,
        outcomes=["visit_ended"],
        **VISITS,
    )
    same(
        last(cohort, "visit_ended"),
        "child_id | stop | event | end_reason\nA | 30 | 1 | outcome\nB | 100 | 1 | outcome",
    )


def test_support_of_a_visit_begins_with_the_discharge(build, same):
    """METHODS 4: on the visit the window has not begun."""
    cohort = build(ONE_STAY, **(VISITS | {"support_months": 1}))
    same(
        cohort.follow_up("reentry"),
        """
        start | stop | support_status
        1     | 99   | before
        99    | 130  | in
        130   | 200  | after
        """,
    )


def test_visit_starts_without_placements_are_refused_by_name(build):
    """The study says what it needs."""
    removals = "removals\nchild_id | removal_date\nA | 2017-03-01"
    with pytest.raises(StudyError, match="needs the table placements"):
        build(removals, index_at="visit start")
    with pytest.raises(StudyError, match="outcomes.visit_ended is asked for"):
        build(removals, outcomes=["visit_ended"])
