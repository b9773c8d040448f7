"""The seven rooms stand in one order and no import runs back."""

import ast
from pathlib import Path

import evaluation

ROOMS = ["sources", "cohorts", "estimates", "effects", "practice", "evidence", "reporting"]
ROOT = Path(evaluation.__file__).parent
SHARED = {"study", "study_errors", "resources", "errors"}


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            found.add("a relative import")
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def rooms_used(path: Path) -> set[str]:
    ours = {name.split(".")[1] for name in imports_of(path) if name.startswith("evaluation.")}
    return ours & (set(ROOMS) | SHARED | {"cli", "jobs"})


def test_no_import_runs_back():
    wrong = []
    for position, room in enumerate(ROOMS):
        allowed = set(ROOMS[: position + 1]) | SHARED
        if room == "estimates":
            allowed = {"estimates"}
        for path in (ROOT / room).rglob("*.py"):
            wrong += [f"{path.relative_to(ROOT)}: {used}" for used in rooms_used(path) - allowed]
    assert wrong == []


def test_imports_are_absolute():
    assert [p for p in ROOT.rglob("*.py") if "a relative import" in imports_of(p)] == []


def test_every_public_name_can_be_reached():
    for name in evaluation.__all__:
        assert getattr(evaluation, name) is not None


def test_no_file_is_two_ideas():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in ROOT.rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 420
    }
    assert long == {}


def test_nothing_unsafe_is_imported():
    unsafe = {"pickle", "shelve", "requests", "urllib.request", "http.client", "telnetlib"}
    wrong = [str(p) for p in ROOT.rglob("*.py") if imports_of(p) & unsafe]
    assert wrong == []


def test_effects_is_the_function_whether_or_not_the_room_was_imported_first():
    import evaluation.effects
    from evaluation.effects import effects

    assert callable(evaluation.effects)
    assert type(evaluation.effects).__call__ is effects
