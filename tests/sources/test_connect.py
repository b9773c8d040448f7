import datetime

import pytest

from evaluation.errors import DataError
from evaluation.sources import connect

EXPECTED_TYPES = {
    "child_id": "string",
    "family_id": "string",
    "birth_date": "date",
    "sex": "string",
    "disability": "boolean",
}


def rows(agency, table):
    return agency.table(table).to_pyarrow().to_pylist()


@pytest.fixture(params=["folder", "frames"])
def agency(request, folder, frames):
    with connect(folder() if request.param == "folder" else frames) as opened:
        yield opened


def test_tables_are_typed_as_the_contract_says(agency):
    types = {name: str(kind) for name, kind in agency.table("children").schema().items()}
    assert types == EXPECTED_TYPES


def test_text_and_typed_sources_give_the_same_rows(agency):
    assert rows(agency, "removals")[2] == {
        "removal_id": "r3",
        "child_id": "c3",
        "removal_date": datetime.date(2019, 5, 1),
        "discharge_date": None,
        "discharge_reason": None,
        "county": "Brown",
    }


def test_only_columns_the_source_has_are_present(agency):
    assert agency.has("children", "birth_date")
    assert not agency.has("children", "death_date")
    assert not agency.has("services")


def test_a_missing_table_is_named_with_the_place_looked_at(agency):
    with pytest.raises(DataError, match="The table services is missing from .*children, removals"):
        agency.table("services")


def test_a_table_the_contract_lacks_gets_the_nearest_name(agency):
    with pytest.raises(DataError, match='no table "removal"; did you mean removals?'):
        agency.table("removal")
