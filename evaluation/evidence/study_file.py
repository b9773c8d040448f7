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
Count = Annotated[int, Field(ge=0, strict=True)]
Year = Annotated[int, Field(ge=1900, le=2100, strict=True)]
Number = Annotated[float, Field(strict=True)]
Percent = Annotated[float, Field(ge=0, le=100, strict=True)]

SIGNIFICANT = 0.05
NO_EFFECT = {"odds_ratio": 1.0, "risk_ratio": 1.0, "hazard_ratio": 1.0, "risk_difference": 0.0}
MORE_IS_BETTER = ("reunification", "well_being")
ASSERTABLE = ("manual", "measures", "noharm_case", "noharm_basis", "accepted")
ELEMENTS_FROM_STUDIES = (
    *("rct2", "rct1", "sustain12", "sustain6", "peer", "weight", "control1", "null2"),
    *("noweight", "harm", "nobenefit", "targets", "service_type", "deliverer", "topic_outcomes"),
)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


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
    years: tuple[Year, Year] | None = None

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
    months_after_end_of_service: Annotated[float, Field(ge=0, strict=True)] | None = None
    percent_treated: Percent | None = None
    percent_comparison: Percent | None = None
    n_treated: Count | None = None
    n_comparison: Count | None = None
    events_treated: Count | None = None
    events_comparison: Count | None = None
    effect: Literal["odds_ratio", "risk_ratio", "hazard_ratio", "risk_difference"] | None = None
    estimate: Number | None = None
    ci_low: Number | None = None
    ci_high: Number | None = None
    p: Annotated[float, Field(ge=0, le=1, strict=True)] | None = None
    note: str = ""

    @model_validator(mode="after")
    def _numbers_are_possible(self) -> Self:
        for arm in ("treated", "comparison"):
            events, n = getattr(self, f"events_{arm}"), getattr(self, f"n_{arm}")
            if None not in (events, n) and events > n:
                raise ValueError(f"events_{arm} is {events}, more than the {n} of n_{arm}")
            percent = getattr(self, f"percent_{arm}")
            if None not in (events, n, percent) and n and abs(100 * events / n - percent) > 1:
                raise ValueError(
                    f"percent_{arm} is {percent:g}, but events_{arm} {events} of n_{arm} {n} are "
                    f"{100 * events / n:.1f}%"
                )
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
        for name in ("estimate", "ci_low", "ci_high"):
            value = getattr(self, name)
            if value is None:
                continue
            if self.effect == "risk_difference" and abs(value) > 1:
                raise ValueError(
                    f"{name} is {value:g}, but a risk difference lies between -1 and 1: give "
                    "shares, not percentage points"
                )
            if self.effect != "risk_difference" and value <= 0:
                raise ValueError(f"{name} is {value:g}, but a ratio lies above 0")
        return self

    @model_validator(mode="after")
    def _significance_fits_the_numbers(self) -> Self:
        if self.significant == "yes" and self.direction in ("none", "not compared"):
            raise ValueError(
                f'significant is "yes", but direction is "{self.direction}": a significant result '
                "has a direction"
            )
        said = {"yes": True, "no": False}.get(self.significant)
        if said is None:
            return self
        if self.p is not None and said != (self.p < SIGNIFICANT):
            raise ValueError(
                f'significant is "{self.significant}", but p is {self.p:g}: significant means a '
                f"two-sided p below {SIGNIFICANT}"
            )
        if self.ci_low is not None:
            nothing = NO_EFFECT[self.effect]
            if said and self.ci_low < nothing < self.ci_high:
                raise ValueError(
                    f'significant is "yes", but the interval ci_low {self.ci_low:g} to ci_high '
                    f"{self.ci_high:g} holds {nothing:g}, no effect"
                )
            if not said and not self.ci_low <= nothing <= self.ci_high:
                raise ValueError(
                    f'significant is "no", but the interval ci_low {self.ci_low:g} to ci_high '
                    f"{self.ci_high:g} does not hold {nothing:g}, no effect"
                )
        return self

    @model_validator(mode="after")
    def _direction_fits_the_numbers(self) -> Self:
        if self.direction not in ("favorable", "unfavorable"):
            return self
        if any(better != (self.direction == "favorable") for better in self._seem_better()):
            raise ValueError(
                f'direction is "{self.direction}", but the numbers say the contrary: more '
                f"{self.outcome} is {'better' if self.outcome in MORE_IS_BETTER else 'worse'}"
            )
        return self

    def _seem_better(self) -> list[bool]:
        """Tell what each of the numbers alone says; those without a difference say nothing."""
        more = []
        if None not in (self.percent_treated, self.percent_comparison):
            more.append(self.percent_treated - self.percent_comparison)
        if self.estimate is not None:
            more.append(self.estimate - NO_EFFECT[self.effect])
        counts = (self.events_treated, self.n_treated, self.events_comparison, self.n_comparison)
        if None not in counts and self.n_treated and self.n_comparison:
            more.append(counts[0] / counts[1] - counts[2] / counts[3])
        return [(each > 0) == (self.outcome in MORE_IS_BETTER) for each in more if each]


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
    year: Year | None = None


class StudyFile(_Section):
    """A study of a program, as its sources state it.

    ``comparable_to_rated_program`` says whether the study found the program comparable to
    one that the scale rates 3 or better, which counts like a benefit over a control.
    """

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
    comparable_to_rated_program: Answer = "no"
    usual_care_setting: Answer = "unknown"
    sample: Sample = Sample()
    measures: tuple[MeasureUsed, ...] = ()
    findings: tuple[Finding, ...] = ()
    follow_up: str = ""
    limitations: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _no_finding_holds_more_than_were_assigned(self) -> Self:
        for place, finding in enumerate(self.findings):
            for arm in ("treated", "comparison"):
                n, most = getattr(finding, f"n_{arm}"), getattr(self.sample, f"assigned_{arm}")
                if None not in (n, most) and n > most:
                    raise ValueError(
                        f"findings.{place}.n_{arm} is {n}, more than the {most} of "
                        f"sample.assigned_{arm}"
                    )
        return self


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
