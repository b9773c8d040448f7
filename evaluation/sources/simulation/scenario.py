"""What a simulated agency is like: every number the simulation uses, with its default."""

import dataclasses
import datetime
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evaluation.errors import StudyError
from evaluation.study import EXIT_TYPES

MONTH = 365.25 / 12
PIECES = (0, 91, 183, 365, 730, 1826)
"""Days at which baseline hazards change: 0, 3, 6, 12, 24 and 60 months after the exit."""

OUTCOME_PROCESSES = ("reentry", "disruption", "maltreatment")


def _share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise StudyError(f"{name} is {value}: give a share between 0 and 1.")


@dataclass(frozen=True)
class Ratios:
    """Conditional hazard ratios of a service, given covariates and family frailty.

    Parameters
    ----------
    reentry : float
        On the hazard that the child is removed again.
    disruption : float
        On the hazard of displacement, termination or dissolution.
    maltreatment : float
        On the hazard of maltreatment itself (not of its being reported).
    """

    reentry: float = 1.0
    disruption: float = 1.0
    maltreatment: float = 1.0


@dataclass(frozen=True)
class Program:
    """How one service reaches households and what it does.

    Parameters
    ----------
    name : str
        Program code, as in the table of services.
    known_at_exit : float
        Probability that a household of average risk that reunifies has started, or
        starts, by the exit day; 0 for programs that begin only afterwards.
    start_monthly : tuple of float
        Monthly hazard of a first start after the exit, in the pieces 0-3, 3-6, 6-12,
        12-24, 24-60 and over 60 months, for a household of average risk that
        reunifies and has not started by the exit.
    referral : float
        How much likelier referral is at higher risk: log odds of being known at exit,
        and log hazard of a later start, per unit of the household's log re-entry
        hazard from recorded things.
    exit_types : mapping of str to float
        Log odds (log hazard) added for households of an exit type.
    in_service, after_service : Ratios
        Effects while the service goes on, and once it has ended.
    length_days : int
        Intended length of the service, in days.
    completion : float
        Share of spells that run their intended length, when nothing else ends them.
    lead_days : int
        Starts known at exit lie at most this many days before it.
    uptake : float
        Share of offers that lead to a start.
    surveillance : float
        Factor, while in service, on the share of incidents that are reported (which
        cannot pass 1) and on unfounded reports; maltreatment itself stays as it is.
    unit : {"household", "family", "child"}
        Whom a row of services names. Where a household's children came home on
        different days or two families share it, rows name each child.
    """

    name: str
    known_at_exit: float = 0.0
    start_monthly: tuple[float, ...] = (0.0,) * 6
    referral: float = 1.5
    exit_types: Mapping[str, float] = field(default_factory=dict)
    in_service: Ratios = Ratios()
    after_service: Ratios = Ratios()
    length_days: int = 365
    completion: float = 0.6
    lead_days: int = 60
    uptake: float = 0.47
    surveillance: float = 1.0
    unit: str = "household"

    def __post_init__(self):
        """Check that shares are shares and that each piece has its hazard."""
        _share(f"{self.name}.completion", self.completion)
        if not 0 <= self.known_at_exit < 1:
            raise StudyError(
                f"{self.name}.known_at_exit is {self.known_at_exit}: give a share of 0 or more, "
                "below 1, so that some households can be compared."
            )
        if not 0 < self.uptake <= 1:
            raise StudyError(f"{self.name}.uptake is {self.uptake}: give a share above 0, up to 1.")
        if len(self.start_monthly) != len(PIECES):
            raise StudyError(
                f"{self.name}.start_monthly has {len(self.start_monthly)} hazards: give "
                f"{len(PIECES)}, one for each piece of follow-up."
            )
        if self.unit not in ("household", "family", "child"):
            raise StudyError(
                f'{self.name}.unit is "{self.unit}": it must be household, family or child.'
            )


SUCCESS_COACH = Program(
    name="success_coach",
    known_at_exit=0.22,
    start_monthly=(0.012, 0.006, 0.003, 0.0, 0.0, 0.0),
    exit_types={"relative": -0.2, "guardianship": -1.2, "adoption": -1.8},
    in_service=Ratios(reentry=0.75, disruption=0.80, maltreatment=0.90),
    after_service=Ratios(reentry=0.80, disruption=0.85, maltreatment=0.95),
)
RESPITE_CARE = Program(
    name="respite_care",
    start_monthly=(0.020, 0.014, 0.010, 0.006, 0.002, 0.0),
    exit_types={"guardianship": 0.3, "adoption": 0.2},
    in_service=Ratios(reentry=0.90, disruption=0.90, maltreatment=0.90),
    length_days=150,
    unit="child",
)
PARENT_GROUP = Program(
    name="parent_group",
    start_monthly=(0.030, 0.015, 0.008, 0.003, 0.0, 0.0),
    exit_types={"guardianship": -0.7, "adoption": -1.0},
    length_days=84,
    completion=0.5,
    unit="family",
)


