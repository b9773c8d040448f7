"""Charts of curves: steps, bands, labels at the lines, numbers at risk beneath."""

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from evaluation.estimates import drawing as house
from evaluation.estimates.headings import Heading, of_curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evaluation.estimates.curves import Curves

DAYS_PER_MONTH = 365.25 / 12
_MONTHS = (1, 2, 3, 6, 12, 24, 36, 60, 120)
_MOST_TICKS = 6
_LABEL_CHARACTERS = 20
_ROW = 0.19
_AXIS_ROOM = 0.52


def draw_curves(
    result: "Curves", cause: int | None, ax: "Axes | None", days: bool, comparison: int | None
) -> "Axes":
    """Draw a result's curves of one cause.

    Parameters
    ----------
    result : Curves
    cause : int or None
    ax : Axes or None
        A new figure if None, whose margins then fit what is written around it.
    days : bool
        Times are days; the axis is marked in months.
    comparison : int or None
        Position of the group drawn in grey and dashed.

    Returns
    -------
    Axes
    """
    table = result.table if cause is None else result.table[result.table["cause"] == cause]
    labels = [str(g) for g in result.groups]
    own_figure = ax is None
    value = result.value_name
    if own_figure:
        last = float(table["time"].max())
        ticks, _ = ticks_of_time(last, days)
        month = DAYS_PER_MONTH if days else None
        finding = of_curves(table, value, result.groups, ticks, month)
        about = result.axis_label if cause is None else f"{result.axis_label} of cause {cause}"
        heading = Heading(finding, f"{about}. {result.summary()}")
        height = house.HEIGHT + 2 * _ROW * len(labels) + heading.room()
        ax = house.figure(height=height, shown=True)[1]
    with house.house_style():
        styles = house.line_styles(len(labels), comparison)
        ends = []
        for group, style in zip(result.groups, styles, strict=True):
            ends.append(_draw_one(ax, table[table["group"] == group], value, style))
        ticks = _time_axis(ax, table["time"].max(), days)
        _share_axis(ax, result.axis_label)
        folded = [wrapped(text) for text in labels]
        rows = _numbers_at_risk(result, cause, ticks)
        if own_figure:
            named = folded if len(labels) > 1 else []
            widest = max((house.text_width(ax, w, weight="semibold") for w in named), default=0)
            beneath = _AXIS_ROOM + _ROW * (1 + 2 * len(rows)) + 0.06
            house.set_margins(ax, left=0.75, right=0.3 + widest, top=heading.room(), bottom=beneath)
            heading.write(ax)
        if len(labels) > 1:
            house.label_lines(ax, ends, folded, [s.color for s in styles])
        _write_numbers(ax, ticks, labels, rows, [s.color for s in styles])
    return ax


def wrapped(label: object) -> str:
    """Fold a group's name so that it fits beside the end of its line."""
    return fill(str(label), _LABEL_CHARACTERS)


def _draw_one(ax: "Axes", part, value_name: str, style: house.LineStyle) -> float:
    """Draw one group's steps and band; return the height of its end."""
    origin = 0.0 if value_name != "survival" else 1.0
    first = min(0.0, float(part["time"].min()))
    time = np.concatenate([[first], part["time"]])
    value = np.concatenate([[origin], part[value_name]])
    low = np.concatenate([[origin], part["ci_low"].fillna(part[value_name])])
    high = np.concatenate([[origin], part["ci_high"].fillna(part[value_name])])
    ax.fill_between(
        time, low, high, step="post", color=style.color, alpha=house.BAND_OPACITY, linewidth=0
    )
    ax.step(time, value, where="post", color=style.color, linestyle=style.dash, linewidth=1.8)
    return float(value[-1])


def ticks_of_time(last: float, days: bool) -> tuple[np.ndarray, list[str]]:
    """Return where a time axis is marked, in data units, and how; months for days."""
    from matplotlib.ticker import MaxNLocator

    if days:
        reached = last / DAYS_PER_MONTH
        step = next((m for m in _MONTHS if reached / m <= _MOST_TICKS + 0.5), _MONTHS[-1])
        months = np.arange(0, reached, step, dtype=int)
        return months * DAYS_PER_MONTH, [str(m) for m in months]
    found = MaxNLocator(_MOST_TICKS - 1).tick_values(0, last)
    found = found[(found >= 0) & (found <= last)]
    return found, [f"{t:,.6g}" for t in found]


def _time_axis(ax: "Axes", last: float, days: bool) -> np.ndarray:
    """Mark the time axis; return the ticks in data units."""
    ticks, marks = ticks_of_time(last, days)
    ax.set_xticks(ticks, marks)
    ax.set_xlabel("Months" if days else "Time", loc="right")
    ax.set_xlim(0.0, last)
    return ticks


def _share_axis(ax: "Axes", label: str) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    ax.set_ylim(bottom=0)
    if label.startswith("Share"):
        ax.set_ylim(top=min(ax.get_ylim()[1], 1.0))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:g}%"))
    ax.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    ax.set_ylabel(label)


def _numbers_at_risk(
    result: "Curves", cause: int | None, ticks: np.ndarray
) -> list[tuple[list[int], list[int]]]:
    """Return per group the rows at risk at, and events up to, each tick."""
    read = result.risk_table(ticks)
    if cause is not None:
        read = read[read["cause"] == cause]
    parts = [read[read["group"] == group] for group in result.groups]
    return [(part["at_risk"].tolist(), part["events"].tolist()) for part in parts]


def _write_numbers(
    ax: "Axes",
    ticks: np.ndarray,
    labels: list[str],
    rows: list[tuple[list[int], list[int]]],
    colors: list[str],
) -> None:
    """Write the numbers beneath the axis, each group under its name."""

    def write(text: str, x: float, row: float, coords: str, color: str, **more) -> None:
        depth = -house.POINTS_PER_INCH * (_AXIS_ROOM + _ROW * row)
        ax.annotate(
            text,
            (x, 0),
            xytext=(0, depth),
            xycoords=(coords, "axes fraction"),
            textcoords="offset points",
            va="bottom",
            color=color,
            fontsize=house.SMALL_SIZE,
            annotation_clip=False,
            **more,
        )

    write("At risk (events so far), unweighted", 0, 1, "axes fraction", house.SECONDARY)
    for k, (label, (at_risk, events), color) in enumerate(zip(labels, rows, colors, strict=True)):
        write(label, 0, 2 + 2 * k, "axes fraction", color, fontweight="semibold")
        for tick, n, d in zip(ticks, at_risk, events, strict=True):
            text = f"{n:,} ({d:,})" if d else f"{n:,}"
            align = "left" if tick == ticks[0] else "center"
            write(text, tick, 3 + 2 * k, "data", color, ha=align)
