"""Service spells attached to exits, and the exposure they make."""

from collections.abc import Sequence

import ibis
from ibis.expr.types import Table

from evaluation.cohorts.facts import Facts
from evaluation.cohorts.records import Records, days_between, true
from evaluation.study import Study

STILL_OPEN = 1_000_000
REACHES = ("child", "family", "household")

AT_EXIT = ("known_at_exit", "earlier", "start_day", "end_day")
EARLIER, KNOWN_AT_EXIT, AFTER_EXIT, NEVER_STARTED = (
    "earlier",
    "known at exit",
    "after exit",
    "never started",
)


def attach(rows: Table, exits: Table, also: Sequence[str] = ()) -> Table:
    """Put each row of a table beside every exit it reaches.

    A row that names a child reaches that child's exits, a family every child
    removed from it, a household every child who exited to it. A row that
    reaches an exit in several ways stands beside it once.

    Parameters
    ----------
    rows : ibis.Table
        With ``child_id``, ``family_id`` and ``household_id``.
    exits : ibis.Table
        The cohort, with ``removal_family_id``; an exit may stand in it several times.
    also : sequence of str
        Further columns of ``exits`` to keep.

    Returns
    -------
    ibis.Table
        The rows with ``exit_id``, ``index_date``, ``exit_child``, those of ``also`` and ``reach``
        (``child``, ``family`` or ``household``, the nearest that holds).
    """
    base = exits.select(
        "exit_id",
        "index_date",
        *also,
        exit_child="child_id",
        exit_family="removal_family_id",
        exit_household="household_id",
    )
    ways = []
    for place, reach in enumerate(REACHES):
        found = rows.join(base, rows[f"{reach}_id"] == base[f"exit_{reach}"])
        for nearer in REACHES[:place]:
            found = found.filter(~true(found[f"{nearer}_id"] == found[f"exit_{nearer}"]))
        ways.append(found.mutate(reach=ibis.literal(reach)))
    return ibis.union(*ways).drop("exit_family", "exit_household")


def attached_spells(records: Records, exits: Table, study: Study, closures: Table) -> Table:
    """Attach service spells to exits and say when each was, beside the exit.

    A spell open at the exit, or begun within the program's ``lead_days``
    before it, is known at exit; one that ended before that is earlier.
    Programs the study does not name have the default lead. A spell without an
    end ends with the first closure of its program on or after its start.

    Parameters
    ----------
    records : Records
    exits : ibis.Table
        The cohort.
    study : Study
    closures : ibis.Table
        From `attached_closures`.

    Returns
    -------
    ibis.Table
        One row per exit and spell: ``exit_id``, ``child_id``, ``service_id``,
        ``program``, ``reach``, ``timing``, ``referral_day``, ``start_day``,
        ``end_day`` (days since the index date; ``end_day`` missing while the
        service goes on), ``end_reason``, ``units``, ``provider``, ``voluntary``.
    """
    spells = attach(records.optional("services"), exits)
    spells = spells.mutate(
        **{
            f"{name}_day": days_between(spells[f"{name}_date"], spells.index_date)
            for name in ("referral", "start", "end")
        }
    )
    if records.has("closures"):
        spells = _closed_with_program(spells, closures)
    leads = [(spells.program == each.program, each.lead_days) for each in study.services]
    lead = ibis.cases(*leads, else_=60) if leads else ibis.literal(60)
    over = true(spells.end_day < 0)
    timing = ibis.cases(
        (spells.start_day.isnull(), NEVER_STARTED),
        (spells.start_day > 0, AFTER_EXIT),
        (over & (spells.start_day < -lead), EARLIER),
        else_=KNOWN_AT_EXIT,
    )
    return (
        spells.mutate(timing=timing)
        .select(
            "exit_id",
            "exit_child",
            "service_id",
            "program",
            "reach",
            "timing",
            "referral_day",
            "start_day",
            "end_day",
            "end_reason",
            "units",
            "provider",
            "voluntary",
        )
        .rename(child_id="exit_child")
    )