@dataclass(frozen=True)
class CovariateEffects:
    """Log hazard ratios of recorded covariates, the same on every outcome.

    Parameters
    ----------
    age_at_exit : float
        Per completed year of age at exit.
    prior_episodes : float
        Per earlier removal episode.
    days_in_care : float
        Per day of the index episode.
    disability : float
        Any diagnosed disability.
    male : float
        Boys against girls.
    county : float
        Factor on the built-in effects of the eight counties (0: counties alike).
    """

    age_at_exit: float = 0.02
    prior_episodes: float = 0.50
    days_in_care: float = -0.0008
    disability: float = 0.35
    male: float = 0.0
    county: float = 1.0


@dataclass(frozen=True)
class Practice:
    """How often casework is done as a policy asks: the shares a measure should find.

    Parameters
    ----------
    meeting_before_return, safety_before_return : float
        A family team meeting, a safety analysis in the 30 days before the first return.
    documented_in_time : float
        Facts written down within three working days.
    weekly_contact, monthly_contact : float
        A contact in a week of the first eight, in a later month.
    staffing, staffing_roles : float
        A staffing at six months; one with all three roles present, where held.
    closure_meeting, closure_staffing, closure_review : float
        A family team meeting in the 30 days before closure; a staffing at closure; one that
        reviewed formal and informal supports, where held.
    order_documented : float
        Court orders and their ends documented within three working days.
    cans : float
        CANS on a child before the staffing, where held.
    effort_after_refusal : float
        A documented effort in the month after a refusal.
    allegation_reported, protective_action : float
        New allegations called in to the hotline; answered with a protective action.
    goal_in_time : float
        A permanency goal within 60 days of the removal.
    visits_kept : float
        Planned visits that took place.
    """

    meeting_before_return: float = 0.80
    safety_before_return: float = 0.85
    documented_in_time: float = 0.88
    weekly_contact: float = 0.75
    monthly_contact: float = 0.90
    staffing: float = 0.80
    staffing_roles: float = 0.85
    closure_meeting: float = 0.70
    closure_staffing: float = 0.75
    closure_review: float = 0.90
    order_documented: float = 0.82
    cans: float = 0.75
    effort_after_refusal: float = 0.65
    allegation_reported: float = 0.95
    protective_action: float = 0.80
    goal_in_time: float = 0.80
    visits_kept: float = 0.75

    def __post_init__(self):
        """Check that shares are shares."""
        for field_ in dataclasses.fields(self):
            _share(f"practice.{field_.name}", getattr(self, field_.name))


