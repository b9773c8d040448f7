"""What each command on a study does: the whole way from records to files."""

import difflib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation.data_jobs import Step, agency_of, simulated
from evaluation.errors import StudyError
from evaluation.reporting.folder import (
    refuse_unwritable,
    whole_folder,
    write_csv,
    write_parquet,
    write_text,
)
from evaluation.second_process import SecondProcess
from evaluation.study import Study

Made = list[tuple[str, Path]]
_LARGE = 100_000
"""Exits beyond which effects are estimated in one process."""


def plan(study: Path, given: dict[str, Any]) -> list[str]:
    """Say what a study of so many exits could find, without reading any data."""
    from evaluation.effects import plan as planned

    found = planned(Study.from_toml(study), **given)
    lines = []
    for (service, outcome), rows in found.table.groupby(["service", "outcome"], sort=False):
        lines.append(f"{service}, {outcome}:")
        lines += [
            f"  {row.quantity:<36} {'–' if pd.isna(row.value) else f'{row.value:,.3g}':>9}  "
            f"{row.words}"
            for row in rows.itertuples()
        ]
    return [*lines, *found.notes]


def _set_aside(counts: pd.DataFrame) -> list[str]:
    """Say for each table that some of its rows are not used."""
    return [
        f"{row.table}: {row.quarantined:,} of {row.read:,} rows break the contract and are not "
        "used; `permanency check` lists them."
        for row in counts[counts["quarantined"] > 0].itertuples()
    ]


def cohort(study_file: Path, out: Path, step: Step, kept: Path | None = None) -> list[str]:
    """Build a study's cohort and write its row-level tables to ``out``.

    With ``[files] last_cohort`` also how the data of today differ from those it was made of; with
    ``kept``, the folder of a cache, from what an earlier command read and built.
    """
    study = Study.from_toml(study_file)
    refuse_unwritable(out)
    with agency_of(study) as agency:
        cache = _cache(kept, agency, study)
        step("Checking every row", lambda: _first_read(agency, study, cache))
        built = step("Building the cohort", lambda: _build(agency, study, cache))
        since, told = _since_last(agency, built, step)
        soon = step("Listing what is due soon", lambda: _due_soon(agency, built))
        _write_cohort(built, out, since, soon)
        last = built.flow.iloc[-1]
        aside = _set_aside(agency.check().counts)
        where = None if cache is None else cache.kept_in
    internal = "(row-level: for internal use only)."
    return [
        *aside,
        f"{int(last.exits):,} exits of {int(last.children):,} children in "
        f"{int(last.families):,} families.",
        *told,
        f"Wrote {out} {internal}",
        *([] if where is None else [f"Kept for the next run: {where} {internal}"]),
    ]


def _cache(kept: Path | None, agency, study: Study):
    if kept is None:
        return None
    from evaluation.cache import Cache

    return Cache(kept, agency, study)


def _first_read(agency, study: Study, cache) -> None:
    if cache is not None:
        cache.take_tables()
    _refuse_unserved(agency, study)


