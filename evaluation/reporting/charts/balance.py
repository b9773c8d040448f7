"""Love plot: how alike the arms are before and after weighting."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from evaluation.effects.thresholds import THRESHOLDS
from evaluation.errors import OutputError
from evaluation.reporting.charts import style
from evaluation.reporting.charts.chart import Chart
from evaluation.reporting.charts.frame import Frame, content_width, words
from evaluation.reporting.charts.lettering import clean, line_height
from evaluation.reporting.charts.rows import Row, RowSheet
from evaluation.reporting.charts.tables import checked, numbers, ordered, written

CHART = "balance"
LINES = (THRESHOLDS.no_adjustment, THRESHOLDS.usual, THRESHOLDS.not_equivalent)
_AXIS_TITLE = "Absolute standardized difference"
_CLOSE = (style.SERVICE, "o")
_WIDE = (style.WARNING, "^")
_FAR = (style.FAILED, "X")


@style.house_style()
def balance(
    table: pd.DataFrame,
    *,
    title: str,
    subtitle: str,
    source: str,
    labels: Mapping | None = None,
    note: str = "",
    name: str = "balance",
    width: float = style.FULL_WIDTH,
) -> Chart:
    """Draw absolute standardized differences before and after weighting.

    The lines stand at 0.05 and 0.25 (What Works Clearinghouse, 2022: no adjustment
    needed; not equivalent) and at 0.10 (Austin, 2009).

    Parameters
    ----------
    table : pandas.DataFrame
        ``covariate``, ``before``, ``after``: one row per covariate, one service.
        Either difference may be missing.
    title, subtitle, source : str
        The finding; what is measured, for whom, when, how many; the last line.
    labels : mapping, optional
        From covariate to printed name; its order is the order of the rows.
    note, name, width
        As in :func:`incidence`.

    Returns
    -------
    Chart

    Raises
    ------
    OutputError
        If the table is missing, empty or wrong, or a covariate stands twice.
    """
    given = checked(table, ["covariate", "before", "after"], CHART)
    order, names = ordered(given["covariate"], labels, CHART, "covariate")
    given["before"] = numbers(given, "before", CHART).abs()
    given["after"] = numbers(given, "after", CHART).abs()
    repeated = given[given["covariate"].duplicated()]
    if len(repeated):
        raise OutputError(
            f"The balance chart cannot be drawn because its table has two rows for "
            f"{clean(repeated['covariate'].iloc[0])}: choose one service."
        )
    rows = given.set_index("covariate").loc[order].reset_index()
    sheet = RowSheet(
        [
            Row(names[row.covariate], (written(row.before, "{:.2f}"), written(row.after, "{:.2f}")))
            for row in rows.itertuples()
        ],
        ["○ Before", "● After"],
        content_width(width),
    )
    reach = np.nanmax([0.3, *rows["before"], *rows["after"]])
    last = float(np.ceil(reach * 1.04 * 20) / 20)
    ticks = [0.0, *LINES, *([0.5] if last >= 0.5 else []), *([1.0] if last >= 1 else [])]
    notes = [text for text in (clean(note), _key(rows)) if text]
    body = sheet.height + 0.07 + 2 * line_height()
    frame = Frame(title, subtitle, notes, source, body, width)
    axes = sheet.draw(frame)
    below = sheet.ticks(frame, ticks, lambda v: v / last, lambda v: f"{v:g}", 0.0, (0.1, 0.25))
    frame.lines(
        sheet.left + sheet.across, below, [_AXIS_TITLE], align="right", colour=style.SECONDARY
    )
    for i, row in enumerate(rows.itertuples()):
        _mark(axes, sheet.middle(i), row.before / last, row.after / last, _look(row.after))
    rows["covariate"] = rows["covariate"].map(names)
    return Chart(
        name=name,
        title=clean(title),
        figure=frame.figure,
        table=rows[["covariate", "before", "after"]],
        alt=words("Balance plot.", subtitle, _in_words(rows), note),
        note=words(*notes),
    )


def _look(after: float) -> tuple[str, str]:
    if after > LINES[2]:
        return _FAR
    return _WIDE if after > LINES[1] else _CLOSE


def _mark(axes, y: float, before: float, after: float, look: tuple[str, str]) -> None:
    colour, marker = look
    axes.plot([before, after], [y, y], color=style.AXIS, lw=1.0, zorder=2)
    hollow = {"mfc": style.PAPER, "mec": style.COMPARISON, "mew": 1.3}
    axes.plot(before, y, "o", ms=6, clip_on=False, zorder=3, **hollow)
    axes.plot(
        after, y, marker, ms=6.5, color=colour, mec=style.PAPER, mew=0.6, clip_on=False, zorder=4
    )


def _key(rows: pd.DataFrame) -> str:
    wide = ((rows["after"] > LINES[1]) & (rows["after"] <= LINES[2])).any()
    said = ["Triangle: still above 0.10 after weighting."] if wide else []
    if (rows["after"] > LINES[2]).any():
        said.append("Cross: still above 0.25.")
    return " ".join(said)


def _in_words(rows: pd.DataFrame) -> str:
    known = rows.dropna(subset=["after"])
    if known.empty:
        return "No difference after weighting is known."
    close, worst = int((known["after"] <= LINES[1]).sum()), known.loc[known["after"].idxmax()]
    before = "not known" if np.isnan(worst["before"]) else f"{worst['before']:.2f}"
    return (
        f"After weighting {close} of {len(known)} covariates differ by 0.10 or less. Largest after "
        f"weighting: {worst['covariate']}, {worst['after']:.2f}; before, {before}."
    )
