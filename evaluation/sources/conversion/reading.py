"""Files of a federal format into one table of texts, with file and line of every row."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend

from evaluation.errors import DataError
from evaluation.sources.conversion.layout import Block, Layout
from evaluation.sources.scan import opened, refuse_special, scan
from evaluation.sources.staging import LINE, ROW
from evaluation.sources.text import Form, RowTable, stage_delimited

FILE = "_source_file_"
_LONGEST = 1_000_000
_BEGINNING = 65_536


@dataclass(frozen=True)
class FileRead:
    """One file as it was read.

    Parameters
    ----------
    position : int
        Its place among the files given, from 0.
    name, block, digest : str
        File name; which table of the format it is; SHA-256 of its bytes.
    rows, malformed, blank_lines, summary_lines : int
        Rows read (with the malformed), rows that could not be split, lines without
        content, and lines that are no records by the format's own rule.
    """

    position: int
    name: str
    block: str
    digest: str
    rows: int
    malformed: int = 0
    blank_lines: int = 0
    summary_lines: int = 0


@dataclass(frozen=True)
class RawBlock:
    """All rows of one block: its columns as text, `FILE` (position of the file), `LINE`, `ROW`."""

    table: ir.Table
    files: tuple[FileRead, ...]


def read_files(
    connection: Backend, files: Sequence[str | Path], layout: Layout
) -> dict[str, RawBlock]:
    """Read every file of a federal format.

    Parameters
    ----------
    connection : Ibis DuckDB backend
        Where the tables are made, as ``raw_BLOCK``.
    files : sequence of path
        In the order of submission: where two disagree, the later wins.
    layout : Layout
        The format.

    Returns
    -------
    dict of str to RawBlock

    Raises
    ------
    DataError
        If a file cannot be read, or is none of the format's.
    """
    read: dict[str, list[FileRead]] = {}
    for position, given in enumerate(files):
        path = Path(given).expanduser()
        refuse_special(path)
        if path.suffix.lower() == ".xml" or _begins_with(path, b"<"):
            raise DataError(
                f"{path.name} is XML; the XML submission is not read, for its schema could not be "
                "checked: give delimited tables, one per block, with columns named by element "
                "number (E4, E69, …)."
            )
        name = f"raw_file_{position}"
        if layout.record_length and _is_fixed_width(path, layout):
            block, found, table = _fixed_width(connection, path, layout, name, position)
        else:
            block, found, table = _delimited(connection, path, layout, name, position)
        rows = table.mutate(**{FILE: ibis.literal(position).cast("int64")})
        rows = rows.select(FILE, LINE, ROW, *block.columns)
        target = f"raw_{block.name}"
        if block.name in read:
            connection.insert(target, rows)
        else:
            connection.create_table(target, rows)
        read.setdefault(block.name, []).append(found)
        connection.drop_table(name)
    return {
        block: RawBlock(connection.table(f"raw_{block}"), tuple(found))
        for block, found in read.items()
    }


def _begins_with(path: Path, mark: bytes) -> bool:
    with opened(path) as stream:
        return stream.read(_BEGINNING).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(mark)


def _is_fixed_width(path: Path, layout: Layout) -> bool:
    """Tell whether a file holds records of fixed width rather than named columns."""
    with opened(path) as stream:
        beginning = stream.read(_BEGINNING).decode("latin-1").lstrip("\r\n")
    first = beginning.splitlines()[0] if beginning else ""
    names = layout.blocks["records"].spelled
    words = first.casefold().replace("\t", ",").replace(";", ",").replace('"', "").split(",")
    if any(word.strip() in names for word in words):
        return False
    return first.startswith("@") or len(first) >= layout.record_length


def _delimited(
    connection: Backend, path: Path, layout: Layout, name: str, position: int
) -> tuple[Block, FileRead, ir.Table]:
    known = frozenset(word for block in layout.blocks.values() for word in block.spelled)
    chosen: list[Block] = []

    def accept(columns: list[str], label: str) -> None:
        chosen.append(_block_of(columns, layout, label))

    staged = stage_delimited(connection, path, Form(known, accept=accept), name)
    block = chosen[0]
    spelled = block.spelled
    own = {spelled[c.strip().casefold()]: c for c in staged.columns if _is(c, spelled)}
    empty = ibis.null("string")
    table = staged.table.select(
        LINE,
        ROW,
        **{
            column: staged.table[own[column]] if column in own else empty
            for column in block.columns
        },
    )
    rows = table.count().to_pyarrow().as_py() + staged.malformed_rows
    found = FileRead(
        position,
        path.name,
        block.name,
        staged.digest,
        rows,
        staged.malformed_rows,
        staged.blank_lines,
    )
    return block, found, table


def _is(column: str, spelled: dict[str, str]) -> bool:
    return column.strip().casefold() in spelled


def _block_of(columns: list[str], layout: Layout, label: str) -> Block:
    """Find which block has these columns, and refuse it where it lacks what it needs."""
    folded = [column.strip().casefold() for column in columns]
    blocks = [
        block
        for block in layout.blocks.values()
        if not block.told_by or block.told_by.casefold() in folded
    ]
    if not blocks:
        told = ", ".join(f"{b.told_by} ({b.name})" for b in layout.blocks.values())
        raise DataError(
            f"{label}: none of the columns that tell the table is there: {told}; name the columns "
            "by element number."
        )
    block = blocks[0]
    spelled = block.spelled
    names = [spelled[name] for name in folded if name in spelled]
    problems = [
        f"{label}: the column {name} stands twice; keep one of them."
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    problems += [
        f"{label}: the column {name} is missing, and {layout.title} cannot be read without it; "
        "add it."
        for name in block.needs
        if name not in names
    ]
    if problems:
        raise DataError(*problems)
    return block


def _fixed_width(
    connection: Backend, path: Path, layout: Layout, name: str, position: int
) -> tuple[Block, FileRead, ir.Table]:
    """Read records of fixed width; a line of another length is counted as malformed."""
    digest = scan(path).digest
    length = layout.record_length
    kind = pa.schema([(LINE, pa.int64()), ("record", pa.string())])
    lines = RowTable(connection, name, kind)
    malformed = blank = summary = 0
    with opened(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline=None)
        number = 0
        while line := text.readline(_LONGEST):
            number += 1
            rest = line
            while rest and not rest.endswith("\n"):
                rest = text.readline(_LONGEST)
                line = line[:length] + "!" if rest.strip() else line
            line = line.rstrip("\n")
            if not line.strip():
                blank += 1
            elif line.startswith("@"):
                summary += 1
            elif len(line) < length or line[length:].strip():
                malformed += 1
            else:
                lines.add((number, line[:length]))
    lines.finish()
    if malformed and not lines.rows:
        raise DataError(
            f"{path.name}: none of its {malformed:,} lines is a record of {length} characters, and "
            "its first line holds no column name of the format; give records of that length, or "
            "a table with the names of the elements."
        )
    stored = connection.table(name)
    block = layout.blocks["records"]
    columns = {
        column: stored.record.substr(start, width).strip().nullif("")
        for column, start, width in layout.places
    }
    empty = ibis.null("string")
    table = stored.select(
        LINE, **{ROW: stored.rowid()}, **{c: columns.get(c, empty) for c in block.columns}
    )
    rows = lines.rows + malformed
    found = FileRead(position, path.name, block.name, digest, rows, malformed, blank, summary)
    return block, found, table
