"""What a section is made of, and what every section is made from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from evaluation.evidence import estimate_ids
from evaluation.reporting.charts.chart import Chart
from evaluation.reporting.charts.style import FULL_WIDTH
from evaluation.reporting.disclosure import Disclosure, ReleasedEffects, ReleasedFollowUp
from evaluation.reporting.follow_up import OutcomeFollowUp
from evaluation.reporting.last_year import LastYear
from evaluation.reporting.numerals import is_missing
from evaluation.reporting.tables import Table
from evaluation.reporting.wording import upper_first
from evaluation.study import Note, Study

TALLEST = 8.0


@dataclass(frozen=True, eq=False)
class Drawing:
    """A chart with the caption that says what it shows; its title says what was found."""

    chart: Chart
    caption: str

    @property
    def width(self) -> int:
        """Per cent of the line, so that the chart stands on one page."""
        across, high = self.chart.figure.get_size_inches()
        return int(min(100, 100 * TALLEST / (high * FULL_WIDTH / across)))


@dataclass(frozen=True)
class Told:
    """Released numbers that next year's report must not be subtracted from.

    Attributes
    ----------
    counts : tuple of (str, str, str, int or str)
        Table, row, column and count, hidden ones as `SUPPRESSED`.
    shares : tuple of (str, str, float or str)
        Table, row and share.
    """

    counts: tuple[tuple[str, str, str, Any], ...] = ()
    shares: tuple[tuple[str, str, Any], ...] = ()

    @classmethod
    def of_counts(
        cls, table: str, rows: Sequence[str], frame: pd.DataFrame, columns: Sequence[str]
    ) -> "Told":
        """Name the counts of a released table."""
        return cls(
            counts=tuple(
                (table, row, column, count)
                for column in columns
                for row, count in zip(rows, frame[column], strict=True)
            )
        )

    @classmethod
    def of_shares(cls, table: str, rows: Sequence[str], shares: Iterable[Any]) -> "Told":
        """Name the shares of a released table; missing ones are left out."""
        named = zip(rows, shares, strict=True)
        return cls(
            shares=tuple((table, row, share) for row, share in named if not is_missing(share))
        )

    def __add__(self, other: "Told") -> "Told":
        return Told(self.counts + other.counts, self.shares + other.shares)


@dataclass(frozen=True, eq=False)
class Section:
    """A section of the report.

    Attributes
    ----------
    name : str
        Short name, for links.
    title : str
        What was found.
    paragraphs : tuple of str
        Sentences first.
    blocks : tuple of Drawing and Table
        Charts and tables as they follow each other, from released numbers.
    lead : str
        What introduces the points.
    points : tuple of str
        A list at the end.
    sheets : tuple of Table
        Released tables too long for a page: in the workbook alone.
    told : Told
        Counts and shares of its tables by the names next year's report knows them by.
    """

    name: str
    title: str
    paragraphs: tuple[str, ...] = ()
    blocks: tuple[Drawing | Table, ...] = ()
    lead: str = ""
    points: tuple[str, ...] = ()
    sheets: tuple[Table, ...] = ()
    told: Told = field(default_factory=Told)

    @property
    def charts(self) -> tuple[Chart, ...]:
        """The charts."""
        return tuple(block.chart for block in self.blocks if isinstance(block, Drawing))

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables."""
        return tuple(block for block in self.blocks if isinstance(block, Table))


@dataclass(frozen=True, eq=False)
class Material:
    """What the sections are made from.

    Attributes
    ----------
    study : Study
        The protocol.
    rule : Disclosure
        The rule of the release.
    check : object
        The check of the data: ``counts``, ``findings``.
    cohort, effects : object
        As the rooms before give them, with exact numbers.
    followed : dict of str to OutcomeFollowUp
        By outcome.
    arms : dict of (str, str) to ReleasedFollowUp
        By service and outcome: the weighted curves of served and comparison.
    released : ReleasedEffects
        The effects as they may be shown.
    source : str
        The line at the foot of charts.
    truth : pandas.DataFrame or None
        Estimates beside the truth of a simulated agency.
    evidence : Evidence or None
        What the released contrasts can support.
    practice : PracticeFindings or None
        Fidelity, federal indicators, permanency questions and dose, with exact numbers.
    years : dict of str to ReleasedFollowUp
        By outcome, follow-up to the main horizon by the year of the exit.
    last : LastYear or None
        What last year's report said.
    """

    study: Study
    rule: Disclosure
    check: Any
    cohort: Any
    effects: Any
    followed: dict[str, OutcomeFollowUp]
    arms: dict[tuple[str, str], ReleasedFollowUp]
    released: ReleasedEffects
    source: str
    truth: Any = field(default=None)
    evidence: Any = field(default=None)
    practice: Any = field(default=None)
    years: dict[str, ReleasedFollowUp] = field(default_factory=dict)
    last: LastYear | None = field(default=None)

    @cached_property
    def identified(self) -> pd.DataFrame:
        """The released estimates with their ``id``."""
        return self.released.table.assign(id=estimate_ids(self.effects.table).to_numpy())

    def service_name(self, program: str) -> str:
        """Return a program's name as readers see it."""
        return self.study.service(program).name

    def compared(self, program: str) -> str:
        """Return what a program is compared with, as readers see it."""
        other = self.study.service(program).compare_with
        programs = {service.program: service.name for service in self.study.services}
        return programs.get(other, other)

    def failing(self, program: str, outcome: str) -> str:
        """Name the checks a contrast fails, joined; empty where it fails none."""
        return ", ".join(self.effects.failing(program, outcome))

    def told(self, notes: Any) -> tuple[str, ...]:
        """Write notes with small counts hidden."""
        said = (
            note.say(self.rule.say) if isinstance(note, Note) else self.rule.conceal(str(note))
            for note in notes
        )
        return tuple(upper_first(sentence) for sentence in said)


def too_small(what: str, rule: Disclosure) -> str:
    """Say why something is not shown, and what to do."""
    return (
        f"{what} would rest mostly on counts under {rule.below} and is not shown: pool several "
        "years of exits, or use coarser groups."
    )
