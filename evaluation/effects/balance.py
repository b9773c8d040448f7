"""How alike the arms are before and after weighting."""

import formulaic
import numpy as np
import pandas as pd


def balance(
    data: pd.DataFrame, treatment: str, covariates: str, weights: pd.Series | None = None
) -> pd.DataFrame:
    """Compare the arms covariate by covariate.

    The standardized difference is the difference in means over the square root of
    the mean of the two arms' unweighted variances, before and after alike; for a
    share it uses the share's own variance (Austin, 2009). Variances are unbiased, weighted
    ones too, as in MatchIt and cobalt.

    Parameters
    ----------
    data : pandas.DataFrame
        One row per unit.
    treatment : str
        Column of booleans.
    covariates : str
        Right-hand side of a formulaic formula; every level of a category is a row.
    weights : pandas.Series, optional
        Balancing weights; without them ``after`` repeats ``before``.

    Returns
    -------
    pandas.DataFrame
        ``covariate``, ``mean_treated``, ``mean_comparison`` (unweighted), ``before``,
        ``after`` (standardized differences), ``variance_ratio_before``,
        ``variance_ratio_after`` (treated over comparison; missing for shares, whose
        variance is their mean again).
    """
    treated = data[treatment].to_numpy(dtype=bool)
    columns = _columns(data, covariates)
    weight = np.ones(len(data)) if weights is None else weights.to_numpy(dtype=float)
    rows = []
    for name, values in columns.items():
        one, other = values[treated], values[~treated]
        share = np.isin(values, (0.0, 1.0)).all()
        spread = np.sqrt(np.mean([_variance(own, None, share) for own in (one, other)]))
        after = np.average(one, weights=weight[treated]) - np.average(
            other, weights=weight[~treated]
        )
        ratios = [
            np.nan if share else _variance_ratio(values, treated, own)
            for own in (np.ones(len(data)), weight)
        ]
        rows.append(
            {
                "covariate": name,
                "mean_treated": one.mean(),
                "mean_comparison": other.mean(),
                "before": (one.mean() - other.mean()) / spread if spread > 0 else 0.0,
                "after": after / spread if spread > 0 else 0.0,
                "variance_ratio_before": ratios[0],
                "variance_ratio_after": ratios[1],
            }
        )
    return pd.DataFrame(rows)


def _variance_ratio(values: np.ndarray, treated: np.ndarray, weight: np.ndarray) -> float:
    one, other = (_variance(values[arm], weight[arm]) for arm in (treated, ~treated))
    return one / other if other > 0 else np.nan


def _variance(values: np.ndarray, weight: np.ndarray | None, share: bool = False) -> float:
    """Unbiased variance under weights that need not be counts; of a share its own."""
    weight = np.full(len(values), 1 / len(values)) if weight is None else weight / weight.sum()
    variance = float(weight @ (values - weight @ values) ** 2)
    left = 1 - float(weight @ weight)
    return variance if share or left <= 0 else variance / left


def _columns(data: pd.DataFrame, covariates: str) -> dict[str, np.ndarray]:
    matrix = formulaic.Formula(f"0 + {covariates}").get_model_matrix(
        data, na_action="raise", ensure_full_rank=False
    )
    return {name: np.asarray(matrix[name], dtype=float) for name in matrix.columns}
