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
_SHADES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999")


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
        orders = tidy(attach(stages.records.optional("legal_orders"), "order_id", here))
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
    return " " + words.replace("_", " ").replace("$", r"\$")


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

    marks = life.table[life.table["what"].isin(MARKS)]
    lanes = [*life.spans["lane"].unique(), *marks["what"].map(MARKS).unique()]
    if ax is None:
        _, ax = pyplot.subplots(figsize=(9, 0.6 + 0.5 * max(len(lanes), 2)), layout="constrained")
    for place, lane in enumerate(lanes):
        spans = life.spans[life.spans["lane"] == lane]
        for number, span in enumerate(spans.itertuples()):
            begin, end = dates.date2num(span.start), dates.date2num(span.end)
            shade = _SHADES[(place + 2 * (number % 2)) % len(_SHADES)]
            width = max(end - begin, 1.0)
            ax.broken_barh([(begin, width)], (place - 0.35, 0.7), color=shade, alpha=0.55)
            label = span.label if isinstance(span.label, str) else "unknown"
            high = place + (0.18 if number % 2 else -0.12)
            ax.text(begin, high, _plain(label), va="center", fontsize=7, clip_on=True)
        own = marks[marks["what"].map(MARKS) == lane]
        told = own.groupby("date", sort=True)["detail"].agg(lambda words: "; ".join(sorted(words)))
        for number, (date, detail) in enumerate(told.items()):
            ax.plot(dates.date2num(date), place, marker="D", color="black", markersize=5)
            high = place + (0.32 if number % 2 else -0.2)
            ax.text(dates.date2num(date), high, _plain(detail), fontsize=7, clip_on=True)
    for row in life.table[life.table["what"] == "In the cohort"].itertuples():
        ax.axvline(dates.date2num(row.date), color="black", linewidth=1, linestyle=":")
    ax.set_yticks(range(len(lanes)), [lane.replace("_", " ") for lane in lanes])
    ax.set_ylim(len(lanes) - 0.5, -0.5)
    locator = dates.AutoDateLocator()
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    ax.set_title("One child's life as the records show it; dotted: day 0", loc="left", fontsize=9)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    return ax
