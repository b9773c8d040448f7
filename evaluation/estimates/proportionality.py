"""Does a coefficient change over time? The score test, and a chart of how."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.estimates import clusters as few
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.fit import Fit, clusters_of
from evaluation.estimates.grid import risk_sets
from evaluation.estimates.partial_likelihood import Hazard
from evaluation.estimates.residuals import schoenfeld
from evaluation.estimates.result import Account, Result
from evaluation.estimates.risksets import scatter
from evaluation.estimates.rows import Rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evaluation.estimates.cox_model import CoxResult

TRANSFORMS = ("km", "identity", "rank")


@dataclass(frozen=True, repr=False)
class Proportionality(Result):
    """Tests of proportional hazards.

    Parameters
    ----------
    table : DataFrame
        term, statistic, df, p; a term of the formula may stand for several
        columns; the last row is GLOBAL.
    account : Account
    scaled : DataFrame
        For each event its time and, per term, the coefficient that its scaled
        Schoenfeld residual suggests: what a chart of the change smooths.
    """

    table: pd.DataFrame
    account: Account
    scaled: pd.DataFrame = field(repr=False)

    def plot(self, ax: "Axes | None" = None, *, term: str | None = None) -> "Axes":
        """Draw how a coefficient changes over time.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.
        term : str, optional
            A column of the model; by default the first.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.estimates.proportionality_drawing import draw_change

        terms = [c for c in self.scaled if c != "time"]
        chosen = terms[0] if term is None else term
        if chosen not in terms:
            raise EstimateError(f"There is no term {chosen!r}; the terms are {', '.join(terms)}.")
        return draw_change(self.scaled, self.change(chosen), chosen, self.summary(), ax)

    def change(self, term: str) -> pd.DataFrame:
        """Smooth the coefficients that events suggest over a quarter of the events at a time.

        Parameters
        ----------
        term : str
            A column of ``scaled``.

        Returns
        -------
        DataFrame
            time, coef, ci_low, ci_high; means over windows, with 95% intervals of
            independent events.

        References
        ----------
        Grambsch and Therneau (1994).
        """
        ordered = self.scaled.sort_values("time", kind="stable")
        time, value = ordered["time"].to_numpy(), ordered[term].to_numpy()
        window = max(len(time) // 4, min(len(time), 5))
        begin = np.unique(np.linspace(0, len(time) - window, 25).astype(int))
        parts = [slice(b, b + window) for b in begin]
        spread = [value[p].std(ddof=1) if window > 1 else 0.0 for p in parts]
        half = stats.norm.ppf(0.975) * np.array(spread) / np.sqrt(window)
        coef = np.array([value[p].mean() for p in parts])
        when = [time[p].mean() for p in parts]
        return pd.DataFrame(
            {"time": when, "coef": coef, "ci_low": coef - half, "ci_high": coef + half}
        )


def proportional_hazards(result: "CoxResult", transform: str) -> Proportionality:
    """Test each term, and all, for a coefficient that changes with a function of time.

    Parameters
    ----------
    result : CoxResult
    transform : {"km", "identity", "rank"}

    Returns
    -------
    Proportionality

    Raises
    ------
    EstimateError
        If the transform is unknown, a coefficient is infinite or all events happen at
        one time.

    References
    ----------
    Grambsch and Therneau (1994), as the score test for ``x * g(t)``.
    """
    fit = result.fit
    if transform not in TRANSFORMS:
        raise EstimateError(f"transform={transform!r} is not known; use one of {TRANSFORMS}.")
    if fit.maximum.infinite.any():
        raise EstimateError(
            "A coefficient runs to infinity, so that its change over time cannot be tested; "
            "leave its term out first."
        )
    sets = fit.model.sets
    weight = np.nan_to_num(_of_time(fit.rows, fit.event, sets.times, transform))
    if np.ptp(weight[fit.model.cell]) == 0:
        raise EstimateError(
            "All events happen at one time, so that a change of the coefficients over time cannot "
            "be tested; use finer times or more follow-up."
        )
    weight -= np.average(weight[fit.model.cell])
    model, hazard = fit.model, fit.hazard
    flat = model.derivatives(hazard)[1]
    crossed = model.derivatives(_times(hazard, weight))[1]
    squared = model.derivatives(_times(hazard, weight**2))[1]
    change = schoenfeld(fit)
    events = model.weights[model.events, None] * change
    score = weight[model.cell] @ events
    own = squared - crossed @ np.linalg.solve(flat, crossed)
    robust = "robust_se" in result.table
    warnings, groups = [], None
    if robust:
        own, groups = _robust(fit, weight, crossed @ np.linalg.inv(flat), events)
        if groups < few.FEW:
            warnings.append(
                f"Only {groups} clusters (fewer than {few.FEW}): p allows for it by the F "
                f"distribution."
            )
    places = {**fit.design.groups, "GLOBAL": list(range(len(fit.design.terms)))}
    table = pd.DataFrame(
        [
            _test(term, score[place], own[np.ix_(place, place)], groups)
            for term, place in places.items()
        ]
    )
    scaled = len(model.events) * change @ np.linalg.inv(flat) + fit.maximum.beta
    drawn = pd.DataFrame(scaled, fit.rows.frame.index[model.events], fit.design.terms)
    drawn.insert(0, "time", fit.rows.stop[model.events])
    told = replace(
        result.account,
        method="proportional_hazards",
        options={"transform": transform},
        warnings=warnings,
    )
    return Proportionality(table, told, drawn)


def _of_time(rows: Rows, event: np.ndarray, times: np.ndarray, transform: str) -> np.ndarray:
    if transform == "identity":
        return times
    if transform == "rank":
        observed, count = np.unique(rows.stop, return_counts=True)
        rank = np.cumsum(count) - (count - 1) / 2
        return rank[np.clip(np.searchsorted(observed, times), 0, len(rank) - 1)]
    everyone = np.zeros(len(rows), np.intp)
    sets = risk_sets(everyone, 1, rows.start, rows.stop, event)
    at_risk = sets.totals(np.ones(len(rows)))
    failing = np.bincount(sets.leave[event], minlength=sets.size)
    left = 1 - np.divide(failing, at_risk, np.zeros(sets.size), where=at_risk > 0)
    survival = sets.product(left)[sets.base[0] : sets.base[0] + sets.length[0] + 1]
    place = np.searchsorted(sets.times[sets.cells_of(0)], times, side="left")
    return 1 - survival[np.minimum(place, len(survival) - 1)]


def _times(hazard: Hazard, weight: np.ndarray) -> Hazard:
    """Weigh the information of each event time."""
    return replace(
        hazard,
        increment=hazard.increment * weight,
        relief=hazard.relief * weight,
        moments=tuple(m * weight for m in hazard.moments),
    )


def _robust(
    fit: Fit, weight: np.ndarray, slope: np.ndarray, events: np.ndarray
) -> tuple[np.ndarray, int]:
    """Cluster-robust variance of the score for the change, given the estimated coefficients."""
    model = fit.model
    codes, count = clusters_of(fit.rows)
    size = int(codes.max()) + 1
    total = model.scores(_times(fit.hazard, weight), codes, size)
    extra = (weight[model.cell, None] - 1) * events
    total += scatter(codes[model.events], np.ones(len(extra)), extra, size)
    total -= model.scores(fit.hazard, codes, size) @ slope.T
    return total.T @ total, count


def _test(term: str, score: np.ndarray, variance: np.ndarray, clusters: int | None) -> dict:
    df = len(score)
    statistic = float(score @ np.linalg.solve(variance, score))
    p = stats.chi2.sf(statistic, df)
    if clusters is not None and clusters < few.FEW:
        shrunk = statistic * (clusters - 1) / clusters
        p = stats.f.sf(shrunk / df, df, clusters - df) if clusters > df else np.nan
    return {"term": term, "statistic": statistic, "df": df, "p": float(p)}
