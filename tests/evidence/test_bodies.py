"""Worked bodies of evidence: what is drawn, which elements are there, which level they are of.

Columns: design, usual care, peer reviewed, measures, result, lasts 6, lasts 12, sample.
"""

import re
from dataclasses import replace

import pytest

from evaluation.evidence import Body, cebc, clearinghouse

from .conftest import GIVEN, make_program

BODIES = {
    "nothing at all": ("", "NR", "peer-, weight-, rct1-, nobenefit+"),
    "one group without comparison": (
        "group + + + same - - Alder:2001-2004",
        "NR",
        "peer-, control1-, nobenefit+",
    ),
    "a matched comparison with a benefit": (
        "qed + + + better - - Alder:2001-2004",
        "3",
        "control1+, peer+, weight+, rct1-, nobenefit-",
    ),
    "one trial, no follow-up after the service": (
        "rct + + + better - - Alder:2001-2004",
        "3",
        "rct1+, sustain6-, control1+",
    ),
    "one trial, sustained six months": (
        "rct + + + better + - Alder:2001-2004",
        "2",
        "rct1+, sustain6+, sustain12-, rct2-",
    ),
    "two trials, sustained six months only": (
        "rct + + + better + - Alder:2001-2004\nrct + + + better - - Birch:2001-2004",
        "2",
        "rct2+, sustain12-, sustain6+",
    ),
    "two trials, one sustained a year": (
        "rct + + + better + + Alder:2001-2004\nrct + + + better - - Birch:2001-2004",
        "1",
        "rct2+, sustain12+, peer+, weight+",
    ),
    "two trials on overlapping samples": (
        "rct + + + better + + Alder:2001-2004\nrct + + + better + + Alder:2004-2006",
        "2",
        "rct1+, rct2-, sustain12+",
    ),
    "two trials whose overlap is not known": (
        "rct + + + better + + Alder:2001-2004\nrct + + + better + + ?",
        "2",
        "rct2?",
    ),
    "the year of follow-up is in a trial without benefit": (
        "rct + + + better + - Alder:2001-2004\nrct + + + better - - Birch:2001-2004\n"
        "rct + + + same + + Cedar:2001-2004",
        "2",
        "rct2+, sustain12-, weight+",
    ),
    "an unpublished trial sustained a year": (
        "own rct + - + better + + Alder:2001-2004",
        "NR",
        "rct1-, sustain6-, sustain12-, peer-, weight-, control1-",
    ),
    "an unpublished trial beside a published comparison": (
        "own rct + - + better + + Alder:2001-2004\nqed + + + better - - Birch:2001-2004",
        "3",
        "rct1-, sustain6-, peer+, control1+",
    ),
    "two null trials": (
        "rct + + + same - - Alder:2001-2004\nrct + + + same - - Birch:2001-2004",
        "4",
        "null2+, noweight+, weight-, control1-",
    ),
    "one null trial": ("rct + + + same - - Alder:2001-2004", "NR", "null2-, noweight+"),
    "a benefit and two null studies": (
        "rct + + + better + - Alder:2001-2004\nqed + + + same - - Birch:2001-2004\n"
        "qed + + + same - - Cedar:2001-2004",
        None,
        "rct1+, sustain6+, weight-",
    ),
    "two studies with worse outcomes": (
        "qed + + + worse - - Alder:2001-2004\nqed + + + worse - - Birch:2001-2004",
        "5",
        "harm+, noharm_basis-, weight-",
    ),
    "one study with worse outcomes": (
        "qed + + + worse - - Alder:2001-2004",
        None,
        "harm?, noharm_basis-, weight-",
    ),
    "an effect accrued during the service": (
        "rct + + + better - - Alder:2001-2004\nrct + + + better - - Birch:2001-2004",
        "3",
        "rct2+, sustain6-, sustain12-",
    ),
    "months after the service are not stated": (
        "rct + + + better ? ? Alder:2001-2004",
        "3",
        "rct1+, sustain6?, sustain12?",
    ),
    "a trial outside usual care": ("rct - + + better + + Alder:2001-2004", "3", "rct1-, control1+"),
    "one article of two with unreliable measures": (
        "rct + + + better + + Alder:2001-2004\nqed + + - better - - Birch:2001-2004",
        None,
        "measures-, rct1+",
    ),
    "measures not stated": ("rct + + ? better + - Alder:2001-2004", None, "measures?, rct1+"),
    "two articles on the same children beside a null one": (
        "qed + + + better - - Alder:2001-2004\nqed + + + better - - Alder:2002-2004\n"
        "qed + + + same - - Birch:2001-2004",
        None,
        "weight-, control1+",
    ),
    "two articles on different children beside a null one": (
        "qed + + + better - - Alder:2001-2004\nqed + + + better - - Cedar:2002-2004\n"
        "qed + + + same - - Birch:2001-2004",
        "3",
        "weight+, control1+",
    ),
    "unreliable measures": ("rct + + - better + + Alder:2001-2004", None, "measures-, rct1+"),
    "results not confirmed": ("rct + + + ? ? ? Alder:2001-2004", None, "rct1?, weight?, control1?"),
    "another outcome than the topic's": (
        "rct + + + better + + Alder:2001-2004 reunification",
        "NR",
        "topic_outcomes-, rct1-, control1-",
    ),
}
NOT_SOUGHT = ("null2", "harm", "noweight", "nobenefit")
SIGNS = {"+": "present", "-": "absent", "?": "unknown"}


