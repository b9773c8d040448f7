"""Seconds and memory of a target trial whose bootstrap refits every weight model.

    python benchmarks/target_trial.py

One trial of 100,000 simulated children, 500 replicates, three grace periods, all weight
models given covariates at the exit; the bootstrap is shared by two processes of one
thread each. Writes ``TARGET_TRIAL.md``. Simulating the children is not counted.
"""

import argparse
import resource
import time
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import truth

from evaluation.effects.target_trial import target_trial
from evaluation.sources.simulation import simulate_truth

PAGE = Path(__file__).parent / "TARGET_TRIAL.md"
LIMIT = 60


def cohort_of(children: int, replicates: int, seed: int) -> SimpleNamespace:
    """A simulated cohort and the protocol of the trial."""
    made = simulate_truth(children=children, seed=seed, **truth.SCENARIOS["moderate"])
    study = truth.study_of("group", "target trial", "all eligible", False)
    adjustment = study.adjustment.model_copy(update={"replicates": replicates, "truncate": 0.99})
    rows = made.follow_up("reentry", horizon_days=truth.HORIZON)
    clusters = made.cohort.set_index("exit_id")["cluster"]
    rows["family_id"] = rows["exit_id"].map(clusters)
    return SimpleNamespace(
        study=study.model_copy(update={"adjustment": adjustment}),
        exits=made.cohort.assign(family_id=made.cohort["cluster"]),
        follow_up=lambda _outcome: rows,
        report_days=None,
    )


def cpu(who: int) -> float:
    """Seconds of the processor."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def memory(who: int) -> float:
    """Peak memory of the largest process, in GB."""
    return resource.getrusage(who).ru_maxrss / 1024**2


def page(found: dict, given: argparse.Namespace, table: pd.DataFrame) -> str:
    """What was measured, as Markdown."""
    own = table.set_index("measure").loc["risk_difference"]
    return f"""# A target trial of {given.children:,} children

Written by `python benchmarks/target_trial.py`: one simulated cohort, {given.replicates:,}
replicates of whole families in which every weight model is fitted again (day 0, starting later,
moving away, the last days of three grace periods), {given.workers} processes of one thread;
{found["terms"]} covariate columns, {found["families"]:,} families. The limit asked is {LIMIT} s on
two cores. Others may have used the machine: seconds of the processor a process are what it takes
alone.

| | |
|---|---:|
| wall time, s | {found["wall"]:.1f} |
| processor time, all processes, s | {found["cpu"]:.1f} |
| processor time a process, s | {found["each"]:.1f} |
| peak memory, the process that asks, GB | {found["memory"]:.2f} |
| peak memory, a process that resamples, GB | {found["memory_worker"]:.2f} |
| risk difference at day {truth.HORIZON} (se) | {own.estimate:.5f} ({own.se:.5f}) |
"""


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=100_000)
    parser.add_argument("--replicates", type=int, default=500)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    cohort = cohort_of(given.children, given.replicates, given.seed)
    own, wall = cpu(resource.RUSAGE_SELF), time.perf_counter()
    trial = target_trial(cohort, "reentry", "group", seed=given.seed, workers=given.workers)
    wall = time.perf_counter() - wall
    own, workers = cpu(resource.RUSAGE_SELF) - own, cpu(resource.RUSAGE_CHILDREN)
    found = {
        "wall": wall,
        "cpu": own + workers,
        "each": own + workers / given.workers,
        "memory": memory(resource.RUSAGE_SELF),
        "memory_worker": memory(resource.RUSAGE_CHILDREN),
        "families": int(trial.table["clusters"].iloc[0]),
        "terms": int((trial.balance["when"] == "exit").sum()),
    }
    text = page(found, given, trial.table)
    print(text)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
