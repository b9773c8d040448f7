"""From federal files to contract tables in the engine, and out of it."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import duckdb
import ibis.expr.types as ir
import pandas as pd
from ibis.backends.duckdb import Backend

from evaluation.errors import DataError
from evaluation.sources.agency import Agency
from evaluation.sources.conversion.account import Account, ConversionReport, close
from evaluation.sources.conversion.child_file import convert_child_file
from evaluation.sources.conversion.history import convert_history
from evaluation.sources.conversion.layout import layout
from evaluation.sources.conversion.reading import read_files
from evaluation.sources.conversion.snapshots import convert_snapshots
from evaluation.sources.engines import open_duckdb
from evaluation.sources.stored import store_table


class Conversion:
    """Contract tables made from federal files; close it, or use it in a ``with``.

    Parameters
    ----------
    connection : Ibis DuckDB backend
        Holds the tables.
    scratch : tempfile.TemporaryDirectory
        What the engine writes to.
    tables : dict of str to ibis Table
        The contract tables, the ones taken along among them.
    report : ConversionReport
        The account.

    Attributes
    ----------
    tables, report
        As above.
    """

    def __init__(
        self,
        connection: Backend,
        scratch: tempfile.TemporaryDirectory,
        tables: dict[str, ir.Table],
        report: ConversionReport,
    ):
        self._connection = connection
        self._scratch = scratch
        self.tables = tables
        self.report = report

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return the tables as data frames, as ``connect`` takes them."""
        return {name: table.to_pandas() for name, table in self.tables.items()}

    def write_parquet(self, folder: Path) -> list[Path]:
        """Write one Parquet file per table into an existing folder, batch by batch."""
        written = []
        for name, table in self.tables.items():
            path = folder / f"{name}.parquet"
            store_table(self._connection, table, path)
            written.append(path)
        return written

    def close(self) -> None:
        """Close the engine and delete what it wrote to disk."""
        self._connection.disconnect()
        self._scratch.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def convert(format: str, files: Sequence[str | Path], beside: Agency | None = None) -> Conversion:
    """Convert federal files to contract tables.

    Parameters
    ----------
    format : str
        ``afcars-1993``, ``afcars-2020`` or ``ncands``.
    files : sequence of str or pathlib.Path
        In the order of submission: where two files disagree, the later one wins.
    beside : Agency, optional
        Tables converted before: they are taken along, and the identifiers of the
        NCANDS Child File are matched against their children.

    Returns
    -------
    Conversion

    Raises
    ------
    DataError
        If a file cannot be read or is not of the format.
    """
    form = layout(format)
    if not files:
        raise DataError(f"No file is given to convert as {form.title}; name at least one.")
    scratch = tempfile.TemporaryDirectory(prefix="permanency-")
    connection = open_duckdb(scratch.name)
    try:
        taken = _taken_along(connection, beside)
        raw = read_files(connection, files, form)
        found = [file for block in raw.values() for file in block.files]
        account = Account(tuple(sorted(found, key=lambda file: file.position)))
        if format == "afcars-1993":
            made = convert_snapshots(connection, raw, form, account)
        elif format == "afcars-2020":
            made = convert_history(connection, raw, form, account)
        else:
            made = convert_child_file(connection, raw, form, account, taken.get("children"))
        stored = {
            name: connection.create_table(f"made_{name}", table)
            for name, table in made.tables.items()
        }
        twice = sorted(set(stored) & set(taken))
        if twice:
            raise DataError(
                f"The tables to take along hold {', '.join(twice)}, which these files make too; "
                "convert them into a folder of their own."
            )
        tables = taken | stored
        columns = {name: tuple(table.columns) for name, table in tables.items()}
        rows = {name: table.count().to_pyarrow().as_py() for name, table in tables.items()}
        report = close(account, form, columns, rows, made.limits, made.only)
    except duckdb.Error as error:
        connection.disconnect()
        scratch.cleanup()
        raise DataError(
            f"The files cannot be converted ({str(error).splitlines()[0]}); check that they are "
            f"{form.title}."
        ) from None
    except BaseException:
        connection.disconnect()
        scratch.cleanup()
        raise
    return Conversion(connection, scratch, tables, report)


def _taken_along(connection: Backend, beside: Agency | None) -> dict[str, ir.Table]:
    if beside is None:
        return {}
    return {
        name: connection.create_table(f"taken_{name}", beside.table(name).to_pyarrow())
        for name in beside.tables
    }
