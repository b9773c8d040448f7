"""Which days count: the rows that fall into support, and the ends of each case's window."""

import datetime

import ibis
from ibis.expr.types import BooleanValue, DateValue, Table

from evaluation.cohorts.episodes import FOREVER
from evaluation.cohorts.records import days_between, true

_BOUNDS = {
    "removal": "removal_date",
    "return": "index_date",
    "window start": "window_start",
    "window end": "window_end",
    "support end": "support_end",
}
OF_WINDOW = ("window start", "window end", "support end")
_EXCLUDED = ("window end", "support end")
_FIRST = datetime.date(1, 1, 1)


def counted(cases: Table, past_window: bool):
    """Tell which rows of an anchor's table fall into support.

    From the first return on, while support lasts and on the day it ends for
    another reason than the window's; the anniversary counts where the case was
    closed on it. ``past_window`` adds the days up to the closing of a case
    that stayed open longer: after the last child left it within the window,
    after the window while a child was still at home.
    """
    day = cases.anchor_date
    inside = (day <= cases.support_end) & ((day < cases.window_end) | true(day == cases.closed))
    if past_window:
        late = (day <= cases.closed) & ((day < cases.window_end) | (day <= cases.all_left))
        begun = (cases.window_start <= day).ifelse(cases.window_start, ibis.null("date"))
        latest = begun.max().over(ibis.window(group_by="row"))
        inside = inside | true(late & (cases.window_start == latest))
    return inside & (day >= cases.first_return)


def shifted(cases: Table, offset: int | str | None, unit: str) -> DateValue:
    """Return an end of each case's window, counted in days or months or on a day of the case.

    The window and support end with the day before: the day itself is no longer in them.
    """
    if offset is None:
        return ibis.null("date")
    if isinstance(offset, str):
        day = cases[_BOUNDS[offset]]
        return (day - ibis.interval(days=1)).cast("date") if offset in _EXCLUDED else day
    if offset == 0:
        return cases.anchor_date
    step = ibis.interval(**{"months" if unit == "months" else "days": abs(offset)})
    moved = cases.anchor_date - step if offset < 0 else cases.anchor_date + step
    return moved.cast("date")


def within(day: DateValue, window: Table):
    """Tell whether a day lies in a case's window; an end that is missing is open."""
    return (day >= window.first_day.fill_null(_FIRST)) & (day <= window.due_date.fill_null(FOREVER))


def falls(day: DateValue, until: DateValue | None, window: Table) -> BooleanValue:
    """Tell whether an event falls into a window; one that lasts does on any day of it."""
    if until is None:
        return within(day, window)
    starts = (day <= window.due_date).fill_null(True)
    return starts & (until > window.first_day).fill_null(True)


def days_left(cases: Table, today: datetime.date):
    """Return whole days from a day to each case's due date."""
    return days_between(cases.due_date, ibis.literal(today, type="date"))
