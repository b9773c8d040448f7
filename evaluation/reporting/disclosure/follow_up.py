"""Release of follow-up: numbers at risk, events so far, and how far a curve is drawn."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.reporting.disclosure.rounding import rounded_follow_up
from evaluation.reporting.disclosure.rule import Disclosure
from evaluation.reporting.numerals import SUPPRESSED

LEAST_STEPS = 3


@dataclass(frozen=True)
class ReleasedFollowUp:
    """What may be shown of the follow-up of several groups.

    Attributes
    ----------
    at_risk : pandas.DataFrame
        ``group``, ``time`` (0 and the horizons), ``at_risk``, ``events`` (so far),
        ``incidence``, ``se``, ``ci_low``, ``ci_high``; hidden values are
        `SUPPRESSED`.
    curve : pandas.DataFrame
        ``group``, ``time``, ``incidence``, ``ci_low``, ``ci_high`` at the points that
        may be drawn: between two points lie at least ``below`` events or none. A
        curve of fewer than three steps would mislead and has no points.
    not_drawn : tuple
        Groups with children and without a curve.
    """

    at_risk: pd.DataFrame
    curve: pd.DataFrame
    not_drawn: tuple

    def value(self, group: object, time: int, column: str):
        """Return one released value."""
        rows = self.at_risk
        found = rows.loc[(rows["group"] == group) & (rows["time"] == time), column]
        return found.iloc[0] if len(found) else None

    def shows(self, group: object, time: int, column: str) -> bool:
        """Tell whether a value is listed and not hidden."""
        return self.value(group, time, column) not in (None, SUPPRESSED)

    @property
    def horizons(self) -> list[int]:
        """The days after 0 that are listed."""
        return sorted(int(day) for day in self.at_risk["time"].unique() if day > 0)

    @property
    def share_hidden(self) -> float:
        """Share of the numbers of `at_risk` after day 0 that are hidden."""
        shown = self.at_risk.loc[self.at_risk["time"] > 0, ["at_risk", "events", "incidence"]]
        return float((shown == SUPPRESSED).to_numpy().mean()) if len(shown) else 0.0


def release_follow_up(
    counts: pd.DataFrame,
    curves: pd.DataFrame,
    horizons: Sequence[int],
    rule: Disclosure,
    *,
    whole: ReleasedFollowUp | None = None,
    unlisted: bool = False,
    weighted: bool = False,
    withheld: bool = False,
    key: str = "",
    unsized: Collection = (),
) -> ReleasedFollowUp:
    """Decide what is shown of each group's follow-up.

    Events between two horizons, and the children without one by the last horizon,
    make a two-way table of groups by time whose total is the follow-up of all
    children; it is protected as one table. Numbers at risk are hidden where those
    who left, in all or since the horizon before, are few. A share is hidden with
    its events; a weighted share, from which no count can be worked out, only where
    the events behind it, in all or since the horizon before, are few.

    Parameters
    ----------
    counts : pandas.DataFrame
        Exact ``group``, ``time``, ``at_risk``, ``events`` (so far) at 0 and every
        point of `curves`; at 0 ``at_risk`` is the size of the group. ``more``, if
        there, are the events that are not also events of an outcome shown beside
        this one: no step of a curve stands for few of them.
    curves : pandas.DataFrame
        ``group``, ``time``, ``incidence``, ``se``, ``ci_low``, ``ci_high``.
    horizons : sequence of int
        Days shown in tables; each must be among the times.
    rule : Disclosure
        The rule of the release.
    whole : ReleasedFollowUp, optional
        What was released of all children together, whom these groups make up.
    unlisted : bool
        Whether the last group (children left out of the rest) takes part in the
        protection and is not itself released.
    weighted : bool
        Whether the curves are weighted.
    withheld : bool
        Whether events and shares are hidden whatever they are.
    key : str
        What last year's report has these counts under.
    unsized : collection
        Groups whose size another table hides.

    Returns
    -------
    ReleasedFollowUp
    """
    groups = list(dict.fromkeys(counts["group"]))
    days = sorted(set(horizons))
    counts = counts.assign(changed=_changed(counts, rule, key))
    wide = {
        name: counts.pivot(index="group", columns="time", values=name).loc[groups]
        for name in ("at_risk", "events", "changed")
    }
    sizes = wide["at_risk"][0].to_numpy(dtype=int)
    events = wide["events"][days].to_numpy(dtype=int)
    at_risk = wide["at_risk"][days].to_numpy(dtype=int)
    changed = wide["changed"][days].to_numpy(dtype=bool)
    also = np.array([group in unsized for group in groups])
    also |= wide["changed"][0].to_numpy(dtype=bool)
    sizes_hidden = _hidden_sizes(sizes, also, rule, whole)
    events_hidden = _hidden_events(events, sizes_hidden, sizes, rule, whole, days) | withheld
    events_hidden = _with_changed(events_hidden, events, changed, rule, whole, days)
    risk_hidden = _hidden_at_risk(
        at_risk, events, events_hidden, sizes, sizes_hidden, rule, whole, days
    )
    risk_hidden |= _complemented(changed, at_risk, rule, whole, days, "at_risk")
    few = [[rule.hides(int(count)) for count in row] for row in at_risk]
    share_hidden = _few_events(events, rule) | changed if weighted else events_hidden
    share_hidden = share_hidden | np.array(few) | withheld
    if rule.strict:
        share_hidden = share_hidden | events_hidden | risk_hidden
    listed, drawn, not_drawn = [], [], []
    for place, group in enumerate(groups[:-1] if unlisted else groups):
        own = curves[curves["group"] == group].set_index("time")
        size = int(sizes[place])
        shown_size = SUPPRESSED if sizes_hidden[place] else size
        listed.append(_row(group, 0, shown_size, 0, None))
        for step, day in enumerate(days):
            value = own.loc[day] if day in own.index else None
            row = _row(group, day, int(at_risk[place, step]), int(events[place, step]), value)
            if risk_hidden[place, step]:
                row["at_risk"] = SUPPRESSED
            if events_hidden[place, step]:
                row["events"] = SUPPRESSED
            if share_hidden[place, step] and value is not None:
                row |= dict.fromkeys(("incidence", "se", "ci_low", "ci_high"), SUPPRESSED)
            listed.append(row)
        anchors = [day for step, day in enumerate(days) if not share_hidden[place, step]]
        steps = counts[counts["group"] == group].set_index("time")
        part = _points(
            own.drop(index=set(days) - set(anchors), errors="ignore"), steps, anchors, rule
        )
        part = part if len(part) >= LEAST_STEPS or not rule.on else part.iloc[:0]
        drawn.append(part.assign(group=group))
        if part.empty and size:
            not_drawn.append(group)
    columns = ["group", "time", "incidence", "ci_low", "ci_high"]
    at_risk_shown, curve = pd.DataFrame(listed), pd.concat(drawn, ignore_index=True)[columns]
    if rule.rounds:
        of = dict(zip(groups, sizes, strict=True))
        at_risk_shown = rounded_follow_up(at_risk_shown, of, rule)
        curve = rounded_follow_up(curve, of, rule)
    return ReleasedFollowUp(at_risk=at_risk_shown, curve=curve, not_drawn=tuple(not_drawn))


def _row(group: object, day: int, at_risk, events, value: pd.Series | None) -> dict:
    shares = ("incidence", "se", "ci_low", "ci_high")
    if day == 0:
        known = dict.fromkeys(shares, 0.0)
    else:
        known = {name: None if value is None else float(value[name]) for name in shares}
    return {"group": group, "time": day, "at_risk": at_risk, "events": events} | known


def _changed(counts: pd.DataFrame, rule: Disclosure, key: str) -> list[bool]:
    """Tell which counts differ by few from those last year's report showed or drew."""
    return [
        any(
            rule.hides(abs(now - then))
            for now, then in (
                (row.at_risk, rule.before.count(key, row.group, f"at_risk/{int(row.time)}")),
                (row.events, rule.before.count(key, row.group, f"events/{int(row.time)}")),
            )
            if then is not None
        )
        for row in counts.itertuples()
    ]


