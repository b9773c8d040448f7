"""The program entry: one service in the manner of a clearinghouse's page, released."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from evaluation.evidence import ContrastEvidence, ProgramEvidence
from evaluation.evidence.standards import ElementFinding, standard
from evaluation.evidence.study_file import StudyFile
from evaluation.reporting.annual import AnnualReport
from evaluation.reporting.markdown import escape, link
from evaluation.reporting.numerals import by_month, compact, show
from evaluation.reporting.sections import evidence as shown
from evaluation.reporting.sections.section import Material, Section
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import listed, outcome_words, upper_first

KINDS = {
    "risk_treated": ("share served", "percent"),
    "risk_comparison": ("share compared", "percent"),
    "risk_difference": ("difference per 100", "per100"),
    "risk_ratio": ("risk ratio", "ratio"),
    "hazard_ratio": ("hazard ratio", "ratio"),
}
NOT_STATED = "Not stated."
FEATURES = (
    Column("text", "Feature"),
    Column("status", "Status"),
    Column("why", "Why"),
    Column("others", "Other comparisons"),
)


@dataclass(frozen=True, eq=False)
class ProgramEntry:
    """A program entry.

    Attributes
    ----------
    program : str
        Its code.
    name : str
        As readers see it.
    statement : str
        What the evidence supports, never a rating.
    about : list of (str, str)
        Description, target population, service types and so on; what is not known says so.
    studies : list of (str, list of (str, str))
        Each study with its fields; the agency's own first.
    findings : list of str
        Sentences with links to the numbers behind them.
    numbers : list of (str, str)
        Id of an estimate and the estimate in words.
    sections : tuple of Section
        The standards, element by element.
    data : dict
        The entry as plain values.
    """

    program: str
    name: str
    statement: str
    about: list[tuple[str, str]]
    studies: list[tuple[str, list[tuple[str, str]]]]
    findings: list[str]
    numbers: list[tuple[str, str]]
    sections: tuple[Section, ...]
    data: dict[str, Any]


def program_entries(found: AnnualReport) -> list[ProgramEntry]:
    """Write the entry of every service of the study, from released numbers.

    Parameters
    ----------
    found : AnnualReport
        Released findings, with evidence.

    Returns
    -------
    list of ProgramEntry
        Empty where the evidence was not weighed.
    """
    material = found.material
    if material.evidence is None:
        return []
    return [_entry(material, program) for program in material.evidence.programs]


def _entry(material: Material, program: str) -> ProgramEntry:
    own: ProgramEvidence = material.evidence.programs[program]
    about = _about(material, own)
    studies = [_own_entry(material, own)] if own.contrasts else []
    studies += [(study.title, _published_entry(study)) for study in own.published]
    numbers = [number for contrast in own.contrasts for number in _numbers(material, contrast)]
    findings = [_finding(material, contrast) for contrast in own.contrasts]
    sections = _sections(material, own, program)
    return ProgramEntry(
        program,
        material.service_name(program),
        own.cebc.statement,
        about,
        studies,
        findings,
        numbers,
        sections,
        {
            "program": program,
            "name": material.service_name(program),
            "statement": own.cebc.statement,
            "about": dict(about),
            "studies": [{"title": title} | dict(fields) for title, fields in studies],
            "findings": [
                {
                    "contrast": c.id,
                    "direction": c.direction,
                    "checks": c.diagnostics,
                    "estimates": list(c.estimate_ids),
                }
                for c in own.contrasts
            ],
            "cebc": own.cebc.to_dict(),
            "clearinghouse": own.clearinghouse.to_dict(),
            "synthesis": {name: each.sentence for name, each in own.synthesis.items()},
        },
    )


def _about(material: Material, own: ProgramEvidence) -> list[tuple[str, str]]:
    program = own.body.program
    settings = material.study.service(program.id)
    duration = program.duration or (
        f"{settings.intended_months:g} months intended" if settings.intended_months else ""
    )
    fields = [
        ("Description", program.description),
        ("Target population", program.target_population),
        ("Service types", listed(list(program.service_types))),
        ("Delivered by", listed(list(program.delivered_by))),
        ("Essential components", "; ".join(program.essential_components)),
        ("Duration", duration),
        ("Child welfare relevance", own.cebc.relevance),
        ("Outcome domains", listed(list(own.cebc.domains)) or "None listed"),
        ("Manual", _stated(own, "manual")),
        ("Published ratings", "; ".join(_rating(r) for r in program.ratings) or "None entered"),
        ("Source", f"{program.source.title} ({program.source.confirmation})"),
        ("Wording of the scale", own.cebc.wording),
    ]
    return [(name, upper_first(value) or NOT_STATED) for name, value in fields]


def _stated(own: ProgramEvidence, code: str) -> str:
    found = own.cebc.elements[code]
    return upper_first(f"{found.status}: {found.why}")


def _rating(rating) -> str:
    when = f", reviewed {rating.reviewed}" if rating.reviewed else ""
    where = f" in {listed(list(rating.topics))}" if rating.topics else ""
    note = f"; {rating.source.note}" if rating.source.note else ""
    return f"{rating.by}: {rating.rating}{where} ({rating.source.confirmation}{when}){note}"


def _own_entry(material: Material, own: ProgramEvidence) -> tuple[str, list[tuple[str, str]]]:
    study, first = material.study, own.contrasts[0]
    years = material.evidence.years
    beyond = [c.clock.whole_months_beyond or 0 for c in own.contrasts if c.clock]
    counted = next((c.counts for c in own.contrasts if c.counts), {})
    sizes = [counted.get(name) for name in ("n_treated", "n_comparison")]
    number = f"{sizes[0]:,} served and {sizes[1]:,} compared children" if all(sizes) else NOT_STATED
    outcomes = [
        outcome_words(o, study).name for o in dict.fromkeys(c.outcome for c in own.contrasts)
    ]
    return f"{study.title} (this evaluation, unpublished)", [
        ("Type of study", f"{upper_first(first.design)}, compared with {first.comparison}"),
        ("Number of participants", number),
        ("Population", f"Children who left care from {years[0]} to {years[1]}"),
        ("Location", study.report.agency),
        ("Measures", f"{listed(outcomes)}, from administrative records"),
        ("Findings", "Under “What was found”"),
        ("Limitations", _limitations(own)),
        (
            "Length of controlled follow-up after the service",
            f"{max(beyond)} months" if any(beyond) else "None",
        ),
        ("Peer review", "None: not published"),
    ]


def _limitations(own: ProgramEvidence) -> str:
    found = [sentence for c in own.contrasts for sentence in c.confounds]
    if own.contrasts[0].design != "randomized":
        found.append("Not randomized: differences that are not recorded may remain.")
    if own.contrasts[0].lacking:
        found.append(f"Not adjusted for {listed(list(own.contrasts[0].lacking))}.")
    return " ".join(dict.fromkeys(found)) or NOT_STATED


def _published_entry(study: StudyFile) -> list[tuple[str, str]]:
    sample = study.sample
    sizes = [n for n in (sample.n_treated, sample.n_comparison) if n is not None]
    doubt = "" if study.source.confirmation == "confirmed" else " (source unconfirmed)"
    fields = [
        ("Type of study", f"{upper_first(study.design)} ({study.design_confirmation})"),
        ("Comparison", study.comparison),
        ("Number of participants", " and ".join(f"{n:,}" for n in sizes)),
        ("Population", sample.population),
        ("Location", sample.location),
        ("Measures", listed([measure.name for measure in study.measures])),
        ("Findings", " ".join(_published_finding(finding) for finding in study.findings)),
        ("Limitations", " ".join(study.limitations)),
        ("Length of controlled follow-up after the service", _length(study)),
        (
            "Peer review",
            f"{study.publication.kind}; peer reviewed: {study.publication.peer_reviewed}",
        ),
        ("Source", f"{study.source.title}{doubt}"),
    ]
    return [(name, upper_first(value) or NOT_STATED) for name, value in fields]


def _published_finding(finding) -> str:
    numbers = ""
    if None not in (finding.percent_treated, finding.percent_comparison):
        numbers = f": {finding.percent_treated:g}% against {finding.percent_comparison:g}%"
    elif finding.estimate is not None:
        numbers = f": {finding.effect.replace('_', ' ')} {finding.estimate:g}"
    elif finding.events_treated is not None:
        numbers = f": {finding.events_treated} events"
    when = f" {finding.when}" if finding.when else ""
    how = "no difference" if finding.direction == "none" else finding.direction
    known = {"yes": ", significant", "no": ", not significant", "unknown": ""}[finding.significant]
    name = finding.outcome.replace("_", " ").replace("reentry", "re-entry")
    return f"{upper_first(name)}{when}{numbers} ({how}{known}; {finding.confirmation})."


def _length(study: StudyFile) -> str:
    known = [
        f.months_after_end_of_service
        for f in study.findings
        if f.months_after_end_of_service is not None
    ]
    return f"{max(known):g} months" if known else ""


def _finding(material: Material, contrast: ContrastEvidence) -> Markup:
    """Say one contrast, with a link to each number behind it."""
    words = outcome_words(contrast.outcome, material.study)
    by = "" if contrast.horizon is None else f" by {by_month(contrast.horizon)}"
    head = f"{words.name}{by}: "
    if contrast.withheld:
        return escape(f"{head}cannot be told, since its numbers are too small to be released.")
    said = f"{head}{shown.DIRECTIONS[contrast.direction]} with the service."
    if contrast.diagnostics == "fails":
        said += " This comparison fails its checks, so nothing is claimed from it."
    last = (
        "A hazard ratio has no horizon from which to count months after the service."
        if contrast.horizon is None
        else shown.lasting_words(contrast)
    )
    links = Markup(", ").join(link(row["id"], words) for row, words, _ in _told(material, contrast))
    return Markup("{} {} {} {}.").format(escape(said), escape(last), escape("Numbers:"), links)


def _told(material: Material, contrast: ContrastEvidence) -> list[tuple[Any, str, str]]:
    """Return the released estimates behind a contrast that are printed, with name and kind."""
    if contrast.withheld:
        return []
    table = material.identified
    rows = table[table["id"].isin(contrast.estimate_ids) & table["measure"].isin(list(KINDS))]
    told = [(row, *KINDS[row["measure"]]) for row in rows.to_dict("records")]
    after = contrast.after_service
    if after is None or after.difference is None:
        return told
    found = after.difference
    row = {"id": contrast.after_id, "estimate": found.value}
    row |= {"ci_low": found.ci_low, "ci_high": found.ci_high}
    return [*told, (row, "difference after its end per 100", "per100")]


def _numbers(material: Material, contrast: ContrastEvidence) -> list[tuple[str, str]]:
    """Print the estimates behind a contrast by their ids."""
    return [
        (
            row["id"],
            f"{label} {show(row['estimate'], kind)} "
            f"({compact(row['ci_low'], row['ci_high'], kind)})",
        )
        for row, label, kind in _told(material, contrast)
    ]


def _sections(material: Material, own: ProgramEvidence, program: str) -> tuple[Section, ...]:
    name = material.service_name(program)
    scale = shown.elements(
        own.cebc.elements,
        f"cebc_{program}",
        f"{name}: elements of the CEBC Scientific Rating Scale",
        f"{standard('cebc')['acknowledgement']} Wording is paraphrased; {own.cebc.wording}.",
    )
    requirements = shown.elements(
        own.clearinghouse.requirements,
        f"title_iv_e_{program}",
        f"{name}: requirements of the Title IV-E Prevention Services Clearinghouse",
        own.clearinghouse.wording,
    )
    parts = [
        Section(
            "scale",
            f"Of {_tally(own.cebc.elements, 'elements of the scale')}",
            ("Inclusion in the topic comes first, then what the studies and the program show.",),
            (scale,),
        ),
        Section(
            "title-iv-e",
            f"Of {_tally(own.clearinghouse.requirements, 'requirements for a body of evidence')}",
            (own.clearinghouse.statement,),
            (
                requirements,
                *_features(own, name, program),
            ),
        ),
        Section(
            "synthesis",
            "Studies beside each other",
            tuple(
                f"{outcome.replace('reentry', 're-entry').capitalize()}: {each.sentence}"
                for outcome, each in own.synthesis.items()
            )
            or ("No study gives a risk ratio that could stand beside another.",),
        ),
    ]
    table = shown.supports(material, own.contrasts, f"supports_{program}")
    if table is not None:
        parts.insert(
            0, Section("supports", "How long after the service the findings reach", (), (table,))
        )
    return tuple(parts)


def _tally(found: dict[str, ElementFinding], what: str) -> str:
    statuses = [each.status for each in found.values()]
    present, absent, unknown = map(statuses.count, ("present", "absent", "unknown"))
    return f"{len(statuses)} {what}, {present} are present, {absent} absent and {unknown} unknown"


def _features(own: ProgramEvidence, name: str, program: str) -> tuple[Table, ...]:
    """Show the features of the leading comparison, and how many others have them."""
    if not own.contrasts:
        return ()
    lead = next((c for c in own.contrasts if c.primary), own.contrasts[0])
    table = own.clearinghouse.features
    rows = []
    for _, alike in table.groupby("feature", sort=False):
        first = alike[alike["contrast"] == lead.id].iloc[0]
        others = alike.loc[alike["contrast"] != lead.id, "status"].value_counts()
        rows.append(
            {
                "text": upper_first(first["text"]) + shown.MARK[first["confirmation"]],
                "status": first["status"],
                "why": upper_first(first["why"]),
                "others": ", ".join(f"{n} {status}" for status, n in sorted(others.items()))
                or None,
            }
        )
    return (
        Table(
            f"features_{program}",
            f"{name}: design and execution of the comparison {lead.id}",
            FEATURES,
            pd.DataFrame(rows).astype(object),
            "Every comparison, its features and reasons stand in this entry's JSON.",
        ),
    )
