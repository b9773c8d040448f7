"""Each element of the Scientific Rating Scale, from a body of evidence."""

from collections.abc import Callable
from dataclasses import replace

from evaluation.evidence.body import Body, EvidenceStudy, no_overlap
from evaluation.evidence.reading import PUBLISH, Reading, asserted, labels, over, unless
from evaluation.evidence.standards import standard
from evaluation.evidence.status import Status, any_of, every, of_answer, opposite


def as_if_published(body: Body) -> Body:
    """Return the body with the agency's own analysis taken as a published article."""
    studies = tuple(
        replace(study, peer_reviewed="yes") if study.own else study for study in body.studies
    )
    return replace(body, studies=studies)


def trial(study: EvidenceStudy) -> Status:
    """Tell whether a study is a published randomized trial that found the program superior.

    In usual care or practice, against an appropriate comparison, on the topic's outcomes.
    """
    return every(
        (
            study.randomized,
            of_answer(study.usual_care),
            of_answer(study.appropriate),
            of_answer(study.peer_reviewed),
            study.superior,
        )
    )


def rct1(body: Body) -> Reading:
    """At least one published randomized trial found the program superior."""
    return over(body.studies, trial, "published randomized trial with a benefit", TRIAL)


def rct2(body: Body) -> Reading:
    """At least two such trials with samples that do not overlap."""
    pairs = [
        every((trial(a), trial(b), apart))
        for a, b, apart in body.pairs()
        if "absent" not in (trial(a), trial(b))
    ]
    status = any_of(pairs)
    trials = labels(body.studies, lambda s: trial(s) == "present")
    if status == "present":
        return Reading(status, "two trials whose samples do not overlap", "", trials)
    said = [
        "their samples overlap" if apart == "absent" else "whether their samples overlap is unknown"
        for a, b, apart in body.pairs()
        if trial(a) == trial(b) == "present" and apart != "present"
    ]
    plural = "" if len(trials) == 1 else "s"
    counted = f"{len(trials)} published randomized trial{plural} with a benefit"
    why = "; ".join([counted, *sorted(set(said))])
    change = "a second randomized trial on other children, published, with a benefit"
    return Reading(status, why, change, trials)


def sustain12(body: Body) -> Reading:
    """In one of the trials the effect lasts a year beyond the end of treatment."""
    return _sustained(body, 12)


def sustain6(body: Body) -> Reading:
    """In that same trial the effect lasts six months beyond the end of treatment."""
    return _sustained(body, 6)


def _sustained(body: Body, months: int) -> Reading:
    change = (
        f"follow-up at least {months} months beyond the end of service in a published randomized "
        "trial with a benefit"
    )
    lasting = f"published randomized trial whose effect lasts {months} months after the service"
    reading = over(body.studies, lambda s: every((trial(s), s.sustained(months))), lasting, change)
    whys = [
        f"{study.label}: {getattr(result, f'sustained{months}')[1]}"
        for study in body.studies
        if study.randomized != "absent"
        for result in study.on_topic
    ]
    if reading.status == "present" or not whys:
        return reading
    return replace(reading, why=f"{reading.why}; {'; '.join(dict.fromkeys(whys))}")


def peer(body: Body) -> Reading:
    """The controlled studies on the topic were published and peer reviewed."""
    what = "published, peer-reviewed study with a control group on the topic's outcomes"
    return over(_on_topic(body), _published_control, what, PUBLISH)


def measures(body: Body) -> Reading:
    """Measures are reliable and valid in every published controlled study on the topic."""
    stated = body.program.elements.get("measures")
    doubted = [s for s in _on_topic(body) if (_published_control(s), s.measures) == DOUBTED]
    if stated is not None and not doubted:
        return asserted(stated, "")
    change = (
        "evidence that the outcome measures are reliable and valid and were recorded alike for all "
        "children (program file, elements.measures; study file, measures)"
    )
    studies = _on_topic(body)
    certain = [s for s in studies if _published_control(s) == "present"]
    if not certain:
        status = any_of(_published_control(s) for s in studies)
        return Reading(status, "no published controlled study on the topic is certain", change)
    status = every(of_answer(s.measures) for s in certain)
    told = [f"{s.label}: {_RELIABLE[s.measures]}" for s in certain]
    return Reading(status, "; ".join(told), unless(status, change), labels(certain))


