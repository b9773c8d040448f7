"""Links lead somewhere, and every public name, command, study key and table has its page."""

import re
import runpy
import sys
from pathlib import Path

import pytest

import evaluation
from evaluation.resources import resource
from evaluation.sources.contract import contract
from evaluation.sources.dictionary import data_dictionary

ROOT = Path(evaluation.__file__).parent.parent
SITE = ROOT / "docs" / "site"
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "evaluation").rglob("*.md")]
LINK = re.compile(r"\]\(([^)\s]+)\)")
GENERATED = ("reference/", "definitions/", "tutorials/", "project/")


def page(name):
    sys.path.insert(0, str(SITE))
    try:
        return runpy.run_path(str(SITE / f"{name}.py"))
    finally:
        sys.path.remove(str(SITE))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    """Links to generated pages are followed by the builder, which takes a warning for an error."""
    broken = []
    for link in LINK.findall(path.read_text("utf-8")):
        target = link.split("#")[0]
        if "://" in link or not target or target.startswith("mailto:"):
            continue
        inside = (path.parent / target).resolve()
        in_docs = (ROOT / "docs") in path.parents
        if in_docs and any(f"/docs/{part}" in str(inside) for part in GENERATED):
            continue
        if not inside.exists():
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("path", [ROOT / "SECURITY.md", ROOT / "CONTRIBUTING.md"], ids=str)
def test_files_named_are_there(path):
    named = re.findall(r"`((?:tests|evaluation|docs|data_schemas)/[\w/]+\.\w+)`", path.read_text())
    named = [name for name in named if "NAME" not in name and "POLICY" not in name]
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_public_name_is_in_the_reference():
    written = page("api")["pages"]()
    for name, place in evaluation._ROOM_OF.items():
        room = place.split(".")[1]
        assert f"## ev.{name}\n" in written[f"api-{room}.md"], name
        assert re.search(rf"\| \[`ev\.{name}`\]\([^)]*\) \| \S", written["api.md"]), name


def test_what_the_calls_return_is_in_the_reference():
    kinds = {kind.__name__ for kind in page("api")["results"]()}
    assert {"CoxResult", "IncidenceCurves", "Effects", "Evidence", "TargetTrial"} <= kinds


def test_every_command_and_option_is_in_the_reference():
    made = page("commands")
    written = made["page"]()
    for name, command in made["commands"]().items():
        section = written.split(f"## permanency {name}\n")[1].split("\n## ")[0]
        assert command.help in section
        for option in command.params:
            assert not option.opts[0].startswith("--") or f"`{option.opts[0]}" in section


def test_every_study_key_is_in_the_reference_with_words():
    written = page("study_keys")["page"]()
    template = resource("data_schemas", "study_template.toml").read_text("utf-8")
    keys = set(re.findall(r"^(?:# )?(\w+) = ", template, re.M))
    assert {key for key in keys if f"| `{key}` |" not in written} == set()
    row = next(line for line in written.splitlines() if line.startswith("| `min_days_exit`"))
    assert row.endswith("shorter stays are not exits (0: the federal re-entry definition) |")
    assert "| `8` |" in row


def test_every_table_and_field_is_in_the_data_dictionary():
    written = data_dictionary()
    for table in contract().tables:
        section = written.split(f"## {table.name}\n")[1].split("\n## ")[0]
        assert [f.name for f in table.fields if f"| {f.name} |" not in section] == []
