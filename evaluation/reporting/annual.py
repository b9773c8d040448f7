"""The annual report: its sections in order, its key findings and its one-sentence answer."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from evaluation.reporting.charts.chart import Chart
from evaluation.reporting.numerals import SUPPRESSED, show
from evaluation.reporting.provenance import Provenance
from evaluation.reporting.release import release
from evaluation.reporting.sections import (
    changed,
    characteristics,
    context,
    contrasts,
    doubts,
    outcomes,
    people,
    practice_groups,
    quality,
)
from evaluation.reporting.sections import evidence as supported
from evaluation.reporting.sections import practice as practice_sections
from evaluation.reporting.sections.section import Material, Section
from evaluation.reporting.sentences import short_difference
from evaluation.reporting.wording import outcome_words, upper_first
from evaluation.study import Study

MOST_CARDS = 5


@dataclass(frozen=True)
class Card:
    """A key finding: the number, one sentence, its uncertainty, how strong it is."""

    number: str
    sentence: str
    uncertainty: str
    strength: str


@dataclass(frozen=True, eq=False)
class AnnualReport:
    """Everything the annual report says, released.

    Attributes
    ----------
    study : Study
        The protocol.
    provenance : Provenance
        Where it comes from.
    material : Material
        Released numbers.
    answer : str
        The answer to the study's question, in one sentence.
    cards : tuple of Card
        Three to five key findings.
    sections : tuple of Section
        In order.
    appendix : tuple of Section
        Tables for those who check.
    limitations : tuple of str
        What limits the findings.
    definitions : list of (str, str)
        The rules of the cohort in words.
    truth : pandas.DataFrame
        Estimates beside the truth of a simulated agency, else empty.
    """

    study: Study
    provenance: Provenance
    material: Material
    answer: str
    cards: tuple[Card, ...]
    sections: tuple[Section, ...]
    appendix: tuple[Section, ...]
    limitations: tuple[str, ...]
    definitions: list[tuple[str, str]]
    truth: pd.DataFrame

    @property
    def everything(self) -> tuple[Section, ...]:
        """Sections and appendix."""
        return self.sections + self.appendix


def annual_report(
    study: Study,
    check: Any,
    cohort: Any,
    effects: Any,
    origin: Provenance,
    truth: Any = None,
    evidence: Any = None,
    practice: Any = None,
    ready: Callable[[Sequence[Chart]], None] = lambda charts: None,
) -> AnnualReport:
    """Release the results of a study and put them into words.

    Parameters
    ----------
    study : Study
        The protocol.
    check : CheckResult
        The check of the data.
    cohort : Cohort
        The built cohort.
    effects : Effects
        Its contrasts.
    origin : Provenance
        Where all this comes from.
    truth : pandas.DataFrame, optional
        Estimates beside the truth of a simulated agency.
    evidence : Evidence, optional
        What the contrasts can support; without it nothing is said of evidence.
    practice : PracticeFindings, optional
        What was found of practice; without it their sections are left out.
    ready : callable, optional
        Given the charts of each section as soon as it is made, so that they can be drawn.

    Returns
    -------
    AnnualReport
    """
    material = release(study, check, cohort, effects, origin, truth, evidence)
    material = replace(material, practice=practice)

    def made(parts: Iterable[Section | None]) -> Iterator[Section]:
        for section in filter(None, parts):
            ready(section.charts)
            yield section

    return AnnualReport(
        study=study,
        provenance=origin,
        material=material,
        answer=_answer(material),
        cards=_cards(material),
        sections=tuple(made(_sections(material))),
        appendix=tuple(made([context.counties(material)])),
        limitations=doubts.limitations(material),
        definitions=[(rule, *material.told([words])) for rule, words in cohort.definitions],
        truth=doubts.released_truth(material),
    )


def _sections(material: Material) -> Iterator[Section | None]:
    yield quality.quality(material)
    yield people.flow(material)
    yield people.served(material)
    yield from outcomes.outcomes(material)
    yield contrasts.contrasts(material)
    yield practice_sections.equity(material)
    yield practice_sections.fidelity(material)
    yield practice_groups.practice_groups(material)
    yield context.dose(material)
    yield practice_sections.federal(material)
    yield context.questions(material)
    yield supported.summary(material)
    yield changed.changed(material)
    yield doubts.cannot(material)
    yield doubts.naive(material)
    yield doubts.truth(material)


def _answer(material: Material) -> str:
    """Answer with the primary contrast, else say why there is no answer."""
    study = material.study
    if not study.services:
        return "This study names no service, so it describes outcomes and compares nothing."
    primary = study.primary
    service = primary.service if primary else study.services[0].program
    outcome = primary.outcome if primary else study.outcomes.named[0]
    estimate = contrasts.main_estimate(material, service, outcome)
    if estimate is not None:
        return contrasts.sentence(material, service, outcome, estimate)
    words = outcome_words(outcome, study)
    return (
        f"These data cannot tell whether {material.service_name(service)} changed how often "
        f"children {words.did}; the reason is under “cannot be told”."
    )


def _cards(material: Material) -> tuple[Card, ...]:
    """Choose cards in the order of the protocol, never by result: primary contrast first."""
    found = [_effect_card(material, *key) for key in _contrast_order(material)]
    effects = [card for card in found if card is not None]
    shares = [card for o in material.followed if (card := _share_card(material, o)) is not None]
    about = [
        card
        for card in (_people_card(material), _missing_card(material), _rows_card(material))
        if card is not None
    ]
    cards = [*effects[:3], *shares[: max(1, MOST_CARDS - 1 - len(effects[:3]))]]
    return tuple([*cards, *about][: max(3, min(MOST_CARDS, len(cards) + 1))])


def _contrast_order(material: Material) -> list[tuple[str, str]]:
    study = material.study
    order = [(s.program, outcome) for outcome in material.followed for s in study.services]
    if study.primary is not None:
        first = (study.primary.service, study.primary.outcome)
        order = [key for key in order if key == first] + [key for key in order if key != first]
    return order


def _effect_card(material: Material, service: str, outcome: str) -> Card | None:
    estimate = contrasts.main_estimate(material, service, outcome)
    if estimate is None:
        return None
    primary = material.study.primary
    declared = primary is not None and (primary.service, primary.outcome) == (service, outcome)
    return Card(
        number=contrasts.FAILS.capitalize()
        if material.failing(service, outcome)
        else short_difference(estimate),
        sentence=contrasts.sentence(material, service, outcome, estimate),
        uncertainty="The primary contrast, declared before outcomes were read."
        if declared
        else "One of several contrasts: read it with the others.",
        strength=contrasts.strength(material, service, outcome),
    )


def _share_card(material: Material, outcome: str) -> Card | None:
    found = outcomes.headline(material, outcome)
    if found is None:
        return None
    number, sentence, interval = found
    return Card(number, upper_first(sentence), interval, "A description of all exits.")


def _people_card(material: Material) -> Card:
    first, final = material.study.cohort.exits
    everyone = characteristics.cohort_size(material.cohort.exits, material.rule)
    return Card(
        show(everyone if everyone == SUPPRESSED else material.rule.count(everyone), "count"),
        f"Exits followed, from {first} to {final}.",
        "A count, without sampling.",
        "A description of all exits.",
    )


def _rows_card(material: Material) -> Card:
    counts = material.check.counts
    return Card(
        show(material.rule.shown(int(counts["read"].sum())), "count"),
        "Rows of records were read and checked.",
        "What was set aside is counted by table.",
        "A description of the data.",
    )


def _missing_card(material: Material) -> Card | None:
    section = doubts.cannot(material)
    if not section.points:
        return None
    return Card(
        str(len(section.points)),
        f"{section.title}.",
        "Each is listed with its reason.",
        "Known limits of the data and the design.",
    )
