"""Two invented agencies' own layouts become contract tables by mapping files alone."""

import datetime

import pytest
import xlsxwriter

from evaluation.errors import DataError
from evaluation.sources import connect

NORTH = {
    "Clients": [
        ["Client No", "DOB", "Gender", "Case No"],
        [101, datetime.date(2010, 1, 31), "F", "K1"],
        [102, datetime.date(2012, 2, 29), "M", "K1"],
        [103, datetime.datetime(2014, 7, 1), "X", "K2"],
    ],
    "Custody": [
        ["Exported 2024"],
        [],
        ["Episode", "Client No", "Entered", "Left", "Why left", "Km from home"],
        ["e1", 101, datetime.date(2017, 3, 1), datetime.date(2018, 2, 1), "RTN HOME", 10],
        ["e2", 102, datetime.date(2017, 3, 1), "in 2018", "RTN HOME", 25.5],
        ["e3", 103, datetime.date(2019, 5, 1), None, None, None],
    ],
}
NORTH_MAPPING = """
[[tables]]
table = "children"
file = "north.xlsx"
sheet = "Clients"
[tables.columns]
child_id = "Client No"
birth_date = "DOB"
sex = { column = "Gender", codes = { F = "female", M = "male", X = "unknown" } }
family_id = "Case No"

[[tables]]
table = "removals"
file = "north.xlsx"
sheet = "Custody"
[tables.columns]
removal_id = "Episode"
child_id = "Client No"
removal_date = "Entered"
discharge_date = "Left"
discharge_reason = { column = "Why left", codes = { "RTN HOME" = "reunification" } }
county = { constant = "North" }

[[tables]]
table = "placements"
file = "north.xlsx"
sheet = "Custody"
carry = ["Why left"]
[tables.columns]
placement_id = { columns = ["Episode", "Client No"], join = "/" }
child_id = "Client No"
start_date = "Entered"
distance_miles = { column = "Km from home", times = 0.621371 }
"""
SOUTH = """\
KindNr;Geburt;Weiss;Schwarz;Akte;Art;Beginn;Ende;Grund;Ort
k1;31.01.2010;J;;A1;Heim;01.03.2017;01.02.2018;Rückkehr;Köln
k1;31.01.2010;J;;A2;Kurs;05.02.2018;;;Köln
k2;29.02.2012;J;J;A3;Heim;1.5.2019;;;"Bad; Ort"
"""
SOUTH_MAPPING = """
[[tables]]
table = "children"
file = "sued.csv"
encoding = "latin-1"
delimiter = ";"
dates = "DD.MM.YYYY"
rows = "distinct"
[tables.columns]
child_id = "KindNr"
birth_date = "Geburt"
race_ethnicity = { flags = { Weiss = "white", Schwarz = "black" }, yes = ["J"] }

[[tables]]
table = "removals"
file = "sued.csv"
encoding = "latin-1"
delimiter = ";"
dates = "DD.MM.YYYY"
where = { column = "Art", is = ["Heim"] }
[tables.columns]
removal_id = "Akte"
child_id = "KindNr"
removal_date = "Beginn"
discharge_date = "Ende"
discharge_reason = { column = "Grund", codes = { "Rückkehr" = "reunification" }, others = "other" }
county = "Ort"

[[tables]]
table = "services"
file = "sued.csv"
encoding = "latin-1"
dates = "DD.MM.YYYY"
where = { column = "Art", is = ["Kurs"] }
[tables.columns]
service_id = "Akte"
child_id = "KindNr"
program = { constant = "parent_group" }
start_date = "Beginn"
"""


@pytest.fixture
def north(tmp_path):
    path = tmp_path / "north.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        dated = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in NORTH.items():
            sheet = book.add_worksheet(name)
            for r, row in enumerate(rows):
                for c, cell in enumerate(row):
                    kind = dated if isinstance(cell, datetime.date) else None
                    sheet.write(r, c, cell, kind)
    (tmp_path / "mapping.toml").write_text(NORTH_MAPPING)
    return tmp_path


@pytest.fixture
def south(tmp_path):
    (tmp_path / "sued.csv").write_bytes(SOUTH.encode("latin-1"))
    (tmp_path / "mapping.toml").write_text(SOUTH_MAPPING, encoding="utf-8")
    return tmp_path


def rows(agency, table, *columns):
    frame = agency.table(table).order_by(columns[0]).to_pandas()[list(columns)]
    cells = [[None if v is None or v != v else str(v) for v in row] for row in frame.values]
    return [tuple(c and c.removesuffix(" 00:00:00") for c in row) for row in cells]


def test_a_workbook_with_foreign_headers_is_refused_where_its_header_is_not_first(north):
    agency = connect(north, mapping=north / "mapping.toml")
    with agency, pytest.raises(DataError) as refused:
        agency.check()
    assert "north.xlsx, sheet Custody, row 1" in str(refused.value)
    assert 'the mapping names "Client No"' in str(refused.value)


