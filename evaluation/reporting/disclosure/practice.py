"""What may be shown of practice measures, federal indicators and groups of children.

Each is judged against last year's report too: rows are known by the names `row_name` gives.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from evaluation.practice.dose import EARLY, REFERRED
from evaluation.reporting.disclosure.rule import Disclosure
from evaluation.reporting.disclosure.since import (
    EQUITY_LIMITS,
    beside_last_year,
    closed_months,
    events_alone,
    families_changed,
    parts_before,
    row_name,
    stays_hidden,
    total_before,
)
from evaluation.reporting.numerals import SUPPRESSED

MEASURE_PARTS = ("met", "not_met", "not_yet_due", "cannot_be_computed")
DOSE_DIGITS = 3
MONTHS, COUNTIES, DOSE = "practice_months", "counties", "dose"
_MEASURE_LIMITS = ("rate", "ci_low", "ci_high")
_INDICATOR_LIMITS = ("observed", "ci_low", "ci_high")
_GROUP_VALUES = (
    "rate",
    "ci_low",
    "ci_high",
    "difference",
    "difference_low",
    "difference_high",
    "ratio",
    "ratio_low",
    "ratio_high",
)


def release_measures(table: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    """Release the counts of fidelity measures: parts of a total, and the rate from two of them.

    Where any part is hidden the rate and its limits are too, for with the
    total they would give it back. Where the total is what last year's report
    showed, so are its parts taken to be: one hidden then stays hidden.
    """
    released, rule = table.astype(object).reset_index(drop=True), beside_last_year(rule)
    for place, row in table.reset_index(drop=True).iterrows():
        if pd.isna(row["eligible"]):
            continue
        counts = [int(row[name]) for name in MEASURE_PARTS]
        measure = str(row["measure"])
        same = rule.on and rule.before.count("fidelity", measure, "eligible") == sum(counts)
        hidden = rule.hidden_one_way(
            counts,
            total_fixed=False,
            before=_measure_before(measure, rule),
            also=np.array(
                [same and rule.before.hid("fidelity", measure, n) for n in MEASURE_PARTS]
            ),
        )
        for name, hides in zip((*MEASURE_PARTS, "eligible"), hidden, strict=True):
            if hides:
                released.loc[place, name] = SUPPRESSED
        if hidden.any():
            released.loc[place, list(_MEASURE_LIMITS)] = SUPPRESSED
            released.loc[place, "reached"] = SUPPRESSED
        if rule.rounds:
            _round(released, place, (*MEASURE_PARTS, "eligible"), rule.shown)
            of = int(row["eligible"])
            _round(released, place, _MEASURE_LIMITS, lambda share, of=of: rule.grid(share, of))
    return released


def _measure_before(measure: str, rule: Disclosure) -> np.ndarray:
    """Return last year's parts of a measure and their total; what it left over is a part too."""
    names = ("met", "not_met", "not_yet_due", "eligible")
    met, not_met, due, total = (
        np.nan if n is None else float(n)
        for n in (rule.before.count("fidelity", measure, name) for name in names)
    )
    return np.array([met, not_met, due, total - met - not_met - due, total])


def indicator_row(indicator: str, period_start: object) -> str:
    """Name an indicator for next year's report: other periods are of other children."""
    return row_name(indicator, f"{period_start:%Y-%m-%d}")


