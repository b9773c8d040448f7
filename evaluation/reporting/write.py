"""From results to files: reports, workbook, charts and estimates in one folder."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from evaluation.errors import OutputError
from evaluation.reporting.annual import annual_report
from evaluation.reporting.data_quality import last_month, quality_json, quality_sections
from evaluation.reporting.disclosure import NOT_FOR_RELEASE, Disclosure
from evaluation.reporting.document import write_markdown
from evaluation.reporting.estimates_json import estimates_json, strict_json
from evaluation.reporting.folder import whole_folder, write_bytes, write_text
from evaluation.reporting.forms import Page
from evaluation.reporting.house import House
from evaluation.reporting.index import index
from evaluation.reporting.manifest import NAME as MANIFEST
from evaluation.reporting.manifest import manifest
from evaluation.reporting.provenance import Provenance, provenance, provenance_of_check
from evaluation.reporting.reports import MAKERS, REPORTS, Report, origin_table, quality_report
from evaluation.reporting.tables import Table
from evaluation.reporting.workbook import workbook

if TYPE_CHECKING:
    from evaluation.cohorts import Cohort
    from evaluation.effects import Effects
    from evaluation.evidence import Evidence
    from evaluation.practice import PracticeFindings
    from evaluation.sources import Agency
    from evaluation.study import Study

FORMATS = ("html", "docx", "pdf")
PICTURES = {"html": "svg", "docx": "png", "pdf": "svg"}
STAMP = f'::: {{.stamp custom-style="Answer"}}\n{NOT_FOR_RELEASE}\n:::'
BESIDE = ("tables.xlsx", "estimates.json", MANIFEST)


class Outputs(list[Path]):
    """The paths of what was written, in the order a reader opens them."""

    def _repr_html_(self) -> str:
        from html import escape

        return f"<ul>{''.join(f'<li>{escape(str(path))}</li>' for path in self)}</ul>"


def write_reports(
    study: "Study",
    agency: "Agency",
    cohort: "Cohort",
    effects: "Effects",
    out: str | Path,
    *,
    formats: Sequence[str] = FORMATS,
    only: Sequence[str] | None = None,
    truth: pd.DataFrame | None = None,
    evidence: "Evidence | None" = None,
    practice: "PracticeFindings | None" = None,
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
        Reports to write; without it all of `reports.REPORTS`.
    truth : pandas.DataFrame, optional
        Estimates beside the truth, where the data were simulated.
    evidence : Evidence, optional
        From ``evidence``: with it the annual report sums it up and every service has a
        program entry.
    practice : PracticeFindings, optional
        From ``practice_findings``: adds equity, fidelity and the federal context.

    Returns
    -------
    Outputs
        Paths of the documents, ``tables.xlsx``, ``estimates.json`` and ``charts``.

    Raises
    ------
    OutputError
        If a format or report is not known, the program entries are asked for without
        evidence, or the folder cannot be written.
    StudyError
        If the study's logo, colour or templates cannot be used.
    """
    refuse_unknown(formats, only)
    if evidence is None and "program" in (only or ()):
        raise OutputError(
            "The program entry needs the evidence: give evidence=ev.evidence(cohort, effects)."
        )
    house = House(study)
    house.refuse_unusable()
    origin = provenance(study, agency.source, agency.data_hash)
    found = annual_report(study, agency.check(), cohort, effects, origin, truth, evidence, practice)
    reports = [
        replace(report, audience=report.audience if found.material.rule.on else "internal")
        for name in REPORTS
        if name in (only or REPORTS)
        for report in MAKERS[name](found)
    ]
    forms = [form for form in FORMATS if form in formats]
    names = [f"{report.name}.{form}" for report in reports for form in forms]
    names += [f"{report.name}.json" for report in reports if report.data is not None]
    with whole_folder(out) as folder:
        if house.logo is not None:
            write_bytes(folder / house.logo[0], house.logo[1])
        _write_documents(reports, forms, study.report.agency, origin, folder, house)
        for report in reports:
            if report.data is not None:
                write_text(folder / f"{report.name}.json", strict_json(report.data))
        write_bytes(folder / "tables.xlsx", workbook(found, _tables(reports, origin)))
        write_text(folder / "estimates.json", estimates_json(found))
        page = Page(study.title, study.report.agency, origin, folder, house)
        write_bytes(folder / "index.html", index(found, reports, forms, page))
        write_text(folder / MANIFEST, manifest(found, reports, folder))
    return Outputs(Path(out) / name for name in ["index.html", *names, *BESIDE, "charts"])


def write_quality(agency, result, folder: Path) -> None:
    """Write the data-quality report of a check, exact and for internal use, into a folder.

    Parameters
    ----------
    agency : Agency
        For ``source`` and ``data_hash``.
    result : CheckResult
        Its check.
    folder : pathlib.Path
        Gets ``data_quality.html``, ``.docx`` and ``.pdf``, ``quality.json`` and the chart.
    """
    quality = result.quality
    origin = provenance_of_check(agency.source, agency.data_hash, last_month(quality))
    parts = quality_sections(quality, Disclosure(0), f"Source: {origin.source}, all rows accepted.")
    report = quality_report(origin.source, parts, internal=True)
    _write_documents([report], FORMATS, "Data quality", origin, folder, House())
    write_text(folder / "quality.json", quality_json(quality))


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


def _write_documents(
    reports: Sequence[Report],
    forms: Sequence[str],
    author: str,
    origin: Provenance,
    folder: Path,
    house: House,
) -> None:
    """Draw the charts of every report, and write it in every form once they are drawn.

    Two documents are written at a time: Pandoc and Typst work outside Python, while the charts
    of the next report are drawn.
    """
    charts = folder / "charts"
    charts.mkdir()

    def write(report: Report, form: str) -> None:
        page = Page(report.title, author, origin, folder, house)
        write_bytes(folder / f"{report.name}.{form}", _document(report, form, page))

    left = {chart.name: chart for report in reports for chart in report.charts}
    written = []
    with ThreadPoolExecutor(2) as pool:
        for report in reports:
            for chart in report.charts:
                if chart.name in left:
                    left.pop(chart.name).save(charts)
            written += [pool.submit(write, report, form) for form in forms]
    for each in written:
        each.result()


def _document(report: Report, form: str, page: Page) -> bytes:
    facts = {"picture": PICTURES[form], "origin": origin_table(page.origin)}
    source = write_markdown(report.template, report.facts | facts, page.house)
    if report.audience == "internal":
        source = f"{STAMP}\n\n{source}"
    return getattr(page, form)(source)


def _tables(reports: Sequence[Report], origin: Provenance) -> list[Table]:
    told = {table.name: table for report in reports for table in report.tables}
    told |= {table.name: table for report in reports for table in report.sheets}
    return [*told.values(), origin_table(origin)]
