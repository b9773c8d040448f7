"""The data of one contrast: who is served, who is compared, what happened to them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import formulaic
import numpy as np
import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.study import Note, Service

OUTCOME_EVENT = 1
GIVEN_WEIGHT = "given_weight"
"""Column of weights made elsewhere."""

STARTED = "started"
"""Column of arms compared as randomized: whether the service began by the main horizon."""

USED = ("exit_id", "family_id", "start", "stop", "event", "end_reason", GIVEN_WEIGHT, STARTED)
"""Columns of the rows that every estimate of risks needs, where they are there."""

RECEIPT, MOVES = "receipt", "moves"
"""What models are of: who is served, and who moves away."""

NEITHER = "neither"
"""Children with neither of two programs that are compared."""


@dataclass(frozen=True)
class Arms:
    """Rows of one contrast and what was left out of them.

    Attributes
    ----------
    rows : pandas.DataFrame
        One row per child (exposure known at exit) or start-stop rows
        (time-varying), with ``start``, ``stop``, ``event``, ``family_id``, the
        exposure in a column named as the program, and the covariates.
    outcome : str
        The outcome followed.
    service : Service
        The service and how its receipt is measured.
    covariates : tuple of str
        Covariates that vary in these rows, in the study's order.
    notes : tuple of Note
        What was left out, with counts.
    landmark : int or None
        Day on which receipt is settled, where that is not the exit.
    completed : tuple of pandas.DataFrame
        ``rows`` with missing covariates imputed, once for each set; none where nothing
        is imputed.
    imputation : Note or None
        How they were made.
    """

    rows: pd.DataFrame
    outcome: str
    service: Service
    covariates: tuple[str, ...]
    notes: tuple[Note, ...]
    landmark: int | None = None
    completed: tuple[pd.DataFrame, ...] = ()
    imputation: Note | None = None

    @cached_property
    def design(self) -> pd.DataFrame:
        """Model matrix of the covariates, an intercept first."""
        formula = formulaic.Formula(self.covariate_formula)
        return pd.DataFrame(formula.get_model_matrix(self.rows, na_action="raise"), dtype=float)

    def trimmed(self) -> "Arms":
        """Return the contrast with the columns that estimates are made from.

        Rows are copied often. Models of these rows are kept with what is returned, so that
        they go when it does.
        """
        needed = {*USED, self.service.program, *self.covariates}
        names = [name for name in self.rows if name in needed]
        return self if len(names) == self.rows.shape[1] else replace(self, rows=self.rows[names])

    def model(self, of: str, fit: Callable[[], Any]) -> Any:
        """Fit a model of these rows, or return the one fitted before: many weights share it."""
        if of not in self._models:
            self._models[of] = fit()
        return self._models[of]

    @cached_property
    def _models(self) -> dict[str, Any]:
        return {}

    def followed(self, rows: pd.DataFrame) -> "Arms":
        """Return the same children in the same arms, followed otherwise.

        Who is served is modelled as before; models of the follow-up are made anew.
        """
        other = replace(self, rows=rows)
        if RECEIPT in self._models:
            other._models[RECEIPT] = self._models[RECEIPT]
        return other

    @property
    def sets(self) -> tuple["Arms", ...]:
        """The contrast in each imputed set; itself where nothing is imputed."""
        if not self.completed:
            return (self,)
        return tuple(replace(self, rows=rows, completed=()) for rows in self.completed)

    @property
    def lacking(self) -> bool:
        """Whether any child lacks a covariate."""
        return bool(self.rows[list(self.covariates)].isna().any(axis=None))

    @property
    def served_state(self) -> str:
        """The exposure value that means served."""
        return "in service" if self.service.exposure == "time-varying" else "yes"

    @property
    def served(self) -> pd.Series:
        """Rows that count for the service."""
        return self.rows[self.service.program] == self.served_state

    @property
    def compared(self) -> pd.Series:
        """Rows that count for the comparison."""
        exposure = self.rows[self.service.program]
        if self.service.exposure == "time-varying":
            return exposure == exposure.cat.categories[0]
        return exposure == "no"

    def children(self, rows: pd.Series) -> int:
        """Count the children with any of these rows."""
        return int(self.rows.loc[rows, "exit_id"].nunique())

    def events(self, rows: pd.Series) -> int:
        """Count outcome events in these rows."""
        return int((self.rows.loc[rows, "event"] == OUTCOME_EVENT).sum())

    @property
    def counts(self) -> dict[str, int]:
        """Children and events of both arms, and families, as the effects table has them."""
        return {
            "n_treated": self.children(self.served),
            "n_comparison": self.children(self.compared),
            "events_treated": self.events(self.served),
            "events_comparison": self.events(self.compared),
            "clusters": int(self.rows["family_id"].nunique()),
        }

    def among(self, kept: pd.Series, leave_out: str | None = None) -> "Arms":
        """Return the contrast among some of its rows.

        Parameters
        ----------
        kept : pandas.Series of bool
            By row.
        leave_out : str, optional
            A covariate that no longer counts: those kept share it.
        """
        rows, *completed = (
            own[kept.to_numpy()].reset_index(drop=True) for own in (self.rows, *self.completed)
        )
        for own in (rows, *completed):
            own[self.service.program] = own[self.service.program].cat.remove_unused_categories()
        varying = tuple(c for c in self.covariates if c != leave_out and rows[c].nunique() > 1)
        return replace(self, rows=rows, covariates=varying, notes=(), completed=tuple(completed))

    @property
    def formula(self) -> str:
        """Right-hand side with the exposure first."""
        return " + ".join([quoted(self.service.program), *map(quoted, self.covariates)])

    @property
    def covariate_formula(self) -> str:
        """Right-hand side with the covariates alone."""
        return " + ".join(map(quoted, self.covariates)) or "1"


def quoted(column: str) -> str:
    """Write a column name so that a formula reads it as one name."""
    return column if column.isidentifier() else f"`{column}`"


def arms_of(
    cohort: Cohort,
    outcome: str,
    service: Service,
    follow_up: pd.DataFrame | None = None,
    landmark: int | None = None,
    complete: bool = True,
) -> Arms:
    """Assemble the rows of one contrast.

    Parameters
    ----------
    cohort : Cohort
        A built cohort.
    outcome : str
        One of the cohort's outcomes.
    service : Service
        With ``exposure`` ``"at exit"``, ``"landmark"`` or ``"time-varying"``.
    follow_up : pandas.DataFrame, optional
        ``cohort.follow_up(outcome)``, where the caller has it already.
    landmark : int, optional
        Day on which receipt is settled (exposure ``"landmark"``): children still
        followed then are compared from that day on; by default the service's first.
    complete : bool
        Whether children who lack a covariate are left out, and counted.

    Returns
    -------
    Arms
    """
    follow_up = cohort.follow_up(outcome) if follow_up is None else follow_up
    covariates = cohort.study.adjustment.covariates
    if service.exposure == "time-varying":
        rows, said = follow_up.copy(), ()
        rows[service.program] = _states(rows, service, cohort)
    else:
        if service.exposure == "landmark" and landmark is None:
            landmark = service.landmark_days[0]
        rows, said = _settled(cohort, service, follow_up, landmark)
    rows, varying, notes = complete_cases(rows, covariates, complete)
    return Arms(rows, outcome, service, varying, (*said, *notes), landmark)


def _settled(
    cohort: Cohort, service: Service, follow_up: pd.DataFrame, landmark: int | None
) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Return one row per child whose receipt is settled at the exit or on a landmark day."""
    rows = one_row_per_child(follow_up, cohort.study.adjustment.covariates)
    notes = []
    programs = {service.program, *_others(service, cohort)}
    if landmark is None:
        exits = cohort.exits.set_index("exit_id")
        held = {
            program: rows["exit_id"].map(exits[f"known_at_exit_{program}"]).astype(bool)
            for program in programs
        }
    else:
        there = (rows["stop"] > landmark) & (rows["start"] <= landmark)
        notes.append(
            Note(
                f"{service.name}, landmark day {landmark}: {{left}} children not followed that day "
                "are not compared; risks are those of children still home then.",
                {"left": int((~there).sum())},
            )
        )
        rows = rows[there].reset_index(drop=True)
        rows["start"] = rows["start"].clip(lower=landmark)
        then = follow_up[(follow_up["start"] <= landmark) & (follow_up["stop"] > landmark)]
        then = then.set_index("exit_id")
        held = {
            program: rows["exit_id"].map(then[f"exposure_{program}"]).fillna("before") != "before"
            for program in programs
        }
    served = held[service.program]
    other = pd.DataFrame({p: held[p] for p in _others(service, cohort)}, index=rows.index)
    names, weighted = ["no", "yes"], cohort.study.adjustment.weights != "none"
    state = served.map({True: "yes", False: "no"})
    words = "with both services or neither are in neither arm"
    if service.compare_with == "usual care":
        keep = pd.Series(True, index=rows.index)
    elif service.compare_with == "no service":
        keep = served | ~other.any(axis=1)
        words = "with another service and not this one are in neither arm"
    elif weighted:
        elsewhere = other[service.compare_with]
        keep = ~(served & elsewhere)
        names = ["no", "yes", NEITHER]
        state = state.mask(~served & ~elsewhere, NEITHER)
        words = (
            "with both services are in no arm; those with neither are no arm of the contrast but "
            "help to say whom it stands for"
        )
    else:
        keep = served != other[service.compare_with]
    if not keep.all():
        notes.append(
            Note(f"{service.name}: {{out}} children {words}.", {"out": int((~keep).sum())})
        )
    used = [name for name in names if (state[keep] == name).any()]
    rows = rows.assign(**{service.program: pd.Categorical(state.where(keep), categories=used)})
    return rows[keep].reset_index(drop=True), tuple(notes)


