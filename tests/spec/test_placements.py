"""Words: placements within episodes, and what they say of a child on the day of exit."""

STAY = """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | reunification
"""


def test_settings_are_counted_as_the_federal_measure_does(build, same):
    """Trial visits, runaway, hospital and juvenile justice are no settings."""
    cohort = build(
        STAY
        + """
        placements
        child_id | start_date | end_date   | type
        A        | 2017-03-01 | 2017-04-01 | shelter
        A        | 2017-04-01 | 2017-05-01 | hospital
        A        | 2017-05-01 | 2017-06-01 | runaway
        A        | 2017-06-01 | 2018-01-01 | relative_foster_home
        A        | 2018-01-01 | 2018-02-01 | trial_home_visit
        """
    )
    same(
        cohort.exits,
        """
        placements | kin_care | congregate_care | trial_home_visits | last_placement
        2          | True     | True            | 1                 | relative_foster_home
        """,
    )


def test_kin_is_what_the_record_says_before_the_type(build, same):
    """A foster home can be kin, and a relative's home is unless the record denies it."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        denied   | 2017-03-01   | 2018-02-01     | reunification
        friend   | 2017-03-01   | 2018-02-01     | reunification
        typed    | 2017-03-01   | 2018-02-01     | reunification

        placements
        child_id | start_date | end_date   | type                 | kin
        denied   | 2017-03-01 | 2018-02-01 | relative_foster_home | false
        friend   | 2017-03-01 | 2018-02-01 | foster_home          | true
        typed    | 2017-03-01 | 2018-02-01 | relative_foster_home | -
        """
    )
    same(
        cohort.exits,
        "child_id | kin_care\ndenied | False\nfriend | True\ntyped | True",
    )


def test_only_placements_of_the_episode_count(build, same):
    """The dates decide: an earlier stay's, and those outside any stay, are not counted."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2015-03-01   | 2016-02-01     | transfer
        A        | 2017-03-01   | 2018-02-01     | reunification

        placements
        child_id | start_date | end_date   | type
        A        | 2015-03-01 | 2015-06-01 | group_home
        A        | 2015-06-01 | 2016-02-01 | foster_home
        A        | 2016-05-01 | 2016-06-01 | group_home
        A        | 2017-03-01 | 2018-02-01 | foster_home
        A        | 2018-02-01 | 2018-03-01 | group_home
        """
    )
    same(cohort.exits, "placements | congregate_care\n1 | False")


def test_without_a_placement_on_record_nothing_is_said(build, same):
    """Missing, not zero."""
    cohort = build(
        STAY
        + """
        placements
        child_id | start_date | type
        B        | 2017-03-01 | shelter
        """
    )
    same(cohort.exits, "placements | kin_care | last_placement\n- | - | -")


def test_of_the_last_setting_the_record_says_whether_siblings_were_there(build, same):
    """placed_with_siblings: of the last setting that is no visit."""
    cohort = build(
        STAY
        + """
        placements
        child_id | start_date | end_date   | type             | with_siblings
        A        | 2017-03-01 | 2017-06-01 | shelter          | false
        A        | 2017-06-01 | 2018-01-01 | foster_home      | true
        A        | 2018-01-01 | 2018-02-01 | trial_home_visit | false
        """
    )
    same(cohort.exits, "placed_with_siblings | last_placement\nTrue | foster_home")


def test_siblings_in_care_are_those_whose_stay_met_the_childs(build, same):
    """siblings_in_care: of one removal family, with a day in common, by the day of exit."""
    cohort = build(
        """
        children
        child_id | family_id
        A        | F
        before   | F
        during   | F
        later    | F
        alone    | -

        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | reunification
        before   | 2016-03-01   | 2017-03-01     | transfer
        during   | 2017-06-01   | 2017-07-01     | transfer
        during   | 2017-08-01   | -              | -
        later    | 2018-02-02   | -              | -
        alone    | 2017-03-01   | 2018-02-01     | reunification
        """
    )
    same(cohort.exits, "child_id | siblings_in_care\nA | 1\nalone | -")


def test_prior_reports_are_those_screened_in_up_to_the_day_of_exit(build, same):
    """prior_reports: reports, not allegations; a report on day 0 is history."""
    cohort = build(
        STAY
        + """
        maltreatment_reports
        allegation_id | report_id | child_id | report_date | disposition
        1             | r1        | A        | 2017-02-20  | substantiated
        2             | r1        | A        | 2017-02-20  | unsubstantiated
        3             | r2        | A        | 2018-02-01  | -
        4             | r3        | A        | 2017-02-21  | screened_out
        5             | r4        | A        | 2018-02-02  | substantiated
        """
    )
    same(cohort.exits, "prior_reports\n2")
