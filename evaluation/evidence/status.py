"""Present, absent or unknown: what can be said of an element, and how such findings combine."""

from collections.abc import Iterable
from typing import Literal

Status = Literal["present", "absent", "unknown"]
Answer = Literal["yes", "no", "unknown"]

_OF_ANSWER: dict[str, Status] = {"yes": "present", "no": "absent", "unknown": "unknown"}
_OPPOSITE: dict[str, Status] = {"present": "absent", "absent": "present", "unknown": "unknown"}


def of_answer(answer: Answer) -> Status:
    """Return the status an answer gives: yes is present, no is absent."""
    return _OF_ANSWER[answer]


def of_truth(value: bool | None) -> Status:
    """Return the status of a fact; missing is unknown."""
    if value is None:
        return "unknown"
    return "present" if value else "absent"


def opposite(status: Status) -> Status:
    """Return the status of the contrary; unknown stays unknown."""
    return _OPPOSITE[status]


def every(statuses: Iterable[Status]) -> Status:
    """Return present where all are, absent where any is, else unknown (Kleene, 1952)."""
    found = set(statuses)
    if "absent" in found:
        return "absent"
    return "unknown" if "unknown" in found else "present"


def any_of(statuses: Iterable[Status]) -> Status:
    """Return present where any is, unknown where any may be, else absent (Kleene, 1952)."""
    found = set(statuses)
    if "present" in found:
        return "present"
    return "unknown" if "unknown" in found else "absent"
