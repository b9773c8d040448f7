"""The Title IV-E Prevention Services Clearinghouse: features and requirements, no rating words."""

import html
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import pandas as pd

from evaluation.evidence.body import Body, EvidenceStudy, Result, no_overlap
from evaluation.evidence.cebc_elements import noharm_basis, noharm_case
from evaluation.evidence.standards import ElementFinding, standard
from evaluation.evidence.status import Status, any_of, every

COLUMNS = ("code", "text", "confirmation", "status", "why", "change", "if_published")
EXECUTION = ("design", "source", "noconfound", "clusters")
STATEMENT = (
    "These are features of the design and execution; they are not a rating by the Title IV-E "
    "Prevention Services Clearinghouse, which reviews eligible published studies."
)
CHANGES = {
    "two_contrasts": "a second published contrast on other children with these features",
    "one_contrast": "a published contrast with these features",
    "one_sustained12": "a favorable effect seen 12 months beyond the end of service",
    "one_sustained6": "a favorable effect seen 6 months beyond the end of service",
    "noharm": "a review of case records, law and research for harm (program file, elements)",
}


@dataclass(frozen=True)
class ClearinghouseWalk:
    """Which features each contrast has and which requirements the body meets.

    Attributes
    ----------
    program : str
        The program's name.
    features : pandas.DataFrame
        One row per contrast and feature: ``contrast``, ``study``, ``outcome``,
        ``feature``, ``text``, ``status``, ``why``, ``confirmation``.
    requirements : dict of str to ElementFinding
        Requirements published for bodies of evidence.
    wording : str
        Which wording was used, and when it was read.
    statement : str
        What this is and is not.
    """

    program: str
    features: pd.DataFrame
    requirements: dict[str, ElementFinding]
    wording: str
    statement: str = STATEMENT

    @property
    def table(self) -> pd.DataFrame:
        """One row per requirement."""
        rows = [vars(found) for found in self.requirements.values()]
        return pd.DataFrame(rows)[list(COLUMNS)]

    def _repr_html_(self) -> str:
        tables = (self.table, self.features)
        shown = "".join(table.to_html(index=False, escape=True) for table in tables)
        return f"<p>{html.escape(self.statement)}</p>{shown}"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "statement": self.statement,
            "wording": self.wording,
            "requirements": self.table.to_dict("records"),
            "features": self.features.to_dict("records"),
        }


def clearinghouse(body: Body) -> ClearinghouseWalk:
    """Say which design and execution features each contrast has.

    And which published requirements the body of evidence meets, lacks or cannot show.
    The unit is the contrast. No rating word is used: an agency's own work is not rated.

    Parameters
    ----------
    body : Body
        A program and its studies.

    Returns
    -------
    ClearinghouseWalk
    """
    wording = standard("clearinghouse")
    pairs = [(study, result) for study in body.studies for result in study.results]
    features = pd.DataFrame(
        [
            {
                "contrast": result.id,
                "study": study.label,
                "outcome": result.outcome,
                "feature": code,
                "text": meaning["text"],
                "status": result.features[code][0],
                "why": result.features[code][1],
                "confirmation": meaning["confirmation"],
            }
            for study, result in pairs
            for code, meaning in wording["features"].items()
        ],
        columns=[
            "contrast",
            "study",
            "outcome",
            "feature",
            "text",
            "status",
            "why",
            "confirmation",
        ],
    )
    return ClearinghouseWalk(
        body.program.name,
        features,
        _requirement_findings(body, pairs),
        f"{wording['name']}, {wording['wording']}; read: {wording['wording_read']}",
    )


def design_and_execution(result: Result, study: EvidenceStudy) -> Status:
    """Tell whether a contrast meets the requirements of design and execution.

    An eligible source and design, no confound and clusters taken into account; and
    either a randomized trial that stayed intact with low attrition, or baseline
    equivalence measured before the service, with background where there is no pretest.
    """
    found = {code: status for code, (status, _) in result.features.items()}
    equivalent = every((found["baseline"], found["background"], found["premeasured"]))
    strict = every((study.randomized, found["intact"], found["attrition"]))
    return every((*(found[code] for code in EXECUTION), any_of((strict, equivalent))))


def _requirement_findings(
    body: Body, pairs: list[tuple[EvidenceStudy, Result]]
) -> dict[str, ElementFinding]:
    imagined = [
        (study, replace(result, features=result.features | {"source": ("present", "")}))
        if study.own
        else (study, result)
        for study, result in pairs
    ]
    found, if_published = _requirements(body, pairs), _requirements(body, imagined)
    counted, of = _counted(pairs)
    why = f"{counted} of {of} contrasts on the topic meet design and execution and are favorable"
    if any(study.own for study, _ in pairs) and not counted:
        why += "; the agency's own analysis is not an eligible source until it is published"
    whys = dict.fromkeys(found, why) | {"noharm": noharm_basis(body).why}
    texts = standard("clearinghouse")["requirements"]
    return {
        code: ElementFinding(
            code,
            texts[code]["text"],
            texts[code]["confirmation"],
            status,
            whys[code],
            "" if status == "present" else CHANGES[code],
            if_published[code],
        )
        for code, status in found.items()
    }


def _counted(pairs: list[tuple[EvidenceStudy, Result]]) -> tuple[int, int]:
    on_topic = [(study, result) for study, result in pairs if result.on_topic]
    return sum(_favorable(*pair) == "present" for pair in on_topic), len(on_topic)


def _favorable(study: EvidenceStudy, result: Result) -> Status:
    return every((design_and_execution(result, study), result.features["favorable"][0]))


def _requirements(body: Body, pairs: list[tuple[EvidenceStudy, Result]]) -> dict[str, Status]:
    on_topic = [(study, result) for study, result in pairs if result.on_topic]
    favorable = [_favorable(*pair) for pair in on_topic]
    in_practice = [
        every((status, result.features["usual_care"][0]))
        for status, (_, result) in zip(favorable, on_topic, strict=True)
    ]
    lasting = {
        months: any_of(
            every((status, result.features[f"sustained{months}"][0]))
            for status, (_, result) in zip(in_practice, on_topic, strict=True)
        )
        for months in (6, 12)
    }
    two = any_of(
        every((in_practice[a], in_practice[b], no_overlap(on_topic[a][0], on_topic[b][0])))
        for a, b in combinations(range(len(on_topic)), 2)
    )
    return {
        "two_contrasts": two,
        "one_contrast": any_of(favorable),
        "one_sustained12": lasting[12],
        "one_sustained6": lasting[6],
        "noharm": every((noharm_case(body).status, noharm_basis(body).status)),
    }
