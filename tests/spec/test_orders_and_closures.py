"""METHODS 4 and the Milwaukee policy: court orders, closures and the policy's own choices."""

MOTHER_AND_FATHER = """
        children
        child_id | family_id
        A        | F
        B        | F

        removals
        child_id | removal_date | discharge_date | discharge_reason | household_id
        A        | 2012-03-01   | 2013-01-01     | reunification    | mother
        B        | 2012-03-01   | 2013-02-15     | reunification    | {home}
"""
IN_2013 = {"exits": ("2012-01-01", "2013-12-31")}
HOME = """
        removals
        child_id | removal_date | discharge_date | discharge_reason | household_id
        A        | 2012-03-01   | 2013-02-15     | reunification    | mother
"""
YEARS_LATER = {"data_through": "2016-06-30"} | IN_2013


def windows(cohort, child):
    """The first day at risk on which support is owed, and the first on which it is not."""
    rows = cohort.follow_up("maltreatment" if "maltreatment" in cohort.outcomes else "reentry")
    exits = cohort.exits.set_index("child_id")["index_date"]
    inside = rows[(rows["child_id"] == child) & (rows["support_status"] == "in")]
    day0 = exits[child].date()
    return [
        str(day0.fromordinal(day0.toordinal() + d + 1))
        for d in (inside["start"].min(), inside["stop"].max())
    ]


REPORTS = """
        maltreatment_reports
        child_id | report_date | disposition
        A        | 2012-01-01  | substantiated
"""


def test_the_policys_own_example_has_two_clocks(build):
    """R3, R4: A to the mother on 1 January, B to the father on 15 February; each has a year."""
    drawing = MOTHER_AND_FATHER.format(home="father") + REPORTS
    cohort = build(drawing, outcomes=["maltreatment"], **IN_2013)
    assert windows(cohort, "A") == ["2013-01-02", "2014-01-01"]
    assert windows(cohort, "B") == ["2013-02-16", "2014-02-15"]


def test_in_one_household_there_is_one_clock_and_45_days_before_it(build, same):
    """R2, R6: A waits from 1 January to 15 February, at risk from its own exit."""
    cohort = build(
        MOTHER_AND_FATHER.format(home="mother") + REPORTS, outcomes=["maltreatment"], **IN_2013
    )
    assert windows(cohort, "A") == ["2013-02-15", "2014-02-15"]
    assert windows(cohort, "B") == ["2013-02-16", "2014-02-15"]
    same(
        cohort.follow_up("maltreatment").query("child_id == 'A'"),
        """
        start | stop | support_status
        0     | 44   | before
        44    | 409  | in
        409   | 730  | after
        """,
    )


def test_the_anniversary_of_a_leap_day_is_the_studys_choice(build, same):
    """Reunified on 29 February 2012: the window ends on 28 February or on 1 March 2013."""
    drawing = """
        children
        child_id | birth_date
        A        | 2009-01-01

        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2011-03-01   | 2012-02-29     | reunification
    """
    usual = build(drawing, horizon_days=500, **IN_2013).follow_up("reentry")
    same(usual, "start | stop | support_status\n1 | 364 | in\n364 | 500 | after")
    later = build(drawing, horizon_days=500, support_leap_day="1 March", **IN_2013)
    same(
        later.follow_up("reentry"),
        "start | stop | support_status\n1 | 365 | in\n365 | 500 | after",
    )


def test_a_siblings_return_from_a_reentry_restarts_it_if_the_policy_says_so(build, same):
    """support_restart = "every return": B came home before A, re-entered, and came back."""
    drawing = """
        children
        child_id | family_id
        A        | F
        B        | F

        removals
        child_id | removal_date | discharge_date | discharge_reason | household_id
        A        | 2017-03-01   | 2018-02-01     | reunification    | H1
        B        | 2016-03-01   | 2017-06-01     | reunification    | H1
        B        | 2018-04-01   | 2018-08-20     | reunification    | H1
    """
    cohort = build(drawing, support_restart="every return")
    same(
        cohort.follow_up("reentry").query("child_id == 'A'"),
        "start | stop | support_status\n1 | 564 | in\n564 | 730 | after",
    )


