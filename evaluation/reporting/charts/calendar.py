"""Records per month and table, so that a missing upload shows."""

import pandas as pd
from matplotlib.patches import Rectangle

from evaluation.errors import OutputError
from evaluation.reporting.charts import style
from evaluation.reporting.charts.chart import Chart
from evaluation.reporting.charts.frame import Frame, content_width
from evaluation.reporting.charts.lettering import line_height, wrap

CHART = "calendar"
_LABEL = 1.6
_STRIP = 0.34
_BETWEEN = 0.16
_AXIS = 0.24
_TALLEST = 2.0
_FEWEST_INCHES = 0.45
_BAR = 0.86


@style.house_style()
def calendar(
    table: pd.DataFrame,
    *,
    title: str,
    subtitle: str,
    source: str,
    note: str = "",
    name: str = CHART,
    width: float = style.FULL_WIDTH,
) -> Chart:
    """Draw a bar per month and a strip per table; a month far below its neighbours is marked.

    Parameters
    ----------
    table : pandas.DataFrame
        ``label`` (the strip), ``month`` (its first day), ``level`` (rows as a share of the
        strip's typical month) and ``gap`` (whether the month is far below those around it).
    title, subtitle, source : str
        The finding; what is measured; the last line.
    note, name, width
        As in :func:`incidence`.

    Returns
    -------
    Chart

    Raises
    ------
    OutputError
        If the table holds no month.
    """
    if table.empty:
        raise OutputError(
            "The calendar cannot be drawn because no table has a date: check the data first."
        )
    labels = list(dict.fromkeys(table["label"]))
    total = content_width(width)
    first, last = table["month"].min(), table["month"].max()
    start = first.year
    months = (last.year - start + 1) * 12
    names = {label: wrap(label, _LABEL - 0.15, style.SMALL_SIZE) for label in labels}
    heights = {
        label: max(_STRIP, len(lines) * line_height(style.SMALL_SIZE))
        for label, lines in names.items()
    }
    body = sum(heights.values()) + _BETWEEN * len(labels) + _AXIS
    frame = Frame(title, subtitle, [note] if note else [], source, body, width)
    axis_width = total - _LABEL
    y = 0.0
    for label in labels:
        height = heights[label]
        strip = table[table["label"] == label]
        frame.centred(0, y + height / 2, names[label], size=style.SMALL_SIZE)
        axes = frame.axes(_LABEL, y, axis_width, height)
        axes.set_xlim(0, months)
        axes.set_ylim(0, _TALLEST)
        places = [(m.year - start) * 12 + m.month - 1 for m in strip["month"]]
        for place, level in zip(places, strip["level"].clip(upper=_TALLEST), strict=True):
            bar = Rectangle((place, 0), _BAR, level, facecolor=style.SERVICE, linewidth=0)
            axes.add_artist(bar)
        marked = [place + _BAR / 2 for place, gap in zip(places, strip["gap"], strict=True) if gap]
        axes.plot(
            marked,
            [0.25] * len(marked),
            linestyle="none",
            marker="x",
            markersize=4,
            color=style.FAILED,
            markeredgewidth=1.4,
        )
        frame.rule((_LABEL, total), (y + height, y + height))
        y += height + _BETWEEN
    _years(frame, start, months // 12, axis_width, y - _BETWEEN + 0.06)
    gaps = int(table["gap"].sum())
    alt = (
        f"Bar strips, one per table ({', '.join(labels)}): records per month from {first:%Y-%m} to "
        f"{last:%Y-%m}, as a share of the table's typical month; {gaps} months are marked as far "
        "below those around them."
    )
    return Chart(name, title, frame.figure, table, alt, note, _summary(table))


def _years(frame: Frame, start: int, years: int, width: float, y: float) -> None:
    """Write years beneath, as many as there is room for."""
    step = max(1, -(-int(_FEWEST_INCHES * years * 1000) // int(width * 1000)))
    for n in range(0, years, step):
        x = _LABEL + n * width / years
        frame.rule((x, x), (y - 0.06, y - 0.01))
        frame.lines(x, y, [str(start + n)], size=style.SMALL_SIZE, colour=style.SECONDARY)


def _summary(table: pd.DataFrame) -> pd.DataFrame:
    rows = [
        (label, f"{strip['month'].min():%Y-%m}", f"{strip['month'].max():%Y-%m}",
         len(strip), int((strip["level"] == 0).sum()), int(strip["gap"].sum()))
        for label, strip in table.groupby("label", sort=False)
    ]  # fmt: skip
    columns = ["strip", "first_month", "last_month", "months", "months_without_rows", "marked"]
    return pd.DataFrame(rows, columns=columns)
