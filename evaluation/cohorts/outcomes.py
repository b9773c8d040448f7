"""When each outcome happens, what competes with it, and when its follow-up ends."""

import datetime
import math
from dataclasses import dataclass, field
from functools import cached_property

import ibis
from ibis.expr.types import DateValue, Table

from evaluation.cohorts.clock import COMPETING, NONE, OUTCOME, End, birthday, first_end
from evaluation.cohorts.facts import Facts
from evaluation.cohorts.records import Records, days_between, true
from evaluation.cohorts.services import attach
from evaluation.errors import DataError, StudyError
from evaluation.study import Study

CANNOT_BE_FOLLOWED = "cannot_follow"
VICTIM = ("substantiated", "indicated")
COMPONENTS = ("reentry", "displacement", "termination", "dissolution", "agreement_ended")
NO_DISRUPTION_REASONS = ("child_death", "age_limit", "adopted_by_guardian")
AGREEMENT_YEARS, AGREEMENT_MONTHS = 17, 6
LEGAL_EXITS = ("guardianship", "adoption")


def disposition_lag(records: Records) -> int | None:
    """Return the 95th percentile of days from report to disposition.

    Where no disposition is dated, the days from report to the row's
    ``known_on``; where neither is recorded, None. The percentile is the
    smallest whole number of days within which 95% of the dated reports were
    decided.
    """
    reports = records.table("maltreatment_reports")
    for column in ("disposition_date", "known_on"):
        dated = reports.filter(reports[column].notnull())
        lags = dated.mutate(lag=days_between(dated[column], dated.report_date))
        counts = lags.group_by("lag").aggregate(n=lags.count()).order_by("lag").to_pyarrow()
        found = counts.to_pydict()
        needed, so_far = math.ceil(0.95 * sum(found["n"])), 0
        for lag, n in zip(found["lag"], found["n"], strict=True):
            so_far += n
            if so_far >= needed:
                return max(lag, 0)
    return None


def report_data_end(records: Records) -> tuple[datetime.date, str]:
    """Return the last day maltreatment reports are complete for, and why.

    The study's own date for ``maltreatment_reports`` if it gives one, else
    its ``data_through`` less `disposition_lag`.
    """
    through = records.through("maltreatment_reports")
    given = records.rules.data_through
    if isinstance(given, dict) and "maltreatment_reports" in given:
        return through, f"Maltreatment reports are complete to {through}, as the study says."
    lag = disposition_lag(records)
    if lag is None:
        return through, (
            f"Maltreatment follow-up ends on {through} although late reports may be undecided: "
            "neither disposition_date nor known_on is recorded."
        )
    end = through - datetime.timedelta(days=lag)
    return end, (
        f"Maltreatment follow-up ends on {end}: 95% of reports are decided within {lag} days, "
        f"and the data end on {through}."
    )


def first_move(records: Records, exits: Table) -> Facts:
    """Return ``move_day``: the last day the records could see the family.

    The first move dated after the removal of the index episode: an earlier
    one is history, since the child was seen again. A closure of support for a
    move out of state is such a move.
    """
    found = []
    if records.has("moves_out"):
        moves = attach(records.table("moves_out"), exits)
        found.append(moves.select("exit_id", "move_date"))
    if records.has("closures"):
        closed = attach(records.table("closures"), exits)
        closed = closed.filter(closed.reason == "moved_out_of_state")
        found.append(closed.select("exit_id", move_date="closure_date"))
    base = exits.select("exit_id", "removal_date", "index_date")
    if not found:
        return Facts(base.limit(0).select("exit_id", move_day=ibis.null("int32")))
    moves = ibis.union(*found).join(base, "exit_id")
    moves = moves.filter(moves.move_date > moves.removal_date)
    day = days_between(moves.move_date, moves.index_date)
    return Facts(moves.group_by("exit_id").aggregate(move_day=day.min()))


def later_adoption(records: Records, exits: Table) -> Facts:
    """Return ``later_adoption_day``: when a guardian or carer adopted the child after the exit."""
    events = records.optional("disruptions")
    events = events.filter(events.reason == "adopted_by_guardian")
    events = events.join(exits.select("exit_id", "child_id", "index_date"), "child_id")
    events = events.mutate(day=days_between(events.disruption_date, events.index_date))
    events = events.filter(events.day > 0)
    return Facts(events.group_by("exit_id").aggregate(later_adoption_day=events.day.min()))


