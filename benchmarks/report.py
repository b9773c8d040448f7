"""Time and memory of a descriptive report on a state's records.

    python benchmarks/report.py                      # about 300,000 exits
    python benchmarks/report.py --children 30000

Makes the records, then reads and checks them, builds the cohort and writes every report that
needs no comparison, in HTML, Word and PDF; in a process of its own, so that its peak of memory is
its own. Making the records is not counted. The limits asked are two minutes on two cores and 4 GB.
"""

import argparse
import datetime
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import cohort_data  # noqa: E402

FIRST, LAST, THROUGH = (
    datetime.date(*day) for day in ((2005, 1, 1), (2023, 12, 31), (2024, 6, 30))
)


class Account:
    """Wall and processor seconds, those of started programs among them, and the peak so far."""

    def __init__(self):
        self.total = [0.0, 0.0]

    def __call__(self, name, work):
        begun = _now()
        made = work()
        passed = [b - a for a, b in zip(begun, _now(), strict=True)]
        self.total = [a + b for a, b in zip(self.total, passed, strict=True)]
        self.say(name, *passed)
        return made

    def say(self, name, wall, processor):
        peak = max(resource.getrusage(who).ru_maxrss for who in _WHO) / 1024**2
        print(f"| {name} | {wall:.1f} | {processor:.1f} | {peak:.2f} |", flush=True)


_WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def _now() -> tuple[float, float]:
    used = [resource.getrusage(who) for who in _WHO]
    return time.perf_counter(), sum(own.ru_utime + own.ru_stime for own in used)


def report(data: Path, out: Path) -> None:
    """Run the way from records to reports without any comparison; print what each step took."""
    import evaluation as ev
    from evaluation.practice import practice_findings

    account = Account()
    study = ev.Study(
        title="A state",
        design="descriptive",
        cohort={"exits": (FIRST, LAST), "data_through": THROUGH, "adoption_link": "kept"}
        | {"unit": "every exit"},
        outcomes={"reentry": {}, "disruption": {}},
        services=[],
        report={"equity_by": ["race_ethnicity", "sex", "county"]},
    )
    print("| step | wall s | processor s | peak GB so far |\n|---|---:|---:|---:|")
    with account("opening", lambda: ev.connect(data)) as agency:
        account("reading and checking every row", agency.check)
        cohort = account("cohort", lambda: ev.build_cohort(agency, study))
        effects = account("effects (none asked)", lambda: ev.effects(cohort))
        practice = account("practice", lambda: practice_findings(agency, cohort))
        account(
            "reports, workbook, charts",
            lambda: ev.write_reports(study, agency, cohort, effects, out, practice=practice),
        )
        account.say("**all**", *account.total)
        print(f"\n{len(cohort.exits):,} exits of {cohort.exits['child_id'].nunique():,} children")


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--children", type=int, default=330_000)
    options.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    if given.data:
        report(given.data, given.out)
        return
    with tempfile.TemporaryDirectory() as place:
        data = Path(place) / "state.duckdb"
        cohort_data.make(data, given.children)
        out = given.out or Path(place) / "report"
        own = [sys.executable, __file__, "--data", str(data), "--out", str(out)]
        sys.exit(subprocess.run(own, check=False).returncode)


if __name__ == "__main__":
    main()
