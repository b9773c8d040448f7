"""Curves estimated again with other weights: what a bootstrap by cluster needs."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from evaluation.estimates.bootstrap import Bootstrap, bootstrap
from evaluation.estimates.coding import checked_times
from evaluation.estimates.row_checks import checked_weights
from evaluation.estimates.rows import Rows


class Resampling:
    """What curves by group gain from knowing their value under other weights."""

    def reweighted(self, weights: np.ndarray, times: float | Sequence[float]) -> pd.DataFrame:
        """Estimate the curves again with other weights, on the same grid.

        Parameters
        ----------
        weights : ndarray of float, shape (n,)
            One weight, zero or more, for each row used.
        times : float or sequence of float

        Returns
        -------
        DataFrame
            group, (cause,) time and the value; missing past a group's last
            observed time, and where a group has no weight.

        Raises
        ------
        EstimateError
            If the weights do not fit the rows or a time is not a number.
        """
        rows, times = self.grid.rows, checked_times(times)
        rows = replace(rows, weights=checked_weights(weights, len(rows)))
        weighed = np.bincount(rows.groups.codes, rows.weights, len(self.groups)) > 0
        values = self._again(rows)
        parts = []
        for group, label in enumerate(self.groups):
            cell = self.grid.place(group, times)
            known = (times <= self.last_time(group)) & weighed[group]
            for curve, value in zip(self.curves, values, strict=True):
                part = pd.DataFrame({"group": [label] * len(times)})
                if curve.cause is not None:
                    part["cause"] = curve.cause
                part["time"] = times
                part[self.value_name] = np.where(known, value[cell], np.nan)
                parts.append(part)
        return pd.concat(parts, ignore_index=True)

    def bootstrap(
        self,
        times: float | Sequence[float],
        replicates: int = 500,
        *,
        seed: int = 1,
        level: float = 0.95,
    ) -> Bootstrap:
        """Draw clusters with replacement and estimate the curves again at given times.

        Parameters
        ----------
        times : float or sequence of float
        replicates : int
            How many times.
        seed : int
            Where the random numbers begin; the same seed gives the same result.
        level : float
            Coverage of the percentile limits.

        Returns
        -------
        Bootstrap
            ``table`` with group, (cause,) time, the value, se, ci_low, ci_high,
            replicates.

        Raises
        ------
        EstimateError
            If an option cannot be used.
        """
        rows = self.grid.rows
        return bootstrap(
            rows,
            self.account,
            self.reweighted(rows.case_weights, times),
            lambda weights: self.reweighted(weights, times)[self.value_name],
            replicates=replicates,
            seed=seed,
            level=level,
        )

    def _again(self, rows: Rows) -> list[np.ndarray]:
        """Return the value of each curve at every cell for rows with other weights."""
        raise NotImplementedError
