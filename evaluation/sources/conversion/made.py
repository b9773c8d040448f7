"""The contract tables a conversion makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import ibis.expr.types as ir

from evaluation.sources.conversion.account import NOTED, Account
from evaluation.sources.conversion.decoding import code_of, is_unknown
from evaluation.sources.conversion.layout import Codes


@dataclass(frozen=True)
class Made:
    """Contract tables as engine expressions, and federal limits measured on the files."""

    tables: Mapping[str, ir.Table]
    limits: list[dict] = field(default_factory=list)


def unique_id(child: ir.StringValue, date: ir.DateValue) -> ir.StringValue:
    """Make an identifier of a child's row from its date."""
    return child.concat("-", date.strftime("%Y%m%d"))


def note_unknown_codes(
    account: Account,
    block: str,
    rows: ir.Table,
    codes: Mapping[str, Codes],
    names: tuple[str, ...],
) -> None:
    """Count, code by code, values the layout does not know; their field stays empty."""
    for name in names:
        column = codes[name].field
        if column not in rows.columns:
            continue
        odd = rows.filter(is_unknown(rows[column], codes[name]))
        counts = (
            odd.group_by(value=code_of(odd[column]))
            .aggregate(n=lambda t: t.count())
            .order_by("value")
        )
        for value, count in counts.to_pandas().itertuples(index=False):
            account.add(
                block,
                f"unknown code {column} {str(value)[:40]}",
                NOTED,
                count,
                f'{column} holds "{str(value)[:40]}", which the layout does not know; '
                f"{name} stays empty there.",
            )
