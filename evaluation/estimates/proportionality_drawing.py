"""A chart of how a coefficient changes over time."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.estimates import drawing as house

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_POINTS = 2_000


def draw_change(time: pd.Series, value: pd.Series, term: str, ax: "Axes | None") -> "Axes":
    """Draw scaled Schoenfeld residuals and their running mean.

    Parameters
    ----------
    time, value : Series
        One entry an event.
    term : str
    ax : Axes or None
        A new figure if None.

    Returns
    -------
    Axes
    """
    order = np.argsort(time.to_numpy(), kind="stable")
    time, value = time.to_numpy()[order], value.to_numpy()[order]
    if ax is None:
        ax = house.figure(shown=True)[1]
        house.set_margins(ax, left=0.85, right=0.2, top=0.15, bottom=0.6)
    thin = slice(None, None, len(time) // _MOST_POINTS + 1)
    with house.house_style():
        ax.plot(time[thin], value[thin], "o", color=house.SECONDARY, markersize=2.5, alpha=0.5)
        ax.axhline(0, color=house.COMPARISON, linewidth=1)
        middle, smooth, half = _running_mean(time, value)
        ax.fill_between(
            middle,
            smooth - half,
            smooth + half,
            color=house.SERVICE,
            alpha=house.BAND_OPACITY,
            linewidth=0,
        )
        ax.plot(middle, smooth, color=house.SERVICE, linewidth=1.8)
        low, high = np.quantile(value, [0.02, 0.98])
        ax.set_ylim(min(low, 0), max(high, 0))
        ax.set_xlabel("Time", loc="right")
        ax.set_ylabel(f"Coefficient of {term}")
    return ax


def _running_mean(time: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, and half of its 95% interval, over windows of a quarter of the events."""
    window = max(len(time) // 4, min(len(time), 5))
    begin = np.unique(np.linspace(0, len(time) - window, 25).astype(int))
    parts = [slice(b, b + window) for b in begin]
    middle = np.array([time[p].mean() for p in parts])
    smooth = np.array([value[p].mean() for p in parts])
    spread = np.array([value[p].std(ddof=1) for p in parts]) if window > 1 else 0 * smooth
    return middle, smooth, 1.96 * spread / np.sqrt(window)
