"""Cumulative incidence predicted from models of the causes, with its uncertainty."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from evaluation.estimates import clusters as few
from evaluation.estimates.coding import checked_times, coding
from evaluation.estimates.curves import log_log_limits
from evaluation.estimates.design import same_columns
from evaluation.estimates.errors import EstimateError, nearest
from evaluation.estimates.fit import clusters_of
from evaluation.estimates.hazard_model import HazardModel

_CHUNK = 2_000


def predict_incidence(
    models: Mapping[int, HazardModel],
    data: pd.DataFrame,
    times: float | Sequence[float],
    *,
    intervals: bool = False,
) -> pd.DataFrame:
    """Predict each row's probability of each cause from cause-specific Cox models.

    Between event times nothing happens; at an event time a row that is still
    free of events has each cause with the probabilities that constant hazards of
    that size give, so that causes and staying free add up to one for every row.
    One model alone gives one minus its survival; a Fine–Gray model, which must
    stand alone, the incidence of its cause.

    Parameters
    ----------
    models : mapping of int to result of cox
        The model of every cause that occurs.
    data : DataFrame
        Rows with the columns of the formulas, and of strata and offset where
        the models have them.
    times : float or sequence of float
    intervals : bool
        Return standard errors and limits too; the cost of each is a pass over
        the rows the models were fitted to.

    Returns
    -------
    DataFrame
        The rows of ``data`` by (cause, time). With ``intervals`` a tidy table:
        row, cause, time, incidence, se, ci_low, ci_high, where the variance is
        the infinitesimal jackknife of coefficients and baseline hazards
        together, summed by the models' clusters, and limits are on the scale
        log(-log(1 - F)). Missing past the last observed time of a row's stratum.

    Raises
    ------
    EstimateError
        If a model has an infinite coefficient, a row lacks what a model needs, or
        models with intervals were fitted to different rows.

    References
    ----------
    Benichou and Gail (1990); Cheng, Fine and Wei (1998) for the variance;
    Andersen and Gill (1982) for the influence of baseline and coefficients.
    """
    if not models:
        raise EstimateError("Give the Cox model of at least one cause.")
    for cause, model in models.items():
        _require_fit(cause, model, alone=len(models) == 1)
    moments = checked_times(times)
    parts = [_Part.of(model, data) for model in models.values()]
    if intervals:
        _require_same_rows(models)
    kinds = np.stack([part.stratum for part in parts], axis=1)
    which, place = np.unique(kinds, axis=0, return_inverse=True)
    place = place.ravel()
    values = np.full((len(data), len(models), len(moments)), np.nan)
    errors = values.copy()
    for k, strata in enumerate(which):
        path = _Path.of(parts, strata, moments)
        mine = np.flatnonzero(place == k)
        for low in range(0, len(mine), _CHUNK):
            rows = mine[low : low + _CHUNK]
            values[rows] = path.incidence(rows)
        if intervals:
            for row in mine:
                errors[row] = path.standard_errors(row)
    if intervals:
        return _tidy(data.index, models, moments, values, errors)
    columns = pd.MultiIndex.from_product([models, moments], names=["cause", "time"])
    return pd.DataFrame(values.reshape(len(data), -1), data.index, columns)


@dataclass(frozen=True)
class _Part:
    """One cause's model and what the rows to predict for are in it.

    ``x`` is centred as the model's, ``ratio`` the hazard ratio against the
    covariates' means, ``stratum`` the position of the row's stratum.
    """

    model: HazardModel
    x: np.ndarray
    ratio: np.ndarray
    stratum: np.ndarray

    @classmethod
    def of(cls, model: HazardModel, data: pd.DataFrame) -> "_Part":
        x = same_columns(model.fit.design, data)
        line = x @ model.fit.maximum.beta
        offset = model.account.options.get("offset")
        if offset is not None:
            line = line + _offset(data, offset)
        return cls(model, x, np.exp(line), _strata(model, data))

    def steps(self, stratum: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the cells of a stratum's event times and the baseline's steps there."""
        cells = self.model.fit.model.sets.cells_of(stratum)
        return cells, self.model.fit.hazard.increment[cells]

    def last_time(self, stratum: int) -> float:
        rows = self.model.fit.rows
        return float(rows.stop[rows.strata.codes == stratum].max())

    def influence(self, pull: np.ndarray, slope: np.ndarray) -> np.ndarray:
        """Influence of the model's rows on a sum of baseline steps and coefficients.

        Parameters
        ----------
        pull : ndarray of float, shape (cells,)
            Multiplier of each step of the baseline hazard.
        slope : ndarray of float, shape (p,)
            Multiplier of each coefficient.
        """
        fit, hazard = self.model.fit, self.model.fit.hazard
        likelihood, (zero, one, _) = fit.model, hazard.moments
        sums, tied = self._moments
        change = -hazard.risk * likelihood.sets.over(pull * zero)
        events, cell = likelihood.events, likelihood.cell
        change[events] += hazard.risk[events] * (pull * one)[cell]
        change[events] += likelihood.weights[events] * (pull * hazard.means[0])[cell]
        through = slope - (pull * zero) @ sums + (pull * one) @ tied
        return change + self._coefficients @ through

    @cached_property
    def _moments(self) -> tuple[np.ndarray, np.ndarray]:
        return self.model.fit.model.first_moments(self.model.fit.hazard)

    @cached_property
    def _coefficients(self) -> np.ndarray:
        return self.model.fit.row_influence()


