"""The technical appendix: protocol, methods, checks, balance, trials, sensitivity, models."""

from evaluation.reporting.annual import AnnualReport
from evaluation.reporting.sections import (
    balance,
    checklist,
    contrasts,
    diagnostics,
    protocol,
    sensitivity,
    trials,
)
from evaluation.reporting.sections.section import Section

FIXED = {
    "annual": {
        "key-findings": "Key findings",
        "limitations": "What limits these findings",
        "definitions": "How things are defined",
    },
    "technical": {
        "provenance": "Where this appendix comes from",
        "checklist": "Where a reader finds what guidelines ask for",
    },
}


def technical(found: AnnualReport) -> tuple[Section, ...]:
    """Make the sections of the technical appendix.

    Parameters
    ----------
    found : AnnualReport
        Released findings.

    Returns
    -------
    tuple of Section
    """
    material = found.material
    made = [
        protocol.protocol(material),
        protocol.methods(material),
        diagnostics.diagnostics(material),
        balance.balance(material),
        trials.trials(material),
        sensitivity.sensitivity(material),
        contrasts.models(material),
    ]
    parts = [part for part in made if part is not None]
    places = {
        "annual": [*found.everything, *_fixed("annual")],
        "technical": [*parts, *_fixed("technical")],
    }
    return (*parts, checklist.checklist(places))


def _fixed(report: str) -> list[Section]:
    """Name what the template itself prints."""
    return [Section(name, title) for name, title in FIXED[report].items()]
