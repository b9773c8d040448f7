"""The bootstrap by cluster: draw clusters with replacement by giving their rows other weights."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.estimates import clusters as few
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.result import Account, Result
from evaluation.estimates.rows import Rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FEW_REPLICATES = 200


@dataclass(frozen=True, repr=False)
class Bootstrap(Result):
    """Estimates with standard errors and percentile limits from resampled clusters.

    Parameters
    ----------
    table : DataFrame
        The columns that say what is estimated, the estimate, se (standard
        deviation over replicates), ci_low, ci_high (percentiles) and
        replicates (how many gave this estimate). Hazard models: term, coef,
        se, hazard_ratio, with limits of the ratio.
    account : Account
    draws : DataFrame
        One row a replicate, one column a row of ``table``; missing where the
        replicate failed or does not reach the time asked.
    """

    table: pd.DataFrame
    account: Account
    draws: pd.DataFrame = field(repr=False)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the estimates with their percentile limits.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.estimates.interval_drawing import draw_intervals

        ratio = "hazard_ratio" in self.table
        place = self.table.columns.get_loc("coef" if ratio else "se")
        named = self.table.iloc[:, : place if ratio else place - 1].astype(str)
        return draw_intervals(
            named.agg(", ".join, axis=1),
            self.table["hazard_ratio"] if ratio else self.table.iloc[:, place - 1],
            self.table["ci_low"],
            self.table["ci_high"],
            axis_label="Hazard ratio (bootstrap limits)" if ratio else "Bootstrap limits",
            sides=("fewer events", "more events") if ratio else None,
            about=self.summary(),
            reference=1 if ratio else None,
            logarithmic=ratio,
            ax=ax,
        )


def bootstrap(
    rows: Rows,
    told: Account,
    estimate: pd.DataFrame,
    again: Callable[[np.ndarray], Sequence[float]],
    *,
    replicates: int,
    seed: int,
    level: float,
    notes: Sequence[str] = (),
) -> Bootstrap:
    """Estimate again with clusters drawn with replacement.

    Parameters
    ----------
    rows : Rows
        Drawn by cluster; where none was named, each row is its own.
    told : Account
        Of the estimate that is resampled.
    estimate : DataFrame
        What is estimated; the last column is the value.
    again : callable
        From new weights to the values, in the order of ``estimate``.
    replicates, seed : int
        How many times to draw; where the random numbers begin.
    level : float
        Coverage wanted.
    notes : sequence of str
        What a reader must know.

    Returns
    -------
    Bootstrap

    Raises
    ------
    EstimateError
        If the options cannot be used, there are not two clusters, or fewer
        than half of the replicates can be estimated.

    References
    ----------
    Efron (1979); Davison and Hinkley (1997), section 3.8, for clusters.
    """
    _check(replicates, seed, level)
    weights = rows.case_weights
    codes = np.arange(len(rows)) if rows.cluster is None else rows.cluster.codes
    present, codes = np.unique(codes[weights > 0], return_inverse=True)
    count = len(present)
    if count < 2:
        raise EstimateError("A bootstrap needs at least two clusters to draw from; here is one.")
    random = np.random.default_rng(seed)
    draws = np.full((replicates, len(estimate)), np.nan)
    failures: dict[str, int] = {}
    drawn = np.zeros(len(rows))
    for k in range(replicates):
        times = np.bincount(random.integers(0, count, count), minlength=count)
        drawn[weights > 0] = weights[weights > 0] * times[codes]
        try:
            draws[k] = again(drawn)
        except EstimateError as problem:
            failures[str(problem)] = failures.get(str(problem), 0) + 1
    failed = sum(failures.values())
    if failed > replicates / 2:
        reason = max(failures, key=failures.get)
        raise EstimateError(
            f"{failed:,} of {replicates:,} bootstrap replicates cannot be estimated, most often "
            f"because: {reason}"
        )
    warnings = [w for w in told.warnings if not few.is_caution(w)]
    warnings += _cautions(replicates, failures, draws, estimate)
    if count < few.FEW:
        warnings.append(
            f"Only {count} to draw from (fewer than {few.FEW}): percentile limits are too narrow."
        )
    kind = "clusters" if rows.cluster is not None else "rows"
    said = replace(
        told,
        method=f"bootstrap of {told.method}",
        clusters=count,
        options={**told.options, "replicates": replicates, "seed": seed, "level": level},
        notes=[
            *told.notes,
            f"{count:,} {kind} were drawn with replacement {replicates:,} times; se is the "
            f"standard deviation and limits are percentiles of the {replicates - failed:,} "
            f"replicates that could be estimated ({failed:,} failed).",
            *notes,
        ],
        warnings=warnings,
    )
    return Bootstrap(_table(estimate, draws, level), said, pd.DataFrame(draws))


def _check(replicates: int, seed: int, level: float) -> None:
    whole = isinstance(replicates, (int, np.integer)) and not isinstance(replicates, bool)
    if not whole or replicates < 2:
        raise EstimateError(f"replicates={replicates!r} must be a whole number from 2 on.")
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or seed < 0:
        raise EstimateError(f"seed={seed!r} must be a whole number from 0 on.")
    if not 0 < level < 1:
        raise EstimateError(f"level={level!r} must be between 0 and 1.")


def _cautions(
    replicates: int, failures: dict[str, int], draws: np.ndarray, estimate: pd.DataFrame
) -> list[str]:
    said = [
        f"{count:,} of {replicates:,} bootstrap replicates failed: {reason}"
        for reason, count in failures.items()
    ]
    if replicates < _FEW_REPLICATES:
        said.append(
            f"{replicates:,} bootstrap replicates are few for limits; use {_FEW_REPLICATES} or "
            f"more."
        )
    for k, endless in enumerate(np.isinf(draws).sum(axis=0)):
        if endless:
            said.append(
                f"In {endless:,} of {replicates:,} bootstrap replicates "
                f"{estimate.iloc[k, 0]!r} runs to infinity; the limits hold them, and se is "
                f"missing."
            )
    return said


def _table(estimate: pd.DataFrame, draws: np.ndarray, level: float) -> pd.DataFrame:
    out = estimate.copy()
    se, low, high, used = (np.full(len(estimate), np.nan) for _ in range(4))
    for k, column in enumerate(draws.T):
        known = column[~np.isnan(column)]
        used[k] = len(known)
        if len(known) > 1 and np.isfinite(known).all():
            se[k] = known.std(ddof=1)
        if len(known):
            ordered = np.sort(known)
            place = np.array([(1 - level) / 2, (1 + level) / 2]) * (len(known) - 1)
            low[k] = _between(ordered, place[0])
            high[k] = _between(ordered, place[1])
    gone = estimate.iloc[:, -1].isna().to_numpy()
    out["se"] = np.where(gone, np.nan, se)
    out["ci_low"], out["ci_high"] = np.where(gone, np.nan, low), np.where(gone, np.nan, high)
    out["replicates"] = used.astype(int)
    return out


def _between(ordered: np.ndarray, place: float) -> float:
    """Read a percentile between two order statistics, infinite ones included."""
    below, share = int(place), place - int(place)
    if share == 0:
        return float(ordered[below])
    one, two = ordered[below], ordered[below + 1]
    if one == two:
        return float(one)
    return float(one + share * (two - one))
