"""The outcome model of a contrast: a cause-specific Cox model clustered by family."""

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from evaluation import estimates
from evaluation.effects import intervals
from evaluation.effects.arms import OUTCOME_EVENT, Arms, quoted
from evaluation.effects.weighting import Weighting
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
    influence : pandas.Series or None
        Each family's contribution to the effect's log ratio.
    """

    table: pd.DataFrame
    term: str
    method: str
    warnings: tuple[str, ...]
    influence: pd.Series | None = None
    _fit: object = field(default=None, repr=False)
    _tested: str = ""

    @property
    def changing_p(self) -> float:
        """The p-value of the test that the effect is the same at all times.

        Grambsch and Therneau (1994); a robust score test with clusters. Missing where it
        cannot be made.
        """
        try:
            tested = self._fit.proportional_hazards().table.set_index("term")["p"]
        except estimates.EstimateError:
            return math.nan
        return float(tested.get(self._tested, math.nan))

    def notes(self, name: str) -> list[Note]:
        """Say what the fit warns of, and that there is no ratio where there is none."""
        said = [Note(f"{name}, outcome model: {warning}") for warning in self.warnings]
        if not self.rows:
            said.append(Note(f"{name}: the outcome model gives no hazard ratio."))
        return said

    @cached_property
    def rows(self) -> list[dict]:
        """The effect as rows of the effects table (none if not identified)."""
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


def fit_outcome_model(arms: Arms, study: Study, weighting: Weighting | None = None) -> HazardModel:
    """Fit the Cox model of one contrast.

    Parameters
    ----------
    arms : Arms
        The contrast's rows.
    study : Study
        ``adjustment.outcome_model`` decides whether the covariates enter.
    weighting : Weighting, optional
        Weights; the influence of those estimated is added to the variance.

    Returns
    -------
    HazardModel
    """
    weighting = Weighting(arms) if weighting is None else weighting
    adjusted = study.adjustment.outcome_model and bool(arms.covariates)
    formula = arms.formula if adjusted else arms.formula.split(" + ")[0]
    data = arms.rows
    fit = estimates.cox(weighting.rows, formula, cause=OUTCOME_EVENT, **weighting.options)
    influence = weighting.stack(fit.influence)
    clusters = weighting.clusters
    own = _model_table(fit.table, influence, weighting.family, clusters)
    method = weighting.method("Cox model") + (", adjusted" if adjusted else "")
    about = {
        "model": "cox",
        "outcome": arms.outcome,
        "service": arms.service.program,
        "exposure": arms.service.exposure,
    }
    counted = {
        "n": int(data["exit_id"].nunique()),
        "events": int((data["event"] == OUTCOME_EVENT).sum()),
        "clusters": clusters,
    }
    table = pd.DataFrame(about | dict(own.items()) | counted)
    term = f"{arms.service.program}[T.{arms.served_state}]"
    by_family = weighting.by_family(influence[term]) if term in influence else None
    tested = quoted(arms.service.program)
    return HazardModel(table, term, method, tuple(fit.warnings), by_family, fit, tested)


def subdistribution_ratio(weighting: Weighting) -> list[dict]:
    """Compare the arms by the Fine-Gray subdistribution hazard ratio.

    Describes incidence, not cause : competing events stay in the risk set
    (Fine and Gray, 1999; Geskus, 2011). The influence of estimated weights is added to
    the variance. Moves are left to the subdistribution's own censoring weights, which
    depend on time alone and are taken as known: a weight that changes has no value after
    a competing event.

    Returns
    -------
    list of dict
        One row of the effects table; none without competing events, where the ratio
        would be the cause-specific one again.
    """
    arms = weighting.arms
    if not (arms.rows["event"] > OUTCOME_EVENT).any():
        return []
    weighting = Weighting(arms, weighting.treatment)
    fit = estimates.fine_gray(
        weighting.rows,
        quoted(arms.service.program),
        cause=OUTCOME_EVENT,
        **weighting.options,
    )
    influence = weighting.stack(fit.influence)
    table = _model_table(fit.table, influence, weighting.family, weighting.clusters)
    table = table[table["term"] == f"{arms.service.program}[T.{arms.served_state}]"]
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
            "method": weighting.method("Fine–Gray"),
        }
    ]


def _model_table(
    fitted: pd.DataFrame, influence: pd.DataFrame, family: np.ndarray, clusters: int
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
