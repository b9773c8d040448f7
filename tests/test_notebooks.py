"""Every notebook runs from top to bottom and shows its reader nothing but what it is about."""

import os
import re
import runpy
import sys
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"
EXECUTED = runpy.run_path(str(FOLDER / "run.py"))["executed"]
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
ALWAYS_RUN = ("01_first_look", "06_rossi_from_raw_file_to_table")
LARGEST = 4_000_000
UNWANTED = {
    "a warning": re.compile(r"\w*Warning\b"),
    "a traceback": re.compile(r"Traceback \(most recent call last\)"),
    "a path of a machine": re.compile(
        r"(?<![\w.<])/(?:tmp|home|root|work|usr|opt|var|Users)/|[A-Z]:\\"
    ),
    "a terminal's control code": re.compile(r"\x1b\["),
    "a command not found": re.compile(r"(?:command )?not found$", re.M),
    "an object's address": re.compile(r" at 0x[0-9a-f]{6,}"),
}

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def told(notebook):
    """What a reader sees, without pictures."""
    for output in outputs(notebook):
        if output.output_type == "stream":
            yield output.text
        elif output.output_type == "error":
            yield "Traceback (most recent call last)"
        else:
            yield from (text for kind, text in output.data.items() if kind.startswith("text/"))


def disturbing(notebook):
    found = {
        f"{what}: {text[:200]}"
        for text in told(notebook)
        for what, seen in UNWANTED.items()
        if seen.search(text)
    }
    found |= {f"stderr: {o.text[:200]}" for o in outputs(notebook) if o.get("name") == "stderr"}
    found |= {f"no picture: {cell.source}" for cell in notebook.cells if undrawn(cell)}
    return sorted(found)


def undrawn(cell):
    """Tell whether a cell that plots shows no picture."""
    shown = (output.get("data", {}) for output in cell.get("outputs", []))
    return (
        cell.cell_type == "code"
        and ".plot(" in cell.source
        and not any("image/png" in data for data in shown)
    )


@each
def test_notebook_runs(path, monkeypatch):
    """Two of them everywhere; all of them where nothing may be left out."""
    if path.stem not in ALWAYS_RUN and os.environ.get("CI") != "true":
        pytest.skip("runs with CI=true: python -m pytest tests/test_notebooks.py takes minutes")
    monkeypatch.setenv("PYTHONPATH", str(FOLDER.parent))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    notebook = EXECUTED(path)
    assert disturbing(notebook) == []


@each
def test_stored_outputs_are_whole_and_show_nothing_of_a_machine(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert any("image/png" in output.get("data", {}) for output in outputs(notebook))
    assert disturbing(notebook) == []


def test_what_would_disturb_a_reader_is_noticed():
    cell = nbformat.v4.new_code_cell("1")
    for text in ("FutureWarning: x", "/home/ann/data", "sh: 1: permanency: not found", "\x1b[2K"):
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
        assert disturbing(nbformat.v4.new_notebook(cells=[cell]))
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="in /or/ out 1/2")]
    assert not disturbing(nbformat.v4.new_notebook(cells=[cell]))


def test_the_notebooks_are_small_and_the_readme_names_each_in_order():
    assert sum(path.stat().st_size for path in NOTEBOOKS) < LARGEST
    named = re.findall(r"\(([\w]+\.ipynb)\)", (FOLDER / "README.md").read_text("utf-8"))
    assert named == [path.name for path in NOTEBOOKS]
