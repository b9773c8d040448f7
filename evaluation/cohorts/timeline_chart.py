"""A timeline drawn: lanes for what lasts, marks for what happens."""

from typing import TYPE_CHECKING

import pandas as pd

from evaluation.cohorts.services import STILL_OPEN, attach
from evaluation.cohorts.tidy import tidy

if TYPE_CHECKING:
    from evaluation.cohorts.cohort import Cohort
    from evaluation.cohorts.timeline import Timeline

LANES = ("Care", "Placements", "Orders", "Support window")
MARKS = {
    "Report": "Reports",
    "Disruption record": "Disruptions",
    "Visit": "Visits",
    "Support closed": "Closures",
    "Follow-up ends": "Outcomes",
    "Moved out of sight": "Moves",
    "Died": "Death",
}
_SHADES = ("#00737A", "#5B6770", "#6A4C93", "#8A6100")
_TEXT, _RULES = "#1F2933", "#D5DBE1"
_SIZE = 7
_GAP = 6.0
_WIDER = 1.06  # letters on a screen are set a little wider than their outlines
_ROW = 0.15
"""Inches of a row of labels; a lane's bar and the space above it take two."""


def spans_of(
    cohort: "Cohort", child_id: str, stays: pd.DataFrame, exits: pd.DataFrame
) -> pd.DataFrame:
    """Return what lasts in a child's life: stays, placements, orders, support, services.

    Parameters
    ----------
    cohort : Cohort
    child_id : str
    stays, exits : pandas.DataFrame
        The child's candidates and exits.

    Returns
    -------
    pandas.DataFrame
        ``lane``, ``label``, ``start``, ``end``.
    """
    stages = cohort.stages
    through = pd.Timestamp(stages.records.as_of)
    rows = [
        ("Care", "in care", stay.removal_date, stay.discharge_date)
        for stay in stays.itertuples()
        if not stay.visit
    ]
    placed = stages.records.optional("placements")
    placed = tidy(placed.filter(placed.child_id == child_id))
    rows += [("Placements", row.type, row.start_date, row.end_date) for row in placed.itertuples()]
    for exit_ in exits.itertuples():
        here = stages.exits.filter(stages.exits.exit_id == exit_.exit_id)
        orders = tidy(attach(stages.records.optional("legal_orders"), here))
        rows += [("Orders", row.type, row.start_date, row.end_date) for row in orders.itertuples()]
        support = tidy(stages.support.filter(stages.support.exit_id == exit_.exit_id))
        for row in support[support["support_status"] != "after"].itertuples():
            free = {True: ", voluntary", False: ", involuntary"}.get(row.support_voluntary, "")
            label = f"{row.support_status} the window{free}"
            rows.append(("Support window", label, *_dates(exit_.index_date, row.enter, row.leave)))
        spells = tidy(stages.intervals.filter(stages.intervals.exit_id == exit_.exit_id))
        for row in spells.itertuples():
            dates = _dates(exit_.index_date, row.enter, row.leave)
            rows.append((row.program, "in service", *dates))
    table = pd.DataFrame(rows, columns=["lane", "label", "start", "end"])
    table["start"] = pd.to_datetime(table["start"])
    table["end"] = pd.to_datetime(table["end"]).fillna(through).clip(upper=through)
    table = table[table["start"] <= table["end"]].drop_duplicates()
    places = {name: place for place, name in enumerate((*LANES, *cohort.programs))}
    table["place"] = table["lane"].map(places)
    order = ["place", "start", "end", "label"]
    return table.sort_values(order, ignore_index=True).drop(columns="place")


def _dates(day0: pd.Timestamp, enter: int, leave: int) -> tuple:
    end = pd.NaT if leave >= STILL_OPEN else day0 + pd.Timedelta(days=int(leave))
    return day0 + pd.Timedelta(days=int(enter)), end


def _plain(words: str) -> str:
    return words.replace("_", " ").replace("$", r"\$")


