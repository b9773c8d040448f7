"""Release of what other choices gave: an estimate resting on few events is withheld."""

import pandas as pd

from evaluation.reporting.disclosure.rounding import safe_digits
from evaluation.reporting.disclosure.rule import Disclosure
from evaluation.reporting.numerals import SUPPRESSED

COUNTS = ["n_treated", "n_comparison", "events_treated", "events_comparison"]
VALUES = ["estimate", "ci_low", "ci_high"]
SEPARATED = ("one county left out", "lagged exposure")
WHOLE = "specification curve"


def release_sensitivity(
    table: pd.DataFrame, withheld: tuple[tuple[str, str], ...], rule: Disclosure
) -> pd.DataFrame:
    """Hide variants with few children or events in an arm, or that few separate from the whole.

    Parameters
    ----------
    table : pandas.DataFrame
        From ``sensitivity``.
    withheld : tuple of (str, str)
        Service and outcome of the contrasts hidden as a whole.
    rule : Disclosure
        The rule of the release.

    Returns
    -------
    pandas.DataFrame
        The table without its counts, hidden values as ``s``.
    """
    if table.empty:
        return table.astype(object)
    released = table.drop(columns=COUNTS).astype(object).reset_index(drop=True)
    hidden = table[COUNTS].map(lambda n: pd.notna(n) and rule.hides(int(n))).any(axis=1)
    for key, own in table.groupby(["service", "outcome"]):
        if key in withheld:
            hidden.loc[own.index] = True
        whole = own[own["analysis"] == WHOLE].head(1)
        for place, row in own[own["analysis"].isin(SEPARATED)].iterrows():
            if len(whole) and pd.notna(row["n_treated"]):
                apart = (whole[COUNTS].iloc[0] - row[COUNTS]).abs()
                hidden.loc[place] |= any(rule.hides(int(n)) for n in apart)
    shown = hidden.to_numpy()
    for column in VALUES:
        known = released[column].notna().to_numpy()
        released.loc[shown & known, column] = SUPPRESSED
    return safe_digits(released, VALUES, rule)
