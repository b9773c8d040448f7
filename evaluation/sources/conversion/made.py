"""The contract tables a conversion makes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import ibis.expr.types as ir

from evaluation.sources.conversion.account import NOTED, Account
from evaluation.sources.conversion.decoding import code_of, is_unknown
from evaluation.sources.conversion.layout import Codes


@dataclass(frozen=True)
class Made:
    """What a conversion makes.

    Parameters
    ----------
    tables : mapping of str to ibis Table
        Contract tables.
    limits : list of dict
        Federal limits measured on the files.
    only : mapping of (str, str) to tuple of str
        By table and column, the codes that can stand there where no code list of the
        layout tells.
    """

    tables: Mapping[str, ir.Table]
    limits: list[dict] = field(default_factory=list)
    only: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)


def unique_id(child: ir.StringValue, date: ir.DateValue) -> ir.StringValue:
    """Make an identifier of a child's row from its date."""
    return child.concat("-", date.strftime("%Y%m%d"))


def note_unknown_codes(
    account: Account, block: str, rows: ir.Table, coded: Iterable[tuple[str, str, Codes]]
) -> None:
    """Count, code by code, values the layout does not know; their field stays empty.

    Parameters
    ----------
    account : Account
        Where they are entered.
    block : str
        The block the rows are of.
    rows : ibis Table
        Rows that are used.
    coded : iterable of (str, str, Codes)
        Column, what it becomes, its codes.
    """
    coded = list(coded)
    sums = {column: is_unknown(rows[column], codes).sum() for column, _, codes in coded}
    found = rows.aggregate(**sums).to_pyarrow().to_pylist()[0]
    for column, name, codes in coded:
        if not found[column]:
            continue
        odd = rows.filter(is_unknown(rows[column], codes))
        counts = odd.group_by(value=code_of(odd[column])).aggregate(n=lambda t: t.count())
        for value, count in counts.order_by("value").to_pandas().itertuples(index=False):
            shown = str(value)[:40]
            account.add(
                block,
                f"unknown code {column} {shown}",
                NOTED,
                count,
                f'{column} holds "{shown}", which the layout does not know; {name} stays empty '
                "there.",
            )


def coded(codes: Mapping[str, Codes], *names: str) -> list[tuple[str, str, Codes]]:
    """Return column, meaning and codes of the coded elements named."""
    return [(codes[name].field, name, codes[name]) for name in names]
