"""What was offered, taken up and delivered, program by program: descriptions, no effects."""

from itertools import combinations

import ibis
import pandas as pd
from ibis.expr.types import Table

from evaluation.cohorts.records import true
from evaluation.cohorts.rows import BEFORE
from evaluation.cohorts.services import EARLIER, KNOWN_AT_EXIT, NEVER_STARTED, STILL_OPEN
from evaluation.cohorts.tidy import tidy

SOON_DAYS = 60


def uptake(exits: Table, spells: Table, offers: Table, programs: list[str]) -> pd.DataFrame:
    """Count who was offered a program, who refused or waits, and who began it.

    Parameters
    ----------
    exits, spells, offers : ibis.Table
        The cohort; from `attached_spells`; from `attached_offers`.
    programs : list of str

    Returns
    -------
    pandas.DataFrame
        One row per program, counts of exits: ``exits``, ``offered`` (an
        assignment, or a referral in services, dated from the removal on),
        ``accepted`` (recorded as accepted), ``refused`` and ``waiting`` (a
        row without a start that says so, and no start), ``known_at_exit``,
        ``began_soon`` (days 1 to 60), ``began_later``, ``never``.
    """
    stays = exits.select("exit_id", "days")
    made = offers.select("exit_id", "program", day="assigned_day", yes=true(offers.accepted))
    referred = spells.filter(spells.referral_day.notnull())
    referred = referred.select("exit_id", "program", day="referral_day", yes=ibis.literal(False))
    told = ibis.union(made, referred).join(stays, "exit_id")
    told = told.filter(told.day >= -told.days)
    told = told.group_by("exit_id", "program").aggregate(accepted=told.yes.any())
    used = spells.filter(spells.timing != EARLIER)
    unstarted = used.timing == NEVER_STARTED
    used = used.mutate(
        first=unstarted.ifelse(ibis.null("int32"), used.start_day),
        known=used.timing == KNOWN_AT_EXIT,
        refused=unstarted & true(used.end_reason == "refused"),
        waiting=unstarted & true(used.end_reason == "waiting_list"),
    )
    used = used.group_by("exit_id", "program").aggregate(
        first=used["first"].min(),
        known=used.known.any(),
        refused=used.refused.any(),
        waiting=used.waiting.any(),
    )
    total = exits.count().to_pyarrow().as_py()
    rows = []
    for program in programs:
        told_of = told.filter(told.program == program)
        mine = used.filter(used.program == program)
        after = mine["first"].notnull() & ~mine.known
        found = (
            tidy(
                mine.aggregate(
                    refused=(mine.refused & mine["first"].isnull()).cast("int32").sum(),
                    waiting=(mine.waiting & mine["first"].isnull()).cast("int32").sum(),
                    known_at_exit=mine.known.cast("int32").sum(),
                    began_soon=true(after & (mine["first"] <= SOON_DAYS)).cast("int32").sum(),
                    began_later=true(after & (mine["first"] > SOON_DAYS)).cast("int32").sum(),
                )
            )
            .fillna(0)
            .iloc[0]
        )
        offered = (
            tidy(
                told_of.aggregate(
                    offered=told_of.count(), accepted=told_of.accepted.cast("int32").sum()
                )
            )
            .fillna(0)
            .iloc[0]
        )
        rows.append({"program": program, "exits": total, **offered, **found})
    names = ["offered", "accepted", "refused", "waiting"]
    names += ["known_at_exit", "began_soon", "began_later"]
    table = pd.DataFrame(rows, columns=["program", "exits", *names]).astype(
        dict.fromkeys(["exits", *names], "int64")
    )
    began = table[["known_at_exit", "began_soon", "began_later"]].sum(axis=1)
    return table.assign(never=table["exits"] - began)


