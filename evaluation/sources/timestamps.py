"""Dates that come with a time of day from typed sources."""

import ibis

from evaluation.errors import DataError
from evaluation.sources.contract import TableSchema
from evaluation.sources.staging import Remark, Staged

_FEW = 2


def times_of_day(staged: Staged, schema: TableSchema) -> list[Remark]:
    """Say where a time of day is left out of dates; refuse midnights of another time zone.

    A clock time says nothing a date needs, so the day counts. But where every value of a
    column stands on one full hour, or on two an hour apart (winter and summer), they are
    midnights that were moved between time zones, and the day may be wrong by one.

    Parameters
    ----------
    staged : Staged
        The source table.
    schema : TableSchema
        The contract table.

    Returns
    -------
    list of Remark

    Raises
    ------
    DataError
        Naming each column of moved midnights.
    """
    remarks, moved = [], []
    for field in schema.fields:
        if field.type != "date" or field.name not in staged.columns:
            continue
        value = staged.table[field.name]
        if not value.type().is_timestamp() or value.type().timezone is not None:
            continue
        seconds = value.hour() * 3600 + value.minute() * 60 + value.second()
        given = staged.table.select(seconds=seconds).filter(ibis._.seconds.notnull())
        counts = given.group_by("seconds").aggregate(n=ibis._.count()).limit(5_000).to_pandas()
        timed = counts[counts["seconds"] > 0]
        rows, total = int(timed["n"].sum()), int(counts["n"].sum())
        if not rows:
            continue
        hours = sorted(timed["seconds"] // 3600)
        whole = (timed["seconds"] % 3600 == 0).all() and len(hours) <= _FEW
        if whole and hours[-1] - hours[0] <= 1 and rows == total and rows > 1:
            clock = " and ".join(f"{hour:02d}:00" for hour in hours)
            moved.append(
                f"{staged.label}: every {field.name} is at {clock}, as midnights of another time "
                "zone are, so the day may be wrong by one; convert the column to the agency's time "
                "zone and give dates."
            )
            continue
        remarks.append(
            Remark(
                "time_of_day",
                rows,
                f"{rows:,} of {total:,} values of {field.name} have a time of day, which is left "
                "out; the day counts.",
            )
        )
    if moved:
        raise DataError(*moved)
    return remarks
