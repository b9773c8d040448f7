"""Court orders and closures of support beside the exits they concern."""

import ibis
from ibis.expr.types import Table

from evaluation.cohorts.records import Records, days_between, true
from evaluation.cohorts.services import STILL_OPEN, attach

NOT_LOCATED_DAYS = 60
REFUSED = "refused"


def orders_in_effect(records: Records, exits: Table) -> Table:
    """Return the days on which a court order makes support involuntary.

    Orders of the types in ``involuntary_orders``, from the first day of the
    order to the day before its end.

    Returns
    -------
    ibis.Table
        ``exit_id``, ``begins``, ``ends``: in effect on the days of
        ``[begins, ends)`` since the index date; `STILL_OPEN` without an end.
    """
    orders = attach(records.optional("legal_orders"), exits)
    orders = orders.filter(orders.type.isin(records.rules.involuntary_orders or ("",)))
    orders = orders.select(
        "exit_id",
        begins=days_between(orders.start_date, orders.index_date),
        ends=days_between(orders.end_date, orders.index_date).fill_null(STILL_OPEN),
    )
    return orders.filter(orders.ends > 0)


def attached_closures(records: Records, exits: Table, orders: Table) -> Table:
    """Attach closures to the exits they reach.

    Parameters
    ----------
    records : Records
    exits : ibis.Table
        The cohort.
    orders : ibis.Table
        From `orders_in_effect`.

    Returns
    -------
    ibis.Table
        One row per exit and closure: ``exit_id``, ``closure_id``, ``program``
        (missing when the support case closed), ``reach``, ``closure_day``
        (since the index date), ``reason``, ``voluntary`` (no order in effect
        that day; missing without the table legal_orders),
        ``days_without_contact``, ``ends_window`` (a closure of the support
        case for another reason than a refusal), ``finding`` (what the rules of
        closing do not allow, else missing): a refusal needs support that is
        voluntary, a family counts as not located after 60 days without
        contact, and the supervisor is consulted on or before every closure.
    """
    rows = attach(records.optional("closures"), exits)
    rows = rows.mutate(
        closure_day=days_between(rows.closure_date, rows.index_date),
        days_without_contact=days_between(rows.closure_date, rows.last_contact_date),
        unconsulted=true(rows.consultation_date > rows.closure_date),
    )
    pairs = rows.select("exit_id", "closure_id", "closure_day").join(orders, "exit_id")
    bound = pairs.filter((pairs.begins <= pairs.closure_day) & (pairs.closure_day < pairs.ends))
    bound = bound.select("exit_id", "closure_id", bound=ibis.literal(True)).distinct()
    rows = rows.left_join(bound, ["exit_id", "closure_id"])
    free = ~rows.bound.fill_null(False)
    known = ibis.literal(records.has("legal_orders"))
    rows = rows.mutate(voluntary=known.ifelse(free, ibis.null("boolean")))
    finding = ibis.cases(
        (
            (rows.reason == REFUSED) & true(~rows.voluntary),
            "refused while a court order made support involuntary",
        ),
        (
            (rows.reason == "not_located") & true(rows.days_without_contact < NOT_LOCATED_DAYS),
            f"closed as not located before {NOT_LOCATED_DAYS} days without contact",
        ),
        (rows.unconsulted, "supervisor consulted only after the closure"),
        else_=ibis.null("string"),
    )
    return rows.select(
        "exit_id",
        "closure_id",
        "program",
        "reach",
        "closure_day",
        "reason",
        "voluntary",
        "days_without_contact",
        ends_window=rows.program.isnull() & (rows.reason != REFUSED),
        finding=finding,
    )
