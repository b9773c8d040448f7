import datetime
import decimal

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evaluation.errors import DataError
from evaluation.sources import connect


def children_of(frame):
    removals = pd.DataFrame(
        {"removal_id": ["r1"], "child_id": ["c1"], "removal_date": ["2020-01-01"]}
    )
    with connect({"children": frame, "removals": removals}) as agency:
        rows = agency.table("children").to_pyarrow().to_pylist()
        return rows, agency.check().quarantine.query("table == 'children'")


JAN = datetime.date(2010, 1, 31)


@pytest.mark.parametrize(
    "dates",
    [
        pd.to_datetime(["2010-01-31", None]),
        pd.Series([pd.Timestamp("2010-01-31"), pd.NaT]).astype("datetime64[s]"),
        pd.Series([JAN, None]),
        pd.Series([JAN, float("nan")], dtype=object),
        pd.Series([datetime.datetime(2010, 1, 31), None], dtype=object),
        pd.Series(["2010-01-31", None]),
        pd.Series(["2010-01-31", ""], dtype="string"),
        pd.Series(["2010-01-31", None], dtype="category"),
        pd.Series([pd.Timestamp("2010-01-31"), None], dtype="category"),
        pd.Series([JAN, "NA"], dtype=object),
        pd.Series([JAN, None], dtype=pd.ArrowDtype(pa.date32())),
    ],
)
def test_dates_of_every_pandas_kind_are_read(dates):
    rows, faults = children_of(pd.DataFrame({"child_id": ["c1", "c2"], "birth_date": dates}))
    assert [row["birth_date"] for row in rows] == [JAN, None]
    assert faults.empty


@pytest.mark.parametrize(
    "ids",
    [
        [1, 2],
        [1.0, 2.0],
        pd.array([1, 2], dtype="Int64"),
        pd.array(["1", "2"], dtype="string"),
        pd.Categorical(["1", "2"]),
        pd.Series([1, "2"], dtype=object),
        pd.Series([1.0, "2"], dtype=object),
        pd.Series([decimal.Decimal(1), decimal.Decimal(2)], dtype=object),
    ],
)
def test_numbers_as_identifiers_become_the_text_a_file_would_hold(ids):
    rows, _ = children_of(pd.DataFrame({"child_id": ids}))
    assert [row["child_id"] for row in rows] == ["1", "2"]


@pytest.mark.parametrize(
    "flags",
    [
        pd.array([True, False, None], dtype="boolean"),
        pd.Series([True, False, None], dtype=object),
        [1, 0, None],
        pd.array([1, 0, None], dtype="Int8"),
        ["yes", "N", None],
        pd.Categorical(["TRUE", "0", None]),
    ],
)
def test_booleans_of_every_kind_are_read(flags):
    rows, faults = children_of(pd.DataFrame({"child_id": ["a", "b", "c"], "disability": flags}))
    assert [row["disability"] for row in rows] == [True, False, None]
    assert faults.empty


@pytest.mark.parametrize(
    ("column", "values", "field", "words"),
    [
        ("birth_date", ["2019-02-30"], "birth_date", "a date that does not exist"),
        ("child_id", [1.5], "child_id", "a number with a fraction"),
        ("disability", [2], "disability", "not yes or no"),
        ("sex", pd.Categorical(["femal"]), "sex", 'Did you mean "female"'),
    ],
)
def test_values_of_typed_sources_keep_the_same_rules(column, values, field, words):
    frame = pd.DataFrame({"child_id": ["c1"]} | {column: values})
    rows, faults = children_of(frame)
    assert rows == []
    assert list(faults["field"]) == [field]
    assert words in faults.iloc[0]["message"]
    assert pd.isna(faults.iloc[0]["line"])


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (
            pd.DataFrame({"child_id": ["c1"], "birth_date": [20100131]}),
            "the column birth_date is of type int64, and the contract asks for a date",
        ),
        (
            pd.DataFrame(
                {"child_id": ["c1"], "birth_date": pd.to_datetime(["2010-01-31"], utc=True)}
            ),
            "the column birth_date is of type timestamp",
        ),
        (
            pd.DataFrame({"child_id": ["c1"], "county": [["Adams", "Brown"]]}),
            "the column county cannot be read as data (it holds list values)",
        ),
        (
            pd.DataFrame(
                {"child_id": ["c1"], "county": pd.arrays.IntervalArray.from_breaks([0, 1])}
            ),
            "the column county holds",
        ),
        (pd.DataFrame({"child_id": [b"c1"]}), "the column child_id holds binary"),
        (pd.DataFrame({"child_id": ["c\ud800"]}), "the column child_id cannot be read as data"),
        (pd.DataFrame({"child_id": [complex(1, 2)]}), "the column child_id cannot be read"),
        (pd.DataFrame({"child_id": ["c1"], 7: [1]}), "the column name 7 is not text"),
        (pd.DataFrame([["a", "b"]], columns=["child_id", "child_id"]), "is used 2 times"),
        (pd.DataFrame(index=pd.Index(["c1"], name="child_id")), "call `.reset_index()` first"),
        (pd.DataFrame({"child_id": []}), "data frame children has no rows"),
        (pd.DataFrame(), "required column child_id is missing"),
    ],
)
def test_a_frame_that_cannot_be_read_is_refused_in_a_sentence(frame, sentence):
    with pytest.raises(DataError) as refused:
        children_of(frame)
    assert sentence in str(refused.value)


