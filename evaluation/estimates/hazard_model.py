"""What Cox and Fine–Gray models share: the fit, its table, influence and baseline."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from evaluation.estimates import clusters as few
from evaluation.estimates.bootstrap import Bootstrap, bootstrap
from evaluation.estimates.design import same_columns
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.fit import Fit, clusters_of
from evaluation.estimates.maximize import maximize, without_infinite
from evaluation.estimates.profile import profile_limits
from evaluation.estimates.result import Account, Result
from evaluation.estimates.row_checks import checked_weights

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evaluation.estimates.influential import Influential

_ROUNDING = 1e-9
_NEAR, _FAR = 2.0, 12.0
"""Factors exp(2) and exp(12) of the hazard: how far a replicate begins from the estimate at most,
and where a coefficient that ran to infinity begins again."""


@dataclass(frozen=True, repr=False)
class HazardModel(Result):
    """A fitted Cox or Fine–Gray model.

    Parameters
    ----------
    table : DataFrame
        One row a term: term, coef, se, robust_se (with clusters or weights),
        small_sample_se (with fewer than 40 clusters: by leaving out one at a
        time), hazard_ratio, ci_low,
        ci_high, z, p. A coefficient that runs to infinity is infinite, with
        limits from its profile likelihood and missing se, z and p.
    account : Account
    loglik : tuple of float
        Partial log-likelihood at no effect and at the estimate.
    covariance : DataFrame
        Of the coefficients: the one that limits and p values rest on.
    """

    table: pd.DataFrame
    account: Account
    loglik: tuple[float, float]
    covariance: pd.DataFrame
    fit: Fit = field(repr=False)

    ratio_label = "Hazard ratio (95% interval)"
    treated_as_known: ClassVar[tuple[str, ...]] = ()

    @cached_property
    def influence(self) -> pd.DataFrame:
        """Each row's contribution to the coefficients (dfbeta, weight included).

        Rows carry the input's index, columns are the terms. Summed by cluster,
        the sums of squares are ``robust_se ** 2``.
        """
        values = self.fit.row_influence()
        return pd.DataFrame(values, self.fit.rows.frame.index, self.fit.design.terms)

    def reweighted(self, weights: np.ndarray) -> pd.Series:
        """Estimate the coefficients again with other weights, on the same grid.

        What a bootstrap needs: resampling families is reweighting their rows.

        Parameters
        ----------
        weights : ndarray of float, shape (n,)
            One weight, zero or more, for each row used.

        Returns
        -------
        Series
            Coefficients by term; infinite where they run to infinity.

        Raises
        ------
        EstimateError
            If the weights do not fit the rows or leave no information.
        """
        fit, terms = self.fit, self.fit.design.terms
        checked = checked_weights(weights, len(fit.rows))
        if not (fit.event & (checked > 0)).any():
            raise EstimateError("These weights leave no event.")
        far = _FAR / fit.design.spread
        near = fit.maximum.beta + self._change(checked)
        start = np.where(fit.maximum.infinite, np.clip(fit.maximum.beta, -far, far), near)
        model = fit.model.reweighted(checked)
        found = maximize(model, terms, fit.design.spread, start, again=True)
        coef = np.where(found.infinite, np.copysign(np.inf, found.beta), found.beta)
        return pd.Series(coef, terms)

    def _change(self, weights: np.ndarray) -> np.ndarray:
        """Return about how much other weights change the coefficients, by each row's influence.

        Never so much that it moves a hazard by more than a factor of exp(2).
        """
        own = self.fit.rows.case_weights
        more = np.divide(weights, own, np.ones(len(own)), where=own > 0) - 1
        change = np.nan_to_num(more @ self.influence.to_numpy())
        reach = float((np.abs(change) * self.fit.design.spread).max())
        return change * min(1.0, _NEAR / reach) if reach > 0 else change

    def bootstrap(self, replicates: int = 500, *, seed: int = 1, level: float = 0.95) -> Bootstrap:
        """Draw clusters with replacement and fit again, from the estimate on.

        Parameters
        ----------
        replicates : int
            How many times.
        seed : int
            Where the random numbers begin; the same seed gives the same result.
        level : float
            Coverage of the percentile limits.

        Returns
        -------
        Bootstrap
            ``table`` with term, coef, se, hazard_ratio, ci_low, ci_high,
            replicates; failed replicates are counted in ``warnings``.

        Raises
        ------
        EstimateError
            If an option cannot be used or most replicates cannot be fitted.
        """
        found = bootstrap(
            self.fit.rows,
            self.account,
            self.table[["term", "coef"]],
            self.reweighted,
            replicates=replicates,
            seed=seed,
            level=level,
            notes=self.treated_as_known,
        )
        table = found.table.copy()
        table.insert(3, "hazard_ratio", np.exp(table["coef"]))
        table["ci_low"], table["ci_high"] = np.exp(table["ci_low"]), np.exp(table["ci_high"])
        draws = found.draws.set_axis(self.fit.design.terms, axis=1)
        return replace(found, table=table, draws=draws)

    def profile_limits(self, term: str, level: float = 0.95) -> tuple[float, float]:
        """Return limits of a term's hazard ratio from its profile likelihood.

        For a coefficient that runs to infinity one limit is 0 or infinite and
        the other is finite and of use. With clusters or weights the likelihood
        is scaled to their variance; see :func:`profile.profile_limits`.

        Parameters
        ----------
        term : str
            A term of ``table``.
        level : float
            Coverage wanted.

        Returns
        -------
        tuple of float

        Raises
        ------
        EstimateError
            If the term is unknown, the level is not between 0 and 1, or the
            likelihood does not fall off.
        """
        robust = self.covariance if "robust_se" in self.table else None
        return profile_limits(self.fit, term, level, robust)

    def linear_predictor(self, data: pd.DataFrame) -> pd.Series:
        """Return the log of the hazard ratio of rows against covariates zero.

        Parameters
        ----------
        data : DataFrame
            Rows with the columns of the formula.

        Returns
        -------
        Series
            With the index of ``data``.
        """
        x = same_columns(self.fit.design, data) + self.fit.design.center
        return pd.Series(x @ self.fit.maximum.beta, data.index)

    @cached_property
    def baseline(self) -> pd.DataFrame:
        """Cumulative baseline hazard at covariates zero, with Efron's increments under Efron.

        Columns time and cumulative_hazard, one row an event time; with strata,
        ``stratum`` before them.
        """
        fit, sets = self.fit, self.fit.model.sets
        at_zero = np.exp(-fit.design.center @ fit.maximum.beta)
        total = sets.cumulate(fit.hazard.increment) * at_zero
        labels = pd.Series(fit.rows.strata.labels)
        cells = np.concatenate([sets.cells_of(s) for s in range(len(labels))])
        out = pd.DataFrame({"time": sets.times[cells], "cumulative_hazard": total[cells]})
        if len(labels) > 1:
            stratum = np.repeat(np.arange(len(labels)), sets.length)
            out.insert(0, "stratum", labels.iloc[stratum].to_numpy())
        return out

    def influential(self, by: str | None = None, most: int = 20) -> "Influential":
        """Find the rows, subjects or clusters that move the coefficients most.

        Parameters
        ----------
        by : {"row", "id", "cluster"}, optional
            By default the cluster where there is one, else the row.
        most : int
            How many to return.

        Returns
        -------
        Influential
            ``table`` with rank, unit, rows, events, displacement, term, change,
            change_in_se, coef_without.

        References
        ----------
        Cain and Lange (1984); Pettitt and Bin Daud (1989).
        """
        from evaluation.estimates.influential import influential

        return influential(self, by, most)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the hazard ratios with their intervals on a logarithmic axis.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.estimates.interval_drawing import draw_intervals

        return draw_intervals(
            self.table["term"],
            self.table["hazard_ratio"],
            self.table["ci_low"],
            self.table["ci_high"],
            axis_label=self.ratio_label,
            reference=1,
            logarithmic=True,
            sides=("fewer events", "more events"),
            about=self.summary(),
            ax=ax,
        )


def coefficients(fit: Fit, robust: bool) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Build the table of a fitted model, the covariance behind it and its warnings.

    Parameters
    ----------
    fit : Fit
    robust : bool
        Whether limits rest on the cluster-robust variance.

    Returns
    -------
    tuple of DataFrame, DataFrame, list of str
    """
    maximum, terms = fit.maximum, fit.design.terms
    warnings = list(fit.design.warnings)
    coef = np.where(maximum.infinite, np.copysign(np.inf, maximum.beta), maximum.beta)
    table = pd.DataFrame({"term": terms, "coef": coef})
    covariance, groups = maximum.covariance, None
    table["se"] = used = _roots(covariance)
    if robust:
        codes, groups = clusters_of(fit.rows)
        covariance = fit.robust_covariance(codes)
        table["robust_se"] = used = _roots(covariance)
        if (used < _ROUNDING * table["se"]).any():
            warnings.append(
                "The clusters' influences cancel to nothing, so the robust variance says nothing "
                "about uncertainty; limits and p are missing."
            )
            used = np.where(used < _ROUNDING * table["se"], np.nan, used)
        if groups < few.FEW:
            covariance = without_infinite(maximum, _jackknife(fit, codes))
            table["small_sample_se"] = used = _roots(covariance)
            warnings.append(few.caution(groups))
            if groups > 1 and np.isnan(used[~maximum.infinite]).any():
                warnings.append("Without some cluster a term says nothing, so limits are missing.")
    span = few.quantile(groups) * used
    covariance = pd.DataFrame(covariance, terms, terms)
    table["hazard_ratio"] = np.exp(coef)
    with np.errstate(invalid="ignore"):
        table["ci_low"], table["ci_high"] = np.exp(coef - span), np.exp(coef + span)
        table["z"] = coef / used
        table["p"] = few.two_sided(table["z"].to_numpy(), groups)
    for k in np.flatnonzero(maximum.infinite):
        limits, said = _endless(fit, terms[k], coef[k], covariance if robust else None)
        table.loc[k, ["ci_low", "ci_high"]] = limits
        warnings.append(said)
    return table, covariance, warnings


