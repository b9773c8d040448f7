"""What a study could find, before its data: events needed, effects detectable, power."""

import math
from dataclasses import dataclass

import pandas as pd
from scipy import stats

from evaluation.errors import StudyError
from evaluation.study import Study

ALPHA, POWER = 0.05, 0.80


@dataclass(frozen=True)
class Plan:
    """A study's power.

    Attributes
    ----------
    table : pandas.DataFrame
        ``service``, ``outcome``, ``quantity``, ``value``, ``words``.
    notes : tuple of str
        What was supposed.
    """

    table: pd.DataFrame
    notes: tuple[str, ...]

    def _repr_html_(self) -> str:
        return self.table.to_html(index=False, escape=True)


def design_effect(children: float, families: float, correlation: float) -> float:
    """Return the variance of children in families over that of as many unrelated children.

    ``1 + (m - 1) rho`` with ``m`` the mean number of children a family (Kish, 1965);
    unequal family sizes make it a little larger.
    """
    return 1 + (children / families - 1) * correlation


def events_needed(ratio: float, share: float, alpha: float = ALPHA, power: float = POWER) -> float:
    """Return outcome events needed to find a hazard ratio (Schoenfeld, 1983)."""
    return _z(alpha, power) ** 2 / (share * (1 - share) * math.log(ratio) ** 2)


def detectable_ratio(
    events: float, share: float, alpha: float = ALPHA, power: float = POWER
) -> float:
    """Return the hazard ratio below 1 that so many events find with the power wanted."""
    return math.exp(-_z(alpha, power) / math.sqrt(events * share * (1 - share)))


def detectable_difference(
    risk: float, treated: float, comparison: float, alpha: float = ALPHA, power: float = POWER
) -> float | None:
    """Return the fall in risk that two arms of these sizes find (normal approximation).

    Nothing where even a risk of zero could not be told from the comparison's.
    """
    low, high = 0.0, risk
    if power_of_difference(risk, 0.0, treated, comparison, alpha) < power:
        return None
    for _ in range(60):
        middle = (low + high) / 2
        if power_of_difference(risk, middle, treated, comparison, alpha) >= power:
            low = middle
        else:
            high = middle
    return risk - low


def power_of_difference(
    risk: float, served: float, treated: float, comparison: float, alpha: float = ALPHA
) -> float:
    """Return the power to tell a served risk from the comparison's."""
    spread = math.sqrt(served * (1 - served) / treated + risk * (1 - risk) / comparison)
    return float(stats.norm.cdf(abs(risk - served) / spread - stats.norm.ppf(1 - alpha / 2)))


def plan(
    study: Study,
    exits: int,
    families: int,
    risk: float,
    share_served: float,
    ratio: float = 0.75,
    uptake: float = 1.0,
    correlation: float = 0.5,
    followed: float = 1.0,
) -> Plan:
    """Say what a study of so many exits could find.

    Parameters
    ----------
    study : Study
        The protocol: services, outcomes and the main horizon.
    exits : int
        Children expected to exit in the window.
    families : int
        Families they come from.
    risk : float
        Share with the outcome by the main horizon in the comparison.
    share_served : float
        Share of children in the served arm (offered, where ``uptake`` is below 1).
    ratio : float
        Hazard ratio of the service for which power is wanted.
    uptake : float
        Share of those offered who start: it dilutes the effect of the offer.
    correlation : float
        Correlation of siblings' outcomes.
    followed : float
        Share of children whose follow-up reaches the main horizon.

    Returns
    -------
    Plan

    Raises
    ------
    StudyError
        If an argument cannot be.
    """
    for name, value in (
        ("risk", risk),
        ("share_served", share_served),
        ("uptake", uptake),
        ("followed", followed),
    ):
        if not 0 < value <= 1 or (name in ("risk", "share_served") and value == 1):
            raise StudyError(f"{name} is {value}: give a share above 0 and below 1.")
    if not 0 <= correlation <= 1:
        raise StudyError(f"correlation is {correlation}: give a number from 0 to 1.")
    if not 0 < families <= exits:
        raise StudyError(f"families is {families}: give a number from 1 to the {exits} exits.")
    if ratio <= 0 or ratio == 1:
        raise StudyError(f"ratio is {ratio}: give a hazard ratio above 0 other than 1.")
    effect = design_effect(exits, families, correlation)
    worth = exits * followed / effect
    treated, comparison = worth * share_served, worth * (1 - share_served)
    diluted = 1 - uptake * (1 - ratio)
    served = 1 - (1 - risk) ** diluted
    events = treated * served + comparison * risk
    needed = events_needed(diluted, share_served)
    detectable = detectable_ratio(events, share_served)
    for_starters = 1 - (1 - detectable) / uptake
    difference = detectable_difference(risk, treated, comparison)
    power_ratio = float(
        stats.norm.cdf(
            math.sqrt(events * share_served * (1 - share_served)) * abs(math.log(diluted))
            - stats.norm.ppf(1 - ALPHA / 2)
        )
    )
    starters = "" if uptake == 1 else f" (ratio {ratio:g} in starters, diluted by uptake)"
    rows = [
        ("design effect of siblings", effect, f"{exits / families:.2f} children a family"),
        ("children worth", worth, "unrelated children followed to the horizon"),
        ("events expected", events, "among these, unrelated"),
        ("events needed", needed, f"for a hazard ratio of {diluted:.2f}{starters}"),
        ("power", power_ratio, f"to find a hazard ratio of {diluted:.2f}{starters}"),
        ("detectable hazard ratio", detectable, "of the offer" if uptake < 1 else "of the service"),
        (
            "detectable hazard ratio in starters",
            for_starters if for_starters > 0 else math.nan,
            "when only starters are changed" if for_starters > 0 else "no ratio is that strong",
        ),
        (
            "detectable fall per 100 children",
            math.nan if difference is None else 100 * difference,
            "no fall can be told from chance" if difference is None else f"from {100 * risk:g}",
        ),
        (
            "power for the risk difference",
            power_of_difference(risk, served, treated, comparison),
            f"from {100 * risk:.3g} to {100 * served:.3g} per 100 children",
        ),
    ]
    names = [
        (service.program, outcome) for service in study.services for outcome in study.outcomes.named
    ]
    if study.primary:
        names = [(study.primary.service, study.primary.outcome)]
    table = pd.DataFrame(
        [(service, outcome, *row) for service, outcome in names for row in rows],
        columns=["service", "outcome", "quantity", "value", "words"],
    )
    notes = (
        f"Two-sided test at {ALPHA:g}, power {POWER:.0%}; day {study.main_horizon}.",
        f"Supposed: {exits:,} exits from {families:,} families, {risk:.1%} with the outcome in the "
        f"comparison, {share_served:.0%} in the served arm, uptake {uptake:.0%}, sibling "
        f"correlation {correlation:g}, {followed:.0%} followed to the horizon.",
        "Weighting costs more: divide the children worth by the design effect of the weights, "
        "which is not known before the data.",
    )
    return Plan(table, notes)


def _z(alpha: float, power: float) -> float:
    return float(stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power))
