"""Small multiples: one panel per group on shared axes."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from evaluation.reporting.charts.frame import Frame
from evaluation.reporting.charts.lettering import line_height, wrap
from evaluation.reporting.charts.panel import AXIS_WORDS, Scale, draw_panel

_BETWEEN = 0.22
_BENEATH = 0.16
_HEIGHT = 1.15
_LEAST_WIDTH = 1.6


@dataclass(frozen=True)
class Panel:
    """Heading of one panel: the group's name and its value beneath it."""

    name: str
    value: str
    colour: str


@dataclass(frozen=True)
class Placed:
    """Axes and their place in the body, in inches."""

    axes: Axes
    left: float
    top: float
    width: float
    height: float


class Multiples:
    """Where every panel goes, known before the sheet is made.

    Parameters
    ----------
    panels : sequence of Panel
        In their fixed order, left to right and down.
    scale : Scale
        Shared axes.
    room : float
        Width of the body in inches.
    """

    def __init__(self, panels: Sequence[Panel], scale: Scale, room: float):
        self._panels, self._scale = panels, scale
        self._left = scale.value_width
        end = 0.12
        free = room - self._left - end
        self._columns = max(1, min(3, len(panels), int((free + _BETWEEN) / _LEAST_WIDTH)))
        self._width = (free + _BETWEEN) / self._columns - _BETWEEN
        heads = [
            [*wrap(p.name, self._width, weight="semibold"), *wrap(p.value, self._width)]
            for p in panels
        ]
        self._rows = [
            list(zip(panels[i : i + self._columns], heads[i : i + self._columns], strict=True))
            for i in range(0, len(panels), self._columns)
        ]

    @staticmethod
    def _head(row: list) -> float:
        return max(len(lines) for _, lines in row) * line_height() + 0.06

    @property
    def height(self) -> float:
        """Height in inches, numbers of the time axis included."""
        return sum(self._head(row) + _HEIGHT + AXIS_WORDS + _BENEATH for row in self._rows)

    def draw(self, frame: Frame, top: float = 0.0) -> list[Placed]:
        """Draw headings and axes from `top` down; return them in the order of the panels."""
        placed, y = [], top
        for row in self._rows:
            head = self._head(row)
            for column, (panel, lines) in enumerate(row):
                x = self._left + column * (self._width + _BETWEEN)
                start = y + head - 0.06 - len(lines) * line_height()
                names = len(wrap(panel.name, self._width, weight="semibold"))
                middle = frame.lines(
                    x, start, lines[:names], weight="semibold", colour=panel.colour
                )
                frame.lines(x, middle, lines[names:], colour=panel.colour)
                place = (x, y + head, self._width, _HEIGHT)
                axes = draw_panel(frame, self._scale, *place, values=column == 0)
                placed.append(Placed(axes, *place))
            y += head + _HEIGHT + AXIS_WORDS + _BENEATH
        return placed
