"""Charts of hazards by interval: steps with limits, groups side by side."""

from typing import TYPE_CHECKING

import pandas as pd

from evaluation.estimates import drawing as house
from evaluation.estimates.curve_drawing import wrapped
from evaluation.estimates.headings import Heading

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_hazards(table: pd.DataFrame, about: str, ax: "Axes | None") -> "Axes":
    """Draw hazards as steps, with limits at the middle of each interval.

    Parameters
    ----------
    table : DataFrame
        group, begin, end, hazard, ci_low, ci_high; one row an interval and group.
    about : str
        What was measured, on how many.
    ax : Axes or None
        A new figure if None.

    Returns
    -------
    Axes
    """
    groups = table["group"].unique().tolist()
    own_figure = ax is None
    heading = Heading(_finding(table, groups), about)
    if own_figure:
        ax = house.figure(height=house.HEIGHT + heading.room(), shown=True)[1]
    with house.house_style():
        styles = house.line_styles(len(groups))
        ends = []
        for position, (group, style) in enumerate(zip(groups, styles, strict=True)):
            part = table[table["group"] == group]
            share = (position + 1) / (len(groups) + 1)
            middle = part["begin"] + share * (part["end"] - part["begin"])
            ax.stairs(
                part["hazard"],
                [*part["begin"], part["end"].iloc[-1]],
                baseline=None,
                color=style.color,
                linestyle=style.dash,
                linewidth=1.8,
            )
            ax.vlines(middle, part["ci_low"], part["ci_high"], color=style.color, linewidth=1.2)
            ax.plot(middle, part["hazard"], style.marker, color=style.color, markersize=4)
            known = part["hazard"].dropna()
            ends.append(float(known.iloc[-1]) if len(known) else 0.0)
        ax.set_xlim(table["begin"].min(), table["end"].max())
        ax.set_ylim(bottom=0)
        ax.set_xlabel("Time", loc="right")
        ax.set_ylabel("Events per unit of time at risk\n(95% interval)")
        labels = [wrapped(group) for group in groups] if len(groups) > 1 else []
        if own_figure:
            widest = max((house.text_width(ax, w, weight="semibold") for w in labels), default=0)
            house.set_margins(ax, left=1.0, right=0.3 + widest, top=heading.room(), bottom=0.55)
            heading.write(ax)
        if labels:
            house.label_lines(ax, ends, labels, [s.color for s in styles])
    return ax


def _finding(table: pd.DataFrame, groups: list) -> str:
    if len(groups) > 1:
        return "Events per time at risk, interval by interval and group by group"
    known = table.dropna(subset="hazard")
    if known.empty:
        return "Nobody is at risk in these intervals"
    highest = known.iloc[int(known["hazard"].argmax())]
    return f"Events were most frequent from time {highest['begin']:g} to {highest['end']:g}"
