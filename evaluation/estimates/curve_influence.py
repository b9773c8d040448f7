"""Infinitesimal-jackknife variance of curves, in time that grows with rows, not rows x times.

The influence of a row on a curve at time t is, for every curve made of
risk-set ratios, a combination of three numbers that change only when the row
enters and when it leaves: ``level(t) * a + constant(t) * b + open(t) * y``,
where ``y`` is the row's weight while it is at risk. The numbers of a cluster's
rows add up, so the sum over clusters of squared influences needs only the sums
of their six products, each updated where some row enters or leaves.

References
----------
Efron and Stein (1981) and Jaeckel (1972) for the infinitesimal jackknife;
Therneau and Grambsch (2000); Geskus (2016), *Data Analysis with Competing
Risks and Intermediate States*, for the Aalen–Johansen curve.
"""

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from evaluation.estimates.risksets import RiskSets
from evaluation.estimates.rows import Rows

_ROUNDING = 1e-13


@dataclass(frozen=True)
class CurveInfluence:
    """The influence of each row on one curve (one per group).

    Parameters
    ----------
    sets : RiskSets
        Grid with groups as strata.
    weights : ndarray of float, shape (n,)
    code : ndarray of int, shape (n,)
        0 where the row ends without an event, else which kind of event.
    slope, drift : ndarray of float, shape (cells,)
        What a row at risk gathers, per unit weight, in ``a`` and in ``b``.
    jump_a, jump_b : ndarray of float, shape (codes, cells)
        What an event adds, per unit weight.
    level, constant, open : ndarray of float, shape (cells,)
        Multipliers of ``a``, ``b`` and ``y`` at each time.
    """

    sets: RiskSets
    weights: np.ndarray
    code: np.ndarray
    slope: np.ndarray
    drift: np.ndarray
    jump_a: np.ndarray
    jump_b: np.ndarray
    level: np.ndarray
    constant: np.ndarray
    open: np.ndarray

    def on_leaving(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what each row adds to ``a``, ``b`` and ``y`` when it leaves."""
        leave, w = self.sets.leave, self.weights
        return (
            w * (self.slope[leave] + self.jump_a[self.code, leave]),
            w * (self.drift[leave] + self.jump_b[self.code, leave]),
            -w,
        )

    def on_entering(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what each row adds to ``a``, ``b`` and ``y`` when it enters."""
        enter, w = self.sets.enter, self.weights
        return -w * self.slope[enter], -w * self.drift[enter], w

    def at(self, cells: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the rows' influence on a group's curve at some of its cells.

        Parameters
        ----------
        cells : ndarray of int, shape (times,)
            Cells of the group.
        rows : ndarray of bool, shape (n,)
            The rows of the group; others have no influence.

        Returns
        -------
        ndarray of float, shape (n, times)
        """
        place = np.flatnonzero(rows)
        inside = cells > self.sets.enter[place, None]
        gone = cells >= self.sets.leave[place, None]
        found = np.zeros((len(place), len(cells)))
        multipliers = (self.level[cells], self.constant[cells], self.open[cells])
        for by, first, last in zip(multipliers, self.on_entering(), self.on_leaving(), strict=True):
            found += by * (inside * first[place, None] + gone * last[place, None])
        total = np.zeros((len(rows), len(cells)))
        total[place] = found
        return total

    def area(self, widths: np.ndarray) -> np.ndarray:
        """Return each row's influence on the area under its group's curve.

        Parameters
        ----------
        widths : ndarray of float, shape (cells,)
            How long the curve keeps the value of each cell.

        Returns
        -------
        ndarray of float, shape (n,)
        """
        enter, leave = self.sets.enter, self.sets.leave
        multipliers = (self.level, self.constant, self.open)
        total = np.zeros(len(self.weights))
        for by, first, last in zip(multipliers, self.on_entering(), self.on_leaving(), strict=True):
            still = self.sets.cumulate(by * widths, backward=True)
            total += first * still[enter] + last * still[leave]
        return total

    def variance(self, cluster: np.ndarray | None, group: np.ndarray) -> np.ndarray:
        """Sum squared influences over clusters, at every cell.

        Parameters
        ----------
        cluster : ndarray of int, shape (n,), or None
            Cluster of each row; None when each row is its own.
        group : ndarray of int, shape (n,)
            Group of each row; a cluster counts apart in each group.

        Returns
        -------
        ndarray of float, shape (cells,)
        """
        if cluster is None and not len(self.sets.entering):
            sums = self._independent()
        else:
            sums = self._clustered(cluster, group)
        parts = (self.level, self.constant, self.open)
        total, size = np.zeros(self.sets.size), np.zeros(self.sets.size)
        for (i, j), product in sums.items():
            term = (1 if i == j else 2) * parts[i] * parts[j] * product
            total += term
            size += np.abs(term)
        return np.where(total > _ROUNDING * size, total, 0.0)

    def _independent(self) -> dict[tuple[int, int], np.ndarray]:
        """Sums of products when every row is at risk from the start: counts suffice."""
        size, codes = self.sets.size, len(self.jump_a)
        square = self.weights**2
        place = self.code * size + self.sets.leave
        squares = np.bincount(place, square, codes * size).reshape(codes, size)
        a, b = self.slope + self.jump_a, self.drift + self.jump_b
        left = {(0, 0): a * a, (0, 1): a * b, (1, 1): b * b}
        sums = {key: self.sets.cumulate((squares * v).sum(axis=0)) for key, v in left.items()}
        leaving = squares.sum(axis=0)
        sums[2, 2] = self.sets.cumulate(leaving, backward=True) - leaving
        return sums

    def _clustered(
        self, cluster: np.ndarray | None, group: np.ndarray
    ) -> dict[tuple[int, int], np.ndarray]:
        """Sums of products by walking through each cluster's entries and exits in order."""
        cell, changes = self._changes()
        each = len(cell) // len(group)
        if cluster is None:
            key = np.repeat(np.arange(len(group)), each)
        else:
            key = np.repeat(cluster.astype(np.int64) * (int(group.max()) + 1) + group, each)
            order = np.argsort(key * self.sets.size + cell)
            key, cell = key[order], cell[order]
            changes = [change[order] for change in changes]
        first = np.flatnonzero(np.diff(key, prepend=-1))
        lengths = np.diff(first, append=len(key))
        after = [_running(change, first, lengths) for change in changes]
        present = np.zeros(self.sets.size)
        if each == 1:
            heavy = -np.add.reduceat(changes[2], first)
            after[2] += np.repeat(heavy, lengths)
            base = self.sets.base[group] if cluster is None else self.sets.base[group[order]]
            present = np.bincount(base[first], heavy**2, self.sets.size)
        before = [state - change for state, change in zip(after, changes, strict=True)]
        sums = {
            (i, j): np.bincount(cell, after[i] * after[j] - before[i] * before[j], self.sets.size)
            for i, j in combinations_with_replacement(range(3), 2)
        }
        sums[2, 2] += present
        return {pair: self.sets.cumulate(values) for pair, values in sums.items()}

    def _changes(self) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return the cells of changes, row after row, and what changes in ``a``, ``b``, ``y``.

        Rows that are all there from the beginning change only when they leave.
        """
        if not len(self.sets.entering):
            return self.sets.leave, list(self.on_leaving())
        cell = np.stack([self.sets.enter, self.sets.leave], axis=1).ravel()
        pairs = zip(self.on_entering(), self.on_leaving(), strict=True)
        return cell, [np.stack(pair, axis=1).ravel() for pair in pairs]


def _running(change: np.ndarray, first: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Cumulative sum that begins anew at each of ``first``."""
    total = np.cumsum(change)
    return total - np.repeat(total[first] - change[first], lengths)


def cluster_roots(rows: Rows, change: np.ndarray) -> np.ndarray:
    """Return the root of the sum of squared cluster totals, group by group.

    Parameters
    ----------
    rows : Rows
    change : ndarray of float, shape (n,)
        Each row's influence; a row is its own cluster where there are none.

    Returns
    -------
    ndarray of float, shape (groups,)
    """
    groups = len(rows.groups)
    if rows.cluster is None:
        return np.sqrt(np.bincount(rows.groups.codes, change**2, groups))
    key = rows.cluster.codes.astype(np.int64) * groups + rows.groups.codes
    found, place = np.unique(key, return_inverse=True)
    return np.sqrt(np.bincount(found % groups, np.bincount(place, change) ** 2, groups))
