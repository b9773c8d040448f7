"""Whatever happens to a federal file, it is refused in sentences or every row is counted."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.errors import DataError
from evaluation.sources.conversion import convert
from evaluation.sources.conversion.layout import layout

SNAPSHOTS = [
    {"State": "55", "RepDatYr": "2019", "RepDatMo": "03", "RecNumbr": "c1", "DOB": "20100131",
     "SEX": "2", "TotalRem": "1", "LatRemDt": "20190110", "CurSetDt": "20190110", "NumPlep": "1",
     "CURPLSET": "3", "DISREASN": "0", "NEGLECT": "1"},
    {"State": "55", "RepDatYr": "2019", "RepDatMo": "09", "RecNumbr": "c1", "DOB": "20100131",
     "SEX": "2", "TotalRem": "2", "LatRemDt": "20190610", "DLstFCDt": "20190501",
     "CurSetDt": "20190610", "NumPlep": "1", "CURPLSET": "8", "DISREASN": "0"},
    {"State": "55", "RepDatYr": "2019", "RepDatMo": "09", "RecNumbr": "c2", "DOB": "20120229",
     "SEX": "1", "TotalRem": "1", "LatRemDt": "20190210", "CurSetDt": "20190710", "NumPlep": "3",
     "CURPLSET": "5", "DISREASN": "1", "DoDFCDt": "20190820"},
]  # fmt: skip
REPORTS = [
    {"SubYr": "2020", "StaTerr": "WI", "RptID": "r1", "ChID": "n1", "RptDt": "01152020",
     "RpDispDt": "02202020", "AFCARSID": "c1", "ChMal1": "2", "Mal1Lev": "1", "ChMal2": "1",
     "Mal2Lev": "5", "RptSrc": "4", "Per1Rel": "1", "Per1Mal1": "1"},
    {"SubYr": "2021", "StaTerr": "WI", "RptID": "r2", "ChID": "n2", "RptDt": "12152020",
     "RpDispDt": "02202021", "AFCARSID": "", "ChMal1": "8", "Mal1Lev": "88", "MalDeath": "1"},
]  # fmt: skip
HISTORY = {
    "children": [
        {"E2": "202303", "E4": "c1", "E5": "20100131", "E6": "1", "E13": "1"},
        {"E2": "202303", "E4": "c2", "E5": "20120229", "E6": "2", "E13": ""},
    ],
    "removals": [
        {"E2": "202303", "E3": "55001", "E4": "c1", "E69": "20180110", "E153": "20190201",
         "E155": "3"},
        {"E2": "202303", "E3": "55003", "E4": "c2", "E69": "20200110", "E153": "", "E155": "9"},
    ],
    "living_arrangements": [
        {"E2": "202303", "E4": "c1", "E69": "20180110", "E112": "20180110", "E120": "0"},
        {"E2": "202303", "E4": "c2", "E69": "20200110", "E112": "20200301", "E120": "14"},
    ],
    "agreements": [
        {"E2": "202303", "E4": "c1", "A17": "20190201", "A18": "20210101"},
        {"E2": "202303", "E4": "c2", "A17": "20190201", "A18": ""},
    ],
}  # fmt: skip
PIECES = [
    b"", b",", b";", b"\t", b"\n", b"\r\n", b"\r", b'"', b"\0", b"\xff", b"\xef\xbb\xbf", b"@",
    b"c1", b"99999999", b"00000000", b"20190230", b"-1", b"1e309", b"9" * 40, b"\xc3\xa9", b"'--",
]  # fmt: skip
CUTS = st.tuples(
    st.integers(0, 700), st.integers(0, 30), st.one_of(st.sampled_from(PIECES), st.binary())
)


def delimited(rows, delimiter=","):
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [columns, *([row.get(column, "") for column in columns] for row in rows)]
    return "".join(delimiter.join(line) + "\n" for line in lines).encode()


def records(rows):
    """Records of 197 characters under a summary record."""
    form = layout("afcars-1993")
    lines = [f"@{' ' * 173}"]
    for row in rows:
        record = [" "] * form.record_length
        for column, start, width in form.places:
            record[start : start + width] = row.get(column, "").ljust(width)[:width]
        lines.append("".join(record))
    return ("\n".join(lines) + "\n").encode()


FILES = {
    "afcars-1993, comma": ("afcars-1993", {"records.csv": delimited(SNAPSHOTS)}),
    "afcars-1993, tab": ("afcars-1993", {"records.tab": delimited(SNAPSHOTS, "\t")}),
    "afcars-1993, 197 characters": ("afcars-1993", {"records.dat": records(SNAPSHOTS)}),
    "afcars-2020": (
        "afcars-2020",
        {f"{block}.csv": delimited(rows) for block, rows in HISTORY.items()},
    ),
    "ncands": ("ncands", {"records.csv": delimited(REPORTS)}),
}


def physical_lines(content):
    lines = re.split(b"\r\n|\r|\n", content)
    return len(lines) - (lines[-1] == b"")


@pytest.mark.parametrize("name", list(FILES))
@settings(max_examples=4, deadline=None)
@given(st.integers(0, 3), st.lists(CUTS, min_size=1, max_size=4))
def test_whatever_happens_to_a_federal_file_it_is_refused_or_every_row_is_counted(
    tmp_path_factory, name, which, cuts
):
    """Rows read are rows used plus rows left out, and every line is one of the rows counted."""
    form, files = FILES[name]
    contents = dict(files)
    chosen = list(contents)[which % len(contents)]
    for start, length, piece in cuts:
        content = contents[chosen]
        start %= len(content) + 1
        contents[chosen] = content[:start] + piece + content[start + length :]
    folder = tmp_path_factory.mktemp("federal")
    for file, content in contents.items():
        (folder / file).write_bytes(content)
    try:
        made = convert(form, [folder / file for file in contents])
    except DataError as error:
        assert all(sentence.strip() for sentence in error.sentences)
        return
    with made:
        report, frames = made.report, made.frames()
    assert {table: len(frame) for table, frame in frames.items()} == report.tables
    for block, steps in report.steps.groupby("block"):
        total = steps.groupby("kind")["rows"].sum()
        assert total["read"] == total.get("used", 0) + total.get("left out", 0), block
    for file in report.files.itertuples():
        content = contents[file.file]
        if b'"' not in content:
            heading = 0 if name.endswith("characters") else 1
            counted = heading + file.rows + file.blank_lines + file.summary_lines
            assert counted == physical_lines(content), file.file
    used = report.steps[report.steps["kind"] == "used"].set_index("block")["rows"]
    if form == "afcars-1993":
        assert len(frames["removals"]) == used["records"] - report.count("end unknown")
    elif form == "ncands":
        assert frames["maltreatment_reports"].report_id.nunique() <= used["records"]
        assert len(frames["maltreatment_reports"]) >= used["records"]
    else:
        blocks = {"placements": "living_arrangements", "disruptions": "agreements"}
        for table, frame in frames.items():
            assert len(frame) == used[blocks.get(table, table)]
