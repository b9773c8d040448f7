"""What must hold whatever the data: nothing appears, nothing is lost."""

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import evaluation as ev

OUTCOMES = ["reentry", "disruption", "maltreatment"]
KEYS = ["exit_id", "start"]


@pytest.fixture(scope="module", params=OUTCOMES)
def rows(request, cohort):
    return cohort.follow_up(request.param)


def test_every_row_of_the_messy_agency_is_accepted(agency):
    assert agency.check().counts["quarantined"].sum() == 0


def test_the_flow_adds_up(cohort, agency):
    flow = cohort.flow
    assert (flow["exits"].shift() - flow["exits"]).iloc[1:].tolist() == flow["excluded"].iloc[
        1:
    ].tolist()
    assert flow["exits"].iloc[-1] == len(cohort.exits)
    assert flow["children"].iloc[-1] == cohort.exits["child_id"].nunique()
    assert flow["exits"].iloc[0] <= len(agency.table("removals").to_pandas())
    assert flow[["children", "exits", "families"]].diff().iloc[1:].max().max() <= 0
    assert (flow["excluded"].iloc[1:] > 0).sum() >= 6


def test_rows_are_contiguous_and_only_the_last_can_hold_an_event(rows):
    assert (rows["start"] < rows["stop"]).all()
    later = rows.groupby("exit_id")["start"].shift(-1)
    assert (later.dropna() == rows["stop"][later.notna()]).all()
    assert (rows.loc[later.notna(), "event"] == 0).all()
    assert rows["end_reason"].notna().equals(later.isna())


def test_person_days_are_the_sum_of_rows(cohort, rows):
    """Splitting by exposure and support changes no child's time."""
    spans = rows.groupby("exit_id").agg(first=("start", "min"), last=("stop", "max"))
    days = (rows["stop"] - rows["start"]).groupby(rows["exit_id"]).sum()
    assert (days == spans["last"] - spans["first"]).all()
    assert len(rows) > 1.5 * rows["exit_id"].nunique()


def test_no_row_lies_outside_follow_up(cohort, rows):
    index_date = cohort.exits.set_index("exit_id")["index_date"]
    last = rows["exit_id"].map(index_date) + pd.to_timedelta(rows["stop"], unit="D")
    assert (last <= pd.Timestamp("2021-12-31")).all()
    assert rows["stop"].max() <= 500
    assert (
        rows["stop"] <= rows["exit_id"].map(cohort.exits.set_index("exit_id")["age_limit_day"])
    ).all()


def test_no_two_neighbouring_rows_are_alike(rows):
    """As many rows as needed and no more."""
    states = ["exposure_coach", "exposure_respite", "age_band"]
    states += [name for name in rows if name.startswith("support_")]
    state = rows[["exit_id", *states]].fillna("")
    assert not (state == state.shift()).all(axis=1).any()


def test_siblings_share_a_cluster(cohort):
    exits = cohort.exits
    for shared in ("removal_family_id", "household_id", "child_id"):
        clusters = exits.dropna(subset=[shared]).groupby(shared)["family_id"].nunique()
        assert clusters.max() == 1


def test_the_order_of_rows_changes_nothing(messy, study):
    """Every choice of a row has a total order."""
    found = []
    for seed in (None, 7):
        tables = {
            name: frame if seed is None else frame.sample(frac=1, random_state=seed)
            for name, frame in messy(2, children=60).items()
        }
        with ev.connect(tables) as agency:
            cohort = ev.build_cohort(agency, study())
            results = [cohort.exits, cohort.services, cohort.flow, pd.Series(cohort.notes)]
            results += [cohort.follow_up(outcome) for outcome in OUTCOMES]
            found.append([frame.to_csv() for frame in results])
    assert found[0] == found[1]


