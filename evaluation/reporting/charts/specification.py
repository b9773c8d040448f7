"""Specification curve: one estimate for each way of making the comparison, in order."""

import numpy as np
import pandas as pd

from evaluation.reporting.charts import style
from evaluation.reporting.charts.chart import Chart
from evaluation.reporting.charts.frame import Frame, content_width, words
from evaluation.reporting.charts.lettering import clean, line_height
from evaluation.reporting.charts.rows import Row, RowSheet
from evaluation.reporting.charts.tables import checked, interval, numbers, spoken

CHART = "specification"
_LIMITS = ("estimate", "ci_low", "ci_high")
_STEPS = (0.5, 1, 2, 5, 10, 20, 50, 100)


@style.house_style()
def specification(
    table: pd.DataFrame,
    *,
    title: str,
    subtitle: str,
    source: str,
    no_difference: float = 0.0,
    head: str = "Difference per 100",
    note: str = "",
    name: str = CHART,
    width: float = style.FULL_WIDTH,
) -> Chart:
    """Draw the estimates of several specifications beside each other, in order of size.

    Parameters
    ----------
    table : pandas.DataFrame
        ``variant``, ``estimate``, ``ci_low``, ``ci_high`` (limits may be missing) and
        ``main``: whether it is the study's own. In the unit printed.
    title, subtitle, source : str
        The finding; what is measured, for whom; the last line.
    no_difference : float
        Where the dark line stands.
    head : str
        What the numbers are.
    note, name, width
        As in :func:`incidence`.

    Returns
    -------
    Chart
        The study's own specification is a filled square, the others are hollow.

    Raises
    ------
    OutputError
        If the table is missing, empty or wrong.
    """
    given = checked(table, ["variant", *_LIMITS, "main"], CHART)
    for column in _LIMITS:
        given[column] = numbers(given, column, CHART)
    given = given.sort_values("estimate", kind="stable").reset_index(drop=True)
    cells = [
        interval(row.estimate, row.ci_low, row.ci_high, "{:+.1f}", " to ")
        if no_difference == 0
        else interval(row.estimate, row.ci_low, row.ci_high, "{:.2f}", " to ")
        for row in given.itertuples()
    ]
    names = [clean(row.variant) for row in given.itertuples()]
    rows = [Row(text, (cell,)) for text, cell in zip(names, cells, strict=True)]
    sheet = RowSheet(rows, [head], content_width(width))
    ticks = _ticks(given, no_difference)
    low, across = ticks[0], ticks[-1] - ticks[0]

    def place(value: float) -> float:
        return (value - low) / across

    notes = [clean(note)] if note else []
    notes.append("Filled square: the study's own choice; hollow: other choices.")
    frame = Frame(title, subtitle, notes, source, sheet.height + 0.07 + line_height(), width)
    axes = sheet.draw(frame)
    sheet.ticks(frame, ticks, place, lambda value: f"{value:g}", no_difference)
    for at, row in enumerate(given.itertuples()):
        _mark(axes, sheet.middle(at), row, place)
    said = " ".join(f"{text}: {spoken(cell)}." for text, cell in zip(names, cells, strict=True))
    return Chart(
        name=name,
        title=clean(title),
        figure=frame.figure,
        table=given[["variant", *_LIMITS]].assign(
            main=given["main"].map({True: "yes", False: "no"})
        ),
        alt=words("Specification curve.", subtitle, said, note),
        note=words(*notes),
    )


def _ticks(given: pd.DataFrame, no_difference: float) -> list[float]:
    """Return round ticks that hold every estimate, limit and no difference."""
    values = [*given[list(_LIMITS)].to_numpy(float).ravel(), no_difference]
    low, high = np.nanmin(values) - no_difference, np.nanmax(values) - no_difference
    scale = 1.0 if no_difference == 0 else 0.1
    step = next((s * scale for s in _STEPS if (high - low) / (s * scale) <= 6), _STEPS[-1] * scale)
    first, last = int(np.floor(low / step)), int(np.ceil(high / step))
    first, last = min(first, -1), max(last, 1)
    return [round(no_difference + step * k, 6) for k in range(first, last + 1)]


def _mark(axes, y: float, row, place) -> None:
    colour = style.SERVICE if row.main else style.COMPARISON
    if not (np.isnan(row.ci_low) or np.isnan(row.ci_high)):
        axes.hlines(y, place(row.ci_low), place(row.ci_high), color=colour, lw=1.9, zorder=2)
    axes.plot(
        place(row.estimate),
        y,
        "s",
        ms=6.8,
        color=colour,
        mfc=colour if row.main else style.PAPER,
        mew=1.4,
        clip_on=False,
        zorder=3,
    )
