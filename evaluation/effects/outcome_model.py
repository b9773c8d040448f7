"""The outcome model of a contrast: a cause-specific Cox model clustered by family."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation import estimates
from evaluation.effects import intervals
from evaluation.effects.arms import OUTCOME_EVENT, Arms, quoted
from evaluation.effects.propensity import Propensity
from evaluation.study import Note, Study


@dataclass(frozen=True)
class HazardModel:
    """A fitted outcome model.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per term: ``model``, ``outcome``, ``service``, ``exposure``,
        ``term``, ``coef``, ``se`` (model-based), ``robust_se`` (by family, with the
        influence of estimated weights), ``hazard_ratio``, ``ci_low``, ``ci_high``,
        ``z``, ``p``, ``n``, ``events``, ``clusters``.
    term : str
        The term whose ratio is the effect.
    method : str
        How the ratio was made.
    warnings : tuple of str
        What a reader must know of the fit.
    changing_p : float
        p of the test that the effect is the same at all times (Grambsch and Therneau,
        1994; robust score test with clusters); missing where it cannot be made.
    """

    table: pd.DataFrame
    term: str
    method: str
    warnings: tuple[str, ...]
    changing_p: float = math.nan

    def notes(self, name: str) -> list[Note]:
        """Say what the fit warns of, and that there is no ratio where there is none."""
        said = [Note(f"{name}, outcome model: {warning}") for warning in self.warnings]
        if not self.rows():
            said.append(Note(f"{name}: the outcome model gives no hazard ratio."))
        return said

    def rows(self) -> list[dict]:
        """Return the effect as rows of the effects table (none if not identified)."""
        found = self.table[self.table["term"] == self.term]
        if found.empty or found["robust_se"].isna().any():
            return []
        row = found.iloc[0]
        return [
            {
                "measure": "hazard_ratio",
                "horizon": pd.NA,
                "estimate": float(row["hazard_ratio"]),
                "se": float(row["robust_se"]),
                "ci_low": float(row["ci_low"]),
                "ci_high": float(row["ci_high"]),
                "p": float(row["p"]),
                "method": self.method,
            }
        ]


def fit_outcome_model(arms: Arms, study: Study, weights: Propensity | None = None) -> HazardModel:
    """Fit the Cox model of one contrast.

    Parameters
    ----------
    arms : Arms
        The contrast's rows.
    study : Study
        ``adjustment.outcome_model`` decides whether the covariates enter.
    weights : Propensity, optional
        Estimated weights; their influence is added to the variance.

    Returns
    -------
    HazardModel
    """
    adjusted = study.adjustment.outcome_model and bool(arms.covariates)
    formula = arms.formula if adjusted else arms.formula.split(" + ")[0]
    data = arms.rows
    options = {}
    if weights is not None:
        data = data.assign(_weight=weights.weights)
        options["weights"] = "_weight"
    fit = estimates.cox(
        data,
        formula,
        stop="stop",
        event="event",
        start="start",
        cause=OUTCOME_EVENT,
        id="exit_id",
        cluster="family_id",
        **options,
    )
    influence = fit.influence.reindex(data.index, fill_value=0.0)
    if weights is not None:
        influence = weights.stack(influence)
    clusters = int(data["family_id"].nunique())
    table = _model_table(fit.table, influence, data["family_id"], clusters)
    parts = ["Cox model", "weighted" if weights else "", "adjusted" if adjusted else ""]
    method = ", ".join(part for part in parts if part)
    table.insert(0, "model", "cox")
    for position, (name, value) in enumerate(
        [
            ("outcome", arms.outcome),
            ("service", arms.service.program),
            ("exposure", arms.service.exposure),
        ],
        start=1,
    ):
        table.insert(position, name, value)
    table["n"] = int(data["exit_id"].nunique())
    table["events"] = int((data["event"] == OUTCOME_EVENT).sum())
    table["clusters"] = clusters
    term = f"{arms.service.program}[T.{arms.served_state}]"
    return HazardModel(table, term, method, tuple(fit.warnings), _changing(fit, arms))


def _changing(fit, arms: Arms) -> float:
    try:
        tested = fit.proportional_hazards().table.set_index("term")["p"]
    except estimates.EstimateError:
        return math.nan
    return float(tested.get(quoted(arms.service.program), math.nan))


def subdistribution_ratio(arms: Arms, weights: Propensity | None = None) -> list[dict]:
    """Compare the arms by the Fine-Gray subdistribution hazard ratio.

    Describes incidence, not cause (METHODS 7.4): competing events stay in the risk set
    (Fine and Gray, 1999; Geskus, 2011). The influence of estimated weights is added to
    the variance; censoring weights are taken as known.

    Returns
    -------
    list of dict
        One row of the effects table; none without competing events, where the ratio
        would be the cause-specific one again.
    """
    data, options = arms.rows, {}
    if not (data["event"] > OUTCOME_EVENT).any():
        return []
    if weights is not None:
        data = data.assign(_weight=weights.weights)
        options["weights"] = "_weight"
    fit = estimates.fine_gray(
        data,
        quoted(arms.service.program),
        stop="stop",
        event="event",
        start="start",
        cause=OUTCOME_EVENT,
        id="exit_id",
        cluster="family_id",
        **options,
    )
    influence = fit.influence.reindex(data.index, fill_value=0.0)
    if weights is not None:
        influence = weights.stack(influence)
    clusters = int(data["family_id"].nunique())
    table = _model_table(fit.table, influence, data["family_id"], clusters)
    if table["robust_se"].isna().any():
        return []
    row = table.iloc[0]
    return [
        {
            "measure": "subdistribution_hazard_ratio",
            "horizon": pd.NA,
            "estimate": float(row["hazard_ratio"]),
            "se": float(row["robust_se"]),
            "ci_low": float(row["ci_low"]),
            "ci_high": float(row["ci_high"]),
            "p": float(row["p"]),
            "method": "Fine–Gray" + (", weighted" if weights else ""),
        }
    ]


def _model_table(
    fitted: pd.DataFrame, influence: pd.DataFrame, family: pd.Series, clusters: int
) -> pd.DataFrame:
    robust = np.sqrt(np.diag(intervals.clustered_covariance(influence, family)))
    table = fitted[["term", "coef", "se"]].copy()
    identified = fitted["se"].notna().to_numpy()
    table["robust_se"] = np.where(identified, robust, np.nan)
    limits = [
        intervals.log_ratio(coef, se, clusters)
        for coef, se in zip(table["coef"], table["robust_se"], strict=True)
    ]
    table["hazard_ratio"] = np.exp(table["coef"])
    table["ci_low"] = [limit.ci_low for limit in limits]
    table["ci_high"] = [limit.ci_high for limit in limits]
    table["z"] = table["coef"] / table["robust_se"]
    table["p"] = [limit.p for limit in limits]
    return table
