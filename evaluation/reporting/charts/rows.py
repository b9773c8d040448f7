"""Charts made of rows: a name, a mark on a shared axis, numbers beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from evaluation.reporting.charts import style
from evaluation.reporting.charts.frame import Frame
from evaluation.reporting.charts.lettering import (
    keep_apart,
    line_height,
    longest_word,
    text_width,
    widest,
    wrap,
)

_INDENT = 0.18
_GAP = 0.16
_PAD = 0.1
_WIDEST_NAME = 0.36
_NARROWEST_NAME = 0.24
_LEAST_AXIS = 0.27
_LEAST_AXIS_NARROW = 0.22
_UNDER = 0.05
_STRETCH = 1.2
_SHORT_HEAD = 0.75
_MOST_LINES = 4


@dataclass(frozen=True)
class Row:
    """One line of the chart.

    Parameters
    ----------
    name : str
        Printed at the left.
    cells : tuple of str
        Numbers at the right, one per column.
    heading : bool
        Whether the row only names what follows.
    sentence : str
        Printed in place of the cells.
    """

    name: str
    cells: tuple[str, ...] = ()
    heading: bool = False
    sentence: str = ""


_LAYOUTS = (
    (False, _WIDEST_NAME, False, _LEAST_AXIS),
    (True, _WIDEST_NAME, False, _LEAST_AXIS),
    (True, _NARROWEST_NAME, False, _LEAST_AXIS_NARROW),
    (False, 1.0, True, _LEAST_AXIS),
    (True, 1.0, True, 0.0),
)
"""Tried in turn: whether limits stand beneath their estimate, the most a name may
take of the width, whether names stand above their marks, the least the axis takes."""


@dataclass(frozen=True)
class _Set:
    """A row with its lines broken."""

    name: list[str]
    cells: list[list[str]]
    sentence: list[str]
    top: float
    height: float

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


class RowSheet:
    """Where every name, mark and number goes, known before the sheet is made.

    Parameters
    ----------
    rows : sequence of Row
        Top to bottom.
    heads : sequence of str
        Head of each column of numbers.
    room : float
        Width of the body in inches.

    Attributes
    ----------
    left, across : float
        Place and width of the axis in the body, in inches.
    height : float
        Height of heads and rows, in inches; the axis' words hang beneath.
    """

    def __init__(self, rows: Sequence[Row], heads: Sequence[str], room: float):
        self._rows, self._room = rows, room
        indent = _INDENT if any(row.heading for row in rows) else 0.0
        self._indents = [0.0 if row.heading else indent for row in rows]
        for split, share, above, least in _LAYOUTS:
            self._above = above
            cells = [[_lines(cell, split) for cell in row.cells] for row in rows]
            self._columns = [self._column(i, head, cells) for i, head in enumerate(heads)]
            self.left = _GAP if above else self._name_room(share) + _GAP
            self.across = room - self.left - sum(self._columns) - _GAP * len(heads)
            deepest = max((len(self._name(i)) for i in range(len(rows))), default=0)
            if self.across >= least * room and deepest <= _MOST_LINES:
                break
        self._heads = [wrap(head, width) for head, width in zip(heads, self._columns, strict=True)]
        self.top = max((len(lines) for lines in self._heads), default=0) * line_height() + 0.06
        self._set = self._broken(cells)
        self.height = self._set[-1].top + self._set[-1].height if self._set else self.top

    def _column(self, place: int, head: str, cells: list) -> float:
        texts = [line for row in cells if len(row) > place for line in row[place]]
        cells, whole = widest(texts), text_width(head)
        fits = whole <= max(_STRETCH * cells, _SHORT_HEAD)
        return max(cells, whole if fits else longest_word(head))

    def _name_room(self, share: float) -> float:
        natural, word = 0.0, 0.0
        for row, indent in zip(self._rows, self._indents, strict=True):
            weight = "semibold" if row.heading else "normal"
            natural = max(natural, indent + text_width(row.name, weight=weight))
            word = max(word, indent + longest_word(row.name, weight=weight))
        return min(natural, max(share * self._room, min(word, _WIDEST_NAME * self._room))) + 0.01

    def _name(self, place: int) -> list[str]:
        row, indent = self._rows[place], self._indents[place]
        room = self._room if self._above else self.left - _GAP
        return wrap(row.name, room - indent, weight="semibold" if row.heading else "normal")

    def _broken(self, cells: list) -> list[_Set]:
        broken, y = [], self.top
        beside = sum(self._columns) + _GAP * max(len(self._columns) - 1, 0)
        for place, (row, own) in enumerate(zip(self._rows, cells, strict=True)):
            name = self._name(place)
            sentence = wrap(row.sentence, beside)
            deep = max([len(sentence), *(len(lines) for lines in own), 0])
            offset = len(name) * line_height() if self._above else 0.0
            height = max(deep, 0 if self._above else len(name), 0 if row.heading else 1)
            height = height * line_height() + _PAD
            broken.append(_Set(name, [] if sentence else own, sentence, y + offset, height))
            y += offset + height
        return broken

    def draw(self, frame: Frame) -> Axes:
        """Write names and numbers; return axes whose y axis is in rows' inches.

        The x axis runs from 0 to 1.
        """
        right = self._room
        rights = []
        for width in reversed(self._columns):
            rights.insert(0, right)
            right -= width + _GAP
        for lines, edge in zip(self._heads, rights, strict=True):
            y = self.top - 0.06 - len(lines) * line_height()
            frame.lines(edge, y, lines, colour=style.SECONDARY, align="right")
        for row, indent, own in zip(self._rows, self._indents, self._set, strict=True):
            weight = "semibold" if row.heading else "normal"
            if self._above:
                y = own.top - len(own.name) * line_height() + 0.03
                frame.lines(indent, y, own.name, weight=weight)
            else:
                frame.centred(indent, own.middle, own.name, weight=weight)
            if own.sentence:
                start = self.left + self.across + _GAP
                frame.centred(start, own.middle, own.sentence, colour=style.SECONDARY)
            for lines, edge in zip(own.cells, rights, strict=False):
                frame.centred(edge, own.middle, lines, align="right")
        axes = frame.axes(self.left, self.top, self.across, self.height - self.top)
        axes.set_xlim(0, 1)
        axes.set_ylim(self.height, self.top)
        return axes

    def middle(self, place: int) -> float:
        """Return the height of a row's middle, in the axes' own unit."""
        return self._set[place].middle

    def _spans(self) -> list[tuple[float, float]]:
        """Return where hairlines run: everywhere, or only beside names set above."""
        if not self._above:
            return [(self.top, self.height)]
        both = zip(self._rows, self._set, strict=True)
        return [(own.top + _PAD / 2, own.top + own.height) for row, own in both if not row.heading]

    def guide(self, frame: Frame, share: float, colour: str, width: float, **look) -> None:
        """Draw an upright line at a share of the axis' width, never through a name."""
        x = self.left + self.across * share
        for top, bottom in self._spans():
            frame.rule((x, x), (top, bottom), colour, width, zorder=-1, **look)

    def ticks(
        self,
        frame: Frame,
        values: Sequence[float],
        place: Callable[[float], float],
        write: Callable[[float], str],
        strong: float,
        first: Sequence[float] = (),
    ) -> float:
        """Draw hairlines with their numbers, one strong; return the y beneath.

        Parameters
        ----------
        frame : Frame
            The sheet.
        values : sequence of float
            Where the lines stand.
        place : callable
            From a value to its share of the axis' width.
        write : callable
            Writes a value.
        strong : float
            The value whose line is dark: no difference, or zero.
        first : sequence of float
            Values whose numbers matter most where there is no room for all.
        """
        centres = [self.left + self.across * place(value) for value in values]
        words = [write(value) for value in values]
        must = [values.index(v) for v in (strong, *first, values[0], values[-1]) if v in values]
        kept = keep_apart(centres, [text_width(word) for word in words], must, 0.06)
        for i, (x, value) in enumerate(zip(centres, values, strict=True)):
            dark = value == strong
            colour = style.AXIS if dark else style.RULES
            self.guide(frame, place(value), colour, 1.0 if dark else 0.6)
            if i in kept:
                y = self.height + _UNDER
                frame.lines(x, y, [words[i]], align="center", colour=style.SECONDARY)
        frame.rule((self.left, self.left + self.across), (self.height,) * 2, style.AXIS, 0.8)
        return self.height + _UNDER + line_height()


def _lines(cell: str, split: bool) -> list[str]:
    if split and " (" in cell:
        head, tail = cell.split(" (", 1)
        return [head, f"({tail}"]
    return [cell]
