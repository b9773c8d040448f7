"""Section: what becomes of the findings when a choice or an assumption is another."""

from collections.abc import Iterator

import pandas as pd

from evaluation.reporting.charts.specification import specification
from evaluation.reporting.numerals import SUPPRESSED, by_month, compact, is_missing, show
from evaluation.reporting.sections.section import Drawing, Material, Section
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import outcome_words, term_name

KINDS = {"risk_difference": "per100", "hazard_ratio": "ratio", "risk_ratio": "ratio"}
MEASURES = {
    "risk_difference": "difference per 100",
    "hazard_ratio": "hazard ratio",
    "risk_ratio": "risk ratio",
}
E_VALUES = (
    Column("what", "Service and outcome"),
    Column("month", "By"),
    Column("estimate", "E-value of the estimate", "ratio"),
    Column("limit", "of its limit nearer 1", "ratio"),
    Column("words", "Made from"),
)
VARIANTS = (
    Column("what", "Service and outcome"),
    Column("variant", "With"),
    Column("measure", "Measure"),
    Column("estimate", "Estimate (95%)"),
    Column("words", "Note"),
)
CURVE, CONTROL = "specification curve", "negative control"
CAPTIONS = {
    "surveillance bounds": (
        "surveillance",
        "Maltreatment with reports counted in four ways",
        "Families in services are seen more, and what is seen is reported. The truth about harm "
        "lies nearer to the ways in which being watched adds little.",
    ),
    CONTROL: (
        "control",
        "Negative control: reports, after the exit, of incidents before it",
        "No service after the exit can have caused these incidents: a difference here is bias, of "
        "reporting or of who is served. It corrects nothing; there are too few controls for that.",
    ),
    "lagged exposure": (
        "lags",
        "With the service counted only so many days after it began, or never ended",
        "Services start in crises and end because of removals: an effect that goes away here was "
        "one of timing.",
    ),
    "one county left out": ("counties", "Without each county", ""),
    "loss bounds": (
        "moves",
        "If children who moved away had, or had not, the outcome",
        "Both extremes (Manski, 1990): what could have happened at worst and at best.",
    ),
    "tipping point": (
        "tipping",
        "How many of the served who moved away must have had the outcome",
        "With none of the children compared: the share at which the difference is gone.",
    ),
}
E_NOTE = (
    "How strong, as a ratio with both the service and the outcome, something not recorded must be "
    "to explain the estimate away (VanderWeele and Ding, 2017); 1 means nothing is needed."
)


def sensitivity(material: Material) -> Section | None:
    """Show E-values, bounds, controls and the specification curve; nothing where none was made."""
    released = material.released.sensitivity
    if released.empty:
        return None
    blocks: list[Drawing | Table] = [*_curves(material, released)]
    blocks += [_e_values(material, released)]
    for analysis, (name, caption, note) in CAPTIONS.items():
        own = released[released["analysis"] == analysis]
        if len(own):
            rows = pd.DataFrame([_row(material, row) for row in own.itertuples()])
            blocks.append(Table(f"sensitivity_{name}", caption, VARIANTS, rows, note))
    return Section(
        "sensitivity",
        "What the findings become under other choices",
        tuple(_said(material, released)),
        tuple(blocks),
    )


def _said(material: Material, released: pd.DataFrame) -> Iterator[str]:
    repeated = released[released["analysis"] == CURVE][["service", "outcome"]].drop_duplicates()
    names = [_what(material, row.service, row.outcome) for row in repeated.itertuples()]
    if names:
        yield (
            f"Repeated under other choices: {'; '.join(names)}. E-values, surveillance bounds and "
            "the negative control are given for every service."
        )
    for row in repeated.itertuples():
        own = _numbers(released, row.service, row.outcome)
        if own.empty:
            continue
        kind = KINDS[own["measure"].iloc[0]]
        span = f"{show(own['estimate'].min(), kind)} to {show(own['estimate'].max(), kind)}"
        yield (
            f"{_what(material, row.service, row.outcome)}: over {len(own)} ways of comparing, the "
            f"{MEASURES[own['measure'].iloc[0]]} ran from {span}."
        )


