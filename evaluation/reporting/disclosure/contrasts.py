"""Release of effects: an estimate resting on few events is withheld, and said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pandas as pd

from evaluation.reporting.disclosure.cells import Disclosure
from evaluation.reporting.disclosure.follow_up import ReleasedFollowUp
from evaluation.reporting.disclosure.terms import few_behind
from evaluation.reporting.numerals import SUPPRESSED

COUNTS = ["n_treated", "n_comparison", "events_treated", "events_comparison"]
VALUES = ["estimate", "se", "ci_low", "ci_high", "p", "p_adjusted", "p_false_discovery"]
MODEL_VALUES = ["coef", "se", "robust_se", "hazard_ratio", "ci_low", "ci_high", "z", "p"]
MODEL_COUNTS = ["n", "events", "clusters"]
SHARES = ("risk_treated", "risk_comparison")
NAIVE_EVENTS = ["events_ever", "events_never"]
NAIVE_SHOWN = ["service", "outcome", "horizon", "risk_ratio", "sentence"]


@dataclass(frozen=True)
class ReleasedEffects:
    """Effects as they may be shown.

    Attributes
    ----------
    table, models, naive, balance : pandas.DataFrame
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
    for service in contrasts.loc[contrasts["outcome"] == "disruption", "service"]:
        _hide_beside(table, effects.table, service, rule)
    return ReleasedEffects(
        table=table,
        models=_models(effects.models, table, withheld, ends, rule),
        naive=_naive(effects.naive, rule),
        balance=_balance(effects.balance, contrasts, rule),
        withheld=withheld,
        beside=_beside(effects.beside, table, withheld, rule),
        home=_home(effects.home, rule),
        missing=_missing(effects.missing, rule),
    )


def _beside(
    beside: pd.DataFrame,
    table: pd.DataFrame,
    withheld: tuple[tuple[str, str], ...],
    rule: Disclosure,
) -> pd.DataFrame:
    """Release differences and ratios beside the main ones, hidden where those are.

    Counts and shares of groups and other analyses are left out: set beside those of the
    whole they would tell of few children.
    """
    if beside.empty:
        return _objects(beside)
    kept = beside["measure"].isna() | ~beside["measure"].isin(SHARES)
    released = _objects(beside[kept])
    hidden = pd.Series(
        [
            (row.service, row.outcome) in withheld
            or any(not pd.isna(n) and rule.hides(int(n)) for n in map(row._asdict().get, COUNTS))
            for row in beside[kept].itertuples(index=False)
        ],
        index=released.index,
        dtype=bool,
    )
    main = table[table["estimate"].eq(SUPPRESSED)]
    keys = set(zip(main["service"], main["outcome"], main["horizon"].astype(str), strict=True))
    same = zip(
        released["service"], released["outcome"], released["horizon"].astype(str), strict=True
    )
    hidden |= [key in keys for key in same]
    values = [name for name in VALUES if name in released]
    released.loc[hidden & released["measure"].notna(), values] = SUPPRESSED
    return released.drop(columns=[*COUNTS, "clusters"])


def _home(home: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    released = _objects(home)
    if home.empty:
        return released
    rest = [home[f"n_{arm}"] - home[f"events_{arm}"] for arm in ("treated", "comparison")]
    numbers = pd.concat([*(home[name] for name in COUNTS), *rest], axis=1).astype(int)
    hidden = numbers.map(rule.hides).any(axis=1).to_numpy()
    columns = [name for name in (*COUNTS, "clusters", *VALUES) if name in released]
    released.loc[hidden, columns] = SUPPRESSED
    return released


def _missing(missing: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    """Hide small patterns, and never one alone, which the total would give back."""
    released = _objects(missing)
    if missing.empty:
        return released
    for _, own in missing.reset_index(drop=True).groupby(["service", "outcome"], sort=False):
        small = own.index[own["children"].map(rule.hides)]
        if len(small) == 1:
            small = own["children"].sort_values(kind="stable").index[:2]
        released.loc[small, ["children", "share"]] = SUPPRESSED
    return released


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
        if (own[COUNTS] == SUPPRESSED).to_numpy().any():
            models.loc[rows, MODEL_COUNTS] = SUPPRESSED
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
