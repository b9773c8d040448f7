"""The brief for funders: two pages, compared with whom first, the chart before the words."""

from dataclasses import dataclass

from evaluation.reporting.annual import AnnualReport
from evaluation.reporting.numerals import SUPPRESSED, by_month, show
from evaluation.reporting.sections import characteristics, contrasts, outcomes
from evaluation.reporting.sections.section import Drawing, Material
from evaluation.reporting.sentences import Estimate
from evaluation.reporting.wording import outcome_words, units, upper_first
from evaluation.study import Service


@dataclass(frozen=True, eq=False)
class Brief:
    """What the brief says.

    Attributes
    ----------
    compared : str
        Its first line: who is compared with whom, when, how many.
    answer : str
        The answer to the question.
    drawing : Drawing or None
        One chart, of the primary outcome.
    others : tuple of str
        One line for every other outcome.
    served : tuple of str
        Who was served.
    cost : tuple of str
        What it cost, where the study says.
    sure : tuple of str
        How sure this is.
    following : tuple of str
        What to do next.
    """

    compared: str
    answer: str
    drawing: Drawing | None
    others: tuple[str, ...]
    served: tuple[str, ...]
    cost: tuple[str, ...]
    sure: tuple[str, ...]
    following: tuple[str, ...]


def brief(found: AnnualReport) -> Brief:
    """Choose what a funder needs from everything found.

    Parameters
    ----------
    found : AnnualReport
        Released findings.

    Returns
    -------
    Brief
    """
    material = found.material
    service, outcome = _declared(material)
    return Brief(
        compared=_compared(material, service),
        answer=found.answer,
        drawing=_drawing(found, service, outcome),
        others=_others(material, service, outcome),
        served=_served(material, service),
        cost=_cost(material, service, outcome),
        sure=_sure(material, service, outcome),
        following=_following(material, service, outcome),
    )


def _declared(material: Material) -> tuple[Service | None, str]:
    study = material.study
    outcome = study.primary.outcome if study.primary else study.outcomes.named[0]
    if not study.services:
        return None, outcome
    program = study.primary.service if study.primary else study.services[0].program
    return study.service(program), outcome


def _compared(material: Material, service: Service | None) -> str:
    first, last = material.study.cohort.exits
    when = f"left foster care to a permanent home between {first} and {last}"
    if service is None:
        return f"This brief describes children who {when}; it compares nothing."
    return (
        f"{upper_first(service.name)} compared with {material.compared(service.program)}, among "
        f"children who {when}."
    )


def _drawing(found: AnnualReport, service: Service | None, outcome: str) -> Drawing | None:
    """Choose the curves of the primary contrast, else those of its outcome."""
    drawn = {
        block.chart.name: block
        for part in found.everything
        for block in part.blocks
        if isinstance(block, Drawing)
    }
    wanted = [f"arms_{service.program.lower()}_{outcome}"] if service else []
    wanted += ["effects"] if service else []
    wanted += [f"incidence_{outcome}"]
    return next((drawn[name] for name in wanted if name in drawn), None)


def _others(material: Material, service: Service | None, outcome: str) -> tuple[str, ...]:
    said = []
    for other in material.followed:
        if other == outcome:
            continue
        estimate = service and contrasts.main_estimate(material, service.program, other)
        if estimate:
            said.append(contrasts.sentence(material, service.program, other, estimate))
        elif (shown := outcomes.headline(material, other)) is not None:
            said.append(" ".join(shown))
        else:
            event = outcome_words(other, material.study).event
            said.append(f"Too little is known of {event} to show.")
    return tuple(said)


def _served(material: Material, service: Service | None) -> tuple[str, ...]:
    whom, exits = units(material.study), material.cohort.exits
    said = []
    if characteristics.cohort_size(exits, material.rule) != SUPPRESSED:
        said = [f"{material.rule.say(len(exits))} {whom} were followed."]
    for other in material.study.services:
        reached = _reached(material, other.program)
        if reached is not None:
            said.append(f"{upper_first(other.name)}: {reached}.")
    return tuple(said)


def _reached(material: Material, program: str) -> str | None:
    reach = characteristics.reach(material.cohort.exits, material.study, material.rule)
    if reach.empty:
        return None
    own = reach[reach["service"] == material.service_name(program)]
    for row in own.itertuples():
        if SUPPRESSED in (row.served, row.share):
            return "too few reached, or left out, to show how many"
        return (
            f"reached {show(row.served, 'count')} ({show(row.share, 'percent')}); counted are "
            f"those {row.meaning}"
        )
    return None


def _cost(material: Material, service: Service | None, outcome: str) -> tuple[str, ...]:
    """Divide the cost of 100 families by the events prevented, at estimate and limits."""
    if service is None or service.cost_per_family is None:
        return ()
    cost = service.cost_per_family
    said = [f"{upper_first(service.name)} cost {_money(cost)} per family served."]
    estimate = contrasts.main_estimate(material, service.program, outcome)
    words = outcome_words(outcome, material.study)
    failed = material.failing(service.program, outcome)
    if failed:
        return (*said, f"The comparison fails its checks ({failed}), so no cost is worked out.")
    if estimate is None or estimate.scale != "difference":
        return (*said, f"What one prevented {words.event} cost cannot be worked out.")
    if estimate.high >= 0:
        return (
            *said,
            f"The data do not show that {words.events} were prevented, so there is no cost for "
            "each one prevented.",
        )
    each, least, most = (cost / -value for value in _sides(estimate))
    said.append(
        f"That is about {_money(each)} for each {words.event} prevented by "
        f"{by_month(material.study.main_horizon)}, between {_money(least)} and {_money(most)}, "
        "if one family stands for one child; siblings served together lower it. What a "
        f"{words.event} itself costs is not set against this."
    )
    return tuple(said)


def _sides(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high


def _money(amount: float) -> str:
    digits = max(0, len(f"{amount:.0f}") - 3)
    return f"${round(amount, -digits):,.0f}"


def _sure(material: Material, service: Service | None, outcome: str) -> tuple[str, ...]:
    if service is None:
        return ("A description of records; nothing is compared.",)
    said = [upper_first(contrasts.strength(material, service.program, outcome))]
    if material.study.primary is not None:
        said.append("This comparison was declared as the primary one before outcomes were read.")
    return tuple(said)


def _following(material: Material, service: Service | None, outcome: str) -> tuple[str, ...]:
    """Say what would make the answer surer."""
    said = []
    estimate = service and contrasts.main_estimate(material, service.program, outcome)
    if service is not None and (
        not estimate or estimate.verdict in ("unknown", "no harm", "no benefit")
    ):
        said.append(
            "Do not decide on this result alone: keep recording, and repeat the comparison with "
            "more years of exits or together with other agencies."
        )
    elif service is not None and "more" in estimate.verdict:
        said.append(
            "Find out why before going on as before: read the limits of this comparison and "
            "review how the service reached families."
        )
    elif service is not None:
        said.append("Repeat this with the next year's exits, before outcomes are read.")
    if material.study.design != "randomized" and service is not None:
        said.append(
            "Where places are fewer than families, drawing lots among those who qualify would "
            "settle what records cannot."
        )
    missing = len(material.cohort.cannot)
    if missing:
        things = "thing" if missing == 1 else "things"
        said.append(
            f"{missing} {things} could not be told from these records; the annual report lists "
            "each with what it needs."
        )
    return tuple(said)
