"""What a risk would be if some children had left the jurisdiction unseen."""

import pandas as pd

SHARES = (0.0, 0.05, 0.1)


def unseen_leavers(ends: pd.DataFrame, reach: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """Bound a risk by how many unseen children may have left the jurisdiction.

    Among exits whose data reach the horizon: the share with the outcome by
    then if none, 5% or 10% of the children without any recorded end had left
    before anything happened, and so were never at risk here.

    Parameters
    ----------
    ends : pandas.DataFrame
        From `first_end`.
    reach : pandas.DataFrame
        ``exit_id`` and ``observed``: the last day the outcome's data cover.
    horizon : int
        In days.

    Returns
    -------
    pandas.DataFrame
        ``share_left``, ``exits``, ``events``, ``unseen``, ``risk``.
    """
    ends = ends.merge(reach, on="exit_id")
    ends = ends[(ends["observed"] >= horizon) & (ends["end"] > ends["begin"])]
    events = int(((ends["event"] == 1) & (ends["end"] <= horizon)).sum())
    unseen = int((ends["end"].gt(horizon) | ends["end_reason"].eq("horizon")).sum())
    shares = pd.Series(SHARES)
    at_risk = len(ends) - shares * unseen
    return pd.DataFrame(
        {
            "share_left": shares,
            "exits": len(ends),
            "events": events,
            "unseen": unseen,
            "risk": events / at_risk.where(at_risk > 0),
        }
    )
