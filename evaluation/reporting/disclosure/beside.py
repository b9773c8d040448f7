"""Release of what stands beside the main contrasts."""

import pandas as pd

from evaluation.reporting.disclosure.rounding import SAFE_DIGITS, rounded_effects
from evaluation.reporting.disclosure.rule import Disclosure
from evaluation.reporting.numerals import SUPPRESSED, is_missing

COUNTS = ["n_treated", "n_comparison", "events_treated", "events_comparison"]
VALUES = ["estimate", "se", "ci_low", "ci_high", "p"]
SHARES = ("risk_treated", "risk_comparison")


def release_beside(
    beside: pd.DataFrame,
    table: pd.DataFrame,
    withheld: tuple[tuple[str, str], ...],
    rule: Disclosure,
) -> pd.DataFrame:
    """Release differences and ratios beside the main ones, hidden where those are.

    Counts and shares of groups and other analyses are left out: set beside those of the
    whole they would tell of few children.
    """
    if beside.empty:
        return beside.astype(object)
    kept = beside["measure"].isna() | ~beside["measure"].isin(SHARES)
    released = beside[kept].astype(object).reset_index(drop=True)
    hidden = pd.Series(
        [
            (row.service, row.outcome) in withheld
            or any(not pd.isna(n) and rule.hides(int(n)) for n in map(row._asdict().get, COUNTS))
            for row in beside[kept].itertuples(index=False)
        ],
        index=released.index,
        dtype=bool,
    )
    main = table[table["estimate"].eq(SUPPRESSED)]
    keys = set(zip(main["service"], main["outcome"], main["horizon"].astype(str), strict=True))
    same = zip(
        released["service"], released["outcome"], released["horizon"].astype(str), strict=True
    )
    hidden |= [key in keys for key in same]
    values = [name for name in VALUES if name in released]
    released.loc[hidden & released["measure"].notna(), values] = SUPPRESSED
    if rule.rounds:
        values = [name for name in values if name != "se"]
        released[values] = released[values].map(_rounded)
        released["se"] = None
    return released.drop(columns=[*COUNTS, "clusters"])


def release_home(home: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    """Hide comparisons in which few children of an arm are home and stable, or are not."""
    released = home.astype(object).reset_index(drop=True)
    if home.empty:
        return released
    rest = [home[f"n_{arm}"] - home[f"events_{arm}"] for arm in ("treated", "comparison")]
    numbers = pd.concat([*(home[name] for name in COUNTS), *rest], axis=1).astype(int)
    hidden = numbers.map(rule.hides).any(axis=1).to_numpy()
    columns = [name for name in (*COUNTS, "clusters", *VALUES) if name in released]
    released.loc[hidden, columns] = SUPPRESSED
    return rounded_effects(released, home.reset_index(drop=True), rule) if rule.rounds else released


def release_missing(missing: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    """Hide small patterns, and never one alone, which the total would give back."""
    released = missing.astype(object).reset_index(drop=True)
    if missing.empty:
        return released
    for _, own in missing.reset_index(drop=True).groupby(["service", "outcome"], sort=False):
        small = own.index[own["children"].map(rule.hides)]
        if len(small) == 1:
            small = own["children"].sort_values(kind="stable").index[:2]
        released.loc[small, ["children", "share"]] = SUPPRESSED
    if rule.rounds:
        released["children"] = [
            n if n == SUPPRESSED else rule.shown(n) for n in released["children"]
        ]
        released["share"] = released["share"].map(_rounded)
    return released


def _rounded(value):
    number = isinstance(value, float | int) and not is_missing(value)
    return round(float(value), SAFE_DIGITS) if number else value