def _hidden_sizes(
    sizes: np.ndarray, also: np.ndarray, rule: Disclosure, whole: ReleasedFollowUp | None
) -> np.ndarray:
    """Return which sizes of groups are hidden, so that the size of all gives none back."""
    hidden = np.array([rule.hides(int(size)) for size in sizes]) | also
    if whole is None or not whole.shows("all", 0, "at_risk"):
        return hidden
    _complement(hidden, sizes, rule)
    return hidden


def _with_changed(
    hidden: np.ndarray,
    events: np.ndarray,
    changed: np.ndarray,
    rule: Disclosure,
    whole: ReleasedFollowUp | None,
    days: list[int],
) -> np.ndarray:
    """Hide also the events that differ by few from last year's, with complements."""
    if not changed.any():
        return hidden
    return hidden | _complemented(hidden | changed, events, rule, whole, days, "events")


def _complemented(
    hidden: np.ndarray,
    counts: np.ndarray,
    rule: Disclosure,
    whole: ReleasedFollowUp | None,
    days: list[int],
    name: str,
) -> np.ndarray:
    hidden = hidden.copy()
    for step, day in enumerate(days):
        if whole is not None and whole.shows("all", day, name):
            _complement(hidden[:, step], counts[:, step], rule)
    return hidden


def _hidden_events(
    events: np.ndarray,
    sizes_hidden: np.ndarray,
    sizes: np.ndarray,
    rule: Disclosure,
    whole: ReleasedFollowUp | None,
    days: list[int],
) -> np.ndarray:
    """Return, group by horizon, whether the events so far are hidden."""
    if not rule.on:
        return np.zeros(events.shape, dtype=bool)
    new = np.diff(events, axis=1, prepend=0)
    cells = np.hstack([new, (sizes - events[:, -1])[:, None]])
    few = sizes_hidden
    also = np.repeat(few[:, None], cells.shape[1], axis=1)
    if whole is None and len(sizes) == 1:
        hidden = rule.hidden_one_way(cells[0])[None, :-1] | also
    else:
        shown = [whole is None or whole.shows("all", day, "events") for day in days]
        columns = None if whole is None else _hidden_parts(shown)
        hidden = rule.hidden(cells, rows_hidden=few, columns_hidden=columns, also=also)
        hidden = hidden[:-1, :-1]
    return np.array([_hidden_so_far(row) for row in hidden])


