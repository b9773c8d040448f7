"""Which reports count: bounds on what being watched adds, and reports no service can have caused.

Families in services are seen more often, and what is seen is reported (METHODS: surveillance
is bounded). Each way of counting is followed as maltreatment is: from the same day, with the
same competing events and the same ends.
"""

import ibis
from ibis.expr.types import Table

from evaluation.cohorts.outcomes import VICTIM, Outcomes
from evaluation.cohorts.records import days_between, true
from evaluation.errors import DataError

ALL = "all reports"
WITHOUT_PROVIDERS = "reports by providers left out"
SUBSTANTIATED = "substantiated reports only"
FOLLOWED = "reports by providers only if another source follows"
BEFORE_EXIT = "incidents before the exit"
COUNTED = {
    ALL: "every report that was not screened out",
    WITHOUT_PROVIDERS: "reports by providers left out in both arms",
    SUBSTANTIATED: "substantiated or indicated reports alone",
    FOLLOWED: "reports by providers count if another source reports within 60 days",
    BEFORE_EXIT: "reports after the exit of incidents before it, which no service can have caused",
}
BOUNDS = (ALL, WITHOUT_PROVIDERS, SUBSTANTIATED, FOLLOWED)
PROVIDERS = ("service_provider", "social_services", "mental_health")
"""Reporters who see a family because they serve it."""

WITHIN_DAYS = 60


def lacks(outcomes: Outcomes, counted: str) -> str | None:
    """Return what a way of counting needs and the data lack, or None."""
    records = outcomes.records
    if not records.has("maltreatment_reports"):
        return "the table maltreatment_reports"
    needs = {
        WITHOUT_PROVIDERS: "reporter_source",
        FOLLOWED: "reporter_source",
        SUBSTANTIATED: "disposition",
        BEFORE_EXIT: "incident_date",
    }
    column = needs.get(counted)
    if column and not records.has("maltreatment_reports", column):
        return f"the column {column} of maltreatment_reports"
    return None


def counted_ends(outcomes: Outcomes, counted: str) -> Table:
    """Return `first_end` for maltreatment with other reports counted.

    Raises
    ------
    DataError
        If the data lack what tells these reports apart.
    """
    lacking = lacks(outcomes, counted)
    if lacking:
        raise DataError(
            f"Reports cannot be counted as “{counted}” without {lacking}, which is not among "
            "the data."
        )
    return outcomes.first_report(reports_counted(outcomes, counted))


def reports_counted(outcomes: Outcomes, counted: str) -> Table:
    """Return the reports beside each exit, with whether they count.

    Parameters
    ----------
    outcomes : Outcomes
        The events of a cohort.
    counted : str
        A key of `COUNTED`.

    Returns
    -------
    ibis.Table
        As ``Outcomes.reports``: ``exit_id``, ``day``, ``counts`` and the report's columns.
    """
    reports = outcomes.reports()
    heard = ~true(reports.disposition == "screened_out")
    if counted == SUBSTANTIATED:
        return reports.mutate(counts=true(reports.disposition.isin(VICTIM)))
    if counted == BEFORE_EXIT:
        earlier = true(reports.incident_date <= reports.index_date)
        after = days_between(reports.report_date, reports.index_date)
        return reports.mutate(day=after, counts=heard & earlier)
    reports = reports.mutate(counts=heard, provider=true(reports.reporter_source.isin(PROVIDERS)))
    if counted == WITHOUT_PROVIDERS:
        return reports.mutate(counts=reports.counts & ~reports.provider)
    if counted == FOLLOWED:
        return _followed(reports)
    return reports


def _followed(reports: Table) -> Table:
    others = reports.filter(reports.counts & ~reports.provider)
    others = others.select("exit_id", other_date=others.report_date)
    theirs = reports.filter(reports.counts & reports.provider)
    pairs = theirs.select("exit_id", "allegation_id", "report_date").join(others, "exit_id")
    later = days_between(pairs.other_date, pairs.report_date)
    pairs = pairs.filter((later >= 0) & (later <= WITHIN_DAYS))
    keys = ["exit_id", "allegation_id"]
    followed = pairs.select(*keys).distinct().mutate(followed=ibis.literal(True))
    joined = reports.left_join(followed, keys)
    counts = joined.counts & (~joined.provider | true(joined.followed))
    return joined.mutate(counts=counts).select(*reports.columns)
