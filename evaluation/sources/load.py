"""From a staging table to accepted rows, rejected rows and what is wrong with them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
from ibis.backends.sql import SQLBackend as Backend

from evaluation.errors import DataError
from evaluation.sources.across import Parent, across_checks
from evaluation.sources.contract import TableSchema
from evaluation.sources.engines import forget_view, keep, name_view, release
from evaluation.sources.parsing import natural_types, parse, without_missing
from evaluation.sources.rows import Check, printed, row_checks, text_of, with_suggestion
from evaluation.sources.staging import LINE, ROW, Remark, Staged
from evaluation.sources.timestamps import times_of_day

QUARANTINE = ("table", "source", "line", "row_key", "field", "value", "rule", "message")

_NO_QUARANTINE = pa.schema(
    [(name, pa.int64() if name == "line" else pa.string()) for name in QUARANTINE]
).empty_table()


@dataclass(frozen=True)
class Loaded:
    """A checked table.

    Parameters
    ----------
    schema : TableSchema
        The contract table.
    accepted : ibis Table
        The rows that keep every rule, typed.
    rejected : ibis Table or None
        The rows that do not, typed as far as possible.
    quarantine : ibis Table or None
        `QUARANTINE` columns, one row per broken rule, in source order.
    source, digest : str
        The file or table as printed; SHA-256 of its content.
    own_columns : tuple of str
        Columns the contract does not know.
    read, accepted_rows, blank_lines, multiline_rows : int
        Counts; quarantined rows are `read` less `accepted_rows`.
    remarks : tuple of Remark
        What a reader must know of how the table was made.
    """

    schema: TableSchema
    accepted: ir.Table
    rejected: ir.Table | None
    quarantine: ir.Table | None
    source: str
    digest: str
    own_columns: tuple[str, ...]
    read: int
    accepted_rows: int
    blank_lines: int
    multiline_rows: int
    remarks: tuple[Remark, ...] = ()

    @property
    def counts(self) -> dict[str, str | int]:
        """The table's row of counts."""
        return {
            "table": self.schema.name,
            "read": self.read,
            "accepted": self.accepted_rows,
            "quarantined": self.read - self.accepted_rows,
            "blank_lines": self.blank_lines,
        }

    @property
    def kept(self) -> list[str]:
        """Names of what it keeps in the engine."""
        tables = (self.accepted, self.rejected, self.quarantine)
        return [table.get_name() for table in tables if table is not None]

    @property
    def as_parent(self) -> Parent:
        """The table as the target of foreign keys."""
        if self.quarantine is None:
            return Parent(self.accepted, None)
        keys = self.quarantine.filter(self.quarantine.row_key.notnull())
        return Parent(self.accepted, keys.select(key="row_key").distinct())


def quarantined(tables: Iterable[Loaded]) -> pd.DataFrame:
    """Return the quarantine of several tables, in their order, as one data frame."""
    pieces = [t.quarantine.to_pyarrow() for t in tables if t.quarantine is not None]
    return pa.concat_tables([_NO_QUARANTINE, *pieces]).to_pandas(
        types_mapper={pa.int64(): pd.Int64Dtype()}.get
    )


def load(
    connection: Backend,
    staged: Staged,
    schema: TableSchema,
    parents: Mapping[str, Parent],
) -> Loaded:
    """Check a staged table and keep its good and its bad rows apart.

    Parameters
    ----------
    connection : Ibis backend
        The accepted table is stored in it under the contract name.
    staged : Staged
        The source table.
    schema : TableSchema
        The contract table it is checked against.
    parents : mapping of str to Parent
        The tables its foreign keys point to.

    Returns
    -------
    Loaded

    Raises
    ------
    DataError
        If a source column's own type cannot hold the field, or a required table
        has no rows.
    """
    name = schema.name
    view = f"{name}_parsed"
    expression, content = _parsed(staged, schema)
    times = times_of_day(staged, schema)
    parsed = name_view(connection, view, expression)
    read = staged.table.count().to_pyarrow().as_py() + staged.malformed_rows
    if schema.required and not read:
        raise DataError(f"{staged.label} has no rows, and the table {name} is required.")
    flagged, failing = _flagged(connection, parsed, schema)
    violations = _stored_violations(connection, parsed, schema, content, parents)
    kept_columns = [column for column in parsed.columns if column in staged.columns]

    good, rejected, quarantine = parsed, None, None
    if failing or violations is not None:
        broken = [flagged] if violations is None else [flagged, violations]
        bad = _stacked([table.select(ROW) for table in broken])
        good = parsed.anti_join(bad, ROW).order_by(ROW)
        rejected = keep(connection, f"{name}_rejected", parsed.semi_join(bad, ROW).order_by(ROW))
    accepted = keep(connection, name, good.select(kept_columns))
    if rejected is not None or staged.malformed is not None:
        quarantine = _quarantine(connection, staged, schema, rejected, failing, violations)
    forget_view(connection, view)
    release(connection, [table.get_name() for table in (flagged, violations) if table is not None])
    return Loaded(
        schema=schema,
        accepted=accepted,
        rejected=rejected,
        quarantine=quarantine,
        source=staged.label,
        digest=staged.digest,
        own_columns=tuple(c for c in staged.columns if c not in schema.columns),
        read=read,
        accepted_rows=accepted.count().to_pyarrow().as_py(),
        blank_lines=staged.blank_lines,
        multiline_rows=staged.multiline_rows,
        remarks=(*staged.remarks, *times),
    )


