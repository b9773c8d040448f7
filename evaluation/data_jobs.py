"""What each command on data does: check them, convert them, simulate them."""

import json
import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from evaluation.reporting.folder import (
    refuse_unwritable,
    whole_folder,
    write_csv,
    write_text,
)
from evaluation.resources import resource
from evaluation.study import Study

if TYPE_CHECKING:
    from evaluation.sources import Agency
    from evaluation.sources.simulation import Truth

Step = Callable[[str, Callable[[], Any]], Any]
_DEMO_POLICY = "milwaukee_ocm_54_00"
_DEMO_TRIAL = "respite_care"
_DEMO_REPLICATES = 100


def check(
    data: str, out: Path | None, strict: bool, step: Step, mapping: Path | None = None
) -> list[str]:
    """Check data, or those of a study, against the contract; write what was found to ``out``."""
    from evaluation.sources import connect

    if Path(data).suffix == ".toml":
        opened = agency_of(Study.from_toml(data))
    else:
        opened = connect(data, mapping=mapping)
    with opened as agency:
        result = step("Checking every row", lambda: agency.check(strict=strict))
        if out is not None:
            _write_check(agency, result, out, step)
    lines = [
        f"{row.table}: {row.read:,} rows read = {row.accepted:,} accepted + "
        f"{row.quarantined:,} quarantined ({row.blank_lines:,} blank lines apart)"
        for row in result.counts.itertuples()
    ]
    lines += [
        f"Quarantined: {row.table}{f'.{row.field}' if row.field else ''} ({row.rule}), "
        f"{row.rows:,} {'row' if row.rows == 1 else 'rows'}; the first: {row.example}"
        for row in result.reasons.itertuples()
    ]
    if len(result.quarantine) and out is None:
        lines.append("With --out DIR every row in quarantine is listed, with its line and remedy.")
    lines += [f"Finding: {message}" for message in _concerns(result.findings)]
    if out is not None:
        lines.append(f"Wrote {out} (row-level: for internal use only).")
    return lines


def _write_check(agency, result, out: Path, step: Step) -> None:
    from evaluation.reporting.write import write_quality

    with whole_folder(out) as folder:
        for name in ("counts", "findings", "quarantine"):
            write_csv(folder / f"{name}.csv", getattr(result, name))
        step("Measuring data quality", lambda: write_quality(agency, result, folder))


def _concerns(findings: pd.DataFrame) -> list[str]:
    """Say what is not in order, each finding with its table."""
    odd = findings[findings["verdict"] != "ok"]
    return [
        row.message if row.message.startswith(f"{row.table}:") else f"{row.table}: {row.message}"
        for row in odd.itertuples()
    ]


def convert(form: str, files: list[Path], out: Path, beside: Path | None, step: Step) -> list[str]:
    """Convert federal files to contract tables, with an account of every row."""
    from evaluation.sources import connect
    from evaluation.sources.conversion import conversion_text
    from evaluation.sources.conversion import convert as converted

    refuse_unwritable(out)
    with ExitStack() as open_:
        taken = None if beside is None else open_.enter_context(connect(beside))
        made = open_.enter_context(
            step("Converting every row", lambda: converted(form, files, taken))
        )
        with whole_folder(out) as folder:
            made.write_parquet(folder)
            account = json.dumps(made.report.to_dict(), indent=2, ensure_ascii=False)
            write_text(folder / "conversion.json", account + "\n")
            write_text(folder / "conversion.txt", conversion_text(made.report))
            write_csv(folder / "left_out.csv", made.report.listed)
        rows = [f"{name}: {count:,} rows" for name, count in made.report.tables.items()]
        concerns = list(made.report.limits.query("verdict == 'exceeds limit'")["message"])
    return [
        *rows,
        *(f"Finding: {message}" for message in concerns),
        f"Wrote {out} (row-level: for internal use only); {out / 'conversion.txt'} says what was "
        "left out and what the files cannot carry.",
    ]


def simulate(folder: Path, children: int, seed: int, step: Step) -> list[str]:
    """Write a simulated agency's tables, and a study that fits them."""
    with whole_folder(folder) as made:
        simulated(made, children, seed, step)
    return [f"Wrote {folder}/data and {folder}/study.toml (simulated; no real children)."]


def simulated(folder: Path, children: int, seed: int, step: Step) -> "Truth":
    """Write a simulated agency's tables and a study that fits them; return its truth."""
    from evaluation.sources.simulation import simulate_tables

    made = step(
        f"Simulating {children:,} children",
        lambda: simulate_tables(children=children, seed=seed),
    )
    for name, frame in made.frames.items():
        write_csv(folder / "data" / f"{name}.csv", frame)
    write_text(folder / "study.toml", _demo_study())
    return made.truth


def _demo_study() -> str:
    """Fill in the template: a policy, and a target trial of a service begun after the exit."""
    text = resource("data_schemas", "study_template.toml").read_text(encoding="utf-8")
    text = text.replace("# [files] ", "[files] ", 1)
    for line, filled in (
        (r'# policy = "policy.toml"', f'policy = "{_DEMO_POLICY}"'),
        ("# replicates = 500", f"replicates = {_DEMO_REPLICATES}  "),
        (
            rf'(program = "{_DEMO_TRIAL}"\n.*\n)exposure = "time-varying"',
            r'\1exposure = "target trial"\ngrace_days = 60',
        ),
    ):
        text = re.sub(f"(?m)^{line}", filled, text, count=1)
    return text


def agency_of(study: Study) -> "Agency":
    """Open the data a study names, by its mapping where it has one."""
    from evaluation.sources import connect

    remote = "://" in study.data
    mapping = study.files.mapping
    return connect(
        study.data if remote else study.folder / study.data,
        mapping=None if mapping is None else study.folder / mapping,
    )
