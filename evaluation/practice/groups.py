"""Counts of groups of children and of everyone outside them, added up in the engine."""

from dataclasses import dataclass

import ibis
import pandas as pd
from ibis.expr.types import Table

from evaluation.cohorts.records import Records
from evaluation.cohorts.tidy import tidy
from evaluation.estimates.proportions import SUMS

Groups = dict[str, dict[str, set[str]]]
KEYS = ("measure", "characteristic", "level")


@dataclass(frozen=True)
class GroupSums:
    """Sums that intervals which count families are made from (`SUMS`).

    Attributes
    ----------
    everyone : pandas.DataFrame
        By ``measure``.
    inside, outside : pandas.DataFrame
        Of each group and of all others, row by row, by ``measure``,
        ``characteristic``, ``level``. A family with children in and outside a
        group is in both.
    """

    everyone: pd.DataFrame
    inside: pd.DataFrame
    outside: pd.DataFrame


def group_sums(trials: Table, groups: Groups, records: Records) -> GroupSums:
    """Add up trials by group, in two statements whatever the number of measures.

    Parameters
    ----------
    trials : ibis.Table
        ``measure``, ``exit_id``, ``cluster``, ``n``, ``events`` (whole numbers).
    groups : dict
        Exits by characteristic and level; levels may overlap.
    records : Records
        Where the sums are kept on the way.

    Returns
    -------
    GroupSums
    """
    per_exit = trials.group_by("measure", "cluster", "exit_id").aggregate(**_both(trials))
    per_exit = records.stage(per_exit)
    whole = records.stage(per_exit.group_by("measure", "cluster").aggregate(**_both(per_exit)))
    everyone = tidy(whole.group_by("measure").aggregate(**_sums(whole.n, whole.events)))
    own = per_exit.join(_members(groups), "exit_id")
    own = own.group_by(*KEYS, "cluster").aggregate(**_both(own))
    both = own.join(whole.rename(all_n="n", all_events="events"), ["measure", "cluster"])
    found = both.group_by(*KEYS).aggregate(
        **_sums(both.n, both.events),
        **_sums(both.all_n, both.all_events, "touched_"),
        **_sums(both.all_n - both.n, both.all_events - both.events, "left_"),
    )
    found = tidy(found.order_by(*KEYS))
    keys = found[[*KEYS]]
    base = keys.merge(everyone, on="measure", how="left")
    outside = keys.assign(
        **{name: base[name] - found[f"touched_{name}"] + found[f"left_{name}"] for name in SUMS}
    )
    return GroupSums(everyone, found[[*KEYS, *SUMS]], outside)


def _both(rows: Table) -> dict:
    return {name: rows[name].sum().cast("int64") for name in ("n", "events")}


def _sums(n, events, before: str = "") -> dict:
    found = {
        "n": n.sum(),
        "events": events.sum(),
        "clusters": (n > 0).sum(),
        "n_squared": (n * n).sum(),
        "events_squared": (events * events).sum(),
        "n_events": (n * events).sum(),
    }
    return {before + name: value.fill_null(0).cast("int64") for name, value in found.items()}


def _members(groups: Groups) -> Table:
    rows = [
        (exit_id, characteristic, level)
        for characteristic, levels in groups.items()
        for level, members in levels.items()
        for exit_id in members
    ]
    frame = pd.DataFrame(rows, columns=["exit_id", *KEYS[1:]], dtype=str)
    return ibis.memtable(frame, schema=dict.fromkeys(frame.columns, "string"))