@dataclass(frozen=True)
class _Path:
    """The steps of all causes' hazards for rows of one combination of strata."""

    parts: list[_Part]
    cells: list[np.ndarray]
    places: list[np.ndarray]
    steps: np.ndarray
    read: np.ndarray
    known: np.ndarray

    @classmethod
    def of(cls, parts: list[_Part], strata: np.ndarray, moments: np.ndarray) -> "_Path":
        found = [part.steps(int(s)) for part, s in zip(parts, strata, strict=True)]
        own = [p.model.fit.model.sets.times[c] for p, (c, _) in zip(parts, found, strict=True)]
        times = np.unique(np.concatenate(own))
        places = [np.searchsorted(times, t) for t in own]
        steps = np.zeros((len(parts), len(times)))
        for k, (_, size) in enumerate(found):
            steps[k, places[k]] = size
        last = min(p.last_time(int(s)) for p, s in zip(parts, strata, strict=True))
        read = np.searchsorted(times, moments, side="right")
        return cls(parts, [c for c, _ in found], places, steps, read, moments <= last)

    def incidence(self, rows: np.ndarray) -> np.ndarray:
        """Return incidences by row, cause and time."""
        _, _, curves = self._curves(rows)
        start = np.zeros((*curves.shape[:2], 1))
        out = np.concatenate([start, curves], axis=2)[:, :, self.read]
        return np.where(self.known, out, np.nan)

    def _curves(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return hazards, chance of being free before each step, and incidences after it."""
        ratios = np.stack([part.ratio[rows] for part in self.parts], axis=1)
        hazards = ratios[:, :, None] * self.steps
        total = hazards.sum(axis=1)
        free = np.exp(-(np.cumsum(total, axis=1) - total))
        return hazards, free, np.cumsum(free[:, None] * hazards * _share(total)[:, None], axis=2)

    def standard_errors(self, row: int) -> np.ndarray:
        """Return standard errors by cause and time for one row."""
        hazards, free, curves = (v[0] for v in self._curves(np.array([row])))
        total = hazards.sum(axis=0)
        share, bend = _share(total), _share_slope(total)
        codes = clusters_of(self.parts[0].model.fit.rows)[0]
        out = np.full((len(self.parts), len(self.read)), np.nan)
        for k in range(len(self.parts)):
            for t in np.flatnonzero(self.known):
                upto = np.arange(len(total)) < self.read[t]
                end = curves[k, self.read[t] - 1] if self.read[t] else 0.0
                change = 0.0
                for j, part in enumerate(self.parts):
                    answer = free * hazards[k] * bend - (end - curves[k])
                    answer = np.where(upto, answer + (j == k) * free * share, 0.0)
                    pull = np.zeros(part.model.fit.model.sets.size)
                    pull[self.cells[j]] = part.ratio[row] * answer[self.places[j]]
                    change = change + part.influence(pull, (answer @ hazards[j]) * part.x[row])
                out[k, t] = np.sqrt((np.bincount(codes, change) ** 2).sum())
        return out


def _share(total: np.ndarray) -> np.ndarray:
    """Return (1 - exp(-a)) / a."""
    return np.where(total > 0, -np.expm1(-total) / np.where(total > 0, total, 1.0), 1.0)


def _share_slope(total: np.ndarray) -> np.ndarray:
    """Return the derivative of (1 - exp(-a)) / a."""
    large = np.where(total > 1e-4, total, 1.0)
    exact = (large * np.exp(-large) + np.expm1(-large)) / large**2
    return np.where(total > 1e-4, exact, -0.5 + total / 3)


def _tidy(
    index: pd.Index,
    models: Mapping[int, HazardModel],
    moments: np.ndarray,
    values: np.ndarray,
    errors: np.ndarray,
) -> pd.DataFrame:
    groups = clusters_of(next(iter(models.values())).fit.rows)[1]
    used = few.corrected(errors, groups) if groups < few.FEW else errors
    low, high = log_log_limits(1 - values, used, few.quantile(groups))
    keys = pd.MultiIndex.from_product([index, models, moments], names=["row", "cause", "time"])
    out = keys.to_frame(index=False)
    out["incidence"], out["se"] = values.ravel(), errors.ravel()
    out["ci_low"], out["ci_high"] = 1 - high.ravel(), 1 - low.ravel()
    return out


def _strata(model: HazardModel, data: pd.DataFrame) -> np.ndarray:
    names = model.account.options.get("strata")
    if not names:
        return np.zeros(len(data), np.intp)
    names = [names] if isinstance(names, str) else list(names)
    for name in names:
        if name not in data.columns:
            raise EstimateError(
                f"No column {name!r} in the data, which the model uses as strata"
                f"{nearest(name, data.columns)}"
            )
        if data[name].isna().any():
            raise EstimateError(f"Column {name!r} has missing values; nothing can be predicted.")
    known = {label: k for k, label in enumerate(model.fit.rows.strata.labels)}
    mine = coding(data, names)
    unseen = [label for label in mine.labels if label not in known]
    if unseen:
        raise EstimateError(
            f"Stratum {unseen[0]!r} of {', '.join(names)} has no row in the model, so no baseline "
            f"hazard is known for it."
        )
    return np.array([known[label] for label in mine.labels], np.intp)[mine.codes]


def _offset(data: pd.DataFrame, column: str) -> np.ndarray:
    if column not in data.columns:
        raise EstimateError(
            f"No column {column!r} in the data, which the model uses as offset"
            f"{nearest(column, data.columns)}"
        )
    values = pd.to_numeric(data[column], errors="coerce").to_numpy(float)
    if not np.isfinite(values).all():
        raise EstimateError(f"The offset {column!r} must be a finite number in every row.")
    return values


def _require_fit(cause: int, model: HazardModel, alone: bool) -> None:
    if not isinstance(model, HazardModel):
        raise EstimateError(f"The model of cause {cause} must come from cox.")
    if model.account.method == "fine_gray" and not alone:
        raise EstimateError(
            "A Fine–Gray model predicts the incidence of its cause by itself; give it alone, or "
            "give the Cox model of every cause."
        )
    if model.account.options.get("cause", cause) != cause:
        raise EstimateError(f"The model given for cause {cause} is of another cause.")
    if model.fit.maximum.infinite.any():
        raise EstimateError(f"The model of cause {cause} has an infinite coefficient.")


def _require_same_rows(models: Mapping[int, HazardModel]) -> None:
    fits = [model.fit.rows for model in models.values()]
    first = fits[0]
    for rows in fits[1:]:
        same = len(rows) == len(first) and rows.frame.index.equals(first.frame.index)
        if not same or not np.array_equal(clusters_of(rows)[0], clusters_of(first)[0]):
            raise EstimateError(
                "Intervals need models of the same rows and clusters; fit every cause on rows "
                "complete for all."
            )