@pytest.mark.parametrize("name", BODIES)
def test_worked_bodies_of_evidence(name, body):
    drawing, level, expected = BODIES[name]
    walk = cebc(body(drawing))
    for claim in expected.split(", "):
        code, sign = claim[:-1], claim[-1]
        found = walk.elements[code]
        assert found.status == SIGNS[sign], (code, found)
        assert found.why
        assert found.change or found.status == "present" or code in NOT_SOUGHT
    assert walk.level == level
    assert walk.statement.endswith("this is not a CEBC rating.")
    if level is not None:
        doubt = "" if level == "1" else ", whose wording is unconfirmed"
        assert f"those of level {level}{doubt};" in walk.statement


@pytest.mark.parametrize("name", BODIES)
def test_no_output_says_rated(name, body):
    drawing, *_ = BODIES[name]
    for walk in (cebc(body(drawing)), clearinghouse(body(drawing))):
        text = str(walk.to_dict()).lower()
        assert "rated 1" not in text
        assert not re.search(r"\bearn(s|ed)?\b", text)
    rating_words = r"well-supported|\bpromising\b|\bsupported\b|does not currently meet"
    assert not re.search(rating_words, str(clearinghouse(body(drawing)).to_dict()).lower())


def test_programs_not_able_to_be_rated_list_no_outcomes(body):
    studied = "group + + + same - - Alder:2001-2004"
    assert cebc(body(studied)).level == "NR"
    assert cebc(body(studied)).domains == ()
    assert cebc(body("qed + + + better - - Alder:2001-2004")).domains == ("Permanency",)
    both = "qed + + + better - - A:2001-2004\nqed + + + better - - B:2001-2004 maltreatment"
    assert cebc(body(both)).domains == ("Permanency", "Safety")


@pytest.mark.parametrize(
    ("used_with", "level"),
    [
        ("child welfare", "High"),
        ("similar families", "Medium"),
        ("other families", "Low"),
        ("unknown", "unknown"),
    ],
)
def test_relevance_levels_exclude_nothing(used_with, level, body):
    drawing = "qed + + + better - - Alder:2001-2004"
    walk = cebc(body(drawing, make_program(used_with=used_with)))
    assert (walk.relevance, walk.level) == (level, "3")


INCLUSION = {
    "targets": [
        ({"targets_permanent_families": "yes"}, "present"),
        ({"targets_permanent_families": "no"}, "absent"),
        ({"targets_permanent_families": "unknown"}, "unknown"),
    ],
    "service_type": [
        ({"service_types": ("skill building",)}, "present"),
        ({"service_types": ("horse riding",)}, "absent"),
        ({"service_types": ()}, "unknown"),
    ],
    "deliverer": [
        ({"delivered_by": ("mental health professionals",)}, "present"),
        ({"delivered_by": ("volunteers",)}, "absent"),
        ({"delivered_by": ()}, "unknown"),
    ],
}


