"""Counts and hazards on the grid of groups and times, from which curves are made."""

from dataclasses import dataclass

import numpy as np

from evaluation.estimates.curve_influence import CurveInfluence
from evaluation.estimates.grid import risk_sets
from evaluation.estimates.risksets import RiskSets
from evaluation.estimates.rows import Rows


@dataclass(frozen=True)
class Steps:
    """What happens at each time of each group.

    Parameters
    ----------
    rows : Rows
    sets : RiskSets
        Grid with groups as strata and every time at which observation of some
        subject ends as a cell.
    code : ndarray of int, shape (n,)
        0, or the position of the row's cause in ``causes`` plus one.
    causes : list of int
    at_risk, censored : ndarray of int, shape (cells,)
    counts : ndarray of int, shape (causes + 1, cells)
        Events by code, unweighted; code 0 is not filled.
    weighted : ndarray of float, shape (cells,)
        Weighted number at risk.
    hazards : ndarray of float, shape (causes + 1, cells)
        Weighted events over weighted number at risk.
    exhausted : ndarray of bool, shape (cells,)
        All who were at risk have an event.
    """

    rows: Rows
    sets: RiskSets
    code: np.ndarray
    causes: list[int]
    at_risk: np.ndarray
    censored: np.ndarray
    counts: np.ndarray
    weighted: np.ndarray
    hazards: np.ndarray
    exhausted: np.ndarray

    def survival(self) -> np.ndarray:
        """Probability of no event up to and including each time (Kaplan and Meier, 1958)."""
        left = np.where(self.exhausted, 0.0, 1 - self.hazards.sum(axis=0))
        return self.sets.product(left)

    def survival_influence(self) -> CurveInfluence:
        """Influence of the rows on :meth:`survival`."""
        survival, (growth, jump) = self.survival(), self._gathering()
        slope = self.sets.cumulate(growth)
        nothing = np.zeros(self.sets.size)
        return CurveInfluence(
            sets=self.sets,
            weights=self.rows.case_weights,
            code=self.code,
            slope=slope,
            drift=nothing,
            jump_a=jump,
            jump_b=np.zeros_like(jump),
            level=survival,
            constant=nothing,
            open=survival * slope,
        )

    def incidence(self, cause: int) -> np.ndarray:
        """Probability of the event of a cause up to each time (Aalen and Johansen, 1978).

        Parameters
        ----------
        cause : int
            Position of the cause in ``causes``.
        """
        before = self.sets.before(self.survival(), 1.0)
        return np.minimum(self.sets.cumulate(before * self.hazards[cause + 1]), 1.0)

    def incidence_influence(self, cause: int) -> CurveInfluence:
        """Influence of the rows on :meth:`incidence`."""
        growth, jump = self._gathering()
        slope = self.sets.cumulate(growth)
        before = self.sets.before(self.survival(), 1.0)
        incidence = self.incidence(cause)
        share = np.divide(before, self.weighted, np.zeros_like(before), where=self.weighted > 0)
        drift = self.sets.cumulate(-incidence * growth - share * self.hazards[cause + 1])
        jump_b = -incidence * jump
        jump_b[cause + 1] += share
        return CurveInfluence(
            sets=self.sets,
            weights=self.rows.case_weights,
            code=self.code,
            slope=slope,
            drift=drift,
            jump_a=jump,
            jump_b=jump_b,
            level=incidence,
            constant=np.ones(self.sets.size),
            open=incidence * slope + drift,
        )

    def cumulative_hazard(self) -> np.ndarray:
        """Sum of weighted events over weighted number at risk (Nelson, 1969; Aalen, 1978).

        With repeated events it is the mean number of events so far.
        """
        return self.sets.cumulate(self.hazards.sum(axis=0))

    def cumulative_hazard_influence(self) -> CurveInfluence:
        """Influence of the rows on :meth:`cumulative_hazard`."""
        hazard, nothing = self.hazards.sum(axis=0), np.zeros(self.sets.size)
        share = np.divide(1.0, self.weighted, nothing.copy(), where=self.weighted > 0)
        drift = self.sets.cumulate(-hazard * share)
        jump = np.zeros((len(self.causes) + 1, self.sets.size))
        jump[1:] = share
        return CurveInfluence(
            sets=self.sets,
            weights=self.rows.case_weights,
            code=self.code,
            slope=nothing,
            drift=drift,
            jump_a=np.zeros_like(jump),
            jump_b=jump,
            level=nothing,
            constant=np.ones(self.sets.size),
            open=drift,
        )

    def _gathering(self) -> tuple[np.ndarray, np.ndarray]:
        """Return how the log of the survival curve answers to a row's weight.

        At risk, a row adds ``d / (n (n - d))`` at each time; with an event it
        takes away ``1 / (n - d)``.
        """
        hazard = self.hazards.sum(axis=0)
        inverse = np.zeros(self.sets.size)
        alive = ~self.exhausted & (self.weighted > 0)
        inverse[alive] = 1 / (self.weighted[alive] * (1 - hazard[alive]))
        jump = np.zeros((len(self.causes) + 1, self.sets.size))
        jump[1:] = -inverse
        return hazard * inverse, jump


def steps(rows: Rows, event: np.ndarray, causes: list[int], sets: RiskSets | None = None) -> Steps:
    """Count who is at risk, has an event or is censored, at each time of each group.

    Parameters
    ----------
    rows : Rows
    event : ndarray of int
        Cause of each row's event, 0 for none.
    causes : list of int
        Causes to tell apart.
    sets : RiskSets, optional
        The grid of these rows, where it is known already.

    Returns
    -------
    Steps
    """
    code = np.zeros(len(rows), np.int64)
    for k, cause in enumerate(causes):
        code[event == cause] = k + 1
    ended = rows.ends & (code == 0)
    if sets is None:
        marks = ended | (code > 0)
        sets = risk_sets(rows.groups.codes, len(rows.groups), rows.start, rows.stop, marks)
    size, kinds = sets.size, len(causes) + 1
    place = code * size + sets.leave
    counts = np.bincount(place, minlength=kinds * size).reshape(kinds, size)
    censored = np.bincount(sets.leave[ended], minlength=size)
    at_risk = np.rint(sets.totals(np.ones(len(rows)))).astype(np.int64)
    weighted, heavy, present, failing = at_risk.astype(float), counts.astype(float), at_risk, counts
    if rows.weights is not None:
        some = (rows.weights > 0).astype(float)
        present = np.rint(sets.totals(some)).astype(np.int64)
        failing = np.bincount(place, some, kinds * size).reshape(kinds, size)
        heavy = np.bincount(place, rows.weights, kinds * size).reshape(kinds, size)
        weighted = np.where(present > 0, sets.totals(rows.weights), 0.0)
    hazards = np.zeros((kinds, size))
    np.divide(heavy[1:], weighted, hazards[1:], where=weighted > 0)
    exhausted = (present > 0) & (failing[1:].sum(axis=0) >= present)
    counts[0] = 0
    return Steps(rows, sets, code, causes, at_risk, censored, counts, weighted, hazards, exhausted)
