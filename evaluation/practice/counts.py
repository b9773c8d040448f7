"""Counts of what became of the cases of each measure: in all, by unit and by month."""

import ibis
import pandas as pd
from ibis.expr.types import Table

from evaluation.cohorts.tidy import tidy
from evaluation.estimates.proportions import clustered_share
from evaluation.practice.cases import (
    ENDED,
    MET,
    NOT_MET,
    NOT_YET_DUE,
    STATUSES,
    UNRECORDED,
    Support,
)
from evaluation.practice.rates import flag, sums

COUNTS = {
    "met": MET,
    "not_met": NOT_MET,
    "not_yet_due": NOT_YET_DUE,
    "cannot_be_computed": UNRECORDED,
    "ended_before_due": ENDED,
}
_LEVELS = ("", "unit", "month")
LIMITS = ("rate", "ci_low", "ci_high", "design_effect", "effective_n")


def of_exits(support: Support, unit: str | None, *columns: str) -> Table:
    """Return the unit and further columns of each exit, by its number."""
    exits = support.cohort.stages.exits
    value = exits[support.cohort.columns[unit]].cast("string") if unit else ibis.literal("all")
    exits = exits.select("exit_id", *columns, unit=value)
    return exits.join(support.exits.select("exit", "exit_id"), "exit_id").drop("exit_id")


def counts(support: Support, unit: str | None) -> list[pd.DataFrame]:
    """Count the statuses of every measure, in all, by unit and by month, with rates.

    The engine counts by numbers that stand for units and months; their names are put in
    here. Families are counted by unit first, which what they are in all is added up from.
    """
    if not support.computable:
        return [pd.DataFrame(columns=_columns(by)) for by in _LEVELS]
    units = of_exits(support, unit)
    units = units.mutate(place=ibis.dense_rank().over(order_by="unit").cast("int32"))
    units = support.records.stage(units)
    day = support.all_cases.anchor_date
    cases = support.all_cases.mutate(month=12 * day.year() + day.month())
    placed = cases.join(units.select("exit", unit="place"), "exit")
    statuses = placed.group_by("measure", "unit", "month", "status").aggregate(cases=placed.count())
    statuses = tidy(statuses)
    families = _judged(placed).group_by("measure", "unit", "cluster")
    families = support.records.stage(
        families.aggregate(
            n=lambda t: t.n.sum().cast("int64"), events=lambda t: t.events.sum().cast("int64")
        )
    )
    named = tidy(units.select("place", "unit").distinct()).set_index("place")["unit"]
    found = []
    for by, due in zip(_LEVELS, (families, families, _judged(cases)), strict=True):
        keys = ["measure", by] if by else ["measure"]
        shares = _shares(statuses, sums(due, keys), keys)
        if by == "unit":
            shares["unit"] = shares["unit"].map(named)
        if by == "month":
            shares["month"] = _first_days(shares["month"])
        if not by:
            shares = _with_zeros(shares, support)
        ids = [measure.id for measure in support.computable]
        shares["measure"] = shares["measure"].map(dict(enumerate(ids)))
        found.append(shares[_columns(by)])
    return found


def trials(support: Support) -> Table:
    """Return the cases that are due: ``measure``, ``exit_id``, ``cluster``, ``n``, ``events``."""
    exits = support.exits.select("exit", "exit_id")
    families = support.exits.select("family", text="cluster").distinct()
    cases = _judged(support.all_cases).rename(family="cluster").join(exits, "exit")
    cases = cases.join(families, "family")
    ids = ((cases.measure == place, each.id) for place, each in enumerate(support.computable))
    return cases.select("exit_id", "n", "events", cluster="text", measure=ibis.cases(*ids))


def _judged(cases: Table) -> Table:
    """Return the cases that are due: one trial each, and an event where met."""
    met, missed = (STATUSES.index(status) for status in (MET, NOT_MET))
    return (
        cases.filter(cases.status.isin((met, missed)))
        .mutate(n=ibis.literal(1, type="int64"), events=flag(cases.status == met))
        .rename(cluster="family")
    )


def _shares(statuses: pd.DataFrame, added: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Count statuses by group, in order, and put the shares of families' sums beside them."""
    cases = statuses.groupby([*keys, "status"])["cases"].sum().unstack("status", fill_value=0)
    cases = cases.reindex(columns=range(len(STATUSES)), fill_value=0)
    shares = pd.DataFrame({name: cases[STATUSES.index(COUNTS[name])] for name in COUNTS})
    added = added.set_index(keys).reindex(shares.index, fill_value=0)
    shares = pd.concat([shares, added], axis=1).reset_index()
    shares = pd.concat([shares, clustered_share(shares)], axis=1)
    eligible = shares[[name for name in COUNTS if name != "ended_before_due"]].sum(axis=1)
    return shares.assign(eligible=eligible).rename(columns={"clusters": "families"})


def _first_days(months: pd.Series) -> pd.Series:
    """Return the first day of months counted from the year 0."""
    year, month = (months - 1) // 12, (months - 1) % 12 + 1
    return pd.to_datetime(pd.DataFrame({"year": year, "month": month, "day": 1})).astype(
        "datetime64[ns]"
    )


def _with_zeros(shares: pd.DataFrame, support: Support) -> pd.DataFrame:
    """Add the measures that are computable and have no case: counts of zero, no rate."""
    shares = shares.set_index("measure").reindex(range(len(support.computable)))
    zeros = ["eligible", *COUNTS, "families"]
    return shares.assign(**shares[zeros].fillna(0)).reset_index()


def _columns(by: str) -> list[str]:
    columns = ["measure", by] if by else ["measure"]
    return [*columns, "eligible", *COUNTS, "families", *LIMITS]