@pytest.mark.parametrize(
    ("code", "changes", "status"),
    [(code, *case) for code, cases in INCLUSION.items() for case in cases],
)
def test_inclusion_comes_first(code, changes, status, body):
    """METHODS 11.3."""
    walk = cebc(body("qed + + + better - - Alder:2001-2004", make_program(**changes)))
    assert walk.elements[code].status == status
    assert list(walk.elements)[:4] == ["targets", "service_type", "deliverer", "topic_outcomes"]
    if status == "absent":
        assert walk.level is None
        assert "outside the topic" in walk.statement
    if status == "unknown":
        assert walk.statement.startswith("If the program belongs to the topic")


@pytest.mark.parametrize("code", ["manual", "noharm_case", "noharm_basis", "accepted", "measures"])
def test_what_records_cannot_show_is_stated_by_someone_or_unknown(code, body):
    for status in ("present", "absent", "unknown"):
        walk = cebc(body("", make_program({code: status})))
        assert walk.elements[code].status == status
    unstated = cebc(body("rct + + ? better + + Alder:2001-2004", make_program({})))
    assert unstated.elements[code].status == "unknown"
    assert unstated.elements[code].change


def test_a_benefit_needs_an_appropriate_control_or_a_rated_program_it_equals(body):
    drawn = body("qed + + + better - - Alder:2001-2004").studies[0]
    null = replace(drawn, results=(replace(drawn.results[0], direction="none"),))
    for study, status in (
        (drawn, "present"),
        (replace(drawn, appropriate="no"), "absent"),
        (replace(drawn, appropriate="unknown"), "unknown"),
        (null, "absent"),
        (replace(null, comparable="yes"), "present"),
        (replace(null, comparable="unknown"), "unknown"),
    ):
        found = cebc(Body(make_program(), (study,)))
        assert found.elements["control1"].status == found.elements["weight"].status == status
    harmful = replace(drawn, results=(replace(drawn.results[0], direction="unfavorable"),))
    equal = Body(make_program(), (replace(harmful, comparable="yes"),))
    assert cebc(equal).elements["control1"].status == "absent"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "present"),
        ({"appropriate": "no"}, "absent"),
        ({"appropriate": "unknown"}, "unknown"),
        ({"comparable": "yes"}, "absent"),
        ({"peer_reviewed": "no"}, "absent"),
    ],
)
def test_null_trials_are_against_usual_care(changes, status, body):
    drawn = body("rct + + + same - - A:2001-2004\nrct + + + same - - B:2001-2004").studies
    studies = (drawn[0], replace(drawn[1], **changes))
    assert cebc(Body(make_program(), studies)).elements["null2"].status == status


def test_measures_that_a_study_doubts_are_not_reliable_because_a_program_file_says_so(body):
    stated = make_program({"measures": "present"})
    sure = body("qed + + ? better - - Alder:2001-2004", stated)
    assert cebc(sure).elements["measures"].status == "present"
    doubted = body("qed + + - better - - Alder:2001-2004", stated)
    assert cebc(doubted).elements["measures"].status == "absent"


def test_harm_that_no_one_looked_for_is_unknown_and_not_absent(body):
    """Nor is it absent where the direction of studies is not confirmed."""
    drawing = "qed + + + better - - Alder:2001-2004"
    assert cebc(body(drawing)).elements["harm"].status == "absent"
    for code in ("noharm_case", "noharm_basis"):
        unsaid = make_program({c: s for c, s in GIVEN.items() if c != code})
        found = cebc(body(drawing, unsaid)).elements["harm"]
        assert found.status == "unknown"
        assert "no confirmed review" in found.why
    doubtful = cebc(body("qed + + + ? - - A:2001-2004\nqed + + + ? - - B:2001-2004"))
    assert doubtful.elements["harm"].status == "unknown"