def test_a_column_without_values_has_the_contracts_type_whatever_its_own():
    frame = pd.DataFrame({"child_id": ["c1"], "birth_date": [np.nan], "sex": [None]})
    rows, faults = children_of(frame)
    assert rows == [{"child_id": "c1", "birth_date": None, "sex": None}]
    assert faults.empty


def test_not_a_number_is_missing():
    services = pd.DataFrame(
        {
            "service_id": ["s1", "s2"],
            "family_id": ["f1", "f1"],
            "program": "coach",
            "start_date": "2020-01-01",
            "units": [np.nan, 3],
        }
    )
    frames = {
        "children": pd.DataFrame({"child_id": ["c1"]}),
        "removals": pd.DataFrame(
            {"removal_id": ["r1"], "child_id": ["c1"], "removal_date": ["2019-01-01"]}
        ),
        "services": services,
    }
    with connect(frames) as agency:
        assert agency.table("services").units.to_pyarrow().to_pylist() == [None, 3.0]


def test_a_frame_changed_after_connecting_does_not_change_columns_seen(frames):
    agency = connect(frames)
    frames["children"]["late"] = 1
    assert not agency.has("children", "late")


def test_own_columns_keep_their_type_in_typed_sources(frames):
    frames["children"]["score"] = [1.5, 2.5, None]
    frames["children"]["zip"] = ["01234", "00501", None]
    with connect(frames) as agency:
        schema = agency.table("children").schema()
    assert (str(schema["score"]), str(schema["zip"])) == ("float64", "string")


def test_own_columns_of_text_become_numbers_only_where_every_value_is_one(folder):
    text = (
        "child_id,whole,part,zip,code,huge,mixed,empty\n"
        "c1,1,1.5,01234,12E4,12345678901234567890,1,\n"
        "c2,-20,2,20500,34E5,1,x,\n"
        "c3,NA,,,,,,\n"
    )
    with connect(folder(children=text)) as agency:
        table = agency.table("children")
        types = {name: str(kind) for name, kind in table.schema().items()}
        first = table.to_pyarrow().to_pylist()[0]
    assert types == {
        "child_id": "string",
        "whole": "int64",
        "part": "float64",
        "zip": "string",
        "code": "string",
        "huge": "string",
        "mixed": "string",
        "empty": "string",
    }
    assert (first["zip"], first["huge"]) == ("01234", "12345678901234567890")


@pytest.fixture
def database(tmp_path, frames):
    path = tmp_path / "agency.duckdb"
    with duckdb.connect(str(path)) as connection:
        for name, frame in frames.items():
            connection.register("incoming", frame)
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM incoming")
            connection.unregister("incoming")
    return path


def test_parquet_duckdb_and_frames_give_the_same_rows_and_hash(tmp_path, frames, database):
    for name, frame in frames.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    seen = []
    for source in (frames, tmp_path, database):
        with connect(source) as agency:
            rows = agency.table("removals").to_pyarrow().to_pylist()
            seen.append((rows, agency.data_hash, agency.check().counts.to_dict("records")))
    assert seen[0] == seen[1] == seen[2]


def test_a_damaged_parquet_file_is_refused(folder):
    place = folder(children__parquet=b"PAR1 and then nothing")
    (place / "children.csv").unlink()
    with (
        connect(place) as agency,
        pytest.raises(DataError, match="children.parquet cannot be read as a Parquet file"),
    ):
        agency.table("children")


def test_a_list_column_of_a_parquet_file_is_refused_where_the_contract_has_text(folder):
    place = folder()
    (place / "children.csv").unlink()
    pq.write_table(pa.table({"child_id": [["c1"]]}), place / "children.parquet")
    with connect(place) as agency, pytest.raises(DataError, match="child_id is of type array"):
        agency.table("children")


def test_a_duckdb_file_is_opened_read_only(database):
    before = database.read_bytes()
    with connect(database) as agency:
        agency.check()
    assert database.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"not a database, but long enough" * 500])
def test_a_file_duckdb_cannot_open_is_refused_with_a_remedy(tmp_path, content):
    path = tmp_path / "agency.duckdb"
    path.write_bytes(content)
    with pytest.raises(DataError, match="agency.duckdb .*Parquet"):
        connect(path)


def test_a_duckdb_file_open_for_writing_elsewhere_is_refused_with_a_remedy(database):
    with (
        duckdb.connect(str(database)),
        pytest.raises(DataError, match="if it is open elsewhere, close it there"),
    ):
        connect(database)


def test_a_view_that_reads_other_files_is_not_followed(database, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("child_id\nc1\n")
    with duckdb.connect(str(database)) as connection:
        connection.execute("DROP TABLE children")
        connection.execute(f"CREATE VIEW children AS SELECT * FROM read_csv('{secret}')")
    with connect(database) as agency, pytest.raises(DataError, match="saved as a table first"):
        agency.table("children")
