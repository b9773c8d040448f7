"""Tables of a PostgreSQL database, copied into DuckDB as one snapshot.

``postgresql://HOST:PORT/DATABASE``; after ``?`` may stand ``schema=NAME`` (else the search path
of the user) and libpq's ``user``, ``host`` (a socket's folder too), ``port``, ``service``,
``sslmode``, ``sslrootcert`` and ``connect_timeout``. Passwords come from where libpq looks for
them: ``PGPASSWORD``, ``~/.pgpass`` or a service file.
"""

import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from typing import Any

import pyarrow as pa
import pyarrow.csv as pv
from ibis.backends.duckdb import Backend

from evaluation.errors import DataError
from evaluation.sources.address import Address
from evaluation.sources.contract import TableSchema, contract, nearest
from evaluation.sources.staging import Staged, check_columns
from evaluation.sources.typed import staged

_LIBPQ = ("user", "host", "port", "service", "sslmode", "sslrootcert", "connect_timeout")
_CARRIED = ("children", "removals")
_KINDS = {
    "bool": pa.bool_(),
    "int2": pa.int64(),
    "int4": pa.int64(),
    "int8": pa.int64(),
    "float4": pa.float64(),
    "float8": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", tz="UTC"),
}
_COLUMNS = """
    SELECT c.relname, a.attname, t.typname
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p')
      AND CASE WHEN %(schema)s::text IS NULL THEN pg_catalog.pg_table_is_visible(c.oid)
               AND n.nspname NOT IN ('pg_catalog', 'information_schema')
          ELSE n.nspname = %(schema)s END
    ORDER BY c.relname, a.attnum
"""


