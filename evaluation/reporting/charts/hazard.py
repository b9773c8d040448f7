"""Hazard: when, after the exit, the event happens."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from evaluation.errors import OutputError
from evaluation.reporting.charts import style
from evaluation.reporting.charts.chart import Chart
from evaluation.reporting.charts.end_labels import EndLabel, EndLabels
from evaluation.reporting.charts.frame import Frame, content_width, words
from evaluation.reporting.charts.lettering import clean, line_height, wrap
from evaluation.reporting.charts.multiples import Multiples, Panel
from evaluation.reporting.charts.panel import AXIS_WORDS, Scale, draw_panel, levels_to, stairs
from evaluation.reporting.charts.tables import (
    DAYS_IN,
    SUPPRESSED,
    checked,
    interval,
    is_suppressed,
    numbers,
    ordered,
    spoken,
    tick,
)

CHART = "hazard"
UNITS = {"per 1,000 child-months": 1000.0, "% per month": 100.0}
_MOST_TOGETHER = 3
_LEAST_APART = 0.09
_FARTHEST = 4.0
_CUT = 2.5
_SPOKEN = 6
_HEAD_GAP = 0.13


@style.house_style()
def hazard(
    table: pd.DataFrame,
    *,
    title: str,
    subtitle: str,
    source: str,
    labels: Mapping | None = None,
    comparison: object = None,
    unit: str = "per 1,000 child-months",
    outcome: str = "events",
    since: str = "exit",
    time_unit: str = "months",
    note: str = "",
    name: str = "hazard",
    width: float = style.FULL_WIDTH,
) -> Chart:
    """Draw the hazard in each period since exit with its interval.

    Parameters
    ----------
    table : pandas.DataFrame
        ``group``, ``start``, ``stop`` (days; the period is after `start` up to
        `stop`), ``hazard`` (events per child-month at risk) and, if known,
        ``ci_low``, ``ci_high``. A hazard may be ``s`` or missing.
    title, subtitle, source : str
        The finding; what is measured, for whom, when, how many; the last line.
    labels : mapping, optional
        From group to printed name; its order is the order of the groups.
    comparison : optional
        The group drawn dashed and grey.
    unit : {"per 1,000 child-months", "% per month"}
        What the value axis counts.
    outcome : str
        The event in the plural, such as ``"re-entries"``.
    since : str
        What time is counted from.
    time_unit : {"months", "days", "years"}
        Unit of the time axis.
    note, name, width
        As in :func:`incidence`.

    Returns
    -------
    Chart
        Up to three groups share one pair of axes where their intervals have
        room side by side; otherwise there is one panel per group.

    Raises
    ------
    OutputError
        If the table is missing, empty or wrong.
    """
    if unit not in UNITS or time_unit not in DAYS_IN:
        raise OutputError(
            f"The hazard chart knows no unit {unit!r} by {time_unit!r}: use one of "
            f"{', '.join(UNITS)} and one of {', '.join(DAYS_IN)}."
        )
    rows, names = _read(table, labels, UNITS[unit])
    drawing = _Drawing(rows, names, comparison, _counted(outcome, unit), since, time_unit)
    notes = [clean(text) for text in (note, drawing.cut_off()) if text]
    look = {"title": title, "subtitle": subtitle, "notes": notes, "source": source}
    frame = drawing.overlaid(width, look) or drawing.side_by_side(width, look)
    drawn = rows.assign(hazard=rows["given"], group=rows["group"].map(names), unit=unit)
    columns = ["group", "start", "stop", "hazard", "ci_low", "ci_high", "unit"]
    return Chart(
        name=name,
        title=clean(title),
        figure=frame.figure,
        table=drawn[columns].reset_index(drop=True),
        alt=words(
            f"Hazard by period: {_counted(outcome, unit)}.", subtitle, drawing.in_words(), note
        ),
        note=words(*notes),
    )


def _counted(outcome: str, unit: str) -> str:
    return f"{outcome}, {unit}" if unit.startswith("%") else f"{outcome} {unit}"


def _read(table: object, labels: Mapping | None, factor: float) -> tuple[pd.DataFrame, dict]:
    given = checked(table, ["group", "start", "stop", "hazard"], CHART)
    order, names = ordered(given["group"], labels, CHART, "group")
    rows = pd.DataFrame({"group": given["group"].astype(object)})
    for column in ("start", "stop"):
        rows[column] = numbers(given, column, CHART, low=0)
    for column in ("hazard", "ci_low", "ci_high"):
        optional = column != "hazard"
        rows[column] = factor * numbers(given, column, CHART, low=0, optional=optional)
    rows["suppressed"] = [is_suppressed(value) for value in given["hazard"]]
    rows["given"] = rows["hazard"].astype(object).mask(rows["suppressed"], SUPPRESSED)
    wrong = rows[~(rows["stop"] > rows["start"])]
    if len(wrong):
        raise OutputError(
            f"The hazard chart cannot be drawn because row {wrong.index[0]} of its table ends on "
            f"day {wrong['stop'].iloc[0]:g} and begins on day {wrong['start'].iloc[0]:g}: give "
            f"periods with start before stop."
        )
    repeated = rows[rows.duplicated(["group", "start"])]
    if len(repeated):
        row = repeated.iloc[0]
        raise OutputError(
            f"The hazard chart cannot be drawn because {names[row['group']]!r} has two rows that "
            f"begin on day {row['start']:g}: keep one."
        )
    rows["place"] = rows["group"].map({group: i for i, group in enumerate(order)})
    return rows.sort_values(["place", "start"]).reset_index(drop=True), names


class _Drawing:
    """The periods with everything the two layouts share."""

    def __init__(
        self,
        rows: pd.DataFrame,
        names: dict,
        comparison: object,
        counted: str,
        since: str,
        unit: str,
    ):
        self.rows, self.names, self.comparison, self.unit = rows, names, comparison, unit
        self.counted = clean(counted[:1].upper() + counted[1:])
        self.axis_title = clean(f"{unit.capitalize()} since {since}")
        highest = rows["hazard"].max()
        reach = rows["ci_high"].max()
        known = [value for value in (highest, reach) if not np.isnan(value)]
        top = max([*known, 0.0])
        if top > _FARTHEST * highest > 0:
            top = _CUT * highest
        levels = levels_to(top or 1.0)
        step = levels[1]
        decimals = 0 if step == int(step) else 1 if 10 * step == int(10 * step) else 2
        self.scale = Scale(
            last=float(rows["stop"].max()),
            ticks=sorted({*rows["start"], *rows["stop"]}),
            unit=unit,
            guide=None,
            levels=levels,
            write=lambda level: f"{level:,.{decimals}f}",
        )
        self.top = levels[-1]

    def of(self, group: object) -> pd.DataFrame:
        """Return one group's periods."""
        return self.rows[self.rows["group"] == group]

    def overlaid(self, width: float, look: dict) -> Frame | None:
        """Return one pair of axes for all groups, or None if they need more room."""
        groups = list(self.names)
        if len(groups) > _MOST_TOGETHER:
            return None
        room = content_width(width)
        styles = style.series_for(groups, self.comparison)
        shown = [group for group in groups if self.of(group)["hazard"].notna().any()]
        labels = EndLabels(
            [
                EndLabel(self.names[group], [], styles[group].colour, self._end(group))
                for group in shown
            ],
            room,
        )
        left = self.scale.value_width
        across = room - left - labels.width
        narrowest = (self.rows["stop"] - self.rows["start"]).min() / self.scale.last * across
        if narrowest / len(groups) < _LEAST_APART and len(groups) > 1:
            return None
        height = max(0.36 * width, labels.height)
        head = wrap(self.counted, room)
        top = len(head) * line_height() + _HEAD_GAP
        frame = Frame(**look, body=top + height + 2 * AXIS_WORDS, width=width)
        frame.lines(0, 0, head, colour=style.SECONDARY)
        axes = draw_panel(frame, self.scale, left, top, across, height, values=True)
        for i, group in enumerate(groups):
            share = (i + 1) / (len(groups) + 1)
            self._draw(axes, group, styles[group], share)
            self._print_suppressed(frame, group, styles[group], share, left, across, top + height)
        labels.draw(frame, left, top, across, height)
        y = top + height + AXIS_WORDS
        frame.lines(left + across, y, [self.axis_title], align="right", colour=style.SECONDARY)
        return frame

    def side_by_side(self, width: float, look: dict) -> Frame:
        """Return one panel per group."""
        panels = [Panel(label, "", self._look(group).colour) for group, label in self.names.items()]
        multiples = Multiples(panels, self.scale, content_width(width))
        head = wrap(self.counted, content_width(width))
        top = len(head) * line_height() + _HEAD_GAP
        frame = Frame(**look, body=top + multiples.height + line_height(), width=width)
        frame.lines(0, 0, head, colour=style.SECONDARY)
        for group, place in zip(self.names, multiples.draw(frame, top), strict=True):
            self._draw(place.axes, group, self._look(group), 0.5)
            base = place.top + place.height
            self._print_suppressed(
                frame, group, self._look(group), 0.5, place.left, place.width, base
            )
        y = top + multiples.height
        frame.lines(frame.width, y, [self.axis_title], align="right", colour=style.SECONDARY)
        return frame

    def _look(self, group: object) -> style.Series:
        same = group == self.comparison
        return style.COMPARISON_SERIES if same else style.SERVICE_SERIES[0]

    def _end(self, group: object) -> tuple[float, float]:
        last = self.of(group).dropna(subset=["hazard"]).iloc[-1]
        return last["stop"] / self.scale.last, last["hazard"] / self.top

    def _draw(self, axes: Axes, group: object, look: style.Series, share: float) -> None:
        rows = self.of(group)
        for row in rows.itertuples():
            at = row.start + share * (row.stop - row.start)
            if np.isnan(row.hazard):
                continue
            axes.plot(at, row.hazard, marker=look.marker, ms=5, color=look.colour, mec=style.PAPER,
                      mew=0.8, clip_on=False, zorder=4)  # fmt: skip
            if np.isnan(row.ci_low) or np.isnan(row.ci_high):
                continue
            axes.vlines(at, row.ci_low, min(row.ci_high, self.top), color=look.colour, lw=1.1,
                        clip_on=False, zorder=3)  # fmt: skip
            if row.ci_high > self.top:
                axes.plot(at, self.top, marker=6, ms=4.5, color=look.colour, clip_on=False)
        edges = np.append(rows["start"], rows["stop"].iloc[-1])
        heights = np.append(rows["hazard"], rows["hazard"].iloc[-1])
        stairs(axes, edges, heights, look, lw=1.2, alpha=0.75, zorder=2.5)

    def _print_suppressed(
        self,
        frame: Frame,
        group: object,
        look: style.Series,
        share: float,
        left: float,
        across: float,
        base: float,
    ) -> None:
        size = style.SMALL_SIZE
        y = base - line_height(size)
        for row in self.of(group).query("suppressed").itertuples():
            x = left + across * (row.start + share * (row.stop - row.start)) / self.scale.last
            frame.lines(x, y, [SUPPRESSED], size=size, colour=look.colour, align="center")

    def cut_off(self) -> str:
        """Say that an interval goes beyond the axis, if one does."""
        beyond = int((self.rows["ci_high"] > self.top).sum())
        if not beyond:
            return ""
        which = "One interval goes" if beyond == 1 else f"{beyond} intervals go"
        return f"{which} beyond the axis (arrow); the table has the limits."

    def in_words(self) -> str:
        """Return every group's hazards, or its highest and last where there are many."""
        said = []
        for group, label in self.names.items():
            rows = self.of(group)
            if len(rows) > _SPOKEN and rows["hazard"].notna().any():
                highest, last = rows.loc[rows["hazard"].idxmax()], rows.iloc[-1]
                values = f"highest in {self._value(highest)}; last in {self._value(last)}"
            else:
                values = "; ".join(self._value(row) for _, row in rows.iterrows())
            said.append(f"{label}: {values}.")
        return " ".join(said)

    def _value(self, row: pd.Series) -> str:
        when = f"{self.unit} {tick(row['start'], self.unit)} to {tick(row['stop'], self.unit)}"
        value = interval(row["given"], row["ci_low"], row["ci_high"], "{:,.1f}", " to ")
        return f"{when}, {spoken(value)}"