def _flagged(
    connection: Backend, parsed: ir.Table, schema: TableSchema
) -> tuple[ir.Table, list[int]]:
    """Keep the rows that break a check within the row; return them and the checks broken."""
    checks = row_checks(parsed, schema)
    flags = {f"check{n}": check.broken for n, check in enumerate(checks)}
    flagged = parsed.select(ROW, **flags)
    broken = ibis.or_(*(flagged[name] for name in flags))
    flagged = keep(connection, f"{schema.name}_flagged", flagged.filter(broken))
    tallies = {name: flagged[name].sum() for name in flags}
    found = flagged.aggregate(**tallies).to_pyarrow().to_pylist()[0]
    return flagged, [n for n in range(len(checks)) if found[f"check{n}"]]


def _parsed(staged: Staged, schema: TableSchema) -> tuple[ir.Table, list[str]]:
    """Add typed columns to a staging table; return it with the columns of its content."""
    table, missing = staged.table, schema.missing_values
    columns = {ROW: table[ROW], LINE: table[LINE]}
    content = []
    doubtful = {}
    for field in schema.fields:
        if field.name in staged.columns:
            parsed = parse(table[field.name], field, missing)
            columns[field.name] = parsed.typed
            columns[text_of(field.name)] = parsed.raw
            content.append(text_of(field.name))
            if not parsed.fits:
                doubtful[field.name] = parsed.raw.count()
    own = [name for name in staged.columns if name not in schema.columns]
    types = natural_types(table, own, missing) if staged.is_text else {}
    for name in own:
        value = without_missing(table[name], missing)
        columns[name] = value.cast(types[name]) if name in types else value
        content.append(name)
    _refuse_types(table, schema, staged.label, doubtful)
    return table.select(**columns), content


def _refuse_types(table: ir.Table, schema: TableSchema, label: str, doubtful: dict) -> None:
    if not doubtful:
        return
    found = table.aggregate(**doubtful).to_pyarrow().to_pylist()[0]
    wrong = [
        f"{label}: the column {name} is of type {table[name].type()}, and the contract asks for "
        f"a {schema.field(name).type}; convert it."
        for name, values in found.items()
        if values
    ]
    if wrong:
        raise DataError(*wrong)


def _stored_violations(
    connection: Backend,
    parsed: ir.Table,
    schema: TableSchema,
    content: list[str],
    parents: Mapping[str, Parent],
) -> ir.Table | None:
    """Keep what the checks against other rows found, each under its number; None if nothing."""
    checks = across_checks(parsed, schema, content, parents)
    numbered = [check.mutate(order=ibis.literal(n, "int64")) for n, check in enumerate(checks)]
    if not numbered:
        return None
    stored = keep(connection, f"{schema.name}_violations", _stacked(numbered))
    if stored.count().to_pyarrow().as_py():
        return stored
    release(connection, [stored.get_name()])
    return None


def _stacked(tables: list[ir.Table]) -> ir.Table:
    return ibis.union(*tables) if len(tables) > 1 else tables[0]


def _quarantine(
    connection: Backend,
    staged: Staged,
    schema: TableSchema,
    rejected: ir.Table | None,
    failing: list[int],
    violations: ir.Table | None,
) -> ir.Table:
    pieces = []
    if rejected is not None:
        keys = [rejected[text_of(name)].fill_null("") for name in schema.primary_key]
        key = ibis.literal(", ").join(keys).nullif("")
        checks = row_checks(rejected, schema)
        if failing:
            faults = [_fault(checks[n], n, rejected, staged.origins) for n in failing]
            each = rejected.select(ROW, LINE, row_key=key, fault=ibis.array(faults).unnest())
            pieces.append(each.filter(each.fault["broken"]).unpack("fault"))
        if violations is not None:
            found = violations.join(rejected.select(ROW, LINE, row_key=key), ROW)
            order, value = found.order + len(checks), printed(found.value)
            pieces.append(found.mutate(order=order, value=value))
    if staged.malformed is not None:
        pieces.append(
            staged.malformed.mutate(
                **{ROW: ibis.null("int64"), "order": ibis.literal(0)}, field=ibis.null("string")
            )
        )
    columns = [ROW, LINE, "order", "row_key", "field", "value", "rule", "message"]
    types = dict.fromkeys(columns[3:], "string") | {ROW: "int64", LINE: "int64", "order": "int64"}
    everything = _stacked([piece.select(columns).cast(types) for piece in pieces])
    place = [LINE, ROW, "order"] if staged.ordered else ["row_key", "order", "value", "message"]
    ordered = everything.order_by(place)
    named = ordered.mutate(
        table=ibis.literal(schema.name), source=ibis.literal(staged.label), line=ordered[LINE]
    )
    return keep(connection, f"{schema.name}_quarantine", named.select(QUARANTINE))


def _fault(
    check: Check, number: int, rejected: ir.Table, origins: Mapping[str, str]
) -> ir.StructValue:
    """Say by what a row breaks a check, if it does."""
    message = with_suggestion(check, rejected)
    if check.field in origins:
        message = message.concat(f" (The source's column is {origins[check.field]}.)")
    return ibis.struct(
        {
            "broken": check.broken,
            "order": ibis.literal(number, "int64"),
            "field": ibis.literal(check.field),
            "value": printed(check.value),
            "rule": ibis.literal(check.rule),
            "message": message,
        }
    )
