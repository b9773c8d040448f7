"""METHODS 5 and 1.1: what a service was to a child on each day."""

HOME = """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | guardianship
"""
FAMILY = """
        children
        child_id | family_id
        A        | F
        B        | F
        C        | G

        removals
        child_id | removal_date | discharge_date | discharge_reason | household_id
        A        | 2017-03-01   | 2018-02-01     | relative         | H1
        B        | 2017-03-01   | 2018-05-12     | relative         | H2
        C        | 2017-03-01   | 2018-05-12     | relative         | H1
"""


def exposure(cohort, child="A", program="coach"):
    rows = cohort.follow_up("reentry")
    rows = rows[rows["child_id"] == child]
    columns = ["start", "stop", f"exposure_{program}", f"dose_{program}"]
    return [tuple(row) for row in rows[columns].itertuples(index=False)]


def cohort_with(build, spells, exits=HOME, **rules):
    """A cohort with the spells of a service and no support window to split rows."""
    rules = {"services": ["coach"], "support_months": 0, "horizon_days": 200} | rules
    return build(f"{exits}\nservices\n{spells}", **rules)


def test_service_that_starts_on_day_d_counts_from_the_next_day(build):
    """1.1: rows split after the start and after the last day of service; the dose runs."""
    cohort = cohort_with(
        build,
        """
        child_id | program | start_date | end_date
        A        | coach   | 2018-03-03 | 2018-05-12
        """,
    )
    assert exposure(cohort) == [
        (1, 30, "before", 0),
        (30, 100, "in service", 0),
        (100, 200, "after", 70),
    ]


def test_an_outcome_on_the_start_day_belongs_to_before(build):
    """1.1: the service cannot be credited or blamed for that day."""
    cohort = cohort_with(
        build,
        """
        child_id | program | start_date | end_date
        A        | coach   | 2018-03-03 | -
        """,
        exits=HOME + "        A        | 2018-03-03   | -              | -\n",
    )
    rows = cohort.follow_up("reentry")
    assert rows[["start", "stop", "event", "exposure_coach"]].values.tolist() == [
        [1, 30, 1, "before"]
    ]


def test_what_is_known_at_exit(build, same):
    """5.1: open at the exit, or begun within 60 days before it; earlier spells are history."""
    starts = {
        "opened": ("2016-05-01", "2018-02-01"),
        "running": ("2017-01-01", "-"),
        "dayzero": ("2018-02-01", "2018-05-12"),
        "planned": ("2017-12-03", "2018-01-15"),
        "earlier": ("2017-12-02", "2018-01-15"),
        "later": ("2018-02-02", "-"),
    }
    cohort = build(
        "removals\nchild_id | removal_date | discharge_date | discharge_reason\n"
        + "\n".join(f"{child} | 2017-03-01 | 2018-02-01 | guardianship" for child in starts)
        + "\n\nservices\nchild_id | program | start_date | end_date\n"
        + "\n".join(f"{child} | coach | {a} | {b}" for child, (a, b) in starts.items()),
        services=["coach"],
        support_months=0,
        horizon_days=200,
    )
    same(
        cohort.exits,
        """
        child_id | known_at_exit_coach | earlier_coach | start_day_coach | end_day_coach
        dayzero  | True                | False         | 0               | 100
        earlier  | False               | True          | -               | -
        later    | False               | False         | 1               | -
        opened   | True                | False         | -641            | 0
        planned  | True                | False         | -60             | -17
        running  | True                | False         | -396            | -
        """,
    )
    assert exposure(cohort, "dayzero") == [(1, 100, "in service", 1), (100, 200, "after", 100)]
    assert exposure(cohort, "earlier") == [(1, 200, "before", 0)]
    assert exposure(cohort, "later") == [(1, 200, "in service", 0)]
    assert exposure(cohort, "planned") == [(1, 200, "after", 43)]
    assert exposure(cohort, "running") == [(1, 200, "in service", 397)]
    assert "4 exits with coach known at exit (prevalent starts)." in cohort.notes


def test_the_lead_is_the_programs_own(build):
    """5.1: lead_days is a setting of the service."""
    spells = """
        child_id | program | start_date | end_date
        A        | coach   | 2018-01-01 | 2018-01-15
    """
    near = {"program": "coach", "lead_days": 30}
    assert cohort_with(build, spells).exits["known_at_exit_coach"].tolist() == [True]
    assert cohort_with(build, spells, services=[near]).exits["earlier_coach"].tolist() == [True]


def test_spells_of_a_program_are_merged(build):
    """Words: overlapping spells and one on the next day are one; after a pause it begins again."""
    cohort = cohort_with(
        build,
        """
        child_id | program | start_date | end_date
        A        | coach   | 2018-02-11 | 2018-02-21
        A        | coach   | 2018-02-15 | 2018-02-18
        A        | coach   | 2018-02-22 | 2018-03-03
        A        | coach   | 2018-05-12 | -
        """,
    )
    assert exposure(cohort) == [
        (1, 10, "before", 0),
        (10, 30, "in service", 0),
        (30, 100, "after", 20),
        (100, 200, "in service", 20),
    ]


