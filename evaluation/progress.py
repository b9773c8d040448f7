"""How long work goes on: a line on a terminal, a log with ``--verbose``, silence in a pipe."""

import logging
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text

LOG = logging.getLogger("evaluation")
QUIET_SECONDS = 2
# Shares of the time a user waits, measured on a simulated agency of 20,000 children and two cores.
SHARES = {
    "Simulating": 7,
    "Converting every row": 26,
    "Checking every row": 26,
    "Measuring data quality": 3,
    "Building the cohort": 4,
    "Estimating effects": 45,
    "Measuring practice": 18,
    "Trying other choices": 10,
    "Weighing the evidence": 4,
    "Computing the truth": 1,
    "Writing the reports": 36,
}


class Steps:
    """Runs the steps of a command and says where it stands.

    Parameters
    ----------
    planned : tuple of str
        The steps that will come, by the first words of each; the remaining time is
        estimated from how long those before took and from `SHARES`.
    console : rich.console.Console
        Where it is said; nothing is, unless it is a terminal.
    clock : callable
        Seconds that only grow.
    """

    def __init__(
        self,
        planned: tuple[str, ...],
        console: Console,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._left = list(planned)
        self._console = console
        self._clock = clock
        self._done = 0.0
        self._spent = 0.0

    def __call__(self, words: str, work: Callable[[], Any]) -> Any:
        """Run a step and return what it gives."""
        share = self._take(words)
        begun = self._clock()
        LOG.info("%s …", words)
        try:
            return self._shown(words, work, share, begun)
        finally:
            took = self._clock() - begun
            self._done, self._spent = self._done + share, self._spent + took
            LOG.info("%s: %.1f s", words, took)

    def remaining(self, share: float, elapsed: float) -> float | None:
        """Return seconds left, or None while there is nothing to estimate them from.

        Parameters
        ----------
        share : float
            Of the step that is running.
        elapsed : float
            Seconds it has been running.
        """
        if not self._done:
            return None
        pace = self._spent / self._done
        later = sum(_share(words) for words in self._left)
        return pace * later + max(pace * share - elapsed, 0)

    def _take(self, words: str) -> float:
        """Strike a step, and those planned before it that did not come, off the plan."""
        names = [words.startswith(name) for name in self._left]
        if True in names:
            del self._left[: names.index(True) + 1]
        return _share(words)

    def _shown(self, words: str, work: Callable[[], Any], share: float, begun: float) -> Any:
        if not self._console.is_terminal or LOG.isEnabledFor(logging.INFO):
            return work()
        times = _Times(lambda: self._times(share, self._clock() - begun))
        columns = (SpinnerColumn(), TextColumn("{task.description} …"), times)
        with Progress(*columns, console=self._console, transient=True) as line:
            line.add_task(words, total=None)
            return work()

    def _times(self, share: float, elapsed: float) -> str:
        if elapsed < QUIET_SECONDS:
            return ""
        left = self.remaining(share, elapsed)
        return _minutes(elapsed) + ("" if left is None else f", about {_minutes(left)} left")


class _Times(ProgressColumn):
    def __init__(self, say: Callable[[], str]):
        super().__init__()
        self._say = say

    def render(self, task: Task) -> Text:
        return Text(self._say(), style="dim")


def _share(words: str) -> float:
    return next((share for name, share in SHARES.items() if words.startswith(name)), 5)


def _minutes(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
