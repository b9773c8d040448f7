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


def test_an_end_entered_later_is_not_known(build, same):
    """Rule 6: a discharge, a death and an end of service count from the day they became known."""
    drawing = """
        children
        child_id | birth_date | death_date | death_known_on
        A        | 2010-01-01 | 2018-10-01 | 2019-01-15
        B        | 2010-01-01 | -          | -

        removals
        child_id | removal_date | discharge_date | discharge_reason | discharge_known_on
        A        | 2017-03-01   | 2018-02-01     | guardianship     | 2018-02-03
        B        | 2017-03-01   | 2018-02-01     | guardianship     | 2019-01-15

        services
        child_id | program | start_date | end_date   | end_known_on
        A        | coach   | 2018-03-03 | 2018-05-12 | 2019-01-15
    """
    rules = {"services": ["coach"], "support_months": 0}
    then = build(drawing, data_through=datetime.date(2018, 12, 31), **rules)
    same(
        then.follow_up("reentry"),
        """
        child_id | start | stop | exposure_coach | end_reason
        A        | 1     | 30   | before         | -
        A        | 30    | 333  | in service     | data_end
        """,
    )
    now = build(drawing, data_through=datetime.date(2019, 6, 30), **rules)
    same(
        now.follow_up("reentry"),
        """
        child_id | start | stop | exposure_coach | end_reason
        A        | 1     | 30   | before         | -
        A        | 30    | 100  | in service     | -
        A        | 100   | 242  | after          | death
        B        | 1     | 514  | before         | data_end
        """,
    )


def test_without_known_on_each_difference_from_a_saved_cohort_is_listed(build, same, tmp_path):
    """Rule 6: late entry, correction or withdrawal, from the file `permanency cohort` wrote."""
    then = """
        children
        child_id | birth_date | sex
        A        | 2010-01-01 | -
        B        | 2010-01-01 | male
        gone     | 2010-01-01 | male

        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | guardianship
        B        | 2017-03-01   | 2018-02-01     | guardianship
        gone     | 2017-03-01   | 2018-02-01     | guardianship
    """
    now = """
        children
        child_id | birth_date | sex
        A        | 2010-01-01 | female
        B        | 2010-01-01 | male
        new      | 2010-01-01 | male

        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | guardianship
        B        | 2017-03-01   | 2018-02-02     | guardianship
        new      | 2017-03-01   | 2018-02-01     | guardianship
    """
    saved = build(then).exits
    found = build(now).changes(saved)
    same(
        found,
        """
        exit_id | kind       | column       | then       | now
        A-1     | late entry | sex          | -          | female
        B-1     | correction | age_limit_day | 3621      | 3620
        B-1     | correction | days_in_care | 337        | 338
        B-1     | correction | index_date   | 2018-02-01 | 2018-02-02
        gone-1  | withdrawn  | index_date   | 2018-02-01 | -
        new-1   | late entry | index_date   | -          | 2018-02-01
        """,
    )
    for name, write in {"exits.parquet": saved.to_parquet, "exits.csv": saved.to_csv}.items():
        write(tmp_path / name, index=False)
        assert build(now).changes(tmp_path / name).equals(found)


def test_records_that_fall_silent_before_the_data_end_are_said(build):
    """Rule 6: a data end later than the records would make unseen days into days without an event."""
    drawing = """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-10-02     | guardianship
        """
    for end, told in ((datetime.date(2018, 12, 31), False), (datetime.date(2019, 1, 1), True)):
        cohort = build(drawing, outcomes=["reentry"], data_through=end)
        said = any("No removal or discharge is dated within the 90 days" in n for n in cohort.notes)
        assert said is told
