"""Everything a study's evidence says of one program, and of all of them."""

import html
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from evaluation.evidence.body import Body
from evaluation.evidence.contrast import ContrastEvidence
from evaluation.evidence.effect_sizes import EffectSize
from evaluation.evidence.from_effects import contrasts_of
from evaluation.evidence.own_evidence import own_study
from evaluation.evidence.prevention_standards import ClearinghouseWalk, clearinghouse
from evaluation.evidence.published_evidence import published_risk_ratio, published_study
from evaluation.evidence.rating_scale import CebcWalk, cebc
from evaluation.evidence.registry import Registry, registry
from evaluation.evidence.study_file import StudyFile
from evaluation.evidence.synthesis import Synthesis, synthesis
from evaluation.study import Study

if TYPE_CHECKING:
    from evaluation.cohorts import Cohort
    from evaluation.effects import Effects

COLUMNS = ("contrast", "outcome", "horizon", "primary", "direction", "months_beyond")
COLUMNS += ("sustained6", "sustained12", "sound", "diagnostics")
POOLED = "risk_ratio"


@dataclass(frozen=True, eq=False)
class ProgramEvidence:
    """A program's evidence.

    Attributes
    ----------
    body : Body
        The program and all studies of it.
    contrasts : tuple of ContrastEvidence
        The agency's own.
    published : tuple of StudyFile
        From the registry.
    cebc : CebcWalk
        The Scientific Rating Scale, element by element.
    clearinghouse : ClearinghouseWalk
        Features and requirements of the Title IV-E standards.
    synthesis : dict of str to Synthesis
        By outcome.
    """

    body: Body
    contrasts: tuple[ContrastEvidence, ...]
    published: tuple[StudyFile, ...]
    cebc: CebcWalk
    clearinghouse: ClearinghouseWalk
    synthesis: dict[str, Synthesis]


@dataclass(frozen=True, eq=False)
class Evidence:
    """The evidence of a study, program by program.

    Attributes
    ----------
    study : Study
        The protocol.
    years : (int, int)
        First and last year of exits.
    registry : Registry
        Published studies and programs.
    contrasts : tuple of ContrastEvidence
        Every contrast of the study.
    programs : dict of str to ProgramEvidence
        By program, in the study's order.
    """

    study: Study
    years: tuple[int, int]
    registry: Registry
    contrasts: tuple[ContrastEvidence, ...]
    programs: dict[str, ProgramEvidence]

    @property
    def table(self) -> pd.DataFrame:
        """One row per contrast with what it can support."""
        rows = [
            (
                *(c.id, c.outcome, c.horizon, c.primary, c.direction),
                None if c.clock is None else c.clock.months_beyond,
                *(c.sustained(6)[0], c.sustained(12)[0], c.sound, c.diagnostics),
            )
            for c in self.contrasts
        ]
        return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"horizon": "Int64"})

    def _repr_html_(self) -> str:
        said = "".join(
            f"<li>{html.escape(each.body.program.name)}: {html.escape(each.cebc.statement)}</li>"
            for each in self.programs.values()
        )
        return f"<ul>{said}</ul>{self.table.to_html(index=False, escape=True)}"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "contrasts": self.table.to_dict("records"),
            "after_service": [_after(c) for c in self.contrasts if c.after_service is not None],
            "programs": {
                name: {"cebc": each.cebc.to_dict(), "clearinghouse": each.clearinghouse.to_dict()}
                for name, each in self.programs.items()
            },
        }

    def with_contrasts(self, contrasts: Iterable[ContrastEvidence]) -> "Evidence":
        """Return the evidence these contrasts give, walked anew."""
        return weigh(self.study, self.years, self.registry, tuple(contrasts))


