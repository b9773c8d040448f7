"""Pooling of studies: random effects by REML, Hartung-Knapp, and a prediction interval."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import optimize, stats

from evaluation.errors import DataError
from evaluation.evidence.body import EvidenceStudy, no_overlap
from evaluation.evidence.effect_sizes import RATIOS, EffectSize

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST_STUDIES = 3


@dataclass(frozen=True)
class Synthesis:
    """Studies side by side and, where there are enough, pooled.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per study: ``study``, ``estimate``, ``ci_low``, ``ci_high``, ``weight``
        (share in the pooled effect; missing where nothing is pooled).
    measure : str
        Of every estimate.
    pooled : EffectSize or None
        Limits are Hartung-Knapp's; missing where nothing is pooled.
    p : float or None
        Of the pooled effect.
    tau2 : float or None
        Variance between studies, on the log scale for ratios.
    prediction : (float, float) or None
        95% limits of the effect in a new setting.
    why_not : str
        Why nothing is pooled, else empty.
    left_out : tuple of str
        Ids of contrasts whose design or execution forbids reading them as an effect.
    """

    table: pd.DataFrame
    measure: str
    pooled: EffectSize | None = None
    p: float | None = None
    tau2: float | None = None
    prediction: tuple[float, float] | None = None
    why_not: str = ""
    left_out: tuple[str, ...] = ()

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the studies and, where they are pooled, the pooled effect beneath.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.estimates.interval_drawing import draw_intervals

        shown = self.table[["study", "estimate", "ci_low", "ci_high"]].to_numpy().tolist()
        if self.pooled is not None:
            shown.append(["Pooled", self.pooled.value, self.pooled.ci_low, self.pooled.ci_high])
        labels, *values = zip(*shown, strict=True)
        ratio = self.measure in RATIOS
        return draw_intervals(
            labels,
            *values,
            axis_label=f"{self.measure.replace('_', ' ').capitalize()} (95% interval)",
            reference=1.0 if ratio else 0.0,
            logarithmic=ratio,
            title=self.sentence,
            ax=ax,
        )

    def _repr_html_(self) -> str:
        said = html.escape(self.sentence)
        return f"<p>{said}</p>{self.table.to_html(index=False, escape=True)}"

    @property
    def sentence(self) -> str:
        """The pooled effect in words, or why there is none, and what was left out."""
        without = "".join(
            f" {each} is left out, since its design or execution forbids reading it as an effect."
            for each in self.left_out
        )
        if self.pooled is None:
            return self.why_not + without
        low, high = self.prediction
        return (
            f"Pooled {self.measure.replace('_', ' ')} {self.pooled.value:.2f} "
            f"({self.pooled.ci_low:.2f} to {self.pooled.ci_high:.2f}) over {len(self.table)} "
            f"studies; in a new setting between {low:.2f} and {high:.2f}.{without}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "measure": self.measure,
            "studies": self.table.to_dict("records"),
            "pooled": None if self.pooled is None else vars(self.pooled),
            "p": self.p,
            "tau2": self.tau2,
            "prediction": self.prediction,
            "why_not": self.why_not,
            "left_out": list(self.left_out),
        }


def synthesis(
    effects: Sequence[tuple[EvidenceStudy, EffectSize]], left_out: tuple[str, ...] = ()
) -> Synthesis:
    """Pool the effects of studies whose samples do not overlap.

    Random effects: restricted maximum likelihood for the variance between studies
    (Viechtbauer, 2005), the Hartung-Knapp variance with k - 1 degrees of freedom
    (Knapp and Hartung, 2003), and a prediction interval with k - 2 (Higgins, Thompson
    and Spiegelhalter, 2009). Fewer than three studies, and studies that share or may
    share children, are shown and not pooled (METHODS 11.5).

    Parameters
    ----------
    effects : sequence of (EvidenceStudy, EffectSize)
        One effect a study, all of one measure. Ratios are pooled on the log scale.
    left_out : tuple of str
        What was kept from it, to be named in the result.

    Returns
    -------
    Synthesis

    Raises
    ------
    DataError
        If measures differ, or a standard error is missing or not above 0.
    """
    measures = {effect.measure for _, effect in effects}
    if len(measures) > 1:
        raise DataError(
            f"Effects of different measures ({', '.join(sorted(measures))}) cannot be pooled: give "
            "one measure."
        )
    for study, effect in effects:
        if not effect.se > 0:
            raise DataError(f"{study.label} has no standard error above 0, so it has no weight.")
    measure = next(iter(measures), "")
    table = pd.DataFrame(
        [(s.label, e.value, e.ci_low, e.ci_high) for s, e in effects],
        columns=["study", "estimate", "ci_low", "ci_high"],
    ).assign(weight=math.nan)
    why = _why_not([study for study, _ in effects])
    if why:
        return Synthesis(table, measure, why_not=why, left_out=left_out)
    log = measure in RATIOS
    y = np.array([math.log(e.value) if log else e.value for _, e in effects])
    v = np.array([e.se**2 for _, e in effects])
    return replace(_pool(table, measure, y, v, log), left_out=left_out)


def _why_not(studies: list[EvidenceStudy]) -> str:
    shared = [
        (a.label, b.label, apart)
        for a, b in combinations(studies, 2)
        if (apart := no_overlap(a, b)) != "present"
    ]
    if shared:
        one, other, apart = shared[0]
        verb = "share" if apart == "absent" else "may share"
        return f"Not pooled: {one} and {other} {verb} children."
    if len(studies) < LEAST_STUDIES:
        there = "there is 1" if len(studies) == 1 else f"there are {len(studies)}"
        return f"Not pooled: pooling needs at least {LEAST_STUDIES} studies, {there}."
    return ""


def _pool(table: pd.DataFrame, measure: str, y: np.ndarray, v: np.ndarray, log: bool) -> Synthesis:
    k, tau2 = len(y), reml(y, v)
    weight = 1 / (v + tau2)
    mean = float(weight @ y / weight.sum())
    variance = float(weight @ (y - mean) ** 2 / ((k - 1) * weight.sum()))
    se = math.sqrt(variance)
    reach = float(stats.t.ppf(0.975, k - 1)) * se
    wide = float(stats.t.ppf(0.975, k - 2)) * math.sqrt(tau2 + variance)
    ends = [mean, mean - reach, mean + reach, mean - wide, mean + wide]
    value, low, high, new_low, new_high = map(math.exp, ends) if log else ends
    return Synthesis(
        table.assign(weight=weight / weight.sum()),
        measure,
        EffectSize(measure, value, se, low, high, f"{k} studies, REML, Hartung–Knapp"),
        float(2 * stats.t.sf(abs(mean) / se, k - 1)) if se > 0 else math.nan,
        tau2,
        (new_low, new_high),
    )


def reml(y: np.ndarray, v: np.ndarray) -> float:
    """Return the variance between studies that maximizes the restricted likelihood.

    Parameters
    ----------
    y, v : numpy.ndarray
        Effects and their sampling variances.
    """

    def minus_log_likelihood(tau2: float) -> float:
        weight = 1 / (v + tau2)
        mean = weight @ y / weight.sum()
        return float(np.log(v + tau2).sum() + math.log(weight.sum()) + weight @ (y - mean) ** 2)

    most = 10 * (float(np.var(y, ddof=1)) + float(v.max()))
    grid = np.concatenate([[0.0], np.geomspace(1e-8 * most, most, 400)])
    place = int(np.argmin([minus_log_likelihood(t) for t in grid]))
    low, high = grid[max(0, place - 1)], grid[min(len(grid) - 1, place + 1)]
    found = optimize.minimize_scalar(
        minus_log_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-12}
    )
    return float(found.x) if found.fun < minus_log_likelihood(0.0) else 0.0
