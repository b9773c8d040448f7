"""An agency's administrative data, checked against the contract."""

import hashlib
import json
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import ibis.expr.types as ir
import pandas as pd
from ibis.backends.sql import SQLBackend

from evaluation.errors import DataError
from evaluation.sources.contract import contract
from evaluation.sources.engines import DUCKDB, failures, memory_limit, open_duckdb, release
from evaluation.sources.findings import findings
from evaluation.sources.load import Loaded, load, quarantined
from evaluation.sources.mapping.rules import read_mapping
from evaluation.sources.places import Place, Source, locate, spark_address
from evaluation.sources.quality import data_quality
from evaluation.sources.result import CheckResult
from evaluation.sources.stored import UNREADABLE, fetch_checked, store_checked


def connect(source: Source, truth: Any = None, mapping: str | Path | None = None) -> "Agency":
    """Open an agency's administrative data.

    Parameters
    ----------
    source : str, pathlib.Path or mapping of str to pandas.DataFrame
        A folder with one ``.csv``, ``.csv.gz`` or ``.parquet`` file (or folder of
        Parquet files, in Hive partitions or not) per contract table, a ``.duckdb``
        file (opened read-only), data frames by table name, ``postgresql://HOST/DATABASE``
        or ``spark://MASTER?database=NAME`` (or ``?folder=PATH`` of Parquet).
        PostgreSQL's tables are copied into DuckDB; Spark's stay in Spark, which also
        makes the cohort.
    truth : object, optional
        For simulated agencies: what the data were made from.
    mapping : str or pathlib.Path, optional
        A mapping file: how the agency's own files become contract tables.

    Returns
    -------
    Agency
        Tables are read and checked when first asked for.

    Raises
    ------
    DataError
        If there is no such source, it cannot be reached or holds no contract table, or
        ``PERMANENCY_MEMORY`` (what DuckDB may use, by default 2GB) cannot be read.
    """
    address = spark_address(source)
    if address is not None and mapping is None:
        from evaluation.sources.spark import connect_spark

        connection = connect_spark(address)
        return Agency(connection, locate(source, connection), None, truth)
    mapped = None if mapping is None else read_mapping(mapping)
    scratch = tempfile.TemporaryDirectory(prefix="permanency-")
    connection = open_duckdb(scratch.name, memory_limit=memory_limit())
    try:
        place = locate(source, connection, mapped)
    except DataError:
        connection.disconnect()
        scratch.cleanup()
        raise
    return Agency(connection, place, scratch, truth)


