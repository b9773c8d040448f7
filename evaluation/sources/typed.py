"""Typed sources into the staging table: data frames, Parquet files, DuckDB files."""

import hashlib
import json
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend

from evaluation.errors import DataError
from evaluation.sources.contract import TableSchema
from evaluation.sources.frames import to_arrow
from evaluation.sources.staging import LINE, ROW, Staged, check_columns

_BATCH = 100_000


def stage_frame(connection: Backend, frame: pd.DataFrame, schema: TableSchema, name: str) -> Staged:
    """Copy a data frame into the engine.

    Raises
    ------
    DataError
        If its columns cannot be read.
    """
    label = f"data frame {schema.name}"
    table = to_arrow(frame, schema)
    check_columns(list(frame.columns), schema, label)
    connection.con.from_arrow(table).create(name)
    return staged(connection, name, list(frame.columns), label)


def stage_parquet(connection: Backend, path: Path, schema: TableSchema, name: str) -> Staged:
    """Copy a Parquet file into the engine.

    Raises
    ------
    DataError
        If the file cannot be read as Parquet or its columns do not fit.
    """
    try:
        with path.open("rb") as stream:
            file = pq.ParquetFile(stream)
            layout = file.schema_arrow
            columns = list(layout.names)
            check_columns(columns, schema, path.name)
            layout = pa.schema([field.with_name(f"c{n}") for n, field in enumerate(layout)])
            batches = (
                pa.RecordBatch.from_arrays(batch.columns, schema=layout)
                for batch in file.iter_batches(_BATCH)
            )
            reader = pa.RecordBatchReader.from_batches(layout, batches)
            connection.con.from_arrow(reader).create(name)
    except (pa.ArrowException, OSError, duckdb.Error) as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"{path.name} cannot be read as a Parquet file ({reason}); write it again."
        ) from None
    return staged(connection, name, columns, path.name)


def stage_database_table(
    connection: Backend, catalog: str, schema: TableSchema, name: str, label: str
) -> Staged:
    """Copy a table or view of an attached DuckDB file into the engine.

    Raises
    ------
    DataError
        If it cannot be read or its columns do not fit.
    """
    try:
        source = connection.table(schema.name, database=(catalog, "main"))
        columns = list(source.columns)
        check_columns(columns, schema, label)
        renamed = source.select(**{f"c{n}": source[column] for n, column in enumerate(columns)})
        connection.create_table(name, renamed)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"{label} cannot be read ({reason}); a view that reads files or other databases must "
            "be saved as a table first."
        ) from None
    return staged(connection, name, columns, label)


def staged(connection: Backend, name: str, columns: list[str], label: str) -> Staged:
    """Describe a table of DuckDB whose columns were copied as ``c0``, ``c1``, …"""
    stored = connection.table(name)
    names = {column: f"c{position}" for position, column in enumerate(columns)}
    line = ibis.null("int64")
    return Staged(
        table=stored.mutate(**{ROW: stored.rowid(), LINE: line}).rename(names),
        label=label,
        columns=tuple(columns),
        is_text=False,
        digest=_digest(connection, name, columns),
    )


def _digest(connection: Backend, name: str, columns: list[str]) -> str:
    """Hash column names and, column by column, every value as text in row order."""
    stored = connection.table(name)
    texts = stored.select(**{c: stored[c].cast("string") for c in stored.columns})
    lengths = [hashlib.sha256() for _ in columns]
    characters = [hashlib.sha256() for _ in columns]
    for batch in connection.to_pyarrow_batches(texts, chunk_size=_BATCH):
        for position, column in enumerate(batch.columns):
            sizes = pc.fill_null(pc.binary_length(column), -1)
            lengths[position].update(np.ascontiguousarray(sizes, dtype="<i8"))
            characters[position].update(_bytes_of(column))
    parts = [h.hexdigest() for h in (*lengths, *characters)]
    return hashlib.sha256(json.dumps([columns, parts]).encode()).hexdigest()


def _bytes_of(column: pa.Array) -> memoryview:
    """Return the values of a text column, one after the other without gaps."""
    values = pc.fill_null(column.cast(pa.large_string()), "")
    _, offsets, data = values.buffers()
    places = np.frombuffer(offsets, dtype="<i8")[values.offset : values.offset + len(values) + 1]
    return memoryview(data)[places[0] : places[-1]] if data and len(places) else memoryview(b"")
