"""What last year's report said, read from its ``estimates.json``."""

import datetime
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evaluation.errors import StudyError
from evaluation.reporting.disclosure import Published
from evaluation.reporting.disclosure.published import SHARE
from evaluation.reporting.numerals import SUPPRESSED
from evaluation.study import Study

LARGEST = 100_000_000
NEAR_WHOLE = 0.02
PRACTICE = (
    "fidelity",
    "practice by month",
    "practice by group",
    "permanency questions",
    "federal indicators",
    "federal indicators by county",
    "outcomes by group",
    "what was delivered",
)
ARM_COUNTS = ("n_treated", "n_comparison", "events_treated", "events_comparison", "clusters")
Count = Annotated[int, Field(ge=0)] | Literal["s"]
Share = Annotated[float, Field(ge=0, le=1)] | Literal["s"] | None


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class _Named(_Part):
    title: str


class CountShown(_Part):
    """A count of a table: its table, row and column."""

    table: str
    row: str
    column: str
    count: Count


class ShareShown(_Part):
    """A row of the follow-up of a group: counts and share by a day."""

    outcome: str
    by: str
    service: str | None
    group: str
    time: Annotated[int, Field(ge=0)]
    at_risk: Count
    events: Count
    incidence: Share
    ci_low: Share
    ci_high: Share
    weighted: bool


class ShareOfTable(_Part):
    """A share of a table whose counts are not shown, or events per day."""

    table: str
    row: str
    share: Annotated[float, Field(ge=0)] | Literal["s"]


class PointDrawn(_Part):
    """A point of a curve."""

    outcome: str
    by: str
    service: str | None
    group: str
    time: Annotated[float, Field(ge=0)]
    incidence: Annotated[float, Field(ge=0, le=1)]
    weighted: bool


class EffectShown(_Part):
    """The counts of a row of effects."""

    service: str
    outcome: str
    n_treated: Count | None
    n_comparison: Count | None
    events_treated: Count | None
    events_comparison: Count | None
    clusters: Count | None


class LastYear(_Part):
    """Last year's ``estimates.json``, as far as this year needs it.

    Attributes
    ----------
    study : object
        Its ``title``.
    protocol : dict
        The settings of last year's study.
    counts, incidence, curves, effects : tuple
        What the report showed.
    shares : tuple or None
        Shares of practice it showed; nothing in reports made before they were kept.
    """

    study: _Named
    protocol: dict[str, Any]
    counts: tuple[CountShown, ...] = Field(strict=False)
    incidence: tuple[ShareShown, ...] = Field(strict=False)
    curves: tuple[PointDrawn, ...] = Field(strict=False)
    effects: tuple[EffectShown, ...] = Field(strict=False)
    shares: tuple[ShareOfTable, ...] | None = Field(default=None, strict=False)

    @property
    def not_kept(self) -> tuple[str, ...]:
        """Tables this report may show of which last year's file keeps no numbers."""
        return PRACTICE if self.shares is None else ()

    @property
    def published(self) -> Published:
        """The counts shown, and those a curve gives back where nobody was censored."""
        known: dict[tuple[str, str, str], int] = {}
        for cell in self.counts:
            _keep(known, (cell.table, cell.row, cell.column), cell.count)
        for row in self.incidence:
            key = f"{row.outcome}/{row.by}/{row.service or ''}"
            _keep(known, (key, row.group, f"at_risk/{row.time}"), row.at_risk)
            _keep(known, (key, row.group, f"events/{row.time}"), row.events)
        for point in self.curves:
            key = f"{point.outcome}/{point.by}/{point.service or ''}"
            size = known.get((key, point.group, "at_risk/0"))
            if size is None or point.weighted:
                continue
            events = point.incidence * size
            if abs(events - round(events)) < NEAR_WHOLE:
                known.setdefault((key, point.group, f"events/{point.time:.0f}"), round(events))
        for row in self.effects:
            for name in ARM_COUNTS:
                _keep(known, ("effects", f"{row.service}/{row.outcome}", name), getattr(row, name))
        shares = self.shares or ()
        hidden = {(c.table, c.row, c.column) for c in self.counts if c.count == SUPPRESSED}
        hidden |= {(s.table, s.row, SHARE) for s in shares if s.share == SUPPRESSED}
        told = {(s.table, s.row): float(s.share) for s in shares if s.share != SUPPRESSED}
        return Published(known, told, frozenset(hidden), self._through)

    @property
    def _through(self) -> datetime.date | None:
        """The last day any record of last year's study counts."""
        cohort = self.protocol.get("cohort")
        through = cohort.get("data_through") if isinstance(cohort, dict) else None
        days = through.values() if isinstance(through, dict) else [through]
        try:
            return max(datetime.date.fromisoformat(str(day)) for day in days)
        except ValueError:
            return None

    def share(self, outcome: str, by: str, group: str, time: int) -> ShareShown | None:
        """Return what was said of a group's outcome by a day."""
        for row in self.incidence:
            if (row.outcome, row.by, row.group, row.time) == (outcome, by, group, time):
                return row
        return None

    def groups(self, outcome: str, by: str) -> list[str]:
        """Return the groups an outcome was told of."""
        found = (row.group for row in self.incidence if (row.outcome, row.by) == (outcome, by))
        return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Difference:
    """A setting of the protocol that is not what it was last year."""

    key: str
    then: str
    now: str


