"""Periods at risk and events per (band of periods, pattern of covariates), counted in an engine."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.estimates.design import variables
from evaluation.estimates.errors import EstimateError, nearest
from evaluation.estimates.periods import SLACK, checked_breaks, require_cover
from evaluation.estimates.result import Account, Result

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from matplotlib.axes import Axes

_OURS = ("period", "at_risk", "events")


@dataclass(frozen=True, repr=False)
class PeriodCounts(Result):
    """Counts from which a discrete-time hazard is fitted.

    Parameters
    ----------
    table : DataFrame
        The covariates, period (the last of its band), at_risk, events; one row a
        pattern and band.
    account : Account
    breaks : list of float
        Ends of the bands.
    """

    table: pd.DataFrame
    account: Account
    breaks: list[float] = field(default_factory=list)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the share with the event among periods at risk, band by band.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from statsmodels.stats.proportion import proportion_confint

        from evaluation.estimates.interval_drawing import draw_intervals

        total = self.table.groupby("period")[["at_risk", "events"]].sum()
        low, high = proportion_confint(total["events"], total["at_risk"], method="beta")
        begin = dict(zip(self.breaks[1:], self.breaks[:-1], strict=True))
        return draw_intervals(
            [f"Periods ({begin[end]:g}, {end:g}]" for end in total.index],
            total["events"] / total["at_risk"],
            low,
            high,
            axis_label="Share with the event in a period (exact 95% interval)",
            percent=True,
            about=self.summary(),
            ax=ax,
        )


def period_counts(
    data: "pd.DataFrame | ir.Table",
    formula: str,
    *,
    breaks: Sequence[int],
    stop: str = "time",
    event: str = "event",
    width: float = 30,
    start: str | None = None,
    cause: int | None = None,
    id: str | None = None,
) -> PeriodCounts:
    """Count periods at risk and events where the data are.

    What leaves the engine is bounded by patterns times bands, not by children,
    so that :func:`discrete_hazard` costs the same for a million as for a
    thousand. The rules of periods are those of :func:`discrete_hazard`; counts
    are whole numbers, so they are the same in every engine.

    Parameters
    ----------
    data : Ibis table or DataFrame
        One row a subject, or ``(start, stop]`` rows; an Ibis table stays in its
        engine.
    formula : str
        The formula that will be fitted: its columns make the patterns. Group or
        round what is continuous first.
    breaks : sequence of int
        Ends of the bands of periods: ``[0, 3, 6]`` gives periods 1–3 and 4–6.
    stop, event, start : str
        Columns of times and events: 0 none, 1, 2, … causes, or booleans.
    width : float
        Length of a period.
    cause : int, optional
        The cause of interest, needed with several.
    id : str, optional
        Column that says which rows are one subject.

    Returns
    -------
    PeriodCounts

    Raises
    ------
    EstimateError
        If a column is unknown or holds what it cannot hold, or the breaks do not
        cover the data; says how many rows.

    References
    ----------
    Prentice and Gloeckler (1978); Allison (1982).
    """
    import ibis

    edges = checked_breaks(breaks)
    if not width > 0:
        raise EstimateError(f"width={width!r} must be above 0.")
    if isinstance(data, pd.DataFrame):
        data = ibis.memtable(data.reset_index(drop=True))
    elif not isinstance(data, ibis.expr.types.Table):
        raise EstimateError(f"data must be an Ibis table or DataFrame, not {type(data).__name__}.")
    known = list(data.columns)
    columns = variables(formula, known)
    taken = [c for c in columns if c in _OURS]
    if taken:
        raise EstimateError(f"Rename the covariate {taken[0]!r}: counts have a column so named.")
    named = {"stop": stop, "event": event, "start": start, "id": id}
    for role, column in named.items():
        if column is not None and column not in known:
            raise EstimateError(
                f"No column {column!r} in the data (named in {role}){nearest(column, known)}"
            )
    order = [c for c in (start, stop, event, id) if c is not None]
    used, dropped, total = _complete(data, list(dict.fromkeys([*order, *columns])))
    seen = _check(used, stop, event, start, id)
    if cause is None and len(seen) > 1:
        raise EstimateError(
            f"period_counts needs cause=: the events have several causes "
            f"({', '.join(map(str, seen))}); choose one, for example cause={seen[0]}."
        )
    rows = _periods(used, stop, event, start, id, width, cause, columns)
    reach = rows.aggregate(low=rows["_first"].min(), high=rows["_last"].max()).to_pandas().iloc[0]
    require_cover(edges, int(reach["low"]), int(reach["high"]))
    table = _by_pattern(rows, columns, edges)
    told = Account(
        method="period_counts",
        n=total - sum(dropped.values()),
        events=int(table["events"].sum()),
        formula=formula,
        options={
            **{k: v for k, v in named.items() if v is not None},
            "width": width,
            "breaks": list(edges),
            **({} if cause is None else {"cause": cause}),
        },
        dropped=dropped,
    )
    return PeriodCounts(table, told, list(edges))


@dataclass(frozen=True)
class Counted:
    """Counts laid out for a fit: patterns of covariates by bands of periods."""

    patterns: pd.DataFrame
    at_risk: np.ndarray
    events: np.ndarray
    edges: list[float]
    account: Account


def read_counts(
    data: pd.DataFrame | PeriodCounts,
    formula: str,
    breaks: Sequence[int] | None,
    at_risk: str | None,
    events: str,
    period: str,
) -> Counted:
    """Check counts and lay them out.

    Parameters
    ----------
    data : DataFrame or PeriodCounts
    formula : str
    breaks : sequence of int or None
    at_risk, events, period : str
        Columns of a DataFrame of counts.

    Returns
    -------
    Counted

    Raises
    ------
    EstimateError
        If a column is unknown, or a count is not a whole number or has more
        events than at risk.
    """
    told = None
    if isinstance(data, PeriodCounts):
        told, known = data.account, data.breaks
        edges = known if breaks is None else checked_breaks(breaks)
        if not set(edges) <= set(known):
            raise EstimateError(
                f"breaks={breaks!r} cut bands that were counted whole ({known}); count again."
            )
        data, at_risk, events, period = data.table, "at_risk", "events", "period"
    elif not isinstance(data, pd.DataFrame):
        raise EstimateError(f"data must be a DataFrame of counts, not {type(data).__name__}.")
    elif breaks is None:
        raise EstimateError("Give breaks=, the ends of the bands of periods, such as [0, 3, 6].")
    else:
        edges = checked_breaks(breaks)
    columns = variables(formula, list(data.columns))
    for column, role in ((at_risk, "at_risk"), (events, "event"), (period, "period")):
        if column not in data.columns:
            known = nearest(column, data.columns)
            raise EstimateError(f"No column {column!r} in the counts (named in {role}){known}")
    n, d, k = _whole_numbers(data, at_risk, events, period)
    if data[columns].isna().any(axis=None):
        raise EstimateError("The counts have a pattern with a missing value; leave it out.")
    used = n > 0
    if not used.any():
        raise EstimateError("The counts hold nobody at risk.")
    require_cover(edges, int(k[used].min()), int(k[used].max()))
    band = np.searchsorted(edges, k, side="left") - 1
    pattern = data.groupby(columns, sort=False, observed=True).ngroup().to_numpy()
    first, bands = np.unique(pattern, return_index=True)[1], len(edges) - 1
    key, size = pattern[used] * bands + band[used], len(first) * bands
    sums = [np.bincount(key, v[used], size).reshape(-1, bands) for v in (n, d)]
    if told is None:
        options = {"at_risk": at_risk, "event": events, "period": period}
        told = Account("counts", len(data), int(d.sum()), formula=formula, options=options)
    return Counted(data[columns].iloc[first].reset_index(drop=True), *sums, edges, told)


def _whole_numbers(
    data: pd.DataFrame, at_risk: str, events: str, period: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    numbers = []
    for column in (at_risk, events, period):
        values = pd.to_numeric(data[column], errors="coerce").to_numpy(float)
        if not ((values >= 0) & (values == np.floor(values)) & np.isfinite(values)).all():
            raise EstimateError(
                f"Column {column!r} of the counts must hold whole numbers, none missing or "
                f"negative; weighted counts have no model-based variance: fit the weighted rows."
            )
        numbers.append(values)
    more = numbers[1] > numbers[0]
    if more.any():
        at = data.index[int(np.argmax(more))]
        raise EstimateError(f"Row {at} of the counts has more events than at risk.")
    return numbers[0], numbers[1], numbers[2]


def _complete(data: "ir.Table", columns: list[str]) -> tuple["ir.Table", dict[str, int], int]:
    """Leave out rows with a missing value, counted by the first column that lacks one."""
    import ibis

    lacking = {c: data[c].isnull() for c in columns}
    for c in columns:
        if data[c].type().is_floating():
            lacking[c] = lacking[c] | data[c].isnan()
    measures, before = {"n": data.count()}, ibis.literal(False)
    for k, c in enumerate(columns):
        first = lacking[c] & ~before
        measures[f"m{k}"] = ibis.ifelse(first, 1, 0).sum()
        before = before | lacking[c]
    counts = data.aggregate(**measures).to_pandas().iloc[0]
    dropped = {
        f"missing {c}": int(counts[f"m{k}"]) for k, c in enumerate(columns) if counts[f"m{k}"] > 0
    }
    total = int(counts["n"])
    if total == sum(dropped.values()):
        raise EstimateError("No rows are left to use (the data are empty or lack a value).")
    return data.filter(~before).select(*columns), dropped, total


def _check(used: "ir.Table", stop: str, event: str, start: str | None, id: str | None) -> list[int]:
    """Stop at times or events that cannot be; return the causes that occur."""
    import ibis

    for column in (stop, event, start):
        kind = None if column is None else used[column].type()
        if kind is not None and not (kind.is_numeric() or (column == event and kind.is_boolean())):
            raise EstimateError(f"Column {column!r} must hold numbers, but holds {kind} values.")
    begin = ibis.literal(0) if start is None else used[start]
    code = used[event].cast("float64")
    wrong = {
        f"whose {stop!r} is not above {'0' if start is None else repr(start)}": used[stop] <= begin,
        f"whose {event!r} is not 0 or a whole number above it": (code < 0) | (code != code.floor()),
    }
    for column in (stop, start):
        if column is not None and used[column].type().is_floating():
            wrong[f"whose {column!r} is infinite"] = used[column].isinf()
    counts = used.aggregate(
        **{f"w{k}": ibis.ifelse(v, 1, 0).sum() for k, v in enumerate(wrong.values())}
    ).to_pandas()
    for k, what in enumerate(wrong):
        if counts[f"w{k}"][0] > 0:
            raise EstimateError(f"There are {int(counts[f'w{k}'][0]):,} rows {what}; mend them.")
    if id is not None:
        by = ibis.window(group_by=id, order_by=stop if start is None else start)
        after = used.mutate(_late=used[stop].lag(1).over(by), _begin=begin)
        over = int(after.filter(after["_late"] > after["_begin"]).count().to_pandas())
        if over:
            raise EstimateError(f"Rows of one {id!r} overlap ({over:,} such pairs).")
    happened = used.select(_code=code.cast("int64"))
    return sorted(happened.filter(happened["_code"] > 0).distinct().to_pandas()["_code"].tolist())


def _periods(
    used: "ir.Table",
    stop: str,
    event: str,
    start: str | None,
    id: str | None,
    width: float,
    cause: int | None,
    columns: list[str],
) -> "ir.Table":
    """Return the covariates with _first and _last period at risk and the _event's (0: none)."""
    import ibis

    code = used[event].cast("int64")
    failed = code > 0 if cause is None else code == cause
    last = (used[stop] / width - SLACK).ceil().cast("int64")
    first = ibis.literal(1).cast("int64")
    if start is not None:
        first = (used[start] / width + SLACK).floor().cast("int64") + 1
    rows = used.mutate(_first=first, _last=last, _event=ibis.ifelse(failed, last, 0))
    kept = [*columns, "_first", "_last", "_event"]
    if start is None or id is None:
        return rows.select(*kept)
    own = ibis.window(group_by=id, order_by=start)
    ending = ibis.window(group_by=[id, "_last"], order_by=start)
    whole = ibis.window(group_by=[id, "_last"])
    rows = rows.mutate(
        _begun=rows["_last"].lag(1).over(own),
        _place=ibis.row_number().over(ending),
        _latest=rows["_event"].max().over(whole),
    )
    shared = rows["_begun"].notnull() & (rows["_begun"] >= rows["_first"])
    return rows.mutate(
        _first=rows["_first"] + ibis.ifelse(shared, 1, 0),
        _event=ibis.ifelse(rows["_place"] == 0, rows["_latest"], 0),
    ).select(*kept)


def _by_pattern(rows: "ir.Table", columns: list[str], edges: list[float]) -> pd.DataFrame:
    import ibis

    measures = {}
    for k, (low, high) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        low, high = int(np.floor(low)), int(np.floor(high))
        inside = ibis.least(rows["_last"], high) - ibis.greatest(rows["_first"], low + 1) + 1
        measures[f"_n{k}"] = ibis.greatest(inside, 0).sum()
        happened = (rows["_event"] > low) & (rows["_event"] <= high)
        measures[f"_d{k}"] = ibis.ifelse(happened, 1, 0).sum()
    wide = rows.group_by(columns).aggregate(**measures).order_by(columns).to_pandas()
    parts = []
    for k, end in enumerate(edges[1:]):
        part = wide[columns].assign(period=end, at_risk=wide[f"_n{k}"], events=wide[f"_d{k}"])
        parts.append(part[part["at_risk"] > 0])
    table = pd.concat(parts, ignore_index=True)
    return table.astype({"at_risk": "int64", "events": "int64"})
