"""Cox's proportional hazards model."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from evaluation.estimates import clusters as few
from evaluation.estimates.design import Design, design, variables
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.maximize import Maximum, maximize, without_infinite
from evaluation.estimates.partial_likelihood import PartialLikelihood
from evaluation.estimates.result import Account, Result, account
from evaluation.estimates.risksets import risk_sets, scatter
from evaluation.estimates.rows import Columns, Rows, read_rows


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
    def hazard(self):
        """Risks and baseline hazard at the maximum, for covariates at their means."""
        return self.model.hazard(self.maximum.beta)

    def cluster_influence(self, codes: np.ndarray, count: int) -> np.ndarray:
        """Sum the rows' influence on the coefficients by cluster, shape (count, p)."""
        total = np.zeros((count, len(self.design.terms)))
        for rows, residual in self.model.score_residuals(self.hazard):
            part = codes[rows]
            low, high = int(part.min()), int(part.max()) + 1
            ones = np.ones(len(part))
            total[low:high] += scatter(part - low, ones, residual, high - low)
        return total @ self.maximum.covariance

    def row_influence(self) -> np.ndarray:
        """Return each row's influence on the coefficients, shape (n, p)."""
        parts = [residual for _, residual in self.model.score_residuals(self.hazard)]
        return np.concatenate(parts) @ self.maximum.covariance


@dataclass(frozen=True, repr=False)
class HazardModel(Result):
    """A fitted Cox or Fine–Gray model.

    Parameters
    ----------
    table : DataFrame
        One row a term: term, coef, se, robust_se (with clusters or weights),
        small_sample_se (with fewer than 40 clusters), hazard_ratio, ci_low,
        ci_high, z, p. A coefficient that runs to infinity is infinite, with
        missing se, limits, z and p.
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

    @cached_property
    def influence(self) -> pd.DataFrame:
        """Each row's contribution to the coefficients (dfbeta, weight included).

        Rows carry the input's index, columns are the terms. Summed by cluster,
        the sums of squares are ``robust_se ** 2``.
        """
        values = self.fit.row_influence()
        return pd.DataFrame(values, self.fit.rows.frame.index, self.fit.design.terms)

    def plot(self, ax=None):
        """Draw the hazard ratios with their intervals on a logarithmic axis.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.estimates.ratio_drawing import draw_ratios

        return draw_ratios(
            self.table["term"],
            self.table["hazard_ratio"],
            self.table["ci_low"],
            self.table["ci_high"],
            axis_label="Hazard ratio (95% interval)",
            ax=ax,
        )


@dataclass(frozen=True, repr=False)
class CoxResult(HazardModel):
    """A fitted Cox model; see :class:`HazardModel` for its fields."""


