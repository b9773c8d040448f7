"""Killed at any moment, a command leaves the whole old output or the whole new one."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

import evaluation
from evaluation import jobs
from evaluation.reporting.folder import MANIFEST, _manifest, _refuse_foreign

MOMENTS = 10
# Says when it begins to work, and lingers around the step in which the new output takes its place.
SLOWED = """
import sys, time
import evaluation.cli as cli, evaluation.reporting.folder as folder
import evaluation.jobs
exchange = folder._exchange
def slow(made, out):
    time.sleep(0.1)
    done = exchange(made, out)
    time.sleep(0.1)
    return done
folder._exchange = slow
print("begun", flush=True)
sys.argv = ["permanency", *sys.argv[1:]]
cli.app()
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed") / "agency"
    jobs.simulate(folder, 50, 3, lambda words, work: work())
    rows = "\n".join(f"2020,WI,r{n},n{n},01152020,02202020,c{n},2,1" for n in range(20))
    header = "SubYr,StaTerr,RptID,ChID,RptDt,RpDispDt,AFCARSID,ChMal1,Mal1Lev"
    (folder / "ncands.csv").write_text(f"{header}\n{rows}\n")
    return folder


def started(*arguments):
    """Start a command and return it when it begins to work."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SLOWED, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(evaluation.__file__).parent.parent,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert process.stdout.readline() == b"begun\n"
    return process, time.monotonic()


@pytest.mark.parametrize(
    "command",
    [
        ["check", "{place}/data"],
        ["convert", "ncands", "{place}/ncands.csv"],
        ["cohort", "{place}/study.toml"],
    ],
    ids=lambda command: command[0],
)
def test_killed_at_ten_moments_the_output_is_whole(place, command):
    out = place.parent / f"out-{command[0]}"
    arguments = [word.format(place=place) for word in command] + ["--out", str(out)]
    process, begun = started(*arguments)
    assert process.communicate(timeout=120) and process.returncode == 0
    lasted = time.monotonic() - begun
    chance = random.Random(command[0])
    killed = 0
    for moment in range(MOMENTS):
        process, begun = started(*arguments)
        last = chance.uniform(0, 0.4)
        at = max(lasted - last, 0) if moment % 2 else chance.uniform(0, lasted)
        time.sleep(max(begun + at - time.monotonic(), 0))
        process.kill()
        process.communicate(timeout=60)
        killed += process.returncode != 0
        _refuse_foreign(out)
        listed = _manifest(out)
        assert (out / MANIFEST).is_file() and listed
        assert [name for name in listed if not (out / name).is_file()] == []
    assert killed > 0
