"""Time the cohort and the check of placements beside hand-written DuckDB SQL.

Each measurement runs in a process of its own, so that its peak of memory is its own. Ratios are of
processor seconds, which other work on the machine changes least.

    python benchmarks/cohorts.py                      # 1 and 10 million; writes COHORTS.md
    python benchmarks/cohorts.py --children 1000000   # one size; writes nothing
"""

import argparse
import datetime
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

SIZES = {1_000_000: "2GB", 10_000_000: "8GB"}
"""Children, and the memory DuckDB is allowed on both sides."""
BY_HAND = {"cohort": "cohort_by_hand.sql", "check": "check_by_hand.sql"}
IN_PANDAS = 10_000_000


def study():
    """The study whose rows the hand-written SQL gives."""
    import evaluation as ev

    return ev.Study(
        title="Speed",
        cohort={
            "exits": (datetime.date(2005, 1, 1), datetime.date(2023, 12, 31)),
            "data_through": datetime.date(2024, 6, 30),
            "adoption_link": "kept",
            "unit": "every exit",
            "merge_gap_days": 1,
            "min_days_exit": 8,
            "horizon_days": 730,
        },
        outcomes={"reentry": {}},
        services=[{"program": "coach"}, {"program": "respite"}],
    )


class Clock:
    """Processor and wall seconds since it was made or read."""

    def __init__(self):
        self.begin = self._now()

    @staticmethod
    def _now() -> tuple[float, float]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime, time.perf_counter()

    def read(self) -> dict[str, float]:
        now = self._now()
        passed = [round(a - b, 2) for a, b in zip(now, self.begin, strict=True)]
        self.begin = self._now()
        return dict(zip(("processor", "wall"), passed, strict=True))


def by_package(work: str, data: Path, out: Path | None) -> dict:
    """Check a table, or check and build; the laps of the way and the number of rows."""
    import evaluation as ev

    with ev.connect(data) as agency:
        for table in ("children", "removals"):
            agency.table(table)
        clock = Clock()
        if work == "check":
            rows = agency.table("placements").count().to_pyarrow().as_py()
            return {"laps": {"check of placements": clock.read()}, "rows": rows}
        for table in ("placements", "services"):
            agency.table(table)
        clock.read()
        cohort = ev.build_cohort(agency, study())
        table = cohort.follow_up_table("reentry")
        laps = {"exits to start–stop rows": clock.read()}
        rows = table.count().to_pyarrow().as_py()
        if out is not None:
            exits = cohort.stages.exits
            shown = exits.select(**{name: exits[own] for name, own in cohort.columns.items()})
            for path, made in ((out, table), (exits_beside(out), shown)):
                reader = made.to_pyarrow_batches(chunk_size=100_000)
                with pq.ParquetWriter(path, reader.schema) as writer:
                    for batch in reader:
                        writer.write_batch(batch)
        exits = cohort.stages.exits.count().to_pyarrow().as_py()
        if rows <= IN_PANDAS:
            clock.read()
            frame = cohort.follow_up("reentry")
            laps["rows with covariates to pandas"] = clock.read()
            assert len(frame) == rows
        return {"laps": laps, "rows": rows, "exits": exits}


def exits_beside(rows: Path) -> Path:
    """Where the exits go that belong to a file of rows."""
    return rows.with_suffix(".exits.parquet")


def by_hand(work: str, data: Path, out: Path | None) -> dict:
    """Run the hand-written SQL, with the memory the package allows DuckDB."""
    from evaluation.sources.engines import memory_limit

    with (
        tempfile.TemporaryDirectory() as scratch,
        duckdb.connect(
            config={"memory_limit": memory_limit(), "temp_directory": scratch}
        ) as connection,
    ):
        connection.execute("ATTACH $data AS agency (READ_ONLY)".replace("$data", f"'{data}'"))
        connection.execute("SET preserve_insertion_order = false")
        for table in ("children", "removals", "services", "placements"):
            wanted = work == "cohort" or table == "children"
            kind = "TABLE" if wanted else "VIEW"
            connection.execute(f"CREATE {kind} {table} AS SELECT * FROM agency.{table}")
        clock = Clock()
        connection.execute((HERE / BY_HAND[work]).read_text(encoding="utf-8"))
        laps = {"by hand": clock.read()}
        made = "rows_by_hand" if work == "cohort" else "accepted"
        rows = connection.sql(f"SELECT count(*) FROM {made}").fetchone()[0]
        if out is not None:
            connection.execute(f"COPY {made} TO '{out}' (FORMAT parquet)")
            if work == "cohort":
                connection.execute(f"COPY exits_by_hand TO '{exits_beside(out)}' (FORMAT parquet)")
    return {"laps": laps, "rows": rows}


