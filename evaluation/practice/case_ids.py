"""What names a case: whole numbers in the engine, text in the lists people read.

Cases are millions and the engine groups and joins whole numbers several times sooner than
text, so the text is put together only for the cases that are listed.
"""

import ibis
from ibis.expr.types import IntegerValue, StringValue, Table

from evaluation.cohorts.records import days_between
from evaluation.practice.policy import Anchor
from evaluation.practice.reached import Reached
from evaluation.practice.windows import asks_window, unit_id

KEY = ("measure", "number")
_TURNS, _DAYS, _EXITS = 2**10, 2**20, 2**31
"""More than the times a moment may repeat, the days of any calendar, and the exits."""
_DAY_ZERO = ibis.date(1800, 1, 1)
_COUNTED_FROM = {
    "exit": "exit",
    "return": "unit",
    "family return": "flow",
    "window start": "unit",
    "window end": "unit",
}


def is_single(anchor: Anchor) -> bool:
    """Tell whether every case is about one exit."""
    return anchor.on == "exit" or anchor.each == "child"


def number(anchor: Anchor, cases: Table) -> IntegerValue:
    """Return what tells the cases of one measure apart.

    It is made of the exit, household's window, family or row that the measure counts
    from, and of the child or day where one of them is several cases.
    """
    if anchor.table is not None:
        row = cases.row.cast("int64")
        return row * _EXITS + cases.exit if anchor.each == "child" else row
    moment = cases["exit" if is_single(anchor) else _COUNTED_FROM[anchor.on]].cast("int64")
    if anchor.on == "return":
        moment = moment * _DAYS + days_between(cases.index_date, _DAY_ZERO)
    return moment * _TURNS


def turned(number: IntegerValue, turn: IntegerValue) -> IntegerValue:
    """Return the number of a case that is one of several turns of a moment."""
    return number + turn


def named(cases: Table, reached: Reached) -> Table:
    """Add ``case_id``, ``exit_id`` and ``cluster``, the texts, to cases that will be listed."""
    windowed = any(asks_window(reached.policy, measure) for measure in reached.computable)
    exits = reached.windows if windowed else reached.exits
    unit = unit_id(exits) if windowed else ibis.null("string")
    exits = exits.select("exit", "exit_id", "flow_family", "index_date", unit_id=unit)
    families = reached.exits.select("family", "cluster").distinct()
    cases = _with_keys(cases.join(families, "family").join(exits, "exit"), reached)
    return cases.mutate(case_id=_text(cases, reached))


def _with_keys(cases: Table, reached: Reached) -> Table:
    """Add ``row_key``, the key of the row a case counts from; else missing."""
    rows = [(p, m.anchor) for p, m in enumerate(reached.computable) if m.anchor.table]
    if not rows:
        return cases.mutate(row_key=ibis.null("string"))
    tables = sorted({anchor.table for _, anchor in rows})
    keys = [
        numbered.select("row_key", at_table=ibis.literal(place), at_row=numbered.row.cast("int64"))
        for place, numbered in enumerate(map(reached.numbered, tables))
    ]
    keys = ibis.union(*keys) if keys[1:] else keys[0]
    table = ((cases.measure == place, tables.index(anchor.table)) for place, anchor in rows)
    of_child = [place for place, anchor in rows if is_single(anchor)]
    row = cases.measure.isin(of_child).ifelse(cases.number // _EXITS, cases.number)
    cases = cases.mutate(at_table=ibis.cases(*table, else_=-1), at_row=row.cast("int64"))
    return cases.left_join(keys, ["at_table", "at_row"])


def _text(cases: Table, reached: Reached) -> StringValue:
    day = cases.index_date.strftime("%Y-%m-%d")
    texts = {
        "exit": cases.exit_id,
        "return": cases.unit_id + " " + day,
        "family return": cases.flow_family,
        "window start": cases.unit_id,
        "window end": cases.unit_id,
    }
    turn = " #" + (cases.number % _TURNS).cast("string")
    told = []
    for place, measure in enumerate(reached.computable):
        text = texts.get(measure.anchor.on, cases.row_key)
        if measure.anchor.each == "child":
            text = text + " " + cases.exit_id
        if measure.anchor.every_days is not None:
            text = text + turn
        told.append((cases.measure == place, text))
    return ibis.cases(*told)
