"""A mapped file as the staging table of a contract table."""

from pathlib import Path

import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from evaluation.errors import DataError
from evaluation.sources.contract import Field, TableSchema, nearest
from evaluation.sources.dates import iso_text
from evaluation.sources.excel import sheets, stage_cells
from evaluation.sources.mapping.rules import UNDECIDED, ColumnRule, TableRule
from evaluation.sources.staging import LINE, ROW, Remark, Staged, check_columns
from evaluation.sources.text import Form, stage_delimited


def stage_mapped(
    connection: Backend, path: Path, rule: TableRule, schema: TableSchema, name: str
) -> Staged:
    """Read a file by its mapping and stage what the contract table is made of.

    Parameters
    ----------
    connection : Ibis DuckDB backend
        Where the staging table is made.
    path : pathlib.Path
        The file the rule names.
    rule : TableRule
        The mapping of the table.
    schema : TableSchema
        The contract table.
    name : str
        Name of the staging table.

    Returns
    -------
    Staged

    Raises
    ------
    DataError
        If the file cannot be read or lacks a column the mapping names.
    """
    raw = _stage_file(connection, path, rule, f"{name}_raw")
    source = raw.table
    if rule.where is not None:
        belongs = source[rule.where.column].strip().isin(rule.where.is_).fill_null(False)
        outside = source.filter(~belongs).count().to_pyarrow().as_py()
        source = source.filter(belongs)
    made = {
        field: _value(source, column, schema.field(field), rule)
        for field, column in rule.decided.items()
    }
    made |= {column: source[column] for column in rule.carry}
    check_columns(list(made), schema, f"{raw.label} as {schema.name}")
    rows = source.select(ROW, LINE, **made)
    if rule.rows == "distinct":
        same = ibis.window(group_by=list(made), order_by=ROW)
        rows = rows.mutate(again=ibis.row_number().over(same))
        repeated = rows.filter(rows.again > 0).count().to_pyarrow().as_py()
        rows = rows.filter(rows.again == 0).drop("again").order_by(ROW)
    stored = connection.create_table(name, rows)
    remarks = []
    if rule.where is not None and outside:
        remarks.append(
            Remark(
                "rows_of_other_tables",
                outside,
                f"{outside:,} rows of {raw.label} are not of this table, for {rule.where.column} "
                f"is not {' or '.join(rule.where.is_)}.",
            )
        )
    if rule.rows == "distinct" and repeated:
        words = f"{repeated:,} rows of {raw.label} repeat an earlier one and count once with it."
        remarks.append(Remark("repeated_rows", repeated, words))
    unused = _unused(raw, rule)
    if unused:
        words = f"Columns of {raw.label} the mapping does not use: {', '.join(unused)}."
        remarks.append(Remark("unused_columns", None, words))
    connection.drop_table(f"{name}_raw")
    return Staged(
        table=stored,
        label=raw.label,
        columns=tuple(made),
        is_text=True,
        digest=raw.digest,
        malformed=raw.malformed,
        malformed_rows=raw.malformed_rows,
        blank_lines=raw.blank_lines,
        multiline_rows=raw.multiline_rows,
        origins={field: " and ".join(c.needs) for field, c in rule.decided.items() if c.needs},
        remarks=tuple(remarks),
    )


def _stage_file(connection: Backend, path: Path, rule: TableRule, name: str) -> Staged:
    needed = {column for made in rule.decided.values() for column in made.needs}
    needed |= set(rule.carry) | ({rule.where.column} if rule.where else set())
    key = [rule.decided[k].column for k in rule.decided if k.endswith("_id")][:1]

    def accept(columns: list[str], label: str) -> None:
        problems = [
            f'{label}: the column name "{column}" stands twice; rename one of them.'
            for column in sorted(needed)
            if columns.count(column) > 1
        ]
        for column in sorted(needed - set(columns)):
            near = nearest(column, columns)
            hint = f"; did you mean {near}?" if near else f"; it has {', '.join(columns[:30])}."
            problems.append(f'{label}: the mapping names "{column}", which is not there{hint}')
        if problems:
            raise DataError(*problems)

    form = Form(
        frozenset(column.casefold() for column in needed),
        tuple(column for column in key if column),
        rule.delimiter,
        rule.encoding,
        rule.header_row or 1,
        accept,
    )
    if path.suffix.lower() == ".xlsx":
        return stage_cells(connection, path, rule.sheet or sheets(path)[0], form, name)
    return stage_delimited(connection, path, form, name)


def _value(source: ir.Table, made: ColumnRule, field: Field, rule: TableRule) -> ir.StringValue:
    if made.constant is not None:
        return ibis.literal(made.constant)
    if made.flags:
        return _from_flags(source, made)
    texts = [_text(source[column], rule) for column in made.needs]
    value = texts[0] if len(texts) == 1 else ibis.literal(made.join).join(texts)
    if made.codes or made.others is not None:
        known = {code: word for code, word in made.codes.items() if word != UNDECIDED}
        rest = value if made.others is None else value.isnull().ifelse(value, made.others)
        value = value.cases(*known.items(), else_=rest) if known else rest
        value = value.nullif("")
    if made.times is not None:
        number = value.try_cast("float64")
        value = (number * made.times).round(6).cast("string").fill_null(value)
    form = made.dates or (rule.dates if field.type == "date" else None)
    return iso_text(value, form).fill_null(value) if form else value


def _text(column: ir.StringValue, rule: TableRule) -> ir.StringValue:
    value = column.strip().nullif("")
    return value.isin(rule.missing).ifelse(ibis.null("string"), value) if rule.missing else value


def _from_flags(source: ir.Table, made: ColumnRule) -> ir.StringValue:
    joined = ibis.literal("")
    for column, word in made.flags.items():
        said = source[column].strip().isin(made.yes).fill_null(False)
        joined = joined.concat(said.ifelse(f"{word};", ""))
    return joined.re_replace(";$", "").nullif("")


def _unused(raw: Staged, rule: TableRule) -> list[str]:
    used = {column for made in rule.columns.values() for column in made.needs} | set(rule.carry)
    used |= {rule.where.column} if rule.where else set()
    return [column for column in raw.columns if column not in used]
