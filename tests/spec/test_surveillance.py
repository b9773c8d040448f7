"""METHODS 9.2 and 9.4: which reports count when surveillance is bounded, and a negative control."""

import pytest

from evaluation.cohorts.surveillance import BEFORE_EXIT, BOUNDS, COUNTED
from evaluation.errors import DataError

REPORTS = """
    removals
    child_id | removal_date | discharge_date | discharge_reason
    A        | 2017-03-01   | 2018-02-01     | guardianship
    B        | 2017-03-01   | 2018-02-01     | guardianship
    C        | 2017-03-01   | 2018-02-01     | guardianship
    D        | 2017-03-01   | 2018-02-01     | guardianship
    E        | 2017-03-01   | 2018-02-01     | guardianship

    maltreatment_reports
    child_id | report_date | incident_date | disposition     | reporter_source
    A        | 2018-03-03  | 2018-03-01    | unsubstantiated | service_provider
    A        | 2018-05-02  | 2018-05-01    | substantiated   | education
    B        | 2018-03-03  | 2018-03-01    | substantiated   | service_provider
    B        | 2018-05-03  | 2018-05-01    | unsubstantiated | relative
    C        | 2018-03-03  | 2018-01-20    | unsubstantiated | relative
    D        | 2018-03-03  | 2018-03-01    | screened_out    | relative
    E        | 2018-03-03  | 2018-03-01    | unsubstantiated | mental_health
    E        | 2018-04-03  | 2018-04-01    | screened_out    | relative
"""


def test_days_with_a_report_are_those_it_was_made_on_whatever_was_found(build, same):
    """METHODS 6.4: history is what was known by a day; day 0 belongs to what is known at the exit."""
    early = """
    A        | 2018-02-01  | 2018-01-30    | substantiated   | education
    A        | 2018-05-02  | 2018-04-30    | screened_out    | relative
    """
    rules = {"outcomes": {"maltreatment": {"date": "incident"}}, "support_months": 0}
    same(
        build(REPORTS + early.lstrip("\n"), **rules).report_days,
        """
        exit_id | day
        A-1     | 30
        A-1     | 90
        B-1     | 30
        B-1     | 91
        C-1     | 30
        D-1     | 30
        E-1     | 30
        E-1     | 61
        """,
    )
    alone = REPORTS[: REPORTS.index("    maltreatment_reports")]
    assert build(alone).report_days is None


@pytest.mark.parametrize(
    ("counted", "days"),
    [
        (BOUNDS[0], {"A": 30, "B": 30, "C": 30, "E": 30}),
        (BOUNDS[1], {"A": 90, "B": 91, "C": 30}),
        (BOUNDS[2], {"A": 90, "B": 30}),
        (BOUNDS[3], {"A": 30, "B": 91, "C": 30}),
        (BEFORE_EXIT, {"C": 30}),
    ],
)
def test_reports_count_in_four_ways_and_as_a_control(build, counted, days):
    """All but screened out; none by providers; substantiated; a provider's only when another
    source follows within 60 days (A: 60 days later; B: 61); incidents before the exit (C)."""
    cohort = build(REPORTS, outcomes=["maltreatment"], support_months=0)
    rows = cohort.follow_up_counting(counted)
    happened = rows[rows["event"] == 1].set_index("child_id")["stop"]
    assert happened.to_dict() == days
    assert set(rows["child_id"]) == set("ABCDE")


def test_the_control_goes_by_the_report_even_where_the_study_goes_by_the_incident(build):
    """An incident of 20 January reported on 3 March is an event of day 30 of the control."""
    cohort = build(REPORTS, outcomes={"maltreatment": {"date": "incident"}}, support_months=0)
    rows = cohort.follow_up_counting(BEFORE_EXIT)
    assert rows.loc[rows["event"] == 1, "stop"].tolist() == [30]


@pytest.mark.parametrize("counted", [name for name in COUNTED if name != BOUNDS[0]])
def test_a_bound_the_data_cannot_give_names_the_column(build, counted):
    """Without reporters, incidents or findings a bound is refused in one sentence."""
    drawing = """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | guardianship

        maltreatment_reports
        child_id | report_date
        A        | 2018-03-03
    """
    cohort = build(drawing, outcomes={"maltreatment": {"level": "screened-in"}}, support_months=0)
    with pytest.raises(DataError, match="the column .* of maltreatment_reports"):
        cohort.follow_up_counting(counted)
