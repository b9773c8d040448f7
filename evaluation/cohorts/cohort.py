"""The cohort: exits, follow-up rows, flow and the words that explain them."""

import html
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd
from ibis.expr.types import Table

from evaluation.cohorts.accounts import cannot, notes
from evaluation.cohorts.adoption import AdoptionLink
from evaluation.cohorts.covariates import NOT_COVARIATES
from evaluation.cohorts.definitions import definitions
from evaluation.cohorts.outcomes import Outcomes
from evaluation.cohorts.records import Records
from evaluation.cohorts.rows import BEFORE, start_stop_rows
from evaluation.cohorts.services import attached_offers
from evaluation.cohorts.tidy import tidy
from evaluation.cohorts.timeline import Timeline, timeline
from evaluation.cohorts.wording import counted
from evaluation.errors import DataError, StudyError
from evaluation.study import Study

_ROW_KEYS = ["child_id", "exit_id", "family_id"]


@dataclass(frozen=True)
class Stages:
    """What a cohort keeps in the engine.

    Parameters
    ----------
    records : Records
    candidates : ibis.Table
        Every episode, with the step at which it leaves (``left_at``).
    exits : ibis.Table
        The cohort.
    spells, intervals, support : ibis.Table
        From `attached_spells`, `exposure_intervals`, `support_intervals`.
    """

    records: Records
    candidates: Table
    exits: Table
    spells: Table
    intervals: Table
    support: Table


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
    """

    study: Study
    flow: pd.DataFrame
    columns: dict[str, str]
    link: AdoptionLink
    stages: Stages
    events: Outcomes
    _ends: dict[str, Table] = field(default_factory=dict)
    _rows: dict[str, Table] = field(default_factory=dict)

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
        exits = self.stages.exits.order_by("child_id", "index_date", "number")
        return tidy(exits.select(**{name: exits[own] for name, own in self.columns.items()}))

    @property
    def services(self) -> pd.DataFrame:
        """Service spells of every program beside the exits they reach.

        Days are since the index date; ``timing`` is ``earlier``,
        ``known at exit``, ``after exit`` or ``never started``.
        """
        spells = self.stages.spells.order_by("exit_id", "program", "start_day", "service_id")
        return tidy(spells)

    @property
    def offers(self) -> pd.DataFrame:
        """Offers, referrals and randomizations beside the exits they reach.

        ``assigned_day`` and ``accepted_day`` are since the index date; an
        offer long before it belongs to an earlier stay.
        """
        offers = attached_offers(self.stages.records, self.stages.exits)
        return tidy(offers.order_by("exit_id", "program", "assigned_day", "assignment_id"))

    def follow_up(self, outcome: str) -> pd.DataFrame:
        """Return the start–stop rows of an outcome.

        Parameters
        ----------
        outcome : {"reentry", "disruption", "maltreatment"}

        Returns
        -------
        pandas.DataFrame
            ``child_id``, ``exit_id``, ``family_id``, ``start``, ``stop`` (days
            since the index date; a row is the days after ``start`` up to
            ``stop``), ``event`` (0 none or censored, 1 outcome, 2 competing),
            ``end_reason`` (last row only), per program ``exposure_PROGRAM``
            and ``dose_PROGRAM`` (days in service by ``start``),
            ``support_status``, for disruption ``component`` (last row), and
            the cohort's covariates.

        Raises
        ------
        StudyError
            If the study does not ask for the outcome.
        DataError
            If a table it needs is missing.
        """
        split = self.follow_up_table(outcome)
        covariates = {name: self.columns[name] for name in self.covariates}
        exits = self.stages.exits.select(*_ROW_KEYS, "index_date", "number", *covariates.values())
        rows = split.join(exits, "exit_id").order_by("child_id", "index_date", "number", "start")
        own = [name for name in split.columns if name != "exit_id"]
        shown = {name: name for name in (*_ROW_KEYS, *own)} | covariates
        return tidy(rows.select(**{name: rows[column] for name, column in shown.items()}))

    def follow_up_table(self, outcome: str) -> Table:
        """Return the start–stop rows of an outcome as a table of the engine.

        As `follow_up` without covariates: ``exit_id``, ``start``, ``stop``,
        ``event``, ``end_reason``, exposures and doses, ``support_status``. It
        is there as long as the cohort is.
        """
        if outcome not in self._rows:
            rows = start_stop_rows(
                self.ends(outcome), self.stages.intervals, self.stages.support, self.programs
            )
            self._rows[outcome] = self.stages.records.stage(rows)
        return self._rows[outcome]

    def ends(self, outcome: str) -> Table:
        """Return when and why each exit's follow-up ends, as a table of the engine.

        ``exit_id``, ``begin``, ``end``, ``event``, ``end_reason``; exits with
        no day at risk (``end <= begin``) are in it too.
        """
        if outcome not in self._ends:
            self._require(outcome)
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
        """`notes` with counts from 1 to ``report.suppress_below - 1`` left untold."""
        return notes(self, self.study.report.suppress_below)

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
        """Describe who was ever served before follow-up ended: no effect.

        Children who stay home longer have more time to be served, so events
        among ever and never served children say nothing of what the service
        does. For effects there are four exposures: known at exit, landmark,
        time-varying, target trial.

        Parameters
        ----------
        program : str
            One of the study's programs.
        outcome : str, optional
            Whose follow-up is meant; by default the first the data can give.

        Returns
        -------
        pandas.DataFrame
            ``program``, ``served`` (``ever``, ``never``), ``exits``,
            ``children``, ``families``, ``events``, ``use``.

        Raises
        ------
        StudyError
            If the study names no such program.
        """
        self.study.service(program)
        rows = self.follow_up(outcome or self.outcomes[0])
        rows["ever"] = rows[f"exposure_{program}"] != BEFORE
        rows["ever"] = rows.groupby("exit_id")["ever"].transform("any")
        rows["outcome"] = rows["event"] == 1
        table = rows.groupby("ever").agg(
            exits=("exit_id", "nunique"),
            children=("child_id", "nunique"),
            families=("family_id", "nunique"),
            events=("outcome", "sum"),
        )
        table = table.reindex([True, False], fill_value=0).reset_index(drop=True)
        table.insert(0, "program", program)
        table.insert(1, "served", ["ever", "never"])
        return table.assign(use="description, not an effect")

    def unseen_leavers(self, outcome: str, horizon: int) -> pd.DataFrame:
        """Bound a risk by how many unseen children may have left the jurisdiction.

        Among exits whose data reach the horizon: the share with the outcome
        by then if none, 5% or 10% of the children without any recorded end
        had left before anything happened, and so were never at risk here.

        Parameters
        ----------
        outcome : str
        horizon : int
            In days.

        Returns
        -------
        pandas.DataFrame
            ``share_left``, ``exits``, ``events``, ``unseen``, ``risk``.
        """
        ends = tidy(self.ends(outcome))
        reach = tidy(self.events.observed_to(outcome))
        ends = ends.merge(reach, on="exit_id")
        ends = ends[(ends["observed"] >= horizon) & (ends["end"] > ends["begin"])]
        events = int(((ends["event"] == 1) & (ends["end"] <= horizon)).sum())
        unseen = int((ends["end"].gt(horizon) | ends["end_reason"].eq("horizon")).sum())
        shares = pd.Series([0.0, 0.05, 0.1])
        at_risk = len(ends) - shares * unseen
        return pd.DataFrame(
            {
                "share_left": shares,
                "exits": len(ends),
                "events": events,
                "unseen": unseen,
                "risk": events / at_risk.where(at_risk > 0),
            }
        )

    def _require(self, outcome: str) -> None:
        asked = self.study.outcomes.named
        if outcome not in asked:
            raise StudyError(
                f'The study does not ask for the outcome "{outcome}" (it asks for '
                f"{', '.join(asked)}): add a section [outcomes.{outcome}]."
            )
        lacking = self.events.lacks(outcome)
        if lacking:
            raise DataError(
                f'The outcome "{outcome}" needs {lacking}, which is not among the data: add it, '
                f"or take [outcomes.{outcome}] out of the study."
            )
