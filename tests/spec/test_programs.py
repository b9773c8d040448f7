"""METHODS 5.4 and the service taxonomy: offers, uptake, dose, overlaps, kinds of service."""

import pytest

from evaluation.cohorts.taxonomy import service_taxonomy, taxonomy_codes
from evaluation.errors import StudyError

DRAWING = """
        removals
        child_id | removal_date | discharge_date | discharge_reason
        known    | 2017-03-01   | 2018-02-01     | guardianship
        late     | 2017-03-01   | 2018-02-01     | guardianship
        none     | 2017-03-01   | 2018-02-01     | guardianship
        refuses  | 2017-03-01   | 2018-02-01     | guardianship
        soon     | 2017-03-01   | 2018-02-01     | guardianship
        waits    | 2017-03-01   | 2018-02-01     | guardianship

        services
        child_id | program | referral_date | start_date | end_date   | end_reason
        known    | coach   | -             | 2018-01-22 | 2018-02-11 | completed
        late     | coach   | 2018-03-01    | 2018-05-12 | -          | -
        soon     | coach   | 2018-02-05    | 2018-02-21 | 2018-03-03 | completed
        refuses  | coach   | 2018-02-05    | -          | -          | refused
        waits    | coach   | 2018-02-05    | -          | -          | waiting_list
        soon     | group   | -             | 2018-02-26 | -          | -
        known    | group   | -             | 2018-03-03 | -          | -

        assignments
        child_id | program | arm     | assignment_date | accepted | accepted_date
        known    | coach   | program | 2018-01-10      | true     | 2018-01-12
        refuses  | coach   | program | 2018-02-04      | false    | 2018-02-05
        none     | coach   | program | 2015-02-04      | true     | 2015-02-05
"""
RULES = {"services": ["coach", "group"], "support_months": 0, "horizon_days": 200}


def test_uptake_counts_offers_refusals_waiting_and_starts(build, same):
    """5.4: an offer before the removal belongs to an earlier stay; nobody is dropped."""
    same(
        build(DRAWING, **RULES).uptake,
        """
        program | exits | offered | accepted | refused | waiting | known_at_exit | began_soon | began_later | never
        coach   | 6     | 5       | 1        | 1       | 1       | 1             | 1          | 1           | 3
        group   | 6     | 0       | 0        | 0       | 0       | 0             | 2          | 0           | 4
        """,
    )


def test_dose_is_days_in_service_within_follow_up(build, same):
    """Dose: from day 1 (re-entry) to the end of follow-up, and the days after the service."""
    same(
        build(DRAWING, **RULES).doses("reentry"),
        """
        program | served | days_in_service | days_after | median_days | ended
        coach   | 3      | 119             | 360        | 10          | 2
        group   | 2      | 345             | 0          | 170         | 0
        """,
    )


def test_programs_overlap_when_a_day_is_in_both(build, same):
    """Overlap: both at some time, and together on a day."""
    same(
        build(DRAWING, **RULES).overlaps, "program | other | both | together\ncoach | group | 2 | 1"
    )


def test_spells_and_offers_stand_beside_each_exit(build, same):
    """For effects: merged spells and assignments in days since the index date."""
    cohort = build(DRAWING, **RULES)
    same(
        cohort.spells,
        """
        exit_id | program | spell | start_day | end_day | known_at_exit | prevalent
        known-1 | coach   | 1     | -10       | 10      | True          | True
        known-1 | group   | 1     | 30        | -       | False         | False
        late-1  | coach   | 1     | 100       | -       | False         | False
        soon-1  | coach   | 1     | 20        | 30      | False         | False
        soon-1  | group   | 1     | 25        | -       | False         | False
        """,
    )
    same(
        cohort.offers,
        """
        exit_id   | program | arm     | assigned_day | accepted
        known-1   | coach   | program | -22          | True
        none-1    | coach   | program | -1093        | True
        refuses-1 | coach   | program | 3            | False
        """,
    )


def test_a_programs_codes_come_from_the_taxonomy(build, same):
    """Taxonomy: many to many; the program's code is its key unless service_type names another."""
    coach = {"program": "coach", "service_type": "success_coach"}
    cohort = build(DRAWING, services=[coach, "respite_care", "group"])
    codes = cohort.taxonomy
    same(
        codes[codes["dimension"] == "casey"],
        """
        program      | service_type  | kind         | is_program | code | meaning
        coach        | success_coach | program      | True       | K5   | caregiver supports and services
        coach        | success_coach | program      | True       | K7   | navigation
        respite_care | respite_care  | service type | False      | K6   | support networks
        """,
    )
    assert any("kind of service is unknown for group" in sentence for sentence in cohort.cannot)


def test_tools_training_and_resources_are_never_exposures(build):
    """Taxonomy: and a row that is not there is refused with the nearest."""
    with pytest.raises(StudyError, match="services.cans is a tool"):
        build(DRAWING, services=["cans"])
    coach = {"program": "coach", "service_type": "success_coch"}
    with pytest.raises(StudyError, match="did you mean success_coach"):
        build(DRAWING, services=[coach])


def test_an_agencys_own_taxonomy_adds_and_replaces(tmp_path):
    """Taxonomy: the agency's file has the same form; a wrong code is named."""
    own = tmp_path / "taxonomy.toml"
    own.write_text('[services.coach]\nname = "Our coach"\nkind = "role"\ncebc = ["T3"]\n')
    assert service_taxonomy(own)["coach"].cebc == ("T3",)
    assert service_taxonomy(own)["pcit"] == service_taxonomy()["pcit"]
    own.write_text('[services.coach]\nname = "Our coach"\nkind = "role"\ncebc = ["T33"]\n')
    with pytest.raises(StudyError, match='cebc has no code "T33"'):
        service_taxonomy(own)


def test_only_a_named_program_can_carry_a_rating():
    """Taxonomy: every row has a kind, and known codes; programs are the named ones."""
    rows, codes = service_taxonomy(), taxonomy_codes()
    assert {key for key, row in rows.items() if row.is_program} == {
        "wisconsin_ps",
        "success_coach",
        "homebuilders",
        "family_centered_treatment",
        "cprt",
        "theraplay",
        "functional_family_therapy",
        "pcit",
        "tf_cbt",
        "strengthening_families",
    }
    assert all(set(row.cebc) <= set(codes["cebc"]) and row.sources for row in rows.values())
