"""Time and memory of the practice room on a large simulated agency.

    python benchmarks/practice.py --children 1000000
    python benchmarks/practice.py --children 200000 --beside

Prints, for each call, processor seconds, the ratio to those of building the cohort on the same
records, and the peak memory of the process so far. Simulating the records is not counted. The
limits asked are those of the cohort engine: memory under 4 GB.

With ``--beside`` the seven federal indicators and eight measures, six of which need households'
support windows, are timed beside SQL written by hand for DuckDB, each in a process of its own,
and their counts and the windows are compared one by one.
"""

import argparse
import datetime
import multiprocessing
import resource
import sys
import tempfile
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
from ibis.expr.types import Table

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from cohorts import Clock  # noqa: E402

import evaluation as ev  # noqa: E402
from evaluation.sources import contract  # noqa: E402
from evaluation.sources.simulation import simulate_tables  # noqa: E402

MEMORY = "2GB"
START, THROUGH = "2021-04-01", "2024-06-30"
EXITS = ["exit_id", "child_id", "family_id", "removal_family_id", "household_id", "county"]
EXITS += ["index_date", "next_removal_date", "age_limit_date", "death_date", "move_day"]
STAYS = ["child_id", "number", "household_id", "removal_date", "discharge_date"]
STAYS += ["discharge_reason", "standing"]
TYPES = {"date": "DATE", "boolean": "BOOLEAN", "string": "VARCHAR"}
READ = ("children", "removals", "placements", "maltreatment_reports", "contacts", "meetings")
READ += ("assessments", "case_events", "closures")
BUILT = ("exits", "stays", "ends", "waits")
COUNTS = ["met", "not_met", "not_yet_due", "cannot_be_computed", "ended_before_due"]
WINDOW = ["window_start", "window_end", "support_end", "first_return", "window_pending"]
WINDOWS = """
SELECT unit AS unit_id, any_value(window_start) AS window_start,
       any_value(window_end) AS window_end, any_value(support_end) AS support_end,
       any_value(first_return) AS first_return, any_value(pending) AS window_pending
FROM windows GROUP BY unit
"""
REPLACED = "SELECT household_id AS unit_id, start, replaced_on FROM replaced"


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
    clock = Clock()
    result = call()
    seconds = clock.read()["processor"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    ratio = "" if base is None else f"{seconds / base:6.2f} x cohort"
    print(f"{name:<34}{seconds:8.1f} s  {ratio:<16}{peak:6.2f} GB so far", flush=True)
    return result, seconds


def write(folder: Path, children: int, seed: int) -> None:
    made = simulate_tables(children=children, seed=seed, dirty=0.0)
    for name, frame in made.frames.items():
        frame.to_parquet(folder / f"{name}.parquet")


def by_package(folder: Path, out: Path) -> None:
    """Compute the indicators and the measures with the package; write counts and costs."""
    with ev.connect(folder) as agency:
        cohort = ev.build_cohort(agency, study())
        for name, rows in _built(cohort).items():
            pq.write_table(rows.to_pyarrow(), out / f"{name}.parquet")
        for table in READ:
            agency.table(table)
        clock = Clock()
        federal = ev.federal_indicators(agency, THROUGH, start=START)
        indicators = clock.read()
        found = ev.fidelity(agency, cohort, HERE / "measures.toml")
        measures = clock.read()
        found.windows.to_parquet(out / "windows.p")
        found.replaced_windows.to_parquet(out / "replaced.p")
    names = {"denominator": "n", "numerator": "events"}
    counted = federal.by_county.rename(columns=names)
    counted[["indicator", "county", "n", "events", "clusters"]].to_parquet(out / "indicators.p")
    found.by_unit.rename(columns={"unit": "county"})[["measure", "county", *COUNTS]].to_parquet(
        out / "measures.p"
    )
    _told(out / "package", indicators, measures)


def _built(cohort: ev.Cohort) -> dict[str, Table]:
    """Return what of the cohort as built both sides begin with."""
    stages = cohort.stages
    waits = stages.support.filter(stages.support.support_status == "before")
    return {
        "exits": stages.exits.select(*EXITS, exit_type="discharge_reason"),
        "stays": stages.candidates.select(*STAYS),
        "ends": stages.closures.select("exit_id", "closure_day", "ends_window"),
        "waits": waits.select("exit_id", "leave"),
    }


def by_hand(folder: Path, out: Path) -> None:
    """Compute the same with SQL; the tables it reads are loaded, typed, before the clock."""
    connection = duckdb.connect()
    connection.execute(f"SET memory_limit = '{MEMORY}'")
    for name in READ:
        path = folder / f"{name}.parquet"
        kinds = {f.name: TYPES[f.type] for f in contract().table(name).fields if f.type in TYPES}
        named = connection.sql(f"SELECT * FROM '{path}' LIMIT 0").columns
        cast = ", ".join(f"CAST({n} AS {kind}) AS {n}" for n, kind in kinds.items() if n in named)
        connection.execute(f"CREATE TABLE {name} AS SELECT * REPLACE ({cast}) FROM '{path}'")
    for name in BUILT:
        connection.execute(f"CREATE TABLE {name} AS FROM '{out / name}.parquet'")
    clock = Clock()
    connection.execute((HERE / "indicators_by_hand.sql").read_text())
    indicators = clock.read()
    connection.execute((HERE / "measures_by_hand.sql").read_text())
    measures = clock.read()
    for name in ("indicators", "measures"):
        connection.table(name).df().to_parquet(out / f"{name}.h")
    for name, query in (("windows", WINDOWS), ("replaced", REPLACED)):
        connection.sql(query).df().to_parquet(out / f"{name}.h")
    _told(out / "hand", indicators, measures)


def _told(path: Path, indicators: dict, measures: dict) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    row = {"indicators": indicators["processor"], "measures": measures["processor"], "peak": peak}
    path.write_text(pd.Series(row).to_json())


def apart(work, *given) -> None:
    """Do a piece of work in a process of its own, so that its memory is its own."""
    process = multiprocessing.get_context("spawn").Process(target=work, args=given)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{work.__name__} ended with {process.exitcode}")


def beside(folder: Path, out: Path) -> None:
    """Time the package beside SQL by hand and compare every count."""
    apart(by_package, folder, out)
    apart(by_hand, folder, out)
    ours, theirs = (pd.read_json(out / name, typ="series") for name in ("package", "hand"))
    for name in ("indicators", "measures"):
        ratio = ours[name] / theirs[name]
        print(f"{name:<12}{ours[name]:8.2f} s beside {theirs[name]:6.2f} s: {ratio:.2f} times")
    both = ours[["indicators", "measures"]].sum() / theirs[["indicators", "measures"]].sum()
    print(f"together {both:.2f} times; peak {ours['peak']:.2f} GB beside {theirs['peak']:.2f} GB")
    sides = {
        name: [pd.read_parquet(out / f"{name}.{side}") for side in "ph"]
        for name in ("indicators", "measures", "windows", "replaced")
    }
    differ(*sides["indicators"], ["indicator", "county"], ["n", "events", "clusters"])
    names = {"unrecorded": "cannot_be_computed", "ended": "ended_before_due"}
    hand = sides["measures"][1].rename(columns=names)
    hand = hand.groupby(["measure", "county"], dropna=False)[COUNTS].sum().reset_index()
    differ(sides["measures"][0], hand, ["measure", "county"], COUNTS)
    differ(*sides["windows"], ["unit_id"], WINDOW)
    differ(*sides["replaced"], ["unit_id", "start"], ["replaced_on"])


def differ(ours: pd.DataFrame, theirs: pd.DataFrame, keys: list[str], values: list[str]) -> None:
    """Stop unless both sides have the same values under the same keys."""
    sides = []
    for side in (ours, theirs):
        if "county" in keys:
            side = side.assign(county=side["county"].fillna("not recorded"))
        side = side.set_index(keys)[values].sort_index()
        numbers = side.select_dtypes("number").columns
        sides.append(side.astype(dict.fromkeys(numbers, "int64")))
    pd.testing.assert_frame_equal(*sides, check_dtype=False, check_index_type=False)
    print(f"{sides[0].size} values by {' and '.join(keys)} are the same")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, help="a folder of simulated Parquet tables to reuse")
    parser.add_argument("--beside", action="store_true", help="time SQL by hand beside")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.data or Path(scratch)
        if not (folder / "children.parquet").exists():
            folder.mkdir(parents=True, exist_ok=True)
            apart(write, folder, asked.children, asked.seed)
        if asked.beside:
            out = Path(scratch) / "counts"
            out.mkdir()
            beside(folder, out)
            return
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
