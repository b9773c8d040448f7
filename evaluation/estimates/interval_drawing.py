"""Charts of estimates with intervals, one line each."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from evaluation.estimates import drawing as house

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW = 0.3


def draw_intervals(
    labels: Sequence[str],
    value: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    *,
    axis_label: str,
    reference: float | None = None,
    logarithmic: bool = False,
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
    ax : Axes, optional
        A new figure by default.

    Returns
    -------
    Axes
    """
    labels = [str(text) for text in labels]
    value, low, high = (np.asarray(v, float) for v in (value, low, high))
    drawn = np.isfinite(value) & np.isfinite(low) & np.isfinite(high)
    if logarithmic:
        drawn &= (value > 0) & (low > 0)
    own_figure = ax is None
    if own_figure:
        ax = house.figure(height=1.1 + _ROW * len(labels), shown=True)[1]
    with house.house_style():
        house.style_axes(ax, "x")
        if logarithmic:
            ax.set_xscale("log")
        for k in np.flatnonzero(drawn):
            ax.plot([low[k], high[k]], [k, k], color=house.SERVICE, linewidth=1.6)
            clear = reference is None or low[k] > reference or high[k] < reference
            face = house.SERVICE if clear else "white"
            ax.plot([value[k]], [k], "s", color=house.SERVICE, markerfacecolor=face, markersize=6)
        if reference is not None:
            ax.axvline(reference, color=house.COMPARISON, linewidth=1)
        for k in np.flatnonzero(~drawn):
            ax.annotate(
                "no finite estimate",
                (0.5, k),
                xycoords=("axes fraction", "data"),
                va="center",
                ha="center",
                color=house.SECONDARY,
                backgroundcolor="white",
            )
        ax.set_yticks(range(len(labels)), labels)
        ax.set_ylim(len(labels) - 0.4, -0.6)
        ax.set_xlabel(axis_label)
        if logarithmic:
            _ratio_ticks(ax)
        if own_figure:
            widest = max(house.text_width(ax, text) for text in labels)
            left = min(widest + 0.2, 0.6 * house.WIDTH)
            house.set_margins(ax, left=left, right=0.2, top=0.15, bottom=0.6)
    return ax


def _ratio_ticks(ax: "Axes") -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    low, high = ax.get_xlim()
    wide = high / low > 50
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    ax.set_xlim(low, high)
