"""The registry of published studies: what is entered, and what bad files say."""

import pytest

from evaluation.errors import DataError
from evaluation.evidence import Body, cebc, registry
from evaluation.evidence.published_evidence import published_risk_ratio, published_study
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


def test_unconfirmed_findings_count_as_unknown(tmp_path):
    better = STUDY.replace("unfavorable", "favorable").replace('"no"', '"yes"')
    better = better.replace("percent_treated = 24", "percent_treated = 14")
    known = published_study(read_entry(write(tmp_path, better)))
    assert known.superior == "present"
    doubtful = better.replace(
        'confirmation = "confirmed"\npercent', 'confirmation = "unconfirmed"\npercent'
    )
    assert published_study(read_entry(write(tmp_path, doubtful))).superior == "unknown"
    unread = better.replace(
        'Somewhere"\nconfirmation = "confirmed', 'Somewhere"\nconfirmation = "unconfirmed'
    )
    assert published_study(read_entry(write(tmp_path, unread))).peer_reviewed == "unknown"


def test_a_conference_paper_is_no_peer_reviewed_article(tmp_path):
    paper = STUDY.replace("journal article", "conference paper")
    assert published_study(read_entry(write(tmp_path, paper))).peer_reviewed == "no"


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


BETTER = (
    STUDY.replace("unfavorable", "favorable")
    .replace('"no"', '"yes"')
    .replace("percent_treated = 24", "percent_treated = 14")
)
UNREAD = ('Somewhere"\nconfirmation = "confirmed', 'Somewhere"\nconfirmation = "unconfirmed')


def test_nothing_is_known_from_a_source_that_is_not_confirmed(tmp_path):
    """Neither features nor a place in a synthesis, though the finding says it is confirmed."""
    stated = BETTER.replace(
        "[source]",
        'usual_care_setting = "yes"\ncomparable_to_rated_program = "yes"\n'
        "[sample]\nassigned_treated = 219\nn_treated = 219\nassigned_comparison = 274\n"
        "n_comparison = 274\n[source]",
    ).replace(
        'peer_reviewed = "yes"',
        'peer_reviewed = "yes"\npublic = "yes"\nenglish = "yes"\nyear = 2001',
    )
    stated += "months_after_end_of_service = 12\n"
    known, unread = (
        read_entry(write(tmp_path, text)) for text in (stated, stated.replace(*UNREAD))
    )
    present = {
        c for c, (s, _) in published_study(known).results[0].features.items() if s == "present"
    }
    assert {"source", "usual_care", "attrition", "favorable", "sustained12"} <= present
    study = published_study(unread)
    assert {status for status, _ in study.results[0].features.values()} == {"unknown"}
    assert study.results[0].sustained12[0] == study.comparable == "unknown"
    assert published_risk_ratio(known, known.findings[0]).value == pytest.approx(14 / 19)
    assert published_risk_ratio(unread, unread.findings[0]) is None


def test_risk_ratios_come_from_counts_percentages_or_an_interval_and_never_a_hazard_ratio(tmp_path):
    def ratio(new):
        text = STUDY.replace("percent_treated = 24\npercent_comparison = 19\n", new)
        study = read_entry(write(tmp_path, text))
        return published_risk_ratio(study, study.findings[0])

    assert ratio("events_treated = 50\nevents_comparison = 40\n").value == pytest.approx(
        (50 / 219) / (40 / 274)
    )
    interval = "estimate = 1.2\nci_low = 0.9\nci_high = 1.6\n"
    assert ratio(f'effect = "risk_ratio"\n{interval}').ci_low == 0.9
    assert ratio(f'effect = "hazard_ratio"\n{interval}') is None
    assert ratio("events_treated = 40\nevents_comparison = 0\n") is None


def test_what_was_not_compared_is_neither_a_benefit_nor_a_null_result(tmp_path):
    trial = STUDY.replace('"quasi-experimental"', '"randomized"').replace(
        'direction = "unfavorable"\nsignificant = "no"', 'direction = "not compared"'
    )
    study = published_study(read_entry(write(tmp_path, trial)))
    assert (study.superior, study.harmful, study.null) == ("absent", "absent", "absent")
    compared = published_study(read_entry(write(tmp_path, trial.replace("not compared", "none"))))
    assert compared.null == "present"


def test_an_element_stated_without_confirmation_is_unknown(tmp_path):
    stated = PROGRAM + '[elements.manual]\nstatus = "present"\nwhy = "hearsay"\n'
    program = read_entry(write(tmp_path, stated))
    assert cebc(Body(program, ())).elements["manual"].status == "unknown"


SOURCE = {
    "all stated": ({}, "present"),
    "conference paper": ({"journal article": "conference paper"}, "absent"),
    "dissertation": ({"journal article": "dissertation"}, "absent"),
    "government report": ({"journal article": "government report"}, "present"),
    "before 1990": ({"year = 1990": "year = 1989"}, "absent"),
    "not public": ({'public = "yes"': 'public = "no"'}, "absent"),
    "language not stated": ({'english = "yes"\n': ""}, "unknown"),
}


@pytest.mark.parametrize("name", SOURCE)
def test_features_of_a_published_study_on_both_sides(name, tmp_path):
    changes, status = SOURCE[name]
    text = STUDY.replace(
        'peer_reviewed = "yes"',
        'peer_reviewed = "yes"\npublic = "yes"\nenglish = "yes"\nyear = 1990',
    )
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    features = published_study(read_entry(write(tmp_path, text))).results[0].features
    assert features["source"][0] == status
    assert features["usual_care"][0] == "unknown"
    stated = text.replace("[source]", 'usual_care_setting = "yes"\n[source]')
    features = published_study(read_entry(write(tmp_path, stated))).results[0].features
    assert features["usual_care"][0] == "present"
    assert features["favorable"][0] == "absent"


@pytest.mark.parametrize(("analysed", "status"), [(990, "present"), (600, "absent")])
def test_attrition_of_a_published_trial(analysed, status, tmp_path):
    sample = f"[sample]\nassigned_treated = 1000\nn_treated = 990\nassigned_comparison = 1000\nn_comparison = {analysed}\n"
    path = write(tmp_path, STUDY.replace("[[findings]]", f"{sample}[[findings]]"))
    assert published_study(read_entry(path)).results[0].features["attrition"][0] == status


@pytest.mark.parametrize(
    ("months", "six", "twelve"),
    [
        (5.9, "absent", "absent"),
        (6, "present", "absent"),
        (12, "present", "present"),
        (None, "unknown", "unknown"),
    ],
)
def test_months_after_the_service_of_a_published_finding(months, six, twelve, tmp_path):
    better = STUDY.replace("unfavorable", "favorable").replace('"no"', '"yes"')
    better = better.replace("percent_treated = 24", "percent_treated = 14")
    if months is not None:
        better += f"months_after_end_of_service = {months}\n"
    found = published_study(read_entry(write(tmp_path, better))).results[0]
    assert (found.sustained6[0], found.sustained12[0]) == (six, twelve)
