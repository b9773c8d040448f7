"""METHODS 2: which discharges are exits, and which children belong together."""

import datetime


def test_every_exclusion_is_a_step_and_the_flow_adds_up(build, same):
    """Rule 2 and the steps: a missing reason is excluded and counted, never 'not permanency'."""
    cohort = build(
        """
        children
        child_id | birth_date | death_date | family_id
        dead     | 2010-01-01 | 2018-02-01 | F1
        grown    | 2000-02-01 | -          | F2
        unborn   | -          | -          | F3

        removals
        child_id | removal_date | discharge_date | discharge_reason | custody
        held     | 2017-03-01   | 2017-03-04     | reunification    | temporary_physical_custody
        still    | 2017-03-01   | -              | -                | -
        late     | 2017-03-01   | 2024-06-29     | reunification    | -
        silent   | 2017-03-01   | 2018-02-01     | -                | -
        ran      | 2017-03-01   | 2018-02-01     | runaway          | -
        early    | 2017-03-01   | 2017-12-31     | reunification    | -
        unborn   | 2017-03-01   | 2018-02-01     | reunification    | -
        grown    | 2017-03-01   | 2018-02-01     | reunification    | -
        dead     | 2017-03-01   | 2018-02-01     | reunification    | -
        kin      | 2017-03-01   | 2018-02-01     | relative         | -
        brief    | 2018-01-25   | 2018-02-01     | reunification    | -
        kept     | 2017-03-01   | 2018-02-01     | reunification    | -
        kept     | 2018-06-01   | 2019-02-01     | reunification    | -
        """,
        exit_types=["reunification", "guardianship", "adoption"],
    )
    same(
        cohort.flow,
        """
        step                           | children | exits | families | excluded
        Removal episodes on record     | 12       | 13    | 12       | 0
        Stays in care                  | 11       | 12    | 11       | 1
        Discharged                     | 10       | 11    | 10       | 1
        Discharge settled              | 9        | 10    | 9        | 1
        Discharge reason known         | 8        | 9     | 8        | 1
        Discharged to permanency       | 7        | 8     | 7        | 1
        Exits in the study window      | 6        | 7     | 6        | 1
        Birth date known               | 5        | 6     | 5        | 1
        Under 18 at exit               | 4        | 5     | 4        | 1
        Alive after the exit           | 3        | 4     | 3        | 1
        Exit types studied             | 2        | 3     | 2        | 1
        Stay long enough               | 1        | 2     | 1        | 1
        Cohort: first exit of each child | 1      | 1     | 1        | 1
        """,
    )
    assert cohort.flow["reason"].tolist()[4] == "Discharge reason missing"
    same(cohort.exits, "child_id | exit_id | exit_type\nkept | kept-1 | reunification")


def test_the_discharge_is_that_of_the_spell_that_ends_last(build, same):
    """Words: nested and overlapping spells are one episode; reasons are those of the first."""
    cohort = build("""
        removals
        child_id | removal_date | discharge_date | discharge_reason | removal_reasons    | county
        A        | 2017-03-01   | 2018-02-01     | relative         | neglect            | East
        A        | 2017-05-01   | 2017-06-01     | reunification    | physical_abuse     | West
        B        | 2017-03-01   | 2017-12-01     | reunification    | neglect            | East
        B        | 2017-11-01   | 2018-02-01     | guardianship     | physical_abuse     | West
        C        | 2017-03-01   | 2018-02-01     | reunification    | neglect;parent_death | East
        C        | 2017-03-01   | 2018-02-01     | guardianship     | -                  | West
    """)
    same(
        cohort.exits,
        """
        child_id | exit_type    | days_in_care | county | reason_neglect | reason_parent_death
        A        | relative     | 337          | East   | True           | False
        B        | guardianship | 337          | West   | True           | False
        C        | guardianship | 337          | West   | True           | True
        """,
    )


def test_an_open_stay_swallows_what_follows(build):
    """Words: a stay without a discharge lasts; the note says that no exit is seen."""
    cohort = build("""
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2016-03-01   | -              | -
        A        | 2018-03-01   | 2019-02-01     | reunification
    """)
    assert cohort.exits.empty
    assert cohort.follow_up("reentry").empty
    assert any(
        note.startswith("1 episode with a stay that has no discharge") for note in cohort.notes
    )


