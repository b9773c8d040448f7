"""The clock of the truth: what ends a child's follow-up, and how rows are cut."""

import dataclasses

import numpy as np
import pytest

from evaluation.errors import StudyError
from evaluation.sources.simulation import simulate_truth
from evaluation.sources.simulation.follow_up import end_of_follow_up, start_stop_rows
from evaluation.sources.simulation.outcomes import Outcomes
from evaluation.sources.simulation.spells import Spells

NEVER = np.array([np.inf])


def child(**days):
    """One child's events; days not named never come."""
    events = {field.name: NEVER for field in dataclasses.fields(Outcomes)}
    for name in ("substantiated", "unsubstantiated", "unfounded", "unreported"):
        events[name] = np.array([[np.inf]])
    events["trigger"] = np.array([-1])
    events["removal_report_substantiated"] = np.array([False])
    for name, day in days.items():
        shape = events[name].shape
        events[name] = np.full(shape, float(day))
    return Outcomes(**events)


@pytest.mark.parametrize(
    ("outcome", "days", "data_end", "expected"),
    [
        ("reentry", {"reentry": 40}, 800, (40, 1, "outcome")),
        ("reentry", {"reentry": 40, "death": 40}, 800, (40, 1, "outcome")),
        ("reentry", {"age_limit": 40}, 40, (40, 2, "age_limit")),
        ("reentry", {"age_limit": 41}, 40, (40, 0, "data_end")),
        ("reentry", {"death": 40, "move": 40}, 800, (40, 2, "death")),
        ("reentry", {"reentry": 40, "move": 40}, 800, (40, 1, "outcome")),
        ("reentry", {"reentry": 41, "move": 40}, 800, (40, 0, "moved_out")),
        ("reentry", {"reentry": 731}, 800, (730, 0, "horizon")),
        ("reentry", {"disruption": 40, "reentry": 50}, 800, (50, 1, "outcome")),
        ("disruption", {"disruption": 40, "reentry": 50}, 800, (40, 1, "outcome")),
        ("disruption", {"adopted_by_guardian": 40}, 800, (40, 2, "adopted_by_guardian")),
        ("maltreatment", {"substantiated": 40, "reentry": 40}, 800, (40, 1, "outcome")),
        ("maltreatment", {"unsubstantiated": 20, "reentry": 40}, 800, (40, 2, "reentry")),
        ("maltreatment_screened_in", {"unsubstantiated": 20}, 800, (20, 1, "outcome")),
        ("maltreatment_screened_in", {"unreported": 20}, 800, (730, 0, "horizon")),
    ],
)
def test_on_one_day_outcome_then_competing_event_then_censoring(outcome, days, data_end, expected):
    end = end_of_follow_up(child(**days), outcome, 730, np.array([float(data_end)]))
    assert (end.stop[0], end.event[0], end.reason[0]) == expected


def test_rows_are_cut_where_a_service_starts_and_after_its_last_day():
    end = end_of_follow_up(child(reentry=100), "reentry", 730, np.array([800.0]))
    spells = Spells(np.array([[10.0, -5.0]]), np.array([[60.0, 200.0]]))
    rows = start_stop_rows(end, spells, ("late", "known"), begin=1)
    assert rows[["start", "stop", "event"]].values.tolist() == [
        [1, 10, 0],
        [10, 60, 0],
        [60, 100, 1],
    ]
    assert rows["exposure_late"].tolist() == ["before", "in service", "after"]
    assert rows["exposure_known"].tolist() == ["in service"] * 3
    assert rows["end_reason"].tolist() == [None, None, "outcome"]


def test_a_follow_up_that_ends_within_the_merge_gap_has_no_row():
    end = end_of_follow_up(child(death=1), "reentry", 730, np.array([800.0]))
    assert start_stop_rows(end, Spells(np.empty((1, 0)), np.empty((1, 0))), (), 1).empty


def test_rows_of_a_child_join_without_gap_and_end_once():
    truth = simulate_truth(600, seed=6)
    for outcome in ("reentry", "disruption", "maltreatment"):
        rows = truth.follow_up(outcome)
        same = rows["child_id"].eq(rows["child_id"].shift())
        assert (rows["start"] == rows["stop"].shift())[same].all()
        assert (rows["stop"] > rows["start"]).all()
        last = ~rows["child_id"].duplicated(keep="last")
        assert rows["end_reason"].notna().eq(last).all()
        assert (rows.loc[~last, "event"] == 0).all()
        counts = (rows["end_reason"] == "outcome").sum()
        assert counts == (rows["event"] == 1).sum() > 10


def test_the_cohort_and_its_follow_up_tell_the_same_re_entries():
    truth = simulate_truth(600, seed=6)
    events = truth.follow_up("reentry", horizon_days=3_000).query("event == 1")
    days = truth.cohort.set_index("child_id")["reentry_day"].dropna()
    assert events.set_index("child_id")["stop"].to_dict() == days.astype(int).to_dict()


def test_an_outcome_nobody_simulates_is_named():
    with pytest.raises(StudyError, match="maltreatment_screened_in"):
        simulate_truth(100).follow_up("truancy")
