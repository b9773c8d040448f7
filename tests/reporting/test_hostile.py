"""Hostile values come out as text, in every report and every form, the same bytes each time."""

import json
import re
import zipfile

import docx
import numpy as np
import openpyxl
import pypdf
import pytest
from lxml import html as lxml_html

import evaluation as ev
from evaluation.evidence.program_evidence import evidence
from evaluation.reporting import write_reports
from evaluation.resources import resource

SCRIPT = "<script>alert(1)</script>"
FORMULA = "=cmd|' /C calc'!A0"
TEMPLATE = "{{7*7}}"
TYPST = ']] #read("/etc/passwd")'
LONG = "long " * 1000
RIGHT_TO_LEFT = "שלום عائلة"
EMOJI = "🙂 County"
REPORTS = ("annual", "brief", "technical", "program_coach", "program_respite", "data_quality")


def hostile_results(invented):
    services = [
        {"program": "coach", "label": f"{SCRIPT} {TYPST}", "exposure": "at exit"},
        {"program": "respite", "label": f"{TEMPLATE} {RIGHT_TO_LEFT}", "exposure": "time-varying"},
    ]
    study = invented.study(
        title=f"{TYPST} {SCRIPT} {TEMPLATE} {EMOJI}",
        question=f"{RIGHT_TO_LEFT} {LONG}",
        services=services,
        report={"agency": f"{FORMULA} {SCRIPT} {TYPST}"},
    )
    cohort = invented.cohort(study, 900)
    counties = np.array([SCRIPT, FORMULA, TEMPLATE, TYPST, RIGHT_TO_LEFT, EMOJI, LONG])
    cohort.exits["county"] = counties[np.arange(900) % len(counties)]
    cohort.cannot = (FORMULA, TYPST, LONG)
    effects = invented.effects(cohort)
    check = ev.simulate_agency(children=300, seed=1).check()
    agency = invented.agency(hostile=True)
    agency.check = lambda: check
    return study, agency, cohort, effects


@pytest.fixture(scope="module")
def twice(invented, tmp_path_factory):
    outs = []
    for name in ("one", "two"):
        study, agency, cohort, effects = hostile_results(invented)
        out = tmp_path_factory.mktemp("hostile") / name
        weighed = evidence(cohort, effects)
        write_reports(study, agency, cohort, effects, out, evidence=weighed)
        outs.append(out)
    return outs


def pages(out):
    return {path.stem: lxml_html.parse(str(path)).getroot() for path in out.glob("*.html")}


def texts(out, name):
    """The words of one report in each form."""
    root = lxml_html.parse(str(out / f"{name}.html")).getroot()
    word = docx.Document(out / f"{name}.docx")
    cells = [c.text for t in word.tables for row in t.rows for c in row.cells]
    pdf = " ".join(p.extract_text() for p in pypdf.PdfReader(out / f"{name}.pdf").pages)
    return {
        "html": root.text_content(),
        "docx": " ".join([*(p.text for p in word.paragraphs), *cells]),
        "pdf": pdf,
    }


def squeezed(text):
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("name", REPORTS)
def test_hostile_titles_are_printed_as_they_are_in_every_form(twice, name):
    for form, text in texts(twice[0], name).items():
        told = squeezed(text)
        wanted = (SCRIPT, TYPST) if name.startswith("program_coach") else (SCRIPT, TYPST, TEMPLATE)
        if name == "program_respite":
            wanted = (TEMPLATE, RIGHT_TO_LEFT if form != "pdf" else TEMPLATE)
        if form == "pdf":
            told = told.replace("[U+1F642]", "🙂")
        for value in wanted:
            assert squeezed(value) in told, (name, form, value)
        assert "root:x:0" not in text


def test_no_page_has_code_from_data(twice):
    own = resource("reports", "templates", "page.js").read_text(encoding="utf-8").strip()
    for name, root in pages(twice[0]).items():
        assert [s.text_content() for s in root.iter("script")] == [own], name
        assert not root.xpath("//@onerror|//@onload|//iframe|//object|//form")
        outward = [h for h in root.xpath("//a/@href") if re.match(r"[a-z]+:|//", h)]
        assert outward == [] or name == "index", (name, outward)


def test_emoji_and_right_to_left_text_survive_where_letters_can(twice):
    found = texts(twice[0], "annual")
    assert EMOJI in found["html"] and EMOJI in found["docx"]
    assert RIGHT_TO_LEFT in found["html"] and RIGHT_TO_LEFT in found["docx"]


def test_no_cell_of_the_workbook_is_a_formula_or_a_link(twice):
    with zipfile.ZipFile(twice[0] / "tables.xlsx") as archive:
        for name in archive.namelist():
            assert b"<f>" not in archive.read(name), name
            assert not (name.startswith("xl/") and b"hyperlink" in archive.read(name)), name
    book = openpyxl.load_workbook(twice[0] / "tables.xlsx")
    cells = [str(c.value) for sheet in book for row in sheet.iter_rows() for c in row]
    assert any(FORMULA in cell for cell in cells)
    assert any(TYPST in cell for cell in cells)


def test_json_holds_hostile_values_as_they_are(twice):
    found = json.loads((twice[0] / "estimates.json").read_text(encoding="utf-8"))
    assert found["study"]["title"].startswith(TYPST)
    assert found["study"]["agency"].startswith(FORMULA)
    assert any(FORMULA in point for point in found["cannot"])
    for path in twice[0].glob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))


def test_every_report_form_and_chart_is_the_same_bytes_again(twice):
    one, two = twice
    files = [path.relative_to(one) for path in sorted(one.rglob("*")) if path.is_file()]
    assert {f"{name}.{form}" for name in REPORTS for form in ("html", "docx", "pdf")} <= {
        str(path) for path in files
    }
    assert len([path for path in files if path.parts[0] == "charts"]) > 10
    for path in files:
        assert (one / path).read_bytes() == (two / path).read_bytes(), path
    assert len(files) == len([path for path in two.rglob("*") if path.is_file()])