def test_every_exit_follows_a_child_again(build, same):
    """Words: the unit is the exit; a return too short to count makes no new exit."""
    drawing = """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | reunification
        A        | 2018-06-01   | 2018-12-01     | reunification
        A        | 2019-01-10   | 2019-01-15     | reunification
        A        | 2019-06-01   | -              | -
    """
    cohort = build(drawing, unit="every exit", min_days_exit=0, min_days_reentry=10)
    same(
        cohort.exits,
        """
        exit_id | index_date | prior_episodes
        A-1     | 2018-02-01 | 0
        A-2     | 2018-12-01 | 1
        """,
    )
    same(
        cohort.follow_up("reentry"),
        """
        exit_id | start | stop | event
        A-1     | 1     | 120  | 1
        A-2     | 1     | 182  | 1
        """,
    )
    same(build(drawing).exits, "exit_id | index_date\nA-1 | 2018-02-01")


def test_short_custody_is_a_protective_action(build, same):
    """METHODS 3: not a removal, not an episode; of at least the minimum stay it is both."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason | custody
        A        | 2016-03-01   | 2016-03-04     | reunification    | temporary_physical_custody
        A        | 2017-03-01   | 2018-02-01     | guardianship     | court_ordered
        A        | 2018-03-03   | 2018-03-06     | reunification    | temporary_physical_custody
        B        | 2017-03-01   | 2018-02-01     | guardianship     | court_ordered
        B        | 2018-03-03   | 2018-03-11     | reunification    | temporary_physical_custody
        """,
        support_months=0,
    )
    same(cohort.exits, "child_id | exit_id | prior_episodes\nA | A-1 | 0\nB | B-1 | 0")
    same(
        cohort.follow_up("reentry"),
        """
        child_id | start | stop | event | end_reason
        A        | 1     | 730  | 0     | horizon
        B        | 1     | 30   | 1     | outcome
        """,
    )
    assert cohort.flow.set_index("step").loc["Stays in care", "excluded"] == 2


def test_adoptions_that_cannot_be_followed_leave_the_cohort(build):
    """Rule 3: a broken link is never time without an event."""
    drawing = """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | adoption
        B        | 2017-03-01   | 2018-02-01     | reunification
    """
    assert len(build(drawing, adoption_link="kept").exits) == 2
    cohort = build(drawing, adoption_link="broken")
    assert cohort.exits["child_id"].tolist() == ["B"]
    step = cohort.flow.set_index("step").loc["Exits that can be followed"]
    assert step["excluded"] == 1
    assert any("Adoption exits cannot be followed" in sentence for sentence in cohort.cannot)


def test_adoptions_without_a_link_still_give_disruption(build, same):
    """Rule 3: dissolutions are seen, returns to care are not; labelled incomplete."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | adoption
        A        | 2018-03-03   | -              | -
        B        | 2017-03-01   | 2018-02-01     | adoption

        disruptions
        child_id | disruption_date | type        | reason
        B        | 2018-05-12      | dissolution | other
        """,
        outcomes=["reentry", "disruption", "maltreatment"],
        adoption_link="broken",
        support_months=0,
    )
    assert cohort.follow_up("reentry").empty
    same(
        cohort.follow_up("disruption"),
        """
        child_id | start | stop | event | end_reason | component
        A        | 1     | 730  | 0     | horizon    | -
        B        | 1     | 100  | 1     | outcome    | dissolution
        """,
    )
    assert any("Disruption after adoption is incomplete" in sentence for sentence in cohort.cannot)
    step = cohort.flow.set_index("step").loc["Adoption exits followed for disruption only"]
    assert step["excluded"] == 0


def test_the_adoption_link_is_measured_by_children_seen_again(build):
    """Rule 3: three children at least, half a percent at least, of those a year adopted."""

    def drawing(again):
        stays = [f"C{n} | 2015-03-01 | 2018-02-01 | adoption" for n in range(10)]
        stays += [f"C{n} | 2020-03-01 | - | -" for n in range(again)]
        header = "child_id | removal_date | discharge_date | discharge_reason"
        return "\n".join(["removals", header, *stays])

    proven = build(drawing(3), adoption_link="measure")
    assert len(proven.exits) == 10
    assert (
        "Adopted long enough before the data end to tell: 10 children; seen again under the same "
        "identifier: 3 children."
    ) in proven.notes
    unproven = build(drawing(2), adoption_link="measure")
    assert unproven.exits.empty
    assert any("the adoption link is taken as broken" in sentence for sentence in unproven.cannot)


