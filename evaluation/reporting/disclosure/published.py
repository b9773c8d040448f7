"""What an earlier report showed, against which this one must not be subtracted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Published:
    """Counts an earlier report showed.

    Attributes
    ----------
    counts : mapping of (str, str, str) to int
        By table, row and column; hidden counts are not in it.
    """

    counts: Mapping[Key, int] = field(default_factory=lambda: MappingProxyType({}))

    def count(self, table: str, row: object, column: object) -> int | None:
        """Return a count, or nothing where it was not shown."""
        return self.counts.get((table, str(row), str(column)))

    def cells(
        self, table: str, rows: Sequence[object], columns: Sequence[object]
    ) -> np.ndarray | None:
        """Return a table of counts, missing where not shown; nothing where none was."""
        found = [[self.count(table, row, column) for column in columns] for row in rows]
        known = np.array(
            [[np.nan if n is None else n for n in own] for own in found], dtype=float
        ).reshape(len(rows), len(columns))
        return None if np.isnan(known).all() else known