def _since_last(agency, built, step: Step) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Compare with a cohort saved earlier, under the rules it was built by."""
    from evaluation.cohorts import build_cohort
    from evaluation.cohorts.changes import (
        RULES_FILE,
        change_words,
        changes,
        read_saved,
        refuse_other_ids,
        saved_rules,
    )

    study = built.study
    if study.files.last_cohort is None:
        return {}, []
    path = study.folder / study.files.last_cohort
    saved, rules = read_saved(path), saved_rules(path)
    if rules is not None and rules != study.cohort:
        then = study.model_copy(update={"cohort": rules, "assurance": ()})
        built = step("Building the saved cohort anew", lambda: build_cohort(agency, then))
    now = _private({"exits": built.exits}, study)["exits"]
    refuse_other_ids(saved, now, path)
    table = changes(saved, now)
    told = [f"Since {path} was saved: {change_words(saved, table)}; changes.csv lists them."]
    if rules is None:
        told.append(
            f"No {RULES_FILE} is beside it, so it was compared under this study's rules: an exit "
            "that these let in and those did not counts as a late entry."
        )
    return {"changes": table}, told


def report(
    study_file: Path,
    out: Path,
    only: list[str] | None,
    formats: list[str] | None,
    step: Step,
    kept: Path | None = None,
) -> Made:
    """Run a study and write its reports; ``kept`` is the folder of a cache."""
    from evaluation.evidence import registry_of
    from evaluation.reporting.write import refuse_unknown

    refuse_unknown(formats, only)
    study = Study.from_toml(study_file)
    refuse_unwritable(out)
    registry_of(study)
    with agency_of(study) as agency, SecondProcess() as beside:
        cache = _cache(kept, agency, study)
        step("Checking every row", lambda: _first_read(agency, study, cache))
        made = _report(agency, study, out, only, formats, step, beside, cache=cache)
        where = None if cache is None else cache.kept_in
    return [*made, *([] if where is None else [("kept, internal", where)])]


def demo(out: Path, children: int, seed: int, step: Step) -> Made:
    """Simulate an agency, write it as files, and run everything on those files."""
    from evaluation.effects.truth import exposures
    from evaluation.sources import connect
    from evaluation.sources.simulation.estimands import estimands

    with whole_folder(out) as folder, SecondProcess() as beside:
        truth = simulated(folder, children, seed, step)
        study = Study.from_toml(folder / "study.toml")
        known = beside.start(partial(estimands, truth.scenario, exposures=exposures(study)))
        with connect(folder / "data", truth=truth) as agency:
            result = step("Checking every row", agency.check)
            for name in ("counts", "findings", "quarantine"):
                write_csv(folder / "check" / f"{name}.csv", getattr(result, name))
            made = _report(
                agency,
                study,
                folder / "report",
                None,
                None,
                step,
                beside,
                cohort_out=folder / "cohort",
                known=known,
            )
    places = [("data", out / "data"), ("study", out / "study.toml"), ("checks", out / "check")]
    places += [("cohort", out / "cohort")]
    return places + [(label, out / path.relative_to(folder)) for label, path in made]


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


def _build(agency, study: Study, cache=None):
    from evaluation.cohorts import build_cohort

    if cache is None:
        built = build_cohort(agency, study)
    else:
        built = cache.cohort(lambda: build_cohort(agency, study))
        cache.keep_tables()
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
    beside: SecondProcess,
    cohort_out: Path | None = None,
    cache=None,
    known: Callable[[], pd.DataFrame] | None = None,
) -> Made:
    from evaluation import evidence
    from evaluation.effects import beside_truth
    from evaluation.effects.trial.forecast import trial_forecast
    from evaluation.practice import practice_findings
    from evaluation.reporting import write_reports

    built = step("Building the cohort", lambda: _build(agency, study, cache))
    words = ": ".join(filter(None, ["Estimating effects", trial_forecast(built)]))
    every = step(words, lambda: _begin_effects(built, beside))
    practice = step("Measuring practice", lambda: practice_findings(agency, built))
    found = step("Trying other choices", every)
    weighed = step("Weighing the evidence", lambda: evidence(built, found))
    truth = None
    if agency.truth is not None:
        truth = step(
            "Computing the truth",
            lambda: beside_truth(found, agency.truth, study, None if known is None else known()),
        )
    cohort_is_written = list
    if cohort_out is not None:
        soon = None if practice.fidelity is None else practice.fidelity.due_soon()
        rows = _row_level(built, soon)
        cohort_is_written = beside.start(
            _write_tables, cohort_out, rows, {}, _rules_in_words(built)
        )
    chosen = {"formats": tuple(formats)} if formats else {}
    written = step(
        "Writing the reports",
        lambda: write_reports(
            study,
            agency,
            built,
            found,
            out,
            only=only,
            truth=truth,
            evidence=weighed,
            practice=practice,
            start=beside.start,
            **chosen,
        ),
    )
    cohort_is_written()
    return [(path.suffix.lstrip(".") or path.name, path) for path in written]


def _due_soon(agency, built) -> pd.DataFrame | None:
    """List what the study's policy asks within the next 30 days; None without a policy."""
    from evaluation.practice import fidelity
    from evaluation.practice.policy import policy_of

    if policy_of(built.study) is None:
        return None
    return fidelity(agency, built).due_soon()


