"""Excel workbooks as sources: every cell as text, with its sheet and row."""

import datetime
import itertools
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend
from python_calamine import CalamineError, CalamineWorkbook

from evaluation.errors import DataError
from evaluation.sources.contract import TableSchema
from evaluation.sources.staging import LINE, ROW, Staged, check_columns
from evaluation.sources.text import Form, RowTable, file_digest

_MOST_UNPACKED = 2_000_000_000
_MOST_COLUMNS = 5_000
_MOST_EMPTY, _EMPTY_A_CELL = 1_000_000, 20
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,3})([0-9]{1,7})["']""")
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
_PIECE, _LONGEST_PLACE = 4_000_000, 64


def sheets(path: Path) -> list[str]:
    """Return the names of a workbook's sheets, in order.

    Raises
    ------
    DataError
        If it is no workbook, is protected, takes values from other workbooks or
        would be enormous when unpacked.
    """
    return _open(path).sheet_names


def first_rows(path: Path, sheet: str, rows: int) -> list[tuple[int, list[str | None]]]:
    """Return the first rows of a sheet that have content: their numbers and cells, as text."""
    filled = ((number, cells) for number, cells in _rows(path, sheet) if any(cells))
    return list(itertools.islice(filled, rows))


def stage_sheet(
    connection: Backend, path: Path, sheet: str, schema: TableSchema, name: str
) -> Staged:
    """Copy the sheet of a contract table into the engine, every cell as text.

    Raises
    ------
    DataError
        If it cannot be read or its columns do not fit.
    """
    form = Form(
        frozenset(),
        schema.primary_key,
        accept=lambda columns, label: check_columns(columns, schema, label),
    )
    return stage_cells(connection, path, sheet, form, name)


def stage_cells(connection: Backend, path: Path, sheet: str, form: Form, name: str) -> Staged:
    """Copy any sheet into the engine; its first row that counts holds the column names.

    Dates become ``YYYY-MM-DD`` (with the time of day where there is one), whole numbers
    lose their ``.0``; rows are counted as Excel counts them.

    Raises
    ------
    DataError
        If it cannot be read or its columns do not fit.
    """
    label = f"{path.name}, sheet {sheet}"
    columns: list[str] = []
    table: RowTable | None = None
    blank = 0
    for number, cells in _rows(path, sheet):
        if not any(cells) or number < form.header_row:
            blank += 1
        elif table is None:
            while cells and not cells[-1]:
                cells = cells[:-1]
            columns = [cell or "" for cell in cells]
            form.accept(columns, f"{label}, row {number}")
            kinds = [(f"c{position}", pa.string()) for position in range(len(columns))]
            table = RowTable(connection, name, pa.schema([(LINE, pa.int64()), *kinds]))
        else:
            width = len(columns)
            beyond = next((n for n, c in enumerate(cells[width:], start=width) if c), None)
            if beyond is not None:
                raise DataError(
                    f"{label}, row {number}: column {beyond + 1} holds a value and has no name; "
                    "name it or delete it."
                )
            table.add((number, *cells[:width], *[None] * (width - len(cells))))
    if table is None:
        raise DataError(f"{label} is empty; its first row must hold the column names.")
    table.finish()
    stored: ir.Table = connection.table(name)
    names = {column: f"c{position}" for position, column in enumerate(columns)}
    return Staged(
        table=stored.mutate(**{ROW: stored.rowid()}).rename(names),
        label=label,
        columns=tuple(columns),
        is_text=True,
        digest=file_digest(path),
        blank_lines=blank,
    )


def _open(path: Path) -> CalamineWorkbook:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError):
        raise DataError(
            f"{path.name} is not an Excel workbook (.xlsx); save it again from Excel, without a "
            "password, or as CSV."
        ) from None
    if unpacked > _MOST_UNPACKED:
        raise DataError(
            f"{path.name} unpacks to {unpacked / 1e9:.1f} GB, more than is read from a workbook; "
            "export the tables as CSV."
        )
    if any(name.startswith("xl/externalLinks/") for name in names):
        raise DataError(
            f"{path.name} takes values from other workbooks, which are not followed; replace the "
            "links by their values (Data, Edit Links, Break Link) and save it again."
        )
    try:
        return CalamineWorkbook.from_path(str(path))
    except (CalamineError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{path.name} cannot be read as an Excel workbook ({reason}); save it again from "
            "Excel, without a password."
        ) from None


def _refuse_mostly_empty(archive: zipfile.ZipFile, path: Path) -> None:
    """Refuse a sheet whose few cells span so many rows and columns that memory would not do."""
    for name in archive.namelist():
        if not (name.startswith("xl/worksheets/") and name.endswith(".xml")):
            continue
        cells = rows = columns = 0
        rest = b""
        with archive.open(name) as content:
            while piece := content.read(_PIECE):
                piece = rest + piece
                ends = 0
                for place in _PLACE.finditer(piece):
                    ends = place.end()
                    cells += bool(place[1])
                    rows = max(rows, int(place[2]))
                    columns = max(columns, _column_number(place[1]))
                rest = piece[max(ends, len(piece) - _LONGEST_PLACE) :]
        if rows * columns > max(_MOST_EMPTY, _EMPTY_A_CELL * cells):
            raise DataError(
                f"{path.name}: {PurePosixPath(name).name} has {cells:,} cells spread over "
                f"{rows:,} rows and {columns:,} columns; delete the empty rows and columns "
                "between them, or export the table as CSV."
            )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number


def _rows(path: Path, sheet: str) -> Iterator[tuple[int, list[str | None]]]:
    workbook = _open(path)
    if sheet not in workbook.sheet_names:
        raise DataError(
            f'{path.name} has no sheet "{sheet}"; it has {", ".join(workbook.sheet_names)}.'
        )
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_mostly_empty(archive, path)
        found = workbook.get_sheet_by_name(sheet)
        if found.total_width > _MOST_COLUMNS:
            raise DataError(
                f"{path.name}, sheet {sheet} has {found.total_width:,} columns; delete the empty "
                "ones, or export the table as CSV."
            )
        for number, cells in enumerate(found.to_python(skip_empty_area=False), start=1):
            yield number, [_text(cell) for cell in cells]
    except (*_UNREADABLE, CalamineError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise DataError(
            f"{path.name}, sheet {sheet} cannot be read ({reason}); save it again from Excel."
        ) from None


def _text(cell: object) -> str | None:
    """Write a cell the way it would stand in a text file."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime.datetime):
        midnight = cell.time() == datetime.time()
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return str(cell).replace("\x00", "") or None
