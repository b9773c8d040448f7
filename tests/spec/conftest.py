"""Rules as drawn tables: text in, a cohort out, text beside it."""

import datetime

import ibis
import pandas as pd
import pyarrow as pa
import pytest

import evaluation as ev
from evaluation.sources import contract

SETTINGS = {
    "exits": (datetime.date(2018, 1, 1), datetime.date(2022, 12, 31)),
    "data_through": datetime.date(2024, 6, 30),
    "adoption_link": "kept",
}
KEYS = {t.name: t.primary_key[0] for t in contract().tables if t.name != "children"}
BORN = "2010-01-01"
MISSING = "-"


def read_rows(lines: list[str]) -> pd.DataFrame:
    """Read a header and rows whose cells are divided by bars; a dash is missing."""
    header, *rows = ([cell.strip() for cell in line.split("|")] for line in lines)
    return pd.DataFrame(
        [[None if cell == MISSING else cell for cell in row] for row in rows], columns=header
    )


def read_tables(drawing: str) -> dict[str, pd.DataFrame]:
    """Read blocks of a table's name, a header and rows; blank lines do not matter.

    Keys are filled in. Children not drawn are born on `BORN`, each of a family
    of its own.
    """
    blocks: dict[str, list[str]] = {}
    for line in filter(None, (line.strip() for line in drawing.splitlines())):
        if line in contract().names:
            blocks[line] = []
        else:
            next(reversed(blocks.values())).append(line)
    tables = {}
    for name, lines in blocks.items():
        tables[name] = read_rows(lines)
        if name in KEYS and KEYS[name] not in tables[name]:
            tables[name].insert(0, KEYS[name], [f"{name}-{n}" for n in range(len(lines) - 1)])
        if name == "maltreatment_reports" and "report_id" not in tables[name]:
            tables[name]["report_id"] = tables[name]["allegation_id"]
    children = tables.get("children", pd.DataFrame({"child_id": [], "family_id": []}, dtype=str))
    if "birth_date" not in children:
        children["birth_date"] = BORN
    named = sorted(set(tables["removals"]["child_id"]) - set(children["child_id"]))
    others = pd.DataFrame({"child_id": named, "family_id": named, "birth_date": BORN})
    others = others[[name for name in others if name in children or name != "family_id"]]
    tables["children"] = pd.concat([children, others], ignore_index=True).astype(object)
    return tables


class DrawnAgency:
    """Drawn tables as an agency gives them, without the checks of `evaluation.connect`."""

    def __init__(self, frames: dict[str, pd.DataFrame]):
        self.connection = ibis.duckdb.connect()
        self.tables = tuple(name for name in contract().names if name in frames)
        for name in self.tables:
            fields = contract().table(name).fields
            types = {f.name: f.engine_type for f in fields if f.name in frames[name]}
            rows = pa.Table.from_pandas(frames[name].astype(object), preserve_index=False)
            rows = ibis.memtable(rows)
            self.connection.create_table(name, rows.cast(types))

    def table(self, name: str):
        return self.connection.table(name)

    def has(self, name: str, column: str | None = None) -> bool:
        if name not in self.tables:
            return False
        return column is None or column in self.table(name).columns


def build(drawing: str | dict, outcomes=("reentry",), services=(), **rules):
    """Build the cohort of drawn tables under the settings of a rule."""
    tables = read_tables(drawing) if isinstance(drawing, str) else drawing
    study = ev.Study(
        title="A rule",
        cohort=SETTINGS | rules,
        outcomes=outcomes if isinstance(outcomes, dict) else {name: {} for name in outcomes},
        services=[each if isinstance(each, dict) else {"program": each} for each in services],
    )
    return ev.build_cohort(DrawnAgency(tables), study)


def shown(value) -> str:
    if pd.isna(value):
        return MISSING
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return str(value)


def same(frame: pd.DataFrame, drawing: str) -> None:
    """Assert that a frame holds the drawn columns and rows, in this order."""
    expected = read_rows(drawing.strip().splitlines())
    assert set(expected) <= set(frame), f"no column {set(expected) - set(frame)}"
    got = [[shown(value) for value in row] for row in frame[list(expected)].itertuples(index=False)]
    want = [[shown(value) for value in row] for row in expected.itertuples(index=False)]
    assert got == want


@pytest.fixture(name="build", scope="session")
def _build():
    return build


@pytest.fixture(name="same", scope="session")
def _same():
    return same


@pytest.fixture(scope="session")
def drawn_agency():
    return DrawnAgency
