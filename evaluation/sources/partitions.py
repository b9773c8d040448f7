"""A table that lies in a folder of Parquet files, in partitions or not."""

from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend

from evaluation.errors import DataError
from evaluation.sources.contract import TableSchema
from evaluation.sources.staging import Staged, check_columns
from evaluation.sources.typed import staged

_BATCH = 100_000


def parquet_files(folder: Path) -> list[Path]:
    """Return the Parquet files under a folder in the order of their paths.

    Names that begin with a dot or an underscore are another program's notes
    and are no data, as Spark and Hive have it.
    """
    return sorted(
        path
        for path in folder.rglob("*.parquet")
        if not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
    )


def stage_parquet_folder(
    connection: Backend, folder: Path, schema: TableSchema, name: str
) -> Staged:
    """Copy the Parquet files under a folder into the engine as one table.

    Folders named ``KEY=VALUE`` (Hive's partitions) give a column ``KEY`` of
    text. A column that only some files have is missing in the others' rows.

    Raises
    ------
    DataError
        If a file cannot be read, files or partitions contradict each other,
        or the columns do not fit.
    """
    label = f"{folder.name}/"
    files = parquet_files(folder)
    keys = _keys(files, folder, label)
    unified = _unified(files, keys, folder, label)
    columns = list(unified.names)
    check_columns(columns, schema, label)
    try:
        dataset = ds.dataset(
            files,
            schema=unified,
            format="parquet",
            partitioning=ds.HivePartitioning(pa.schema([(key, pa.string()) for key in keys])),
            partition_base_dir=str(folder),
        )
        scanner = dataset.scanner(batch_size=_BATCH, batch_readahead=2, fragment_readahead=1)
        layout = pa.schema([field.with_name(f"c{n}") for n, field in enumerate(unified)])
        batches = (
            pa.RecordBatch.from_arrays(batch.columns, schema=layout)
            for batch in scanner.to_batches()
        )
        reader = pa.RecordBatchReader.from_batches(layout, batches)
        connection.con.from_arrow(reader).create(name)
    except (pa.ArrowException, OSError, duckdb.Error) as error:
        raise _unreadable(label, error) from None
    return staged(connection, name, columns, label)


def _keys(files: list[Path], folder: Path, label: str) -> list[str]:
    """Return the partition keys, which must be the same for every file."""
    keys = {
        tuple(
            unquote(part.split("=", 1)[0])
            for part in path.relative_to(folder).parts[:-1]
            if "=" in part
        )
        for path in files
    }
    if len(keys) > 1:
        shown = " and ".join(", ".join(each) or "none" for each in sorted(keys)[:2])
        raise DataError(
            f"{label}: its files lie in partitions by different keys ({shown}); keep those of one "
            "writing."
        )
    (found,) = keys
    twice = [key for key, times in Counter(found).items() if times > 1]
    if twice:
        raise DataError(f"{label}: the partition key {twice[0]} is nested in itself; keep one.")
    return list(found)


def _unified(files: list[Path], keys: list[str], folder: Path, label: str) -> pa.Schema:
    """Return the columns of all files together, partition keys last."""
    schemas = []
    for path in files:
        try:
            with path.open("rb") as stream:
                schemas.append(pq.read_schema(stream).remove_metadata())
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(f"{label}{path.relative_to(folder)}", error) from None
        inside = [key for key in keys if key in schemas[-1].names]
        if inside:
            raise DataError(
                f"{label}{path.relative_to(folder)}: {inside[0]} is a column of the file and a "
                "partition key as well; write it once."
            )
    try:
        unified = pa.unify_schemas(schemas, promote_options="permissive")
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"{label}: its files give one column different types ({reason}); write them alike."
        ) from None
    for key in keys:
        unified = unified.append(pa.field(key, pa.string()))
    return unified


def _unreadable(what: str, error: Exception) -> DataError:
    reason = str(error).splitlines()[0]
    return DataError(f"{what} cannot be read as Parquet ({reason}); write it again.")
