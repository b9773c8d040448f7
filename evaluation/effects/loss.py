"""Children lost to follow-up by a move, and the weights that make up for them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.effects.arms import MOVES, Arms
from evaluation.effects.thresholds import THRESHOLDS
from evaluation.study import Note

MOVED = "moved_out"
BANDS = (0, 91, 183, 365, 730, 1096)
"""Days at which the rate of moving may change; the last rate goes on."""

CELL = 91
"""Days for which a child's weight stays the same."""


@dataclass(frozen=True)
class Loss:
    """A model of moving away and the weights of those still followed.

    Attributes
    ----------
    rows : pandas.DataFrame
        The contrast's rows, split every 91 days; a row keeps its child's values, and
        children and families have numbers for names.
    child : numpy.ndarray of int, shape (rows,)
        Place of each row's child among the contrast's rows.
    weights : numpy.ndarray, shape (rows,)
        Inverse probability of still being followed, stabilised by that of all children.
    parameter_influence : numpy.ndarray, shape (children, parameters)
        Each child's contribution to the estimated parameters.
    moved, truncated : int
        Children who moved away; rows whose weight was cut to ``largest``.
    largest : float
    """

    rows: pd.DataFrame
    child: np.ndarray
    weights: np.ndarray
    parameter_influence: np.ndarray
    moved: int
    truncated: int
    largest: float
    _by_band: np.ndarray
    _design: np.ndarray
    _expected: np.ndarray

    def slope(self, influence: np.ndarray) -> np.ndarray:
        """Differentiate sums of influence in the parameters of both models of moving.

        Parameters
        ----------
        influence : numpy.ndarray, shape (rows, estimates)
            Each row's contribution, weight included.

        Returns
        -------
        numpy.ndarray, shape (parameters, estimates)
        """
        by_child = self.by_child(self._by_band.sum(axis=1)[:, None] * influence)
        parts = self._by_band.T @ influence, self._design.T @ by_child
        return np.vstack([*parts, -self._expected.T @ influence])

    def by_child(self, values: np.ndarray) -> np.ndarray:
        """Add up the rows of each child.

        Parameters
        ----------
        values : numpy.ndarray, shape (rows, columns)

        Returns
        -------
        numpy.ndarray, shape (children, columns)
        """
        return _by_child(values, self.child, len(self._design))

    def note(self, name: str) -> Note:
        """Say what the weights rest on."""
        return Note(
            f"{name}: {{moved}} children moved away; those still followed are weighted by the "
            "inverse of their probability of not having moved (a model of moving given the arm "
            f"and the covariates); weights beyond {self.largest:.2f} are cut to it.",
            {"moved": self.moved},
        )


def loss_weights(
    arms: Arms, truncate: float, until: float = np.inf
) -> tuple[Loss | None, tuple[Note, ...]]:
    """Model moves out of the jurisdiction and weight those who stay (METHODS 7.8).

    A piecewise exponential model, fitted as a Poisson model (Holford, 1980), of moving
    given the arm and the covariates; the weight is the inverse probability of not having
    moved (Robins and Rotnitzky, 1992) at the middle of each 91 days, stabilised by the
    same model without arm and covariates.

    Parameters
    ----------
    arms : Arms
        One row per child, with ``end_reason``.
    truncate : float
        Quantile to which weights are cut.
    until : float
        Leave out rows that begin on this day or later, where nothing later is estimated;
        the model and the cut are those of the whole follow-up.

    Returns
    -------
    tuple
        The weights, or None where nobody moved or too few did for a model, and notes.
    """
    data = arms.rows
    if "end_reason" not in data:
        return None, ()
    moved = (data["end_reason"] == MOVED).fillna(False).to_numpy(dtype=bool)
    if not moved.any():
        return None, ()
    moves = arms.model(MOVES, lambda: _moves(arms, moved))
    if isinstance(moves, Note):
        return None, (moves,)
    child, begin, stop, middle = _cells(data)
    reached = _overlap(data["start"].to_numpy(float)[child], middle, moves.bands)
    by_band, expected = reached * moves.rate[child], reached * moves.marginal
    raw = np.exp(by_band.sum(axis=1) - expected.sum(axis=1))
    largest = float(np.quantile(raw, truncate)) if truncate < 1 else np.inf
    kept = begin < until
    child, begin, stop, raw = child[kept], begin[kept], stop[kept], raw[kept]
    free = raw[:, None] < largest
    numbered = data.assign(
        exit_id=np.arange(len(data)), family_id=pd.factorize(data["family_id"])[0]
    )
    rows = numbered.iloc[child].reset_index(drop=True)
    last = stop == data["stop"].to_numpy(float)[child]
    rows["start"], rows["stop"] = begin, stop
    rows["event"] = np.where(last, rows["event"], 0)
    loss = Loss(
        rows=rows,
        child=child,
        weights=np.minimum(raw, largest),
        parameter_influence=moves.influence,
        moved=int(moved.sum()),
        truncated=int((raw > largest).sum()),
        largest=largest,
        _by_band=np.where(free, by_band[kept], 0.0),
        _design=moves.design,
        _expected=np.where(free, expected[kept], 0.0),
    )
    return loss, (loss.note(arms.service.name),)


