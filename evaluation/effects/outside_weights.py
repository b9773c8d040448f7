"""Weights made elsewhere, brought to the rows of a contrast."""

from dataclasses import replace

import numpy as np
import pandas as pd

from evaluation.effects.arms import GIVEN_WEIGHT, Arms
from evaluation.errors import StudyError
from evaluation.study import Service


def checked_weights(weights: pd.DataFrame) -> pd.DataFrame:
    """Return weights from outside, or say what is wrong with them.

    Parameters
    ----------
    weights : pandas.DataFrame
        ``exit_id``, ``weight`` and, where services have their own, ``service``.

    Raises
    ------
    StudyError
        If a column is absent, a weight is not a number of zero or more, or an exit
        stands twice.
    """
    absent = [name for name in ("exit_id", "weight") if name not in weights]
    if absent:
        raise StudyError(
            f"The weights have no column {' and '.join(absent)}: give exit_id, weight and, "
            "where services have their own, service."
        )
    value = pd.to_numeric(weights["weight"], errors="coerce").astype(float)
    wrong = ~(np.isfinite(value) & (value >= 0))
    if wrong.any():
        row = weights[wrong].iloc[0]
        raise StudyError(
            f'The weight of exit "{row["exit_id"]}" is {row["weight"]}: every weight must be a '
            "number of zero or more."
        )
    keys = [name for name in ("exit_id", "service") if name in weights]
    twice = weights.duplicated(keys)
    if twice.any():
        raise StudyError(
            f'The weights name exit "{weights.loc[twice, "exit_id"].iloc[0]}" twice; give one row '
            "for each exit (and service)."
        )
    return weights.assign(weight=value)


def with_weights(arms: Arms, weights: pd.DataFrame) -> Arms:
    """Bring each child its weight.

    Raises
    ------
    StudyError
        If a child of the contrast has none, or nobody in an arm has any.
    """
    own = weights
    if "service" in weights:
        own = weights[weights["service"] == arms.service.program]
    value = arms.rows["exit_id"].map(own.set_index("exit_id")["weight"])
    if value.isna().any():
        first = arms.rows.loc[value.isna(), "exit_id"].iloc[0]
        raise StudyError(
            f"{arms.service.name}: {int(value.isna().sum()):,} children of the contrast have no "
            f'weight (the first is exit "{first}"); give every exit one, zero for those left out.'
        )
    for words, rows in (("served", arms.served), ("comparison", arms.compared)):
        if not (value[rows] > 0).any():
            raise StudyError(f"{arms.service.name}: every weight in the {words} arm is zero.")
    return replace(
        arms,
        rows=arms.rows.assign(**{GIVEN_WEIGHT: value}),
        completed=tuple(rows.assign(**{GIVEN_WEIGHT: value}) for rows in arms.completed),
    )


def cannot_be_weighted(service: Service) -> str | None:
    """Say why weights from outside cannot serve an exposure, or nothing."""
    if service.exposure in ("at exit", "landmark"):
        return None
    return (
        f"{service.name}: one weight for each child cannot make a comparison fair in which the "
        f'service starts later (exposure "{service.exposure}"); weights from outside need the '
        'exposure "at exit" or "landmark".'
    )
