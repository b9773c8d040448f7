"""Work in a second process gives what it would give here, and never outlives its context."""

import math
import os
import signal
import time
from functools import partial

import pytest

from evaluation.errors import StudyError
from evaluation.second_process import SecondProcess
from evaluation.study import Study

HERE = os.getpid()


def die_elsewhere(here: int) -> str:
    if os.getpid() != here:
        os.kill(os.getpid(), signal.SIGKILL)
    return "made here"


@pytest.mark.parametrize("cores", [1, 2])
def test_the_answer_is_the_same_on_one_core_and_on_two(cores):
    with SecondProcess(cores) as beside:
        wait = beside.start(math.comb, 40, 20)
        assert wait() == math.comb(40, 20)


def test_with_two_cores_it_is_another_process_and_with_one_it_is_this():
    with SecondProcess(2) as beside:
        assert beside.start(os.getpid)() != HERE
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


def test_nothing_goes_on_after_the_context_is_left():
    before = time.monotonic()
    with SecondProcess(2) as beside:
        beside.start(time.sleep, 60)
        while not (beside._processes and beside._processes[0].is_alive()):
            time.sleep(0.05)
        process = beside._processes[0]
    process.join(10)
    assert not process.is_alive()
    assert time.monotonic() - before < 30
