"""Release of effects: an estimate resting on few events is withheld, and said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pandas as pd

from evaluation.reporting.disclosure.beside import (
    release_beside,
    release_home,
    release_missing,
)
from evaluation.reporting.disclosure.diagnostics import release_diagnostics
from evaluation.reporting.disclosure.follow_up import ReleasedFollowUp
from evaluation.reporting.disclosure.overlap import release_overlap
from evaluation.reporting.disclosure.rounding import rounded_effects, rounded_models
from evaluation.reporting.disclosure.rule import Disclosure
from evaluation.reporting.disclosure.sensitivity import release_sensitivity
from evaluation.reporting.disclosure.terms import few_behind
from evaluation.reporting.numerals import SUPPRESSED

COUNTS = ["n_treated", "n_comparison", "events_treated", "events_comparison"]
VALUES = ["estimate", "se", "ci_low", "ci_high", "p", "p_adjusted", "p_false_discovery"]
MODEL_VALUES = ["coef", "se", "robust_se", "hazard_ratio", "ci_low", "ci_high", "z", "p"]
MODEL_COUNTS = ["n", "events", "clusters"]
NAIVE_EVENTS = ["events_ever", "events_never"]
NAIVE_SHOWN = ["service", "outcome", "horizon", "risk_ratio", "sentence"]


@dataclass(frozen=True)
class ReleasedEffects:
    """Effects as they may be shown.

    Attributes
    ----------
    table, models, naive, balance, overlap, sensitivity, diagnostics : pandas.DataFrame
        As in the effects, hidden values as `SUPPRESSED`.
    beside : pandas.DataFrame
        Differences and ratios beside the main ones, without counts.
    home : pandas.DataFrame
        Home and stable from the assignment, for services that bring the exit about.
    missing : pandas.DataFrame
        Which covariates children lack together.
    withheld : tuple of (str, str)
        Service and outcome of the contrasts hidden as a whole.
    """

    table: pd.DataFrame
    models: pd.DataFrame
    naive: pd.DataFrame
    balance: pd.DataFrame
    overlap: pd.DataFrame
    sensitivity: pd.DataFrame
    diagnostics: pd.DataFrame
    withheld: tuple[tuple[str, str], ...]
    beside: pd.DataFrame = field(default_factory=pd.DataFrame)
    home: pd.DataFrame = field(default_factory=pd.DataFrame)
    missing: pd.DataFrame = field(default_factory=pd.DataFrame)


def release_effects(
    effects,
    rule: Disclosure,
    arms: dict[tuple[str, str], ReleasedFollowUp],
    totals: dict[str, tuple[int, int]],
    ends: Mapping[str, pd.DataFrame] = MappingProxyType({}),
    reached: Mapping[str, tuple[int, int]] = MappingProxyType({}),
    families: int | None = None,
) -> ReleasedEffects:
    """Hide estimates whose arms hold few children or few events.

    Parameters
    ----------
    effects : Effects
        With ``table``, ``models``, ``naive``, ``balance``.
    rule : Disclosure
        The rule of the release.
    arms : dict
        By service and outcome, the released follow-up of the two arms where risks
        at horizons are compared: a risk is hidden with its events.
    totals : dict
        By outcome, the children and the events of the whole cohort, which are
        shown elsewhere: the counts of a contrast are hidden where they differ from
        these by a small number.
    ends : mapping, optional
        By outcome, the last follow-up row of each exit with its covariates: terms of
        models whose level few children or events stand behind are hidden.
    reached : mapping, optional
        By service, the children it reached and did not reach, which are shown elsewhere: the
        children of the arms are hidden where they differ from these by a small number.
    families : int, optional
        The families of the cohort, shown elsewhere.

    Returns
    -------
    ReleasedEffects
    """
    table = _objects(effects.table)
    contrasts = effects.table.drop_duplicates(["service", "outcome"])
    withheld = tuple(
        (row.service, row.outcome)
        for row in contrasts.itertuples()
        if any(rule.hides(getattr(row, name)) for name in COUNTS)
    )
    for key in contrasts[["service", "outcome"]].itertuples(index=False, name=None):
        _hide_contrast(table, key, rule, withheld, arms.get(key), totals.get(key[1]))
        _hide_beside_others(table, key, rule, reached.get(key[0]), families)
    for service in contrasts.loc[contrasts["outcome"] == "disruption", "service"]:
        _hide_beside(table, effects.table, service, rule)
    models = _models(effects.models, table, withheld, ends, rule)
    if rule.strict:
        _hide_derived(table)
    if rule.rounds:
        table = rounded_effects(table, effects.table.reset_index(drop=True), rule)
        models = rounded_models(models, rule)
    return ReleasedEffects(
        table=table,
        models=models,
        naive=_naive(effects.naive, rule),
        balance=_balance(effects.balance, contrasts, rule),
        overlap=release_overlap(effects.overlap, withheld, rule),
        sensitivity=release_sensitivity(effects.sensitivity, withheld, rule),
        diagnostics=release_diagnostics(effects.diagnostics, contrasts, withheld, rule),
        withheld=withheld,
        beside=release_beside(effects.beside, table, withheld, rule),
        home=release_home(effects.home, rule),
        missing=release_missing(effects.missing, rule),
    )


def _hide_beside_others(
    table: pd.DataFrame,
    key: tuple[str, str],
    rule: Disclosure,
    reached: tuple[int, int] | None,
    families: int | None,
) -> None:
    """Hide counts that few separate from counts shown elsewhere, or shown last year."""
    rows = (table["service"] == key[0]) & (table["outcome"] == key[1])
    first = table[rows].iloc[0]
    near = {"clusters": families}
    if reached is not None:
        near |= dict(zip(COUNTS, reached, strict=False))
    for name in (*COUNTS, "clusters"):
        count = first[name]
        if count == SUPPRESSED or pd.isna(count):
            continue
        if near_another(int(count), near.get(name), key, name, rule):
            pair = next((pair for pair in (COUNTS[:2], COUNTS[2:]) if name in pair), [name])
            table.loc[rows, pair] = SUPPRESSED


def near_another(
    count: int, other: int | None, key: tuple[str, str], name: str, rule: Disclosure
) -> bool:
    """Tell whether few separate a count of a contrast from one shown elsewhere or last year.

    Parameters
    ----------
    count : int
        The count.
    other : int, optional
        The count shown elsewhere.
    key : (str, str)
        Service and outcome.
    name : str
        The column of effects, such as ``n_treated``.
    rule : Disclosure
        The rule of the release.
    """
    then = rule.before.count("effects", f"{key[0]}/{key[1]}", name)
    return any(n is not None and rule.hides(abs(count - n)) for n in (other, then))


def _hide_derived(table: pd.DataFrame) -> None:
    """Hide every estimate of a contrast one of whose counts is hidden."""
    hidden = (table[COUNTS] == SUPPRESSED).any(axis=1)
    table.loc[hidden, VALUES] = SUPPRESSED


def _hide_contrast(
    table: pd.DataFrame,
    key: tuple[str, str],
    rule: Disclosure,
    withheld: tuple[tuple[str, str], ...],
    arms: ReleasedFollowUp | None,
    totals: tuple[int, int] | None,
) -> None:
    rows = (table["service"] == key[0]) & (table["outcome"] == key[1])
    first = table[rows].iloc[0]
    if key in withheld:
        table.loc[rows, [*COUNTS, "clusters", *VALUES]] = SUPPRESSED
        return
    for pair, total in zip((COUNTS[:2], COUNTS[2:]), totals or (), strict=False):
        left_out = abs(total - int(first[pair[0]]) - int(first[pair[1]]))
        if rule.hides(left_out):
            table.loc[rows, pair] = SUPPRESSED
    if arms is None:
        return
    for horizon in table.loc[rows, "horizon"].dropna().unique():
        shown = [arms.value(group, int(horizon), "incidence") for group in ("yes", "no")]
        if SUPPRESSED in shown:
            table.loc[rows & (table["horizon"] == horizon), VALUES] = SUPPRESSED


def _hide_beside(table: pd.DataFrame, exact: pd.DataFrame, service: str, rule: Disclosure) -> None:
    """Hide events of disruption that few separate from events of re-entry."""
    own = exact[exact["service"] == service].drop_duplicates("outcome").set_index("outcome")
    if "reentry" not in own.index:
        return
    more = own.loc["disruption", COUNTS[2:]] - own.loc["reentry", COUNTS[2:]]
    if any(rule.hides(abs(count)) for count in more):
        rows = (table["service"] == service) & (table["outcome"] == "disruption")
        table.loc[rows, COUNTS[2:]] = SUPPRESSED


def _models(
    models: pd.DataFrame,
    table: pd.DataFrame,
    withheld: tuple[tuple[str, str], ...],
    ends: Mapping[str, pd.DataFrame],
    rule: Disclosure,
) -> pd.DataFrame:
    models = _objects(models)
    for service, outcome in models.get(["service", "outcome"], models).drop_duplicates().to_numpy():
        rows = (models["service"] == service) & (models["outcome"] == outcome)
        if (service, outcome) in withheld:
            models.loc[rows, [*MODEL_VALUES, *MODEL_COUNTS]] = SUPPRESSED
            continue
        own = table[(table["service"] == service) & (table["outcome"] == outcome)]
        if (own[[*COUNTS, "clusters"]] == SUPPRESSED).to_numpy().any():
            models.loc[rows, MODEL_COUNTS] = SUPPRESSED
            if rule.strict and (own[COUNTS] == SUPPRESSED).to_numpy().any():
                models.loc[rows, MODEL_VALUES] = SUPPRESSED
        if outcome in ends:
            terms = models.loc[rows, "term"]
            few = terms.index[few_behind(list(terms), ends[outcome], rule)]
            models.loc[few, MODEL_VALUES] = SUPPRESSED
    return models


def _naive(naive: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    """Release the ratios alone, as the report prints them.

    Their events and exact shares, set beside the counts of other tables, would tell
    how many children were served late, or re-entered without another disruption.
    """
    if naive.empty or not rule.on:
        return _objects(naive)
    released = _objects(naive)[NAIVE_SHOWN]
    released["risk_ratio"] = naive["risk_ratio"].round(2).astype(object).to_numpy()
    hidden = [_few(row, rule) for row in naive.to_dict("records")]
    released.loc[hidden, ["risk_ratio", "sentence"]] = SUPPRESSED
    for service, own in naive[NAIVE_EVENTS].groupby(naive["service"]):
        of = own.set_axis(naive.loc[own.index, "outcome"])
        if {"reentry", "disruption"} <= set(of.index):
            more = of.loc["disruption"] - of.loc["reentry"]
            if any(rule.hides(abs(count)) for count in [*more, more.sum()]):
                same = released["service"].eq(service) & released["outcome"].eq("disruption")
                released.loc[same, ["risk_ratio", "sentence"]] = SUPPRESSED
    return released


def _few(row: dict, rule: Disclosure) -> bool:
    """Tell whether a ratio rests on few events, or on few children ever or never served."""
    for arm in ("ever", "never"):
        events, risk = row[f"events_{arm}"], row[f"risk_{arm}"]
        if rule.hides(events) or (risk > 0 and rule.hides(round(events / risk))):
            return True
    return False


def _balance(balance: pd.DataFrame, contrasts: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    """Hide differences of categories that few children of an arm are in."""
    released = _objects(balance)
    if balance.empty:
        return released
    if rule.rounds:
        for name in ("before", "after"):
            released[name] = balance[name].astype(float).round(2).astype(object).to_numpy()
    sizes = contrasts.set_index(["service", "outcome"])[["n_treated", "n_comparison"]]
    levels = balance[balance["covariate"].str.contains("[", regex=False)]
    column = levels["covariate"].str.split("[").str[0]
    for (service, outcome, _), own in levels.groupby(
        [levels["service"], levels["outcome"], column]
    ):
        children = (
            own[["mean_treated", "mean_comparison"]] * sizes.loc[(service, outcome)].to_numpy()
        )
        hidden = _rare(children.astype(float).round(), rule)
        for place, row in own.iterrows() if rule.rounds else ():
            for name, of in sizes.loc[(service, outcome)].items():
                side = name.replace("n_", "mean_")
                released.loc[place, side] = rule.grid(float(row[side]), float(of))
        columns = ["mean_treated", "mean_comparison", "before", "after"]
        released.loc[hidden, columns] = SUPPRESSED
    return released


def _rare(children: pd.DataFrame, rule: Disclosure) -> list:
    """Choose the levels to hide, so that the shares of the others leave no small rest."""
    hidden = [place for place, row in children.iterrows() if any(map(rule.hides, row))]
    order = children.drop(index=hidden).sum(axis=1).sort_values(kind="stable").index
    for place in order:
        rest = children.loc[hidden].sum()
        if not hidden or (len(hidden) > 1 and not any(map(rule.hides, rest))):
            break
        hidden.append(place)
    return hidden


def _objects(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype(object).reset_index(drop=True)
