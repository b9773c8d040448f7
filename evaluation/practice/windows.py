"""The support window of each household: the clock that fidelity is measured on.

METHODS 4 decides the state of a child on each day; a policy owes support to a
household, so here the windows themselves are listed, with those that a later
return replaced.
"""

import ibis
from ibis.expr.types import StringValue, Table

from evaluation.cohorts import Cohort
from evaluation.cohorts.records import days_between, true
from evaluation.cohorts.support import BEFORE
from evaluation.practice.days import OF_WINDOW
from evaluation.practice.policy import Measure, Policy


def asks_window(policy: Policy, measure: Measure) -> bool:
    """Return whether a measure reads anything of the household's window.

    What counts from the child's own exit by days of its own needs none.
    """
    bounds = {policy.offset(measure, end) for end in ("start", "stop")}
    return (
        measure.anchor.on != "exit"
        or measure.anchor.months_into_window > 0
        or measure.only_while_open
        or not bounds.isdisjoint(OF_WINDOW)
        or any(event.table is None for event in measure.events)
    )


def exits_reached(cohort: Cohort, policy: Policy) -> Table:
    """Return the exits a policy reaches, numbered, without their household's window.

    Returns
    -------
    ibis.Table
        ``exit_id``, ``child_id``, ``cluster``, ``flow_family``, ``removal_family_id``,
        ``household_id``, ``home`` (the household a child returned to), ``removal_date``,
        ``index_date``, ``left_date``; ``exit`` and ``family``, whole numbers in the order
        of ``exit_id`` and ``cluster``, which the engine joins and groups by sooner than text.
    """
    exits = cohort.stages.exits
    exits = exits.filter(exits.discharge_reason.isin(policy.window.exit_types))
    returned = exits.discharge_reason == "reunification"
    numbers = {"exit": exits.exit_id, "family": exits.family_id}
    numbers = {
        name: ibis.dense_rank().over(order_by=text).cast("int32") for name, text in numbers.items()
    }
    return cohort.stages.records.stage(
        exits.select(
            "exit_id",
            "child_id",
            "flow_family",
            "removal_family_id",
            "household_id",
            "removal_date",
            "index_date",
            **numbers,
            cluster="family_id",
            home=returned.ifelse(exits.household_id, ibis.null("string")),
            left_date=_left(exits),
        )
    )


def cases_of_support(cohort: Cohort, policy: Policy, exits: Table) -> tuple[Table, Table]:
    """Return the exits a policy reaches, with their household's window, and replaced windows.

    A window begins on the day the last child comes home: a later first return
    into the household replaces it while it is open, or if that child was in
    care when it began (rules R2 to R5 of the Milwaukee policy). A sibling's
    return from a re-entry replaces it only where the policy says so. Without a
    household on record, and for other exit types, the window is the child's
    own. Support ends with the window, on the day the case was closed, or when
    the last child of the household has left it (re-entry, age limit, death,
    move out), whichever is first.

    Parameters
    ----------
    cohort : Cohort
    policy : Policy
    exits : ibis.Table
        From `exits_reached`.

    Returns
    -------
    tuple of ibis.Table
        Exits: numbers and days of `exits_reached`, and ``unit`` (a whole number, even where
        the window is a household's; `unit_id` is its text), ``first_return``,
        ``window_start``, ``window_end`` (excluded), ``support_end`` (excluded), ``closed``
        (the first closure since the window began, even past its end), ``all_left`` (the day
        the last child had left), ``pre_window_days``, ``window_pending`` (a sibling bound
        for the household is still in care, so the window has yet to open).
        Replaced windows: ``unit_id``, ``start``, ``replaced_on``.
    """
    records = cohort.stages.records
    starts = records.stage(_household_starts(cohort, policy))
    final = starts.select("household", "opened", "start").distinct()
    order = [final.household, final.opened, final.start]
    final = final.mutate(place=ibis.row_number().over(order_by=order).cast("int32"))
    own = exits.join(
        final,
        [
            exits.home == final.household,
            exits.index_date >= final.opened,
            exits.index_date <= final.start,
        ],
        how="left",
    )
    shared = own.household.notnull()
    begins = shared.ifelse(own.start, own.index_date)
    cases = own.select(
        "exit_id",
        "exit",
        "family",
        "removal_date",
        "index_date",
        "left_date",
        unit=shared.ifelse(2 * own.place, 2 * own.exit + 1),
        window_start=begins,
        window_end=(begins + ibis.interval(months=policy.window.months)).cast("date"),
    )
    cases = _with_unit_dates(_with_pending(records.stage(cases), cohort), cohort)
    replaced = starts.filter(starts.replaced_on.notnull()).select(
        "replaced_on", unit_id="household", start="start_before"
    )
    return cases, replaced


