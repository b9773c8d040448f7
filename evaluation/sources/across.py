"""The contract's checks of a row against other rows and tables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from evaluation.sources.contract import ForeignKey, Rule, TableSchema
from evaluation.sources.rows import say, text_of
from evaluation.sources.staging import LINE, ROW


@dataclass(frozen=True)
class Parent:
    """What is known of the table a foreign key points to.

    Parameters
    ----------
    accepted : ibis Table
        Its accepted rows.
    set_aside : ibis Table or None
        One column, ``key``: the keys of its quarantined rows.
    """

    accepted: ir.Table
    set_aside: ir.Table | None


def across_checks(
    parsed: ir.Table,
    schema: TableSchema,
    columns: list[str],
    parents: Mapping[str, Parent],
) -> Iterator[ir.Table]:
    """Compile the checks against other rows.

    Parameters
    ----------
    parsed : ibis Table
        Typed columns, texts, `ROW` and `LINE`.
    schema : TableSchema
        The contract table.
    columns : list of str
        The parsed table's columns that hold the source's content.
    parents : mapping of str to Parent
        The tables foreign keys point to.

    Yields
    ------
    ibis Table
        `ROW`, ``field``, ``value``, ``rule`` and ``message`` of the rows that
        break one check.
    """
    for key in _keys(schema):
        if all(name in parsed.columns for name in key):
            yield _repeated(parsed, key, columns)
    for foreign in schema.foreign_keys:
        if foreign.fields[0] in parsed.columns and foreign.table in parents:
            yield _unmatched(parsed, foreign, parents[foreign.table])
    for rule in schema.cross_rules:
        if "children" not in parents:
            continue
        if rule.rule == "not_before_birth" and "birth_date" in parents["children"].accepted.columns:
            yield _before_birth(parsed, rule, parents["children"].accepted)


def _keys(schema: TableSchema) -> list[tuple[str, ...]]:
    unique = [(field.name,) for field in schema.fields if field.unique]
    return list(dict.fromkeys([schema.primary_key, *unique]))


def _repeated(parsed: ir.Table, key: tuple[str, ...], columns: list[str]) -> ir.Table:
    """Find rows whose key stands on several rows; of identical rows the first is kept."""
    keyed = parsed.filter(*(parsed[name].notnull() for name in key))
    counted = keyed.group_by(list(key)).aggregate(times=lambda t: t.count())
    repeated = keyed.semi_join(counted.filter(counted.times > 1), list(key))
    versions = (
        repeated.select(*key, *(c for c in columns if c not in key))
        .distinct()
        .group_by(list(key))
        .aggregate(versions=lambda t: t.count())
    )
    window = ibis.window(group_by=list(key), order_by=ROW)
    everyone = ibis.window(group_by=list(key))
    placed = repeated.mutate(
        position=ibis.row_number().over(window),
        times=repeated.count().over(everyone),
        first_line=repeated[LINE].min().over(everyone),
    )
    judged = placed.join(versions, list(key))
    judged = judged.filter((judged.versions > 1) | (judged.position > 0))
    differ = judged.versions > 1
    value = ibis.literal(", ").join([judged[name] for name in key])
    where = judged.first_line.isnull().ifelse(
        ibis.literal(""), say(" (the first on line ", judged.first_line.cast("string"), ")")
    )
    return judged.select(
        ROW,
        field=ibis.literal(", ".join(key)),
        value=value,
        rule=differ.ifelse("duplicate key", "exact duplicate"),
        message=differ.ifelse(
            say(
                f"{', '.join(key)} ",
                value,
                " stands on ",
                judged.times.cast("string"),
                " rows that differ",
                where,
                "; which one is right cannot be known, so none is used: keep one.",
            ),
            say(
                "The row repeats an earlier one in every column",
                where,
                "; together they count once, so delete this one.",
            ),
        ),
    )


def _unmatched(parsed: ir.Table, foreign: ForeignKey, parent: Parent) -> ir.Table:
    field, reference = foreign.fields[0], foreign.reference[0]
    known = parent.accepted.select(key=reference)
    lost = parsed.filter(parsed[field].notnull()).anti_join(known, [(field, "key")])
    raw = lost[text_of(field)]
    absent = say(
        f'{field} "', raw, f'" is not in {foreign.table}; add it there or correct it here.'
    )
    message = absent
    if parent.set_aside is not None:
        message = (
            lost[field]
            .isin(parent.set_aside.key)
            .ifelse(
                say(
                    f'{field} "',
                    raw,
                    f'" is in {foreign.table}, but its row there is quarantined; mend that first.',
                ),
                absent,
            )
        )
    return lost.select(
        ROW,
        field=ibis.literal(field),
        value=raw,
        rule=ibis.literal("foreign key"),
        message=message,
    )


def _before_birth(parsed: ir.Table, rule: Rule, children: ir.Table) -> ir.Table:
    born = children.select(key="child_id", born="birth_date")
    joined = parsed.join(born, [("child_id", "key")])
    early = joined.filter(joined[rule.field] < joined.born)
    value = early[text_of(rule.field)]
    return early.select(
        ROW,
        field=ibis.literal(rule.field),
        value=value,
        rule=ibis.literal("not_before_birth"),
        message=say(
            f"{rule.field} ",
            value,
            " is before the child's birth on ",
            early.born.cast("string"),
            "; correct one of the two.",
        ),
    )
