"""Flow diagram: who was followed, who was not, and why."""

from dataclasses import dataclass

import pandas as pd

from evaluation.reporting.charts import style
from evaluation.reporting.charts.chart import Chart
from evaluation.reporting.charts.frame import Frame, content_width, words
from evaluation.reporting.charts.lettering import clean, line_height, text_width, wrap
from evaluation.reporting.charts.tables import (
    checked,
    is_missing,
    is_suppressed,
    numbers,
    spoken,
    written,
)

CHART = "flow"
_COUNTS = ("exits", "children", "families", "excluded")
_LEFT = 0.44
_BETWEEN = 0.3
_PAD = 0.08
_GAP = 0.11
_STUB = 0.22


@dataclass(frozen=True)
class _Stage:
    """What is left after a step, and what the step left out.

    Parameters
    ----------
    left : list of tuple
        Lines of the box with their weight: the step's name and who remains.
    right : list of tuple
        Reasons left out, each as wrapped lines and a count.
    """

    left: list[tuple[str, str]]
    right: list[tuple[list[str], str]]

    @property
    def left_height(self) -> float:
        return len(self.left) * line_height() + 2 * _PAD

    @property
    def right_height(self) -> float:
        lines = sum(len(reason) for reason, _ in self.right)
        return lines * line_height() + 2 * _PAD if lines else 0.0


@style.house_style()
def flow(
    table: pd.DataFrame,
    *,
    title: str,
    subtitle: str,
    source: str,
    note: str = "",
    name: str = "flow",
    width: float = style.FULL_WIDTH,
) -> Chart:
    """Draw boxes down for who remains, and to the right for who was left out.

    Parameters
    ----------
    table : pandas.DataFrame
        ``step``, ``reason``, ``children``, ``exits``, ``families`` (left after the row)
        and ``excluded`` (exits left out by the row), in order, as in
        ``cohort.flow``. Neighbouring rows with the same step share a box. Counts
        may be ``s`` or missing.
    title, subtitle, source : str
        The finding; what is measured, for whom, when, how many; the last line.
    note, name, width
        As in :func:`incidence`.

    Returns
    -------
    Chart

    Raises
    ------
    OutputError
        If the table is missing, empty or wrong.
    """
    given = checked(table, ["step", "reason", *_COUNTS], CHART)
    for column in _COUNTS:
        numbers(given, column, CHART, low=0)
    room = content_width(width)
    left, right = _LEFT * room, (1 - _LEFT) * room - _BETWEEN
    stages = _stages(given, left - 2 * _PAD, right - 2 * _PAD)
    notes = [clean(note)] if note else []
    body = sum(max(s.left_height, 0) + _between(s, i) for i, s in enumerate(stages))
    frame = Frame(title, subtitle, notes, source, body, width)
    y = 0.0
    for i, stage in enumerate(stages):
        if i:
            frame.rule((left / 2,) * 2, (y, y + _between(stage, i)), style.AXIS, 1.0)
            _arrow_down(frame, left / 2, y + _between(stage, i))
            _side_box(frame, stage, left, right, y + _between(stage, i) / 2)
        y += _between(stage, i)
        ends = i in (0, len(stages) - 1)
        _box(frame, 0, y, left, stage.left_height, style.SERVICE if ends else style.AXIS)
        for line, weight in stage.left:
            frame.lines(left / 2, y + _PAD, [line], weight=weight, align="center")
            y += line_height()
        y += 2 * _PAD
    return Chart(
        name=name,
        title=clean(title),
        figure=frame.figure,
        table=given[["step", "reason", "children", "exits", "families", "excluded"]],
        alt=words("Flow diagram.", subtitle, _in_words(given), note),
        note=words(*notes),
    )


def _stages(given: pd.DataFrame, left: float, right: float) -> list[_Stage]:
    runs = (given["step"] != given["step"].shift()).cumsum()
    stages, last = [], runs.max()
    for run, rows in given.groupby(runs, sort=False):
        nothing = len(rows) == 1 and not _left_out(rows["excluded"].iloc[0])
        plain = nothing and run in (1, last)
        heading = _name(rows.iloc[0], with_reason=plain)
        lines = [(line, "semibold") for line in wrap(heading, left, weight="semibold")]
        lines += [(line, "normal") for line in _remaining(rows.iloc[-1], left)]
        reasons = []
        for row in () if plain else rows.itertuples():
            count = written(row.excluded)
            reasons.append((wrap(row.reason, right - text_width(count) - _PAD) or [""], count))
        stages.append(_Stage(lines, reasons))
    return stages


def _left_out(value: object) -> bool:
    return is_suppressed(value) or (not is_missing(value) and float(value) > 0)


def _name(row: pd.Series, with_reason: bool) -> str:
    step, reason = row["step"], "" if is_missing(row["reason"]) else clean(row["reason"])
    numbered = is_missing(step) or not isinstance(step, str) or clean(step).isdigit()
    if with_reason and reason:
        return reason if numbered else clean(f"{step}: {reason}" if reason != step else step)
    return "" if numbered else clean(step)


def _remaining(row: pd.Series, width: float) -> list[str]:
    parts = [
        f"{written(row[column])} {column}"
        for column in ("exits", "children", "families")
        if not is_missing(row[column])
    ]
    whole = " · ".join(parts)
    lines = wrap(whole, width)
    return lines if len(lines) <= 1 else [parts[0], *wrap(" · ".join(parts[1:]), width)]


def _between(stage: _Stage, place: int) -> float:
    if not place:
        return 0.0
    return max(stage.right_height + 2 * _GAP if stage.right else 0.0, _STUB)


def _box(frame: Frame, x: float, y: float, width: float, height: float, edge: str) -> None:
    frame.box(x, y, width, height, fc=style.PAPER, ec=edge, lw=1.0, zorder=1)


def _arrow_down(frame: Frame, x: float, y: float) -> None:
    frame.rule((x, x), (y - 0.035, y - 0.035), style.AXIS, 0, marker="v", ms=4.5, mew=0)


def _side_box(frame: Frame, stage: _Stage, left: float, right: float, middle: float) -> None:
    if not stage.right:
        return
    x, height = left + _BETWEEN, stage.right_height
    frame.rule((left / 2, x), (middle, middle), style.AXIS, 1.0)
    frame.box(
        x, middle - height / 2, right, height, fc=style.SHADE, ec=style.RULES, lw=0.8, zorder=2
    )
    y = middle - height / 2 + _PAD
    for lines, count in stage.right:
        frame.lines(x + right - _PAD, y, [count], weight="normal", align="right")
        y = frame.lines(x + _PAD, y, lines, colour=style.SECONDARY)


def _in_words(given: pd.DataFrame) -> str:
    said = [
        f"Left out, {spoken(written(row.excluded))}: {clean(row.reason)}."
        for row in given.itertuples()
        if _left_out(row.excluded)
    ]
    first, last = given.iloc[0], given.iloc[-1]
    exits, children = (spoken(written(last[column])) for column in ("exits", "children"))
    start = f"From {spoken(written(first['exits']))} exits."
    return words(start, *said, f"Left: {exits} exits and {children} children.")
