"""The support window as a state that changes with time."""

import ibis
from ibis.expr.types import Table

from evaluation.cohorts.clock import birthday
from evaluation.cohorts.records import Records, days_between, true
from evaluation.cohorts.services import STILL_OPEN
from evaluation.study import CohortRules

BEFORE, IN, AFTER = "before", "in", "after"


def support_intervals(exits: Table, episodes: Table, records: Records) -> Table:
    """Say in which state of the support window a child is, day by day.

    For reunification the household decides. *Before*: from the child's exit
    while a sibling who was in care on that day and is bound for the household
    still is. *In*: from the last reunification into the household known by
    that day, for ``support_months`` calendar months, first day included,
    anniversary excluded. *After*: otherwise. A later first reunification into
    the household begins it again; a sibling's return from a re-entry does not.
    A sibling holds the window back until discharge, death or the age limit,
    unless the record of that stay names another household to be reunified
    with. Where the household is missing, and for other exit types, the
    window is the child's own.

    Parameters
    ----------
    exits : ibis.Table
        The cohort.
    episodes : ibis.Table
        All candidates: each child's episodes with family, household and dates.
    records : Records

    Returns
    -------
    ibis.Table
        ``exit_id``, ``support_status``, ``enter``, ``leave``: the state holds
        on the days of ``(enter, leave]``.
    """
    rules = records.rules
    at_home = exits.filter(
        (exits.discharge_reason == "reunification") & exits.household_id.notnull()
    )
    others = _siblings(at_home, episodes, rules)
    held = others.filter(others.holds).group_by("exit_id")
    held = held.aggregate(released=lambda t: t.released_day.max())
    own = exits.select("exit_id", "index_date", start_date="index_date")
    later = others.filter(others.starts).select("exit_id", "index_date", "start_date")
    windows = ibis.union(own, later, distinct=True)
    ends = windows.start_date + ibis.interval(months=rules.support_months)
    windows = windows.select(
        "exit_id",
        opens=days_between(windows.start_date, windows.index_date),
        closes=days_between(ends, windows.index_date),
    )
    return _states(exits, held, windows)


def _siblings(at_home: Table, episodes: Table, rules: CohortRules) -> Table:
    """Pair each reunification with stays that hold back or restart its window."""
    stays = episodes.filter(episodes.standing != "protective")
    into = true(stays.discharge_reason == "reunification")
    first_into = ibis.window(
        group_by=["child_id", "household_id", into], order_by=[stays.removal_date, stays.number]
    )
    stays = stays.mutate(first_return=into & (ibis.row_number().over(first_into) == 0))
    stays = stays.select(
        "first_return",
        "removal_date",
        sibling="child_id",
        family=stays.removal_family_id,
        home=stays.household_id,
        left=stays.discharge_date,
        returned=true(stays.discharge_reason == "reunification"),
        bound_if_named=stays.in_care | true(stays.discharge_reason == "reunification"),
        gone=ibis.least(
            stays.discharge_date, stays.death_date, birthday(stays.birth_date, rules.age_limit)
        ),
    )
    base = at_home.select("exit_id", "index_date", "child_id", "removal_family_id", "household_id")
    by_family = base.join(stays, base.removal_family_id == stays.family)
    by_home = base.join(stays, base.household_id == stays.home)
    pairs = ibis.union(by_family, by_home, distinct=True)
    pairs = pairs.filter(pairs.sibling != pairs.child_id)
    elsewhere = pairs.bound_if_named & true(pairs.home != pairs.household_id)
    holds = (
        (pairs.removal_date <= pairs.index_date)
        & (pairs.gone > pairs.index_date).fill_null(True)
        & ~elsewhere
    )
    here = pairs.returned & true(pairs.home == pairs.household_id)
    starts = here & (pairs.left > pairs.index_date) & (pairs.first_return | holds)
    return pairs.mutate(
        holds=holds,
        starts=true(starts),
        start_date=pairs.left,
        released_day=days_between(pairs.gone, pairs.index_date).fill_null(STILL_OPEN),
    )


def _states(exits: Table, held: Table, windows: Table) -> Table:
    """Turn releases and windows into disjoint intervals of one state each."""
    held = held.select("exit_id", "released")
    points = ibis.union(
        exits.select("exit_id", enter=ibis.literal(0, type="int32")),
        held.select("exit_id", enter=(held.released - 1).cast("int32")),
        windows.select("exit_id", enter=(windows.opens - 1).cast("int32")),
        windows.select("exit_id", enter=(windows.closes - 1).cast("int32")),
        distinct=True,
    )
    points = points.filter(points.enter >= 0)
    points = points.left_join(held, "exit_id").drop("exit_id_right")
    spans = points.join(windows, "exit_id")
    spans = spans.group_by("exit_id", "enter").aggregate(
        released=spans.released.max(),
        inside=((spans.opens <= spans.enter + 1) & (spans.enter + 1 < spans.closes)).any(),
    )
    state = ibis.cases(
        (true(spans.enter + 1 < spans.released), BEFORE), (spans.inside, IN), else_=AFTER
    )
    order = ibis.window(group_by="exit_id", order_by="enter")
    spans = spans.mutate(support_status=state)
    spans = spans.mutate(changed=spans.support_status != spans.support_status.lag().over(order))
    spans = spans.filter(spans.changed.fill_null(True))
    leave = spans.enter.lead().over(order).fill_null(STILL_OPEN).cast("int32")
    return spans.select("exit_id", "support_status", "enter", leave=leave)
