"""The registry of published studies: what is entered, and what bad files say."""

import pytest

from evaluation.errors import DataError
from evaluation.evidence import Body, cebc, registry
from evaluation.evidence.published_evidence import published_study
from evaluation.evidence.registry import read_entry

STUDY = """
kind = "study"
id = "a_study"
program = "coach"
title = "A study"
design = "quasi-experimental"
design_confirmation = "confirmed"
[source]
title = "Somewhere"
confirmation = "confirmed"
[publication]
kind = "journal article"
peer_reviewed = "yes"
[[findings]]
outcome = "reentry"
direction = "unfavorable"
significant = "no"
confirmation = "confirmed"
percent_treated = 24
percent_comparison = 19
n_treated = 219
n_comparison = 274
"""
PROGRAM = """
kind = "program"
id = "coach"
name = "Coach"
[source]
title = "Somewhere"
confirmation = "confirmed"
"""


def write(folder, text, name="entry.toml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_five_programs_are_entered():
    found = registry()
    assert set(found.programs) == {
        "homebuilders",
        "new_york_preventive_services",
        "strengthening_families",
        "success_coach",
        "utah_in_home_reunification",
    }
    by_id = {study.id: study for study in found.studies}
    utah = by_id["utah_in_home_reunification"]
    assert utah.design == "randomized"
    assert (utah.findings[0].percent_treated, utah.findings[0].percent_comparison) == (75, 49)
    assert by_id["strengthening_families_reentry"].findings[0].direction == "unfavorable"
    assert by_id["success_coach_reentry"].findings[0].events_treated == 0
    fading = [f.direction for f in by_id["new_york_preventive_services"].findings]
    assert fading == ["favorable", "favorable", "none"]
    both = {rating.by: rating.rating for rating in found.programs["homebuilders"].ratings}
    assert len(both) == 2


def test_every_entry_states_its_source_and_whether_it_is_confirmed():
    found = registry()
    for entry in (*found.studies, *found.programs.values()):
        assert entry.source.title
        assert entry.source.confirmation in ("confirmed", "unconfirmed")


@pytest.mark.parametrize("program", sorted(registry().programs))
def test_published_bodies_give_no_element_that_is_not_confirmed(program):
    found = registry()
    studies = tuple(published_study(study) for study in found.studies_of(program))
    walk = cebc(Body(found.programs[program], studies))
    for code in ("rct1", "rct2", "sustain6", "sustain12", "peer", "weight", "control1"):
        assert walk.elements[code].status != "present", code
    assert walk.level in (None, "NR")


def test_own_files_stand_beside_the_shipped_ones(tmp_path):
    write(tmp_path, STUDY)
    write(tmp_path, PROGRAM.replace('"coach"', '"success_coach"'), "program.toml")
    found = registry(tmp_path)
    assert [study.id for study in found.studies_of("coach")] == ["a_study"]
    assert found.programs["success_coach"].name == "Coach"
    assert "takes the place" in found.notes[0]
    assert len(found.studies) == len(registry().studies) + 1


BAD = {
    "impossible percentage": (
        "percent_treated = 24",
        "percent_treated = 120",
        "findings.0.percent_treated",
    ),
    "negative count": ("n_treated = 219", "n_treated = -1", "findings.0.n_treated"),
    "events more than n": (
        "percent_treated = 24",
        "events_treated = 220",
        "events_treated is 220, more than the 219",
    ),
    "interval without its estimate": (
        "percent_treated = 24",
        'effect = "risk_ratio"\nestimate = 1.3\nci_low = 1.4\nci_high = 1.9',
        "does not hold the estimate 1.3",
    ),
    "half an interval": (
        "percent_treated = 24",
        "ci_low = 1.4",
        "all of estimate, ci_low and ci_high",
    ),
    "estimate of nothing": ("percent_treated = 24", "estimate = 1.4", "estimate needs effect"),
    "missing direction": ('direction = "unfavorable"\n', "", "findings.0.direction"),
    "unknown direction": ('"unfavorable"', '"worse"', "findings.0.direction"),
    "direction against the numbers": ('"unfavorable"', '"favorable"', "say the contrary"),
    "unknown outcome": ('"reentry"', '"re-entry"', "findings.0.outcome"),
    "unknown key": ("n_treated = 219", "n_served = 219", "findings.0.n_served"),
    "impossible p": ("percent_treated = 24", "p = 1.4", "findings.0.p"),
    "wrong kind": ('kind = "study"', 'kind = "article"', '"kind"'),
    "not TOML": ('id = "a_study"', "id = ", "not valid TOML"),
    "more analysed than assigned": (
        "[[findings]]",
        "[sample]\nn_treated = 30\nassigned_treated = 20\n[[findings]]",
        "more than the 20 of assigned_treated",
    ),
    "more in a finding than assigned": (
        "[[findings]]",
        "[sample]\nassigned_treated = 200\n[[findings]]",
        "findings.0.n_treated is 219, more than the 200",
    ),
    "a year that cannot be": (
        "[[findings]]",
        "[sample]\nyears = [20, 2001]\n[[findings]]",
        "sample.years.0",
    ),
    "a number as text": ("n_treated = 219", 'n_treated = "219"', "findings.0.n_treated"),
    "a truth for a number": ("n_treated = 219", "n_treated = true", "findings.0.n_treated"),
    "not a number": ("percent_treated = 24", "percent_treated = nan", "findings.0.percent_treated"),
    "endless follow-up": (
        "percent_treated = 24",
        "months_after_end_of_service = inf",
        "findings.0.months_after_end_of_service",
    ),
    "endless interval": (
        "percent_treated = 24",
        'effect = "risk_ratio"\nestimate = 1.3\nci_low = 1.2\nci_high = inf',
        "findings.0.ci_high",
    ),
    "a ratio below nothing": (
        "percent_treated = 24",
        'effect = "odds_ratio"\nestimate = 0.3\nci_low = -0.4\nci_high = 1.1',
        "ci_low is -0.4",
    ),
    "percentage points for a difference": (
        "percent_treated = 24",
        'effect = "risk_difference"\nestimate = 5',
        "give shares",
    ),
    "a percentage against its events": (
        "percent_treated = 24",
        "percent_treated = 24\nevents_treated = 100",
        "45.7%",
    ),
    "direction against the events": (
        'direction = "unfavorable"',
        'direction = "favorable"\nevents_treated = 52\nevents_comparison = 51',
        "say the contrary",
    ),
    "significant without a direction": (
        'direction = "unfavorable"\nsignificant = "no"',
        'direction = "none"\nsignificant = "yes"',
        "a significant result has a direction",
    ),
    "significant against p": ('significant = "no"', 'significant = "yes"\np = 0.05', "p is 0.05"),
    "not significant against p": ("percent_treated = 24", "p = 0.049", "p is 0.049"),
    "significant with an interval over nothing": (
        'significant = "no"',
        'significant = "yes"\neffect = "risk_ratio"\nestimate = 1.3\nci_low = 0.9\nci_high = 1.9',
        "holds 1, no effect",
    ),
    "not significant with an interval beside nothing": (
        "percent_treated = 24",
        'effect = "risk_difference"\nestimate = 0.05\nci_low = 0.01\nci_high = 0.09',
        "does not hold 0, no effect",
    ),
    "a list of kinds": ('kind = "study"', 'kind = ["study"]', '"kind"'),
    "unknown table": ("[[findings]]", "[extra]\n[[findings]]", "extra"),
    "years run backward": (
        "[[findings]]",
        "[sample]\nyears = [2009, 2001]\n[[findings]]",
        "before it begins",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_study_files_are_one_sentence_naming_file_and_key(name, tmp_path):
    old, new, words = BAD[name]
    assert old in STUDY
    write(tmp_path, STUDY.replace(old, new, 1))
    with pytest.raises(DataError) as caught:
        registry(tmp_path)
    assert len(caught.value.sentences) == 1
    assert "entry.toml" in caught.value.sentences[0]
    assert words in caught.value.sentences[0]


@pytest.mark.parametrize(
    ("element", "words"),
    [("manuel", 'did you mean "manual"'), ("rct1", "follows from the studies")],
)
def test_unknown_elements_are_said(element, words, tmp_path):
    wrong = PROGRAM + f'[elements.{element}]\nstatus = "present"\nwhy = "x"\n'
    with pytest.raises(DataError, match=words) as caught:
        read_entry(write(tmp_path, wrong))
    assert f"elements.{element}" in caught.value.sentences[0]


def test_missing_folders_and_shared_ids_are_said(tmp_path):
    with pytest.raises(DataError, match="no folder"):
        registry(tmp_path / "nowhere")
    write(tmp_path, STUDY.replace('"a_study"', '"success_coach_reentry"'))
    with pytest.raises(DataError, match="belongs to another study"):
        registry(tmp_path)


def test_two_programs_of_one_id_are_refused(tmp_path):
    """The second would silently take the place of the first."""
    write(tmp_path, PROGRAM, "first.toml")
    write(tmp_path, PROGRAM.replace('"Coach"', '"Another"'), "second.toml")
    with pytest.raises(DataError, match=r"second\.toml: the id coach .* in first\.toml"):
        registry(tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [
        'elements = "all"',
        "elements = 3",
        'elements = ["manual"]',
        '[elements]\nmanual = "present"',
        "[elements.manual]\nstatus = 1",
        '[elements.manual]\nstatus = "present"\nwhy = ""',
        'service_types = "coaching"',
        "ratings = [1]",
        "name = 2001-01-01",
    ],
)
def test_programs_of_wrong_types_are_said_without_a_traceback(wrong, tmp_path):
    text = PROGRAM.replace('name = "Coach"\n', "") if wrong.startswith("name") else PROGRAM
    head, section = text.split("[source]")
    nested = wrong.startswith("[")
    whole = f"{head}[source]{section}{wrong}" if nested else f"{head}{wrong}\n[source]{section}"
    with pytest.raises(DataError) as caught:
        read_entry(write(tmp_path, whole))
    assert all("entry.toml" in said for said in caught.value.sentences)


def test_an_element_stated_without_confirmation_is_unknown(tmp_path):
    stated = PROGRAM + '[elements.manual]\nstatus = "present"\nwhy = "hearsay"\n'
    program = read_entry(write(tmp_path, stated))
    assert cebc(Body(program, ())).elements["manual"].status == "unknown"
