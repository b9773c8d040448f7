"""Discrete-time hazards from counts per (band of periods, pattern of covariates)."""

import warnings as python_warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import xlog1py, xlogy
from statsmodels.genmod.families import Binomial, links
from statsmodels.genmod.generalized_linear_model import GLM

from evaluation.estimates import clusters as few
from evaluation.estimates.design import Design, design, require_varying, variables
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.fit import clusters_of
from evaluation.estimates.period_counts import Counted, PeriodCounts, read_counts
from evaluation.estimates.periods import (
    band_names,
    by_band,
    checked_breaks,
    periods_at_risk,
    require_cover,
)
from evaluation.estimates.result import Account, Result, account
from evaluation.estimates.rows import Columns, Rows, read_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NO_INFORMATION = 50.0
PERIOD_DAYS = 30

LINKS = {"cloglog": links.CLogLog, "logit": links.Logit}


@dataclass(frozen=True, repr=False)
class DiscreteHazard(Result):
    """A discrete-time hazard model.

    Parameters
    ----------
    table : DataFrame
        term, coef, se, (robust_se, small_sample_se,) ratio, ci_low, ci_high, z,
        p. ``ratio`` is a hazard ratio under ``cloglog`` and an odds ratio of the
        event in a period under ``logit``; the intercept's is that of the first
        band with covariates at zero.
    account : Account
    loglik : float
        Of the grouped counts, without their constant.
    counts : DataFrame
        Per band: periods at risk and events, unweighted.
    covariance : DataFrame
        Of the coefficients: the one that limits and p values rest on.
    """

    table: pd.DataFrame
    account: Account
    loglik: float
    counts: pd.DataFrame
    covariance: pd.DataFrame = field(repr=False)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the ratios of the covariates with their intervals.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.estimates.interval_drawing import draw_intervals

        shown = self.table.iloc[len(self.counts) :]
        logit = self.account.options["link"] == "logit"
        return draw_intervals(
            shown["term"],
            shown["ratio"],
            shown["ci_low"],
            shown["ci_high"],
            axis_label=f"{'Odds' if logit else 'Hazard'} ratio (95% interval)",
            reference=1,
            logarithmic=True,
            sides=("fewer events", "more events"),
            about=self.summary(),
            ax=ax,
        )


