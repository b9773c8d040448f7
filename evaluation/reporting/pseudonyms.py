"""Invented ids for row-level output that leaves the agency's own system."""

import numpy as np
import pandas as pd

PREFIXES = {"child_id": "c", "exit_id": "x", "family_id": "f", "household_id": "h"}


def pseudonymize(tables: dict[str, pd.DataFrame], seed: int) -> dict[str, pd.DataFrame]:
    """Replace ids by numbers in random order, the same number in every table.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Row-level tables of one cohort.
    seed : int
        Decides the order, so that the same study gives the same numbers. The
        numbers cannot be turned back into ids without the agency's own data.

    Returns
    -------
    dict of str to pandas.DataFrame
    """
    random = np.random.default_rng(seed)
    numbers = {}
    for column, prefix in PREFIXES.items():
        values = {
            value
            for frame in tables.values()
            if column in frame
            for value in frame[column].dropna().unique()
        }
        order = random.permutation(len(values))
        numbers[column] = {
            value: f"{prefix}{number + 1:07d}"
            for value, number in zip(sorted(values), order, strict=True)
        }
    return {
        name: frame.assign(
            **{column: frame[column].map(numbers[column]) for column in PREFIXES if column in frame}
        )
        for name, frame in tables.items()
    }