def test_a_cohort_rebuilt_with_the_data_set_back_is_the_one_built_then(messy, study):
    """METHODS 1.6: with known_on (here the day itself) the past is rebuilt exactly."""
    past = pd.Timestamp("2019-06-30").date()
    dated = {"removals": "removal_date", "services": "start_date", "moves_out": "move_date"}
    dated |= {"maltreatment_reports": "report_date", "disruptions": "disruption_date"}
    now, then = messy(3, children=60), {}
    for name, frame in now.items():
        then[name] = frame
        if name in dated:
            frame["known_on"] = frame[dated[name]]
            then[name] = frame[frame["known_on"] <= past].copy()
    open_then = [day is not None and day > past for day in then["removals"]["discharge_date"]]
    then["removals"].loc[open_then, ["discharge_date", "discharge_reason", "household_id"]] = None
    late = [day is not None and day > past for day in then["services"]["end_date"]]
    then["services"].loc[late, "end_date"] = None
    alive = [day is not None and day > past for day in then["children"]["death_date"]]
    then["children"] = then["children"].copy()
    then["children"].loc[alive, "death_date"] = None
    found = []
    for tables in (now, then):
        with ev.connect(tables) as agency:
            cohort = ev.build_cohort(agency, study(data_through=past))
            results = [cohort.exits, cohort.flow, *(cohort.follow_up(name) for name in OUTCOMES)]
            found.append([frame.to_csv() for frame in results])
    assert found[0] == found[1]


KNOWN = {
    "removals": ("removal_date", "discharge_date", "discharge_known_on"),
    "services": ("start_date", "end_date", "end_known_on"),
    "placements": ("start_date", "end_date", "end_known_on"),
    "legal_orders": ("start_date", "end_date", "end_known_on"),
    "children": (None, "death_date", "death_known_on"),
    "maltreatment_reports": ("report_date", None, None),
    "disruptions": ("disruption_date", None, None),
    "moves_out": ("move_date", None, None),
    "closures": ("closure_date", None, None),
}
GO_WITH = {"discharge_date": ["discharge_reason", "household_id"], "end_date": ["end_reason"]}


@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    past=st.dates(datetime.date(2018, 1, 1), datetime.date(2020, 6, 30)),
    way=st.sampled_from(
        [{"unit": "every exit"}, {"unit": "first exit"}, {"index_at": "visit start"}]
    ),
)
@example(seed=4, past=datetime.date(2019, 6, 30), way={"unit": "every exit"})
def test_a_past_years_cohort_is_rebuilt_from_records_entered_late(
    messy, history, study, seed, past, way
):
    """METHODS 1.6: rows and ends are entered up to 90 days late; the past is rebuilt exactly."""
    rng = np.random.default_rng(seed)
    now, then = history(messy(seed, children=40), seed), {}
    for name, (begins, ends, known) in KNOWN.items():
        frame = now[name].copy()
        wait = [datetime.timedelta(days=int(n)) for n in rng.integers(0, 90, 2 * len(frame))]
        if begins:
            begun = [past if pd.isna(day) else day for day in frame[begins]]
            frame["known_on"] = [day + lag for day, lag in zip(begun, wait, strict=False)]
        if ends:
            late = zip(frame[ends], wait[len(frame) :], strict=True)
            frame[known] = [None if day is None or pd.isna(day) else day + lag for day, lag in late]
        now[name] = frame
        then[name] = frame[frame["known_on"] <= past].copy() if begins else frame.copy()
        if ends:
            unknown = [day is not None and day > past for day in then[name][known]]
            gone = [each for each in GO_WITH.get(ends, []) if each in frame]
            then[name].loc[unknown, [ends, known, *gone]] = None
    found = []
    for tables in (now, then):
        with ev.connect(tables) as agency:
            cohort = ev.build_cohort(agency, study(data_through=past, **way))
            results = [cohort.exits, cohort.flow, cohort.spells, cohort.closures]
            results += [cohort.follow_up(name) for name in OUTCOMES]
            found.append([frame.to_csv() for frame in results])
    assert found[0] == found[1]
    assert len(found[0][0].splitlines()) > 5
    assert sum(map(len, now.values())) > sum(map(len, then.values()))
