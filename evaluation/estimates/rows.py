"""Read rows of follow-up from a data frame: times, events, weights, groups, clusters."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from evaluation.estimates.coding import Coding, coding, single
from evaluation.estimates.errors import EstimateError, nearest
from evaluation.estimates.row_checks import (
    causes_of,
    check_nesting,
    check_offset,
    check_times,
    check_weights,
    follow,
    numbers,
)

Columns = str | Sequence[str] | None


@dataclass(frozen=True)
class Rows:
    """Follow-up rows ``(start, stop]`` ready for an estimator.

    Parameters
    ----------
    frame : DataFrame
        The rows used, with the index of the input.
    start : ndarray of float or None
        When each row comes under observation; None when no column was named
        (every row is then at risk from the beginning).
    stop : ndarray of float
        When each row's observation ends.
    event : ndarray of int
        0 for none, otherwise the cause.
    causes : list of int
        Causes seen, in order.
    weights : ndarray of float or None
        Case weights, zero or more.
    offset : ndarray of float or None
        Added to the linear predictor.
    groups, strata : Coding
        The curve and the stratum of each row.
    cluster, id : Coding or None
        The cluster (``id`` where no cluster was named) and the subject.
    ends : ndarray of bool
        True where the row ends a subject's observation in its group, False
        where the same subject goes on in another row.
    dropped : dict of str to int
        Rows left out, by reason.
    notes, warnings : list of str
        What a reader must know; what a reader must heed.
    """

    frame: pd.DataFrame
    start: np.ndarray | None
    stop: np.ndarray
    event: np.ndarray
    causes: list[int]
    weights: np.ndarray | None
    offset: np.ndarray | None
    groups: Coding
    strata: Coding
    cluster: Coding | None
    id: Coding | None
    ends: np.ndarray
    dropped: dict[str, int]
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.stop)

    @property
    def case_weights(self) -> np.ndarray:
        """Case weights, ones where none were given."""
        return np.ones(len(self)) if self.weights is None else self.weights

    @property
    def independent(self) -> bool:
        """True where neither weights nor clusters ask for a robust variance."""
        return self.weights is None and self.cluster is None

    def of_cause(self, cause: int | None, method: str) -> np.ndarray:
        """Return which rows end in the event of interest.

        Parameters
        ----------
        cause : int or None
            The cause of interest; may be None when there is only one.
        method : str
            Name of the estimator, for the error.

        Returns
        -------
        ndarray of bool

        Raises
        ------
        EstimateError
            If there are several causes and none was chosen.
        """
        if cause is None:
            if len(self.causes) > 1:
                listed = ", ".join(str(c) for c in self.causes)
                raise EstimateError(
                    f"{method} needs cause=: the events have several causes ({listed}); "
                    f"choose one, for example cause={self.causes[0]}."
                )
            return self.event > 0
        if isinstance(cause, bool) or int(cause) != cause or cause < 1:
            raise EstimateError(f"cause={cause!r} is not a cause; causes are 1, 2, ….")
        if cause not in self.causes:
            seen = ", ".join(str(c) for c in self.causes) or "none"
            self.warnings.append(f"No event of cause {cause} in the rows used (causes: {seen}).")
        return self.event == cause


def read_rows(
    data: pd.DataFrame,
    *,
    stop: str,
    event: str,
    start: str | None = None,
    by: Columns = None,
    strata: Columns = None,
    weights: str | None = None,
    offset: str | None = None,
    cluster: Columns = None,
    id: Columns = None,
    covariates: Sequence[str] = (),
) -> Rows:
    """Check the named columns and return the rows an estimator can use.

    Rows with a missing value in a named column are left out and counted, by
    the first such column. Everything else that is wrong is an error.

    Parameters
    ----------
    data : DataFrame
        One row per subject, or several ``(start, stop]`` rows per subject.
    stop, event, start, weights, offset : str
        Columns of numbers; ``event`` holds 0 and causes 1, 2, … or booleans.
    by, strata, cluster, id : str or sequence of str
        Columns whose values say group, stratum, cluster and subject.
    covariates : sequence of str
        Other columns that must not be missing.

    Returns
    -------
    Rows

    Raises
    ------
    EstimateError
        If a column is unknown or holds what it cannot hold.
    """
    if not isinstance(data, pd.DataFrame):
        raise EstimateError(f"data must be a pandas DataFrame, not {type(data).__name__}.")
    kinds = {
        "by": _names(by),
        "strata": _names(strata),
        "cluster": _names(cluster),
        "id": _names(id),
    }
    named = {"start": start, "stop": stop, "event": event, "weights": weights, "offset": offset}
    wanted: dict[str, str] = {c: role for role, c in named.items() if c is not None}
    for role, names in kinds.items():
        wanted.update({c: role for c in names if c not in wanted})
    wanted.update({c: "the formula" for c in covariates if c not in wanted})
    for column, role in wanted.items():
        _require(data, column, role)

    frame, dropped = _complete(data, list(wanted))
    columns = {role: None if c is None else numbers(frame[c], c) for role, c in named.items()}
    begin, end = columns["start"], columns["stop"]
    check_times(frame.index, begin, end, start, stop)
    causes = causes_of(frame.index, columns["event"], event)
    check_weights(frame.index, columns["weights"], weights)
    check_offset(frame.index, columns["offset"], offset)
    subject, block = coding(frame, kinds["id"]), coding(frame, kinds["cluster"])
    groups = coding(frame, kinds["by"]) or single(len(frame), "all")
    layers = coding(frame, kinds["strata"]) or single(len(frame), "all")
    ends = np.ones(len(frame), bool)
    notes = []
    if subject is not None:
        ends = follow(frame.index, subject, begin, end, groups.codes)
        if block is not None:
            check_nesting(subject, block)
    elif begin is not None:
        notes.append("No id was given: each row is taken as its own subject.")
    if weights is not None:
        notes.append(f"The weights in {weights!r} are treated as known numbers.")
    return Rows(
        frame=frame,
        start=begin,
        stop=end,
        event=causes,
        causes=[int(c) for c in np.flatnonzero(np.bincount(causes)) if c > 0],
        weights=columns["weights"],
        offset=columns["offset"],
        groups=groups,
        strata=layers,
        cluster=block or subject,
        id=subject,
        ends=ends,
        dropped=dropped,
        notes=notes,
    )


def _names(columns: Columns) -> list[str]:
    if columns is None:
        return []
    return [columns] if isinstance(columns, str) else list(columns)


def _require(data: pd.DataFrame, column: str, role: str) -> None:
    if column not in data.columns:
        known = nearest(column, data.columns)
        raise EstimateError(f"No column {column!r} in the data (named in {role}){known}")
    if isinstance(data[column], pd.DataFrame):
        raise EstimateError(f"The data have several columns named {column!r}; keep one.")


def _complete(data: pd.DataFrame, columns: list[str]) -> tuple[pd.DataFrame, dict[str, int]]:
    """Leave out rows with a missing value, counted by the first column that lacks one."""
    keep = np.ones(len(data), bool)
    dropped = {}
    for column in columns:
        missing = data[column].isna().to_numpy() & keep
        if missing.any():
            dropped[f"missing {column}"] = int(missing.sum())
            keep &= ~missing
    if not keep.any():
        why = "; ".join(f"{count} rows with {reason}" for reason, count in dropped.items())
        raise EstimateError(f"No rows are left to use ({why or 'the data are empty'}).")
    return (data if keep.all() else data.loc[keep]), dropped
