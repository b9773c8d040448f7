"""The reports as files: what they say, that they are accessible, safe and always the same."""

import datetime
import json
import re
import zipfile

import docx
import numpy as np
import openpyxl
import pypdf
import pytest
from lxml import html as lxml_html

from evaluation.errors import OutputError
from evaluation.reporting import write_reports
from evaluation.reporting.annual import annual_report
from evaluation.reporting.document import convert
from evaluation.reporting.provenance import provenance
from evaluation.resources import resource

FORMS = ["annual.html", "annual.docx", "annual.pdf", "tables.xlsx", "estimates.json"]


def page(out):
    return lxml_html.parse(str(out / "annual.html")).getroot()


def words(out):
    return re.sub(r"\s+", " ", page(out).text_content())


def pdf_words(out):
    pages = pypdf.PdfReader(out / "annual.pdf").pages
    return re.sub(r"\s+", " ", " ".join(p.extract_text() for p in pages))


def docx_words(out):
    document = docx.Document(out / "annual.docx")
    cells = [c.text for t in document.tables for row in t.rows for c in row.cells]
    return re.sub(r"\s+", " ", " ".join([*(p.text for p in document.paragraphs), *cells]))


def built(study, agency, cohort, effects, truth=None):
    origin = provenance(study, agency.source, agency.data_hash)
    return annual_report(study, agency.check(), cohort, effects, origin, truth)


# What is written


def test_every_form_is_written_and_returned(results, tmp_path):
    study, agency, cohort, effects = results
    paths = write_reports(
        study, agency, cohort, effects, tmp_path / "out", formats=("html",), only=("annual",)
    )
    beside = ["tables.xlsx", "estimates.json", "manifest.json", "charts"]
    assert [p.name for p in paths] == ["index.html", "annual.html", *beside]
    assert all(p.exists() and p.parent == tmp_path / "out" for p in paths)
    assert {p.suffix for p in (tmp_path / "out" / "charts").iterdir()} == {".png", ".svg"}


@pytest.mark.parametrize("wrong", [{"formats": ("odt",)}, {"only": ["leaflet"]}])
def test_an_unknown_form_or_report_is_said(results, tmp_path, wrong):
    with pytest.raises(OutputError, match="odt|leaflet"):
        write_reports(*results, tmp_path / "out", **wrong)
    assert not (tmp_path / "out").exists()


def test_the_same_input_gives_the_same_bytes(results, written, invented, tmp_path):
    study, agency, cohort, effects = results
    truth = invented.truth(effects)
    write_reports(study, agency, cohort, effects, tmp_path / "again", truth=truth)
    for path in sorted(written.rglob("*")):
        if path.is_file():
            again = tmp_path / "again" / path.relative_to(written)
            assert again.read_bytes() == path.read_bytes(), path.name


def test_pages_are_the_same_bytes_in_every_run_of_pandoc(tmp_path):
    source = "# A {#a}\n\n| a | b |\n|:--|--:|\n| 1 | 2 |\n\n: c\n\n::: {.note a=1 b=2}\nx\n:::\n"
    made = {
        convert(source, "html5", filters=("pages.lua",), folder=tmp_path, epoch=0) for _ in range(8)
    }
    assert len(made) == 1


def test_where_the_data_lie_changes_nothing(results):
    study = results[0]
    here, there = (provenance(study, f"/{place}/data", "ab") for place in ("home", "tmp/x9"))
    assert here == there
    assert here.source == "data"
    assert provenance(study, "postgresql://host/db", "ab").source == "postgresql://host/db"


# What is said


@pytest.mark.parametrize("read", [words, pdf_words, docx_words])
def test_every_form_says_the_same(written, read):
    text = read(written)
    for said in (
        "Coach after reunification",
        "Example County",
        "Did children with a coach re-enter care less often?",
        "Coach was followed by about 4 fewer re-entries per 100 children by month 12",
        "not randomized",
        "Respite care: fewer than 11 children, too few.",
        "Comparing ever with never served would have misled",
        "0.68",
        "0.54 to 0.86",
        "What limits these findings",
        "Services were not given by chance",
        "abababab",
        "numpy",
        "fewer than 11 exits and 60 exits.",
        "Fewer than 11 of 1,800 children lack a covariate.",
    ):
        assert said.lower() in text.lower(), said


