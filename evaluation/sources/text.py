"""Text files into the staging table: DuckDB where provably exact, Python's csv otherwise."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend

from evaluation.errors import DataError
from evaluation.sources.contract import TableSchema
from evaluation.sources.encodings import is_utf8, transcoded
from evaluation.sources.records import Record, records
from evaluation.sources.scan import DELIMITERS, Scan, scan
from evaluation.sources.staging import LINE, ROW, Remark, Staged, check_columns

_BATCH = 50_000
MOST_COLUMNS = 2_000
_MANY = 0.01
_GLOB_CHARACTERS = frozenset("*?[]{}")
_MALFORMED = pa.schema(
    [
        (LINE, pa.int64()),
        ("row_key", pa.string()),
        ("value", pa.string()),
        ("rule", pa.string()),
        ("message", pa.string()),
    ]
)


@dataclass(frozen=True)
class Form:
    """What is known of a delimited text file before it is read.

    Parameters
    ----------
    known : frozenset of str
        Column names, in small letters, that tell the right delimiter.
    keys : tuple of str
        Columns that identify a row, to name rows that cannot be split.
    delimiter, encoding : str or None
        As a mapping names them; without one the delimiter is found and the file is UTF-8.
    header_row : int
        Of a sheet: the rows above it are not read.
    accept : callable
        Given the column names and the place, raises `DataError` where no table
        can be built from them.
    """

    known: frozenset[str]
    keys: tuple[str, ...] = ()
    delimiter: str | None = None
    encoding: str | None = None
    header_row: int = 1
    accept: Callable[[list[str], str], None] = lambda columns, label: None


def stage_text(connection: Backend, path: Path, schema: TableSchema, name: str) -> Staged:
    """Copy a delimited text file of a contract table into the engine, every field as text.

    Parameters
    ----------
    connection : Ibis DuckDB backend
        Where the staging table is made.
    path : pathlib.Path
        A ``.csv`` or ``.csv.gz`` file, delimited by comma, semicolon, tab or pipe.
    schema : TableSchema
        The contract table it is read as.
    name : str
        Name of the staging table.

    Returns
    -------
    Staged

    Raises
    ------
    DataError
        If the file as a whole cannot be read: encoding, quoting, header.
    """
    form = Form(
        frozenset(column.casefold() for column in schema.columns),
        schema.primary_key,
        accept=lambda columns, label: check_columns(columns, schema, label),
    )
    return stage_delimited(connection, path, form, name)


def stage_delimited(connection: Backend, path: Path, form: Form, name: str) -> Staged:
    """Copy any delimited text file into the engine, every field as text.

    Parameters
    ----------
    connection : Ibis DuckDB backend
        Where the staging table is made.
    path : pathlib.Path
        The file.
    form : Form
        What is known of it.
    name : str
        Name of the staging table.

    Returns
    -------
    Staged

    Raises
    ------
    DataError
        If the file as a whole cannot be read: encoding, quoting, header.
    """
    if form.encoding and not is_utf8(form.encoding):
        with transcoded(path, form.encoding) as readable:
            return _stage(connection, readable, form, name)
    return _stage(connection, path, form, name)


def _stage(connection: Backend, path: Path, form: Form, name: str) -> Staged:
    choices = (form.delimiter,) if form.delimiter else DELIMITERS
    content = scan(path, choices)
    delimiter, header = _header(path, form, choices)
    form.accept(header.fields, f"{path.name}, line {header.line}")
    staged = _by_engine(connection, path, name, content, delimiter, header)
    return staged or _by_row(connection, path, form, name, content, delimiter, header)


def _header(path: Path, form: Form, choices: tuple[str, ...]) -> tuple[str, Record]:
    """Choose the delimiter whose reading of the first row knows most columns."""
    readings = {delimiter: _first_record(path, delimiter) for delimiter in choices}
    candidates = {d: record for d, record in readings.items() if not record.problem}
    if not candidates:
        header = readings[choices[0]]
        raise DataError(f"{path.name}, line {header.line}: the header {header.problem}.")

    def merit(delimiter: str) -> tuple[int, int]:
        names = candidates[delimiter].fields
        return len({name.strip().casefold() for name in names} & form.known), len(names)

    best = max(candidates, key=merit)
    header = candidates[best]
    if len(header.fields) > MOST_COLUMNS:
        raise DataError(
            f"{path.name}, line {header.line}: the header has {len(header.fields):,} columns, and "
            f"a table here has at most {MOST_COLUMNS:,}; check that the lines are ended and the "
            "delimiter is right, or split the table."
        )
    if merit(best) == (0, 1):
        raise DataError(
            f"{path.name}, line {header.line}: the header reads as one column, "
            f'"{header.fields[0][:80]}"; separate the columns by comma, semicolon, tab or pipe.'
        )
    return best, header


def _first_record(path: Path, delimiter: str) -> Record:
    for record in records(path, delimiter):
        if not record.is_blank:
            return record
    raise DataError(f"{path.name} holds blank lines only; it must begin with the column names.")


def _by_engine(
    connection: Backend,
    path: Path,
    name: str,
    content: Scan,
    delimiter: str,
    header: Record,
) -> Staged | None:
    """Let DuckDB read the file; None unless every character is accounted for."""
    width = len(header.fields)
    simple = content.one_line_end and header.line == header.last_line == 1 and width > 1
    if not simple or _GLOB_CHARACTERS & set(str(path)):
        return None
    columns = {f"c{position}": "VARCHAR" for position in range(width)}
    view, rejected, rejected_scan = f"{name}_file", f"{name}_rejected", f"{name}_rejected_scan"
    try:
        source = connection.read_csv(
            str(path),
            table_name=view,
            columns=columns,
            auto_detect=False,
            header=True,
            delim=delimiter,
            quote='"',
            escape='"',
            nullstr="",
            strict_mode=True,
            store_rejects=True,
            rejects_table=rejected,
            rejects_scan=rejected_scan,
            compression="gzip" if path.suffix.lower() == ".gz" else "none",
        )
        connection.create_table(name, source)
    except duckdb.Error:
        return None
    finally:
        connection.drop_view(view, force=True)
        for leftover in (rejected, rejected_scan):
            connection.drop_table(leftover, force=True)
    stored = connection.table(name)
    if not _accounts_for_every_character(stored, content, delimiter, header.fields):
        connection.drop_table(name)
        return None
    placed = stored.mutate(**{ROW: stored.rowid(), LINE: stored.rowid() + 2})
    return Staged(
        table=placed.rename(dict(zip(header.fields, columns, strict=True))),
        label=path.name,
        columns=tuple(header.fields),
        is_text=True,
        digest=content.digest,
    )


def _accounts_for_every_character(
    stored: ir.Table, content: Scan, delimiter: str, header: list[str]
) -> bool:
    """Compare what the engine read with what the scan counted in the file.

    One row per line, and every delimiter, quotation mark and other character of
    the file either inside a value or where the format puts it: then no reading
    but this one is possible.
    """
    sums = {"rows": stored.count()}
    for column in stored.columns:
        value = stored[column]
        sums[f"characters {column}"] = value.length().sum()
        sums[f"delimiters {column}"] = (
            value.length() - value.replace(delimiter, "").length()
        ).sum()
        sums[f"quotes {column}"] = (value.length() - value.replace('"', "").length()).sum()
    found = defaultdict(int)
    for key, number in stored.aggregate(**sums).to_pyarrow().to_pylist()[0].items():
        found[key.split()[0]] += number or 0
    names = "".join(header)
    characters = found["characters"] + len(names)
    quotes = found["quotes"] + names.count('"')
    delimiters = found["delimiters"] + names.count(delimiter)
    between = (len(header) - 1) * content.lines
    return (
        found["rows"] + 1 == content.lines
        and content.delimiters[delimiter] == between + delimiters
        and content.characters
        == characters + between + content.line_end_characters + content.quotes - quotes
    )


def _by_row(
    connection: Backend,
    path: Path,
    form: Form,
    name: str,
    content: Scan,
    delimiter: str,
    header: Record,
) -> Staged:
    width = len(header.fields)
    layout = pa.schema(
        [(LINE, pa.int64()), *((f"c{position}", pa.string()) for position in range(width))]
    )
    good = RowTable(connection, name, layout)
    malformed = RowTable(connection, f"{name}_malformed", _MALFORMED)
    keys = [header.fields.index(key) for key in form.keys if key in header.fields]
    blank_lines = multiline = 0
    shapes: Counter[int] = Counter()
    for record in records(path, delimiter):
        if record.is_blank:
            blank_lines += 1
        elif record.line == header.line:
            continue
        elif record.problem or len(record.fields) != width:
            malformed.add(_malformed_row(record, width, keys, delimiter))
            shapes[len(record.fields)] += not record.problem
        else:
            multiline += record.last_line > record.line
            good.add((record.line, *(value or None for value in record.fields)))
    good.finish()
    malformed.finish()
    stored = connection.table(name)
    names = {column: f"c{position}" for position, column in enumerate(header.fields)}
    return Staged(
        table=stored.mutate(**{ROW: stored.rowid()}).rename(names),
        label=path.name,
        columns=tuple(header.fields),
        is_text=True,
        digest=content.digest,
        malformed=connection.table(malformed.name) if malformed.rows else None,
        malformed_rows=malformed.rows,
        blank_lines=blank_lines,
        multiline_rows=multiline,
        remarks=tuple(_of_shape(shapes, width, good.rows, delimiter, path.name)),
    )


def _of_shape(
    shapes: Counter[int], width: int, good: int, delimiter: str, name: str
) -> Iterator[Remark]:
    """Say of the file what many rows of a wrong number of fields have in common."""
    many = sum(count for fields, count in shapes.items() if fields > width)
    few = sum(count for fields, count in shapes.items() if fields < width)
    total = good + many + few
    named = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}.get(delimiter, delimiter)
    if many > 2 and many >= _MANY * total:
        yield Remark(
            "delimiter_inside_values",
            many,
            f"{many:,} of {total:,} rows of {name} have more fields than the header: the {named} "
            "seems to stand inside values without quotation marks; export the file again with "
            "quotation marks around text, or with another delimiter.",
        )
    if few > 2 and few >= _MANY * total:
        yield Remark(
            "rows_cut_short",
            few,
            f"{few:,} of {total:,} rows of {name} have fewer fields than the header: either line "
            f"breaks stand inside values without quotation marks, or the {named} of the header is "
            "not the delimiter of the rows; export the file again.",
        )


def _malformed_row(
    record: Record, width: int, keys: list[int], delimiter: str
) -> tuple[int, str | None, str, str, str]:
    if record.problem:
        message = f"The row {record.problem}; correct the line."
        return record.line, None, record.text, "quoting or length", message
    fields = record.fields
    key = ", ".join(fields[position] for position in keys if position < len(fields))
    what = "few" if len(fields) < width else "many"
    message = (
        f"The row has too {what} fields ({len(fields)}, the header has {width}); add or remove "
        "delimiters, or put quotation marks around a value that holds one."
    )
    return record.line, key or None, delimiter.join(fields)[:200], "row shape", message


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class RowTable:
    """A table in the engine that grows by batches of rows."""

    def __init__(self, connection: Backend, name: str, layout: pa.Schema):
        self.connection = connection
        self.name = name
        self.layout = layout
        self.waiting: list[tuple] = []
        self.rows = 0
        connection.create_table(name, layout.empty_table())

    def add(self, row: tuple) -> None:
        """Add a row, in the order of the columns."""
        self.waiting.append(row)
        self.rows += 1
        if len(self.waiting) >= _BATCH:
            self.finish()

    def finish(self) -> None:
        """Send the rows that wait to the engine."""
        if self.waiting:
            columns = [
                pa.array(column, type=kind)
                for column, kind in zip(
                    zip(*self.waiting, strict=True), self.layout.types, strict=True
                )
            ]
            batch = pa.Table.from_arrays(columns, schema=self.layout)
            self.connection.con.from_arrow(batch).insert_into(self.name)
            self.waiting = []
