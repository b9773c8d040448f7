"""What a conversion did with every row it read, and what the format cannot carry."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from evaluation.sources.contract import contract
from evaluation.sources.conversion.layout import Layout
from evaluation.sources.conversion.reading import FILE, FileRead
from evaluation.sources.staging import LINE
from evaluation.sources.support import lost_estimates

READ, USED, LEFT_OUT, NOTED = "read", "used", "left out", "noted"
_LISTED = pa.schema(
    [
        ("block", pa.string()),
        ("step", pa.string()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("child", pa.string()),
    ]
)


@dataclass
class Account:
    """The books of a conversion while it runs.

    Parameters
    ----------
    files : tuple of FileRead
        What was read.
    """

    files: tuple[FileRead, ...]
    steps: list[dict] = field(default_factory=list)
    listed: list[pa.Table] = field(default_factory=list)

    def add(self, block: str, step: str, kind: str, rows: int, words: str) -> None:
        """Enter a count."""
        self.steps.append(
            {"block": block, "step": step, "kind": kind, "rows": int(rows), "words": words}
        )

    def leave_out(self, block: str, step: str, rows: ir.Table, words: str, listed=True) -> int:
        """Count rows that are not used and list where they stand.

        Parameters
        ----------
        block, step, words : str
            Where, the name of the reason, the reason in words.
        rows : ibis Table
            The rows, with `FILE`, `LINE` and ``child``.
        listed : bool
            Whether each row is listed; a superseded row is only counted.

        Returns
        -------
        int
            Their number.
        """
        return self._enter(block, step, LEFT_OUT, rows, words, listed)

    def note(self, block: str, step: str, rows: ir.Table, words: str, listed=True) -> int:
        """Count, and list, rows in a condition a reader must know, which are used all the same."""
        return self._enter(block, step, NOTED, rows, words, listed)

    def _enter(self, block: str, step: str, kind: str, rows: ir.Table, words: str, listed) -> int:
        if listed:
            names = [file.name for file in self.files]
            where = rows.select(
                block=ibis.literal(block),
                step=ibis.literal(step),
                file=rows[FILE]
                .cast("string")
                .cases(
                    *((str(n), name) for n, name in enumerate(names)), else_=ibis.null("string")
                ),
                line=rows[LINE],
                child=rows.child,
            )
            found = where.order_by(["file", "line", "child"]).to_pyarrow().cast(_LISTED)
            self.listed.append(found)
            count = found.num_rows
        else:
            count = rows.count().to_pyarrow().as_py()
        self.add(block, step, kind, count, words)
        return count


@dataclass(frozen=True)
class ConversionReport:
    """What was read, converted and left out, and what the format cannot carry.

    Parameters
    ----------
    format, title : str
        The format as the command line names it, and as readers see it.
    files : pandas.DataFrame
        One row per file: ``file``, ``block``, ``rows``, ``malformed``,
        ``blank_lines``, ``summary_lines``, ``sha256``.
    steps : pandas.DataFrame
        ``block``, ``step``, ``kind`` (read, used, left out, noted), ``rows``,
        ``words``. Of every block, rows read are rows used plus rows left out.
    listed : pandas.DataFrame
        Rows left out or noted, one by one: ``block``, ``step``, ``file``, ``line``,
        ``child``.
    tables : dict of str to int
        Rows of each contract table made.
    not_carried : tuple of (str, str)
        Contract tables and columns the format has no room for; ``*`` is the whole table.
    codes_not_carried : tuple of (str, str, str)
        Table, column and code that the format cannot say.
    estimates_lost : tuple of str
        What a study can therefore not estimate (METHODS 13.1).
    unconfirmed : tuple of str
        Readings that were not found in a published source.
    references : tuple of dict
        The sources of the layout.
    limits : pandas.DataFrame
        Federal limits on the files as they came: ``check``, ``rows``, ``of``,
        ``share``, ``limit``, ``verdict``, ``message``.
    """

    format: str
    title: str
    files: pd.DataFrame
    steps: pd.DataFrame
    listed: pd.DataFrame
    tables: dict[str, int]
    not_carried: tuple[tuple[str, str], ...]
    codes_not_carried: tuple[tuple[str, str, str], ...]
    estimates_lost: tuple[str, ...]
    unconfirmed: tuple[str, ...]
    references: tuple[dict, ...]
    limits: pd.DataFrame

    def count(self, step: str, block: str | None = None) -> int:
        """Return the rows of a step (0 where it did not occur), in one block or in all."""
        chosen = self.steps[self.steps["step"] == step]
        if block is not None:
            chosen = chosen[chosen["block"] == block]
        return int(chosen["rows"].sum())

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the row-level list, for JSON."""
        return {
            "format": self.format,
            "title": self.title,
            "files": self.files.to_dict("records"),
            "steps": self.steps.to_dict("records"),
            "tables": self.tables,
            "not_carried": [list(pair) for pair in self.not_carried],
            "codes_not_carried": [list(code) for code in self.codes_not_carried],
            "estimates_lost": list(self.estimates_lost),
            "unconfirmed": list(self.unconfirmed),
            "references": [dict(reference) for reference in self.references],
            "limits": [
                {name: None if pd.isna(value) else value for name, value in row.items()}
                for row in self.limits.to_dict("records")
            ],
        }