def _items(life: "Timeline") -> dict[str, list[tuple]]:
    """Return what each lane shows, by date: (first day, last day or None for a mark, label)."""
    lanes: dict[str, list[tuple]] = {}
    for span in life.spans.itertuples():
        label = span.label if isinstance(span.label, str) else "unknown"
        lanes.setdefault(span.lane, []).append((span.start, span.end, _plain(label)))
    marks = life.table[life.table["what"].isin(MARKS)]
    for lane, own in marks.groupby(marks["what"].map(MARKS), sort=False):
        for date, words in own.groupby("date", sort=True)["detail"]:
            lanes.setdefault(lane, []).append((date, None, _plain("; ".join(sorted(words)))))
    return lanes


def _width(words: str) -> float:
    """Return the width of a label in points."""
    from matplotlib.textpath import TextPath

    drawn = TextPath((0, 0), words, size=_SIZE).get_extents().width if words.strip() else 0.0
    return drawn * _WIDER


def _placed(items: list[tuple], place, across: float) -> list[tuple[float, int, str]]:
    """Give each label its left edge in points and a row, so that none meets another.

    Parameters
    ----------
    items : list of tuple
        As in `_items`.
    place : callable
        Points from the left edge of the axes, of a date.
    across : float
        Points the axes are wide.
    """
    ends: list[float] = []
    placed = []
    for first, _, words in items:
        while _width(words) > across and len(words) > 1:
            words = words[: int(len(words) * 0.9)].rstrip(" …") + "…"
        left = max(0.0, min(place(first), across - _width(words)))
        row = next((row for row, end in enumerate(ends) if end + _GAP <= left), len(ends))
        ends[row : row + 1] = [left + _width(words)]
        placed.append((left, row, words))
    return placed


def draw(life: "Timeline", ax=None):
    """Draw a timeline.

    Parameters
    ----------
    life : Timeline
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    from matplotlib import dates, pyplot

    lanes = _items(life)
    days = [
        day for items in lanes.values() for item in items for day in item[:2] if day is not None
    ]
    days += list(life.table.loc[life.table["what"] == "In the cohort", "date"])
    if not days:
        days = list(life.table["date"])
    first, last = (dates.date2num(day) for day in (min(days), max(days)))
    margin = max(0.02 * (last - first), 5.0)
    own = ax is None
    if own:
        figure, ax = pyplot.subplots(figsize=(9, 2))
        figure.subplots_adjust(left=0.155, right=0.98)
    ax.set_xlim(first - margin, last + margin)
    across = ax.get_position().width * ax.figure.get_figwidth() * 72

    def place(day) -> float:
        return across * (dates.date2num(day) - first + margin) / (last - first + 2 * margin)

    paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
    written = {"va": "center", "fontsize": _SIZE, "color": _TEXT, "bbox": paper}
    top, ticks = 0.0, []
    for number, items in enumerate(lanes.values()):
        placed = _placed(items, place, across)
        ticks.append(top + 1.0)
        shade = _SHADES[number % len(_SHADES)]
        for turn, ((start, end, _), (left, row, words)) in enumerate(
            zip(items, placed, strict=True)
        ):
            begin = dates.date2num(start)
            if end is None:
                ax.plot(begin, top + 1.0, marker="D", color=shade, markersize=5)
            else:
                width = max(dates.date2num(end) - begin, 1.0)
                bar = {
                    "facecolor": shade,
                    "alpha": 0.75 if turn % 2 else 0.45,
                    "edgecolor": "white",
                }
                ax.broken_barh([(begin, width)], (top + 0.6, 0.8), **bar)
            at = first - margin + left / across * (last - first + 2 * margin)
            ax.text(at, top + 2.0 + row, words, **written)
        top += 2.7 + max(row for _, row, _ in placed)
    for row in life.table[life.table["what"] == "In the cohort"].itertuples():
        ax.axvline(dates.date2num(row.date), color=_TEXT, linewidth=1, linestyle=":", zorder=0)
    if own:
        height = max(top, 4.0) * _ROW
        ax.figure.set_figheight(height + 0.8)
        ax.figure.subplots_adjust(top=1 - 0.4 / (height + 0.8), bottom=0.4 / (height + 0.8))
    ax.set_yticks(ticks, [lane.replace("_", " ") for lane in lanes])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(max(top, 1.0), 0)
    locator = dates.AutoDateLocator()
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    ax.set_title("One child's life as the records show it; dotted: day 0", loc="left", fontsize=9)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set_color(_RULES)
    return ax
