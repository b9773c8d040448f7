"""What each command does: the whole way from records to files."""

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation.errors import OutputError, StudyError
from evaluation.reporting.folder import (
    refuse_unwritable,
    whole_folder,
    write_csv,
    write_parquet,
    write_text,
)
from evaluation.resources import resource
from evaluation.study import Study

Step = Callable[[str, Callable[[], Any]], Any]
Made = list[tuple[str, Path]]


def new_study(folder: Path) -> Path:
    """Write a commented study.toml into a folder that has none.

    Raises
    ------
    OutputError
        If one is there already, or the folder cannot be written.
    """
    path = folder / "study.toml"
    if path.exists():
        raise OutputError(f"{path} exists already and is not replaced: choose another folder.")
    write_text(path, resource("data_schemas", "study_template.toml").read_text(encoding="utf-8"))
    return path


def check(data: str, out: Path | None, strict: bool, step: Step) -> list[str]:
    """Check data against the contract; write counts, findings and quarantine to ``out``."""
    from evaluation.sources import connect

    with connect(data) as agency:
        result = step("Checking every row", lambda: agency.check(strict=strict))
    lines = [
        f"{row.table}: {row.read:,} rows read = {row.accepted:,} accepted + "
        f"{row.quarantined:,} quarantined ({row.blank_lines:,} blank lines apart)"
        for row in result.counts.itertuples()
    ]
    lines += [f"Finding: {message}" for message in _concerns(result.findings)]
    if out is not None:
        with whole_folder(out) as folder:
            for name in ("counts", "findings", "quarantine"):
                write_csv(folder / f"{name}.csv", getattr(result, name))
        lines.append(f"Wrote {out} (row-level: for internal use only).")
    return lines


def _set_aside(counts: pd.DataFrame) -> list[str]:
    """Say for each table that some of its rows are not used."""
    return [
        f"{row.table}: {row.quarantined:,} of {row.read:,} rows break the contract and are not "
        "used; `permanency check` lists them."
        for row in counts[counts["quarantined"] > 0].itertuples()
    ]


def _concerns(findings: pd.DataFrame) -> list[str]:
    return list(findings.loc[findings["verdict"] != "ok", "message"])


def cohort(study_file: Path, out: Path, step: Step) -> list[str]:
    """Build a study's cohort and write its row-level tables to ``out``."""
    study = Study.from_toml(study_file)
    refuse_unwritable(out)
    with _agency_of(study) as agency:
        _refuse_unserved(agency, study)
        built = step("Building the cohort", lambda: _build(agency, study))
        _write_cohort(built, out)
        last = built.flow.iloc[-1]
        aside = _set_aside(agency.check().counts)
    return [
        *aside,
        f"{int(last.exits):,} exits of {int(last.children):,} children in "
        f"{int(last.families):,} families.",
        f"Wrote {out} (row-level: for internal use only).",
    ]


def report(
    study_file: Path,
    out: Path,
    only: list[str] | None,
    formats: list[str] | None,
    step: Step,
) -> Made:
    """Run a study and write its reports."""
    from evaluation.reporting.write import refuse_unknown

    refuse_unknown(formats, only)
    study = Study.from_toml(study_file)
    refuse_unwritable(out)
    with _agency_of(study) as agency:
        _refuse_unserved(agency, study)
        return _report(agency, study, out, only, formats, step)


def simulate(folder: Path, children: int, seed: int, step: Step) -> list[str]:
    """Write a simulated agency's tables, and a study that fits them."""
    with whole_folder(folder) as made:
        _simulate(made, children, seed, step)
    return [f"Wrote {folder}/data and {folder}/study.toml (simulated; no real children)."]


def demo(out: Path, children: int, seed: int, step: Step) -> Made:
    """Simulate an agency, write it as files, and run everything on those files."""
    from evaluation.sources import connect

    with whole_folder(out) as folder:
        truth = _simulate(folder, children, seed, step)
        study = Study.from_toml(folder / "study.toml")
        with connect(folder / "data", truth=truth) as agency:
            result = step("Checking every row", agency.check)
            for name in ("counts", "findings", "quarantine"):
                write_csv(folder / "check" / f"{name}.csv", getattr(result, name))
            made = _report(agency, study, folder / "report", None, None, step, folder / "cohort")
    places = [("data", out / "data"), ("study", out / "study.toml"), ("checks", out / "check")]
    places += [("cohort", out / "cohort")]
    return places + [(label, out / path.relative_to(folder)) for label, path in made]