def test_a_service_of_one_day_is_before_and_then_after(build):
    """1.1: it counts from the next day, when it is over; a second such day changes nothing."""
    cohort = cohort_with(
        build,
        """
        child_id | program | start_date | end_date
        A        | coach   | 2018-03-03 | 2018-03-03
        A        | coach   | 2018-05-12 | 2018-05-12
        """,
    )
    assert exposure(cohort) == [(1, 30, "before", 0), (30, 200, "after", 0)]


def test_a_service_reaches_the_child_the_family_or_the_household(build, same):
    """Words: a family's service every child removed from it, a household's all who exited to it."""
    cohort = cohort_with(
        build,
        """
        child_id | family_id | household_id | program | start_date | end_date
        A        | -         | -            | solo    | 2018-06-01 | -
        -        | F         | -            | family  | 2018-06-01 | -
        -        | -         | H1           | home    | 2018-06-01 | -
        A        | F         | H1           | every   | 2018-06-01 | -
        """,
        exits=FAMILY,
        services=["solo", "family", "home", "every"],
    )
    same(
        cohort.exits,
        """
        child_id | start_day_solo | start_day_family | start_day_home | start_day_every
        A        | 120            | 120              | 120            | 120
        B        | -              | 20               | -              | 20
        C        | -              | -                | 20             | 20
        """,
    )
    same(
        cohort.services,
        """
        exit_id | program | reach     | timing     | start_day
        A-1     | every   | child     | after exit | 120
        A-1     | family  | family    | after exit | 120
        A-1     | home    | household | after exit | 120
        A-1     | solo    | child     | after exit | 120
        B-1     | every   | family    | after exit | 20
        B-1     | family  | family    | after exit | 20
        C-1     | every   | household | after exit | 20
        C-1     | home    | household | after exit | 20
        """,
    )


def test_a_household_service_already_open_is_known_when_a_child_comes_home(build, same):
    """5.1: the same for a service already open when a sibling comes home."""
    cohort = cohort_with(
        build,
        """
        household_id | program | start_date | end_date
        H1           | coach   | 2018-03-03 | -
        """,
        exits=FAMILY,
    )
    same(
        cohort.exits,
        """
        child_id | known_at_exit_coach | start_day_coach
        A        | False               | 30
        B        | False               | -
        C        | True                | -70
        """,
    )


def test_rows_split_where_any_exposure_changes_and_nowhere_else(build, same):
    """Words: as many rows as needed and no more, with two programs and the support window."""
    cohort = cohort_with(
        build,
        """
        child_id | program | start_date | end_date
        A        | coach   | 2018-03-03 | 2018-05-12
        A        | group   | 2018-03-03 | 2018-06-01
        """,
        services=["coach", "group"],
        support_months=1,
    )
    same(
        cohort.follow_up("reentry"),
        """
        start | stop | event | exposure_coach | exposure_group | dose_group | support_status
        1     | 27   | 0     | before         | before         | 0          | in
        27    | 30   | 0     | before         | before         | 0          | after
        30    | 100  | 0     | in service     | in service     | 0          | after
        100   | 120  | 0     | after          | in service     | 70         | after
        120   | 200  | 0     | after          | after          | 90         | after
        """,
    )


def test_a_refusal_is_counted_and_excludes_nobody(build, same):
    """5.4: a row without a start but with an end reason."""
    cohort = cohort_with(
        build,
        """
        child_id | program | referral_date | start_date | end_reason
        A        | coach   | 2018-02-05    | -          | refused
        """,
    )
    assert exposure(cohort) == [(1, 200, "before", 0)]
    same(cohort.services, "timing | referral_day | end_reason\nnever started | 4 | refused")
    assert "1 exit with coach refused: nobody is removed for it." in cohort.notes


def test_a_service_nobody_received_is_named(build):
    """Words: a sentence, not a crash; the exposure is 'before' throughout."""
    cohort = cohort_with(
        build,
        """
        child_id | program | start_date
        A        | other   | 2018-02-05
        """,
    )
    assert exposure(cohort) == [(1, 200, "before", 0)]
    assert any("Nothing can be said of coach: no child" in sentence for sentence in cohort.cannot)
    without = build(HOME, services=["coach"], support_months=0)
    assert any("the table services is missing" in sentence for sentence in without.cannot)
    assert without.exits["known_at_exit_coach"].tolist() == [False]


def test_ever_served_is_a_description(build, same):
    """5.3: labelled, and only what was seen before follow-up ended."""
    cohort = cohort_with(
        build,
        """
        child_id | program | start_date
        A        | coach   | 2018-03-03
        B        | coach   | 2018-06-01
        """,
        exits=HOME
        + """        B        | 2017-03-01   | 2018-02-01     | guardianship
        B        | 2018-03-03   | -              | -
""",
    )
    same(
        cohort.ever_served("coach"),
        """
        program | served | exits | children | families | events | use
        coach   | ever   | 1     | 1        | 1        | 0      | description, not an effect
        coach   | never  | 1     | 1        | 1        | 1      | description, not an effect
        """,
    )
