"""Start–stop rows: follow-up split where an exposure or the support window changes."""

import ibis
from ibis.expr.types import Table

IN_SERVICE, BEFORE, AFTER = "in service", "before", "after"


def start_stop_rows(ends: Table, intervals: Table, support: Table, programs: list[str]) -> Table:
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
    programs : list of str
        The study's programs.

    Returns
    -------
    ibis.Table
        ``exit_id``, ``start``, ``stop``, ``event``, ``end_reason`` (and what
        else ends bring: last row only), ``exposure_PROGRAM``,
        ``dose_PROGRAM`` (days in service by ``start``) and ``support_status``.
        Exits with no day at risk have no row.
    """
    ends = ends.filter(ends.end > ends.begin)
    last_only = [name for name in ends.columns if name not in ("exit_id", "begin", "end")]
    span = ends.select("exit_id", "begin", "end")
    points = ibis.union(
        ends.select("exit_id", start=ends.begin),
        _inside(intervals.select("exit_id", start=intervals.enter), span),
        _inside(intervals.select("exit_id", start=intervals.leave), span),
        _inside(support.select("exit_id", start=support.enter), span),
        distinct=True,
    )
    order = ibis.window(group_by="exit_id", order_by="start")
    rows = points.join(ends, "exit_id")
    rows = rows.mutate(stop=rows.start.lead().over(order).fill_null(rows.end).cast("int32"))
    is_last = rows.stop == rows.end
    rows = rows.mutate(
        event=is_last.ifelse(rows.event, 0).cast("int32"),
        **{
            name: is_last.ifelse(rows[name], ibis.null(rows[name].type()))
            for name in last_only
            if name != "event"
        },
    ).select("exit_id", "start", "stop", *last_only)
    return _with_support(_with_exposure(rows, intervals, programs), support)


def _inside(points: Table, span: Table) -> Table:
    found = points.join(span, "exit_id")
    found = found.filter((found.start > found.begin) & (found.start < found.end))
    return found.select("exit_id", start=found.start.cast("int32"))


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


def _with_support(rows: Table, support: Table) -> Table:
    during = support.rename(at="exit_id")
    rows = rows.join(
        during,
        [
            rows.exit_id == during["at"],
            rows.start >= during.enter,
            rows.start < during.leave,
        ],
    )
    return rows.drop("at", "enter", "leave")
