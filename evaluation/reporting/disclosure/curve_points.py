"""Which points of curves may stand beside each other, and beside the tables."""

from dataclasses import replace

import pandas as pd

from evaluation.reporting.disclosure.follow_up import LEAST_STEPS, ReleasedFollowUp
from evaluation.reporting.disclosure.rule import Disclosure


def without_common_points(
    everyone: ReleasedFollowUp, groups: ReleasedFollowUp, rule: Disclosure
) -> ReleasedFollowUp:
    """Take from the curve of all children the days between horizons that some group lacks.

    Where nobody is censored a share is a count, and what the curve of all has beyond those
    of the groups shown on a day is the count of the group that is not.
    """
    if not rule.on or everyone.curve.empty:
        return everyone
    return _at(everyone, _days_of_all(groups) | set(everyone.horizons))


def without_lone_points(
    everyone: ReleasedFollowUp, groups: ReleasedFollowUp, rule: Disclosure
) -> ReleasedFollowUp:
    """Take from the curves of groups the days listed of all children that some group lacks.

    Days that the groups list too are protected together; on others, what all children have
    beyond the groups drawn is the count of the group that is not.
    """
    elsewhere = set(everyone.horizons) - set(groups.horizons)
    while rule.on:
        lone = groups.curve["time"].isin(elsewhere - _days_of_all(groups))
        if not lone.any():
            break
        kept = groups.curve[~lone]
        kept = kept[kept.groupby("group")["time"].transform("size") >= LEAST_STEPS]
        groups = _with_curve(groups, kept)
    return groups


def at_horizons(released: ReleasedFollowUp, rule: Disclosure) -> ReleasedFollowUp:
    """Keep of unweighted curves the points at the horizons, which are protected together."""
    return _at(released, set(released.horizons)) if rule.on else released


def _days_of_all(groups: ReleasedFollowUp) -> set:
    """Return the days on which the curve of every group has a point."""
    names = set(groups.at_risk["group"])
    drawn = groups.curve.groupby("time")["group"].agg(set)
    return {day for day, found in drawn.items() if found == names}


def _at(released: ReleasedFollowUp, days: set) -> ReleasedFollowUp:
    kept = released.curve[released.curve["time"].isin(days)]
    return _with_curve(released, kept if len(kept) >= LEAST_STEPS else kept.iloc[:0])


def _with_curve(released: ReleasedFollowUp, kept: pd.DataFrame) -> ReleasedFollowUp:
    """Keep some points of the curves, and say of whom none is left."""
    gone = [group for group in released.curve["group"].unique() if group not in set(kept["group"])]
    curve = kept.reset_index(drop=True)
    return replace(released, curve=curve, not_drawn=(*released.not_drawn, *gone))