@dataclass(frozen=True)
class _Moves:
    """The model of moving: bands of days, design, rates by band, influence of each child."""

    bands: np.ndarray
    design: np.ndarray
    rate: np.ndarray
    marginal: np.ndarray
    influence: np.ndarray


def _moves(arms: Arms, moved: np.ndarray) -> _Moves | Note:
    """Fit the model of moving, or say that too few moved."""
    bands, exposure, happened = _by_band(arms.rows, moved)
    design, never = _design(arms, moved)
    terms = design.shape[1] + len(bands)
    if moved.sum() < THRESHOLDS.events_per_term * terms:
        return Note(
            f"{arms.service.name}: {{moved}} children moved away, too few for a model of "
            f"moving with {terms} terms; moving is taken as unrelated to risk within an arm.",
            {"moved": int(moved.sum())},
        )
    rate, influence = _fit(design, never, exposure, happened)
    marginal = happened.sum(axis=0) / exposure.sum(axis=0)
    own_marginal = (happened - exposure * marginal) / happened.sum(axis=0)
    return _Moves(bands, design, rate, marginal, np.hstack([influence, own_marginal]))


def _by_band(data: pd.DataFrame, moved: np.ndarray):
    """Return the bands in which anyone moved, days followed and moves in each."""
    start, stop = data["start"].to_numpy(float), data["stop"].to_numpy(float)
    bands = np.column_stack([BANDS, (*BANDS[1:], np.inf)]).astype(float)
    inside = (stop[:, None] > bands[:, 0]) & (stop[:, None] <= bands[:, 1])
    happened = (inside & moved[:, None]).astype(float)
    used = happened.any(axis=0)
    return bands[used], _overlap(start, stop, bands[used]), happened[:, used]


def _overlap(start: np.ndarray, stop: np.ndarray, bands: np.ndarray) -> np.ndarray:
    low = np.maximum(start[:, None], bands[:, 0])
    return np.maximum(np.minimum(stop[:, None], bands[:, 1]) - low, 0.0)


def _design(arms: Arms, moved: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return arm and covariates, and who is in a category from which nobody moved."""
    x = arms.design.to_numpy()[:, 1:]
    arm = pd.get_dummies(arms.rows[arms.service.program], drop_first=True).to_numpy(float)
    x = np.column_stack([arm, x])
    never = np.zeros(len(x), dtype=bool)
    kept = np.ones(x.shape[1], dtype=bool)
    for place, column in enumerate(x.T):
        if not np.isin(column, (0.0, 1.0)).all():
            continue
        for value in (0.0, 1.0):
            if not (moved & (column == value)).any():
                never |= column == value
                kept[place] = False
    x = x[:, kept]
    return x - x[~never].mean(axis=0), never


def _fit(design, never, exposure, happened) -> tuple[np.ndarray, np.ndarray]:
    """Return daily rates of moving (children, bands) and influence on the parameters."""
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    children, count = exposure.shape
    child, band = np.nonzero((exposure > 0) & ~never[:, None])
    x = np.column_stack([np.eye(count)[band], design[child]])
    days = exposure[child, band]
    model = GLM(happened[child, band], x, family=Poisson(), offset=np.log(days))
    overall = np.log(happened.sum(axis=0) / exposure[~never].sum(axis=0))
    begin = np.concatenate([overall, np.zeros(design.shape[1])])
    fit = model.fit(start_params=begin, method="newton", tol=1e-10, maxiter=100, disp=0)
    beta = np.asarray(fit.params)
    rate = np.exp(beta[:count] + (design @ beta[count:])[:, None])
    rate[never] = 0.0
    expected = days * rate[child, band]
    information = (x * expected[:, None]).T @ x
    own = x * (happened[child, band] - expected)[:, None]
    return rate, _by_child(own, child, children) @ np.linalg.pinv(information)


def _by_child(values: np.ndarray, child: np.ndarray, children: int) -> np.ndarray:
    """Add up the rows of each child, whose rows stand together."""
    first = np.flatnonzero(np.diff(child, prepend=-1))
    total = np.zeros((children, values.shape[1]))
    total[child[first]] = np.add.reduceat(values, first, axis=0)
    return total


def _cells(data: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Split follow-up every 91 days: child, start, stop and where the weight is taken."""
    start, stop = data["start"].to_numpy(float), data["stop"].to_numpy(float)
    first = (start // CELL).astype(int)
    count = np.maximum(np.ceil(stop / CELL).astype(int) - first, 1)
    child = np.repeat(np.arange(len(data)), count)
    number = np.arange(len(child)) - np.repeat(np.cumsum(count) - count, count) + first[child]
    begin = np.maximum(number * CELL, start[child])
    end = (number + 1.0) * CELL
    return child, begin, np.minimum(end, stop[child]), (begin + end) / 2
