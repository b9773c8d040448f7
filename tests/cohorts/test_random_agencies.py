"""Random agencies by the hundred: the engines, the plain rules, and what must be conserved.

The agencies stand in one data set, each with identifiers of its own, so that one build answers for
all of them: once with exits at discharge, once with every start of a trial home visit an index
event, data and a program that begin late, and windows that every return restarts.
"""

import datetime
from collections import Counter

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import evaluation as ev
from tests.cohorts.plain_states import PlainStates

CHILDREN = 9
FEW, MANY = 100, 2000
PROGRAMS = ["coach", "respite"]
LANDMARKS = [(program, day) for program in PROGRAMS for day in (30, 200)]
LATE = datetime.date(2018, 3, 1)
WAYS = {
    "discharge": {"unit": "every exit"},
    "visit start": {
        "unit": "every exit",
        "index_at": "visit start",
        "support_restart": "every return",
        "data_from": {"maltreatment_reports": LATE, "disruptions": datetime.date(2017, 9, 1)},
        "coach": {"available_from": LATE},
        "outcomes": ("reentry", "disruption", "maltreatment", "visit_ended"),
    },
}
COLUMNS = [
    *("exit_id", "start", "stop", "event", "end_reason"),
    *(f"exposure_{program}" for program in PROGRAMS),
    *("support_status", "support_voluntary", "support_closure", "age_band"),
    *(f"dose_{program}" for program in PROGRAMS),
]
EXITS = ["exit_id", "child_id", "index_date", "exit_type", "days_in_care", "prior_episodes"]
AT_LANDMARK = ["exit_id", "start", "stop", "event", "end_reason", "served", "state", "dose"]
RECURRENT = "every report"


def named(tables, number):
    """The tables of an agency with its number before every identifier."""
    found = {}
    for name, frame in tables.items():
        ids = [column for column in frame if column.endswith("_id")]
        prefixed = {c: [f"A{number:04}{v}" if v else v for v in frame[c]] for c in ids}
        found[name] = frame.assign(**prefixed)
    return found


@pytest.fixture(scope="module")
def agency_of(messy, history):
    """Return a function that draws one agency with everything in it."""
    return lambda seed, children=CHILDREN: history(messy(seed, children=children), seed)


def drawn(agency_of, agencies):
    return [named(agency_of(1000 + n), n) for n in range(agencies)]


def joined(agencies):
    return {
        name: pd.concat([tables[name] for tables in agencies], ignore_index=True)
        for name in agencies[0]
    }


class Expected:
    """What the plain rules give for agencies, added up."""

    def __init__(self, agencies, study):
        self.exits, self.rows, self.landmarks = [], {}, {}
        self.doses, self.uptake = {}, {program: Counter() for program in PROGRAMS}
        for tables in agencies:
            self._add(PlainStates(tables, study), study.outcomes.named)

    def _add(self, plain, outcomes):
        days = {}
        for exit_id, one in plain.exits.items():
            day0, kind = one["index_date"], one["discharge_reason"]
            self.exits.append(
                (exit_id, one["child_id"], day0, kind, one["days_in_care"], one["number"] - 1)
            )
            last = max(plain.end(one, name, repeats)[0] for name in outcomes for repeats in (0, 1))
            days[exit_id] = mine = list(plain.days(one, PROGRAMS, last))
            for name in outcomes:
                self.rows.setdefault(name, []).extend(plain.rows(exit_id, mine, name))
                for program, day in LANDMARKS:
                    at = plain.landmark(exit_id, mine, name, PROGRAMS.index(program), day)
                    self.landmarks.setdefault((name, program, day), []).append(at)
            self.rows.setdefault(RECURRENT, []).extend(
                plain.rows(exit_id, mine, "maltreatment", repeats=True)
            )
        for place, program in enumerate(PROGRAMS):
            self.uptake[program] += plain.uptake(program)
            for name in outcomes:
                inside, *sums = plain.doses(days, name, place)
                found = self.doses.setdefault((name, program), [[], 0, 0])
                found[0] += inside
                found[1:] = [a + b for a, b in zip(found[1:], sums, strict=True)]


def listed(frame, columns):
    values = frame[columns].astype(object).where(frame[columns].notna(), None)
    return sorted(values.itertuples(index=False, name=None))


def entered(rows, exits, first):
    """Rows from a date on, cut one by one."""
    late = {exit_id: (first - day0).days - 1 for exit_id, _, day0, *_ in exits}
    return [
        (exit_id, max(start, late[exit_id]), *rest)
        for exit_id, start, *rest in rows
        if rest[0] > late[exit_id]
    ]


