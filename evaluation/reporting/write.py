"""From results to files: reports, workbook, charts and estimates in one folder."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from evaluation.errors import OutputError
from evaluation.reporting.annual import annual_report
from evaluation.reporting.data_quality import last_month, quality_json, quality_sections
from evaluation.reporting.disclosure import Disclosure
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
from evaluation.reporting.writing import Documents, Start, when_asked

if TYPE_CHECKING:
    from evaluation.cohorts import Cohort
    from evaluation.effects import Effects
    from evaluation.evidence import Evidence
    from evaluation.practice import PracticeFindings
    from evaluation.sources import Agency
    from evaluation.study import Study

FORMATS = ("html", "docx", "pdf")
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
    start: Start = when_asked,
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
    start : callable
        How charts begin to be drawn; by default in this process.

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
    forms = [form for form in FORMATS if form in formats]
    wanted = [name for name in REPORTS if name in (only or REPORTS)]
    reports: list[Report] = []
    with whole_folder(out) as folder:
        if house.logo is not None:
            write_bytes(folder / house.logo[0], house.logo[1])
        with Documents(folder, forms, study.report.agency, origin, house, start) as documents:
            found = annual_report(
                study,
                agency.check(),
                cohort,
                effects,
                origin,
                truth,
                evidence,
                practice,
                ready=documents.draw if "annual" in wanted else lambda charts: None,
            )
            for name in wanted:
                for report in MAKERS[name](found):
                    documents.draw(report.charts)
                    for earlier in reports[-1:]:
                        documents.write(earlier)
                    audience = report.audience if found.material.rule.on else "internal"
                    reports.append(replace(report, audience=audience))
            for last in reports[-1:]:
                documents.write(last)
            write_bytes(folder / "tables.xlsx", workbook(found, _tables(reports, origin)))
        names = [f"{report.name}.{form}" for report in reports for form in forms]
        for report in reports:
            if report.data is not None:
                names.append(f"{report.name}.json")
                write_text(folder / names[-1], strict_json(report.data))
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
    with Documents(folder, FORMATS, "Data quality", origin, House()) as documents:
        documents.write(report)
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


def _tables(reports: Sequence[Report], origin: Provenance) -> list[Table]:
    told = {table.name: table for report in reports for table in report.tables}
    told |= {table.name: table for report in reports for table in report.sheets}
    return [*told.values(), origin_table(origin)]
