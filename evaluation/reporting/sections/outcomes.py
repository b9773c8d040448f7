"""Sections: how often each outcome happened, for all and by how children left care."""

import itertools
import math

import pandas as pd

from evaluation.reporting.charts.hazard import hazard as draw_hazard
from evaluation.reporting.charts.incidence import incidence as draw_incidence
from evaluation.reporting.disclosure import ReleasedFollowUp
from evaluation.reporting.numerals import (
    DAYS_PER_MONTH,
    SUPPRESSED,
    interval,
    is_missing,
    months,
    show,
)
from evaluation.reporting.sections.section import MOST_HIDDEN, Material, Section, too_small
from evaluation.reporting.sentences import range_title, share_sentence
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import EXIT_TYPES, Outcome, outcome_words, units

INCIDENCE = (
    Column("who", "Left care to"),
    Column("month", "Month", "count"),
    Column("at_risk", "Still followed", "count"),
    Column("events", "Events so far", "count"),
    Column("incidence", "Share", "percent"),
    Column("limits", "95% interval"),
)
LEAST_DAYS = 28
Z = 1.959964


def outcomes(material: Material) -> list[Section]:
    """Make one section per outcome the data can give."""
    return [_outcome(material, outcome) for outcome in material.followed]


def labels(groups) -> dict:
    """Name groups of exit types in their fixed order."""
    known = [kind for kind in EXIT_TYPES if kind in set(groups)]
    return {g: EXIT_TYPES.get(g, str(g)) for g in [*known, *sorted(set(groups) - set(known))]}


def _outcome(material: Material, outcome: str) -> Section:
    study, rule = material.study, material.rule
    words = outcome_words(outcome, study)
    everyone = material.followed[outcome]["all"]
    by_type = material.followed[outcome]["exit_type"]
    main = study.main_horizon
    said = _overall(everyone, words, main, units(study))
    grouped = by_type.share_hidden <= MOST_HIDDEN
    if not grouped:
        said.append(too_small(f"{words.name} by how children left care", rule))
    shown = by_type if grouped else everyone
    names = labels(shown.at_risk["group"]) if grouped else {"all": f"All {units(study)}"}
    title = _title(shown, names, words, main, grouped)
    drawn = _charts(material, outcome, words, shown, names, title)
    tables = [_table(outcome, words, everyone, shown if grouped else None, names, material)]
    if shown.not_drawn and grouped:
        undrawn = ", ".join(names[group].lower() for group in shown.not_drawn)
        said.append(
            f"No curve is drawn for {undrawn}: between two points of a curve must lie at least "
            f"{rule.below} events, with as many still followed."
        )
    tables = [table for table in tables if table.share_hidden <= MOST_HIDDEN]
    return Section(f"outcome-{outcome}", title, tuple(said), tuple(drawn), tuple(tables))


def _overall(everyone: ReleasedFollowUp, words: Outcome, main: int, whom: str) -> list[str]:
    values = [everyone.value("all", main, name) for name in ("incidence", "ci_low", "ci_high")]
    if SUPPRESSED in values:
        return [f"So few {whom} {words.did} that the share by month {months(main)} is not shown."]
    if any(is_missing(value) for value in values[:1]):
        return [f"Nobody has been followed to month {months(main)} yet."]
    if any(is_missing(value) for value in values):
        events = everyone.value("all", main, "events")
        if events == 0:
            return [f"No {whom} {words.did} by month {months(main)}."]
        values = [values[0], values[0], values[0]]
    return [share_sentence(*values, whom, words.did, main)]


def _title(shown: ReleasedFollowUp, names: dict, words: Outcome, main: int, grouped: bool) -> str:
    shares = [
        (names[group], float(value))
        for group in names
        if isinstance(value := shown.value(group, main, "incidence"), float)
        and not math.isnan(value)
    ]
    if not grouped and not shares:
        return f"{words.name}: too few events to show"
    return range_title(shares, words, main)


def _charts(
    material: Material,
    outcome: str,
    words: Outcome,
    shown: ReleasedFollowUp,
    names: dict,
    title: str,
) -> list:
    study, rule = material.study, material.rule
    drawn = []
    if len(shown.curve):
        first, last = study.cohort.exits
        drawn.append(
            draw_incidence(
                shown.curve,
                shown.at_risk,
                title=title,
                subtitle=f"Share who {words.did}, with competing events (death, age limit and "
                f"others by outcome); exits {first} to {last}; bands are 95% intervals",
                source=material.source,
                horizons=study.horizons,
                labels=names,
                horizon=study.main_horizon,
                outcome=words.events,
                note=_merged(rule),
                name=f"incidence_{outcome}",
            )
        )
    bands = hazard_bands(shown, material.cohort.follow_up(outcome), "exit_type")
    if bands["ci_low"].notna().any():
        drawn.append(
            draw_hazard(
                bands,
                title=_hazard_title(bands, words, names),
                subtitle=f"{words.events[:1].upper() + words.events[1:]} per 1,000 months that "
                "children were at home and followed; lines are 95% intervals",
                source=material.source,
                labels={group: names[group] for group in names if group in set(bands["group"])},
                outcome=words.events,
                note=_merged(rule),
                name=f"hazard_{outcome}",
            )
        )
    return drawn


