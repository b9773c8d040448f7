"""Sections: how often each outcome happened, for all and by how children left care."""

import itertools
import math
from collections.abc import Iterable

import numpy as np
import pandas as pd

from evaluation.reporting.charts.hazard import hazard as draw_hazard
from evaluation.reporting.charts.incidence import incidence as draw_incidence
from evaluation.reporting.disclosure import (
    LEAST_STEPS,
    MOST_HIDDEN,
    Disclosure,
    ReleasedFollowUp,
)
from evaluation.reporting.follow_up import OutcomeFollowUp
from evaluation.reporting.numerals import (
    DAYS_PER_MONTH,
    SUPPRESSED,
    by_month,
    in_hundred,
    interval,
    is_missing,
    months,
    show,
)
from evaluation.reporting.sections.section import Drawing, Material, Section, too_small
from evaluation.reporting.sentences import range_title, share_sentence
from evaluation.reporting.tables import Column, Table
from evaluation.reporting.wording import (
    EXIT_TYPES,
    Outcome,
    listed,
    lower_first,
    order_of,
    outcome_words,
    units,
    upper_first,
)
from evaluation.study import Study

SHARE = ("incidence", "ci_low", "ci_high")
INCIDENCE = (
    Column("who", "Group"),
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


def names_of(groups: Iterable[str]) -> dict[str, str]:
    """Name groups of exits in their fixed order."""
    return {group: EXIT_TYPES.get(group, group) for group in sorted(set(groups), key=order_of)}


def when_shown(shown: ReleasedFollowUp, study: Study) -> int:
    """Return the main horizon, or the last one listed where it is not."""
    return study.main_horizon if study.main_horizon in shown.horizons else shown.horizons[-1]


def _outcome(material: Material, outcome: str) -> Section:
    study, rule = material.study, material.rule
    words = outcome_words(outcome, study)
    followed = material.followed[outcome]
    whom = units(study)
    main = when_shown(followed.everyone, study)
    said = [_overall(followed.everyone, words, main, whom)]
    shown = followed.groups or followed.everyone
    names = {"all": f"All {whom}"}
    if followed.groups is None and len(set(followed.rows["exit_type"])) > 1:
        said.append(too_small(f"{words.name} by how children left care", rule))
    elif followed.groups is not None:
        names = names_of(followed.grouping.values())
        if len(names) < len(followed.grouping):
            said.append("The smaller exit types are taken together, so that they can be shown.")
    if shown.not_drawn and followed.groups is not None:
        undrawn = listed([lower_first(names[group]) for group in shown.not_drawn])
        said.append(
            f"No curve is drawn for {undrawn}: a step of a curve stands for at least {rule.below} "
            f"events, and fewer than {LEAST_STEPS} such steps would mislead."
        )
    finding = _finding(shown, names, words, when_shown(shown, study))
    table = _table(outcome, words, followed, names, material)
    blocks = [
        _incidence(material, outcome, words, shown, names, finding),
        table if table.share_hidden <= MOST_HIDDEN else None,
        _hazard(material, outcome, words, shown, names),
    ]
    return Section(
        f"outcome-{outcome}",
        _title(followed.everyone, words, main, whom),
        tuple(said),
        tuple(block for block in blocks if block is not None),
    )


def _title(everyone: ReleasedFollowUp, words: Outcome, main: int, whom: str) -> str:
    share = everyone.value("all", main, "incidence")
    if share == SUPPRESSED:
        return f"{words.name}: too few to show"
    if is_missing(share):
        return f"{words.name}: not followed to {by_month(main)} yet"
    return f"{words.name}: {in_hundred(share)} {whom} by {by_month(main)}"


def _overall(everyone: ReleasedFollowUp, words: Outcome, main: int, whom: str) -> str:
    share, low, high = (everyone.value("all", main, name) for name in SHARE)
    when = by_month(main)
    if SUPPRESSED in (share, low, high):
        return f"So few {whom} {words.did} that the share by {when} is not shown."
    if is_missing(share):
        return f"Nobody has been followed to {when} yet."
    if is_missing(low) or is_missing(high):
        return f"{in_hundred(share).capitalize()} {whom} {words.did} by {when}."
    return share_sentence(share, low, high, whom, words.did, main)


def _finding(shown: ReleasedFollowUp, names: dict, words: Outcome, main: int) -> str:
    values = {group: shown.value(group, main, "incidence") for group in names}
    shares = [
        (names[group], float(value))
        for group, value in values.items()
        if value != SUPPRESSED and not is_missing(value)
    ]
    return range_title(shares, words, main)


def _incidence(
    material: Material,
    outcome: str,
    words: Outcome,
    shown: ReleasedFollowUp,
    names: dict[str, str],
    finding: str,
) -> Drawing | None:
    if shown.curve.empty:
        return None
    study = material.study
    drawn = set(shown.curve["group"])
    first, last = study.cohort.exits
    chart = draw_incidence(
        shown.curve,
        shown.at_risk[shown.at_risk["group"].isin(drawn)],
        title=finding,
        subtitle=f"Share who {words.did}, with competing events taken into account; exits from "
        f"{first} to {last}; bands are 95% intervals",
        source=material.source,
        horizons=shown.horizons,
        labels={group: name for group, name in names.items() if group in drawn},
        horizon=when_shown(shown, study),
        outcome=words.events,
        note=_merged(material.rule),
        name=f"incidence_{outcome}",
    )
    return Drawing(chart, f"{words.name}: cumulative incidence by months since the exit")


def _hazard(
    material: Material, outcome: str, words: Outcome, shown: ReleasedFollowUp, names: dict[str, str]
) -> Drawing | None:
    followed = material.followed[outcome]
    by = "all" if followed.groups is None else "group"
    bands = hazard_bands(shown, followed.rows, by, material.rule)
    if bands.empty or bands["ci_low"].isna().all():
        return None
    chart = draw_hazard(
        bands,
        title=_hazard_title(bands, words, names),
        subtitle=f"{upper_first(words.events)} per 1,000 months that children were at home and "
        "followed; lines are 95% intervals",
        source=material.source,
        labels={group: name for group, name in names.items() if group in set(bands["group"])},
        outcome=words.events,
        note=_merged(material.rule),
        name=f"hazard_{outcome}",
    )
    return Drawing(chart, f"{words.name}: rate by months since the exit")


def _merged(rule: Disclosure) -> str:
    if not rule.on:
        return ""
    return f"Steps are merged until each stands for at least {rule.below} events."


def hazard_bands(
    shown: ReleasedFollowUp, rows: pd.DataFrame, by: str, rule: Disclosure
) -> pd.DataFrame:
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
        Column of the groups.
    rule : Disclosure
        Where it rounds, events are rounded first.

    Returns
    -------
    pandas.DataFrame
        ``group``, ``start``, ``stop`` (days), ``hazard``, ``ci_low``, ``ci_high`` (events
        per child-month).
    """
    bands = []
    for group, points in shown.curve.groupby("group", sort=False):
        inside = (rows[by] == group).to_numpy()
        own = [rows[name].to_numpy()[inside] for name in ("start", "stop", "event")]
        bounds = _bounds([int(day) for day in points["time"]])
        bands += [
            {"group": group, "start": start, "stop": stop} | _rate(*own, start, stop, rule)
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


def _rate(
    begin: np.ndarray, end: np.ndarray, event: np.ndarray, start: int, stop: int, rule: Disclosure
) -> dict[str, float]:
    reached = np.minimum(end, stop) - np.maximum(begin, start)
    time = float(reached.clip(min=0).sum()) / DAYS_PER_MONTH
    events = rule.shown(((event == 1) & (start < end) & (end <= stop)).sum())
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
    followed: OutcomeFollowUp,
    names: dict[str, str],
    material: Material,
) -> Table:
    everyone = followed.everyone.at_risk.assign(who=f"All {units(material.study)}")
    parts = [everyone]
    if followed.groups is not None:
        groups = followed.groups.at_risk
        parts += [groups[groups["group"] == group].assign(who=names[group]) for group in names]
    data = pd.concat(parts, ignore_index=True)
    data = data[data["time"] > 0].reset_index(drop=True)
    data["month"] = [months(day) for day in data["time"]]
    data["limits"] = [
        interval(low, high, "percent")
        for low, high in zip(data["ci_low"], data["ci_high"], strict=True)
    ]
    days = listed([f"month {months(day)} is day {day}" for day in material.study.horizons])
    return Table(
        f"incidence_{outcome}",
        f"{words.name}: share by month since the exit, unweighted",
        INCIDENCE,
        data,
        f"{upper_first(days)}, the day itself included. {material.rule.words}",
    )


def headline(material: Material, outcome: str) -> tuple[str, str, str] | None:
    """Return number, sentence and interval of all children, for a card."""
    study = material.study
    everyone = material.followed[outcome].everyone
    main = when_shown(everyone, study)
    share, low, high = (everyone.value("all", main, name) for name in SHARE)
    if any(value == SUPPRESSED or is_missing(value) for value in (share, low, high)):
        return None
    did = outcome_words(outcome, study).did
    return (
        show(share, "percent"),
        f"of {units(study)} {did} by {by_month(main)}.",
        f"95% interval {interval(low, high, 'percent')}.",
    )
