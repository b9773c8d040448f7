"""Every code block a reader can copy is run: Python, shell, TOML and templates.

What stands for something outside is replaced: ``make`` is a dry run, ``git clone`` gives this
checkout, and the addresses of databases are those of servers of the session's own.
"""

import base64
import os
import re
import shutil
import subprocess
import sys
import tomllib
import warnings
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import pytest
import xlsxwriter

import evaluation as ev
from evaluation import data_jobs
from evaluation.resources import resource

matplotlib.use("Agg")
ROOT = Path(ev.__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
RUN = {"python", "sh", "toml", "jinja"}
NOT_RUN = {"bat"}
CHILDREN = 150
TABLES = ("children", "removals", "services", "maltreatment_reports", "disruptions")


def blocks(page, language):
    return [text for kind, text in FENCE.findall(page.read_text("utf-8")) if kind == language]


def having(language):
    pages = [page for page in PAGES if blocks(page, language)]
    return pytest.mark.parametrize("page", pages, ids=lambda page: page.stem)


@pytest.fixture(scope="module")
def agency(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agency")
    data_jobs.simulate(folder / "made", CHILDREN, 3, lambda words, work: work())
    for path in (folder / "made" / "data").iterdir():
        if path.stem not in TABLES:
            path.unlink()
    return folder / "made"


@pytest.fixture(scope="module")
def desk(agency, tmp_path_factory):
    """A reader's folder: a study's data, an extract of one's own, and what the pages write down."""
    tmp_path = tmp_path_factory.mktemp("desk")
    shutil.copytree(agency / "data", tmp_path / "my-study" / "data")
    shutil.copytree(agency / "data", tmp_path / "branded" / "data")
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    how_to = ROOT / "docs" / "how-to"
    (tmp_path / "mapping.toml").write_text(blocks(how_to / "mapping.md", "toml")[0])
    (tmp_path / "policy.toml").write_text(blocks(how_to / "policy.md", "toml")[0])
    own_extract(tmp_path / "north.xlsx")
    branded(tmp_path / "branded", how_to / "template.md")
    return tmp_path


@pytest.fixture
def place(desk, monkeypatch):
    monkeypatch.chdir(desk)
    return desk


def own_extract(path):
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        for name, rows in {
            "Clients": [["Client No", "DOB", "Gender", "Case No"], [101, "2010-01-31", "F", "K1"]],
            "Custody": [
                ["Episode", "Client No", "Entered", "Left", "Why left"],
                ["e1", 101, "2017-03-01", "2018-02-01", "RTN HOME"],
            ],
        }.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)


def branded(folder, page):
    """The template study with the keys, and the templates, of the page on templates."""
    protocol = resource("data_schemas", "study_template.toml").read_text("utf-8")
    [keys], [template] = blocks(page, "toml"), blocks(page, "jinja")
    report, files = keys.split("[files]")
    report = "\n".join(line for line in report.splitlines() if re.match("logo|colour", line))
    protocol = protocol.replace("[report]\n", f"[report]\n{report}\n")
    protocol = protocol.replace("# [files] ", "[files] ").replace(
        '# templates = "templates/"', files.strip()
    )
    (folder / "study.toml").write_text(protocol)
    (folder / "templates").mkdir()
    (folder / "templates" / "annual.md.j2").write_text(template)
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    (folder / "logo.png").write_bytes(base64.b64decode(pixel))


def shell(text, place):
    """Run a block as a reader would, in her folder; what several pages say is run once."""
    text = text.replace(".venv/bin/python", sys.executable)
    script = f"""
        set -eu
        touch .done
        permanency() {{
            if grep -qxF -- "$*" .done; then return 0; fi
            "{sys.executable}" -m evaluation "$@" && echo "$*" >> .done
        }}
        make() {{ command make --dry-run -C "{ROOT}" PYTHON="{sys.executable}" "$@" >/dev/null; }}
        git() {{ ln -sfn "{ROOT}" permanency-evaluation; }}
        {text}
    """
    return subprocess.run(
        ["/bin/sh", "-c", script],
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@having("sh")
def test_shell_blocks_run(page, place):
    text = "\n".join(blocks(page, "sh"))
    if "my-study/study.toml" in text and "new my-study" not in text:
        text = f"permanency new my-study\n{text}"
    done = shell(text, place)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr + done.stdout
    if page.stem == "template":
        written = (place / "out" / "branded" / "annual.html").read_text("utf-8")
        assert "approved by the evaluation committee" in " ".join(written.split())
    if page.stem == "release-a-report":
        named = set(re.findall(r"`(\w+\.json)`", page.read_text("utf-8")))
        assert named <= {path.name for path in (place / "out" / "report").glob("*.json")}


@contextmanager
def what_a_reader_would_see_is_an_error():
    """Turn warnings into errors, but those Python hides from readers unless asked."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for hidden in (DeprecationWarning, PendingDeprecationWarning, ImportWarning):
            warnings.simplefilter("ignore", hidden)
        warnings.simplefilter("ignore", ResourceWarning)
        yield


def test_a_warning_a_reader_would_see_is_an_error():
    with pytest.raises(UserWarning), what_a_reader_would_see_is_an_error():
        exec('import warnings; warnings.warn("seen")', {})


@having("python")
def test_python_blocks_run(page, place, request, agency, capsys):
    shared = {"__name__": "page"}
    for text in blocks(page, "python"):
        if "postgresql://" in text or "spark://" in text:
            continue
        with what_a_reader_would_see_is_an_error():
            exec(compile(text, str(page), "exec"), shared)
    assert capsys.readouterr().out or page.stem == "databases"


def tables_of(agency):
    with ev.connect(agency / "data") as opened:
        return {name: opened.table(name).to_pandas() for name in ("children", "removals")}


def database_block(scheme):
    page = ROOT / "docs" / "how-to" / "databases.md"
    [text] = [text for text in blocks(page, "python") if scheme in text]
    return text


@pytest.mark.postgres
def test_the_block_on_postgresql_runs(agency, postgres, capsys):
    address = postgres(tables_of(agency))
    text = database_block("postgresql://")
    assert "postgresql://db.example.org/agency" in text
    with what_a_reader_would_see_is_an_error():
        exec(text.replace("postgresql://db.example.org/agency", address), {})
    assert "removals" in capsys.readouterr().out


@pytest.mark.spark
def test_the_block_on_spark_runs(agency, spark, capsys):
    folder = spark(tables_of(agency)).split("folder=")[1]
    text = database_block("spark://")
    assert "folder=lake" in text
    with what_a_reader_would_see_is_an_error():
        exec(text.replace("folder=lake", f"folder={folder}"), {})
    assert "removals" in capsys.readouterr().out


def test_study_blocks_are_protocols():
    page = ROOT / "docs" / "how-to" / "study-file.md"
    protocol, worked = blocks(page, "toml")
    assert ev.Study(**tomllib.loads(protocol)).main_horizon == 365
    assert len(ev.Study(**tomllib.loads(protocol + worked)).assurance) == 1


def test_no_block_is_of_a_language_that_is_not_run():
    """Other software's code is indented, ours is fenced."""
    languages = {kind for page in PAGES for kind, _ in FENCE.findall(page.read_text("utf-8"))}
    assert languages <= RUN | NOT_RUN
