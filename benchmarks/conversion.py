"""Time the conversion of federal files: processor and wall seconds, peak memory.

Each measurement runs in a process of its own, so that its peak of memory is its own. The files are
made by SQL, a row like any other: what matters here is their size.

    python benchmarks/conversion.py                   # a million rows of each format
    python benchmarks/conversion.py --rows 100000
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent)]

PERIODS = [f"{year}{month}" for year in range(2014, 2019) for month in ("03", "09")]
STAY = 4
# A child is in four periods running; every third has left by the last of them.
SNAPSHOTS = """
select '55' as State, '{year}' as RepDatYr, '{month}' as RepDatMo,
  lpad((1 + n % 70)::varchar, 5, '0') as FIPSCode, 'C' || lpad(n::varchar, 9, '0') as RecNumbr,
  strftime(date '2002-01-01' + (n % 4000)::int, '%Y%m%d') as DOB, 1 + n % 2 as SEX,
  (n % 5 = 0)::int as BLKAFRAM, (n % 5 <> 0)::int as WHITE, 1 + n % 2 as HISORGIN, 2 as CLINDIS,
  0 as MR, 0 as VISHEAR, 0 as PHYDIS, (n % 9 = 0)::int as EmotDist, 1 as TotalRem,
  strftime(begun, '%Y%m%d') as LatRemDt, strftime(begun + 7, '%Y%m%d') as RemTrnDt,
  strftime(begun + (40 * (place // 2))::int, '%Y%m%d') as CurSetDt, 1 + place // 2 as NumPlep,
  2 as MANREM, (n % 3 = 0)::int as NEGLECT, (n % 4 = 0)::int as DAPARENT, 1 + n % 5 as CURPLSET,
  case when out then strftime(begun + 560, '%Y%m%d') end as DoDFCDt,
  case when out then 1 + n % 3 else 0 end as DISREASN
from (
  select n, {index} - n % {starts} as place,
    n % 3 = 0 and {index} - n % {starts} = {stay} - 1 as out,
    date '2013-10-05' + (n % {starts} * 182)::int as begun
  from range({children}) as t(n) where {index} - n % {starts} between 0 and {stay} - 1)
"""
RECORDS = """
select {year} as SubYr, 'WI' as StaTerr, 'R' || n as RptID, 'N' || n // 2 as ChID,
  strftime(date '{before}-12-01' + (n % 300)::int, '%m%d%Y') as RptDt,
  strftime(date '{before}-12-30' + (n % 270)::int, '%m%d%Y') as RpDispDt,
  1 + n % 13 as RptSrc, n % 18 as ChAge, 1 + n % 2 as ChSex,
  1 + n % 5 as ChMal1, 1 + n % 7 as Mal1Lev,
  case when n % 4 = 0 then 2 end as ChMal2, case when n % 4 = 0 then 5 end as Mal2Lev,
  1 as Per1Rel, 1 as Per1Mal1,
  case when n % 3 = 0 then 'C' || lpad((n // 2)::varchar, 9, '0') end as AFCARSID
from range({begin}, {end}) as t(n)
"""


def make(form: str, rows: int, folder: Path) -> list[Path]:
    """Write files of a format with so many rows in all, one per period or year."""
    if form == "afcars-1993":
        starts = len(PERIODS) - STAY + 1
        facts = {"starts": starts, "stay": STAY, "children": rows // STAY}
        parts = {
            name: SNAPSHOTS.format(year=name[:4], month=name[4:], index=n, **facts)
            for n, name in enumerate(PERIODS)
        }
    else:
        parts = {
            f"{2019 + n}": RECORDS.format(
                year=2019 + n, before=2018 + n, begin=n * rows // 2, end=(n + 1) * rows // 2
            )
            for n in range(2)
        }
    paths = []
    with duckdb.connect() as engine:
        for name, query in parts.items():
            path = folder / f"{form}-{name}.csv"
            engine.execute(f"copy ({query}) to '{path}' (header)")
            paths.append(path)
    return paths


def measure(form: str, files: list[Path], out: Path) -> dict:
    """Convert and write what is made; the rows of every table beside what it took."""
    from evaluation.sources.conversion import convert

    begin = time.perf_counter()
    with convert(form, files) as made:
        made.write_parquet(out)
        read = int(made.report.steps.query("kind == 'read'")["rows"].sum())
        tables = made.report.tables
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "rows": read,
        "tables": tables,
        "processor": round(used.ru_utime + used.ru_stime, 1),
        "wall": round(time.perf_counter() - begin, 1),
        "peak_gb": round(used.ru_maxrss / 1e6, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        form, out, *files = given.measure
        print(json.dumps(measure(form, [Path(file) for file in files], Path(out))))
        return
    print("| format | rows read | rows made | processor s | wall s | peak GB |")
    print("|---|---:|---:|---:|---:|---:|")
    for form in ("afcars-1993", "ncands"):
        with tempfile.TemporaryDirectory() as folder:
            files = make(form, given.rows, Path(folder))
            done = subprocess.run(
                [sys.executable, __file__, "--measure", form, folder, *map(str, files)],
                capture_output=True,
                text=True,
                check=True,
            )
            found = json.loads(done.stdout.splitlines()[-1])
        made = ", ".join(f"{rows:,} {name}" for name, rows in found["tables"].items())
        print(
            f"| {form} | {found['rows']:,} | {made} | {found['processor']} | {found['wall']} | "
            f"{found['peak_gb']} |"
        )


if __name__ == "__main__":
    main()
