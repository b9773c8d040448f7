"""Effects of a service that starts after the exit: the hazard while in service."""

import numpy as np
import pandas as pd

from evaluation import estimates
from evaluation.effects import intervals
from evaluation.effects.arms import OUTCOME_EVENT, Arms, quoted
from evaluation.effects.diagnostics import event_check, maturity_check, proportional_check
from evaluation.effects.limits import OUTCOME_WORDS
from evaluation.effects.outcome_model import fit_outcome_model
from evaluation.effects.result import Part
from evaluation.study import Note, Study

DOSE_DAYS = 30


def time_varying_effects(arms: Arms, study: Study, rows_only: bool = False) -> Part:
    """Compare the hazard in service with the hazard before any service.

    A Cox model in which the exposure is before, in service or after, on the day:
    time before the start counts as unserved, so no immortal time is credited
    (Suissa, 2008). Risks at a horizon are not defined by it.

    Parameters
    ----------
    arms : Arms
        Start-stop rows.
    study : Study
        The protocol.
    rows_only : bool
        Leave out checks and the dose, for contrasts that stand beside one.

    Returns
    -------
    Part
    """
    notes = list(arms.notes)
    if study.adjustment.weights != "none":
        notes.append(
            Note(
                f"{arms.service.name} starts after the exit: baseline weights cannot make such a "
                "comparison fair, so the outcome model's covariates do the adjusting."
            )
        )
    model = fit_outcome_model(arms, study)
    notes += model.notes(f"{arms.service.name}, {OUTCOME_WORDS[arms.outcome]}")
    influence = {("hazard_ratio", None): model.influence} if model.rows else {}
    if rows_only:
        return Part(rows=model.rows, model=model.table, notes=notes, influence=influence)
    checks = [
        *proportional_check(model.changing_p),
        *event_check(arms.events(arms.served | arms.compared), len(model.table)),
        *maturity_check(arms, study.main_horizon),
    ]
    return Part(
        rows=model.rows,
        model=model.table,
        notes=notes,
        checks=checks,
        beside=dose_effect(arms, study),
        influence=influence,
    )


def dose_effect(arms: Arms, study: Study) -> list[dict]:
    """Return the hazard ratio for each 30 days of service received so far.

    The cumulative dose changes with time and counts only days already received, so
    no immortal time is credited. The comparison is with the same child's day without
    those days of service; nothing where doses are not recorded or the model has no
    finite ratio.
    """
    column = f"dose_{arms.service.program}"
    if column not in arms.rows or not (arms.rows[column] > 0).any():
        return []
    adjusted = study.adjustment.outcome_model and arms.covariates
    terms = ["dose_months", *(map(quoted, arms.covariates) if adjusted else ())]
    data = split_by_dose(arms.rows, column)
    fit = estimates.cox(
        data,
        " + ".join(terms),
        stop="stop",
        event="event",
        start="start",
        cause=OUTCOME_EVENT,
        id="exit_id",
        cluster="family_id",
    )
    row = fit.table.set_index("term").loc["dose_months"]
    if pd.isna(row["robust_se"]):
        return []
    interval = intervals.log_ratio(
        float(row["coef"]), float(row["robust_se"]), int(data["family_id"].nunique())
    )
    return [
        {
            "analysis": "cumulative dose",
            "variant": f"each {DOSE_DAYS} days received",
            "measure": "hazard_ratio",
            "horizon": pd.NA,
            "method": "Cox model" + (", adjusted" if adjusted else ""),
            **vars(interval),
        }
    ]


def split_by_dose(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Split rows in service every 30 days, with the dose so far at the start of each."""
    span = (rows["stop"] - rows["start"]).to_numpy()
    in_service = (rows[column] > 0) | (span > 0)
    growing = rows[column.replace("dose_", "exposure_", 1)].eq("in service") & in_service
    pieces = np.where(growing, np.ceil(span / DOSE_DAYS), 1).astype(int)
    out = rows.loc[rows.index.repeat(pieces)].copy()
    number = out.groupby(level=0, sort=False).cumcount().to_numpy()
    last = number == np.repeat(pieces, pieces) - 1
    begin = out["start"].to_numpy() + DOSE_DAYS * number
    out["dose_months"] = (
        out[column].to_numpy() + np.where(np.repeat(growing, pieces), DOSE_DAYS * number, 0)
    ) / DOSE_DAYS
    out["stop"] = np.where(last, out["stop"], begin + DOSE_DAYS)
    out["event"] = np.where(last, out["event"], 0)
    out["start"] = begin
    return out.reset_index(drop=True)
