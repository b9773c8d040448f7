"""Conditions of a policy as expressions on the rows of a table."""

from functools import reduce

import ibis
from ibis.expr.types import BooleanValue, Table

from evaluation.practice.policy import Condition


def holds(rows: Table, conditions: tuple[Condition, ...]) -> BooleanValue:
    """Return whether each row holds every condition; a missing value holds none but `recorded`."""
    tests = [_test(rows, condition).fill_null(False) for condition in conditions]
    return reduce(lambda one, other: one & other, tests, ibis.literal(True))


def _test(rows: Table, condition: Condition) -> BooleanValue:
    value = rows[condition.field]
    (test,) = set(condition.model_fields_set) - {"field"}
    asked = getattr(condition, test)
    if test == "recorded":
        return value.notnull() == asked
    if test == "is_true":
        return value == asked
    if test == "is_one_of":
        return value.cast("string").isin(asked)
    if test == "at_least":
        return value >= asked
    if test == "at_most":
        return value <= asked
    listed = ";" + value.cast("string") + ";"
    found = [listed.contains(f";{each};") for each in asked]
    if test == "holds_all":
        return reduce(lambda one, other: one & other, found, ibis.literal(True))
    return reduce(lambda one, other: one | other, found, ibis.literal(False))
