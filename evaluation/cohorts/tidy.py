"""Small results leave the engine as tidy pandas."""

import pandas as pd
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
    frame = table.to_pandas()
    for name, kind in table.schema().items():
        if kind.is_date():
            frame[name] = pd.to_datetime(frame[name])
        elif kind.is_boolean():
            frame[name] = frame[name].astype("boolean" if frame[name].isna().any() else "bool")
        elif kind.is_integer():
            frame[name] = frame[name].astype("Int64" if frame[name].isna().any() else "int64")
    return frame
