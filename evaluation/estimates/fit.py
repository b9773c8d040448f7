"""A fitted partial likelihood, for everything that is asked of it later."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from evaluation.estimates.design import Design
from evaluation.estimates.maximize import Maximum, without_infinite
from evaluation.estimates.partial_likelihood import Hazard, PartialLikelihood
from evaluation.estimates.rows import Rows


@dataclass(frozen=True)
class Fit:
    """Everything a fitted partial likelihood is made of, for later questions.

    Parameters
    ----------
    rows : Rows
    event : ndarray of bool
        Rows that end in the event of interest.
    design : Design
    model : PartialLikelihood
    maximum : Maximum
    """

    rows: Rows
    event: np.ndarray
    design: Design
    model: PartialLikelihood
    maximum: Maximum

    @cached_property
    def hazard(self) -> Hazard:
        """Risks and baseline hazard at the maximum, for covariates at their means."""
        return self.model.hazard(self.maximum.beta)

    def robust_covariance(self, codes: np.ndarray) -> np.ndarray:
        """Sum over clusters the outer products of their influence (Lin and Wei, 1989)."""
        inverse, middle = self.maximum.inverse, self.model.score_products(self.hazard, codes)
        return without_infinite(self.maximum, inverse @ middle @ inverse)

    def cluster_influence(self, codes: np.ndarray, count: int) -> np.ndarray:
        """Sum the rows' influence on the coefficients by cluster, shape (count, p)."""
        return self.model.scores(self.hazard, codes, count) @ self.maximum.inverse

    def row_influence(self) -> np.ndarray:
        """Return each row's influence on the coefficients, shape (n, p)."""
        influence = self.model.scores(self.hazard) @ self.maximum.inverse
        influence[:, self.maximum.infinite] = np.nan
        return influence


def clusters_of(rows: Rows) -> tuple[np.ndarray, int]:
    """Return cluster codes (rows themselves without a cluster) and how many carry weight."""
    if rows.cluster is None:
        codes, count = np.arange(len(rows)), len(rows)
    else:
        codes, count = rows.cluster.codes, len(rows.cluster)
    if rows.weights is not None and (rows.weights == 0).any():
        count = len(np.unique(codes[rows.weights > 0]))
    return codes, count
