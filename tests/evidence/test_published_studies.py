"""A published study as the standards see it: what is confirmed, and what counts as unknown."""

import pytest

from evaluation.evidence.published_evidence import published_risk_ratio, published_study
from evaluation.evidence.registry import read_entry

from .test_registry import STUDY, write

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
