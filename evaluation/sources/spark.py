"""Tables on Spark, checked and used where they are.

``spark://HOST:PORT`` is the address of a standalone master, ``spark://local`` and
``spark://local[2]`` run Spark in this process, ``spark://yarn`` submits to YARN, and
``spark://`` alone takes the session that is running (as in a notebook of a hosted Spark).
After ``?`` stands where the tables are: ``database=NAME`` (or ``CATALOG.NAME``; left out, the
session's own), or ``folder=PATH`` with one Parquet file or folder per table.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec

import ibis
from ibis.backends.sql import SQLBackend

from evaluation.errors import DataError
from evaluation.sources.address import Address
from evaluation.sources.contract import TableSchema, contract
from evaluation.sources.engines import failures, release, spark_session
from evaluation.sources.staging import LINE, ROW, Staged, check_columns

_PLACES = ("database", "folder")
_CHUNK = 13
_SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
_LOCAL_SETTINGS = {
    "spark.sql.shuffle.partitions": "8",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}


def connect_spark(address: Address) -> SQLBackend:
    """Start Spark or join the session that is running, in a session of its own.

    Raises
    ------
    DataError
        If the extra or Java is missing, the address has parts Spark has not, or
        a session with another master is running.
    """
    unknown = [key for key in address.query if key not in _PLACES]
    if unknown:
        raise DataError(
            f'The address of the source has no parameter "{unknown[0]}"; it takes '
            "?database=NAME or ?folder=PATH."
        )
    if len(address.query) > 1 or address.path:
        raise DataError(
            "The address of a Spark source names one place for its tables; give "
            "?database=NAME or ?folder=PATH, and no path."
        )
    if find_spec("pyspark") is None:
        raise DataError(
            "Reading from Spark needs pyspark, which is not installed; install it with "
            "`pip install 'permanency-evaluation[spark]'`, and Java 17 or later."
        )
    session = _session(address.host).newSession()
    connection = ibis.pyspark.connect(session)
    session.conf.set("spark.sql.session.timeZone", "UTC")
    session.conf.set("spark.sql.ansi.enabled", "true")
    return connection


def spark_tables(address: Address, connection: SQLBackend) -> tuple[str, Mapping, list[str]]:
    """Find the contract tables of a Spark source.

    Returns
    -------
    description : str
        As printed.
    readers : mapping of str to callable
        For every contract table present, what stages it.
    others : list of str
        Names of tables the contract does not know.

    Raises
    ------
    DataError
        If there is no such database or folder.
    """
    session = spark_session(connection)
    where = f"spark://{address.host}"
    if "folder" in address.query:
        folder = address.query["folder"].rstrip("/")
        found = {
            name: path for name in contract().names if (path := _parquet(session, folder, name))
        }
        readers = {
            name: partial(_read, partial(session.read.parquet, path), path)
            for name, path in found.items()
        }
        return f"{where}?folder={folder}", readers, []
    database = address.query.get("database")
    try:
        tables = {table.name for table in session.catalog.listTables(database)}
    except failures(connection) as error:
        raise DataError(
            f"{where} has no database {database or 'of its own'} that can be listed "
            f"({reason(error)}); check its name."
        ) from None
    prefix = f"{database}." if database else ""
    readers = {
        name: partial(_read, partial(session.table, f"{prefix}{name}"), f"{prefix}{name}")
        for name in contract().names
        if name in tables
    }
    shown = f"?database={database}" if database else ""
    return where + shown, readers, sorted(tables - set(contract().names))


def reason(error: Exception) -> str:
    """Return the first line of an engine's complaint."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _session(host: str):
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    running = SparkSession.getActiveSession()
    master = f"spark://{host}" if ":" in host else host
    master = "local[*]" if master == "local" else master
    if running is not None:
        theirs = running.sparkContext.master
        if master and master != theirs:
            raise DataError(
                f"A Spark session on {theirs} is running in this process, and the source asks for "
                f"{master}; stop it first, or give spark:// alone to use it."
            )
        return running
    builder = SparkSession.builder.appName("permanency-evaluation")
    settings = _SETTINGS | (_LOCAL_SETTINGS if master.startswith("local") else {})
    for key, value in settings.items():
        builder = builder.config(key, value)
    if master:
        builder = builder.master(master)
    try:
        return builder.getOrCreate()
    except (PySparkException, OSError, RuntimeError) as error:
        java = os.environ.get("JAVA_HOME")
        remedy = "install Java 17 or later (on Debian or Ubuntu: apt-get install "
        remedy += "default-jre-headless)"
        if java:
            remedy = f"check that JAVA_HOME, {java}, is Java 17 or later"
        raise DataError(f"Spark cannot be started ({reason(error)}); {remedy}.") from None


def _parquet(session, folder: str, name: str) -> str | None:
    """Return the path of a table in a folder, as Spark's own file systems see it."""
    jvm, settings = session._jvm, session._jsc.hadoopConfiguration()
    for path in (f"{folder}/{name}.parquet", f"{folder}/{name}"):
        place = jvm.org.apache.hadoop.fs.Path(path)
        if place.getFileSystem(settings).exists(place):
            return path
    return None


def _read(read, label: str, connection: SQLBackend, schema: TableSchema, name: str) -> Staged:
    """Give the rows of a Spark table numbers and keep them in Spark.

    Raises
    ------
    DataError
        If the table cannot be read or its columns do not fit.
    """
    from pyspark.sql import functions

    try:
        frame = read()
        columns = list(frame.columns)
        check_columns(columns, schema, label)
        numbered = frame.withColumn(ROW, functions.monotonically_increasing_id())
        numbered.localCheckpoint().createOrReplaceTempView(name)
        table = connection.table(name)
        digest = _digest(table, columns)
    except failures(connection) as error:
        release(connection, [name])
        raise DataError(f"{label} cannot be read ({reason(error)}); write it again.") from None
    return Staged(
        table=table.mutate(**{LINE: ibis.null("int64")}),
        label=label,
        columns=tuple(columns),
        is_text=False,
        digest=digest,
        ordered=False,
    )


def _digest(table: ibis.Table, columns: list[str]) -> str:
    """Hash a table whose rows have no order, without its rows leaving the engine.

    Four sums over the rows of pieces of each row's SHA-256 (an additive hash of
    a multiset: Clarke, Devadas, van Dijk, Gassend and Suh, 2003), with their number.
    """
    parts = [
        table[name].cast("string").fill_null("\0").replace("\\", "\\\\").replace("\x1f", "\\u")
        for name in columns
    ]
    whole = ibis.literal("\x1f").join(parts) if len(parts) > 1 else parts[0]
    rows = table.select(hash=_sha2(whole, 256))
    pieces = {
        f"piece{n}": _conv(rows.hash.substr(n * _CHUNK, _CHUNK), 16, 10)
        .cast("decimal(38, 0)")
        .sum()
        for n in range(4)
    }
    found = rows.aggregate(rows=rows.count(), **pieces).to_pyarrow().to_pylist()[0]
    sums = {name: str(value) for name, value in found.items()}
    return hashlib.sha256(json.dumps([columns, sums], sort_keys=True).encode()).hexdigest()


@ibis.udf.scalar.builtin(name="sha2")
def _sha2(value: str, bits: int) -> str: ...


@ibis.udf.scalar.builtin(name="conv")
def _conv(value: str, base: int, to: int) -> str: ...
