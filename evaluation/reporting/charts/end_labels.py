"""Names and values at the ends of lines, instead of a legend."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.reporting.charts.frame import Frame
from evaluation.reporting.charts.lettering import (
    line_height,
    longest_word,
    make_room,
    text_width,
    widest,
    wrap,
)

_LEAD = 0.14
_GAP = 0.08
_WIDEST_SHARE = 0.25


@dataclass(frozen=True)
class EndLabel:
    """What stands at the end of one line.

    Parameters
    ----------
    name : str
        The group.
    values : sequence of str
        Short lines beneath the name.
    colour : str
        The line's.
    end : tuple of float
        Where the line ends, as shares of the axes from the left and from the
        bottom.
    """

    name: str
    values: Sequence[str]
    colour: str
    end: tuple[float, float]


class EndLabels:
    """Labels to the right of the axes, moved apart where lines end close together.

    Parameters
    ----------
    labels : sequence of EndLabel
        In any order.
    room : float
        Width of the body in inches; the labels take at most a quarter of it,
        unless one word needs more.
    """

    def __init__(self, labels: Sequence[EndLabel], room: float):
        self._labels = labels
        natural = [text_width(label.name, weight="semibold") for label in labels]
        short = [widest(label.values, weight="semibold") for label in labels]
        words = [longest_word(label.name, weight="semibold") for label in labels]
        column = min(max(natural, default=0), _WIDEST_SHARE * room)
        column = max([column, *short, *(min(word, 0.3 * room) for word in words)])
        self._lines = [
            [*wrap(label.name, column, weight="semibold"), *label.values] for label in labels
        ]
        self.width = _LEAD + max([widest(lines, weight="semibold") for lines in self._lines] or [0])
        self._heights = [len(lines) * line_height() + _GAP for lines in self._lines]

    @property
    def height(self) -> float:
        """Height in inches that all labels need one under the other."""
        return sum(self._heights)

    def draw(self, frame: Frame, left: float, top: float, across: float, height: float) -> None:
        """Write the labels beside the axes at the place given, in inches.

        A hairline joins a label that had to move to its line, a dotted one a line
        that ends early to its label.
        """
        right = left + across
        wished = [top + height * (1 - label.end[1]) for label in self._labels]
        placed = make_room(wished, self._heights, top, top + height)
        for label, lines, wish, at in zip(self._labels, self._lines, wished, placed, strict=True):
            frame.centred(right + _LEAD, at, lines, weight="semibold", colour=label.colour)
            if label.end[0] < 0.99:
                start = left + across * label.end[0]
                frame.rule((start + 0.04, right), (wish, wish), label.colour, 0.8, ls=(0, (1, 3)))
            if abs(at - wish) > 0.1:
                frame.rule((right + 0.03, right + _LEAD - 0.03), (wish, at), label.colour, 0.7)