def test_terms_of_outcome_models_stand_in_the_technical_appendix_alone(written):
    text = {name: (written / f"{name}.html").read_text() for name in ("annual", "technical")}
    assert "Outcome model: Coach, re-entry" in text["technical"]
    assert "1.13" in text["technical"]
    assert "Outcome model: Coach, re-entry" not in text["annual"]


def test_captions_are_numbered_once_and_in_order(written):
    for text in (words(written), pdf_words(written), docx_words(written)):
        for kind in ("Figure", "Table"):
            numbers = [int(n) for n in re.findall(rf"\b{kind} (\d+)\.", text)]
            assert numbers == list(range(1, len(numbers) + 1))
            assert len(numbers) > 3


def test_three_to_five_key_findings_with_the_primary_contrast_first(results):
    report = built(*results)
    assert 3 <= len(report.cards) <= 5
    assert "primary contrast" in report.cards[0].uncertainty
    assert report.answer == report.cards[0].sentence


def test_the_truth_stands_beside_the_estimates_only_where_it_is_known(results, written, invented):
    assert "intervals hold the truth" in words(written)
    assert "truth" not in [part.name for part in built(*results).everything]


def test_families_who_left_are_bounded_where_moves_are_not_recorded(results):
    study, agency, cohort, effects = results
    cohort.cannot = ("The table moves_out is missing.",)
    try:
        limits = " ".join(built(study, agency, cohort, effects).limitations)
    finally:
        cohort.cannot = ()
    assert "count as safely home" in limits
    assert "10.0% as recorded, 10.5% if 5% and 11.1% if 10%" in limits


def test_a_descriptive_study_claims_nothing(invented):
    study = invented.study(design="descriptive")
    cohort = invented.cohort(study, 1800)
    report = built(study, invented.agency(), cohort, invented.effects(cohort))
    said = " ".join([report.answer, *(p for s in report.sections for p in s.paragraphs)])
    assert not re.search(r"led to|was followed by|caused|reduced", said)


def test_a_study_without_services_describes(invented):
    study = invented.study(services=(), primary=None)
    cohort = invented.cohort(study, 1800)
    effects = invented.effects(cohort)
    for name in ("table", "models", "curves", "balance", "cannot", "naive"):
        object.__setattr__(effects, name, getattr(effects, name).iloc[:0])
    report = built(study, invented.agency(), cohort, effects)
    assert "compares nothing" in report.answer
    assert "effects" not in [part.name for part in report.sections]


# Disclosure of the whole


def shown_tables(report):
    return [table for part in report.everything for table in part.tables]


@pytest.mark.parametrize("children", [150, 450, 1800])
def test_no_page_of_asterisks(invented, children):
    study = invented.study()
    cohort = invented.cohort(study, children)
    effects = invented.effects(cohort, small=children < 1000)
    report = built(study, invented.agency(), cohort, effects)
    cells = [
        str(cell)
        for table in shown_tables(report)
        for row in table.printed
        for cell in row[1:]
        if cell != "–"
    ]
    assert cells.count("s") <= 0.2 * len(cells)


def test_a_tiny_agency_is_told_what_is_too_small_and_what_to_do(invented):
    study = invented.study()
    cohort = invented.cohort(study, 150)
    effects = invented.effects(cohort, small=True)
    report = built(study, invented.agency(), cohort, effects)
    said = " ".join(p for part in report.sections for p in (*part.paragraphs, *part.points))
    assert "pool several years" in said
    assert "fewer than 11 children or events, so the estimate is not shown" in said
    assert 3 <= len(report.cards) <= 5
    assert "cannot tell" in report.answer


def small_counts(values):
    return [v for v in values if isinstance(v, int) and not isinstance(v, bool) and 0 < v < 11]


@pytest.mark.parametrize("children", [150, 600, 1800])
def test_no_small_count_is_in_the_estimates(invented, tmp_path, children):
    study = invented.study()
    cohort = invented.cohort(study, children)
    effects = invented.effects(cohort, small=children < 1000)
    write_reports(
        study, invented.agency(), cohort, effects, tmp_path / "out", formats=(), only=["annual"]
    )
    content = json.loads((tmp_path / "out" / "estimates.json").read_text(encoding="utf-8"))
    counted = ("at_risk", "events", "n", "clusters", "n_treated", "n_comparison")
    counted += ("events_treated", "events_comparison", "events_ever", "events_never")
    for name in ("effects", "models", "incidence", "naive"):
        for record in content[name]:
            assert small_counts(record.get(key) for key in counted) == [], (name, record)


