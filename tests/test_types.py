"""Type checkers and editors see the public face as it runs, with a type for every part of it."""

import ast
import importlib
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import evaluation

ROOT = Path(evaluation.__file__).parent
ROOMS = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))
OURS_TO_SAY = ("annotation is missing", "missing type annotation", "Type argument")


def pyright(*arguments, cwd):
    """Run pyright in this environment on this checkout, without looking for a newer one."""
    ours = {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1", "PYTHONPATH": str(ROOT.parent)}
    scripts = Path(sys.executable).parent
    found = subprocess.run(
        [sys.executable, "-m", "pyright", *arguments],
        cwd=cwd,
        env=os.environ | ours | {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    return json.loads(found.stdout)


def declared():
    """Return what type checkers read: each public name and the room it is imported from."""
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    [branch] = [node for node in tree.body if isinstance(node, ast.If)]
    return {
        alias.asname: node.module
        for node in branch.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def public():
    """Return the full name of every function and class a caller can import from a room."""
    found = set()
    for place in ("evaluation", *(f"evaluation.{room}" for room in ROOMS)):
        module = importlib.import_module(place)
        for name in module.__all__:
            thing = getattr(module, name)
            thing = type(thing).__call__ if inspect.ismodule(thing) else thing
            if getattr(thing, "__module__", "").startswith("evaluation."):
                found.add(f"{thing.__module__}.{thing.__qualname__}")
    return found


def test_type_checkers_read_the_names_that_run():
    assert declared() == evaluation._ROOM_OF


@pytest.fixture(scope="module")
def symbols():
    found = pyright("--verifytypes", "evaluation", "--ignoreexternal", "--outputjson", cwd=ROOT)
    return {symbol["name"]: symbol for symbol in found["typeCompleteness"]["symbols"]}


def test_every_parameter_and_result_of_the_public_face_has_a_type(symbols):
    """What a library leaves unknown (an Ibis table, a base class of pydantic) is not ours to say."""
    ours = public()
    assert ours & set(symbols), "pyright found none of the public names"
    untyped = {
        name: own
        for name, symbol in symbols.items()
        if not symbol["isTypeKnown"]
        and any(name == one or name.startswith(f"{one}.") for one in ours)
        and (
            own := [
                said["message"].splitlines()[0]
                for said in symbol["diagnostics"]
                if any(words in said["message"] for words in OURS_TO_SAY)
            ]
        )
    }
    assert untyped == {}


def test_a_caller_with_a_wrong_name_or_argument_is_told(tmp_path):
    (tmp_path / "study.py").write_text(
        "import evaluation as ev\n"
        "ev.kaplan_meir\n"
        "ev.connect(1)\n"
        "cohort = ev.build_cohort(ev.connect('data'), ev.Study.from_toml('study.toml'))\n"
        "ev.evidence(cohort, ev.effects(cohort)).studdies\n"
        "ev.evidence.cebc\n"
    )
    (tmp_path / "pyrightconfig.json").write_text('{"include": ["study.py"]}')
    found = pyright("--outputjson", "--project", str(tmp_path), cwd=tmp_path)
    told = {row["range"]["start"]["line"] + 1: row["rule"] for row in found["generalDiagnostics"]}
    assert told == {
        2: "reportAttributeAccessIssue",
        3: "reportArgumentType",
        5: "reportAttributeAccessIssue",
    }
