"""The quality of an agency's data: complete, valid, timely, consistent, and what it can support."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median

import ibis
import ibis.expr.types as ir
import pandas as pd
from scipy.stats import poisson

from evaluation.sources.contract import TableSchema
from evaluation.sources.load import Loaded
from evaluation.sources.support import needs

_NOT_EVENTS = frozenset({"birth_date", "death_date", "known_on", "end_known_on"})
_NEIGHBOURS = 6
_FAR_BELOW = 0.25
_BY_CHANCE = 0.001
_ENTRY = {"removal_entered": "removal_date", "discharge_entered": "discharge_date"}
_WAITS = (
    ("maltreatment_reports", "incident_date", "report_date"),
    ("maltreatment_reports", "report_date", "disposition_date"),
    ("services", "referral_date", "start_date"),
    ("assignments", "assignment_date", "accepted_date"),
)


@dataclass(frozen=True, repr=False)
class DataQuality:
    """Measured quality of the accepted rows, and of all rows where it says so.

    Parameters
    ----------
    completeness : pandas.DataFrame
        ``table``, ``field``, ``required``, ``rows``, ``given``, ``share``: values given
        among accepted rows; a contract field the source lacks has ``given`` 0.
    validity : pandas.DataFrame
        ``table``, ``field``, ``rule``, ``rows``, ``of``, ``share``: rows in quarantine for
        each broken rule, of the rows read.
    timeliness : pandas.DataFrame
        ``table``, ``since``, ``until``, ``rows``, ``median_days``, ``p95_days``,
        ``negative``: days from one date to another, and rows in which they run back.
    consistency, federal : pandas.DataFrame
        The findings across rows and tables, and those with a federal limit, with
        columns as in ``CheckResult.findings``.
    calendar : pandas.DataFrame
        ``table``, ``field``, ``month`` (its first day), ``rows``: accepted rows by month,
        months without a row between the first and the last included.
    gaps : pandas.DataFrame
        ``table``, ``field``, ``month``, ``rows``, ``typical``: months with fewer than a
        quarter of the rows of the months around them, and fewer than chance leaves, as
        after a missing upload.
    support : pandas.DataFrame
        ``kind``, ``name``, ``possible``, ``missing``, ``message``: what a study can
        estimate from the tables and columns there.
    """

    completeness: pd.DataFrame
    validity: pd.DataFrame
    timeliness: pd.DataFrame
    consistency: pd.DataFrame
    federal: pd.DataFrame
    calendar: pd.DataFrame
    gaps: pd.DataFrame
    support: pd.DataFrame

    def to_frames(self) -> dict[str, pd.DataFrame]:
        """Return every table by name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def __repr__(self) -> str:
        possible = self.support[self.support["possible"]]["name"]
        return (
            f"Data quality: {len(self.completeness)} fields, {len(self.validity)} broken rules, "
            f"{len(self.gaps)} months with hardly any rows; supports {', '.join(possible)}"
        )


def data_quality(
    loaded: Mapping[str, Loaded], findings: pd.DataFrame, reasons: pd.DataFrame
) -> DataQuality:
    """Measure the quality of checked tables.

    Parameters
    ----------
    loaded : mapping of str to Loaded
        The checked tables.
    findings, reasons : pandas.DataFrame
        As in `CheckResult`.

    Returns
    -------
    DataQuality
    """
    limited = findings["limit"].notna()
    values = {name: _values(table) for name, table in loaded.items()}
    calendar = pd.DataFrame(
        [row for table in loaded.values() for row in _months(table)],
        columns=["table", "field", "month", "rows"],
    )
    return DataQuality(
        completeness=pd.DataFrame(
            [row for name, table in loaded.items() for row in _given(table, values[name])],
            columns=["table", "field", "required", "rows", "given", "share"],
        ),
        validity=_validity(loaded, reasons),
        timeliness=pd.DataFrame(
            [row for name in loaded for row in _waits(loaded[name])],
            columns=["table", "since", "until", "rows", "median_days", "p95_days", "negative"],
        ),
        consistency=findings[~limited].reset_index(drop=True),
        federal=findings[limited].reset_index(drop=True),
        calendar=calendar,
        gaps=_gaps(calendar),
        support=_support(values),
    )


def _values(table: Loaded) -> dict[str, int]:
    """Count the values of every column of the accepted rows."""
    rows = table.accepted
    counts = rows.aggregate(**{name: rows[name].count() for name in rows.columns})
    return counts.to_pyarrow().to_pylist()[0]


def _given(table: Loaded, values: Mapping[str, int]) -> Iterator[tuple]:
    of = table.accepted_rows
    for field in table.schema.fields:
        count = values.get(field.name, 0)
        share = count / of if of else None
        yield table.schema.name, field.name, field.required, of, count, share


