"""The rule of a release: a named profile, its threshold, and how it prints a count."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from evaluation.reporting.disclosure.cells import Cells, with_totals
from evaluation.reporting.disclosure.published import Published
from evaluation.reporting.numerals import SUPPRESSED
from evaluation.study import ReportSettings

MOST_HIDDEN = 0.2
BASE = 5
NOT_FOR_RELEASE = "Exact numbers: for internal use, not for release."
_COUNT_OF = re.compile(r"\b(?P<count>\d[\d,]*)(?P<of> of )(?P<whole>\d[\d,]*)")
_LIMIT_ON_FAMILIES = re.compile(r"Of (?P<count>\d[\d,]*) families followed to [^;]*; (?P<next>.)")
_SHARE = re.compile(r" \(\d+(?:\.\d+)?%\)")
_UNITS = "child|exit|famil|row|episode|removal|report|spell|record|closure|placement|service|event"
_COUNT_OF_UNITS = re.compile(rf"\b(?P<count>\d[\d,]*)(?= (?:[a-z-]+ )?(?:{_UNITS}))")


@dataclass(frozen=True)
class Disclosure:
    """The rule of a release.

    Parameters
    ----------
    below : int
        Counts from 1 to ``below - 1`` are hidden; 0 turns disclosure control off.
    profile : str
        ``threshold``; ``cms``: nothing derived from a hidden count is shown either, as the
        cell-size policy of the Centers for Medicare & Medicaid Services (2020) asks;
        ``rounded``: counts are shown to the nearest 5, as OpenSAFELY does (2021), and
        shares as far as that allows; ``none``: everything is shown, for internal use.
    before : Published
        What last year's report showed: a count that differs from it by as few is hidden.
    """

    below: int
    profile: str = "threshold"
    before: Published = field(default_factory=Published)

    @classmethod
    def of(cls, settings: ReportSettings, before: Published | None = None) -> "Disclosure":
        """Return the rule a study's report asks for."""
        return cls(settings.hidden_below, settings.profile, before or Published())

    @property
    def on(self) -> bool:
        """Whether anything at all is hidden."""
        return self.below > 1

    @property
    def audience(self) -> str:
        """``release``, or ``internal`` where nothing is hidden."""
        return "release" if self.on else "internal"

    @property
    def rounds(self) -> bool:
        """Whether counts are rounded."""
        return self.on and self.profile == "rounded"

    @property
    def strict(self) -> bool:
        """Whether what is derived from a hidden count is hidden with it."""
        return self.on and self.profile == "cms"

    def hides(self, count: float) -> bool:
        """Tell whether a count is small; zero is not."""
        return 0 < count < self.below

    def hides_cell(self, table: str, row: object, column: object, count: int) -> bool:
        """Tell whether a count is small, or differs by few from what last year showed there."""
        known = self.before.count(table, row, column)
        return self.hides(count) or (known is not None and self.hides(abs(count - known)))

    def shown(self, count: float) -> int:
        """Return a count as it is printed: rounded where the profile rounds."""
        if not self.rounds:
            return int(count)
        return BASE * int(np.floor(count / BASE + 0.5))

    def count(self, count: int) -> int | str:
        """Return the count as printed, or `SUPPRESSED` where it is small."""
        return SUPPRESSED if self.hides(count) else self.shown(count)

    def grid(self, share: float, of: float) -> float:
        """Return a share of so many as printed: to the nearest 5 of them, rounded too."""
        whole = self.shown(of) if self.rounds else 0
        if not whole or pd.isna(share):
            return share
        return min(1.0, float(np.floor(share * whole / BASE + 0.5)) * BASE / whole)

    def part(self, count: float, of: float) -> float | None:
        """Return the share one shown count is of another."""
        return self.shown(count) / self.shown(of) if self.shown(of) else None

    def say(self, count: int) -> str:
        """Write a count into a sentence."""
        if self.hides(count):
            return f"fewer than {self.below}"
        return f"{self.shown(count):,}"

    def conceal(self, sentence: str) -> str:
        """Return a sentence made elsewhere with its small "N of M" counts told as small.

        The share in parentheses, and a limit computed from a small number of
        families, go with them. Where the profile rounds, counts of units are rounded.
        """

        def told(found: re.Match) -> str:
            small = self.hides(_number(found["count"]))
            if not small and not self.rounds:
                return found[0]
            return self.say(_number(found["count"])) + found["of"] + self.say_whole(found["whole"])

        def without_limit(found: re.Match) -> str:
            small = self.hides(_number(found["count"]))
            return found["next"].upper() if small else found[0]

        def rounded(found: re.Match) -> str:
            return found[0] if _number(found["count"]) < self.below else self.say(_number(found[0]))

        concealed = _LIMIT_ON_FAMILIES.sub(without_limit, sentence)
        concealed = _COUNT_OF.sub(told, concealed)
        if self.rounds:
            concealed = _COUNT_OF_UNITS.sub(rounded, concealed)
        return sentence if concealed == sentence else _SHARE.sub("", concealed)

    def say_whole(self, text: str) -> str:
        """Write a whole of which a part is told; small wholes stay as they are."""
        return f"{self.shown(_number(text)):,}" if self.rounds else text

    @property
    def words(self) -> str:
        """The rule in words, for the foot of a chart or table."""
        if not self.on:
            return NOT_FOR_RELEASE
        said = f"Counts of 1 to {self.below - 1}, and what would give them back, are shown as s."
        if self.rounds:
            said += f" Other counts are rounded to the nearest {BASE}, shares as far."
        if self.strict:
            said += " No rate rests on a hidden count."
        return said

    def before_table(
        self, table: str, rows: Sequence[object], columns: Sequence[object], total: str = "all"
    ) -> np.ndarray | None:
        """Return last year's counts of a table with its totals, missing where not shown."""
        return self.before.cells(table, [*rows, total], [*columns, total])

    def hidden_one_way(
        self,
        counts: Sequence[int],
        total_fixed: bool = True,
        before: np.ndarray | None = None,
        total_hidden: bool = False,
        also: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return which of several counts are hidden when their total is also shown.

        Parameters
        ----------
        counts : sequence of int
            The counts.
        total_fixed : bool
            Whether the total is shown whatever happens.
        before : numpy.ndarray, optional
            Last year's counts and, last, their total; missing where not shown.
        total_hidden : bool
            Whether the total is hidden whatever it is.
        also : numpy.ndarray of bool, optional
            Counts to hide whatever they are.

        Returns
        -------
        numpy.ndarray of bool
            One for each count, and a last one for the total.
        """
        column = np.asarray(counts, dtype=int)[:, None]
        known = None if before is None else np.repeat(np.asarray(before)[:, None], 2, axis=1)
        fixed = None if also is None else np.asarray(also, dtype=bool)[:, None]
        if not total_fixed:
            return self.hidden(column, before=known, also=fixed)[:, 0]
        hide = total_hidden or self.hides(int(column.sum()))
        return self.hidden(column, columns_hidden=[hide], before=known, also=fixed)[:, 0]

    def hidden(
        self,
        counts: np.ndarray,
        *,
        rows_hidden: Sequence[bool] | None = None,
        columns_hidden: Sequence[bool] | None = None,
        also: np.ndarray | None = None,
        before: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return which cells of a two-way table of counts are hidden.

        Parameters
        ----------
        counts : numpy.ndarray of int
            Rows by columns, without totals.
        rows_hidden, columns_hidden : sequence of bool, optional
            Totals decided before because other tables share them: hidden or
            shown, they stay so. Otherwise totals may be hidden like any cell.
        also : numpy.ndarray of bool, optional
            Cells to hide whatever their count.
        before : numpy.ndarray, optional
            Last year's counts with totals, missing where not shown.

        Returns
        -------
        numpy.ndarray of bool
            One row and one column more than ``counts``: the totals.
        """
        table = Cells(self, counts, rows_hidden, columns_hidden, before)
        if also is not None:
            table.hidden[:-1, :-1] |= also
        if self.on or also is not None:
            table.protect()
        return table.hidden

    def table(self, counts: pd.DataFrame, total: str = "all", **fixed) -> pd.DataFrame:
        """Return a two-way table with totals, its hidden cells as `SUPPRESSED`."""
        values = counts.to_numpy(dtype=int)
        whole = np.vectorize(self.shown, otypes=[object])(with_totals(values))
        whole[self.hidden(values, **fixed)] = SUPPRESSED
        return pd.DataFrame(whole, index=[*counts.index, total], columns=[*counts.columns, total])

    def without_last_year(self) -> "Disclosure":
        """Return the same rule for tables that last year's report does not have."""
        return replace(self, before=Published())


def _number(text: str) -> int:
    return int(text.replace(",", ""))
