"""The CEBC Scientific Rating Scale, walked element by element; never a rating."""

import html
from dataclasses import dataclass
from typing import Any

import pandas as pd

from evaluation.evidence.body import Body
from evaluation.evidence.cebc_elements import ELEMENTS, as_if_published
from evaluation.evidence.standards import ElementFinding, standard
from evaluation.evidence.status import Status, every

DISCLAIMER = "this is not a CEBC rating"
ORDER = ("5", "1", "2", "3", "4", "NR")
COLUMNS = ("code", "part", "text", "confirmation", "status", "why", "change", "if_published")


@dataclass(frozen=True)
class CebcWalk:
    """Which elements of the scale a body of evidence has.

    Attributes
    ----------
    program : str
        The program's name.
    elements : dict of str to ElementFinding
        By code, inclusion first.
    levels : pandas.DataFrame
        ``level``, ``status`` (present where all its elements are), ``absent``,
        ``unknown`` (codes), ``confirmation`` of the level's wording.
    level : str or None
        The level whose elements are all present, if any.
    included : str
        Whether the program belongs to the topic.
    relevance : str
        ``High``, ``Medium``, ``Low`` or ``unknown``; not a rating.
    domains : tuple of str
        Outcome domains studied; empty for a program that is not able to be rated.
    wording : str
        Which wording of the scale was used, and when it was read.
    statement : str
        The conclusion in one sentence.
    """

    program: str
    elements: dict[str, ElementFinding]
    levels: pd.DataFrame
    level: str | None
    included: Status
    relevance: str
    domains: tuple[str, ...]
    wording: str
    statement: str

    @property
    def table(self) -> pd.DataFrame:
        """One row per element: ``code``, ``part``, ``text``, ``status``, ``why``, ``change``."""
        parts = standard("cebc")["elements"]
        rows = [
            vars(found) | {"part": parts[code]["part"]} for code, found in self.elements.items()
        ]
        return pd.DataFrame(rows)[list(COLUMNS)]

    def _repr_html_(self) -> str:
        table = self.table.to_html(index=False, escape=True)
        return f"<p>{html.escape(self.statement)}</p>{table}"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "statement": self.statement,
            "level_of_the_elements_present": self.level,
            "included_in_topic": self.included,
            "relevance": self.relevance,
            "outcome_domains": list(self.domains),
            "wording": self.wording,
            "elements": self.table.to_dict("records"),
            "levels": self.levels.to_dict("records"),
        }


def cebc(body: Body) -> CebcWalk:
    """Walk the Scientific Rating Scale over a program's body of studies.

    Inclusion in the topic comes first. Each element is present, absent or unknown,
    with why and what would change it. An unpublished analysis gives none of the
    elements that rest on published studies; what it would give if published stands
    beside. The result is never a rating.

    Parameters
    ----------
    body : Body
        A program and its studies.

    Returns
    -------
    CebcWalk
    """
    wording = standard("cebc")
    imagined = as_if_published(body)
    elements = {}
    for code, meaning in sorted(
        wording["elements"].items(), key=lambda e: e[1]["part"] != "inclusion"
    ):
        read, would = ELEMENTS[code](body), ELEMENTS[code](imagined).status
        elements[code] = ElementFinding(
            code,
            meaning["text"],
            meaning["confirmation"],
            read.status,
            read.why,
            "" if read.status == "present" else read.change,
            would,
            read.studies,
        )
    statuses = {code: found.status for code, found in elements.items()}
    inclusion = [c for c, meaning in wording["elements"].items() if meaning["part"] == "inclusion"]
    included = every(statuses[code] for code in inclusion)
    levels = _levels(statuses)
    met = levels.set_index("level")["status"]
    level = next((name for name in ORDER if met[name] == "present"), None)
    if included == "absent":
        level = None
    rated = level not in (None, "NR")
    return CebcWalk(
        program=body.program.name,
        elements=elements,
        levels=levels,
        level=level,
        included=included,
        relevance=wording["relevance"].get(body.program.used_with, {}).get("level", "unknown"),
        domains=_domains(body) if rated else (),
        wording=f"{wording['name']}, {wording['wording']}; read: {wording['wording_read']}",
        statement=_statement(level, included, levels, elements, inclusion),
    )


def _levels(statuses: dict[str, Status]) -> pd.DataFrame:
    rows = []
    for level in standard("cebc")["levels"]:
        own = {code: statuses[code] for code in level["elements"]}
        rows.append(
            {
                "level": level["level"],
                "status": every(own.values()),
                "absent": ", ".join(code for code, found in own.items() if found == "absent"),
                "unknown": ", ".join(code for code, found in own.items() if found == "unknown"),
                "confirmation": level["confirmation"],
            }
        )
    return pd.DataFrame(rows)


def _domains(body: Body) -> tuple[str, ...]:
    names = standard("cebc")["domains"]
    found = [
        names[result.outcome]
        for study in body.studies
        for result in study.results
        if result.outcome in names
    ]
    return tuple(dict.fromkeys(found))


def _statement(
    level: str | None,
    included: Status,
    levels: pd.DataFrame,
    elements: dict[str, ElementFinding],
    inclusion: list[str],
) -> str:
    if included == "absent":
        missing = [elements[code].text for code in inclusion if elements[code].status == "absent"]
        return (
            "The program is outside the topic, since it is not so that "
            f"{' and that '.join(missing)}; {DISCLAIMER}."
        )
    condition = (
        "If the program belongs to the topic, which is not shown: "
        if (included == "unknown")
        else ""
    )
    start = "the" if condition else "The"
    if level is not None:
        return (
            f"{condition}{start} elements present are those of {_level_words(levels, level)}; "
            f"{DISCLAIMER}."
        )
    open_levels = levels[levels["status"] == "unknown"]
    better = open_levels[open_levels["level"] != "5"]
    hint = ""
    if len(better):
        nearest = better.iloc[0]
        names = standard("cebc")["elements"]
        unknown = ", ".join(names[code]["short"] for code in nearest["unknown"].split(", "))
        hint = f" (of {_level_words(levels, nearest['level'])} these are unknown: {unknown})"
    return (
        f"{condition}{start} elements present are not all those of any one level{hint}; "
        f"{DISCLAIMER}."
    )


def _level_words(levels: pd.DataFrame, level: str) -> str:
    """Name a level; a list of elements that was not read says so."""
    confirmation = levels.set_index("level").loc[level, "confirmation"]
    doubt = "" if confirmation == "confirmed" else ", whose wording is unconfirmed"
    return f"level {level}{doubt}"
