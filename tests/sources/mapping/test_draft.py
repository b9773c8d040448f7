"""`permanency new --from` guesses a mapping, says what is missing, and `check` works before it is complete."""

import tomllib

import pytest

from evaluation import data_jobs
from evaluation.errors import DataError, OutputError
from evaluation.new_study import new_study
from evaluation.sources.mapping import draft_mapping, read_mapping

CLIENTS = """\
Client ID,Date of Birth,Gender,Race,Worker
1,01/31/2010,F,white,Ann
2,02/29/2012,M,white,Bob
3,07/01/2014,Q,black,Ann
"""
EPISODES = """\
Episode ID;Client ID;Entry Date;Exit Date;Exit Reason
e1;1;03/01/2017;02/01/2018;Reunified
e2;2;03/01/2017;;
e3;3;05/01/2019;06/30/2019;AWOL
"""


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "extract"
    folder.mkdir()
    (folder / "clients.csv").write_text(CLIENTS)
    (folder / "episodes.csv").write_text(EPISODES)
    return sorted(folder.iterdir())


def quietly(_, work):
    return work()


def test_columns_dates_and_codes_are_guessed_and_the_rest_is_said(files):
    draft = draft_mapping(files)
    tables = {t["table"]: t for t in tomllib.loads(draft.text)["tables"]}
    assert tables["children"]["columns"]["child_id"] == "Client ID"
    assert tables["children"]["columns"]["birth_date"] == {
        "column": "Date of Birth",
        "dates": "MM/DD/YYYY",
    }
    assert tables["children"]["columns"]["sex"]["codes"] == {"F": "female", "M": "male", "Q": "?"}
    assert tables["removals"]["delimiter"] == ";"
    reasons = tables["removals"]["columns"]["discharge_reason"]["codes"]
    assert reasons == {"AWOL": "runaway", "Reunified": "reunification"}
    assert any("codes Q of Gender" in words for words in draft.missing)
    assert '# Not used: "Worker"' in draft.text


def test_check_works_before_the_mapping_is_complete(files, tmp_path):
    said = new_study(tmp_path / "study", files)
    assert any("codes Q of Gender" in line for line in said)
    lines = data_jobs.check(str(tmp_path / "study" / "study.toml"), None, False, quietly)
    assert any(
        line.startswith("children: 3 rows read = 2 accepted + 1 quarantined") for line in lines
    )
    assert any("the codes Q of sex are not decided" in line for line in lines)

    mapping = tmp_path / "study" / "mapping.toml"
    text = mapping.read_text()
    mapping.write_text(text.replace('removal_id = "Episode ID"', 'removal_id = "?"'))
    lines = data_jobs.check(str(tmp_path / "study" / "study.toml"), None, False, quietly)
    assert any("The mapping of removals: removal_id has no column." in line for line in lines)
    assert any(line.startswith("children: 3 rows read") for line in lines)

    mapping.write_text(text.replace('"Q" = "?"', '"Q" = "unknown"'))
    lines = data_jobs.check(str(tmp_path / "study" / "study.toml"), None, False, quietly)
    assert any(line.startswith("removals: 3 rows read = 3 accepted") for line in lines)
    assert not any("mapping of" in line for line in lines)


def test_a_draft_is_a_mapping_the_package_reads(files, tmp_path):
    path = tmp_path / "mapping.toml"
    path.write_text(draft_mapping(files).text)
    assert {rule.table for rule in read_mapping(path).tables} >= {"children", "removals"}


def test_nothing_that_is_there_is_replaced(files, tmp_path):
    (tmp_path / "mapping.toml").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        new_study(tmp_path, files)
    assert (tmp_path / "mapping.toml").read_text() == "mine"
    assert not (tmp_path / "study.toml").exists()


def test_a_table_nothing_looks_like_is_missing_by_name(tmp_path):
    (tmp_path / "clients.csv").write_text(CLIENTS)
    assert any("the table removals" in words for words in draft_mapping([tmp_path / "clients.csv"]).missing)  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"PK"])
def test_files_without_column_names_are_refused_in_a_sentence(tmp_path, content):
    for name in ("a.csv", "a.xlsx"):
        (tmp_path / name).write_bytes(content)
        try:
            draft_mapping([tmp_path / name])
        except DataError as error:
            assert name in str(error)
