"""Every table of the report in one Excel workbook; no cell is ever a formula."""

import datetime
import io
import re

import xlsxwriter

from evaluation.reporting.annual import AnnualReport
from evaluation.reporting.markdown import clean
from evaluation.reporting.numerals import MISSING, is_missing
from evaluation.reporting.tables import Column, Table

NUMBER_FORMATS = {
    "count": "#,##0",
    "percent": "0.0%",
    "per100": "+0.0;-0.0;0.0",
    "signed": "+0.00;-0.00;0.00",
    "ratio": "0.00",
    "tenths": "#,##0.0",
    "hundredths": "#,##0.00",
    "decimal": "0.000",
    "p": "0.000",
}
_LONGEST_NAME = 31
_WIDEST = 60
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\']")


def workbook(report: AnnualReport, tables: list[Table]) -> bytes:
    """Write tables to a workbook, one sheet each, after a sheet that says what they are.

    Numbers are numbers, everything else is text; suppressed cells hold ``s`` and
    missing ones ``–``.

    Parameters
    ----------
    report : AnnualReport
        For title, agency and provenance.
    tables : list of Table
        In order.

    Returns
    -------
    bytes
        An .xlsx file, the same for the same input.
    """
    buffer = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
        "nan_inf_to_errors": False,
    }
    book = xlsxwriter.Workbook(buffer, options)
    noon = datetime.datetime.combine(report.provenance.date, datetime.time(12))
    book.set_properties(
        {
            "title": clean(report.study.title),
            "author": clean(report.study.report.agency),
            "created": noon,
        }
    )
    looks = _looks(book)
    names = _sheet_names(["About", *(table.name for table in tables)])
    _about(book.add_worksheet(names[0]), report, tables, names[1:], looks)
    for name, table in zip(names[1:], tables, strict=True):
        _sheet(book.add_worksheet(name), table, looks)
    book.close()
    return buffer.getvalue()


def _looks(book: xlsxwriter.Workbook) -> dict:
    font = {"font_name": "Calibri", "font_size": 10, "valign": "top"}
    looks = {
        "text": book.add_format(font | {"text_wrap": True}),
        "title": book.add_format(font | {"bold": True, "font_size": 13}),
        "head": book.add_format(font | {"bold": True, "bottom": 1, "text_wrap": True}),
        "head number": book.add_format(
            font | {"bold": True, "bottom": 1, "text_wrap": True, "align": "right"}
        ),
        "right": book.add_format(font | {"align": "right"}),
        "note": book.add_format(font | {"font_color": "#52606D"}),
    }
    for kind, form in NUMBER_FORMATS.items():
        looks[kind] = book.add_format(font | {"num_format": form})
    return looks


def _about(sheet, report: AnnualReport, tables: list[Table], names: list[str], looks: dict) -> None:
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 90)
    sheet.write_string(0, 0, clean(report.study.title), looks["title"])
    rows = [("Agency", report.study.report.agency), *report.provenance.rows()]
    rows += [
        ("Hidden numbers", report.material.rule.words),
        ("Signs", f"0 is zero, s is suppressed, {MISSING} is missing."),
        ("", ""),
        *((name, table.caption) for name, table in zip(names, tables, strict=True)),
    ]
    for place, (name, value) in enumerate(rows, 2):
        sheet.write_string(place, 0, clean(name), looks["text"])
        sheet.write_string(place, 1, clean(value), looks["text"])


def _sheet(sheet, table: Table, looks: dict) -> None:
    sheet.write_string(0, 0, clean(table.caption), looks["title"])
    sheet.write_string(1, 0, clean(table.note), looks["note"])
    printed = table.printed
    for place, column in enumerate(table.columns):
        head = looks["head number" if column.is_number else "head"]
        sheet.write_string(3, place, clean(column.label), head)
        longest = max([len(column.label), *(len(row[place]) for row in printed)])
        sheet.set_column(place, place, min(_WIDEST, max(9, longest + 2)))
    for line, row in enumerate(table.rows, 4):
        for place, (value, column) in enumerate(zip(row, table.columns, strict=True)):
            _cell(sheet, line, place, value, column, looks)
    sheet.freeze_panes(4, 1)


def _cell(sheet, line: int, place: int, value, column: Column, looks: dict) -> None:
    right = looks["right" if column.is_number else "text"]
    if is_missing(value):
        sheet.write_string(line, place, MISSING, right)
    elif column.is_number and not isinstance(value, str):
        number = 100 * float(value) if column.kind == "per100" else float(value)
        sheet.write_number(line, place, number, looks[column.kind])
    else:
        sheet.write_string(line, place, clean(str(value)), right)


def _sheet_names(wanted: list[str]) -> list[str]:
    """Return names Excel takes: 31 characters, no signs it forbids, no two alike."""
    names: list[str] = []
    for name in wanted:
        base = _NOT_IN_NAMES.sub("_", clean(name))[:_LONGEST_NAME] or "table"
        candidate, number = base, 1
        while candidate.lower() in {known.lower() for known in names}:
            number += 1
            candidate = f"{base[: _LONGEST_NAME - len(str(number)) - 1]}_{number}"
        names.append(candidate)
    return names
