"""Differences between groups, whose variance knows which clusters the groups share."""

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.estimates import clusters as few
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.result import Account, Result
from evaluation.estimates.rows import Rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class Differences(Result):
    """Differences between groups.

    Parameters
    ----------
    table : DataFrame
        group, reference, (cause,) time or horizon, difference (group less
        reference), se, ci_low, ci_high, p. Missing where either group's
        estimate is.
    account : Account
    what : str
        What is compared, for the axis of a chart.
    """

    table: pd.DataFrame
    account: Account
    what: str

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the differences with their intervals; filled where they exclude none.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.estimates.interval_drawing import draw_intervals

        moment = "time" if "time" in self.table else "horizon"
        labels = [
            f"{row['group']} less {row['reference']}, "
            + (f"cause {row['cause']}, " if "cause" in row else "")
            + f"{'at' if moment == 'time' else 'to'} {row[moment]:g}"
            for row in self.table.to_dict("records")
        ]
        return draw_intervals(
            labels,
            self.table["difference"],
            self.table["ci_low"],
            self.table["ci_high"],
            axis_label=f"Difference in {self.what} (95% interval)",
            reference=0,
            percent=self.what.startswith("share"),
            about=self.summary(),
            ax=ax,
        )


def differences(
    estimates: pd.DataFrame,
    value: str,
    influence: pd.DataFrame,
    rows: Rows,
    told: Account,
    what: str,
    reference: object = None,
) -> Differences:
    """Compare groups, pair by pair or all with one.

    Without clusters or weights the groups are independent and variances add.
    Otherwise each cluster's influence on the difference is squared, so that the
    luck of a cluster with rows in both groups cancels as far as it is shared.

    Parameters
    ----------
    estimates : DataFrame
        group, (cause,) time or horizon, the value and se.
    value : str
        Column of the value.
    influence : DataFrame
        Rows by (group, (cause,) time or horizon).
    rows : Rows
    told : Account
        Of the result that is compared.
    what : str
    reference : optional
        The group that every other is compared with; by default each pair is
        compared, the earlier group being the reference.

    Returns
    -------
    Differences

    Raises
    ------
    EstimateError
        If there is one group only, or no group ``reference``.
    """
    groups = rows.groups.labels
    if len(groups) < 2:
        raise EstimateError("There is one group only, so nothing to compare; name groups in by=.")
    if reference is None:
        pairs = list(combinations(groups, 2))
    elif reference in groups:
        pairs = [(reference, group) for group in groups if group != reference]
    else:
        raise EstimateError(f"There is no group {reference!r}; the groups are {groups}.")
    keys = [c for c in ("cause", "time", "horizon") if c in estimates]
    indexed = estimates.set_index(["group", *keys])[[value, "se"]]
    moments = estimates[keys].drop_duplicates()
    out = []
    for base, group in pairs:
        for key in moments.itertuples(index=False, name=None):
            one, two = indexed.loc[(group, *key)], indexed.loc[(base, *key)]
            if rows.independent:
                se, behind = float(np.hypot(one["se"], two["se"])), None
            else:
                change = influence[(group, *key)].to_numpy() - influence[(base, *key)].to_numpy()
                se, behind = _clustered(change, rows, [groups.index(g) for g in (group, base)])
            difference = float(one[value] - two[value])
            half = float(few.quantile(behind)) * se
            p = few.two_sided(np.array([difference / se]), behind)[0] if se > 0 else np.nan
            row = {"group": group, "reference": base, **dict(zip(keys, key, strict=True))}
            limits = {"ci_low": difference - half, "ci_high": difference + half, "p": p}
            out.append({**row, "difference": difference, "se": se, **limits})
    return Differences(pd.DataFrame(out), replace(told, method=f"{told.method} differences"), what)


def _clustered(change: np.ndarray, rows: Rows, codes: list[int]) -> tuple[float, int]:
    """Root of the sum of squared cluster influences, and the clusters behind it."""
    mine = np.isin(rows.groups.codes, codes) & (rows.case_weights > 0)
    behind = int(mine.sum())
    if rows.cluster is not None:
        behind = len(np.unique(rows.cluster.codes[mine]))
        change = np.bincount(rows.cluster.codes, change)
    se = float(np.sqrt((change**2).sum()))
    return (float(few.corrected(se, behind)) if behind < few.FEW else se), behind
