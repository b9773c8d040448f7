"""Charts of a model's diagnostics: influence, functional form, calibration."""

from typing import TYPE_CHECKING

import pandas as pd

from evaluation.estimates import drawing as house
from evaluation.estimates.headings import Heading

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW = 0.22


def draw_influence(
    table: pd.DataFrame, column: str, unit: str, axis_label: str, about: str, ax: "Axes | None"
) -> "Axes":
    """Draw how much each unit moves the model, from zero.

    Parameters
    ----------
    table : DataFrame
        unit, rows, events and the column to draw; one row a unit.
    column, unit, axis_label, about : str
    ax : Axes or None
        A new figure if None.

    Returns
    -------
    Axes
    """
    labels = [
        f"{unit} {u} ({n:,} row{'s' * (n != 1)}, {d:,} event{'s' * (d != 1)})"
        for u, n, d in zip(table["unit"], table["rows"], table["events"], strict=True)
    ]
    most = int(table[column].abs().argmax())
    heading = Heading(f"{unit.capitalize()} {table['unit'].iloc[most]} moves it most", about)
    own_figure = ax is None
    if own_figure:
        height = 0.8 + heading.room() + _ROW * len(labels)
        ax = house.figure(height=height, shown=True)[1]
    with house.house_style():
        house.style_axes(ax, "x")
        places = range(len(labels))
        ax.hlines(places, 0, table[column], color=house.SERVICE, linewidth=1.2)
        ax.plot(table[column], places, "o", color=house.SERVICE, markersize=5)
        ax.axvline(0, color=house.COMPARISON, linewidth=1)
        ax.set_yticks(places, labels)
        ax.set_ylim(len(labels) - 0.4, -0.6)
        ax.set_xlabel(axis_label)
        if own_figure:
            widest = max(house.text_width(ax, text) for text in labels)
            top = heading.room()
            house.set_margins(ax, left=widest + 0.2, right=0.2, top=top, bottom=0.6)
            heading.write(ax)
    return ax


def draw_functional_form(
    table: pd.DataFrame, covariate: str, about: str, ax: "Axes | None"
) -> "Axes":
    """Draw mean residuals by group with intervals, and the smooth line.

    Parameters
    ----------
    table : DataFrame
        value, residual, ci_low, ci_high, smooth.
    covariate, about : str
    ax : Axes or None
        A new figure if None.

    Returns
    -------
    Axes
    """
    off = int(((table["ci_low"] > 0) | (table["ci_high"] < 0)).sum())
    if ax is None:
        title = (
            f"In {off or 'none'} of {len(table)} groups of {covariate} events differ clearly from "
        )
        heading = Heading(f"{title}those expected", about)
        ax = house.figure(height=house.HEIGHT + heading.room(), shown=True)[1]
        house.set_margins(ax, left=0.95, right=0.25, top=heading.room() + 0.1, bottom=0.6)
        heading.write(ax)
    with house.house_style():
        ax.axhline(0, color=house.COMPARISON, linewidth=1)
        ax.vlines(
            table["value"], table["ci_low"], table["ci_high"], color=house.SECONDARY, linewidth=1
        )
        ax.plot(table["value"], table["residual"], "o", color=house.SECONDARY, markersize=4)
        ax.plot(table["value"], table["smooth"], color=house.SERVICE, linewidth=1.8)
        ax.set_xlabel(covariate, loc="right")
        ax.set_ylabel("Events less expected, per row\n(95% interval)")
    return ax


def draw_calibration(
    table: pd.DataFrame, ratio: tuple[float, float, float], about: str, ax: "Axes | None"
) -> "Axes":
    """Draw observed against predicted risk by group, with the line where they agree.

    Parameters
    ----------
    table : DataFrame
        predicted, observed, ci_low, ci_high of one horizon.
    ratio : tuple of float
        Observed over expected, with limits.
    about : str
    ax : Axes or None
        A new figure if None.

    Returns
    -------
    Axes
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    value, low, high = ratio
    horizon = f"{table['horizon'].iloc[0]:g}"
    if ax is None:
        title = f"By time {horizon} there were {value:.2f} times the events predicted "
        heading = Heading(f"{title}({low:.2f} to {high:.2f})", about)
        ax = house.figure(width=5.2, height=4.3 + heading.room(5.2), shown=True)[1]
        house.set_margins(ax, left=0.8, right=0.4, top=heading.room(5.2) + 0.1, bottom=0.65)
        heading.write(ax)
    with house.house_style():
        top = float(table[["predicted", "observed", "ci_high"]].max().max()) * 1.05
        ax.plot([0, top], [0, top], color=house.COMPARISON, linewidth=1, linestyle=(0, (5, 1.6)))
        ax.vlines(
            table["predicted"],
            table["ci_low"],
            table["ci_high"],
            color=house.SERVICE,
            linewidth=1.4,
        )
        ax.plot(table["predicted"], table["observed"], "o", color=house.SERVICE, markersize=5)
        ax.set_xlim(0, top)
        ax.set_ylim(0, top)
        ax.tick_params(axis="x", pad=8)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
            axis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:g}%"))
        ax.set_xlabel(f"Predicted risk by time {horizon}")
        ax.set_ylabel("Observed risk (95% interval)")
    return ax
