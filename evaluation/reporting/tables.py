"""A table of the report: named columns of one kind each, with what its reader must know."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from evaluation.reporting.numerals import SUPPRESSED, is_missing, show


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes
    ----------
    key : str
        Its name in the data.
    label : str
        Its heading, with the unit.
    kind : str
        How its cells are printed; see `evaluation.reporting.numerals.show`.
    """

    key: str
    label: str
    kind: str = "text"

    @property
    def is_number(self) -> bool:
        """Whether cells are numbers, set to the right."""
        return self.kind != "text"


@dataclass(frozen=True, eq=False)
class Table:
    """A table that may be released as it stands.

    Attributes
    ----------
    name : str
        Short name: the sheet of the workbook.
    caption : str
        What it shows, of whom.
    columns : tuple of Column
        In order; the first names the row.
    data : pandas.DataFrame
        The released values, hidden ones as ``s``.
    note : str
        What a reader must know.
    on_page : pandas.Series of bool, optional
        Rows that a page shows, where the whole is for the workbook alone.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    data: pd.DataFrame
    note: str = ""
    on_page: pd.Series | None = None

    @property
    def rows(self) -> list[list[Any]]:
        """The cells in the order of the columns."""
        return self._cells(self.data)

    @property
    def printed(self) -> list[list[str]]:
        """The cells of a page, as readers see them."""
        kinds = [column.kind for column in self.columns]
        shown = self.data if self.on_page is None else self.data[self.on_page]
        return [
            [show(value, kind) for value, kind in zip(row, kinds, strict=True)]
            for row in self._cells(shown)
        ]

    def _cells(self, data: pd.DataFrame) -> list[list[Any]]:
        return data[[column.key for column in self.columns]].to_numpy(dtype=object).tolist()

    @property
    def share_hidden(self) -> float:
        """Share of the numbers that are hidden."""
        numbers = [
            value
            for row in self.rows
            for value, column in zip(row, self.columns, strict=True)
            if column.is_number and not is_missing(value)
        ]
        if not numbers:
            return 0.0
        return sum(isinstance(v, str) and v == SUPPRESSED for v in numbers) / len(numbers)
