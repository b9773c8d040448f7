"""What changed since last year's report where only shares are shown, not their counts.

A share in full precision is a fraction, so it tells the counts it came from up to a
multiple. Two reports may be subtracted from each other as two tables may (Hundepool and
others, 2012, section 4.5): a change of few is hidden as few are.
"""

import datetime
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from evaluation.reporting.disclosure.rule import Disclosure

LARGEST = 100_000
EXACT = 1e-11
NEAR_WHOLE = 1e-6
LIMIT_DIGITS = 3
EQUITY_LIMITS = "equity_limits"
CLOSED = datetime.timedelta(days=365)
Parts = tuple[float, float, float]
UNKNOWN: Parts = (np.nan, np.nan, np.nan)


def row_name(*names: object) -> str:
    """Name a row of a table for the report of the next year."""
    return "|".join(str(name) for name in names)


def beside_last_year(rule: "Disclosure") -> "Disclosure":
    """Return the rule as practice is judged by: rounded counts tell no change to the child."""
    return rule.without_last_year() if rule.rounds else rule


def parts_before(
    rule: "Disclosure",
    table: str,
    names: Sequence[str],
    now: pd.DataFrame,
    total: tuple[int | None, int | None] = (None, None),
    sizes: Sequence[int | None] | None = None,
) -> np.ndarray | None:
    """Return the counts behind last year's shares of the parts of a whole.

    Parameters
    ----------
    rule : Disclosure
        With what last year's report showed.
    table : str
        The table of the shares.
    names : sequence of str
        Its rows.
    now : pandas.DataFrame
        ``events`` and ``n`` of the same rows, this year.
    total : tuple of int
        Events and cases of the whole that last year's report showed. With two parts they
        give the size of each, and where the events of one part are missing, they are what
        the others leave of the whole.
    sizes : sequence of int, optional
        Cases of each row that last year's report showed.

    Returns
    -------
    numpy.ndarray or None
        Events, others and cases of each row and, last, of the whole; missing where last
        year's report does not tell. Nothing where it tells none, or shares are rounded to a
        grid. Of several multiples the one that few separate from this year's counts, else
        the nearest.
    """
    shares = [rule.before.share(table, name) for name in names]
    if rule.rounds or all(share is None for share in shares):
        return None
    known = list(sizes) if sizes is not None else _of_two(shares, total)
    parts = [
        _parts(share, (int(row.events), int(row.n)), size, rule)
        for share, row, size in zip(shares, now.itertuples(), known, strict=True)
    ]
    return np.array([*_without_others(parts, total[0]), UNKNOWN], dtype=float)


def _without_others(parts: list[Parts], whole: int | None) -> list[Parts]:
    """Fill in the events of the one part that lacks them."""
    lacking = [place for place, own in enumerate(parts) if np.isnan(own[0])]
    if whole is None or len(lacking) != 1:
        return parts
    events = whole - sum(own[0] for own in parts if not np.isnan(own[0]))
    size = parts[lacking[0]][2]
    parts[lacking[0]] = (events, size - events, size)
    return parts


def _of_two(
    shares: Sequence[float | None], total: tuple[int | None, int | None]
) -> list[int | None]:
    """Return the sizes of two parts: two shares and the whole's counts are two equations."""
    events, n = total
    unknown: list[int | None] = [None] * len(shares)
    if len(shares) != 2 or None in (*shares, *total) or shares[0] == shares[1]:
        return unknown
    first = (events - shares[1] * n) / (shares[0] - shares[1])
    if abs(first - round(first)) > NEAR_WHOLE * max(1, n) or not 0 <= round(first) <= n:
        return unknown
    return [round(first), n - round(first)]


def _parts(
    share: float | None, now: tuple[int, int], size: int | None, rule: "Disclosure"
) -> Parts:
    if share is None:
        return UNKNOWN
    if size is not None:
        events = share * size
        whole = abs(events - round(events)) < NEAR_WHOLE
        return (round(events), size - round(events), size) if whole else (np.nan, np.nan, size)
    part = Fraction(share).limit_denominator(LARGEST)
    if abs(float(part) - share) > EXACT * max(share, 1 / LARGEST):
        return UNKNOWN
    events, of = part.numerator, part.denominator
    now_parts = (now[0], now[1] - now[0], now[1])
    then_parts = (events, of - events, of)
    multiples = [
        max(1, round(n / then)) for n, then in zip(now_parts, then_parts, strict=True) if then
    ]
    found = [tuple(times * then for then in then_parts) for times in dict.fromkeys(multiples)]
    few = [parts for parts in found if _few_apart(parts, now_parts, rule)]
    return few[0] if few else min(found, key=lambda parts: abs(parts[2] - now[1]))


def _few_apart(then: Parts, now: Parts, rule: "Disclosure") -> bool:
    return any(rule.hides(abs(a - b)) for a, b in zip(then, now, strict=True))


def families_changed(
    rule: "Disclosure", table: str, names: Sequence[str], now: pd.DataFrame
) -> np.ndarray:
    """Return which rows without events are of few more or fewer families than last year.

    The exact upper limit of no event among so many families, 1 - 0.025 ** (1 / families),
    tells how many they are.

    Parameters
    ----------
    rule, table, names
        As for `parts_before`; the table is of upper limits.
    now : pandas.DataFrame
        ``events`` and ``ci_high`` of the same rows, this year.
    """
    found = []
    for name, row in zip(names, now.itertuples(), strict=True):
        limit = rule.before.share(table, name)
        told = limit is not None and row.events == 0 and 0 < row.ci_high < 1
        if not told or round(row.ci_high, LIMIT_DIGITS) == limit:
            found.append(False)
            continue
        half = 0.5 / 10**LIMIT_DIGITS
        least, most = (_families(min(limit + side, 1 - half)) for side in (half, -half))
        families = round(_families(row.ci_high))
        nearest = min(max(families, round(least)), round(most))
        found.append(rule.hides(max(1, abs(families - nearest))))
    return np.array(found, dtype=bool)


def _families(limit: float) -> float:
    return np.log(0.025) / np.log1p(-limit) if limit > 0 else LARGEST


def events_alone(before: np.ndarray) -> np.ndarray:
    """Return counts of which only the events are children: the rest are days."""
    return np.column_stack([before[:, 0], np.full((len(before), 2), np.nan)])


def total_before(
    rule: "Disclosure", table: str, row: str, columns: Sequence[str] = ("numerator", "denominator")
) -> tuple[int | None, int | None]:
    """Return events and cases of a whole that last year's report showed."""
    first, second = (rule.before.count(table, row, column) for column in columns)
    return first, second


def stays_hidden(
    rule: "Disclosure", table: str, names: Sequence[str], closed: Sequence[bool]
) -> np.ndarray:
    """Return which rows stay hidden because last year's report hid them.

    A count that cannot have changed, shown now, would stand in for the one hidden last
    year, and give back another that was hidden with it.

    Parameters
    ----------
    rule, table, names
        As for `parts_before`.
    closed : sequence of bool
        Whether the count of a row is taken not to have changed.
    """
    return np.array(
        [
            rule.on and not rule.rounds and own and rule.before.hid(table, name)
            for name, own in zip(names, closed, strict=True)
        ],
        dtype=bool,
    )


def closed_months(rule: "Disclosure", months: pd.Series) -> list[bool]:
    """Return which months no case was still to come of when last year's report was made."""
    through = rule.before.through
    if through is None:
        return [True] * len(months)
    return [month.date() < through - CLOSED for month in months]