def weight(body: Body) -> Reading:
    """The weight of the published evidence supports benefit.

    More published controlled studies with a benefit than without, and none with a
    harm. What is unknown is taken at its best and at its worst; where the two
    disagree the weight is unknown.
    """
    studies = _samples([s for s in _on_topic(body) if _published_control(s) != "absent"])
    if not studies:
        why = "there is no published, peer-reviewed controlled study on the topic"
        return Reading("absent", why, "published, peer-reviewed studies with a benefit")
    best, worst = (_supports([_scenario(s, at_best) for s in studies]) for at_best in (True, False))
    status: Status = "unknown" if best != worst else ("present" if best else "absent")
    benefits, harms = (
        len(labels(studies, lambda s, of=of: every((_published_control(s), of(s))) == "present"))
        for of in (lambda s: s.benefit, lambda s: s.harmful)
    )
    unclear = len(labels(studies, lambda s: "unknown" in (_published_control(s), s.benefit)))
    why = (
        f"of {len(studies)} such studies {benefits} found a benefit and {harms} a harm; "
        f"{unclear} cannot be told"
    )
    change = "more published studies with a benefit than without, and none with a harm"
    return Reading(status, why, unless(status, change), labels(studies))


def _samples(studies: list[EvidenceStudy]) -> list[EvidenceStudy]:
    """Leave out a study that says again, of the same children, what one before it says."""
    kept: list[EvidenceStudy] = []
    for study in studies:
        repeated = any(
            no_overlap(study, other) == "absent"
            and (study.benefit, study.harmful) == (other.benefit, other.harmful)
            and _published_control(study) == _published_control(other)
            for other in kept
        )
        if not repeated:
            kept.append(study)
    return kept


def _scenario(study: EvidenceStudy, at_best: bool) -> tuple[bool, bool, bool]:
    """Take a study at its best or worst: whether it counts, has a benefit, has a harm."""
    good, bad = study.benefit, study.harmful
    if at_best:
        benefit, harmed = good != "absent", bad == "present"
    else:
        benefit, harmed = good == "present", bad != "absent"
    helps = benefit and not harmed
    counts = _published_control(study) == "present" or helps == at_best
    return counts, benefit, harmed


def _supports(taken: list[tuple[bool, bool, bool]]) -> bool:
    counted = [(benefit, harmed) for counts, benefit, harmed in taken if counts]
    benefits = sum(benefit for benefit, _ in counted)
    return not any(harmed for _, harmed in counted) and 2 * benefits > len(counted)


def noharm_case(body: Body) -> Reading:
    """No case data suggest probable harm that was severe or frequent."""
    change = "a review of case records for harm (program file, elements.noharm_case)"
    return asserted(body.program.elements.get("noharm_case"), change)


def noharm_basis(body: Body) -> Reading:
    """No legal or empirical basis suggests a risk of harm; any controlled harm is one."""
    harmed = [s for s in body.studies if every((s.controlled, s.harmful)) == "present"]
    if harmed:
        why = "a controlled study found significantly worse outcomes"
        return Reading("absent", why, "studies that explain or outweigh it", labels(harmed))
    change = "a review of law and research for harm (program file, elements.noharm_basis)"
    return asserted(body.program.elements.get("noharm_basis"), change)


def manual(body: Body) -> Reading:
    """Writings specify the components and how to deliver them."""
    change = "a manual, book or other writings (program file, elements.manual)"
    return asserted(body.program.elements.get("manual"), change)


def accepted(body: Body) -> Reading:
    """The program is generally accepted in practice as appropriate."""
    change = "a statement that it is (program file, elements.accepted)"
    return asserted(body.program.elements.get("accepted"), change)


def control1(body: Body) -> Reading:
    """At least one published study with some control established a benefit.

    Over the control, against an appropriate comparison, or by being comparable to a
    program that the scale rates 3 or better.
    """
    return over(
        body.studies,
        _benefit,
        "published controlled study with a benefit",
        "a published study with a control group that finds a benefit",
    )


def nobenefit(body: Body) -> Reading:
    """No published controlled study has established a benefit."""
    found = control1(body)
    return Reading(opposite(found.status), found.why, "", found.studies)


def null2(body: Body) -> Reading:
    """Two or more published randomized trials found no improvement over usual care."""

    def null(study: EvidenceStudy) -> Status:
        usual = of_answer(study.appropriate), opposite(of_answer(study.comparable))
        return every((study.randomized, of_answer(study.peer_reviewed), *usual, study.null))

    trials = [s for s in body.studies if null(s) != "absent"]
    pairs = [
        every((null(a), null(b), no_overlap(a, b)))
        for place, a in enumerate(trials)
        for b in trials[place + 1 :]
    ]
    certain = labels(trials, lambda s: null(s) == "present")
    why = f"{len(certain)} published randomized trials found no improvement"
    return Reading(any_of(pairs), why, "", certain)


