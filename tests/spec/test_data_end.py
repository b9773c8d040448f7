"""METHODS 1.6: what each table covers, and what was known when."""

import datetime


def test_reports_have_their_own_end_of_data(build, same):
    """Rule 6: given per table, maltreatment follow-up ends with the reports, re-entry does not."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-11-01     | guardianship

        maltreatment_reports
        child_id | report_date | disposition
        A        | 2018-12-05  | substantiated
        """,
        outcomes=["reentry", "maltreatment"],
        data_through={
            "removals": datetime.date(2018, 12, 31),
            "maltreatment_reports": datetime.date(2018, 12, 1),
        },
    )
    same(cohort.follow_up("reentry"), "child_id | stop | end_reason\nA | 60 | data_end")
    same(cohort.follow_up("maltreatment"), "child_id | stop | end_reason\nA | 30 | data_end")


def test_reports_end_before_the_data_by_the_95th_percentile_of_deciding(build, same):
    """Rule 6: 19 of 20 reports are decided within 30 days, so the last 30 days are not counted."""
    decided = "\n        ".join(
        f"B        | 2017-05-{day:02}  | 2017-06-{day - 1:02}      | unsubstantiated"
        for day in range(2, 21)
    )
    cohort = build(
        f"""
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-11-01     | guardianship
        B        | 2017-03-01   | -              | -

        maltreatment_reports
        child_id | report_date | disposition_date | disposition
        {decided}
        B        | 2017-05-01  | 2018-05-01       | unsubstantiated
        """,
        outcomes=["maltreatment"],
        data_through=datetime.date(2018, 12, 31),
    )
    same(cohort.follow_up("maltreatment"), "child_id | stop | end_reason\nA | 30 | data_end")
    assert any("95% of reports are decided within 30 days" in note for note in cohort.notes)


def test_without_dispositions_reports_end_with_the_data_and_a_warning(build, same):
    """Rule 6: neither disposition_date nor known_on is recorded."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-11-01     | guardianship

        maltreatment_reports
        child_id | report_date | disposition
        A        | 2017-03-01  | substantiated
        """,
        outcomes=["maltreatment"],
        data_through=datetime.date(2018, 12, 31),
    )
    same(cohort.follow_up("maltreatment"), "child_id | stop | end_reason\nA | 60 | data_end")
    assert any("neither disposition_date nor known_on is recorded" in n for n in cohort.notes)


def test_what_was_entered_later_is_not_known(build, same):
    """Rule 6: with data_through set back the cohort is the one built then."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason | known_on
        A        | 2017-03-01   | 2018-02-01     | guardianship     | 2018-02-03
        A        | 2018-06-01   | 2019-06-01     | guardianship     | 2018-06-02
        B        | 2017-03-01   | 2018-02-01     | guardianship     | 2018-02-03
        B        | 2018-06-01   | -              | -                | 2019-01-15
        C        | 2017-03-01   | 2018-12-01     | guardianship     | 2019-01-15
        """,
        data_through=datetime.date(2018, 12, 31),
    )
    same(
        cohort.follow_up("reentry"),
        """
        child_id | stop | event | end_reason
        A        | 120  | 1     | outcome
        B        | 333  | 0     | data_end
        """,
    )
    assert cohort.flow["exits"].iloc[0] == 3
    assert "2 rows of removals dated or entered after the data end (2018-12-31): not seen." in (
        cohort.notes
    )
