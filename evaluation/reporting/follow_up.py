"""Exact follow-up of a cohort, made ready to be released."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pandas as pd

from evaluation import estimates
from evaluation.reporting.disclosure import (
    Disclosure,
    ReleasedFollowUp,
    at_horizons,
    leaves_few,
    release_follow_up,
    without_common_points,
    without_lone_points,
)
from evaluation.reporting.disclosure.rule import MOST_HIDDEN
from evaluation.reporting.numerals import DAYS_PER_MONTH, SUPPRESSED
from evaluation.reporting.sections.characteristics import exit_types
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
        The exact follow-up rows: ``start``, ``stop``, ``event``, ``exit_type``, ``all``, ``group``,
        and as whole numbers ``subject``, the place of the exit among ``ends``, and ``cluster``,
        its family; not for release.
    ends : pandas.DataFrame
        The last follow-up row of each exit, as the cohort has it; not for release.
    """

    everyone: ReleasedFollowUp
    groups: ReleasedFollowUp | None
    grouping: dict[str, str]
    rows: pd.DataFrame
    ends: pd.DataFrame


def released_follow_up(
    cohort, outcome: str, rule: Disclosure, within: pd.DataFrame | None = None
) -> OutcomeFollowUp:
    """Release the cumulative incidence of an outcome, for all and by exit type.

    Where more than a fifth of the numbers by exit type would be hidden, fewer
    horizons are tried, then the largest exit type against the others together. The
    same holds where the events of an outcome shown beside it, every one of which is
    one of its own, would leave a small difference.

    Parameters
    ----------
    cohort : Cohort
        With ``study`` and ``follow_up(outcome)``.
    outcome : str
        One of the cohort's outcomes.
    rule : Disclosure
        The rule of the release.
    within : pandas.DataFrame, optional
        Last follow-up rows of the outcome whose events are all among this one's.

    Returns
    -------
    OutcomeFollowUp
    """
    study = cohort.study
    rows = cohort.follow_up(outcome)
    ends = last_rows(rows)
    rows = _numbered(rows, ends).assign(all="all")
    days = _days(ends, study.horizons, rule)
    counts = _counted(ends.assign(all="all"), "all", days, within)
    curves = _incidence(rows, "all", days)
    key = f"{outcome}/all/"
    ladder = _ladder(study.horizons, study.main_horizon)
    everyone = _first_showable(counts, curves, ladder, rule, key=key)
    if everyone is None:
        everyone = release_follow_up(
            counts, curves, study.horizons[-1:], rule, withheld=True, key=key
        )
    kinds = ends["exit_type"].astype(str)
    for grouping in _groupings(kinds):
        group = kinds.map(grouping)
        rows = rows.assign(group=group.to_numpy()[rows["subject"]])
        counts = _counted(ends.assign(group=group), "group", days, within)
        curves = _incidence(rows, "group", days)
        ladder = _ladder(tuple(everyone.horizons), study.main_horizon)
        key, unsized = f"{outcome}/exit_type/", _unsized(cohort.exits, grouping, rule)
        groups = _first_showable(counts, curves, ladder, rule, everyone, key=key, unsized=unsized)
        if groups is not None:
            groups = without_lone_points(everyone, groups, rule)
            whole = without_common_points(everyone, groups, rule)
            return OutcomeFollowUp(whole, groups, grouping, rows, ends)
    return OutcomeFollowUp(everyone, None, {}, rows, ends)


def _numbered(rows: pd.DataFrame, ends: pd.DataFrame) -> pd.DataFrame:
    """Return what curves are estimated from, with exits and families numbered once for all."""
    subject = pd.Index(ends["exit_id"]).get_indexer(rows["exit_id"])
    family, _ = pd.factorize(ends["family_id"], sort=True)
    own = rows[["start", "stop", "event", "exit_type"]]
    return own.assign(subject=subject, cluster=family[subject])


def _unsized(exits: pd.DataFrame, grouping: dict[str, str], rule: Disclosure) -> set[str]:
    """Return the groups whose size is hidden where exit types are counted."""
    shown = exit_types(exits, rule)
    hidden = {kind for kind in grouping if kind in shown.index and shown[kind] == SUPPRESSED}
    alone = {kind for kind, group in grouping.items() if kind == group}
    return set(grouping.values()) if hidden & alone else set()


def _counted(
    ends: pd.DataFrame, by: str, days: Sequence[int], within: pd.DataFrame | None
) -> pd.DataFrame:
    """Count follow-up, and the outcome's events that are not events of ``within``."""
    counts = exact_counts(ends, by, [0, *days])
    if within is None:
        return counts
    group = ends.set_index("exit_id")[by]
    inner = within.assign(**{by: within["exit_id"].map(group)})
    inner = exact_counts(inner, by, [0, *days]).set_index(["group", "time"])["events"]
    keys = pd.MultiIndex.from_frame(counts[["group", "time"]])
    return counts.assign(more=counts["events"] - inner.reindex(keys, fill_value=0).to_numpy())


