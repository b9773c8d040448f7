"""What is known of a child and its stay on the day of exit."""

from collections.abc import Sequence

import ibis
from ibis.expr.types import StringValue, Table

from evaluation.cohorts.clock import completed_months, completed_years
from evaluation.cohorts.facts import Facts
from evaluation.cohorts.records import Records, days_between
from evaluation.sources.contract import contract

AGE_GROUPS = ("0-3 months", "4-11 months", "1-5", "6-10", "11-16", "17", "18+")
MONTHS_BELOW = (4, 12, 72, 132, 204, 216)
_OF_CHILD = (
    "sex",
    "tribal_membership",
    "disability",
    "disability_intellectual",
    "disability_emotional",
    "disability_physical",
    "disability_sensory",
)
_OF_STAY = ("county", "agency", "custody")
IDENTIFIERS = ("child_id", "exit_id", "family_id", "household_id", "index_date")
NOT_COVARIATES = (
    *IDENTIFIERS,
    "removal_family_id",
    "removal_date",
    "age_limit_day",
    "later_adoption_day",
)
OF_ROWS = (
    "start",
    "stop",
    "event",
    "end_reason",
    "component",
    "support_status",
    "support_voluntary",
    "support_closure",
    "age_band",
)


def describe(
    exits: Table, records: Records, history: Sequence[str] = ()
) -> tuple[Table, dict[str, str]]:
    """Add the baseline columns of the cohort.

    Age groups are the federal ones (Children's Bureau, CFSR Round 4, 2022).
    Race and ethnicity are one category: Hispanic of any race, then two or
    more races, then the race; ``unknown`` and ``declined`` are answers.

    Parameters
    ----------
    exits : ibis.Table
        The cohort's candidates with ``family_id``.
    records : Records
    history : sequence of str
        Columns already there that are known at exit and shown last.

    Returns
    -------
    ibis.Table
        With the columns added.
    dict of str to str
        The columns of `Cohort.exits` in the order shown, from ``child_id`` to
        the agency's own, and their names in the engine.
    """
    months = completed_months(exits.index_date, exits.birth_date)
    columns = {
        "exit_type": exits.discharge_reason,
        "age_at_exit": completed_years(exits.index_date, exits.birth_date),
        "age_group": ibis.cases(
            *(
                (months < limit, name)
                for limit, name in zip(MONTHS_BELOW, AGE_GROUPS, strict=False)
            ),
            else_=AGE_GROUPS[-1],
        ),
        "exit_year": exits.index_date.year().cast("int32"),
        "prior_episodes": exits.prior_episodes,
        "days_in_care": exits.days,
        "removal_date": exits.removal_date,
        "removal_family_id": exits.removal_family_id,
        "age_limit_day": days_between(exits.age_limit_date, exits.index_date),
    }
    columns |= {name: exits[name] for name in _OF_CHILD if records.has("children", name)}
    if records.has("children", "race_ethnicity"):
        columns["race_ethnicity"] = one_category(exits.race_ethnicity)
    columns |= {name: exits[name] for name in _OF_STAY if records.has("removals", name)}
    if records.has("removals", "removal_reasons"):
        codes = contract().table("removals").field("removal_reasons").codes
        given = ";" + exits.removal_reasons + ";"
        columns |= {f"reason_{code}": given.contains(f";{code};") for code in codes}
    columns |= {name: exits[name] for name in history}
    shown = {name: name for name in (*IDENTIFIERS, *columns)}
    return exits.mutate(**columns), shown | _carried(records, shown)


def one_category(given: StringValue) -> StringValue:
    """Reduce a list of races and ethnicity to one category; missing stays missing."""
    codes = contract().table("children").field("race_ethnicity").codes
    races = [code for code in codes if code not in ("hispanic", "unknown", "declined")]
    listed = ";" + given + ";"
    holds = {code: listed.contains(f";{code};") for code in codes}
    number = sum((holds[race].cast("int32") for race in races), start=ibis.literal(0))
    return ibis.cases(
        (given.isnull(), ibis.null("string")),
        (holds["hispanic"], "hispanic"),
        (number > 1, "two_or_more"),
        *((holds[race], race) for race in races),
        (holds["declined"], "declined"),
        else_="unknown",
    )


def _carried(records: Records, ours: dict[str, str]) -> dict[str, str]:
    """Name the agency's own columns so that none hides one of ours."""
    taken = {name.casefold() for name in (*NOT_COVARIATES, *OF_ROWS, *ours)}
    carried = {}
    for table in ("children", "removals"):
        for internal, name in records.extra_columns(table).items():
            shown = name
            while shown.casefold() in taken or _is_reserved(shown):
                shown = f"{table}_{shown}"
            taken.add(shown.casefold())
            carried[shown] = internal
    return carried


def _is_reserved(name: str) -> bool:
    prefixes = ("exposure_", "dose_", "known_at_exit_", "earlier_", "start_day_", "end_day_")
    return name.casefold().startswith(prefixes)


def prior_reports(exits: Table, records: Records) -> Facts:
    """Return ``prior_reports``: reports on the child dated on or before the exit, screened in."""
    reports = records.table("maltreatment_reports")
    reports = reports.filter(reports.disposition.fill_null("unknown") != "screened_out")
    reports = reports.select("child_id", "report_id", "report_date")
    pairs = exits.select("exit_id", "child_id", "index_date").join(reports, "child_id")
    pairs = pairs.filter(pairs.report_date <= pairs.index_date)
    found = pairs.group_by("exit_id").aggregate(prior_reports=pairs.report_id.nunique())
    found = found.mutate(prior_reports=found.prior_reports.cast("int32"))
    return Facts(found, {"prior_reports": 0})
