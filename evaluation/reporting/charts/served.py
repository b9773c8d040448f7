"""Who was served: the share reached by the service, characteristic by characteristic."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from evaluation.errors import OutputError
from evaluation.reporting.charts import style
from evaluation.reporting.charts.chart import Chart
from evaluation.reporting.charts.frame import Frame, content_width, words
from evaluation.reporting.charts.lettering import clean, line_height, wrap
from evaluation.reporting.charts.panel import levels_to
from evaluation.reporting.charts.rows import Row, RowSheet
from evaluation.reporting.charts.tables import (
    MISSING,
    SUPPRESSED,
    checked,
    interval,
    is_missing,
    numbers,
    ordered,
    percent,
    spoken,
    written,
)

CHART = "served"


@style.house_style()
def served(
    table: pd.DataFrame,
    *,
    title: str,
    subtitle: str,
    source: str,
    everyone: str = "all",
    everyone_label: str = "All children",
    characteristics: Mapping | None = None,
    axis_title: str = "Share served",
    note: str = "",
    name: str = "served",
    width: float = style.FULL_WIDTH,
) -> Chart:
    """Draw the share served at each level of each characteristic with its interval.

    Parameters
    ----------
    table : pandas.DataFrame
        ``characteristic``, ``level``, ``share`` (0 to 1) and, if known, ``ci_low``,
        ``ci_high``, ``served`` and ``children`` (counts). Rows keep their order; any
        number may be ``s`` or missing.
    title, subtitle, source : str
        The finding; what is measured, for whom, when, how many; the last line.
    everyone : str
        The characteristic whose one row is everyone: drawn first, with a line
        through all rows, the reference of every group.
    everyone_label : str
        Printed name of that row.
    characteristics : mapping, optional
        From characteristic to printed name; its order is the order of the blocks.
    axis_title : str
        What the axis measures.
    note, name, width
        As in :func:`incidence`.

    Returns
    -------
    Chart

    Raises
    ------
    OutputError
        If the table is missing, empty or wrong, or a level stands twice.
    """
    given = _read(table)
    order, names = ordered(given["characteristic"], characteristics, CHART, "characteristic")
    order.sort(key=lambda characteristic: characteristic != everyone)
    counted = {"served", "children"} <= set(given.columns)
    rows, drawn = [], []
    for characteristic in order:
        block = given[given["characteristic"] == characteristic]
        if characteristic != everyone:
            rows.append(Row(names[characteristic], heading=True))
        for row in block.to_dict("records"):
            label = everyone_label if characteristic == everyone else row["level"]
            row |= {"characteristic": names[characteristic], "level": clean(label)}
            drawn.append((len(rows), row, characteristic == everyone))
            rows.append(Row(clean(label), _cells(row, counted)))
    heads = ["Share", "Served"] if counted else ["Share"]
    sheet = RowSheet(rows, heads, content_width(width))
    top = np.nanmax([0.01, *(v for _, row, _ in drawn for v in (row["_share"], row["_high"]))])
    levels = levels_to(float(top), most=4)
    title_lines = wrap(axis_title, sheet.left + sheet.across)
    notes = [clean(note)] if note else []
    body = sheet.height + 0.07 + (1 + len(title_lines)) * line_height()
    frame = Frame(title, subtitle, notes, source, body, width)
    axes = sheet.draw(frame)
    last = levels[-1]
    below = sheet.ticks(frame, levels, lambda v: v / last, lambda v: percent(v, levels[1]), 0.0)
    frame.lines(
        sheet.left + sheet.across, below, title_lines, align="right", colour=style.SECONDARY
    )
    for at, row, overall in drawn:
        _mark(axes, sheet.middle(at), row, last, overall)
        if overall and not np.isnan(row["_share"]):
            sheet.guide(frame, row["_share"] / last, style.COMPARISON, 1.0, ls=(0, (4, 2)))
    columns = [column for column in given.columns if not column.startswith("_")]
    return Chart(
        name=name,
        title=clean(title),
        figure=frame.figure,
        table=pd.DataFrame([row for _, row, _ in drawn])[columns],
        alt=words("Dot plot.", subtitle, _in_words([row for _, row, _ in drawn]), note),
        note=words(*notes),
    )


def _read(table: object) -> pd.DataFrame:
    given = checked(table, ["characteristic", "level", "share"], CHART)
    for private, column in (("_share", "share"), ("_low", "ci_low"), ("_high", "ci_high")):
        optional = column != "share"
        given[private] = numbers(given, column, CHART, low=0, high=1 + 1e-9, optional=optional)
    for column in ("served", "children"):
        numbers(given, column, CHART, low=0, optional=True)
    given["level"] = ["not recorded" if is_missing(v) else v for v in given["level"]]
    repeated = given[given.duplicated(["characteristic", "level"])]
    if len(repeated):
        row = repeated.iloc[0]
        raise OutputError(
            f"The served chart cannot be drawn because its table has two rows for "
            f"{clean(row['characteristic'])}, {clean(row['level'])}: choose one service."
        )
    return given


def _cells(row: dict, counted: bool) -> tuple[str, ...]:
    share = interval(row["share"], row.get("ci_low"), row.get("ci_high"), _hundredths)
    head, *limits = share.split(" ")
    share = " ".join([head if head in (MISSING, SUPPRESSED) else f"{head}%", *limits])
    if not counted:
        return (share,)
    both = written(row["served"]), written(row["children"])
    return share, MISSING if both == (MISSING, MISSING) else " of ".join(both)


def _hundredths(share: float) -> str:
    return f"{100 * share:.0f}" if share >= 0.0995 or share == 0 else f"{100 * share:.1f}"


def _mark(axes, y: float, row: dict, last: float, overall: bool) -> None:
    look = style.COMPARISON_SERIES if overall else style.SERVICE_SERIES[0]
    share = row["_share"]
    if not (np.isnan(row["_low"]) or np.isnan(row["_high"])):
        axes.hlines(y, row["_low"] / last, row["_high"] / last, color=look.colour, lw=1.6)
    axes.plot(
        share / last,
        y,
        marker="D" if overall else "o",
        ms=6.2,
        color=look.colour,
        mec=style.PAPER,
        mew=0.8,
        clip_on=False,
        zorder=3,
    )


def _in_words(rows: list[dict]) -> str:
    said: dict[str, list[str]] = {}
    for row in rows:
        text = f"{row['level']} {spoken(_cells(row, False)[0])}"
        said.setdefault(str(row["characteristic"]), []).append(text)
    return " ".join(f"{name}: {'; '.join(parts)}." for name, parts in said.items())
