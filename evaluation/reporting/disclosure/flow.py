"""Release of the flow: exclusions in a chain, where a remainder gives one back."""

import numpy as np
import pandas as pd

from evaluation.reporting.disclosure.rule import Disclosure
from evaluation.reporting.numerals import SUPPRESSED

UNITS = ["children", "exits", "families"]


def release_flow(flow: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    """Hide small exclusions and the remainders between them.

    A small exclusion, in any unit, is hidden together with neighbouring ones until
    the block as a whole is no small count, and so are the remainders inside the
    block; where the whole flow excludes few, the first row is hidden too.

    Parameters
    ----------
    flow : pandas.DataFrame
        ``step``, ``reason``, ``children``, ``exits``, ``families``, ``excluded``;
        the first row is the start, each later row what remains after a step.
    rule : Disclosure
        The rule of the release.

    Returns
    -------
    pandas.DataFrame
        The same with `SUPPRESSED` in hidden cells.
    """
    released = flow.reset_index(drop=True).astype({name: object for name in [*UNITS, "excluded"]})
    if not rule.on or len(flow) < 2:
        return released
    remaining = flow[UNITS].to_numpy(dtype=int)
    drops = remaining[:-1] - remaining[1:]
    excluded = drops[:, UNITS.index("exits")]
    blocks = _blocks(drops, excluded, rule)
    if _changed(flow, rule):
        blocks = [(0, len(drops) - 1, True)]
        released.loc[len(flow) - 1, UNITS] = SUPPRESSED
    for first, last, start_hidden in blocks:
        steps = [step for step in range(first, last + 1) if excluded[step]]
        released.loc[[step + 1 for step in steps], "excluded"] = SUPPRESSED
        inside = list(range(0 if start_hidden else first + 1, last + 1))
        released.loc[inside, UNITS] = SUPPRESSED
    for name in (*UNITS, "excluded"):
        released[name] = [n if n == SUPPRESSED else rule.shown(n) for n in released[name]]
    return released


def _changed(flow: pd.DataFrame, rule: Disclosure) -> bool:
    """Tell whether any count differs by few from what last year's report showed."""
    for row in flow.to_dict("records"):
        step = f"{row['step']}|{row['reason']}"
        for name in (*UNITS, "excluded"):
            then = rule.before.count("flow", step, name)
            if then is not None and rule.hides(abs(int(row[name]) - then)):
                return True
    return False


def shorter_flow(flow: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    """Return the flow with hidden steps taken together, so that their sum can be shown.

    Parameters
    ----------
    flow : pandas.DataFrame
        As for `release_flow`.
    rule : Disclosure
        The rule of the release.

    Returns
    -------
    pandas.DataFrame
        The same columns and fewer rows; a row of several steps has their reasons.
    """
    exact = flow.reset_index(drop=True)
    drops = -exact[UNITS].diff().iloc[1:].to_numpy(dtype=int)
    kept = list(exact.index)
    exact["reason"] = exact["reason"].astype(object)
    for first, last, _ in _blocks(drops, drops[:, UNITS.index("exits")], rule):
        steps = [step for step in range(first + 1, last + 2) if exact.loc[step, "excluded"]]
        together = "; ".join(str(reason) for reason in exact.loc[steps, "reason"])
        exact.loc[last + 1, "reason"] = together
        exact.loc[last + 1, "excluded"] = exact.loc[steps, "excluded"].sum()
        kept = [row for row in kept if not first < row <= last]
    return release_flow(exact.loc[kept], rule)


def _blocks(
    drops: np.ndarray, excluded: np.ndarray, rule: Disclosure
) -> list[tuple[int, int, bool]]:
    """Return blocks of steps hidden together: first, last, whether the start is hidden."""
    small = [step for step in range(len(drops)) if any(rule.hides(drop) for drop in drops[step])]
    blocks: list[tuple[int, int, bool]] = []
    for step in small:
        if blocks and step <= blocks[-1][1]:
            continue
        first, last, whole = _grown(step, drops, excluded, rule)
        while blocks and first <= blocks[-1][1]:
            earlier = blocks.pop()
            first, last, whole = earlier[0], max(last, earlier[1]), whole or earlier[2]
        blocks.append((first, last, whole))
    return blocks


def _grown(
    step: int, drops: np.ndarray, excluded: np.ndarray, rule: Disclosure
) -> tuple[int, int, bool]:
    first = last = step
    while not _is_safe(drops[first : last + 1], excluded[first : last + 1], rule):
        left = [place for place in range(first) if excluded[place]][-1:]
        right = [place for place in range(last + 1, len(drops)) if excluded[place]][:1]
        if not left and not right:
            return 0, len(drops) - 1, True
        nearest = min(left + right, key=lambda place: (excluded[place], place))
        first, last = min(first, nearest), max(last, nearest)
    return first, last, False


def _is_safe(drops: np.ndarray, excluded: np.ndarray, rule: Disclosure) -> bool:
    several = np.count_nonzero(excluded)
    return (
        several > 1
        and excluded.sum() > several
        and not any(rule.hides(total) for total in drops.sum(axis=0))
    )