def unit_id(windows: Table) -> StringValue:
    """Return the text that names the window of each exit: a household's, or a child's own."""
    household = "home " + windows.home + " " + windows.window_start.strftime("%Y-%m-%d")
    return (windows.unit % 2 == 0).ifelse(household, "child " + windows.exit_id)


def _left(exits: Table):
    """The day a child left the home: excluded from support."""
    moved = (exits.index_date + exits.move_day.as_interval("D")).cast("date")
    return ibis.least(exits.next_removal_date, exits.age_limit_date, exits.death_date, moved)


def _household_starts(cohort: Cohort, policy: Policy) -> Table:
    """Return every window of every household: when it opened and when it started for good."""
    stays = cohort.stages.candidates
    stays = stays.filter(
        (stays.standing != "protective")
        & true(stays.discharge_reason == "reunification")
        & stays.household_id.notnull()
    )
    if not policy.window.return_restarts:
        first = ibis.window(
            group_by=["child_id", "household_id"], order_by=[stays.removal_date, stays.number]
        )
        stays = stays.mutate(place=ibis.row_number().over(first))
        stays = stays.filter(stays.place == 0)
    days = stays.group_by(household=stays.household_id, day=stays.discharge_date)
    days = days.aggregate(in_care_since=stays.removal_date.min())
    order = ibis.window(group_by="household", order_by=days.day)
    before = days.day.lag().over(order)
    still_open = days.day < (before + ibis.interval(months=policy.window.months)).cast("date")
    continues = true(still_open) | true(days.in_care_since <= before)
    days = days.mutate(before=before, opens=(~continues).cast("int32"), continues=continues)
    so_far = ibis.cumulative_window(group_by="household", order_by=days.day)
    days = days.mutate(chain=days.opens.sum().over(so_far))
    within = ibis.window(group_by=["household", "chain"])
    return days.select(
        "household",
        "chain",
        "day",
        opened=days.day.min().over(within),
        start=days.day.max().over(within),
        start_before=days.continues.ifelse(days.before, ibis.null("date")),
        replaced_on=days.continues.ifelse(days.day, ibis.null("date")),
    )


def _with_pending(cases: Table, cohort: Cohort) -> Table:
    """Say for each exit whether the window has yet to open: a sibling is still in care."""
    through = ibis.literal(cohort.stages.records.through("removals"), type="date")
    waits = cohort.stages.support
    waits = waits.filter(waits.support_status == BEFORE).select("exit_id", "leave")
    last = waits.group_by("exit_id").aggregate(waits_to=waits.leave.max())
    cases = cases.left_join(last, "exit_id").drop("exit_id_right")
    day = days_between(through + ibis.interval(days=0), cases.index_date)
    return cases.mutate(window_pending=true(cases.waits_to >= day)).drop("waits_to")


def _with_unit_dates(cases: Table, cohort: Cohort) -> Table:
    closed = _closures(cases, cohort)
    cases = cases.left_join(closed, "exit_id").drop("exit_id_right")
    forever = ibis.literal("9999-12-31").cast("date")
    unit = ibis.window(group_by="unit")
    cases = cases.mutate(
        first_return=cases.index_date.min().over(unit),
        all_left=cases.left_date.fill_null(forever).max().over(unit),
        closed=cases.closed.min().over(unit),
        window_pending=cases.window_pending.any().over(unit),
    )
    return cohort.stages.records.stage(
        cases.drop("exit_id").mutate(
            support_end=ibis.least(cases.window_end, cases.closed, cases.all_left),
            pre_window_days=days_between(cases.window_start, cases.index_date),
        )
    )


def _closures(cases: Table, cohort: Cohort) -> Table:
    """Return the first closure that ends support on or after the day each window opened."""
    ends = cohort.stages.closures
    ends = ends.filter(ends.ends_window).select("exit_id", "closure_day")
    ends = ends.join(cases.select("exit_id", "index_date", "window_start"), "exit_id")
    ends = ends.filter(ends.closure_day >= days_between(ends.window_start, ends.index_date))
    first = ends.group_by("exit_id", "index_date").aggregate(day=ends.closure_day.min())
    closed = (first.index_date + first.day.as_interval("D")).cast("date")
    return first.select("exit_id", closed=closed)
