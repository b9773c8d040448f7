"""The seven statewide data indicators of the federal review (CFSR Round 4)."""

import datetime
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd
from ibis.expr.types import Table
from scipy import stats

from evaluation.cohorts.records import Records
from evaluation.cohorts.tidy import tidy
from evaluation.errors import DataError, StudyError
from evaluation.estimates.proportions import SUMS, clustered_share
from evaluation.practice import federal_paths as paths
from evaluation.practice.adjusted import LABEL, NO_AGE, adjusted
from evaluation.practice.drawing import draw_dots
from evaluation.practice.federal_paths import EXCLUDED, Period, later
from evaluation.practice.indicators import INDICATORS, Indicator
from evaluation.practice.rates import sums
from evaluation.practice.result import PracticeResult
from evaluation.study import CohortRules

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COMPUTED, CANNOT = "computed", "cannot be computed"
AGE_BANDS = (4, 12, 72, 132, 204)


NOTES = (
    "Rules are those of the federal data dictionary (CFSR Round 4, August 2022); intervals count "
    "families (Wilson on the effective number of children; gamma on the effective number of "
    "events per day).",
    "National performance is for its own periods and stands beside the observed performance as "
    "context. It is no target and not comparable to a federal risk-standardized performance (RSP), "
    "which needs other states' children.",
    "A child counts once in a share: the first exit, entry or report of the period that no "
    "exclusion holds for. A child is in care on a day from the removal up to, not including, the "
    "discharge.",
    "Placement moves are counted as AFCARS counts settings: trial home visits and runaways are "
    "none, nor is a return from one to the same provider; a stay in a hospital is one where it is "
    "recorded as a placement.",
)
SAME_PERIOD = (
    "As in the federal figures, children who re-entered in the half-year of their discharge are "
    "left out, which biases re-entry low."
)
NO_VISITS = (
    "Without the table placements, time on a trial home visit beyond 30 days is not taken off the "
    "stay (permanency for children entering care)."
)


@dataclass(frozen=True, repr=False)
class FederalIndicators(PracticeResult):
    """Observed performance beside national performance.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per indicator: ``indicator``, ``title``, ``status``, ``needs``,
        ``period_start``, ``period_end`` (last day), ``denominator`` (children,
        or days in care), ``numerator``, ``excluded`` (rows), ``clusters``,
        ``per`` (100: percent), ``observed``, ``ci_low``, ``ci_high``,
        ``national``, ``national_periods``. What cannot be computed has missing
        numbers, never zeros.
    by_county : pandas.DataFrame
        The same by ``county``, with ``expected``, ``ratio``, ``shrunk_ratio``
        and ``adjusted``, ``adjusted_low``, ``adjusted_high``: RSP-style, within
        these data, never a federal RSP.
    exclusions : pandas.DataFrame
        ``indicator``, ``reason``, ``rows``.
    """

    table: pd.DataFrame
    by_county: pd.DataFrame
    exclusions: pd.DataFrame
    notes: tuple[str, ...]
    _paths: Table | None = field(repr=False)
    _kept: Records = field(repr=False)

    def paths(self, indicator: str) -> pd.DataFrame:
        """List each child's path: row-level, for internal use only.

        Returns
        -------
        pandas.DataFrame
            ``child_id``, ``record`` (the stay or report), ``county``,
            ``age_months``, ``path`` (numerator, denominator, excluded),
            ``reason`` (of an exclusion), ``n``, ``events``.

        Raises
        ------
        StudyError
            If there is no such indicator.
        DataError
            If it cannot be computed.
        """
        known = list(self.table["indicator"])
        if indicator not in known:
            raise StudyError(f'There is no indicator "{indicator}"; there are {", ".join(known)}.')
        row = self.table.set_index("indicator").loc[indicator]
        if self._paths is None or row["status"] == CANNOT:
            raise DataError(f"{row['title']} cannot be computed: it {row['needs']}.")
        rows = self._paths.filter(self._paths.indicator == indicator)
        return tidy(rows.order_by("child_id", "record").drop("cluster", "indicator"))

    def plot(self, indicator: str = "reentry", ax: "Axes | None" = None) -> "Axes":
        """Draw an indicator by county with its intervals.

        Returns
        -------
        matplotlib.axes.Axes
        """
        rows = self.by_county[self.by_county["indicator"] == indicator]
        rows = rows.rename(columns={"observed": "value"})
        title = self.table.set_index("indicator").loc[indicator, "title"]
        return draw_dots(list(rows["county"]), rows, title, ax)

    def to_dict(self) -> dict[str, Any]:
        """Return the tables as plain lists of records, with the notes."""
        return {"notes": list(self.notes), "adjusted": LABEL} | self._records(
            "table", "by_county", "exclusions"
        )