def test_a_workbook_becomes_contract_tables_and_findings_name_sheet_and_row(north):
    text = NORTH_MAPPING.replace('sheet = "Custody"\n', 'sheet = "Custody"\nheader_row = 3\n')
    (north / "mapping.toml").write_text(text)
    with connect(north, mapping=north / "mapping.toml") as agency:
        result = agency.check()
        assert rows(agency, "children", "child_id", "birth_date", "sex", "family_id") == [
            ("101", "2010-01-31", "female", "K1"),
            ("102", "2012-02-29", "male", "K1"),
            ("103", "2014-07-01", "unknown", "K2"),
        ]
        assert rows(agency, "removals", "removal_id", "discharge_reason", "county") == [
            ("e1", "reunification", "North"),
            ("e3", None, "North"),
        ]
        assert rows(agency, "placements", "placement_id", "distance_miles", "Why left") == [
            ("e1/101", "6.21371", "RTN HOME"),
            ("e2/102", "15.844961", "RTN HOME"),
            ("e3/103", None, None),
        ]
    fault = result.quarantine.iloc[0]
    assert (fault.source, fault.line, fault.field) == (
        "north.xlsx, sheet Custody",
        5,
        "discharge_date",
    )
    assert "The source's column is Left." in fault.message


def test_latin_1_with_semicolons_and_german_dates_is_split_into_three_tables(south):
    with connect(south, mapping=south / "mapping.toml") as agency:
        result = agency.check()
        assert rows(agency, "children", "child_id", "birth_date", "race_ethnicity") == [
            ("k1", "2010-01-31", "white"),
            ("k2", "2012-02-29", "white;black"),
        ]
        assert rows(
            agency, "removals", "removal_id", "removal_date", "discharge_reason", "county"
        ) == [
            ("A1", "2017-03-01", "reunification", "Köln"),
            ("A3", "2019-05-01", None, "Bad; Ort"),
        ]
        assert rows(agency, "services", "service_id", "program", "start_date") == [
            ("A2", "parent_group", "2018-02-05")
        ]
    assert result.quarantine.empty
    said = result.findings.set_index(["table", "check"]).rows
    assert said["children", "repeated_rows"] == 1
    assert said["removals", "rows_of_other_tables"] == 1


def test_a_date_of_another_form_is_quarantined_with_its_line(south):
    content = SOUTH.replace("1.5.2019", "2019/05/01")
    (south / "sued.csv").write_bytes(content.encode("latin-1"))
    with connect(south, mapping=south / "mapping.toml") as agency:
        fault = agency.check().quarantine.iloc[0]
    assert (fault.line, fault.value) == (4, "2019/05/01")
    assert "The source's column is Beginn." in fault.message


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('table = "children"', 'table = "childs"', 'no table "childs"; did you mean children'),
        ('removal_id = "Akte"', 'remova_id = "Akte"', 'no field "remova_id"; did you mean removal_id'),
        ('"DD.MM.YYYY"', '"DD.MM"', 'The date form "DD.MM" cannot be read'),
        ('"latin-1"', '"latin-99"', 'no encoding "latin-99"'),
        ('rows = "distinct"', 'row = "distinct"', 'did you mean "rows"'),
        ('"Beginn"', '"Begin"', 'the mapping names "Begin", which is not there; did you mean Beginn'),
        ('"sued.csv"', '"../sued.csv"', "outside the folder"),
        ('removal_id = "Akte"', 'removal_id = { }', "give exactly one of column"),
        ("[[tables]]", "[[tables", "is not a TOML file"),
    ],
)  # fmt: skip
def test_a_mapping_that_is_wrong_is_said_by_key(south, old, new, sentence):
    (south / "mapping.toml").write_text(SOUTH_MAPPING.replace(old, new), encoding="utf-8")
    (south.parent / "sued.csv").write_text("x")
    with (
        pytest.raises(DataError) as refused,
        connect(south, mapping=south / "mapping.toml") as agency,
    ):
        agency.check()
    assert sentence in str(refused.value)


def test_a_workbook_of_contract_tables_needs_no_mapping(tmp_path):
    path = tmp_path / "agency.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        for name, cells in {
            "children": [["child_id", "birth_date"], ["c1", "2010-01-31"]],
            "removals": [["removal_id", "child_id", "removal_date"], ["r1", "c1", "2019-02-30"]],
            "notes": [["anything"]],
        }.items():
            sheet = book.add_worksheet(name)
            for r, row in enumerate(cells):
                sheet.write_row(r, 0, row)
    with connect(path) as agency:
        result = agency.check()
    assert list(result.quarantine.source) == ["agency.xlsx, sheet removals"]
    assert list(result.quarantine.line) == [2]
    assert "agency.xlsx, sheet notes" in set(result.findings.table)
