"""Plain sentences made from estimates and their intervals.

No sentence claims more than its interval and its design allow: "led to" stands only
for randomized designs, "was followed by" for weighted comparisons, and neither for
descriptive ones. What cannot be told, and what is unfavourable, is said as plainly as
what is good. Every number given here must be a released one.
"""

from dataclasses import dataclass, replace
from typing import Literal

from evaluation.reporting.numerals import by_month, in_hundred, show
from evaluation.reporting.wording import Outcome, listed, upper_first

MEANINGFUL_DIFFERENCE = 0.02
MEANINGFUL_SHARE = 0.2
MEANINGFUL_RATIO = 1.25

Verdict = Literal[
    "fewer", "more", "slightly fewer", "slightly more", "none", "no harm", "no benefit", "unknown"
]

CLAIM = {
    "randomized": "led to",
    "quasi-experimental": "was followed by",
    "descriptive": "went with",
}


@dataclass(frozen=True)
class Estimate:
    """An estimate with its 95% limits on one scale.

    Attributes
    ----------
    value, low, high : float
        A difference of risks (shares) or a ratio.
    scale : {"difference", "ratio"}
        Which of the two.
    margin : float
        From which difference, or ratio above one, a benefit or harm matters.
    claimed : bool
        False where the comparison fails its checks: then it tells nothing.
    """

    value: float
    low: float
    high: float
    scale: Literal["difference", "ratio"]
    margin: float
    claimed: bool = True

    @classmethod
    def difference(cls, value: float, low: float, high: float, compared: float) -> "Estimate":
        """Make a difference of risks, given the risk of those compared.

        It matters from 2 per 100 children or a fifth of the risk compared,
        whichever is smaller.
        """
        margin = min(MEANINGFUL_DIFFERENCE, MEANINGFUL_SHARE * compared)
        return cls(value, low, high, "difference", margin or MEANINGFUL_DIFFERENCE)

    @classmethod
    def ratio(cls, value: float, low: float, high: float) -> "Estimate":
        """Make a ratio; it matters from 1.25 or its inverse, 0.80."""
        return cls(value, low, high, "ratio", MEANINGFUL_RATIO)

    def unclaimed(self) -> "Estimate":
        """Return the same numbers, of which nothing is claimed."""
        return replace(self, claimed=False)

    @property
    def verdict(self) -> Verdict:
        """What the interval says.

        "none" stands only where the interval excludes both a useful benefit and a
        harm, "unknown" where it holds both.
        """
        if not self.claimed:
            return "unknown"
        if self.scale == "difference":
            neutral, benefit, harm = 0.0, -self.margin, self.margin
        else:
            neutral, benefit, harm = 1.0, 1 / self.margin, self.margin
        may_help, may_harm = self.low <= benefit, self.high >= harm
        if self.high < neutral:
            return "fewer" if may_help else "slightly fewer"
        if self.low > neutral:
            return "more" if may_harm else "slightly more"
        if may_help and may_harm:
            return "unknown"
        if may_help:
            return "no harm"
        return "no benefit" if may_harm else "none"


def short_difference(estimate: Estimate) -> str:
    """Say an estimate in few words, for a card: "3 fewer in 100" or "rate 24% lower"."""
    if estimate.verdict == "unknown":
        return "We cannot tell"
    if estimate.verdict == "none":
        return "No meaningful difference"
    if estimate.verdict in ("no harm", "no benefit"):
        return f"We cannot tell whether it {_doubtful(estimate)}"
    if estimate.scale == "ratio":
        return f"Rate {_against_one(estimate.value)}"
    number, direction = _amount(estimate.value, _decimals(estimate))
    return f"About {number} {direction} per 100"


