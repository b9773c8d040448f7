"""Overlap: how likely the served and the compared were to be served, one above the other."""

import numpy as np
import pandas as pd

from evaluation.reporting.charts import style
from evaluation.reporting.charts.chart import Chart
from evaluation.reporting.charts.frame import Frame, content_width, words
from evaluation.reporting.charts.lettering import clean, line_height, wrap
from evaluation.reporting.charts.tables import checked, numbers

CHART = "overlap"
_HALF = 0.95
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_AXIS_TITLE = "Estimated probability of being served"


@style.house_style()
def overlap(
    table: pd.DataFrame,
    *,
    title: str,
    subtitle: str,
    source: str,
    served: str,
    compared: str,
    note: str = "",
    name: str = CHART,
    width: float = style.FULL_WIDTH,
) -> Chart:
    """Draw the shares of both arms by their probability of being served, mirrored.

    Parameters
    ----------
    table : pandas.DataFrame
        ``low``, ``high`` (ends of a band of the probability), ``served``, ``compared``
        (shares of each arm within it): one service. The height of a bar is the share
        for each 0.05 of probability, so that wide bands do not look fuller.
    title, subtitle, source : str
        The finding; what is measured, for whom; the last line.
    served, compared : str
        The arms' printed names.
    note, name, width
        As in :func:`incidence`.

    Returns
    -------
    Chart

    Raises
    ------
    OutputError
        If the table is missing, empty or wrong.
    """
    given = checked(table, ["low", "high", "served", "compared"], CHART)
    for column in given.columns:
        given[column] = numbers(given, column, CHART, low=0, high=1)
    room = content_width(width)
    heads = [wrap(clean(text), room) for text in (served, compared)]
    above, below = (len(lines) * line_height() for lines in heads)
    base = above + 2 * _HALF
    body = base + below + 2 * line_height() + 0.1
    frame = Frame(title, subtitle, [note] if clean(note) else [], source, body, width)
    frame.lines(0, 0, heads[0], weight="semibold", colour=style.SERVICE)
    axes = frame.axes(0, above, room, 2 * _HALF)
    thickness = (given["high"] - given["low"]).to_numpy()
    tall = given[["served", "compared"]].to_numpy() / thickness[:, None] * 0.05
    axes.set_xlim(0, 1)
    axes.set_ylim(-tall.max() * 1.05, tall.max() * 1.05)
    look = {"align": "edge", "edgecolor": style.PAPER, "linewidth": 0.6}
    axes.bar(given["low"], tall[:, 0], thickness, color=style.SERVICE, **look)
    axes.bar(given["low"], -tall[:, 1], thickness, color=style.COMPARISON, hatch="//", **look)
    axes.axhline(0, color=style.AXIS, lw=0.8)
    frame.lines(0, base + line_height(), heads[1], weight="semibold", colour=style.COMPARISON)
    for value in _TICKS:
        align = "left" if value == 0 else "right" if value == 1 else "center"
        place = (value * room, base + 0.02, [f"{value:g}"])
        frame.lines(*place, align=align, colour=style.SECONDARY)
    titled = base + line_height()
    frame.lines(room, titled, [_AXIS_TITLE], align="right", colour=style.SECONDARY)
    return Chart(
        name=name,
        title=clean(title),
        figure=frame.figure,
        table=given,
        alt=words("Overlap plot.", subtitle, _in_words(given, served, compared), note),
        note=words(note),
    )


def _in_words(given: pd.DataFrame, served: str, compared: str) -> str:
    said = []
    for column, name in (("served", served), ("compared", compared)):
        there = given[given[column] > 0]
        middle = np.average((there["low"] + there["high"]) / 2, weights=there[column])
        said.append(
            f"{clean(name)}: from {there['low'].min():.2f} to {there['high'].max():.2f}, "
            f"{middle:.2f} on average."
        )
    return " ".join(said)
