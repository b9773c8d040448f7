"""Small versions of the long simulations and timings, so that they keep running and keep being true."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parent.parent
SETS = 14


@pytest.fixture(scope="module")
def simulation():
    spec = importlib.util.spec_from_file_location("truth", ROOT / "benchmarks" / "truth.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.LARGE = 60_000
    return module


@pytest.fixture(scope="module")
def judged(simulation):
    seeds = range(simulation.FIRST_SEED, simulation.FIRST_SEED + SETS)
    draws = pd.DataFrame([row for s in seeds for row in simulation.one_set("moderate", s)])
    known = simulation.truths("moderate")
    return draws.merge(known, on=["estimator", "measure"])


def test_every_estimator_has_its_own_truth(judged, simulation):
    pairs = set(zip(judged["estimator"], judged["measure"], strict=True))
    assert {name for name, _ in pairs} == set(simulation.ESTIMATORS)
    assert ("coach, weights", "marginal") in pairs
    assert ("group, outcome model", "conditional") in pairs


def test_estimates_scatter_around_their_truth_as_their_standard_errors_say(judged):
    """Mean z within 3.3 standard errors of zero, spread of z between a third and double of one."""
    for (_, measure), rows in judged.groupby(["estimator", "measure"]):
        scale = np.log if measure != "risk_difference" else (lambda value: value)
        z = (scale(rows["estimate"]) - scale(rows["truth"])) / rows["se"]
        assert len(z) > SETS / 2
        assert abs(z.mean()) < 3.3 / np.sqrt(len(z))
        assert 0.4 < z.std() < 1.9


@pytest.mark.parametrize("work", range(5))
def test_each_timing_of_the_package_runs(work):
    spec = importlib.util.spec_from_file_location("speed", ROOT / "benchmarks" / "speed.py")
    speed = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(speed)
    name = list(speed.WORK)[work]
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "speed.py", "--measure", name, "this package",
         "--rows", "3000"],
        capture_output=True, text=True, timeout=120, check=False,
        env=speed.os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["seconds"] > 0
    assert np.isfinite(found["value"]).all()


def test_the_cohort_and_the_check_give_what_sql_written_by_hand_gives(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import cohort_data
    import cohorts

    data = tmp_path / "agency.duckdb"
    sizes = cohort_data.make(data, 4000)
    assert sizes["placements"] > 9 * sizes["children"]
    files = [tmp_path / name for name in ("package.parquet", "hand.parquet")]
    ours = cohorts.by_package("cohort", data, files[0])
    assert ours["rows"] == cohorts.by_hand("cohort", data, files[1])["rows"] > ours["exits"] > 3000
    assert cohorts.differing(*files) == 0
    checked = cohorts.by_package("check", data, None)
    assert checked["rows"] == cohorts.by_hand("check", data, None)["rows"] == sizes["placements"]
