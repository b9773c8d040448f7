"""Effects of a service that starts after the exit: the hazard while in service."""

from evaluation.effects.arms import Arms
from evaluation.effects.limits import OUTCOME_WORDS
from evaluation.effects.outcome_model import fit_outcome_model
from evaluation.effects.result import Part
from evaluation.study import Note, Study


def time_varying_effects(arms: Arms, study: Study) -> Part:
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
    return Part(rows=model.rows(), model=model.table, notes=notes)
