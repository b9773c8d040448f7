"""Exact follow-up of a cohort, made ready to be released."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from evaluation import estimates
from evaluation.reporting.disclosure import Disclosure, ReleasedFollowUp, release_follow_up
from evaluation.reporting.disclosure.cells import MOST_HIDDEN
from evaluation.reporting.numerals import DAYS_PER_MONTH
from evaluation.reporting.wording import EXIT_TYPES, listed, order_of, upper_first

OUTCOME = 1
_CURVE = ["group", "time", "incidence", "se", "ci_low", "ci_high"]


@dataclass(frozen=True, eq=False)
class OutcomeFollowUp:
    """What may be shown of one outcome.

    Attributes
    ----------
    everyone : ReleasedFollowUp
        All children, as group ``all``.
    groups : ReleasedFollowUp or None
        By how children left care; nothing where too much would be hidden.
    grouping : dict of str to str
        From exit type to group: the same, or coarser where the types are too small.
    rows : pandas.DataFrame
        The exact follow-up rows, with ``all`` and ``group``; not for release.
    """

    everyone: ReleasedFollowUp
    groups: ReleasedFollowUp | None
    grouping: dict[str, str]
    rows: pd.DataFrame


def released_follow_up(cohort, outcome: str, rule: Disclosure) -> OutcomeFollowUp:
    """Release the cumulative incidence of an outcome, for all and by exit type.

    Where more than a fifth of the numbers by exit type would be hidden, fewer
    horizons are tried, then the largest exit type against the others together.

    Parameters
    ----------
    cohort : Cohort
        With ``study`` and ``follow_up(outcome)``.
    outcome : str
        One of the cohort's outcomes.
    rule : Disclosure
        The rule of the release.

    Returns
    -------
    OutcomeFollowUp
    """
    study = cohort.study
    rows = cohort.follow_up(outcome).assign(all="all")
    ends = last_rows(rows)
    days = _days(ends, study.horizons, rule)
    everyone = release_follow_up(
        exact_counts(ends, "all", [0, *days]),
        _incidence(rows, "all", days),
        study.horizons,
        rule,
    )
    main = study.main_horizon
    ladder = dict.fromkeys([study.horizons, (main, study.horizons[-1]), (main,)])
    for grouping in _groupings(ends["exit_type"].astype(str)):
        rows = rows.assign(group=rows["exit_type"].astype(str).map(grouping))
        counts = exact_counts(last_rows(rows), "group", [0, *days])
        curves = _incidence(rows, "group", days)
        for horizons in ladder:
            groups = release_follow_up(counts, curves, horizons, rule, whole=everyone)
            if groups.share_hidden <= MOST_HIDDEN:
                return OutcomeFollowUp(everyone, groups, grouping, rows)
    return OutcomeFollowUp(everyone, None, {}, rows)


def _groupings(exit_types: pd.Series) -> list[dict[str, str]]:
    """Return each exit type for itself, then the largest against the others."""
    sizes = exit_types.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    if len(sizes) < 2:
        return []
    apart = {kind: kind for kind in sizes.index}
    if len(sizes) < 3:
        return [apart]
    others = [EXIT_TYPES.get(kind, kind) for kind in sorted(sizes.index[1:], key=order_of)]
    together = upper_first(listed([name.lower() for name in others], "or"))
    return [apart, {kind: kind if kind == sizes.index[0] else together for kind in sizes.index}]


def released_arms(
    curves: pd.DataFrame,
    sizes: tuple[int, int],
    everyone: pd.DataFrame,
    horizons: Sequence[int],
    rule: Disclosure,
    whole: ReleasedFollowUp,
    weighted: bool,
) -> ReleasedFollowUp:
    """Release the weighted curves of the two arms of a contrast.

    Children left out of the contrast (for want of a covariate) take part in the
    protection, because they are the difference between the arms and all children.

    Parameters
    ----------
    curves : pandas.DataFrame
        One contrast's rows of ``Effects.curves``: ``group`` (``yes``, ``no``).
    sizes : tuple of int
        Children served, children compared.
    everyone : pandas.DataFrame
        The last follow-up row of every child of the cohort.
    horizons : sequence of int
        Days shown in tables.
    rule : Disclosure
        The rule of the release.
    whole : ReleasedFollowUp
        What was released of all children together.
    weighted : bool
        Whether the curves are weighted.

    Returns
    -------
    ReleasedFollowUp
    """
    known = set(curves["time"])
    horizons = [day for day in horizons if day in known]
    starts = pd.DataFrame(
        {"group": ["yes", "no"], "time": 0, "at_risk": list(sizes), "events": [0, 0]}
    )
    arms = pd.concat([starts, curves[["group", "time", "at_risk", "events"]]], ignore_index=True)
    days = sorted(arms["time"].unique())
    arms = arms.set_index(["group", "time"]).reindex(
        pd.MultiIndex.from_product([["yes", "no"], days], names=["group", "time"])
    )
    arms = arms.groupby("group", sort=False).ffill().astype(int).reset_index()
    whole_counts = exact_counts(everyone.assign(all="all"), "all", days).set_index("time")
    rest = whole_counts[["at_risk", "events"]] - arms.groupby("time")[["at_risk", "events"]].sum()
    rest = rest.clip(lower=0).reset_index().assign(group="left out")
    return release_follow_up(
        pd.concat([arms, rest], ignore_index=True),
        curves[_CURVE],
        horizons,
        rule,
        whole=whole,
        unlisted=True,
        weighted=weighted,
    )


def last_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return each exit's last follow-up row."""
    ordered = rows.sort_values(["exit_id", "start"], kind="stable")
    return ordered.groupby("exit_id", sort=True).tail(1)


def exact_counts(ends: pd.DataFrame, by: str, days: Sequence[int]) -> pd.DataFrame:
    """Count, by group and day, children still followed and outcomes so far.

    At day 0 ``at_risk`` is the size of the group; later it is those whose follow-up
    reaches the day.
    """
    rows = []
    for group, own in ends.groupby(by, sort=True, observed=True):
        stops, events = own["stop"].to_numpy(), own["event"].to_numpy() == OUTCOME
        for day in days:
            rows.append(
                {
                    "group": group,
                    "time": int(day),
                    "at_risk": int((stops >= day).sum()),
                    "events": int((events & (stops <= day)).sum()),
                }
            )
    return pd.DataFrame(rows)


def _incidence(rows: pd.DataFrame, by: str, days: Sequence[int]) -> pd.DataFrame:
    if not len(rows) or not (rows["event"] > 0).any():
        groups = sorted(rows[by].unique())
        none = [(group, day, 0.0, 0.0, math.nan, math.nan) for group in groups for day in days]
        return pd.DataFrame(none, columns=_CURVE)
    fit = estimates.cumulative_incidence(
        rows,
        stop="stop",
        event="event",
        start="start",
        by=by,
        id="exit_id",
        cluster="family_id",
    )
    at = fit.at(list(days))
    own = at[at["cause"] == OUTCOME]
    return own[_CURVE] if len(own) else _incidence(rows.assign(event=0), by, days)


def _days(ends: pd.DataFrame, horizons: Sequence[int], rule: Disclosure) -> list[int]:
    """Return the days at which curves can have points: months, or all days of events."""
    last = max(horizons)
    if rule.on:
        months = range(1, int(last / DAYS_PER_MONTH) + 1)
        points = {round(month * DAYS_PER_MONTH) for month in months}
    else:
        points = {int(day) for day in ends.loc[ends["event"] == OUTCOME, "stop"]}
    return sorted({day for day in points if 0 < day <= last} | set(horizons))
