"""The command line: simulate, check, build, report."""

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from evaluation.errors import PermanencyError
from evaluation.progress import LOG, Steps

# Sums do not depend on how many cores share them, and the matrices here are small.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
_INTERRUPTED = 130
_REPORT: tuple[str, ...] = ("Building the cohort", "Estimating effects", "Measuring practice")
_REPORT += ("Trying other choices", "Weighing the evidence", "Writing the reports")

_ONLY = "Write only annual, brief, technical, data_quality or program; repeat for several."

Out = Annotated[Path, typer.Option("--out", help="Folder for what is written.")]
Children = Annotated[int, typer.Option("--children", min=50, help="Children to simulate.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed: the same seed, the same bytes.")]
CacheFolder = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        help="Folder where checked tables and the cohort are kept for the next run (row-level); "
        "by default .permanency-cache beside --out.",
    ),
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Read and build everything anew, and keep nothing.")
]
StudyFile = Annotated[Path, typer.Argument(metavar="STUDY", help="A study.toml.")]


def _say_version(asked: bool) -> None:
    if asked:
        from evaluation.reporting.provenance import versions

        for name, number in versions().items():
            _say(f"{name} {number}")
        raise typer.Exit


@app.callback()
def every_command(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_say_version,
            is_eager=True,
            help="Say the versions that results depend on, and exit.",
        ),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Log every step and how long it took.")
    ] = False,
) -> None:
    """Did post-permanency services keep children safely home?

    From administrative records to an outcome report.
    """
    LOG.handlers.clear()
    if verbose:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
        LOG.addHandler(handler)
    LOG.setLevel(logging.INFO if verbose else logging.WARNING)


@app.command()
def demo(out: Out = Path("out/demo"), children: Children = 20_000, seed: Seed = 1) -> None:
    """Simulate an agency, then check, cohort and report it."""
    from evaluation import jobs

    made = jobs.demo(out, children, seed, _steps("Simulating", "Checking every row", *_REPORT))
    _say("Simulated data and reports; nothing here is about real children.")
    for label, path in made:
        _say(f"  {label:<18} {path}")


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the new study.")],
    files: Annotated[
        list[Path] | None,
        typer.Option("--from", help="A CSV or Excel file of yours; repeat for several."),
    ] = None,
    more: Annotated[list[Path] | None, typer.Argument(metavar="[FILES…]", hidden=True)] = None,
) -> None:
    """Write a commented study.toml to start from; with --from a draft mapping of your files."""
    from evaluation.new_study import new_study

    for line in new_study(folder, [*(files or ()), *(more or ())]):
        _say(line)


@app.command()
def check(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="Folder, workbook, .duckdb, postgresql://…, spark://… or a study.toml.",
        ),
    ],
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the lists.")] = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="How your own files become tables.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first table with a broken row.")
    ] = False,
) -> None:
    """Check the data against the contract: counts, findings, quarantine."""
    from evaluation import data_jobs

    for line in data_jobs.check(data, out, strict, _steps("Checking every row"), mapping):
        _say(line)


@app.command()
def convert(
    form: Annotated[
        str, typer.Argument(metavar="FORMAT", help="afcars-1993, afcars-2020 or ncands.")
    ],
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILES…", help="In the order of submission: the later file wins."),
    ],
    out: Out = Path("out/data"),
    beside: Annotated[
        Path | None,
        typer.Option(
            "--beside",
            help="A folder converted before: its tables are taken along, and NCANDS identifiers "
            "are matched with its children.",
        ),
    ] = None,
) -> None:
    """Convert AFCARS or NCANDS files to contract tables, with an account of every row."""
    from evaluation import data_jobs

    for line in data_jobs.convert(form, files, out, beside, _steps()):
        _say(line)


@app.command()
def cohort(
    study: StudyFile,
    out: Out = Path("out/cohort"),
    cache: CacheFolder = None,
    no_cache: NoCache = False,
) -> None:
    """Build the cohort: exits, follow-up rows and flow, as Parquet and CSV."""
    from evaluation import jobs

    for line in jobs.cohort(study, out, _steps(), _cache(out, cache, no_cache)):
        _say(line)


@app.command()
def report(
    study: StudyFile,
    out: Out = Path("out/report"),
    only: Annotated[list[str] | None, typer.Option("--only", help=_ONLY)] = None,
    formats: Annotated[
        list[str] | None, typer.Option("--format", help="html, docx or pdf; repeat for several.")
    ] = None,
    cache: CacheFolder = None,
    no_cache: NoCache = False,
) -> None:
    """Write the reports, the workbook, the charts and every estimate."""
    from evaluation import jobs

    steps, kept = _steps("Checking every row", *_REPORT), _cache(out, cache, no_cache)
    for label, path in jobs.report(study, out, only, formats, steps, kept):
        _say(f"  {label:<18} {path}")


@app.command()
def plan(
    study: StudyFile,
    exits: Annotated[int, typer.Option("--exits", min=1, help="Exits expected in the window.")],
    families: Annotated[
        int | None,
        typer.Option("--families", min=1, help="Their families; by default two for three exits."),
    ] = None,
    risk: Annotated[
        float, typer.Option("--risk", help="Share with the outcome by the main horizon.")
    ] = 0.10,
    share_served: Annotated[
        float, typer.Option("--share-served", help="Share of children served (or offered).")
    ] = 0.30,
    ratio: Annotated[float, typer.Option("--ratio", help="Hazard ratio of the service.")] = 0.75,
    uptake: Annotated[
        float, typer.Option("--uptake", help="Share of those offered who start.")
    ] = 1.0,
    correlation: Annotated[
        float, typer.Option("--correlation", help="Correlation of siblings' outcomes.")
    ] = 0.5,
) -> None:
    """Say what the study could find: events needed, detectable effects, power."""
    from evaluation import jobs

    given = {
        "exits": exits,
        "families": families or max(1, round(exits * 2 / 3)),
        "risk": risk,
        "share_served": share_served,
        "ratio": ratio,
        "uptake": uptake,
        "correlation": correlation,
    }
    for line in jobs.plan(study, given):
        _say(line)


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the tables.")],
    children: Children = 20_000,
    seed: Seed = 1,
) -> None:
    """Write a simulated agency's tables and a study that fits them."""
    from evaluation import data_jobs

    for line in data_jobs.simulate(folder, children, seed, _steps()):
        _say(line)


def _cache(out: Path, given: Path | None, none: bool) -> Path | None:
    """Return where to keep what was read and built; None to keep nothing."""
    if none and given is not None:
        raise typer.BadParameter("--cache and --no-cache exclude each other.")
    return None if none else given or out.parent / ".permanency-cache"


def _say(line: str) -> None:
    typer.echo(line)


def _steps(*planned: str) -> Steps:
    return Steps(planned, Console(stderr=True, force_terminal=sys.stderr.isatty()))


def main() -> None:
    """Run the command line; a problem is said in sentences, with exit status 1."""
    from evaluation.estimates import EstimateError
    from evaluation.second_process import look_for_cycles_seldom

    look_for_cycles_seldom()
    try:
        app()
    except PermanencyError as error:
        for sentence in error.sentences:
            typer.echo(sentence, err=True)
        sys.exit(1)
    except EstimateError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            typer.echo("Stopped; nothing was left half-written.", err=True)
        raise


if __name__ == "__main__":
    main()
