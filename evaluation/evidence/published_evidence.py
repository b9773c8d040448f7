"""A published study, from its file in the registry; what is unconfirmed counts as unknown."""

from collections.abc import Sequence

from evaluation.evidence.attrition import attrition
from evaluation.evidence.body import CONTROLLED, EvidenceStudy, Result
from evaluation.evidence.effect_sizes import EffectSize
from evaluation.evidence.event_effects import risk_ratio
from evaluation.evidence.published_results import from_interval
from evaluation.evidence.status import Answer, Status, every, of_answer, of_truth
from evaluation.evidence.study_file import Finding, StudyFile

ELIGIBLE_SOURCES = ("journal article", "government report", "research report")
FIRST_ELIGIBLE_YEAR = 1990


def published_study(study: StudyFile) -> EvidenceStudy:
    """Read a file of the registry as a study; what is unconfirmed counts as unknown."""
    confirmed = study.source.confirmation == "confirmed"
    design = study.design if study.design_confirmation == "confirmed" else "unknown"
    answers = {m.reliable_and_valid for m in study.measures} or {"unknown"}
    measures = "no" if "no" in answers else ("unknown" if "unknown" in answers else "yes")
    published = study.publication
    article: Answer = published.peer_reviewed
    if article == "yes" and published.kind not in ("journal article", "unknown"):
        article = "no"
    return EvidenceStudy(
        id=study.id,
        label=study.title,
        own=False,
        design=design,
        usual_care=study.usual_care_setting if confirmed else "unknown",
        appropriate=study.appropriate_comparison if confirmed else "unknown",
        peer_reviewed=article if confirmed else "unknown",
        measures=measures if confirmed else "unknown",
        comparable=_unless_doubtful(study.comparable_to_rated_program, confirmed),
        agencies=study.sample.agencies,
        years=study.sample.years,
        results=tuple(
            _published_result(study, finding, number, design)
            for number, finding in enumerate(study.findings, 1)
        ),
    )


def _unless_doubtful(comparable: Answer, confirmed: bool) -> Answer:
    return "unknown" if comparable == "yes" and not confirmed else comparable


def _published_result(study: StudyFile, finding: Finding, number: int, design: str) -> Result:
    direction = finding.direction
    if finding.confirmation == "unconfirmed" or study.source.confirmation == "unconfirmed":
        direction = "unknown"
    elif direction in ("favorable", "unfavorable"):
        direction = {"yes": direction, "no": "none", "unknown": "unknown"}[finding.significant]
    features = _published_features(study, direction, design)
    if study.source.confirmation == "unconfirmed":
        features = dict.fromkeys(features, ("unknown", "the source is not confirmed"))
    after = [_published_sustained(study, finding, months) for months in (6, 12)]
    features |= {"sustained6": after[0], "sustained12": after[1]}
    return Result(f"{study.id}.{number}", finding.outcome, direction, *after, features)


def _published_sustained(study: StudyFile, finding: Finding, months: int) -> tuple[Status, str]:
    reached = finding.months_after_end_of_service
    if study.source.confirmation == "unconfirmed":
        return "unknown", "the source is not confirmed"
    if finding.confirmation == "unconfirmed":
        return "unknown", "the finding is not confirmed"
    if reached is None:
        return "unknown", "the time after the end of service is not stated"
    why = f"seen {reached:g} months after the end of service"
    if reached < months:
        return "absent", why
    if finding.direction == "favorable":
        return of_answer(finding.significant), why
    return ("unknown" if finding.direction == "unknown" else "absent"), why


def _published_features(
    study: StudyFile, direction: str, design: str
) -> dict[str, tuple[Status, str]]:
    published, sample = study.publication, study.sample
    unknown: tuple[Status, str] = ("unknown", "not stated in what was read")
    source = every(
        (
            _known(published.kind, ELIGIBLE_SOURCES),
            of_answer(published.public),
            of_answer(published.english),
            "unknown"
            if published.year is None
            else of_truth(published.year >= FIRST_ELIGIBLE_YEAR),
        )
    )
    numbers = (sample.assigned_treated, sample.n_treated)
    numbers += (sample.assigned_comparison, sample.n_comparison)
    low = unknown
    if None not in numbers and all(numbers[::2]):
        found = attrition(*numbers)
        low = of_truth(found.low), f"{found.overall:.1%} overall, {found.boundary} boundary"
    return {
        "design": (_known(design, CONTROLLED), design),
        "source": (source, f"{published.kind}, {published.year or 'year not stated'}"),
        "baseline": unknown,
        "background": unknown,
        "premeasured": unknown,
        "declared": unknown,
        "attrition": low,
        "intact": unknown,
        "noconfound": unknown,
        "clusters": unknown,
        "usual_care": (of_answer(study.usual_care_setting), "as stated"),
        "favorable": (
            "unknown" if direction == "unknown" else of_truth(direction == "favorable"),
            "as published" if direction != "unknown" else "not confirmed, or significance unknown",
        ),
    }


def _known(value: str, allowed: Sequence[str]) -> Status:
    return "unknown" if value == "unknown" else of_truth(value in allowed)


def published_risk_ratio(study: StudyFile, finding: Finding) -> EffectSize | None:
    """Return a confirmed finding's risk ratio, from its interval, its counts or percentages.

    Nothing where source or finding are unconfirmed, or where the file gives neither an
    interval nor events (or percentages) and sizes of both groups, with events in each.
    """
    if "unconfirmed" in (study.source.confirmation, finding.confirmation):
        return None
    if finding.effect == "risk_ratio" and finding.ci_low is not None:
        return from_interval("risk_ratio", finding.estimate, finding.ci_low, finding.ci_high)
    cells = []
    for arm in ("treated", "comparison"):
        events, n = getattr(finding, f"events_{arm}"), getattr(finding, f"n_{arm}")
        percent = getattr(finding, f"percent_{arm}")
        if events is None and None not in (percent, n):
            events = percent / 100 * n
        if not (events and n):
            return None
        cells += [events, n]
    return risk_ratio(*cells)
