"""Forest plot: what each service was followed by, outcome by outcome."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from evaluation.reporting.charts import style
from evaluation.reporting.charts.chart import Chart
from evaluation.reporting.charts.contrasts import Contrast, data_table, read_contrasts
from evaluation.reporting.charts.frame import Frame, content_width, words
from evaluation.reporting.charts.lettering import clean, line_height, text_width, wrap
from evaluation.reporting.charts.rows import Row, RowSheet
from evaluation.reporting.charts.tables import MISSING, as_ratio, interval, spoken

RATIO_HEADS = {
    "hazard_ratio": "Hazard ratio",
    "subdistribution_hazard_ratio": "Subdistribution hazard ratio",
    "risk_ratio": "Risk ratio",
}
_TICKS = (
    (0.5, 0.67, 1, 1.5, 2),
    (0.25, 0.5, 1, 2, 4),
    (0.1, 0.2, 0.5, 1, 2, 5, 10),
    (0.02, 0.1, 0.5, 1, 2, 10, 50),
)
_WIDEST_INTERVALS = 2
_BETWEEN_WORDS = 0.2
_TRUTH = 0.115
FAILING = "fails its checks"
TRUTH_COLOUR = style.FURTHER[1]


@style.house_style()
def forest(
    table: pd.DataFrame,
    *,
    title: str,
    subtitle: str,
    source: str,
    ratio: str = "hazard_ratio",
    difference: str = "risk_difference",
    outcomes: Mapping | None = None,
    services: Mapping | None = None,
    sides: tuple[str, str] = ("fewer with the service", "more"),
    naive_label: str = "ever against never served: biased",
    truth_label: str = "truth",
    note: str = "",
    name: str = "forest",
    width: float = style.FULL_WIDTH,
) -> Chart:
    """Draw ratios with intervals on a log axis, differences per 100 beside them.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of the effects table: ``outcome``, ``service``, ``measure``,
        ``estimate``, ``ci_low``, ``ci_high``; one horizon and one population. Optional:
        ``truth`` (of the same measure, known when the data are simulated),
        ``sentence`` (why there is no estimate, printed in its place), ``naive``
        (true for the comparison of ever with never served), ``primary``, ``failing``
        (fails its checks: hollow, in the colour of failure, and said). Measures other
        than the two asked for are passed over.
    title, subtitle, source : str
        The finding; what is measured, for whom, when, how many; the last line.
    ratio, difference : str
        The two measures drawn and printed. A difference is in shares (-0.03) and
        printed per 100 children.
    outcomes, services : mapping, optional
        From code to printed name; their order is the order of the rows.
    sides : tuple of str
        Words to the left and right of no difference.
    naive_label, truth_label : str
        What is printed for these marks.
    note, name, width
        As in :func:`incidence`.

    Returns
    -------
    Chart
        A square is filled where the interval excludes no difference and no check fails.

    Raises
    ------
    OutputError
        If the table is missing, empty or wrong, or a contrast stands twice.
    """
    contrasts = read_contrasts(table, ratio, difference, outcomes, services)
    rows, drawn = _rows(contrasts, naive_label)
    head = RATIO_HEADS.get(ratio, ratio.replace("_", " ").capitalize())
    room = content_width(width)
    sheet = RowSheet(rows, [head, "Difference per 100"], room)
    ticks = _ticks(contrasts)
    edge = np.log(ticks[-1])

    def place(value: float) -> float:
        return (np.log(value) + edge) / (2 * edge)

    beneath = _SideWords(sides, sheet.left + sheet.across / 2, room)
    notes = [clean(note)] if note else []
    notes.append(_key(contrasts, truth_label, ticks))
    body = sheet.height + 0.05 + line_height() + beneath.height
    frame = Frame(title, subtitle, notes, source, body, width)
    axes = sheet.draw(frame)
    below = sheet.ticks(frame, ticks, place, lambda value: f"{value:g}", 1)
    beneath.draw(frame, below)
    _name_truth(frame, sheet, contrasts, truth_label, place)
    for at, contrast in drawn:
        _mark(axes, sheet.middle(at), contrast, place)
    return Chart(
        name=name,
        title=clean(title),
        figure=frame.figure,
        table=data_table(contrasts),
        alt=words(f"Forest plot, {head.lower()}.", subtitle, _in_words(contrasts, head), note),
        note=words(*notes),
    )


def _rows(contrasts: list[Contrast], naive_label: str) -> tuple[list[Row], list]:
    rows, drawn, heading = [], [], None
    for contrast in contrasts:
        if contrast.outcome != heading:
            heading = contrast.outcome
            rows.append(Row(heading, heading=True))
        name = contrast.service
        if contrast.naive:
            name = f"{name}, {clean(naive_label)}"
        elif contrast.primary:
            name = f"{name} (primary)"
        if contrast.failing:
            name = f"{name}: {FAILING}"
        drawn.append((len(rows), contrast))
        rows.append(Row(name, _cells(contrast), sentence=contrast.sentence))
    return rows, drawn


def _cells(contrast: Contrast) -> tuple[str, str]:
    return (
        interval(*contrast.ratio, as_ratio),
        interval(*contrast.per_hundred(), "{:+.1f}", " to "),
    )


def _ticks(contrasts: list[Contrast]) -> tuple[float, ...]:
    middles = [np.nan_to_num(c.known("ratio")[0], nan=1.0) for c in contrasts]
    ends = [np.nan_to_num(value, nan=1.0) for c in contrasts for value in c.known("ratio")]
    middles += [c.truth for c in contrasts if c.truth > 0]
    for place, ticks in enumerate(_TICKS):
        if _inside(ends + middles, ticks):
            return ticks
        if place >= _WIDEST_INTERVALS and _inside(middles, ticks):
            return ticks
    return _TICKS[-1]


def _inside(values: list[float], ticks: tuple[float, ...]) -> bool:
    return all(ticks[0] <= value <= ticks[-1] for value in values)


def _mark(axes: Axes, y: float, contrast: Contrast, place) -> None:
    estimate, low, high = contrast.known("ratio")
    clear = contrast.excludes_no_difference and not contrast.failing
    colour = style.SERVICE if clear and not contrast.naive else style.COMPARISON
    if contrast.failing:
        colour = style.FAILED
    if not (np.isnan(low) or np.isnan(high)):
        start, stop = (place(v) if v > 0 else -1.0 for v in (low, high))
        axes.hlines(y, max(start, 0), min(stop, 1), color=colour, lw=1.9, zorder=2)
        if start < 0:
            _arrow(axes, 0, y, colour)
        if stop > 1:
            _arrow(axes, 1, y, colour)
    if contrast.truth > 0 and 0 <= (x := place(contrast.truth)) <= 1:
        axes.vlines(x, y - _TRUTH, y + _TRUTH, color=TRUTH_COLOUR, lw=1.6, zorder=4)
    if np.isnan(estimate):
        return
    x = place(estimate) if estimate > 0 else -1.0
    if not 0 <= x <= 1:
        _arrow(axes, 0 if x < 0 else 1, y, colour)
        return
    axes.plot(
        x,
        y,
        marker="D" if contrast.naive else "s",
        ms=6.0 if contrast.naive else 6.8,
        color=colour,
        mfc=colour if clear and not contrast.naive else style.PAPER,
        mew=1.4,
        clip_on=False,
        zorder=3,
    )


def _arrow(axes: Axes, x: int, y: float, colour: str) -> None:
    axes.plot(x, y, marker="<>"[x], ms=5, color=colour, mew=0, clip_on=False, zorder=3)


def _name_truth(
    frame: Frame, sheet: RowSheet, contrasts: list[Contrast], label: str, place
) -> None:
    """Write the word above the first tick, if it fits over the axis."""
    known = [place(c.truth) for c in contrasts if c.truth > 0 and 0 <= place(c.truth) <= 1]
    half = text_width(clean(label), style.SMALL_SIZE) / 2
    if known and 2 * half <= sheet.across:
        x = sheet.left + min(max(known[0] * sheet.across, half), sheet.across - half)
        y = sheet.top - line_height(style.SMALL_SIZE) - 0.02
        look = {"size": style.SMALL_SIZE, "colour": TRUTH_COLOUR, "align": "center"}
        frame.lines(x, y, [clean(label)], **look)


class _SideWords:
    """The words at both sides of no difference, in as many lines as they need."""

    def __init__(self, sides: tuple[str, str], middle: float, room: float):
        self._middle, gap = middle, _BETWEEN_WORDS / 2
        self._left = wrap(f"← {clean(sides[0])}", middle - gap)
        self._right = wrap(f"{clean(sides[1])} →", room - middle - gap)
        self.height = max(len(self._left), len(self._right)) * line_height() + 0.04

    def draw(self, frame: Frame, y: float) -> None:
        gap = _BETWEEN_WORDS / 2
        for x, lines, align in (
            (self._middle - gap, self._left, "right"),
            (self._middle + gap, self._right, "left"),
        ):
            frame.lines(x, y + 0.02, lines, align=align, colour=style.SECONDARY)


def _key(contrasts: list[Contrast], truth_label: str, ticks: tuple[float, ...]) -> str:
    said = ["Filled square: the interval excludes no difference; hollow: it does not."]
    if any(c.failing for c in contrasts):
        said.append(f"Hollow and red: {FAILING}, so nothing is claimed.")
    if any(c.naive for c in contrasts):
        said.append("Diamond: not an effect.")
    if any(c.truth > 0 for c in contrasts):
        said.append(f"Vertical tick: {clean(truth_label)}.")
    ends = [v for c in contrasts for v in c.known("ratio") if not np.isnan(v)]
    if not _inside(ends, ticks):
        said.append("Arrow: goes beyond the axis.")
    return " ".join(said)


def _in_words(contrasts: list[Contrast], head: str) -> str:
    said = []
    for c in contrasts:
        ratio, difference = _cells(c)
        who = f"{c.outcome}, {c.service}{' (ever against never, biased)' if c.naive else ''}"
        who += f" ({FAILING})" if c.failing else ""
        parts = [c.sentence] if c.sentence else [f"{head.lower()} {spoken(ratio)}"]
        if not c.sentence and difference != MISSING:
            parts.append(f"difference per 100 {spoken(difference)}")
        if c.truth > 0:
            parts.append(f"truth {c.truth:.2f}")
        said.append(f"{who}: {', '.join(parts)}.")
    return " ".join(said)
