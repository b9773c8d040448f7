"""Time and memory of the practice room on a large simulated agency.

    python benchmarks/practice.py --children 1000000

Prints, for each call, seconds, the ratio to the seconds of building the cohort on the same
records, and the peak memory of the process so far. Simulating and reading the records is not
counted. The limits asked are those of the cohort engine: memory under 4 GB.
"""

import argparse
import datetime
import resource
import tempfile
import time
from pathlib import Path

import evaluation as ev
from evaluation.sources.simulation import simulate_tables


def study():
    return ev.Study(
        title="Practice at scale",
        cohort={
            "exits": (datetime.date(2018, 1, 1), datetime.date(2022, 12, 31)),
            "data_through": datetime.date(2024, 6, 30),
            "adoption_link": "kept",
        },
        outcomes={"reentry": {}},
        services=[{"program": "success_coach"}],
        report={"equity_by": ["county", "race_ethnicity"]},
    )


def timed(name, call, base=None):
    begun = time.perf_counter()
    result = call()
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    ratio = "" if base is None else f"{seconds / base:6.2f} x cohort"
    print(f"{name:<34}{seconds:8.1f} s  {ratio:<16}{peak:6.2f} GB so far", flush=True)
    return result, seconds


def write(folder: Path, children: int, seed: int) -> None:
    made = simulate_tables(children=children, seed=seed, dirty=0.0)
    for name, frame in made.frames.items():
        frame.to_parquet(folder / f"{name}.parquet")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, help="a folder of simulated Parquet tables to reuse")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.data or Path(scratch)
        if not (folder / "children.parquet").exists():
            folder.mkdir(parents=True, exist_ok=True)
            # in a process of its own, so that its memory is not counted here
            import multiprocessing

            maker = multiprocessing.get_context("spawn").Process(
                target=write, args=(folder, asked.children, asked.seed)
            )
            maker.start()
            maker.join()
        with ev.connect(folder) as agency:
            timed("reading and checking", agency.check)
            cohort, base = timed("cohort", lambda: ev.build_cohort(agency, study()))
            found, _ = timed(
                "fidelity, Milwaukee, every measure",
                lambda: ev.fidelity(agency, cohort, "milwaukee_ocm_54_00"),
                base,
            )
            timed("due soon", lambda: found.due_soon(30), base)
            timed(
                "seven federal indicators",
                lambda: ev.federal_indicators(agency, "2024-06-30"),
                base,
            )
            timed("permanency questions", lambda: ev.permanency_questions(agency, cohort), base)
            timed("dose and engagement", lambda: ev.dose(agency, cohort), base)
            timed("equity of outcomes", lambda: ev.equity(cohort), base)


if __name__ == "__main__":
    main()
