"""What a file of the registry holds: a published study, or a program.

A file that breaks a rule is refused with one sentence for each thing wrong, naming the
file and the key.
"""

import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from evaluation.evidence.status import Answer

Confirmation = Literal["confirmed", "unconfirmed"]
Design = Literal["randomized", "quasi-experimental", "single group", "descriptive", "unknown"]
Direction = Literal["favorable", "unfavorable", "none", "not compared", "unknown"]
StudiedOutcome = Literal[
    "reentry", "disruption", "maltreatment", "placement", "reunification", "well_being"
]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Count = Annotated[int, Field(ge=0)]
Percent = Annotated[float, Field(ge=0, le=100)]

MORE_IS_BETTER = ("reunification", "well_being")
ASSERTABLE = ("manual", "measures", "noharm_case", "noharm_basis", "accepted")
ELEMENTS_FROM_STUDIES = (
    *("rct2", "rct1", "sustain12", "sustain6", "peer", "weight", "control1", "null2"),
    *("noweight", "harm", "nobenefit", "targets", "service_type", "deliverer", "topic_outcomes"),
)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Section):
    """Where the facts were read, and whether they were."""

    title: str
    address: str = ""
    confirmation: Confirmation
    note: str = ""


class Sample(_Section):
    """Who was studied; agencies and years tell which studies share children."""

    n_treated: Count | None = None
    n_comparison: Count | None = None
    assigned_treated: Count | None = None
    assigned_comparison: Count | None = None
    population: str = ""
    location: str = ""
    agencies: tuple[str, ...] = ()
    years: tuple[int, int] | None = None

    @model_validator(mode="after")
    def _analysed_were_assigned(self) -> Self:
        for arm in ("treated", "comparison"):
            n, assigned = getattr(self, f"n_{arm}"), getattr(self, f"assigned_{arm}")
            if None not in (n, assigned) and n > assigned:
                raise ValueError(
                    f"n_{arm} is {n}, more than the {assigned} of assigned_{arm}: the analysis "
                    "cannot hold more children than were assigned"
                )
        if self.years and self.years[1] < self.years[0]:
            raise ValueError(f"years ends in {self.years[1]}, before it begins in {self.years[0]}")
        return self


class MeasureUsed(_Section):
    """A measure of the study."""

    name: str
    reliable_and_valid: Answer = "unknown"


class Finding(_Section):
    """One result of a study on one outcome at one time."""

    outcome: StudiedOutcome
    direction: Direction
    significant: Answer = "unknown"
    confirmation: Confirmation
    when: str = ""
    months_after_end_of_service: Annotated[float, Field(ge=0)] | None = None
    percent_treated: Percent | None = None
    percent_comparison: Percent | None = None
    n_treated: Count | None = None
    n_comparison: Count | None = None
    events_treated: Count | None = None
    events_comparison: Count | None = None
    effect: Literal["odds_ratio", "risk_ratio", "hazard_ratio", "risk_difference"] | None = None
    estimate: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p: Annotated[float, Field(ge=0, le=1)] | None = None
    note: str = ""

    @model_validator(mode="after")
    def _numbers_are_possible(self) -> Self:
        for arm in ("treated", "comparison"):
            events, n = getattr(self, f"events_{arm}"), getattr(self, f"n_{arm}")
            if None not in (events, n) and events > n:
                raise ValueError(f"events_{arm} is {events}, more than the {n} of n_{arm}")
        given = [x is not None for x in (self.estimate, self.ci_low, self.ci_high)]
        if any(given[1:]) and not all(given):
            raise ValueError("an interval needs all of estimate, ci_low and ci_high")
        if all(given) and not self.ci_low <= self.estimate <= self.ci_high:
            raise ValueError(
                f"the interval ci_low {self.ci_low:g} to ci_high {self.ci_high:g} does not hold "
                f"the estimate {self.estimate:g}"
            )
        if self.estimate is not None and self.effect is None:
            raise ValueError("estimate needs effect, which says what was estimated")
        return self

    @model_validator(mode="after")
    def _direction_fits_the_numbers(self) -> Self:
        better = self._seems_better()
        if better is None or self.direction not in ("favorable", "unfavorable"):
            return self
        if better != (self.direction == "favorable"):
            raise ValueError(
                f'direction is "{self.direction}", but the numbers say the contrary: more '
                f"{self.outcome} is {'better' if self.outcome in MORE_IS_BETTER else 'worse'}"
            )
        return self

    def _seems_better(self) -> bool | None:
        """Tell what the numbers alone say, or nothing where there are none or no difference."""
        if None not in (self.percent_treated, self.percent_comparison):
            more = self.percent_treated - self.percent_comparison
        elif self.estimate is not None:
            more = self.estimate - (0.0 if self.effect == "risk_difference" else 1.0)
        else:
            return None
        if more == 0:
            return None
        return (more > 0) == (self.outcome in MORE_IS_BETTER)


