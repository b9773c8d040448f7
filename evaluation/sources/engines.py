"""The engines tables live in: how a step is kept in one, let go, and what its failures are.

Rules are Ibis expressions and know nothing of engines. What differs between DuckDB and
Spark is here and in the module of each kind of source.
"""

import contextlib
import os
import re
from collections.abc import Iterable

import duckdb
import ibis
from ibis.backends.sql import SQLBackend
from ibis.expr import operations as ops
from ibis.expr.types import Table

from evaluation.errors import DataError

DUCKDB, SPARK = "duckdb", "pyspark"
MEMORY = "PERMANENCY_MEMORY"
"""The environment variable that says how much memory DuckDB may use."""
_USUAL_MEMORY = "2GB"


def open_duckdb(scratch: str, **settings) -> SQLBackend:
    """Open an empty DuckDB database in memory, which reaches no network.

    Parameters
    ----------
    scratch : str
        Folder for what does not fit into memory.
    **settings
        Further settings of DuckDB.

    Returns
    -------
    Ibis backend
    """
    connection = ibis.duckdb.connect(
        temp_directory=scratch,
        autoinstall_known_extensions=False,
        autoload_known_extensions=False,
        **settings,
    )
    # DuckDB turns every list of codes into a join, dozens of which cost more than the rows.
    connection.raw_sql("SET disabled_optimizers = 'in_clause'")
    return connection


def memory_limit() -> str:
    """Return how much memory DuckDB may use: ``PERMANENCY_MEMORY``, or 2 GB.

    Raises
    ------
    DataError
        If the variable is not a number of MB or GB.
    """
    given = os.environ.get(MEMORY, "").strip() or _USUAL_MEMORY
    if not re.fullmatch(r"\d+(\.\d+)? ?[MG]i?B", given, re.IGNORECASE):
        raise DataError(f"{MEMORY} is {given!r}: give a number of MB or GB, such as 8GB.")
    return given


def keep(connection: SQLBackend, name: str, rows: Table, temporary: bool = False) -> Table:
    """Run an expression once and keep its rows in the engine.

    On Spark the rows are a local checkpoint behind a temporary view: a worker
    that is lost ends the work with an error and never changes a row, as
    computing it again from unordered input could.

    Parameters
    ----------
    connection : Ibis backend
    name : str
        New in the engine.
    rows : ibis.Table
    temporary : bool
        Whether DuckDB keeps it as a temporary table, whose rows may lie in any order.

    Returns
    -------
    ibis.Table

    Raises
    ------
    DataError
        If DuckDB has not the memory.
    """
    if connection.name == DUCKDB:
        if not temporary:
            return _created(connection, name, rows)
        connection.raw_sql("SET preserve_insertion_order = false")
        try:
            return _created(connection, name, rows, temp=True)
        finally:
            connection.raw_sql("SET preserve_insertion_order = true")
    connection.create_view(name, rows)
    session = spark_session(connection)
    session.table(f"`{name}`").localCheckpoint().createOrReplaceTempView(name)
    return connection.table(name)


def _created(connection: SQLBackend, name: str, rows: Table, **place: bool) -> Table:
    try:
        if rows.op().find(ops.InMemoryTable):
            return connection.create_table(name, rows, **place)
        query = _compiled(connection, rows)
        table = connection.create_table(name, schema=rows.schema(), **place)
        connection.raw_sql(f'INSERT INTO "{name}" {query}')
        return table
    except duckdb.OutOfMemoryException:
        raise DataError(
            f"These records need more memory than the {_allowed(connection)} DuckDB may use here: "
            f"set the environment variable {MEMORY} to more, such as 8GB, and run again."
        ) from None


def _compiled(connection: SQLBackend, rows: Table) -> str:
    """Write an expression as SQL, selections within selections: DuckDB joins them sooner."""
    joined = ibis.options.sql.fuse_selects
    ibis.options.sql.fuse_selects = False
    try:
        return connection.compile(rows)
    finally:
        ibis.options.sql.fuse_selects = joined


def _allowed(connection: SQLBackend) -> str:
    return connection.con.execute("SELECT current_setting('memory_limit')").fetchone()[0]


def release(connection: SQLBackend, names: Iterable[str], temporary: bool = False) -> None:
    """Drop what `keep` kept; an engine that is closed has none left."""
    if connection.name == DUCKDB:
        place = {"database": "temp"} if temporary else {}
        with contextlib.suppress(duckdb.ConnectionException):
            for name in names:
                connection.drop_table(name, force=True, **place)
        return
    with contextlib.suppress(*failures(connection)):
        for name in names:
            spark_session(connection).catalog.dropTempView(name)


def name_view(connection: SQLBackend, name: str, rows: Table) -> Table:
    """Give an expression a name in the engine without running it."""
    return connection.create_view(name, rows)


def forget_view(connection: SQLBackend, name: str) -> None:
    """Drop what `name_view` named."""
    if connection.name == DUCKDB:
        connection.drop_view(name)
    else:
        spark_session(connection).catalog.dropTempView(name)


def failures(connection: SQLBackend) -> tuple[type[Exception], ...]:
    """Return the errors an engine raises when it cannot run an expression."""
    if connection.name == DUCKDB:
        return (duckdb.Error,)
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    return (PySparkException, Py4JError, ConnectionError)


def spark_session(connection: SQLBackend):
    """Return the Spark session behind an Ibis backend."""
    return connection._session
