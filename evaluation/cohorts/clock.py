"""The clock: birthdays, and the first of the things that end a child's follow-up."""

from dataclasses import dataclass

import ibis
from ibis.expr.types import DateValue, IntegerValue, Table

NONE, OUTCOME, COMPETING = 0, 1, 2


def birthday(birth: DateValue, age: int, months: int = 0) -> DateValue:
    """Return the day a child reaches an age; 29 February becomes 1 March.

    Parameters
    ----------
    birth : date expression
    age, months : int
        Years and further months.
    """
    reached = birth + ibis.interval(months=12 * age + months)
    clipped = reached.day() < birth.day()
    return clipped.ifelse(reached + ibis.interval(days=1), reached)


def completed_months(day: DateValue, birth: DateValue) -> IntegerValue:
    """Return completed months of age, from year, month and day parts.

    A month is complete on the same day of the month; where a month is too
    short for that day, on the first of the next.
    """
    months = 12 * (day.year() - birth.year()) + day.month() - birth.month()
    return (months - (day.day() < birth.day()).cast("int32")).cast("int32")


def completed_years(day: DateValue, birth: DateValue) -> IntegerValue:
    """Return age in completed years, from year, month and day parts."""
    years = day.year() - birth.year()
    before = (day.month() < birth.month()) | (
        (day.month() == birth.month()) & (day.day() < birth.day())
    )
    return (years - before.cast("int32")).cast("int32")


@dataclass(frozen=True)
class End:
    """A thing that can end follow-up.

    Parameters
    ----------
    reason : str
        The value of ``end_reason``.
    event : int
        0 censored, 1 outcome, 2 competing.
    day : ibis.expr.types.IntegerValue
        Its day since the index date; missing if it does not happen.
    """

    reason: str
    event: int
    day: IntegerValue


def first_end(exits: Table, begin: int | IntegerValue, ends: list[End]) -> Table:
    """Return when and why each exit's follow-up ends.

    Parameters
    ----------
    exits : ibis.Table
        One row per exit, with ``exit_id``.
    begin : int or ibis.expr.types.IntegerValue
        The day after which the child is at risk, one for all or each its own.
    ends : list of End
        In the order that decides between ends on one day: outcome, competing
        events, censoring.

    Returns
    -------
    ibis.Table
        ``exit_id``, ``begin``, ``end``, ``event``, ``end_reason``; exits with
        no day at risk (``end <= begin``) are in it too.
    """
    days = {f"day_{place}": end.day for place, end in enumerate(ends)}
    first_day = ibis.literal(begin) if isinstance(begin, int) else begin
    timed = exits.mutate(**days, begin=first_day.cast("int32"))
    timed = timed.mutate(end=ibis.least(*(timed[name] for name in days)).cast("int32"))
    first = [(timed[name] == timed.end, end) for name, end in zip(days, ends, strict=True)]
    return timed.select(
        "exit_id",
        begin=timed.begin,
        end=timed.end,
        event=ibis.cases(*((hit, end.event) for hit, end in first)).cast("int32"),
        end_reason=ibis.cases(*((hit, end.reason) for hit, end in first)),
    )
