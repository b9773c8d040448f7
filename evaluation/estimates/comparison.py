"""Compare two models of the same rows."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.estimates import clusters as few
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.hazard_model import HazardModel
from evaluation.estimates.result import Account, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class Comparison(Result):
    """Two models side by side.

    Parameters
    ----------
    table : DataFrame
        model, n, events, parameters, loglik, aic, and in the row of the larger of
        nested models test (``likelihood ratio`` or ``robust Wald``), statistic,
        df, p of what it adds.
    account : Account
    """

    table: pd.DataFrame
    account: Account

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw Akaike's criterion of each model; smaller is better.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.estimates.interval_drawing import draw_intervals

        aic = self.table["aic"] - self.table["aic"].min()
        best = self.table["model"].iloc[int(aic.argmin())]
        return draw_intervals(
            self.table["model"],
            aic,
            aic,
            aic,
            axis_label="Akaike's criterion above the smallest",
            title=f"{best} has the smaller criterion",
            about=self.summary(),
            ax=ax,
        )


def compare(model_a: Result, model_b: Result) -> Comparison:
    """Compare two fitted models of the same rows.

    Nested models of one kind and the same options are tested by the likelihood
    ratio, or, with weights or clusters, by the robust Wald test of the added
    terms; others are set side by side.

    Parameters
    ----------
    model_a, model_b : result of cox, fine_gray, parametric or discrete_hazard

    Returns
    -------
    Comparison

    Raises
    ------
    EstimateError
        If the models are not of the same rows or cannot be compared.

    References
    ----------
    Wilks (1938); Wald (1943) with the variance of Lin and Wei (1989); Akaike
    (1974).
    """
    for model in (model_a, model_b):
        if not hasattr(model, "loglik"):
            raise EstimateError(f"{type(model).__name__} has no likelihood to compare.")
    one, two = model_a.account, model_b.account
    _require_same_rows(model_a, model_b)
    hazards = [isinstance(m, HazardModel) for m in (model_a, model_b)]
    if any(hazards) and (not all(hazards) or one.method != two.method):
        raise EstimateError(
            f"The likelihoods of {one.method} and {two.method} are of different things; "
            f"compare models of one kind."
        )
    table, notes = pd.DataFrame([_row(model_a), _row(model_b)]), []
    _add_test(table, model_a, model_b, notes)
    told = Account(
        method="compare",
        n=one.n,
        events=one.events,
        subjects=one.subjects,
        clusters=one.clusters,
        dropped=one.dropped,
        notes=notes,
        warnings=list(dict.fromkeys([*one.warnings, *two.warnings])),
    )
    return Comparison(table, told)


def _row(model: Result) -> dict:
    told = model.account
    loglik = _loglik(model)
    family = told.options.get("family")
    name = f"{told.method} ({family})" if family else told.method
    return {
        "model": f"{name}: {told.formula}",
        "n": told.n,
        "events": told.events,
        "parameters": len(model.table),
        "loglik": loglik,
        "aic": 2 * len(model.table) - 2 * loglik,
    }


def _require_same_rows(model_a: Result, model_b: Result) -> None:
    """Stop at models of other rows; where the rows are at hand, compare them one by one."""
    one, two = model_a.account, model_b.account
    same = (one.n, one.events) == (two.n, two.events)
    if same and isinstance(model_a, HazardModel) and isinstance(model_b, HazardModel):
        pairs = [(m.fit.rows.stop, m.fit.event) for m in (model_a, model_b)]
        same = all(np.array_equal(u, v) for u, v in zip(*pairs, strict=True))
    if not same:
        raise EstimateError(
            f"The models are of different rows ({one.n:,} with {one.events:,} events, {two.n:,} "
            f"with {two.events:,}); fit both on rows complete for either."
        )


def _add_test(table: pd.DataFrame, model_a: Result, model_b: Result, notes: list[str]) -> None:
    """Test what the larger of nested models adds."""
    terms = [set(m.table["term"]) for m in (model_a, model_b)]
    larger = 0 if terms[1] < terms[0] else 1
    big, small = (model_a, model_b) if larger == 0 else (model_b, model_a)
    nested = terms[1 - larger] < terms[larger]
    if not nested or big.account.options != small.account.options:
        notes.append("Neither model holds the other, so they are set side by side without a test.")
        return
    added = [t for t in big.table["term"] if t not in terms[1 - larger]]
    df, groups = len(added), None
    if "robust_se" in big.table:
        coef = big.table.set_index("term").loc[added, "coef"].to_numpy()
        block = big.covariance.loc[added, added].to_numpy()
        sound = np.isfinite(block).all() and np.isfinite(coef).all()
        statistic = float(coef @ np.linalg.solve(block, coef)) if sound else np.nan
        name, groups = "robust Wald", big.clusters
        notes.append(
            "With weights or clusters the log-likelihoods are not of independent rows: the test is "
            "Wald's with the robust variance, and aic only orders the models roughly."
        )
    else:
        statistic, name = 2 * (_loglik(big) - _loglik(small)), "likelihood ratio"
    p = stats.chi2.sf(statistic, df)
    if groups is not None and groups < few.FEW:
        p = stats.f.sf(statistic / df, df, groups - 1) if groups > 1 else np.nan
    found = {"test": name, "statistic": statistic, "df": df, "p": float(p)}
    for column, value in found.items():
        table[column] = [value if k == larger else None for k in range(2)]
    table[["statistic", "df", "p"]] = table[["statistic", "df", "p"]].astype(float)


def _loglik(model: Result) -> float:
    return model.loglik[1] if isinstance(model.loglik, tuple) else model.loglik
