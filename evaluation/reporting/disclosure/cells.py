"""Suppression of small counts in tables with totals, so that none can be solved for.

Primary suppression hides counts from 1 to ``below - 1``, and counts that differ from
last year's by as few; complementary suppression hides further cells until no hidden
cell, and no sum of hidden cells in a row or column, can be worked out as a small count
(Hundepool and others, 2012, chapter 4).
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from evaluation.reporting.disclosure.rule import Disclosure

Cell = tuple[int, int]


def with_totals(counts: np.ndarray) -> np.ndarray:
    """Add the row of column sums and the column of row sums."""
    rows = np.vstack([counts, counts.sum(axis=0, keepdims=True)])
    return np.hstack([rows, rows.sum(axis=1, keepdims=True)])


class Cells:
    """A table with totals while cells are being hidden."""

    def __init__(
        self,
        rule: "Disclosure",
        counts: np.ndarray,
        rows_hidden: Sequence[bool] | None,
        columns_hidden: Sequence[bool] | None,
        before: np.ndarray | None = None,
    ):
        self.rule = rule
        self.counts = with_totals(np.asarray(counts, dtype=int))
        self.before = np.full(self.counts.shape, np.nan) if before is None else before
        self.hidden = self._small(self.counts) | self._small(abs(self.counts - self.before))
        self.free = np.ones_like(self.hidden)
        if rows_hidden is not None:
            self.hidden[:-1, -1] = rows_hidden
            self.free[:-1, -1] = False
        if columns_hidden is not None:
            self.hidden[-1, :-1] = columns_hidden
            self.free[-1, :-1] = False
        if rows_hidden is not None or columns_hidden is not None:
            self.free[-1, -1] = False

    def _small(self, counts: np.ndarray) -> np.ndarray:
        return (counts > 0) & (counts < self.rule.below)

    def protect(self) -> None:
        """Hide cells until no line gives one back and none can be solved for."""
        while True:
            cell = self._weak_line_cell() or self._determined_cell()
            if cell is None:
                return
            self.hidden[cell] = True

    def _lines(self) -> Iterator[tuple[list[Cell], Cell]]:
        rows, columns = self.counts.shape
        for r in range(rows):
            yield [(r, c) for c in range(columns - 1)], (r, columns - 1)
        for c in range(columns):
            yield [(r, c) for r in range(rows - 1)], (rows - 1, c)

    def _weak_line_cell(self) -> Cell | None:
        for parts, total in self._lines():
            hidden = [cell for cell in parts if self.hidden[cell]]
            if not hidden and not self.hidden[total]:
                continue
            since = np.nan
            if self.hidden[total]:
                strong = bool(hidden)
            else:
                together = sum(self.counts[cell] for cell in hidden)
                since = together - sum(self.before[cell] for cell in hidden)
                strong = len(hidden) > 1 and together >= self.rule.below
                strong = strong and not self.rule.hides(abs(since))
            if not strong:
                cell = self._next_in(parts, total, since)
                if cell is not None:
                    return cell
        return None

    def _next_in(self, parts: list[Cell], total: Cell, since: float = np.nan) -> Cell | None:
        """Choose the cell of a line to hide next: small before large, zero and total last.

        Before all, one that leaves those hidden together no small change since last year.
        """
        candidates = [cell for cell in parts if self.free[cell] and not self.hidden[cell]]
        nonzero = [cell for cell in candidates if self.counts[cell] > 0]
        if nonzero:
            changes = {cell: since + self.counts[cell] - self.before[cell] for cell in nonzero}
            enough = [cell for cell in nonzero if not self.rule.hides(abs(changes[cell]))]
            return min(enough or nonzero, key=self._cost)
        if self.free[total] and not self.hidden[total]:
            return total
        return candidates[0] if candidates else None

    def _cost(self, cell: Cell) -> tuple[bool, int, Cell]:
        r, c = cell
        alone = not (np.delete(self.hidden[r], c).any() and np.delete(self.hidden[:, c], r).any())
        return (alone, int(self.counts[cell]), cell)

    def _determined_cell(self) -> Cell | None:
        for r, c in np.argwhere(self.hidden):
            if not self.free[r, c] or self._can_move(int(r), int(c)):
                continue
            rows, columns = self.counts.shape
            row = ([(r, k) for k in range(columns - 1)], (r, columns - 1))
            column = ([(k, c) for k in range(rows - 1)], (rows - 1, c))
            for parts, total in (row, column):
                cell = self._next_in([(int(i), int(j)) for i, j in parts], total)
                if cell is not None:
                    return cell
            for cell in map(tuple, np.argwhere(self.free & ~self.hidden)):
                return cell
        return None

    def _can_move(self, r: int, c: int) -> bool:
        """Tell whether another table with the same shown cells differs in this one.

        Cells are edges between a row and a column. Totals enter with a minus, so
        that every line sums to zero; then another table exists when an
        alternating cycle of hidden cells that can be raised and lowered passes
        through this one. A reader is taken to know that a hidden cell is at
        least 1.
        """
        total = np.zeros_like(self.hidden)
        total[-1, :] ^= True
        total[:, -1] ^= True
        can_fall = self.hidden & (self.counts > 1)
        up = np.where(total, can_fall, self.hidden)
        down = np.where(total, self.hidden, can_fall)
        up[r, c] = down[r, c] = False
        raised = (not total[r, c]) or self.counts[r, c] > 1
        lowered = total[r, c] or self.counts[r, c] > 1
        return (raised and _reaches(("c", c), ("r", r), up, down)) or (
            lowered and _reaches(("r", r), ("c", c), up, down)
        )


def _reaches(start: tuple, goal: tuple, up: np.ndarray, down: np.ndarray) -> bool:
    """Tell whether a walk leads from one line to another: up from rows, down from columns."""
    seen, waiting = {start}, [start]
    while waiting:
        side, place = waiting.pop()
        if side == "r":
            following = [("c", int(j)) for j in np.flatnonzero(up[place])]
        else:
            following = [("r", int(i)) for i in np.flatnonzero(down[:, place])]
        for node in following:
            if node == goal:
                return True
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return False
