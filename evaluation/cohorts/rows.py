"""Start–stop rows: follow-up split where exposure, support window or age band changes."""

import datetime
from collections.abc import Sequence

import ibis
from ibis.expr.types import StringValue, Table

from evaluation.cohorts.clock import OUTCOME, birthday
from evaluation.cohorts.covariates import AGE_GROUPS, MONTHS_BELOW
from evaluation.cohorts.records import days_between

IN_SERVICE, BEFORE, AFTER = "in service", "before", "after"


def age_turns(exits: Table, age_limit: int) -> Table:
    """Return the day before each exit's child turns into the next age band.

    The bands are the federal age groups (Children's Bureau, CFSR Round 4,
    2022); a birthday belongs to the band it opens. None opens on the
    age-limit birthday or later, when follow-up is over.

    Parameters
    ----------
    exits : ibis.Table
        The cohort.
    age_limit : int
        In years.

    Returns
    -------
    ibis.Table
        ``exit_id`` and ``turn_1``, ``turn_2``, …: the band `AGE_GROUPS` [k]
        holds from the day after ``turn_k`` to ``turn_k+1``.
    """
    within = [months for months in MONTHS_BELOW if months < 12 * age_limit]
    return exits.select(
        "exit_id",
        **{
            f"turn_{place}": days_between(birthday(exits.birth_date, 0, months), exits.index_date)
            - 1
            for place, months in enumerate(within, 1)
        },
    )


def start_stop_rows(
    ends: Table,
    intervals: Table,
    support: Table,
    turns: Table,
    programs: list[str],
    repeats: Table | None = None,
) -> Table:
    """Split follow-up into rows ``(start, stop]`` on which nothing changes.

    Parameters
    ----------
    ends : ibis.Table
        From `first_end`: ``exit_id``, ``begin``, ``end``, ``event``,
        ``end_reason`` and any column that belongs to the last row.
    intervals : ibis.Table
        From `exposure_intervals`.
    support : ibis.Table
        From `support_intervals`.
    turns : ibis.Table
        From `age_turns`.
    programs : list of str
        The study's programs.
    repeats : ibis.Table, optional
        ``exit_id`` and ``day`` of an outcome that does not end follow-up: a
        row ends on each, as event 1.

    Returns
    -------
    ibis.Table
        ``exit_id``, ``start``, ``stop``, ``event``, ``end_reason`` (and what
        else ends bring: last row only), ``exposure_PROGRAM``,
        ``dose_PROGRAM`` (days in service by ``start``), ``support_status``,
        ``support_voluntary``, ``support_closure`` and ``age_band``.
        Exits with no day at risk have no row.
    """
    ends = ends.filter(ends.end > ends.begin)
    last_only = [name for name in ends.columns if name not in ("exit_id", "begin", "end")]
    span = ends.select("exit_id", "begin", "end")
    turned, turning = span.join(turns, "exit_id"), turns.columns[1:]
    days = ibis.array([turned[name] for name in turning]).unnest()
    listed = [] if repeats is None else [repeats.select("exit_id", start="day")]
    listed += [intervals.select("exit_id", start=day) for day in ("enter", "leave")]
    listed.append(support.select("exit_id", start="enter"))
    points = ibis.union(
        ends.select("exit_id", start="begin"),
        _inside(ibis.union(*listed).join(span, "exit_id")),
        _inside(turned.select("exit_id", "begin", "end", start=days)),
        distinct=True,
    )
    order = ibis.window(group_by="exit_id", order_by="start")
    rows = points.join(ends, "exit_id").join(turns, "exit_id")
    rows = rows.mutate(stop=rows.start.lead().over(order).fill_null(rows.end).cast("int32"))
    is_last = rows.stop == rows.end
    rows = rows.mutate(
        event=is_last.ifelse(rows.event, 0).cast("int32"),
        **{
            name: is_last.ifelse(rows[name], ibis.null(rows[name].type()))
            for name in last_only
            if name != "event"
        },
        age_band=_band(rows, turning),
    ).select("exit_id", "start", "stop", *last_only, "age_band")
    if repeats is not None:
        rows = _with_repeats(rows, repeats)
    rows = _with_exposure(rows, intervals, programs)
    rows = _during(rows, support)
    return rows.relocate("age_band", after="support_closure")


def _inside(points: Table) -> Table:
    found = points.filter((points.start > points.begin) & (points.start < points.end))
    return found.select("exit_id", start=found.start.cast("int32"))


def _band(rows: Table, turning: Sequence[str]) -> StringValue:
    until = [(rows.start < rows[name], AGE_GROUPS[place]) for place, name in enumerate(turning)]
    return ibis.cases(*until, else_=AGE_GROUPS[len(turning)])


def _with_repeats(rows: Table, repeats: Table) -> Table:
    """Let a row that ends on a day of the outcome say so: the outcome comes before other ends."""
    days = repeats.select(of="exit_id", stop_day="day")
    rows = rows.left_join(days, [rows.exit_id == days["of"], rows.stop == days.stop_day])
    event = rows["of"].notnull().ifelse(OUTCOME, rows.event).cast("int32")
    return rows.mutate(event=event).drop("of", "stop_day")


def _with_exposure(rows: Table, intervals: Table, programs: list[str]) -> Table:
    if not programs:
        return rows
    pairs = rows.select("exit_id", "start").join(intervals, "exit_id")
    pairs = pairs.filter(pairs.enter <= pairs.start)
    served = ibis.least(pairs.start, pairs.leave) - pairs.enter
    states = {}
    for place, program in enumerate(programs):
        mine = pairs.program == program
        states[f"begun_{place}"] = mine.any()
        states[f"now_{place}"] = (mine & (pairs.start < pairs.leave)).any()
        states[f"days_{place}"] = mine.ifelse(served, 0).sum()
    reached = pairs.group_by("exit_id", "start").aggregate(**states)
    rows = rows.left_join(reached, ["exit_id", "start"]).drop("exit_id_right", "start_right")
    exposure = {}
    for place, program in enumerate(programs):
        begun, now = (rows[f"{name}_{place}"].fill_null(False) for name in ("begun", "now"))
        exposure[f"exposure_{program}"] = ibis.cases(
            (now, IN_SERVICE), (begun, AFTER), else_=BEFORE
        )
        exposure[f"dose_{program}"] = rows[f"days_{place}"].fill_null(0).cast("int32")
    return rows.mutate(**exposure).drop(*states)


def _during(rows: Table, states: Table) -> Table:
    """Put beside each row the state that holds on its days."""
    during = states.rename(at="exit_id")
    rows = rows.join(
        during,
        [
            rows.exit_id == during["at"],
            rows.start >= during.enter,
            rows.start < during.leave,
        ],
    )
    return rows.drop("at", "enter", "leave")


def rows_from(rows: Table, exits: Table, first: datetime.date) -> Table:
    """Cut rows to the days from a date on: who left earlier enters late.

    Parameters
    ----------
    rows : ibis.Table
        From `start_stop_rows`.
    exits : ibis.Table
        The cohort.
    first : datetime.date
        The first day on which the child counts as at risk.
    """
    day = ibis.literal(first, type="date") + ibis.interval(days=0)
    late = exits.select("exit_id", late=days_between(day, exits.index_date) - 1)
    rows = rows.join(late, "exit_id")
    rows = rows.filter(rows.stop > rows.late)
    return rows.mutate(start=ibis.greatest(rows.start, rows.late).cast("int32")).drop("late")
