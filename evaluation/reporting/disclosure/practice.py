"""What may be shown of practice measures, federal indicators and groups of children."""

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from evaluation.practice.dose import EARLY, REFERRED
from evaluation.reporting.disclosure.rule import Disclosure
from evaluation.reporting.numerals import SUPPRESSED

MEASURE_PARTS = ("met", "not_met", "not_yet_due", "cannot_be_computed")
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
    total they would give it back.
    """
    released = table.astype(object).reset_index(drop=True)
    for place, row in table.reset_index(drop=True).iterrows():
        if pd.isna(row["eligible"]):
            continue
        hidden = rule.hidden_one_way([int(row[name]) for name in MEASURE_PARTS], total_fixed=False)
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


def release_indicators(table: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    """Release federal indicators: a small numerator hides its rate, and a small rest too."""
    released = table.astype(object).reset_index(drop=True)
    for place, row in table.reset_index(drop=True).iterrows():
        if pd.isna(row["denominator"]):
            continue
        numerator, denominator = int(row["numerator"]), int(row["denominator"])
        children = row["per"] == 100
        few = rule.hides(numerator) or (children and rule.hides(denominator - numerator))
        if few:
            released.loc[place, ["numerator", *_INDICATOR_LIMITS]] = SUPPRESSED
        if children and rule.hides(denominator):
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


def release_groups(
    table: pd.DataFrame, rule: Disclosure, hidden: np.ndarray | None = None
) -> pd.DataFrame:
    """Release rates of groups: those whose events, or others, are few or would give few back.

    Every level of a characteristic is judged together with the total of all
    levels, measure by measure; no counts are released, only rates. A level
    hidden in one measure is hidden in all: measures share their margins, so
    what one hides could else be worked out from another. A level of few
    families is hidden too, for an exact limit tells how many they are. Rows to
    hide may be given instead.
    """
    released = table.astype(object).reset_index(drop=True)
    values = [name for name in _GROUP_VALUES if name in released]
    gone = hidden_levels(table, rule) if hidden is None else hidden
    if "families" in table:
        gone = gone | np.array([rule.hides(n) for n in table["families"]], dtype=bool)
    released.loc[gone, values] = SUPPRESSED
    _round_all(released, values, rule, lambda value: round(value, 2))
    return released.drop(columns=[n for n in ("n", "events", "families") if n in released])


def hidden_levels(table: pd.DataFrame, rule: Disclosure) -> np.ndarray:
    """Return which rows of a table by measure, characteristic and level are hidden."""
    table = table.reset_index(drop=True)
    hidden = pd.Series(False, index=table.index)
    for _, rows in table.groupby(["measure", "characteristic"], sort=False):
        counts = pd.DataFrame({"yes": rows["events"], "no": rows["n"] - rows["events"]})
        totals = rule.hidden_one_way(counts.sum())[:-1]
        cells = rule.hidden(counts.to_numpy(int), columns_hidden=totals)
        hidden[rows.index] = cells[:-1].any(axis=1)
    levels = [table["characteristic"], table["level"].astype(str)]
    return hidden.groupby(levels).transform("any").to_numpy()


def release_months(table: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    """Release the shares of a run chart: months judged together with all months."""
    rows = table.assign(measure="run", characteristic="month", level=table["month"].astype(str))
    rows = rows.assign(n=rows["met"] + rows["not_met"], events=rows["met"])
    released = table[["month", "rate", "ci_low", "ci_high"]].astype(object)
    released = released.reset_index(drop=True)
    released.loc[hidden_levels(rows, rule), list(_MEASURE_LIMITS)] = SUPPRESSED
    _round_all(released, _MEASURE_LIMITS, rule, lambda value: round(value, 2))
    return released


def release_questions(table: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    """Release the permanency questions as the federal indicators are released."""
    names = {"observed": "value"}
    renamed = table.rename(columns={new: old for old, new in names.items()})
    return release_indicators(renamed, rule).rename(columns=names)


def release_counties(table: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    """Release one indicator by county: observed and adjusted performance, no counts.

    Counties are judged together with the total of all counties.
    """
    children = table["per"] == 100
    rest = (table["denominator"] - table["numerator"]).where(children, rule.below)
    rows = table.assign(measure="indicator", characteristic="county", level=table["county"])
    rows = rows.assign(events=rows["numerator"], n=rows["numerator"] + rest)
    values = ["observed", "ci_low", "ci_high", "adjusted", "adjusted_low", "adjusted_high"]
    released = table[["county", *values]].astype(object).reset_index(drop=True)
    released.loc[hidden_levels(rows, rule), values] = SUPPRESSED
    _round_all(released, values, rule, lambda value: float(f"{value:.2g}"))
    return released


def release_dose(table: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    """Release shares and medians of dose and engagement, without their counts.

    What became of referrals, and why spells ended, are parts of one total and
    are judged together. A median is hidden where it rests on few. By group a
    level hidden in one measure of a program is hidden in all of them.
    """
    table = table.reset_index(drop=True)
    released = table.astype(object)
    share = table["unit"] == "per 100"
    events, n = pd.to_numeric(table["events"]).fillna(0).astype(int), table["n"].astype(int)
    hidden = pd.Series([rule.hides(count) for count in n], index=table.index)
    few = [rule.hides(e) or rule.hides(m - e) for e, m in zip(events, n, strict=True)]
    hidden |= pd.Series(few, index=table.index) & share
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
