"""Cox's partial likelihood on risk-set sums, with Breslow's or Efron's ties.

References
----------
Cox (1972); Breslow (1974); Efron (1977); Lin and Wei (1989) for the score
residuals; Therneau and Grambsch (2000), chapter 7, for weights under Efron.
"""

from dataclasses import dataclass

import numpy as np

from evaluation.estimates.risksets import RiskSets, pick, scatter

CHUNK = 4096
_RUN = 32_768


@dataclass(frozen=True)
class Hazard:
    """The baseline hazard at a coefficient, cell by cell.

    Parameters
    ----------
    risk : ndarray of float, shape (n,)
        ``weight * exp(linear predictor)`` of each row.
    loglik : float
        Partial log-likelihood.
    total, tied : ndarray of float, shape (cells,)
        Risk of those at risk, and of those with the event.
    increment : ndarray of float, shape (cells,)
        Hazard of a row at risk without the event.
    relief : ndarray of float, shape (cells,)
        How much less of it a row with the event bears (Efron).
    moments : tuple of ndarray
        Per cell ``w sum(f^m / D^2)`` for m = 0, 1, 2, with the mean weight ``w``
        of the tied events, the denominators ``D`` and shares ``f`` of Efron.
    means : tuple of ndarray
        Per cell ``sum(f^m / D) / d`` for m = 0, 1.
    """

    risk: np.ndarray
    loglik: float
    total: np.ndarray
    tied: np.ndarray
    increment: np.ndarray
    relief: np.ndarray
    moments: tuple[np.ndarray, np.ndarray, np.ndarray]
    means: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class _ScoreTables:
    """What the scores of rows are looked up in: two numbers a row, three tables by cell."""

    risk: np.ndarray
    residual: np.ndarray
    running: tuple[np.ndarray, np.ndarray | None]
    mean: np.ndarray
    relief: np.ndarray


