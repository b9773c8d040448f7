"""Small results leave the engine as tidy pandas."""

import pandas as pd
import pyarrow as pa
from ibis.expr.types import Table

_BATCH = 100_000


def tidy(table: Table) -> pd.DataFrame:
    """Bring a result out of the engine.

    Dates become pandas dates, whole numbers and booleans plain where nothing
    is missing and nullable (``Int64``, ``boolean``) where something is. Sums
    of whole numbers, which DuckDB hands over as decimals, are whole numbers.

    Parameters
    ----------
    table : ibis.Table

    Returns
    -------
    pandas.DataFrame
    """
    found = _narrow(table)
    columns = {}
    for name in found.column_names:
        columns[name] = _column(found.column(name))
        found = found.drop_columns([name])
    return pd.DataFrame(columns, copy=False)


def _narrow(table: Table) -> pa.Table:
    """Fetch rows a batch at a time, with each text once in a batch, to spare memory.

    The engine sums whole numbers as decimals; they become whole numbers again.
    """
    kinds = table.schema().to_pyarrow()
    reader = table.to_pyarrow_batches(chunk_size=_BATCH)
    batches = [
        pa.RecordBatch.from_arrays(
            [
                column.dictionary_encode()
                if pa.types.is_string(column.type)
                else column.cast(kinds.field(name).type)
                if pa.types.is_decimal(column.type)
                else column
                for name, column in zip(batch.schema.names, batch.columns, strict=True)
            ],
            names=batch.schema.names,
        )
        for batch in reader
    ]
    if not batches:
        return kinds.empty_table()
    return pa.Table.from_batches(batches)


def _column(values: pa.ChunkedArray) -> pd.Series:
    if pa.types.is_dictionary(values.type):
        values = values.cast(pa.string())
    if pa.types.is_decimal(values.type) and values.type.scale == 0:
        values = values.cast(pa.int64())
    kind = values.type
    if pa.types.is_date(kind):
        return values.to_pandas(date_as_object=False).astype("datetime64[ns]")
    if pa.types.is_integer(kind):
        plain, nullable = "int64", pd.Int64Dtype()
    elif pa.types.is_boolean(kind):
        plain, nullable = "bool", pd.BooleanDtype()
    else:
        return values.to_pandas()
    if values.null_count:
        return values.to_pandas(types_mapper={kind: nullable}.get).astype(nullable)
    return values.to_pandas().astype(plain)