def effect_sentence(
    estimate: Estimate, service: str, comparison: str, outcome: Outcome, design: str, horizon: float
) -> str:
    """Say a difference in risk at a horizon.

    Parameters
    ----------
    estimate : Estimate
        On the difference scale.
    service, comparison : str
        Names; ``comparison`` such as "usual care".
    outcome : Outcome
        Its words.
    design : str
        The study's design; decides the verb.
    horizon : float
        Days.

    Returns
    -------
    str
    """
    when = by_month(horizon)
    verdict = estimate.verdict
    against = f"compared with {comparison}"
    between = _between(estimate)
    if verdict == "unknown":
        return (
            f"For {service} we cannot tell: by {when}, {against}, the difference in "
            f"{outcome.events} lies {between} per 100 children, which holds both a useful benefit "
            "and a harm."
        )
    if verdict == "none":
        return (
            f"{upper_first(service)} made no meaningful difference to {outcome.events} by {when}, "
            f"{against}: the difference lies {between} per 100 children."
            if design == "randomized"
            else f"There was no meaningful difference in {outcome.events} by {when} between "
            f"{service} and {comparison}: it lies {between} per 100 children."
        )
    if verdict in ("no harm", "no benefit"):
        other = verdict.removeprefix("no ")
        doubt = f"whether it {_doubtful(estimate)}; a meaningful {other} is unlikely"
        return (
            f"For {service} we cannot tell {doubt}: by {when}, {against}, the difference in "
            f"{outcome.events} lies {between} per 100 children."
        )
    number, direction = _amount(estimate.value, _decimals(estimate))
    tail = ""
    if "slightly" in verdict:
        tail = f" All of that is less than the {100 * estimate.margin:.2g} per 100 that matter."
    return (
        f"{upper_first(service)} {CLAIM[design]} about {number} {direction} {outcome.events} per "
        f"100 children by {when}, {between}, {against}.{tail}"
    )


def ratio_sentence(
    estimate: Estimate, service: str, comparison: str, outcome: Outcome, design: str, while_in: bool
) -> str:
    """Say a hazard ratio where no risk at a horizon is compared.

    Parameters
    ----------
    estimate : Estimate
        On the ratio scale.
    service, comparison : str
        Names.
    outcome : Outcome
        Its words.
    design : str
        The study's design.
    while_in : bool
        Whether the ratio compares days in service with days before any service
        (time-varying exposure) rather than served with other children.

    Returns
    -------
    str
    """
    numbers = (
        f"hazard ratio {show(estimate.value, 'ratio')}, 95% interval "
        f"{show(estimate.low, 'ratio')} to {show(estimate.high, 'ratio')}"
    )
    whom = (
        f"while families were in {service}, compared with children at home not yet served"
        if while_in
        else f"with {service}, compared with {comparison}"
    )
    verdict = estimate.verdict
    if verdict == "unknown":
        return (
            f"For {service} we cannot tell: the rate of {outcome.events} {whom} may be usefully "
            f"lower or harmfully higher ({numbers})."
        )
    if verdict == "none":
        return (
            f"There was no meaningful difference in the rate of {outcome.events} {whom} "
            f"({numbers})."
        )
    if verdict in ("no harm", "no benefit"):
        other = verdict.removeprefix("no ")
        doubt = f"whether it {_doubtful(estimate)}; a meaningful {other} is unlikely"
        return (
            f"For {service} we cannot tell {doubt}: the rate of {outcome.events} {whom} "
            f"({numbers})."
        )
    amount = f"about {_against_one(estimate.value)}"
    tail = " That is too small a difference to matter." if "slightly" in verdict else ""
    if design == "randomized" and not while_in:
        than = "as" if estimate.value >= 2 else "than"
        return (
            f"{upper_first(service)} led to a rate of {outcome.events} {amount} {than} with "
            f"{comparison} ({numbers}).{tail}"
        )
    return f"The rate of {outcome.events} was {amount} {whom} ({numbers}).{tail}"


def finding_title(estimates: list[tuple[str, Estimate]], outcome: Outcome, design: str) -> str:
    """Say in one heading what was found for each service on one outcome."""
    said: dict[str, list[str]] = {}
    for service, estimate in estimates:
        said.setdefault(_gist(estimate.verdict, outcome), []).append(service)
    parts = []
    for gist, services in said.items():
        names = listed(services)
        if gist == "unknown":
            parts.append(f"for {names} we cannot tell")
        elif gist == "none":
            parts.append(f"for {names} there was no meaningful difference in {outcome.events}")
        else:
            was = {"was followed by": "were followed by"}
            claim = CLAIM[design] if len(services) == 1 else was.get(CLAIM[design], CLAIM[design])
            parts.append(f"{names} {claim} {gist}")
    return upper_first("; ".join(parts))


