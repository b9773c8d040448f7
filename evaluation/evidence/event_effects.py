"""Effects on events from counts: odds and risk ratios, risk differences, number needed."""

import math
from dataclasses import dataclass

from evaluation.errors import DataError
from evaluation.evidence.effect_sizes import EffectSize, check_sizes, of_log


def odds_ratio(
    events_treated: float, n_treated: int, events_comparison: float, n_comparison: int
) -> EffectSize:
    """Return the odds ratio of two groups with its logit interval (Woolf, 1955)."""
    a, b, c, d = _cells(events_treated, n_treated, events_comparison, n_comparison, "odds ratio")
    se = math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    return of_log("odds_ratio", math.log(a * d / (b * c)), se, "counts")


def risk_ratio(
    events_treated: float, n_treated: int, events_comparison: float, n_comparison: int
) -> EffectSize:
    """Return the ratio of two risks with its log interval (Katz and others, 1978)."""
    _counts(events_treated, n_treated, events_comparison, n_comparison)
    if not (events_treated and events_comparison):
        raise DataError(
            "A group without events has no risk ratio with an interval: report the risk difference."
        )
    p, q = events_treated / n_treated, events_comparison / n_comparison
    se = math.sqrt((1 - p) / events_treated + (1 - q) / events_comparison)
    return of_log("risk_ratio", math.log(p / q), se, "counts")


def risk_difference(
    events_treated: float, n_treated: int, events_comparison: float, n_comparison: int
) -> EffectSize:
    """Return the difference of two shares.

    The limits are Newcombe's (1998, method 10), from Wilson limits of each share;
    where a share is 0 or 1 each share's exact (Clopper-Pearson, 1934) limits take
    their place, and ``made_from`` says so.
    """
    from statsmodels.stats.proportion import proportion_confint

    _counts(events_treated, n_treated, events_comparison, n_comparison)
    p, q = events_treated / n_treated, events_comparison / n_comparison
    exact = bool({p, q} & {0.0, 1.0})
    method = "beta" if exact else "wilson"
    low_p, high_p = proportion_confint(events_treated, n_treated, method=method)
    low_q, high_q = proportion_confint(events_comparison, n_comparison, method=method)
    value = p - q
    return EffectSize(
        "risk_difference",
        value,
        math.sqrt(p * (1 - p) / n_treated + q * (1 - q) / n_comparison),
        float(value - math.hypot(p - low_p, high_q - q)),
        float(value + math.hypot(high_p - p, q - low_q)),
        "counts, limits from exact limits of each share" if exact else "counts",
    )


@dataclass(frozen=True)
class NumberNeeded:
    """How many children are served for one event fewer; it has no standard error.

    Attributes
    ----------
    benefit_from, benefit_to : float
        Limits where the service prevents events; ``inf`` where no limit exists.
    harm_from : float or None
        Where the interval also holds harm: children served for one event more.
    words : str
        As reports may print it.
    """

    benefit_from: float | None
    benefit_to: float | None
    harm_from: float | None
    words: str


def number_needed_to_serve(difference: EffectSize) -> NumberNeeded:
    """Invert a risk difference of a harmful outcome (Altman, 1998; METHODS 7.10).

    Limits are inverted. When they hold zero the number runs from a benefit through
    infinity to a harm, so the words give only the difference per 100 children.
    """
    if difference.measure != "risk_difference":
        raise DataError(
            f"The number needed to serve comes from a risk difference, not a {difference.measure}."
        )
    low, high = difference.ci_low, difference.ci_high
    if not all(map(math.isfinite, (difference.value, low, high))):
        raise DataError("The number needed to serve needs a risk difference with both its limits.")
    if low < 0 < high or difference.value == 0:
        per_100 = [100 * x for x in (difference.value, low, high)]
        words = "{:+.1f} events per 100 children ({:+.1f} to {:+.1f})".format(*per_100)
        benefit = (-1 / low, math.inf) if low < 0 else (None, None)
        return NumberNeeded(*benefit, 1 / high if high > 0 else None, words.replace("-", "−"))
    ends = sorted(abs(1 / x) if x else math.inf for x in (low, high))
    number = abs(1 / difference.value)
    kind = "fewer" if difference.value < 0 else "more"
    until = "no upper limit" if math.isinf(ends[1]) else f"{ends[1]:.0f}"
    words = f"{number:.0f} children served for one event {kind} ({ends[0]:.0f} to {until})"
    if difference.value > 0:
        return NumberNeeded(None, None, ends[0], words)
    return NumberNeeded(ends[0], ends[1], None, words)


def _counts(
    events_treated: float, n_treated: int, events_comparison: float, n_comparison: int
) -> None:
    check_sizes(n_treated, n_comparison)
    for events, n in ((events_treated, n_treated), (events_comparison, n_comparison)):
        if not 0 <= events <= n:
            raise DataError(f"{events:g} events among {n} children are impossible.")


def _cells(
    events_treated: float, n_treated: int, events_comparison: float, n_comparison: int, what: str
) -> tuple[float, float, float, float]:
    _counts(events_treated, n_treated, events_comparison, n_comparison)
    cells = (
        events_treated,
        n_treated - events_treated,
        events_comparison,
        n_comparison - events_comparison,
    )
    if not all(cells):
        raise DataError(
            f"A group in which all or no children had the event has no {what}: report the risk "
            "difference with its exact interval instead."
        )
    return cells
