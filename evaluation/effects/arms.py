"""The data of one contrast: who is served, who is compared, what happened to them."""

from dataclasses import dataclass

import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.study import Note, Service

OUTCOME_EVENT = 1


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
    """

    rows: pd.DataFrame
    outcome: str
    service: Service
    covariates: tuple[str, ...]
    notes: tuple[Note, ...]

    @property
    def served_state(self) -> str:
        """The exposure value that means served."""
        return "yes" if self.service.exposure == "at exit" else "in service"

    @property
    def served(self) -> pd.Series:
        """Rows that count for the service."""
        return self.rows[self.service.program] == self.served_state

    @property
    def compared(self) -> pd.Series:
        """Rows that count for the comparison."""
        other = "no" if self.service.exposure == "at exit" else "before"
        return self.rows[self.service.program] == other

    def children(self, rows: pd.Series) -> int:
        """Count the children with any of these rows."""
        return int(self.rows.loc[rows, "exit_id"].nunique())

    def events(self, rows: pd.Series) -> int:
        """Count outcome events in these rows."""
        return int((self.rows.loc[rows, "event"] == OUTCOME_EVENT).sum())

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
    cohort: Cohort, outcome: str, service: Service, follow_up: pd.DataFrame | None = None
) -> Arms:
    """Assemble the rows of one contrast.

    Parameters
    ----------
    cohort : Cohort
        A built cohort.
    outcome : str
        One of the cohort's outcomes.
    service : Service
        With ``exposure`` ``"at exit"`` or ``"time-varying"``.
    follow_up : pandas.DataFrame, optional
        ``cohort.follow_up(outcome)``, where the caller has it already.

    Returns
    -------
    Arms
    """
    follow_up = cohort.follow_up(outcome) if follow_up is None else follow_up
    covariates = cohort.study.adjustment.covariates
    if service.exposure == "at exit":
        rows = _one_row_per_child(follow_up, covariates)
        known = cohort.exits.set_index("exit_id")[f"known_at_exit_{service.program}"]
        served = rows["exit_id"].map(known).astype(bool)
        rows[service.program] = pd.Categorical(
            served.map({True: "yes", False: "no"}), categories=["no", "yes"]
        )
    else:
        rows = follow_up.copy()
        states = [
            state
            for state in ("before", "in service", "after")
            if (rows[f"exposure_{service.program}"] == state).any()
        ]
        rows[service.program] = pd.Categorical(
            rows[f"exposure_{service.program}"], categories=states
        )
    rows, varying, notes = complete_cases(rows, covariates)
    return Arms(rows, outcome, service, varying, notes)


def _one_row_per_child(follow_up: pd.DataFrame, covariates: tuple[str, ...]) -> pd.DataFrame:
    ordered = follow_up.sort_values(["exit_id", "start"], kind="stable")
    grouped = ordered.groupby("exit_id", sort=True)
    rows = grouped.tail(1).set_index("exit_id")
    first = grouped.head(1).set_index("exit_id")
    at_exit = ["start", *covariates]
    rows[at_exit] = first[at_exit]
    return rows.reset_index()


def complete_cases(
    rows: pd.DataFrame, covariates: tuple[str, ...]
) -> tuple[pd.DataFrame, tuple[str, ...], tuple[Note, ...]]:
    """Keep the children whose covariates are all known.

    Parameters
    ----------
    rows : pandas.DataFrame
        With ``exit_id`` and the covariates.
    covariates : tuple of str
        Columns that must be known.

    Returns
    -------
    tuple
        The rows kept, the covariates that vary among them, and notes with counts.
    """
    notes = []
    missing = rows[list(covariates)].isna()
    incomplete = rows.loc[missing.any(axis=1), "exit_id"].unique()
    if len(incomplete):
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