@dataclass(frozen=True)
class Scenario:
    """A simulated agency's parameters.

    Hazards are per month of 365.25/12 days and constant within the pieces 0-3, 3-6,
    6-12, 12-24, 24-60 and over 60 months after the exit. They hold for a reunified
    girl aged 7 from the first county, without disability, with 0.2 earlier episodes, 450
    days in care and frailty 1: about the average child.

    Parameters
    ----------
    exits : tuple of datetime.date
        First and last day of the window in which index exits fall.
    data_through : datetime.date
        Last day the records cover.
    reentry_monthly : tuple of float
        Hazard that the child's own situation leads to a removal. Common removal comes
        on top: with the default family sizes it adds about seven tenths.
    disruption_monthly : tuple of float
        Hazard of displacement, termination or dissolution.
    maltreatment_monthly : tuple of float
        Hazard of a maltreatment incident, reported or not.
    unfounded_monthly : float
        Hazard of a screened-in report without maltreatment behind it.
    reported : float
        Probability that an incident is reported.
    substantiated : float
        Probability that a reported incident is substantiated.
    removal_reports : float
        Probability that a removal comes with a report up to five days before it, half
        of them substantiated.
    exit_type_reentry, exit_type_disruption, exit_type_maltreatment : mapping
        Hazard ratio of each exit type against reunification.
    covariates : CovariateEffects
        Log hazard ratios of recorded covariates.
    frailty_variance : float
        Variance of the gamma frailty (mean 1) that all children of a removal family
        share on every outcome.
    common_removal : float
        When a child is removed, probability that a sibling at home in the same
        household is removed the same day.
    programs : tuple of Program
        The services.
    death_monthly : float
        Hazard of death.
    adopted_by_guardian_monthly : float
        Hazard that a guardian adopts, after guardianship.
    moves_monthly : float
        Hazard that a household leaves the jurisdiction.
    moves_on_risk : float
        Log hazard of leaving per unit of the household's log re-entry hazard from
        recorded things.
    moves_on_frailty : float
        Log hazard of leaving per unit of log frailty: 0, or leaving depends on
        unrecorded things.
    unmeasured_risk, unmeasured_referral : float
        Effect of an unrecorded state of three households in ten on the log hazard of
        every outcome, and on the log odds (log hazard) of every start.
    crisis_monthly : float
        Hazard of a household crisis after the exit, recorded as an unsubstantiated
        report on each child at home; 0 for none.
    crisis_reentry, crisis_start : float
        Hazard ratio of a crisis on later re-entry, and on service starts in the 90 days
        after it: together they confound in time.
    sibling_sizes : tuple of float
        Shares of families with 1, 2, 3, 4 and 5 children removed.
    elsewhere : float
        Probability that a child with siblings exits to another household.
    staggered : float
        Share of families with siblings in which the younger child comes home first.
    practice : Practice
        How often casework is done as a policy asks.
    missing : float
        Share of children without sex, race, disability or county on record; disability
        is missing more often for young children.
    dirty : float
        Rows that break the contract, as a share of rows. With 0 some episodes and
        placements still overlap, as in every agency: findings, which set no row aside.
    """

    exits: tuple[datetime.date, datetime.date] = (
        datetime.date(2018, 1, 1),
        datetime.date(2022, 12, 31),
    )
    data_through: datetime.date = datetime.date(2024, 6, 30)
    reentry_monthly: tuple[float, ...] = (0.0069, 0.0054, 0.0035, 0.0019, 0.0008, 0.0008)
    disruption_monthly: tuple[float, ...] = (0.0016, 0.0016, 0.0014, 0.0012, 0.0010, 0.0010)
    maltreatment_monthly: tuple[float, ...] = (0.0090, 0.0080, 0.0070, 0.0055, 0.0045, 0.0045)
    unfounded_monthly: float = 0.002
    reported: float = 0.6
    substantiated: float = 0.45
    removal_reports: float = 0.4
    exit_type_reentry: Mapping[str, float] = field(
        default_factory=lambda: {"relative": 0.8, "guardianship": 0.55, "adoption": 0.15}
    )
    exit_type_disruption: Mapping[str, float] = field(
        default_factory=lambda: {"relative": 1.2, "guardianship": 1.0, "adoption": 0.35}
    )
    exit_type_maltreatment: Mapping[str, float] = field(
        default_factory=lambda: {"relative": 0.7, "guardianship": 0.5, "adoption": 0.2}
    )
    covariates: CovariateEffects = CovariateEffects()
    frailty_variance: float = 0.5
    common_removal: float = 0.7
    programs: tuple[Program, ...] = (SUCCESS_COACH, RESPITE_CARE, PARENT_GROUP)
    death_monthly: float = 0.00005
    adopted_by_guardian_monthly: float = 0.0015
    moves_monthly: float = 0.0020
    moves_on_risk: float = 0.5
    moves_on_frailty: float = 0.0
    unmeasured_risk: float = 0.0
    unmeasured_referral: float = 0.0
    crisis_monthly: float = 0.0
    crisis_reentry: float = 1.0
    crisis_start: float = 1.0
    sibling_sizes: tuple[float, ...] = (0.60, 0.23, 0.11, 0.04, 0.02)
    elsewhere: float = 0.10
    staggered: float = 0.06
    practice: Practice = Practice()
    missing: float = 0.01
    dirty: float = 0.004

    def __post_init__(self):
        """Check that the parameters describe an agency that can exist."""
        first, last = self.exits
        if not first <= last <= self.data_through:
            raise StudyError(
                f"exits {first} to {last} and data_through {self.data_through} must follow one "
                "another in time: set them so."
            )
        for name in ("reported", "substantiated", "removal_reports", "common_removal"):
            _share(name, getattr(self, name))
        for name in ("elsewhere", "staggered", "missing", "dirty"):
            _share(name, getattr(self, name))
        for name in ("reentry_monthly", "disruption_monthly", "maltreatment_monthly"):
            hazards = getattr(self, name)
            if len(hazards) != len(PIECES) or min(hazards) < 0:
                raise StudyError(
                    f"{name} is {hazards}: give {len(PIECES)} hazards of 0 or more, one for "
                    "each piece of follow-up."
                )
        if self.frailty_variance < 0:
            raise StudyError(f"frailty_variance is {self.frailty_variance}: give 0 or more.")
        if len(self.sibling_sizes) != 5 or abs(sum(self.sibling_sizes) - 1) > 1e-9:
            raise StudyError(
                f"sibling_sizes is {self.sibling_sizes}: give five shares that sum to 1."
            )
        names = [program.name for program in self.programs]
        if len(set(names)) != len(names):
            raise StudyError(f"programs holds a name twice ({', '.join(names)}): rename one.")

    @classmethod
    def from_arguments(cls, **arguments: Any) -> "Scenario":
        """Make a scenario, naming the nearest parameter when one is unknown.

        Raises
        ------
        StudyError
            If an argument is not a parameter, or a value cannot be.
        """
        known = [parameter.name for parameter in dataclasses.fields(cls)]
        for name in arguments:
            if name not in known:
                nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
                hint = f'; did you mean "{nearest[0]}"?' if nearest else "."
                raise StudyError(
                    f'"{name}" is no parameter of the simulated agency '
                    f"(there are: {', '.join(known)}){hint}"
                )
        return cls(**arguments)

    @property
    def program_names(self) -> tuple[str, ...]:
        """Names of the programs, in order."""
        return tuple(program.name for program in self.programs)

    def exit_type_ratios(self, process: str) -> tuple[float, ...]:
        """Hazard ratios by exit type on one of ``OUTCOME_PROCESSES``, reunification first."""
        ratios = getattr(self, f"exit_type_{process}")
        return tuple(float(ratios.get(name, 1.0)) for name in EXIT_TYPES)