def differing(one: Path, other: Path) -> int:
    """Count rows that only one of two files holds, in the columns of the second."""
    with duckdb.connect(config={"memory_limit": "4GB"}) as connection:
        columns = ", ".join(
            row[0] for row in connection.sql(f"DESCRIBE SELECT * FROM '{other}'").fetchall()
        )
        sides = [f"SELECT {columns} FROM '{path}'" for path in (one, other)]
        return sum(
            connection.sql(f"SELECT count(*) FROM ({a} EXCEPT ALL {b})").fetchone()[0]
            for a, b in (sides, sides[::-1])
        )


def measured(who: str, work: str, data: Path, memory: str, out: Path | None = None) -> dict:
    """Run one measurement in a process of its own."""
    command = [sys.executable, __file__, "--measure", who, work, str(data)]
    done = subprocess.run(
        [*command, *([str(out)] if out else [])],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PERMANENCY_MEMORY": memory},
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def compare(data: Path, folder: Path, memory: str) -> dict[str, dict]:
    """Measure both works by both; the rows of the cohort must be the same."""
    found = {}
    for work in BY_HAND:
        files = [folder / f"{who}.parquet" for who in ("package", "hand")]
        outs = files if work == "cohort" else [None, None]
        ours = measured("package", work, data, memory, outs[0])
        hand = measured("hand", work, data, memory, outs[1])
        differ = abs(ours["rows"] - hand["rows"])
        if work == "cohort":
            differ += differing(*files) + differing(*map(exits_beside, files))
        if differ:
            raise RuntimeError(f"{work}: {differ} rows differ between the package and the SQL.")
        first = next(iter(ours["laps"].values()))
        ratio = first["processor"] / hand["laps"]["by hand"]["processor"]
        found[work] = {"package": ours, "hand": hand, "ratio": round(ratio, 2)}
    return found


def lines_of(children: int, sizes: dict[str, int], found: dict[str, dict]) -> list[str]:
    """One size as lines of a Markdown table."""
    lines = []
    for work, each in found.items():
        for who in ("package", "hand"):
            for lap, took in each[who]["laps"].items():
                name = f"package: {lap}" if who == "package" else lap
                seconds = f"{took['processor']:.1f} | {took['wall']:.1f}"
                lines.append(
                    f"| {children:,} | {sizes['placements']:,} | {sizes['services']:,} | {work} | "
                    f"{name} | {each[who]['rows']:,} | {seconds} | {each[who]['peak_gb']:.2f} |"
                )
        ratio = f"**{each['ratio']:.2f}**"
        lines.append(f"| | | | {work} | **times hand-written SQL** | | {ratio} | | |")
    return lines


def main() -> None:
    """Measure, or write COHORTS.md."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--children", type=int)
    parser.add_argument("--measure", nargs="+")
    given = parser.parse_args()
    if given.measure:
        who, work, data, *out = given.measure
        run = by_package if who == "package" else by_hand
        found = run(work, Path(data), Path(out[0]) if out else None)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        print(json.dumps(found | {"peak_gb": round(peak, 2)}))
        return
    from cohort_data import make

    lines = [
        "| children | placements | spells | work | who | rows | processor s | wall s | peak GB |",
        "|---:|---:|---:|---|---|---:|---:|---:|---:|",
    ]
    for children in [given.children] if given.children else SIZES:
        with tempfile.TemporaryDirectory() as folder:
            data, memory = Path(folder, "agency.duckdb"), SIZES.get(children, "2GB")
            sizes = make(data, children)
            lines += lines_of(children, sizes, compare(data, Path(folder), memory))
    about = __doc__.split("\n\n")[1]
    text = "\n".join(["# Cohorts beside hand-written SQL", "", about, "", *lines, ""])
    print(text)
    if not given.children:
        (HERE / "COHORTS.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