def discrete_hazard(
    data: pd.DataFrame | PeriodCounts,
    formula: str,
    *,
    breaks: Sequence[int] | None = None,
    stop: str = "time",
    event: str = "event",
    width: float = PERIOD_DAYS,
    start: str | None = None,
    cause: int | None = None,
    link: str = "cloglog",
    weights: str | None = None,
    cluster: Columns = None,
    id: Columns = None,
    at_risk: str | None = None,
    period: str = "period",
) -> DiscreteHazard:
    """Model the chance of the event in each period among those at risk in it.

    Period k runs from ``(k - 1) * width`` to ``k * width``, its end included. A
    row counts as at risk in its last period even if it is censored in it. Where
    a subject (``id``) has several rows in a period, the first of them, whose
    covariates are known when the period begins, stands for it, and carries an
    event of the others.

    Counts per (period, pattern of covariates) give what their rows give, at a
    cost that does not grow with the number of children: :func:`period_counts`
    makes them in an engine. Counts do not tell siblings apart, so that a
    cluster-robust variance needs the rows.

    Parameters
    ----------
    data : DataFrame or PeriodCounts
        Rows of follow-up, or counts.
    formula : str
        Covariates in formulaic's grammar; bands of periods are added to them.
        From counts, a term that learns from the data (a spline's knots, a
        scale) learns from the patterns.
    breaks : sequence of int
        Ends of the bands: ``[0, 3, 6]`` gives periods 1–3 and 4–6. Needed
        except with ``PeriodCounts``, whose bands it may join.
    stop, event, start : str
        Columns of times and events: 0 none, 1, 2, … causes, or booleans.
    width : float
        Length of a period.
    cause : int, optional
        The cause of interest, needed with several.
    link : {"cloglog", "logit"}
    weights, cluster, id : str, optional
        As in :func:`cox`; for rows only.
    at_risk : str, optional
        Column of counts at risk: says that ``data`` holds counts, with the
        number of events in ``event`` and the number of the period in ``period``.
    period : str
        Column of the period's number, where ``data`` holds counts.

    Returns
    -------
    DiscreteHazard

    Raises
    ------
    EstimateError
        If a band has no event, the breaks do not cover the data, or the data
        cannot be used; says why.

    References
    ----------
    Prentice and Gloeckler (1978); Allison (1982).
    """
    if link not in LINKS:
        raise EstimateError(f"link={link!r} is not known; use 'cloglog' or 'logit'.")
    if not width > 0:
        raise EstimateError(f"width={width!r} must be above 0.")
    if isinstance(data, PeriodCounts) or at_risk is not None:
        only_rows = {"start": start, "cause": cause, "weights": weights, "cluster": cluster}
        given = [name for name, value in {**only_rows, "id": id}.items() if value is not None]
        given += ["width"] * (width != PERIOD_DAYS)
        if given:
            raise EstimateError(
                f"{given[0]}= needs rows: counts no longer know it. Give it to period_counts, or "
                f"fit the rows."
            )
        counted = read_counts(data, formula, breaks, at_risk, event, period)
        return _from_counts(counted, formula, link)
    if breaks is None:
        raise EstimateError("Give breaks=, the ends of the bands of periods, such as [0, 3, 6].")
    if not isinstance(data, pd.DataFrame):
        raise EstimateError(f"data must be a pandas DataFrame, not {type(data).__name__}.")
    columns = variables(formula, list(data.columns))
    rows = read_rows(
        data,
        stop=stop,
        event=event,
        start=start,
        weights=weights,
        cluster=cluster,
        id=id,
        covariates=columns,
    )
    failed = rows.of_cause(cause, "discrete_hazard")
    covariates = design(formula, rows.frame, columns)
    require_varying(covariates)
    periods = periods_at_risk(rows, failed, width)
    edges = checked_breaks(breaks)
    require_cover(edges, int(periods.first.min()), int(periods.last.max()))
    at_risk, events = by_band(periods, np.asarray(edges))
    counts = pd.DataFrame(
        {
            "periods": band_names(edges),
            "at_risk": at_risk.sum(axis=0),
            "events": events.sum(axis=0),
        }
    )
    _require_events(counts)
    used = rows.case_weights[:, None]
    trials, happened = used * at_risk, used * events
    first, totals = _patterns(rows, columns, trials, happened)
    fitted, loglik = _fit(covariates.x[first], *totals, covariates.terms, link)
    influence, groups = None, None
    if not rows.independent:
        codes, groups = clusters_of(rows)
        score = _scores(covariates, fitted, (trials, happened), link)
        influence = np.stack([np.bincount(codes, column) for column in score.T], axis=1)
    table, covariance, warnings = _table(covariates, band_names(edges), fitted, influence, groups)
    told = account(
        rows,
        "discrete_hazard",
        int(failed.sum()),
        formula=formula,
        warnings=[*covariates.warnings, *warnings],
        stop=stop,
        event=event,
        start=start,
        cause=cause,
        width=width,
        breaks=list(breaks),
        link=link,
        weights=weights,
        cluster=cluster,
        id=id,
    )
    return DiscreteHazard(table, told, loglik, counts, covariance)


def _from_counts(counted: Counted, formula: str, link: str) -> DiscreteHazard:
    """Fit counts per (band, pattern)."""
    covariates = design(formula, counted.patterns, list(counted.patterns))
    require_varying(covariates)
    names = band_names(counted.edges)
    sums = (counted.at_risk.sum(axis=0), counted.events.sum(axis=0))
    counts = pd.DataFrame({"periods": names, "at_risk": sums[0], "events": sums[1]})
    _require_events(counts)
    fitted, loglik = _fit(covariates.x, counted.at_risk, counted.events, covariates.terms, link)
    table, covariance, warnings = _table(covariates, names, fitted, None, None)
    told = replace(
        counted.account,
        method="discrete_hazard",
        formula=formula,
        options={**counted.account.options, "breaks": list(counted.edges), "link": link},
        notes=[
            *counted.account.notes,
            "Fitted to counts: children are taken as independent; for siblings' shared luck fit "
            "the rows with cluster=.",
        ],
        warnings=[*counted.account.warnings, *covariates.warnings, *warnings],
    )
    return DiscreteHazard(table, told, loglik, counts, covariance)


def _require_events(counts: pd.DataFrame) -> None:
    empty = counts["events"] == 0
    if empty.any():
        raise EstimateError(
            f"No event in periods {counts['periods'][int(np.argmax(empty))]}, so their hazard "
            f"cannot be estimated; join them with their neighbours in breaks=."
        )


