"""Terms of a model that would give back how many children of a level had the event."""

import re
from collections.abc import Sequence

import pandas as pd

from evaluation.reporting.disclosure.rule import Disclosure

OUTCOME = 1
_LEVEL = re.compile(r"`?(?P<column>.+?)`?\[(?:T\.)?(?P<level>.*)\]")


def few_behind(terms: Sequence[str], ends: pd.DataFrame, rule: Disclosure) -> list[bool]:
    """Tell which terms rest on a level with few children or few events.

    The squared standard error of a level's coefficient is close to one over its
    events plus one over those of the reference, so it gives a small count back. Where
    the reference is small, every term set against it is.

    Parameters
    ----------
    terms : sequence of str
        Terms of one model, as formulaic names them.
    ends : pandas.DataFrame
        The last follow-up row of each exit, with ``event`` and the covariates.
    rule : Disclosure
        The rule of the release.

    Returns
    -------
    list of bool
        One for each term.
    """
    parsed = [_LEVEL.fullmatch(term) for term in terms]
    listed: dict[str, set[str]] = {}
    for found in filter(None, parsed):
        listed.setdefault(found["column"], set()).add(found["level"])
    few = {column: _small_levels(ends, column, rule) for column in listed}
    hidden = []
    for term, found in zip(terms, parsed, strict=True):
        column = found["column"] if found else term.strip("`")
        if found:
            small = few[column]
            hidden.append(found["level"] in small or bool(small - listed[column]))
        else:
            two = column in ends and ends[column].nunique() <= 2
            hidden.append(two and bool(_small_levels(ends, column, rule)))
    return hidden


def _small_levels(ends: pd.DataFrame, column: str, rule: Disclosure) -> set[str]:
    if column not in ends:
        return set()
    known = ends.loc[ends[column].notna(), ["event", column]]
    events = known["event"].eq(OUTCOME).groupby(known[column].astype(str)).agg(["size", "sum"])
    return {
        str(row.Index)
        for row in events.itertuples()
        if rule.hides(int(row.size)) or rule.hides(int(row.sum))
    }
