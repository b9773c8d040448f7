"""The cohort: exits, follow-up rows, flow and the words that explain them."""

import html
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd
from ibis.expr.types import Table

from evaluation.cohorts.accounts import cannot, notes
from evaluation.cohorts.adoption import AdoptionLink
from evaluation.cohorts.changes import changes, read_saved
from evaluation.cohorts.covariates import NOT_COVARIATES
from evaluation.cohorts.definitions import definitions
from evaluation.cohorts.delivery import doses, ever_served, merged_spells, overlaps, uptake
from evaluation.cohorts.landmark import Landmark, landmark_flow, landmark_rows
from evaluation.cohorts.leavers import unseen_leavers
from evaluation.cohorts.outcomes import Outcomes
from evaluation.cohorts.rows import age_turns, rows_from, start_stop_rows
from evaluation.cohorts.services import attached_offers
from evaluation.cohorts.stages import Stages
from evaluation.cohorts.surveillance import refuse_uncounted, reports_counted
from evaluation.cohorts.taxonomy import ServiceKind, taxonomy_table
from evaluation.cohorts.tidy import tidy
from evaluation.cohorts.timeline import Timeline, timeline
from evaluation.cohorts.wording import counted
from evaluation.errors import StudyError
from evaluation.study import Study

_ROW_KEYS = ["child_id", "exit_id", "family_id"]
_KEPT_ROWS = 250_000
"""Up to so many follow-up rows are read out of the engine once."""


