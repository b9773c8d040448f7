"""What an agency makes its own: logo, colour, templates, text blocks."""

import re
import struct
import zipfile
import zlib

import pypdf
import pytest
from lxml import html as lxml_html

from evaluation.errors import StudyError
from evaluation.reporting import write_reports
from evaluation.reporting.house import House, contrast_with_white
from evaluation.study import Study
from tests.reporting.conftest import make_study

BLOCK = """{% extends "house/brief.md.j2" %}
{% block closing %}
Questions: write to the agency. This brief is about {{ brief.compared }}

{{ super() }}
{% endblock %}
"""


def picture(width=4, height=4):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = b"".join(b"\x00" + b"\x20\x40\x80" * width for _ in range(height))
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def study_in(folder, files=None, **report):
    study = make_study(report=report)
    if files:
        study = Study(**(study.model_dump(mode="json", exclude_none=True) | {"files": files}))
    study._folder = folder
    return study


@pytest.fixture(scope="module")
def own(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (folder / "logo.png").write_bytes(picture())
    (folder / "templates").mkdir()
    (folder / "templates" / "brief.md.j2").write_text(BLOCK, encoding="utf-8")
    study = study_in(folder, {"templates": "templates"}, logo="logo.png", colour="#5A2D82")
    _, agency, cohort, effects = results
    write_reports(study, agency, cohort, effects, folder / "out", only=("brief",))
    return folder / "out"


def test_a_block_of_text_replaces_ours_and_the_rest_stays(own):
    root = lxml_html.parse(str(own / "brief.html")).getroot()
    words = re.sub(r"\s+", " ", root.get_element_by_id("main").text_content())
    assert "Questions: write to the agency. This brief is about Coach compared with" in words
    assert "Who was served" in words and words.rstrip().endswith("shown as s.")


def test_the_logo_heads_every_form(own):
    root = lxml_html.parse(str(own / "brief.html")).getroot()
    logo = root.xpath("//header/img")[0]
    assert logo.get("src").startswith("data:image/png") and logo.get("alt")
    with zipfile.ZipFile(own / "brief.docx") as archive:
        assert len([name for name in archive.namelist() if "media/" in name]) == 2
    page = pypdf.PdfReader(own / "brief.pdf").pages[0]
    assert len(page.images) >= 1


def test_the_colour_is_used_in_every_form(own):
    assert "--service: #5A2D82" in (own / "brief.html").read_text(encoding="utf-8")
    with zipfile.ZipFile(own / "brief.docx") as archive:
        styles = archive.read("word/styles.xml")
    assert b"5A2D82" in styles and b"00737A" not in styles


def test_contrast_is_that_of_wcag():
    assert contrast_with_white("#000000") == pytest.approx(21)
    assert contrast_with_white("#FFFFFF") == pytest.approx(1)
    assert contrast_with_white("#777777") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ({"colour": "#9AD0D3"}, "too light"),
        ({"logo": "missing.png"}, "PNG or JPEG"),
        ({"logo": "../logo.png"}, "inside the study's folder"),
        ({"logo": "script.svg"}, "PNG or JPEG"),
    ],
)
def test_what_cannot_be_used_is_said_before_work_begins(tmp_path, report, said):
    (tmp_path / "script.svg").write_text("<svg onload='x'/>", encoding="utf-8")
    with pytest.raises(StudyError, match=said):
        House(study_in(tmp_path, **report)).refuse_unusable()


def test_a_colour_that_is_none_is_refused_by_the_study():
    with pytest.raises(StudyError, match="report.colour"):
        make_study(report={"colour": "teal"})


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("brief.md.j2", "{% block %}", "brief.md.j2, line 1"),
        ("brief.md.j2", "{{ brief.nothing }}", "nothing"),
        ("brief.md.j2", "{{ ''.__class__.__mro__ }}", "unsafe"),
        ("leaflet.md.j2", "x", "leaflet.md.j2, which replaces nothing"),
    ],
)
def test_a_template_that_cannot_be_filled_is_named(results, tmp_path, name, text, said):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / name).write_text(text, encoding="utf-8")
    study = study_in(tmp_path, {"templates": "templates"})
    _, agency, cohort, effects = results
    with pytest.raises(StudyError, match=said):
        write_reports(study, agency, cohort, effects, tmp_path / "out", only=("brief",))
    assert not (tmp_path / "out").exists()


def test_a_folder_of_templates_that_is_not_there_is_said(tmp_path):
    with pytest.raises(StudyError, match="no folder"):
        House(study_in(tmp_path, {"templates": "missing"})).refuse_unusable()
