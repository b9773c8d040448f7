"""The path of each child to the numerator, the denominator or an exclusion of an indicator.

Rules: Children's Bureau, CFSR Round 4 Statewide Data Indicators, Data Dictionary, August
2022. Months are federal: calendar months between two dates, less one while the day of the
month is not reached, so the anniversary is outside "within 12 months".
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

import ibis
from ibis.expr.types import DateValue, Table

from evaluation.cohorts.clock import birthday, completed_months
from evaluation.cohorts.episodes import FOREVER
from evaluation.cohorts.records import Records, days_between, last_of, true

NUMERATOR, DENOMINATOR, EXCLUDED = "numerator", "denominator", "excluded"
PERMANENCY = ("reunification", "relative", "guardianship", "adoption")
REENTRY_FROM = ("reunification", "relative", "guardianship")
SHORTEST_STAY = 8
VISIT_DAYS = 30
_OF_REMOVAL = (
    "removal_id",
    "child_id",
    "removal_date",
    "discharge_date",
    "discharge_reason",
    "county",
)
COLUMNS = ("child_id", "record", "cluster", "county", "age_months", "path", "reason", "n", "events")


@dataclass(frozen=True)
class Period:
    """A 12-month period: its first day, and the first day after it."""

    start: datetime.date

    @property
    def end(self) -> datetime.date:
        """The anniversary of the start, no longer in the period."""
        return later(self.start, 1)


def later(day: datetime.date, years: int) -> datetime.date:
    """Return the same day some years later; 29 February becomes 1 March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return datetime.date(day.year + years, 3, 1)


def on_day(date: datetime.date) -> DateValue:
    """Return a date for the engine."""
    return ibis.literal(date, type="date")


def stays(records: Records) -> Table:
    """Return removal spells as the federal files have them, with what the rules ask of each.

    Adds ``left`` (the discharge, or the 18th birthday in care if earlier),
    ``turned_18``, ``next_removal`` and ``never_closed`` (an open stay that
    another follows), ``same_period_return`` (removed again in the half-year,
    October to March or April to September, of the discharge).
    """
    removals, children = records.table("removals"), records.table("children")
    about = children.select("child_id", "birth_date", family=children.family_id)
    rows = removals.select(*_OF_REMOVAL).join(about, "child_id")
    adult = birthday(rows.birth_date, 18)
    order = ibis.window(group_by="child_id", order_by=[rows.removal_date, rows.removal_id])
    rows = rows.mutate(adult=adult, next_removal=rows.removal_date.lead().over(order))
    rows = rows.mutate(
        turned_18=true(rows.discharge_date >= rows.adult)
        | (rows.discharge_date.isnull() & true(rows.adult <= on_day(records.through("removals")))),
        left=ibis.least(rows.discharge_date, rows.adult),
        never_closed=rows.discharge_date.isnull() & rows.next_removal.notnull(),
        cluster=rows.family.fill_null("child " + rows.child_id),
    )
    same = _half_year(rows.discharge_date) == _half_year(rows.next_removal)
    return records.stage(rows.mutate(same_period_return=true(same)).drop("family"))


def _half_year(day: DateValue):
    """Number the federal half-years: 1 October to 31 March, 1 April to 30 September."""
    months = 12 * day.year() + day.month() + 2
    return (months / 6).floor()


def path_of_each(
    rows: Table, record: str, exclusions: list, numerator, n=None, events=None
) -> Table:
    """Give each row its path: the first exclusion that holds, else numerator or denominator."""
    reason = ibis.cases(
        *((true(holds), words) for words, holds in exclusions), else_=ibis.null("string")
    )
    rows = rows.mutate(
        record=rows[record],
        reason=reason,
        numerator=true(numerator) if numerator is not None else ibis.literal(False),
        n=ibis.literal(1) if n is None else n,
        events=ibis.ifelse(true(numerator), 1, 0) if events is None else events,
    )
    left_out = rows.reason.notnull()
    path = ibis.cases(
        (left_out, EXCLUDED),
        (rows.numerator if events is None else rows.events > 0, NUMERATOR),
        else_=DENOMINATOR,
    )
    return rows.mutate(
        path=path,
        n=left_out.ifelse(0, rows.n).cast("int64"),
        events=left_out.ifelse(0, rows.events).cast("int64"),
    ).select(*COLUMNS)