def _closed_with_program(spells: Table, closures: Table) -> Table:
    ends = closures.select("exit_id", "program", "closure_id", "closure_day", "reason")
    pairs = spells.filter(spells.end_day.isnull()).select(
        "exit_id", "service_id", "program", "start_day"
    )
    pairs = pairs.join(ends, ["exit_id", "program"])
    pairs = pairs.filter(pairs.closure_day >= pairs.start_day)
    order = ibis.window(
        group_by=["exit_id", "service_id"], order_by=[pairs.closure_day, pairs.closure_id]
    )
    pairs = pairs.mutate(place=ibis.row_number().over(order))
    first = pairs.filter(pairs.place == 0)
    first = first.select("exit_id", "service_id", closed_day="closure_day", closed="reason")
    spells = spells.left_join(first, ["exit_id", "service_id"])
    spells = spells.drop("exit_id_right", "service_id_right")
    return spells.mutate(
        end_day=ibis.coalesce(spells.end_day, spells.closed_day),
        end_reason=ibis.coalesce(spells.end_reason, spells.closed),
    )


def attached_offers(records: Records, exits: Table) -> Table:
    """Attach offers, referrals and randomizations to the exits they reach.

    Returns
    -------
    ibis.Table
        One row per exit and assignment: ``exit_id``, ``assignment_id``,
        ``program``, ``kind``, ``arm``, ``reach``, ``assigned_day``,
        ``accepted``, ``accepted_day`` (days since the index date), ``site``,
        ``score``.
    """
    offers = attach(records.optional("assignments"), exits)
    return offers.select(
        "exit_id",
        "assignment_id",
        "program",
        "kind",
        "arm",
        "reach",
        "accepted",
        "site",
        "score",
        assigned_day=days_between(offers.assignment_date, offers.index_date),
        accepted_day=days_between(offers.accepted_date, offers.index_date),
    )


def exposure_intervals(spells: Table, programs: list[str]) -> Table:
    """Merge the spells of a program into days in service.

    Exposure that begins on day d counts from d + 1 to the last day of
    service, so an interval is ``(enter, leave]``. Earlier spells are left out;
    spells that overlap or follow on the next day are one.

    Returns
    -------
    ibis.Table
        ``exit_id``, ``program``, ``enter``, ``leave`` (`STILL_OPEN` while the
        service goes on).
    """
    used = spells.filter(
        spells.program.isin(programs or [""]) & spells.timing.isin([KNOWN_AT_EXIT, AFTER_EXIT])
    )
    used = used.select(
        "exit_id",
        "program",
        "service_id",
        enter=used.start_day,
        leave=used.end_day.fill_null(STILL_OPEN),
    )
    order = [used.enter, used.leave, used.service_id]
    before = ibis.window(group_by=["exit_id", "program"], order_by=order, preceding=(None, 1))
    so_far = ibis.cumulative_window(group_by=["exit_id", "program"], order_by=order)
    used = used.mutate(covered_to=used.leave.max().over(before))
    opens = used.covered_to.isnull() | true(used.enter > used.covered_to + 1)
    used = used.mutate(opens=opens.cast("int32")).mutate(place=lambda t: t.opens.sum().over(so_far))
    merged = used.group_by("exit_id", "program", "place").aggregate(
        enter=used.enter.min(), leave=used.leave.max()
    )
    changes = (merged.place == 1) | (merged.leave > merged.enter)
    return merged.filter(changes).drop("place")


def exposure_at_exit(spells: Table, intervals: Table, programs: list[str]) -> list[Facts]:
    """Return what each program meant for a child on the day of exit, and when it began.

    The columns are, per program, ``known_at_exit_PROGRAM`` and ``earlier_PROGRAM``
    (booleans, known on day 0) and ``start_day_PROGRAM``, ``end_day_PROGRAM``
    (the first merged spell that is not an earlier one; they look into the
    future and are no covariates).
    """
    known, first = {}, {}
    spells = spells.filter(
        spells.program.isin(programs or [""]) & spells.timing.isin([KNOWN_AT_EXIT, EARLIER])
    )
    for program in programs:
        mine = spells.program == program
        known[f"known_at_exit_{program}"] = (mine & (spells.timing == KNOWN_AT_EXIT)).any()
        known[f"earlier_{program}"] = (mine & (spells.timing == EARLIER)).any()
        started = intervals.program == program
        first[f"start_day_{program}"] = intervals.enter.min(where=started)
        end = intervals.leave.argmin(intervals.enter, where=started)
        first[f"end_day_{program}"] = end.nullif(STILL_OPEN)
    if not programs:
        return []
    return [
        Facts(spells.group_by("exit_id").aggregate(**known), dict.fromkeys(known, False)),
        Facts(intervals.group_by("exit_id").aggregate(**first)),
    ]
