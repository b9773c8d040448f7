"""What curves by group have in common: a tidy table, values at given times, influence."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.estimates import clusters as few
from evaluation.estimates.coding import checked_times
from evaluation.estimates.curve_influence import CurveInfluence
from evaluation.estimates.curve_readings import CurveReadings
from evaluation.estimates.curve_resampling import Resampling
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.result import Account
from evaluation.estimates.risksets import RiskSets
from evaluation.estimates.rows import Rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FEW_TIMES = 16
_AFTER_ZERO = np.finfo(float).tiny

Limits = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Curve:
    """One curve per group: its value at every cell of the grid.

    Parameters
    ----------
    cause : int or None
        Cause the curve is about; None where there is one kind of event.
    counted : ndarray of bool, shape (n,)
        Rows that end in the curve's event.
    value, se : ndarray of float, shape (cells,)
    influence : CurveInfluence
    """

    cause: int | None
    counted: np.ndarray
    value: np.ndarray
    se: np.ndarray
    influence: CurveInfluence


@dataclass(frozen=True)
class Grid:
    """The rows, their grid and the counts of a set of curves.

    Parameters
    ----------
    rows : Rows
    sets : RiskSets
    at_risk, censored : ndarray of int, shape (cells,)
    clusters : ndarray of int or None, shape (groups,)
        Clusters behind each group's curve; None where rows are independent.
    """

    rows: Rows
    sets: RiskSets
    at_risk: np.ndarray
    censored: np.ndarray
    clusters: np.ndarray | None

    @cached_property
    def cells(self) -> np.ndarray:
        """Cells of all groups' times, group by group."""
        return np.concatenate([self.sets.cells_of(g) for g in range(len(self.rows.groups))])

    @cached_property
    def group_of_cell(self) -> np.ndarray:
        """Group of each of :attr:`cells`."""
        return np.repeat(np.arange(len(self.rows.groups)), self.sets.length)

    @cached_property
    def followed(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """Per group sorted starts and stops, each with cumulated weights."""
        rows, out = self.rows, []
        begin = np.zeros(len(rows)) if rows.start is None else rows.start
        for group in range(len(rows.groups)):
            mine = rows.groups.codes == group
            weights = rows.case_weights[mine]
            ordered = []
            for times in (begin[mine], rows.stop[mine]):
                order = np.argsort(times)
                ordered += [times[order], np.concatenate([[0.0], np.cumsum(weights[order])])]
            out.append(tuple(ordered))
        return out

    def at_risk_at(self, group: int, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Count the rows of a group with start < t <= stop, and add up their weights.

        At 0 it is those of the first moment after it, as R's ``survfit`` has it.
        """
        times = np.where(times > 0, times, _AFTER_ZERO)
        if self.rows.start is None and self.rows.weights is None:
            return self._present(group, times)
        if len(times) <= _FEW_TIMES:
            return self._counted(group, times)
        begin, begun, end, ended = self.followed[group]
        into = np.searchsorted(begin, times, side="left")
        out = np.searchsorted(end, times, side="left")
        count = into - out
        return count, np.where(count > 0, begun[into] - ended[out], 0.0)

    def _present(self, group: int, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Read those at risk from the grid, where every row begins at zero and weighs one."""
        cells = self.sets.cells_of(group)
        ahead = np.searchsorted(self.sets.times[cells], times, side="left")
        count = np.append(self.at_risk[cells], 0)[ahead]
        return count, count.astype(float)

    def _counted(self, group: int, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Count those at risk at a few times without sorting anything."""
        mine = self.rows.groups.codes == group
        end, weights = self.rows.stop[mine], self.rows.weights
        begin = 0.0 if self.rows.start is None else self.rows.start[mine]
        present = [(begin < t) & (t <= end) for t in times]
        count = np.array([np.count_nonzero(p) for p in present], dtype=np.int64)
        if weights is None:
            return count, count.astype(float)
        weights = weights[mine]
        return count, np.array([weights[p].sum() for p in present])

    def place(self, group: int, times: np.ndarray) -> np.ndarray:
        """Return the cell of a group's last time <= t for each of ``times``."""
        own = self.sets.times[self.sets.cells_of(group)]
        return self.sets.base[group] + np.searchsorted(own, times, side="right")


@dataclass(frozen=True, repr=False)
class Curves(Resampling, CurveReadings):
    """Curves by group; a subclass names the value and its limits.

    Parameters
    ----------
    table : DataFrame
        One row per group, (cause) and time at which somebody's observation ends.
    account : Account
    curves : list of Curve
        One per cause, or one.
    grid : Grid
    """

    table: pd.DataFrame
    account: Account
    curves: list[Curve] = field(repr=False)
    grid: Grid = field(repr=False)

    axis_label = "Value"
    compared = "value"

    @staticmethod
    def limits(
        value: np.ndarray, se: np.ndarray, multiplier: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the lower and upper limit of each value."""
        raise NotImplementedError

    @property
    def groups(self) -> list:
        """The groups, in order."""
        return self.grid.rows.groups.labels

    def at(self, times: float | Sequence[float]) -> pd.DataFrame:
        """Read the curves at given times.

        Parameters
        ----------
        times : float or sequence of float
            Times wanted, such as ``[180, 365]``.

        Returns
        -------
        DataFrame
            The columns of ``table`` with, for each time t, ``at_risk`` the rows
            with start < t <= stop (unweighted; ``weighted_at_risk`` beside it; at 0
            the rows that begin there),
            ``events`` (and ``censored``) those up to and including t, unweighted,
            and value and limits as of the last time <= t; these are missing past
            a group's last observed time.
        """
        times = checked_times(times)
        parts = []
        at_risk = [self.grid.at_risk_at(group, times) for group in range(len(self.groups))]
        for curve in self.curves:
            happened = self.grid.sets.leave[curve.counted]
            happened = np.bincount(happened, minlength=self.grid.sets.size)
            for group, label in enumerate(self.groups):
                cell = self.grid.place(group, times)
                over = times > self.last_time(group)
                value = np.where(over, np.nan, curve.value[cell])
                se = np.where(over, np.nan, curve.se[cell])
                count, weight = at_risk[group]
                part = pd.DataFrame({"group": [label] * len(times)})
                if curve.cause is not None:
                    part["cause"] = curve.cause
                part["time"], part["at_risk"], part["weighted_at_risk"] = times, count, weight
                part["events"] = self._up_to(cell, group, happened)
                if "censored" in self.table:
                    part["censored"] = self._up_to(cell, group, self.grid.censored)
                parts.append(self._with_limits(part, value, se, np.full(len(times), group)))
        by_group = np.tile(np.repeat(np.arange(len(self.groups)), len(times)), len(self.curves))
        return _group_by_group(parts, by_group)

    def _up_to(self, cell: np.ndarray, group: int, counts: np.ndarray) -> np.ndarray:
        sets = self.grid.sets
        so_far = np.cumsum(counts[sets.cells_of(group)])
        return np.append(0, so_far)[cell - sets.base[group]]

    def influence(self, times: float | Sequence[float]) -> pd.DataFrame:
        """Each row's contribution to the curves' values at given times.

        Parameters
        ----------
        times : float or sequence of float

        Returns
        -------
        DataFrame
            Rows carry the input's index; columns are (group, time) or (group,
            cause, time). Weights are included, so that sums by cluster, squared
            and added, give the squared cluster-robust standard error. Zero for
            rows outside the group; missing past a group's last observed time.
        """
        times = checked_times(times)
        codes = self.grid.rows.groups.codes
        names, blocks = [], []
        for group, label in enumerate(self.groups):
            mine, places = codes == group, self.grid.place(group, times)
            unknown = times > self.last_time(group)
            for curve in self.curves:
                causes = () if curve.cause is None else (curve.cause,)
                names += [(label, *causes, time) for time in times]
                block = curve.influence.at(places, mine)
                block[:, unknown] = np.nan
                blocks.append(block)
        levels = ["group", "time"] if self.curves[0].cause is None else ["group", "cause", "time"]
        columns = pd.MultiIndex.from_tuples(names, names=levels)
        return pd.DataFrame(np.hstack(blocks), self.grid.rows.frame.index, columns)

    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        cause: int | None = None,
        days: bool = False,
        comparison: Hashable | None = None,
    ) -> "Axes":
        """Draw the curves with intervals, labels at the lines and numbers at risk beneath.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.
        cause : int, optional
            The cause to draw; by default the first.
        days : bool
            Times are days: mark the axis in months.
        comparison : optional
            The group to draw in grey and dashed.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.estimates.curve_drawing import draw_curves

        curve = self.curves[0]
        if cause is not None:
            matching = [c for c in self.curves if c.cause == cause]
            if not matching:
                raise EstimateError(f"There is no curve of cause {cause}.")
            curve = matching[0]
        if comparison is not None and comparison not in self.groups:
            raise EstimateError(f"There is no group {comparison!r}.")
        place = None if comparison is None else self.groups.index(comparison)
        return draw_curves(self, curve.cause, ax, days, place)

    def last_time(self, group: int) -> float:
        """Return when the last row of a group, by its position, ends."""
        sets = self.grid.sets
        return float(sets.times[sets.base[group] + sets.length[group]])

    def _with_limits(
        self, part: pd.DataFrame, value: np.ndarray, se: np.ndarray, group: np.ndarray
    ) -> pd.DataFrame:
        part[self.value_name], part["se"] = value, se
        used, multiplier = se, few.quantile(None)
        if self.grid.clusters is not None:
            behind = self.grid.clusters[group]
            multiplier = few.quantile(self.grid.clusters)[group]
            if (self.grid.clusters < few.FEW).any():
                used = np.where(behind < few.FEW, few.corrected(se, behind), se)
                part["small_sample_se"] = used
        part["ci_low"], part["ci_high"] = self.limits(value, used, multiplier)
        return part

    @classmethod
    def build(
        cls, curves: list[Curve], grid: Grid, told: Account, counts: dict[str, np.ndarray]
    ) -> "Curves":
        """Lay the curves out as a table.

        Parameters
        ----------
        curves : list of Curve
        grid : Grid
        told : Account
        counts : dict of str to ndarray
            Columns of counts between time and value, shape (cells,).
        """
        empty = cls(pd.DataFrame(), told, curves, grid)
        labels = pd.Series(grid.rows.groups.labels)
        parts = []
        for curve in curves:
            part = pd.DataFrame({"group": labels.iloc[grid.group_of_cell].to_numpy()})
            if curve.cause is not None:
                part["cause"] = curve.cause
            part["time"] = grid.sets.times[grid.cells]
            for name, values in counts.items():
                part[name] = values[grid.cells]
            value, se = curve.value[grid.cells], curve.se[grid.cells]
            parts.append(empty._with_limits(part, value, se, grid.group_of_cell))
        table = _group_by_group(parts, np.tile(grid.group_of_cell, len(curves)))
        return cls(table, told, curves, grid)


def log_log_limits(
    value: np.ndarray, se: np.ndarray, multiplier: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Limits of a probability on the scale log(-log p) (Kalbfleisch and Prentice, 1980).

    Missing at 0 and 1, where the scale ends: with no event, or nothing but
    events, this interval does not exist.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        inner = np.where((value > 0) & (value < 1), value, np.nan)
        center, half = np.log(-np.log(inner)), multiplier * se / (inner * -np.log(inner))
        return np.exp(-np.exp(center + half)), np.exp(-np.exp(center - half))


def clusters_by_group(rows: Rows) -> np.ndarray:
    """Count, for each group, the clusters (or rows) that carry weight."""
    group, weights = rows.groups.codes, rows.case_weights
    carrying = weights > 0
    if rows.cluster is None:
        return np.bincount(group[carrying], minlength=len(rows.groups))
    key = rows.cluster.codes[carrying].astype(np.int64) * len(rows.groups) + group[carrying]
    return np.bincount(np.unique(key) % len(rows.groups), minlength=len(rows.groups))


def cautions(rows: Rows, counts: np.ndarray | None) -> list[str]:
    """Say which groups rest on few clusters."""
    if counts is None:
        return []
    several = len(rows.groups) > 1
    return [
        few.caution(int(count), f"group {label!r}" if several else "")
        for label, count in zip(rows.groups.labels, counts, strict=True)
        if count < few.FEW
    ]


def refuse_recurrent(rows: Rows, event: np.ndarray, method: str) -> None:
    """Stop if a subject has rows after its event, which such a curve cannot show."""
    if rows.id is None:
        return
    times = np.bincount(rows.id.codes, event, len(rows.id))
    again = (times[rows.id.codes] > 1) | (event & ~rows.ends)
    if again.any():
        name = rows.id.labels[rows.id.codes[int(np.argmax(again))]]
        raise EstimateError(
            f"id {name!r} goes on after its event, but {method} is about first events; "
            f"end its rows at the event, or use mean_cumulative for repeated events."
        )


def _group_by_group(parts: list[pd.DataFrame], group: np.ndarray) -> pd.DataFrame:
    whole = pd.concat(parts, ignore_index=True)
    return whole.iloc[np.argsort(group, kind="stable")].reset_index(drop=True)
