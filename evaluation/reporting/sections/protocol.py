"""Sections: the protocol as it was run, and the methods in words."""

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from evaluation.reporting.sections.section import Material, Section
from evaluation.reporting.tables import Column, Table

PROTOCOL = (Column("key", "Key"), Column("value", "Setting"))
NOT_SHOWN = ("data", "files", "assurance")


def protocol(material: Material) -> Section:
    """List every setting of the study file, defaults among them."""
    settings = material.study.model_dump(exclude=set(NOT_SHOWN))
    rows = pd.DataFrame(_settings(settings), columns=["key", "value"])
    primary = material.study.primary
    said = [
        "The study file is the protocol. Its SHA-256 stands at the end of this appendix: a "
        "protocol kept from before the outcomes were read shows that it was not changed since."
    ]
    if primary is None:
        said.append("No primary contrast was declared, so every contrast is exploratory.")
    else:
        name = material.service_name(primary.service)
        said.append(
            f"Declared as primary: {name}, {primary.outcome}, day {primary.horizon}. Every other "
            "contrast is secondary."
        )
    table = Table("protocol", "Settings of the study, defaults among them", PROTOCOL, rows)
    return Section("protocol", "What was decided beforehand", tuple(said), (table,))


def _settings(settings: Mapping[str, Any], under: str = "") -> Iterator[tuple[str, str]]:
    for key, value in settings.items():
        name = f"{under}{key}"
        if isinstance(value, Mapping):
            yield from _settings(value, f"{name}.")
        elif isinstance(value, list | tuple) and any(isinstance(part, Mapping) for part in value):
            for part in value:
                label = part.get("program", "")
                own = {k: v for k, v in part.items() if k != "program"}
                yield from _settings(own, f"{name}.{label}.")
        elif value is not None:
            yield name, _written(value)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_written, value)) or "none"
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value) if value != "" else "none"


def methods(material: Material) -> Section:
    """Say how each kind of number was made, with its source."""
    study = material.study
    points = [
        "Shares by a horizon are Aalen–Johansen estimates (Aalen and Johansen, 1978), with death, "
        "the age limit and, for maltreatment, re-entry as competing events; their variance is the "
        "infinitesimal jackknife, summed by family.",
        "Hazard ratios are from cause-specific Cox models with Efron's ties (Cox, 1972; Efron, "
        "1977) and a variance that is robust to families (Lin and Wei, 1989).",
        "p values of all but the primary contrast are adjusted for their number (Holm, 1979).",
    ]
    if study.adjustment.weights != "none":
        points.insert(
            1,
            "Served and compared children were weighted by the inverse of their estimated "
            "propensity, or by overlap (Rosenbaum and Rubin, 1983; Li, Morgan and Zaslavsky, "
            f"2018); the target population is: {study.adjustment.weights}. The variance adds the "
            "influence of the estimated weights.",
        )
    if study.adjustment.missing == "complete cases":
        points.append(
            "Children with a missing covariate are left out of the contrasts and counted."
        )
    else:
        points.append(
            "Missing covariates were imputed by chained equations with the outcome's event and "
            "cumulative hazard, the service and siblings' means (White and Royston, 2009); weights "
            "were made and effects estimated in each set and pooled (Rubin, 1987; Barnard and "
            "Rubin, 1999). Complete cases stand beside."
        )
    points.append(
        "Every released number passed the same disclosure control: "
        f"{material.rule.words[:1].lower()}{material.rule.words[1:]}"
    )
    return Section("methods", "How the numbers were made", points=tuple(points))
