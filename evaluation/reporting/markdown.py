"""Markdown that means what it says: any value from data is text and nothing else."""

import re
import unicodedata

import pandas as pd
from markupsafe import Markup

from evaluation.reporting.charts.chart import Chart
from evaluation.reporting.numerals import is_missing
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import upper_first

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_PLACE = re.compile(r"[^A-Za-z0-9_.-]")
_DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\ufeff")
_WIDEST = 60
_UNBROKEN = 34
SHARES = frozenset({"incidence", "share"})
LIMITS = {"ci_low": "95% interval, from", "ci_high": "to"}


def escape(value: object) -> Markup:
    """Return a value as Markdown that prints exactly its characters.

    Every ASCII punctuation mark is escaped with a backslash, white space of any kind
    becomes one space, and control characters and direction overrides are taken out.
    What is `Markup` already is left as it is.
    """
    if isinstance(value, Markup):
        return value
    return Markup(_PUNCTUATION.sub(r"\\\1", clean(str(value))))


def clean(text: str) -> str:
    """Return text on one line, without characters that only act on their neighbours."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    kept = [
        character
        for character in re.sub(r"\s+", " ", text)
        if character not in _DIRECTION and unicodedata.category(character) != "Cc"
    ]
    return "".join(kept).strip()


def pipe_table(table: Table, caption: str) -> Markup:
    """Write a table as a Markdown pipe table with its caption.

    Columns are as wide as their longest cell, up to a limit, so that long text
    wraps and numbers do not.
    """
    labels = [column.label for column in table.columns]
    rows = [[escape(cell) for cell in row] for row in table.printed]
    cells = zip(*table.printed, strict=True) if rows else [()] * len(labels)
    widths = [
        max([_longest_word(label), *map(_length, own)]) + (4 if column.is_number else 2)
        for column, label, own in zip(table.columns, labels, cells, strict=True)
    ]
    rule = [
        "-" * (width + 1) + ":" if column.is_number else ":" + "-" * (width + 1)
        for width, column in zip(widths, table.columns, strict=True)
    ]
    lines = [_row([escape(label) for label in labels]), f"|{'|'.join(rule)}|"]
    lines += [_row(row) for row in rows]
    return Markup("\n".join([*lines, "", f": {caption}"]))


def caption(number: Markup, words: str) -> Markup:
    """Write a caption that begins with its number."""
    return Markup(f"**{number}.** {escape(words)}")


def target(name: str) -> Markup:
    """Write a name as the place `link` leads to."""
    return Markup(f"[{escape(name)}]{{#{_PLACE.sub('-', name)}}}")


def link(name: str, words: str) -> Markup:
    """Write words as a link to where the `target` of a name stands on the same page."""
    return Markup(f"[{escape(words)}](#{_PLACE.sub('-', name)})")


def drawn_table(chart: Chart) -> Markup:
    """Write the numbers a chart draws as a table without a number of its own."""
    data = chart.summary.reset_index(drop=True)
    columns = tuple(
        Column(name, _label(str(name)), _kind(str(name), data)) for name in data.columns
    )
    table = Table(chart.name, chart.title, columns, data)
    return pipe_table(table, escape(f"The numbers drawn: {chart.title}"))


def _label(name: str) -> str:
    return LIMITS.get(name) or upper_first(name.replace("_", " "))


def _kind(name: str, data: pd.DataFrame) -> str:
    """Choose how a column is printed; limits are printed as what they limit."""
    if name in LIMITS:
        limited = [str(column) for column in data if column not in LIMITS]
        return "percent" if SHARES.intersection(limited) else "decimal"
    known = [value for value in data[name] if not isinstance(value, str) and not is_missing(value)]
    if not known or any(isinstance(value, bool) for value in known):
        return "text"
    if all(float(value).is_integer() for value in known) and max(map(abs, known)) > 1:
        return "count"
    return "percent" if name in SHARES else "decimal"


def _row(cells: list[Markup]) -> str:
    return f"| {' | '.join(cells)} |"


def _length(cell: str) -> int:
    """Return the room a cell asks for: short ones whole, long ones may wrap."""
    return max(_longest_word(cell), min(len(cell), _UNBROKEN))


def _longest_word(text: str) -> int:
    return min(_WIDEST, max((len(word) for word in text.split()), default=1))
