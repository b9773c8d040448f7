"""What an earlier report showed, against which this one must not be subtracted."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

Key = tuple[str, str, str]
SHARE = "share"


@dataclass(frozen=True)
class Published:
    """Counts and shares an earlier report showed, and what it hid.

    Attributes
    ----------
    counts : mapping of (str, str, str) to int
        By table, row and column; hidden counts are not in it.
    shares : mapping of (str, str) to float
        By table and row, as far as they were shown: shares, or events per day.
    hidden : frozenset of (str, str, str)
        Counts, and shares (column ``share``), that the report had and hid.
    through : datetime.date, optional
        The day its data reached.
    """

    counts: Mapping[Key, int] = field(default_factory=lambda: MappingProxyType({}))
    shares: Mapping[tuple[str, str], float] = field(default_factory=lambda: MappingProxyType({}))
    hidden: frozenset[Key] = frozenset()
    through: datetime.date | None = None

    def count(self, table: str, row: object, column: object) -> int | None:
        """Return a count, or nothing where it was not shown."""
        return self.counts.get((table, str(row), str(column)))

    def share(self, table: str, row: object) -> float | None:
        """Return a share, or nothing where it was not shown."""
        return self.shares.get((table, str(row)))

    def hid(self, table: str, row: object, column: object = SHARE) -> bool:
        """Tell whether the report had this number and hid it."""
        return (table, str(row), str(column)) in self.hidden

    def rows(self, table: str) -> set[str]:
        """Return the rows whose share the report showed or hid."""
        shown = {row for name, row in self.shares if name == table}
        hid = {row for name, row, column in self.hidden if (name, column) == (table, SHARE)}
        return shown | hid

    def cells(
        self, table: str, rows: Sequence[object], columns: Sequence[object]
    ) -> np.ndarray | None:
        """Return a table of counts, missing where not shown; nothing where none was."""
        found = [[self.count(table, row, column) for column in columns] for row in rows]
        known = np.array(
            [[np.nan if n is None else n for n in own] for own in found], dtype=float
        ).reshape(len(rows), len(columns))
        return None if np.isnan(known).all() else known
