"""METHODS 4: the support window is a state decided from what is known on each day."""

import pytest


def states(cohort, child):
    rows = cohort.follow_up("reentry")
    rows = rows[rows["child_id"] == child]
    return [(r.start, r.stop, r.support_status) for r in rows.itertuples()]


def test_twelve_calendar_months_first_day_included_anniversary_excluded(build):
    """Other exit types: the child's own exit. From 29 February to 28 February."""
    cohort = build("""
        children
        child_id | birth_date
        B        | 2012-01-01

        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | guardianship
        B        | 2018-03-01   | 2020-02-29     | relative
    """)
    assert states(cohort, "A") == [(1, 364, "in"), (364, 730, "after")]
    assert states(cohort, "B") == [(1, 364, "in"), (364, 730, "after")]


def test_the_window_begins_with_the_last_child_home(build):
    """Reunification: before while the sibling is in care; in from the day the last comes home."""
    cohort = build("""
        children
        child_id | family_id
        A        | F
        B        | F

        removals
        child_id | removal_date | discharge_date | discharge_reason | household_id
        A        | 2017-03-01   | 2018-02-01     | reunification    | H1
        B        | 2017-03-01   | 2018-05-12     | reunification    | H1
    """)
    assert states(cohort, "A") == [(1, 99, "before"), (99, 464, "in"), (464, 730, "after")]
    assert states(cohort, "B") == [(1, 364, "in"), (364, 730, "after")]


def test_two_households_have_two_clocks(build):
    """The Milwaukee policy's example: A to the mother, B to the father six weeks later."""
    cohort = build(
        """
        children
        child_id | family_id
        A        | F
        B        | F

        removals
        child_id | removal_date | discharge_date | discharge_reason | household_id
        A        | 2012-03-01   | 2013-01-01     | reunification    | mother
        B        | 2012-03-01   | 2013-02-15     | reunification    | father
        """,
        exits=("2013-01-01", "2013-12-31"),
    )
    assert states(cohort, "A") == [(1, 364, "in"), (364, 730, "after")]
    assert states(cohort, "B") == [(1, 364, "in"), (364, 730, "after")]


def test_a_later_first_reunification_begins_the_window_again(build):
    """C was removed after A came home; the day C comes home first, the window restarts."""
    cohort = build("""
        children
        child_id | family_id
        A        | F
        C        | F

        removals
        child_id | removal_date | discharge_date | discharge_reason | household_id
        A        | 2017-03-01   | 2018-02-01     | reunification    | H1
        C        | 2018-04-01   | 2018-08-20     | reunification    | H1
    """)
    assert states(cohort, "A") == [(1, 564, "in"), (564, 730, "after")]


def test_a_window_that_had_ended_opens_again(build):
    """The first reunification into the household comes after the anniversary."""
    cohort = build("""
        children
        child_id | family_id
        A        | F
        C        | F

        removals
        child_id | removal_date | discharge_date | discharge_reason | household_id
        A        | 2017-03-01   | 2018-02-01     | reunification    | H1
        C        | 2018-04-01   | 2019-05-12     | reunification    | H1
    """)
    assert states(cohort, "A") == [(1, 364, "in"), (364, 464, "after"), (464, 730, "in")]


def test_a_siblings_return_from_a_reentry_does_not(build):
    """B came home before A, went back into care after, and returned."""
    cohort = build("""
        children
        child_id | family_id
        A        | F
        B        | F

        removals
        child_id | removal_date | discharge_date | discharge_reason | household_id
        A        | 2017-03-01   | 2018-02-01     | reunification    | H1
        B        | 2016-03-01   | 2017-06-01     | reunification    | H1
        B        | 2018-04-01   | 2018-08-20     | reunification    | H1
    """)
    assert states(cohort, "A") == [(1, 364, "in"), (364, 730, "after")]


@pytest.mark.parametrize("reason", ["adoption", "guardianship", "runaway"])
def test_a_sibling_who_exits_elsewhere_no_longer_holds_it_back(build, reason):
    """Before until B leaves care elsewhere on day 100; then in, from A's own reunification."""
    cohort = build(f"""
        children
        child_id | family_id
        A        | F
        B        | F

        removals
        child_id | removal_date | discharge_date | discharge_reason | household_id
        A        | 2017-03-01   | 2018-02-01     | reunification    | H1
        B        | 2017-03-01   | 2018-05-12     | {reason}         | H9
    """)
    assert states(cohort, "A") == [(1, 99, "before"), (99, 364, "in"), (364, 730, "after")]


def test_a_sibling_at_the_age_limit_no_longer_holds_it_back(build):
    """B stays in care and turns 18 on day 100; C, in care to the end, holds D's window back."""
    cohort = build("""
        children
        child_id | family_id | birth_date
        A        | F         | 2010-01-01
        B        | F         | 2000-05-12
        C        | G         | 2010-01-01
        D        | G         | 2010-01-01

        removals
        child_id | removal_date | discharge_date | discharge_reason | household_id
        A        | 2017-03-01   | 2018-02-01     | reunification    | H1
        B        | 2017-03-01   | -              | -                | -
        C        | 2017-03-01   | -              | -                | -
        D        | 2017-03-01   | 2018-02-01     | reunification    | H2
    """)
    assert states(cohort, "A") == [(1, 99, "before"), (99, 364, "in"), (364, 730, "after")]
    assert states(cohort, "D") == [(1, 730, "before")]


def test_a_sibling_in_care_with_another_household_named_holds_nothing(build):
    """The open stay of B names the household to be reunified with: not A's."""
    cohort = build("""
        children
        child_id | family_id
        A        | F
        B        | F

        removals
        child_id | removal_date | discharge_date | discharge_reason | household_id
        A        | 2017-03-01   | 2018-02-01     | reunification    | H1
        B        | 2017-03-01   | -              | -                | H2
    """)
    assert states(cohort, "A") == [(1, 364, "in"), (364, 730, "after")]


def test_the_state_is_never_a_baseline_covariate(build):
    """It would look into the future."""
    cohort = build("""
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | guardianship
    """)
    assert "support_status" not in cohort.exits
    assert "support_status" not in cohort.covariates
