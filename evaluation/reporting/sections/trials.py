"""Section: each target trial as it was emulated, with what stands beside its main result."""

from collections.abc import Iterator

import pandas as pd

from evaluation.reporting.disclosure.trials import (
    release_by_grace,
    release_other_services,
    release_weights,
)
from evaluation.reporting.numerals import SUPPRESSED, by_month, compact, show
from evaluation.reporting.sections.section import Material, Section
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import outcome_words, upper_first

PROTOCOL = (Column("element", "Element"), Column("words", "As emulated"))
BY_GRACE = (
    Column("grace_days", "Grace period, days", "count"),
    Column("month", "By"),
    Column("treated", "Risk, started"),
    Column("comparison", "Risk, compared"),
    Column("difference", "Difference per 100 (95%)"),
)
WEIGHTS = (
    Column("arm", "Arm"),
    Column("day", "Day", "count"),
    Column("children", "Children", "count"),
    Column("effective", "Worth, children", "count"),
    Column("five_largest", "Weight of the five largest", "percent"),
)
OTHERS = (
    Column("program", "Other service"),
    Column("day", "Day", "count"),
    Column("begun_treated", "Begun, started", "percent"),
    Column("begun_comparison", "Begun, compared", "percent"),
    Column("in_service_treated", "In service, started", "percent"),
    Column("in_service_comparison", "In service, compared", "percent"),
)


def trials(material: Material) -> Section | None:
    """Show protocol, grace periods, weights and other services; nothing without a target trial."""
    if not material.effects.trials:
        return None
    blocks: list[Table] = []
    for (service, outcome), trial in material.effects.trials.items():
        blocks += _tables(material, service, outcome, trial)
    return Section(
        "target-trials",
        "The trials that were emulated, and other grace periods",
        (
            "A target trial is an observational comparison laid out as the trial one would have "
            "run. The balance shown for it in this appendix is that of the clones still followed "
            "at the end of the grace period.",
        ),
        tuple(blocks),
    )


def _tables(material: Material, service: str, outcome: str, trial) -> Iterator[Table]:
    rule = material.rule
    hidden = (service, outcome) in material.released.withheld
    name = material.service_name(service)
    what = f"{name}, {outcome_words(outcome, material.study).event}"
    key = f"{service}_{outcome}"
    yield Table(f"protocol_{key}", f"{what}: the protocol", PROTOCOL, trial.protocol)
    graces = release_by_grace(trial.by_grace, hidden, rule)
    yield Table(
        f"grace_{key}",
        f"{what}: the main grace period, half and double it",
        BY_GRACE,
        pd.DataFrame(_by_grace(graces), columns=[c.key for c in BY_GRACE]),
    )
    weights = release_weights(trial.weights, hidden, rule)
    weights["arm"] = weights["arm"].map({"treated": upper_first(name), "comparison": "Compared"})
    yield Table(f"weights_{key}", f"{what}: what the weighted arms are worth", WEIGHTS, weights)
    if len(trial.other_services):
        others = release_other_services(trial.other_services, trial.weights, hidden, rule)
        yield Table(
            f"others_{key}",
            f"{what}: what else the arms received, of the children still home that day",
            OTHERS,
            others,
        )


def _by_grace(table: pd.DataFrame) -> Iterator[dict]:
    for (grace, horizon), own in table.groupby(["grace_days", "horizon"], sort=False):
        by = own.set_index("measure")
        difference = by.loc["risk_difference"]
        shown = show(difference["estimate"], "per100")
        if difference["estimate"] != SUPPRESSED:
            shown += f" ({compact(difference['ci_low'], difference['ci_high'], 'per100')})"
        yield {
            "grace_days": grace,
            "month": by_month(horizon),
            "treated": show(by.loc["risk_treated", "estimate"], "percent"),
            "comparison": show(by.loc["risk_comparison", "estimate"], "percent"),
            "difference": shown,
        }