def release_indicators(
    table: pd.DataFrame, rule: Disclosure, name: str = "", rows: Sequence[str] = ()
) -> pd.DataFrame:
    """Release federal indicators: a small numerator hides its rate, and a small rest too.

    So do a numerator, a rest and a whole that few separate from last year's,
    which ``name`` and ``rows`` find: the table and its rows.
    """
    released, rule = table.astype(object).reset_index(drop=True), beside_last_year(rule)
    for place, row in table.reset_index(drop=True).iterrows():
        if pd.isna(row["denominator"]):
            continue
        numerator, denominator = int(row["numerator"]), int(row["denominator"])
        children = row["per"] == 100
        few = rule.hides(numerator) or (children and rule.hides(denominator - numerator))
        changed = set()
        if name:
            changed = _changed((numerator, denominator), children, name, rows[place], rule)
        if few or changed:
            released.loc[place, ["numerator", *_INDICATOR_LIMITS]] = SUPPRESSED
        if "denominator" in changed or (children and rule.hides(denominator)):
            released.loc[place, "denominator"] = SUPPRESSED
        if rule.rounds:
            _round(released, place, ("numerator", "denominator"), rule.shown)
            per = row["per"]
            _round(
                released,
                place,
                _INDICATOR_LIMITS,
                lambda value, of=denominator, per=per: rule.grid(value / per, of) * per,
            )
    return released


def _changed(
    counts: tuple[int, int], children: bool, name: str, row: str, rule: Disclosure
) -> set[str]:
    """Return which counts of a row, or their difference, few separate from last year's.

    A denominator that does not count children but days is not compared.
    """
    numerator, denominator = total_before(rule, name, row)
    found = set()
    if numerator is not None and rule.hides(abs(counts[0] - numerator)):
        found.add("numerator")
    if children and denominator is not None:
        if rule.hides(abs(counts[1] - denominator)):
            found.add("denominator")
        rest = counts[1] - counts[0]
        if numerator is not None and rule.hides(abs(rest - (denominator - numerator))):
            found.add("numerator")
    return found