ORDER = """
        legal_orders
        child_id | type             | start_date | end_date
        A        | child_protection | 2012-03-01 | 2013-05-10
"""


def test_support_is_voluntary_from_the_day_the_order_ends(build, same):
    """R7, R8: involuntary before the end of the order, voluntary from that day."""
    cohort = build(HOME + ORDER, **YEARS_LATER)
    same(
        cohort.follow_up("reentry"),
        """
        start | stop | support_status | support_voluntary
        1     | 83   | in             | False
        83    | 364  | in             | True
        364   | 730  | after          | -
        """,
    )


def test_an_order_without_an_end_and_one_that_follows(build, same):
    """R7: a gap between orders is voluntary; an open order goes on."""
    cohort = build(
        HOME
        + """
        legal_orders
        household_id | type        | start_date | end_date
        mother       | supervision | 2013-01-01 | 2013-03-17
        mother       | supervision | 2013-05-26 | -
        """,
        **YEARS_LATER,
    )
    same(
        cohort.follow_up("reentry"),
        """
        start | stop | support_voluntary
        1     | 29   | False
        29    | 99   | True
        99    | 364  | False
        364   | 730  | -
        """,
    )


def test_which_orders_bind_is_the_studys_choice(build, same):
    """involuntary_orders: a guardianship order does not, unless the study says so."""
    drawing = (
        HOME
        + """
        legal_orders
        child_id | type         | start_date
        A        | guardianship | 2013-02-15
    """
    )
    free = build(drawing, **YEARS_LATER).follow_up("reentry")
    bound = build(drawing, involuntary_orders=["guardianship"], **YEARS_LATER)
    same(free, "support_voluntary\nTrue\n-")
    same(bound.follow_up("reentry"), "support_voluntary\nFalse\n-")


def test_a_closure_ends_the_window_early_with_its_reason(build, same):
    """R37–R41: from the day of the closure there is no support."""
    cohort = build(
        HOME
        + """
        closures
        household_id | closure_date | reason
        mother       | 2013-05-26   | moved_in_state
        """,
        **YEARS_LATER,
    )
    same(
        cohort.follow_up("reentry"),
        """
        start | stop | support_status | support_closure
        1     | 99   | in             | -
        99    | 730  | after          | moved_in_state
        """,
    )


def test_after_a_refusal_the_window_runs_on(build, same):
    """R11, R42: a refusal ends no window."""
    cohort = build(
        HOME
        + """
        closures
        child_id | closure_date | reason
        A        | 2013-05-26   | refused
        """,
        **YEARS_LATER,
    )
    same(
        cohort.follow_up("reentry"),
        "start | stop | support_status\n1 | 364 | in\n364 | 730 | after",
    )


def test_a_closure_before_the_exit_or_at_the_anniversary_ends_nothing_early(build, same):
    """R36: a closure once the year is complete gives no reason of its own."""
    cohort = build(
        HOME
        + """
        closures
        child_id | closure_date | reason
        A        | 2013-02-15   | other
        A        | 2014-02-15   | completed
        """,
        **YEARS_LATER,
    )
    same(
        cohort.follow_up("reentry"),
        "start | stop | support_closure\n1 | 364 | -\n364 | 730 | -",
    )


def test_a_later_first_reunification_opens_a_closed_window_again(build, same):
    """R5 after a closure: C comes home first on day 189."""
    cohort = build(
        """
        children
        child_id | family_id
        A        | F
        C        | F

        removals
        child_id | removal_date | discharge_date | discharge_reason | household_id
        A        | 2012-03-01   | 2013-02-15     | reunification    | mother
        C        | 2013-04-01   | 2013-08-23     | reunification    | mother

        closures
        child_id | closure_date | reason
        A        | 2013-05-26   | not_located
        """,
        **YEARS_LATER,
    )
    same(
        cohort.follow_up("reentry").query("child_id == 'A'"),
        """
        start | stop | support_status | support_closure
        1     | 99   | in             | -
        99    | 188  | after          | not_located
        188   | 553  | in             | -
        553   | 730  | after          | -
        """,
    )


