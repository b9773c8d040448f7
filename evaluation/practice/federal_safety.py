"""The paths of the two safety indicators: maltreatment in care and its recurrence."""

import ibis
from ibis.expr.types import Table

from evaluation.cohorts.clock import birthday, completed_months
from evaluation.cohorts.records import Records, days_between, last_of, true
from evaluation.practice.federal_paths import (
    SHORTEST_STAY,
    Period,
    of_age,
    on_day,
    path_of_each,
)

VICTIM = ("substantiated", "indicated")
FIRST_DAYS = 7
SAME_INCIDENT_DAYS = 14


def maltreatment_in_care(
    records: Records, spells: Table, period: Period, same_period: bool
) -> Table:
    """Victimizations and days in care of all children in care in the period."""
    first, end = on_day(period.start), on_day(period.end)
    rows = spells.filter(
        (spells.removal_date < end) & (spells.discharge_date > first).fill_null(True)
    )
    begins, until = ibis.greatest(rows.removal_date, first), ibis.least(rows.left, end)
    rows = rows.mutate(
        age_months=completed_months(begins, rows.birth_date), days=days_between(until, begins)
    )
    counted = _victimizations(records, rows, period)
    rows = rows.left_join(counted, "removal_id").drop("removal_id_right")
    exclusions = [
        *of_age(rows, ibis.greatest(rows.removal_date, first), "at entry or on the first day"),
        ("length of stay unknown", rows.never_closed),
        ("in care less than 8 days", days_between(rows.left, rows.removal_date) < SHORTEST_STAY),
    ]
    return path_of_each(
        rows, "removal_id", exclusions, None, n=rows.days, events=rows.reports.fill_null(0)
    )


def _victimizations(records: Records, rows: Table, period: Period) -> Table:
    """Count reports in each stay: later ones within one day of the first are the same.

    Reports on days that follow one another count every second day, for each
    that counts is the first report for the day after it.
    """
    reports = _reports(records)
    reports = reports.filter(
        (reports.report_date >= on_day(period.start)) & (reports.report_date < on_day(period.end))
    )
    stays_ = rows.select("removal_id", "removal_date", "left", on="child_id")
    found = reports.join(stays_, reports.child_id == stays_["on"])
    window_opens = (found.removal_date + ibis.interval(days=FIRST_DAYS)).cast("date")
    inside = (found.report_date >= window_opens) & (found.report_date < found.left).fill_null(True)
    elsewhere = true(found.incident_date < found.removal_date) | true(
        found.incident_date >= found.left
    )
    days = found.filter(inside & ~elsewhere).select("removal_id", day="report_date").distinct()
    order = ibis.window(group_by="removal_id", order_by=days.day)
    gap = days_between(days.day, days.day.lag().over(order))
    days = days.mutate(opens=ibis.ifelse((gap > 1).fill_null(True), 1, 0))
    so_far = ibis.cumulative_window(group_by="removal_id", order_by=days.day)
    days = days.mutate(run=days.opens.sum().over(so_far))
    begun = days.day.min().over(ibis.window(group_by=["removal_id", "run"]))
    kept = days.mutate(kept=ibis.ifelse(days_between(days.day, begun) % 2 == 0, 1, 0))
    return kept.group_by("removal_id").aggregate(reports=kept.kept.sum())


def _reports(records: Records) -> Table:
    """Return substantiated or indicated reports: one row per child and report."""
    given = records.table("maltreatment_reports")
    given = given.filter(given.disposition.isin(VICTIM))
    return given.group_by("child_id", "report_id").aggregate(
        report_date=given.report_date.min(), incident_date=given.incident_date.min()
    )


def recurrence(records: Records, spells: Table, period: Period, same_period: bool) -> Table:
    """Recurrence of maltreatment within 12 months of the first report in the period."""
    reports, children = _reports(records), records.table("children")
    in_period = reports.filter(
        (reports.report_date >= on_day(period.start)) & (reports.report_date < on_day(period.end))
    )
    in_period = in_period.join(children.select("child_id", "birth_date", "family_id"), "child_id")
    in_period = in_period.mutate(unborn=true(in_period.report_date < in_period.birth_date))
    place = ibis.window(
        group_by=["child_id", "unborn"], order_by=[in_period.report_date, in_period.report_id]
    )
    first = in_period.mutate(place=ibis.row_number().over(place))
    first = first.filter(first.place == 0).drop("place")
    later_ = reports.select(
        again="report_date", again_incident="incident_date", again_id="report_id", on="child_id"
    )
    pairs = first.join(later_, first.child_id == later_["on"])
    same = true(pairs.again_incident == pairs.incident_date)
    counts = (
        (days_between(pairs.again, pairs.report_date) > SAME_INCIDENT_DAYS)
        & (completed_months(pairs.again, pairs.report_date) < 12)
        & ~same
    )
    hits = pairs.group_by("child_id", "report_id")
    hits = hits.aggregate(again=ibis.ifelse(true(counts), 1, 0).max())
    known = spells.filter(spells.county.notnull()).semi_join(in_period, "child_id")
    newest = last_of(known, ["county"], ["removal_date", "removal_id"])
    county = known.group_by("child_id").aggregate(newest=newest)
    county = county.select("child_id", county=county.newest["county"])
    rows = first.left_join(hits, ["child_id", "report_id"])
    rows = rows.drop("child_id_right", "report_id_right")
    rows = rows.left_join(county, "child_id").drop("child_id_right")
    rows = rows.mutate(
        adult=birthday(rows.birth_date, 18),
        age_months=completed_months(rows.report_date, rows.birth_date),
        cluster=rows.family_id.fill_null("child " + rows.child_id),
    )
    exclusions = [
        ("no birth date", rows.birth_date.isnull()),
        ("not born yet", rows.unborn),
        ("18 or older at the first report", rows.adult <= rows.report_date),
    ]
    return path_of_each(rows, "report_id", exclusions, rows.again == 1)
