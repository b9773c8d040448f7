"""The protocol of a study: one TOML file, checked key by key.

Every room reads its settings from here, so a wrong key, value or date is found
once, before any data are touched, and is said in words.
"""

import datetime
import hashlib
import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from evaluation.errors import StudyError
from evaluation.study_errors import sentences
from evaluation.study_notes import Note as Note

ExitType = Literal["reunification", "relative", "guardianship", "adoption"]
Outcome = Literal["reentry", "disruption", "maltreatment", "visit_ended"]
Exposure = Literal["at exit", "landmark", "time-varying", "target trial"]
History = Literal["recent_report", "reports", "other_services", "support_status"]
Days = Annotated[int, Field(ge=0)]
PositiveDays = Annotated[int, Field(gt=0)]
Program = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]

EXIT_TYPES: tuple[str, ...] = get_args(ExitType)
OUTCOMES: tuple[str, ...] = get_args(Outcome)
HISTORIES: tuple[str, ...] = get_args(History)
HONEST_EXPOSURES: tuple[str, ...] = get_args(Exposure)
PLANNED_DESIGNS = ("roll-out", "score threshold")
HIDDEN_BELOW = {"cms": 11, "rounded": 8, "none": 0}
EVER_SERVED = ("ever", "never", "ever/never", "ever-never", "ever served", "received", "served")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CohortRules(_Section):
    """Who is followed, from when to when (METHODS 1 and 2 of the documentation)."""

    exits: tuple[datetime.date, datetime.date]
    exit_types: tuple[ExitType, ...] = get_args(ExitType)
    unit: Literal["first exit", "every exit"] = "first exit"
    min_days_exit: Days = 8
    min_days_reentry: Days = 0
    merge_gap_days: Days = 1
    index_at: Literal["discharge", "visit start"] = "discharge"
    adoption_link: Literal["kept", "broken", "measure"] = "measure"
    age_limit: Annotated[int, Field(gt=0, le=130)] = 18
    data_through: datetime.date | dict[str, datetime.date]
    data_from: datetime.date | dict[str, datetime.date] | None = None
    horizon_days: PositiveDays = 730
    support_months: Annotated[int, Field(ge=0, le=120)] = 12
    support_restart: Literal["first return", "every return"] = "first return"
    support_leap_day: Literal["28 February", "1 March"] = "28 February"
    involuntary_orders: tuple[str, ...] = ("child_protection", "supervision")

    @model_validator(mode="after")
    def _window_runs_forward(self) -> Self:
        first, last = self.exits
        if last < first:
            raise ValueError(f"exits ends on {last}, before it begins on {first}")
        if isinstance(self.data_through, dict) and "removals" not in self.data_through:
            raise ValueError('data_through given per table needs an entry for "removals"')
        if not self.exit_types:
            raise ValueError("exit_types is empty: name at least one exit type")
        return self

    def data_through_for(self, table: str) -> datetime.date:
        """Return the last day a table covers; tables not named follow ``removals``."""
        if isinstance(self.data_through, dict):
            return self.data_through.get(table, self.data_through["removals"])
        return self.data_through

    def data_from_for(self, table: str) -> datetime.date | None:
        """Return the first day a table covers, or None if it always did."""
        if isinstance(self.data_from, dict):
            return self.data_from.get(table)
        return self.data_from


class ReentryRules(_Section):
    """Re-entry has no settings of its own."""


class DisruptionRules(_Section):
    """Disruption has no settings of its own."""


class MaltreatmentRules(_Section):
    """Which reports count and by which date."""

    level: Literal["screened-in", "substantiated"] = "substantiated"
    date: Literal["report", "incident"] = "report"
    skip_first_days: Days = 0


class VisitEndedRules(_Section):
    """The end of a trial home visit in care has no settings of its own."""


class OutcomeRules(_Section):
    """The outcomes the study asks about; an absent one is not studied."""

    reentry: ReentryRules | None = None
    disruption: DisruptionRules | None = None
    maltreatment: MaltreatmentRules | None = None
    visit_ended: VisitEndedRules | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """Outcomes asked for, in fixed order."""
        return tuple(name for name in OUTCOMES if getattr(self, name) is not None)


