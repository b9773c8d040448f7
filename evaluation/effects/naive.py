"""What comparing ever served with never served would have claimed, and why it is refused."""

import pandas as pd

from evaluation.effects.arms import OUTCOME_EVENT
from evaluation.effects.limits import OUTCOME_WORDS
from evaluation.study import Service


def naive_claim(
    follow_up: pd.DataFrame, outcome: str, service: Service, horizon: int
) -> dict | None:
    """Compute the ever-against-never risk ratio as a warning, never as an effect.

    Parameters
    ----------
    follow_up : pandas.DataFrame
        The cohort's follow-up rows for the outcome.
    outcome : str
        The outcome followed.
    service : Service
        The service.
    horizon : int
        Day at which the risks are compared.

    Returns
    -------
    dict or None
        A row of ``Effects.naive``; nothing where an arm has no children or the
        never-served no events.
    """
    rows = follow_up
    exposure = rows[f"exposure_{service.program}"]
    ever = rows.assign(_ever=exposure != "before").groupby("exit_id")["_ever"].any()
    happened = rows[(rows["event"] == OUTCOME_EVENT) & (rows["stop"] <= horizon)][
        "exit_id"
    ].unique()
    outcome_by = ever.index.isin(happened)
    if not ever.any() or ever.all():
        return None
    risk_ever, risk_never = outcome_by[ever].mean(), outcome_by[~ever].mean()
    if risk_never == 0:
        return None
    ratio = risk_ever / risk_never
    what = OUTCOME_WORDS[outcome]
    sentence = (
        f"Setting children ever served by {service.name} against children never served would have "
        f"claimed a risk ratio of {ratio:.2f} for {what} by day {horizon}. It is refused as an "
        "effect: a child must stay home long enough to be served, so part of it is time in which "
        "the outcome could not yet have happened."
    )
    return {
        "service": service.program,
        "outcome": outcome,
        "horizon": horizon,
        "risk_ever": float(risk_ever),
        "risk_never": float(risk_never),
        "risk_ratio": float(ratio),
        "events_ever": int(outcome_by[ever].sum()),
        "events_never": int(outcome_by[~ever].sum()),
        "sentence": sentence,
    }