def _numbers(released: pd.DataFrame, service: str, outcome: str) -> pd.DataFrame:
    """Return the rows of a specification curve that may be drawn, on the study's own measure."""
    own = released[
        (released["analysis"] == CURVE)
        & (released["service"] == service)
        & (released["outcome"] == outcome)
        & released["estimate"].ne(SUPPRESSED)
        & released["estimate"].notna()
    ]
    if own.empty:
        return own
    own = own[own["measure"] == own["measure"].iloc[0]]
    return own.astype({"estimate": float, "ci_low": float, "ci_high": float})


def _curves(material: Material, released: pd.DataFrame) -> Iterator[Drawing]:
    pairs = released[released["analysis"] == CURVE][["service", "outcome"]].drop_duplicates()
    for service, outcome in pairs.to_numpy():
        own = _numbers(released, service, outcome)
        if len(own) < 2:
            continue
        difference = own["measure"].iloc[0] == "risk_difference"
        scale = 100.0 if difference else 1.0
        table = own[["variant", "estimate", "ci_low", "ci_high"]].copy()
        table[["estimate", "ci_low", "ci_high"]] *= scale
        table["main"] = own["variant"].eq("as in the study")
        table["variant"] = [_variant(material, text) for text in own["variant"]]
        null = 0.0 if difference else 1.0
        same = (table["estimate"] < null).all() or (table["estimate"] > null).all()
        name = material.service_name(service)
        title = f"{name}: every way of comparing points the same way"
        if ((table["ci_low"] < null) & (table["ci_high"] > null)).all():
            title += ", and none tells it from chance"
        if not same:
            title = f"{name}: the sign of the difference depends on how it is compared"
        words = outcome_words(outcome, material.study)
        chart = specification(
            table,
            title=title,
            subtitle=f"{words.name} by {by_month(material.study.main_horizon)}, "
            + ("difference per 100 children" if difference else "hazard ratio")
            + "; lines are 95% intervals",
            source=material.source,
            no_difference=null,
            head="Difference per 100" if difference else "Hazard ratio",
            name=f"specification_{service.lower()}_{outcome}",
        )
        yield Drawing(chart, f"{name}, {words.event}: other ways of making the same comparison")


def _e_values(material: Material, released: pd.DataFrame) -> Table:
    own = released[released["analysis"] == "E-value"].copy()
    own["horizon"] = own["horizon"].map(lambda day: 0 if is_missing(day) else int(day))
    rows = []
    for (service, outcome, horizon), pair in own.groupby(
        ["service", "outcome", "horizon"], sort=False
    ):
        value = pair.set_index("variant")["estimate"]
        rows.append(
            {
                "what": _what(material, service, outcome),
                "month": by_month(horizon) if horizon else "all follow-up",
                "estimate": value.get("estimate"),
                "limit": value.get("limit nearer 1"),
                "words": pair["words"].iloc[0],
            }
        )
    frame = pd.DataFrame(rows, columns=[column.key for column in E_VALUES])
    return Table("sensitivity_e_values", "E-values", E_VALUES, frame, E_NOTE)


def _row(material: Material, row) -> dict:
    share = row.analysis == "tipping point"
    kind = "percent" if share else KINDS.get(row.measure, "text")
    estimate = show(row.estimate, kind)
    if not (is_missing(row.ci_low) or SUPPRESSED in (row.estimate, row.ci_low)):
        estimate += f" ({compact(row.ci_low, row.ci_high, kind)})"
    words = "" if is_missing(row.words) else str(row.words)
    return {
        "what": _what(material, row.service, row.outcome),
        "variant": _variant(material, str(row.variant)),
        "measure": "share" if share else MEASURES.get(row.measure, ""),
        "estimate": estimate,
        "words": next(iter(material.told([words])), ""),
    }


def _variant(material: Material, variant: str) -> str:
    head, _, column = variant.partition("without ")
    return f"without {term_name(column, material.study)}" if not head and column else variant


def _what(material: Material, service: str, outcome: str) -> str:
    return f"{material.service_name(service)}: {outcome_words(outcome, material.study).event}"
