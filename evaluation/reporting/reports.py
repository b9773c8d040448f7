"""Which reports there are, and what each is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from evaluation.reporting.annual import AnnualReport
from evaluation.reporting.charts.chart import Chart
from evaluation.reporting.provenance import Provenance
from evaluation.reporting.sections.section import Section
from evaluation.reporting.tables import Column, Table


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
    """

    name: str
    title: str
    about: str
    template: str
    facts: dict[str, Any]
    sections: tuple[Section, ...] = ()
    audience: Literal["release", "internal"] = field(default="release")

    @property
    def charts(self) -> tuple[Chart, ...]:
        """The charts of all sections."""
        return tuple(chart for part in self.sections for chart in part.charts)

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables of all sections."""
        return tuple(table for part in self.sections for table in part.tables)


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


MAKERS: dict[str, Callable[[AnnualReport], Sequence[Report]]] = {"annual": _annual}
REPORTS = tuple(MAKERS)
