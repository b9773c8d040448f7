"""Which outcomes, covariates and effects a set of tables and columns can support."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from evaluation.resources import resource


@dataclass(frozen=True)
class Need:
    """What an estimate needs.

    Parameters
    ----------
    kind, name : str
        Such as ``outcome`` and ``re-entry to care``.
    needs, any_of : tuple of str
        ``table.column`` (or ``table``): all of the first, one of the second.
    lost : str
        What follows where they are missing.
    """

    kind: str
    name: str
    needs: tuple[str, ...]
    any_of: tuple[str, ...]
    lost: str

    def missing(self, columns: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
        """Return what is not there, of the tables and their columns."""
        absent = tuple(need for need in self.needs if not _has(columns, need))
        if self.any_of and not any(_has(columns, need) for need in self.any_of):
            absent += (" or ".join(self.any_of),)
        return absent


@cache
def needs() -> tuple[Need, ...]:
    """Return every estimate's needs, from ``data_schemas/estimates.toml``."""
    path = resource("data_schemas", "estimates.toml")
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(
        Need(
            entry["kind"],
            entry["name"],
            tuple(entry.get("needs", ())),
            tuple(entry.get("any", ())),
            entry["lost"],
        )
        for entry in content["estimates"]
    )


def lost_estimates(columns: Mapping[str, Sequence[str]]) -> list[str]:
    """Say what cannot be estimated from tables with these columns."""
    return [
        f"{need.lost} (Missing: {', '.join(absent)}.)"
        for need in needs()
        if (absent := need.missing(columns))
    ]


def _has(columns: Mapping[str, Sequence[str]], need: str) -> bool:
    table, _, column = need.partition(".")
    return table in columns and (not column or column in columns[table])