def evidence(cohort: "Cohort", effects: "Effects", studies: Registry | None = None) -> Evidence:
    """Say what the contrasts of a study can and cannot support.

    Parameters
    ----------
    cohort : Cohort
        From ``build_cohort``.
    effects : Effects
        From ``effects``.
    studies : Registry, optional
        Published studies; by default those shipped and those in the folder that
        ``[files] studies`` names.

    Returns
    -------
    Evidence

    Raises
    ------
    DataError
        If a file of published studies breaks a rule, naming file and key.
    """
    study = cohort.study
    studies = registry_of(study) if studies is None else studies
    dates = pd.to_datetime(cohort.exits["index_date"]) if "index_date" in cohort.exits else None
    years = (
        tuple(day.year for day in study.cohort.exits)
        if dates is None or dates.empty
        else (int(dates.min().year), int(dates.max().year))
    )
    return weigh(study, years, studies, contrasts_of(cohort, effects))


def registry_of(study: Study) -> Registry:
    """Read the published studies of a study: those shipped, and those of its own folder.

    Raises
    ------
    DataError
        If a file breaks a rule, naming file and key.
    """
    folder = study.files.studies
    return registry(None if folder is None else study.folder / folder)


def weigh(
    study: Study,
    years: tuple[int, int],
    studies: Registry,
    contrasts: tuple[ContrastEvidence, ...],
) -> Evidence:
    """Put contrasts and published studies together, program by program."""
    programs = {}
    for service in study.services:
        own = tuple(c for c in contrasts if c.service == service.program)
        published = studies.studies_of(service.program)
        body = Body(
            studies.program(service.program, service.name),
            (
                *((own_study(own, study.report.agency, years),) if own else ()),
                *(published_study(each) for each in published),
            ),
        )
        programs[service.program] = ProgramEvidence(
            body, own, published, cebc(body), clearinghouse(body), _pooled(body, own, published)
        )
    return Evidence(study, years, studies, contrasts, programs)


def _after(contrast: ContrastEvidence) -> dict:
    """Return the difference after the intended end as plain values, or why there is none."""
    after, found = contrast.after_service, contrast.after_service.difference
    return {
        "id": contrast.after_id,
        "contrast": contrast.id,
        "landmark": after.landmark,
        "horizon": after.horizon,
        "estimate": None if found is None else found.value,
        "ci_low": None if found is None else found.ci_low,
        "ci_high": None if found is None else found.ci_high,
        "direction": after.direction,
        "made_from": "" if found is None else found.made_from,
        "why_not": after.why_not,
    }


def _pooled(
    body: Body, own: tuple[ContrastEvidence, ...], published: tuple[StudyFile, ...]
) -> dict[str, Synthesis]:
    """Set the risk ratios of each outcome side by side, one a study.

    The agency's own enters where nothing in its design or execution forbids it.
    """
    by_id = {study.id: study for study in body.studies}
    found: dict[str, list] = {}
    left_out: dict[str, tuple[str, ...]] = {}
    for contrast in own:
        effect = contrast.effect(POOLED)
        if effect is not None and not contrast.withheld and _first(contrast, own):
            same = found.setdefault(contrast.outcome, [])
            if contrast.sound == "absent":
                left_out[contrast.outcome] = (contrast.id,)
            else:
                same.append((by_id[f"own_{contrast.service}"], effect))
    for study in published:
        outcomes = set()
        for finding in study.findings:
            effect: EffectSize | None = published_risk_ratio(study, finding)
            if effect is not None and finding.outcome not in outcomes:
                outcomes.add(finding.outcome)
                found.setdefault(finding.outcome, []).append((by_id[study.id], effect))
    return {
        outcome: synthesis(effects, left_out.get(outcome, ())) for outcome, effects in found.items()
    }


def _first(contrast: ContrastEvidence, own: tuple[ContrastEvidence, ...]) -> bool:
    """Choose one contrast an outcome: the primary one, else the first with risks."""
    same = [c for c in own if c.outcome == contrast.outcome and c.effect(POOLED) is not None]
    return contrast is next((c for c in same if c.primary), same[0])
