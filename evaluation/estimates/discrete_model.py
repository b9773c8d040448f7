"""Discrete-time hazards from counts per (band of periods, pattern of covariates)."""

import warnings as python_warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy.special import xlog1py, xlogy

from evaluation.estimates import clusters as few
from evaluation.estimates.design import Design, design, require_varying, variables
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.fit import clusters_of
from evaluation.estimates.result import Account, Result, account
from evaluation.estimates.rows import Columns, Rows, read_rows

_NO_INFORMATION = 50.0

LINKS = {"cloglog": sm.families.links.CLogLog, "logit": sm.families.links.Logit}


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
    """

    table: pd.DataFrame
    account: Account
    loglik: float
    counts: pd.DataFrame

    def plot(self, ax=None):
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
            ax=ax,
        )


@dataclass(frozen=True)
class _Periods:
    """Which periods each row is at risk in, and in which it has the event.

    ``first`` to ``last`` are periods at risk (none where last < first);
    ``event`` is the period of the event, 0 for none.
    """

    first: np.ndarray
    last: np.ndarray
    event: np.ndarray


def discrete_hazard(
    data: pd.DataFrame,
    formula: str,
    *,
    breaks: Sequence[int],
    stop: str = "time",
    event: str = "event",
    width: float = 30,
    start: str | None = None,
    cause: int | None = None,
    link: str = "cloglog",
    weights: str | None = None,
    cluster: Columns = None,
    id: Columns = None,
) -> DiscreteHazard:
    """Model the chance of the event in each period among those at risk in it.

    Period k runs from ``(k - 1) * width`` to ``k * width``, its end included. A
    row counts as at risk in its last period even if it is censored in it. Where
    a subject (``id``) has several rows in a period, the first of them, whose
    covariates are known when the period begins, stands for it, and carries an
    event of the others.

    Parameters
    ----------
    data : DataFrame
    formula : str
        Covariates in formulaic's grammar; bands of periods are added to them.
    breaks : sequence of int
        Ends of the bands: ``[0, 3, 6]`` gives periods 1–3 and 4–6.
    stop, event, start : str
        Columns of times and events: 0 none, 1, 2, … causes, or booleans.
    width : float
        Length of a period.
    cause : int, optional
        The cause of interest, needed with several.
    link : {"cloglog", "logit"}
    weights, cluster, id : str, optional
        As in :func:`cox`.

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
    periods = _periods(rows, failed, width)
    edges = _edges(breaks, periods)
    at_risk, events = _by_band(periods, edges)
    counts = pd.DataFrame(
        {
            "periods": _names(edges),
            "at_risk": at_risk.sum(axis=0),
            "events": events.sum(axis=0),
        }
    )
    empty = counts["events"] == 0
    if empty.any():
        raise EstimateError(
            f"No event in periods {counts['periods'][int(np.argmax(empty))]}, so their hazard "
            f"cannot be estimated; join them with their neighbours in breaks=."
        )
    used = rows.case_weights[:, None]
    matrix, fitted = _fit(covariates, rows, columns, used * at_risk, used * events, link)
    table, warnings = _table(
        rows, covariates, _names(edges), fitted, matrix, (used * at_risk, used * events), link
    )
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
    p = fitted.family.link.inverse(matrix @ fitted.params)
    trials, happened = fitted.model.n_trials, fitted.model.endog * fitted.model.n_trials
    loglik = float((xlogy(happened, p) + xlog1py(trials - happened, -p)).sum())
    return DiscreteHazard(table, told, loglik, counts)


def _periods(rows: Rows, failed: np.ndarray, width: float) -> _Periods:
    last = np.ceil(rows.stop / width - 1e-9).astype(np.int64)
    first = np.ones(len(rows), np.int64)
    event = np.where(failed, last, 0)
    if rows.start is None:
        return _Periods(first, last, event)
    first = np.floor(rows.start / width + 1e-9).astype(np.int64) + 1
    if rows.id is None or len(rows.id) == len(rows):
        return _Periods(first, last, event)
    order = np.lexsort((rows.start, rows.id.codes))
    code, begin, end = rows.id.codes[order], first[order], last[order]
    shared = np.r_[False, (code[1:] == code[:-1]) & (begin[1:] <= end[:-1])]
    begin = begin + shared
    span = int(end.max()) + 2
    key = code * span + end
    happened = np.flatnonzero(event[order])
    holder = np.searchsorted(key, code[happened] * span + event[order][happened], side="left")
    moved = np.zeros(len(order), np.int64)
    moved[holder] = event[order][happened]
    out = [np.empty(len(order), np.int64) for _ in range(3)]
    for values, into in zip((begin, end, moved), out, strict=True):
        into[order] = values
    return _Periods(*out)


