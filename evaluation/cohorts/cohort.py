"""The cohort: exits, follow-up rows, flow and the words that explain them."""

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
from evaluation.cohorts.rows import start_stop_rows
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


@dataclass(frozen=True)
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
    columns : list of str
        Names of the columns of `exits`.
    link : AdoptionLink
        Whether adoption exits can be followed.
    stages : Stages
        The tables kept in the engine.
    events : Outcomes
        When each outcome happens.
    """

    study: Study
    flow: pd.DataFrame = field(repr=False)
    columns: list[str] = field(repr=False)
    link: AdoptionLink
    stages: Stages = field(repr=False)
    events: Outcomes = field(repr=False)
    _ends: dict[str, Table] = field(default_factory=dict, repr=False)
    _rows: dict[str, Table] = field(default_factory=dict, repr=False)

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

        ``child_id``, ``exit_id`` (child and number of the episode),
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
        return tidy(exits.select(*self.columns))

    @property
    def services(self) -> pd.DataFrame:
        """Service spells of every program beside the exits they reach.

        Days are since the index date; ``timing`` is ``earlier``,
        ``known at exit``, ``after exit`` or ``never started``.
        """
        spells = self.stages.spells.order_by("exit_id", "program", "start_day", "service_id")
        return tidy(spells)

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
        rows = self.follow_up_table(outcome)
        exits = self.stages.exits.select(
            "exit_id", "child_id", "family_id", "index_date", "number", *self.covariates
        )
        rows = rows.join(exits, "exit_id").order_by("child_id", "index_date", "number", "start")
        own = [name for name in self.follow_up_table(outcome).columns if name != "exit_id"]
        return tidy(rows.select(*_ROW_KEYS, *own, *self.covariates))

    def follow_up_table(self, outcome: str) -> Table:
        """Return the start–stop rows of an outcome as a table of the engine.

        As `follow_up` without covariates: ``exit_id``, ``start``, ``stop``,
        ``event``, ``end_reason``, exposures and doses, ``support_status``.
        """
        if outcome not in self._rows:
            self._rows[outcome] = start_stop_rows(
                self.ends(outcome),
                self.stages.intervals,
                self.stages.support,
                self.programs,
            ).cache()
        return self._rows[outcome]

    def ends(self, outcome: str) -> Table:
        """Return when and why each exit's follow-up ends, as a table of the engine.

        ``exit_id``, ``begin``, ``end``, ``event``, ``end_reason``; exits with
        no day at risk (``end <= begin``) are in it too.
        """
        if outcome not in self._ends:
            self._require(outcome)
            self._ends[outcome] = self.events.ends(outcome).cache()
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
    def cannot(self) -> list[str]:
        """What these data cannot give, by name: one sentence each."""
        return cannot(self)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes asked for that these data can give and tell apart."""
        given = [name for name in self.study.outcomes.named if not self.events.lacks(name)]
        alone = "reentry" in given and not self.events.sees_disruptions
        return tuple(name for name in given if not (name == "disruption" and alone))

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


def tidy(table: Table) -> pd.DataFrame:
    """Bring a small result out of the engine with plain, nullable-aware types."""
    frame = table.to_pandas()
    for name, kind in table.schema().items():
        if kind.is_date():
            frame[name] = pd.to_datetime(frame[name])
        elif kind.is_boolean():
            frame[name] = frame[name].astype("boolean" if frame[name].isna().any() else "bool")
        elif kind.is_integer():
            frame[name] = frame[name].astype("Int64" if frame[name].isna().any() else "int64")
    return frame
