"""The beginning of an agency's files: column names and first rows."""

import codecs
import csv
from dataclasses import dataclass
from pathlib import Path

from evaluation.errors import DataError
from evaluation.sources.excel import first_rows, sheets
from evaluation.sources.scan import DELIMITERS, opened, refuse_special

_BEGINNING = 262_144
_SAMPLED = 5_000
_TITLES = 15


@dataclass(frozen=True)
class Sample:
    """The column names of a file or sheet, and its first rows.

    Parameters
    ----------
    file, sheet : str
        Name of the file; sheet of a workbook.
    columns : list of str
        The names as they stand there.
    rows : list of list of str or None
    encoding, delimiter, header_row : optional
        What a mapping must say where it cannot be told from the file.
    """

    file: str
    sheet: str | None
    columns: list[str]
    rows: list[list[str | None]]
    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None

    @property
    def name(self) -> str:
        """What the sheet, else the file is called."""
        return self.sheet or Path(self.file).stem

    @property
    def label(self) -> str:
        """The file, with its sheet."""
        return f"{self.file}, sheet {self.sheet}" if self.sheet else self.file

    def values(self, column: str) -> list[str]:
        """Return the values of a column that are there."""
        position = self.columns.index(column)
        cells = [row[position] for row in self.rows if position < len(row)]
        return [cell.strip() for cell in cells if cell and cell.strip()]

    def identifies(self, columns: list[str]) -> bool:
        """Tell whether no two of the rows read have the same values in some columns."""
        places = [self.columns.index(column) for column in columns]
        keys = [tuple(row[p] if p < len(row) else None for p in places) for row in self.rows]
        return len(set(keys)) == len(keys)


def samples(path: Path) -> list[Sample]:
    """Read the beginning of a file, sheet by sheet.

    Raises
    ------
    DataError
        If it cannot be read, or other lines stand above the column names of a text file.
    """
    refuse_special(path)
    if path.suffix.lower() == ".xlsx":
        found = [_sheet(path, name) for name in sheets(path)]
        return [sample for sample in found if sample is not None]
    with opened(path) as stream:
        content = stream.read(_BEGINNING)
    encoding, text = _decoded(content)
    if "\0" in text or not text.strip():
        raise DataError(f"{path.name} is not a text file with column names; give CSV or .xlsx.")
    lines = text.splitlines()[: _SAMPLED + 1]
    delimiter = max(DELIMITERS, key=lambda mark: max(li.count(mark) for li in lines[:_TITLES]))
    rows = [row for row in csv.reader(lines, delimiter=delimiter) if any(row)]
    above = _titles(rows)
    if above:
        raise DataError(
            f"{path.name}: {above} {'line stands' if above == 1 else 'lines stand'} above the "
            f"column names "
            f"({', '.join(rows[above][:3])}, …); delete them, or give the workbook."
        )
    named = None if delimiter == "," else delimiter
    return [Sample(path.name, None, [c.strip() for c in rows[0]], rows[1:], encoding, named)]


def _sheet(path: Path, name: str) -> Sample | None:
    rows = first_rows(path, name, _SAMPLED + _TITLES)
    if not rows:
        return None
    above = _titles([cells for _, cells in rows])
    number, names = rows[above]
    content = [cells for _, cells in rows[above + 1 :]]
    columns = [cell or "" for cell in names]
    # Without it the first row with content holds the names.
    header_row = number if above else None
    return Sample(path.name, name, columns, content, header_row=header_row)


def _titles(rows: list[list[str | None]]) -> int:
    """Return how many rows of titles stand above the names: rows with far fewer cells filled."""
    filled = [sum(1 for cell in row if cell and cell.strip()) for row in rows[:_TITLES]]
    enough = max(2, 0.6 * max(filled))
    return next((n for n, cells in enumerate(filled) if cells >= enough), 0)


def _decoded(content: bytes) -> tuple[str | None, str]:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", content.decode("utf-16", "ignore")
    try:
        return None, codecs.getincrementaldecoder("utf-8-sig")().decode(content)
    except UnicodeDecodeError:
        return "windows-1252", content.decode("windows-1252", "replace")
