"""Events on the row a case counts from: judged there, without joining its table to itself."""

import operator
from functools import reduce

import ibis
from ibis.expr.types import DateValue, IntegerValue, Table

from evaluation.practice.conditions import holds
from evaluation.practice.days import falls
from evaluation.practice.policy import Event, Measure


def looks_elsewhere(measure: Measure) -> bool:
    """Tell whether a measure looks in other rows than the one its case counts from."""
    return any(event.link == "case" for event in measure.events)


def _own_events(measure: Measure) -> list[Event]:
    return [event for event in measure.events if event.link == "row"]


def own_days(measure: Measure, rows: Table) -> dict[str, DateValue]:
    """Return the days the anchor's own rows give the events of a measure; else missing."""
    days = {}
    for place, event in enumerate(_own_events(measure)):
        held = holds(rows, event.where)
        days[f"on_{place}"] = held.ifelse(rows[event.date], ibis.null("date"))
        if event.until:
            days[f"until_{place}"] = rows[event.until]
    return days


def own_found(measure: Measure, cases: Table) -> IntegerValue:
    """Return 1 where an event on the anchor's own row falls into the window, else 0."""
    found = [
        cases[f"on_{place}"].notnull()
        & falls(cases[f"on_{place}"], cases[f"until_{place}"] if event.until else None, cases)
        for place, event in enumerate(_own_events(measure))
    ]
    return reduce(operator.or_, found, ibis.literal(False)).cast("int32")