def doses(ends: Table, intervals: Table, programs: list[str]) -> pd.DataFrame:
    """Sum up days in service and after it within follow-up.

    Parameters
    ----------
    ends : ibis.Table
        From `first_end`: the follow-up meant.
    intervals : ibis.Table
        From `exposure_intervals`.
    programs : list of str

    Returns
    -------
    pandas.DataFrame
        One row per program: ``served`` (exits with a day in service within
        follow-up), ``days_in_service`` and ``days_after`` (sums over exits;
        after the first service ended and out of service), ``median_days`` (in
        service, among those served; the lower of two middle ones),
        ``ended`` (served exits out of service when follow-up ends).
    """
    followed = ends.filter(ends.end > ends.begin).select("exit_id", "begin", "end")
    pairs = intervals.join(followed, "exit_id")
    pairs = pairs.mutate(
        low=ibis.greatest(pairs.enter, pairs.begin), high=ibis.least(pairs.leave, pairs.end)
    )
    pairs = pairs.filter(pairs.low < pairs.high)
    each = pairs.group_by("exit_id", "program").aggregate(
        inside=(pairs.high - pairs.low).sum().cast("int32"),
        first=pairs.low.min(),
        end=pairs.end.max(),
        open=(pairs.leave > pairs.end).any() | (pairs.leave == pairs.end).any(),
    )
    each = each.mutate(after=each.end - each["first"] - each.inside)
    order = ibis.window(group_by="program", order_by=[each.inside, each.exit_id])
    each = each.mutate(
        place=ibis.row_number().over(order), n=each.count().over(ibis.window(group_by="program"))
    )
    middle = each.place == ((each.n - 1) // 2)
    found = each.group_by("program").aggregate(
        served=each.count(),
        days_in_service=each.inside.sum(),
        days_after=each.after.sum(),
        median_days=each.inside.max(where=middle),
        ended=(~each["open"]).cast("int32").sum(),
    )
    table = tidy(found).set_index("program").reindex(programs)
    sums = ["served", "days_in_service", "days_after", "ended"]
    table[sums] = table[sums].fillna(0).astype("int64")
    table["median_days"] = table["median_days"].astype("Int64")
    return table.rename_axis("program").reset_index()


def overlaps(intervals: Table, programs: list[str]) -> pd.DataFrame:
    """Count exits that were in two programs, and in both on the same day.

    Returns
    -------
    pandas.DataFrame
        ``program``, ``other``, ``both`` (exits that had each at some time),
        ``together`` (exits with a day in both).
    """
    rows = []
    for program, other in combinations(programs, 2):
        one = intervals.filter(intervals.program == program)
        two = intervals.filter(intervals.program == other)
        two = two.select("exit_id", begun="enter", over="leave")
        pairs = one.join(two, "exit_id")
        meet = ibis.greatest(pairs.enter, pairs.begun) < ibis.least(pairs.leave, pairs.over)
        found = pairs.aggregate(
            both=pairs.exit_id.nunique(), together=pairs.exit_id.nunique(where=meet)
        )
        rows.append({"program": program, "other": other} | found.to_pyarrow().to_pylist()[0])
    return pd.DataFrame(rows, columns=["program", "other", "both", "together"])


def merged_spells(exits: Table, intervals: Table) -> Table:
    """Return the merged spells of the study's programs, one row per exit and spell.

    Returns
    -------
    ibis.Table
        ``child_id``, ``exit_id``, ``family_id``, ``program``, ``spell`` (1, 2,
        …), ``start_day`` and ``end_day`` (days since the index date; in
        service on the days of ``(start_day, end_day]``; ``end_day`` missing
        while it goes on), ``known_at_exit`` (begun by day 0) and ``prevalent``
        (of those, in service on day 1).
    """
    order = ibis.window(group_by=["exit_id", "program"], order_by="enter")
    rows = intervals.mutate(spell=(ibis.row_number().over(order) + 1).cast("int32"))
    rows = rows.join(exits.select("exit_id", "child_id", "family_id"), "exit_id")
    still = rows.leave == STILL_OPEN
    return rows.select(
        "child_id",
        "exit_id",
        "family_id",
        "program",
        "spell",
        start_day=rows.enter,
        end_day=still.ifelse(ibis.null("int32"), rows.leave),
        known_at_exit=rows.enter <= 0,
        prevalent=(rows.enter <= 0) & (rows.leave > 0),
    ).order_by("exit_id", "program", "spell")


def ever_served(rows: pd.DataFrame, program: str) -> pd.DataFrame:
    """Count exits, children, families and events by ever and never served: no effect.

    Parameters
    ----------
    rows : pandas.DataFrame
        Start–stop rows: what came after follow-up ended does not count.
    program : str

    Returns
    -------
    pandas.DataFrame
        ``program``, ``served`` (``ever``, ``never``), ``exits``, ``children``,
        ``families``, ``events``, ``use``.
    """
    ever = (rows[f"exposure_{program}"] != BEFORE).groupby(rows["exit_id"]).transform("any")
    rows = rows.assign(ever=ever, outcome=rows["event"] == 1)
    table = rows.groupby("ever").agg(
        exits=("exit_id", "nunique"),
        children=("child_id", "nunique"),
        families=("family_id", "nunique"),
        events=("outcome", "sum"),
    )
    table = table.reindex([True, False], fill_value=0).reset_index(drop=True)
    table.insert(0, "program", program)
    table.insert(1, "served", ["ever", "never"])
    return table.assign(use="description, not an effect")