def assert_as_expected(cohort, agencies):
    """The same exits, rows, landmarks and counts as by hand; return what was expected."""
    expected, study = Expected(agencies, cohort.study), cohort.study
    found = cohort.exits.assign(index_date=cohort.exits["index_date"].dt.date)
    assert listed(found, EXITS) == sorted(expected.exits)
    for outcome in study.outcomes.named:
        rows = sorted(expected.rows[outcome])
        assert listed(cohort.follow_up(outcome), COLUMNS) == rows, outcome
        for program, day in LANDMARKS:
            at = expected.landmarks[outcome, program, day]
            mark = cohort.landmark(outcome, program, day)
            inside = [row for row in at if isinstance(row, list)]
            assert listed(mark.rows, AT_LANDMARK) == sorted(map(tuple, inside)), (outcome, day)
            why = Counter(row for row in at if not isinstance(row, list))
            assert sorted(mark.flow["excluded"].iloc[1:]) == sorted(why.values())
        doses = cohort.doses(outcome).set_index("program")
        for program in PROGRAMS:
            inside, after, ended = expected.doses[outcome, program]
            middle = sorted(inside)[(len(inside) - 1) // 2] if inside else None
            wanted = [len(inside), sum(inside), after, middle, ended]
            assert listed(doses.loc[[program]], list(doses)) == [tuple(wanted)], outcome
    late = study.service("coach").available_from
    if late:
        rows = sorted(entered(expected.rows["reentry"], expected.exits, late))
        assert listed(cohort.follow_up("reentry", program="coach"), COLUMNS) == rows
        assert len(rows) < len(expected.rows["reentry"])
    assert listed(cohort.recurrent(), COLUMNS) == sorted(expected.rows[RECURRENT])
    for row in cohort.uptake.to_dict("records"):
        wanted = expected.uptake[row.pop("program")]
        assert row == {name: wanted[name] for name in row}
    return expected


def assert_conserved(cohort, tables):
    """METHODS 1 and 2 whatever the data: nothing appears, nothing is lost."""
    flow, exits = cohort.flow, cohort.exits.set_index("exit_id")
    excluded = flow["excluded"].iloc[1:]
    assert flow["exits"].iloc[0] - excluded.sum() == len(exits) == flow["exits"].iloc[-1]
    died = tables["children"].set_index("child_id")["death_date"]
    for shared in ("child_id", "removal_family_id", "household_id"):
        assert exits.dropna(subset=[shared]).groupby(shared)["family_id"].nunique().max() == 1
    through = pd.Timestamp(cohort.study.cohort.data_through)
    follow_ups = {name: cohort.follow_up(name) for name in cohort.study.outcomes.named}
    for outcome, rows in (follow_ups | {RECURRENT: cohort.recurrent()}).items():
        spans = rows.groupby("exit_id").agg(
            start=("start", "min"), stop=("stop", "max"), rows=("start", "size")
        )
        length = (rows["stop"] - rows["start"]).groupby(rows["exit_id"]).sum()
        assert (length == spans["stop"] - spans["start"]).all()
        gap = cohort.study.cohort.merge_gap_days if outcome in ("reentry", "disruption") else 0
        assert (spans["start"] >= gap).all()
        if cohort.study.cohort.data_from is None:
            assert (spans["start"] == gap).all()
        whose = exits.loc[spans.index]
        last = whose["index_date"] + pd.to_timedelta(spans["stop"], unit="D")
        assert (last <= through).all()
        assert (spans["stop"] <= whose["age_limit_day"]).all()
        death = pd.to_datetime(whose["child_id"].map(died))
        assert not (last > death).any()
        assert spans["rows"].sum() == len(rows)
        assert (rows["end_reason"].notna().groupby(rows["exit_id"]).sum() == 1).all()


def built(source, study, way):
    with ev.connect(source) as agency:
        assert agency.check().counts["quarantined"].sum() == 0
        yield ev.build_cohort(agency, study(**WAYS[way]))


@pytest.mark.parametrize("way", WAYS)
def test_a_hundred_random_agencies_are_as_the_plain_rules_say(agency_of, study, way):
    agencies = drawn(agency_of, FEW)
    for cohort in built(joined(agencies), study, way):
        assert len(cohort.exits) > 5 * FEW
        expected = assert_as_expected(cohort, agencies)
        assert_conserved(cohort, joined(agencies))
    rows = expected.rows["reentry"]
    assert {row[7] for row in rows} == {"before", "in", "after"}
    assert len({row[8:10] for row in rows}) >= 6
    assert {row[4] for row in rows} >= {"outcome", "death", "age_limit", "moved_out", "data_end"}
    again = Counter(row[0] for row in expected.rows[RECURRENT] if row[3] == 1)
    assert max(again.values()) > 1
    if way == "visit start":
        assert {row[4] for row in expected.rows["visit_ended"]} >= {"outcome", "discharged"}
        assert any("seen only later" in at for at in expected.landmarks.values())


@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32 - 1), children=st.integers(8, 24), way=st.sampled_from(list(WAYS)))
def test_any_random_agency_is_as_the_plain_rules_say(agency_of, study, seed, children, way):
    tables = agency_of(seed, children)
    for cohort in built(tables, study, way):
        if len(cohort.exits):
            assert_as_expected(cohort, [tables])
            assert_conserved(cohort, tables)


@pytest.mark.spark
@pytest.mark.parametrize("way", WAYS)
def test_thousands_of_random_agencies_are_the_same_on_duckdb_spark_and_by_hand(
    agency_of, study, spark, way
):
    agencies = drawn(agency_of, MANY)
    tables = joined(agencies)
    found = []
    for source in (tables, spark(tables)):
        for cohort in built(source, study, way):
            outcomes = cohort.study.outcomes.named
            frames = [cohort.exits, cohort.flow, cohort.recurrent(), cohort.uptake]
            frames += [cohort.follow_up(name) for name in outcomes]
            frames += [cohort.doses(name) for name in outcomes]
            frames += [cohort.landmark("reentry", *each).rows for each in LANDMARKS]
            found.append(frames)
            if source is tables:
                assert_as_expected(cohort, agencies)
            assert_conserved(cohort, tables)
    for on_duckdb, on_spark in zip(*found, strict=True):
        pd.testing.assert_frame_equal(on_duckdb, on_spark)
