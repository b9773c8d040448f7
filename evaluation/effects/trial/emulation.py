"""Risks under both strategies of a target trial, from sums over children and days."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from evaluation.effects.arms import OUTCOME_EVENT
from evaluation.effects.receipt import perfectly_predicted
from evaluation.effects.trial.children import TrialChildren
from evaluation.effects.trial.hazard import Hazard
from evaluation.effects.trial.logistic import Logistic
from evaluation.effects.trial.spans import Spans
from evaluation.effects.trial.weighted_sums import Growth, at_risk
from evaluation.errors import StudyError

NEVER = "never"
LAST_DAYS = 30
"""Starts in the last so many days of the grace period stand for a start on its last day."""


@dataclass(frozen=True)
class Protocol:
    """What the trial asks, in days.

    Parameters
    ----------
    grace : tuple of int
        Grace periods, the main one first.
    last_days : int
        Starts in the last so many days of a grace period stand for the start on its
        last day of whoever had not started before.
    comparison : {"never", "not within grace"}
        The strategy compared with.
    horizons : tuple of int
        Days of the risks, ascending.
    truncate : float
        Quantile to which weights made of a decision on one day are cut.
    """

    grace: tuple[int, ...]
    last_days: int
    comparison: str
    horizons: tuple[int, ...]
    truncate: float


@dataclass(frozen=True)
class ArmWeights:
    """What the weights of a set of children come from.

    Attributes
    ----------
    day_zero : numpy.ndarray
        Weight in the comparison arm on day 1: the inverse probability of no start on
        day 0; zero for children who started then.
    start, move : tuple of numpy.ndarray
        Relative hazard of each span and cumulative baseline hazard by day, 0 on.
    late : tuple of numpy.ndarray
        Per grace period, each child's weight in the treated arm after it.
    """

    day_zero: np.ndarray
    start: tuple[np.ndarray, np.ndarray]
    move: tuple[np.ndarray, np.ndarray]
    late: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class _Growing:
    """How weights grow with the days: each span's rate, the level by day, the factor it began at.

    No factor where nothing changes after the exit.
    """

    rate: np.ndarray
    level: np.ndarray
    begun: np.ndarray | None


class Emulation:
    """A target trial that can be estimated again with other case weights.

    Each clone is followed implicitly: the comparison arm's clone of a child who starts
    on day d is at risk to day d, the treated arm's clone of a child not started by the
    end of the grace period to its last day. Nothing is expanded, so a replicate costs
    a few passes over children.

    Parameters
    ----------
    children : TrialChildren
        Who could be enrolled.
    protocol : Protocol
        What is compared.
    name : str
        The service's name, for errors.

    Attributes
    ----------
    left_out : dict of int to str
        Grace periods beside the main one that cannot be followed, and why.

    Raises
    ------
    StudyError
        If the data cannot give a strategy its arm; says which and why.
    """

    def __init__(
        self,
        children: TrialChildren,
        protocol: Protocol,
        name: str,
        near: "Emulation | None" = None,
    ):
        self.children, self.protocol, self._name = children, protocol, name
        self._days = max(protocol.horizons)
        started, stop = children.started, children.stop
        if not np.isfinite(started).any():
            raise StudyError(
                f"{name}: no child of the cohort started while at home, so no strategy of "
                "starting can be followed."
            )
        prevalent = started == 0
        self._zero = None
        if prevalent.any():
            zero = near and near._zero
            words = f"{name} at the exit"
            self._zero = (
                zero.on(children.x, prevalent) if zero else Logistic(children.x, prevalent, words)
            )
        ends_with_event = children.event > 0
        quiet = np.where(ends_with_event, stop - 1, stop)
        at_home = np.where(np.isfinite(started), started, quiet).astype(np.int64)
        self._spans, x = children.spans, children.x
        later = np.isfinite(started) & ~prevalent
        self._start = Hazard(x, self._spans, at_home, later, self._days)
        self._move = Hazard(x, Spans.whole(len(x)), quiet, children.moved, self._days)
        if self._spans.change and self._start.decided and not near:
            raise StudyError(perfectly_predicted(f"started {name}"))
        self._late, kept, self.left_out = [], [], {}
        for place, grace in enumerate(protocol.grace):
            try:
                self._late.append(self._window(grace, name, near and near._late[place][2]))
                kept.append(grace)
            except StudyError as error:
                if not kept or near:
                    raise
                self.left_out[grace] = str(error)
        self.protocol = replace(protocol, grace=tuple(kept))

    def among(self, children: TrialChildren) -> "Emulation":
        """Return the trial of other children, its weight models fitted from here on.

        Parameters
        ----------
        children : TrialChildren
            Their design has the same columns.

        Returns
        -------
        Emulation

        Raises
        ------
        StudyError
            If they cannot give every arm.
        """
        return Emulation(children, self.protocol, self._name, near=self)

    def _window(
        self, grace: int, name: str, near: Logistic | None = None
    ) -> tuple[np.ndarray, np.ndarray, Logistic | None]:
        """Return who is at home and undecided before the last days, who then starts, a model.

        No model where history changes within the last days: the hazard of starting tells.
        """
        started, stop = self.children.started, self.children.stop
        if not (stop > grace).any():
            raise StudyError(
                f"{name}: the grace period of {grace} days is longer than anyone is followed; "
                "shorten grace_days."
            )
        asked = (stop > grace) & (started > max(grace - self.protocol.last_days, 0))
        then = asked & (started <= grace)
        if not then.any():
            raise StudyError(
                f"{name}: nobody starts in the last {self.protocol.last_days} days of the grace "
                f"period of {grace} days, so nobody shows what starting then would bring; choose "
                "another grace_days."
            )
        rows = np.flatnonzero(asked)
        if self._spans.change:
            return rows, then[rows], None
        x, words = (
            self.children.x[rows],
            f"started {name} in the last days of a grace period of {grace}",
        )
        model = near.on(x, then[rows]) if near else Logistic(x, then[rows], words)
        return rows, then[rows], model

    @property
    def window_starters(self) -> tuple[int, ...]:
        """Per grace period, the children who stand for those who had not started before."""
        return tuple(int(then.sum()) for _, then, _ in self._late)

    def weights(self, case: np.ndarray | None = None) -> ArmWeights:
        """Fit every weight model with case weights (all 1 by default)."""
        started = self.children.started
        cut = self.protocol.truncate
        day_zero = np.where(started > 0, 1.0, 0.0)
        if self._zero is not None:
            day_zero = day_zero / (1 - self._zero.probability(case))
            day_zero = _cut(day_zero, started > 0, cut)
        start, late = self._start.fitted(case), []
        for grace, (rows, then, model) in zip(self.protocol.grace, self._late, strict=True):
            own = (started <= grace).astype(float)
            if model is None:
                own[rows] = 0.0
                own[rows[then]] = self._standing_in(grace, rows[then], *start)
            else:
                chance = model.probability(None if case is None else case[rows])
                own[rows] = np.where(then, 1 / chance, 0.0)
            late.append(_cut(own, own > 1, cut))
        rate, level = self._move.fitted(case)
        return ArmWeights(day_zero, start, (self._spans.of(rate), level), tuple(late))

    def _standing_in(
        self, grace: int, who: np.ndarray, rate: np.ndarray, level: np.ndarray
    ) -> np.ndarray:
        """Weigh starters of the last days as if all then undecided had started at random.

        A start on day d weighs the pace of starting given nothing, over the chance of it
        given history: of no start from the first of the last days on, and of one on d.
        """
        first = max(grace - self.protocol.last_days, 0)
        passed = level[min(grace, self._days)] - level[first]
        if passed <= 0:
            raise StudyError(f"A replicate holds no start of {self._name} in the last days.")
        never, day = np.isinf(self.children.started), self.children.started
        day = np.where(never | (day < 1), 1, day).astype(np.int64)
        until = self._spans.accumulated(rate, level, day - 1)
        until = until - self._spans.accumulated(rate, level, first)
        return np.exp(until[who]) / (self._spans.at(rate, day)[who] * passed)

    def curves(self, case: np.ndarray | None = None) -> np.ndarray:
        """Return cumulative incidence of the outcome by day.

        Returns
        -------
        numpy.ndarray, shape (grace periods, 2, days + 1)
            Treated then comparison, from day 0; missing past the last child at risk.
        """
        fitted = self.fitted if case is None else self.weights(case)
        one = np.ones(len(self.children.stop)) if case is None else case
        out = np.empty((len(self.protocol.grace), 2, self._days + 1))
        moving = self._growing(*fitted.move, self._days)
        everyone = self._day_sums(one, self.children.stop, moving)
        for k, grace in enumerate(self.protocol.grace):
            if k == 0 or self.protocol.comparison != NEVER:
                comparison = self._comparison(one, fitted, moving, grace)
            treated = self._day_sums(one * fitted.late[k], self.children.stop, moving)
            within = np.arange(self._days + 1) <= grace
            out[k, 0] = _incidence(np.where(within, everyone, treated))
            out[k, 1] = comparison
        return out

    def estimates(self, grid: list[int], case: np.ndarray | None = None) -> np.ndarray:
        """Return risks on the days of a grid, then days lost by the horizons.

        Returns
        -------
        numpy.ndarray, shape (grace periods, 2, len(grid) + horizons)
        """
        curves = self.curves(case)
        lost = [curves[..., :day].sum(axis=-1) for day in self.protocol.horizons]
        return np.concatenate([curves[..., grid], np.stack(lost, axis=-1)], axis=-1)

    def drawn(self, grid: list[int], times: np.ndarray, _stream: list[int]) -> np.ndarray:
        """Estimate again with children drawn so many times.

        Returns
        -------
        numpy.ndarray, shape (1, grace periods, 2, len(grid) + horizons)
        """
        return self.estimates(grid, times.astype(float))[None]

    def _comparison(
        self, one: np.ndarray, fitted: ArmWeights, moving: list["_Growing"], grace: int
    ) -> np.ndarray:
        started = self.children.started
        if self.protocol.comparison == NEVER:
            deviates, until = started, self._days
        else:
            deviates, until = np.where(started <= grace, started, np.inf), grace
        leave = np.minimum(self.children.stop, deviates).astype(np.int64)
        growing = [*self._growing(*fitted.start, until), *moving]
        return _incidence(self._day_sums(one * fitted.day_zero, leave, growing))

    def _growing(self, rate: np.ndarray, level: np.ndarray, until: int) -> list["_Growing"]:
        """Return the growth of weights for not doing something until a day, if there is any."""
        if until <= 0 or level[-1] <= 0:
            return []
        level = level[np.minimum(np.arange(self._days + 1), until)]
        begun = np.exp(self._spans.before(rate, level)) if self._spans.change else None
        return [_Growing(rate, level, begun)]

    def _day_sums(
        self, weight: np.ndarray, leave: np.ndarray, growing: list["_Growing"]
    ) -> np.ndarray:
        """Weighted children at risk, with the outcome and with any event, by day.

        Shape (3, days + 1). A day's weights are those of the evening before, since events
        come before starts.
        """
        days, spans = self._days, self._spans
        evening = np.maximum(np.arange(days + 1) - 1, 0)
        weight, leave = spans.of(weight), spans.of(leave)
        stop, event = spans.of(self.children.stop), spans.of(self.children.event)
        rows = np.flatnonzero(weight > 0)
        enter = None
        if spans.change:
            for each in growing:
                weight = weight * each.begun
            rows = np.flatnonzero((weight > 0) & (leave > spans.enter))
            leave, enter = np.minimum(leave, spans.leave), spans.enter[rows]
        growth = [Growth(each.rate[rows], each.level[evening][1:]) for each in growing]
        sums = np.zeros((3, days + 1))
        sums[0, 1:] = at_risk(leave[rows], weight[rows], days, *growth, enter=enter)
        ends = rows[(event[rows] > 0) & (stop[rows] == leave[rows]) & (stop[rows] <= days)]
        value = weight[ends].copy()
        for each in growing:
            value *= np.exp(each.rate[ends] * each.level[evening][stop[ends]])
        own = event[ends] == OUTCOME_EVENT
        sums[1] = np.bincount(stop[ends][own], value[own], days + 1)
        sums[2] = np.bincount(stop[ends], value, days + 1)
        return sums

    @cached_property
    def fitted(self) -> ArmWeights:
        """The weights of the children as they are."""
        return self.weights()

    def clone_weights(self, day: int) -> tuple[np.ndarray, np.ndarray]:
        """Return what each child's two clones weigh on a day, main grace period.

        Zero where the clone is no longer followed: treated, then comparison.
        """
        grace, stop = self.protocol.grace[0], self.children.stop
        started, fitted = self.children.started, self.fitted
        home = (stop >= day) * np.exp(self._spans.accumulated(*fitted.move, day - 1))
        treated = home * (fitted.late[0] if day > grace else 1.0)
        until = day - 1 if self.protocol.comparison == NEVER else min(day - 1, grace)
        kept = fitted.day_zero * np.exp(self._spans.accumulated(*fitted.start, until))
        return treated, home * kept * (started > until)

    def events_by(self, day: int) -> tuple[int, int]:
        """Count outcome events up to a day among the clones still followed, by arm.

        An event counts in every arm whose clone was still followed: before anyone's
        history contradicts a strategy, in both.
        """
        grace, stop = self.protocol.grace[0], self.children.stop
        started = self.children.started
        happened = (self.children.event == OUTCOME_EVENT) & (stop <= day)
        within = started <= grace
        kept = ~within if self.protocol.comparison != NEVER else ~np.isfinite(started)
        return int((happened & (within | (stop <= grace))).sum()), int((happened & kept).sum())

    @cached_property
    def observed(self) -> dict[str, int]:
        """Children and events behind each arm of the main grace period, as counted.

        A child counts for the treated arm when it started within the grace period, for
        the comparison when it did not deviate while followed.
        """
        started = self.children.started
        within = started <= self.protocol.grace[0]
        kept = ~within if self.protocol.comparison != NEVER else ~np.isfinite(started)
        treated, comparison = self.events_by(self._days)
        return {
            "n_treated": int(within.sum()),
            "n_comparison": int(kept.sum()),
            "events_treated": treated,
            "events_comparison": comparison,
        }


def _incidence(sums: np.ndarray) -> np.ndarray:
    """Aalen-Johansen incidence of the outcome from weighted sums by day."""
    at_home, outcome, any_event = sums
    known = at_home > 1e-9
    hazard = np.divide(any_event, at_home, np.zeros_like(at_home), where=known)
    own = np.divide(outcome, at_home, np.zeros_like(at_home), where=known)
    free = np.cumprod(1 - np.minimum(hazard, 1.0))
    before = np.concatenate([[1.0], free[:-1]])
    curve = np.cumsum(before * own)
    known[0] = True
    return np.where(known, curve, np.nan)


def _cut(weight: np.ndarray, who: np.ndarray, quantile: float) -> np.ndarray:
    if quantile >= 1 or not who.any():
        return weight
    return np.where(who, np.minimum(weight, np.quantile(weight[who], quantile)), weight)
