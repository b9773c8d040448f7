"""Tables on Spark, checked where they are."""

import pandas as pd
import pytest

from evaluation.errors import DataError
from evaluation.sources import connect

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def broken():
    """Text tables that break many rules."""
    return {
        "children": pd.DataFrame(
            {
                "child_id": ["c1", "c2", "c3", "c3", "c4", "c4", None],
                "birth_date": ["2010-01-31", "2019-02-30", None, None, "2011-1-1", "x", "2012-01-01"],
                "sex": ["female", "mle", None, None, "male", "male", "male"],
                "disability": ["yes", "no", "perhaps", "perhaps", None, None, None],
                "race_ethnicity": ["white", "white;asain", None, None, None, None, "white"],
            }
        ),
        "removals": pd.DataFrame(
            {
                "removal_id": ["r1", "r2", "r3", "r4"],
                "child_id": ["c1", "c9", "c2", "c1"],
                "removal_date": ["2017-03-01", "2017-03-01", "2017-03-01", "2009-03-01"],
                "discharge_date": ["2016-02-01", None, None, "2010-03-01"],
                "income": [1.5, 2.0, None, 12345678.0],
            }
        ),
    }  # fmt: skip


def test_a_check_on_spark_says_what_a_check_on_duckdb_says(broken, spark):
    found = []
    for source in (broken, spark(broken)):
        with connect(source) as agency:
            result = agency.check()
            rows = result.quarantine.drop(columns="source")
            rows = (
                rows.astype(object).fillna("-").sort_values(["table", "row_key", "rule", "message"])
            )
            result.findings["message"] = result.findings["message"].str.replace("data frame ", "")
            found.append((rows.reset_index(drop=True), result.counts, result.findings))
    assert len(found[0][0]) > 12
    for here, there in zip(*found, strict=True):
        here, there = (
            frame.replace(r"\S+/(\w+)\.parquet", r"\1", regex=True) for frame in (here, there)
        )
        pd.testing.assert_frame_equal(here, there)


def test_the_hash_on_spark_is_that_of_the_rows_whatever_their_order(spark):
    hashes = {}
    for name, ids in {"one": "abc", "turned": "cba", "other": "abd", "twice": "abcc"}.items():
        with connect(spark({"children": pd.DataFrame({"child_id": list(ids)})})) as agency:
            hashes[name] = agency.data_hash
    assert hashes["one"] == hashes["turned"]
    assert len(set(hashes.values())) == 3


def test_tables_of_a_database_are_found_and_two_agencies_do_not_meet(spark):
    """The second source is a database of the catalogue; both are open at once."""
    frames = {"children": pd.DataFrame({"child_id": ["c1"]})}
    with connect(spark(frames)) as first:
        session = first.connection._session
        session.sql("CREATE DATABASE IF NOT EXISTS agency_of_a_test")
        session.sql("CREATE OR REPLACE TEMP VIEW unrelated AS SELECT 1 AS x")
        session.sql("DROP VIEW IF EXISTS agency_of_a_test.children")
        session.sql(
            "CREATE VIEW agency_of_a_test.children AS SELECT explode(array('c2', 'c3')) AS child_id"
        )
        session.sql("CREATE OR REPLACE VIEW agency_of_a_test.payroll AS SELECT 1 AS x")
        try:
            with connect("spark://?database=agency_of_a_test") as second:
                assert second.tables == ("children",)
                assert [n for n, _ in second._place.unread] == ["payroll"]
                assert second.table("children").count().to_pyarrow().as_py() == 2
                assert first.table("children").count().to_pyarrow().as_py() == 1
                assert second.source == "spark://?database=agency_of_a_test"
        finally:
            session.sql("DROP DATABASE agency_of_a_test CASCADE")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("spark://elsewhere:7077?database=x", "A Spark session on local[2] is running"),
        ("spark://?database=nowhere_at_all", "has no database nowhere_at_all that can be listed"),
        ("spark://local[2]?folder=/no/such/folder", "No contract table was found in spark://local[2]"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_said(address, sentence, spark):
    with connect(spark({"children": pd.DataFrame({"child_id": ["c1"]})})):
        with pytest.raises(DataError) as refused:
            connect(address)
        assert sentence in str(refused.value)


def test_a_closed_agency_leaves_nothing_behind(spark):
    agency = connect(spark({"children": pd.DataFrame({"child_id": ["c1", "c1", "c2"]})}))
    with pytest.raises(DataError, match="removals is missing"):
        agency.check()
    agency.table("children")
    session = agency.connection._session
    assert [view.name for view in session.catalog.listTables() if view.isTemporary]
    agency.close()
    assert [view.name for view in session.catalog.listTables() if view.isTemporary] == []
