"""The same seed gives the same bytes; one argument changes what it should and no more."""

import hashlib
import subprocess
import sys

import pytest

from evaluation.errors import StudyError
from evaluation.sources.simulation import Scenario, simulate_tables, simulate_truth

DIGEST = """
import hashlib
from evaluation.sources.simulation import simulate_tables
made = simulate_tables(children=400, seed=3)
text = "".join(frame.to_csv(index=False) for frame in made.frames.values())
print(hashlib.sha256((text + made.truth.dirty.to_csv(index=False)).encode()).hexdigest())
"""


def test_two_processes_give_the_same_bytes():
    made = simulate_tables(children=400, seed=3)
    text = "".join(frame.to_csv(index=False) for frame in made.frames.values())
    here = hashlib.sha256((text + made.truth.dirty.to_csv(index=False)).encode()).hexdigest()
    for hash_seed in ("1", "2"):
        there = subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert there.stdout.strip() == here


def test_another_seed_gives_another_agency():
    one, two = (simulate_truth(400, seed=seed).cohort for seed in (1, 2))
    assert not one["index_date"].equals(two["index_date"])


def test_an_argument_leaves_what_it_does_not_concern_as_it_was():
    usual = simulate_truth(800, seed=4).cohort
    lonely = simulate_truth(800, seed=4, common_removal=0.0).cohort
    same = [name for name in usual if "reentry" not in name and "maltreatment" not in name]
    same = [name for name in same if not name.startswith(("start", "end", "disrup", "move"))]
    assert usual[same].equals(lonely[same])
    fewer = lonely["reentry_day"].notna().sum()
    assert fewer < usual["reentry_day"].notna().sum()


def test_a_service_without_effect_changes_no_event():
    usual = simulate_truth(800, seed=4)
    without = simulate_truth(
        800, seed=4, programs=tuple(p for p in Scenario().programs if p.name != "parent_group")
    )
    for day in ("reentry_day", "maltreatment_day", "disruption_event_day"):
        assert usual.cohort[day].equals(without.cohort[day])


def test_no_services_at_all_is_an_agency_too():
    made = simulate_tables(children=200, seed=1, programs=(), dirty=0.0)
    assert not {"services", "assignments"} & set(made.frames)
    assert len(made.truth.follow_up("reentry"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"frailty": 0.5}, "frailty_variance"),
        ({"common_removal": 1.5}, "between 0 and 1"),
        ({"reentry_monthly": (0.1,)}, "6 hazards"),
        ({"programs": Scenario().programs * 2}, "twice"),
    ],
)
def test_wrong_arguments_are_named(arguments, words):
    with pytest.raises(StudyError, match=words):
        simulate_tables(children=100, **arguments)


def test_at_least_one_child_is_asked_for():
    with pytest.raises(StudyError, match="at least one"):
        simulate_tables(children=0)
