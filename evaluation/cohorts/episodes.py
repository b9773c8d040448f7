"""Removal episodes: adjoining spells joined, and what each stay counts as."""

import datetime

import ibis
from ibis.expr.types import Table

from evaluation.cohorts.records import Records, days_between, first_of, last_of, true
from evaluation.study import CohortRules

FOREVER = datetime.date(9999, 12, 31)
PERMANENCY = ("reunification", "relative", "guardianship", "adoption")

_AT_REMOVAL = ("removal_reasons", "custody")
_AT_DISCHARGE = ("discharge_reason", "household_id", "county", "agency")


def minimum_custody_days(rules: CohortRules) -> int:
    """Return how long a stay opened by temporary physical custody must last to be one, in days."""
    return max(rules.min_days_exit, rules.min_days_reentry)


def removal_episodes(records: Records) -> Table:
    """Join removal spells to episodes and say what each counts as.

    Spells of a child at most ``merge_gap_days`` apart, overlapping or nested
    are one episode. Its discharge is that of the spell that ends last (on a
    tie the one that began last, then the larger ``removal_id``); reasons and
    legal basis of removal are those of its first spell; county, agency and
    household those of its last.

    Parameters
    ----------
    records : Records

    Returns
    -------
    ibis.Table
        One row per episode: ``child_id``, ``number`` (1, 2, … by date),
        ``removal_date``, ``discharge_date`` and ``discharge_reason`` (missing
        while the child is in care), ``spells``, ``days`` (length, up to the
        last day covered if still in care), ``in_care``, ``unsettled``
        (discharged so late that the next spell could still join),
        ``never_closed`` (an open spell is followed by another),
        ``standing`` (``stay``, ``short``, ``protective`` or ``undetermined``:
        whether it counts as a removal after an exit), and the agency's own
        columns of the last spell.
    """
    rules = records.rules
    extra = records.extra_columns("removals")
    spells = _numbered(records.table("removals"), rules.merge_gap_days)
    first = first_of(spells, _AT_REMOVAL, ["removal_date", "removal_id"])
    leaving = [*_AT_DISCHARGE, *extra]
    last = last_of(spells, leaving, ["last_day", "removal_date", "removal_id"])
    episodes = spells.group_by("child_id", "number").aggregate(
        removal_date=spells.removal_date.min(),
        last_day=spells.last_day.max(),
        spells=spells.count(),
        never_closed=true(
            spells.removal_date.min(where=spells.discharge_date.isnull())
            < spells.removal_date.max()
        ),
        first=first,
        last=last,
    )
    episodes = episodes.mutate(
        **{name: episodes.first[name] for name in _AT_REMOVAL},
        **{name: episodes.last[name] for name in leaving},
    ).drop("first", "last")
    return _with_standing(episodes, rules, records.through("removals"))


def _numbered(removals: Table, gap: int) -> Table:
    forever = ibis.literal(FOREVER, type="date")
    spells = removals.mutate(last_day=removals.discharge_date.fill_null(forever))
    order = [spells.removal_date, spells.last_day, spells.removal_id]
    before = ibis.window(group_by="child_id", order_by=order, preceding=(None, 1))
    spells = spells.mutate(covered_to=spells.last_day.max().over(before))
    apart = days_between(spells.removal_date, spells.covered_to) > gap
    opens = (spells.covered_to.isnull() | true(apart)).cast("int32")
    so_far = ibis.cumulative_window(group_by="child_id", order_by=order)
    return spells.mutate(opens=opens).mutate(number=lambda t: t.opens.sum().over(so_far))


def _with_standing(episodes: Table, rules: CohortRules, through: datetime.date) -> Table:
    end_of_data = ibis.literal(through, type="date")
    in_care = episodes.last_day == ibis.literal(FOREVER, type="date")
    episodes = episodes.mutate(
        in_care=in_care,
        discharge_date=in_care.ifelse(ibis.null("date"), episodes.last_day),
        days=days_between(in_care.ifelse(end_of_data, episodes.last_day), episodes.removal_date),
    )
    unsettled = ~episodes.in_care & true(
        days_between(end_of_data + ibis.interval(days=0), episodes.discharge_date)
        <= rules.merge_gap_days
    )
    custody = true(episodes.custody == "temporary_physical_custody")
    minimum = custody.ifelse(minimum_custody_days(rules), rules.min_days_reentry)
    brief = episodes.days < minimum
    return episodes.mutate(
        unsettled=unsettled,
        standing=ibis.cases(
            (~brief, "stay"),
            (episodes.in_care | unsettled, "undetermined"),
            (custody, "protective"),
            else_="short",
        ),
    ).drop("last_day")


def next_removals(episodes: Table) -> Table:
    """Add to each episode when the child is next removed.

    Adds ``next_removal_date`` (the first later episode that counts as a stay),
    ``undetermined_date`` (the start of a later stay too recent to tell),
    ``prior_episodes`` (earlier ones, protective actions left out) and
    ``short_returns`` (later stays too short to count).
    """
    of_child = {"group_by": "child_id", "order_by": episodes.number}
    later = ibis.window(**of_child, following=(1, None))
    earlier = ibis.window(**of_child, preceding=(None, 1))

    def started_as(standing: str):
        return (episodes.standing == standing).ifelse(episodes.removal_date, ibis.null("date"))

    counted = (episodes.standing != "protective").cast("int32")
    too_short = episodes.standing.isin(["short", "protective"]).cast("int32")
    return episodes.mutate(
        next_removal_date=started_as("stay").min().over(later),
        undetermined_date=started_as("undetermined").min().over(later),
        prior_episodes=counted.sum().over(earlier).fill_null(0).cast("int32"),
        short_returns=too_short.sum().over(later).fill_null(0).cast("int32"),
    )