def _validity(loaded: Mapping[str, Loaded], reasons: pd.DataFrame) -> pd.DataFrame:
    frame = reasons[["table", "field", "rule", "rows"]].copy()
    frame["of"] = [loaded[name].read for name in frame["table"]]
    frame["share"] = frame["rows"] / frame["of"]
    return frame


def _waits(table: Loaded) -> Iterator[tuple]:
    """Measure the days between dates of a row that tell how fast it was recorded."""
    rows, name = table.accepted, table.schema.name
    pairs = [(since, until) for place, since, until in _WAITS if place == name]
    pairs += [(since, until) for until, since in _ENTRY.items()]
    happened = _event_date(table.schema, rows.columns)
    if happened:
        pairs.append((happened, "known_on"))
    for since, until in pairs:
        if not {since, until} <= set(rows.columns) or not _is_day(rows[until]):
            continue
        until_day = rows[until].cast("date")
        days = until_day.delta(rows[since], unit="day").cast("int64")
        both = rows.select(days=days).filter(lambda t: t.days.notnull())
        counted = both.group_by("days").aggregate(n=both.count()).order_by("days").to_pandas()
        total = int(counted["n"].sum())
        if not total:
            continue
        reached = counted["n"].cumsum() / total
        median, p95 = (int(counted["days"][(reached >= q).idxmax()]) for q in (0.5, 0.95))
        negative = int(counted.loc[counted["days"] < 0, "n"].sum())
        yield name, since, until, total, median, p95, negative


def _is_day(column: ir.Value) -> bool:
    return column.type().is_date() or column.type().is_timestamp()


def _event_date(schema: TableSchema, columns) -> str | None:
    """Return the date that says when what a row records happened."""
    dates = [field for field in schema.fields if field.type == "date" and field.name in columns]
    dates = [field for field in dates if field.name not in _NOT_EVENTS]
    required = [field.name for field in dates if field.required]
    return next(iter([*required, *(field.name for field in dates)]), None)


def _months(table: Loaded) -> Iterator[tuple]:
    rows, name = table.accepted, table.schema.name
    fields = [_event_date(table.schema, rows.columns)]
    fields += ["discharge_date"] if "discharge_date" in rows.columns else []
    for field in dict.fromkeys(filter(None, fields)):
        counted = _by_month(rows, field)
        if counted.empty:
            continue
        whole = pd.period_range(counted.index.min(), counted.index.max(), freq="M")
        counts = counted.reindex(whole, fill_value=0)
        for month, count in zip(whole.to_timestamp(), counts, strict=True):
            yield name, field, month, int(count)


def _by_month(rows: ir.Table, field: str) -> pd.Series:
    within = rows.filter(rows[field].year().between(1900, 2100))
    months = within.select(month=within[field].year() * 12 + within[field].month() - 1)
    counted = months.group_by("month").aggregate(n=ibis._.count()).order_by("month").to_pandas()
    index = pd.PeriodIndex.from_fields(
        year=counted["month"] // 12, month=counted["month"] % 12 + 1, freq="M"
    )
    return pd.Series(counted["n"].to_numpy(), index=index)


def _gaps(calendar: pd.DataFrame) -> pd.DataFrame:
    """Find months with fewer than a quarter of what the six months on either side hold.

    Months whose few rows chance would leave more than once in a thousand (Poisson) are not
    among them.
    """
    found = []
    for (table, field), months in calendar.groupby(["table", "field"], sort=False):
        rows = months["rows"].to_list()
        for place, count in enumerate(rows):
            around = rows[max(0, place - _NEIGHBOURS) : place]
            around += rows[place + 1 : place + 1 + _NEIGHBOURS]
            typical = float(median(around)) if around else 0.0
            inside = 0 < place < len(rows) - 1
            far_below = inside and count < _FAR_BELOW * typical
            if far_below and poisson.cdf(count, typical) < _BY_CHANCE:
                found.append((table, field, months["month"].iloc[place], count, typical))
    return pd.DataFrame(found, columns=["table", "field", "month", "rows", "typical"])


def _support(values: Mapping[str, Mapping[str, int]]) -> pd.DataFrame:
    """Say what can be estimated from the columns that hold a value in at least one row."""
    columns = {name: [c for c, count in own.items() if count] for name, own in values.items()}
    rows = []
    for need in needs():
        missing = need.missing(columns)
        message = (
            f"{need.lost} (Missing: {', '.join(missing)}.)" if missing else "Can be estimated."
        )
        rows.append((need.kind, need.name, not missing, ", ".join(missing), message))
    return pd.DataFrame(rows, columns=["kind", "name", "possible", "missing", "message"])
