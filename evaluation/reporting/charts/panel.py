"""One pair of axes with time to the right and a value up from zero."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from evaluation.reporting.charts import style
from evaluation.reporting.charts.frame import Frame
from evaluation.reporting.charts.lettering import (
    baseline,
    keep_apart,
    line_height,
    text_width,
    widest,
)
from evaluation.reporting.charts.tables import DAYS_IN, period, tick

TICK_GAP = 0.06
AXIS_WORDS = 0.05 + line_height()


@dataclass(frozen=True)
class Scale:
    """The two axes every panel of a chart shares.

    Parameters
    ----------
    last : float
        Right end of the time axis, in days.
    ticks : sequence of float
        Days that carry a number, if there is room.
    unit : str
        ``"days"``, ``"months"`` or ``"years"``.
    guide : float, optional
        Day with a dotted line: the main horizon.
    levels : sequence of float
        Values that carry a hairline and a number, from zero to the top.
    write : callable
        Writes a level.
    """

    last: float
    ticks: Sequence[float]
    unit: str
    guide: float | None
    levels: Sequence[float]
    write: Callable[[float], str]

    @property
    def value_width(self) -> float:
        """Room to the left of the axes for the numbers of the value axis, in inches."""
        return widest([self.write(level) for level in self.levels]) + TICK_GAP


def levels_to(top: float, most: int = 5) -> list[float]:
    """Return round levels from zero to the first that is not under `top`."""
    steps = MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10]).tick_values(0, top)
    steps = [float(level) for level in steps if level >= 0]
    while len(steps) > 2 and steps[-2] >= top:
        steps.pop()
    return steps


def draw_panel(
    frame: Frame,
    scale: Scale,
    left: float,
    top: float,
    width: float,
    height: float,
    *,
    values: bool,
) -> Axes:
    """Draw hairlines, axis and numbers; the words hang beneath and to the left.

    Parameters
    ----------
    frame : Frame
        The sheet.
    scale : Scale
        Shared axes.
    left, top, width, height : float
        Place of the axes in the body, in inches.
    values : bool
        Whether the value axis carries its numbers.

    Returns
    -------
    matplotlib.axes.Axes
        In days and in the value's own unit.
    """
    axes = frame.axes(left, top, width, height)
    axes.set_xlim(0, scale.last)
    axes.set_ylim(0, scale.levels[-1])
    for level in scale.levels:
        y = top + height * (1 - level / scale.levels[-1])
        bottom = level == 0
        frame.rule(
            (left, left + width),
            (y, y),
            style.AXIS if bottom else style.RULES,
            0.9 if bottom else 0.6,
            zorder=-1,
        )
        if values:
            at = y - baseline() + 0.35 * style.TEXT_SIZE / 72
            frame.lines(
                left - TICK_GAP, at, [scale.write(level)], align="right", colour=style.SECONDARY
            )
    if scale.guide is not None and scale.guide < scale.last:
        x = left + width * scale.guide / scale.last
        frame.rule((x, x), (top, top + height), style.AXIS, 0.9, ls=(0, (1, 2)), zorder=-1)
    _time_numbers(frame, scale, left, top + height + 0.05, width)
    return axes


def _time_numbers(frame: Frame, scale: Scale, left: float, y: float, width: float) -> None:
    days = sorted({0.0, *map(float, scale.ticks), float(scale.last)})
    centres = [left + width * day / scale.last for day in days]
    words = [tick(day, scale.unit) for day in days]
    must = [scale.guide, 0.0, scale.last]
    rest = sorted(days, key=lambda day: (_roughness(day, scale.unit), day))
    first = [days.index(day) for day in [*must, *rest] if day in days]
    for i in keep_apart(centres, [text_width(word) for word in words], first, 0.08):
        frame.lines(centres[i], y, [words[i]], align="center", colour=style.SECONDARY)


def _roughness(day: float, unit: str) -> int:
    """Rank a tick: 0 for every twelfth, then every sixth, third, second, other."""
    place = round(day / DAYS_IN[unit], 1)
    return next((rank for rank, by in enumerate((12, 6, 3, 2, 1)) if place % by == 0), 5)


def by_period(day: float, unit: str) -> str:
    """Write ``by month 12`` for day 365."""
    return f"by {period(day, unit)}"


def stairs(axes: Axes, x: np.ndarray, y: np.ndarray, look: style.Series, **more) -> None:
    """Draw a step curve in a group's look."""
    options = {"color": look.colour, "ls": look.dash, "lw": 2.0, "clip_on": False, "zorder": 3}
    axes.step(x, y, where="post", solid_capstyle="butt", dash_capstyle="butt", **options | more)


def band(axes: Axes, x: np.ndarray, low: np.ndarray, high: np.ndarray, colour: str) -> None:
    """Draw an interval as a band that follows the steps."""
    axes.fill_between(
        x, low, high, step="post", color=colour, alpha=style.BAND_OPACITY, lw=0, zorder=2
    )
