"""Charts of ratios with intervals, one line a term."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from evaluation.estimates import drawing as house

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW = 0.3


def draw_ratios(
    labels: Sequence[str],
    ratio: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    *,
    axis_label: str,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw ratios on a logarithmic axis, filled where the interval excludes 1.

    Parameters
    ----------
    labels : sequence of str
    ratio, low, high : sequence of float
        Estimates and limits; one that is not finite is written, not drawn.
    axis_label : str
    ax : Axes, optional
        A new figure by default.

    Returns
    -------
    Axes
    """
    labels = [str(text) for text in labels]
    ratio, low, high = (np.asarray(v, float) for v in (ratio, low, high))
    own_figure = ax is None
    if own_figure:
        ax = house.figure(height=1.1 + _ROW * len(labels), shown=True)[1]
    with house.house_style():
        house.style_axes(ax, "x")
        ax.set_xscale("log")
        for k, (r, a, b) in enumerate(zip(ratio, low, high, strict=True)):
            if np.isfinite([r, a, b]).all() and r > 0:
                ax.plot([a, b], [k, k], color=house.SERVICE, linewidth=1.6)
                face = house.SERVICE if a > 1 or b < 1 else "white"
                ax.plot([r], [k], "s", color=house.SERVICE, markerfacecolor=face, markersize=6)
            else:
                ax.annotate(
                    "no finite estimate",
                    (1, k),
                    xytext=(4, 0),
                    textcoords="offset points",
                    va="center",
                    color=house.SECONDARY,
                )
        ax.axvline(1, color=house.COMPARISON, linewidth=1)
        ax.set_yticks(range(len(labels)), labels)
        ax.set_ylim(len(labels) - 0.4, -0.6)
        ax.set_xlabel(axis_label)
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
