"""Dates as whole days since 1970-01-01, many at a time."""

import datetime

import numpy as np

FloatDays = np.ndarray
IntDays = np.ndarray


def day(date: datetime.date) -> int:
    """Return a date as days since 1970-01-01."""
    return (date - datetime.date(1970, 1, 1)).days


def iso(days: np.ndarray) -> np.ndarray:
    """Return days as ISO text; days that are not finite become None."""
    days = np.asarray(days, dtype=float)
    known = np.isfinite(days)
    text = np.datetime_as_string(np.where(known, days, 0).astype("int64").astype("datetime64[D]"))
    return np.where(known, text.astype(object), None)


def completed_years(birth: IntDays, on: IntDays) -> np.ndarray:
    """Return completed years of age: a birthday on 29 February completes on 1 March."""
    birth_year, birth_month, birth_day = _parts(birth)
    year, month, day_of_month = _parts(on)
    not_yet = (month < birth_month) | ((month == birth_month) & (day_of_month < birth_day))
    return year - birth_year - not_yet


def birthday(birth: IntDays, years: int) -> IntDays:
    """Return the day a child completes some years; 29 February becomes 1 March."""
    year, month, day_of_month = _parts(birth)
    first = ((year + years - 1970) * 12 + month - 1).astype("datetime64[M]").astype("datetime64[D]")
    return first.astype("int64") + day_of_month - 1


def _parts(days: IntDays) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    dates = np.asarray(days).astype("int64").astype("datetime64[D]")
    months = dates.astype("datetime64[M]").astype("int64")
    day_of_month = (dates - dates.astype("datetime64[M]")).astype("int64") + 1
    return months // 12 + 1970, months % 12 + 1, day_of_month
