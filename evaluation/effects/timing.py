"""Exposure counted later than it began, or never ended: is the timing itself the effect?"""

from dataclasses import replace

import numpy as np
import pandas as pd

from evaluation.effects.arms import Arms

LAGS = (7, 14, 30)


def lagged(follow_up: pd.DataFrame, program: str, begun: pd.Series, days: int) -> pd.DataFrame:
    """Let a service count only so many days after it began.

    Services start in crises: what follows at once may be the crisis, not the service.

    Parameters
    ----------
    follow_up : pandas.DataFrame
        Start-stop rows with ``exposure_PROGRAM``.
    program : str
    begun : pandas.Series
        First day of service by ``exit_id``.
    days : int

    Returns
    -------
    pandas.DataFrame
        The rows, split where the lag ends; until then the state is ``before``.
    """
    column = f"exposure_{program}"
    from_day = follow_up["exit_id"].map(begun).astype("Float64").to_numpy(float, na_value=np.inf)
    boundary = from_day + days
    start, stop = follow_up["start"].to_numpy(), follow_up["stop"].to_numpy()
    reached = (follow_up[column] != "before").to_numpy()
    early = follow_up.copy()
    early[column] = early[column].astype(object).where(~(reached & (boundary > start)), "before")
    straddles = reached & (boundary > start) & (boundary < stop)
    late = follow_up[straddles].copy()
    late["start"] = boundary[straddles].astype(late["start"].dtype)
    early.loc[straddles, "stop"] = boundary[straddles].astype(early["stop"].dtype)
    early.loc[straddles, "event"] = 0
    both = pd.concat([early, late], ignore_index=True)
    return both.sort_values(["exit_id", "start"], kind="stable", ignore_index=True)


def settled_late(arms: Arms, days: int) -> Arms:
    """Let a service settled at the exit, or on a landmark day, count only so many days later.

    Until then nobody is served, so the comparison begins there, among children still
    followed, with receipt as it was settled before.

    Parameters
    ----------
    arms : Arms
        One row per child.
    days : int
    """
    first = days if arms.landmark is None else arms.landmark + days
    rows = arms.rows[arms.rows["stop"] > first].reset_index(drop=True)
    rows["start"] = rows["start"].clip(lower=first)
    return replace(arms, rows=rows)


def without_ends(follow_up: pd.DataFrame, program: str) -> pd.DataFrame:
    """Let a service, once begun, count as going on: ends may be caused by removals."""
    column = f"exposure_{program}"
    state = follow_up[column].astype(object)
    return follow_up.assign(**{column: state.where(state == "before", "in service")})
