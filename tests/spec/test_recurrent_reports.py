"""METHODS 3: every report of a child at home, until re-entry, death, the age limit or the data's end."""

import pytest

import evaluation as ev
from evaluation.errors import DataError, StudyError

RULES = {"outcomes": ["maltreatment"], "support_months": 0, "horizon_days": 400}
HOME = """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | guardianship
"""


def test_a_report_does_not_end_follow_up(build, same):
    """Recurrent: each report ends a row; the child stays at risk after it."""
    cohort = build(
        HOME
        + """
        maltreatment_reports
        child_id | report_date | disposition
        A        | 2018-03-03  | substantiated
        A        | 2018-06-01  | substantiated
        """,
        **RULES,
    )
    same(
        cohort.recurrent("maltreatment"),
        """
        exit_id | start | stop | event | end_reason
        A-1     | 0     | 30   | 1     | -
        A-1     | 30    | 120  | 1     | -
        A-1     | 120   | 400  | 0     | horizon
        """,
    )
    same(cohort.follow_up("maltreatment"), "exit_id | start | stop | event\nA-1 | 0 | 30 | 1")


def test_reports_on_one_day_are_one_and_those_on_day_0_are_history(build, same):
    """Recurrent: two allegations and two reports of one day end one row."""
    cohort = build(
        HOME
        + """
        maltreatment_reports
        allegation_id | report_id | child_id | report_date | disposition
        a             | one       | A        | 2018-03-03  | substantiated
        b             | one       | A        | 2018-03-03  | substantiated
        c             | two       | A        | 2018-03-03  | substantiated
        d             | three     | A        | 2018-02-01  | substantiated
        """,
        **RULES,
    )
    same(
        cohort.recurrent(),
        "start | stop | event | end_reason\n0 | 30 | 1 | -\n30 | 400 | 0 | horizon",
    )


@pytest.mark.parametrize(("level", "days"), [("substantiated", [400]), ("screened-in", [30, 400])])
def test_only_reports_of_the_stated_class_repeat(build, level, days):
    """Recurrent: unsubstantiated reports count where the study counts what was screened in."""
    cohort = build(
        HOME
        + """
        maltreatment_reports
        child_id | report_date | disposition
        A        | 2018-03-03  | unsubstantiated
        A        | 2018-06-01  | screened_out
        """,
        **(RULES | {"outcomes": {"maltreatment": {"level": level}}}),
    )
    assert list(cohort.recurrent()["stop"]) == days


def test_a_report_on_the_day_of_reentry_counts_and_none_after_it(build, same):
    """Recurrent: on one day the report comes before the removal it led to."""
    cohort = build(
        HOME
        + """        A        | 2018-06-01   | -              | -
        B        | 2017-03-01   | 2018-02-01     | guardianship
        B        | 2018-06-01   | -              | -

        maltreatment_reports
        child_id | report_date | disposition
        A        | 2018-03-03  | substantiated
        A        | 2018-06-01  | substantiated
        A        | 2018-07-01  | substantiated
        B        | 2018-07-01  | substantiated
        """,
        **RULES,
    )
    same(
        cohort.recurrent(),
        """
        exit_id | start | stop | event | end_reason
        A-1     | 0     | 30   | 1     | -
        A-1     | 30    | 120  | 1     | reentry
        B-1     | 0     | 120  | 2     | reentry
        """,
    )


def test_death_and_the_age_limit_compete_and_the_data_end(build, same):
    """Recurrent: on the age-limit birthday no report counts; on the day of death it does."""
    cohort = build(
        """
        children
        child_id | birth_date | death_date
        dies     | 2010-01-01 | 2018-06-01
        grows    | 2000-06-01 | -
        late     | 2010-01-01 | -

        removals
        child_id | removal_date | discharge_date | discharge_reason
        dies     | 2017-03-01   | 2018-02-01     | guardianship
        grows    | 2017-03-01   | 2018-02-01     | guardianship
        late     | 2017-03-01   | 2018-02-01     | guardianship

        maltreatment_reports
        child_id | report_date | disposition
        dies     | 2018-06-01  | substantiated
        grows    | 2018-06-01  | substantiated
        late     | 2018-08-20  | substantiated
        """,
        **RULES,
        data_through="2018-08-20",
    )
    same(
        cohort.recurrent(),
        """
        child_id | start | stop | event | end_reason | age_band
        dies     | 0     | 120  | 1     | death      | 6-10
        grows    | 0     | 120  | 2     | age_limit  | 17
        late     | 0     | 200  | 1     | data_end   | 6-10
        """,
    )


def test_rows_over_reports_are_split_at_exposure_too(build, same):
    """Recurrent: a service begun between two reports splits the row; no row more than that."""
    cohort = build(
        HOME
        + """
        maltreatment_reports
        child_id | report_date | disposition
        A        | 2018-03-03  | substantiated
        A        | 2018-06-01  | substantiated

        services
        child_id | program | start_date | end_date
        A        | coach   | 2018-04-02 | 2018-06-01
        """,
        services=["coach"],
        **RULES,
    )
    same(
        cohort.recurrent(),
        """
        start | stop | event | exposure_coach | dose_coach
        0     | 30   | 1     | before         | 0
        30    | 60   | 0     | before         | 0
        60    | 120  | 1     | in service     | 0
        120   | 400  | 0     | after          | 60
        """,
    )


def test_the_mean_number_of_reports_is_that_of_children_still_at_home(build):
    """Recurrent: rows go into mean_cumulative; on day 120 one of two children has a report again."""
    cohort = build(
        HOME
        + """        B        | 2017-03-01   | 2018-02-01     | guardianship
        C        | 2017-03-01   | 2018-02-01     | guardianship
        C        | 2018-03-13   | -              | -

        maltreatment_reports
        child_id | report_date | disposition
        A        | 2018-03-03  | substantiated
        A        | 2018-06-01  | substantiated
        """,
        **RULES,
    )
    columns = {"start": "start", "stop": "stop", "event": "event"}
    found = ev.mean_cumulative(
        cohort.recurrent(), **columns, id="exit_id", cluster="family_id", cause=1
    ).table
    mean = found.set_index("time")["mean"]
    assert mean[30] == pytest.approx(1 / 3)
    assert mean[120] == pytest.approx(1 / 3 + 1 / 2)


def test_only_an_outcome_that_leaves_the_child_at_risk_repeats(build):
    """Recurrent: re-entry ends follow-up; an outcome not asked for or not recorded is an error."""
    drawing = HOME + "\nmaltreatment_reports\nchild_id | report_date\nA | 2018-03-03"
    cohort = build(drawing, outcomes=["reentry"], support_months=0)
    with pytest.raises(StudyError, match='"reentry" does not repeat'):
        cohort.recurrent("reentry")
    with pytest.raises(StudyError, match=r"add a section \[outcomes.maltreatment\]"):
        cohort.recurrent()
    with pytest.raises(DataError, match="needs the table maltreatment_reports"):
        build(HOME, **RULES).recurrent()
