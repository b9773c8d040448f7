"""The pages in a browser: from disk, without a network, by keyboard, printed, for everyone."""

import io
import os
import shutil

import pypdf
import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
MISSING = "no browser was found: install Chromium (on Debian: apt-get install chromium)"
PAGES = ["index", "annual", "brief", "technical"]
WIDTHS = {"phone": 390, "desktop": 1280}
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def tab(browser):
    """A tab that refuses every network and keeps what goes wrong."""
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.wrong, opened.asked = [], []
    opened.on("console", lambda said: opened.wrong.append(said.text))
    opened.on("pageerror", lambda error: opened.wrong.append(str(error)))
    opened.on("request", lambda request: opened.asked.append(request.url))
    yield opened
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_from_disk_and_asks_for_nothing_else(tab, written, name):
    tab.goto((written / f"{name}.html").as_uri())
    assert tab.wrong == []
    assert {url.split(":")[0] for url in tab.asked} <= {"file", "data"}
    assert sum(url.startswith("file:") for url in tab.asked) == 1


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_the_screen(tab, written, name, width):
    tab.set_viewport_size({"width": width, "height": 800})
    tab.goto((written / f"{name}.html").as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_against_wcag_2_2_aa(tab, written, name):
    from axe_playwright_python.sync_playwright import Axe

    tab.goto((written / f"{name}.html").as_uri())
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(tab, options={"runOnly": {"type": "tag", "values": tags}})
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("name", PAGES)
def test_every_link_and_anchor_leads_somewhere(tab, written, name):
    tab.goto((written / f"{name}.html").as_uri())
    for href in tab.eval_on_selector_all("a", "links => links.map(a => a.getAttribute('href'))"):
        if href.startswith("#"):
            assert tab.evaluate("id => document.getElementById(id) !== null", href[1:]), href
        else:
            assert (written / href).is_file(), href


def test_the_house_font_is_loaded_and_lines_are_short(tab, written):
    tab.goto((written / "annual.html").as_uri())
    assert "Fira Sans Report" in tab.evaluate("getComputedStyle(document.body).fontFamily")
    assert tab.evaluate("document.fonts.check('17px \"Fira Sans Report\"')")
    assert tab.evaluate("document.querySelector('main > p, .answer p').clientWidth") <= 17 * 42


def test_without_scripts_everything_is_there(browser, written):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto((written / "annual.html").as_uri())
    assert tab.locator("main table").count() > 5
    assert tab.locator("main figure img:visible").count() == tab.locator("main figure img").count()
    assert tab.locator("summary:visible").count() == tab.locator("summary").count()
    context.close()


def test_a_table_sorts_by_keyboard_and_comes_back(tab, written):
    tab.goto((written / "annual.html").as_uri())
    place = tab.evaluate(
        """() => [...document.querySelectorAll('main table')]
             .findIndex(t => t.caption.textContent.includes('Rows read'))"""
    )
    table = tab.locator("main table").nth(place)
    head = table.locator("thead th").nth(1)

    def column():
        cells = table.locator("tbody tr td:nth-child(2)").all_text_contents()
        return [int(cell.replace(",", "")) for cell in cells]

    given = column()
    head.locator("button").focus()
    tab.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending" and column() == sorted(given)
    tab.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert column() == sorted(given, reverse=True)
    tab.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") is None and column() == given


def test_hidden_and_missing_cells_sort_last(tab, written):
    tab.goto((written / "annual.html").as_uri())
    found = tab.evaluate(
        """() => {
          for (const table of document.querySelectorAll('main table')) {
            const rows = [...table.tBodies[0].rows];
            if (rows.length < 3) continue;
            for (let place = 1; place < rows[0].cells.length; place++) {
              const texts = () => [...table.tBodies[0].rows]
                .map(row => row.cells[place].textContent.trim());
              if (!texts().includes('s') || texts().every(text => text === 's')) continue;
              const button = table.tHead.rows[0].cells[place].querySelector('button');
              const both = [];
              for (let time = 0; time < 2; time++) { button.click(); both.push(texts()); }
              return both;
            }
          }
          return null;
        }"""
    )
    assert found is not None
    for texts in found:
        blank = [text in ("s", "–") for text in texts]
        assert blank == sorted(blank)


def test_a_chart_turns_into_its_table_and_back(tab, written):
    tab.goto((written / "annual.html").as_uri())
    image, folded = tab.locator("main figure img").first, tab.locator("main details").first
    table = tab.locator(".switch").first.get_by_role("button", name="Table")
    table.focus()
    tab.keyboard.press("Space")
    assert not image.is_visible() and folded.locator("table").is_visible()
    assert table.get_attribute("aria-pressed") == "true"
    tab.locator(".switch").first.get_by_role("button", name="Chart").click()
    assert image.is_visible() and not folded.locator("table").is_visible()


def test_everything_that_acts_is_reached_by_the_tab_key(tab, written):
    tab.goto((written / "brief.html").as_uri())
    acting = tab.locator("a:visible, button:visible, summary:visible, [tabindex='0']:visible")
    reached = set()
    for _ in range(acting.count() + 3):
        tab.keyboard.press("Tab")
        reached.add(tab.evaluate("document.activeElement.outerHTML"))
    assert {one.evaluate("e => e.outerHTML") for one in acting.all()} <= reached


def test_the_contents_stand_beside_the_text_on_a_wide_screen(tab, written):
    tab.goto((written / "annual.html").as_uri())
    tab.evaluate("document.getElementById('limitations').scrollIntoView()")
    tab.wait_for_selector("nav a[href='#limitations'][aria-current]")
    assert tab.locator("nav a").first.is_visible()
    nav, main = tab.locator("nav").bounding_box(), tab.locator("main").bounding_box()
    assert nav["x"] + nav["width"] <= main["x"]


@pytest.mark.parametrize("name", ["annual", "brief"])
def test_print_holds_the_text_and_no_controls(tab, written, name):
    tab.goto((written / f"{name}.html").as_uri())
    printed = pypdf.PdfReader(io.BytesIO(tab.pdf(format="Letter")))
    words = " ".join(page.extract_text() for page in printed.pages)
    assert "Contents" not in words.split("\n")[0:5] and "↕" not in words
    if name == "brief":
        assert len(printed.pages) <= 2