def federal_indicators(
    agency: Any,
    data_through: datetime.date | str | dict[str, datetime.date],
    start: datetime.date | str | None = None,
    same_period: bool = True,
) -> FederalIndicators:
    """Compute the seven Round 4 statewide data indicators.

    Parameters
    ----------
    agency : Agency
    data_through : datetime.date, str or dict
        Last day the records cover; or one per table, with ``removals``.
    start : datetime.date or str, optional
        First day of the 12-month period of every indicator; by default the
        latest 1 April or 1 October whose indicator is wholly on record.
    same_period : bool
        Whether children who re-enter in the half-year of their discharge are
        excluded, as the federal figures must.

    Returns
    -------
    FederalIndicators

    Raises
    ------
    StudyError
        If a date cannot be read.
    DataError
        If a required table is missing.

    References
    ----------
    Children's Bureau, CFSR Round 4 Statewide Data Indicators, Data Dictionary,
    August 2022.
    """
    through = data_through if isinstance(data_through, dict) else _date(data_through)
    any_day = through["removals"] if isinstance(through, dict) else through
    rules = CohortRules(exits=(any_day, any_day), data_through=through)
    records = Records(agency, rules)
    spells = paths.stays(records)
    given = None if start is None else _date(start)
    rows, parts = [], {}
    for indicator in INDICATORS:
        last = records.through("removals", *indicator.needs)
        period = Period(given or _latest(last, indicator.years))
        needs = _needs(indicator, records, period, last)
        status = {"status": COMPUTED if needs is None else CANNOT, "needs": needs or ""}
        rows.append(_about(indicator, period) | status)
        if needs is None:
            found = indicator.of(records, spells, period, same_period)
            parts[indicator.name] = found.mutate(indicator=ibis.literal(indicator.name))
    found, counties, exclusions = None, [], pd.DataFrame(columns=["indicator", "reason", "rows"])
    if parts:
        found = records.stage(
            ibis.union(*parts.values()) if len(parts) > 1 else [*parts.values()][0]
        )
        observed, counties, exclusions = _counted(found, [i for i in INDICATORS if i.name in parts])
        rows = [row | observed.get(row["indicator"], {}) for row in rows]
    notes = [*NOTES, LABEL + "."] + ([SAME_PERIOD] if same_period else [])
    if not records.has("placements"):
        notes.append(NO_VISITS)
    return FederalIndicators(
        table=_table(rows),
        by_county=_joined(counties, ["indicator", "county"]),
        exclusions=exclusions,
        notes=tuple(notes),
        _paths=found,
        _kept=records,
    )


def entry_rate(indicators: FederalIndicators, population: int) -> float:
    """Return the foster care entry rate: entries per 1,000 children of the population.

    Parameters
    ----------
    indicators : FederalIndicators
    population : int
        Children in the state on 1 July, from the census.

    Raises
    ------
    DataError
        If permanency for children entering care could not be computed.
    StudyError
        If the population is not above 0.
    """
    if population <= 0:
        raise StudyError(f"population is {population}: give the census estimate of children.")
    entries = indicators.paths("permanency_entries")
    return 1_000 * int((entries["path"] != EXCLUDED).sum()) / population


def _date(given: datetime.date | str) -> datetime.date:
    if isinstance(given, datetime.date):
        return given
    try:
        return datetime.date.fromisoformat(str(given))
    except ValueError:
        raise StudyError(f'"{given}" is no date: write it as 2024-06-30.') from None


def _latest(through: datetime.date, years: int) -> datetime.date:
    """Return the latest 1 April or 1 October that lies ``years`` before the end of the data."""
    after = through + datetime.timedelta(days=1)
    for year in range(after.year, after.year - 3 - years, -1):
        for month in (10, 4):
            start = datetime.date(year, month, 1)
            if later(start, years) <= after:
                return start
    raise AssertionError("half-years do not end")


def _about(indicator: Indicator, period: Period) -> dict:
    return {
        "indicator": indicator.name,
        "title": indicator.title,
        "period_start": pd.Timestamp(period.start),
        "period_end": pd.Timestamp(period.end) - pd.Timedelta(days=1),
        "per": indicator.per,
        "national": indicator.national,
        "national_periods": indicator.national_periods,
    }


def _needs(indicator: Indicator, records: Records, period: Period, last: datetime.date):
    for table in indicator.needs:
        if not records.has(table):
            return f"needs the table {table}"
        if table == "maltreatment_reports" and not records.has(table, "disposition"):
            return "needs the column disposition of maltreatment_reports"
    for column in ("birth_date",):
        if not records.has("children", column):
            return f"needs the column {column} of children"
    end = later(period.start, indicator.years)
    if end > last + datetime.timedelta(days=1):
        return f"needs records to {end - datetime.timedelta(days=1)}; they end on {last}"
    return None


