"""The contract's checks within a row, compiled to engine expressions."""

from collections.abc import Iterator
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from evaluation.sources.contract import Field, Rule, TableSchema, nearest
from evaluation.sources.staging import RESERVED

_SUGGESTED_VALUES = 200
_LONGEST_PRINTED = 200
_KINDS = {
    "number": "a finite number with a decimal point; write digits only",
    "integer": "a whole number; write digits only",
    "boolean": "yes or no; write true or false",
    "string": "an identifier or code (it is a number with a fraction); give it as text",
}


@dataclass(frozen=True)
class Check:
    """A rule on one row: which rows break it and what is said of them.

    Parameters
    ----------
    rule, field : str
        As printed in the quarantine.
    broken : ibis boolean
        True, never NULL, in the rows that break the rule.
    value, message : ibis string
        The value at fault and the sentence about it.
    suggest : Field or None
        The field whose codes give the nearest allowed value, if any.
    """

    rule: str
    field: str
    broken: ir.BooleanValue
    value: ir.StringValue
    message: ir.StringValue
    suggest: Field | None = None


def text_of(name: str) -> str:
    """Name of the parsed table's column that holds a field as the source wrote it."""
    return f"{RESERVED}text_of_{name}"


def say(*parts: str | ir.StringValue) -> ir.StringValue:
    """Build a sentence from words and columns; NULL is printed as nothing."""
    words = [
        ibis.literal(part) if isinstance(part, str) else printed(part).fill_null("")
        for part in parts
    ]
    return ibis.literal("").concat(*words)


def printed(value: ir.StringValue) -> ir.StringValue:
    """Return a value short enough to print."""
    return (value.length() > _LONGEST_PRINTED).ifelse(
        value.left(_LONGEST_PRINTED).concat("…"), value
    )


def row_checks(parsed: ir.Table, schema: TableSchema) -> list[Check]:
    """Compile every check within a row for the columns a table has.

    Parameters
    ----------
    parsed : ibis Table
        Typed columns under their contract names and their texts under `text_of`.
    schema : TableSchema
        The contract table.

    Returns
    -------
    list of Check
        In the contract's order: field by field, then rules.
    """
    fields = [field for field in schema.fields if field.name in parsed.columns]
    checks = [check for field in fields for check in _field_checks(parsed, field)]
    return [*checks, *_rule_checks(parsed, schema)]


def with_suggestion(check: Check, rejected: ir.Table) -> ir.StringValue:
    """Add the nearest allowed code to a check's message, for the commonest wrong values."""
    if check.suggest is None:
        return check.message
    field = check.suggest
    values = (
        rejected.filter(check.broken)
        .group_by(value=check.value)
        .aggregate(times=lambda t: t.count())
    )
    values = values.order_by([values.times.desc(), values.value]).limit(_SUGGESTED_VALUES)
    hints = []
    for value in values.to_pyarrow()["value"].to_pylist():
        near = _nearest_code(value, field)
        if near:
            hints.append((value, f' Did you mean "{near}"?'))
    if not hints:
        return check.message
    return check.message.concat(check.value.cases(*hints, else_=""))


def _nearest_code(value: str, field: Field) -> str | None:
    if field.enum:
        return nearest(value, field.enum)
    parts = [part.strip() for part in value.split(";")]
    near = [part if part in field.codes else nearest(part, field.codes) for part in parts]
    return ";".join(part for part in near if part) if all(near) else None


def _field_checks(parsed: ir.Table, field: Field) -> Iterator[Check]:
    typed, raw = parsed[field.name], parsed[text_of(field.name)]
    name = field.name

    def check(rule: str, broken: ir.BooleanValue, *sentence: str | ir.Value, suggest=None):
        return Check(rule, name, broken.fill_null(False), raw, say(*sentence), suggest)

    if field.required:
        blank = raw.isnull() | (raw.strip() == "")
        yield check("required", blank, f"{name} is missing and every row must have it; give it.")
    yield Check("type", name, raw.notnull() & typed.isnull(), raw, _type_message(field, raw))
    if field.enum:
        allowed = ", ".join(field.enum)
        yield check(
            "enum",
            ~typed.isin(field.enum),
            f'{name} is "',
            raw,
            f'", which is not one of {allowed}.',
            suggest=field,
        )
    if field.pattern:
        must = (
            f"a list, separated by semicolons without spaces, of {', '.join(field.codes)}"
            if field.codes
            else f"text of the form {field.pattern}"
        )
        yield check(
            "pattern",
            ~typed.re_search(f"^(?:{field.pattern})$"),
            f'{name} is "',
            raw,
            f'", which is not {must}.',
            suggest=field if field.codes else None,
        )
    for rule, limit, words in (
        ("minimum", field.minimum, "below the smallest"),
        ("maximum", field.maximum, "above the largest"),
    ):
        if limit is not None:
            broken = typed < limit if rule == "minimum" else typed > limit
            yield check(
                rule,
                broken,
                f"{name} is ",
                raw,
                f", {words} value allowed, {limit:g}; correct it.",
            )


def _type_message(field: Field, raw: ir.StringValue) -> ir.StringValue:
    name = field.name
    if field.type != "date":
        return say(f'{name} is "', raw, f'", which is not {_KINDS[field.type]}.')
    return ibis.cases(
        (
            raw.re_search(r"^\d{4}-\d{2}-\d{2}$"),
            say(f"{name} is ", raw, ", a date that does not exist; correct it."),
        ),
        (
            raw.re_search(r"^\d{4}-\d{2}-\d{2}[T ]\d"),
            say(f"{name} is ", raw, ", with a time of day; give the date alone, as YYYY-MM-DD."),
        ),
        else_=say(
            f'{name} is "', raw, '", which is not a date written YYYY-MM-DD; write it that way.'
        ),
    )


def _rule_checks(parsed: ir.Table, schema: TableSchema) -> Iterator[Check]:
    compilers = {"not_before": _not_before, "requires": _requires, "any_of": _any_of}
    for rule in schema.rules:
        check = compilers[rule.rule](parsed, rule)
        if check is not None:
            yield check


def _not_before(parsed: ir.Table, rule: Rule) -> Check | None:
    if not {rule.field, rule.other} <= set(parsed.columns):
        return None
    value, other = parsed[rule.field], parsed[rule.other]
    return Check(
        "not_before",
        rule.field,
        (value < other).fill_null(False),
        parsed[text_of(rule.field)],
        say(
            f"{rule.field} ",
            value.cast("string"),
            f" is before {rule.other} ",
            other.cast("string"),
            "; correct one of the two.",
        ),
    )


def _requires(parsed: ir.Table, rule: Rule) -> Check | None:
    if rule.field not in parsed.columns:
        return None
    raw = parsed[text_of(rule.field)]
    lacking = parsed[text_of(rule.other)].isnull() if rule.other in parsed.columns else True
    return Check(
        "requires",
        rule.field,
        raw.notnull() & lacking,
        raw,
        say(
            f"{rule.field} is given (",
            raw,
            f") and {rule.other} is missing; give {rule.other} or remove {rule.field}.",
        ),
    )


def _any_of(parsed: ir.Table, rule: Rule) -> Check:
    present = [name for name in rule.fields if name in parsed.columns]
    broken = ibis.and_(*(parsed[text_of(name)].isnull() for name in present))
    return Check(
        "any_of",
        ", ".join(rule.fields),
        broken,
        ibis.null("string"),
        say(f"None of {', '.join(rule.fields)} is given; give at least one."),
    )
