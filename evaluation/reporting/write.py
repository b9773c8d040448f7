"""From results to files: reports, workbook, charts and estimates in one folder."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from evaluation.errors import OutputError
from evaluation.reporting.annual import AnnualReport, annual_report
from evaluation.reporting.document import write_markdown
from evaluation.reporting.estimates_json import estimates_json
from evaluation.reporting.folder import whole_folder, write_bytes, write_text
from evaluation.reporting.forms import Page
from evaluation.reporting.provenance import provenance
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.workbook import workbook

FORMATS = ("html", "docx", "pdf")
REPORTS = ("annual",)
PICTURES = {"html": "svg", "docx": "png", "pdf": "svg"}
BESIDE = ("tables.xlsx", "estimates.json")


class Outputs(list[Path]):
    """The paths of what was written, in the order a reader opens them."""

    def _repr_html_(self) -> str:
        from html import escape

        return f"<ul>{''.join(f'<li>{escape(str(path))}</li>' for path in self)}</ul>"


def write_reports(
    study,
    agency,
    cohort,
    effects,
    out: str | Path,
    *,
    formats: Sequence[str] = FORMATS,
    only: Sequence[str] | None = None,
    truth: pd.DataFrame | None = None,
) -> Outputs:
    """Write the reports of a study, its tables, charts and estimates.

    Everything written is released: small counts, and what would give them back,
    are hidden as ``report.suppress_below`` says. The folder appears whole or not
    at all; the same input gives the same bytes.

    Parameters
    ----------
    study : Study
        The protocol.
    agency : Agency
        For ``source``, ``data_hash`` and ``check()``.
    cohort : Cohort
        From ``build_cohort``.
    effects : Effects
        From ``effects``.
    out : str or pathlib.Path
        The folder wanted: a new one, or an earlier output of this package.
    formats : sequence of str
        Among ``html``, ``docx``, ``pdf``.
    only : sequence of str, optional
        Reports to write; ``annual`` is the one there is.
    truth : pandas.DataFrame, optional
        Estimates beside the truth, where the data were simulated.

    Returns
    -------
    Outputs
        Paths of the documents, ``tables.xlsx``, ``estimates.json`` and ``charts``.

    Raises
    ------
    OutputError
        If a format or report is not known, or the folder cannot be written.
    """
    refuse_unknown(formats, only)
    origin = provenance(study, agency.source, agency.data_hash)
    report = annual_report(study, agency.check(), cohort, effects, origin, truth)
    documents = [name for name in FORMATS if name in formats]
    with whole_folder(out) as folder:
        _write_charts(report, folder)
        for form in documents:
            write_bytes(folder / f"annual.{form}", _document(report, form, folder))
        write_bytes(folder / "tables.xlsx", workbook(report, _tables(report)))
        write_text(folder / "estimates.json", estimates_json(report))
    names = [*(f"annual.{form}" for form in documents), *BESIDE, "charts"]
    return Outputs(Path(out) / name for name in names)


def refuse_unknown(formats: Sequence[str] | None, only: Sequence[str] | None) -> None:
    """Stop where a format or report is not known.

    Raises
    ------
    OutputError
        Naming it and what there is.
    """
    _refuse(formats or FORMATS, FORMATS, "format")
    _refuse(only or REPORTS, REPORTS, "report")


def _refuse(asked: Sequence[str], known: Sequence[str], what: str) -> None:
    wrong = [name for name in asked if name not in known]
    if wrong:
        raise OutputError(f'There is no {what} "{wrong[0]}": there is {", ".join(known)}.')


def _write_charts(report: AnnualReport, folder: Path) -> None:
    charts = folder / "charts"
    charts.mkdir()
    for part in report.everything:
        for chart in part.charts:
            chart.save(charts)


def _document(report: AnnualReport, form: str, folder: Path) -> bytes:
    source = write_markdown(
        "annual.md.j2",
        {"report": report, "picture": PICTURES[form], "origin": _origin(report)},
    )
    page = Page(report.study.title, report.study.report.agency, report.provenance, folder)
    return getattr(page, form)(source)


def _origin(report: AnnualReport) -> Table:
    rows = pd.DataFrame(report.provenance.rows(), columns=["name", "value"])
    columns = (Column("name", "What"), Column("value", "Value"))
    return Table("provenance", "Data, protocol and software", columns, rows)


def _tables(report: AnnualReport) -> list[Table]:
    return [table for part in report.everything for table in part.tables] + [_origin(report)]
