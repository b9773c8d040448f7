"""The support window as a state that changes with time."""

import ibis
from ibis.expr.types import DateValue, Table

from evaluation.cohorts.clock import birthday
from evaluation.cohorts.records import Records, days_between, true
from evaluation.cohorts.services import STILL_OPEN
from evaluation.cohorts.siblings import sibling_stays
from evaluation.study import CohortRules

BEFORE, IN, AFTER = "before", "in", "after"


def support_intervals(
    exits: Table, episodes: Table, records: Records, orders: Table, closures: Table
) -> Table:
    """Say in which state of the support window a child is, day by day.

    For reunification the household decides. *Before*: from the child's exit
    while a sibling who was in care on that day and is bound for the household
    still is. *In*: from the last reunification into the household known by
    that day, for ``support_months`` calendar months, first day included,
    anniversary excluded. *After*: otherwise. A later first reunification into
    the household begins it again; a sibling's return from a re-entry only with
    ``support_restart = "every return"``. A sibling holds the window back until
    discharge, death or the age limit, unless the record of that stay names
    another household to be reunified with. Where the household is missing, and
    for other exit types, the window is the child's own; for a trial home visit
    it begins with the discharge. A closure of the support case ends every
    window that had begun before it, except after a refusal: then the window
    runs on.

    Parameters
    ----------
    exits : ibis.Table
        The cohort.
    episodes : ibis.Table
        All candidates: each child's episodes with family, household and dates.
    records : Records
    orders : ibis.Table
        From `orders_in_effect`.
    closures : ibis.Table
        From `attached_closures`.

    Returns
    -------
    ibis.Table
        ``exit_id``, ``support_status``, ``support_voluntary`` (whether no
        court order makes support involuntary; missing after the window, and
        throughout without the table legal_orders), ``support_closure`` (the
        reason of the closure that ended the window early), ``enter``,
        ``leave``: the state holds on the days of ``(enter, leave]``.
    """
    rules = records.rules
    others = records.stage(sibling_stays(exits, episodes, rules))
    held = others.filter(others.holds).select("exit_id", "released_day")
    if rules.index_at == "visit start":
        own = exits.filter(exits.visit > 0)
        home = days_between(own.discharge_date, own.index_date).fill_null(STILL_OPEN)
        held = ibis.union(held, own.select("exit_id", released_day=home))
    held = held.group_by("exit_id").aggregate(released=held.released_day.max())
    began = (exits.visit > 0).ifelse(exits.discharge_date, exits.index_date)
    own = exits.select("exit_id", "index_date", start_date=began)
    own = own.filter(own.start_date.notnull())
    later = others.filter(others.starts).select("exit_id", "index_date", "start_date")
    windows = ibis.union(own, later, distinct=True)
    windows = windows.select(
        "exit_id",
        opens=days_between(windows.start_date, windows.index_date),
        closes=days_between(_anniversary(windows.start_date, rules), windows.index_date),
    )
    if records.has("closures"):
        windows = _cut_short(windows, closures)
    windows = records.stage(windows)
    return _states(exits, held, windows, orders if records.has("legal_orders") else None)


def _anniversary(start: DateValue, rules: CohortRules) -> DateValue:
    """Return the first day after the window; the 29th of February as the study says."""
    if rules.support_leap_day == "1 March":
        leap = (start.month() == 2) & (start.day() == 29)
        plain = start + ibis.interval(months=rules.support_months)
        return leap.ifelse(birthday(start, 0, months=rules.support_months), plain)
    return start + ibis.interval(months=rules.support_months)


def _cut_short(windows: Table, closures: Table) -> Table:
    """End each window at the first closure after it began, and keep the reason."""
    ends = closures.filter(closures.ends_window & (closures.closure_day > 0))
    ends = ends.select("exit_id", "closure_id", "closure_day", "reason")
    pairs = windows.join(ends, "exit_id")
    pairs = pairs.filter((pairs.closure_day > pairs.opens) & (pairs.closure_day < pairs.closes))
    order = ibis.window(
        group_by=["exit_id", "opens"], order_by=[pairs.closure_day, pairs.closure_id]
    )
    pairs = pairs.mutate(place=ibis.row_number().over(order))
    first = pairs.filter(pairs.place == 0)
    first = first.select("exit_id", "opens", closed="closure_day", closure="reason")
    windows = windows.left_join(first, ["exit_id", "opens"])
    return windows.select(
        "exit_id",
        "opens",
        "closure",
        closes=ibis.least(windows.closes, windows.closed).cast("int32"),
    )


