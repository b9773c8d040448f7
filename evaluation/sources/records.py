"""Rows of a delimited text file with the physical line each begins on."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from evaluation.errors import DataError
from evaluation.sources.scan import opened

LONGEST_LINE = 2_000_000


class Record(NamedTuple):
    """A row: its fields, or why it could not be split into fields.

    Parameters
    ----------
    line, last_line : int
        First and last physical line, from 1.
    fields : list of str
        Empty for a blank line and where `problem` is given.
    problem : str or None
        What is wrong with the line, as part of a sentence.
    text : str
        The beginning of a line with a problem.
    """

    line: int
    last_line: int
    fields: list[str]
    problem: str | None = None
    text: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether the line holds nothing but white space."""
        return self.problem is None and (
            not self.fields or (len(self.fields) == 1 and not self.fields[0].strip())
        )


def records(path: Path, delimiter: str) -> Iterator[Record]:
    """Split a checked UTF-8 text file into records (RFC 4180 quoting).

    Parameters
    ----------
    path : pathlib.Path
        A file `evaluation.sources.scan.scan` accepted.
    delimiter : str
        One character.

    Yields
    ------
    Record
        Every row and every blank line, in order.

    Raises
    ------
    DataError
        If a quotation mark is opened and never closed, or closed within a later
        row, so that the rows between cannot be told apart.
    """
    if csv.field_size_limit() < LONGEST_LINE:
        csv.field_size_limit(LONGEST_LINE)
    with opened(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        lines = _Lines(text)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            lines.begin_record()
            try:
                fields = next(reader)
            except StopIteration:
                return
            except (csv.Error, _LineTooLong) as error:
                problem = _problem(error, lines)
                if problem is None or len(lines.record) != 1:
                    raise DataError(_open_quote(path, lines, error)) from None
                yield Record(lines.number, lines.number, [], problem, lines.record[0][:200])
                continue
            yield Record(lines.number - len(lines.record) + 1, lines.number, fields)


class _LineTooLong(Exception):
    pass


class _Lines:
    """Physical lines for the parser, counted, with those of the current record."""

    def __init__(self, text: io.TextIOWrapper):
        self.text = text
        self.number = 0
        self.record: list[str] = []
        self.length = 0

    def begin_record(self) -> None:
        self.record = []
        self.length = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self.text.readline(LONGEST_LINE + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.record.append(line)
        self.length += len(line)
        if self.length > LONGEST_LINE:
            while not line.endswith(("\n", "\r")) and line:
                line = self.text.readline(LONGEST_LINE + 1)
            raise _LineTooLong
        return line


def _problem(error: Exception, lines: _Lines) -> str | None:
    """Say what is wrong with a row of one line; None if a quotation mark stays open."""
    if isinstance(error, _LineTooLong):
        return f"is longer than {LONGEST_LINE:,} characters"
    if "expected after" in str(error):
        return "has text after a closing quotation mark"
    return None


def _open_quote(path: Path, lines: _Lines, error: Exception) -> str:
    first = lines.number - len(lines.record) + 1
    opened_on, is_open = first, False
    for number, line in enumerate(lines.record, start=first):
        odd = line.count('"') % 2 == 1
        if odd and not is_open:
            opened_on = number
        is_open ^= odd
    how = "never closed"
    if "expected after" in str(error):
        how = f"closed in the middle of a value on line {lines.number}"
    return (
        f"{path.name}: a quotation mark opened on line {opened_on} is {how}, so the rows after "
        "it cannot be told apart; close it or delete it there."
    )
