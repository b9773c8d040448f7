"""What a command says while it works: times on a terminal, a log when asked, nothing in a pipe."""

import io
import logging
import os
import subprocess
import sys

import pytest
from rich.console import Console
from typer.testing import CliRunner

from evaluation.cli import app
from evaluation.progress import LOG, SHARES, Steps


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def work(self, seconds):
        def done():
            self.now += seconds
            return seconds

        return done


def steps(*planned, terminal=False):
    clock, console = Clock(), Console(file=io.StringIO(), force_terminal=terminal)
    return Steps(planned, console, clock), clock, console.file


def test_the_remaining_time_follows_the_pace_of_the_steps_done():
    """13 seconds for a share of 26 is half a second a share: 2 + 22.5 are left."""
    run, clock, _ = steps("Checking every row", "Building the cohort", "Estimating effects")
    assert run.remaining(SHARES["Checking every row"], 1) is None
    run("Checking every row", clock.work(13))
    assert run._take("Building the cohort") == 4
    assert run.remaining(4, 0) == pytest.approx(0.5 * 4 + 0.5 * 45)
    assert run.remaining(4, 100) == pytest.approx(0.5 * 45)


def test_a_step_that_does_not_come_is_not_waited_for():
    run, clock, _ = steps("Checking every row", "Computing the truth", "Writing the reports")
    run("Checking every row", clock.work(26))
    run("Writing the reports", clock.work(20))
    assert run.remaining(0, 0) == 0


def test_a_short_step_shows_no_times():
    run, clock, _ = steps("Checking every row", "Estimating effects")
    run("Checking every row", clock.work(52))
    assert run._times(35, 1) == ""
    assert run._times(35, 10) == "0:10, about 2:30 left"


def test_a_pipe_stays_quiet_and_a_terminal_is_told():
    for terminal in (False, True):
        run, clock, said = steps(terminal=terminal)
        assert run("Checking every row", clock.work(1)) == 1
        assert ("Checking every row" in said.getvalue()) == terminal


def test_verbose_logs_every_step_and_how_long_it_took(tmp_path):
    done = CliRunner().invoke(
        app, ["--verbose", "simulate", str(tmp_path / "made"), "--children", "50"]
    )
    assert done.exit_code == 0
    assert "Simulating 50 children: " in done.stderr
    quiet = CliRunner().invoke(app, ["simulate", str(tmp_path / "again"), "--children", "50"])
    assert quiet.stderr == ""
    assert LOG.level == logging.WARNING


def test_version_names_what_results_depend_on():
    done = CliRunner().invoke(app, ["--version"])
    assert done.exit_code == 0
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert names[:2] == ["permanency-evaluation", "Python"]
    assert {"duckdb", "numpy", "pandas", "scipy", "statsmodels", "typst"} <= set(names)
    assert all(line.split()[1][0].isdigit() for line in done.stdout.splitlines())


def test_a_notebook_that_asks_for_colour_is_no_terminal(tmp_path):
    """Jupyter sets FORCE_COLOR for what it starts; the pipe stays quiet all the same."""
    (tmp_path / "children.csv").write_text("child_id,birth_date\na,2010-01-31\n")
    (tmp_path / "removals.csv").write_text("removal_id,child_id,removal_date\ne,a,2017-03-01\n")
    done = subprocess.run(
        [sys.executable, "-m", "evaluation", "check", str(tmp_path)],
        env=os.environ | {"FORCE_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
