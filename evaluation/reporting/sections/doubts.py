"""Sections: what cannot be estimated, what ever/never would have claimed, the truth."""

import pandas as pd

from evaluation.reporting.numerals import (
    SUPPRESSED,
    by_month,
    compact,
    interval,
    is_missing,
    months,
    show,
)
from evaluation.reporting.sections.section import Material, Section
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import outcome_words

MEASURES = {
    "risk_treated": ("share, served", "percent"),
    "risk_comparison": ("share, compared", "percent"),
    "risk_difference": ("difference per 100", "per100"),
    "risk_ratio": ("risk ratio", "ratio"),
    "hazard_ratio": ("hazard ratio", "ratio"),
}
BESIDE_TRUTH = ("risk_difference", "hazard_ratio")
NAIVE = (
    Column("what", "Service and outcome"),
    Column("risk_ratio", "Ever against never, risk ratio", "ratio"),
    Column("ratio", "This report, hazard ratio (95%)"),
)
TRUTH = (
    Column("what", "Service and outcome"),
    Column("measure", "Measure"),
    Column("month", "By month", "count"),
    Column("estimate", "Estimate"),
    Column("limits", "95% interval"),
    Column("truth", "Truth"),
    Column("inside", "Interval holds it"),
)
UNCONFIRMED = (
    "The rules for exits, outcomes and services follow federal definitions and common practice; "
    "that this agency records them so is not confirmed here."
)


def cannot(material: Material) -> Section:
    """List what these data or this design cannot give, with the reason."""
    points = list(material.told(material.cohort.cannot))
    points += [str(text) for text in _told_effects(material)]
    for service, outcome in material.released.withheld:
        words, name = outcome_words(outcome, material.study), material.service_name(service)
        points.append(
            f"{name}, {words.event}: one of the two groups has fewer than {material.rule.below} "
            "children or events, so the estimate is not shown; pool years or agencies."
        )
    if not points:
        said = ("No outcome, group or comparison had to be left out.",)
        return Section("cannot", "Everything the study asks for can be estimated", said)
    things = "1 thing" if len(points) == 1 else f"{len(points)} things"
    return Section("cannot", f"{things} cannot be told from these data", points=tuple(points))


def _told_effects(material: Material) -> tuple[str, ...]:
    frame = material.effects.cannot
    return material.told(frame["sentence"]) if len(frame) else ()


def naive(material: Material) -> Section | None:
    """Say what ever against never served would have claimed, and why it is refused."""
    released = material.released.naive
    shown = released[released["risk_ratio"].ne(SUPPRESSED)] if len(released) else released
    if shown.empty:
        return None
    primary = material.study.primary
    declared = shown
    if primary is not None:
        same = shown["service"].eq(primary.service) & shown["outcome"].eq(primary.outcome)
        declared = shown[same] if same.any() else shown
    table = Table(
        "naive",
        f"What ever against never served would have claimed, by {by_month(shown.iloc[0].horizon)}",
        NAIVE,
        pd.DataFrame([_claim(material, row) for row in shown.itertuples()]),
        "The first number is no effect of a service. "
        "Comparisons resting on few events are left out.",
    )
    return Section(
        "naive",
        "Comparing ever with never served would have misled",
        (str(declared.iloc[0].sentence),),
        (table,),
    )


def _claim(material: Material, row) -> dict:
    table = material.released.table
    own = table[
        (table["service"] == row.service)
        & (table["outcome"] == row.outcome)
        & (table["measure"] == "hazard_ratio")
    ]
    honest = own.iloc[0] if len(own) else None
    words = outcome_words(row.outcome, material.study)
    ratio = None
    if honest is not None:
        ratio = (
            SUPPRESSED if honest["estimate"] == SUPPRESSED else show(honest["estimate"], "ratio")
        )
        if ratio != SUPPRESSED:
            ratio += f" ({compact(honest['ci_low'], honest['ci_high'], 'ratio')})"
    return {
        "what": f"{material.service_name(row.service)}: {words.event}",
        "risk_ratio": row.risk_ratio,
        "ratio": ratio,
    }