def _ladder(horizons: tuple[int, ...], main: int) -> list[tuple[int, ...]]:
    """Return choices of horizons to show, the fullest first."""
    last = horizons[-1]
    if main not in horizons:
        return [horizons, (last,)]
    return list(dict.fromkeys([horizons, (main, last), (main,), (last,)]))


def _first_showable(
    counts: pd.DataFrame,
    curves: pd.DataFrame,
    ladder: list[tuple[int, ...]],
    rule: Disclosure,
    whole: ReleasedFollowUp | None = None,
    key: str = "",
    unsized: Collection[str] = (),
) -> ReleasedFollowUp | None:
    for horizons in ladder:
        if leaves_few(counts, horizons, rule):
            continue
        released = release_follow_up(
            counts, curves, sorted(set(horizons)), rule, whole=whole, key=key, unsized=unsized
        )
        if released.share_hidden <= MOST_HIDDEN:
            return released
    return None


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
    *,
    weighted: bool,
    within: pd.DataFrame | None = None,
    key: str = "",
    unsized: bool = False,
) -> ReleasedFollowUp:
    """Release the curves of the two arms of a contrast.

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
    within : pandas.DataFrame, optional
        Curves of the outcome whose events are all among this one's.
    key : str
        What last year's report has these counts under.
    unsized : bool
        Whether the sizes of the arms are hidden.

    Returns
    -------
    ReleasedFollowUp
    """
    horizons = [day for day in horizons if day in set(curves["time"])]
    days = sorted({0, *curves["time"]})
    arms = _every_day(curves, sizes, days)
    if within is not None:
        arms["more"] = arms["events"] - _every_day(within, sizes, days)["events"]
    all_counts = exact_counts(everyone.assign(all="all"), "all", days).set_index("time")
    rest = all_counts[["at_risk", "events"]] - arms.groupby("time")[["at_risk", "events"]].sum()
    rest = rest.clip(lower=0).reset_index().assign(group="left out", more=0)
    few = leaves_few(arms, horizons, rule)
    released = release_follow_up(
        pd.concat([arms, rest[[*arms.columns]]], ignore_index=True),
        curves[_CURVE],
        horizons,
        rule,
        whole=whole,
        unlisted=True,
        weighted=weighted,
        withheld=few and not weighted,
        key=key,
        unsized=("yes", "no") if unsized else (),
    )
    if not weighted:
        released = at_horizons(released, rule)
    if few:
        later = released.at_risk["time"] > 0
        released.at_risk["events"] = (
            released.at_risk["events"].astype(object).mask(later, SUPPRESSED)
        )
    return released


def released_years(
    cohort, outcome: str, rule: Disclosure, followed: OutcomeFollowUp
) -> ReleasedFollowUp:
    """Release how often an outcome had happened by the main horizon, by year of the exit.

    Parameters
    ----------
    cohort : Cohort
        With ``exits`` (``exit_id``, ``index_date``).
    outcome : str
        One of the cohort's outcomes.
    rule : Disclosure
        The rule of the release.
    followed : OutcomeFollowUp
        Its follow-up, and what was released of all years together.

    Returns
    -------
    ReleasedFollowUp
    """
    exits, main, everyone = cohort.exits, cohort.study.main_horizon, followed.everyone
    day = main if main in everyone.horizons else everyone.horizons[-1]
    year = pd.to_datetime(exits["index_date"]).dt.year.astype(str)
    of_exit = dict(zip(exits["exit_id"], year, strict=True))
    ends = followed.ends.assign(year=followed.ends["exit_id"].map(of_exit))
    rows = followed.rows.assign(year=ends["year"].to_numpy()[followed.rows["subject"]])
    return release_follow_up(
        exact_counts(ends, "year", [0, day]),
        _incidence(rows, "year", [day]),
        [day],
        rule,
        whole=everyone,
        key=f"{outcome}/exit_year/",
    )


def _every_day(curves: pd.DataFrame, sizes: tuple[int, int], days: list[int]) -> pd.DataFrame:
    """Return counts of both arms on the same days, from the day of exit."""
    starts = pd.DataFrame({"group": ["yes", "no"], "time": 0, "at_risk": sizes, "events": 0})
    known = pd.concat([starts, curves[["group", "time", "at_risk", "events"]]])
    index = pd.MultiIndex.from_product([["yes", "no"], days], names=["group", "time"])
    known = known.set_index(["group", "time"]).reindex(index)
    return known.groupby("group", sort=False).ffill().astype(int).reset_index()


def last_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return each exit's last follow-up row."""
    last = rows.sort_values("start", kind="stable").drop_duplicates("exit_id", keep="last")
    return last.sort_values("exit_id", kind="stable")


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
        id="subject",
        cluster="cluster",
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
