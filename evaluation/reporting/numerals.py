"""How numbers are printed: counts, shares, differences per 100, ratios, months.

A cell is a number, a text, ``SUPPRESSED``, or missing; zero, suppressed and missing
stay three things.
"""

import math
from typing import Any

import pandas as pd

SUPPRESSED = "s"
MISSING = "–"
MINUS = "−"
DAYS_PER_MONTH = 30.4375
PER_100 = 100


def is_missing(value: Any) -> bool:
    """Tell whether a cell holds nothing."""
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    return isinstance(value, float) and math.isnan(value)


def show(value: Any, kind: str = "text") -> str:
    """Print a cell.

    Parameters
    ----------
    value : object
        A number, a text, `SUPPRESSED` or missing.
    kind : str
        ``text``, ``count``, ``percent`` (of a share, one decimal), ``per100`` (a
        signed difference of shares per 100, one decimal), ``signed`` (two decimals with a
        sign), ``ratio`` (two decimals), ``tenths`` and ``hundredths`` (one and two
        decimals), ``decimal`` (three significant digits), ``p`` (three decimals).

    Returns
    -------
    str
    """
    if is_missing(value):
        return MISSING
    if isinstance(value, str) or kind == "text":
        return str(value)
    return _WRITE[kind](float(value))


def rate_kind(per: int) -> str:
    """Return how a rate is printed: per 100 with one decimal, others with two."""
    return "tenths" if per == PER_100 else "hundredths"


def months(days: float) -> int:
    """Return whole months nearest to a number of days (30.4375 days each)."""
    return round(days / DAYS_PER_MONTH)


def by_month(days: float) -> str:
    """Say a horizon: "month 12"; days under half a month stay days."""
    return f"month {months(days)}" if months(days) else f"day {days:g}"


def interval(low: Any, high: Any, kind: str) -> str:
    """Print two limits: "0.61 to 0.94"."""
    if is_missing(low) and is_missing(high):
        return MISSING
    if SUPPRESSED in (low, high):
        return SUPPRESSED
    return f"{show(low, kind)} to {show(high, kind)}"


def compact(low: Any, high: Any, kind: str) -> str:
    """Print two limits for a narrow column: "0.61–0.94", "−5.9 to −0.7"."""
    joined = "–" if kind == "ratio" else " to "
    return interval(low, high, kind).replace(" to ", joined)


def signed(value: float, decimals: int) -> str:
    """Print with a sign that a reader cannot overlook; what rounds to zero has none."""
    text = f"{abs(value):.{decimals}f}"
    if float(text) == 0:
        return text
    return f"{MINUS if value < 0 else '+'}{text}"


def in_hundred(share: float) -> str:
    """Print a share as whole children per 100; under one and over 99 with care."""
    per_100 = 100 * share
    if 0 < per_100 < 0.5:
        return "fewer than 1 in 100"
    if 99.5 < per_100 < 100:
        return "more than 99 in 100"
    return f"{per_100:.0f} in 100"


def _ratio(value: float) -> str:
    if value >= 99.95:
        return "over 100" if math.isfinite(value) else "∞"
    return f"{value:.2f}"


def _p(value: float) -> str:
    return "<0.001" if value < 0.0005 else f"{value:.3f}"


_WRITE = {
    "count": lambda value: f"{value:,.0f}".replace("-", MINUS),
    "percent": lambda value: f"{100 * value:.1f}%",
    "per100": lambda value: signed(100 * value, 1),
    "signed": lambda value: signed(value, 2),
    "ratio": _ratio,
    "tenths": lambda value: f"{value:,.1f}".replace("-", MINUS),
    "hundredths": lambda value: f"{value:,.2f}".replace("-", MINUS),
    "decimal": lambda value: f"{value:.3g}".replace("-", MINUS),
    "p": _p,
}