def _merged(rule) -> str:
    if not rule.on:
        return ""
    return f"Steps are merged until each stands for at least {rule.below} events."


def hazard_bands(shown: ReleasedFollowUp, rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return events per child-month between the points at which a curve is drawn.

    The bands end where the released curve has its points (at least a month apart), so
    nothing is shown that the curve does not show. Limits are those of a Poisson
    count on the log scale, with events taken as independent.

    Parameters
    ----------
    shown : ReleasedFollowUp
        The released curves.
    rows : pandas.DataFrame
        Exact follow-up rows.
    by : str
        Column of the groups; where the only group is ``all``, everyone.

    Returns
    -------
    pandas.DataFrame
        ``group``, ``start``, ``stop`` (days), ``hazard``, ``ci_low``, ``ci_high`` (events
        per child-month).
    """
    bands = []
    for group, points in shown.curve.groupby("group", sort=False):
        own = rows if group == "all" else rows[rows[by] == group]
        bounds = _bounds([int(day) for day in points["time"]])
        bands += [
            {"group": group, "start": start, "stop": stop} | _rate(own, start, stop)
            for start, stop in itertools.pairwise(bounds)
        ]
    columns = ["group", "start", "stop", "hazard", "ci_low", "ci_high"]
    return pd.DataFrame(bands, columns=columns)


def _bounds(days: list[int]) -> list[int]:
    """Keep days at least a month apart; the last day ends the last band."""
    bounds = [0]
    for day in days:
        if day - bounds[-1] >= LEAST_DAYS:
            bounds.append(day)
    return [*bounds[:-1], days[-1]] if len(bounds) > 1 else [0, days[-1]]


def _rate(rows: pd.DataFrame, start: int, stop: int) -> dict[str, float]:
    reached = rows["stop"].clip(upper=stop) - rows["start"].clip(lower=start)
    time = float(reached.clip(lower=0).sum()) / DAYS_PER_MONTH
    events = int(((rows["event"] == 1) & rows["stop"].between(start + 1, stop)).sum())
    if not time or not events:
        return {"hazard": 0.0 if time else math.nan, "ci_low": math.nan, "ci_high": math.nan}
    spread = math.exp(Z / math.sqrt(events))
    rate = events / time
    return {"hazard": rate, "ci_low": rate / spread, "ci_high": rate * spread}


def _hazard_title(bands: pd.DataFrame, words: Outcome, names: dict) -> str:
    group = next(group for group in names if group in set(bands["group"]))
    whom = "" if group == "all" else f" after {names[group].lower()}"
    own = bands[(bands["group"] == group) & bands["ci_low"].notna()]
    peak, trough = (own.loc[own["hazard"].agg(which)] for which in ("idxmax", "idxmin"))
    if peak["ci_low"] <= trough["ci_high"]:
        return f"The rate of {words.events}{whom} did not clearly change with time at home"
    first, last = peak["start"] / DAYS_PER_MONTH, peak["stop"] / DAYS_PER_MONTH
    when = f"month {round(last)}" if last - first < 1.5 else f"months {first + 1:.0f} to {last:.0f}"
    return f"The rate of {words.events}{whom} was highest in {when}"


def _table(
    outcome: str,
    words: Outcome,
    everyone: ReleasedFollowUp,
    grouped: ReleasedFollowUp | None,
    names: dict,
    material: Material,
) -> Table:
    parts = [everyone.at_risk.assign(who=f"All {units(material.study)}")]
    if grouped is not None and len(names) > 1:
        parts += [
            grouped.at_risk[grouped.at_risk["group"] == group].assign(who=name)
            for group, name in names.items()
        ]
    data = pd.concat(parts, ignore_index=True)
    data = data[data["time"] > 0].assign(
        month=lambda frame: [months(day) for day in frame["time"]],
        limits=lambda frame: [
            interval(low, high, "percent")
            for low, high in zip(frame["ci_low"], frame["ci_high"], strict=True)
        ],
    )
    note = "Days: " + ", ".join(
        f"month {months(day)} is day {day}" for day in material.study.horizons
    )
    return Table(
        f"incidence_{outcome}",
        f"{words.name}: share by month since the exit, unweighted",
        INCIDENCE,
        data.reset_index(drop=True),
        f"{note}, the day itself included. {material.rule.words}",
    )


def headline(material: Material, outcome: str) -> tuple[str, str, str] | None:
    """Return number, sentence and interval of all children, for a card."""
    everyone = material.followed[outcome]["all"]
    words = outcome_words(outcome, material.study)
    main = material.study.main_horizon
    value, low, high = (
        everyone.value("all", main, name) for name in ("incidence", "ci_low", "ci_high")
    )
    if any(v == SUPPRESSED or is_missing(v) for v in (value, low, high)):
        return None
    whom = units(material.study)
    return (
        show(value, "percent"),
        f"of {whom} {words.did} by month {months(main)}",
        f"95% interval {show(low, 'percent')} to {show(high, 'percent')}",
    )
