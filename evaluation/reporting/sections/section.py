"""What a section is made of, and what every section is made from."""

from dataclasses import dataclass, field
from typing import Any

from evaluation.reporting.charts.chart import Chart
from evaluation.reporting.disclosure import Disclosure, ReleasedEffects, ReleasedFollowUp
from evaluation.reporting.tables import Table
from evaluation.study import Note, Study

MOST_HIDDEN = 0.2


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
    charts : tuple of Chart
        Drawn from released numbers.
    tables : tuple of Table
        Released numbers.
    points : tuple of str
        A list beneath.
    """

    name: str
    title: str
    paragraphs: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    points: tuple[str, ...] = ()


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
    followed : dict of str to dict of str to ReleasedFollowUp
        By outcome: ``all`` children together, and by ``exit_type``.
    arms : dict of (str, str) to ReleasedFollowUp
        By service and outcome: the weighted curves of served and comparison.
    released : ReleasedEffects
        The effects as they may be shown.
    source : str
        The line at the foot of charts.
    truth : pandas.DataFrame or None
        Estimates beside the truth of a simulated agency.
    """

    study: Study
    rule: Disclosure
    check: Any
    cohort: Any
    effects: Any
    followed: dict[str, dict[str, ReleasedFollowUp]]
    arms: dict[tuple[str, str], ReleasedFollowUp]
    released: ReleasedEffects
    source: str
    truth: Any = field(default=None)

    def service_name(self, program: str) -> str:
        """Return a program's name as readers see it."""
        return self.study.service(program).name

    def told(self, notes: Any) -> tuple[str, ...]:
        """Write notes with small counts hidden."""
        return tuple(
            note.say(self.rule.say) if isinstance(note, Note) else str(note) for note in notes
        )


def too_small(what: str, rule: Disclosure) -> str:
    """Say why something is not shown, and what to do."""
    return (
        f"{what} would rest mostly on counts under {rule.below} and is not shown: pool several "
        "years of exits, or use coarser groups."
    )
