"""A program's body of evidence: its own analysis and published studies in one shape."""

from dataclasses import dataclass, field
from itertools import combinations

from evaluation.evidence.status import Answer, Status, any_of, every, of_answer, of_truth, opposite
from evaluation.evidence.study_file import ProgramFile

TOPIC_OUTCOMES = ("reentry", "disruption", "maltreatment")
CONTROLLED = ("randomized", "quasi-experimental")


@dataclass(frozen=True)
class Result:
    """One result of a study.

    Attributes
    ----------
    id : str
        Of the result: ``study.number``, or the contrast's own id.
    outcome : str
        What was studied.
    direction : str
        ``favorable`` and ``unfavorable`` mean statistically significant; ``none``, no
        significant difference; ``not compared``, that no groups were; or ``unknown``.
    sustained6, sustained12 : (str, str)
        Whether the effect lasts that many months beyond the end of service, and why.
    features : dict of str to (str, str)
        Feature of the Title IV-E standard: its status and why.
    estimate_ids : tuple of str
        Rows of the estimates behind it.
    """

    id: str
    outcome: str
    direction: str
    sustained6: tuple[Status, str]
    sustained12: tuple[Status, str]
    features: dict[str, tuple[Status, str]] = field(default_factory=dict)
    estimate_ids: tuple[str, ...] = ()

    @property
    def on_topic(self) -> bool:
        """Whether the outcome is one of the topic's."""
        return self.outcome in TOPIC_OUTCOMES

    @property
    def favorable(self) -> Status:
        """Whether the result is a benefit."""
        if self.direction == "unknown":
            return "unknown"
        return "present" if self.direction == "favorable" else "absent"


@dataclass(frozen=True)
class EvidenceStudy:
    """A study as the standards see it.

    Attributes
    ----------
    id, label : str
        Key and name.
    own : bool
        Whether it is the agency's own analysis.
    design : str
        ``randomized``, ``quasi-experimental``, ``single group``, ``descriptive``,
        ``unknown``.
    usual_care, appropriate, peer_reviewed, measures : str
        Answers to whether it took place in usual care, had an appropriate comparison,
        was reported in a published, peer-reviewed article, and measured reliably.
    agencies : tuple of str
        Whose children were studied; empty where not known.
    years : (int, int) or None
        Of their exits.
    results : tuple of Result
        All of them, null and unfavorable ones too.
    comparable : str
        Answer to whether it found the program comparable to one the scale rates 3 or
        better.
    """

    id: str
    label: str
    own: bool
    design: str
    usual_care: Answer
    appropriate: Answer
    peer_reviewed: Answer
    measures: Answer
    agencies: tuple[str, ...]
    years: tuple[int, int] | None
    results: tuple[Result, ...]
    comparable: Answer = "no"

    @property
    def on_topic(self) -> tuple[Result, ...]:
        """Results on the topic's outcomes."""
        return tuple(result for result in self.results if result.on_topic)

    @property
    def controlled(self) -> Status:
        """Whether it had some form of control."""
        return "unknown" if self.design == "unknown" else of_truth(self.design in CONTROLLED)

    @property
    def randomized(self) -> Status:
        """Whether chance decided who was served."""
        return "unknown" if self.design == "unknown" else of_truth(self.design == "randomized")

    @property
    def superior(self) -> Status:
        """Whether it found a benefit on the topic, and no harm beside it."""
        if any(result.direction == "unfavorable" for result in self.on_topic):
            return "absent"
        return any_of(result.favorable for result in self.on_topic)

    @property
    def benefit(self) -> Status:
        """Whether it was superior to an appropriate control, or comparable to a rated program."""
        comparable = every((of_answer(self.comparable), opposite(self.harmful)))
        return any_of((every((of_answer(self.appropriate), self.superior)), comparable))

    @property
    def harmful(self) -> Status:
        """Whether it found a significantly worse outcome."""
        known = {"unfavorable": "present", "unknown": "unknown"}
        return any_of(known.get(result.direction, "absent") for result in self.on_topic)

    @property
    def null(self) -> Status:
        """Whether it compared the topic's outcomes and found no improvement."""
        compared = [result for result in self.on_topic if result.direction != "not compared"]
        if not compared:
            return "absent"
        return opposite(any_of(result.favorable for result in compared))

    def sustained(self, months: int) -> Status:
        """Tell whether any favorable effect on the topic lasts that long."""
        return any_of(
            every((result.favorable, getattr(result, f"sustained{months}")[0]))
            for result in self.on_topic
        )


@dataclass(frozen=True)
class Body:
    """A program and every study of it.

    Attributes
    ----------
    program : ProgramFile
        What the program is.
    studies : tuple of EvidenceStudy
        The agency's own analysis first.
    """

    program: ProgramFile
    studies: tuple[EvidenceStudy, ...]

    def pairs(self) -> list[tuple[EvidenceStudy, EvidenceStudy, Status]]:
        """Return each pair of studies with whether their samples are apart."""
        return [(a, b, no_overlap(a, b)) for a, b in combinations(self.studies, 2)]


def no_overlap(one: EvidenceStudy, other: EvidenceStudy) -> Status:
    """Tell whether two studies have non-overlapping samples (METHODS 11.4).

    Different agencies never overlap; the same agency does in years both cover, so that
    annual reports of overlapping years are one sample; what is not stated is unknown.
    """
    if one.id == other.id:
        return "absent"
    if not (one.agencies and other.agencies):
        return "unknown"
    names = [
        {" ".join(agency.casefold().split()) for agency in study.agencies} for study in (one, other)
    ]
    if not names[0] & names[1]:
        return "present"
    if one.years is None or other.years is None:
        return "unknown"
    return of_truth(one.years[1] < other.years[0] or other.years[1] < one.years[0])
