"""Tests of no difference between groups: log-rank and Gray's."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.estimates import clusters as few
from evaluation.estimates.curves import refuse_recurrent
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.fit import clusters_of
from evaluation.estimates.grid import risk_sets
from evaluation.estimates.partial_likelihood import PartialLikelihood
from evaluation.estimates.result import Account, Result, account
from evaluation.estimates.risksets import RiskSets
from evaluation.estimates.rows import Columns, Rows, read_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class GroupTest(Result):
    """A test of no difference between groups.

    Parameters
    ----------
    table : DataFrame
        statistic, df, p; one row a cause, with its ``cause``, for Gray's test.
    account : Account
    counts : DataFrame
        Per group (and cause): rows, observed and expected events.
    """

    table: pd.DataFrame
    account: Account
    counts: pd.DataFrame

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw observed over expected events, group by group.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.estimates.interval_drawing import draw_intervals

        ratio = self.counts["observed"] / self.counts["expected"]
        labels = self.counts["group"].astype(str)
        if "cause" in self.counts:
            labels = labels + ", cause " + self.counts["cause"].astype(str)
        return draw_intervals(
            labels,
            ratio,
            ratio,
            ratio,
            axis_label="Observed over expected events",
            title="Events in each group over those expected if all groups were alike",
            about=self.summary(),
            ax=ax,
        )


def log_rank(
    data: pd.DataFrame,
    *,
    by: Columns,
    stop: str = "time",
    event: str = "event",
    start: str | None = None,
    strata: Columns = None,
    weights: str | None = None,
    cluster: Columns = None,
    id: Columns = None,
    cause: int | None = None,
) -> GroupTest:
    """Test that the hazard is the same in every group.

    Independent, unweighted rows: the log-rank test with the hypergeometric
    variance. With weights or clusters: the score test of Cox's model for the
    groups with the cluster-robust variance of the score.

    Parameters
    ----------
    data : DataFrame
    by : str or sequence of str
        Columns whose combinations are the groups.
    stop, event, start : str
        Columns of times and events: 0 none, 1, 2, … causes, or booleans.
    strata : str or sequence of str, optional
        Columns within whose combinations groups are compared.
    weights, cluster, id : str, optional
        As in :func:`cox`.
    cause : int, optional
        The cause of interest, needed with several.

    Returns
    -------
    GroupTest

    Raises
    ------
    EstimateError
        If there is one group, no event, or the data cannot be used; says why.

    References
    ----------
    Mantel (1966); Peto and Peto (1972); Lin and Wei (1989) for the robust form.
    """
    _require_apart(by, strata)
    rows = read_rows(
        data,
        stop=stop,
        event=event,
        start=start,
        by=by,
        strata=strata,
        weights=weights,
        cluster=cluster,
        id=id,
    )
    failed = rows.of_cause(cause, "log_rank")
    _require_groups(rows, by)
    if not (failed & (rows.case_weights > 0)).any():
        raise EstimateError(f"No row ends in the event in {event!r}; there is nothing to compare.")
    sets = risk_sets(rows.strata.codes, len(rows.strata), rows.start, rows.stop, failed)
    member = np.equal.outer(rows.groups.codes, np.arange(len(rows.groups))).astype(float)
    model = PartialLikelihood(sets, member, failed, rows.case_weights, ties="breslow")
    hazard = model.hazard(np.zeros(len(rows.groups)))
    expected = (hazard.risk * model.exposure(hazard)) @ member
    observed = (rows.case_weights * failed) @ member
    warnings, groups = [], None
    if rows.independent:
        variance = _hypergeometric(sets, member, failed)
    else:
        codes, groups = clusters_of(rows)
        score = model.scores(hazard, codes, int(codes.max()) + 1)
        variance = score.T @ score
        if groups < few.FEW:
            warnings.append(
                f"Only {groups} clusters (fewer than {few.FEW}): p allows for it by the F "
                f"distribution."
            )
    table = _quadratic(observed - expected, variance, groups)
    if table["df"][0] == 0:
        warnings.append("No event finds more than one group at risk; there is nothing to compare.")
    counts = pd.DataFrame(
        {
            "group": rows.groups.labels,
            "rows": np.bincount(rows.groups.codes),
            "observed": observed,
            "expected": expected,
        }
    )
    told = account(
        rows,
        "log_rank",
        int(failed.sum()),
        warnings=warnings,
        by=by,
        stop=stop,
        event=event,
        start=start,
        strata=strata,
        weights=weights,
        cluster=cluster,
        id=id,
        cause=cause,
    )
    return GroupTest(table, told, counts)


def gray_test(
    data: pd.DataFrame,
    *,
    by: Columns,
    stop: str = "time",
    event: str = "event",
    strata: Columns = None,
    start: str | None = None,
    weights: str | None = None,
    cluster: Columns = None,
    id: Columns = None,
) -> GroupTest:
    """Test, cause by cause, that cumulative incidence is the same in every group.

    The test takes rows as independent; with siblings in the data compare the
    incidences at the horizons with clusters instead.

    Parameters
    ----------
    data : DataFrame
        One row a subject.
    by : str or sequence of str
        Columns whose combinations are the groups.
    stop, event : str
        Columns of times and events: 0 none, 1, 2, … causes.
    strata : str or sequence of str, optional
        Columns within whose combinations groups are compared.
    start, weights, cluster, id : str, optional
        Refused: the test is for independent, unweighted rows that are followed
        from the beginning.

    Returns
    -------
    GroupTest

    Raises
    ------
    EstimateError
        If there is one group, no event, an option that the test has no form
        for, or the data cannot be used; says why.

    References
    ----------
    Gray (1988), with weight function 1.
    """
    given = {"start": start, "weights": weights, "cluster": cluster, "id": id}
    named = [f"{option}={column!r}" for option, column in given.items() if column is not None]
    if named:
        raise EstimateError(
            f"gray_test cannot be combined with {' or '.join(named)}: it is for independent, "
            f"unweighted rows followed from the beginning; compare cumulative_incidence(...) at "
            f"the horizons instead."
        )
    _require_apart(by, strata)
    rows = read_rows(data, stop=stop, event=event, by=by, strata=strata)
    refuse_recurrent(rows, rows.event > 0, "gray_test")
    _require_groups(rows, by)
    if not rows.causes:
        raise EstimateError(f"No row ends in an event in {event!r}; there is nothing to compare.")
    tables, counts = [], []
    for cause in rows.causes:
        score, variance = _gray(rows, cause)
        row = _quadratic(score, variance, None)
        row.insert(0, "cause", cause)
        tables.append(row)
        observed = np.bincount(rows.groups.codes[rows.event == cause], minlength=len(score))
        counts.append(
            pd.DataFrame(
                {
                    "group": rows.groups.labels,
                    "cause": cause,
                    "rows": np.bincount(rows.groups.codes),
                    "observed": observed,
                    "expected": observed - score,
                }
            )
        )
    told = account(
        rows,
        "gray_test",
        {c: int((rows.event == c).sum()) for c in rows.causes},
        by=by,
        stop=stop,
        event=event,
        strata=strata,
    )
    told.notes.append("The test takes rows as independent; it has no form with clusters.")
    return GroupTest(
        pd.concat(tables, ignore_index=True), told, pd.concat(counts, ignore_index=True)
    )


def _require_apart(by: Columns, strata: Columns) -> None:
    names = [[c] if isinstance(c, str) else list(c or []) for c in (by, strata)]
    if names[0] and set(names[0]) <= set(names[1]):
        raise EstimateError(
            f"by={by!r} cannot be combined with strata={strata!r}: groups are compared within "
            f"strata, and each of these strata holds one group."
        )


def _require_groups(rows: Rows, by: Columns) -> None:
    if len(rows.groups) < 2:
        raise EstimateError(
            f"A test compares groups, but {by!r} has one value in the rows used "
            f"({rows.groups.labels[0]!r})."
        )


def _quadratic(score: np.ndarray, variance: np.ndarray, clusters: int | None) -> pd.DataFrame:
    """Return the table of ``score' variance^- score``; the last group follows from the others.

    With few clusters the statistic stays as it is, and its p value comes from
    the F distribution after the correction of the variance.
    """
    values, vectors = np.linalg.eigh(variance)
    kept = values > 1e-10 * max(values.max(), np.finfo(float).tiny)
    df = int(kept.sum())
    statistic = float((((vectors.T @ score)[kept]) ** 2 / values[kept]).sum())
    p = stats.chi2.sf(statistic, df) if df else np.nan
    if clusters is not None and clusters < few.FEW:
        shrunk = statistic * (clusters - 1) / clusters
        enough = clusters > df
        p = stats.f.sf(shrunk / df, df, clusters - df) if enough else np.nan
    return pd.DataFrame({"statistic": [statistic], "df": [df], "p": [p]})


def _hypergeometric(sets: RiskSets, member: np.ndarray, failed: np.ndarray) -> np.ndarray:
    """Variance of observed less expected events, given the risk sets and their events."""
    n = sets.totals(np.ones(len(member)))
    share = sets.products(np.ones(len(member)), member)
    share /= np.where(n > 0, n, 1)[:, None]
    d = np.bincount(sets.leave[failed], minlength=sets.size)
    spread = np.divide(d * (n - d), n - 1, np.zeros_like(n), where=n > 1)
    return np.diag(spread @ share) - share.T @ (spread[:, None] * share)


def _gray(rows: Rows, cause: int) -> tuple[np.ndarray, np.ndarray]:
    """Sum Gray's score and its variance over strata."""
    groups = len(rows.groups)
    score, variance = np.zeros(groups), np.zeros((groups, groups))
    for stratum in range(len(rows.strata)):
        mine = rows.strata.codes == stratum
        part = _gray_stratum(
            rows.stop[mine], rows.event[mine], rows.groups.codes[mine], groups, cause
        )
        score += part[0]
        variance += part[1]
    return score, variance


