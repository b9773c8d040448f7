"""The hazard of starting, or of moving away, given what is known."""

import numpy as np
import pandas as pd

from evaluation import estimates
from evaluation.effects.trial.spans import Spans
from evaluation.errors import StudyError

FAR = 30.0
"""Stands for a coefficient without a finite value: a hazard of exp(-30) is none."""


class Hazard:
    """A Cox model given what is known at the exit and, where it changes, by the day before.

    Parameters
    ----------
    x : numpy.ndarray, shape (children, columns)
        Design of what is known at the exit.
    spans : Spans
        What changes afterwards.
    last : numpy.ndarray of int, shape (children,)
        Last day each child could do so.
    happened : numpy.ndarray of bool, shape (children,)
        Whether it did, on that day.
    days : int
        Days of the baseline hazard.
    """

    def __init__(
        self, x: np.ndarray, spans: Spans, last: np.ndarray, happened: np.ndarray, days: int
    ):
        self._days, self._spans, self._x = days, spans, spans.beside(x)
        last = spans.of(last)
        leave = np.minimum(last, spans.leave)
        self._rows = np.flatnonzero(leave > spans.enter)
        self._enter, self._leave = spans.enter[self._rows], leave[self._rows]
        self._happened = (spans.of(happened) & (last == leave))[self._rows]
        self._model, self._beta = None, np.zeros(0)
        if self._happened.any() and self._x.shape[1]:
            names = [f"x{k}" for k in range(self._x.shape[1])]
            data = pd.DataFrame(self._x[self._rows], columns=names)
            data = data.assign(stop=self._leave, event=self._happened.astype(int))
            entry = {}
            if spans.change:
                data, entry = data.assign(start=self._enter), {"start": "start"}
            try:
                self._model = estimates.cox(
                    data, " + ".join(names), stop="stop", event="event", ties="breslow", **entry
                )
            except estimates.EstimateError as error:
                if not spans.change:
                    raise
                raise StudyError(
                    f"The model of starting given history has no solution ({error}) Name less in "
                    "adjustment.history, or [] for what is known at the exit alone."
                ) from None
            self._beta = self._model.table["coef"].to_numpy(float)

    @property
    def decided(self) -> bool:
        """Whether what is known decides perfectly that some children never do so."""
        return not np.isfinite(self._beta).all()

    def fitted(self, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Return every span's relative hazard and the baseline by day (Breslow, 1974)."""
        own = np.ones(len(self._rows)) if weight is None else self._spans.of(weight)[self._rows]
        if self._model is None or not (own[self._happened] > 0).any():
            rate = np.ones(len(self._x))
        else:
            beta = self._beta if weight is None else self._model.reweighted(own).to_numpy()
            rate = np.exp(self._x @ np.nan_to_num(beta, posinf=FAR, neginf=-FAR))
        days = self._days
        inside = np.minimum(self._leave, days + 1)
        at_risk = own * rate[self._rows]
        risk = np.bincount(inside, at_risk, days + 2)
        if self._spans.change:
            risk = risk - np.bincount(np.minimum(self._enter, days + 1), at_risk, days + 2)
        risk = np.cumsum(risk[::-1])[::-1]
        events = np.bincount(inside[self._happened], own[self._happened], days + 2)
        steps = np.divide(events, risk, np.zeros(days + 2), where=risk > 0)[: days + 1]
        steps[0] = 0.0
        return rate, np.cumsum(steps)