def test_without_moves_the_report_bounds_the_risk(build):
    """Rule 4: the risk if 5% and 10% of unseen children had left."""
    stays = [f"C{n} | 2017-03-01 | 2018-02-01 | guardianship" for n in range(41)]
    header = "child_id | removal_date | discharge_date | discharge_reason"
    cohort = build("\n".join(["removals", header, *stays, "C40 | 2018-06-01 | - | -"]))
    assert any("table moves_out is missing" in sentence for sentence in cohort.cannot)
    bound = cohort.unseen_leavers("reentry", 365)
    assert bound["risk"].round(6).tolist() == [round(1 / n, 6) for n in (41, 39, 37)]


def test_the_cluster_is_the_family_joined_where_a_household_is_shared(build, same):
    """Rule 5: F1 and F2 share H1, F2 and F3 share H2; a child without a family is its own."""
    cohort = build("""
        children
        child_id | family_id
        A        | F1
        B        | F2
        C        | F2
        D        | F3
        E        | F4
        F        | -
        G        | -

        removals
        child_id | removal_date | discharge_date | discharge_reason | household_id
        A        | 2017-03-01   | 2018-02-01     | relative         | H1
        B        | 2017-03-01   | 2018-02-01     | relative         | H1
        C        | 2017-03-01   | 2018-02-01     | relative         | H2
        D        | 2017-03-01   | 2018-02-01     | relative         | H2
        E        | 2017-03-01   | 2018-02-01     | relative         | -
        F        | 2017-03-01   | 2018-02-01     | relative         | -
        G        | 2017-03-01   | 2018-02-01     | relative         | H1
    """)
    same(
        cohort.exits,
        """
        child_id | family_id | removal_family_id | household_id
        A        | F1        | F1                | H1
        B        | F1        | F2                | H1
        C        | F1        | F2                | H2
        D        | F1        | F3                | H2
        E        | F4        | F4                | -
        F        | child F   | -                 | -
        G        | F1        | -                 | H1
        """,
    )
    assert any(note.startswith("2 children without a family_id") for note in cohort.notes)
    assert any("4 families that share a household" in note for note in cohort.notes)


def test_age_is_in_completed_years_and_federal_groups(build, same):
    """Words: from year, month and day; groups of the CFSR Round 4."""
    born = {
        "a": datetime.date(2021, 11, 2),
        "b": datetime.date(2021, 11, 1),
        "c": datetime.date(2021, 3, 2),
        "d": datetime.date(2021, 3, 1),
        "e": datetime.date(2016, 3, 1),
        "f": datetime.date(2011, 3, 2),
        "g": datetime.date(2011, 3, 1),
        "h": datetime.date(2005, 3, 1),
        "i": datetime.date(2004, 3, 2),
        "j": datetime.date(2004, 3, 1),
    }
    cohort = build(
        "children\nchild_id | birth_date\n"
        + "\n".join(f"{child} | {day}" for child, day in born.items())
        + "\n\nremovals\nchild_id | removal_date | discharge_date | discharge_reason\n"
        + "\n".join(f"{child} | 2022-01-01 | 2022-03-01 | reunification" for child in born),
        age_limit=21,
    )
    same(
        cohort.exits,
        """
        child_id | age_at_exit | age_group
        a        | 0           | 0-3 months
        b        | 0           | 4-11 months
        c        | 0           | 4-11 months
        d        | 1           | 1-5
        e        | 6           | 6-10
        f        | 10          | 6-10
        g        | 11          | 11-16
        h        | 17          | 17
        i        | 17          | 17
        j        | 18          | 18+
        """,
    )


def test_race_and_ethnicity_are_one_category(build, same):
    """Words: Hispanic first, then two or more; unknown and declined are answers, missing is not."""
    given = ["hispanic;white", "black;white", "asian", "unknown", "declined", "-", "white;unknown"]
    cohort = build(
        "children\nchild_id | race_ethnicity\n"
        + "\n".join(f"{n} | {value}" for n, value in enumerate(given))
        + "\n\nremovals\nchild_id | removal_date | discharge_date | discharge_reason\n"
        + "\n".join(f"{n} | 2017-01-01 | 2018-03-01 | reunification" for n in range(len(given)))
    )
    same(
        cohort.exits,
        """
        child_id | race_ethnicity
        0        | hispanic
        1        | two_or_more
        2        | asian
        3        | unknown
        4        | declined
        5        | -
        6        | white
        """,
    )
