"""Charts of a model's diagnostics: influence, functional form, calibration."""

from typing import TYPE_CHECKING

import pandas as pd

from evaluation.estimates import drawing as house

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW = 0.22


def draw_influence(table: pd.DataFrame, unit: str, term: str, ax: "Axes | None") -> "Axes":
    """Draw each unit's change of one coefficient, in standard errors, from zero.

    Parameters
    ----------
    table : DataFrame
        unit, rows, events, change_in_se; one row a unit.
    unit, term : str
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
    own_figure = ax is None
    if own_figure:
        ax = house.figure(height=0.95 + _ROW * len(labels), shown=True)[1]
    with house.house_style():
        house.style_axes(ax, "x")
        places = range(len(labels))
        ax.hlines(places, 0, table["change_in_se"], color=house.SERVICE, linewidth=1.2)
        ax.plot(table["change_in_se"], places, "o", color=house.SERVICE, markersize=5)
        ax.axvline(0, color=house.COMPARISON, linewidth=1)
        ax.set_yticks(places, labels)
        ax.set_ylim(len(labels) - 0.4, -0.6)
        ax.set_xlabel(f"Part of the coefficient of {term} owed to it, in standard errors")
        if own_figure:
            widest = max(house.text_width(ax, text) for text in labels)
            house.set_margins(ax, left=widest + 0.2, right=0.2, top=0.15, bottom=0.6)
    return ax


def draw_functional_form(table: pd.DataFrame, covariate: str, ax: "Axes | None") -> "Axes":
    """Draw mean residuals by group with intervals, and the smooth line.

    Parameters
    ----------
    table : DataFrame
        value, residual, ci_low, ci_high, smooth.
    covariate : str
    ax : Axes or None
        A new figure if None.

    Returns
    -------
    Axes
    """
    if ax is None:
        ax = house.figure(shown=True)[1]
        house.set_margins(ax, left=0.95, right=0.25, top=0.15, bottom=0.6)
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
    table: pd.DataFrame, ratio: tuple[float, float, float], ax: "Axes | None"
) -> "Axes":
    """Draw observed against predicted risk by group, with the line where they agree.

    Parameters
    ----------
    table : DataFrame
        predicted, observed, ci_low, ci_high of one horizon.
    ratio : tuple of float
        Observed over expected, with limits; written into the chart.
    ax : Axes or None
        A new figure if None.

    Returns
    -------
    Axes
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    if ax is None:
        ax = house.figure(width=4.8, height=4.4, shown=True)[1]
        house.set_margins(ax, left=0.8, right=0.25, top=0.2, bottom=0.65)
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
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
            axis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:g}%"))
        ax.set_xlabel(f"Predicted risk by time {table['horizon'].iloc[0]:g}")
        ax.set_ylabel("Observed risk (95% interval)")
        value, low, high = ratio
        ax.annotate(
            f"Observed over expected\n{value:.2f} ({low:.2f} to {high:.2f})",
            (0.04, 0.96),
            xycoords="axes fraction",
            va="top",
            fontsize=house.SMALL_SIZE,
            color=house.TEXT,
            backgroundcolor="white",
        )
    return ax
