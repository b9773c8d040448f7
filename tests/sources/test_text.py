import gzip

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.errors import DataError
from evaluation.sources import connect, contract
from evaluation.sources import text as text_module
from evaluation.sources.scan import scan
from evaluation.sources.text import stage_text

GOOD = "child_id,sex\nc1,female\nc2,male\n"


def staged_rows(path):
    connection = ibis.duckdb.connect()
    staged = stage_text(connection, path, contract().table("children"), "staged")
    rows = staged.table.order_by("_source_row_").to_pyarrow().to_pylist()
    faults = staged.malformed.to_pyarrow().to_pylist() if staged.malformed_rows else []
    connection.disconnect()
    return staged, faults, [(row["_source_line_"], row["child_id"], row["sex"]) for row in rows]


@pytest.fixture
def children(tmp_path):
    def write(content, name="children.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        GOOD.replace(",", "|"),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        GOOD.replace("\n", "\r\n", 1),
        GOOD.rstrip("\n"),
        "\ufeff" + GOOD,
        '"child_id","sex"\n"c1","female"\n"c2","male"\n',
    ],
    ids=["comma", "semicolon", "tab", "pipe", "crlf", "cr", "mixed", "unfinished", "bom", "quoted"],
)
def test_every_usual_way_of_writing_the_same_table_reads_the_same(children, content):
    _, _, rows = staged_rows(children(content))
    assert rows == [(2, "c1", "female"), (3, "c2", "male")]


def test_a_compressed_file_reads_like_the_plain_one(children):
    plain, _, rows = staged_rows(children(GOOD))
    packed, _, packed_rows = staged_rows(
        children(gzip.compress(GOOD.encode(), mtime=0), "children.csv.gz")
    )
    assert rows == packed_rows
    assert plain.digest == packed.digest


def test_lines_are_physical_lines_with_blank_lines_and_line_breaks_in_values(children):
    staged, _, rows = staged_rows(children('\nchild_id,sex\n\nc1,"fe\nmale"\n   \nc2,male\n'))
    assert rows == [(4, "c1", "fe\nmale"), (7, "c2", "male")]
    assert (staged.blank_lines, staged.multiline_rows) == (3, 1)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("c2", "too few fields (1, the header has 2)"),
        ("c2,male,", "too many fields (3, the header has 2)"),
        ('c2,"ma"le', "text after a closing quotation mark"),
        ("c2," + "x" * 2_000_001, "longer than 2,000,000 characters"),
    ],
    ids=["short", "long", "stray quote", "long line"],
)
def test_a_row_that_cannot_be_split_is_kept_aside_with_its_line(children, row, words):
    staged, faults, rows = staged_rows(children(f"child_id,sex\nc1,female\n{row}\nc3,male\n"))
    assert rows == [(2, "c1", "female"), (4, "c3", "male")]
    assert staged.malformed_rows == 1
    assert faults[0]["_source_line_"] == 3
    assert words in faults[0]["message"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "children.csv is empty; its first line must hold the column names"),
        (b"\n\n \n", "children.csv holds blank lines only"),
        (b"child_id,sex\nc1,f\xe9\n", "children.csv, line 2: the byte 0xe9 is not UTF-8"),
        (b"child_id,sex\nc1,\0\n", "children.csv, line 2: a NUL character"),
        ("child_id\n".encode("utf-16"), "children.csv is UTF-16 text"),
        (b"PK\x03\x04...", "children.csv is an Excel workbook"),
        (b'child_id,sex\nc1,"male\nc2,x\n', "opened on line 2 is never closed"),
        (b'child_id,sex\nc1,"male\nc2,"x"\n', "opened on line 2 is closed in the middle of a"),
        (b'child_id,sex\nc1,"' + b"x\n" * 1_000_001, "opened on line 2 is never closed"),
        (b"child_id^sex\nc1^male\n", 'line 1: the header reads as one column, "child_id^sex"'),
        (b"childid,sex\nc1,male\n", "required column child_id is missing; rename childid"),
        (b"CHILD_ID,sex\nc1,male\n", '"CHILD_ID" must be written child_id'),
        (b"child_id,sex,Sex\nc1,male,\n", "the column name sex is used 2 times"),
        (b"child_id,sex,\nc1,male,\n", "column 3 has no name"),
        (b"child_id,_source_row_\nc1,1\n", "_source_row_ is reserved"),
        (b'"child_id,sex\n', "a quotation mark opened on line 1 is never closed"),
        (b'"child_id"x,sex\n', "line 1: the header has text after a closing quotation mark"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(children, content, sentence):
    with pytest.raises(DataError) as refused:
        staged_rows(children(content))
    assert sentence in str(refused.value)


@pytest.mark.parametrize("content", [b"not gzip", gzip.compress(GOOD.encode(), mtime=0)[:-9]])
def test_a_broken_gzip_file_is_refused(children, content):
    with pytest.raises(DataError, match="children.csv.gz is not a complete gzip file"):
        staged_rows(children(content, "children.csv.gz"))


def test_the_first_bad_byte_is_found_across_chunks(children):
    with pytest.raises(DataError, match="line 200002: the byte 0xff"):
        scan(children(b"child_id\n" + b"c12345\n" * 200_000 + b"\xff\n"))


def test_a_path_with_glob_characters_reads_only_that_file(tmp_path):
    place = tmp_path / "year [2024] *"
    place.mkdir()
    (place / "children.csv").write_text(GOOD)
    (place / "removals.csv").write_text("removal_id,child_id,removal_date\nr1,c1,2020-01-01\n")
    with connect(place) as agency:
        assert agency.table("children").count().to_pyarrow().as_py() == 2


PIECES = ["a", "é", ",", '"', '""', " ", "\n", "\r\n", "'", "\\", "#"]
CELLS = st.lists(st.sampled_from(PIECES), max_size=3).map("".join)
LINES = st.lists(
    st.tuples(CELLS, CELLS, st.booleans()).map(
        lambda t: ",".join('"' + c.replace('"', '""') + '"' if t[2] else c for c in t[:2])
    ),
    max_size=4,
)


@settings(max_examples=80, deadline=None)
@given(lines=LINES, ending=st.sampled_from(["\n", "\r\n"]))
def test_the_fast_reader_never_differs_from_the_exact_one(tmp_path_factory, lines, ending):
    """Whatever DuckDB's reader is let to read, Python's csv reads to the same rows and lines."""
    path = tmp_path_factory.mktemp("fuzz") / "children.csv"
    path.write_bytes(ending.join(["child_id,sex", *lines, ""]).encode())
    readings = []
    for by_engine in (text_module._by_engine, lambda *_: None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(text_module, "_by_engine", by_engine)
            try:
                readings.append(staged_rows(path)[2])
            except DataError as error:
                readings.append(str(error))
    assert readings[0] == readings[1]


def test_the_fast_reader_is_used_for_a_plain_file(children, monkeypatch):
    monkeypatch.setattr(text_module, "_by_row", None)
    assert staged_rows(children(GOOD))[2] == [(2, "c1", "female"), (3, "c2", "male")]
