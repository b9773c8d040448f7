"""Section: how alike served and compared children were, before and after weighting."""

import numpy as np
import pandas as pd

from evaluation.effects.thresholds import THRESHOLDS
from evaluation.reporting.charts.balance import balance as draw_balance
from evaluation.reporting.charts.overlap import overlap as draw_overlap
from evaluation.reporting.numerals import SUPPRESSED
from evaluation.reporting.sections.section import Drawing, Material, Section
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import outcome_words, term_name, upper_first

BALANCE = (
    Column("name", "Characteristic"),
    Column("before", "Before weighting", "signed"),
    Column("after", "After weighting", "signed"),
)
MEANING = (
    f"Up to {THRESHOLDS.no_adjustment:.2f} needs no adjustment and beyond "
    f"{THRESHOLDS.not_equivalent:.2f} groups do not count as equivalent (What Works Clearinghouse, "
    f"2022); {THRESHOLDS.usual:.2f} is the usual line in weighted comparisons (Austin, 2009)."
)
MOST_ROWS = 24


def balance(material: Material) -> Section | None:
    """Draw and list the standardized differences of every weighted contrast's first outcome."""
    released = material.released.balance
    if released.empty:
        return None
    blocks: list[Drawing | Table] = []
    said = []
    for service, outcome in _shown(material, released):
        own = released[(released["service"] == service) & (released["outcome"] == outcome)]
        own = own[own["after"].ne(SUPPRESSED)].reset_index(drop=True)
        if own.empty:
            continue
        name = material.service_name(service)
        finding = _finding(own, name)
        said.append(f"{finding}.")
        event = outcome_words(outcome, material.study).event
        caption = f"Standardized differences: {name} and {material.compared(service)}"
        blocks.append(Drawing(_drawn(own, material, service, finding), caption))
        drawn = _overlap(material, service, outcome)
        blocks += [] if drawn is None else [drawn]
        data = own.assign(name=[term_name(term, material.study) for term in own["covariate"]])
        blocks.append(
            Table(
                f"balance_{service}",
                f"{caption}, in the comparison of {event}",
                BALANCE,
                data[[column.key for column in BALANCE]],
                MEANING,
            )
        )
    if not blocks:
        return None
    return Section("balance", _title(released), tuple(said), tuple(blocks))


def _shown(material: Material, released: pd.DataFrame) -> list[tuple[str, str]]:
    """Choose for each service its primary outcome, else the first it was weighted for."""
    primary, chosen = material.study.primary, {}
    for service, outcome in released[["service", "outcome"]].drop_duplicates().to_numpy():
        declared = primary is not None and (primary.service, primary.outcome) == (service, outcome)
        if service not in chosen or declared:
            chosen[service] = outcome
    return list(chosen.items())


def _drawn(own: pd.DataFrame, material: Material, service: str, finding: str):
    furthest = own.assign(size=own[["before", "after"]].astype(float).abs().max(axis=1))
    kept = own.loc[furthest.nlargest(MOST_ROWS, "size").sort_index().index]
    labels = {term: term_name(term, material.study) for term in kept["covariate"]}
    few = "" if len(kept) == len(own) else f"; the {MOST_ROWS} largest of {len(own)}"
    return draw_balance(
        kept[["covariate", "before", "after"]].astype({"before": float, "after": float}),
        title=finding,
        subtitle=f"Difference in means over the pooled standard deviation{few}",
        source=material.source,
        labels=labels,
        name=f"balance_{service.lower()}",
    )


def _overlap(material: Material, service: str, outcome: str) -> Drawing | None:
    """Draw who was how likely to be served; nothing where no probability was estimated."""
    released = material.released.overlap
    own = released[(released["service"] == service) & (released["outcome"] == outcome)]
    if len(own) < 2:
        return None
    name, other = material.service_name(service), material.compared(service)
    shared = np.minimum(own["served"], own["compared"]).sum()
    joined = f"Bands with fewer than {material.rule.below} children of a group are joined."
    chart = draw_overlap(
        own[["low", "high", "served", "compared"]].astype(float),
        title=f"{name}: {shared:.0%} of the groups overlap in how likely they were to be served",
        subtitle="Share of each group, for each 0.05 of the estimated probability",
        source=material.source,
        served=name,
        compared=upper_first(other),
        note=joined if material.rule.on else "",
        name=f"overlap_{service.lower()}",
    )
    return Drawing(chart, f"Positivity: {name} and {other}, before weighting")


def _finding(own: pd.DataFrame, name: str) -> str:
    largest = own["after"].astype(float).abs().max()
    if largest <= THRESHOLDS.usual:
        return (
            f"{name}: after weighting no characteristic differs by more than {THRESHOLDS.usual:.2f}"
        )
    far = int((own["after"].astype(float).abs() > THRESHOLDS.usual).sum())
    differ = "characteristic still differs" if far == 1 else "characteristics still differ"
    return f"{name}: after weighting {far} {differ} by more than {THRESHOLDS.usual:.2f}"


def _title(released: pd.DataFrame) -> str:
    after = released.loc[released["after"].ne(SUPPRESSED), "after"].astype(float).abs()
    alike = bool((after <= THRESHOLDS.usual).all())
    return (
        "After weighting the groups are alike in what is recorded"
        if alike
        else "After weighting some recorded differences remain"
    )
