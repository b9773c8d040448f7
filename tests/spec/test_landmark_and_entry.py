"""METHODS 5.3, 1.1, 1.6: the landmark exposure, delayed entry, rows split at every change."""

import datetime

import pytest

from evaluation.errors import StudyError

FOUR = """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        early    | 2017-03-01   | 2018-02-01     | guardianship
        early    | 2018-02-21   | -              | -
        late     | 2017-03-01   | 2018-02-01     | guardianship
        never    | 2017-03-01   | 2018-02-01     | guardianship
        soon     | 2017-03-01   | 2018-02-01     | guardianship
        soon     | 2018-06-01   | -              | -

        services
        child_id | program | start_date | end_date
        early    | coach   | 2018-02-11 | -
        late     | coach   | 2018-03-04 | -
        soon     | coach   | 2018-03-03 | 2018-03-23
        never    | coach   | 2016-03-03 | 2016-03-23
"""
RULES = {"services": ["coach"], "support_months": 0, "horizon_days": 200}


def test_a_landmark_divides_those_still_at_risk_by_what_had_begun(build, same):
    """Landmark: a service begun on the day of the landmark had begun; one day later had not."""
    found = build(FOUR, **RULES).landmark("reentry", "coach", 30)
    same(
        found.rows,
        """
        child_id | start | stop | event | end_reason | served | state      | dose
        late     | 30    | 200  | 0     | horizon    | False  | before     | 0
        never    | 30    | 200  | 0     | horizon    | False  | before     | 0
        soon     | 30    | 120  | 1     | outcome    | True   | in service | 0
        """,
    )


def test_who_is_left_out_at_a_landmark_is_in_its_flow(build, same):
    """Landmark: the child whose outcome came first is counted, not forgotten."""
    found = build(FOUR, **RULES).landmark("reentry", "coach", 30)
    same(
        found.flow,
        """
        step                  | reason                        | exits | excluded
        Cohort                |                               | 4     | 0
        At risk after 30 days | The outcome came first by day 30 | 3  | 1
        """,
    )


def test_an_outcome_on_the_landmark_is_before_it_and_a_service_over_by_then_is_after(build, same):
    """Landmark: at risk from the day after; the state is that of the day after."""
    cohort = build(FOUR, **RULES)
    same(
        cohort.landmark("reentry", "coach", 119).rows,
        "child_id | state | dose\nlate | in service | 88\nnever | before | 0\nsoon | after | 20",
    )
    same(cohort.landmark("reentry", "coach", 120).rows, "child_id\nlate\nnever")
    with pytest.raises(StudyError, match="A landmark on day 200 cannot be"):
        cohort.landmark("reentry", "coach", 200)


def test_children_enter_late_where_the_data_begin_after_the_exit(build, same):
    """Delayed entry: at risk from the first day covered; a report before it is not seen."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | guardianship
        B        | 2017-03-01   | 2018-05-13     | guardianship

        maltreatment_reports
        child_id | report_date | disposition
        A        | 2018-06-01  | substantiated
        """,
        outcomes=["reentry", "maltreatment"],
        support_months=0,
        horizon_days=200,
        data_from={"maltreatment_reports": datetime.date(2018, 5, 13)},
    )
    same(
        cohort.follow_up("maltreatment"),
        """
        child_id | start | stop | event
        A        | 100   | 120  | 1
        B        | 0     | 200  | 0
        """,
    )
    same(cohort.follow_up("reentry"), "child_id | start\nA | 1\nB | 1")


def test_children_enter_late_where_the_program_begins_after_the_exit(build, same):
    """available_from: followed for that program from its first day; who ended before has no row."""
    coach = {"program": "coach", "available_from": "2018-03-13"}
    cohort = build(FOUR, **(RULES | {"services": [coach]}))
    same(
        cohort.follow_up("reentry", program="coach"),
        """
        child_id | start | stop | exposure_coach
        late     | 39    | 200  | in service
        never    | 39    | 200  | before
        soon     | 39    | 50   | in service
        soon     | 50    | 120  | after
        """,
    )
    assert set(cohort.follow_up("reentry")["child_id"]) == {"early", "late", "never", "soon"}


def test_rows_split_on_the_birthday_that_opens_an_age_band(build, same):
    """Age band: the birthday itself is in the new band; none opens on the age-limit birthday."""
    cohort = build(
        """
        children
        child_id | birth_date
        baby     | 2017-11-01
        teen     | 2000-05-13

        removals
        child_id | removal_date | discharge_date | discharge_reason
        baby     | 2017-12-01   | 2018-02-01     | guardianship
        teen     | 2016-03-01   | 2017-05-02     | guardianship
        """,
        exits=("2017-01-01", "2018-12-31"),
        support_months=0,
        horizon_days=400,
    )
    same(
        cohort.follow_up("reentry"),
        """
        child_id | start | stop | age_band    | end_reason
        baby     | 1     | 27   | 0-3 months  | -
        baby     | 27    | 272  | 4-11 months | -
        baby     | 272   | 400  | 1-5         | horizon
        teen     | 1     | 10   | 11-16       | -
        teen     | 10    | 376  | 17          | age_limit
        """,
    )
