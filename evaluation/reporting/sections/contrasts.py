"""Section: what each service was followed by, and how sure that is."""

import pandas as pd

from evaluation.reporting.charts.forest import forest as draw_forest
from evaluation.reporting.charts.incidence import incidence as draw_incidence
from evaluation.reporting.numerals import SUPPRESSED, interval, is_missing, months, show
from evaluation.reporting.sections.section import Material, Section
from evaluation.reporting.sentences import (
    MEANINGFUL_DIFFERENCE,
    MEANINGFUL_RATIO,
    Estimate,
    effect_sentence,
    finding_title,
    ratio_sentence,
)
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import outcome_words, term_name

EFFECTS = (
    Column("what", "Service and outcome"),
    Column("month", "By month", "count"),
    Column("n", "Served / compared"),
    Column("risks", "Share served / compared"),
    Column("difference", "Difference per 100 (95%)"),
    Column("ratio", "Hazard ratio (95%)"),
    Column("p_adjusted", "p, adjusted", "p"),
)
MODEL = (
    Column("term_name", "Term"),
    Column("hazard_ratio", "Hazard ratio", "ratio"),
    Column("limits", "95% interval"),
    Column("p", "p", "p"),
)
WELL_BALANCED = 0.10


def contrasts(material: Material) -> Section | None:
    """Say what was found for each service on each outcome; nothing without services."""
    if not material.study.services:
        return None
    table = material.released.table
    said, titles = [], []
    for outcome in dict.fromkeys(table["outcome"]):
        words = outcome_words(outcome, material.study)
        found = []
        for service in dict.fromkeys(table.loc[table["outcome"] == outcome, "service"]):
            estimate = main_estimate(material, service, outcome)
            if estimate is not None:
                found.append((material.service_name(service), estimate))
                said.append(sentence(material, service, outcome, estimate))
        if found:
            titles.append(finding_title(found, words, material.study.design))
    title = titles[0] if titles else "No effect of a service could be estimated"
    tables = (_table(material),) if len(table) else ()
    drawn = [chart for chart in (_forest(material, title), *_arm_charts(material)) if chart]
    return Section("effects", title, tuple(said), tuple(drawn), tables, _matters())


def main_estimate(material: Material, service: str, outcome: str) -> Estimate | None:
    """Return a contrast's estimate: the difference at the main horizon, else the ratio."""
    table = material.released.table
    own = table[(table["service"] == service) & (table["outcome"] == outcome)]
    at_main = own[(own["measure"] == "risk_difference") & (own["horizon"] == _main(material))]
    for rows, scale in ((at_main, "difference"), (_ratio_rows(own), "ratio")):
        for row in rows.itertuples():
            values = (row.estimate, row.ci_low, row.ci_high)
            if not any(v == SUPPRESSED or is_missing(v) for v in values):
                return Estimate(*map(float, values), scale)
    return None


def sentence(material: Material, service: str, outcome: str, estimate: Estimate) -> str:
    """Say one contrast."""
    settings = material.study.service(service)
    words, design = outcome_words(outcome, material.study), material.study.design
    name, other = settings.name, settings.compare_with
    if estimate.scale == "difference":
        return effect_sentence(estimate, name, other, words, design, _main(material))
    while_in = settings.exposure != "at exit"
    return ratio_sentence(estimate, name, other, words, design, while_in)


def strength(material: Material, service: str, outcome: str) -> str:
    """Say how strong a contrast is: its design and what its diagnostics say."""
    study = material.study
    settings = study.service(service)
    if study.design == "randomized":
        return "Randomized: chance alone decided who was offered the service."
    parts = []
    balance = material.effects.balance
    if len(balance):
        own = balance[(balance["service"] == service) & (balance["outcome"] == outcome)]
        if len(own):
            largest = float(own["after"].abs().max())
            alike = "alike" if largest <= WELL_BALANCED else "not fully alike"
            parts.append(
                f"after weighting the groups were {alike} in what is recorded (largest "
                f"standardized difference {largest:.2f})"
            )
    if settings.exposure != "at exit":
        parts.append(
            "families start the service when things change at home, so its timing is not by chance"
        )
    elif not parts:
        parts.append("adjusted for what is recorded at the exit")
    kind = "Description only" if study.design == "descriptive" else "Not randomized"
    return f"{kind}: {'; '.join(parts)}. Differences that are not recorded may remain."


def models(material: Material) -> Section | None:
    """Show every term of the outcome models."""
    released = material.released.models
    if released.empty:
        return None
    tables = []
    for (service, outcome), own in released.groupby(["service", "outcome"], sort=False):
        if (service, outcome) in material.released.withheld:
            continue
        data = own.assign(
            term_name=[term_name(term, material.study) for term in own["term"]],
            limits=[
                interval(low, high, "ratio")
                for low, high in zip(own["ci_low"], own["ci_high"], strict=True)
            ],
        )
        words, name = outcome_words(outcome, material.study), material.service_name(service)
        first = own.iloc[0]
        tables.append(
            Table(
                f"model_{service}_{outcome}",
                f"Outcome model: {name}, {words.event}",
                MODEL,
                data.reset_index(drop=True),
                f"Cause-specific Cox model with variance by family: {show(first['n'], 'count')} "
                f"children, {show(first['events'], 'count')} {words.events}, "
                f"{show(first['clusters'], 'count')} families. Only the service's ratio is an "
                "effect of interest; the others adjust.",
            )
        )
    if not tables:
        return None
    return Section("models", "The terms of every outcome model", (), (), tuple(tables))


