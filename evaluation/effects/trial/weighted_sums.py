"""Sums over children at risk whose weights grow with time, day by day.

A clone that must not start by day t weighs ``exp(a(t) r)``, with ``r`` its relative
hazard of starting and ``a`` the cumulative baseline hazard; a move away adds
``exp(b(t) q)``. The sum over everyone at risk on each of many days would cost children
x days exponentials. Expanded in Chebyshev polynomials it costs a few sums over children,
whatever the days, and is exact to rounding: the coefficients of an exponential are modified
Bessel functions (Abramowitz and Stegun, 1964, 9.6.34), which say how many are needed; they
are taken from its values at the polynomials' nodes (Trefethen, 2013). Children whose growth
differs by more than a factor of exp(8) are summed apart, since what the largest is rounded
by would drown the smallest.
"""

import numpy as np
from scipy import special

from evaluation.estimates.risksets import scatter

TOLERANCE = 1e-12
MOST_TERMS = 60
WIDEST = 4.0
"""Half the span of log growth among children who are summed together."""


class Growth:
    """``exp(level * rate)`` for many rates and many levels, term by term.

    Parameters
    ----------
    rate : numpy.ndarray
        One per child.
    level : numpy.ndarray
        One per day, zero or more.
    """

    def __init__(self, rate: np.ndarray, level: np.ndarray):
        low, high = (float(rate.min()), float(rate.max())) if len(rate) else (0.0, 0.0)
        self._middle, self._half = (low + high) / 2, (high - low) / 2
        self.reach = self._half * (float(level.max()) if len(level) else 0.0)
        self.terms = _terms(self.reach)
        self._rate, self._level = rate, level

    @property
    def slower(self) -> np.ndarray:
        """Whether each child's rate lies in the lower half of their range."""
        return self._rate <= self._middle

    def among(self, kept: np.ndarray) -> "Growth":
        """Return the growth of some of the children."""
        return Growth(self._rate[kept], self._level)

    def polynomials(self) -> np.ndarray:
        """Return each child's polynomials, shape (terms, children)."""
        place = (self._rate - self._middle) / (self._half or 1.0)
        out = np.empty((self.terms, len(place)))
        out[0] = 1.0
        if self.terms > 1:
            out[1] = place
        for k in range(2, self.terms):
            np.multiply(2 * place, out[k - 1], out=out[k])
            out[k] -= out[k - 2]
        return out

    def coefficients(self) -> np.ndarray:
        """Return what each polynomial counts on each day, shape (days, terms)."""
        angle = (np.arange(self.terms) + 0.5) * np.pi / self.terms
        grown = np.exp(np.outer(self._level, self._middle + self._half * np.cos(angle)))
        turned = np.cos(np.outer(angle, np.arange(self.terms))) * (2 / self.terms)
        turned[:, 0] /= 2
        return grown @ turned


def at_risk(
    leave: np.ndarray,
    weight: np.ndarray,
    days: int,
    *growth: Growth,
    enter: np.ndarray | None = None,
) -> np.ndarray:
    """Sum weights over the children at risk on each day.

    Parameters
    ----------
    leave : numpy.ndarray of int
        Last day each child is at risk; 0 for none.
    weight : numpy.ndarray
        What each child weighs before it grows.
    days : int
        Days 1 to ``days`` are summed.
    *growth : Growth
        Factors of the weights; their levels are those of days 1 to ``days``.
    enter : numpy.ndarray of int, optional
        Day after which each is at risk; by default the exit.

    Returns
    -------
    numpy.ndarray, shape (days,)
        Sum over children with ``enter < day <= leave`` of weight times every growth.
    """
    widest = max(growth, key=lambda each: each.reach, default=None)
    if widest is not None and widest.reach > WIDEST:
        parts = [
            at_risk(
                leave[kept],
                weight[kept],
                days,
                *(each.among(kept) for each in growth),
                enter=None if enter is None else enter[kept],
            )
            for kept in (widest.slower, ~widest.slower)
        ]
        return parts[0] + parts[1]
    growth = growth or (Growth(np.zeros(len(weight)), np.zeros(days)),)
    *few, many = sorted(growth, key=lambda each: each.terms)
    children = np.ascontiguousarray(many.polynomials().T)
    outer, by_day = [(weight, np.ones(days))], many.coefficients()
    for each in few:
        own = zip(each.polynomials(), each.coefficients().T, strict=True)
        outer = [(a * b, c * d) for b, d in own for a, c in outer]
    leave, enter = (None if day is None else np.minimum(day, days) for day in (leave, enter))
    total = np.zeros(days)
    for values, counts in outer:
        counted = scatter(leave, values, children, days + 1)
        if enter is not None:
            counted -= scatter(enter, values, children, days + 1)
        at_home = np.cumsum(counted[:0:-1], axis=0)[::-1]
        total += np.einsum("dk,dk->d", at_home, by_day) * counts
    return total


def _terms(reach: float) -> int:
    small = 2 * special.ive(np.arange(MOST_TERMS), reach) < TOLERANCE
    return max(1, int(np.argmax(small)) if small.any() else MOST_TERMS)
