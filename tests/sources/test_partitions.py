"""A table as a folder of Parquet files; a database file of another DuckDB."""

import duckdb
import pandas as pd
import pytest

from evaluation.errors import DataError
from evaluation.sources import connect


def written(path, **columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_parquet(path, index=False)


def children(agency):
    rows = agency.table("children").order_by("child_id").to_pyarrow().to_pylist()
    return {row.pop("child_id"): row for row in rows}


def test_hive_partitions_are_columns_of_text_that_keep_leading_zeros(tmp_path):
    written(tmp_path / "children/county=01/sex=female/a.parquet", child_id=["c1"])
    written(tmp_path / "children/county=02/sex=male/b.parquet", child_id=["c2", "c3"])
    null = "sex=__HIVE_DEFAULT_PARTITION__"
    written(tmp_path / f"children/county=02/{null}/b.parquet", child_id=["c4"])
    with connect(tmp_path) as agency:
        assert children(agency) == {
            "c1": {"county": "01", "sex": "female"},
            "c2": {"county": "02", "sex": "male"},
            "c3": {"county": "02", "sex": "male"},
            "c4": {"county": "02", "sex": None},
        }


def test_plain_folders_join_columns_that_only_some_files_have(tmp_path):
    written(tmp_path / "children.parquet/part-0.parquet", child_id=["c1"])
    written(tmp_path / "children.parquet/more/part-1.parquet", child_id=["c2"], sex=["male"])
    written(tmp_path / "children.parquet/_temporary/part-2.parquet", child_id=["c3"])
    with connect(tmp_path) as agency:
        assert children(agency) == {"c1": {"sex": None}, "c2": {"sex": "male"}}


def test_the_rows_and_their_hash_do_not_depend_on_when_files_were_written(tmp_path):
    hashes = []
    for place, names in (("one", "ab"), ("two", "ba")):
        for name in names:
            written(tmp_path / place / f"children/{name}.parquet", child_id=[name])
        with connect(tmp_path / place) as agency:
            hashes.append(agency.data_hash)
    assert hashes[0] == hashes[1]


def test_partitions_that_contradict_each_other_are_refused(tmp_path):
    written(tmp_path / "children/county=1/a.parquet", child_id=["c1"])
    written(tmp_path / "children/b.parquet", child_id=["c2"])
    with connect(tmp_path) as agency, pytest.raises(DataError, match="different keys"):
        agency.table("children")


def test_a_key_that_is_a_column_too_is_refused(tmp_path):
    written(tmp_path / "children/sex=male/a.parquet", child_id=["c1"], sex=["female"])
    with connect(tmp_path) as agency, pytest.raises(DataError, match="sex is a column .* as well"):
        agency.table("children")


def test_files_that_give_a_column_different_types_are_refused(tmp_path):
    written(tmp_path / "children/a.parquet", child_id=["c1"], sex=["male"])
    written(tmp_path / "children/b.parquet", child_id=["c2"], sex=[1])
    with connect(tmp_path) as agency, pytest.raises(DataError, match="one column different types"):
        agency.table("children")


def test_a_broken_file_is_named(tmp_path):
    written(tmp_path / "children/a.parquet", child_id=["c1"])
    (tmp_path / "children/b.parquet").write_bytes(b"PAR1 and no more")
    with connect(tmp_path) as agency, pytest.raises(DataError, match="children/b.parquet cannot"):
        agency.table("children")


def test_a_link_out_of_a_folder_of_parquet_files_is_refused(tmp_path):
    written(tmp_path / "outside.parquet", child_id=["c1"])
    written(tmp_path / "data/children/a.parquet", child_id=["c2"])
    (tmp_path / "data/children/b.parquet").symlink_to(tmp_path / "outside.parquet")
    with pytest.raises(DataError, match="link to a file outside"):
        connect(tmp_path / "data")


def test_a_folder_without_parquet_files_is_said(folder):
    place = folder()
    (place / "services").mkdir()
    with connect(place) as agency:
        found = agency.check().findings.query("check == 'unread'")["message"].tolist()
    assert found == ["services: The folder holds no Parquet file, so it is not read."]


def test_a_file_written_by_duckdb_2_is_said_with_what_to_do(tmp_path):
    path = tmp_path / "agency.duckdb"
    duckdb.connect(str(path)).execute("CREATE TABLE children AS SELECT 'c1' AS child_id").close()
    content = bytearray(path.read_bytes())
    assert content[52:54] == b"v1"
    content[12:20], content[53:54] = (900).to_bytes(8, "little"), b"2"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"written by DuckDB 2\.\d+\.\d+.*EXPORT DATABASE"):
        connect(path)