def _few_events(events: np.ndarray, rule: Disclosure) -> np.ndarray:
    """Return where events so far, or since the last horizon with enough, are few."""
    few = np.zeros(events.shape, dtype=bool)
    for place, row in enumerate(events):
        last = 0
        for step, count in enumerate(row):
            few[place, step] = rule.hides(int(count)) or rule.hides(int(count) - last)
            last = last if few[place, step] else int(count)
    return few


def _hidden_parts(shown_so_far: list[bool]) -> list[bool]:
    """Return which new events of all children, and the rest, are hidden.

    Events between two horizons are known when both sums are shown.
    """
    before = [True, *shown_so_far[:-1]]
    parts = [not (a and b) for a, b in zip(before, shown_so_far, strict=True)]
    return [*parts, not shown_so_far[-1]]


def _hidden_so_far(parts: np.ndarray) -> list[bool]:
    """Tell for each horizon whether the sum up to it is hidden.

    It is shown where every part of it is, or where every later part is (it is
    then the size of the group less those).
    """
    return [
        bool(parts[: last + 1].any() and parts[last + 1 :].any()) for last in range(len(parts) - 1)
    ]


def _hidden_at_risk(
    at_risk: np.ndarray,
    events: np.ndarray,
    events_hidden: np.ndarray,
    sizes: np.ndarray,
    sizes_hidden: np.ndarray,
    rule: Disclosure,
    whole: ReleasedFollowUp | None,
    days: list[int],
) -> np.ndarray:
    hidden = np.zeros(at_risk.shape, dtype=bool)
    if not rule.on:
        return hidden
    left = sizes[:, None] - at_risk
    for place in range(len(sizes)):
        last_left = last_other = 0
        for step in range(len(days)):
            other = int(left[place, step] - events[place, step])
            small = rule.hides(int(at_risk[place, step])) or bool(sizes_hidden[place])
            small |= rule.hides(int(left[place, step])) or rule.hides(
                int(left[place, step]) - last_left
            )
            if not events_hidden[place, step]:
                small |= rule.hides(abs(other)) or rule.hides(abs(other - last_other))
            hidden[place, step] = small
            if not small:
                last_left, last_other = int(left[place, step]), other
    for step, day in enumerate(days):
        if whole is not None and whole.shows("all", day, "at_risk"):
            _complement(hidden[:, step], left[:, step], rule)
    return hidden


def _complement(hidden: np.ndarray, left: np.ndarray, rule: Disclosure) -> None:
    """Hide further groups until the hidden ones together are, or lost, no small number."""
    if not hidden.any():
        return
    order = [place for place in np.argsort(left, kind="stable") if not hidden[place]]
    for place in order:
        if hidden.sum() > 1 and left[hidden].sum() >= rule.below:
            return
        hidden[place] = True


def leaves_few(counts: pd.DataFrame, horizons: Sequence[int], rule: Disclosure) -> bool:
    """Tell whether an outcome beside another would give back a small difference.

    Parameters
    ----------
    counts : pandas.DataFrame
        As for `release_follow_up`; without ``more`` nothing is given back.
    horizons : sequence of int
        Days to be shown.
    rule : Disclosure
        The rule of the release.
    """
    if "more" not in counts:
        return False
    listed = counts[counts["time"].isin([0, *horizons])].sort_values("time")
    new = listed.groupby("group")["more"].diff().fillna(0)
    so_far = listed["more"]
    return any(rule.hides(count) for count in [*new, *so_far])


def _points(
    own: pd.DataFrame, steps: pd.DataFrame, anchors: list[int], rule: Disclosure
) -> pd.DataFrame:
    """Choose the points of a curve: at least ``below`` events, or none, between two."""
    own = own[own["incidence"].notna()]
    if not rule.on:
        return own.reset_index()
    own = own[~steps["changed"].reindex(own.index, fill_value=False) | own.index.isin(anchors)]
    counted = steps[[name for name in ("events", "more") if name in steps]]
    chosen: list[int] = []
    start = 0
    for anchor in anchors:
        last = start
        for day in (day for day in own.index if start < day < anchor):
            new = counted.loc[day] - counted.loc[last]
            rest = counted.loc[anchor] - counted.loc[day]
            few = any(rule.hides(count) for count in [*new, *rest])
            if new["events"] and not few and not rule.hides(steps.loc[day, "at_risk"]):
                chosen.append(day)
                last = day
        chosen.append(anchor)
        start = anchor
    return own.loc[[day for day in chosen if day in own.index]].reset_index()
