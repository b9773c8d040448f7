"""METHODS 3: what each outcome is, and what competes with it."""

import pytest

from evaluation.errors import DataError, StudyError

EXITS = """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        home     | 2017-03-01   | 2018-02-01     | reunification
        kin      | 2017-03-01   | 2018-02-01     | relative
        ward     | 2017-03-01   | 2018-02-01     | guardianship
        adopted  | 2017-03-01   | 2018-02-01     | adoption
"""


def test_a_displacement_is_a_disruption_after_every_exit(build, same):
    """Disruption: first of re-entry and displacement; the component says which."""
    cohort = build(
        EXITS
        + """        both     | 2017-03-01   | 2018-02-01     | reunification
        both     | 2018-03-03   | -              | -

        disruptions
        child_id | disruption_date | type         | reason
        home     | 2018-05-12      | displacement | safety
        kin      | 2018-05-12      | displacement | -
        ward     | 2018-05-12      | displacement | unknown
        adopted  | 2018-05-12      | displacement | other
        both     | 2018-03-03      | displacement | safety
        """,
        outcomes=["reentry", "disruption"],
    )
    same(
        cohort.follow_up("disruption"),
        """
        child_id | start | stop | event | end_reason | component
        adopted  | 1     | 100  | 1     | outcome    | displacement
        both     | 1     | 30   | 1     | outcome    | reentry
        home     | 1     | 100  | 1     | outcome    | displacement
        kin      | 1     | 100  | 1     | outcome    | displacement
        ward     | 1     | 100  | 1     | outcome    | displacement
        """,
    )
    assert cohort.outcomes == ("reentry", "disruption")


def test_an_end_in_law_is_a_disruption_of_guardianship_and_adoption_only(build, same):
    """Disruption: termination and dissolution; after reunification they are no event, counted."""
    cohort = build(
        EXITS
        + """
        disruptions
        child_id | disruption_date | type        | reason
        home     | 2018-05-12      | termination | other
        ward     | 2018-05-12      | termination | other
        adopted  | 2018-05-12      | dissolution | other
        """,
        outcomes=["disruption"],
        support_months=0,
    )
    same(
        cohort.follow_up("disruption"),
        """
        child_id | stop | event | end_reason | component
        adopted  | 100  | 1     | outcome    | dissolution
        home     | 730  | 0     | horizon    | -
        kin      | 730  | 0     | horizon    | -
        ward     | 100  | 1     | outcome    | termination
        """,
    )
    assert any(note.startswith("1 record of termination after an exit") for note in cohort.notes)


def test_an_ended_agreement_counts_under_17_and_a_half_for_a_known_reason(build, same):
    """Disruption: not at the age limit, by death or for an unknown reason. 17½ is 2018-07-02."""
    reasons = {
        "young": ("2018-07-01", "other"),
        "proxy": ("2018-07-01", "proxy_rule"),
        "old": ("2018-07-02", "other"),
        "unknown": ("2018-06-01", "unknown"),
        "silent": ("2018-06-01", "-"),
        "orphan": ("2018-06-01", "caregiver_death"),
        "aged": ("2018-06-01", "age_limit"),
    }
    cohort = build(
        "children\nchild_id | birth_date\n"
        + "\n".join(f"{child} | 2001-01-02" for child in reasons)
        + "\n\nremovals\nchild_id | removal_date | discharge_date | discharge_reason\n"
        + "\n".join(f"{child} | 2017-03-01 | 2018-02-01 | guardianship" for child in reasons)
        + "\n\ndisruptions\nchild_id | disruption_date | type | reason\n"
        + "\n".join(f"{c} | {day} | agreement_ended | {why}" for c, (day, why) in reasons.items()),
        outcomes=["disruption"],
        support_months=0,
        horizon_days=300,
    )
    same(
        cohort.follow_up("disruption"),
        """
        child_id | stop | event | component
        aged     | 300  | 0     | -
        old      | 300  | 0     | -
        orphan   | 300  | 0     | -
        proxy    | 150  | 1     | agreement_ended
        silent   | 300  | 0     | -
        unknown  | 300  | 0     | -
        young    | 150  | 1     | agreement_ended
        """,
    )
    assert any(
        note.startswith("1 record of disruption after an exit by the") for note in cohort.notes
    )


