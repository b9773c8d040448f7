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

KEY = ("measure", "number", "part")
_TURNS = 1024
"""More than the times a moment may repeat."""
_DAY_ZERO = ibis.date(1900, 1, 1)


def numbers(anchor: Anchor, cases: Table) -> dict[str, IntegerValue]:
    """Return ``number`` and ``part``, which together tell the cases of one measure apart.

    ``number`` stands for the exit, household's window, family or row that the measure
    counts from; ``part`` for the day or the child where one of them is several cases.
    """
    counts_from = {
        "exit": "exit",
        "return": "unit",
        "family return": "flow",
        "window start": "unit",
        "window end": "unit",
    }
    number = cases[counts_from.get(anchor.on, "row")]
    part = ibis.literal(0)
    if anchor.each == "child":
        part = cases.exit
    elif anchor.on == "return":
        part = days_between(cases.index_date, _DAY_ZERO)
    return {"number": number.cast("int64") * _TURNS, "part": part.cast("int32")}


def turned(number: IntegerValue, turn: IntegerValue) -> IntegerValue:
    """Return the number of a case that is one of several turns of a moment."""
    return number + turn


def named(cases: Table, reached: Reached) -> Table:
    """Add ``case_id``, ``exit_id`` and ``cluster``, the texts, to cases that will be listed."""
    measures = reached.computable
    families = reached.exits.select("family", "cluster").distinct()
    cases = cases.join(families, "family")
    windowed = any(asks_window(reached.policy, measure) for measure in measures)
    exits = reached.windows if windowed else reached.exits
    unit = unit_id(exits) if windowed else ibis.null("string")
    exits = exits.select("exit", "exit_id", "flow_family", "index_date", unit_id=unit)
    cases = cases.join(exits, "exit")
    tables = sorted({m.anchor.table for m in measures if m.anchor.table})
    if tables:
        keys = [_keys(reached, table) for table in tables]
        keys = ibis.union(*keys) if keys[1:] else keys[0]
        row = (cases.number // _TURNS).cast("int64")
        cases = cases.mutate(at_table=_table_of(cases, reached), at_row=row)
        cases = cases.left_join(keys, ["at_table", "at_row"])
    else:
        cases = cases.mutate(row_key=ibis.null("string"))
    return cases.mutate(case_id=_text(cases, reached))


def _keys(reached: Reached, table: str) -> Table:
    rows = reached.numbered(table)
    return rows.select("row_key", at_table=ibis.literal(table), at_row=rows.row.cast("int64"))


def _table_of(cases: Table, reached: Reached) -> StringValue:
    asked = [(place, m.anchor.table) for place, m in enumerate(reached.computable)]
    named = [(cases.measure == place, table) for place, table in asked if table]
    return ibis.cases(*named, else_=ibis.null("string"))


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
