"""The seven rooms stand in one order and no import runs back."""

import runpy
from pathlib import Path

import evaluation

ROOT = Path(evaluation.__file__).parent
DRAWN = runpy.run_path(str(ROOT.parent / "docs" / "site" / "rooms.py"))
ROOMS, SHARED = list(DRAWN["ROOMS"]), DRAWN["SHARED"]
imports_of, used_by = DRAWN["imports_of"], DRAWN["used_by"]


def runs_back(package: Path) -> list[str]:
    wrong = []
    for position, room in enumerate(ROOMS):
        allowed = {"estimates"} if room == "estimates" else {*ROOMS[: position + 1], *SHARED}
        for path in sorted((package / room).rglob("*.py")):
            used = used_by(path, package) - allowed
            wrong += [f"{path.relative_to(package)}: {name}" for name in sorted(used)]
    return wrong


def test_no_import_runs_back():
    assert runs_back(ROOT) == []


def test_an_import_that_runs_back_is_found(tmp_path):
    for room in ROOMS:
        (tmp_path / room).mkdir()
    (tmp_path / "jobs.py").touch()
    (tmp_path / "cohorts" / "wrong.py").write_text("from evaluation.effects import effects\n")
    (tmp_path / "estimates" / "wrong.py").write_text("import evaluation.cohorts\n")
    (tmp_path / "reporting" / "wrong.py").write_text("def f():\n    from evaluation import jobs\n")
    assert runs_back(tmp_path) == [
        "cohorts/wrong.py: effects",
        "estimates/wrong.py: cohorts",
        "reporting/wrong.py: jobs",
    ]


def test_every_folder_is_a_room_that_is_drawn():
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert folders == set(ROOMS)


def test_the_picture_of_the_rooms_is_current():
    """`python docs/site/rooms.py` draws it again."""
    assert DRAWN["PICTURE"].read_text(encoding="utf-8") == DRAWN["drawing"]()


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
