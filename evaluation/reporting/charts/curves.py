"""The curves of a cumulative incidence chart, read from the tables given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.errors import OutputError
from evaluation.reporting.charts.lettering import clean
from evaluation.reporting.charts.tables import (
    DAYS_IN,
    checked,
    is_suppressed,
    numbers,
    ordered,
)

CHART = "incidence"
_DISAGREE = 0.005


@dataclass(frozen=True)
class Curve:
    """One group's steps and what is printed for it.

    Parameters
    ----------
    group : object
        Value of ``group`` in the table.
    label : str
        Its printed name.
    steps : pandas.DataFrame
        ``time`` in days, ``incidence``, ``ci_low``, ``ci_high``; from (0, 0), in
        order of time. Only the origin where nothing is left to draw.
    listed : pandas.DataFrame
        The group's rows of the at-risk table, as given.
    """

    group: object
    label: str
    steps: pd.DataFrame
    listed: pd.DataFrame

    @property
    def drawn(self) -> bool:
        """Whether there is more than the origin."""
        return len(self.steps) > 1

    def value(self, day: float) -> pd.Series | None:
        """Return the at-risk table's row at a day."""
        rows = self.listed[self.listed["time"] == day]
        return None if rows.empty else rows.iloc[0]


def read_curves(
    table: object,
    at_risk: object,
    horizons: Sequence[float],
    labels: Mapping | None,
    cause: int | None,
) -> list[Curve]:
    """Check the two tables and join them into one curve per group.

    Raises
    ------
    OutputError
        If a column is missing, a share is outside 0 to 1, several causes stand
        together, a horizon is not listed, or the two tables disagree.
    """
    steps = _one_cause(checked(table, ["group", "time", "incidence"], CHART), cause)
    listed = checked(
        at_risk, ["group", "time", "at_risk", "events", "incidence"], CHART, "at_risk table"
    )
    listed = _one_cause(listed, cause)
    both = {"steps": _shares(steps), "listed": _shares(listed)}
    listed = listed.assign(time=both["listed"]["time"])
    for column in ("at_risk", "events"):
        numbers(listed, column, CHART, low=0)
    for day in horizons:
        if day not in set(listed["time"]):
            raise OutputError(
                f"The incidence chart cannot be drawn because its at_risk table has no rows at "
                f"day {day:g}: ask the estimate for every horizon, as in .at({list(horizons)})."
            )
    repeated = listed[listed.duplicated(["group", "time"])]
    if len(repeated):
        row = repeated.iloc[0]
        raise OutputError(
            f"The incidence chart cannot be drawn because its at_risk table has two rows for "
            f"{clean(row['group'])!r} at day {row['time']:g}: keep one."
        )
    last = max([*horizons, *listed["time"]])
    groups = pd.concat([listed["group"], steps["group"]], ignore_index=True)
    order, names = ordered(groups, labels, CHART, "group")
    return [
        Curve(
            group,
            names[group],
            _joined(
                both["steps"][steps["group"] == group],
                both["listed"][listed["group"] == group],
                last,
                names[group],
            ),
            listed[listed["group"] == group].sort_values("time"),
        )
        for group in order
    ]


def _one_cause(table: pd.DataFrame, cause: int | None) -> pd.DataFrame:
    if "cause" not in table.columns:
        return table
    causes = list(table["cause"].drop_duplicates())
    if cause is None and len(causes) > 1:
        raise OutputError(
            f"The incidence chart draws one cause and was given "
            f"{', '.join(clean(c) for c in causes)}: name it with cause=."
        )
    kept = table if cause is None else table[table["cause"] == cause]
    if kept.empty:
        raise OutputError(
            f"The incidence chart cannot be drawn because no row has cause {clean(cause)!r}; "
            f"there are {', '.join(clean(c) for c in causes)}."
        )
    return kept.reset_index(drop=True)


def _shares(table: pd.DataFrame) -> pd.DataFrame:
    shares = pd.DataFrame({"time": numbers(table, "time", CHART, low=0)})
    shares["incidence"] = numbers(table, "incidence", CHART, low=0, high=1 + 1e-9)
    for limit in ("ci_low", "ci_high"):
        shares[limit] = numbers(table, limit, CHART, low=0, high=1 + 1e-9, optional=True)
    return shares


def _joined(steps: pd.DataFrame, listed: pd.DataFrame, last: float, label: str) -> pd.DataFrame:
    origin = pd.DataFrame([{"time": 0.0, "incidence": 0.0, "ci_low": 0.0, "ci_high": 0.0}])
    points = pd.concat([steps, listed[listed["time"] > 0]], ignore_index=True)
    points = points[points["incidence"].notna() & (points["time"] <= last)]
    points = points.drop_duplicates("time").sort_values("time")
    if len(points) and points["time"].iloc[0] > 0:
        points = pd.concat([origin, points])
    elif points.empty:
        points = origin
    falls = np.flatnonzero(np.diff(points["incidence"]) < -_DISAGREE)
    if len(falls):
        raise OutputError(
            f"The incidence chart cannot be drawn because the curve of {label!r} falls after "
            f"day {points['time'].iloc[falls[0]]:g}, which a cumulative incidence never does: "
            f"give table and at_risk from the same estimate."
        )
    return points.reset_index(drop=True)


def data_table(curves: Sequence[Curve], unit: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return every value drawn, and the listed times alone.

    Returns
    -------
    tuple of pandas.DataFrame
        Both with ``group`` (label), ``day``, the same in the axis' unit,
        ``incidence``, ``ci_low``, ``ci_high``, ``at_risk``, ``events``; a suppressed
        value stays ``s``.
    """
    columns = ["group", "day", unit, "incidence", "ci_low", "ci_high", "at_risk", "events"]
    whole, short = [], []
    for curve in curves:
        listed = curve.listed.rename(columns={"time": "day"}).assign(group=curve.label)
        listed = listed.reindex(columns=columns).astype(object)
        steps = curve.steps if curve.drawn else curve.steps.iloc[:0]
        steps = steps.rename(columns={"time": "day"}).assign(group=curve.label)
        between = steps[~steps["day"].isin(listed["day"])].reindex(columns=columns)
        short.append(listed)
        whole.append(pd.concat([listed, between.astype(object)]).sort_values("day"))
    tables = []
    for parts in (whole, short):
        table = pd.concat(parts, ignore_index=True)
        table[unit] = (table["day"].astype(float) / DAYS_IN[unit]).round(2)
        tables.append(table.infer_objects())
    return tables[0], tables[1]


def undrawn(curves: Sequence[Curve]) -> str:
    """Say which groups have no curve, and why."""
    hidden = [c.label for c in curves if not c.drawn and _any_suppressed(c.listed)]
    absent = [c.label for c in curves if not c.drawn and not _any_suppressed(c.listed)]
    said = []
    if hidden:
        said.append(f"No curve for {'; '.join(hidden)}: too few children to show.")
    if absent:
        said.append(f"No curve for {'; '.join(absent)}: no follow-up in the data given.")
    return " ".join(said)


def _any_suppressed(listed: pd.DataFrame) -> bool:
    return any(is_suppressed(v) for v in listed[["incidence", "at_risk", "events"]].to_numpy().flat)
