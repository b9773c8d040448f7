"""A chart of how a coefficient changes over time."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.estimates import drawing as house
from evaluation.estimates.headings import Heading

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_POINTS = 2_000


def draw_change(
    scaled: pd.DataFrame, change: pd.DataFrame, term: str, about: str, ax: "Axes | None"
) -> "Axes":
    """Draw what single events suggest for a coefficient, and their running mean.

    Parameters
    ----------
    scaled : DataFrame
        time, and a column for the term.
    change : DataFrame
        time, coef, ci_low, ci_high.
    term, about : str
    ax : Axes or None
        A new figure if None.

    Returns
    -------
    Axes
    """
    lowest, highest = float(change["ci_high"].min()), float(change["ci_low"].max())
    if ax is None:
        varies = "seems to change" if lowest < highest else "shows no clear change"
        heading = Heading(f"The coefficient of {term} {varies} over time", about)
        ax = house.figure(height=house.HEIGHT + heading.room(), shown=True)[1]
        house.set_margins(ax, left=0.85, right=0.3, top=heading.room() + 0.1, bottom=0.6)
        heading.write(ax)
    thin = scaled.iloc[:: len(scaled) // _MOST_POINTS + 1]
    with house.house_style():
        ax.plot(thin["time"], thin[term], "o", color=house.SECONDARY, markersize=2.5, alpha=0.5)
        ax.axhline(0, color=house.COMPARISON, linewidth=1)
        ax.fill_between(
            change["time"],
            change["ci_low"],
            change["ci_high"],
            color=house.SERVICE,
            alpha=house.BAND_OPACITY,
            linewidth=0,
        )
        ax.plot(change["time"], change["coef"], color=house.SERVICE, linewidth=1.8)
        low, high = np.quantile(scaled[term], [0.02, 0.98])
        ax.set_ylim(min(low, 0), max(high, 0))
        ax.set_xlabel("Time", loc="right")
        ax.set_ylabel(f"Coefficient of {term}")
    return ax