def _gray_stratum(
    stop: np.ndarray, event: np.ndarray, group: np.ndarray, groups: int, cause: int
) -> tuple[np.ndarray, np.ndarray]:
    """Gray's score and variance in one stratum, in the notation of the paper.

    ``h`` is the number at risk over the survival just before, ``a`` the weight
    of a group's hazard in another group's score and ``c`` its cumulative effect.
    """
    times, place = np.unique(stop[event > 0], return_inverse=True)
    shape = (len(times), groups)
    failing = event[event > 0] == cause
    own, other = np.zeros(shape), np.zeros(shape)
    np.add.at(own, (place[failing], group[event > 0][failing]), 1)
    np.add.at(other, (place[~failing], group[event > 0][~failing]), 1)
    at_risk = np.stack(
        [
            (group == g).sum() - np.searchsorted(np.sort(stop[group == g]), times, side="left")
            for g in range(groups)
        ],
        axis=1,
    ).astype(float)

    def ratio(top, bottom):
        return np.divide(top, bottom, np.zeros(np.broadcast(top, bottom).shape), where=bottom > 0)

    survival = np.cumprod(1 - ratio(own + other, at_risk), axis=0)
    before = np.vstack([np.ones(groups), survival[:-1]])
    incidence = np.cumsum(before * ratio(own, at_risk), axis=0)
    incidence_before = np.vstack([np.zeros(groups), incidence[:-1]])
    h = ratio(at_risk, before)
    total = h.sum(axis=1, keepdims=True)
    events = own.sum(axis=1, keepdims=True)
    pooled = np.cumsum(ratio(events, total), axis=0)
    pooled_before = np.vstack([[[0.0]], pooled[:-1]])

    exposed = h * (1 - incidence_before)
    score = (own - events * ratio(exposed, exposed.sum(axis=1, keepdims=True))).sum(axis=0)

    a = np.einsum("ti,ij->tij", h, np.eye(groups)) - h[:, :, None] * ratio(h, total)[:, None, :]
    c = np.cumsum(a * ratio(events, total * (1 - pooled_before))[:, :, None], axis=0)
    left = c[-1] - c
    event_free = ratio(1 - pooled, survival)
    return score, (
        _own_part(a, left, event_free, survival, before, at_risk, total, events)
        + _other_part(left, event_free, survival, before, at_risk, other)
    )


def _own_part(a, left, event_free, survival, before, at_risk, total, events) -> np.ndarray:
    """What events of the cause add to the variance."""
    present = at_risk > 0
    share = np.where(survival > 0, 1 - event_free, 1.0)
    spare = total * before - 1
    tied = 1 - np.divide(events - 1, spare, np.zeros(spare.shape), where=(events > 1) & (spare > 0))
    size = np.divide(
        tied * before * events, total * at_risk, np.zeros(at_risk.shape), where=present
    )
    parts = a + share[:, None, :] * left
    return np.einsum("tik,tjk,tk->ij", parts, parts, size)


def _other_part(left, event_free, survival, before, at_risk, other) -> np.ndarray:
    """What competing events add to the variance."""
    present = (at_risk > 0) & (survival > 0)
    tied = 1 - np.divide(other - 1, at_risk - 1, np.zeros(other.shape), where=other > 1)
    size = np.divide(tied * before**2 * other, at_risk**2, np.zeros(other.shape), where=present)
    return np.einsum("tik,tjk,tk->ij", left, left, size * event_free**2)
