"""Practice policies as data: what is owed to whom, from which day, by when.

A policy is a TOML file. Its measures are read here, key by key, before any data
are touched; what they mean in the engine is in `cases.py`.
"""

import datetime
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from evaluation.errors import DataError, StudyError
from evaluation.resources import resource
from evaluation.sources.contract import contract, did_you_mean
from evaluation.study import ExitType, Study
from evaluation.study_errors import sentences

Moment = Literal["exit", "return", "family return", "window start", "window end"]
Unit = Literal["days", "business days", "months"]
Bound = Literal["removal", "return", "window start", "window end", "support end"]
MOMENTS: tuple[str, ...] = get_args(Moment)
BOUNDS: tuple[str, ...] = get_args(Bound)
NOT_STATED = "not stated"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Condition(_Part):
    """What a row must hold in one field; exactly one test."""

    field: str
    is_one_of: tuple[str, ...] = ()
    holds_all: tuple[str, ...] = ()
    holds_any: tuple[str, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    is_true: bool | None = None
    recorded: bool | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        tests = set(self.model_fields_set) - {"field"}
        if len(tests) != 1:
            allowed = ", ".join(name for name in type(self).model_fields if name != "field")
            raise ValueError(
                f'the condition on "{self.field}" has {len(tests)} tests: give one of {allowed}'
            )
        return self


class Anchor(_Part):
    """The day a measure counts from: a moment of the cohort, or a dated row of a table.

    Rows count to the window's end; ``until = "closure"`` (as closures do): to the case's closing.
    """

    on: str
    until: Literal["window end", "closure"] | None = None
    where: tuple[Condition, ...] = ()
    each: Literal["case", "child"] = "case"
    offset_months: Annotated[int, Field(ge=0, le=120)] = 0
    months_into_window: Annotated[int, Field(ge=0, le=120)] = 0
    every_days: Annotated[int | str | None, Field()] = None
    times: Annotated[int, Field(ge=1, le=520)] = 1

    @field_validator("on")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value in MOMENTS:
            return value
        table, _, column = value.partition(".")
        if table not in contract().names or not column:
            raise ValueError(
                f'"{value}" is no anchor: give one of {", ".join(MOMENTS)}, or TABLE.DATE with a '
                "table and a date field of the contract"
            )
        _dated(table, column)
        return value

    @property
    def table(self) -> str | None:
        """The table whose rows are the cases, if it is one."""
        return None if self.on in MOMENTS else self.on.partition(".")[0]

    @property
    def past_window(self) -> bool:
        """Whether rows count to the closing of a case that stayed open past its window."""
        return (self.until or {"closures": "closure"}.get(self.table or "")) == "closure"

    @property
    def date(self) -> str | None:
        """The date field of `table`."""
        return None if self.on in MOMENTS else self.on.partition(".")[2]


class Event(_Part):
    """What is looked for: dated rows that reach the same children, or the anchor's own row."""

    on: str
    until: str | None = None
    where: tuple[Condition, ...] = ()
    link: Literal["case", "row"] = "case"

    @field_validator("on")
    @classmethod
    def _is_known(cls, value: str) -> str:
        table, _, column = value.partition(".")
        if value == "window end":
            return value
        if table not in contract().names or not column:
            raise ValueError(
                f'"{value}" is no event: give TABLE.DATE with a table and a date field of the '
                'contract, or "window end"'
            )
        _dated(table, column)
        return value

    @property
    def table(self) -> str | None:
        """The table looked in."""
        return None if self.on == "window end" else self.on.partition(".")[0]

    @property
    def date(self) -> str:
        """The date field of `table`."""
        return self.on.partition(".")[2]


class Window(_Part):
    """When the event must fall: offsets from the anchor, or a day of the case; both ends count.

    Without ``from`` there is no earliest day, without ``to`` the last day
    covered is the latest.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    start: int | str | None = Field(default=None, alias="from")
    stop: int | str | None = Field(default=None, alias="to")
    unit: Unit = "days"

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        first, last = self.start, self.stop
        if isinstance(first, int) and isinstance(last, int) and last < first:
            raise ValueError(
                f"the window ends ({last}) before it starts ({first}): give from <= to, both "
                f"counted in {self.unit} from the anchor"
            )
        return self


class Measure(_Part):
    """One rule that can be counted."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9._-]*$")]
    title: str
    rule: str
    choice: str = ""
    anchor: Anchor
    events: tuple[Event, ...]
    window: Window = Window()
    expect: Literal["event", "none"] = "event"
    at_least: Annotated[int | str, Field()] = 1
    share: Annotated[float, Field(ge=0, le=1)] | None = None
    only_while_open: bool = False
    eligible: tuple[Condition, ...] = ()

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        if not self.events:
            raise ValueError(f"measure {self.id} looks for no event: give [[measures.events]]")
        for event in self.events:
            if event.link == "row" and event.table != self.anchor.table:
                raise ValueError(
                    f'measure {self.id}: an event with link = "row" stands in the anchor\'s own '
                    f"table, which is {self.anchor.table or 'none'}, not {event.table}"
                )
        if self.anchor.every_days is not None and self.anchor.table is not None:
            raise ValueError(
                f"measure {self.id} repeats a row of {self.anchor.table}: only moments repeat"
            )
        return self

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables the measure reads."""
        named = [self.anchor.table, *(event.table for event in self.events)]
        return tuple(dict.fromkeys(name for name in named if name))


class Text(_Part):
    """A rule that is words, not a count."""

    id: str
    text: str


class Calendar(_Part):
    """Which days are business days: Monday to Friday without holidays."""

    holidays: Literal["us-federal", "none"]
    extra: tuple[datetime.date, ...] = ()


class SupportWindow(_Part):
    """How long support lasts, and what starts it again."""

    exit_types: tuple[ExitType, ...] = ("reunification",)
    months: Annotated[int, Field(ge=1, le=120)] = 12
    return_restarts: bool = False


class Policy(_Part):
    """A practice policy.

    Made by `read_policy`.

    Attributes
    ----------
    name, title, source : str
        Short name; its own title; where it was published.
    calendar : Calendar or None
        Business days; a measure counted in them needs it.
    window : SupportWindow
        The household's support window.
    parameters : dict
        Numbers the measures name; ``"not stated"`` where the policy gives none,
        which leaves the measure described and not judged.
    measures : tuple of Measure
    text : tuple of Text
        Rules that stand as text.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
    title: str
    source: str = ""
    extends: str | None = None
    calendar: Calendar | None = None
    window: SupportWindow = SupportWindow()
    parameters: dict[str, int | Literal["not stated"]] = {}
    measures: tuple[Measure, ...] = ()
    text: tuple[Text, ...] = ()

    def __init__(self, **settings: Any):
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise StudyError(*sentences(error, type(self))) from None

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        ids = [each.id for each in (*self.measures, *self.text)]
        repeated = sorted({each for each in ids if ids.count(each) > 1})
        if repeated:
            raise ValueError(f"the policy has two rules {repeated[0]}: give each its own id")
        for measure in self.measures:
            if measure.window.unit == "business days" and self.calendar is None:
                raise ValueError(
                    f"measure {measure.id} counts business days but the policy has no [calendar]: "
                    'add one with holidays = "us-federal" or "none"'
                )
            self._window_runs_forward(measure)
            self.value(measure, measure.at_least)
            self.value(measure, measure.anchor.every_days)
        return self

    def _window_runs_forward(self, measure: Measure) -> None:
        first, last = self.offset(measure, "start"), self.offset(measure, "stop")
        if isinstance(first, int) and isinstance(last, int) and last < first:
            raise ValueError(
                f"measure {measure.id}: the window ends ({last}) before it starts ({first}); "
                "give from <= to"
            )

    def value(self, measure: Measure, given: int | str | None) -> int | str | None:
        """Return a number, looking it up where a parameter is named.

        Raises
        ------
        ValueError
            If the policy has no such parameter.
        """
        if given is None or isinstance(given, int):
            return given
        sign, name = (-1, given[1:]) if given.startswith("-") else (1, given)
        if name not in self.parameters:
            raise ValueError(
                f'measure {measure.id} names the parameter "{name}", which [parameters] does not '
                f"give{did_you_mean(name, self.parameters)}"
                if self.parameters
                else f'measure {measure.id} names "{name}", but the policy has no [parameters]'
            )
        number = self.parameters[name]
        return number if number == NOT_STATED else sign * number

    def offset(self, measure: Measure, end: Literal["start", "stop"]) -> int | str | None:
        """Return an end of a measure's window: a number, a day of the case, or None."""
        given = getattr(measure.window, end)
        return given if given in BOUNDS else self.value(measure, given)

    def is_stated(self, measure: Measure) -> bool:
        """Tell whether every number a measure names is given."""
        named = (measure.at_least, measure.anchor.every_days)
        numbers = [self.value(measure, each) for each in named]
        numbers += [self.offset(measure, end) for end in ("start", "stop")]
        return NOT_STATED not in numbers

    def measure(self, id: str) -> Measure:
        """Return a measure by its id.

        Raises
        ------
        StudyError
            If the policy has no such measure.
        """
        for measure in self.measures:
            if measure.id == id:
                return measure
        known = [measure.id for measure in self.measures]
        raise StudyError(f'The policy {self.name} has no measure "{id}"{did_you_mean(id, known)}')


