"""Siblings: who was in care with a child, and whose return concerns the child's home."""

import ibis
from ibis.expr.types import IntegerValue, Table

from evaluation.cohorts.clock import birthday
from evaluation.cohorts.facts import Facts
from evaluation.cohorts.records import days_between, true
from evaluation.cohorts.services import STILL_OPEN
from evaluation.study import CohortRules


def sibling_stays(exits: Table, episodes: Table, rules: CohortRules) -> Table:
    """Pair each reunification with stays that hold back or restart its window.

    Parameters
    ----------
    exits : ibis.Table
        The cohort.
    episodes : ibis.Table
        All candidates.
    rules : CohortRules

    Returns
    -------
    ibis.Table
        ``exit_id``, ``index_date``, ``sibling``, ``holds`` (in care on the day
        of the exit and bound for the household), ``released_day`` (when it no
        longer holds the window back), ``starts`` (its return begins the window
        again) and ``start_date``.
    """
    at_home = exits.filter(
        (exits.discharge_reason == "reunification") & exits.household_id.notnull()
    )
    stays = episodes.filter((episodes.standing != "protective") & (episodes.visit == 0))
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
    by_home = by_home.filter(~true(by_home.removal_family_id == by_home.family))
    pairs = ibis.union(by_family, by_home)
    pairs = pairs.filter(pairs.sibling != pairs.child_id)
    elsewhere = pairs.bound_if_named & true(pairs.home != pairs.household_id)
    holds = (
        (pairs.removal_date <= pairs.index_date)
        & (pairs.gone > pairs.index_date).fill_null(True)
        & ~elsewhere
    )
    here = pairs.returned & true(pairs.home == pairs.household_id)
    counts = ibis.literal(True) if rules.support_restart == "every return" else pairs.first_return
    starts = here & (pairs.left > pairs.index_date) & (counts | holds)
    pairs = pairs.mutate(holds=true(holds), starts=true(starts))
    pairs = pairs.filter(pairs.holds | pairs.starts)
    return pairs.select(
        "exit_id",
        "index_date",
        "sibling",
        "holds",
        "starts",
        start_date=pairs.left,
        released_day=days_between(pairs.gone, pairs.index_date).fill_null(STILL_OPEN),
    )


def siblings_in_care(exits: Table, episodes: Table) -> Facts:
    """Return ``siblings_in_care``: siblings who were in care during the child's stay.

    Children of the same removal family with a stay that overlaps the child's
    own, looking no further than the index date; missing without a family.
    """
    stays = episodes.filter((episodes.standing != "protective") & (episodes.visit == 0))
    stays = stays.select(
        sibling="child_id", family="removal_family_id", taken="removal_date", left="discharge_date"
    )
    base = exits.select("exit_id", "child_id", "removal_family_id", "removal_date", "index_date")
    pairs = base.join(stays, base.removal_family_id == stays.family)
    together = (pairs.taken <= pairs.index_date) & (
        pairs.left.isnull() | (pairs.left > pairs.removal_date)
    )
    pairs = pairs.filter((pairs.sibling != pairs.child_id) & together)
    found = pairs.group_by("exit_id").aggregate(siblings_in_care=pairs.sibling.nunique())
    found = found.mutate(siblings_in_care=found.siblings_in_care.cast("int32"))
    return Facts(found, {"siblings_in_care": _none_if_known})


def _none_if_known(exits: Table) -> IntegerValue:
    return exits.removal_family_id.notnull().ifelse(
        ibis.literal(0, type="int32"), ibis.null("int32")
    )