class Publication(_Section):
    """How the study was made public."""

    kind: Literal[
        "journal article",
        "government report",
        "research report",
        "conference paper",
        "dissertation",
        "web page",
        "unpublished",
        "unknown",
    ]
    peer_reviewed: Answer
    public: Answer = "unknown"
    english: Answer = "unknown"
    year: Annotated[int, Field(ge=1900, le=2100)] | None = None


class StudyFile(_Section):
    """A study of a program, as its sources state it."""

    kind: Literal["study"]
    id: Identifier
    program: Identifier
    title: str
    authors: str = ""
    source: Source
    publication: Publication
    design: Design
    design_confirmation: Confirmation
    comparison: str = ""
    appropriate_comparison: Answer = "unknown"
    usual_care_setting: Answer = "unknown"
    sample: Sample = Sample()
    measures: tuple[MeasureUsed, ...] = ()
    findings: tuple[Finding, ...] = ()
    follow_up: str = ""
    limitations: tuple[str, ...] = ()


class ElementAssertion(_Section):
    """What someone who looked found about an element records cannot show."""

    status: Literal["present", "absent", "unknown"]
    why: Annotated[str, Field(min_length=1)]
    confirmation: Confirmation = "unconfirmed"


class PublishedRating(_Section):
    """A rating someone else gave the program, in a topic."""

    by: str
    rating: str
    topics: tuple[str, ...] = ()
    reviewed: datetime.date | None = None
    source: Source


class ProgramFile(_Section):
    """A program: what it is, for whom, and what is known about it beside studies."""

    kind: Literal["program"]
    id: Identifier
    name: str
    source: Source
    description: str = ""
    target_population: str = ""
    targets_permanent_families: Answer = "unknown"
    used_with: Literal["child welfare", "similar families", "other families", "unknown"] = "unknown"
    service_types: tuple[str, ...] = ()
    delivered_by: tuple[str, ...] = ()
    essential_components: tuple[str, ...] = ()
    duration: str = ""
    elements: dict[str, ElementAssertion] = {}
    ratings: tuple[PublishedRating, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _elements_are_known(cls, data: Any) -> Any:
        import difflib

        given = data.get("elements", {}) if isinstance(data, dict) else {}
        for code in given if isinstance(given, dict) else ():
            if code in ELEMENTS_FROM_STUDIES:
                raise ValueError(
                    f"elements.{code} follows from the studies and the program's own keys and "
                    f"cannot be asserted; these can: {', '.join(ASSERTABLE)}"
                )
            if code not in ASSERTABLE:
                nearest = difflib.get_close_matches(code, ASSERTABLE, n=1)
                hint = f'; did you mean "{nearest[0]}"?' if nearest else ""
                raise ValueError(
                    f"elements.{code} is not an element of the scale (these can be asserted: "
                    f"{', '.join(ASSERTABLE)}){hint}"
                )
        return data