def test_adoption_by_the_guardian_ends_guardianship_without_disruption(build, same):
    """Competing for disruption after guardianship; a flagged change of state for re-entry."""
    cohort = build(
        EXITS
        + """        ward     | 2018-08-20   | -              | -

        disruptions
        child_id | disruption_date | type        | reason
        ward     | 2018-05-12      | termination | adopted_by_guardian
        kin      | 2018-05-12      | termination | adopted_by_guardian
        """,
        outcomes=["reentry", "disruption"],
        support_months=0,
        exit_types=["relative", "guardianship"],
    )
    same(
        cohort.follow_up("disruption"),
        """
        child_id | stop | event | end_reason
        kin      | 730  | 0     | horizon
        ward     | 100  | 2     | adopted_by_guardian
        """,
    )
    same(
        cohort.follow_up("reentry"),
        """
        child_id | stop | event | end_reason
        kin      | 730  | 0     | horizon
        ward     | 200  | 1     | outcome
        """,
    )
    same(cohort.exits, "child_id | later_adoption_day\nkin | 100\nward | 100")


def test_a_death_known_only_from_a_disruption_record_is_a_death(build, same):
    """Death competes and is never a disruption."""
    cohort = build(
        EXITS
        + """
        disruptions
        child_id | disruption_date | type            | reason
        ward     | 2018-05-12      | agreement_ended | child_death
        """,
        outcomes=["reentry", "disruption"],
        exit_types=["guardianship"],
    )
    for outcome in ("reentry", "disruption"):
        same(
            cohort.follow_up(outcome),
            "child_id | stop | event | end_reason\nward | 100 | 2 | death",
        )


def test_without_displacements_disruption_equals_reentry_and_is_shown_once(build, same):
    """Not a second outcome in any count; said by name."""
    cohort = build(EXITS, outcomes=["reentry", "disruption"], support_months=0)
    assert cohort.outcomes == ("reentry",)
    assert any("Disruption cannot be told from re-entry" in sentence for sentence in cohort.cannot)
    keys = ["exit_id", "start", "stop", "event", "end_reason"]
    assert cohort.follow_up("disruption")[keys].equals(cohort.follow_up("reentry")[keys])


def test_a_displacement_before_the_start_of_risk_is_counted_not_an_event(build, same):
    """METHODS 1.4: days 0 to the gap; the next displacement is the event."""
    cohort = build(
        EXITS
        + """
        disruptions
        child_id | disruption_date | type         | reason
        home     | 2018-02-02      | displacement | safety
        home     | 2018-02-03      | displacement | safety
        """,
        outcomes=["disruption"],
        exit_types=["reunification"],
    )
    same(cohort.follow_up("disruption"), "child_id | start | stop | event\nhome | 1 | 2 | 1")
    assert any(
        n.startswith("1 record of displacement from the day of exit to day 1") for n in cohort.notes
    )


def test_reentry_competes_with_maltreatment_at_home(build, same):
    """A report dated on or before the removal comes first; one after it is not at home."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        before   | 2017-03-01   | 2018-02-01     | guardianship
        before   | 2018-05-12   | -              | -
        same     | 2017-03-01   | 2018-02-01     | guardianship
        same     | 2018-05-12   | -              | -
        after    | 2017-03-01   | 2018-02-01     | guardianship
        after    | 2018-05-12   | -              | -

        maltreatment_reports
        child_id | report_date | disposition
        before   | 2018-03-03  | indicated
        before   | 2018-03-05  | indicated
        same     | 2018-05-12  | substantiated
        after    | 2018-05-13  | substantiated
        """,
        outcomes=["maltreatment"],
    )
    same(
        cohort.follow_up("maltreatment"),
        """
        child_id | start | stop | event | end_reason
        after    | 0     | 100  | 2     | reentry
        before   | 0     | 30   | 1     | outcome
        same     | 0     | 100  | 1     | outcome
        """,
    )