def _once(rows: Table, order: list, exclusions: list, what: str) -> list:
    """Exclude all but the first row of a child that no exclusion holds for."""
    good = ibis.literal(True)
    for _, holds in exclusions:
        good = good & ~true(holds)
    first = ibis.window(group_by=["child_id", good], order_by=order)
    return [*exclusions, (what, ibis.row_number().over(first) > 0)]


def of_age(rows: Table, on: DateValue, when: str) -> list:
    """Return the exclusions by age on a day: no birth date, 18 or older."""
    return [
        ("no birth date", rows.birth_date.isnull()),
        (f"18 or older {when}", rows.adult <= on),
    ]


def reentry(records: Records, spells: Table, period: Period, same_period: bool) -> Table:
    """Re-entry to foster care in 12 months: first exit of each child in the period."""
    rows = spells.filter(
        (spells.discharge_date >= on_day(period.start))
        & (spells.discharge_date < on_day(period.end))
    )
    rows = rows.mutate(age_months=completed_months(rows.discharge_date, rows.birth_date))
    exclusions = [
        ("no birth date", rows.birth_date.isnull()),
        ("turned 18 in care", rows.turned_18),
        ("no discharge reason", rows.discharge_reason.isnull()),
        (
            "discharged otherwise than to reunification, a relative or guardianship",
            ~rows.discharge_reason.isin(REENTRY_FROM),
        ),
        ("re-entry dated before the discharge", rows.next_removal < rows.discharge_date),
    ]
    if same_period:
        exclusions.append(("re-entry in the same reporting period", rows.same_period_return))
    exclusions = _once(
        rows, [rows.discharge_date, rows.removal_id], exclusions, "a later exit in the period"
    )
    again = completed_months(rows.next_removal, rows.discharge_date) < 12
    return path_of_each(rows, "removal_id", exclusions, again & (rows.next_removal < rows.adult))


def permanency_entries(records: Records, spells: Table, period: Period, same_period: bool) -> Table:
    """Permanency in 12 months for children entering care, with the trial home visit rule."""
    rows = _entries(spells, period)
    rows = rows.mutate(age_months=completed_months(rows.removal_date, rows.birth_date))
    exclusions = _entry_exclusions(rows, same_period)
    exclusions = _once(
        rows, [rows.removal_date, rows.removal_id], exclusions, "a later entry in the period"
    )
    rows, out = _with_visit(records, rows)
    permanent = rows.discharge_reason.isin(PERMANENCY) & ~rows.turned_18
    in_time = completed_months(out, rows.removal_date) < 12
    return path_of_each(rows, "removal_id", exclusions, permanent & in_time)


def _entries(spells: Table, period: Period) -> Table:
    return spells.filter(
        (spells.removal_date >= on_day(period.start)) & (spells.removal_date < on_day(period.end))
    )


def _entry_exclusions(rows: Table, same_period: bool) -> list:
    exclusions = [
        *of_age(rows, rows.removal_date, "at entry"),
        ("in care less than 8 days", days_between(rows.left, rows.removal_date) < SHORTEST_STAY),
        (
            "no discharge reason",
            rows.discharge_date.notnull() & rows.discharge_reason.isnull() & ~rows.turned_18,
        ),
        ("length of stay unknown", rows.never_closed),
    ]
    if same_period:
        exclusions.append(("re-entry in the same reporting period", rows.same_period_return))
    return exclusions


def _with_visit(records: Records, rows: Table) -> tuple[Table, DateValue]:
    """Return the rows and the discharge less what a last trial home visit has beyond 30 days."""
    if not records.has("placements"):
        return rows, rows.left
    visits = _settings(records, rows)
    last = last_of(visits, ["is_visit", "start_date"], ["start_date", "placement_id"])
    visits = visits.group_by("removal_id").aggregate(last=last)
    visits = visits.filter(visits.last["is_visit"])
    visits = visits.select("removal_id", visit_start=visits.last["start_date"])
    rows = rows.left_join(visits, "removal_id").drop("removal_id_right")
    long = (rows.discharge_reason == "reunification") & (
        days_between(rows.left, rows.visit_start) > VISIT_DAYS
    )
    capped = (rows.visit_start + ibis.interval(days=VISIT_DAYS)).cast("date")
    return rows, true(long).ifelse(capped, rows.left)


