"""Release of the arms' probabilities of being served: bands widen until none holds few."""

import pandas as pd

from evaluation.reporting.disclosure.rounding import safe_digits
from evaluation.reporting.disclosure.rule import Disclosure

ARMS = ("served", "compared")
COLUMNS = ["service", "outcome", "low", "high", *ARMS]


def release_overlap(
    table: pd.DataFrame, withheld: tuple[tuple[str, str], ...], rule: Disclosure
) -> pd.DataFrame:
    """Join neighbouring bands until each arm has none or enough children in it.

    Parameters
    ----------
    table : pandas.DataFrame
        ``service``, ``outcome``, ``low``, ``high``, ``served``, ``compared`` (children).
    withheld : tuple of (str, str)
        Contrasts hidden as a whole: left out.
    rule : Disclosure
        The rule of the release.

    Returns
    -------
    pandas.DataFrame
        The same columns with shares of each arm in place of children.
    """
    rows = []
    for key, own in table.groupby(["service", "outcome"], sort=False) if len(table) else ():
        if key in withheld:
            continue
        bands = _joined(own[["low", "high", *ARMS]].to_numpy(float).tolist(), rule)
        totals = [sum(band[2 + k] for band in bands) for k in range(len(ARMS))]
        rows += [
            (*key, low, high, *(n / total for n, total in zip(counts, totals, strict=True)))
            for low, high, *counts in bands
        ]
    return safe_digits(pd.DataFrame(rows, columns=COLUMNS), ARMS, rule)


def _joined(bands: list[list[float]], rule: Disclosure) -> list[list[float]]:
    joined: list[list[float]] = []
    for band in bands:
        if joined and any(rule.hides(n) for n in joined[-1][2:]):
            joined[-1] = _sum(joined[-1], band)
        else:
            joined.append(list(band))
    while len(joined) > 1 and any(rule.hides(n) for n in joined[-1][2:]):
        last = joined.pop()
        joined[-1] = _sum(joined[-1], last)
    return joined


def _sum(left: list[float], right: list[float]) -> list[float]:
    return [left[0], right[1], *(a + b for a, b in zip(left[2:], right[2:], strict=True))]
