"""The commands: what they write, what they say, how they end."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import evaluation
from evaluation.cli import app

COMMANDS = [command.name or command.callback.__name__ for command in app.registered_commands]


def permanency(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "evaluation", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(Path(evaluation.__file__).parent.parent)},
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def agency(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agency") / "made"
    done = permanency("simulate", folder, "--children", 400, "--seed", 3)
    assert done.returncode == 0, done.stderr
    return folder


def clean_sentence(done, *words):
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr
    return done.stderr


def test_every_command_explains_itself():
    for command in COMMANDS:
        done = permanency(command, "--help")
        assert done.returncode == 0
        assert len(done.stdout) > 100


def test_the_help_names_every_report_that_can_be_asked_for():
    from evaluation.cli import _ONLY
    from evaluation.reporting.reports import REPORTS

    assert _ONLY.startswith(f"Write only {', '.join(REPORTS[:-1])} or {REPORTS[-1]};")


def test_wrong_usage_ends_with_status_two():
    assert permanency("reprot").returncode == 2
    assert permanency("check").returncode == 2
    assert permanency("demo", "--children", "three").returncode == 2


def test_new_writes_a_study_and_never_replaces_one(tmp_path):
    assert permanency("new", tmp_path / "mine").returncode == 0
    before = (tmp_path / "mine" / "study.toml").read_bytes()
    clean_sentence(permanency("new", tmp_path / "mine"), "study.toml", "not replaced")
    assert (tmp_path / "mine" / "study.toml").read_bytes() == before


def test_simulate_gives_the_same_bytes_for_the_same_seed(agency, tmp_path):
    permanency("simulate", tmp_path / "again", "--children", 400, "--seed", 3)
    for path in sorted((agency / "data").iterdir()):
        assert path.read_bytes() == (tmp_path / "again" / "data" / path.name).read_bytes()


def test_check_counts_balance_and_lists_are_private(agency, tmp_path):
    done = permanency("check", agency / "data", "--out", tmp_path / "checked")
    assert done.returncode == 0, done.stderr
    assert "rows read" in done.stdout
    written = {path.name: path for path in (tmp_path / "checked").iterdir()}
    for form in ("data_quality.html", "data_quality.docx", "data_quality.pdf", "quality.json"):
        assert written[form].stat().st_size > 1000
    for name in ("counts.csv", "findings.csv", "quarantine.csv", *(n for n in written if "." in n)):
        assert stat.S_IMODE(written[name].stat().st_mode) == 0o600


def test_strict_check_stops_with_status_one(agency):
    clean_sentence(permanency("check", agency / "data", "--strict"), "children")


def test_cohort_writes_both_forms(agency, tmp_path):
    done = permanency("cohort", agency / "study.toml", "--out", tmp_path / "cohort")
    assert done.returncode == 0, done.stderr
    assert "children: 15 of " in done.stdout
    assert "rows break the contract and are not used" in done.stdout
    for name in ("exits", "flow", "follow_up_reentry"):
        assert (tmp_path / "cohort" / f"{name}.csv").stat().st_size > 0
        assert (tmp_path / "cohort" / f"{name}.parquet").stat().st_size > 0


def test_cohort_lists_what_the_policy_asks_soon(agency, tmp_path):
    """Row-level, beside the other row-level tables, without ids made of other ids."""
    done = permanency("cohort", agency / "study.toml", "--out", tmp_path / "cohort")
    assert done.returncode == 0, done.stderr
    soon = pd.read_csv(tmp_path / "cohort" / "due_soon.csv")
    assert {"due_date", "days_left", "measure", "child_id"} <= set(soon.columns)
    assert "case_id" not in soon
    assert soon["days_left"].between(1, 30).all()


def edited(agency, tmp_path, old, new):
    study = tmp_path / "study.toml"
    text = (agency / "study.toml").read_text()
    assert old in text
    study.write_text(text.replace(old, new).replace('"data/"', f'"{agency / "data"}"'))
    return study


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("min_days_exit", "min_day_exit", ["min_day_exit", '"min_days_exit"']),
        (
            'program = "respite_care"',
            'program = "respite"',
            ['Nobody received "respite"', 'Did you mean "respite_care"'],
        ),
        ('exposure = "at exit"', 'exposure = "ever"', ["immortal time", "target trial"]),
        ('"county"]\nweights', '"countie"]\nweights', ["countie", "county"]),
        ("2018-01-01, 2022-12-31", "1999-01-01, 1999-12-31", ["No exit is left", "cohort.exits"]),
    ],
)
def test_a_study_that_cannot_be_run_is_said(agency, tmp_path, old, new, words):
    study = edited(agency, tmp_path, old, new)
    done = permanency("report", study, "--out", tmp_path / "out")
    clean_sentence(done, *words)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("children.csv", b"", ["children.csv", "empty"]),
        ("children.csv", b"child_id,birth_date\n", ["children", "no rows"]),
        ("children.csv", b"child_id|birth_date\n1|2010-01-01\n", ["children.csv"]),
        ("children.csv", "child_id,county\n1,Peña\n".encode("latin-1"), ["children.csv", "UTF-8"]),
        (
            "removals.csv",
            b'removal_id,child_id,removal_date\n1,1,"2019-01-01\n2,1,2\n',
            ["line 2", "never closed"],
        ),
    ],
)
def test_a_broken_file_is_one_sentence(agency, tmp_path, name, content, words):
    data = tmp_path / "data"
    data.mkdir()
    for path in (agency / "data").iterdir():
        (data / path.name).write_bytes(path.read_bytes())
    (data / name).write_bytes(content)
    study = tmp_path / "study.toml"
    study.write_text((agency / "study.toml").read_text())
    done = permanency("report", study, "--out", tmp_path / "out")
    if b"|" in content:
        assert done.returncode == 0 or "Traceback" not in done.stderr
        return
    clean_sentence(done, *words)
    assert not (tmp_path / "out").exists()


def test_a_missing_folder_or_table_is_said(agency, tmp_path):
    clean_sentence(permanency("check", tmp_path / "nowhere"), "nowhere")
    data = tmp_path / "data"
    data.mkdir()
    (data / "children.csv").write_bytes((agency / "data" / "children.csv").read_bytes())
    study = tmp_path / "study.toml"
    study.write_text((agency / "study.toml").read_text())
    clean_sentence(permanency("report", study, "--out", tmp_path / "out"), "removals")


def test_an_output_that_cannot_be_written_is_said(agency, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    done = permanency("report", agency / "study.toml", "--out", blocked / "out")
    clean_sentence(done, "file")
    assert blocked.read_text() == "in the way"


def test_an_impossible_date_is_named_with_its_line(agency, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for path in (agency / "data").iterdir():
        (data / path.name).write_bytes(path.read_bytes())
    lines = (data / "removals.csv").read_text().splitlines()
    header = lines[0].split(",")
    row = dict(zip(header, lines[1].split(","), strict=True))
    row |= {"removal_id": "bad-1", "removal_date": "2019-02-30"}
    lines.append(",".join(row[name] for name in header))
    (data / "removals.csv").write_text("\n".join(lines) + "\n")
    permanency("check", data, "--out", tmp_path / "checked")
    quarantine = (tmp_path / "checked" / "quarantine.csv").read_text()
    found = [line for line in quarantine.splitlines() if "2019-02-30" in line and "bad-1" in line]
    assert len(found) == 1
    assert f",{len(lines)}," in found[0]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--format", "odt"], ["odt", "html, docx, pdf"]),
        (["--only", "letter"], ["letter", "annual, brief, technical"]),
        (["--out", "{full}"], ["kept.txt", "another"]),
        (["--out", "{full}/kept.txt/out"], ["kept.txt", "another"]),
    ],
)
def test_what_cannot_be_written_is_said_before_the_data_are_read(agency, tmp_path, asked, words):
    full = tmp_path / "full"
    full.mkdir()
    (full / "kept.txt").write_text("mine")
    study = tmp_path / "study.toml"
    study.write_text((agency / "study.toml").read_text().replace('"data/"', '"nowhere"'))
    asked = [word.format(full=full) for word in asked]
    said = clean_sentence(permanency("report", study, *asked, cwd=tmp_path), *words)
    assert "nowhere" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "study.toml"]
