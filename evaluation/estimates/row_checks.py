"""What the columns of follow-up rows may hold: times, events, weights, subjects."""

import numpy as np
import pandas as pd

from evaluation.estimates.coding import Coding
from evaluation.estimates.errors import EstimateError

_LARGEST_WEIGHT = 1e100
_LARGEST_OFFSET = 300.0


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
    check_weights(pd.RangeIndex(n), values, "the new weights")
    return values


def numbers(values: pd.Series, column: str) -> np.ndarray:
    """Return a column as finite numbers, or say what it holds instead and how to convert it."""
    kind = pd.api.types.infer_dtype(values, skipna=True)
    if kind not in {"integer", "floating", "mixed-integer-float", "boolean", "decimal"}:
        shown = ", ".join(repr(str(v)) for v in values.unique()[:3])
        raise EstimateError(
            f"Column {column!r} must hold numbers, but holds {kind} values such as {shown}; "
            f"{_remedy(kind, column)}."
        )
    found = values.to_numpy(dtype=float)
    if not np.isfinite(found).all():
        at = int(np.argmin(np.isfinite(found)))
        raise EstimateError(
            f"Column {column!r} holds {found[at]} in row {values.index[at]}; "
            f"give a finite number or leave it missing."
        )
    return found


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


def check_times(
    index: pd.Index,
    begin: np.ndarray | None,
    end: np.ndarray,
    start: str | None,
    stop: str,
) -> None:
    """Require that rows end after they begin, and after time 0 where nothing says when."""
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


def causes_of(index: pd.Index, values: np.ndarray, event: str) -> np.ndarray:
    """Return events as whole numbers: 0 for none, otherwise the cause."""
    wrong = (values < 0) | (values != np.floor(values)) | (values > 1_000_000)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise EstimateError(
            f"Column {event!r} holds {values[at]:g} in row {index[at]}; "
            f"events are 0 (none) and whole numbers 1, 2, … (causes)."
        )
    return values.astype(np.int64)


def check_weights(index: pd.Index, values: np.ndarray | None, weights: str | None) -> None:
    """Require weights that are not negative, not immense, and not all zero."""
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


def check_offset(index: pd.Index, values: np.ndarray | None, offset: str | None) -> None:
    """Require offsets that are logarithms of conceivable ratios."""
    if values is None or np.abs(values).max() <= _LARGEST_OFFSET:
        return
    at = int(np.argmax(np.abs(values)))
    raise EstimateError(
        f"Offsets must lie within {_LARGEST_OFFSET:g} of 0, as they are logarithms of ratios: "
        f"{offset}={values[at]:g} in row {index[at]}."
    )


def follow(
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


def check_nesting(subject: Coding, block: Coding) -> None:
    """Require that each subject belongs to one cluster."""
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