def _patterns(
    rows: Rows, columns: list[str], at_risk: np.ndarray, events: np.ndarray
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Return the first row of each pattern of covariates, and the patterns' counts by band."""
    pattern = rows.frame.groupby(columns, sort=False, observed=True).ngroup().to_numpy()
    first = np.unique(pattern, return_index=True)[1]
    sums = [
        np.stack([np.bincount(pattern, column) for column in counts.T], axis=1)
        for counts in (at_risk, events)
    ]
    return first, (sums[0], sums[1])


def _fit(
    x: np.ndarray, at_risk: np.ndarray, events: np.ndarray, terms: list[str], link: str
) -> tuple[object, float]:
    """Fit counts, shape (patterns, bands); return statsmodels' result and the log-likelihood."""
    bands = at_risk.shape[1]
    trials, happened = at_risk.ravel(), events.ravel()
    kept = np.flatnonzero(trials > 0)
    matrix = _matrix(x[kept // bands], kept % bands, bands)
    _check_rank(matrix, terms)
    family = Binomial(link=LINKS[link]())
    outcome = np.column_stack([happened[kept], trials[kept] - happened[kept]])
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")
        fitted = GLM(outcome, matrix, family=family).fit(maxiter=100, tol=1e-12)
    p = family.link.inverse(matrix @ fitted.params)
    return fitted, float((xlogy(outcome[:, 0], p) + xlog1py(outcome[:, 1], -p)).sum())


def _matrix(x: np.ndarray, band: np.ndarray, bands: int) -> np.ndarray:
    shift = (band[:, None] == np.arange(1, bands)).astype(float)
    return np.column_stack([np.ones(len(x)), shift, x])


def _check_rank(matrix: np.ndarray, terms: list[str]) -> None:
    gram = matrix.T @ matrix
    scale = np.sqrt(np.maximum(np.diag(gram), np.finfo(float).tiny))
    if np.linalg.eigvalsh(gram / scale / scale[:, None])[0] < 1e-10:
        raise EstimateError(
            f"The terms {', '.join(terms)} and the bands say the same thing twice; leave one out."
        )


def _table(
    covariates: Design,
    bands: list[str],
    fitted,
    influence: np.ndarray | None,
    groups: int | None,
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Lay out the coefficients, the intercept moved from the covariates' means to zero.

    ``influence`` holds the clusters' scores; None where the rows are independent.
    """
    terms = ["Intercept", *(f"period {b}" for b in bands[1:]), *covariates.terms]
    to_zero = np.eye(len(terms))
    to_zero[0, len(bands) :] = -covariates.center
    covariance = to_zero @ fitted.cov_params() @ to_zero.T
    table = pd.DataFrame({"term": terms, "coef": to_zero @ fitted.params})
    table["se"] = used = np.sqrt(np.diag(covariance))
    warnings = []
    if influence is not None:
        moved = influence @ fitted.cov_params() @ to_zero.T
        covariance = moved.T @ moved
        table["robust_se"] = used = np.sqrt(np.diag(covariance))
        if groups < few.FEW:
            covariance = covariance * float(few.corrected(1.0, groups)) ** 2
            table["small_sample_se"] = used = few.corrected(used, groups)
            warnings.append(few.caution(groups))
    endless = np.zeros(len(terms), bool)
    endless[len(bands) :] = table["se"][len(bands) :] * covariates.spread > _NO_INFORMATION
    if endless.any():
        ses = [c for c in table if c.endswith("se")]
        table.loc[endless, ses] = np.nan
        table.loc[endless, "coef"] = np.sign(table.loc[endless, "coef"]) * np.inf
        used = table[ses[-1]].to_numpy()
        covariance[endless] = covariance[:, endless] = np.nan
        warnings += [
            f"The coefficient of {term!r} runs to infinity (no event on one side), so it has no "
            f"standard error."
            for term, gone in zip(terms, endless, strict=True)
            if gone
        ]
    half = few.quantile(groups) * used
    coef = table["coef"].to_numpy()
    with np.errstate(over="ignore", invalid="ignore"):
        table["ratio"] = np.exp(coef)
        table["ci_low"], table["ci_high"] = np.exp(coef - half), np.exp(coef + half)
        table["z"] = coef / used
    table["p"] = few.two_sided(table["z"].to_numpy(), groups)
    return table, pd.DataFrame(covariance, terms, terms), warnings


def _scores(
    covariates: Design, fitted, counts: tuple[np.ndarray, np.ndarray], link: str
) -> np.ndarray:
    """Each row's part of the score, shape (n, terms)."""
    at_risk, events = counts
    bands = at_risk.shape[1]
    line = covariates.x @ fitted.params[bands:] + fitted.params[0]
    shift = np.concatenate([[0.0], fitted.params[1:bands]])
    inverse = LINKS[link]()
    parts = np.empty_like(at_risk, dtype=float)
    for band in range(bands):
        eta = line + shift[band]
        p = inverse.inverse(eta)
        spread = np.maximum(p * (1 - p), np.finfo(float).tiny)
        slope = inverse.inverse_deriv(eta) / spread
        parts[:, band] = (events[:, band] - at_risk[:, band] * p) * slope
    every = parts.sum(axis=1, keepdims=True)
    return np.column_stack([every, parts[:, 1:], covariates.x * every])
