"""Cumulative incidence: the share of children with the event as time goes on."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from evaluation.errors import OutputError
from evaluation.reporting.charts import style
from evaluation.reporting.charts.chart import Chart
from evaluation.reporting.charts.curves import Curve, data_table, read_curves, undrawn
from evaluation.reporting.charts.end_labels import EndLabel, EndLabels
from evaluation.reporting.charts.frame import Frame, content_width, words
from evaluation.reporting.charts.lettering import clean, line_height
from evaluation.reporting.charts.multiples import Multiples, Panel
from evaluation.reporting.charts.panel import (
    AXIS_WORDS,
    Scale,
    band,
    by_period,
    draw_panel,
    levels_to,
    stairs,
)
from evaluation.reporting.charts.risk_table import RiskRow, RiskTable, side_room
from evaluation.reporting.charts.tables import (
    DAYS_IN,
    in_hundred,
    is_suppressed,
    percent,
    period,
    written,
)

_TALLEST_LABELS = 3.4
_SHARE_OF_WIDTH = 0.4


@style.house_style()
def incidence(
    table: pd.DataFrame,
    at_risk: pd.DataFrame,
    *,
    title: str,
    subtitle: str,
    source: str,
    horizons: Sequence[float],
    labels: Mapping | None = None,
    horizon: float | None = None,
    comparison: object = None,
    cause: int | None = None,
    outcome: str = "events",
    since: str = "exit",
    time_unit: str = "months",
    note: str = "",
    name: str = "incidence",
    width: float = style.FULL_WIDTH,
) -> Chart:
    """Draw cumulative incidence curves with bands and the numbers at risk.

    Parameters
    ----------
    table : pandas.DataFrame
        The curve: ``group``, ``time`` (days), ``incidence`` (0 to 1) and, if
        known, ``ci_low``, ``ci_high``, ``cause``. Missing or absent points are
        passed over.
    at_risk : pandas.DataFrame
        The same estimate at the listed times, as ``.at(times)`` returns it:
        ``group``, ``time``, ``at_risk``, ``events`` (so far; both unweighted),
        ``incidence`` and, if known, its limits. Printed values come from here
        alone. Any may be ``s``; missing means no longer followed. Day 0 has no
        column where nobody is at risk yet: say there how many began.
    title, subtitle, source : str
        The finding; what is measured, for whom, when, how many; the last line.
    horizons : sequence of float
        Days that carry a marker; each must be among the times of `at_risk`.
    labels : mapping, optional
        From group to printed name; its order is the order of the groups.
    horizon : float, optional
        The main horizon, printed at the line ends: by default day 365 if listed,
        otherwise the last of `horizons`.
    comparison : optional
        The group drawn dashed and grey.
    cause : int, optional
        The cause drawn; needed where the tables hold several.
    outcome : str
        The event in the plural, such as ``"re-entries"``.
    since : str
        What time is counted from, such as ``"reunification"``.
    time_unit : {"months", "days", "years"}
        Unit of the axis; a month is 30.4375 days.
    note : str
        A sentence printed beneath the numbers.
    name : str
        File name without ending.
    width : float
        Inches, at least 4.

    Returns
    -------
    Chart
        Up to five groups share one pair of axes; more, or labels too long to
        stand at the lines, give one panel per group.

    Raises
    ------
    OutputError
        If a table is missing, empty or wrong.
    """
    if time_unit not in DAYS_IN:
        raise OutputError(
            f"The incidence chart knows no time_unit {time_unit!r}: use {', '.join(DAYS_IN)}."
        )
    if not len(horizons):
        raise OutputError("The incidence chart needs at least one day in horizons.")
    horizons = sorted(float(day) for day in horizons)
    main = horizon if horizon is not None else 365.0 if 365.0 in horizons else horizons[-1]
    curves = read_curves(table, at_risk, sorted({*horizons, main}), labels, cause)
    drawing = _Drawing(curves, horizons, main, comparison, outcome, since, time_unit)
    notes = [clean(text) for text in (note, undrawn(curves)) if text]
    look = {"title": title, "subtitle": subtitle, "notes": notes, "source": source}
    frame = drawing.overlaid(width, look) or drawing.side_by_side(width, look)
    whole, short = data_table(curves, time_unit)
    return Chart(
        name=name,
        title=clean(title),
        figure=frame.figure,
        table=whole,
        alt=words("Cumulative incidence curves.", subtitle, drawing.in_words(), note),
        note=words(*notes),
        summary=short,
    )


class _Drawing:
    """The curves with everything the two layouts share."""

    def __init__(
        self,
        curves: list[Curve],
        horizons: list[float],
        main: float,
        comparison: object,
        outcome: str,
        since: str,
        unit: str,
    ):
        self.curves, self.horizons, self.main, self.unit = curves, horizons, main, unit
        self.comparison = comparison
        self.days = sorted({*horizons, main, *(t for c in curves for t in c.listed["time"])})
        begun = [c.value(0) is not None and c.value(0)["at_risk"] != 0 for c in curves]
        self.columns = [day for day in self.days if day > 0 or any(begun)]
        tops = [c.steps[["incidence", "ci_high"]].max().max() for c in curves]
        levels = levels_to(min(1.0, max([0.01, *tops])))
        self.scale = Scale(
            last=self.days[-1],
            ticks=self.days,
            unit=unit,
            guide=main,
            levels=levels,
            write=lambda share: percent(share, levels[1]),
        )
        self.axis_title = clean(f"{unit.capitalize()} since {since}")
        self.header = clean(f"At risk ({outcome} so far), unweighted")

    def overlaid(self, width: float, look: dict) -> Frame | None:
        """Return one pair of axes for all groups, or None if they need more room."""
        if len(self.curves) > style.MOST_SERIES:
            return None
        styles = style.series_for([c.group for c in self.curves], self.comparison)
        room = content_width(width)
        labels = EndLabels(
            [
                EndLabel(c.label, self.value_lines(c), styles[c.group].colour, self._end(c))
                for c in self.curves
                if c.drawn
            ],
            room,
        )
        if labels.height > _TALLEST_LABELS:
            return None
        rows = self._risk_rows({c.group: styles[c.group].colour for c in self.curves})
        first = [row.cell(self.columns[0])[0] for row in rows]
        side = side_room([c.label for c in self.curves], first)
        left = max(self.scale.value_width, side)
        across = room - left - labels.width
        height = max(_SHARE_OF_WIDTH * width, labels.height)
        table = RiskTable(
            rows,
            self.columns,
            self._first,
            lambda day: left + across * day / self.scale.last,
            side,
            self.header,
            room,
        )
        below = 2 * AXIS_WORDS + 0.06
        frame = Frame(**look, body=height + below + table.height, width=width)
        axes = draw_panel(frame, self.scale, left, 0, across, height, values=True)
        for curve in self.curves:
            self._draw(axes, curve, styles[curve.group])
        labels.draw(frame, left, 0, across, height)
        frame.lines(
            left + across,
            height + AXIS_WORDS,
            [self.axis_title],
            align="right",
            colour=style.SECONDARY,
        )
        table.draw(frame, height + below)
        return frame

    def side_by_side(self, width: float, look: dict) -> Frame:
        """Return one panel per group, the other groups pale behind it."""
        drawn = [c for c in self.curves if c.drawn]
        panels = [
            Panel(c.label, " ".join(self.value_lines(c)), self._panel_look(c).colour) for c in drawn
        ]
        multiples = Multiples(panels, self.scale, content_width(width))
        table = self._columns(content_width(width))
        below = line_height() + 0.14
        frame = Frame(**look, body=multiples.height + below + table.height, width=width)
        for curve, place in zip(drawn, multiples.draw(frame), strict=True):
            for other in drawn:
                if other is not curve:
                    plain = other.group != self.comparison
                    stairs(
                        place.axes,
                        other.steps["time"],
                        other.steps["incidence"],
                        self._panel_look(other),
                        color=style.RULES if plain else style.COMPARISON,
                        lw=0.8,
                        zorder=1,
                    )
            self._draw(place.axes, curve, self._panel_look(curve))
        frame.lines(
            frame.width, multiples.height, [self.axis_title], align="right", colour=style.SECONDARY
        )
        table.draw(frame, multiples.height + below)
        return frame

    def _columns(self, room: float) -> RiskTable:
        rows = self._risk_rows({c.group: self._panel_look(c).colour for c in self.curves})
        side = 0.36 * room
        step = (room - side) / len(self.columns)
        place = {day: side + (i + 0.5) * step for i, day in enumerate(self.columns)}
        return RiskTable(
            rows,
            self.columns,
            self._first,
            place.__getitem__,
            side,
            self.header,
            room,
            lambda day: period(day, self.unit),
        )

    def _panel_look(self, curve: Curve) -> style.Series:
        same = curve.group == self.comparison
        return style.COMPARISON_SERIES if same else style.SERVICE_SERIES[0]

    def _end(self, curve: Curve) -> tuple[float, float]:
        last = curve.steps.iloc[-1]
        return last["time"] / self.scale.last, last["incidence"] / self.scale.levels[-1]

    def value_lines(self, curve: Curve) -> list[str]:
        """Return the lines beneath a group's name: the value at the main horizon."""
        row = curve.value(self.main)
        when = by_period(self.main, self.unit)
        if row is not None and is_suppressed(row["incidence"]):
            return ["suppressed (s)", when]
        if row is None or written(row["incidence"]) == "–":
            return ["not followed", when.replace("by", "to", 1)]
        return [in_hundred(float(row["incidence"])), when]

    def _draw(self, axes, curve: Curve, look: style.Series) -> None:
        if not curve.drawn:
            return
        steps = curve.steps
        band(axes, steps["time"], steps["ci_low"], steps["ci_high"], look.colour)
        stairs(axes, steps["time"], steps["incidence"], look)
        marked = steps[steps["time"].isin(np.array([*self.horizons, self.main]))]
        marked = marked[marked["time"].isin(curve.listed["time"])]
        axes.plot(
            marked["time"],
            marked["incidence"],
            ls="",
            marker=look.marker,
            ms=5.5,
            color=look.colour,
            mec=style.PAPER,
            mew=0.9,
            clip_on=False,
            zorder=4,
        )

    def _risk_rows(self, colours: dict) -> list[RiskRow]:
        return [
            RiskRow(
                curve.label,
                colours[curve.group],
                {row.time: (row.at_risk, row.events) for row in curve.listed.itertuples()},
            )
            for curve in self.curves
        ]

    @property
    def _first(self) -> list[float]:
        return [self.main, self.columns[0], self.columns[-1], *self.horizons]

    def in_words(self) -> str:
        """Return every group's values at the horizons as sentences."""
        said = []
        for day in sorted({*self.horizons, self.main}):
            values = [f"{curve.label} {self._value_in_words(curve, day)}" for curve in self.curves]
            said.append(f"By {period(day, self.unit)}: {'; '.join(values)}.")
        return " ".join(said)

    @staticmethod
    def _value_in_words(curve: Curve, day: float) -> str:
        row = curve.value(day)
        if row is None:
            return "not given"
        value = written(row["incidence"], "{:.3f}")
        if value == "s":
            return "suppressed"
        if value == "–":
            return "not followed that long"
        said = in_hundred(float(row["incidence"]))
        low, high = (row.get(limit) for limit in ("ci_low", "ci_high"))
        if written(low) in "s–" or written(high) in "s–" or low == high:
            return said
        return f"{said} (95% interval {100 * float(low):.1f} to {100 * float(high):.1f})"
