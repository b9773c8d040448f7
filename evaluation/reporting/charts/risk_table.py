"""Numbers at risk and events so far, beneath the curves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from evaluation.reporting.charts import style
from evaluation.reporting.charts.frame import Frame
from evaluation.reporting.charts.lettering import (
    keep_apart,
    line_height,
    text_width,
    widest,
    wrap,
)
from evaluation.reporting.charts.tables import is_missing, written

_SIZE = style.SMALL_SIZE
_CELL_GAP = 0.1
_ROW_GAP = 0.05
_LABEL_GAP = 0.14
LONGEST_SIDE_LABEL = 1.15


@dataclass(frozen=True)
class RiskRow:
    """One group's counts; a value is a number, ``s`` or missing."""

    label: str
    colour: str
    counts: Mapping[float, tuple[object, object]]

    def cell(self, day: float) -> list[str]:
        """Return at risk and, after day 0, events in brackets."""
        at_risk, events = self.counts.get(day, (None, None))
        if day == 0 or (is_missing(at_risk) and is_missing(events)):
            return [written(at_risk)]
        return [written(at_risk), f"({written(events)})"]


class RiskTable:
    """Where every number goes, known before the sheet is made.

    Parameters
    ----------
    rows : sequence of RiskRow
        In their fixed order.
    days : sequence of float
        Times asked for.
    first : sequence of float
        Times kept when there is no room for all, most important first.
    place : callable
        From a day to its place in the body, in inches.
    side : float
        Room to the left of the first time; 0 puts each label above its numbers.
    header : str
        What the numbers are.
    write_day : callable, optional
        Writes a day above its column, where no axis does.
    width : float
        Width of the body in inches.
    """

    def __init__(
        self,
        rows: Sequence[RiskRow],
        days: Sequence[float],
        first: Sequence[float],
        place: Callable[[float], float],
        side: float,
        header: str,
        width: float,
        write_day: Callable[[float], str] | None = None,
    ):
        self._rows, self._place, self._side, self._width = rows, place, side, width
        self._write_day = write_day
        self._header = wrap(header, side - _LABEL_GAP if write_day else width, _SIZE)
        days = sorted(days)
        priority = [days.index(day) for day in first if day in days]
        everything = list(range(len(days)))
        self._joined = self._fitting(days, priority, " ") == everything
        kept = everything if self._joined else self._fitting(days, priority, None)
        self.days = [days[i] for i in kept]

    def _fitting(self, days: list[float], priority: list[int], joint: str | None) -> list[int]:
        widths = []
        for day in days:
            cells = [row.cell(day) for row in self._rows]
            texts = [text for cell in cells for text in ([joint.join(cell)] if joint else cell)]
            texts += [self._write_day(day)] if self._write_day else []
            widths.append(widest(texts, _SIZE))
        return keep_apart([self._place(day) for day in days], widths, priority, _CELL_GAP)

    def _label(self, row: RiskRow) -> list[str]:
        room = self._side - _LABEL_GAP if self._side else self._width
        return wrap(row.label, room, _SIZE, "semibold")

    def _numbers(self, row: RiskRow, day: float) -> list[str]:
        cell = row.cell(day)
        return [" ".join(cell)] if self._joined else cell

    def _height(self, row: RiskRow) -> float:
        lines = 1 if self._joined else 2
        label = len(self._label(row))
        deep = max(lines, label) if self._side else lines + label
        return deep * line_height(_SIZE) + _ROW_GAP

    @property
    def height(self) -> float:
        """Height in inches."""
        header = len(self._header) * line_height(_SIZE) + _ROW_GAP
        return header + sum(map(self._height, self._rows))

    def draw(self, frame: Frame, y: float) -> None:
        """Write the table from `y` down."""
        y = frame.lines(0, y, self._header, size=_SIZE, colour=style.SECONDARY)
        for day in self.days if self._write_day else ():
            head = [self._write_day(day)]
            above = y - line_height(_SIZE)
            x = self._place(day)
            frame.lines(x, above, head, size=_SIZE, colour=style.SECONDARY, align="center")
        y += _ROW_GAP
        for row in self._rows:
            beneath = frame.lines(
                0, y, self._label(row), size=_SIZE, weight="semibold", colour=row.colour
            )
            for day in self.days:
                frame.lines(
                    self._place(day),
                    y if self._side else beneath,
                    self._numbers(row, day),
                    size=_SIZE,
                    colour=row.colour,
                    align="center",
                )
            y += self._height(row)


def side_room(labels: Sequence[str], first_cells: Sequence[str]) -> float:
    """Return the room short labels need beside their numbers, 0 if they are long."""
    needed = widest(labels, _SIZE, "semibold")
    if needed > LONGEST_SIDE_LABEL:
        return 0.0
    half = max((text_width(text, _SIZE) for text in first_cells), default=0.0) / 2
    return needed + half + _LABEL_GAP