@dataclass(frozen=True, repr=False)
class Cohort:
    """Children followed from the day they left care to permanency.

    Made by `build_cohort`.

    Parameters
    ----------
    study : Study
        The protocol.
    flow : pandas.DataFrame
        Every exclusion in order: ``step``, ``reason``, ``children``,
        ``exits``, ``families``, ``excluded``. The first row is all removal
        episodes on record, the last the cohort.
    columns : dict of str to str
        The columns of `exits` and their names in the engine.
    link : AdoptionLink
        Whether adoption exits can be followed.
    stages : Stages
        The tables kept in the engine.
    events : Outcomes
        When each outcome happens.
    kinds : dict of str to ServiceKind or None
        What the service taxonomy says of each program.
    """

    study: Study
    flow: pd.DataFrame
    columns: dict[str, str]
    link: AdoptionLink
    stages: Stages
    events: Outcomes
    kinds: dict[str, ServiceKind | None]
    _ends: dict[str, Table] = field(default_factory=dict)
    _rows: dict[str, Table] = field(default_factory=dict)
    _read: dict[tuple[str, str | None], pd.DataFrame] = field(default_factory=dict)

    def __repr__(self) -> str:
        last = self.flow.iloc[-1]
        return (
            f"Cohort({self.study.title!r}: {counted(last.exits, 'exit', 'exits')} of "
            f"{counted(last.children, 'child', 'children')} in "
            f"{counted(last.families, 'family', 'families')})"
        )

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>{self.flow.to_html(index=False)}"

    @property
    def programs(self) -> list[str]:
        """The study's programs, in its order."""
        return [service.program for service in self.study.services]

    @property
    def covariates(self) -> list[str]:
        """Columns of `exits` that are known on the day of exit and can be covariates."""
        future = {f"{end}_day_{p}" for p in self.programs for end in ("start", "end")}
        return [name for name in self.columns if name not in {*NOT_COVARIATES, *future}]

    @property
    def exits(self) -> pd.DataFrame:
        """One row per exit, in the order of child and exit.

        ``child_id``, ``exit_id`` (child and number of the index event),
        ``family_id`` (cluster: the removal family, joined with others where
        unrelated children share a household), ``household_id``,
        ``index_date``, ``exit_type``, ``age_at_exit`` (completed years),
        covariates, ``age_limit_day`` (days to the age-limit birthday), and per
        program ``known_at_exit_``, ``earlier_``, ``start_day_``, ``end_day_``.
        """
        return self._exits.copy()

    @cached_property
    def _exits(self) -> pd.DataFrame:
        exits = self.stages.exits.order_by("child_id", "index_date", "number", "visit")
        return tidy(exits.select(**{name: exits[own] for name, own in self.columns.items()}))

    @property
    def services(self) -> pd.DataFrame:
        """Service spells of every program beside the exits they reach.

        Days are since the index date; ``timing`` is ``earlier``, ``known at exit``, ``after exit``
        or ``never started``.
        """
        order = ("exit_id", "program", "start_day", "service_id")
        return tidy(self.stages.spells.order_by(*order))

    @property
    def spells(self) -> pd.DataFrame:
        """Merged spells of the study's programs beside the exits they reach (`merged_spells`).

        ``child_id``, ``exit_id``, ``family_id``, ``program``, ``spell``,
        ``start_day``, ``end_day`` (in service on the days of ``(start_day,
        end_day]`` since the index date; missing while it goes on),
        ``known_at_exit``, ``prevalent``. Spells of history are left out:
        `services` has every one, unmerged.
        """
        return tidy(merged_spells(self.stages.exits, self.stages.intervals))

    @property
    def offers(self) -> pd.DataFrame:
        """Offers, referrals and randomizations (assignments) beside the exits they reach.

        ``assigned_day`` and ``accepted_day`` are since the index date; an
        offer long before it belongs to an earlier stay.
        """
        return self._offers.copy()

    @cached_property
    def _offers(self) -> pd.DataFrame:
        offers = attached_offers(self.stages.records, self.stages.exits)
        return tidy(offers.order_by("exit_id", "program", "assigned_day", "assignment_id"))

    @property
    def closures(self) -> pd.DataFrame:
        """Closures of support beside the exits they reach, with what the rules find in them.

        Columns as in `attached_closures`; ``finding`` is missing where nothing
        is wrong.
        """
        return tidy(self.stages.closures.order_by("exit_id", "closure_day", "closure_id"))

    @property
    def taxonomy(self) -> pd.DataFrame:
        """The codes of the study's programs (`taxonomy_table`)."""
        return taxonomy_table(self.kinds)

    @cached_property
    def report_days(self) -> pd.DataFrame | None:
        """Days since the exit with a report (`Outcomes.report_days`); None without the table."""
        if not self.stages.records.has("maltreatment_reports"):
            return None
        return tidy(self.events.report_days().order_by("exit_id", "day"))

    @cached_property
    def uptake(self) -> pd.DataFrame:
        """Who was offered each program, refused, waits, or began it (`delivery.uptake`)."""
        offers = attached_offers(self.stages.records, self.stages.exits)
        return uptake(self.stages.exits, self.stages.spells, offers, self.programs)

    def doses(self, outcome: str) -> pd.DataFrame:
        """Return days in service and after it within an outcome's follow-up (`delivery.doses`)."""
        return doses(self.ends(outcome), self.stages.intervals, self.programs)

    @cached_property
    def overlaps(self) -> pd.DataFrame:
        """Exits that had two programs, and both on one day (`delivery.overlaps`)."""
        return overlaps(self.stages.intervals, self.programs)

    def landmark(self, outcome: str, program: str, day: int) -> Landmark:
        """Return the exits still followed after a day, by whether the service had begun by it.

        Parameters
        ----------
        outcome, program : str
            Of the study's.
        day : int
            The landmark, days since the index date.

        Returns
        -------
        Landmark
            With ``rows`` and with ``flow``: who is left out, and why.

        Raises
        ------
        StudyError
            If the study has no such program or outcome, or the day is not
            within the study's horizon.
        """
        self.study.service(program)
        if not 0 < day < self.study.cohort.horizon_days:
            raise StudyError(
                f"A landmark on day {day} cannot be: it must lie between 0 and the horizon of "
                f"{self.study.cohort.horizon_days} days."
            )
        ends, stages = self.ends(outcome), self.stages
        rows = landmark_rows(ends, stages.exits, stages.intervals, program, day)
        flow = landmark_flow(ends, stages.exits, day)
        return Landmark(outcome, program, day, self._beside_exits(rows), flow)

    def changes(self, saved: pd.DataFrame | str | Path) -> pd.DataFrame:
        """List how the exits differ from those of a cohort saved earlier (`changes.changes`).

        Build this cohort with ``data_through`` set back to the saved one's.
        With ``known_on`` in every table there is no difference; without it
        each is a late entry, a correction or a withdrawal.

        Parameters
        ----------
        saved : pandas.DataFrame, str or pathlib.Path
            The saved exits, or the ``exits.parquet`` or ``exits.csv`` that
            ``permanency cohort`` wrote.
        """
        if not isinstance(saved, pd.DataFrame):
            saved = read_saved(Path(saved))
        return changes(saved, self.exits)

    def follow_up(self, outcome: str, program: str | None = None) -> pd.DataFrame:
        """Return the start–stop rows of an outcome.

        Parameters
        ----------
        outcome : {"reentry", "disruption", "maltreatment", "visit_ended"}
        program : str, optional
            Follow each child only from the day the program could be had
            (``available_from``): children who left earlier enter late.

        Returns
        -------
        pandas.DataFrame
            ``child_id``, ``exit_id``, ``family_id``, ``start``, ``stop`` (days since the index
            date; a row is the days after ``start`` up to ``stop``), ``event`` (0 none or
            censored, 1 outcome, 2 competing), ``end_reason`` (last row only), per program
            ``exposure_PROGRAM`` and ``dose_PROGRAM`` (days in service by ``start``),
            ``support_status``, ``support_voluntary`` (with the table legal_orders),
            ``support_closure`` (why the window ended early; with closures), ``age_band``, for
            disruption ``component`` (last row), and the cohort's covariates.

        Raises
        ------
        StudyError
            If the study does not ask for the outcome.
        DataError
            If a table it needs is missing.
        """
        key = (outcome, program)
        if key not in self._read:
            rows = self._entered(self.follow_up_table(outcome), program)
            if len(rows) > _KEPT_ROWS:
                return rows
            self._read[key] = rows
        return self._read[key].copy()

    def recurrent(self, outcome: str = "maltreatment", program: str | None = None) -> pd.DataFrame:
        """Return start–stop rows over every report, for `mean_cumulative` and `recurrent`.

        A report does not end follow-up: the child stays at risk until re-entry, death, the age
        limit or the end of the data, and every day with a report in the stated class ends a row
        with ``event`` 1 (several reports on one day once). Columns as in `follow_up`; the last row
        has ``event`` 2 where a competing event ended it and no report fell on that day.
        ``exit_id`` is the subject, ``family_id`` the cluster, and the cause of interest is 1.

        Parameters
        ----------
        outcome : {"maltreatment"}
        program : str, optional
            As in `follow_up`.

        Raises
        ------
        StudyError
            If the outcome cannot repeat, or the study does not ask for it.
        DataError
            If a table it needs is missing.
        """
        if outcome != "maltreatment":
            raise StudyError(
                f'The outcome "{outcome}" does not repeat within follow-up, which it ends: '
                'use follow_up, or recurrent("maltreatment").'
            )
        return self._entered(self.recurrent_table(), program)

    def recurrent_table(self) -> Table:
        """Return the rows of `recurrent` as a table of the engine, without covariates."""
        if "repeated" not in self._rows:
            self.events.require("maltreatment")
            self._rows["repeated"] = self._split(*self.events.repeated())
        return self._rows["repeated"]

    def _entered(self, split: Table, program: str | None) -> pd.DataFrame:
        first = self.study.service(program).available_from if program else None
        if first is not None:
            split = rows_from(split, self.stages.exits, first)
        return self._beside_exits(split)

    def _beside_exits(self, split: Table) -> pd.DataFrame:
        covariates = {name: self.columns[name] for name in self.covariates}
        order = ["index_date", "number", "visit"]
        exits = self.stages.exits.select(*_ROW_KEYS, *order, *covariates.values())
        rows = split.join(exits, "exit_id").order_by("child_id", *order, "start")
        own = [name for name in split.columns if name != "exit_id"]
        shown = {name: name for name in (*_ROW_KEYS, *own)} | covariates
        return tidy(rows.select(**{name: rows[column] for name, column in shown.items()}))

    def follow_up_table(self, outcome: str) -> Table:
        """Return the start–stop rows of an outcome as a table of the engine.

        As `follow_up` without covariates; there as long as the cohort is.
        """
        if outcome not in self._rows:
            self._rows[outcome] = self._split(self.ends(outcome))
        return self._rows[outcome]

    def _split(self, ends: Table, repeats: Table | None = None) -> Table:
        stages, limit = self.stages, self.study.cohort.age_limit
        states = (stages.intervals, stages.support, age_turns(stages.exits, limit))
        rows = start_stop_rows(ends, *states, self.programs, repeats)
        unknown = {"support_voluntary": "legal_orders", "support_closure": "closures"}
        rows = rows.drop(*(name for name, t in unknown.items() if not stages.records.has(t)))
        return stages.records.stage(rows)

    def follow_up_counting(self, counted: str) -> pd.DataFrame:
        """Return the start–stop rows of maltreatment with other reports counted.

        Parameters
        ----------
        counted : str
            A key of `surveillance.COUNTED`: bounds on what being watched adds, or a
            negative control.

        Returns
        -------
        pandas.DataFrame
            Columns as in `follow_up`; a DataError says what the data lack.
        """
        refuse_uncounted(self.events, counted)
        ends = self.events.first_report(reports_counted(self.events, counted))
        return self._beside_exits(self._split(ends))

    def ends(self, outcome: str) -> Table:
        """Return when and why each exit's follow-up ends, as a table of the engine.

        ``exit_id``, ``begin``, ``end``, ``event``, ``end_reason``; exits with
        no day at risk (``end <= begin``) are in it too.
        """
        if outcome not in self._ends:
            self.events.require(outcome)
            self._ends[outcome] = self.stages.records.stage(self.events.ends(outcome))
        return self._ends[outcome]

    @cached_property
    def definitions(self) -> list[tuple[str, str]]:
        """The rules in words, with the study's values: (rule, words)."""
        return definitions(self.study, self.link)

    @cached_property
    def notes(self) -> list[str]:
        """What was counted and is no exclusion: one sentence each."""
        return notes(self)

    @cached_property
    def released_notes(self) -> list[str]:
        """`notes` with the counts that the report's profile hides left untold."""
        return notes(self, self.study.report.hidden_below)

    @cached_property
    def cannot(self) -> list[str]:
        """What these data cannot give, by name: one sentence each."""
        return cannot(self)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes asked for that these data can give and tell apart."""
        given = [name for name in self.study.outcomes.named if not self.events.lacks(name)]
        alone = "reentry" in given and not self.events.sees_disruptions
        return tuple(name for name in given if not (name == "disruption" and alone))

    def timeline(self, child_id: str) -> Timeline:
        """Return one child's life as the package sees it.

        Raises
        ------
        DataError
            If there is no such child.
        """
        return timeline(self, child_id)

    def ever_served(self, program: str, outcome: str | None = None) -> pd.DataFrame:
        """Describe who was ever served before follow-up ended: no effect (`ever_served`).

        Children who stay home longer have more time to be served, so this says
        nothing of what the service does; for effects there are four exposures.
        """
        self.study.service(program)
        return ever_served(self.follow_up(outcome or self.outcomes[0]), program)

    def unseen_leavers(self, outcome: str, horizon: int) -> pd.DataFrame:
        """Bound a risk by how many unseen children may have left the jurisdiction.

        Columns as in `unseen_leavers`, for none, 5% and 10% of the children.
        """
        ends = tidy(self.ends(outcome))
        return unseen_leavers(ends, tidy(self.events.observed_to(outcome)), horizon)
