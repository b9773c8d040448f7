"""Balance, other services and weights of a target trial, at chosen days."""

import numpy as np
import pandas as pd

from evaluation.effects.balance import balance
from evaluation.effects.trial.emulation import Emulation

AT_EXIT, END_OF_GRACE = "exit", "end of grace"


def trial_balance(emulation: Emulation) -> pd.DataFrame:
    """Compare the clones still followed, arm by arm, at the exit and at the end of grace.

    Returns
    -------
    pandas.DataFrame
        ``when`` (``exit``, ``end of grace``) and the columns of ``balance``.
    """
    children = emulation.children
    if children.formula == "1":
        return pd.DataFrame()
    parts = []
    for when, day in ((AT_EXIT, 1), (END_OF_GRACE, emulation.protocol.grace[0] + 1)):
        weights = emulation.clone_weights(day)
        rows = np.concatenate([np.flatnonzero(own > 0) for own in weights])
        treated = np.repeat([True, False], [(own > 0).sum() for own in weights])
        both = children.frame.iloc[rows].reset_index(drop=True).assign(_treated=treated)
        weight = pd.Series(np.concatenate([own[own > 0] for own in weights]))
        table = balance(both, "_treated", children.formula, weight)
        table.insert(0, "when", when)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def other_services(
    emulation: Emulation, follow_up: pd.DataFrame, programs: dict[str, str]
) -> pd.DataFrame:
    """Tabulate what else the arms received: point estimates, weighted.

    Parameters
    ----------
    emulation : Emulation
    follow_up : pandas.DataFrame
        Start-stop rows with ``exposure_PROGRAM``.
    programs : dict of str to str
        Other programs and their names.

    Returns
    -------
    pandas.DataFrame
        ``program``, ``day``, ``begun_treated``, ``begun_comparison``,
        ``in_service_treated``, ``in_service_comparison``: shares of the children still
        home that day.
    """
    rows = []
    days = sorted({1, emulation.protocol.grace[0], *emulation.protocol.horizons})
    for day in days:
        treated, comparison = emulation.clone_weights(day)
        if not treated.any() or not comparison.any():
            continue
        now = follow_up[(follow_up["start"] < day) & (follow_up["stop"] >= day)]
        if day == 1:
            now = follow_up.drop_duplicates("exit_id")
        state = now.set_index("exit_id").reindex(emulation.children.frame["exit_id"])
        for program, name in programs.items():
            value = state[f"exposure_{program}"]
            row = {"program": name, "day": day}
            for words, is_so in (
                ("begun", value != "before"),
                ("in_service", value == "in service"),
            ):
                for arm, weight in (("treated", treated), ("comparison", comparison)):
                    row[f"{words}_{arm}"] = float(np.average(is_so.to_numpy(float), weights=weight))
            rows.append(row)
    return pd.DataFrame(rows)


def weight_summary(emulation: Emulation) -> pd.DataFrame:
    """Say how many children the weighted arms are worth, and who carries them.

    Returns
    -------
    pandas.DataFrame
        ``arm``, ``day``, ``children``, ``effective``, ``largest`` (over the mean
        weight), ``five_largest`` (their share of the arm's weight).
    """
    rows = []
    for day in (emulation.protocol.grace[0] + 1, max(emulation.protocol.horizons)):
        weights = emulation.clone_weights(day)
        for arm, weight in zip(("treated", "comparison"), weights, strict=True):
            own = np.sort(weight[weight > 0])[::-1]
            if len(own):
                rows.append(
                    {
                        "arm": arm,
                        "day": day,
                        "children": len(own),
                        "effective": float(own.sum() ** 2 / (own**2).sum()),
                        "largest": float(own[0] / own.mean()),
                        "five_largest": float(own[:5].sum() / own.sum()),
                    }
                )
    return pd.DataFrame(rows)
