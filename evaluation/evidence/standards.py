"""The wording of the two standards, as data; and an element with what was found for it."""

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Any

from evaluation.evidence.status import Status
from evaluation.resources import resource


@dataclass(frozen=True)
class ElementFinding:
    """An element of a standard: whether it is there, why, and what would change it.

    Attributes
    ----------
    code, text, confirmation : str
        From the standard's file; ``confirmation`` is of the wording.
    status : str
        ``present``, ``absent`` or ``unknown``.
    why : str
        What the status rests on.
    change : str
        What would make it present; empty where it is.
    if_published : str
        The status if the agency's own analysis were reported in a published,
        peer-reviewed article.
    studies : tuple of str
        Labels of the studies it rests on.
    """

    code: str
    text: str
    confirmation: str
    status: Status
    why: str
    change: str
    if_published: Status
    studies: tuple[str, ...] = ()


@cache
def standard(name: str) -> dict[str, Any]:
    """Return the wording of a standard: ``cebc`` or ``clearinghouse``."""
    path = resource("data_schemas", "evidence", f"{name}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))
