"""Hostile files: each is refused, or set aside, in one sentence and in no time."""

import gzip
import os
import zipfile

import pandas as pd
import pytest
import xlsxwriter

from evaluation.errors import DataError
from evaluation.sources import connect
from evaluation.sources.conversion import convert

REMOVALS = b"removal_id,child_id,removal_date\nr1,c1,2019-01-01\n"


def endless_line(folder):
    with (folder / "children.csv").open("wb") as file:
        for _ in range(200):
            file.write(b"x" * 1_000_000)


def bomb(folder):
    with gzip.open(folder / "children.csv.gz", "wb", compresslevel=9) as file:
        file.write(b"child_id\n")
        for _ in range(300):
            file.write(b"0" * 1_000_000)


def ten_thousand_columns(folder):
    names = ",".join(["child_id", *(f"column{n}" for n in range(10_000))])
    (folder / "children.csv").write_text(f"{names}\n")


def nul_byte(folder):
    (folder / "children.csv").write_bytes(b"child_id\nc1\0\n")


def link_out(folder):
    (folder.parent / "outside.csv").write_bytes(b"child_id\nc1\n")
    (folder / "children.csv").symlink_to(folder.parent / "outside.csv")


def pipe(folder):
    os.mkfifo(folder / "children.csv")


def linked_workbook(folder):
    with zipfile.ZipFile(folder / "children.xlsx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/externalLinks/externalLink1.xml", "<externalLink/>")


def far_cell_workbook(folder):
    with xlsxwriter.Workbook(str(folder / "children.xlsx")) as book:
        sheet = book.add_worksheet("children")
        sheet.write(0, 0, "child_id")
        sheet.write(1_048_575, 16_383, "x")


def broken_workbook(folder):
    (folder / "children.xlsx").write_bytes(b"PK\x03\x04 and nothing more")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (endless_line, "children.csv, line 1: the header is longer than 2,000,000 characters"),
        (bomb, "children.csv.gz unpacks to more than 400 times its size"),
        (ten_thousand_columns, "the header has 10,001 columns"),
        (nul_byte, "children.csv, line 2: a NUL character"),
        (link_out, "children.csv in {folder} is a link to a file outside the folder"),
        (pipe, "children.csv is not a regular file"),
        (linked_workbook, "children.xlsx takes values from other workbooks"),
        (far_cell_workbook, "2 cells spread over 1,048,576 rows and 16,384 columns"),
        (broken_workbook, "children.xlsx is not an Excel workbook"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_hostile_file_is_refused_in_one_sentence(tmp_path, make, sentence):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "removals.csv").write_bytes(REMOVALS)
    make(folder)
    with pytest.raises(DataError) as refused, connect(folder) as agency:
        agency.check()
    assert sentence.format(folder=folder) in refused.value.sentences[0]
    assert len(refused.value.sentences) == 1
    assert "\n" not in refused.value.sentences[0]


@pytest.mark.parametrize("make", [bomb, ten_thousand_columns, nul_byte, pipe])
def test_a_hostile_federal_file_is_refused_in_one_sentence(tmp_path, make):
    make(tmp_path)
    with pytest.raises(DataError) as refused:
        convert("ncands", list(tmp_path.iterdir()))
    assert len(refused.value.sentences) == 1
    assert "children.csv" in refused.value.sentences[0]


def test_a_row_with_an_endless_line_is_set_aside_and_counted(folder):
    long = "x" * 2_100_000
    with connect(folder(children=f"child_id,sex\nc1,female\nc2,{long}\nc3,male\n")) as agency:
        counts = agency.check().counts.set_index("table").loc["children"]
    assert (counts.read, counts.accepted, counts.quarantined) == (3, 2, 1)


def test_a_delimiter_inside_values_is_said_of_the_file(check):
    rows = "".join(f"c{n},2010-01-31,Smith, Ann\n" for n in range(5))
    result = check(children=f"child_id,birth_date,name\n{rows}c9,2010-01-31,Lee\n")
    said = result.findings.set_index("check").message["delimiter_inside_values"]
    assert "5 of 6 rows of children.csv have more fields than the header: the comma" in said
    assert len(result.quarantine.query("rule == 'row shape'")) == 5


def test_rows_delimited_otherwise_than_the_header_are_said_of_the_file(check):
    rows = "".join(f"c{n};2010-01-31\n" for n in range(5))
    result = check(children=f"child_id,birth_date\n{rows}")
    assert "rows_cut_short" in set(result.findings.check)


def test_a_time_of_day_in_a_typed_date_is_left_out_and_said(frames):
    times = ["2019-02-03 14:30", "2019-02-04 09:05:07", "2019-02-05"]
    frames["children"]["known_on"] = pd.to_datetime(times, format="mixed")
    with connect(frames) as agency:
        result = agency.check()
        days = agency.table("children").to_pandas().known_on.dt.strftime("%Y-%m-%d")
    assert days.tolist() == ["2019-02-03", "2019-02-04", "2019-02-05"]
    said = result.findings.set_index("check").message["time_of_day"]
    assert "2 of 3 values of known_on have a time of day" in said


@pytest.mark.parametrize("hours", [["05:00", "04:00", "05:00"], ["22:00", "22:00", "23:00"]])
def test_midnights_of_another_time_zone_are_refused(frames, hours):
    days = ["2019-02-03", "2019-07-04", "2019-12-05"]
    stamps = [f"{day} {hour}" for day, hour in zip(days, hours, strict=True)]
    frames["children"]["known_on"] = pd.to_datetime(stamps)
    with (
        pytest.raises(DataError, match="midnights of another time zone"),
        connect(frames) as agency,
    ):
        agency.check()
