"""Small results leave the engine as tidy pandas."""

import pandas as pd
import pyarrow as pa
from ibis.expr.types import Table


def tidy(table: Table) -> pd.DataFrame:
    """Bring a result out of the engine.

    Dates become pandas dates, whole numbers and booleans plain where nothing
    is missing and nullable (``Int64``, ``boolean``) where something is.

    Parameters
    ----------
    table : ibis.Table

    Returns
    -------
    pandas.DataFrame
    """
    found = table.to_pyarrow()
    return pd.DataFrame({name: _column(found.column(name)) for name in found.column_names})


def _column(values: pa.ChunkedArray) -> pd.Series:
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
