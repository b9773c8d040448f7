"""Cumulative incidence predicted from models of the causes."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from evaluation.estimates.cox_model import CoxResult
from evaluation.estimates.errors import EstimateError

_CHUNK = 2_000


def predict_incidence(
    models: Mapping[int, CoxResult], data: pd.DataFrame, times: float | Sequence[float]
) -> pd.DataFrame:
    """Predict each row's probability of each cause from cause-specific Cox models.

    Parameters
    ----------
    models : mapping of int to CoxResult
        The model of every cause that occurs, without strata or offset.
    data : DataFrame
        Rows with the columns of the formulas.
    times : float or sequence of float
        Times, not beyond the last event of the models.

    Returns
    -------
    DataFrame
        The rows of ``data`` by (cause, time).

    Raises
    ------
    EstimateError
        If a model has strata, an offset or an infinite coefficient, or a row
        lacks what a model needs.

    References
    ----------
    Benichou and Gail (1990).
    """
    if not models:
        raise EstimateError("Give the Cox model of at least one cause.")
    for cause, model in models.items():
        _require_plain(cause, model)
    moments = np.atleast_1d(np.asarray(times, float))
    grid = np.unique(np.concatenate([m.baseline["time"] for m in models.values()]))
    steps, ratios = {}, {}
    for cause, model in models.items():
        size = np.diff(model.baseline["cumulative_hazard"], prepend=0.0)
        steps[cause] = np.zeros(len(grid))
        steps[cause][np.searchsorted(grid, model.baseline["time"])] = size
        ratios[cause] = np.exp(model.linear_predictor(data).to_numpy())
    place = np.searchsorted(grid, moments, side="right")
    columns = pd.MultiIndex.from_product([models, moments], names=["cause", "time"])
    out = np.empty((len(data), len(columns)))
    for low in range(0, len(data), _CHUNK):
        rows = slice(low, low + _CHUNK)
        hazards = {c: np.outer(ratios[c][rows], steps[c]) for c in models}
        total = np.cumsum(sum(hazards.values()), axis=1)
        before = np.exp(-np.hstack([np.zeros((len(total), 1)), total[:, :-1]]))
        curves = [np.cumsum(before * hazards[c], axis=1) for c in models]
        read = [np.hstack([np.zeros((len(total), 1)), curve])[:, place] for curve in curves]
        out[rows] = np.hstack(read)
    return pd.DataFrame(out, data.index, columns)


def _require_plain(cause: int, model: CoxResult) -> None:
    if not isinstance(model, CoxResult):
        raise EstimateError(f"The model of cause {cause} must come from cox.")
    if model.account.options.get("cause", cause) != cause:
        raise EstimateError(f"The model given for cause {cause} is of another cause.")
    for what in ("strata", "offset"):
        if model.account.options.get(what):
            raise EstimateError(f"The model of cause {cause} has {what}; predict from one without.")
    if model.fit.maximum.infinite.any():
        raise EstimateError(f"The model of cause {cause} has an infinite coefficient.")