def cox(
    data: pd.DataFrame,
    formula: str,
    *,
    stop: str = "time",
    event: str = "event",
    start: str | None = None,
    weights: str | None = None,
    strata: Columns = None,
    cluster: Columns = None,
    id: Columns = None,
    cause: int | None = None,
    ties: str = "efron",
    offset: str | None = None,
) -> CoxResult:
    """Fit Cox's model to follow-up rows, right-censored or ``(start, stop]``.

    Parameters
    ----------
    data : DataFrame
        One row a subject, or several rows a subject with ``start``.
    formula : str
        Covariates in formulaic's grammar, as in ``"age + C(county)"``.
    stop, event, start : str
        Columns of times and events: 0 none, 1, 2, … causes, or booleans.
    weights : str, optional
        Column of case weights, zero or more; taken as known.
    strata : str or sequence of str, optional
        Columns whose combinations have baseline hazards of their own.
    cluster : str or sequence of str, optional
        Columns whose combinations may share luck; by default ``id``, then (with
        weights) the row.
    id : str or sequence of str, optional
        Columns that say which rows are one subject.
    cause : int, optional
        The cause of interest, needed with several; others end follow-up.
    ties : {"efron", "breslow"}
        How tied events are handled.
    offset : str, optional
        Column added to the linear predictor.

    Returns
    -------
    CoxResult

    Raises
    ------
    EstimateError
        If the data or the formula cannot give the estimate; says why.

    References
    ----------
    Cox (1972); Efron (1977); Lin and Wei (1989) for the robust variance.
    """
    if ties not in ("efron", "breslow"):
        raise EstimateError(f"ties={ties!r} is not known; use 'efron' or 'breslow'.")
    if not isinstance(data, pd.DataFrame):
        raise EstimateError(f"data must be a pandas DataFrame, not {type(data).__name__}.")
    columns = variables(formula, list(data.columns))
    rows = read_rows(
        data,
        stop=stop,
        event=event,
        start=start,
        strata=strata,
        weights=weights,
        offset=offset,
        cluster=cluster,
        id=id,
        covariates=columns,
    )
    failed = rows.of_cause(cause, "cox")
    if not (failed & (rows.case_weights > 0)).any():
        raise EstimateError(f"No row ends in the event in {event!r}; a hazard ratio needs events.")
    covariates = design(formula, rows.frame, columns)
    sets = risk_sets(rows.strata.codes, len(rows.strata), rows.start, rows.stop, failed)
    model = PartialLikelihood(sets, covariates.x, failed, rows.case_weights, rows.offset, ties)
    fit = Fit(rows, failed, covariates, model, maximize(model, covariates.terms, covariates.spread))
    robust = rows.cluster is not None or rows.weights is not None
    table, covariance, warnings = coefficients(fit, robust)
    told = account(
        rows,
        "cox",
        int(failed.sum()),
        formula=formula,
        warnings=warnings,
        stop=stop,
        event=event,
        start=start,
        weights=weights,
        strata=strata,
        cluster=cluster,
        id=id,
        cause=cause,
        ties=ties,
        offset=offset,
    )
    return CoxResult(table, told, fit.maximum.loglik, covariance, fit)


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
    coef = np.where(maximum.infinite, np.sign(maximum.beta) * np.inf, maximum.beta)
    table = pd.DataFrame({"term": terms, "coef": coef})
    covariance, groups = maximum.covariance, None
    table["se"] = used = _roots(covariance)
    if robust:
        codes, groups = clusters_of(fit.rows)
        sums = fit.cluster_influence(codes, int(codes.max()) + 1)
        covariance = without_infinite(maximum, sums.T @ sums)
        table["robust_se"] = used = _roots(covariance)
        if groups < few.FEW:
            table["small_sample_se"] = used = few.corrected(used, groups)
            covariance = covariance * float(few.corrected(np.ones(1), groups)[0]) ** 2
            warnings.append(few.caution(groups))
    span = few.quantile(groups) * used
    table["hazard_ratio"] = np.exp(coef)
    with np.errstate(invalid="ignore"):
        table["ci_low"], table["ci_high"] = np.exp(coef - span), np.exp(coef + span)
        table["z"] = coef / used
        table["p"] = few.two_sided(table["z"].to_numpy(), groups)
    warnings += [
        f"The coefficient of {term!r} runs to {'plus' if c > 0 else 'minus'} infinity: the "
        f"likelihood has no maximum for it (no event on one side), so it has no standard error."
        for term, c, gone in zip(terms, coef, maximum.infinite, strict=True)
        if gone
    ]
    return table, pd.DataFrame(covariance, terms, terms), warnings


def clusters_of(rows: Rows) -> tuple[np.ndarray, int]:
    """Return cluster codes (rows themselves without a cluster) and how many carry weight."""
    if rows.cluster is None:
        codes, count = np.arange(len(rows)), len(rows)
    else:
        codes, count = rows.cluster.codes, len(rows.cluster)
    if rows.weights is not None and (rows.weights == 0).any():
        count = len(np.unique(codes[rows.weights > 0]))
    return codes, count


def _roots(covariance: np.ndarray) -> np.ndarray:
    return np.sqrt(np.diag(covariance))