def test_a_closure_on_the_day_a_window_opens_ends_the_earlier_window_alone(build, same):
    """R5: A's first window closes on day 189, the day on which C comes home and opens another."""
    cohort = build(
        """
        children
        child_id | family_id
        A        | F
        C        | F

        removals
        child_id | removal_date | discharge_date | discharge_reason | household_id
        A        | 2012-03-01   | 2013-02-15     | reunification    | mother
        C        | 2013-04-01   | 2013-08-23     | reunification    | mother

        closures
        child_id | closure_date | reason
        A        | 2013-08-23   | not_located
        """,
        **YEARS_LATER,
    )
    same(
        cohort.follow_up("reentry").query("child_id == 'A'"),
        """
        start | stop | support_status | support_closure
        1     | 553  | in             | -
        553   | 730  | after          | -
        """,
    )


def test_a_move_out_of_state_also_ends_follow_up(build, same):
    """R39: end of support and censoring; a move within the state is not."""
    cohort = build(
        HOME
        + """
        closures
        child_id | closure_date | reason
        A        | 2013-05-26   | moved_out_of_state
        """,
        **YEARS_LATER,
    )
    same(
        cohort.follow_up("reentry"),
        """
        start | stop | event | end_reason | support_status
        1     | 99   | 0     | -          | in
        99    | 100  | 0     | moved_out  | after
        """,
    )


def test_not_located_needs_sixty_days_without_contact(build, same):
    """R38: 60 days are enough, 59 are a finding."""
    cohort = build(
        HOME
        + """
        closures
        closure_id | child_id | closure_date | reason      | last_contact_date
        1          | A        | 2014-02-15   | not_located | 2013-12-17
        2          | A        | 2014-02-15   | not_located | 2013-12-18
        """,
        **YEARS_LATER,
    )
    same(
        cohort.closures,
        """
        closure_id | days_without_contact | finding
        1          | 60                   | -
        2          | 59                   | closed as not located before 60 days without contact
        """,
    )


def test_a_refusal_before_the_order_ends_is_a_finding(build, same):
    """R10: refused on 9 May, the order ends on 10 May; on that day a family may refuse."""
    cohort = build(
        HOME
        + ORDER
        + """
        closures
        closure_id | child_id | closure_date | reason
        1          | A        | 2013-05-09   | refused
        2          | A        | 2013-05-10   | refused
        """,
        **YEARS_LATER,
    )
    same(
        cohort.closures,
        """
        closure_id | voluntary | finding
        1          | False     | refused while a court order made support involuntary
        2          | True      | -
        """,
    )
    assert any("refused while a court order" in note for note in cohort.notes)


def test_the_supervisor_is_consulted_on_or_before_every_closure(build, same):
    """R43: the day itself is in time."""
    cohort = build(
        HOME
        + """
        closures
        closure_id | child_id | closure_date | reason    | consultation_date
        1          | A        | 2014-02-15   | completed | 2014-02-15
        2          | A        | 2014-02-15   | completed | 2014-02-16
        """,
        **YEARS_LATER,
    )
    same(
        cohort.closures,
        "closure_id | finding\n1 | -\n2 | supervisor consulted only after the closure",
    )


def test_a_programs_closure_ends_its_open_spell_and_no_window(build, same):
    """Words: a closure that names a program is the end of that program."""
    cohort = build(
        HOME
        + """
        services
        child_id | program | start_date | end_date
        A        | coach   | 2013-02-20 | -
        A        | group   | 2013-02-20 | -

        closures
        child_id | program | closure_date | reason
        A        | coach   | 2013-05-26   | completed
        """,
        services=["coach", "group"],
        **YEARS_LATER,
    )
    same(
        cohort.follow_up("reentry"),
        """
        start | stop | exposure_coach | exposure_group | support_status
        1     | 5    | before         | before         | in
        5     | 100  | in service     | in service     | in
        100   | 364  | after          | in service     | in
        364   | 730  | after          | in service     | after
        """,
    )
    same(cohort.spells, "program | start_day | end_day\ncoach | 5 | 100\ngroup | 5 | -")