def release_groups(
    table: pd.DataFrame,
    rule: Disclosure,
    hidden: np.ndarray | None = None,
    known: Callable[[pd.DataFrame], np.ndarray | None] | None = None,
    names: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Release rates of groups: those whose events, or others, are few or would give few back.

    Every level of a characteristic is judged together with the total of all
    levels, measure by measure; no counts are released, only rates. A level
    hidden in one measure is hidden in all: measures share their margins, so
    what one hides could else be worked out from another. A level of few
    families is hidden too, for an exact limit tells how many they are. Rows to
    hide may be given instead. ``known`` is as for `hidden_levels`; ``names`` are the
    rows as last year's report names them, to compare the families those limits tell of.
    """
    released = table.astype(object).reset_index(drop=True)
    values = [name for name in _GROUP_VALUES if name in released]
    gone = hidden_levels(table, rule, known) if hidden is None else hidden
    if "families" in table:
        gone = gone | np.array([rule.hides(n) for n in table["families"]], dtype=bool)
    if names is not None:
        gone = gone | families_changed(rule, EQUITY_LIMITS, names, table)
    released.loc[gone, values] = SUPPRESSED
    _round_all(released, values, rule, lambda value: round(value, 2))
    return released.drop(columns=[n for n in ("n", "events", "families") if n in released])


def hidden_levels(
    table: pd.DataFrame,
    rule: Disclosure,
    known: Callable[[pd.DataFrame], np.ndarray | None] | None = None,
    also: np.ndarray | None = None,
) -> np.ndarray:
    """Return which rows of a table by measure, characteristic and level are hidden.

    Parameters
    ----------
    table : pandas.DataFrame
        ``measure``, ``characteristic``, ``level``, ``events`` and ``n``.
    rule : Disclosure
    known : callable, optional
        From the rows of one measure and characteristic to what last year's report told of
        them, as `parts_before` returns it.
    also : numpy.ndarray of bool, optional
        Rows hidden whatever their counts.
    """
    table = table.reset_index(drop=True)
    hidden = pd.Series(False, index=table.index)
    for _, rows in table.groupby(["measure", "characteristic"], sort=False):
        counts = pd.DataFrame({"yes": rows["events"], "no": rows["n"] - rows["events"]})
        totals = rule.hidden_one_way(counts.sum())[:-1]
        cells = rule.hidden(
            counts.to_numpy(int),
            columns_hidden=totals,
            also=None if also is None else np.repeat(also[rows.index][:, None], 2, axis=1),
            before=None if known is None else known(rows),
        )
        hidden[rows.index] = cells[:-1].any(axis=1)
    levels = [table["characteristic"], table["level"].astype(str)]
    return hidden.groupby(levels).transform("any").to_numpy()


def release_months(table: pd.DataFrame, rule: Disclosure, form: str = "%Y-%m") -> pd.DataFrame:
    """Release the shares of a run chart: months judged together with all months.

    A month hidden in last year's report stays hidden once no case is still to come of it.

    Parameters
    ----------
    table : pandas.DataFrame
        ``measure``, ``month``, ``met``, ``not_met``, ``rate``, ``ci_low`` and ``ci_high``, of
        one measure.
    rule : Disclosure
    form : str
        How a period is named: its month or its year.
    """
    rows = table.assign(characteristic="month", level=table["month"].astype(str))
    rows = rows.assign(n=rows["met"] + rows["not_met"], events=rows["met"]).reset_index(drop=True)
    names = [
        row_name(m, month.strftime(form))
        for m, month in zip(rows["measure"], rows["month"], strict=True)
    ]
    released = rows[["month", *_MEASURE_LIMITS]].astype(object)
    hidden = hidden_levels(
        rows,
        rule,
        lambda own: parts_before(rule, MONTHS, [names[i] for i in own.index], own),
        stays_hidden(rule, MONTHS, names, closed_months(rule, rows["month"])),
    )
    released.loc[hidden, list(_MEASURE_LIMITS)] = SUPPRESSED
    _round_all(released, _MEASURE_LIMITS, rule, lambda value: round(value, 2))
    return released


def release_questions(table: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    """Release the permanency questions as the federal indicators are released."""
    names = {"observed": "value"}
    renamed = table.rename(columns={new: old for old, new in names.items()})
    rows = [str(name) for name in table["name"]]
    return release_indicators(renamed, rule, "questions", rows).rename(columns=names)


def release_federal(table: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    """Release the federal indicators computed, each with its 12-month period."""
    rows = [indicator_row(r.indicator, r.period_start) for r in table.itertuples()]
    return release_indicators(table, rule, "federal", rows)


def county_rows(table: pd.DataFrame, period_start: object) -> list[str]:
    """Name the counties of an indicator for next year's report."""
    return [
        row_name(indicator_row(r.indicator, period_start), r.county) for r in table.itertuples()
    ]


def release_counties(table: pd.DataFrame, rule: Disclosure, period_start: object) -> pd.DataFrame:
    """Release one indicator by county: observed and adjusted performance, no counts.

    Counties are judged together with the total of all counties, and beside the same
    period in last year's report. Where few separate the total from last year's, none is
    shown: together they would give it back.
    """
    children = table["per"] == 100
    rest = (table["denominator"] - table["numerator"]).where(children, rule.below)
    rows = table.assign(measure="indicator", characteristic="county", level=table["county"])
    rows = rows.assign(events=rows["numerator"], n=rows["numerator"] + rest).reset_index(drop=True)
    values = ["observed", "ci_low", "ci_high", "adjusted", "adjusted_low", "adjusted_high"]
    released = rows[["county", *values]].astype(object)
    names = county_rows(rows, period_start)
    name = indicator_row(rows["indicator"].iloc[0], period_start)
    whole = tuple(int(rows[column].sum()) for column in ("numerator", "denominator"))

    def known(own: pd.DataFrame) -> np.ndarray | None:
        exact = own.assign(n=own["denominator"])
        then = total_before(rule, "federal", name) if children.all() else (None, None)
        before = parts_before(rule, COUNTIES, names, exact, then)
        return before if before is None or children.all() else events_alone(before)

    same = total_before(rule, "federal", name) == whole
    also = stays_hidden(rule, COUNTIES, names, [same] * len(names))
    if _changed(whole, children.all(), "federal", name, beside_last_year(rule)):
        also = np.ones(len(names), dtype=bool)
    released.loc[hidden_levels(rows, rule, known, also), values] = SUPPRESSED
    _round_all(released, values, rule, lambda value: float(f"{value:.2g}"))
    return released


def release_dose(table: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    """Release shares and medians of dose and engagement, without their counts.

    What became of referrals, and why spells ended, are parts of one total and
    are judged together. A median is hidden where it rests on few. By group a
    level hidden in one measure of a program is hidden in all of them. A share of all
    exits is hidden where few separate its count, or the rest, from last year's.
    """
    table, rule = table.reset_index(drop=True), beside_last_year(rule)
    released = table.astype(object)
    share = table["unit"] == "per 100"
    events, n = pd.to_numeric(table["events"]).fillna(0).astype(int), table["n"].astype(int)
    hidden = pd.Series([rule.hides(count) for count in n], index=table.index)
    few = [rule.hides(e) or rule.hides(m - e) for e, m in zip(events, n, strict=True)]
    hidden |= pd.Series(few, index=table.index) & share
    hidden |= _dose_changed(table, rule)
    whole = share & (table["level"] == "all")
    for names in (REFERRED, tuple(f"ended: {reason}" for reason in EARLY)):
        parts = table[whole & table["measure"].isin(names)]
        for _, rows in parts.groupby("program"):
            counts = [*events[rows.index], max(0, n[rows.index[0]] - events[rows.index].sum())]
            hidden[rows.index] |= rule.hidden_one_way(counts)[: len(rows)]
    groups = share & (table["level"] != "all")
    for _, rows in table[groups].groupby("program"):
        hidden[rows.index] |= hidden_levels(rows, rule)
    levels = [table[name].astype(str) for name in ("program", "characteristic", "level")]
    by_level = hidden.groupby(levels).transform("any")
    hidden |= by_level & (table["level"] != "all")
    released.loc[hidden.to_numpy(), ["value", "ci_low", "ci_high"]] = SUPPRESSED
    _round_all(released, ("value", "ci_low", "ci_high"), rule, round)
    return released.drop(columns=["n", "events"])


def dose_rows(table: pd.DataFrame) -> list[str]:
    """Name the shares of what was delivered for next year's report."""
    names = ("program", "measure", "characteristic", "level")
    return [
        row_name(*(row[name] for name in names)) for row in table[list(names)].to_dict("records")
    ]


def _dose_changed(table: pd.DataFrame, rule: Disclosure) -> pd.Series:
    """Return which shares of all exits changed by few; of other wholes no size is shown."""
    size = rule.before.count("exit_type", "all", "all")
    changed = pd.Series(False, index=table.index)
    for place, name in zip(table.index, dose_rows(table), strict=True):
        row, then = table.loc[place], rule.before.share(DOSE, name)
        if None in (size, then) or row["of"] != "exits" or row["unit"] != "per 100":
            continue
        n, events = int(row["n"]), int(row["events"])
        if n == size and abs(events / n - then) <= 0.5 / 10**DOSE_DIGITS:
            continue
        was = round(then * size)
        changed[place] = rule.hides(abs(events - was)) or rule.hides(abs(n - events - (size - was)))
    return changed


def release_contacts(table: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    """Release contacts a child and month; a month of few children or few contacts is hidden."""
    released = table[["month", "per_month"]].astype(object).reset_index(drop=True)
    few = [rule.hides(r.child_months) or rule.hides(r.contacts) for r in table.itertuples()]
    released.loc[few, "per_month"] = SUPPRESSED
    _round_all(released, ["per_month"], rule, lambda value: round(value, 1))
    return released


def _round_all(
    released: pd.DataFrame, names: Iterable[str], rule: Disclosure, change: Callable
) -> None:
    """Coarsen every number shown without its counts, where the profile rounds."""
    if rule.rounds:
        for place in released.index:
            _round(released, place, names, lambda value: change(float(value)))


def _round(released: pd.DataFrame, place: int, names: Iterable[str], change: Callable) -> None:
    """Change the numbers of a row that are shown."""
    for name in names:
        value = released.loc[place, name]
        if value != SUPPRESSED and pd.notna(value):
            released.loc[place, name] = change(value)
