"""A chart is saved whole, the same each time, with its words inside."""

import re
import stat
from xml.etree import ElementTree

import pytest

from evaluation.errors import OutputError
from evaluation.reporting import charts

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def chart(make):
    def draw(**more):
        words = make["words"] | {"title": "A < B & C"} | more
        return charts.balance(make["differences"](), **words)

    return draw


def test_same_table_same_bytes(chart, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    first = [path.read_bytes() for path in chart().save(tmp_path / "one")]
    again = chart()
    again.png()
    assert [path.read_bytes() for path in again.save(tmp_path / "two")] == first


def test_files_are_named_and_readable_by_their_owner_alone(chart, tmp_path):
    png, svg = chart(name="balance-coach").save(tmp_path)
    assert (png.name, svg.name) == ("balance-coach.png", "balance-coach.svg")
    assert {stat.S_IMODE(path.stat().st_mode) for path in (png, svg)} == {0o600}
    assert sorted(path.name for path in tmp_path.iterdir()) == [png.name, svg.name]


def test_png_has_200_dots_per_inch(chart):
    from io import BytesIO

    from PIL import Image

    image = Image.open(BytesIO(chart().png()))
    assert image.width == 1300
    assert image.info["dpi"][0] == pytest.approx(200, abs=0.1)
    assert "Software" not in image.info
    assert image.info["Description"] == chart().alt


def test_svg_says_what_it_shows_and_needs_no_font(chart):
    root = ElementTree.fromstring(chart().svg())
    assert root.find(f"{SVG}title").text == "A < B & C"
    assert root.find(f"{SVG}desc").text == chart().alt
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "balance-title balance-desc"
    assert not list(root.iter(f"{SVG}text"))
    assert "date" not in chart().svg().lower().split("<defs", 1)[0]


def test_charts_in_one_page_share_no_id(chart):
    def ids(svg):
        return set(re.findall(r' id="([^"]+)"', svg))

    one, other = chart(name="one").svg(), chart(name="other").svg()
    assert ids(one) and not ids(one) & ids(other)
    assert set(re.findall(r'href="#([^"]+)"', one)) <= ids(one)
    assert set(re.findall(r"url\(#([^)]+)\)", one)) <= ids(one)


@pytest.mark.parametrize("name", ["../out", "a/b", "", "Ä", "a b", ".hidden"])
def test_no_name_leaves_the_folder(chart, name):
    with pytest.raises(OutputError, match="cannot be named"):
        chart(name=name)


def test_a_folder_that_is_not_there_is_an_error_and_leaves_nothing(chart, tmp_path):
    with pytest.raises(OutputError, match="make the folder"):
        chart().save(tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []


def test_a_notebook_shows_the_chart(chart):
    assert chart()._repr_html_().startswith("<svg")


def test_a_chart_too_narrow_is_an_error(make):
    for width in (3, float("nan")):
        with pytest.raises(OutputError, match="at least 4"):
            charts.flow(make["steps"](), **make["words"], width=width)
