"""Ctrl-C ends a command with one sentence and leaves no half file."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import evaluation
from evaluation import data_jobs

# Says when the first file of the new output is written, and lingers there.
SLOWED = """
import sys, time
import evaluation.reporting.folder as folder
from evaluation.cli import main
whole = folder.write_bytes
def slow(path, content):
    whole(path, content)
    print("half", flush=True)
    time.sleep(60)
folder.write_bytes = slow
sys.argv = ["permanency", *sys.argv[1:]]
main()
"""


def interrupted(place, *arguments):
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SLOWED, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(Path(evaluation.__file__).parent.parent)},
    )
    assert process.stdout.readline() == "half\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.parametrize("earlier", [False, True], ids=["nothing before", "an earlier output"])
def test_ctrl_c_leaves_no_half_output(tmp_path, earlier):
    if earlier:
        data_jobs.simulate(tmp_path / "made", 50, 3, lambda words, work: work())
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    status, said = interrupted(tmp_path, "simulate", "made", "--children", 50, "--seed", 4)
    assert status == 130
    assert said == "Stopped; nothing was left half-written.\n"
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
    assert [p.name for p in tmp_path.iterdir()] == (["made"] if earlier else [])
