"""The children of a target trial: when each started, how each was followed."""

from dataclasses import dataclass

import formulaic
import numpy as np
import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.effects.arms import complete_cases, quoted
from evaluation.effects.trial.history import trial_history
from evaluation.effects.trial.spans import Spans
from evaluation.errors import StudyError
from evaluation.study import Note, Service

MOVED = "moved_out"


@dataclass(frozen=True)
class TrialChildren:
    """One row per eligible child, before any cloning.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``exit_id``, ``family_id``, ``stop`` (last day followed), ``event``, ``moved``
        (whether follow-up ended by a move), ``started`` (day of the first start while
        at home, 0 when known at exit, infinite without one) and the covariates.
    formula : str
        Right-hand side of every weight model.
    x : numpy.ndarray
        Its design without the intercept, centred.
    family : numpy.ndarray
        Code of each child's family.
    notes : tuple of Note
        Who was left out, with counts.
    covariates : tuple of str
        Columns of ``frame`` that the weight models hold.
    history : Spans, optional
        What changes after the exit that they hold too; by default nothing.
    past : tuple of str
        Words for it.
    """

    frame: pd.DataFrame
    formula: str
    x: np.ndarray
    family: np.ndarray
    notes: tuple[Note, ...]
    covariates: tuple[str, ...] = ()
    history: Spans | None = None
    past: tuple[str, ...] = ()

    @property
    def spans(self) -> Spans:
        """The days on which what is known of a child does not change."""
        return Spans.whole(len(self.frame)) if self.history is None else self.history

    @property
    def lacking(self) -> bool:
        """Whether any child lacks a covariate."""
        return bool(self.frame[list(self.covariates)].isna().any(axis=None))

    @property
    def stop(self) -> np.ndarray:
        """Last day each child is followed."""
        return self.frame["stop"].to_numpy()

    @property
    def event(self) -> np.ndarray:
        """Outcome 1, competing 2, otherwise 0 at the last day."""
        return self.frame["event"].to_numpy()

    @property
    def started(self) -> np.ndarray:
        """Day of the first start at home; infinite without one."""
        return self.frame["started"].to_numpy()

    @property
    def moved(self) -> np.ndarray:
        """Whether follow-up ended by a move."""
        return self.frame["moved"].to_numpy()


def trial_children(
    cohort: Cohort,
    outcome: str,
    service: Service,
    strata: tuple[str, ...] = (),
    follow_up: pd.DataFrame | None = None,
    complete: bool = True,
) -> TrialChildren:
    """Collect the children of a target trial.

    A service known at exit is a start on day 0, or excluded and counted where
    ``service.prevalent`` says so (METHODS 5.1). A start on the last day followed does
    not count: on one day the outcome comes first.

    Parameters
    ----------
    cohort : Cohort
        A built cohort.
    outcome : str
        One of its outcomes.
    service : Service
        The service whose start is the treatment.
    strata : tuple of str
        Columns that enter the weight models beside the study's covariates.
    follow_up : pandas.DataFrame, optional
        ``cohort.follow_up(outcome)``, where the caller has it already.
    complete : bool
        Whether children who lack a covariate are left out, and counted; where they stay
        and are any, the design is empty until their covariates are imputed.

    Returns
    -------
    TrialChildren

    Raises
    ------
    StudyError
        If children come under observation on different days, for which a target
        trial from the exit is not defined.
    """
    rows = cohort.follow_up(outcome) if follow_up is None else follow_up
    rows = rows.sort_values(["exit_id", "start"], kind="stable")
    first = rows.drop_duplicates("exit_id").set_index("exit_id")
    if first["start"].nunique() > 1:
        raise StudyError(
            f"{service.name}: children come under observation on different days after the exit, "
            'so a trial that begins at the exit is not defined; use exposure = "time-varying".'
        )
    last = rows.drop_duplicates("exit_id", keep="last").set_index("exit_id")
    exits = cohort.exits.set_index("exit_id").reindex(first.index)
    program = service.program
    known = exits[f"known_at_exit_{program}"].astype(bool).to_numpy()
    begun = exits[f"start_day_{program}"].astype("Float64").to_numpy(float, na_value=np.inf)
    begun = np.where(known, 0.0, np.maximum(begun, 0.0))
    stop = last["stop"].to_numpy(float).astype(np.int64)
    names = list(dict.fromkeys([*cohort.study.adjustment.covariates, *strata]))
    frame = first[["family_id", *names]].assign(
        stop=stop,
        event=last["event"].to_numpy(np.int64),
        moved=(last["end_reason"] == MOVED).to_numpy(bool),
        started=np.where(begun < stop, begun, np.inf),
    )
    frame = frame.reset_index()
    notes = []
    if service.prevalent == "exclude" and known.any():
        notes.append(
            Note(
                f"{service.name}: {{known}} children whose service was known at the exit are "
                'excluded from the target trial (prevalent = "exclude").',
                {"known": int(known.sum())},
            )
        )
        frame = frame[~known]
    frame, varying, said = complete_cases(frame, tuple(names), complete)
    formula = " + ".join(map(quoted, varying)) or "1"
    family = pd.factorize(frame["family_id"])[0]
    x = np.zeros((len(frame), 0))
    if frame[list(varying)].notna().all(axis=None):
        design = formulaic.Formula(formula).get_model_matrix(frame, na_action="raise")
        x = np.asarray(design, dtype=float)[:, 1:]
        x = x - x.mean(axis=0)
    history, past, told = trial_history(cohort, service, rows, frame, x)
    return TrialChildren(frame, formula, x, family, (*notes, *said, *told), varying, history, past)
