"""Cox hazard ratios of very large simulated populations, from counts per day."""

from dataclasses import dataclass

import numpy as np

BATCHES = 50


@dataclass(frozen=True)
class Ratio:
    """Hazard ratio of a state against state 0, and its Monte-Carlo standard error."""

    value: float
    se: float


class Tally:
    """Events and children at risk per day, exposure state and covariate band.

    The counts hold all that the Cox partial likelihood needs, so a fit costs the same
    for any number of children.

    Parameters
    ----------
    horizon : int
        Last day.
    states : int
        Exposure states; 0 is the reference.
    band_scores : numpy.ndarray
        Linear predictor of each covariate band, the model's covariate; one band for a
        model without covariates.
    """

    def __init__(self, horizon: int, states: int, band_scores: np.ndarray):
        self._shape = (BATCHES, horizon + 1, states, len(band_scores))
        self._rows: list[tuple] = []
        state, band = np.divmod(np.arange(states * len(band_scores)), len(band_scores))
        columns = [state == s for s in range(1, states)]
        if len(band_scores) > 1:
            columns.append(band_scores[band])
        self._covariates = np.column_stack(columns).astype(float)
        self._states = states

    def add(self, start, stop, event, state, band, batch, weight) -> None:
        """Count rows ``(start, stop]``; ``event`` tells whether a row ends with the outcome."""
        self._rows.append((start, stop, event, state, band, batch, weight))

    def hazard_ratios(self) -> list[Ratio]:
        """Fit the Cox model (Breslow's ties) and return the ratios of states 1, 2, ...

        Monte-Carlo errors are those of a sandwich estimator (Lin and Wei, 1989) in which
        batches of families are the independent units. A state nobody is in has NaN.
        """
        start, stop, event, *place, weight = map(np.concatenate, zip(*self._rows, strict=True))
        flat = (BATCHES, self._shape[1] - 1, -1)
        change = self._count(start, *place, weight) - self._count(stop, *place, weight)
        at_risk = np.cumsum(change, axis=1)[:, :-1].reshape(flat)
        events = self._count(stop, *place, weight * event)[:, 1:].reshape(flat)
        total, happened = at_risk.sum(axis=0), events.sum(axis=0)
        varies = (total.sum(axis=0) @ (self._covariates != 0)) > 0
        x = self._covariates[:, varies]
        beta = np.zeros(x.shape[1])
        for _ in range(25):
            hazard, mean, information = _moments(x, beta, total, happened)
            score = (happened @ x).sum(axis=0) - happened.sum(axis=1) @ mean
            step = np.linalg.solve(information, score)
            beta = beta + step
            if np.abs(step).max() < 1e-9:
                break
        hazard, mean, information = _moments(x, beta, total, happened)
        residual = events - at_risk * (hazard[:, None] * np.exp(x @ beta))
        scores = residual.sum(axis=1) @ x - np.einsum("bd,dp->bp", residual.sum(axis=2), mean)
        bread = np.linalg.inv(information)
        spread = bread @ (scores.T @ scores) @ bread * BATCHES / (BATCHES - 1)
        errors = np.sqrt(np.diag(spread))
        found = np.full((len(varies), 2), np.nan)
        found[varies] = np.column_stack([np.exp(beta), np.exp(beta) * errors])
        return [Ratio(float(value), float(se)) for value, se in found[: self._states - 1]]

    def _count(self, day, state, band, batch, weight) -> np.ndarray:
        where = np.ravel_multi_index((batch, day.astype("int64"), state, band), self._shape)
        size = int(np.prod(self._shape))
        return np.bincount(where, weights=weight, minlength=size).reshape(self._shape)


def _moments(x, beta, at_risk, events):
    """Return per day the baseline hazard and mean covariates, and the information."""
    risk = at_risk * np.exp(x @ beta)
    whole = risk.sum(axis=1)
    deaths = events.sum(axis=1)
    whole = np.where(deaths > 0, whole, 1.0)
    mean = (risk @ x) / whole[:, None]
    hazard = deaths / whole
    squares = (x * (hazard @ risk)[:, None]).T @ x
    return hazard, mean, squares - (mean * deaths[:, None]).T @ mean
