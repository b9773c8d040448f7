"""Charts of estimates with intervals, one line each."""

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from evaluation.estimates import drawing as house
from evaluation.estimates.headings import Heading, of_intervals

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW = 0.3
_LABEL_CHARACTERS = 44
_LEAST_TICKS, _MOST_TICKS = 3, 8
_RATIO_STEPS = (
    (1.0,),
    (1.0, 2.0, 5.0),
    (1.0, 1.5, 2.0, 3.0, 5.0, 7.0),
    (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0),
    tuple(np.round(np.arange(1, 10, 0.1), 1)),
    tuple(np.round(np.arange(1, 10, 0.01), 2)),
)


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
    sides: tuple[str, str] | None = None,
    title: str | None = None,
    about: str = "",
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
    sides : tuple of str, optional
        What lies to the left and to the right of the reference, in words.
    title : str, optional
        The finding; by default which intervals exclude the reference.
    about : str
        What was measured, on how many.
    ax : Axes, optional
        A new figure by default.

    Returns
    -------
    Axes
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    labels = [fill(str(text), _LABEL_CHARACTERS) for text in labels]
    value, low, high = (np.asarray(v, float) for v in (value, low, high))
    drawn = np.isfinite(value) & (open_end | (np.isfinite(low) & np.isfinite(high)))
    drawn &= (not logarithmic) | ((value > 0) & (low > 0))
    if title is None and reference is not None:
        title = of_intervals(labels, low, high, reference, logarithmic)
    heading = Heading(title or axis_label, about)
    lines = sum(1 + 0.6 * text.count("\n") for text in labels)
    own_figure = ax is None
    top = heading.room() + (0.25 if sides else 0.05)
    if own_figure:
        ax = house.figure(height=top + 0.75 + _ROW * lines, shown=True)[1]
    with house.house_style():
        house.style_axes(ax, "x")
        if logarithmic:
            ax.set_xscale("log")
        if percent:
            ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:g}%"))
        if reference is not None:
            ax.axvline(reference, color=house.COMPARISON, linewidth=1)
        for k in range(len(labels)):
            if drawn[k]:
                clear = reference is None or low[k] > reference or high[k] < reference
                _draw_one(ax, k, value[k], low[k], high[k], clear)
            else:
                _write_missing(ax, k, missing)
        if not drawn.any():
            ax.set_xticks([])
        ax.set_yticks(range(len(labels)), labels)
        ax.set_ylim(len(labels) - 0.4, -0.6)
        ax.set_xlabel(axis_label)
        if logarithmic:
            _ratio_ticks(ax)
        else:
            ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        _write_sides(ax, sides)
        if own_figure:
            widest = max(house.text_width(ax, text) for text in labels)
            house.set_margins(ax, left=widest + 0.2, right=0.25, top=top, bottom=0.6)
            heading.write(ax)
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


def _write_missing(ax: "Axes", row: int, text: str) -> None:
    ax.annotate(
        text,
        (0.5, row),
        xycoords=("axes fraction", "data"),
        va="center",
        ha="center",
        color=house.SECONDARY,
        backgroundcolor="white",
    )


def _write_sides(ax: "Axes", sides: tuple[str, str] | None) -> None:
    """Say above the axes what its two sides mean, if anything."""
    if sides is None:
        return
    for x, text, align in ((0, f"← {sides[0]}", "left"), (1, f"{sides[1]} →", "right")):
        ax.annotate(
            text,
            (x, 1),
            xytext=(0, 3),
            xycoords="axes fraction",
            textcoords="offset points",
            ha=align,
            va="bottom",
            color=house.SECONDARY,
            fontsize=house.SMALL_SIZE,
            annotation_clip=False,
        )


def _ratio_ticks(ax: "Axes") -> None:
    """Mark a logarithmic axis by round ratios, the coarsest set that gives three or more."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    low, high = ax.get_xlim()
    decades = 10.0 ** np.arange(np.floor(np.log10(low)) - 1, np.ceil(np.log10(high)) + 1)
    for steps in _RATIO_STEPS:
        ticks = np.multiply.outer(decades, steps).ravel()
        ticks = ticks[(ticks >= low) & (ticks <= high)]
        if len(ticks) >= _LEAST_TICKS:
            break
    every = int(np.ceil(len(ticks) / _MOST_TICKS))
    ax.xaxis.set_major_locator(FixedLocator(ticks[::every]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:.4g}"))
    ax.set_xlim(low, high)