@dataclass
class Outcomes:
    """The events of a cohort, as days since each index date.

    Parameters
    ----------
    records : Records
    study : Study
    exits : ibis.Table
        The cohort, with the dates of `next_removals`, ``death_date``,
        ``age_limit_date`` and ``move_day``.
    """

    records: Records
    study: Study
    exits: Table
    _events: dict[str, Table] = field(default_factory=dict, repr=False)

    def ends(self, outcome: str) -> Table:
        """Return `first_end` for an outcome; disruption also has ``component``."""
        return {
            "reentry": self._reentry,
            "disruption": self._disruption if self.sees_disruptions else self._reentry_alone,
            "maltreatment": lambda: self.first_report(self.reports()),
            "visit_ended": self._visit_ended,
        }[outcome]()

    def observed_to(self, outcome: str) -> Table:
        """Return ``exit_id`` and ``observed``: the last day the outcome's data cover."""
        tables = {
            "disruption": ["removals", "disruptions"],
            "visit_ended": ["removals", "placements"],
        }.get(outcome, ["removals"])
        last = self._reports_end() if outcome == "maltreatment" else None
        end = self._data_end(self.exits, *tables, last=last)
        return self.exits.select("exit_id", observed=end)

    def lacks(self, outcome: str) -> str | None:
        """Return what an outcome needs and the data lack, or None."""
        if outcome != "maltreatment":
            return None
        if not self.records.has("maltreatment_reports"):
            return "the table maltreatment_reports"
        level = self.study.outcomes.maltreatment.level
        if level == "substantiated" and not self.records.has("maltreatment_reports", "disposition"):
            return "the column disposition of maltreatment_reports"
        return None

    def require(self, outcome: str) -> None:
        """Stop at an outcome the study does not ask for or the data cannot give.

        Raises
        ------
        StudyError, DataError
        """
        asked = self.study.outcomes.named
        if outcome not in asked:
            raise StudyError(
                f'The study does not ask for the outcome "{outcome}" (it asks for '
                f"{', '.join(asked)}): add a section [outcomes.{outcome}]."
            )
        lacking = self.lacks(outcome)
        if lacking:
            raise DataError(
                f'The outcome "{outcome}" needs {lacking}, which is not among the data: add it, '
                f"or take [outcomes.{outcome}] out of the study."
            )

    @cached_property
    def sees_disruptions(self) -> bool:
        """Whether the data hold any end of a permanent placement besides removals."""
        return self.records.has_rows("disruptions")

    @property
    def begin(self) -> int:
        """The day after which re-entry and disruption can happen."""
        return self.study.cohort.merge_gap_days

    def _from(self, exits: Table, begin: int, *tables: str):
        """Return the day after which each exit is seen: later where the data begin later."""
        given = [self.study.cohort.data_from_for(t) for t in tables if self.records.has(t)]
        first = max((date for date in given if date), default=None)
        if first is None:
            return begin
        start = ibis.literal(first, type="date") + ibis.interval(days=0)
        return ibis.greatest(begin, days_between(start, exits.index_date) - 1)

    def _reentry(self) -> Table:
        exits = self._followed(self.exits)
        ends = [
            self._outcome(exits, self._day(exits.next_removal_date, exits)),
            *self._leaves_risk(exits),
            *self._censored(exits, "removals"),
        ]
        return first_end(exits, self._from(exits, self.begin, "removals"), ends)

    def _visit_ended(self) -> Table:
        exits = self.exits.filter(self.exits.visit > 0)
        ends = [
            self._outcome(exits, self._day(exits.returned_date, exits)),
            *self._leaves_risk(exits)[:2],
            End("discharged", COMPETING, self._day(exits.discharge_date, exits)),
            *self._censored(exits, "removals", "placements"),
        ]
        return first_end(exits, self._from(exits, 0, "placements"), ends)

    def _reentry_alone(self) -> Table:
        found = self._reentry()
        part = (found.event == OUTCOME).ifelse("reentry", ibis.null("string"))
        return found.mutate(component=part)

    def _disruption(self) -> Table:
        exits = self.exits.left_join(self.disruption_days(), "exit_id").drop("exit_id_right")
        reentry = self._day(exits.next_removal_date, exits)
        followed = ~exits[CANNOT_BE_FOLLOWED]
        reentry = followed.ifelse(reentry, ibis.null("int32"))
        exits = exits.mutate(reentry_day=reentry)
        day = ibis.least(exits.reentry_day, exits.disrupted_day)
        adopted = (exits.discharge_reason == "guardianship").ifelse(
            exits.adopted_day, ibis.null("int32")
        )
        ends = [
            self._outcome(exits, day),
            *self._leaves_risk(exits),
            End("adopted_by_guardian", COMPETING, adopted),
            *self._censored(exits, "removals", "disruptions"),
        ]
        begin = self._from(exits, self.begin, "removals", "disruptions")
        found = first_end(exits, begin, ends)
        parts = exits.select("exit_id", "reentry_day", "disrupted_day", "first_component")
        found = found.join(parts, "exit_id")
        by_reentry = found.reentry_day <= found.disrupted_day.fill_null(found.reentry_day)
        component = true(by_reentry).ifelse("reentry", found.first_component)
        happened = found.event == OUTCOME
        return found.mutate(component=happened.ifelse(component, ibis.null("string"))).drop(
            "reentry_day", "disrupted_day", "first_component"
        )

    def first_report(self, reports: Table) -> Table:
        """Return `first_end` for the first of the reports that ``counts``."""
        exits = self._followed(self.exits)
        counted = self._counted(reports)
        first = counted.group_by("exit_id").aggregate(report_day=counted.day.min())
        exits = exits.left_join(first, "exit_id").drop("exit_id_right")
        ends = [self._outcome(exits, exits.report_day), *self._ends_at_home(exits)]
        return first_end(exits, self._from_home(exits), ends)

    def repeated(self) -> tuple[Table, Table]:
        """Return the whole follow-up for reports that repeat, and the days of the reports.

        Returns
        -------
        tuple of ibis.Table
            `first_end` of what ends the time at home, reports apart; and
            ``exit_id``, ``day`` of each day with a report in the stated class,
            once, before the age-limit birthday.
        """
        exits = self._followed(self.exits)
        ends = first_end(exits, self._from_home(exits), self._ends_at_home(exits))
        limits = exits.select("exit_id", limit_day=self._day(exits.age_limit_date, exits))
        days = self._counted(self.reports()).select("exit_id", "day").distinct()
        days = days.join(limits, "exit_id")
        return ends, days.filter(days.day < days.limit_day).select("exit_id", "day")

    def _counted(self, reports: Table) -> Table:
        first = self.study.outcomes.maltreatment.skip_first_days
        return reports.filter((reports.day > first) & reports.counts)

    def _ends_at_home(self, exits: Table) -> list[End]:
        return [
            *self._leaves_risk(exits),
            End("reentry", COMPETING, self._day(exits.next_removal_date, exits)),
            *self._censored(exits, "removals", last=self._reports_end()),
        ]

    def _from_home(self, exits: Table):
        first = self.study.outcomes.maltreatment.skip_first_days
        return self._from(exits, first, "removals", "maltreatment_reports")

    def disruption_days(self) -> Table:
        """Return, per exit, the first displacement or end in law after the start of risk.

        A legal end or an ended agreement counts after guardianship or
        adoption; an ended agreement only under 17½ and for a known reason
        that is not a death or the age limit, or by the proxy rule of a source
        that gives no reason.

        Returns
        -------
        ibis.Table
            ``exit_id``, ``disrupted_day``, ``first_component``,
            ``adopted_day`` (adoption by the guardian).
        """
        events = self.disruption_events()
        events = events.filter(events.day > self.begin)
        order = ibis.window(
            group_by=["exit_id", "counts"], order_by=[events.day, events.rank, events.disruption_id]
        )
        events = events.mutate(place=ibis.row_number().over(order))
        first = events.counts & (events.place == 0)
        return events.group_by("exit_id").aggregate(
            disrupted_day=events.day.max(where=first),
            first_component=events.type.max(where=first),
            adopted_day=events.day.min(where=events.adopted),
        )

    def disruption_events(self) -> Table:
        """Return every row of ``disruptions`` beside the child's exits, with its day."""
        if "disruptions" not in self._events:
            self._events["disruptions"] = self.records.stage(self._disruption_events())
        return self._events["disruptions"]

    def _disruption_events(self) -> Table:
        table = self.records.table("disruptions")
        base = self.exits.select("exit_id", "child_id", "index_date", "birth_date", "exit_type")
        events = base.join(table, "child_id")
        legal = events.exit_type.isin(LEGAL_EXITS)
        half_past = birthday(events.birth_date, AGREEMENT_YEARS, AGREEMENT_MONTHS)
        known = events.reason.notin(["unknown", "caregiver_death"]) & events.reason.notnull()
        agreement = known & (events.disruption_date < half_past)
        kind = ibis.cases(
            (events.type == "displacement", True),
            (events.type == "agreement_ended", legal & agreement),
            else_=legal,
        )
        ends_otherwise = true(events.reason.isin(NO_DISRUPTION_REASONS))
        ranks = [(events.type == name, place) for place, name in enumerate(COMPONENTS)]
        return events.mutate(
            day=days_between(events.disruption_date, events.index_date),
            rank=ibis.cases(*ranks),
            counts=true(kind) & ~ends_otherwise,
            adopted=true(events.reason == "adopted_by_guardian"),
        )

    def reports(self) -> Table:
        """Return every allegation beside the child's exits, with its day and whether it counts.

        The day is that of the report or, where the study says so and it is
        known, of the incident.
        """
        if "maltreatment_reports" not in self._events:
            rules = self.study.outcomes.maltreatment
            table = self.records.table("maltreatment_reports")
            base = self.exits.select("exit_id", "child_id", "index_date")
            events = base.join(table, "child_id")
            date = events.report_date
            if rules.date == "incident":
                date = events.incident_date.fill_null(date)
            if rules.level == "substantiated":
                counts = true(events.disposition.isin(VICTIM))
            else:
                counts = ~true(events.disposition == "screened_out")
            events = events.mutate(day=days_between(date, events.index_date), counts=counts)
            self._events["maltreatment_reports"] = self.records.stage(events)
        return self._events["maltreatment_reports"]

    def report_days(self) -> Table:
        """Return ``exit_id`` and ``day`` of each day with a report after the exit.

        Of any disposition, screened out ones too, by the date of the report: the day it
        was known. One row for each day; reports of day 0 are history known at the exit.
        """
        table = self.records.table("maltreatment_reports")
        events = self.exits.select("exit_id", "child_id", "index_date").join(table, "child_id")
        events = events.select("exit_id", day=days_between(events.report_date, events.index_date))
        return events.filter(events.day > 0).distinct()

    def _reports_end(self) -> datetime.date:
        return report_data_end(self.records)[0]

    def _followed(self, exits: Table) -> Table:
        return exits.filter(~exits[CANNOT_BE_FOLLOWED])

    def _day(self, date: DateValue, exits: Table):
        return days_between(date, exits.index_date)

    def _outcome(self, exits: Table, day) -> End:
        """Make an outcome's end: on the age-limit birthday it can no longer happen."""
        limit = self._day(exits.age_limit_date, exits)
        return End("outcome", OUTCOME, (day < limit).ifelse(day, ibis.null("int32")))

    def _leaves_risk(self, exits: Table) -> list[End]:
        ends = [
            End("death", COMPETING, self._day(exits.death_date, exits)),
            End("age_limit", COMPETING, self._day(exits.age_limit_date, exits)),
        ]
        if self.study.cohort.index_at == "visit start":
            ends.append(End("visit_ended", COMPETING, self._day(exits.returned_date, exits)))
        return ends

    def _censored(self, exits: Table, *tables: str, last: datetime.date | None = None) -> list[End]:
        data_end = self._data_end(exits, *tables, last=last)
        undetermined = self._day(exits.undetermined_date, exits)
        return [
            End("horizon", NONE, ibis.literal(self.study.cohort.horizon_days, type="int32")),
            End("moved_out", NONE, exits.move_day),
            End("data_end", NONE, ibis.least(data_end, undetermined)),
        ]

    def _data_end(self, exits: Table, *tables: str, last: datetime.date | None = None):
        through = self.records.through(*(name for name in tables if self.records.has(name)))
        end = ibis.literal(min(through, last) if last else through, type="date")
        return days_between(end + ibis.interval(days=0), exits.index_date)
