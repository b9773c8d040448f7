"""Whatever happens to an agency's mapped extract, it is refused or every row is counted."""

import datetime
import re

import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluation.errors import DataError
from evaluation.sources import connect

MAPPING = """
[[tables]]
table = "children"
file = "{file}"
{sheet}dates = "DD.MM.YYYY"
[tables.columns]
child_id = "No"
birth_date = "Born"
sex = {{ column = "Gender", codes = {{ F = "female", M = "male" }} }}

[[tables]]
table = "removals"
file = "{file}"
{sheet}dates = "DD.MM.YYYY"
[tables.columns]
removal_id = {{ columns = ["No", "In"], join = "/" }}
child_id = "No"
removal_date = "In"
discharge_date = "Out"
"""
HEADER = ["No", "Born", "Gender", "In", "Out"]
ROWS = [
    ["c1", "31.01.2010", "F", "01.03.2017", "01.02.2018"],
    ["c2", "29.02.2012", "M", "01.03.2017", ""],
    ["c3", "01.07.2014", "F", "01.05.2019", "02.05.2019"],
]
EXTRACT = "\n".join(";".join(row) for row in [HEADER, *ROWS]) + "\n"
PIECES = [b"", b";", b",", b"\n", b"\r", b'"', b"\0", b"\xff", b"30.02.2019", b"c1", b"=1+1"]
CUTS = st.tuples(
    st.integers(0, 170), st.integers(0, 30), st.one_of(st.sampled_from(PIECES), st.binary())
)
CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**53), 2**53),
    st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(9999, 12, 31)),
    st.sampled_from(["#REF!", "=1/0", "31.01.2010", "c1", "NA", "\ud7ff", "x" * 32_000]),
)
PLACES = st.tuples(st.integers(0, 5), st.integers(0, 6), CELLS)


def judged(folder, name, sheet=""):
    """Check the extract under its mapping; None where it was refused in sentences."""
    mapping = folder / "mapping.toml"
    mapping.write_text(MAPPING.format(file=name, sheet=sheet))
    try:
        with connect(folder, mapping=mapping) as agency:
            result = agency.check()
            stored = {
                name: agency.table(name).count().to_pyarrow().as_py() for name in agency.tables
            }
    except DataError as error:
        assert all(sentence.strip() for sentence in error.sentences)
        return None
    for row in result.counts.itertuples():
        listed = result.quarantine[result.quarantine["table"] == row.table]
        assert row.read == row.accepted + row.quarantined
        assert row.accepted == stored[row.table]
        assert row.quarantined == listed["line"].nunique()
    return result.counts


@settings(max_examples=12, deadline=None)
@given(st.lists(CUTS, max_size=4))
def test_bytes_of_a_mapped_text_file(tmp_path_factory, cuts):
    """DESIGN 4: rows read are rows accepted plus rows quarantined; no line is lost."""
    content = EXTRACT.encode()
    for start, length, piece in cuts:
        content = content[:start] + piece + content[start + length :]
    folder = tmp_path_factory.mktemp("extract")
    (folder / "extract.csv").write_bytes(content)
    counts = judged(folder, "extract.csv")
    if counts is not None and b'"' not in content:
        lines = re.split(b"\r\n|\r|\n", content)
        physical = len(lines) - (lines[-1] == b"")
        assert (counts["read"] + counts["blank_lines"] == physical - 1).all()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.large_base_example])
@given(st.lists(PLACES, max_size=4))
def test_cells_of_a_mapped_workbook(tmp_path_factory, places):
    """Numbers, dates, errors and text of any kind, anywhere in the sheet."""
    cells = {(r, c): v for r, row in enumerate([HEADER, *ROWS]) for c, v in enumerate(row)}
    cells |= {(row, column): value for row, column, value in places}
    folder = tmp_path_factory.mktemp("workbook")
    with xlsxwriter.Workbook(str(folder / "extract.xlsx"), {"nan_inf_to_errors": True}) as book:
        dated = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet = book.add_worksheet("all")
        for (row, column), value in cells.items():
            sheet.write(row, column, value, dated if hasattr(value, "year") else None)
    judged(folder, "extract.xlsx", 'sheet = "all"\n')


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6_000), st.integers(0, 200), st.binary()), max_size=3))
def test_bytes_of_a_mapped_workbook(tmp_path_factory, cuts):
    """A workbook is an archive of XML: damage to either is a sentence."""
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / "extract.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("all")
        for row, values in enumerate([HEADER, *ROWS]):
            sheet.write_row(row, 0, values)
    content = path.read_bytes()
    for start, length, piece in cuts:
        content = content[:start] + piece + content[start + length :]
    path.write_bytes(content)
    judged(folder, "extract.xlsx", 'sheet = "all"\n')