def _main(material: Material) -> int:
    return material.study.main_horizon


def _ratio_rows(own: pd.DataFrame) -> pd.DataFrame:
    return own[own["measure"] == "hazard_ratio"]


def _matters() -> tuple[str, ...]:
    return (
        f"A difference matters here from {100 * MEANINGFUL_DIFFERENCE:.0f} per 100 children, a "
        f"ratio from {MEANINGFUL_RATIO:.2f} or {1 / MEANINGFUL_RATIO:.2f}. “We cannot tell” means "
        "that the interval holds both a useful benefit and a harm; “no meaningful difference” "
        "that it excludes both.",
    )


def _table(material: Material) -> Table:
    table = material.released.table
    rows = []
    for (service, outcome), own in table.groupby(["service", "outcome"], sort=False):
        words = outcome_words(outcome, material.study)
        what = f"{material.service_name(service)}: {words.event}"
        horizons = list(dict.fromkeys(own["horizon"].dropna())) or [None]
        for horizon in horizons:
            main = horizon in (None, _main(material))
            rows.append(_effect_row(own, what, horizon, main))
    return Table(
        "effects",
        "Effects of the services",
        EFFECTS,
        pd.DataFrame(rows),
        "Differences below zero and ratios below one are fewer events with the service. p values "
        "of all but the primary contrast are adjusted for their number (Holm, 1979). A contrast "
        f"with too few events to be shown is s throughout. {material.rule.words}",
    )


def _effect_row(own: pd.DataFrame, what: str, horizon, main: bool) -> dict:
    first = own.iloc[0]
    at = own[own["horizon"] == horizon] if horizon is not None else own.iloc[:0]
    measures = {row.measure: row for row in at.itertuples()}
    ratios = {row.measure: row for row in _ratio_rows(own).itertuples()} if main else {}
    difference, ratio = measures.get("risk_difference"), ratios.get("hazard_ratio")
    tested = difference if difference is not None else ratio
    return {
        "what": what,
        "month": None if horizon is None else months(int(horizon)),
        "n": _pair(first["n_treated"], first["n_comparison"], "count"),
        "risks": _pair(
            getattr(measures.get("risk_treated"), "estimate", None),
            getattr(measures.get("risk_comparison"), "estimate", None),
            "percent",
        ),
        "difference": _with_limits(difference, "per100"),
        "ratio": _with_limits(ratio, "ratio"),
        "p_adjusted": getattr(tested, "p_adjusted", None),
    }


def _pair(one, other, kind: str) -> str | None:
    if is_missing(one) and is_missing(other):
        return None
    if SUPPRESSED in (one, other):
        return SUPPRESSED
    return f"{show(one, kind)} / {show(other, kind)}"


def _with_limits(row, kind: str) -> str | None:
    if row is None or is_missing(row.estimate):
        return None
    if row.estimate == SUPPRESSED:
        return SUPPRESSED
    return f"{show(row.estimate, kind)} ({interval(row.ci_low, row.ci_high, kind)})"


def _forest(material: Material, title: str):
    table, main = material.released.table, _main(material)
    keep = table["measure"].eq("hazard_ratio") | (
        table["measure"].eq("risk_difference") & table["horizon"].eq(main).fillna(False)
    )
    columns = ["outcome", "service", "measure", "estimate", "ci_low", "ci_high", "primary"]
    rows = table.loc[keep, columns]
    shown = rows[rows["estimate"].map(lambda value: value != SUPPRESSED)]
    if shown.empty:
        return None
    study = material.study
    return draw_forest(
        rows.reset_index(drop=True),
        title=title,
        subtitle=f"Hazard ratios; difference in the share by month {months(main)} per 100 "
        "children. Filled squares: the interval excludes no difference.",
        source=material.source,
        outcomes={o: outcome_words(o, study).name for o in dict.fromkeys(rows["outcome"])},
        services={s.program: s.name for s in study.services if s.program in set(rows["service"])},
        name="effects",
    )


def _arm_charts(material: Material) -> list:
    """Draw the weighted curves of each contrast whose risks are compared."""
    drawn = []
    study = material.study
    for (service, outcome), arms in material.arms.items():
        estimate = main_estimate(material, service, outcome)
        if estimate is None or (service, outcome) in material.released.withheld:
            continue
        if arms.curve.empty or not set(study.horizons) <= set(arms.at_risk["time"]):
            continue
        words, name = outcome_words(outcome, study), material.service_name(service)
        drawn.append(
            draw_incidence(
                arms.curve,
                arms.at_risk,
                title=finding_title([(name, estimate)], words, study.design),
                subtitle=f"Share who {words.did}, weighted so that the two groups are alike in "
                "what is recorded; bands are 95% intervals",
                source=material.source,
                horizons=study.horizons,
                labels={"yes": name, "no": study.service(service).compare_with},
                horizon=study.main_horizon,
                comparison="no",
                outcome=words.events,
                name=f"arms_{service.lower()}_{outcome}",
            )
        )
    return drawn