def _endless(
    fit: Fit, term: str, coef: float, robust: pd.DataFrame | None
) -> tuple[tuple[float, float], str]:
    """Return profile limits of a coefficient that runs to infinity, and what to say of it."""
    said = (
        f"The coefficient of {term!r} runs to {'plus' if coef > 0 else 'minus'} infinity: the "
        f"likelihood has no maximum for it (no event on one side), so it has no standard error"
    )
    try:
        limits = profile_limits(fit, term, 0.95, robust)
    except EstimateError as problem:
        return (np.nan, np.nan), f"{said}, and no limits: {problem}"
    scaled = "" if robust is None else ", scaled to the variance of clusters and weights"
    return limits, f"{said}; its limits are those of the profile likelihood{scaled}."


def _jackknife(fit: Fit, codes: np.ndarray) -> np.ndarray:
    """Covariance of the coefficients from leaving out one cluster at a time, in one Newton step.

    With few clusters the sum of squared influences is too small, most of all
    where few of them are exposed (Lipsitz, Dear and Zhao, 1994).
    """
    p = len(fit.design.terms)
    covariance = np.full((p, p), np.nan)
    clusters = np.unique(codes[fit.model.weights > 0])
    finite = np.ix_(~fit.maximum.infinite, ~fit.maximum.infinite)
    if len(clusters) < 2:
        return covariance
    changes = []
    for cluster in clusters:
        weights = np.where(codes == cluster, 0.0, fit.model.weights)
        if not (fit.event & (weights > 0)).any():
            return covariance
        left = fit.model.reweighted(weights)
        gradient, information = left.derivatives(left.hazard(fit.maximum.beta))
        block = information[finite]
        if (np.diag(block) < 1e-9 * np.diag(fit.maximum.information[finite])).any():
            return covariance
        changes.append(np.linalg.solve(block, gradient[~fit.maximum.infinite]))
    apart = np.array(changes) - np.mean(changes, axis=0)
    covariance[finite] = apart.T @ apart * (len(clusters) - 1) / len(clusters)
    return covariance


def _roots(covariance: np.ndarray) -> np.ndarray:
    return np.sqrt(np.diag(covariance))
