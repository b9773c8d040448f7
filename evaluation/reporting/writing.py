"""Documents and their charts, written while the rest of the work goes on."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any, Self

from evaluation.reporting.charts.chart import Chart
from evaluation.reporting.disclosure import NOT_FOR_RELEASE
from evaluation.reporting.document import write_markdown
from evaluation.reporting.folder import write_bytes
from evaluation.reporting.forms import Page
from evaluation.reporting.house import House
from evaluation.reporting.provenance import Provenance
from evaluation.reporting.reports import Report, origin_table

PICTURES = {"html": "svg", "docx": "png", "pdf": "svg"}
STAMP = f'::: {{.stamp custom-style="Answer"}}\n{NOT_FOR_RELEASE}\n:::'

Start = Callable[..., Callable[[], Any]]
"""Begins a function with its arguments and returns how to wait for it."""


def when_asked(function: Callable[..., Any], *given: Any) -> Callable[[], Any]:
    """Run a function in this process, once, when its answer is first asked for."""
    return cache(partial(function, *given))


class Documents:
    """Draws charts and writes reports in every form; leaving the context waits for all.

    Two documents are written at a time: Pandoc and Typst work outside Python, while charts are
    drawn and the next report is put together.

    Parameters
    ----------
    folder : pathlib.Path
        Charts go into ``charts`` within it, which is made.
    forms : sequence of str
        Among ``html``, ``docx``, ``pdf``.
    author : str
        The agency.
    origin : Provenance
        Where the numbers come from.
    house : House
        How the pages look.
    start : callable
        How drawing begins: `when_asked`, or ``SecondProcess.start``.
    """

    def __init__(
        self,
        folder: Path,
        forms: Sequence[str],
        author: str,
        origin: Provenance,
        house: House,
        start: Start = when_asked,
    ):
        self._folder, self._forms, self._house = folder, forms, house
        self._author, self._origin, self._start = author, origin, start
        self._drawn: dict[str, Callable[[], Any]] = {}
        self._pool = ThreadPoolExecutor(2)
        self._written: list[Future] = []
        (folder / "charts").mkdir()

    def draw(self, charts: Iterable[Chart]) -> None:
        """Begin to draw charts; of one name the first is drawn."""
        for chart in charts:
            if chart.name not in self._drawn:
                self._drawn[chart.name] = self._start(Chart.files, chart)

    def write(self, report: Report) -> None:
        """Wait for a report's charts, then begin to write it in every form.

        Charts are asked for from the last on: what begins elsewhere begins with the first.
        """
        self.draw(report.charts)
        for chart in reversed(report.charts):
            for name, content in self._drawn[chart.name]().items():
                write_bytes(self._folder / "charts" / name, content)
            self._drawn[chart.name] = dict
        self._written += [self._pool.submit(self._write, report, form) for form in self._forms]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(cancel_futures=error[0] is not None)
        if error[0] is None:
            for each in self._written:
                each.result()

    def _write(self, report: Report, form: str) -> None:
        page = Page(report.title, self._author, self._origin, self._folder, self._house)
        write_bytes(self._folder / f"{report.name}.{form}", _document(report, form, page))


def _document(report: Report, form: str, page: Page) -> bytes:
    facts = {"picture": PICTURES[form], "origin": origin_table(page.origin)}
    source = write_markdown(report.template, report.facts | facts, page.house)
    if report.audience == "internal":
        source = f"{STAMP}\n\n{source}"
    return getattr(page, form)(source)
