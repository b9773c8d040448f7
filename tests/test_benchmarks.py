"""Small versions of the long simulations and timings, so that they keep running and keep being true."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parent.parent
SETS, TRIAL_SETS = 14, 8


@pytest.fixture(scope="module")
def simulation():
    sys.path.insert(0, str(ROOT / "benchmarks"))
    spec = importlib.util.spec_from_file_location("truth", ROOT / "benchmarks" / "truth.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.LARGE = 60_000
    module.TRIAL_REPLICATES = 20
    return module


@pytest.fixture(scope="module")
def judged(simulation):
    others, trials = simulation.run_in("moderate")
    rows = []
    for number in range(SETS):
        names = others + (trials if number < TRIAL_SETS else ())
        rows += simulation.one_set("moderate", names, simulation.FIRST_SEED + number)
    draws = pd.DataFrame(rows)
    known = simulation.truths("moderate")
    return draws.merge(known, on=["estimator", "measure"])


def test_every_estimator_has_its_own_truth(judged, simulation):
    pairs = set(zip(judged["estimator"], judged["measure"], strict=True))
    assert {name for name, _ in pairs} == set(simulation.ESTIMATORS)
    assert ("coach, weights", "marginal") in pairs
    assert ("group, outcome model", "conditional") in pairs


def test_estimates_scatter_around_their_truth_as_their_standard_errors_say(judged):
    """Mean z within 3.3 standard errors of zero, spread of z between a third and double of one."""
    honest = judged[judged["estimator"] != "group, ever against never"]
    for (estimator, measure), rows in honest.groupby(["estimator", "measure"]):
        scale = np.log if measure != "risk_difference" else (lambda value: value)
        z = (scale(rows["estimate"]) - scale(rows["truth"])) / rows["se"]
        assert len(z) > (5 if estimator == "group, target trial" else SETS / 2)
        assert abs(z.mean()) < 3.3 / np.sqrt(len(z))
        assert 0.4 < z.std() < 1.9


def test_where_crises_confound_a_trial_given_history_is_judged_too(simulation, monkeypatch):
    """The target trial without history, and other comparisons of starts, stay marked as biased."""
    monkeypatch.setattr(simulation, "TRIAL_REPLICATES", 4)
    crises, given = list(simulation.SCENARIOS)[-1], simulation.GIVEN_HISTORY
    assert "crises" in crises
    trials = simulation.run_in(crises)[1]
    rows = simulation.one_set(crises, trials, simulation.FIRST_SEED)
    by = {r["estimator"]: r["estimate"] for r in rows if r["measure"] == "risk_difference"}
    assert by[given] != by[simulation.TRIAL]
    assert simulation.violated(crises, given) == ""
    assert "crises" in simulation.violated(crises, simulation.TRIAL)
    assert given not in simulation.estimators_of("moderate")
    assert given in set(simulation.truths(crises)["estimator"])


def test_what_is_done_is_read_again_and_a_turn_does_an_eighth(simulation, monkeypatch, tmp_path):
    monkeypatch.setattr(simulation, "KEPT", tmp_path)
    asked = []

    def one(seed):
        asked.append(seed)
        return [{"seed": seed}]

    def done(count):
        parts = simulation.chunks(tmp_path, "trials-", one, 7, count, map, size=5)
        return sum(len(part) for part in parts)

    assert done(10) == 10
    assert done(20) == 20
    assert asked == list(range(7, 27))
    assert [simulation.so_far(2000, turn) for turn in (1, 8)] == [250, 2000]
    assert [simulation.so_far(50, turn, 5) for turn in (1, 2, 8)] == [10, 15, 50]
    assert simulation.run_in(simulation.DELAYED)[1] == ()


def test_ever_against_never_misses_the_truth_by_far(judged):
    own = judged[judged["estimator"] == "group, ever against never"]
    assert own["estimate"].mean() < own["truth"].iloc[0] - 0.01


def test_an_agency_like_the_published_visits_study(tmp_path):
    """Ever against never claims far more than the chosen truth of 0.69; the honest ones do not."""
    spec = importlib.util.spec_from_file_location("it", ROOT / "benchmarks" / "immortal_time.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    table = module.showcase(children=3_510, replicates=20)
    by = table.set_index("exposure")
    assert by.loc["naive", "estimate"] < 0.45
    for exposure in ("landmark", "time-varying", "target trial"):
        assert by.loc[exposure, "ci_low"] < module.TRUTH < by.loc[exposure, "ci_high"]
    module.draw(table, tmp_path / "forest.svg")
    assert (tmp_path / "forest.svg").read_text().rstrip().endswith("</svg>")


SPEED = ROOT / "benchmarks" / "speed.py"


def _run(*options):
    done = subprocess.run(
        [sys.executable, SPEED, *map(str, options)], capture_output=True, text=True, timeout=120,
        check=False, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("speed")
    for kind in ("right_censored", "start_stop"):
        _run("--write", kind, 3000, folder / kind)
    return folder


@pytest.fixture(scope="module")
def speed():
    spec = importlib.util.spec_from_file_location("speed", SPEED)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("work", range(5))
def test_each_timing_of_the_package_runs(work, folders, speed):
    name = list(speed.WORK)[work]
    out = _run("--measure", name, "this package", folders / speed.WORK[name][0])
    found = json.loads(out.splitlines()[-1])
    assert found["seconds"] > 0 and found["peak_mb"] > 50 and found["rows"] >= 3000
    assert np.isfinite(found["value"]).all()


def test_a_peer_that_cannot_run_is_said_and_the_rest_goes_on(speed, tmp_path, monkeypatch):
    ours = next(iter(speed.WORK.values()))[1]["this package"]
    work = {speed.FINE_GRAY: ("right_censored", {"this package": ours, "nobody": "no such job"})}
    monkeypatch.setattr(speed, "WORK", work)
    monkeypatch.setattr(speed.shutil, "which", lambda name: None)
    monkeypatch.setattr(speed, "measured", lambda *a: {"seconds": 1.0, "peak_mb": 9, "value": [1]})
    lines = speed.side_by_side(500, 60, sys.executable, tmp_path)
    assert "| this package | 1 | 1.0 | 9 | yes |" in lines[2]
    assert "| nobody | – | – | – | Rscript was not found |" in lines[3]


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
    assert cohorts.differing(*map(cohorts.exits_beside, files)) == 0
    checked = cohorts.by_package("check", data, None)
    assert checked["rows"] == cohorts.by_hand("check", data, None)["rows"] == sizes["placements"]


def test_the_files_whose_conversion_is_timed_convert_whole(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import conversion

    expected = {"afcars-1993": ("removals", 100), "ncands": ("maltreatment_reports", 168)}
    for form, (table, rows) in expected.items():
        files = conversion.make(form, 400, tmp_path)
        found = conversion.measure(form, files, tmp_path)
        assert found["rows"] == 400
        assert found["tables"][table] == rows
        assert all((tmp_path / f"{name}.parquet").stat().st_size for name in found["tables"])
