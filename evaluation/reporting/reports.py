"""Which reports there are, and what each is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from evaluation.reporting.annual import AnnualReport
from evaluation.reporting.brief import brief
from evaluation.reporting.charts.chart import Chart
from evaluation.reporting.data_quality import quality_sections
from evaluation.reporting.program_entry import program_entries
from evaluation.reporting.provenance import Provenance
from evaluation.reporting.sections.section import Section
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.technical import technical
from evaluation.reporting.wording import upper_first


@dataclass(frozen=True, eq=False)
class Report:
    """A document: a template, the facts it prints and the sections among them.

    Attributes
    ----------
    name : str
        File name without its ending, such as ``annual``.
    title : str
        As printed at its head.
    about : str
        One sentence that says what it holds and for whom, for the list of outputs.
    template : str
        File name in ``reports/templates``.
    facts : dict
        What the template prints beside ``origin`` and ``picture``.
    sections : tuple of Section
        Whose charts and tables also stand in ``charts/`` and the workbook.
    audience : {"release", "internal"}
        Whether it may leave the agency.
    data : dict or None
        Plain values written beside it as JSON.
    """

    name: str
    title: str
    about: str
    template: str
    facts: dict[str, Any]
    sections: tuple[Section, ...] = ()
    audience: Literal["release", "internal"] = field(default="release")
    data: dict[str, Any] | None = field(default=None)

    @property
    def charts(self) -> tuple[Chart, ...]:
        """The charts of all sections."""
        return tuple(chart for part in self.sections for chart in part.charts)

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables of all sections."""
        return tuple(table for part in self.sections for table in part.tables)

    @property
    def sheets(self) -> tuple[Table, ...]:
        """The tables of all sections that stand in the workbook alone."""
        return tuple(table for part in self.sections for table in part.sheets)


def origin_table(origin: Provenance) -> Table:
    """Write where a report comes from as a table."""
    rows = pd.DataFrame(origin.rows(), columns=["name", "value"])
    columns = (Column("name", "What"), Column("value", "Value"))
    return Table("provenance", "Data, protocol and software", columns, rows)


def _annual(found: AnnualReport) -> Sequence[Report]:
    return [
        Report(
            "annual",
            found.study.title,
            "The annual report: who was served, what happened afterwards, what each service was "
            "followed by, and how sure that is.",
            "annual.md.j2",
            {"report": found},
            found.everything,
        )
    ]


def _brief(found: AnnualReport) -> Sequence[Report]:
    said = brief(found)
    parts = [
        ("The other outcomes", "others", said.others),
        ("Who was served", "served", said.served),
        ("What it cost", "cost", said.cost),
        ("How sure this is", "sure", said.sure),
        ("What next", "next", said.following),
    ]
    drawn = () if said.drawing is None else (said.drawing,)
    return [
        Report(
            "brief",
            found.study.title,
            "The brief: two pages for funders, the chart first.",
            "brief.md.j2",
            {
                "brief": said,
                "parts": [part for part in parts if part[2]],
                "foot": found.material.source,
            },
            (Section("brief", found.study.title, (), drawn),),
        )
    ]


def _technical(found: AnnualReport) -> Sequence[Report]:
    parts = technical(found)
    return [
        Report(
            "technical",
            f"{found.study.title}: technical appendix",
            "The technical appendix: protocol, methods, checks, balance, sensitivity, models, "
            "STROBE and RECORD.",
            "technical.md.j2",
            {"parts": parts},
            parts,
        )
    ]


def _data_quality(found: AnnualReport) -> Sequence[Report]:
    material = found.material
    if getattr(material.check, "measure", None) is None:
        return []
    check, rule = material.check, material.rule
    parts = quality_sections(check.quality, rule, material.source, check.counts)
    return [quality_report(found.study.title, parts, internal=not rule.on)]


def quality_report(title: str, parts: tuple[Section, ...], internal: bool) -> Report:
    """Make the data-quality report of sections, exact (for internal use) or released."""
    return Report(
        "data_quality",
        f"{title}: data quality",
        "Data quality: what is there, what breaks a rule, what may be missing, what it supports.",
        "quality.md.j2",
        {"parts": parts},
        parts,
        "internal" if internal else "release",
    )


def _program(found: AnnualReport) -> Sequence[Report]:
    return [
        Report(
            f"program_{entry.program}",
            f"{upper_first(entry.name)}: program entry",
            f"The program entry of {entry.name}: what it is, every study of it, and which elements "
            "of published standards are present.",
            "program.md.j2",
            {"entry": entry},
            entry.sections,
            data=entry.data,
        )
        for entry in program_entries(found)
    ]


MAKERS: dict[str, Callable[[AnnualReport], Sequence[Report]]] = {
    "annual": _annual,
    "brief": _brief,
    "technical": _technical,
    "data_quality": _data_quality,
    "program": _program,
}
REPORTS = tuple(MAKERS)