def _limits(added: pd.DataFrame, indicator: Indicator) -> pd.DataFrame:
    """Return observed performance and its interval from sums per group."""
    per = indicator.per
    if indicator.is_share:
        found = clustered_share(added)
        return pd.DataFrame(
            {
                "observed": per * found["rate"],
                "ci_low": per * found["ci_low"],
                "ci_high": per * found["ci_high"],
            }
        )
    observed, low, high = day_rate(added)
    return pd.DataFrame({"observed": per * observed, "ci_low": per * low, "ci_high": per * high})


def day_rate(added: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a rate per day with gamma limits on the effective number of events.

    The variance of the rate from family sums, divided by that of independent
    Poisson events, is the design effect, never below 1. The exact limits
    (Garwood 1936) are taken at the events divided by it.
    """
    n, y, groups, nn, yy, ny = (added[name].to_numpy(float) for name in SUMS)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = y / n
        spread = np.maximum(yy - 2 * rate * ny + rate**2 * nn, 0) * groups / (groups - 1)
        effect = np.where(y > 0, np.maximum(spread / y, 1.0), 1.0)
        events = y / effect
        low = np.where(y > 0, stats.gamma.ppf(0.025, events), 0.0) * effect / n
        high = stats.gamma.ppf(0.975, events + 1) * effect / n
    told = (groups > 1) & (n > 0)
    return (
        np.where(n > 0, rate, np.nan),
        np.where(told, low, np.nan),
        np.where(told, high, np.nan),
    )


def _counted(found: Table, indicators: list[Indicator]):
    """Count every indicator in all, by county and by exclusion, each in one go."""
    whole = sums(found, ("indicator",)).set_index("indicator")
    found = found.mutate(county=found.county.fill_null("not recorded"))
    by_county = sums(found, ("indicator", "county"))
    band = ibis.cases(
        (found.age_months.isnull(), NO_AGE),
        *((found.age_months < limit, place) for place, limit in enumerate(AGE_BANDS)),
        else_=len(AGE_BANDS),
    )
    bands = found.mutate(band=band).group_by("indicator", "county", "band")
    bands = bands.aggregate(n=lambda t: t.n.sum(), events=lambda t: t.events.sum())
    bands = tidy(bands.order_by("indicator", "county", "band"))
    out = found.filter(found.path == EXCLUDED).group_by("indicator", "reason")
    out = tidy(out.aggregate(rows=lambda t: t.count()).order_by("indicator", "reason"))
    place = {indicator.name: place for place, indicator in enumerate(indicators)}
    out = out.sort_values("indicator", key=lambda names: names.map(place), kind="stable")
    observed, counties = {}, []
    for indicator in indicators:
        name = indicator.name
        added = whole.reindex([name], fill_value=0).reset_index(drop=True)
        observed[name] = {
            "denominator": int(added.loc[0, "n"]),
            "numerator": int(added.loc[0, "events"]),
            "excluded": int(out.loc[out["indicator"] == name, "rows"].sum()),
            "clusters": int(added.loc[0, "clusters"]),
            **_limits(added, indicator).iloc[0].to_dict(),
        }
        own = by_county[by_county["indicator"] == name].reset_index(drop=True)
        counties.append(_by_county(own, bands[bands["indicator"] == name], indicator))
    return observed, counties, out[["indicator", "reason", "rows"]].reset_index(drop=True)


def _by_county(added: pd.DataFrame, bands: pd.DataFrame, indicator: Indicator) -> pd.DataFrame:
    table = pd.concat([added, _limits(added, indicator)], axis=1)
    ours = adjusted(bands)
    columns = ["adjusted", "adjusted_low", "adjusted_high"]
    ours[columns] *= indicator.per
    table = table.merge(ours.drop(columns=["n", "events"]), on="county", how="left")
    table = table.rename(columns={"n": "denominator", "events": "numerator"})
    kept = ["county", "denominator", "numerator", "clusters", "observed", "ci_low", "ci_high"]
    kept += ["expected", "ratio", "shrunk_ratio", *columns]
    return table[["indicator", *kept]]


def _joined(parts: list[pd.DataFrame], first: list[str]) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame(columns=first)
    table = pd.concat(parts, ignore_index=True)
    return table[[*first, *(name for name in table if name not in first)]]


def _table(rows: list[dict]) -> pd.DataFrame:
    columns = ["indicator", "title", "status", "needs", "period_start", "period_end"]
    columns += ["denominator", "numerator", "excluded", "clusters", "per", "observed"]
    columns += ["ci_low", "ci_high", "national", "national_periods"]
    table = pd.DataFrame(rows, columns=columns)
    for name in ("denominator", "numerator", "excluded", "clusters"):
        table[name] = table[name].astype("Int64")
    for name in ("observed", "ci_low", "ci_high"):
        table[name] = table[name].astype(float)
    return table
