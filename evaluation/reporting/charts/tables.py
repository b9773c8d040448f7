"""What a chart asks of the table it is given, and how its numbers are written."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pandas as pd

from evaluation.errors import OutputError
from evaluation.reporting.charts.lettering import clean

SUPPRESSED = "s"
MISSING = "–"
DAYS_IN = {"days": 1.0, "months": 30.4375, "years": 365.25}


def checked(table: object, columns: Iterable[str], chart: str, what: str = "table") -> pd.DataFrame:
    """Return a copy of the table with a plain index, or say what it lacks.

    Parameters
    ----------
    table : pandas.DataFrame
        What the chart is to draw.
    columns : iterable of str
        Columns the chart cannot do without.
    chart : str
        The chart, for the error.
    what : str
        What the table is called in the chart's signature, for the error.

    Raises
    ------
    OutputError
        If it is not a table, has no rows or lacks a column.
    """
    if not isinstance(table, pd.DataFrame):
        raise OutputError(
            f"The {chart} chart cannot be drawn because its {what} is a "
            f"{type(table).__name__}: give a pandas DataFrame."
        )
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise OutputError(
            f"The {chart} chart cannot be drawn because its {what} lacks the column "
            f"{', '.join(missing)}; it has {', '.join(map(str, table.columns)) or 'none'}."
        )
    if table.empty:
        raise OutputError(
            f"The {chart} chart cannot be drawn because its {what} has no rows: say in the "
            f"text why there is nothing to show, and leave the chart out."
        )
    return table.reset_index(drop=True).copy()


def numbers(
    table: pd.DataFrame,
    column: str,
    chart: str,
    *,
    low: float = -np.inf,
    high: float = np.inf,
    optional: bool = False,
) -> pd.Series:
    """Return a column as floats; suppressed and missing values are NaN.

    Raises
    ------
    OutputError
        If a value is neither a number nor suppressed (``s``) nor missing, or
        lies outside `low` to `high`.
    """
    if optional and column not in table.columns:
        return pd.Series(np.nan, index=table.index, dtype=float)
    values = []
    for row, value in zip(table.index, table[column], strict=True):
        if is_missing(value) or is_suppressed(value):
            values.append(np.nan)
            continue
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = np.nan
        if not low <= number <= high:
            limits = "" if low == -np.inf else f" between {low:g} and {high:g}"
            raise OutputError(
                f"The {chart} chart cannot be drawn because {column} in row {row} is "
                f"{clean(value)!r}: give a number{limits}, {SUPPRESSED!r} or a missing value."
            )
        values.append(number)
    return pd.Series(values, index=table.index, dtype=float)


def is_suppressed(value: object) -> bool:
    """Tell whether disclosure control put ``s`` in the place of a number."""
    return isinstance(value, str) and value.strip() == SUPPRESSED


def is_missing(value: object) -> bool:
    """Tell whether there is no value at all."""
    return value is None or value is pd.NA or value is pd.NaT or value != value or value == ""


def written(value: object, form: str | Callable[[float], str] = "{:,.0f}") -> str:
    """Write one number; suppressed stays ``s``, missing is an en dash."""
    if is_missing(value):
        return MISSING
    if is_suppressed(value):
        return SUPPRESSED
    return minus(form(float(value)) if callable(form) else form.format(float(value)))


def interval(
    estimate: object,
    low: object,
    high: object,
    form: str | Callable[[float], str],
    joined: str = "–",
) -> str:
    """Write an estimate with its limits, as ``0.76 (0.61–0.94)``."""
    middle = written(estimate, form)
    if middle in (MISSING, SUPPRESSED) or (is_missing(low) and is_missing(high)):
        return middle
    return f"{middle} ({written(low, form)}{joined}{written(high, form)})"


def spoken(text: str) -> str:
    """Put what is written into words for a text that is read aloud."""
    return {SUPPRESSED: "suppressed", MISSING: "not known"}.get(text, text)


def as_ratio(value: float) -> str:
    """Write a ratio with two decimals, or as few as a very large one needs."""
    if 0 < value < 0.005:
        return "<0.01"
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def minus(text: str) -> str:
    """Write the sign of a negative number as a minus, and no negative zero."""
    if not any(digit in text for digit in "123456789"):
        return text.lstrip("+-")
    return text.replace("-", "−")


def percent(share: float, step: float = 0.01) -> str:
    """Write a share as a percentage, with the decimals that steps of `step` need."""
    decimals = next(d for d in range(5) if d == 4 or abs(round(100 * step, d) - 100 * step) < 1e-9)
    return f"{100 * share:.{decimals}f}%"


def in_hundred(share: float) -> str:
    """Write a share in words a reader can picture: ``9 in 100``, ``4 in 1,000``."""
    if np.isnan(share):
        return MISSING
    if share == 0 or share >= 0.0095:
        if 0.995 < share < 1:
            return "more than 99 in 100"
        return f"{100 * share:.0f} in 100"
    thousand = round(1000 * share)
    return f"{thousand} in 1,000" if thousand else "fewer than 1 in 1,000"


def period(day: float, unit: str) -> str:
    """Write a day on the clock of the axis: ``month 12`` for day 365."""
    value = day / DAYS_IN[unit]
    near = round(value)
    text = f"{near}" if abs(value - near) <= 0.11 else f"{value:.1f}"
    return f"{unit[:-1]} {text}"


def tick(day: float, unit: str) -> str:
    """Write a day as the number that stands under the axis."""
    return period(day, unit).split()[1]


def ordered(values: pd.Series, labels: Mapping | None, chart: str, what: str) -> tuple[list, dict]:
    """Return the distinct values in their fixed order and the label of each.

    The order is that of `labels`, else of a category, else of first appearance;
    never by result. What `labels` does not name comes last, under its own name.

    Raises
    ------
    OutputError
        If two values share a label.
    """
    present = [value for value in values.drop_duplicates() if not is_missing(value)]
    if labels is None and isinstance(values.dtype, pd.CategoricalDtype):
        listed = list(values.cat.categories)
    else:
        listed = list(labels or ())
    order = [value for value in listed if value in present]
    order += [value for value in present if value not in listed]
    names = {value: clean((labels or {}).get(value, value)) for value in order}
    if len(set(names.values())) < len(names):
        raise OutputError(
            f"The {chart} chart cannot be drawn because two of its {what}s carry the same "
            f"label: give each its own in labels."
        )
    return order, names
