"""The weights of a contrast, whatever they make up for, and what they add to its variance."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from evaluation.effects.arms import Arms
from evaluation.effects.loss import Loss
from evaluation.effects.propensity import Propensity

WEIGHT = "_weight"


@dataclass(frozen=True)
class Weighting:
    """Rows to estimate on, their weights, and the models the weights come from.

    Attributes
    ----------
    arms : Arms
        The contrast; one row per child where there are weights.
    treatment : Propensity or None
        Weights that make the arms alike.
    loss : Loss or None
        Weights that make up for children who moved away.
    """

    arms: Arms
    treatment: Propensity | None = None
    loss: Loss | None = None

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The contrast's rows, children and families as numbers, weights in ``_weight`` if any."""
        rows = self.arms.rows
        if self.loss is not None:
            rows = self.loss.rows
        else:
            rows = rows.assign(family_id=self.family, exit_id=pd.factorize(rows["exit_id"])[0])
        return rows.assign(**{WEIGHT: self._weights}) if self.weighted else rows

    @property
    def weighted(self) -> bool:
        """Whether there are weights."""
        return self.treatment is not None or self.loss is not None

    @property
    def options(self) -> dict[str, str]:
        """What an estimator is told: clusters, subjects and the column of weights."""
        told = {"start": "start", "stop": "stop", "event": "event"}
        told |= {"id": "exit_id", "cluster": "family_id"}
        return told | ({"weights": WEIGHT} if self.weighted else {})

    @cached_property
    def _families(self) -> tuple[np.ndarray, pd.Index]:
        return pd.factorize(self.arms.rows["family_id"], sort=True)

    @property
    def family(self) -> np.ndarray:
        """Code of the family behind each row of `stack`."""
        return self._families[0]

    @property
    def clusters(self) -> int:
        """Families."""
        return len(self._families[1])

    def by_family(self, change: pd.Series) -> pd.Series:
        """Add up a column of `stack` by family, under the family's name."""
        return pd.Series(np.bincount(self.family, change.to_numpy()), self._families[1])

    def method(self, estimator: str) -> str:
        """Say how an estimator is weighted, for the column ``method``."""
        parts = [estimator]
        if self.treatment is not None and self.treatment.given:
            parts.append("weights as given, taken as known")
        elif self.treatment is not None:
            parts.append("weighted")
        if self.loss is not None:
            parts.append("moves weighted")
        return ", ".join(parts)

    @property
    def _weights(self) -> np.ndarray:
        weight = np.ones(len(self.arms.rows))
        if self.treatment is not None:
            weight = self.treatment.weights.to_numpy(dtype=float)
        if self.loss is None:
            return weight
        return weight[self.loss.child] * self.loss.weights

    def stack(self, influence: pd.DataFrame) -> pd.DataFrame:
        """Add to an influence what comes from estimating the weights.

        Parameters
        ----------
        influence : pandas.DataFrame
            Each of `rows`' contribution to estimates made with the weights taken as
            known; rows left out by an estimator may be absent.

        Returns
        -------
        pandas.DataFrame
            One row per row of the contrast: contributions under the stacked estimating
            equations of estimate, treatment and loss (Stefanski and Boos, 2002).
        """
        own = influence.reindex(pd.RangeIndex(len(self.rows)), fill_value=0.0)
        added = 0.0
        if self.loss is not None:
            values = own.to_numpy()
            added = self.loss.parameter_influence @ self.loss.slope(values)
            own = pd.DataFrame(self.loss.by_child(values), columns=own.columns)
        stacked = own if self.treatment is None else self.treatment.stack(own)
        return (stacked + added).set_axis(self.arms.rows.index)