def _states(exits: Table, held: Table, windows: Table, orders: Table | None) -> Table:
    """Turn releases, windows and orders into disjoint intervals of one state each."""
    ordered = [] if orders is None else [orders.begins, orders.ends]
    points = ibis.union(
        exits.select("exit_id", enter=ibis.literal(0, type="int32")),
        held.select("exit_id", enter=(held.released - 1).cast("int32")),
        windows.select("exit_id", enter=(windows.opens - 1).cast("int32")),
        windows.select("exit_id", enter=(windows.closes - 1).cast("int32")),
        *(orders.select("exit_id", enter=(day - 1).cast("int32")) for day in ordered),
        distinct=True,
    )
    points = points.filter(points.enter >= 0)
    points = points.left_join(held, "exit_id").drop("exit_id_right")
    spans = points.left_join(windows, "exit_id").drop("exit_id_right")
    spans = spans.mutate(day=spans.enter + 1)
    state = {
        "released": spans.released.max(),
        "inside": true((spans.opens <= spans.day) & (spans.day < spans.closes)).any(),
    }
    if "closure" in windows.columns:
        begun = true(spans.opens <= spans.day)
        spans = spans.mutate(latest=begun.ifelse(spans.opens, ibis.null("int32")))
        newest = ibis.window(group_by=["exit_id", "enter"])
        spans = spans.mutate(newest=spans.latest == spans.latest.max().over(newest))
        state["closure"] = spans.closure.max(where=true(spans.newest))
    spans = spans.group_by("exit_id", "enter").aggregate(**state)
    if "closure" not in spans.columns:
        spans = spans.mutate(closure=ibis.null("string"))
    state = ibis.cases(
        (true(spans.enter + 1 < spans.released), BEFORE), (spans.inside, IN), else_=AFTER
    )
    spans = spans.mutate(support_status=state)
    after = spans.support_status == AFTER
    spans = spans.mutate(support_closure=after.ifelse(spans.closure, ibis.null("string")))
    return _changes(_with_orders(spans, orders))


def _with_orders(spans: Table, orders: Table | None) -> Table:
    """Say of each state whether a court order makes support involuntary, where orders are known."""
    if orders is None:
        return spans.mutate(support_voluntary=ibis.null("boolean"))
    pairs = spans.select("exit_id", "enter").join(orders, "exit_id")
    day = pairs.enter + 1
    bound = pairs.filter((pairs.begins <= day) & (day < pairs.ends))
    bound = bound.select("exit_id", "enter", bound=ibis.literal(True)).distinct()
    spans = spans.left_join(bound, ["exit_id", "enter"]).drop("exit_id_right", "enter_right")
    owed = spans.support_status != AFTER
    free = ~spans.bound.fill_null(False)
    return spans.mutate(support_voluntary=owed.ifelse(free, ibis.null("boolean")))


def _changes(spans: Table) -> Table:
    """Keep the points at which the state changes."""
    order = ibis.window(group_by="exit_id", order_by="enter")
    mark = ibis.cases(
        (spans.support_voluntary.isnull(), "-"), (spans.support_voluntary, "yes"), else_="no"
    )
    state = spans.support_status + "|" + mark + "|" + spans.support_closure.fill_null("")
    spans = spans.mutate(state=state)
    spans = spans.mutate(changed=spans.state != spans.state.lag().over(order))
    spans = spans.filter(spans.changed.fill_null(True))
    leave = spans.enter.lead().over(order).fill_null(STILL_OPEN).cast("int32")
    return spans.select(
        "exit_id",
        "support_status",
        "support_voluntary",
        "support_closure",
        "enter",
        leave=leave,
    )