def close(
    account: Account,
    layout: Layout,
    columns: dict[str, tuple[str, ...]],
    rows: dict[str, int],
    limits: Iterable[dict],
    only: Mapping[tuple[str, str], tuple[str, ...]],
) -> ConversionReport:
    """Close the books.

    Parameters
    ----------
    account : Account
        With every step entered.
    layout : Layout
        The format.
    columns : dict of str to tuple of str
        The columns of each table made.
    rows : dict of str to int
        Its rows.
    limits : iterable of dict
        Federal limits measured on the files.
    only : mapping of (str, str) to tuple of str
        By table and column, codes that can stand there where no code list tells.
    """
    names = {"rows": "Int64", "of": "Int64", "share": "float64", "limit": "float64"}
    limit_columns = ["check", "rows", "of", "share", "limit", "verdict", "message"]
    return ConversionReport(
        format=layout.name,
        title=layout.title,
        files=pd.DataFrame(
            [
                {
                    "file": f.name,
                    "block": f.block,
                    "rows": f.rows,
                    "malformed": f.malformed,
                    "blank_lines": f.blank_lines,
                    "summary_lines": f.summary_lines,
                    "sha256": f.digest,
                }
                for f in account.files
            ]
        ),
        steps=pd.DataFrame(account.steps, columns=["block", "step", "kind", "rows", "words"]),
        listed=pa.concat_tables([_LISTED.empty_table(), *account.listed]).to_pandas(),
        tables=rows,
        not_carried=_not_carried(columns),
        codes_not_carried=_codes_not_carried(layout, columns, only),
        estimates_lost=tuple(lost_estimates(columns)),
        unconfirmed=tuple(layout.unconfirmed),
        references=layout.references,
        limits=pd.DataFrame(list(limits), columns=limit_columns).astype(names),
    )


def _not_carried(columns: dict[str, tuple[str, ...]]) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for table in contract().tables:
        made = columns.get(table.name)
        if made is None:
            pairs.append((table.name, "*"))
        else:
            pairs += [(table.name, name) for name in table.columns if name not in made]
    return tuple(pairs)


def _codes_not_carried(
    layout: Layout,
    columns: dict[str, tuple[str, ...]],
    only: Mapping[tuple[str, str], tuple[str, ...]],
) -> tuple[tuple[str, str, str], ...]:
    """Name the contract's codes that no code of the format means."""
    said: dict[str, set[str]] = {}
    for name, codes in (*layout.codes.items(), *layout.flags.items()):
        said.setdefault(name, set()).update(codes.values.values())
    said["race_ethnicity"] = said.get("race_ethnicity", set()) | {"hispanic"}
    said["type"] = said.pop("placement_type", set()) | said.pop("foster_home_type", set())
    found = []
    for table, made in columns.items():
        schema = contract().table(table)
        for field_ in schema.fields:
            allowed = field_.enum or field_.codes
            told = only.get((table, field_.name))
            owned = said.get(field_.name) if told is None else set(told)
            if field_.name not in made or not allowed or not owned or not owned <= set(allowed):
                continue
            found += [(table, field_.name, code) for code in allowed if code not in owned]
    return tuple(found)
