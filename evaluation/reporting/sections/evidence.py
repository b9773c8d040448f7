"""Section: what the evidence for each service can and cannot support."""

import pandas as pd

from evaluation.evidence import ContrastEvidence, ProgramEvidence
from evaluation.evidence.standards import ElementFinding, standard
from evaluation.reporting.numerals import compact, months, show
from evaluation.reporting.sections.section import Material, Section
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import listed, outcome_words, upper_first

DIRECTIONS = {
    "favorable": "fewer events",
    "unfavorable": "more events",
    "none": "no clear difference",
    "unknown": "cannot be told",
}
SUPPORTS = (
    Column("what", "Service and outcome"),
    Column("month", "By month", "count"),
    Column("direction", "With the service"),
    Column("beyond", "Whole months after its end", "count"),
    Column("ended", "Services ended by then"),
    Column("after", "Difference after its end, per 100 (95%)"),
)
ELEMENTS = (
    Column("text", "Element"),
    Column("status", "Status\u00a0now"),
    Column("why", "Why"),
    Column("change", "What would change it"),
    Column("if_published", "If published"),
)
_SHOWN = {"absent": "not shown", "unknown": "not known", "present": "shown"}
MARK = {"confirmed": "", "unconfirmed": " (wording unconfirmed)"}


def summary(material: Material) -> Section | None:
    """Say for each service what the evidence supports; nothing where it was not weighed."""
    found = material.evidence
    if found is None or not found.programs:
        return None
    said = [sentence(material, program) for program in found.programs]
    blocks = (supports(material, found.contrasts, "evidence"),)
    points = (
        "A clearinghouse rates programs from published, peer-reviewed studies. This report is "
        "neither: it says which elements are present, and nothing here is a rating.",
        "“After its end” compares children still home at the service's intended end: an effect "
        "seen only before that was accrued during service.",
        "A lasting effect is claimed only where at least nine in ten of the services had ended; "
        "services without a recorded end count as going on.",
        "Each service has an entry of its own with every element, beside this report.",
    )
    title = _title(material)
    return Section("evidence", title, tuple(said), tuple(filter(None, blocks)), "", points)


def _title(material: Material) -> str:
    programs = material.evidence.programs.values()
    lasting = [
        p.body.program.name
        for p in programs
        if any(c.sustained(6)[0] == "present" for c in p.contrasts)
    ]
    if lasting:
        return f"An effect lasts after the end of service for {listed(lasting)}"
    return "No service is shown here to have an effect that lasts after its end"


def sentence(material: Material, program: str) -> str:
    """Say what the evidence for one program supports, with what is missing."""
    found: ProgramEvidence = material.evidence.programs[program]
    name = upper_first(material.service_name(program))
    names = standard("cebc")["elements"]
    missing = [
        names[code]["short"]
        for code in ("peer", "manual", "noharm_case")
        if found.cebc.elements[code].status != "present"
    ]
    lacks = f" Not shown: {listed(missing)}." if missing else ""
    published = len(found.published)
    studies = {0: "No published study", 1: "1 published study"}.get(
        published, f"{published} published studies"
    )
    verb = "is" if published < 2 else "are"
    return (
        f"{name}. {found.cebc.statement} {studies} of it {verb} in the registry "
        f"beside this evaluation.{lacks}"
    )


def supports(
    material: Material, contrasts: tuple[ContrastEvidence, ...], name: str
) -> Table | None:
    """Show each contrast with how long after the service it reaches."""
    if not contrasts:
        return None
    rows = [
        {
            "what": f"{material.service_name(c.service)}: "
            f"{outcome_words(c.outcome, material.study).event}",
            "month": None if c.horizon is None else months(c.horizon),
            "direction": DIRECTIONS[c.direction],
            "beyond": c.clock.whole_months_beyond if c.clock else None,
            "ended": ended_words(c, material),
            "after": after_words(c),
        }
        for c in contrasts
    ]
    return Table(
        name,
        "What each comparison can support",
        SUPPORTS,
        pd.DataFrame(rows).astype(object),
        "Fewer or more events means statistically significant, adjusted for the other comparisons "
        "unless declared beforehand. A hazard ratio has no month and no end to count from.",
    )


def ended_words(contrast: ContrastEvidence, material: Material) -> str | None:
    """Say how many services had ended by the horizon, small numbers only as a bound."""
    clock = contrast.clock
    if clock is None or not clock.treated:
        return None
    if any(map(material.rule.hides, (clock.ended, clock.treated - clock.ended, clock.unknown))):
        bound = f"{clock.least_ended:.0%}"
        return f"{bound} or more" if clock.enough_ended else f"under {bound}"
    return f"{clock.share_ended:.0%}"


def after_words(contrast: ContrastEvidence) -> str | None:
    """Write the difference after the intended end of service."""
    after = contrast.after_service
    if after is None or after.difference is None:
        return None
    found = after.difference
    limits = compact(found.ci_low, found.ci_high, "per100")
    return f"{show(found.value, 'per100')} ({limits})"


def elements(findings: dict[str, ElementFinding], name: str, caption: str, note: str) -> Table:
    """Show the elements of a standard with what was found for each."""
    rows = [
        {
            "text": upper_first(found.text) + MARK[found.confirmation],
            "status": found.status,
            "why": upper_first(found.why),
            "change": upper_first(found.change) or None,
            "if_published": found.if_published,
        }
        for found in findings.values()
    ]
    return Table(name, caption, ELEMENTS, pd.DataFrame(rows).astype(object), note)


def lasting_words(contrast: ContrastEvidence) -> str:
    """Say whether a contrast's effect lasts six months or a year beyond the service."""
    (six, why_six), (year, why_year) = contrast.sustained(6), contrast.sustained(12)
    if year == "present":
        return "It lasts at least a year beyond the end of service."
    if six == "present":
        return (
            "It lasts at least six months beyond the end of service; that it lasts a year is "
            f"{_SHOWN[year]}, since {why_year}."
        )
    return f"That an effect lasts beyond the end of service is {_SHOWN[six]}, since {why_six}."
