"""Charts of estimates with intervals, one line each."""

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from evaluation.estimates import drawing as house

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW = 0.3
_LABEL_CHARACTERS = 44


def draw_intervals(
    labels: Sequence[str],
    value: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    *,
    axis_label: str,
    reference: float | None = None,
    logarithmic: bool = False,
    percent: bool = False,
    open_end: bool = False,
    missing: str = "no finite estimate",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw estimates and intervals, filled where the interval excludes the reference.

    Parameters
    ----------
    labels : sequence of str
    value, low, high : sequence of float
        Estimates and limits; one that is not finite is written, not drawn.
    axis_label : str
    reference : float, optional
        Value of no difference, marked by a line.
    logarithmic : bool
        Scale of the value axis.
    percent : bool
        Values are shares, marked in percent.
    open_end : bool
        Draw a value without an upper limit too, with an arrow to the right.
    missing : str
        What to write for a value that cannot be drawn.
    ax : Axes, optional
        A new figure by default.

    Returns
    -------
    Axes
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    labels = [fill(str(text), _LABEL_CHARACTERS) for text in labels]
    value, low, high = (np.asarray(v, float) for v in (value, low, high))
    drawn = np.isfinite(value)
    if not open_end:
        drawn &= np.isfinite(low) & np.isfinite(high)
    if logarithmic:
        drawn &= (value > 0) & (low > 0)
    lines = sum(1 + 0.6 * text.count("\n") for text in labels)
    own_figure = ax is None
    if own_figure:
        ax = house.figure(height=1.1 + _ROW * lines, shown=True)[1]
    with house.house_style():
        house.style_axes(ax, "x")
        if logarithmic:
            ax.set_xscale("log")
        if percent:
            ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:g}%"))
        if reference is not None:
            ax.axvline(reference, color=house.COMPARISON, linewidth=1)
        for k in np.flatnonzero(drawn):
            clear = reference is None or low[k] > reference or high[k] < reference
            _draw_one(ax, k, value[k], low[k], high[k], clear)
        for k in np.flatnonzero(~drawn):
            ax.annotate(
                missing,
                (0.5, k),
                xycoords=("axes fraction", "data"),
                va="center",
                ha="center",
                color=house.SECONDARY,
                backgroundcolor="white",
            )
        if not drawn.any():
            ax.set_xticks([])
        ax.set_yticks(range(len(labels)), labels)
        ax.set_ylim(len(labels) - 0.4, -0.6)
        ax.set_xlabel(axis_label)
        if logarithmic:
            _ratio_ticks(ax)
        else:
            ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        if own_figure:
            widest = max(house.text_width(ax, text) for text in labels)
            house.set_margins(ax, left=widest + 0.2, right=0.25, top=0.15, bottom=0.6)
    return ax


def _draw_one(ax: "Axes", row: int, value: float, low: float, high: float, clear: bool) -> None:
    """Draw one estimate; a limit that does not exist ends in an arrow at the axis."""
    begin, end = (value if np.isnan(limit) else limit for limit in (low, high))
    ax.plot([begin, end], [row, row], color=house.SERVICE, linewidth=1.6)
    face = house.SERVICE if clear else "white"
    ax.plot([value], [row], "s", color=house.SERVICE, markerfacecolor=face, markersize=6)
    if np.isnan(high):
        ax.annotate(
            "",
            (1, row),
            (end, row),
            xycoords=("axes fraction", "data"),
            textcoords="data",
            arrowprops={"arrowstyle": "->", "color": house.SERVICE, "linewidth": 1.6},
        )


def _ratio_ticks(ax: "Axes") -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    low, high = ax.get_xlim()
    wide = high / low > 50
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    ax.set_xlim(low, high)
