"""Missing covariates filled in many times by chained equations."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

CYCLES = 5
DONORS = 5


@dataclass(frozen=True)
class _Column:
    """A covariate as numbers: one column, or one for each level but the first."""

    name: str
    kind: str
    levels: tuple
    missing: np.ndarray

    def numbers(self, values: np.ndarray) -> np.ndarray:
        if self.kind == "category":
            return (values[:, None] == np.arange(1, len(self.levels))).astype(float)
        spread = values.std()
        return ((values - values.mean()) / (spread if spread > 0 else 1.0))[:, None]

    def restored(self, values: np.ndarray) -> pd.Series | np.ndarray:
        if self.kind == "number":
            return values
        return np.array(self.levels, dtype=object)[values.astype(int)]


def completed_sets(
    data: pd.DataFrame,
    covariates: tuple[str, ...],
    beside: np.ndarray,
    family: np.ndarray,
    sets: int,
    seed: list[int],
) -> list[pd.DataFrame]:
    """Fill in missing covariates, set after set.

    Chained equations (van Buuren and Groothuis-Oudshoorn, 2011): numbers by predictive
    mean matching, with parameters drawn and five donors (Little, 1988); categories by
    logistic models of each level against those after it, with parameters drawn from
    data augmented against perfect prediction (White, Daniel and Royston, 2010). Every
    model holds the other covariates, ``beside``, and the means of all of them among the
    child's siblings, of the covariate itself too.

    Parameters
    ----------
    data : pandas.DataFrame
        One row per child.
    covariates : tuple of str
        Columns of numbers, booleans or categories.
    beside : numpy.ndarray, shape (children, k)
        What else the models hold, without missing values: treatment and outcome.
    family : numpy.ndarray of int, shape (children,)
        Code of each child's family.
    sets : int
        How many.
    seed : list of int
        Each set has a stream of its own.

    Returns
    -------
    list of pandas.DataFrame
        The covariates, complete, with the index of ``data``.
    """
    columns = [_column(data[name]) for name in covariates]
    start = [_values(data[column.name], column) for column in columns]
    lacking = [place for place, column in enumerate(columns) if column.missing.any()]
    lacking.sort(key=lambda place: columns[place].missing.sum())
    siblings = _Siblings(family)
    out = []
    for number in range(sets):
        random = np.random.default_rng([*seed, number])
        values = [own.copy() for own in start]
        for place in lacking:
            missing = columns[place].missing
            values[place][missing] = random.choice(start[place][~missing], missing.sum())
        for _ in range(CYCLES if len(lacking) > 1 or siblings.any else 1):
            for place in lacking:
                x = _predictors(columns, values, place, beside, siblings)
                missing = columns[place].missing
                draw = _matched if columns[place].kind == "number" else _levels
                values[place][missing] = draw(values[place], missing, x, random)
        out.append(
            pd.DataFrame(
                {
                    column.name: column.restored(own) if column.missing.any() else data[column.name]
                    for column, own in zip(columns, values, strict=True)
                },
                index=data.index,
            ).infer_objects()
        )
    return out


class _Siblings:
    """Means among the other children of the family; nothing where there is no other."""

    def __init__(self, family: np.ndarray):
        self._family = family
        self._others = np.bincount(family)[family] - 1
        self.any = bool((self._others > 0).any())

    def means(self, x: np.ndarray) -> np.ndarray:
        x = x - x.mean(axis=0)
        total = np.column_stack([np.bincount(self._family, column) for column in x.T])
        return (total[self._family] - x) / np.maximum(self._others, 1)[:, None]


def _column(values: pd.Series) -> _Column:
    missing = values.isna().to_numpy()
    known = values[~missing]
    if pd.api.types.is_bool_dtype(known.infer_objects()):
        return _Column(str(values.name), "category", (False, True), missing)
    if pd.api.types.is_numeric_dtype(values):
        return _Column(str(values.name), "number", (), missing)
    levels = known.value_counts(sort=True)
    order = sorted(levels.index, key=lambda level: (-levels[level], str(level)))
    return _Column(str(values.name), "category", tuple(order), missing)


def _values(values: pd.Series, column: _Column) -> np.ndarray:
    if column.kind == "number":
        return values.astype("Float64").to_numpy(float, na_value=np.nan)
    place = {level: number for number, level in enumerate(column.levels)}
    return values.map(place, na_action="ignore").astype("Float64").to_numpy(float, na_value=np.nan)


def _predictors(columns, values, place, beside, siblings) -> np.ndarray:
    parts = [
        column.numbers(own) for column, own in zip(columns, values, strict=True) if column.kind
    ]
    others = np.hstack([part for number, part in enumerate(parts) if number != place] + [beside])
    means = siblings.means(np.hstack([parts[place], others])) if siblings.any else others[:, :0]
    x = np.hstack([others, means])
    spread = x.std(axis=0)
    x = (x[:, spread > 1e-9] - x[:, spread > 1e-9].mean(axis=0)) / spread[spread > 1e-9]
    return np.column_stack([np.ones(len(x)), x[:, _independent(x)]])


def _independent(x: np.ndarray) -> np.ndarray:
    """Choose columns that the others do not determine."""
    from scipy.linalg import qr

    if not x.shape[1]:
        return np.zeros(0, dtype=int)
    r, order = qr(x.T @ x / len(x), mode="r", pivoting=True)
    size = np.abs(np.diag(r))
    return np.sort(order[: int((size > 1e-8 * size[0]).sum())])


def _matched(values, missing, x, random) -> np.ndarray:
    """Take the value of one of the nearest children whose value is known."""
    known = x[~missing]
    inverse = np.linalg.pinv(known.T @ known)
    beta = inverse @ (known.T @ values[~missing])
    residual = values[~missing] - known @ beta
    free = max(len(known) - x.shape[1], 1)
    scale = np.sqrt(residual @ residual / random.chisquare(free))
    drawn = random.multivariate_normal(beta, scale**2 * inverse, method="eigh")
    order = np.argsort(known @ beta, kind="stable")
    near, own = (known @ beta)[order], values[~missing][order]
    wanted = x[missing] @ drawn
    count = min(DONORS, len(near))
    at = np.searchsorted(near, wanted)
    window = np.clip(at[:, None] + np.arange(-count, count), 0, len(near) - 1)
    distance = np.abs(near[window] - wanted[:, None])
    distance[:, 1:][window[:, 1:] == window[:, :-1]] = np.inf
    closest = np.argsort(distance, axis=1, kind="stable")[:, :count]
    chosen = closest[np.arange(len(wanted)), random.integers(0, count, len(wanted))]
    return own[window[np.arange(len(wanted)), chosen]]


def _levels(values, missing, x, random) -> np.ndarray:
    """Draw levels in order: this one, or one of those after it."""
    last = int(values.max())
    drawn = np.full(int(missing.sum()), float(last))
    undecided = np.ones(len(drawn), dtype=bool)
    for level in range(last):
        among = ~missing & (values >= level)
        chance = _chance(x[among], values[among] == level, x[missing], random)
        here = undecided & (random.random(len(drawn)) < chance)
        drawn[here] = level
        undecided &= ~here
    return drawn


def _chance(x, chosen, new, random) -> np.ndarray:
    from scipy.special import expit
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    terms = x.shape[1] - 1
    more = np.repeat(np.vstack([np.eye(terms), -np.eye(terms)]) * x[:, 1:].std(axis=0), 2, axis=0)
    more = np.column_stack([np.ones(len(more)), x[:, 1:].mean(axis=0) + more])
    rows = np.vstack([x, more])
    happened = np.r_[chosen.astype(float), np.tile([0.0, 1.0], len(more) // 2)]
    weight = np.r_[np.ones(len(x)), np.full(len(more), (terms + 1) / max(len(more), 1))]
    fit = GLM(happened, rows, family=Binomial(), freq_weights=weight).fit()
    beta = random.multivariate_normal(fit.params, fit.cov_params(), method="eigh")
    return expit(new @ beta)
