"""Tables of the engine in Parquet files, and back: a batch at a time, types and order kept."""

import json
from pathlib import Path

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.sql import SQLBackend as Backend

from evaluation.errors import DataError
from evaluation.sources.contract import contract
from evaluation.sources.load import Loaded
from evaluation.sources.staging import Remark

_BATCH = 100_000
_PIECES = ("accepted", "rejected", "quarantine")
_COUNTS = ("read", "accepted_rows", "blank_lines", "multiline_rows")
_LIST = "tables.json"
UNREADABLE = (DataError, OSError, ValueError, KeyError, TypeError, pa.ArrowException)


def store_table(connection: Backend, table: ir.Table, path: Path) -> None:
    """Write a table as one Parquet file."""
    kind = table.schema().to_pyarrow()
    with pq.ParquetWriter(path, kind) as writer:
        for batch in connection.to_pyarrow_batches(table, chunk_size=_BATCH):
            writer.write_batch(batch.cast(kind))


def fetch_table(connection: Backend, path: Path, name: str) -> ir.Table:
    """Copy a Parquet file that `store_table` wrote into DuckDB."""
    with path.open("rb") as stream:
        file = pq.ParquetFile(stream)
        reader = pa.RecordBatchReader.from_batches(file.schema_arrow, file.iter_batches(_BATCH))
        connection.con.from_arrow(reader).create(name)
    return connection.table(name)


def types_of(table: ir.Table) -> dict[str, str]:
    """Return the columns of a table and their types in words."""
    return {name: str(kind) for name, kind in table.schema().items()}


def refuse_other_types(table: ir.Table, types: dict[str, str]) -> None:
    """Stop where a table came back with other types than it was stored with.

    Raises
    ------
    DataError
        If Parquet could not carry one of its types.
    """
    if types_of(table) != types:
        raise DataError(f"The table {table.get_name()} did not come back as it was stored.")


def store_checked(connection: Backend, loaded: dict[str, Loaded], folder: Path) -> None:
    """Write checked tables into an empty folder: Parquet, and what was counted as JSON."""
    listed = {}
    for name, table in loaded.items():
        pieces = {piece: getattr(table, piece) for piece in _PIECES}
        present = {piece: rows for piece, rows in pieces.items() if rows is not None}
        for piece, rows in present.items():
            store_table(connection, rows, folder / f"{name}.{piece}.parquet")
        listed[name] = {
            "source": table.source,
            "digest": table.digest,
            "own_columns": table.own_columns,
            "counts": {count: getattr(table, count) for count in _COUNTS},
            "remarks": [vars(remark) for remark in table.remarks],
            "types": {piece: types_of(rows) for piece, rows in present.items()},
            "names": {piece: rows.op().name for piece, rows in present.items()},
        }
    (folder / _LIST).write_text(json.dumps(listed, ensure_ascii=False), encoding="utf-8")


def fetch_checked(connection: Backend, folder: Path) -> dict[str, Loaded]:
    """Read what `store_checked` wrote, under the same names, into DuckDB.

    Raises
    ------
    DataError
        If a table does not come back as it was stored.
    """
    listed = json.loads((folder / _LIST).read_text(encoding="utf-8"))
    loaded = {}
    for name, told in listed.items():
        pieces = dict.fromkeys(_PIECES)
        for piece, types in told["types"].items():
            path = folder / f"{name}.{piece}.parquet"
            pieces[piece] = fetch_table(connection, path, told["names"][piece])
            refuse_other_types(pieces[piece], types)
        loaded[name] = Loaded(
            schema=contract().table(name),
            **pieces,
            source=told["source"],
            digest=told["digest"],
            own_columns=tuple(told["own_columns"]),
            **told["counts"],
            remarks=tuple(Remark(**remark) for remark in told["remarks"]),
        )
    return loaded