def _dated(table: str, column: str) -> None:
    try:
        field = contract().table(table).field(column)
    except DataError as error:
        raise ValueError(str(error)) from None
    if field.type != "date":
        raise ValueError(f"{table}.{column} is no date: an anchor or event needs a date field")


def read_policy(given: str | Path | Policy) -> Policy:
    """Read a practice policy.

    Parameters
    ----------
    given : str, pathlib.Path or Policy
        The name of a policy that comes with the package, such as
        ``milwaukee_ocm_54_00``, or the path of a TOML file. A file with
        ``extends`` begins with that policy and states only what differs:
        parameters, calendar, window, measures and text with their own ids.

    Returns
    -------
    Policy

    Raises
    ------
    StudyError
        If there is no such policy, or a rule of it cannot be read; one
        sentence for each.
    """
    if isinstance(given, Policy):
        return given
    path = Path(given)
    if path.suffix != ".toml":
        path = _shipped(str(given))
    settings = _settings(path)
    base = settings.get("extends")
    if base is not None:
        settings = _extended(_settings(_shipped(str(base))), settings)
    try:
        return Policy(**settings)
    except StudyError as error:
        raise StudyError(*(f"{path.name}: {sentence}" for sentence in error.sentences)) from None


def policy_of(study: Study) -> Policy | None:
    """Return the policy that ``[files] policy`` of a study names, if it names one."""
    named = study.files.policy
    if named is None:
        return None
    return read_policy(study.folder / named if named.endswith(".toml") else named)


