"""Section: what each service was followed by, and how sure that is."""

import pandas as pd

from evaluation.effects.thresholds import THRESHOLDS
from evaluation.reporting.charts.forest import forest as draw_forest
from evaluation.reporting.charts.incidence import incidence as draw_incidence
from evaluation.reporting.numerals import (
    SUPPRESSED,
    by_month,
    compact,
    interval,
    is_missing,
    months,
    show,
)
from evaluation.reporting.sections.beside import beside_sheets, beside_tables, home_table
from evaluation.reporting.sections.section import Drawing, Material, Section
from evaluation.reporting.sentences import (
    MEANINGFUL_DIFFERENCE,
    MEANINGFUL_RATIO,
    Estimate,
    effect_sentence,
    finding_title,
    overview_title,
    ratio_sentence,
)
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import outcome_words, term_name

RISKS = (
    Column("what", "Service and outcome"),
    Column("month", "By month", "count"),
    Column("risk_treated", "Served", "percent"),
    Column("risk_comparison", "Compared", "percent"),
    Column("difference", "Difference per 100 (95%)"),
    Column("p_adjusted", "p, adjusted", "p"),
)
RATIOS = (
    Column("what", "Service and outcome"),
    Column("n_treated", "Served", "count"),
    Column("n_comparison", "Compared", "count"),
    Column("ratio", "Hazard ratio (95%)"),
    Column("p_adjusted", "p, adjusted", "p"),
)
MODEL = (
    Column("term_name", "Term"),
    Column("hazard_ratio", "Hazard ratio", "ratio"),
    Column("limits", "95% interval"),
    Column("p", "p", "p"),
)
FAILS = "fails its checks"
SIDES = ("risk_treated", "risk_comparison")
ADJUSTED = "p values of all but the primary contrast are adjusted for their number (Holm, 1979)."


def contrasts(material: Material) -> Section | None:
    """Say what was found for each service on each outcome; nothing without services."""
    if not material.study.services:
        return None
    table, study = material.released.table, material.study
    said, found = [], {}
    for service, outcome in table[["service", "outcome"]].drop_duplicates().to_numpy():
        estimate = main_estimate(material, service, outcome)
        if estimate is not None:
            shown = titled(material, service, outcome, estimate)
            found.setdefault(outcome, []).append((study.service(service).name, shown))
            said.append(sentence(material, service, outcome, estimate))
    if not found:
        said = ["Why not is listed below, service by service."]
        home = home_table(material)
        title = "No effect of a service among exits could be estimated"
        if home is None:
            return Section("effects", "No effect of a service could be estimated", tuple(said))
        return Section("effects", title, tuple(said), (home,))
    first = study.primary.outcome if study.primary else None
    first = first if first in found else next(iter(found))
    title = finding_title(found[first], outcome_words(first, study), study.design)
    blocks = [
        _forest(material),
        _risks(material),
        _ratios(material),
        *_arms(material),
        *beside_tables(material),
    ]
    return Section(
        "effects",
        title,
        tuple(said),
        tuple(block for block in blocks if block is not None),
        "How to read this, and what was decided on the way:",
        _matters() + material.told(material.effects.notes),
        beside_sheets(material),
    )


def main_estimate(material: Material, service: str, outcome: str) -> Estimate | None:
    """Return a contrast's estimate: the difference at the main horizon, else the ratio."""
    table = material.released.table
    own = table[(table["service"] == service) & (table["outcome"] == outcome)]
    at_main = own[own["horizon"].eq(_main(material)).fillna(False)]
    difference = _numbers(at_main[at_main["measure"] == "risk_difference"])
    compared = at_main.loc[at_main["measure"] == "risk_comparison", "estimate"]
    if difference and len(compared) and compared.iloc[0] != SUPPRESSED:
        return Estimate.difference(*difference, float(compared.iloc[0]))
    ratio = _numbers(_ratio_rows(own))
    return Estimate.ratio(*ratio) if ratio else None


def _numbers(rows: pd.DataFrame) -> tuple[float, float, float] | None:
    """Return estimate and limits where all three may be shown."""
    for row in rows.itertuples():
        values = (row.estimate, row.ci_low, row.ci_high)
        if not any(value == SUPPRESSED or is_missing(value) for value in values):
            return tuple(map(float, values))
    return None


