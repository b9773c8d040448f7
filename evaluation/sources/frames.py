"""pandas data frames as Arrow tables, whatever mixture of types their columns hold."""

import datetime
from typing import Any

import pandas as pd
import pyarrow as pa

from evaluation.errors import DataError
from evaluation.sources.contract import TableSchema

_UNIFORM = ("string", "date", "boolean", "integer", "floating", "decimal", "bytes", "empty")


def to_arrow(frame: pd.DataFrame, schema: TableSchema) -> pa.Table:
    """Convert a data frame; columns of mixed Python values become text.

    Parameters
    ----------
    frame : pandas.DataFrame
        Its index is not a column.
    schema : TableSchema
        The contract table it is read as.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    DataError
        If column names are not text, a key is the index, or a column holds
        values that are no data (lists, intervals, bytes).
    """
    label = f"data frame {schema.name}"
    if not all(isinstance(name, str) for name in frame.columns):
        wrong = next(name for name in frame.columns if not isinstance(name, str))
        raise DataError(
            f"{label}: the column name {wrong!r} is not text; rename the columns, for example "
            "`frame.columns = frame.columns.astype(str)`."
        )
    hidden = [name for name in frame.index.names if name in schema.columns]
    if hidden and hidden[0] not in frame.columns:
        raise DataError(
            f"{label}: {hidden[0]} is the index and not a column; call `.reset_index()` first."
        )
    arrays = [
        _array(frame.iloc[:, position], f"{label}: the column {name}")
        for position, name in enumerate(frame.columns)
    ]
    return pa.Table.from_arrays(arrays, names=[f"c{n}" for n in range(len(arrays))])


def _array(values: pd.Series, what: str) -> pa.Array | pa.ChunkedArray:
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    kind = "" if values.dtype != object else pd.api.types.infer_dtype(values, skipna=True)
    try:
        if kind and kind not in _UNIFORM:
            values = values.map(_text).astype(object)
        array = pa.Array.from_pandas(values)
    except (pa.ArrowException, UnicodeEncodeError, OverflowError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"{what} cannot be read as data ({reason}); convert it to text, numbers or dates."
        ) from None
    kind = array.type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or isinstance(kind, pa.ExtensionType):
        raise DataError(f"{what} holds {array.type} values; convert it to text, numbers or dates.")
    return array


def _text(value: Any) -> str | None:
    """Write a Python value the way the same value would stand in a text file."""
    if not pd.api.types.is_scalar(value):
        raise TypeError(f"it holds {type(value).__name__} values")
    if pd.isna(value):
        return None
    if isinstance(value, datetime.datetime) and value.tzinfo is None:
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