def overview_title(estimates: list[Estimate]) -> str:
    """Say in one heading how many hazard ratios found what."""
    verdicts = [estimate.verdict for estimate in estimates]
    fewer = sum("fewer" in verdict for verdict in verdicts)
    more = sum("more" in verdict for verdict in verdicts)
    alike = verdicts.count("none")
    unknown = len(verdicts) - fewer - more - alike
    parts = [f"{fewer} found fewer events", f"{more} more"]
    parts += [f"{alike} no meaningful difference"] if alike else []
    of = "The one hazard ratio" if len(verdicts) == 1 else f"Of {len(verdicts)} hazard ratios"
    if len(verdicts) == 1:
        found = "found fewer events" if fewer else "found more events" if more else None
        found = found or ("found no meaningful difference" if alike else "cannot tell")
        return f"{of} {found}"
    return f"{of}, {', '.join(parts)}; {unknown} cannot tell"


def share_sentence(share: float, low: float, high: float, who: str, what: str, when: float) -> str:
    """Say a share: "About 12 in 100 children re-entered care by month 12, ..."."""
    return (
        f"About {in_hundred(share)} {who} {what} by {by_month(when)} "
        f"(95% interval {show(low, 'percent')} to {show(high, 'percent')})."
    )


def range_title(shares: list[tuple[str, float]], outcome: Outcome, when: float) -> str:
    """Say in a heading how the shares of several groups lie, without ranking them."""
    if not shares:
        return f"{outcome.name}: too few events to show by group"
    values = [share for _, share in shares]
    if len(shares) == 1 or in_hundred(min(values)) == in_hundred(max(values)):
        return f"{upper_first(in_hundred(values[0]))} children {outcome.did} by {by_month(when)}"
    least = min(shares, key=lambda pair: pair[1])
    most = max(shares, key=lambda pair: pair[1])
    return (
        f"By {by_month(when)}, {in_hundred(least[1])} children {outcome.did} after "
        f"{least[0].lower()} and {in_hundred(most[1])} after {most[0].lower()}"
    )


def _doubtful(estimate: Estimate) -> str:
    """Say what an interval that excludes only a harm, or only a benefit, leaves open."""
    return "helps" if estimate.verdict == "no harm" else "harms"


def _gist(verdict: Verdict, outcome: Outcome) -> str:
    if verdict in ("unknown", "no harm", "no benefit"):
        return "unknown"
    if verdict == "none":
        return "none"
    return f"{verdict} {outcome.events}"


def _decimals(estimate: Estimate) -> int:
    """Whole children per 100 unless that would hide the estimate or blur its limits."""
    values = [abs(100 * value) for value in (estimate.value, estimate.low, estimate.high)]
    distinct = len({round(100 * v) for v in (estimate.value, estimate.low, estimate.high)}) == 3
    return 0 if min(values) >= 0.5 and distinct else 1


def _amount(value: float, decimals: int) -> tuple[str, str]:
    return f"{abs(100 * value):.{decimals}f}", "fewer" if value < 0 else "more"


def _between(estimate: Estimate) -> str:
    decimals = _decimals(estimate)
    low, below = _amount(estimate.low, decimals)
    high, above = _amount(estimate.high, decimals)
    if estimate.low < 0 < estimate.high:
        return f"between {low} fewer and {high} more"
    if estimate.high <= 0:
        return f"between {high} and {low} fewer"
    return f"between {low} and {high} more"


def _against_one(ratio: float) -> str:
    if ratio >= 2:
        return f"{ratio:.1f} times as high"
    return f"{100 * abs(1 - ratio):.0f}% {'lower' if ratio < 1 else 'higher'}"
