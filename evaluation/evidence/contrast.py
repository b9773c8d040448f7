"""One contrast as evidence: what it compared, how, and how long after the service it saw."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from evaluation.evidence.attrition import Attrition
from evaluation.evidence.effect_sizes import EffectSize
from evaluation.evidence.end_of_service import EndOfServiceClock
from evaluation.evidence.event_effects import NumberNeeded
from evaluation.evidence.status import Status

SIGNIFICANT = 0.05
Direction = Literal["favorable", "unfavorable", "none", "unknown"]


@dataclass(frozen=True)
class AfterService:
    """The effect on events after the intended end, among children still home then.

    A landmark comparison at the intended end of the service: what happened during the
    service is left out of it (METHODS 11.1).

    Attributes
    ----------
    landmark, horizon : int
        Days from the exit.
    difference : EffectSize or None
        Difference of the risks from landmark to horizon; missing where it cannot be
        estimated.
    counts : dict of str to int
        ``n_treated``, ``n_comparison``, ``events_treated``, ``events_comparison`` of
        the children still home.
    p : float or None
        Of the difference, not adjusted for other contrasts.
    why_not : str
        Why there is no difference, else empty.
    """

    landmark: int
    horizon: int
    difference: EffectSize | None
    counts: dict[str, int]
    p: float | None = None
    why_not: str = ""

    @property
    def direction(self) -> Direction:
        """Whether fewer, more or about as many events followed the end of service."""
        return "unknown" if self.difference is None else direction_of(self.difference.value, self.p)


@dataclass(frozen=True, eq=False)
class ContrastEvidence:
    """One service against one comparison on one outcome, at one horizon.

    Attributes
    ----------
    id : str
        ``service.outcome.horizon``; ``horizon`` is ``rate`` for a hazard ratio.
    service, comparison, outcome, population, method : str
        As in the effects table.
    horizon : int or None
        Days from the exit; missing for a hazard ratio, which has none.
    design : str
        The study's; ``quasi-experimental`` where a randomized study has no randomization
        to this service in its records.
    primary : bool
        Whether it was declared before outcomes were read.
    counts : dict of str to int
        ``n_treated``, ``n_comparison``, ``events_treated``, ``events_comparison``,
        ``clusters``; empty where withheld.
    effects : tuple of EffectSize
        Risk difference, risk ratio and the Cox index of the horizon risks; or the
        hazard ratio.
    needed : NumberNeeded or None
        Number needed to serve, from the risk difference.
    p, p_adjusted : float or None
        Of the risk difference, or of the hazard ratio; adjusted over its family.
    clock : EndOfServiceClock or None
        Where the horizon lies beside the end of service.
    after_service : AfterService or None
        The landmark effect after the intended end.
    baseline : pandas.DataFrame
        From `baseline_equivalence`; empty without covariates.
    lacking : tuple of str
        Background the baseline lacks, from `lacks_background`.
    premeasured : str
        Whether the baseline, measured at the exit, precedes every treated child's
        service.
    attrition : Attrition or None
        Missing where nobody was assigned, as in a retrospective cohort, and where losses
        cannot be counted.
    confounds : tuple of str
        From `single_unit_confound`.
    diagnostics : str
        ``passes``, ``fails`` or ``not run``.
    estimate_ids : tuple of str
        Of the rows behind it.
    withheld : bool
        Whether a release keeps its numbers back; nothing is concluded from it then.
    attrition_unknown : str
        Why losses among those randomized cannot be counted, else empty.
    """

    id: str
    service: str
    comparison: str
    outcome: str
    horizon: int | None
    population: str
    method: str
    design: str
    primary: bool
    counts: dict[str, int]
    effects: tuple[EffectSize, ...]
    needed: NumberNeeded | None
    p: float | None
    p_adjusted: float | None
    clock: EndOfServiceClock | None
    after_service: AfterService | None
    baseline: pd.DataFrame
    lacking: tuple[str, ...]
    premeasured: Status
    attrition: Attrition | None
    confounds: tuple[str, ...]
    diagnostics: str
    estimate_ids: tuple[str, ...]
    withheld: bool = False
    attrition_unknown: str = ""

    def effect(self, measure: str) -> EffectSize | None:
        """Return one of the effect sizes."""
        return next((effect for effect in self.effects if effect.measure == measure), None)

    @property
    def after_id(self) -> str:
        """Id of the difference after the intended end, beside those of the estimates."""
        return f"{self.id}.after_service"

    @property
    def direction(self) -> Direction:
        """Favorable means significantly fewer events, by the adjusted p value.

        All outcomes of a contrast are harms: fewer re-entries, disruptions and reports
        are better.
        """
        main = self.effect("risk_difference") or self.effect("hazard_ratio")
        if self.withheld or main is None or self.p_adjusted is None:
            return "unknown"
        above = main.value - (1.0 if main.measure == "hazard_ratio" else 0.0)
        return direction_of(above, self.p_adjusted)

    @property
    def sound(self) -> Status:
        """Whether nothing in design or execution forbids reading it as an effect."""
        if self.confounds or self.diagnostics == "fails" or self.design == "descriptive":
            return "absent"
        if len(self.baseline) and self.design != "randomized":
            if self.baseline["verdict"].isna().any():
                return "unknown"
            return "present" if self.baseline["met"].all() else "absent"
        return "present" if self.design == "randomized" else "unknown"

    def sustained(self, months: int) -> tuple[Status, str]:
        """Tell whether an effect lasts that many months beyond the end of service, and why.

        The cumulative effect must be favorable at a horizon that far beyond the intended
        end, by which enough services had ended, and the effect after the intended end
        among children still home must be favorable too (METHODS 11.1).
        """
        clock = self.clock
        if self.horizon is None or clock is None:
            return "unknown", "a hazard ratio has no horizon from which to count"
        if clock.intended_days is None:
            return "unknown", (
                f"the study states no intended duration (services.{self.service}.intended_months)"
            )
        if not clock.reaches(months):
            reach = f"{clock.days_beyond} days" if clock.days_beyond else "no time"
            return "absent", (
                f"day {self.horizon} lies {reach} beyond the intended end; {months} months need "
                f"day {clock.day_beyond(months)}"
            )
        if self.withheld:
            return "unknown", "its numbers are too small to be released"
        if not clock.enough_ended:
            share = (
                f"fewer than {clock.least_ended:.0%} of services are known to have ended by then"
            )
            may = clock.ended + clock.unknown >= clock.least_ended * clock.treated
            return ("unknown" if may else "absent"), share
        if self.direction != "favorable":
            return "absent", f"by day {self.horizon} there is no favorable effect"
        after = self.after_service
        if after is None or after.difference is None:
            why = after.why_not if after else "the effect after the end of service is not estimated"
            return "unknown", why
        if after.direction != "favorable":
            return "absent", (
                "accrued during service: among children still home at its intended end no "
                "favorable effect follows"
            )
        return "present", (
            f"favorable by day {self.horizon}, and among children still home at the intended end"
        )


def direction_of(above: float, p: float | None) -> Direction:
    """Return the direction of an effect on a harm: below nothing is favorable if significant."""
    if p is None or pd.isna(p):
        return "unknown"
    if p >= SIGNIFICANT or above == 0:
        return "none"
    return "favorable" if above < 0 else "unfavorable"
