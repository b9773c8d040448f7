"""Turn a formula into covariate columns, through formulaic."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from formulaic import Formula, ModelSpec
from formulaic.errors import FormulaicError

from evaluation.estimates.errors import EstimateError, nearest

MOST_LEVELS = 1_000
_LARGEST = 1e100
_CHUNK = 4096


@dataclass(frozen=True)
class Design:
    """Covariates of a model.

    Parameters
    ----------
    x : ndarray of float, shape (n, p)
        One column a term, no intercept, each less its mean.
    center : ndarray of float, shape (p,)
        The means taken out.
    spread : ndarray of float, shape (p,)
        Largest less smallest value of each column.
    terms : list of str
        Names of the columns, as formulaic gives them.
    groups : dict of str to list of int
        The columns that each term of the formula became.
    spec : ModelSpec
        Remembers knots and scales, to build the same columns elsewhere.
    columns : dict of str to list or None
        The columns of the data that are used, with their levels where they are
        categories.
    warnings : list of str
        Terms that gave no column.
    """

    x: np.ndarray
    center: np.ndarray
    spread: np.ndarray
    terms: list[str]
    groups: dict[str, list[int]]
    spec: ModelSpec
    columns: dict[str, list | None]
    warnings: list[str]


def variables(formula: str, columns: Sequence[str]) -> list[str]:
    """Return the columns that a formula uses, in their order in the data.

    Parameters
    ----------
    formula : str
        Right-hand side, in formulaic's grammar.
    columns : sequence of str
        Columns of the data.

    Returns
    -------
    list of str

    Raises
    ------
    EstimateError
        If the formula cannot be read or names something unknown.
    """
    parsed = _parse(formula)
    named = set(re.findall(r"`([^`]+)`|([^\W\d][\w.]*)", formula))
    words = {quoted or word for quoted, word in named}
    unknown = {str(v) for v in parsed.required_variables} - {str(c) for c in columns}
    if unknown:
        first = sorted(unknown)[0]
        raise EstimateError(
            f"The formula {formula!r} names {first!r}, which is not in the data"
            f"{nearest(first, columns)}"
        )
    return [c for c in columns if c in words]


def design(formula: str, frame: pd.DataFrame, columns: Sequence[str]) -> Design:
    """Build the covariates of a formula, without an intercept.

    Text and categorical columns are coded against their first level; levels
    without a row are left out.

    Parameters
    ----------
    formula : str
        Right-hand side, in formulaic's grammar.
    frame : DataFrame
        The rows to use, without missing values in ``columns``.
    columns : sequence of str
        The columns the formula uses.

    Returns
    -------
    Design

    Raises
    ------
    EstimateError
        If the formula asks for what cannot be built, with the reason.
    """
    used = {c: _coded(frame[c]) for c in columns}
    plain = _plain(formula, used)
    rows = min(len(frame), 1) if plain else len(frame)
    matrix = _materialize(formula, pd.DataFrame({c: v.iloc[:rows] for c, v in used.items()}))
    spec = matrix.model_spec
    names = list(spec.column_names)
    if "Intercept" not in names:
        raise EstimateError(
            f"The formula {formula!r} removes the intercept, which a hazard model does not have; "
            f"take out '0 +' or '- 1'."
        )
    places = {str(t): list(range(s.start, s.stop)) for t, s in spec.term_slices.items()}
    warnings = [
        f"{term} has one level in the rows used and was left out."
        for term, place in places.items()
        if not place
    ]
    if len(names) == 1:
        why = f" ({warnings[0]})" if warnings else ""
        raise EstimateError(f"The formula {formula!r} gives no covariate to estimate{why}.")
    groups = {t: [k - 1 for k in place] for t, place in places.items() if place and t != "1"}
    if plain:
        values = [used[c].to_numpy(dtype=float) for c in plain]
    else:
        values = [matrix.iloc[:, k].to_numpy(dtype=float) for k in range(1, len(names))]
    x, center, spread = _centred(formula, values, names[1:])
    levels = {
        c: list(v.cat.categories) if isinstance(v.dtype, pd.CategoricalDtype) else None
        for c, v in used.items()
    }
    return Design(x, center, spread, names[1:], groups, spec, levels, warnings)


def require_varying(built: Design) -> None:
    """Stop at a term that is the same in every row.

    Parameters
    ----------
    built : Design

    Raises
    ------
    EstimateError
        Naming the term.
    """
    for term, spread in zip(built.terms, built.spread, strict=True):
        if spread == 0:
            raise EstimateError(
                f"Term {term!r} is the same in every row used; its coefficient cannot be "
                f"estimated: leave it out."
            )


def same_columns(built: Design, data: pd.DataFrame) -> np.ndarray:
    """Build the covariates of other rows as they were built for the model.

    Parameters
    ----------
    built : Design
    data : DataFrame

    Returns
    -------
    ndarray of float, shape (len(data), p)
        Centred as the model's.

    Raises
    ------
    EstimateError
        If a column is missing, has missing values or a level the model has not
        seen.
    """
    for column, levels in built.columns.items():
        if column not in data.columns:
            raise EstimateError(f"No column {column!r} in the data, which the model uses.")
        if data[column].isna().any():
            raise EstimateError(f"Column {column!r} has missing values; nothing can be predicted.")
        new = [] if levels is None else [v for v in data[column].unique() if v not in levels]
        if new:
            raise EstimateError(
                f"Column {column!r} holds {new[0]!r}, which the model has not seen; it knows "
                f"{', '.join(map(repr, levels[:12]))}."
            )
    frame = pd.DataFrame({c: data[c] for c in built.columns})
    for column, levels in built.columns.items():
        if levels is not None:
            frame[column] = pd.Categorical(frame[column].astype(object), categories=levels)
    matrix = built.spec.get_model_matrix(frame, na_action="ignore", context={})
    return matrix.iloc[:, 1:].to_numpy(dtype=float) - built.center


def _parse(formula: str) -> Formula:
    if not isinstance(formula, str) or not formula.strip():
        raise EstimateError("The formula is empty; name at least one covariate, as in 'age + sex'.")
    try:
        parsed = _formula(formula)
        required = parsed.required_variables
    except (FormulaicError, SyntaxError, AttributeError) as problem:
        reason = str(problem).splitlines()[0]
        raise EstimateError(f"The formula {formula!r} cannot be read: {reason}") from problem
    if "~" in formula or "|" in formula or required is None:
        raise EstimateError(
            f"Give the right-hand side only, not {formula!r}; stop= and event= say the outcome."
        )
    return parsed


@lru_cache(maxsize=256)
def _formula(formula: str) -> Formula:
    return Formula(formula)


def _plain(formula: str, used: dict[str, pd.Series]) -> list[str]:
    """Return the terms of a formula that only names columns of numbers, which need no copy.

    Empty where a term is anything else.
    """
    terms = [str(term) for term in _formula(formula) if term.degree]
    named = all(
        term in used and isinstance(used[term].dtype, np.dtype) and used[term].dtype.kind in "iuf"
        for term in terms
    )
    return terms if named else []


def _coded(values: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(values) or pd.api.types.is_timedelta64_dtype(values):
        raise EstimateError(
            f"Column {values.name!r} holds dates or durations; make it a number of days, for "
            f"example (data[{values.name!r}] - origin).dt.days."
        )
    if pd.api.types.is_complex_dtype(values):
        raise EstimateError(f"Column {values.name!r} holds complex numbers; use its real part.")
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.cat.remove_unused_categories()
    elif not pd.api.types.is_numeric_dtype(values):
        values = values.astype(object).astype("category")
    else:
        return values
    levels = len(values.cat.categories)
    if levels > MOST_LEVELS:
        raise EstimateError(
            f"Column {values.name!r} has {levels:,} levels, too many to estimate one by one "
            f"(at most {MOST_LEVELS:,}); put it in strata=, group its levels, or make it a number."
        )
    return values


def _materialize(formula: str, frame: pd.DataFrame):
    try:
        return _formula(formula).get_model_matrix(frame, na_action="ignore", context={})
    except (FormulaicError, TypeError, ValueError, SyntaxError) as problem:
        reason = str(problem).splitlines()[0]
        raise EstimateError(f"The formula {formula!r} cannot be computed: {reason}") from problem


def _centred(
    formula: str, columns: list[np.ndarray], names: list[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Copy the columns, less their means, side by side in memory."""
    n, p = len(columns[0]), len(columns)
    x, total = np.empty((n, p)), np.zeros(p)
    low, high = np.full(p, np.inf), np.full(p, -np.inf)
    for first in range(0, n, _CHUNK):
        rows = slice(first, first + _CHUNK)
        for k, column in enumerate(columns):
            part = np.ascontiguousarray(column[rows])
            low[k] = np.minimum(low[k], part.min())
            high[k] = np.maximum(high[k], part.max())
            total[k] += part.sum()
            x[rows, k] = part
    for name, column, inside in zip(
        names, columns, (low > -_LARGEST) & (high < _LARGEST), strict=True
    ):
        if not inside:
            wrong = ~(np.abs(column) < _LARGEST)
            raise EstimateError(
                f"Term {name!r} of the formula {formula!r} is infinite, undefined or above "
                f"{_LARGEST:g} in {int(wrong.sum())} rows; check the values it is made from."
            )
    center = total / n
    for first in range(0, n, _CHUNK):
        x[first : first + _CHUNK] -= center
    return x, center, high - low
