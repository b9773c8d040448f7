"""Codes, flags and dates of federal files as engine expressions."""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from evaluation.sources.conversion.layout import Codes

_NUMBER = r"^0*([0-9]+)(\.0+)?$"


def code_of(column: ir.StringValue) -> ir.StringValue:
    """Return a code without blanks, leading zeros and a trailing ``.0``; NULL where empty."""
    value = column.strip().nullif("").nullif(".")
    number = value.re_extract(_NUMBER, 1)
    return (number == "").ifelse(value, number)


def decode(column: ir.StringValue, codes: Codes) -> ir.StringValue:
    """Return the contract's word for a code; NULL where the code has none."""
    return word(code_of(column), codes)


def word(code: ir.StringValue, codes: Codes) -> ir.StringValue:
    """Return the contract's word for a code that `code_of` has cleaned before."""
    return code.cases(*codes.values.items(), else_=ibis.null("string"))


def is_unknown(column: ir.StringValue, codes: Codes) -> ir.BooleanValue:
    """Tell where a code stands that the layout does not know."""
    known = [*codes.values, *codes.nothing]
    return (code_of(column).notnull() & ~code_of(column).isin(known)).fill_null(False)


def is_one(column: ir.StringValue) -> ir.BooleanValue:
    """Tell where a yes-or-no element says yes."""
    return one(code_of(column))


def one(code: ir.StringValue) -> ir.BooleanValue:
    """Tell where a code that `code_of` has cleaned before says yes."""
    return (code == "1").fill_null(False)


def listed(table: ir.Table, flags: Mapping[str, str], *more: ir.StringValue) -> ir.StringValue:
    """Join the words of every flag set, in the contract's way; NULL where none is.

    Parameters
    ----------
    table : ibis Table
        With one column per flag.
    flags : mapping of str to str
        Contract code by column; several columns may mean the same code.
    *more : ibis string
        Further words, NULL where they do not apply.
    """
    words: dict[str, ir.BooleanValue] = {}
    for column, word in flags.items():
        said = is_one(table[column])
        words[word] = words[word] | said if word in words else said
    parts = [said.ifelse(word, ibis.null("string")) for word, said in words.items()]
    joined = ibis.literal("")
    for part in (*parts, *more):
        joined = joined.concat(part.fill_null(""), part.notnull().ifelse(";", ""))
    return joined.re_replace(";$", "").nullif("")


def any_flag(table: ir.Table, columns: list[str]) -> ir.StringValue:
    """Return ``true`` where a flag says yes, ``false`` where all say no, else NULL."""
    yes = ibis.or_(*(is_one(table[name]) for name in columns))
    no = ibis.and_(*((code_of(table[name]) == "0").fill_null(False) for name in columns))
    return ibis.cases((yes, "true"), (no, "false"), else_=ibis.null("string"))