class Service(_Section):
    """One service: how its receipt is measured and what it is compared with."""

    program: Program
    label: str | None = None
    compare_with: str = "usual care"
    exposure: Exposure = "time-varying"
    grace_days: PositiveDays = 60
    lead_days: Days = 60
    available_from: datetime.date | None = None
    service_type: str | None = None
    prevalent: Literal["day 0", "exclude"] = "day 0"
    comparison: Literal["never", "not within grace"] = "never"
    landmark_days: tuple[PositiveDays, ...] = (30, 60, 90)
    brings_about_exit: bool = False
    intended_months: Annotated[float, Field(gt=0)] | None = None
    cost_per_family: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _ever_served_is_no_exposure(cls, data: Any) -> Any:
        if isinstance(data, dict) and str(data.get("exposure", "")).lower() in EVER_SERVED:
            raise ValueError(
                "ever served against never served credits the service with time in which the "
                "outcome could not happen (immortal time); choose one of the honest exposures: "
                + ", ".join(f'"{name}"' for name in HONEST_EXPOSURES)
            )
        return data

    @property
    def name(self) -> str:
        """The program's name as readers see it."""
        return self.label or self.program.replace("_", " ")


class PrimaryContrast(_Section):
    """The one contrast declared before outcomes were read."""

    outcome: Outcome
    service: Program
    horizon: PositiveDays


class Adjustment(_Section):
    """What makes the comparison fair."""

    covariates: tuple[str, ...] = ()
    weights: Literal["none", "all eligible", "treated", "overlap"] = "all eligible"
    outcome_model: bool = True
    cluster: Literal["family"] = "family"
    missing: Literal["complete cases", "multiple imputation"] = "complete cases"
    truncate: Annotated[float, Field(gt=0.5, le=1)] = 0.99
    replicates: Annotated[int, Field(ge=2)] = 500
    history: tuple[History, ...] | None = None


class ReportSettings(_Section):
    """What readers see."""

    agency: str = "the agency"
    horizons: tuple[PositiveDays, ...] = (180, 365, 730)
    equity_by: tuple[str, ...] = ()
    profile: Literal["threshold", "cms", "rounded", "none"] = "threshold"
    suppress_below: Annotated[int, Field(ge=0)] = 11
    date: datetime.date | None = None
    logo: str | None = None
    colour: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")] | None = None

    @model_validator(mode="after")
    def _one_threshold(self) -> Self:
        given = "suppress_below" in self.model_fields_set
        if given and self.suppress_below != self.hidden_below:
            raise ValueError(
                f'suppress_below is {self.suppress_below}, and the profile "{self.profile}" hides '
                f'below {self.hidden_below}: take one out, or set profile = "threshold"'
            )
        return self

    @property
    def hidden_below(self) -> int:
        """The least count the release shows beside zero; 0 hides nothing."""
        return HIDDEN_BELOW.get(self.profile, self.suppress_below)


class Files(_Section):
    """Optional files beside the study."""

    mapping: str | None = None
    policy: str | None = None
    studies: str | None = None
    templates: str | None = None
    last_year: str | None = None
    last_cohort: str | None = None
    taxonomy: str | None = None


class Privacy(_Section):
    """How identifiers are treated in row-level output."""

    pseudonymize: bool = False
    key_file: str | None = None


class AssuranceChild(_Section):
    """A worked child the definitions must get right."""

    child: tuple[dict[str, Any], ...]
    expect: dict[str, Any]