def released_truth(material: Material) -> pd.DataFrame:
    """Return estimates beside the truth, those that are not shown left out."""
    if material.truth is None or material.truth.empty:
        return pd.DataFrame()
    shown = [not _hidden(material, row) for row in material.truth.itertuples()]
    return material.truth[shown].reset_index(drop=True)


def truth(material: Material) -> Section | None:
    """Set estimates beside the truth, where the data were simulated."""
    known = released_truth(material)
    known = known[known["measure"].isin(BESIDE_TRUTH)] if len(known) else known
    if known.empty:
        return None
    limited = known[known["ci_low"].notna() & known["ci_high"].notna()]
    table = Table(
        "truth",
        "Differences and ratios beside the truth of the simulated agency",
        TRUTH,
        pd.DataFrame([_beside(material, row) for row in known.itertuples()]),
        "The truth of a difference comes from the same simulated children with and without the "
        "service; that of a hazard ratio from the same model fitted to a large population. A 95% "
        "interval misses the truth about once in twenty times.",
    )
    held = int(limited["inside"].sum())
    return Section(
        "truth",
        f"{held} of {len(limited)} intervals hold the truth, known here because the data are "
        "simulated",
        (),
        (table,),
    )


def _beside(material: Material, row) -> dict:
    name, kind = MEASURES.get(row.measure, (row.measure.replace("_", " "), "ratio"))
    words = outcome_words(row.outcome, material.study)
    limited = not (is_missing(row.ci_low) or is_missing(row.ci_high))
    return {
        "what": f"{material.service_name(row.service)}: {words.event}",
        "measure": name,
        "month": None if is_missing(row.horizon) else months(int(row.horizon)),
        "estimate": show(row.estimate, kind),
        "limits": interval(row.ci_low, row.ci_high, kind),
        "truth": show(row.truth, kind),
        "inside": None if not limited else "yes" if row.inside else "no",
    }


def _hidden(material: Material, row) -> bool:
    table = material.released.table
    same = (
        (table["service"] == row.service)
        & (table["outcome"] == row.outcome)
        & (table["measure"] == row.measure)
    )
    if not is_missing(row.horizon):
        same &= table["horizon"].eq(row.horizon).fillna(False)
    return bool((table.loc[same, "estimate"] == SUPPRESSED).any())


def limitations(material: Material) -> tuple[str, ...]:
    """Say what always limits these findings."""
    study = material.study
    said = []
    if study.design != "randomized" and study.services:
        said.append(
            "Services were not given by chance. Weights and models make groups alike only in "
            "what is recorded; what is not recorded may explain a difference, or hide one."
        )
    said += _unseen(material)
    said += [
        "Administrative records show what agencies recorded, not everything that happened; "
        "families in service are also seen more often, which can raise reports of maltreatment.",
        UNCONFIRMED,
    ]
    if material.rule.on:
        said.append(
            f"{material.rule.words} Totals and rates that would give a hidden count back are "
            "hidden too."
        )
    return tuple(said)


def _unseen(material: Material) -> list[str]:
    """Bound the risk where families who left the jurisdiction cannot be seen."""
    if not any("moves_out" in str(text) for text in material.cohort.cannot):
        return []
    main = material.study.main_horizon
    said = [
        "Families who left the jurisdiction are not recorded and count as safely home, so the "
        "shares shown are too low by as much as this hides."
    ]
    for outcome in material.followed:
        bound = material.cohort.unseen_leavers(outcome, main)
        events = int(bound["events"].iloc[0])
        risks = bound.set_index("share_left")["risk"]
        if material.rule.hides(events) or risks.isna().any():
            continue
        words = outcome_words(outcome, material.study)
        of = int(bound["exits"].iloc[0])
        low, five, ten = (
            show(material.rule.grid(float(risks[share]), of), "percent")
            for share in (0.0, 0.05, 0.1)
        )
        said.append(
            f"{words.name} by month {months(main)} among exits followed that long: {low} as "
            f"recorded, {five} if 5% and {ten} if 10% of the children without a recorded end had "
            "left."
        )
    return said
