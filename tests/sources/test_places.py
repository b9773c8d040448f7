import os

import duckdb
import pandas as pd
import pytest

from evaluation.errors import DataError
from evaluation.sources import connect


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("no/such/folder", "There is no folder or file no/such/folder"),
        ("x" * 5000, "There is no folder or file"),
        ("mysql://host/db", "mysql:// are not offered"),
        ("spark://local?folder=/x&database=y", "names one place for its tables"),
        ("spark://local?table=y", 'no parameter "table"'),
        (42, "not int"),
        ({"removal": pd.DataFrame()}, "no table 'removal'; did you mean removals?"),
        ({"children": [1]}, 'The table "children" is given as list; give a pandas DataFrame'),
        ({}, "No contract table was found in the dictionary of data frames"),
    ],
)
def test_a_source_that_is_none_is_refused_in_a_sentence(source, sentence):
    with pytest.raises(DataError) as refused:
        connect(source)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ann:hunter2@host/db",
        "postgresql://host/db?user=ann&password=hunter2",
        "postgresql://ann:hunter2@[broken/db",
        "spark://:hunter2@host",
    ],
)
def test_a_password_in_an_address_is_an_error_that_does_not_repeat_it(address):
    with pytest.raises(DataError, match="holds a password") as refused:
        connect(address)
    assert "hunter2" not in str(refused.value)


def test_an_empty_folder_is_refused_with_what_it_needs(tmp_path):
    with pytest.raises(DataError, match="it needs children and removals"):
        connect(tmp_path)


def test_a_single_file_is_refused_with_the_way_to_give_it(folder):
    with pytest.raises(DataError, match="give the folder that holds them"):
        connect(folder() / "children.csv")


def test_two_files_for_one_table_are_refused(folder):
    with pytest.raises(DataError, match="children.csv and children.parquet for the table children"):
        connect(folder(children__parquet=b""))


def test_files_that_are_not_read_are_said(check):
    result = check(removal="x\n", children__xls=b"PK", readme__md=b"#")
    unread = result.findings.query("check == 'unread'").set_index("table")["message"]
    assert 'Did you mean "removals"?' in unread["removal.csv"]
    assert "save it as CSV or Parquet" in unread["children.xls"]
    assert len(unread) == 2


def test_a_missing_required_table_names_files_that_may_be_it(folder):
    place = folder(removal="x\n")
    (place / "removals.csv").unlink()
    with connect(place) as agency, pytest.raises(DataError, match="removal.csv .*Did you mean"):
        agency.check()


def test_a_link_out_of_the_folder_is_refused(folder, tmp_path):
    outside = tmp_path / "outside.csv"
    outside.write_text("child_id\nc1\n")
    place = folder()
    (place / "children.csv").unlink()
    (place / "children.csv").symlink_to(outside)
    with pytest.raises(DataError, match="children.csv in .* is a link to a file outside"):
        connect(place)


def test_a_link_within_the_folder_is_followed(folder):
    place = folder()
    (place / "children.csv").rename(place / "store.txt")
    (place / "children.csv").symlink_to("store.txt")
    with connect(place) as agency:
        assert agency.table("children").count().to_pyarrow().as_py() == 3


@pytest.mark.parametrize("target", ["nowhere.csv", "children.csv"])
def test_a_link_to_nothing_or_to_itself_is_refused(folder, target):
    place = folder()
    (place / "children.csv").unlink()
    (place / "children.csv").symlink_to(target)
    with pytest.raises(DataError, match="children.csv in .* is a link to nothing"):
        connect(place)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_not_a_regular_file_is_refused_and_never_waited_for(folder, make):
    place = folder()
    (place / "children.csv").unlink()
    make(place / "children.csv")
    with pytest.raises(DataError, match="children.csv is not a regular file"):
        connect(place)


def test_a_file_that_vanishes_is_refused(folder):
    place = folder()
    with connect(place) as agency:
        (place / "children.csv").unlink()
        with pytest.raises(DataError, match="children.csv cannot be read"):
            agency.table("children")


def test_a_database_whose_path_has_an_apostrophe_is_opened(tmp_path):
    path = tmp_path / "o'brien.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE children AS SELECT 'c1' AS child_id")
    with connect(path) as agency:
        assert agency.tables == ("children",)