def _agency_of(study: Study):
    from evaluation.sources import connect

    remote = "://" in study.data
    return connect(study.data if remote else study.folder / study.data)


def _refuse_unserved(agency, study: Study) -> None:
    """Stop where a program of the study has no spell that started, anywhere in the data."""
    for required in ("children", "removals"):
        agency.table(required)
    if not agency.has("services"):
        return
    started: set[str] = set()
    if agency.has("services", "start_date"):
        services = agency.table("services")
        begun = services.filter(services["start_date"].notnull()).select("program").distinct()
        started = set(begun.to_pandas()["program"])
    for service in study.services:
        if service.program not in started:
            nearest = difflib.get_close_matches(service.program, sorted(started), n=1)
            hint = f' Did you mean "{nearest[0]}"?' if nearest else ""
            raise StudyError(
                f'Nobody received "{service.program}": the services table has no spell of it with '
                f"a start. Programs that started: {', '.join(sorted(started)) or 'none'}.{hint}"
            )


def _build(agency, study: Study):
    from evaluation.cohorts import build_cohort

    built = build_cohort(agency, study)
    if built.exits.empty:
        most = built.flow.loc[built.flow["excluded"].astype(int).idxmax()]
        raise StudyError(
            f"No exit is left to follow. The step that left out most was “{most['step']}”: "
            f"{most['reason']}. Look at cohort.exits, cohort.exit_types and the dates in the data."
        )
    return built


def _report(
    agency,
    study: Study,
    out: Path,
    only: list[str] | None,
    formats: list[str] | None,
    step: Step,
    cohort_out: Path | None = None,
) -> Made:
    from evaluation.effects import beside_truth, effects
    from evaluation.practice import practice_findings
    from evaluation.reporting import write_reports

    built = step("Building the cohort", lambda: _build(agency, study))
    if cohort_out is not None:
        _write_cohort(built, cohort_out)
    found = step("Estimating effects", lambda: effects(built))
    truth = None
    if agency.truth is not None:
        truth = step("Computing the truth", lambda: beside_truth(found, agency.truth, study))
    practice = step("Measuring practice", lambda: practice_findings(agency, built))
    chosen = {"formats": tuple(formats)} if formats else {}
    written = step(
        "Writing the reports",
        lambda: write_reports(
            study, agency, built, found, out, only=only, truth=truth, practice=practice, **chosen
        ),
    )
    return [(path.suffix.lstrip(".") or path.name, path) for path in written]


def _write_cohort(built, out: Path) -> None:
    tables = {"exits": built.exits, "flow": built.flow}
    tables |= {f"follow_up_{name}": built.follow_up(name) for name in built.outcomes}
    if built.study.privacy.pseudonymize:
        from evaluation.reporting.pseudonyms import pseudonymize

        tables = pseudonymize(tables, built.study.seed)
    with whole_folder(out) as folder:
        for name, frame in tables.items():
            write_csv(folder / f"{name}.csv", frame)
            write_parquet(folder / f"{name}.parquet", frame)
        words = "\n".join(f"{rule}: {text}" for rule, text in built.definitions)
        write_text(folder / "definitions.txt", words + "\n")


def _simulate(folder: Path, children: int, seed: int, step: Step):
    """Write a simulated agency's tables and a study that fits them; return its truth."""
    from evaluation.sources.simulation import simulate_tables

    made = step(
        f"Simulating {children:,} children",
        lambda: simulate_tables(children=children, seed=seed),
    )
    for name, frame in made.frames.items():
        write_csv(folder / "data" / f"{name}.csv", frame)
    protocol = resource("data_schemas", "study_template.toml").read_text(encoding="utf-8")
    write_text(folder / "study.toml", protocol)
    return made.truth
