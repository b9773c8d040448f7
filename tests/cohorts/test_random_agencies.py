"""Random agencies by the hundred: the engines, the plain rules, and what must be conserved.

The agencies stand in one data set, each with identifiers of its own, so that one build answers for
all of them.
"""

import datetime

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import evaluation as ev
from tests.cohorts.plain import COLUMNS, GAP, Plain

OUTCOMES = ["reentry", "disruption", "maltreatment"]
CHILDREN = 9
FEW, MANY = 100, 2000


def named(tables, number):
    """The tables of an agency with its number before every identifier."""
    found = {}
    for name, frame in tables.items():
        ids = [column for column in frame if column.endswith("_id")]
        prefixed = {c: [f"A{number:04}{v}" if v else v for v in frame[c]] for c in ids}
        found[name] = frame.assign(**prefixed)
    return found


def drawn(messy, agencies):
    return [named(messy(1000 + n, children=CHILDREN), n) for n in range(agencies)]


def joined(agencies):
    return {
        name: pd.concat([tables[name] for tables in agencies], ignore_index=True)
        for name in agencies[0]
    }


def expected(agencies, rules):
    """Exits and rows by outcome as the plain rules give them."""
    exits, rows = [], {outcome: [] for outcome in OUTCOMES}
    for tables in agencies:
        plain = Plain(tables, rules.data_through)
        for exit_id, (child, episode) in plain.chosen(*rules.exits).items():
            stay = (episode["discharge_date"] - episode["removal_date"]).days
            day0, kind = episode["discharge_date"], episode["discharge_reason"]
            exits.append((exit_id, child, day0, kind, stay, episode["number"] - 1))
            days = list(plain.days(child, episode))
            for outcome, found in rows.items():
                found += plain.rows(exit_id, child, episode, days, outcome)
    return sorted(exits), {outcome: sorted(found) for outcome, found in rows.items()}


def listed(frame, columns):
    values = frame[columns].astype(object).where(frame[columns].notna(), None)
    return sorted(values.itertuples(index=False, name=None))


def assert_as_expected(cohort, agencies):
    exits, rows = expected(agencies, cohort.study.cohort)
    found = cohort.exits.assign(index_date=cohort.exits["index_date"].dt.date)
    columns = ["exit_id", "child_id", "index_date", "exit_type", "days_in_care", "prior_episodes"]
    assert listed(found, columns) == exits
    for outcome in OUTCOMES:
        assert listed(cohort.follow_up(outcome), COLUMNS) == rows[outcome], outcome


def assert_conserved(cohort, tables):
    """METHODS 1 and 2 whatever the data: nothing appears, nothing is lost."""
    flow, exits = cohort.flow, cohort.exits.set_index("exit_id")
    excluded = flow["excluded"].iloc[1:]
    assert flow["exits"].iloc[0] - excluded.sum() == len(exits) == flow["exits"].iloc[-1]
    died = tables["children"].set_index("child_id")["death_date"]
    for shared in ("child_id", "removal_family_id", "household_id"):
        assert exits.dropna(subset=[shared]).groupby(shared)["family_id"].nunique().max() == 1
    through = pd.Timestamp(cohort.study.cohort.data_through)
    for outcome in OUTCOMES:
        rows = cohort.follow_up(outcome)
        spans = rows.groupby("exit_id").agg(
            start=("start", "min"), stop=("stop", "max"), rows=("start", "size")
        )
        length = (rows["stop"] - rows["start"]).groupby(rows["exit_id"]).sum()
        assert (length == spans["stop"] - spans["start"]).all()
        assert (spans["start"] == (0 if outcome == "maltreatment" else GAP)).all()
        whose = exits.loc[spans.index]
        last = whose["index_date"] + pd.to_timedelta(spans["stop"], unit="D")
        assert (last <= through).all()
        assert (spans["stop"] <= whose["age_limit_day"]).all()
        death = pd.to_datetime(whose["child_id"].map(died))
        assert not (last > death).any()
        assert spans["rows"].sum() == len(rows)


def built(source, study):
    with ev.connect(source) as agency:
        assert agency.check().counts["quarantined"].sum() == 0
        cohort = ev.build_cohort(agency, study(unit="every exit"))
        for outcome in OUTCOMES:
            cohort.follow_up_table(outcome)
        yield cohort


def test_a_hundred_random_agencies_are_as_the_plain_rules_say(messy, study):
    agencies = drawn(messy, FEW)
    for cohort in built(joined(agencies), study):
        assert len(cohort.exits) > 5 * FEW
        assert_as_expected(cohort, agencies)
        assert_conserved(cohort, joined(agencies))


@settings(
    max_examples=4,
    deadline=datetime.timedelta(minutes=10),
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32 - 1), children=st.integers(8, 24))
def test_any_random_agency_is_as_the_plain_rules_say(messy, study, seed, children):
    tables = messy(seed, children=children)
    for cohort in built(tables, study):
        if len(cohort.exits):
            assert_as_expected(cohort, [tables])
            assert_conserved(cohort, tables)


@pytest.mark.spark
def test_thousands_of_random_agencies_are_the_same_on_duckdb_spark_and_by_hand(messy, study, spark):
    agencies = drawn(messy, MANY)
    tables = joined(agencies)
    found = []
    for source in (tables, spark(tables)):
        for cohort in built(source, study):
            frames = [cohort.exits, cohort.flow, *(cohort.follow_up(name) for name in OUTCOMES)]
            found.append(frames)
            if source is tables:
                assert_as_expected(cohort, agencies)
            assert_conserved(cohort, tables)
    for on_duckdb, on_spark in zip(*found, strict=True):
        pd.testing.assert_frame_equal(on_duckdb, on_spark)
