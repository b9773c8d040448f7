"""Sections: what cannot be estimated, what ever/never would have claimed, the truth."""

import pandas as pd

from evaluation.reporting.numerals import SUPPRESSED, interval, is_missing, months, show
from evaluation.reporting.sections.section import Material, Section
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import outcome_words, upper_first

MEASURES = {
    "risk_treated": ("share, served", "percent"),
    "risk_comparison": ("share, compared", "percent"),
    "risk_difference": ("difference per 100", "per100"),
    "risk_ratio": ("risk ratio", "ratio"),
    "hazard_ratio": ("hazard ratio", "ratio"),
}
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
    "That siblings are removed together and how services are recorded differ between agencies; "
    "the definitions below follow common practice and are not confirmed by this agency unless it "
    "says so in its study file."
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
        return Section("cannot", "Everything the study asks for can be estimated", (), (), (), ())
    things = "1 thing" if len(points) == 1 else f"{len(points)} things"
    return Section(
        "cannot", f"{upper_first(things)} cannot be told from these data", (), (), (), tuple(points)
    )


def _told_effects(material: Material) -> tuple[str, ...]:
    frame = material.effects.cannot
    return material.told(frame["sentence"]) if len(frame) else ()


def naive(material: Material) -> Section | None:
    """Say what ever against never served would have claimed, and why it is refused."""
    released = material.released.naive
    if released.empty:
        return None
    said = []
    for row in released.itertuples():
        if row.risk_ratio == SUPPRESSED:
            name = material.service_name(row.service)
            words = outcome_words(row.outcome, material.study)
            said.append(
                f"{name}, {words.event}: too few events to show what ever against never served "
                "would have claimed."
            )
        else:
            said.append(row.sentence)
    return Section("naive", "Ever against never served would have misled", (), (), (), tuple(said))


def released_truth(material: Material) -> pd.DataFrame:
    """Return estimates beside the truth, those that are not shown left out."""
    if material.truth is None or material.truth.empty:
        return pd.DataFrame()
    shown = [not _hidden(material, row) for row in material.truth.itertuples()]
    return material.truth[shown].reset_index(drop=True)


def truth(material: Material) -> Section | None:
    """Set estimates beside the truth, where the data were simulated."""
    known = released_truth(material)
    if known.empty:
        return None
    limited = known[known["ci_low"].notna() & known["ci_high"].notna()]
    table = Table(
        "truth",
        "Estimates beside the truth of the simulated agency",
        TRUTH,
        pd.DataFrame([_beside(material, row) for row in known.itertuples()]),
        "A 95% interval misses the truth about once in twenty times.",
    )
    return Section(
        "truth",
        f"{int(limited['inside'].sum())} of {len(limited)} intervals hold the truth, known here "
        "because the data are simulated",
        (),
        (),
        (table,),
        tuple(upper_first(f"{text.rstrip('.')}.") for text in dict.fromkeys(known["meaning"])),
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
        low, five, ten = (show(float(risks[share]), "percent") for share in (0.0, 0.05, 0.1))
        said.append(
            f"{words.name} by month {months(main)} among exits followed that long: {low} as "
            f"recorded, {five} if 5% and {ten} if 10% of the children without a recorded end had "
            "left."
        )
    return said