class PartialLikelihood:
    """Partial likelihood of one set of rows.

    Parameters
    ----------
    sets : RiskSets
        Grid on which the rows lie.
    x : ndarray of float, shape (n, p)
        Covariates, best centred.
    event : ndarray of bool, shape (n,)
        Rows that end in the event.
    weights : ndarray of float, shape (n,)
        Case weights; rows of weight zero contribute nothing, to ties neither.
    offset : ndarray of float or None
        Added to the linear predictor.
    ties : {"efron", "breslow"}
        How tied events share the risk set.
    """

    def __init__(
        self,
        sets: RiskSets,
        x: np.ndarray,
        event: np.ndarray,
        weights: np.ndarray,
        offset: np.ndarray | None = None,
        ties: str = "efron",
    ):
        self.sets, self.x, self.weights, self.offset = sets, x, weights, offset
        self.event, self.ties = event, ties
        self.events = np.flatnonzero(event & (weights > 0))
        self.cell = sets.leave[self.events]
        self.count = np.bincount(self.cell, minlength=sets.size)
        heavy = np.bincount(self.cell, weights[self.events], sets.size)
        self.mean_weight = np.divide(heavy, self.count, np.zeros(sets.size), where=self.count > 0)
        self._shares(ties)
        self._x_events: np.ndarray | None = None

    def reweighted(self, weights: np.ndarray) -> "PartialLikelihood":
        """Return the partial likelihood of the same rows, on the same grid, with other weights."""
        return PartialLikelihood(self.sets, self.x, self.event, weights, self.offset, self.ties)

    def thinned(self, every: int) -> "PartialLikelihood":
        """Return the partial likelihood of one of each ``every`` rows, on the same grid."""
        return PartialLikelihood(
            self.sets.thinned(every),
            np.ascontiguousarray(self.x[::every]),
            self.event[::every],
            self.weights[::every],
            None if self.offset is None else self.offset[::every],
            self.ties,
        )

    def _shares(self, ties: str) -> None:
        """Number the tied events of a cell 0, 1, …; Efron's share is number / count."""
        self.occupied = np.flatnonzero(self.count)
        tied = self.count[self.occupied]
        self.first = np.cumsum(tied) - tied
        self.place = np.repeat(self.occupied, tied)
        number = np.arange(len(self.place)) - np.repeat(self.first, tied)
        self.share = number / self.count[self.place] if ties == "efron" else 0.0 * number

    def predictor(self, beta: np.ndarray) -> np.ndarray:
        """Return the linear predictor of each row, offset included."""
        line = self.x @ beta
        return line if self.offset is None else line + self.offset

    def hazard(self, beta: np.ndarray) -> Hazard:
        """Return risks, log-likelihood and baseline hazard at ``beta``.

        Parameters
        ----------
        beta : ndarray of float, shape (p,)

        Returns
        -------
        Hazard
        """
        sets, size = self.sets, self.sets.size
        line = self.predictor(beta)
        with np.errstate(over="ignore", invalid="ignore"):
            scores = line[self.events]
            risk = np.exp(line, out=line)
            risk *= self.weights
            tied = np.bincount(self.cell, risk[self.events], size)
            total = np.maximum(sets.totals(risk), tied)
            inner = total[self.place] - self.share * tied[self.place]
            weight = self.mean_weight[self.place]
            loglik = self.weights[self.events] @ scores - weight @ np.log(inner)
            one = 1 / inner
            sums, squares = [self._sum(one)], [self._sum(one * one)]
            if self.ties == "efron":
                part = self.share * one
                sums.append(self._sum(part))
                squares += [self._sum(one * part), self._sum(part * part)]
            else:
                nothing = np.zeros(size)
                sums, squares = [*sums, nothing], [*squares, nothing, nothing]
        mean = self.mean_weight
        deaths = np.maximum(self.count, 1)
        return Hazard(
            risk=risk,
            loglik=float(loglik),
            total=total,
            tied=tied,
            increment=mean * sums[0],
            relief=mean * sums[1],
            moments=tuple(mean * s for s in squares),
            means=(sums[0] / deaths, sums[1] / deaths),
        )

    def exposure(self, hazard: Hazard) -> np.ndarray:
        """Return the cumulative baseline hazard each row was exposed to, shape (n,)."""
        out = self.sets.over(hazard.increment)
        out[self.events] -= hazard.relief[self.cell]
        return out

    def gradient(self, hazard: Hazard) -> np.ndarray:
        """Return the gradient, shape (p,), alone."""
        return self._residual(self._expected(hazard)) @ self.x

    def _expected(self, hazard: Hazard) -> np.ndarray:
        """Return the weighted events expected of each row."""
        expected = self.exposure(hazard)
        expected *= hazard.risk
        return expected

    def _residual(self, expected: np.ndarray) -> np.ndarray:
        """Return each row's weighted event less what was expected of it."""
        residual = -expected
        residual[self.events] += self.weights[self.events]
        return residual

    def derivatives(self, hazard: Hazard) -> tuple[np.ndarray, np.ndarray]:
        """Return gradient, shape (p,), and information, shape (p, p).

        The sum over event times of the risk sets' second moments is
        ``X' diag(risk * exposure) X``; what is subtracted from it are products
        of first moments, cell by cell.

        Parameters
        ----------
        hazard : Hazard
            At the coefficient wanted.

        Returns
        -------
        tuple of ndarray
        """
        expected = self._expected(hazard)
        residual = self._residual(expected)
        p = self.x.shape[1]
        both, scaled = np.zeros((p, p + 1)), np.empty((CHUNK, p + 1))
        for low in range(0, len(self.x), CHUNK):
            part = self.x[low : low + CHUNK]
            into = scaled[: len(part)]
            np.multiply(part, expected[low : low + CHUNK, None], out=into[:, :p])
            into[:, p] = residual[low : low + CHUNK]
            both += part.T @ into
        gradient, second = both[:, p], both[:, :p]
        zero, one, two = hazard.moments
        if self.ties == "breslow":
            sums = self.sets.products(hazard.risk, self.x)
            information = second - sums.T @ (zero[:, None] * sums)
        else:
            sums, tied = self.first_moments(hazard)
            cross = sums.T @ (one[:, None] * tied)
            square = sums.T @ (zero[:, None] * sums) + tied.T @ (two[:, None] * tied)
            information = second - square + cross + cross.T
        return gradient, (information + information.T) / 2

    def first_moments(self, hazard: Hazard) -> tuple[np.ndarray, np.ndarray]:
        """Return per cell the sums of ``risk * x`` at risk and over tied events."""
        if self._x_events is None:
            self._x_events = self.x[self.events]
        sums = self.sets.products(hazard.risk, self.x)
        risk = hazard.risk[self.events]
        return sums, scatter(self.cell, risk, self._x_events, self.sets.size)

    def scores(
        self, hazard: Hazard, codes: np.ndarray | None = None, count: int | None = None
    ) -> np.ndarray:
        """Return each row's part of the score, or the sums of these parts by cluster.

        Case weights are included, so that all of them add up to the gradient
        (Lin and Wei, 1989).

        Parameters
        ----------
        hazard : Hazard
            At the coefficient wanted.
        codes : ndarray of int, shape (n,), optional
            Cluster of each row; by default each row is its own.
        count : int, optional
            Number of clusters.

        Returns
        -------
        ndarray of float, shape (count, p)
        """
        if codes is None:
            codes, count = np.arange(len(self.x)), len(self.x)
        return self._scores(self._score_tables(hazard), slice(0, len(self.x)), codes, count)

    def score_products(self, hazard: Hazard, codes: np.ndarray) -> np.ndarray:
        """Sum over clusters the outer products of their scores.

        Where the rows of clusters follow each other, run after run, so that the
        scores of all clusters need not be held at once.

        Parameters
        ----------
        hazard : Hazard
        codes : ndarray of int, shape (n,)
            Cluster of each row.

        Returns
        -------
        ndarray of float, shape (p, p)
        """
        tables, total = self._score_tables(hazard), 0.0
        cuts = np.array([0, len(codes)])
        if (codes[1:] >= codes[:-1]).all():
            near = codes[np.arange(_RUN, len(codes), _RUN)]
            cuts = np.unique([0, *np.searchsorted(codes, near), len(codes)])
        for low, high in zip(cuts[:-1], cuts[1:], strict=True):
            mine = codes[low:high] - codes[low:high].min()
            part = self._scores(tables, slice(low, high), mine, int(mine.max()) + 1)
            total = total + part.T @ part
        return total

    def _score_tables(self, hazard: Hazard) -> "_ScoreTables":
        sums, tied = self.first_moments(hazard)
        zero, one, two = (m[:, None] for m in hazard.moments)
        return _ScoreTables(
            hazard.risk,
            self._residual(self._expected(hazard)),
            self.sets.running(zero * sums - one * tied),
            hazard.means[0][:, None] * sums - hazard.means[1][:, None] * tied,
            one * sums - two * tied,
        )

    def _scores(
        self, tables: "_ScoreTables", rows: slice, codes: np.ndarray, count: int
    ) -> np.ndarray:
        """Return the scores of a run of rows, summed by their codes."""
        sets = self.sets.part(rows)
        out = sets.shares(tables.risk[rows], tables.running, codes, count)
        out += scatter(codes, tables.residual[rows], self.x[rows], count)
        low, high = np.searchsorted(self.events, (rows.start, rows.stop))
        events, cell = self.events[low:high], self.cell[low:high]
        whose = codes[events - rows.start]
        out -= pick(self.weights[events], whose, cell, tables.mean, count)
        out -= pick(tables.risk[events], whose, cell, tables.relief, count)
        return out

    def _sum(self, values: np.ndarray) -> np.ndarray:
        """Add up one value for each tied event, cell by cell."""
        out = np.zeros(self.sets.size)
        out[self.occupied] = np.add.reduceat(values, self.first)
        return out