def policy_names() -> tuple[str, ...]:
    """Return the names of the policies that come with the package."""
    return tuple(sorted(path.stem for path in resource("data_schemas", "policies").glob("*.toml")))


def _shipped(name: str) -> Path:
    if name not in policy_names():
        raise StudyError(
            f'There is no policy "{name}"{did_you_mean(name, policy_names())} A policy of your own '
            "is named by the path of its .toml file."
        )
    return resource("data_schemas", "policies", f"{name}.toml")


def _settings(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(
            f"There is no policy file {path}: give its path, or one of {', '.join(policy_names())}."
        ) from None
    except OSError as error:
        raise StudyError(f"{path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise StudyError(f"{path} is not UTF-8 text: save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{path} is not valid TOML: {error}.") from None


def _extended(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Lay a policy over the one it extends; rules with an id already there replace it."""
    whole = {**base, **own}
    for key in ("parameters", "window", "calendar"):
        if key in base or key in own:
            whole[key] = {**base.get(key, {}), **own.get(key, {})}
    named = {rule.get("id") for key in ("measures", "text") for rule in own.get(key, ())}
    for key in ("measures", "text"):
        kept = [rule for rule in base.get(key, ()) if rule.get("id") not in named]
        whole[key] = kept + list(own.get(key, ()))
    return whole