class Study(_Section):
    """A study protocol.

    Parameters
    ----------
    **settings
        The keys of the study file (see the data dictionary of study keys);
        sections are dictionaries. ``Study.from_toml`` reads the same from a file.

    Raises
    ------
    StudyError
        If a key is unknown, a value is not allowed or a section is missing; the
        error names the key, says what is allowed and suggests the nearest.
    """

    title: str
    question: str = ""
    data: str = "data/"
    design: Literal["randomized", "quasi-experimental", "descriptive"] = "quasi-experimental"
    seed: Annotated[int, Field(ge=0)] = 0
    cohort: CohortRules
    outcomes: OutcomeRules = OutcomeRules(reentry=ReentryRules())
    services: tuple[Service, ...] = ()
    primary: PrimaryContrast | None = None
    adjustment: Adjustment = Adjustment()
    report: ReportSettings = ReportSettings()
    files: Files = Files()
    privacy: Privacy = Privacy()
    assurance: tuple[AssuranceChild, ...] = ()

    _folder: Path = PrivateAttr(default_factory=Path)

    def __init__(self, **settings: Any):
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise StudyError(*sentences(error, type(self))) from None

    @classmethod
    def from_toml(cls, path: str | Path) -> "Study":
        """Read a study file.

        Parameters
        ----------
        path : str or pathlib.Path
            A TOML file. Paths inside it are relative to its folder.

        Returns
        -------
        Study

        Raises
        ------
        StudyError
            If the file cannot be read, is not TOML, or breaks the protocol's rules.
        """
        path = Path(path)
        try:
            settings = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise StudyError(
                f"There is no study file {path}: give the path of a study.toml, or make one "
                "with `permanency new DIR`."
            ) from None
        except OSError as error:
            raise StudyError(
                f"{path} cannot be read ({error.strerror}): give the path of a study.toml."
            ) from None
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise StudyError(
                f"{path}, line {line}: the byte {error.object[error.start]:#04x} is not UTF-8; "
                "save the file as UTF-8 text."
            ) from None
        except tomllib.TOMLDecodeError as error:
            raise StudyError(f"{path} is not valid TOML: {error}.") from None
        try:
            study = cls(**settings)
        except StudyError as error:
            raise StudyError(*(f"{path}: {sentence}" for sentence in error.sentences)) from None
        study._folder = path.parent
        return study

    @model_validator(mode="before")
    @classmethod
    def _planned_designs_are_named(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("design") in PLANNED_DESIGNS:
            raise ValueError(
                f'design "{data["design"]}" is planned but not offered yet; '
                'use "randomized", "quasi-experimental" or "descriptive"'
            )
        return data

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        if self.outcomes.visit_ended is not None and self.cohort.index_at != "visit start":
            raise ValueError(
                "outcomes.visit_ended is asked for, but exits are dated at discharge: no visit "
                'can end after it; set cohort.index_at = "visit start" or take the section out'
            )
        programs = [service.program for service in self.services]
        repeated = sorted({name for name in programs if programs.count(name) > 1})
        if repeated:
            raise ValueError(f"services names the program {repeated[0]} twice")
        for service in self.services:
            other = service.compare_with
            if other not in ("usual care", "no service") and other not in programs:
                raise ValueError(
                    f'services.{service.program}.compare_with is "{other}": it must be '
                    '"usual care", "no service" or the program of another [[services]] entry'
                )
        if self.primary is not None:
            if self.primary.service not in programs:
                raise ValueError(
                    f'primary.service "{self.primary.service}" is not among the programs of '
                    f"[[services]]: {', '.join(programs) or 'none is given'}"
                )
            if self.primary.outcome not in self.outcomes.named:
                raise ValueError(
                    f'primary.outcome "{self.primary.outcome}" has no section '
                    f"[outcomes.{self.primary.outcome}]"
                )
            if self.primary.horizon > self.cohort.horizon_days:
                raise ValueError(
                    f"primary.horizon ({self.primary.horizon}) is beyond cohort.horizon_days "
                    f"({self.cohort.horizon_days})"
                )
        return self

    @property
    def folder(self) -> Path:
        """The folder relative paths start from."""
        return self._folder

    @property
    def horizons(self) -> tuple[int, ...]:
        """Report horizons within the study's horizon, ascending, with the primary one, in days."""
        wanted = set(self.report.horizons)
        if self.primary is not None:
            wanted.add(self.primary.horizon)
        within = sorted(day for day in wanted if day <= self.cohort.horizon_days)
        return tuple(within) or (self.cohort.horizon_days,)

    @property
    def main_horizon(self) -> int:
        """The primary contrast's horizon, else the report horizon nearest one year, in days."""
        if self.primary is not None:
            return self.primary.horizon
        return min(self.horizons, key=lambda day: (abs(day - 365), day))

    @property
    def protocol_hash(self) -> str:
        """SHA-256 of the protocol, without the places where data and files lie."""
        content = self.model_dump(
            mode="json", exclude={"data": True, "files": True, "privacy": {"key_file"}}
        )
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def service(self, program: str) -> Service:
        """Return the settings of a program.

        Raises
        ------
        StudyError
            If the study names no such program.
        """
        for service in self.services:
            if service.program == program:
                return service
        raise StudyError(
            f'The study names no program "{program}"; it names: '
            f"{', '.join(s.program for s in self.services) or 'none'}."
        )
