"""Adjustment of p values within a family of contrasts."""

import pandas as pd


def adjust(table: pd.DataFrame) -> pd.Series:
    """Adjust p values: the primary contrast stands alone, the others share a family.

    The family is every contrast but the primary one, measure by measure and
    horizon by horizon, adjusted by Holm's method (Holm, 1979).

    Parameters
    ----------
    table : pandas.DataFrame
        With ``measure``, ``horizon``, ``p`` and ``primary``.

    Returns
    -------
    pandas.Series
        Adjusted p, missing where ``p`` is.
    """
    from statsmodels.stats.multitest import multipletests

    adjusted = table["p"].astype(float).copy()
    family = table[~table["primary"] & table["p"].notna()]
    for _, members in family.groupby(["measure", "horizon"], dropna=False):
        adjusted[members.index] = multipletests(members["p"], method="holm")[1]
    return adjusted