def test_small_counts_of_the_checks_are_told_as_small(written):
    text = words(written)
    assert "4 of 1,600" not in text
    assert "removals: unmatched child id, in fewer than 11 rows." in text
    assert "30 of 1,600" in text


def test_zero_turns_suppression_off(invented):
    study = invented.study(report={"suppress_below": 0})
    cohort = invented.cohort(study, 150)
    report = built(study, invented.agency(), cohort, invented.effects(cohort, small=True))
    assert report.material.released.withheld == ()
    assert all("s" not in [c for row in t.printed for c in row] for t in shown_tables(report))


# Accessible


def scripts(root):
    return [element.text_content() for element in root.iter("script")]


def own_script():
    return resource("reports", "templates", "page.js").read_text(encoding="utf-8").strip()


def test_the_page_needs_no_network_and_holds_one_script(written):
    text = (written / "annual.html").read_text(encoding="utf-8")
    assert scripts(page(written)) == [own_script()]
    assert not re.findall(r"""(?:src|href)=["'](?!#|data:)""", text)
    assert not re.findall(r"url\((?!data:)", text)
    policy = page(written).xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    assert policy.startswith("default-src 'none'")


def test_the_page_can_be_read_without_eyes(written):
    root = page(written)
    assert root.get("lang") == "en"
    assert root.xpath("//a[@class='skip']/@href") == ["#main"]
    assert len(root.xpath("//main")) == len(root.xpath("//h1")) == 1
    assert all(len(alt) > 40 for alt in root.xpath("//figure//img/@alt"))
    assert len(root.xpath("//figure//img[@alt]")) == len(root.xpath("//figure")) > 5
    assert not root.xpath("//thead//th[not(@scope='col')]")
    assert not root.xpath("//tbody/tr/*[1][not(self::th[@scope='row'])]")
    assert not root.xpath("//table[not(caption)]")
    assert len(root.xpath("//details//table")) == len(root.xpath("//figure"))
    levels = [int(h.tag[1]) for h in root.xpath("//h1|//h2|//h3|//h4")]
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))
    ids = root.xpath("//@id")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", ["annual", "brief", "technical"])
def test_every_pdf_declares_pdf_ua_1_and_pdf_a_2a(written, name):
    said = pypdf.PdfReader(written / f"{name}.pdf").trailer["/Root"]["/Metadata"].get_data()
    declared = re.findall(rb"<(pdf\w+:\w+)>([^<]+)<", said)
    assert (b"pdfuaid:part", b"1") in declared
    assert {(b"pdfaid:part", b"2"), (b"pdfaid:conformance", b"A")} <= set(declared)


def test_the_pdf_is_tagged(written):
    reader = pypdf.PdfReader(written / "annual.pdf")
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith("en")
    assert reader.metadata.title == "Coach after reunification"
    figures = [node for node in structure(root["/StructTreeRoot"]) if node.get("/S") == "/Figure"]
    assert len(figures) > 5
    assert all(len(str(node["/Alt"])) > 40 for node in figures)


def structure(node):
    kids = node.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        kid = kid.get_object() if hasattr(kid, "get_object") else kid
        if isinstance(kid, dict):
            yield kid
            yield from structure(kid)


def test_the_word_document_repeats_headers_and_describes_pictures(written):
    with zipfile.ZipFile(written / "annual.docx") as archive:
        body = archive.read("word/document.xml").decode("utf-8")
        assert {entry.date_time[0] for entry in archive.infolist()} <= {1980, 2024}
    assert body.count("<w:tbl>") == body.count("<w:tblHeader")
    alts = re.findall(r'<wp:docPr descr="([^"]*)"', body)
    assert len(alts) == body.count("<w:drawing>") > 5
    assert all(len(alt) > 40 for alt in alts)
    document = docx.Document(written / "annual.docx")
    styles = {paragraph.style.name for paragraph in document.paragraphs}
    assert {"Title", "Heading 1", "Table Caption", "Image Caption", "Finding Number"} <= styles
    assert document.core_properties.title == "Coach after reunification"


