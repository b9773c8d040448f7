"""Run chart: a share month by month beside its median."""

import numpy as np
import pandas as pd

from evaluation.errors import OutputError
from evaluation.reporting.charts import style
from evaluation.reporting.charts.chart import Chart
from evaluation.reporting.charts.frame import Frame, content_width, words
from evaluation.reporting.charts.lettering import (
    baseline,
    clean,
    keep_apart,
    line_height,
    text_width,
    widest,
    wrap,
)
from evaluation.reporting.charts.tables import (
    SUPPRESSED,
    checked,
    interval,
    is_suppressed,
    numbers,
    percent,
    spoken,
)

CHART = "run"
LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
_GAP, _HEAD = 0.06, 0.1


@style.house_style()
def run(
    table: pd.DataFrame,
    *,
    title: str,
    subtitle: str,
    source: str,
    required: float | None = None,
    axis_title: str = "Share met",
    note: str = "",
    name: str = "run",
    width: float = style.FULL_WIDTH,
) -> Chart:
    """Draw a share month by month with its interval, its median and what is required.

    Parameters
    ----------
    table : pandas.DataFrame
        ``month`` (its first day), ``share`` (0 to 1) and, if known, ``ci_low``,
        ``ci_high``. A share may be ``s`` or missing: the line breaks there.
    title, subtitle, source : str
        The finding; what is measured, for whom, when; the last line.
    required : float, optional
        The share asked for, a line of its own.
    axis_title : str
        What the value axis measures.
    note, name, width
        As in :func:`incidence`.

    Returns
    -------
    Chart

    Raises
    ------
    OutputError
        If the table is missing, empty or wrong, or a month stands twice.
    """
    rows = _read(table)
    median = float(rows["share"].median())
    notes = [clean(note)] if note else []
    labels = _labels(median, required)
    left = widest([percent(level, 0.25) for level in LEVELS]) + _GAP
    across = content_width(width) - left - widest([text for _, text, _ in labels]) - _GAP
    head = wrap(axis_title, content_width(width))
    top, height = len(head) * line_height() + _HEAD, 0.3 * width
    frame = Frame(title, subtitle, notes, source, top + height + 0.1 + line_height(), width)
    frame.lines(0, 0, head, colour=style.SECONDARY)
    last = max(int(rows["at"].max()), 1)
    axes = frame.axes(left, top, across, height)
    axes.set_xlim(-0.5, last + 0.5)
    axes.set_ylim(0, 1)
    for level in LEVELS:
        y = top + height * (1 - level)
        frame.rule((left, left + across), (y, y), style.AXIS if level == 0 else style.RULES, 0.6,
                   zorder=-1)  # fmt: skip
        frame.lines(left - _GAP, _line_at(y), [percent(level, 0.25)], align="right",
                    colour=style.SECONDARY)  # fmt: skip
    look = style.SERVICE_SERIES[0]
    axes.vlines(rows["at"], rows["ci_low"], rows["ci_high"], color=look.colour, lw=1.0,
                alpha=0.5, clip_on=False)  # fmt: skip
    whole = rows.set_index("at")["share"].reindex(range(last + 1))
    axes.plot(whole.index, whole, color=look.colour, lw=1.4, marker=look.marker, ms=3.5,
              mec=style.PAPER, mew=0.5, clip_on=False)  # fmt: skip
    for share, dash in ((median, (0, (4, 2))), (required, (0, (1, 2)))):
        if share is not None and not np.isnan(share):
            axes.axhline(share, color=style.COMPARISON, lw=1.0, ls=dash)
    low = -np.inf
    for share, text, colour in sorted(labels, reverse=True):
        y = max(_line_at(top + height * (1 - share)), low)
        frame.lines(left + across + _GAP, y, [text], colour=colour)
        low = y + line_height()
    _years(frame, rows, left, top + height, across, last)
    return Chart(
        name=name,
        title=clean(title),
        figure=frame.figure,
        table=pd.DataFrame(
            {
                "month": rows["month"].dt.strftime("%Y-%m"),
                "share": rows["given"],
                "ci_low": rows["ci_low"],
                "ci_high": rows["ci_high"],
            }
        ),
        alt=words("Run chart by month.", subtitle, _in_words(rows, median), note),
        note=words(*notes),
    )


def _read(table: object) -> pd.DataFrame:
    given = checked(table, ["month", "share"], CHART)
    rows = pd.DataFrame({"month": pd.to_datetime(given["month"])})
    rows["share"] = numbers(given, "share", CHART, low=0, high=1 + 1e-9)
    for column in ("ci_low", "ci_high"):
        rows[column] = numbers(given, column, CHART, low=0, high=1 + 1e-9, optional=True)
    hidden = [is_suppressed(value) for value in given["share"]]
    rows["given"] = rows["share"].astype(object).mask(pd.Series(hidden), SUPPRESSED)
    if rows["month"].duplicated().any():
        month = rows.loc[rows["month"].duplicated(), "month"].iloc[0]
        raise OutputError(
            f"The run chart cannot be drawn because its table has two rows for {month:%Y-%m}: "
            "keep one."
        )
    rows = rows.sort_values("month", ignore_index=True)
    number = 12 * rows["month"].dt.year + rows["month"].dt.month
    return rows.assign(at=number - number.min())


def _labels(median: float, required: float | None) -> list[tuple[float, str, str]]:
    said = []
    if not np.isnan(median):
        said.append((median, f"Median {percent(median)}", style.COMPARISON))
    if required is not None:
        said.append((required, f"Required {percent(required)}", style.SECONDARY))
    return said or [(0.0, "", style.SECONDARY)]


def _line_at(y: float) -> float:
    return y - baseline() + 0.35 * style.TEXT_SIZE / 72


def _years(frame: Frame, rows: pd.DataFrame, left: float, base: float, across: float, last: int):
    """Write each year beneath its first month, as many as there is room for."""
    january = rows.groupby(rows["month"].dt.year)["at"].min()
    centres = [left + across * (at + 0.5) / (last + 1) for at in january]
    texts = [str(year) for year in january.index]
    widths = [text_width(text) for text in texts]
    for i in keep_apart(centres, widths, range(len(texts)), 0.08):
        frame.rule((centres[i], centres[i]), (base, base + 0.05))
        frame.lines(centres[i], base + 0.08, [texts[i]], align="center", colour=style.SECONDARY)


def _in_words(rows: pd.DataFrame, median: float) -> str:
    known = rows[rows["share"].notna()]
    if known.empty:
        return "Every month is suppressed or not known."
    ends = [
        f"{row['month']:%Y-%m}, "
        + spoken(interval(row["given"], row["ci_low"], row["ci_high"], percent, " to "))
        for _, row in known.iloc[[0, -1]].iterrows()
    ]
    hidden = len(rows) - len(known)
    return (
        f"The median month is {percent(median)}; first month shown {ends[0]}; last {ends[1]}; "
        f"{hidden} {'month is' if hidden == 1 else 'months are'} suppressed or not known."
    )