def test_harm_stated_in_the_program_file_is_level_five(body):
    walk = cebc(body("", make_program({"noharm_case": "absent", "manual": "present"})))
    assert walk.level == "5"
    assert walk.elements["harm"].status == "present"


def test_what_publication_would_change_is_said(body):
    walk = cebc(body("own rct + - + better + + Alder:2001-2004"))
    for code in ("rct1", "sustain6", "peer", "weight", "control1"):
        found = walk.elements[code]
        assert (found.status, found.if_published) == ("absent", "present")
    assert "publish this evaluation" in walk.elements["rct1"].change


def test_every_level_of_the_scale_names_elements_there_are():
    from evaluation.evidence.cebc_elements import ELEMENTS
    from evaluation.evidence.standards import standard

    wording = standard("cebc")
    assert set(ELEMENTS) == set(wording["elements"])
    assert [level["level"] for level in wording["levels"]] == ["1", "2", "3", "4", "5", "NR"]
    for level in wording["levels"]:
        assert set(level["elements"]) <= set(ELEMENTS)
    assert wording["elements"]["sustain6"]["confirmation"] == "unconfirmed"


def test_the_wordings_date_travels_with_every_use(body):
    assert "November 2026" in cebc(body()).wording
    assert "Version 2.0" in clearinghouse(body()).wording


CLEARINGHOUSE = """
present | one sustained contrast and another   | rct + + + better + + A:2001-2004 ; qed + + + better - - B:2001-2004 | two_contrasts one_contrast one_sustained12 one_sustained6
present | one contrast sustained six months    | qed + + + better + - A:2001-2004 | one_contrast one_sustained6
absent  | one contrast is not two              | qed + + + better + - A:2001-2004 | two_contrasts one_sustained12
absent  | the same children twice              | qed + + + better + + A:2001-2004 ; qed + + + better + + A:2003-2006 | two_contrasts
unknown | who was studied is not stated        | qed + + + better + + A:2001-2004 ; qed + + + better + + ? | two_contrasts
absent  | not an eligible source               | own qed + - + better + + A:2001-2004 | one_contrast one_sustained6
absent  | not favorable                        | rct + + + same + + A:2001-2004 | one_contrast one_sustained6 one_sustained12
absent  | no comparison group                  | group + + + better + + A:2001-2004 | one_contrast
absent  | not usual care: nothing sustained    | rct - + + better + + A:2001-2004 | one_sustained6 one_sustained12 two_contrasts
"""


@pytest.mark.parametrize("line", CLEARINGHOUSE.strip().splitlines())
def test_requirements_of_the_title_iv_e_standards(line, body):
    status, _, drawing, codes = (part.strip() for part in line.split("|"))
    walk = clearinghouse(body(drawing.replace(" ; ", "\n")))
    for code in codes.split():
        assert walk.requirements[code].status == status, code
    assert "not a rating" in walk.statement


def test_a_quasi_experiment_counts_for_title_iv_e_and_not_for_trial_elements(body):
    drawn = body("qed + + + better + + A:2001-2004\nqed + + + better + + B:2001-2004")
    assert clearinghouse(drawn).requirements["two_contrasts"].status == "present"
    assert cebc(drawn).elements["rct1"].status == "absent"


def test_no_evidence_of_harm_is_required(body):
    drawing = "qed + + + better + + A:2001-2004"
    assert clearinghouse(body(drawing)).requirements["noharm"].status == "present"
    unknown = body(drawing, make_program({}))
    assert clearinghouse(unknown).requirements["noharm"].status == "unknown"
    worse = body("qed + + + worse - - A:2001-2004")
    assert clearinghouse(worse).requirements["noharm"].status == "absent"


def test_publication_is_what_an_own_contrast_lacks(body):
    walk = clearinghouse(body("own qed + - + better + + A:2001-2004"))
    found = walk.requirements["one_contrast"]
    assert (found.status, found.if_published) == ("absent", "present")