def _begin_effects(built, beside: SecondProcess) -> Callable[[], Any]:
    """Estimate the main outcome's contrasts; return how to wait for every effect.

    The other outcomes' contrasts, and the primary one under other choices, are estimated in
    the second process meanwhile. A large cohort stays in one, to spare memory.
    """
    from evaluation.cohorts.held import held
    from evaluation.effects.contrast import main_outcome
    from evaluation.effects.sensitivity import needed, other_choices, with_e_values
    from evaluation.effects.study_effects import contrasts_on, effects, put_together

    study = built.study
    if not study.services or not built.outcomes or built.flow.iloc[-1]["exits"] > _LARGE:
        found = effects(built)
        return lambda: _with_sensitivity(built, found)
    pairs = [] if study.primary is None else [(study.primary.service, study.primary.outcome)]
    main, cohort = main_outcome(built), held(built)
    others = [outcome for outcome in built.outcomes if outcome != main]
    elsewhere = beside.start(_contrasts_on_each, cohort, others)
    repeated = beside.start(other_choices, needed(built, pairs), pairs)
    own = contrasts_on(cohort, main)

    def every() -> Any:
        found = elsewhere() | {main: own}
        together = put_together(built, [found[outcome] for outcome in built.outcomes])
        if not pairs:
            return _with_sensitivity(built, together)
        return replace(together, sensitivity=with_e_values(together, repeated()))

    return every


def _contrasts_on_each(cohort, outcomes: list[str]) -> dict:
    from evaluation.effects.study_effects import contrasts_on

    return {outcome: contrasts_on(cohort, outcome) for outcome in outcomes}


def _with_sensitivity(built, found):
    """Repeat the primary contrast (without one, the first) under other choices."""
    from evaluation.effects import sensitivity

    primary = built.study.primary
    chosen = found.table[["service", "outcome"]].drop_duplicates().head(1)
    pairs = list(chosen.itertuples(index=False, name=None))
    if primary is not None:
        pairs = [(primary.service, primary.outcome)]
    return replace(found, sensitivity=sensitivity(built, found, contrasts=pairs))


def _private(tables: dict[str, pd.DataFrame], study: Study) -> dict[str, pd.DataFrame]:
    """Replace ids by pseudonyms where the study says so."""
    if not study.privacy.pseudonymize:
        return tables
    from evaluation.reporting.pseudonyms import pseudonym_key, pseudonymize

    return pseudonymize(tables, pseudonym_key(study))


def _write_cohort(
    built,
    out: Path,
    since: dict[str, pd.DataFrame] | None = None,
    due_soon: pd.DataFrame | None = None,
) -> None:
    """Write row-level tables; those of ``since`` are private already and go as CSV alone."""
    _write_tables(out, _row_level(built, due_soon), since or {}, _rules_in_words(built))


def _row_level(built, due_soon: pd.DataFrame | None) -> dict[str, pd.DataFrame]:
    tables = {"exits": built.exits, "flow": built.flow}
    tables |= {f"follow_up_{name}": built.follow_up(name) for name in built.outcomes}
    if due_soon is not None:
        tables["due_soon"] = due_soon.drop(columns="case_id")
    return _private(tables, built.study)


def _rules_in_words(built) -> dict[str, str]:
    from evaluation.cohorts.changes import RULES_FILE, rules_text

    words = "\n".join(f"{rule}: {text}" for rule, text in built.definitions)
    return {RULES_FILE: rules_text(built.study.cohort), "definitions.txt": words + "\n"}


def _write_tables(
    out: Path,
    tables: dict[str, pd.DataFrame],
    as_csv: dict[str, pd.DataFrame],
    texts: dict[str, str],
) -> None:
    with whole_folder(out) as folder:
        for name, frame in tables.items():
            write_csv(folder / f"{name}.csv", frame)
            write_parquet(folder / f"{name}.parquet", frame)
        for name, frame in as_csv.items():
            write_csv(folder / f"{name}.csv", frame)
        for name, text in texts.items():
            write_text(folder / name, text)
