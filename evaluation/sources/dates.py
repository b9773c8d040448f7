"""Dates in the ways files write them, read by the engine."""

import re
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from evaluation.errors import DataError

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_PARTS = re.compile(r"YYYY|MON|MM|DD|TIME")
_CLOCK = r"(?:[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"


def date_pattern(form: str) -> tuple[str, dict[str, int]]:
    """Compile a named form of a date to a regular expression.

    Parameters
    ----------
    form : str
        Such as ``DD.MM.YYYY``, ``MM/DD/YYYY``, ``YYYYMMDD``, ``DDMONYYYY`` (month as
        three English letters); ``TIME`` stands for a time of day, which is left out.

    Returns
    -------
    tuple of str and dict
        The expression, and the number of the group of each part.

    Raises
    ------
    DataError
        If the form lacks a year, month or day, or repeats one.
    """
    parts = _PARTS.findall(form)
    dated = ["M" if part in ("MM", "MON") else part[0] for part in parts if part != "TIME"]
    rest = _PARTS.sub("", form)
    if sorted(dated) != ["D", "M", "Y"] or re.search(r"[A-Za-z0-9]", rest):
        raise DataError(
            f'The date form "{form}" cannot be read; write it with YYYY, MM (or MON) and DD, for '
            "example DD.MM.YYYY, MM/DD/YYYY or YYYYMMDD, and TIME where a time of day follows."
        )
    digits = "{1,2}" if rest.strip() else "{2}"
    groups: dict[str, int] = {}
    expression, place = "^", 0
    for found in _PARTS.finditer(form):
        between = form[place : found.start()]
        part = found.group()
        place = found.end()
        if part == "TIME":
            expression += re.escape(between.rstrip(" T")) + _CLOCK
            continue
        groups[part] = len(groups) + 1
        widths = {"YYYY": "[0-9]{4}", "MON": "[A-Za-z]{3}"}
        expression += re.escape(between) + f"({widths.get(part, f'[0-9]{digits}')})"
    return expression + re.escape(form[place:]) + "$", groups


def iso_text(value: ir.StringValue, form: str) -> ir.StringValue:
    """Write a text of a named date form as ``YYYY-MM-DD``; NULL where it is not of that form."""
    expression, groups = date_pattern(form)
    if "MON" in groups:
        name = value.re_extract(expression, groups["MON"]).upper()
        month = name.cases(
            *((short, f"{n:02d}") for n, short in enumerate(_MONTHS, start=1)), else_="00"
        )
    else:
        month = value.re_extract(expression, groups["MM"]).lpad(2, "0")
    written = (
        value.re_extract(expression, groups["YYYY"])
        .concat("-", month, "-")
        .concat(value.re_extract(expression, groups["DD"]).lpad(2, "0"))
    )
    return value.re_search(expression).ifelse(written, ibis.null("string"))


def read_date(value: ir.StringValue, forms: Sequence[str]) -> ir.DateValue:
    """Read a text as a date by the first form that fits; NULL where none does."""
    written = [iso_text(value, form) for form in forms]
    text = ibis.coalesce(*written) if len(written) > 1 else written[0]
    return (text >= "0001").ifelse(text, ibis.null("string")).try_cast("date")