def _edges(breaks: Sequence[int], periods: _Periods) -> np.ndarray:
    edges = np.asarray(breaks, float)
    if edges.ndim != 1 or len(edges) < 2 or (np.diff(edges) <= 0).any():
        raise EstimateError(f"breaks={breaks!r} must be two or more increasing period numbers.")
    low, high = int(periods.first.min()), int(periods.last.max())
    if edges[0] >= low or edges[-1] < high:
        raise EstimateError(
            f"breaks={list(breaks)!r} cover periods {edges[0] + 1:g} to {edges[-1]:g}, but the "
            f"rows reach from period {low} to {high}; widen them or end follow-up earlier."
        )
    return edges


def _names(edges: np.ndarray) -> list[str]:
    return [f"({a:g}, {b:g}]" for a, b in zip(edges[:-1], edges[1:], strict=True)]


def _by_band(periods: _Periods, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count, for each row and band, periods at risk and events."""
    low = np.maximum(periods.first[:, None], edges[:-1] + 1)
    high = np.minimum(periods.last[:, None], edges[1:])
    at_risk = np.maximum(high - low + 1, 0)
    day = periods.event[:, None]
    return at_risk, ((day > edges[:-1]) & (day <= edges[1:])).astype(float)


def _fit(
    covariates: Design,
    rows: Rows,
    columns: list[str],
    at_risk: np.ndarray,
    events: np.ndarray,
    link: str,
) -> tuple[np.ndarray, object]:
    """Fit the counts per (band, pattern); return the patterns' matrix and statsmodels' result."""
    pattern = rows.frame.groupby(columns, sort=False, observed=True).ngroup().to_numpy()
    first = np.unique(pattern, return_index=True)[1]
    bands = at_risk.shape[1]
    key = pattern[:, None] * bands + np.arange(bands)
    size = len(first) * bands
    trials = np.bincount(key.ravel(), at_risk.ravel(), size)
    happened = np.bincount(key.ravel(), events.ravel(), size)
    kept = np.flatnonzero(trials > 0)
    matrix = _matrix(covariates.x[first[kept // bands]], kept % bands, bands)
    _check_rank(matrix, covariates.terms)
    family = sm.families.Binomial(link=LINKS[link]())
    outcome = np.column_stack([happened[kept], trials[kept] - happened[kept]])
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")
        return matrix, sm.GLM(outcome, matrix, family=family).fit(maxiter=100, tol=1e-12)


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
    rows: Rows,
    covariates: Design,
    bands: list[str],
    fitted,
    matrix: np.ndarray,
    counts: tuple[np.ndarray, np.ndarray],
    link: str,
) -> tuple[pd.DataFrame, list[str]]:
    """Lay out the coefficients, the intercept moved from the covariates' means to zero."""
    terms = ["Intercept", *(f"period {b}" for b in bands[1:]), *covariates.terms]
    to_zero = np.eye(len(terms))
    to_zero[0, len(bands) :] = -covariates.center
    covariance = to_zero @ fitted.cov_params() @ to_zero.T
    table = pd.DataFrame({"term": terms, "coef": to_zero @ fitted.params})
    table["se"] = used = np.sqrt(np.diag(covariance))
    warnings, groups = [], None
    if not rows.independent:
        codes, groups = clusters_of(rows)
        score = _scores(rows, covariates, fitted, counts, link)
        total = np.stack([np.bincount(codes, column) for column in score.T], axis=1)
        influence = total @ fitted.cov_params() @ to_zero.T
        table["robust_se"] = used = np.sqrt((influence**2).sum(axis=0))
        if groups < few.FEW:
            table["small_sample_se"] = used = few.corrected(used, groups)
            warnings.append(few.caution(groups))
    endless = np.zeros(len(terms), bool)
    endless[len(bands) :] = table["se"][len(bands) :] * covariates.spread > _NO_INFORMATION
    if endless.any():
        ses = [c for c in table if c.endswith("se")]
        table.loc[endless, ses] = np.nan
        table.loc[endless, "coef"] = np.sign(table.loc[endless, "coef"]) * np.inf
        used = table[ses[-1]].to_numpy()
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
    return table, warnings


def _scores(
    rows: Rows, covariates: Design, fitted, counts: tuple[np.ndarray, np.ndarray], link: str
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
