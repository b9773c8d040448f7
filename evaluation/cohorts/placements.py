"""Placements within episodes: settings, trial home visits, what they say of a child at exit."""

import ibis
from ibis.expr.types import BooleanValue, Table

from evaluation.cohorts.episodes import FOREVER, PERMANENCY
from evaluation.cohorts.facts import Facts
from evaluation.cohorts.records import Records, last_of, true

VISIT = "trial_home_visit"
RELATIVE = "relative_foster_home"
CONGREGATE = ("group_home", "shelter", "residential_treatment", "child_care_institution")
NOT_SETTINGS = (VISIT, "runaway", "hospital", "juvenile_justice_facility")
RETURNED = "returned_from_visit"

_USED = (
    "placement_id",
    "child_id",
    "start_date",
    "end_date",
    "type",
    "kin",
    "trial_home_visit",
    "with_siblings",
    "household_id",
    "end_reason",
)
_STAY = ("child_id", "removal_date", "discharge_date")
_BY_DATE = ("start_date", "last_day", "placement_id")


def is_visit(rows: Table) -> BooleanValue:
    """Return whether a placement is a trial home visit: by its flag, else by its type."""
    return rows.trial_home_visit.fill_null(true(rows.type == VISIT))


def is_kin(rows: Table) -> BooleanValue:
    """Return whether a placement is with kin: by its flag, else by its type."""
    return rows.kin.fill_null(true(rows.type == RELATIVE))


def placements_within(records: Records, stays: Table) -> Table:
    """Put each placement into the episode of the child in which it begins.

    The dates decide: a placement belongs to the episode whose days, from
    removal to the day before discharge, hold its start (the day of removal
    also where the stay lasted no night). It is cut at the discharge. Others
    belong to none and are not used.

    Parameters
    ----------
    records : Records
    stays : ibis.Table
        Episodes of children, or exits: ``child_id``, ``removal_date``, ``discharge_date``
        and what else is wanted of each.

    Returns
    -------
    ibis.Table
        What is used of each placement, the columns of its stay, ``last_day`` (the end,
        or the discharge if earlier; far ahead while both are open),
        ``is_visit`` and ``is_kin``.
    """
    forever = ibis.literal(FOREVER, type="date")
    rows = records.optional("placements").select(*_USED)
    found = rows.join(stays, "child_id")
    left = found.discharge_date.fill_null(forever)
    within = (found.removal_date <= found.start_date) & (
        (found.start_date < left) | (found.start_date == found.removal_date)
    )
    found = found.filter(within)
    found = found.mutate(
        last_day=ibis.least(found.end_date.fill_null(forever), left),
        is_visit=is_visit(found),
        is_kin=is_kin(found),
    )
    return found.drop("end_date", "kin", "trial_home_visit")


def trial_visits(records: Records, episodes: Table) -> Table:
    """Find every trial home visit and how it ended.

    Visits with no other setting between them are one. A visit ended on the
    first of: the day another setting began, its last day where its record says
    that the child returned, a discharge that was not to permanency. Otherwise
    it went on to the discharge, or still goes on.

    Parameters
    ----------
    records : Records
    episodes : ibis.Table
        From `removal_episodes`.

    Returns
    -------
    ibis.Table
        ``child_id``, ``number`` (of the episode), ``visit`` (1, 2, …),
        ``visit_date`` (its first day), ``visit_household``, ``is_final`` (the
        last of the episode), ``returned_date`` (missing if it did not end in
        care).
    """
    order = ibis.window(group_by=["child_id", "number"], order_by=_BY_DATE)
    so_far = ibis.cumulative_window(group_by=["child_id", "number"], order_by=_BY_DATE)
    rows = placements_within(records, episodes.select(*_STAY, "number"))
    rows = rows.mutate(before=rows.is_visit.lag().over(order))
    opens = rows.is_visit & ~rows.before.fill_null(False)
    rows = rows.mutate(opens=opens.cast("int32"))
    rows = rows.mutate(visit=rows.opens.sum().over(so_far).cast("int32"))
    rows = rows.filter(rows.visit > 0)
    within = ibis.window(group_by=["child_id", "number", "visit"], order_by=_BY_DATE)
    rows = rows.mutate(is_first=ibis.row_number().over(within) == 0)
    says = rows.is_visit & true(rows.end_reason == RETURNED)
    visits = rows.group_by("child_id", "number", "visit").aggregate(
        visit_date=rows.start_date.min(),
        other=rows.start_date.min(where=~rows.is_visit),
        said=rows.last_day.max(where=says),
        visit_household=rows.household_id.max(where=rows.is_first),
    )
    lost = ~episodes.in_care & true(episodes.discharge_reason.notin(PERMANENCY))
    ends = episodes.select(
        "child_id",
        "number",
        lost=lost.ifelse(episodes.discharge_date, ibis.null("date")),
    )
    visits = visits.join(ends, ["child_id", "number"])
    final = visits.visit == visits.visit.max().over(ibis.window(group_by=["child_id", "number"]))
    lost = final.ifelse(visits.lost, ibis.null("date"))
    return visits.select(
        "child_id",
        "number",
        "visit",
        "visit_date",
        "visit_household",
        is_final=final,
        returned_date=ibis.least(visits.other, visits.said, lost),
    )


def placement_history(records: Records, exits: Table) -> Facts:
    """Return what the placements of the episode say on the day of exit.

    The columns are ``placements`` (settings; trial visits, runaway, hospital
    and juvenile justice are none, as in the federal count of moves),
    ``kin_care`` and ``congregate_care`` (ever), ``trial_home_visits``
    (placements on a visit), ``last_placement`` (the type of the last setting)
    and ``placed_with_siblings`` (there, with every sibling in care). Only
    placements begun before the index date are looked at. Missing where no
    placement of the episode is on record.
    """
    stays = exits.select(*_STAY, "exit_id", "index_date")
    rows = placements_within(records, stays)
    rows = rows.filter(rows.start_date < rows.index_date)
    rows = rows.mutate(
        is_setting=rows.type.fill_null("unknown").notin(NOT_SETTINGS) & ~rows.is_visit
    )
    last = last_of(rows, ["type", "with_siblings"], _BY_DATE, rows.is_setting)
    found = rows.group_by("exit_id").aggregate(
        placements=rows.is_setting.cast("int32").sum().cast("int32"),
        kin_care=(rows.is_setting & rows.is_kin).any(),
        congregate_care=(rows.is_setting & true(rows.type.isin(CONGREGATE))).any(),
        trial_home_visits=rows.is_visit.cast("int32").sum().cast("int32"),
        last=last,
    )
    found = found.mutate(
        last_placement=found.last["type"], placed_with_siblings=found.last["with_siblings"]
    ).drop("last")
    return Facts(found)
