"""Tables of a real PostgreSQL, copied into DuckDB."""

import datetime

import psycopg
import pytest

from evaluation.errors import DataError
from evaluation.sources import connect

pytestmark = pytest.mark.postgres


@pytest.fixture
def database(postgres_server, request):
    """Return a function that runs statements in a schema of its own and gives the address."""

    def run(*statements: str) -> str:
        schema = "own"
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
            connection.execute(f"CREATE SCHEMA {schema}")
            connection.execute(f"SET search_path TO {schema}")
            for statement in statements:
                connection.execute(statement)
        return f"{postgres_server}&schema={schema}"

    return run


CHILDREN = "CREATE TABLE children (child_id text, birth_date date, sex char(8), disability boolean)"


def rows(agency, table):
    return agency.table(table).order_by("child_id").to_pyarrow().to_pylist()


def test_values_come_over_as_the_contract_types_them(database):
    address = database(
        CHILDREN,
        "ALTER TABLE children ADD income numeric(9, 2), ADD score integer, ADD note text",
        "INSERT INTO children VALUES"
        " ('c1', '2010-01-31', 'female', true, 12.50, 3, E'says \"no\",\\nthen'),"
        " ('c2', NULL, NULL, false, NULL, NULL, '')",
    )
    with connect(address) as agency:
        assert rows(agency, "children") == [
            {
                "child_id": "c1",
                "birth_date": datetime.date(2010, 1, 31),
                "sex": "female",
                "disability": True,
                "income": 12.5,
                "score": 3,
                "note": 'says "no",\nthen',
            },
            {
                "child_id": "c2",
                "birth_date": None,
                "sex": None,
                "disability": False,
                "income": None,
                "score": None,
                "note": None,
            },
        ]


def test_identifiers_kept_as_numbers_lose_no_digit(database):
    address = database(
        "CREATE TABLE children (child_id numeric)",
        "INSERT INTO children VALUES (123456789012345678901), (7.00)",
    )
    with connect(address) as agency:
        found = [row["child_id"] for row in rows(agency, "children")]
    assert found == ["123456789012345678901", "7"]


def test_a_date_that_is_none_costs_its_row_and_no_other(database):
    address = database(
        CHILDREN,
        "INSERT INTO children (child_id, birth_date) VALUES ('c1', 'infinity'), ('c2', NULL)",
        "CREATE TABLE removals (removal_id text, child_id text, removal_date timestamp)",
        "INSERT INTO removals VALUES ('r1', 'c2', '2020-01-01'), ('r2', 'c2', '2020-02-01 12:00')",
    )
    with connect(address) as agency:
        result = agency.check()
    assert result.counts["accepted"].tolist() == [1, 2]
    assert result.quarantine["value"].tolist() == ["infinity"]
    assert "localhost" in result.quarantine["source"][0]


def test_needed_columns_are_copied_and_the_others_said(database):
    address = database(
        "CREATE TABLE children (child_id text, income integer)",
        "CREATE TABLE removals (removal_id text, child_id text, removal_date date)",
        "INSERT INTO children VALUES ('c1', 1)",
        "INSERT INTO removals VALUES ('r1', 'c1', '2020-01-01')",
        "CREATE TABLE services (service_id text, program text, child_id text, start_date date, notes text)",
        "CREATE VIEW moves_out AS SELECT 'm1' AS move_id, 'c1' AS child_id, DATE '2021-01-01' AS move_date",
        "CREATE TABLE payroll (x integer)",
    )
    with connect(address) as agency:
        assert agency.tables == ("children", "removals", "services", "moves_out")
        assert agency.has("children", "income")
        assert not agency.has("services", "notes")
        unread = agency.check().findings.query("check == 'unread'")["table"].tolist()
    assert unread == ["payroll", "services.notes"]


def test_all_tables_are_as_of_one_moment(database, postgres_server):
    address = database(
        CHILDREN,
        "INSERT INTO children (child_id) VALUES ('c1')",
        "CREATE TABLE removals (removal_id text, child_id text, removal_date date)",
        "INSERT INTO removals VALUES ('r1', 'c1', '2020-01-01')",
    )
    with connect(address) as agency:
        assert len(rows(agency, "children")) == 1
        with psycopg.connect(postgres_server, autocommit=True) as other:
            other.execute("DELETE FROM own.removals")
        assert len(rows(agency, "removals")) == 1


def test_the_order_in_the_database_changes_no_hash(database):
    hashes = []
    for first, second in (("c1", "C2"), ("C2", "c1")):
        insert = f"INSERT INTO children (child_id) VALUES ('{first}'), ('{second}')"
        with connect(database(CHILDREN, insert)) as agency:
            hashes.append(agency.data_hash)
    assert hashes[0] == hashes[1]


def test_host_and_database_alone_are_printed(database, postgres_server):
    with connect(database(CHILDREN)) as agency:
        assert agency.source == "postgresql://localhost/postgres"
        assert "postgres:" not in repr(agency).replace("postgresql:", "")


def test_nothing_can_be_written(database):
    with connect(database(CHILDREN)) as agency:
        snapshot = agency._place.close.__self__._connection
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            snapshot.execute("INSERT INTO own.children (child_id) VALUES ('c9')")


def test_credentials_come_from_the_environment(database, postgres_server, monkeypatch):
    address = database(CHILDREN)
    host = postgres_server.split("host=")[1]
    monkeypatch.setenv("PGHOST", host)
    monkeypatch.setenv("PGUSER", "postgres")
    monkeypatch.setenv("PGPASSWORD", "not asked for here")
    with connect("postgresql:///postgres?schema=own") as agency:
        assert agency.tables == ("children",)
    assert "own" in address


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("postgresql://localhost:1/x", "The database x on localhost cannot be opened"),
        ("postgresql://localhost/x?colour=red", 'no parameter "colour"; it takes schema'),
        ("postgresql://localhost/x?schema=a&schema=b", "gives a parameter twice"),
    ],
)
def test_a_database_that_cannot_be_opened_is_said(address, sentence):
    with pytest.raises(DataError) as refused:
        connect(address)
    assert sentence in str(refused.value)


def test_a_schema_without_contract_tables_is_said(database):
    database("CREATE TABLE payroll (x integer)")
    with pytest.raises(DataError, match="No contract table was found in postgresql://localhost"):
        connect(database("CREATE TABLE removal (x integer)"))