def _others(service: Service, cohort: Cohort) -> tuple[str, ...]:
    """Return the programs a comparison is restricted by."""
    if service.compare_with == "usual care":
        return ()
    if service.compare_with == "no service":
        return tuple(
            each.program for each in cohort.study.services if each.program != service.program
        )
    return (service.compare_with,)


def _states(rows: pd.DataFrame, service: Service, cohort: Cohort) -> pd.Categorical:
    """Return the exposure on each row, the comparison's state first."""
    own = rows[f"exposure_{service.program}"].astype(object)
    if service.compare_with == "usual care":
        order = ["before", "in service", "after"]
    elif service.compare_with == "no service":
        order = ["before", "in service", "after", "another service"]
        begun = [rows[f"exposure_{p}"] != "before" for p in _others(service, cohort)]
        if begun:
            elsewhere = np.logical_or.reduce(begun)
            own = own.mask((own == "before") & elsewhere, "another service")
    else:
        reference = f"in {service.compare_with}"
        order = [reference, "in service", "neither"]
        there = rows[f"exposure_{service.compare_with}"] == "in service"
        own = own.where(own == "in service", "neither")
        own = own.mask((own == "neither") & there, reference)
    return pd.Categorical(own, categories=[state for state in order if (own == state).any()])


def one_row_per_child(follow_up: pd.DataFrame, covariates: tuple[str, ...]) -> pd.DataFrame:
    """Return each child's last row, with entry and covariates of its first."""
    ordered = follow_up.sort_values(["exit_id", "start"], kind="stable")
    rows = ordered.drop_duplicates("exit_id", keep="last", ignore_index=True)
    first = ordered.drop_duplicates("exit_id", keep="first", ignore_index=True)
    rows = rows[["exit_id", *rows.columns.drop("exit_id")]]
    return rows.assign(**{column: first[column] for column in ("start", *covariates)})