def _settings(records: Records, rows: Table) -> Table:
    """Return the placements that begin inside each stay, with whether each is a home visit."""
    given = records.table("placements")
    is_visit = given.trial_home_visit.fill_null(true(given.type == "trial_home_visit"))
    given = given.select(
        "placement_id",
        "child_id",
        "start_date",
        "end_date",
        "provider",
        is_visit=is_visit,
        is_absence=is_visit | true(given.type == "runaway"),
    )
    stays_ = rows.select("removal_id", "removal_date", "left", on="child_id")
    found = given.join(stays_, given.child_id == stays_["on"])
    before = found.start_date < found.left.fill_null(FOREVER)
    return found.filter((found.start_date >= found.removal_date) & before).drop("on")


def permanency_in_care(least: int, most: int | None) -> Callable[..., Table]:
    """Return the indicator for children in care on the first day for some months."""

    def paths(records: Records, spells: Table, period: Period, same_period: bool) -> Table:
        first = on_day(period.start)
        rows = spells.filter(
            (spells.removal_date <= first) & (spells.discharge_date > first).fill_null(True)
        )
        months = completed_months(first + ibis.interval(days=0), rows.removal_date)
        rows = rows.mutate(
            months=months,
            age_months=completed_months(first + ibis.interval(days=0), rows.birth_date),
        )
        rows = rows.filter(rows.months >= least)
        if most is not None:
            rows = rows.filter(rows.months <= most)
        in_period = rows.discharge_date < on_day(period.end)
        exclusions = [
            *of_age(rows, first, "on the first day"),
            (
                "no discharge reason",
                in_period & rows.discharge_reason.isnull() & ~rows.turned_18,
            ),
            ("length of stay unknown", rows.never_closed),
        ]
        if same_period:
            exclusions.append(
                ("re-entry in the same reporting period", in_period & rows.same_period_return)
            )
        permanent = rows.discharge_reason.isin(PERMANENCY) & (rows.discharge_date < rows.adult)
        return path_of_each(rows, "removal_id", exclusions, in_period & permanent)

    return paths


def placement_stability(
    records: Records, spells: Table, period: Period, same_period: bool
) -> Table:
    """Placement moves and days in care, of children who enter in the period, to its end.

    Moves are counted as AFCARS counts settings: a trial home visit or a
    runaway is no setting, nor is the return from one to the same provider
    (Child Welfare Policy Manual 1.2B.7); their days are days in care.
    """
    rows = _entries(spells, period)
    rows = rows.mutate(age_months=completed_months(rows.removal_date, rows.birth_date))
    until = ibis.least(rows.left, on_day(period.end))
    rows = rows.mutate(until=until)
    settings = _settings(records, rows)
    settings = settings.join(rows.select("removal_id", "until"), "removal_id")
    settings = settings.filter(settings.start_date < settings.until)
    order = [settings.start_date, settings.placement_id]
    before = ibis.window(group_by="removal_id", order_by=order, preceding=(None, 1))
    ends = ibis.least(settings.end_date.fill_null(settings.until), settings.until)
    settings = settings.mutate(ends=ends)
    settings = settings.mutate(covered_to=settings.ends.max().over(before))
    begins = ibis.greatest(settings.start_date, settings.covered_to.fill_null(settings.start_date))
    fresh = days_between(settings.ends, begins)
    fresh = (fresh > 0).ifelse(fresh, 0)
    placed = settings.mutate(fresh=fresh).group_by("removal_id")
    placed = placed.aggregate(days=lambda t: t.fresh.sum())
    placed = placed.left_join(_moves(settings), "removal_id").drop("removal_id_right")
    rows = rows.left_join(placed, "removal_id").drop("removal_id_right")
    exclusions = [
        *_entry_exclusions(rows, False)[:3],
        ("length of stay unknown", rows.never_closed),
        ("no placement information", rows.days.fill_null(0) == 0),
    ]
    return path_of_each(
        rows, "removal_id", exclusions, None, n=rows.days, events=rows.moves.fill_null(0)
    )


def _moves(settings: Table) -> Table:
    """Count the settings of each stay that differ in provider from the one before."""
    lived = settings.filter(~settings.is_absence)
    order = ibis.window(group_by="removal_id", order_by=[lived.start_date, lived.placement_id])
    lived = lived.mutate(
        place=ibis.row_number().over(order), same=lived.provider == lived.provider.lag().over(order)
    )
    moved = (lived.place > 0) & ~true(lived.same)
    return lived.group_by("removal_id").aggregate(moves=ibis.ifelse(moved, 1, 0).sum())