class Database:
    """The contract tables of a PostgreSQL database as they were at one moment.

    Parameters
    ----------
    address : Address

    Attributes
    ----------
    description : str
        The source as printed: host and database only.
    readers : mapping of str to callable
        For every contract table present, what copies it into DuckDB.
    others : list of str
        Names of tables the contract does not know.
    left : list of (str, str)
        Columns that stay in the database, and why.

    Raises
    ------
    DataError
        If the extra is missing, the address has parts PostgreSQL has not, or
        the database cannot be reached.
    """

    def __init__(self, address: Address):
        if find_spec("psycopg") is None:
            raise DataError(
                "Reading from PostgreSQL needs psycopg, which is not installed; install it with "
                "`pip install 'permanency-evaluation[postgres]'`."
            )
        unknown = [key for key in address.query if key not in (*_LIBPQ, "schema")]
        if unknown:
            raise DataError(
                f'The address of the source has no parameter "{unknown[0]}"; it takes schema, '
                f"{', '.join(_LIBPQ)}."
            )
        self._schema = address.query.get("schema")
        self._connection = _connected(address)
        host = self._connection.info.host
        host = "localhost" if not host or host.startswith("/") else host
        self.description = f"postgresql://{host}/{self._connection.info.dbname}"
        columns = self._catalogue()
        names = contract().names
        self.others = sorted(set(columns) - set(names))
        self.left: list[tuple[str, str]] = []
        self.readers: Mapping[str, Any] = {
            name: partial(self._read, self._needed(name, columns[name]))
            for name in names
            if name in columns
        }

    def close(self) -> None:
        """End the snapshot."""
        self._connection.close()

    def _catalogue(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = defaultdict(dict)
        with self._connection.cursor() as cursor:
            for table, column, kind in cursor.execute(_COLUMNS, {"schema": self._schema}):
                found[table][column] = kind
        return found

    def _needed(self, table: str, columns: dict[str, str]) -> dict[str, str]:
        """Leave out columns of the agency's own that no cohort carries along."""
        schema = contract().table(table)
        if table in _CARRIED:
            return columns
        absent = [name for name in schema.columns if name not in columns]
        needed = {
            name: kind
            for name, kind in columns.items()
            if name in schema.columns or nearest(name.strip().lower(), absent, cutoff=0.75)
        }
        self.left += [
            (
                f"{table}.{name}",
                "It is not in the contract, and only children and removals carry an agency's own "
                "columns along, so it stays in the database.",
            )
            for name in columns
            if name not in needed
        ]
        return needed

    def _read(
        self, columns: dict[str, str], connection: Backend, schema: TableSchema, name: str
    ) -> Staged:
        import psycopg

        label = f"{self.description}, table {schema.name}"
        check_columns(list(columns), schema, label)
        types = {
            f"c{n}": _arrow_type(kind, column, schema)
            for n, (column, kind) in enumerate(columns.items())
        }
        try:
            with (
                self._connection.cursor() as cursor,
                cursor.copy(self._query(columns, schema)) as copy,
                pv.open_csv(
                    pa.PythonFile(_Stream(copy), mode="r"),
                    read_options=pv.ReadOptions(block_size=1 << 23),
                    parse_options=pv.ParseOptions(newlines_in_values=True),
                    convert_options=pv.ConvertOptions(
                        column_types=types,
                        null_values=[""],
                        strings_can_be_null=True,
                        quoted_strings_can_be_null=False,
                        true_values=["t"],
                        false_values=["f"],
                    ),
                ) as reader,
            ):
                connection.con.from_arrow(reader).create(name)
        except (psycopg.Error, pa.ArrowException) as error:
            reason = str(error).strip().splitlines()[0][:200]
            raise DataError(
                f"{label} cannot be copied ({reason}); connect again or mend it."
            ) from None
        return staged(connection, name, list(columns), label)

    def _query(self, columns: dict[str, str], schema: TableSchema):
        """Compose the copy, in an order that the values alone decide."""
        from psycopg import sql

        shown, texts = [], []
        for place, (column, kind) in enumerate(columns.items()):
            value = sql.Identifier(column)
            if kind == "numeric":
                is_text = column in schema.columns and schema.field(column).type == "string"
                value = sql.SQL("trim_scale({})::text" if is_text else "{}::float8").format(value)
            elif kind not in _KINDS:
                value = sql.SQL("{}::text").format(value)
                texts.append(place)
            shown.append(value)
        first = [place for place, name in enumerate(columns) if name in schema.primary_key]
        order = first + [place for place in range(len(shown)) if place not in first]
        by = [
            sql.SQL('{} COLLATE "C"' if place in texts else "{}").format(
                sql.Identifier(f"c{place}")
            )
            for place in order
        ]
        named = [
            sql.SQL("{} AS {}").format(value, sql.Identifier(f"c{place}"))
            for place, value in enumerate(shown)
        ]
        table = sql.Identifier(*filter(None, (self._schema, schema.name)))
        return sql.SQL(
            "COPY (SELECT * FROM (SELECT {} FROM {}) AS rows ORDER BY {}) "
            "TO STDOUT (FORMAT csv, HEADER)"
        ).format(sql.SQL(", ").join(named), table, sql.SQL(", ").join(by))


def _arrow_type(kind: str, column: str, schema: TableSchema) -> pa.DataType:
    """Dates of the contract stay text, so that one that is no date costs its row alone."""
    if column in schema.columns:
        wanted = schema.field(column).type
        if (kind == "date" and wanted == "date") or (kind == "numeric" and wanted == "string"):
            return pa.string()
    return pa.float64() if kind == "numeric" else _KINDS.get(kind, pa.string())


def _connected(address: Address):
    import psycopg

    settings: dict[str, Any] = {key: address.query[key] for key in _LIBPQ if key in address.query}
    given = {
        "host": address.hostname,
        "port": address.port,
        "user": address.user,
        "dbname": address.path,
    }
    settings |= {key: value for key, value in given.items() if value}
    settings.setdefault("connect_timeout", 15)
    try:
        connection = psycopg.connect(
            **settings,
            client_encoding="UTF8",
            application_name="permanency-evaluation",
            options="-c DateStyle=ISO -c TimeZone=UTC",
        )
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0][:300]
        where = address.hostname or "the default host"
        raise DataError(
            f"The database {address.path or 'of the user'} on {where} cannot be opened ({reason}); "
            "check the address, and that the environment, ~/.pgpass or a service file holds the "
            "credentials."
        ) from None
    connection.read_only = True
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    return connection


class _Stream(io.RawIOBase):
    """What a copy sends, as a file to read."""

    def __init__(self, copy):
        self._blocks: Iterator[Any] = iter(copy)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        parts, have = [self._rest], len(self._rest)
        while size < 0 or have < size:
            block = next(self._blocks, None)
            if block is None:
                break
            parts.append(bytes(block))
            have += len(block)
        whole = b"".join(parts)
        end = len(whole) if size < 0 else size
        self._rest = whole[end:]
        return whole[:end]