def noweight(body: Body) -> Reading:
    """The weight of the evidence does not support benefit."""
    found = weight(body)
    return Reading(opposite(found.status), found.why, "", found.studies)


def harm(body: Body) -> Reading:
    """Several studies weigh toward harm, or case data or a basis suggest it.

    One harmful study alone leaves it unknown: the scale speaks of several. So do studies
    whose direction is not known, and a review for harm that no one has stated.
    """
    stated = [
        given.why
        for code in NOHARM
        if (given := body.program.elements.get(code)) is not None
        and (given.status, given.confirmation) == ("absent", "confirmed")
    ]
    harmed = [s for s in body.studies if every((s.controlled, s.harmful)) == "present"]
    helped = [s for s in body.studies if every((s.controlled, s.superior)) == "present"]
    why = (
        f"{len(harmed)} controlled {'study' if len(harmed) == 1 else 'studies'} found "
        f"significantly worse outcomes, {len(helped)} better"
    )
    if stated:
        return Reading("present", "; ".join([*stated, why]), "", labels(harmed))
    apart = any(
        no_overlap(a, b) == "present" for place, a in enumerate(harmed) for b in harmed[place + 1 :]
    )
    if apart and len(harmed) > len(helped):
        return Reading("present", why, "", labels(harmed))
    possible = [s for s in body.studies if every((s.controlled, s.harmful)) == "unknown"]
    if possible:
        why += f"; {len(possible)} cannot be told"
    reviewed = [asserted(body.program.elements.get(code), "") for code in NOHARM]
    unsaid = any(found.status == "unknown" for found in reviewed)
    if unsaid:
        why += "; no confirmed review of cases, law and research for harm is stated"
    status: Status = "unknown" if harmed or possible or unsaid else "absent"
    return Reading(status, why, "", labels(harmed))


def targets(body: Body) -> Reading:
    """The program specifically targets reunified or permanently placed families."""
    program = body.program
    status = of_answer(program.targets_permanent_families)
    why = {
        "present": program.target_population or "stated in the program file",
        "absent": program.target_population or "stated in the program file",
        "unknown": "whom the program targets is not stated",
    }[status]
    return Reading(status, why, unless(status, "program file, targets_permanent_families"))


def service_type(body: Body) -> Reading:
    """The service type is one the topic names."""
    return _fits(body.program.service_types, "service_types")


def deliverer(body: Body) -> Reading:
    """The deliverer is one the topic names."""
    return _fits(body.program.delivered_by, "delivered_by")


def topic_outcomes(body: Body) -> Reading:
    """Research examines the topic's outcomes."""
    studied = [s for s in body.studies if s.on_topic]
    status: Status = "present" if studied else "absent"
    why = "; ".join(
        f"{s.label}: {', '.join(dict.fromkeys(r.outcome for r in s.on_topic))}" for s in studied
    )
    change = unless(status, "a study of re-entry, disruption or maltreatment reports")
    return Reading(status, why or "no study examines them", change, labels(studied))


def _fits(given: tuple[str, ...], key: str) -> Reading:
    allowed = set(standard("cebc")["topic"][key])
    if not given:
        return Reading("unknown", "not stated", f"program file, {key}")
    fitting = [name for name in given if name in allowed]
    status: Status = "present" if fitting else "absent"
    return Reading(status, ", ".join(fitting or given), unless(status, "one the topic names"))


def _on_topic(body: Body) -> list[EvidenceStudy]:
    return [study for study in body.studies if study.on_topic]


def _published_control(study: EvidenceStudy) -> Status:
    return every((study.controlled, of_answer(study.peer_reviewed)))


def _benefit(study: EvidenceStudy) -> Status:
    return every((_published_control(study), study.benefit))


_RELIABLE = {
    "yes": "reliable and valid",
    "no": "not reliable or not valid",
    "unknown": "whether reliable and valid is not stated",
}
NOHARM = ("noharm_case", "noharm_basis")
DOUBTED = ("present", "no")
TRIAL = "a published randomized trial in usual care that finds a benefit on the topic's outcomes"

ELEMENTS: dict[str, Callable[[Body], Reading]] = {
    function.__name__: function
    for function in (
        *(targets, service_type, deliverer, topic_outcomes),
        *(rct2, rct1, sustain12, sustain6, peer, measures, weight, noharm_case, noharm_basis),
        *(manual, control1, null2, noweight, harm, nobenefit, accepted),
    )
}
