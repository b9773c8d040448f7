"""Release of diagnostics: a share that stands for few children is withheld, its verdict is not."""

import pandas as pd

from evaluation.reporting.disclosure.rounding import safe_digits
from evaluation.reporting.disclosure.rule import Disclosure
from evaluation.reporting.numerals import SUPPRESSED

SHARES = ("positivity", "follow-up maturity")


def release_diagnostics(
    table: pd.DataFrame,
    contrasts: pd.DataFrame,
    withheld: tuple[tuple[str, str], ...],
    rule: Disclosure,
) -> pd.DataFrame:
    """Hide the values of withheld contrasts, and shares of few children.

    Parameters
    ----------
    table : pandas.DataFrame
        ``service``, ``outcome``, ``check``, ``value``, ``limit``, ``verdict``, ``words``.
    contrasts : pandas.DataFrame
        One row per service and outcome, with ``n_treated`` and ``n_comparison``.
    withheld : tuple of (str, str)
        Contrasts hidden as a whole.
    rule : Disclosure
        The rule of the release.

    Returns
    -------
    pandas.DataFrame
    """
    released = table.astype(object).reset_index(drop=True)
    sizes = contrasts.set_index(["service", "outcome"])[["n_treated", "n_comparison"]].sum(axis=1)
    for place, row in table.reset_index(drop=True).iterrows():
        key = (row["service"], row["outcome"])
        few = False
        if row["check"] in SHARES and key in sizes.index and pd.notna(row["value"]):
            children = int(sizes.loc[key])
            count = round(float(row["value"]) * children)
            few = rule.hides(count) or rule.hides(children - count)
        if key in withheld or few:
            released.loc[place, "value"] = SUPPRESSED
    return safe_digits(released, ["value"], rule)
