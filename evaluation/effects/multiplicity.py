"""Adjustment of p values within a family of contrasts."""

import pandas as pd


def family(table: pd.DataFrame) -> pd.Series:
    """Say in words with which other contrasts each row's p value is adjusted."""
    tested = table["p"].notna()
    sizes = table[tested & ~table["primary"]].groupby(["measure", "horizon"], dropna=False).size()

    def words(row) -> str | None:
        if pd.isna(row.p):
            return None
        if row.primary:
            return "primary: stands alone"
        at = "" if pd.isna(row.horizon) else f" at day {row.horizon}"
        own = sizes[
            (sizes.index.get_level_values(0) == row.measure)
            & (
                sizes.index.get_level_values(1).isna()
                if pd.isna(row.horizon)
                else sizes.index.get_level_values(1) == row.horizon
            )
        ]
        count = int(own.sum())
        return f"{row.measure}{at} of the {count} contrasts that are not primary"

    return pd.Series([words(row) for row in table.itertuples()], table.index, dtype=object)


def adjust(table: pd.DataFrame, method: str = "holm") -> pd.Series:
    """Adjust p values: the primary contrast stands alone, the others share a family.

    The family is every contrast but the primary one, measure by measure and
    horizon by horizon, adjusted by Holm's method (Holm, 1979) or that of Benjamini and
    Hochberg (1995).

    Parameters
    ----------
    table : pandas.DataFrame
        With ``measure``, ``horizon``, ``p`` and ``primary``.
    method : {"holm", "fdr_bh"}
        Family-wise error, or false discovery rate.

    Returns
    -------
    pandas.Series
        Adjusted p, missing where ``p`` is.
    """
    from statsmodels.stats.multitest import multipletests

    adjusted = table["p"].astype(float).copy()
    others = table[~table["primary"] & table["p"].notna()]
    for _, members in others.groupby(["measure", "horizon"], dropna=False):
        adjusted[members.index] = multipletests(members["p"], method=method)[1]
    return adjusted