def test_no_solid_line_is_lost_in_the_pdf(written):
    for svg in (written / "charts").glob("*.svg"):
        assert not re.search(r"stroke-dasharray:\s*;", svg.read_text(encoding="utf-8")), svg.name


# Tables and estimates


def test_the_workbook_holds_every_table_as_numbers(results, written):
    book = openpyxl.load_workbook(written / "tables.xlsx")
    assert book.sheetnames[0] == "About"
    for table in shown_tables(built(*results)):
        sheet = book[table.name[:31]]
        assert sheet["A1"].value == table.caption
        assert [cell.value for cell in sheet[4]] == [column.label for column in table.columns]
        assert sheet.max_row == 4 + len(table.data)
    assert isinstance(book["incidence_reentry"]["C5"].value, int)
    assert book["data_quality"]["C5"].value == "s"


def test_estimates_are_strict_json_in_full_precision(written, results):
    def refuse(constant):
        raise AssertionError(constant)

    text = (written / "estimates.json").read_text(encoding="utf-8")
    content = json.loads(text, parse_constant=refuse)
    exact = results[3].models.iloc[0]
    found = next(r for r in content["models"] if r["term"] == "coach[T.yes]")
    assert found["coef"] == exact["coef"]
    assert set(content) == {
        "study",
        "provenance",
        "audience",
        "profile",
        "suppress_below",
        "protocol",
        "counts",
        "shares",
        "effects",
        "beside",
        "home",
        "missing",
        "models",
        "incidence",
        "curves",
        "balance",
        "diagnostics",
        "sensitivity",
        "naive",
        "truth",
        "cannot",
    }


def test_missing_and_infinite_numbers_are_strict_json_too(invented, tmp_path):
    study = invented.study()
    cohort = invented.cohort(study, 1800)
    effects = invented.effects(cohort)
    effects.models.loc[0, ["se", "ci_high"]] = [np.nan, np.inf]
    write_reports(study, invented.agency(), cohort, effects, tmp_path / "out", formats=())
    first = json.loads((tmp_path / "out" / "estimates.json").read_text())["models"][0]
    assert (first["se"], first["ci_high"]) == (None, "infinity")


# Hostile values


@pytest.mark.parametrize("read", [words, pdf_words, docx_words])
def test_hostile_values_are_printed_as_they_are(hostile, read):
    text = read(hostile)
    for part in ("<script>alert('1')</script>", "#include", "{{ 7*7 }}", "[x](http://evil", "$x$"):
        assert part in text, part


def test_hostile_values_are_never_code(hostile):
    root = page(hostile)
    assert scripts(root) == [own_script()]
    assert not root.xpath("//a[not(starts-with(@href, '#'))]")
    assert not root.xpath("//@onerror|//@onload|//iframe|//object|//form")
    assert "http://evil.example" not in " ".join(root.xpath("//@href"))
    for svg in (hostile / "charts").glob("*.svg"):
        assert "<script" not in svg.read_text(encoding="utf-8")


def test_no_cell_of_the_workbook_is_a_formula(hostile):
    with zipfile.ZipFile(hostile / "tables.xlsx") as archive:
        for name in archive.namelist():
            assert b"<f>" not in archive.read(name), name
            assert not (name.startswith("xl/") and b"hyperlink" in archive.read(name)), name


def test_no_identifier_of_a_child_is_released(written, results):
    exits = results[2].exits
    named = re.compile("|".join(exits["exit_id"]) + r"|\bc0\d{4}\b(?!-)")
    texts = [words(written), pdf_words(written), docx_words(written)]
    texts.append((written / "estimates.json").read_text(encoding="utf-8"))
    assert not [named.search(text)[0] for text in texts if named.search(text)]


def test_dates_come_from_the_study_or_the_environment_never_the_clock(results, monkeypatch):
    study, agency, *_ = results
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert str(provenance(study, "x", "y").date) == "2024-06-30"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert str(provenance(study, "x", "y").date) == "2023-11-14"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    with pytest.raises(OutputError, match="SOURCE_DATE_EPOCH"):
        provenance(study, "x", "y")
    report = study.report.model_copy(update={"date": datetime.date(2025, 1, 2)})
    dated = study.model_copy(update={"report": report})
    assert str(provenance(dated, "x", "y").date) == "2025-01-02"
