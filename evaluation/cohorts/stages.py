"""What a cohort keeps in the engine."""

from dataclasses import dataclass

from ibis.expr.types import Table

from evaluation.cohorts.records import Records


@dataclass(frozen=True)
class Stages:
    """The staged tables of a cohort.

    Parameters
    ----------
    records : Records
    candidates : ibis.Table
        Every episode, with the step at which it leaves (``left_at``).
    exits : ibis.Table
        The cohort.
    orders, closures, spells, intervals, support : ibis.Table
        From `orders_in_effect`, `attached_closures`, `attached_spells`,
        `exposure_intervals`, `support_intervals`.
    """

    records: Records
    candidates: Table
    exits: Table
    orders: Table
    closures: Table
    spells: Table
    intervals: Table
    support: Table