def read_last_year(study: Study) -> LastYear | None:
    """Read the file that ``files.last_year`` names; nothing where it names none.

    Raises
    ------
    StudyError
        If it is not there, is no JSON, or is not the ``estimates.json`` of a report; one
        sentence names the file and the key.
    """
    name = study.files.last_year
    if name is None:
        return None
    path = study.folder / name
    if Path(name).is_absolute() or not path.resolve().is_relative_to(study.folder.resolve()):
        raise StudyError(f"files.last_year is {name}: give a path inside the study's folder.")
    try:
        if path.stat().st_size > LARGEST:
            raise StudyError(
                f"files.last_year: {name} is larger than 100 MB, which no estimates.json is: give "
                "the estimates.json of last year's report."
            )
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StudyError(
            f"files.last_year: {name} cannot be read ({error.strerror}): put the estimates.json "
            "of last year's report beside the study, or take the key out."
        ) from None
    except (ValueError, RecursionError):
        raise StudyError(
            f"files.last_year: {name} is not JSON: give the estimates.json of last year's report."
        ) from None
    try:
        return LastYear.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if "[" not in str(part)) or "the file"
        raise StudyError(
            f"files.last_year: {name} is not the estimates.json of a report: {where}: "
            f"{first['msg'].lower()}; give the file as this package wrote it, or make last "
            "year's report again."
        ) from None


def protocol_of(study: Study) -> dict[str, Any]:
    """Return the settings of a study that next year's report compares: no files, no children."""
    return study.model_dump(mode="json", exclude={"data", "files", "assurance"})


def differences(then: dict[str, Any], now: dict[str, Any]) -> list[Difference]:
    """List the settings that differ, in the order of the protocol.

    Parameters
    ----------
    then, now : dict
        As `protocol_of` gives them.
    """
    old, new = dict(_flat(then)), dict(_flat(now))
    return [
        Difference(key, old.get(key, "not set"), new.get(key, "not set"))
        for key in dict.fromkeys([*new, *old])
        if old.get(key) != new.get(key)
    ]


def _flat(settings: Any, under: str = ""):
    if isinstance(settings, dict):
        for key, value in settings.items():
            yield from _flat(value, f"{under}.{key}" if under else str(key))
    elif isinstance(settings, list) and any(isinstance(part, dict) for part in settings):
        for place, part in enumerate(settings, 1):
            name = part.get("program", place) if isinstance(part, dict) else place
            yield from _flat(part, f"{under}.{name}")
    elif isinstance(settings, list):
        yield under, ", ".join(map(str, settings)) or "none"
    elif settings is not None:
        yield under, str(settings)


def _keep(known: dict, key: tuple[str, str, str], count: int | str | None) -> None:
    if isinstance(count, int):
        known[key] = count
