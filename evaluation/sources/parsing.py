"""What a source column becomes under the contract: a typed value, or a type error."""

from dataclasses import dataclass

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from evaluation.sources.contract import Field

_ISO_DATE = r"^\d{4}-\d{2}-\d{2}$"
_NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_INTEGER = r"^[+-]?\d+$"
_PLAIN_INTEGER = r"^-?(0|[1-9]\d*)$"
_PLAIN_NUMBER = r"^-?(0|[1-9]\d*)(\.\d+([eE][+-]?\d+)?)?$"
_MIDNIGHT = r" 00:00:00(\.0+)?$"
_EXACT_INTEGERS = 2**53


@dataclass(frozen=True)
class Parsed:
    """A source column read as a contract field.

    Parameters
    ----------
    raw : ibis column
        The value as text, NULL where missing.
    typed : ibis column
        The value as the contract's type, NULL where missing or not of that type.
    fits : bool
        False if the source column's own type can hold no value of the field's
        type, so that only missing values are possible.
    """

    raw: ir.StringValue
    typed: ir.Value
    fits: bool = True


def parse(column: ir.Value, field: Field, missing: tuple[str, ...]) -> Parsed:
    """Read a source column as a contract field, in the engine.

    Parameters
    ----------
    column : ibis column
        Text, or any type a typed source has.
    field : Field
        What the contract says it is.
    missing : tuple of str
        Texts that stand for a missing value.

    Returns
    -------
    Parsed
    """
    if column.type().is_string():
        value = without_missing(column, missing)
        return Parsed(value, _from_text(value, field))
    if column.type().is_floating():
        column = column.isnan().ifelse(ibis.null(column.type()), column)
    typed = _from_typed(column, field)
    fits = typed is not None
    raw = column.cast("string")
    if column.type().is_timestamp():
        raw = raw.re_replace(_MIDNIGHT, "")
    return Parsed(raw, typed if fits else ibis.null(field.engine_type), fits=fits)


def without_missing(column: ir.Value, missing: tuple[str, ...]) -> ir.Value:
    """Turn the texts that stand for a missing value into NULL; other types stay."""
    if not column.type().is_string():
        return column
    return column.isin(missing).ifelse(ibis.null("string"), column)


def natural_types(table: ir.Table, columns: list[str], missing: tuple[str, ...]) -> dict[str, str]:
    """Find which of an agency's own text columns hold numbers only.

    Numbers with a leading zero, a plus sign or more digits than the type holds
    stay text, for they are codes.

    Parameters
    ----------
    table : ibis Table
        The staging table.
    columns : list of str
        Text columns the contract does not know.
    missing : tuple of str
        Texts that stand for a missing value.

    Returns
    -------
    dict of str to str
        ``int64``, ``float64`` or ``string`` for each column.
    """
    if not columns:
        return {}
    tallies = {}
    for position, name in enumerate(columns):
        value = without_missing(table[name], missing)
        integer = value.re_search(_PLAIN_INTEGER)
        number = value.re_search(_PLAIN_NUMBER)
        tallies[f"given{position}"] = value.count()
        tallies[f"digits{position}"] = integer.sum()
        tallies[f"integers{position}"] = (integer & (value.try_cast("int64").notnull())).sum()
        tallies[f"numbers{position}"] = (number & ~integer | _fits_float(value, integer)).sum()
    found = table.aggregate(**tallies).to_pyarrow().to_pylist()[0]
    types = {}
    for position, name in enumerate(columns):
        given = found[f"given{position}"]
        if given and found[f"integers{position}"] == given:
            types[name] = "int64"
        elif given and found[f"numbers{position}"] == given:
            types[name] = "float64"
        else:
            types[name] = "string"
    return types


def _fits_float(value: ir.StringValue, integer: ir.BooleanValue) -> ir.BooleanValue:
    exact = value.try_cast("int64").abs() <= _EXACT_INTEGERS
    return integer & exact.fill_null(False)


def _from_text(value: ir.StringValue, field: Field) -> ir.Value:
    if field.type == "string":
        return value
    if field.type == "date":
        written = value.re_search(_ISO_DATE) & (value >= "0001")
        return written.ifelse(value, ibis.null("string")).try_cast("date")
    if field.type == "boolean":
        return ibis.cases(
            (value.isin(field.true_values), True),
            (value.isin(field.false_values), False),
            else_=ibis.null("boolean"),
        )
    pattern = _NUMBER if field.type == "number" else _INTEGER
    number = value.re_search(pattern).ifelse(value, ibis.null("string"))
    number = number.try_cast(field.engine_type)
    return _finite(number) if field.type == "number" else number


def _finite(number: ir.Value) -> ir.Value:
    return number.isinf().ifelse(ibis.null("float64"), number)


def _from_typed(column: ir.Value, field: Field) -> ir.Value | None:
    """Convert a typed column; None if the type holds no value the field can take."""
    kind = column.type()
    readers = {
        "string": _string_from,
        "date": _date_from,
        "number": _number_from,
        "integer": _integer_from,
        "boolean": _boolean_from,
    }
    return readers[field.type](column, kind)


def _string_from(column: ir.Value, kind: dt.DataType) -> ir.Value | None:
    if kind.is_floating() or kind.is_decimal():
        return _whole(column).cast("string")
    if kind.is_nested() or kind.is_binary():
        return None
    return column.cast("string")


def _date_from(column: ir.Value, kind: dt.DataType) -> ir.Value | None:
    if kind.is_date():
        return column
    if kind.is_timestamp() and kind.timezone is None:
        return column.cast("date")
    return None


def _number_from(column: ir.Value, kind: dt.DataType) -> ir.Value | None:
    if kind.is_numeric() and not kind.is_boolean():
        return _finite(column.cast("float64"))
    return None


def _integer_from(column: ir.Value, kind: dt.DataType) -> ir.Value | None:
    if kind.is_integer():
        return column.try_cast("int64")
    if kind.is_floating() or kind.is_decimal():
        return _whole(column)
    return None


def _boolean_from(column: ir.Value, kind: dt.DataType) -> ir.Value | None:
    if kind.is_boolean():
        return column
    if kind.is_numeric():
        return ibis.cases((column == 1, True), (column == 0, False), else_=ibis.null("boolean"))
    return None


def _whole(column: ir.Value) -> ir.Value:
    """Turn numbers without fraction that a float holds exactly into integers."""
    number = column.cast("float64")
    whole = (number.floor() == number) & (number.abs() <= _EXACT_INTEGERS)
    return whole.ifelse(number, ibis.null("float64")).try_cast("int64")
