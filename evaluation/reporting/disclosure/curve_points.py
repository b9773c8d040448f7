"""Which points of curves may stand beside each other, and beside the tables."""

from dataclasses import replace

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
    names = set(groups.at_risk["group"])
    drawn = groups.curve.groupby("time")["group"].agg(set)
    whole = {day for day, found in drawn.items() if found == names}
    return _at(everyone, whole | set(everyone.horizons))


def without_lone_points(
    everyone: ReleasedFollowUp, groups: ReleasedFollowUp, rule: Disclosure
) -> ReleasedFollowUp:
    """Take from the curves of groups the days listed of all children that some group lacks.

    Days that the groups list too are protected together; on others, what all children have
    beyond the groups drawn is the count of the group that is not.
    """
    elsewhere = set(everyone.horizons) - set(groups.horizons)
    names = set(groups.at_risk["group"])
    while rule.on:
        drawn = groups.curve.groupby("time")["group"].agg(set)
        lone = {day for day, found in drawn.items() if day in elsewhere and found != names}
        if not lone:
            break
        kept = groups.curve[~groups.curve["time"].isin(lone)]
        kept = kept[kept.groupby("group")["time"].transform("size") >= LEAST_STEPS]
        gone = [name for name in groups.curve["group"].unique() if name not in set(kept["group"])]
        groups = replace(
            groups, curve=kept.reset_index(drop=True), not_drawn=(*groups.not_drawn, *gone)
        )
    return groups


def at_horizons(released: ReleasedFollowUp, rule: Disclosure) -> ReleasedFollowUp:
    """Keep of unweighted curves the points at the horizons, which are protected together."""
    return _at(released, set(released.horizons)) if rule.on else released


def _at(released: ReleasedFollowUp, days: set) -> ReleasedFollowUp:
    kept = released.curve[released.curve["time"].isin(days)].reset_index(drop=True)
    if len(kept) < LEAST_STEPS:
        kept = kept.iloc[:0]
    gone = [group for group in released.curve["group"].unique() if group not in set(kept["group"])]
    return replace(released, curve=kept, not_drawn=(*released.not_drawn, *gone))
