"""A target trial of children some of whose covariates are not known (METHODS 8).

The estimate is pooled over many imputed sets. Its variance comes from a bootstrap that
draws families first and imputes inside each replicate, twice: what differs between the
two is the noise of imputing, what differs between replicates beyond it is the variance of
the pooled estimate (von Hippel and Bartlett, 2021; Schomaker and Heumann, 2018). No
imputation model has to agree with the weights for this to hold, as Rubin's rules ask.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from evaluation.effects.chained import completed_sets
from evaluation.effects.missing import outcome_columns, sets_needed
from evaluation.effects.trial.children import TrialChildren
from evaluation.effects.trial.emulation import Emulation, Protocol
from evaluation.errors import StudyError

INSIDE = 2
"""Sets imputed inside a replicate: the least that tell imputing from drawing families."""


@dataclass(frozen=True)
class Incomplete:
    """Covariates as plain numbers, some of them missing.

    Attributes
    ----------
    values : numpy.ndarray, shape (children, covariates)
        Numbers, or the code of a category; NaN where not known.
    levels : numpy.ndarray of int, shape (covariates,)
        How many categories a covariate has; 0 for a number.
    labels : dict of str to array, optional
        Each covariate's name and categories, where values are to be shown again.
    """

    values: np.ndarray
    levels: np.ndarray
    labels: dict[str, pd.Index | None] = field(default_factory=dict)

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "Incomplete":
        """Read the covariates of a frame."""
        values, levels, labels = [], [], {}
        for name in frame:
            column = frame[name]
            known = column.dropna().infer_objects()
            if pd.api.types.is_numeric_dtype(known) and not pd.api.types.is_bool_dtype(known):
                values.append(column.astype("Float64").to_numpy(float, na_value=np.nan))
                levels.append(0)
                labels[name] = None
                continue
            codes, found = pd.factorize(column.astype("string"), sort=True)
            values.append(np.where(codes < 0, np.nan, codes))
            levels.append(len(found))
            labels[name] = found
        return cls(np.column_stack(values), np.array(levels), labels)

    @property
    def children(self) -> int:
        """How many children lack any covariate."""
        return int(np.isnan(self.values).any(axis=1).sum())

    def completed(
        self, rows: np.ndarray, beside: np.ndarray, family: np.ndarray, sets: int, seed: list[int]
    ) -> list[np.ndarray]:
        """Impute some rows: their values complete, once for each set."""
        names = tuple(f"c{place}" for place in range(len(self.levels)))
        data = pd.DataFrame(self.values[rows], columns=list(names))
        for name, levels in zip(names, self.levels, strict=True):
            if levels:
                data[name] = data[name].map(lambda code: f"{code:.0f}", na_action="ignore")
        found = completed_sets(data, names, beside, family, sets, seed)
        return [own.astype(float).to_numpy() for own in found]

    def design(self, values: np.ndarray) -> np.ndarray:
        """Return the columns of the weight models, centred."""
        parts = [
            column[:, None] == np.arange(1, levels) if levels else column[:, None]
            for column, levels in zip(values.T, self.levels, strict=True)
        ]
        x = np.hstack(parts).astype(float)
        return x - x.mean(axis=0)

    def shown(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """Return values as columns by name, categories by their labels; none without labels."""
        return {
            name: values[:, place]
            if found is None
            else found.to_numpy(object)[values[:, place].astype(int)]
            for place, (name, found) in enumerate(self.labels.items())
        }


class ImputedTrial:
    """A target trial estimated in many imputed sets.

    Parameters
    ----------
    children : TrialChildren
        Everyone, complete or not; the design is not used.
    incomplete : Incomplete
        Their covariates.
    protocol : Protocol
    name : str
        The service's name, for errors.
    seed : int
        Decides what is imputed.

    Attributes
    ----------
    sets : int
        As many as the percentage of incomplete children, at least 20.
    """

    def __init__(
        self,
        children: TrialChildren,
        incomplete: Incomplete,
        protocol: Protocol,
        name: str,
        seed: int,
    ):
        self.children, self.incomplete, self.name, self.seed = children, incomplete, name, seed
        self.sets = sets_needed(incomplete.children, len(children.stop))
        self._asked = protocol

    @property
    def protocol(self) -> Protocol:
        """What is compared: grace periods that cannot be followed left out."""
        return self.first.protocol

    @cached_property
    def first(self) -> Emulation:
        """The trial in the first imputed set."""
        return next(self._emulations(1))

    def emulations(self) -> Iterator[Emulation]:
        """Yield the trial in every imputed set.

        Raises
        ------
        StudyError
            If a set cannot give every grace period that the first one gave.
        """
        for own in self._emulations(self.sets):
            if own.protocol.grace != self.protocol.grace:
                raise StudyError(next(iter(own.left_out.values())))
            yield own

    def _emulations(self, sets: int) -> Iterator[Emulation]:
        everyone = np.arange(len(self.children.stop))
        beside, family = _beside(self.children), self.children.family
        for own in self.incomplete.completed(everyone, beside, family, sets, [self.seed]):
            frame = self.children.frame.assign(**self.incomplete.shown(own))
            children = replace(self.children, frame=frame, x=self.incomplete.design(own))
            yield Emulation(children, self._asked, self.name)

    def drawn(self, grid: list[int], times: np.ndarray, stream: list[int]) -> np.ndarray:
        """Estimate again among children drawn so many times, imputed anew.

        A family drawn twice is two families: what one of them lacks is imputed by itself.

        Returns
        -------
        numpy.ndarray, shape (2, grace periods, 2, len(grid) + horizons)
        """
        times = times.astype(np.int64)
        rows = np.repeat(np.arange(len(times)), times)
        copies = np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times)
        family = self.children.family[rows] * (int(times.max()) + 1) + copies
        children = replace(
            self.children,
            frame=self.children.frame.iloc[rows].reset_index(drop=True),
            history=self.children.spans.take(rows),
            family=pd.factorize(family)[0],
        )
        beside = _beside(children)
        found = self.incomplete.completed(rows, beside, children.family, INSIDE, stream)
        own = (replace(children, x=self.incomplete.design(values)) for values in found)
        return np.stack([self.first.among(each).estimates(grid) for each in own])


def _beside(children: TrialChildren) -> np.ndarray:
    """Return what the imputation models hold beside covariates: starts, outcome, moves."""
    stop, started = children.stop.astype(float), children.started
    later = np.isfinite(started) & (started > 0)
    at_exit = np.zeros(len(stop))
    parts = [(started == 0).astype(float)]
    parts += outcome_columns(at_exit, np.minimum(started, stop), later.astype(int))
    parts += outcome_columns(at_exit, stop, children.event)
    parts += outcome_columns(at_exit, stop, children.moved.astype(int))
    return np.column_stack(parts)
