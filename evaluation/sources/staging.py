"""The staging table: a source table as it was read, with the place of every row."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as default

import ibis.expr.types as ir

from evaluation.errors import DataError
from evaluation.sources.contract import TableSchema, nearest

RESERVED = "_source_"
ROW = f"{RESERVED}row_"
LINE = f"{RESERVED}line_"


@dataclass(frozen=True)
class Remark:
    """Something to know of how a table was made, which sets no row aside."""

    check: str
    rows: int | None
    message: str


@dataclass(frozen=True)
class Staged:
    """A source table copied into the engine.

    Parameters
    ----------
    table : ibis Table
        The source's columns, `ROW` (its position, from 0) and `LINE` (its first
        physical line, NULL where the source has none).
    label : str
        The file or table as printed in messages.
    columns : tuple of str
        The source's columns in order.
    is_text : bool
        Whether every column came as text that has to be parsed.
    digest : str
        SHA-256 of the content, in hexadecimal.
    malformed : ibis Table or None
        Rows that could not be split into fields: `LINE`, ``row_key``, ``value``,
        ``rule``, ``message``.
    malformed_rows, blank_lines, multiline_rows : int
        Rows in `malformed`; lines without content; rows with a line break inside.
    origins : mapping of str to str
        For mapped sources: the source's column of each field.
    remarks : tuple of Remark
        What a reader must know of how the table was made.
    ordered : bool
        Whether `ROW` is the order of the source; if not, rows have none.
    """

    table: ir.Table
    label: str
    columns: tuple[str, ...]
    is_text: bool
    digest: str
    malformed: ir.Table | None = None
    malformed_rows: int = 0
    blank_lines: int = 0
    multiline_rows: int = 0
    origins: Mapping[str, str] = default(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    ordered: bool = True


def check_columns(columns: list[str], schema: TableSchema, label: str) -> None:
    """Refuse columns no table can be built from.

    Parameters
    ----------
    columns : list of str
        The names the source gives.
    schema : TableSchema
        The contract table they are read as.
    label : str
        The source as printed, such as ``removals.csv, line 1``.

    Raises
    ------
    DataError
        One sentence for each column without a name, name given twice, name that
        differs from the contract's in case only, required column or set of
        alternative columns that is missing.
    """
    problems = [
        f"{label}: column {position} has no name; name it or delete it."
        for position, name in enumerate(columns, start=1)
        if not name.strip()
    ]
    folded = Counter(name.casefold() for name in columns if name.strip())
    problems += [
        f"{label}: the column name {name} is used {times} times (capitals do not tell columns "
        "apart); keep one of them."
        for name, times in folded.items()
        if times > 1
    ]
    problems += [
        f"{label}: the column name {name} is reserved (it begins with {RESERVED}); rename it."
        for name in columns
        if name.casefold().startswith(RESERVED)
    ]
    spelled = {name.casefold(): name for name in schema.columns}
    problems += [
        f'{label}: the column "{name}" must be written {spelled[name.strip().casefold()]}; '
        "rename it."
        for name in columns
        if name not in schema.columns and name.strip().casefold() in spelled
    ]
    if not problems:
        problems = _missing_columns(columns, schema, label)
    if problems:
        raise DataError(*problems)


def _missing_columns(columns: list[str], schema: TableSchema, label: str) -> list[str]:
    own = [name for name in columns if name not in schema.columns]
    problems = []
    for field in schema.fields:
        if field.required and field.name not in columns:
            near = nearest(field.name, own)
            remedy = f"rename {near}, if that is it" if near else f"it has {', '.join(columns)}"
            problems.append(f"{label}: the required column {field.name} is missing; {remedy}.")
    for rule in schema.rules:
        if rule.rule == "any_of" and not any(name in columns for name in rule.fields):
            problems.append(
                f"{label}: at least one of the columns {', '.join(rule.fields)} is needed; add it."
            )
    return problems
