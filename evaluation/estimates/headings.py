"""What a chart says above itself: its finding as a sentence, and what it was made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.estimates import drawing as house

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TITLE_PER_INCH, _ABOUT_PER_INCH = 11.0, 15.5
_EDGE = 0.1
_MOST_NAMED = 3
_ENOUGH = 10


@dataclass(frozen=True)
class Heading:
    """A finding, and in grey beneath it what was measured on how many.

    Parameters
    ----------
    title, about : str
    """

    title: str
    about: str

    def _lines(self, width: float) -> tuple[list[str], list[str]]:
        room = width - 2 * _EDGE
        return (
            wrap(self.title, int(room * _TITLE_PER_INCH)),
            wrap(self.about, int(room * _ABOUT_PER_INCH)),
        )

    def room(self, width: float = house.WIDTH) -> float:
        """Return the height in inches that the heading needs in a figure of a width."""
        title, about = self._lines(width)
        points = 1.3 * (len(title) * house.TITLE_SIZE + len(about) * house.SMALL_SIZE)
        return points / house.POINTS_PER_INCH + 0.25

    def write(self, ax: "Axes") -> None:
        """Write the heading at the top of the figure of ``ax``, left-aligned."""
        width, height = ax.figure.get_size_inches()
        title, about = self._lines(width)
        y = 1 - 0.12 / height
        with house.house_style():
            for lines, size, weight, color in (
                (title, house.TITLE_SIZE, "semibold", house.TEXT),
                (about, house.SMALL_SIZE, "normal", house.SECONDARY),
            ):
                for line in lines:
                    ax.annotate(
                        line,
                        (_EDGE / width, y),
                        xycoords="figure fraction",
                        va="top",
                        fontsize=size,
                        fontweight=weight,
                        color=color,
                        annotation_clip=False,
                    )
                    y -= 1.3 * size / house.POINTS_PER_INCH / height


def of_intervals(
    labels: Sequence[str],
    low: Sequence[float],
    high: Sequence[float],
    reference: float,
    ratio: bool,
) -> str:
    """Say which intervals exclude no difference.

    Parameters
    ----------
    labels : sequence of str
    low, high : sequence of float
    reference : float
        Value of no difference.
    ratio : bool
        The values are ratios, otherwise differences.

    Returns
    -------
    str
    """
    low, high = (np.asarray(v, float) for v in (low, high))
    known = ~np.isnan(low) & ~np.isnan(high)
    clear = known & ((low > reference) | (high < reference))
    none = f"a {'ratio' if ratio else 'difference'} of {reference:g} (no difference)"
    if not known.any():
        return f"Nothing can be said about {none}"
    named = [str(label) for label, c in zip(labels, clear, strict=True) if c]
    if not named:
        return f"No interval excludes {none}"
    if clear.all():
        return f"Every interval excludes {none}" if len(named) > 1 else f"{named[0]}: {none} is out"
    if len(named) > _MOST_NAMED:
        return f"{len(named)} of {len(low)} intervals exclude {none}"
    return f"{_joined(named, ';')}: {none} lies outside the interval"


def of_curves(
    table: pd.DataFrame,
    value: str,
    groups: Sequence[object],
    ticks: np.ndarray,
    months: float | None,
) -> str:
    """Say where the curves stand at the last tick that enough rows reach in every group.

    Parameters
    ----------
    table : DataFrame
        group, time, at_risk and the value, of one cause.
    value : {"survival", "incidence", "mean"}
    groups : sequence
    ticks : ndarray of float
    months : float or None
        Length of a month where times are days.

    Returns
    -------
    str
    """
    parts = [table[table["group"] == group] for group in groups]
    reached = min(float(p.loc[p["at_risk"] >= _ENOUGH, "time"].max()) for p in parts)
    ends = [t for t in ticks if 0 < t <= reached]
    if not ends:
        return "Too few are followed to say more than the curve shows"
    when = f"time {ends[-1]:g}" if months is None else f"month {ends[-1] / months:.0f}"
    found = []
    for group, part in zip(groups, parts, strict=True):
        before = part[part["time"] <= ends[-1]]
        if len(before):
            number = float(before[value].iloc[-1])
        else:
            number = 1.0 if value == "survival" else 0.0
        shown = f"{number:.2f}" if value == "mean" else f"{100 * number:.0f}%"
        found.append((shown, f"{shown} in {group}" if len(groups) > 1 else shown))
    if len(found) > _MOST_NAMED + 1:
        numbers = sorted((f[0] for f in found), key=lambda s: float(s.rstrip("%")))
        said = f"between {numbers[0]} and {numbers[-1]}"
    else:
        said = _joined([f[1] for f in found], ",")
    tail = {
        "survival": "were without the event",
        "incidence": "had had the event",
        "mean": "events per subject so far",
    }[value]
    return f"By {when}, {said} {tail}" if value != "mean" else f"By {when}: {said} {tail}"


def _joined(words: Sequence[str], mark: str) -> str:
    words = list(words)
    return words[0] if len(words) == 1 else f"{f'{mark} '.join(words[:-1])} and {words[-1]}"
