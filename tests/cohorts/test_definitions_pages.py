"""The definitions pages are generated from the specs and hold every example."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SPECS = Path(__file__).parents[1] / "spec"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs") / "definitions"
    subprocess.run([sys.executable, SPECS / "pages.py", folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def module():
    spec = importlib.util.spec_from_file_location("pages", SPECS / "pages.py")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules["pages"] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def examples_in(path):
    tree = ast.parse(path.read_text())
    return [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def test_every_example_is_on_a_page_with_its_rule(written):
    specs, total = sorted(SPECS.glob("test_*.py")), 0
    for path in specs:
        page = (written / f"{path.stem.removeprefix('test_').replace('_', '-')}.md").read_text()
        for test in examples_in(path):
            name = test.name.removeprefix("test_").replace("_", " ")
            assert f"## {name[:1].upper()}{name[1:]}\n" in page
            assert " ".join((ast.get_docstring(test) or "").split()).replace("|", "\\|") in page
            total += 1
    assert total >= 100
    index = (written / "index.md").read_text()
    assert all(path.name in index for path in written.iterdir() if path.name != "index.md")


def test_every_example_shows_what_it_draws_or_says(module):
    bare = [
        (page.name, example.name)
        for page in module.pages()
        for example in page.examples
        if not example.parts
    ]
    assert bare == []


def test_a_drawing_becomes_a_table(module):
    drawn = "removals\n child_id | removal_date\n A | 2017-03-01\n"
    assert module._table(drawn) == [
        "",
        "**removals**",
        "",
        "| child_id | removal_date |",
        "|---|---|",
        "| A | 2017-03-01 |",
        "",
    ]
