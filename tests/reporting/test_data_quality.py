"""The data-quality report as files: HTML, Word, PDF and JSON."""

import json

import pandas as pd
import pypdf
import pytest
from lxml import html as lxml_html

from evaluation.errors import OutputError
from evaluation.reporting.charts.calendar import calendar
from evaluation.reporting.write import write_quality
from evaluation.sources import connect

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quality")
    days = pd.date_range("2018-01-01", "2019-12-31", freq="3D").strftime("%Y-%m-%d")
    removals = pd.DataFrame(
        {"removal_id": [f"r{n}" for n in range(len(days))], "child_id": "c1", "removal_date": days}
    )
    removals = removals[~removals.removal_date.str.startswith("2019-03")]
    frames = {
        "children": pd.DataFrame({"child_id": ["c1"], HOSTILE: ["x"]}),
        "removals": removals.assign(discharge_reason=HOSTILE, discharge_date=removals.removal_date),
    }
    frames["removals"].loc[frames["removals"].index[5:], "discharge_reason"] = None
    with connect(frames) as agency:
        write_quality(agency, agency.check(), folder)
    return folder


def test_every_form_is_there_and_says_it_is_internal(written):
    text = lxml_html.parse(str(written / "data_quality.html")).getroot().text_content()
    assert "for internal use, not for release" in text
    pages = pypdf.PdfReader(written / "data_quality.pdf").pages
    assert "for internal use, not for release" in "".join(page.extract_text() for page in pages)
    assert (written / "data_quality.docx").read_bytes().startswith(b"PK")


def test_the_month_without_an_upload_is_the_title_of_its_chart(written):
    said = json.loads((written / "quality.json").read_text())
    assert [gap["month"][:7] for gap in said["gaps"]] == ["2019-03", "2019-03"]
    root = lxml_html.parse(str(written / "data_quality.html")).getroot()
    assert any("far fewer records" in (h.text_content()) for h in root.iter("h1", "h2", "h3"))


def test_values_from_data_are_text(written):
    root = lxml_html.parse(str(written / "data_quality.html")).getroot()
    assert not [s for s in root.iter("script") if "alert(1)" in (s.text or "")]


def test_a_calendar_without_a_month_is_refused():
    empty = pd.DataFrame({"label": [], "month": [], "level": [], "gap": []})
    with pytest.raises(OutputError, match="no table has a date"):
        calendar(empty, title="t", subtitle="s", source="s")
