"""The command line: simulate, check, build, report."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from evaluation.errors import PermanencyError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Did post-permanency services keep children safely home? "
    "From administrative records to an outcome report.",
)
_progress = Console(stderr=True)

Out = Annotated[Path, typer.Option("--out", help="Folder for what is written.")]
Children = Annotated[int, typer.Option("--children", min=50, help="Children to simulate.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed: the same seed, the same bytes.")]
StudyFile = Annotated[Path, typer.Argument(metavar="STUDY", help="A study.toml.")]


@app.command()
def demo(out: Out = Path("out/demo"), children: Children = 20_000, seed: Seed = 1) -> None:
    """Simulate an agency, then check, cohort and report it."""
    from evaluation import jobs

    made = jobs.demo(out, children, seed, _step)
    _say("Simulated data and reports; nothing here is about real children.")
    for label, path in made:
        _say(f"  {label:<18} {path}")


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the new study.")],
) -> None:
    """Write a commented study.toml to start from."""
    from evaluation import jobs

    _say(f"Wrote {jobs.new_study(folder)}. Edit it, then: permanency report {folder}/study.toml")


@app.command()
def check(
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="Folder, .duckdb, postgresql://… or spark://…")
    ],
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the lists.")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first table with a broken row.")
    ] = False,
) -> None:
    """Check the data against the contract: counts, findings, quarantine."""
    from evaluation import jobs

    for line in jobs.check(data, out, strict, _step):
        _say(line)


@app.command()
def cohort(study: StudyFile, out: Out = Path("out/cohort")) -> None:
    """Build the cohort: exits, follow-up rows and flow, as Parquet and CSV."""
    from evaluation import jobs

    for line in jobs.cohort(study, out, _step):
        _say(line)


@app.command()
def report(
    study: StudyFile,
    out: Out = Path("out/report"),
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Write only this report (annual).")
    ] = None,
    formats: Annotated[
        list[str] | None, typer.Option("--format", help="html, docx or pdf; repeat for several.")
    ] = None,
) -> None:
    """Write the reports, the workbook, the charts and every estimate."""
    from evaluation import jobs

    for label, path in jobs.report(study, out, only, formats, _step):
        _say(f"  {label:<18} {path}")


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the tables.")],
    children: Children = 20_000,
    seed: Seed = 1,
) -> None:
    """Write a simulated agency's tables and a study that fits them."""
    from evaluation import jobs

    for line in jobs.simulate(folder, children, seed, _step):
        _say(line)


def _say(line: str) -> None:
    typer.echo(line)


def _step(words: str, work: Callable[[], Any]) -> Any:
    """Run a step; on a terminal, show that it is going on."""
    if not _progress.is_terminal:
        return work()
    with _progress.status(f"{words} …"):
        return work()


def main() -> None:
    """Run the command line; a problem is said in sentences, with exit status 1."""
    from evaluation.estimates import EstimateError

    try:
        app()
    except PermanencyError as error:
        for sentence in error.sentences:
            typer.echo(sentence, err=True)
        sys.exit(1)
    except EstimateError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        typer.echo("Stopped; nothing was left half-written.", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