@pytest.mark.parametrize(
    ("level", "counted"),
    [
        ("substantiated", {"substantiated", "indicated"}),
        (
            "screened-in",
            {
                "substantiated",
                "indicated",
                "unsubstantiated",
                "alternative_response_victim",
                "open",
            },
        ),
    ],
)
def test_the_level_decides_which_reports_count(build, level, counted):
    """Substantiated and indicated make a victim; a screened-out referral is no report."""
    kinds = ["substantiated", "indicated", "unsubstantiated", "alternative_response_victim"]
    kinds += ["screened_out", "open"]
    cohort = build(
        "removals\nchild_id | removal_date | discharge_date | discharge_reason\n"
        + "\n".join(f"{kind} | 2017-03-01 | 2018-02-01 | guardianship" for kind in kinds)
        + "\n\nmaltreatment_reports\nchild_id | report_date | disposition\n"
        + "\n".join(f"{kind} | 2018-03-03 | {kind.replace('open', '-')}" for kind in kinds),
        outcomes={"maltreatment": {"level": level}},
    )
    rows = cohort.follow_up("maltreatment")
    assert set(rows.loc[rows["event"] == 1, "child_id"]) == counted


def test_reports_count_by_the_date_the_study_says(build, same):
    """By report, A's counts and the note tells of its incident; by incident it is history."""
    drawing = """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | guardianship
        B        | 2017-03-01   | 2018-02-01     | guardianship
        C        | 2017-03-01   | 2018-02-01     | guardianship
        C        | 2018-05-12   | -              | -

        maltreatment_reports
        child_id | report_date | incident_date | disposition
        A        | 2018-03-03  | 2018-01-15    | substantiated
        B        | 2018-03-03  | -             | substantiated
        C        | 2018-06-01  | 2018-03-03    | substantiated
    """
    rules = {"support_months": 0}
    cohort = build(drawing, outcomes={"maltreatment": {"date": "report"}}, **rules)
    same(
        cohort.follow_up("maltreatment"),
        "child_id | stop | end_reason\nA | 30 | outcome\nB | 30 | outcome\nC | 100 | reentry",
    )
    assert any("1 outcome of maltreatment by a report of an incident" in n for n in cohort.notes)
    cohort = build(drawing, outcomes={"maltreatment": {"date": "incident"}}, **rules)
    same(
        cohort.follow_up("maltreatment"),
        "child_id | stop | end_reason\nA | 730 | horizon\nB | 30 | outcome\nC | 30 | outcome",
    )


def test_the_first_days_can_be_skipped(build, same):
    """skip_first_days: rows begin there, and a report until then is no outcome."""
    cohort = build(
        """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        A        | 2017-03-01   | 2018-02-01     | guardianship

        maltreatment_reports
        child_id | report_date | disposition
        A        | 2018-02-15  | substantiated
        A        | 2018-03-03  | substantiated
        """,
        outcomes={"maltreatment": {"skip_first_days": 14}},
    )
    same(cohort.follow_up("maltreatment"), "start | stop | event\n14 | 30 | 1")


def test_a_missing_table_is_named(build):
    """What cannot be given is said by name, never skipped."""
    cohort = build(EXITS, outcomes=["reentry", "maltreatment"])
    assert cohort.outcomes == ("reentry",)
    assert any("lack the table maltreatment_reports" in sentence for sentence in cohort.cannot)
    with pytest.raises(DataError, match="needs the table maltreatment_reports"):
        cohort.follow_up("maltreatment")
    with pytest.raises(StudyError, match=r"add a section \[outcomes.disruption\]"):
        cohort.follow_up("disruption")
