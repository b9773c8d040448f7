"""Business days: Monday to Friday, without the holidays of a policy's calendar."""

import datetime

import holidays
import ibis
import numpy as np
import pandas as pd
from ibis.expr.types import Table

from evaluation.practice.policy import Calendar

DATES = "datetime64[D]"


def holidays_of(calendar: Calendar, years: range) -> list[datetime.date]:
    """Return the days off a calendar names: federal ones as observed, and its own."""
    federal = []
    if calendar.holidays == "us-federal":
        federal = list(holidays.country_holidays("US", years=years))
    return sorted({*federal, *calendar.extra})


def business_day(dates: np.ndarray, number: int, calendar: Calendar) -> np.ndarray:
    """Return the ``number``-th business day after each date; before it where negative.

    Counting starts on the next business day: the third business day after a
    Wednesday is the Monday, after a Saturday the Wednesday. For 0 it is the
    date itself.

    Parameters
    ----------
    dates : numpy.ndarray
        Dates as ``datetime64[D]``.
    number : int
    calendar : Calendar

    Returns
    -------
    numpy.ndarray of datetime64[D]
    """
    dates = np.asarray(dates, dtype=DATES)
    if number == 0 or not len(dates):
        return dates
    first, last = (int(str(day)[:4]) for day in (dates.min(), dates.max()))
    days_off = holidays_of(calendar, range(first - 1, last + 2))
    roll = "backward" if number > 0 else "forward"
    return np.busday_offset(dates, number, roll=roll, holidays=np.array(days_off, dtype=DATES))


def shifts(first: datetime.date, last: datetime.date, number: int, calendar: Calendar) -> Table:
    """Return every date of a span beside its ``number``-th business day: ``day``, ``shifted``."""
    dates = np.arange(first, last + datetime.timedelta(days=1), dtype=DATES)
    frame = pd.DataFrame({"day": dates, "shifted": business_day(dates, number, calendar)})
    frame = frame.astype("datetime64[s]")
    return ibis.memtable(frame).cast({"day": "date", "shifted": "date"})
