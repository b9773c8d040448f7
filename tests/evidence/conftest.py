"""Bodies of evidence as drawn tables."""

import pytest

from evaluation.evidence.body import Body, EvidenceStudy, Result
from evaluation.evidence.study_file import ElementAssertion, ProgramFile, Source

FEATURES = (
    *("design", "source", "baseline", "background", "premeasured", "declared", "attrition"),
    *("intact", "noconfound"),
    *("clusters", "usual_care", "favorable", "sustained6", "sustained12"),
)
DESIGNS = {"rct": "randomized", "qed": "quasi-experimental", "group": "single group"}
ANSWERS = {"+": "yes", "-": "no", "?": "unknown"}
DIRECTIONS = {"better": "favorable", "worse": "unfavorable", "same": "none", "?": "unknown"}
LONG_ENOUGH = {"+": "present", "-": "absent", "?": "unknown"}
GIVEN = {
    "manual": "present",
    "noharm_case": "present",
    "noharm_basis": "present",
    "accepted": "present",
}


def make_program(elements=None, **changes):
    asserted = {
        code: ElementAssertion(status=status, why="looked at", confirmation="confirmed")
        for code, status in (GIVEN if elements is None else elements).items()
    }
    settings = {
        "kind": "program",
        "id": "p",
        "name": "Program",
        "source": Source(title="t", confirmation="confirmed"),
        "targets_permanent_families": "yes",
        "used_with": "child welfare",
        "service_types": ("case management",),
        "delivered_by": ("child welfare workers",),
        "elements": asserted,
    }
    return ProgramFile(**(settings | changes))


def make_features(**changes):
    return {name: (changes.get(name, "present"), "drawn") for name in FEATURES}


def read_studies(drawing):
    """Read lines of: design, usual care, peer reviewed, measures, result, 6 and 12 months, sample.

    The sample is an agency and years, such as ``Alder:2001-2004``; ``?`` where not known.
    A leading ``own`` marks the agency's own analysis; outcome is re-entry unless the
    sample is followed by another.
    """
    studies = []
    for number, line in enumerate(filter(None, map(str.strip, drawing.splitlines())), 1):
        own, *rest = line.split()
        is_own = own == "own"
        design, care, peer, measures, result, six, twelve, sample, *outcome = (
            rest if is_own else [own, *rest]
        )
        agency, _, years = sample.partition(":")
        first, _, last = years.partition("-")
        found = Result(
            id=f"s{number}.1",
            outcome=outcome[0] if outcome else "reentry",
            direction=DIRECTIONS[result],
            sustained6=(LONG_ENOUGH[six], "drawn"),
            sustained12=(LONG_ENOUGH[twelve], "drawn"),
            features=make_features(
                source=LONG_ENOUGH[peer],
                favorable={"better": "present", "?": "unknown"}.get(result, "absent"),
                sustained6=LONG_ENOUGH[six],
                sustained12=LONG_ENOUGH[twelve],
                usual_care=LONG_ENOUGH[care],
                design="absent" if design == "group" else "present",
            ),
        )
        studies.append(
            EvidenceStudy(
                id=f"s{number}",
                label=f"Study {number}",
                own=is_own,
                design=DESIGNS[design],
                usual_care=ANSWERS[care],
                appropriate="no" if design == "group" else "yes",
                peer_reviewed=ANSWERS[peer],
                measures=ANSWERS[measures],
                agencies=() if agency == "?" else (agency,),
                years=(int(first), int(last)) if years else None,
                results=(found,),
            )
        )
    return tuple(studies)


@pytest.fixture
def body():
    def make(drawing="", program=None):
        return Body(program or make_program(), read_studies(drawing))

    return make
