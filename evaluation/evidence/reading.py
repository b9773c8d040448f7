"""How an element of a scale is read from studies, or from what someone stated."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from evaluation.evidence.body import EvidenceStudy
from evaluation.evidence.status import Status, any_of
from evaluation.evidence.study_file import ElementAssertion

PUBLISH = "publish this evaluation in a peer-reviewed journal"


@dataclass(frozen=True)
class Reading:
    """The status of an element, why, what would change it, and the studies behind it."""

    status: Status
    why: str
    change: str = ""
    studies: tuple[str, ...] = ()


def asserted(given: ElementAssertion | None, change: str) -> Reading:
    """Read an element that records cannot show: as stated, where that is confirmed."""
    if given is None:
        return Reading("unknown", "records cannot show it and no one has stated it", change)
    if given.confirmation == "unconfirmed":
        return Reading("unknown", f"stated but not confirmed: {given.why}", "confirm it")
    return Reading(given.status, given.why, unless(given.status, change))


def over(
    studies: Iterable[EvidenceStudy],
    judge: Callable[[EvidenceStudy], Status],
    what: str,
    change: str,
) -> Reading:
    """Read an element that any one study can give."""
    judged = [(study, judge(study)) for study in studies]
    status = any_of(found for _, found in judged)
    having = tuple(study.label for study, found in judged if found == status == "present")
    if status == "present":
        return Reading(status, f"a {what}: {'; '.join(having)}", "", having)
    unclear = tuple(study.label for study, found in judged if found == "unknown")
    why = f"no {what}" if not unclear else f"whether there is a {what} cannot be told"
    own = [s for s, found in judged if s.own and found == "absent" and s.peer_reviewed == "no"]
    if own and judge(replace(own[0], peer_reviewed="yes")) == "present":
        why += "; this evaluation would be one if it were published and peer reviewed"
        change = f"{PUBLISH}; or {change}" if change != PUBLISH else change
    return Reading(status, why, change, unclear)


def labels(
    studies: Iterable[EvidenceStudy], keep: Callable[[EvidenceStudy], bool] = lambda _: True
) -> tuple[str, ...]:
    """Return the labels of the studies to keep, all by default."""
    return tuple(study.label for study in studies if keep(study))


def unless(status: Status, change: str) -> str:
    """Return what would change a status, nothing where the element is present."""
    return "" if status == "present" else change
