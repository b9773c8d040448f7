"""Each disclosure profile does what its name says, in sentences, tables, curves and files."""

import json
import re

import docx
import openpyxl
import pypdf
import pytest
from lxml import html as lxml_html

from evaluation.errors import StudyError
from evaluation.reporting import write_reports
from evaluation.reporting.disclosure import NOT_FOR_RELEASE, Disclosure
from evaluation.reporting.estimates_json import estimates_json
from evaluation.study import ReportSettings
from tests.reporting.test_reports import built

COUNTS = ("at_risk", "events", "n", "clusters", "n_treated", "n_comparison", "events_treated")


def content(invented, children=400, **report):
    study = invented.study(report=report)
    cohort = invented.cohort(study, children)
    report = built(study, invented.agency(), cohort, invented.effects(cohort))
    return report, json.loads(estimates_json(report))


def numbers(found, names=COUNTS):
    for part in ("incidence", "effects", "models"):
        for record in found[part]:
            yield from (record[n] for n in names if isinstance(record.get(n), int))


@pytest.mark.parametrize(
    ("profile", "below"), [("threshold", 11), ("cms", 11), ("rounded", 8), ("none", 0)]
)
def test_each_profile_has_its_threshold(profile, below):
    assert ReportSettings(profile=profile).hidden_below == below
    assert Disclosure.of(ReportSettings(profile=profile)).on == (profile != "none")


def test_a_threshold_beside_another_profile_is_refused_and_says_why(invented):
    with pytest.raises(StudyError, match='suppress_below is 5, and the profile "rounded"'):
        invented.study(report={"profile": "rounded", "suppress_below": 5})


def test_an_unknown_profile_is_refused_with_those_there_are(invented):
    with pytest.raises(StudyError, match=r"threshold.*cms.*rounded.*none"):
        invented.study(report={"profile": "hipaa"})


@pytest.mark.parametrize(
    ("count", "shown"), [(0, 0), (1, "s"), (7, "s"), (8, 10), (12, 10), (13, 15), (1802, 1800)]
)
def test_rounded_counts_are_hidden_to_seven_and_else_to_the_nearest_five(count, shown):
    assert Disclosure(8, "rounded").count(count) == shown


def test_rounded_counts_in_sentences_are_rounded_and_their_share_goes(invented):
    rule = Disclosure(8, "rounded")
    assert rule.conceal("101 of 733 children (13.8%) moved.") == "100 of 735 children moved."
    assert rule.conceal("Counted: 62 exits with a gap.") == "Counted: 60 exits with a gap."
    assert rule.say(733) == "735"


def test_the_rounded_profile_rounds_every_count_of_every_file(invented):
    report, found = content(invented, profile="rounded")
    assert all(n % 5 == 0 for n in numbers(found))
    assert all(row["count"] == "s" or row["count"] % 5 == 0 for row in found["counts"])
    for table in (t for part in report.everything for t in part.tables):
        counted = [c.key for c in table.columns if c.kind == "count"]
        for column in set(counted) - {"month", "blank_lines"}:
            assert all(n == "s" or n % 5 == 0 for n in table.data[column].dropna()), table.name


def test_full_precision_of_the_rounded_profile_gives_no_exact_count_back(invented):
    """A share times the size of its group is a multiple of five, never the count behind it."""
    _, found = content(invented, profile="rounded")
    sizes = {
        (r["outcome"], r["by"], r["group"]): r["at_risk"]
        for r in found["incidence"]
        if r["time"] == 0
    }
    for row in found["curves"]:
        of = sizes[row["outcome"], row["by"], row["group"]]
        events = row["incidence"] * of
        assert events / 5 == pytest.approx(round(events / 5), abs=1e-6)


def test_the_cms_profile_shows_no_rate_of_a_hidden_cell(invented):
    _, found = content(invented, profile="cms")
    rows = [r for r in found["incidence"] if r["time"]]
    hidden = [r for r in rows if "s" in (r["events"], r["at_risk"])]
    assert hidden and all(r["incidence"] == "s" for r in hidden)
    for row in found["effects"]:
        if "s" in [row[n] for n in ("n_treated", "n_comparison", "events_treated")]:
            assert row["estimate"] == "s"


def test_the_threshold_profile_may_show_a_weighted_share_of_hidden_counts(invented):
    """So the profile above does more than the threshold."""
    _, found = content(invented)
    arms = [r for r in found["incidence"] if r["by"] == "arm" and r["time"]]
    assert any("s" in (r["events"], r["at_risk"]) and r["incidence"] != "s" for r in arms)


@pytest.fixture(scope="module")
def internal(invented, tmp_path_factory):
    out = tmp_path_factory.mktemp("internal") / "out"
    study = invented.study(report={"profile": "none"})
    cohort = invented.cohort(study, 300)
    write_reports(study, invented.agency(), cohort, invented.effects(cohort), out, only=["annual"])
    return out


def test_exact_files_say_everywhere_that_they_are_not_for_release(internal):
    page = lxml_html.parse(str(internal / "annual.html")).getroot()
    pdf = " ".join(p.extract_text() for p in pypdf.PdfReader(internal / "annual.pdf").pages)
    word = docx.Document(internal / "annual.docx")
    book = openpyxl.load_workbook(internal / "tables.xlsx")
    about = " ".join(str(c.value) for row in book["About"].iter_rows() for c in row)
    first = lxml_html.parse(str(internal / "index.html")).getroot()
    for text in (
        page.get_element_by_id("main").text_content(),
        re.sub(r"\s+", " ", pdf),
        " ".join(p.text for p in word.paragraphs),
        about,
        first.text_content(),
    ):
        assert NOT_FOR_RELEASE in text


def test_charts_with_exact_numbers_say_so_at_their_foot(invented):
    report, _ = content(invented, profile="none")
    assert report.material.source.endswith(NOT_FOR_RELEASE)


def test_exact_files_are_internal_in_manifest_index_and_estimates(internal):
    listed = json.loads((internal / "manifest.json").read_text(encoding="utf-8"))
    assert {output["audience"] for output in listed["outputs"]} == {"internal"}
    found = json.loads((internal / "estimates.json").read_text(encoding="utf-8"))
    assert (found["audience"], found["profile"]) == ("internal", "none")
    assert any(0 < n < 11 for n in numbers(found))
    page = lxml_html.parse(str(internal / "index.html")).getroot()
    headings = {h.text_content(): h for h in page.iter("h2")}
    assert "annual.html" not in _between(page, "release", "charts")
    assert "annual.html" in _between(page, "internal", "provenance")
    assert {"For release", "For internal use"} <= set(headings)


def _between(page, first, last):
    found, inside = [], False
    for element in page.get_element_by_id("main").iter():
        inside = element.get("id") == first or (inside and element.get("id") != last)
        if inside and element.tag == "a":
            found.append(element.get("href"))
    return found