def sentence(material: Material, service: str, outcome: str, estimate: Estimate) -> str:
    """Say one contrast."""
    settings = material.study.service(service)
    words, design = outcome_words(outcome, material.study), material.study.design
    name, other = settings.name, material.compared(service)
    if estimate.scale == "difference":
        said = effect_sentence(estimate, name, other, words, design, _main(material))
    else:
        while_in = settings.exposure == "time-varying"
        said = ratio_sentence(estimate, name, other, words, design, while_in)
    failed = material.failing(service, outcome)
    if failed:
        said += f" This comparison fails its checks ({failed}): claim nothing from it."
    return said


def titled(material: Material, service: str, outcome: str, estimate: Estimate) -> Estimate:
    """Return the estimate a heading may claim: of a failing contrast, that we cannot tell."""
    return estimate.unclaimed() if material.failing(service, outcome) else estimate


def strength(material: Material, service: str, outcome: str) -> str:
    """Say how strong a contrast is: its design and what its diagnostics say."""
    study = material.study
    settings = study.service(service)
    own = material.effects.table
    own = own[(own["service"] == service) & (own["outcome"] == outcome)]
    if own["method"].str.startswith("intention to treat").any():
        return "Randomized: chance alone decided who was offered the service."
    parts = []
    balance = material.effects.balance
    if len(balance):
        own = balance[(balance["service"] == service) & (balance["outcome"] == outcome)]
        if len(own):
            largest = float(own["after"].abs().max())
            alike = "alike" if largest <= THRESHOLDS.usual else "not fully alike"
            parts.append(
                f"after weighting the groups were {alike} in what is recorded (largest "
                f"standardized difference {largest:.2f})"
            )
    if settings.exposure == "time-varying":
        parts.append(
            "families start the service when things change at home, so its timing is not by chance"
        )
    elif not parts:
        parts.append("adjusted for what is recorded at the exit")
    failed = material.failing(service, outcome)
    if failed:
        parts.append(f"this comparison fails its checks of {failed}")
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
        tables.append(
            Table(
                f"model_{service}_{outcome}",
                f"Outcome model: {name}, {words.event}",
                MODEL,
                data.reset_index(drop=True),
                "Cause-specific Cox model with variance by family"
                f"{_size(own.iloc[0], words.events)}. "
                "Only the service's ratio is an effect of interest; the others adjust.",
            )
        )
    if not tables:
        return None
    return Section("models", "The terms of every outcome model", (), tuple(tables))


def _size(row: pd.Series, events: str) -> str:
    if SUPPRESSED in (row["n"], row["events"], row["clusters"]):
        return ""
    counts = [show(row[name], "count") for name in ("n", "events", "clusters")]
    return f": {counts[0]} children, {counts[1]} {events}, {counts[2]} families"


def _main(material: Material) -> int:
    return material.study.main_horizon


def _ratio_rows(own: pd.DataFrame) -> pd.DataFrame:
    return own[own["measure"] == "hazard_ratio"]


def _matters() -> tuple[str, ...]:
    return (
        f"A difference matters here from {100 * MEANINGFUL_DIFFERENCE:.0f} per 100 children, or "
        "from a fifth of the share compared if that is smaller; a ratio from "
        f"{MEANINGFUL_RATIO:.2f} or {1 / MEANINGFUL_RATIO:.2f}.",
        "“We cannot tell” means that the interval holds both a useful benefit and a harm; “no "
        "meaningful difference” that it excludes both.",
    )


def _risks(material: Material) -> Table | None:
    """Compare shares at the horizons, where risks are compared."""
    table = material.released.table
    at = table[table["horizon"].notna()]
    keys = ["service", "outcome", "horizon"]
    rows = []
    for (service, outcome, horizon), own in at.groupby(keys, sort=False):
        measures = {row.measure: row for row in own.itertuples()}
        difference = measures.get("risk_difference")
        rows.append(
            {
                "what": _what(material, service, outcome),
                "month": months(int(horizon)),
                **{name: measures[name].estimate for name in SIDES if name in measures},
                "difference": _with_limits(difference, "per100"),
                "p_adjusted": None if difference is None else difference.p_adjusted,
            }
        )
    if not rows:
        return None
    return Table(
        "risks",
        f"Share with the outcome, {_made(material)}, by service",
        RISKS,
        pd.DataFrame(rows).reindex(columns=[column.key for column in RISKS]),
        f"A difference below zero is fewer events with the service. {ADJUSTED}",
    )


