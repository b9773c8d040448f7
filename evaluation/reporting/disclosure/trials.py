"""Release of a target trial's own tables: shares and results of few children are withheld."""

import pandas as pd

from evaluation.reporting.disclosure.rounding import safe_digits
from evaluation.reporting.disclosure.rule import Disclosure
from evaluation.reporting.numerals import SUPPRESSED

VALUES = ["estimate", "se", "ci_low", "ci_high", "p"]


def release_by_grace(table: pd.DataFrame, hidden: bool, rule: Disclosure) -> pd.DataFrame:
    """Hide grace periods whose late starters are few, without the count of starters.

    Parameters
    ----------
    table : pandas.DataFrame
        ``TargetTrial.by_grace``.
    hidden : bool
        Whether the contrast is hidden as a whole.
    rule : Disclosure
    """
    released = table.drop(columns="starters").astype(object).reset_index(drop=True)
    few = [hidden or rule.hides(int(n)) for n in table["starters"]]
    released.loc[few, VALUES] = SUPPRESSED
    return safe_digits(released, VALUES, rule)


def release_weights(table: pd.DataFrame, hidden: bool, rule: Disclosure) -> pd.DataFrame:
    """Hide what an arm of few children is worth."""
    released = table.astype(object).reset_index(drop=True)
    few = [hidden or rule.hides(int(n)) for n in table["children"]]
    counts = {
        "children": [rule.shown(int(n)) for n in table["children"]],
        "effective": [rule.shown(round(n)) for n in table["effective"]],
    }
    released = released.assign(**pd.DataFrame(counts, dtype=object))
    released.loc[few, ["children", "effective", "largest", "five_largest"]] = SUPPRESSED
    return safe_digits(released, ["largest", "five_largest"], rule)


def release_other_services(
    table: pd.DataFrame, weights: pd.DataFrame, hidden: bool, rule: Disclosure
) -> pd.DataFrame:
    """Hide shares that stand for few children of an arm.

    Parameters
    ----------
    table : pandas.DataFrame
        ``TargetTrial.other_services``.
    weights : pandas.DataFrame
        ``TargetTrial.weights``: the children of each arm.
    hidden : bool
        Whether the contrast is hidden as a whole.
    rule : Disclosure
    """
    released = table.astype(object).reset_index(drop=True)
    arms = weights.groupby("arm")["children"].min()
    for arm in ("treated", "comparison"):
        children = int(arms.get(arm, 0))
        for kind in ("begun", "in_service"):
            column = f"{kind}_{arm}"
            if column not in released:
                continue
            counts = [round(float(share) * children) for share in table[column]]
            few = [hidden or rule.hides(n) or rule.hides(children - n) for n in counts]
            released.loc[few, column] = SUPPRESSED
            released = safe_digits(released, [column], rule)
    return released
