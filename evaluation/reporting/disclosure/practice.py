"""What may be shown of practice measures, federal indicators and groups of children."""

from collections.abc import Callable, Iterable

import pandas as pd

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


def release_groups(table: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    """Release rates of groups: those whose events, or others, are few or would give few back.

    Every level of a characteristic is judged together with the total of all
    levels, measure by measure; no counts are released, only rates.
    """
    released = table.astype(object).reset_index(drop=True)
    keys = ["measure", "characteristic"]
    for _, rows in table.reset_index(drop=True).groupby(keys, sort=False):
        counts = pd.DataFrame({"yes": rows["events"], "no": rows["n"] - rows["events"]})
        totals = rule.hidden_one_way(counts.sum())[:-1]
        hidden = rule.hidden(counts.to_numpy(int), columns_hidden=totals)
        for place, hides in zip(rows.index, hidden[:-1].any(axis=1), strict=True):
            if hides:
                released.loc[place, list(_GROUP_VALUES)] = SUPPRESSED
            if rule.rounds:
                _round(released, place, _GROUP_VALUES, lambda value: round(float(value), 2))
    return released.drop(columns=["n", "events", "families"])


def _round(released: pd.DataFrame, place: int, names: Iterable[str], change: Callable) -> None:
    """Change the numbers of a row that are shown."""
    for name in names:
        value = released.loc[place, name]
        if value != SUPPRESSED and pd.notna(value):
            released.loc[place, name] = change(value)
