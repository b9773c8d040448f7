"""Work in a second process gives what it would give here, and never outlives its context."""

import math
import os
import signal
import time
from functools import partial

import pandas as pd
import pytest

import evaluation as ev
from evaluation import jobs
from evaluation.errors import StudyError
from evaluation.second_process import SecondProcess
from evaluation.study import Study

HERE = os.getpid()


def die_elsewhere(here: int) -> str:
    if os.getpid() != here:
        os.kill(os.getpid(), signal.SIGKILL)
    return "made here"


def done(beside: SecondProcess) -> None:
    """Wait until all that was begun has been done."""
    beside._thread.submit(int).result()


@pytest.mark.parametrize("cores", [1, 2])
def test_the_answer_is_the_same_on_one_core_and_on_two(cores):
    with SecondProcess(cores) as beside:
        wait = beside.start(math.comb, 40, 20)
        assert wait() == math.comb(40, 20)


def test_with_two_cores_it_is_another_process_and_with_one_it_is_this():
    with SecondProcess(2) as beside:
        wait = beside.start(os.getpid)
        done(beside)
        assert wait() != HERE
    with SecondProcess(1) as beside:
        assert beside.start(os.getpid)() == HERE


def test_what_it_raises_is_raised_here_in_its_own_words():
    with SecondProcess(2) as beside:
        wait = beside.start(Study.from_toml, "nowhere/study.toml")
        with pytest.raises(StudyError, match=r"nowhere/study\.toml"):
            wait()


def test_a_process_that_is_killed_is_replaced_by_this_one():
    with SecondProcess(2) as beside:
        assert beside.start(partial(die_elsewhere, HERE))() == "made here"


def test_after_it_was_killed_everything_is_done_here():
    with SecondProcess(2) as beside:
        waits = [beside.start(partial(die_elsewhere, HERE)), beside.start(os.getpid)]
        assert [wait() for wait in waits] == ["made here", HERE]


def test_one_process_does_all_that_is_asked_of_it():
    with SecondProcess(2) as beside:
        waits = [beside.start(os.getpid) for _ in range(3)]
        done(beside)
        assert len({wait() for wait in waits}) == 1


def test_what_is_asked_for_before_its_turn_is_done_here():
    with SecondProcess(2) as beside:
        beside.start(time.sleep, 120)
        assert beside.start(os.getpid)() == HERE


def test_nothing_goes_on_after_the_context_is_left():
    with SecondProcess(2) as beside:
        beside.start(time.sleep, 120)
        while beside._process is None:
            time.sleep(0.05)
        other = beside._process.pid
    for _ in range(600):
        try:
            os.kill(other, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("the second process is still there after half a minute")


def test_effects_estimated_side_by_side_are_those_estimated_in_turn(monkeypatch):
    study = Study(
        title="A study",
        cohort={
            "exits": ["2018-01-01", "2022-12-31"],
            "data_through": "2024-06-30",
            "horizon_days": 365,
        },
        outcomes={"reentry": {}, "maltreatment": {}},
        services=[{"program": "success_coach", "label": "Coach", "exposure": "at exit"}],
        primary={"service": "success_coach", "outcome": "reentry", "horizon": 365},
        adjustment={"covariates": ["age_at_exit"], "weights": "overlap", "outcome_model": False},
        report={"horizons": [365]},
    )
    with ev.simulate_agency(children=1_000, seed=3) as agency, SecondProcess(2) as beside:
        built = ev.build_cohort(agency, study)
        together = jobs._begin_effects(built, beside)()
        assert beside._process is not None
        monkeypatch.setattr(jobs, "_LARGE", 0)
        with SecondProcess(2) as idle:
            in_turn = jobs._begin_effects(built, idle)()
            assert idle._process is None
    assert not together.table.empty
    followed = {*together.table["outcome"], *together.cannot["outcome"]}
    assert followed == {"reentry", "maltreatment"}
    for name in ("table", "beside", "sensitivity", "diagnostics", "curves", "balance", "models"):
        pd.testing.assert_frame_equal(getattr(together, name), getattr(in_turn, name))
    assert [str(note) for note in together.notes] == [str(note) for note in in_turn.notes]
