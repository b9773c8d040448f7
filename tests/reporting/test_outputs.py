"""The folder as a whole: its first page, its manifest, the brief and the technical appendix."""

import dataclasses
import hashlib
import json
import re

import pypdf
import pytest
from lxml import html as lxml_html

from evaluation.reporting.brief import brief
from evaluation.reporting.reports import MAKERS, REPORTS
from evaluation.reporting.sections.checklist import BY_AUTHOR, _items
from evaluation.reporting.technical import technical
from tests.reporting.conftest import make_study
from tests.reporting.test_reports import built


def page(path):
    return lxml_html.parse(str(path)).getroot()


@pytest.fixture(scope="module")
def found(results):
    return built(*results)


# The first page


def test_the_first_page_leads_to_every_output_and_nothing_else(written):
    linked = {a.get("href") for a in page(written / "index.html").iter("a")}
    linked = {href for href in linked if not href.startswith("#")}
    there = {
        path.relative_to(written).as_posix()
        for path in written.rglob("*")
        if path.is_file() and path.name not in ("index.html", ".permanency-output")
    }
    assert linked == there


def test_the_first_page_says_what_is_for_release_and_what_is_not(written):
    headings = [h.text_content() for h in page(written / "index.html").iter("h2")]
    assert headings[:3] == ["For release", "Charts for slides", "For internal use"]


# The manifest


def test_the_manifest_lists_every_file_with_its_checksum(written):
    listed = json.loads((written / "manifest.json").read_text(encoding="utf-8"))
    for output in listed["outputs"]:
        content = (written / output["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == output["sha256"], output["file"]
        assert len(content) == output["bytes"]
    names = {output["file"] for output in listed["outputs"]}
    assert {"annual.pdf", "brief.docx", "technical.html", "tables.xlsx", "index.html"} <= names
    assert {output["audience"] for output in listed["outputs"]} == {"release"}


def test_the_manifest_counts_what_was_hidden_and_says_why(written, found):
    listed = json.loads((written / "manifest.json").read_text(encoding="utf-8"))
    rule = {"profile": "threshold", "suppress_below": 11, "beside": None, "not_compared": []}
    assert listed["rule"] == rule | {"words": found.material.rule.words}
    in_json = (written / "estimates.json").read_text(encoding="utf-8").count('"s"')
    by_file = {output["file"]: output["hidden_cells"] for output in listed["outputs"]}
    assert by_file["estimates.json"] == in_json > 0
    assert all(entry["cells"] > 0 and entry["why"] for entry in listed["hidden"])


# The brief


def test_the_brief_says_first_with_whom_the_children_are_compared(written, found):
    said = brief(found)
    assert said.compared.startswith("Coach compared with usual care, among children who left")
    body = page(written / "brief.html").get_element_by_id("main").text_content()
    assert re.sub(r"\s+", " ", body).strip().startswith(said.compared)


def test_the_brief_is_two_pages_with_one_chart_and_no_p_value(written):
    pages = pypdf.PdfReader(written / "brief.pdf").pages
    assert len(pages) <= 2
    main = page(written / "brief.html").get_element_by_id("main")
    assert len(list(main.iter("img"))) == 1
    assert not re.search(r"\bp\s*[=<]|significant", main.text_content())


def test_the_brief_has_a_line_for_every_other_outcome(found):
    assert len(brief(found).others) == len(found.material.followed) - 1


def test_a_cost_per_event_prevented_needs_an_interval_without_zero(results):
    study, agency, cohort, effects = results
    services = [dataclasses_of(s) for s in study.services]
    services[0]["cost_per_family"] = 4200.0
    dear = make_study(services=services)
    said = " ".join(brief(built(dear, agency, cohort, effects)).cost)
    assert "$4,200 per family served" in said
    estimate = effects.table[
        (effects.table["service"] == "coach")
        & (effects.table["outcome"] == "reentry")
        & (effects.table["measure"] == "risk_difference")
        & (effects.table["horizon"] == 365)
    ].iloc[0]
    if estimate.ci_high < 0:
        assert f"{4200 / -estimate.estimate:.0f}"[:2] in said.replace(",", "")
    else:
        assert "do not show" in said


def test_without_a_cost_the_brief_says_nothing_of_it(found):
    assert brief(found).cost == ()


def dataclasses_of(service):
    return service.model_dump(exclude_none=True)


# The technical appendix


def test_the_protocol_lists_every_setting_with_its_value(found):
    protocol = technical(found)[0].tables[0].data.set_index("key")["value"]
    assert protocol["cohort.min_days_exit"] == "8"
    assert protocol["services.coach.exposure"] == "at exit"
    assert protocol["primary.horizon"] == "365"
    assert not any(key.startswith(("data", "files")) for key in protocol.index)


def test_every_item_of_the_guidelines_has_a_place_or_is_left_to_the_author(found):
    rows = technical(found)[-1].tables[0].data
    assert len(rows) == len(_items())
    assert set(rows["item"].str.split(" ").str[0]) == {"STROBE", "RECORD"}
    strobe = rows.loc[rows["item"].str.startswith("STROBE"), "item"]
    assert set(strobe.str.split(" ").str[1].astype(int)) == set(range(1, 23))
    assert BY_AUTHOR in set(rows["place"])


def test_places_name_sections_that_exist(found):
    titles = {part.title for part in (*found.everything, *technical(found))}
    titles |= {"Key findings", "What limits these findings", "How things are defined"}
    titles |= {"Where this appendix comes from"}
    for place in technical(found)[-1].tables[0].data["place"]:
        for title in re.findall("“(.+?)”(?=;|$)", place):
            assert title in titles


def test_balance_is_drawn_and_listed_for_each_weighted_service(found):
    part = next(part for part in technical(found) if part.name == "balance")
    weighted = set(found.material.released.balance["service"])
    assert {chart.name for chart in part.charts} == {f"balance_{s}" for s in weighted}


# All of them


def test_every_report_has_a_maker_and_a_sentence_that_says_what_it_is(found):
    assert tuple(MAKERS) == REPORTS
    for name in REPORTS:
        for report in MAKERS[name](found):
            assert report.about.endswith(".") and report.title
            fields = {f.name for f in dataclasses.fields(report)}
            assert "audience" in fields