def complete_cases(
    rows: pd.DataFrame, covariates: tuple[str, ...], leave_out: bool = True
) -> tuple[pd.DataFrame, tuple[str, ...], tuple[Note, ...]]:
    """Keep the children whose covariates are all known.

    Parameters
    ----------
    rows : pandas.DataFrame
        With ``exit_id`` and the covariates.
    covariates : tuple of str
        Columns that must be known.
    leave_out : bool
        Whether the others are left out.

    Returns
    -------
    tuple
        The rows kept, the covariates that vary among them, and notes with counts.
    """
    notes = []
    missing = rows[list(covariates)].isna()
    incomplete = rows.loc[missing.any(axis=1), "exit_id"].unique()
    if leave_out and len(incomplete):
        lacking = [column for column in covariates if missing[column].any()]
        parts = ", ".join(f"{column} {{{column}}}" for column in lacking)
        notes.append(
            Note(
                f"{{incomplete}} of {{children}} children lack a covariate ({parts}) and are left "
                "out of the adjusted comparison (complete cases).",
                {"incomplete": len(incomplete), "children": int(rows["exit_id"].nunique())}
                | {c: int(rows.loc[missing[c], "exit_id"].nunique()) for c in lacking},
            )
        )
        rows = rows[~rows["exit_id"].isin(incomplete)]
    varying = tuple(column for column in covariates if rows[column].nunique() > 1)
    constant = [column for column in covariates if column not in varying]
    if constant:
        notes.append(
            Note(
                f"Left out of the model because every child here has the same value: "
                f"{', '.join(constant)}."
            )
        )
    return rows.reset_index(drop=True), varying, tuple(notes)
