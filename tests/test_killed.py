"""Killed at any moment, a command leaves the whole old output or the whole new one."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import evaluation
from evaluation.reporting.folder import MANIFEST

ROOT = Path(evaluation.__file__).parent.parent
MOMENTS = 10
# One process imports everything and forks a child per moment, before any engine has started. A
# whole run is timed first; the step in which the folders change places is slowed, so that moments
# fall before, in and after it.
DRIVER = """
import os, random, signal, sys, time
from pathlib import Path
import duckdb, ibis, pyarrow.parquet, matplotlib.figure
import evaluation.jobs as jobs, evaluation.data_jobs as data_jobs, evaluation.cohorts, evaluation.reporting.write
import evaluation.reporting.folder as folder
import evaluation.sources.conversion, evaluation.study

command, place, moments = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
out = place / "out" / command
quietly = lambda words, work: work()
def run():
    if command == "check":
        data_jobs.check(str(place / "data"), out, False, quietly)
    elif command == "convert":
        data_jobs.convert("ncands", [place / "ncands.csv"], out, None, quietly)
    else:
        jobs.cohort(place / "study.toml", out, quietly)

def slowed():
    whole, step = folder._take_place, folder._exchange
    def take_place(made, out):
        time.sleep(0.05); whole(made, out); time.sleep(0.05)
    def exchange(made, out):
        time.sleep(0.05); done = step(made, out); time.sleep(0.05); return done
    folder._take_place, folder._exchange = take_place, exchange

def child():
    pid = os.fork()
    if pid == 0:
        slowed()
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, 1); os.dup2(devnull, 2)
        try:
            run()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return pid

begun = time.monotonic()
pid = child()
assert os.waitpid(pid, 0)[1] == 0, "the first run failed"
lasted = time.monotonic() - begun
chance = random.Random(command)
killed = 0
for moment in range(moments):
    late = moment % 2
    at = lasted - chance.uniform(0, 0.25) if late else chance.uniform(0, lasted)
    pid = child()
    time.sleep(max(at, 0))
    os.kill(pid, signal.SIGKILL)
    killed += os.waitpid(pid, 0)[1] == signal.SIGKILL
    folder._refuse_foreign(out)
    listed = folder._manifest(out)
    assert listed, "the output is gone"
    for name in listed:
        assert (out / name).is_file(), name
print("KILLED", killed)
"""


STUDY = """
title = "Killed"
data = "data"

[cohort]
exits = ["2019-01-01", "2019-12-31"]
data_through = "2021-12-31"

[outcomes.reentry]

[[services]]
program = "success_coach"
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    for name in ("data", "out"):
        (folder / name).mkdir()
    children = [f"c{n}" for n in range(20)]
    tables = {
        "children": {"child_id": children, "birth_date": "2010-05-01"},
        "removals": {
            "removal_id": children,
            "child_id": children,
            "removal_date": "2019-01-31",
            "discharge_date": "2019-08-31",
            "discharge_reason": "reunification",
        },
        "services": {
            "service_id": children[:9],
            "child_id": children[:9],
            "program": "success_coach",
            "start_date": "2019-08-31",
        },
    }
    for name, columns in tables.items():
        pd.DataFrame(columns).to_csv(folder / "data" / f"{name}.csv", index=False)
    (folder / "study.toml").write_text(STUDY)
    rows = "\n".join(f"2020,WI,r{n},n{n},01152020,02202020,{c},2,1" for n, c in enumerate(children))
    header = "SubYr,StaTerr,RptID,ChID,RptDt,RpDispDt,AFCARSID,ChMal1,Mal1Lev"
    (folder / "ncands.csv").write_text(f"{header}\n{rows}\n")
    return folder


@pytest.mark.parametrize("command", ["check", "convert", "cohort"])
def test_killed_at_ten_moments_the_output_is_whole(place, command):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DRIVER, command, str(place), str(MOMENTS)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split("KILLED ")[1]) > 0
    assert (place / "out" / command / MANIFEST).is_file()