def _ratios(material: Material) -> Table | None:
    """Compare rates, contrast by contrast."""
    rows = [
        {
            "what": _what(material, row.service, row.outcome),
            "n_treated": row.n_treated,
            "n_comparison": row.n_comparison,
            "ratio": _with_limits(row, "ratio"),
            "p_adjusted": row.p_adjusted,
        }
        for row in _ratio_rows(material.released.table).itertuples()
        if (row.service, row.outcome) not in material.released.withheld
    ]
    if not rows:
        return None
    return Table(
        "ratios",
        "Hazard ratios by service",
        RATIOS,
        pd.DataFrame(rows),
        "A ratio below one is fewer events with the service. Where a service starts after the "
        f"exit, a child counts as compared until then. {ADJUSTED}",
    )


def _what(material: Material, service: str, outcome: str) -> str:
    event = outcome_words(outcome, material.study).event
    mark = f" ({FAILS})" if material.failing(service, outcome) else ""
    return f"{material.service_name(service)}: {event}{mark}"


def _made(material: Material) -> str:
    return "weighted" if material.study.adjustment.weights != "none" else "as observed"


def _with_limits(row, kind: str) -> str | None:
    if row is None or is_missing(row.estimate):
        return None
    if row.estimate == SUPPRESSED:
        return SUPPRESSED
    return f"{show(row.estimate, kind)} ({compact(row.ci_low, row.ci_high, kind)})"


def _forest(material: Material) -> Drawing | None:
    table, main = material.released.table, _main(material)
    keep = table["measure"].eq("hazard_ratio") | (
        table["measure"].eq("risk_difference") & table["horizon"].eq(main).fillna(False)
    )
    columns = ["outcome", "service", "measure", "estimate", "ci_low", "ci_high", "primary"]
    rows = table.loc[keep, columns].reset_index(drop=True)
    each = ((*key, _numbers(own)) for key, own in _ratio_rows(rows).groupby(["service", "outcome"]))
    ratios = [titled(material, *key, Estimate.ratio(*own)) for *key, own in each if own]
    if not ratios:
        return None
    study = material.study
    rows["failing"] = [
        bool(material.failing(row.service, row.outcome)) for row in rows.itertuples()
    ]
    rows["primary"] = rows["primary"].groupby([rows["service"], rows["outcome"]]).transform("any")
    chart = draw_forest(
        rows,
        title=overview_title(ratios),
        subtitle=f"Against usual care: hazard ratios, and the difference in the share by "
        f"{by_month(main)} per 100 children where risks are compared; lines are 95% intervals",
        source=material.source,
        outcomes={o: outcome_words(o, study).name for o in dict.fromkeys(rows["outcome"])},
        services={s.program: s.name for s in study.services if s.program in set(rows["service"])},
        name="effects",
    )
    return Drawing(chart, "Every comparison of the study")


def _arms(material: Material) -> list[Drawing]:
    """Draw the weighted curves of each contrast whose risks are compared."""
    drawn, study = [], material.study
    made = _made(material)
    for (service, outcome), arms in material.arms.items():
        estimate = main_estimate(material, service, outcome)
        if estimate is None or set(arms.curve["group"]) != {"yes", "no"}:
            continue
        words, settings = outcome_words(outcome, study), study.service(service)
        chart = draw_incidence(
            arms.curve,
            arms.at_risk,
            title=finding_title(
                [(settings.name, titled(material, service, outcome, estimate))],
                words,
                study.design,
            ),
            subtitle=f"Share who {words.did}, {made}, with competing events taken into account; "
            "bands are 95% intervals",
            source=material.source,
            horizons=arms.horizons,
            labels={"yes": settings.name, "no": material.compared(service)},
            horizon=_main(material),
            comparison="no",
            outcome=words.events,
            name=f"arms_{service.lower()}_{outcome}",
        )
        caption = f"{words.name}: {settings.name} and {material.compared(service)}, {made}"
        drawn.append(Drawing(chart, caption))
    return drawn
