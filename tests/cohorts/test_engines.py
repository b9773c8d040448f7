"""One study gives one cohort, wherever the tables live."""

import pandas as pd
import pytest

import evaluation as ev


def whole(source, study):
    """Everything a cohort and a check give, as tables by name."""
    with ev.connect(source) as agency:
        checked = agency.check()
        cohort = ev.build_cohort(agency, study)
        found = {"counts": checked.counts, "findings": checked.findings}
        found |= {"exits": cohort.exits, "flow": cohort.flow}
        found |= {"services": cohort.services, "notes": pd.DataFrame(cohort.notes)}
        found |= {outcome: cohort.follow_up(outcome) for outcome in cohort.outcomes}
    return found


@pytest.fixture(scope="module")
def tables(messy):
    return messy(1)


@pytest.fixture(scope="module")
def on_duckdb(tables, study):
    found = whole(tables, study(unit="every exit"))
    assert len(found["exits"]) > 100
    assert len(found["reentry"]) > 250
    return found


def assert_identical(found, expected):
    assert list(found) == list(expected)
    for name, frame in expected.items():
        pd.testing.assert_frame_equal(found[name], frame, obj=name)


@pytest.mark.postgres
def test_postgresql_gives_the_cohort_of_duckdb(tables, on_duckdb, study, postgres):
    assert_identical(whole(postgres(tables), study(unit="every exit")), on_duckdb)


@pytest.mark.spark
def test_spark_gives_the_cohort_of_duckdb(tables, on_duckdb, study, spark):
    assert_identical(whole(spark(tables), study(unit="every exit")), on_duckdb)
