"""Read rows of follow-up from a data frame: times, events, weights, groups, clusters."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from evaluation.estimates.coding import Coding, coding, single
from evaluation.estimates.errors import EstimateError, nearest

Columns = str | Sequence[str] | None

_LARGEST_WEIGHT = 1e100
_LARGEST_OFFSET = 300.0


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
    numbers = {"start": start, "stop": stop, "event": event, "weights": weights, "offset": offset}
    wanted: dict[str, str] = {c: role for role, c in numbers.items() if c is not None}
    for role, names in kinds.items():
        wanted.update({c: role for c in names if c not in wanted})
    wanted.update({c: "the formula" for c in covariates if c not in wanted})
    for column, role in wanted.items():
        _require(data, column, role)

    frame, dropped = _complete(data, list(wanted))
    columns = {role: None if c is None else _numbers(frame[c], c) for role, c in numbers.items()}
    begin, end = columns["start"], columns["stop"]
    _check_times(frame.index, begin, end, start, stop)
    causes = _causes(frame.index, columns["event"], event)
    _check_weights(frame.index, columns["weights"], weights)
    _check_offset(frame.index, columns["offset"], offset)
    subject, block = coding(frame, kinds["id"]), coding(frame, kinds["cluster"])
    groups = coding(frame, kinds["by"]) or single(len(frame), "all")
    layers = coding(frame, kinds["strata"]) or single(len(frame), "all")
    ends = np.ones(len(frame), bool)
    notes = []
    if subject is not None:
        ends = _follow(frame.index, subject, begin, end, groups.codes)
        if block is not None:
            _check_nesting(subject, block)
    elif begin is not None:
        notes.append("No id was given: each row is taken as its own subject.")
    if weights is not None:
        notes.append(f"The weights in {weights!r} are treated as known numbers.")
    return Rows(
        frame=frame,
        start=begin,
        stop=end,
        event=causes,
        causes=[int(c) for c in np.unique(causes) if c > 0],
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


def checked_weights(weights: np.ndarray, n: int) -> np.ndarray:
    """Return new weights for ``n`` rows, or say what is wrong with them.

    Parameters
    ----------
    weights : array of float
    n : int

    Returns
    -------
    ndarray of float, shape (n,)

    Raises
    ------
    EstimateError
        If there are not ``n``, or one is negative, missing or infinite.
    """
    values = np.asarray(weights, float)
    if values.shape != (n,):
        raise EstimateError(f"Give one weight for each of the {n:,} rows used.")
    if not (np.isfinite(values) & (values >= 0)).all():
        raise EstimateError("Weights must be finite and not negative.")
    _check_weights(pd.RangeIndex(n), values, "the new weights")
    return values


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


def _numbers(values: pd.Series, column: str) -> np.ndarray:
    kind = pd.api.types.infer_dtype(values, skipna=True)
    if kind not in {"integer", "floating", "mixed-integer-float", "boolean", "decimal"}:
        shown = ", ".join(repr(str(v)) for v in values.unique()[:3])
        raise EstimateError(
            f"Column {column!r} must hold numbers, but holds {kind} values such as {shown}; "
            f"{_remedy(kind, column)}."
        )
    numbers = values.to_numpy(dtype=float)
    if not np.isfinite(numbers).all():
        at = int(np.argmin(np.isfinite(numbers)))
        raise EstimateError(
            f"Column {column!r} holds {numbers[at]} in row {values.index[at]}; "
            f"give a finite number or leave it missing."
        )
    return numbers


def _remedy(kind: str, column: str) -> str:
    if kind.startswith("datetime") or kind == "date":
        return f"count days first: (data[{column!r}] - origin).dt.days"
    if kind.startswith("timedelta"):
        return f"count days first: data[{column!r}].dt.days"
    if kind == "categorical":
        return f"convert it first: data[{column!r}].astype(int)"
    return (
        f"convert it first: pd.to_numeric(data[{column!r}]) for numbers written as text, "
        f"(data[{column!r}] == 'yes').astype(int) for an event"
    )


def _check_times(
    index: pd.Index,
    begin: np.ndarray | None,
    end: np.ndarray,
    start: str | None,
    stop: str,
) -> None:
    wrong = end <= (0 if begin is None else begin)
    if not wrong.any():
        return
    at = int(np.argmax(wrong))
    first = f"row {index[at]} has {stop}={end[at]:g}"
    if begin is None:
        raise EstimateError(
            f"Column {stop!r} must be above 0, where follow-up begins: {first} "
            f"({int(wrong.sum())} such rows); leave them out or name a start column."
        )
    raise EstimateError(
        f"Column {stop!r} must be above {start!r}: {first} and {start}={begin[at]:g} "
        f"({int(wrong.sum())} such rows); rows are at risk after start, up to stop."
    )


def _causes(index: pd.Index, values: np.ndarray, event: str) -> np.ndarray:
    wrong = (values < 0) | (values != np.floor(values)) | (values > 1_000_000)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise EstimateError(
            f"Column {event!r} holds {values[at]:g} in row {index[at]}; "
            f"events are 0 (none) and whole numbers 1, 2, … (causes)."
        )
    return values.astype(np.int64)


def _check_weights(index: pd.Index, values: np.ndarray | None, weights: str | None) -> None:
    if values is None:
        return
    if (values < 0).any():
        at = int(np.argmin(values))
        raise EstimateError(
            f"Weights must not be negative: {weights}={values[at]:g} in row {index[at]}."
        )
    if values.max() > _LARGEST_WEIGHT:
        at = int(np.argmax(values))
        raise EstimateError(
            f"Weights must not exceed {_LARGEST_WEIGHT:g}: {weights}={values[at]:g} in row "
            f"{index[at]}; divide them all by the same number."
        )
    if not values.any():
        raise EstimateError(f"All weights in {weights!r} are zero; nothing is left to estimate.")


def _check_offset(index: pd.Index, values: np.ndarray | None, offset: str | None) -> None:
    if values is None or np.abs(values).max() <= _LARGEST_OFFSET:
        return
    at = int(np.argmax(np.abs(values)))
    raise EstimateError(
        f"Offsets must lie within {_LARGEST_OFFSET:g} of 0, as they are logarithms of ratios: "
        f"{offset}={values[at]:g} in row {index[at]}."
    )


def _follow(
    index: pd.Index,
    subject: Coding,
    begin: np.ndarray | None,
    end: np.ndarray,
    group: np.ndarray,
) -> np.ndarray:
    """Check that a subject's rows do not overlap; return which rows end observation."""
    begin = np.zeros(len(end)) if begin is None else begin
    order = _by_subject_and_time(subject.codes, begin)
    code, first, last = subject.codes[order], begin[order], end[order]
    same = code[1:] == code[:-1]
    overlap = same & (first[1:] < last[:-1])
    if overlap.any():
        at = int(np.argmax(overlap))
        one, two = order[at], order[at + 1]
        raise EstimateError(
            f"Rows of id {subject.labels[code[at]]!r} overlap: row {index[one]} covers "
            f"({begin[one]:g}, {end[one]:g}] and row {index[two]} covers "
            f"({begin[two]:g}, {end[two]:g}] ({int(overlap.sum())} such pairs); "
            f"give each copy of a subject its own id and put the subject in cluster=."
        )
    goes_on = same & (first[1:] == last[:-1]) & (group[order][1:] == group[order][:-1])
    ends = np.ones(len(end), bool)
    ends[order[:-1][goes_on]] = False
    return ends


def _by_subject_and_time(code: np.ndarray, begin: np.ndarray) -> np.ndarray:
    step = np.diff(code)
    if ((step > 0) | ((step == 0) & (np.diff(begin) >= 0))).all():
        return np.arange(len(code))
    return np.lexsort((begin, code))


def _check_nesting(subject: Coding, block: Coding) -> None:
    home = np.empty(len(subject), np.int64)
    home[subject.codes] = block.codes
    torn = home[subject.codes] != block.codes
    if torn.any():
        at = int(np.argmax(torn))
        name = subject.labels[subject.codes[at]]
        homes = (block.labels[block.codes[at]], block.labels[home[subject.codes[at]]])
        raise EstimateError(
            f"id {name!r} is in more than one cluster ({homes[0]!r} and {homes[1]!r}); "
            f"a subject belongs to one cluster."
        )