class Agency:
    """Contract tables of an agency, of which only rows that keep every rule are seen.

    Made by `connect`; usable as a context manager, which closes the engine.

    Attributes
    ----------
    truth : object or None
        For simulated agencies: what the data were made from.
    """

    def __init__(
        self,
        connection: SQLBackend,
        place: Place,
        scratch: tempfile.TemporaryDirectory[str] | None,
        truth: Any = None,
    ):
        self._connection = connection
        self._place = place
        self._scratch = scratch
        self._loaded: dict[str, Loaded] = {}
        self._failed: dict[str, DataError] = {}
        self.truth = truth

    @property
    def source(self) -> str:
        """The source as printed in reports; holds no credentials."""
        return self._place.description

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the contract tables present, in the contract's order."""
        return tuple(name for name in contract().names if name in self._place.readers)

    @property
    def connection(self) -> SQLBackend:
        """The Ibis backend, DuckDB's or Spark's, that holds the accepted tables."""
        return self._connection

    def table(self, name: str) -> ir.Table:
        """Return the accepted rows of a table.

        Parameters
        ----------
        name : str
            A contract table.

        Returns
        -------
        ibis Table
            The contract's columns that the source has, typed as the contract
            says (date, string, float64, boolean, int64), and the agency's own
            columns.

        Raises
        ------
        DataError
            If the contract or the source has no such table, or it cannot be read.
        """
        return self._load(name).accepted

    @property
    def files(self) -> tuple[Path, ...] | None:
        """Every file the tables are read from; None where they do not lie in files."""
        return self._place.files

    @property
    def incomplete(self) -> tuple[str, ...]:
        """What a mapping still has to say before every table can be read."""
        return tuple(self._place.incomplete)

    def check(self, strict: bool = False) -> CheckResult:
        """Read and check every table (once; the result is kept).

        Parameters
        ----------
        strict : bool
            Stop at the first table that has a row in quarantine.

        Returns
        -------
        CheckResult

        Raises
        ------
        DataError
            If a required table is missing (and not only waiting for its mapping) or a
            table cannot be read at all; with `strict`, also if a row breaks the contract.
        """
        required = [table.name for table in contract().tables if table.required]
        missing = [self._missing(name) for name in required if name not in self.tables]
        if missing and not self.incomplete:
            raise DataError(*missing)
        problems: dict[str, None] = {}
        for name in self.tables:
            try:
                loaded = self._load(name)
            except DataError as error:
                problems |= dict.fromkeys(error.sentences)
            else:
                problems |= dict.fromkeys(_first_faults(loaded) if strict else ())
            if strict and problems:
                break
        if problems:
            raise DataError(*problems)
        return self._result

    @cached_property
    def _result(self) -> CheckResult:
        loaded = {name: self._load(name) for name in self.tables}
        return CheckResult(
            source=self.source,
            counts=pd.DataFrame([table.counts for table in loaded.values()]),
            quarantine=quarantined(loaded.values()),
            findings=findings(loaded, contract(), self._unread),
            measure=lambda found: data_quality(loaded, found.findings, found.reasons),
        )

    @property
    def _unread(self) -> list[tuple[str, str]]:
        return [*self._place.unread, *(("mapping", words) for words in self._place.incomplete)]

    def store_checked(self, folder: Path) -> None:
        """Write every checked table, rows set aside included, into an empty folder.

        Raises
        ------
        DataError
            As `check`.
        """
        self.check()
        store_checked(self._connection, self._loaded, folder)

    def fetch_checked(self, folder: Path) -> None:
        """Take tables that `store_checked` wrote of the same source, instead of reading it.

        Raises
        ------
        DataError
            If a table does not come back as it was stored; then none is taken.
        """
        before = set(self._connection.list_tables())
        try:
            self._loaded = fetch_checked(self._connection, folder)
        except UNREADABLE as error:
            release(self._connection, set(self._connection.list_tables()) - before)
            raise DataError(f"it cannot be read ({error})") from None

    def has(self, table: str, column: str | None = None) -> bool:
        """Tell whether the source has a table, or a column of it.

        Parameters
        ----------
        table : str
            A contract table.
        column : str, optional
            A contract field or a column of the agency's own.
        """
        if table not in self._place.readers:
            return False
        return column is None or column in self.table(table).columns

    @cached_property
    def data_hash(self) -> str:
        """SHA-256 of the content of every table, wherever it lies.

        Of a text file it takes the bytes (unpacked); of a Parquet file, database
        table or data frame the column names and every value as text in row order;
        of a table on Spark, whose rows have no order, the same whatever their order.
        """
        digests = {name: self._load(name).digest for name in self.tables}
        return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()

    def close(self) -> None:
        """Close DuckDB and delete what it wrote to disk; on Spark, drop what was kept.

        Spark itself goes on: others in the process may use it.
        """
        self._place.close()
        if self._connection.name == DUCKDB:
            self._connection.disconnect()
        else:
            release(self._connection, [name for t in self._loaded.values() for name in t.kept])
        if self._scratch is not None:
            self._scratch.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Agency({self.source!r}: {', '.join(self.tables)})"

    def _load(self, name: str) -> Loaded:
        if name in self._failed:
            raise self._failed[name]
        if name not in self._loaded:
            try:
                self._loaded[name] = self._read(name)
            except DataError as error:
                self._failed[name] = error
                raise
            except failures(self._connection) as error:
                self._failed[name] = DataError(
                    f"The table {name} of {self.source} cannot be checked "
                    f"({str(error).splitlines()[0]})."
                )
                raise self._failed[name] from None
        return self._loaded[name]

    def _read(self, name: str) -> Loaded:
        schema = contract().table(name)
        if name not in self._place.readers:
            raise DataError(self._missing(name))
        parents = {key.table for key in schema.foreign_keys}
        parents |= {"children" for rule in schema.cross_rules if rule.rule == "not_before_birth"}
        if self.incomplete:
            parents &= set(self.tables)
        known = {parent: self._load(parent).as_parent for parent in sorted(parents)}
        staging = f"{name}_source"
        staged = self._place.readers[name](self._connection, schema, staging)
        loaded = load(self._connection, staged, schema, known)
        release(self._connection, [staging])
        return loaded

    def _missing(self, name: str) -> str:
        unread = [f"{file} ({why})" for file, why in self._place.unread]
        seen = f" Not read: {'; '.join(unread)}." if unread else ""
        return (
            f"The table {name} is missing from {self.source}, which has "
            f"{', '.join(self.tables)}; add it under that name.{seen}"
        )


def _first_faults(loaded: Loaded, shown: int = 5) -> list[str]:
    """Say the first faults of a table, and how many there are."""
    faults = quarantined([loaded])
    sentences = [
        f"{fault.source}{'' if pd.isna(fault.line) else f', line {fault.line}'}: {fault.message}"
        for fault in faults.head(shown).itertuples()
    ]
    if len(faults) > shown:
        sentences.append(f"{loaded.source}: {len(faults) - shown} more faults.")
    return sentences
