"""The outcome of checking an agency's data: counts, quarantine and findings."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from html import escape

import pandas as pd

from evaluation.errors import DataError
from evaluation.sources.quality import DataQuality

_SHOWN = 20


@dataclass(frozen=True, repr=False)
class CheckResult:
    """What a check of an agency's data found.

    Parameters
    ----------
    source : str
        The source as printed.
    counts : pandas.DataFrame
        One row per table: ``table``, ``read``, ``accepted``, ``quarantined``,
        ``blank_lines``. Rows read are rows accepted plus rows quarantined.
    quarantine : pandas.DataFrame
        One row per rule a row breaks: ``table``, ``source``, ``line`` (physical,
        from 1; missing where the source has no lines), ``row_key`` (the primary
        key), ``field``, ``value`` (at most 200 characters), ``rule``, ``message``.
    findings : pandas.DataFrame
        Checks that set no row aside: ``check``, ``table``, ``rows`` (in the
        condition), ``of`` (rows the check could judge), ``share``, ``limit``,
        ``verdict`` (ok, look, exceeds limit, not checked), ``message``.
    measure : callable, optional
        Measures `quality`.
    """

    source: str
    counts: pd.DataFrame
    quarantine: pd.DataFrame
    findings: pd.DataFrame
    measure: Callable[["CheckResult"], DataQuality] | None = field(default=None, compare=False)

    @cached_property
    def quality(self) -> DataQuality:
        """The quality of the data, measured when first asked for, while the agency is open.

        Raises
        ------
        DataError
            If the result holds no agency to measure.
        """
        if self.measure is None:
            raise DataError("This check holds no agency to measure; call check() on one.")
        return self.measure(self)

    def to_frames(self) -> dict[str, pd.DataFrame]:
        """Return the three tables by name."""
        return {
            "counts": self.counts,
            "quarantine": self.quarantine,
            "findings": self.findings,
        }

    @property
    def reasons(self) -> pd.DataFrame:
        """The quarantine in brief: ``table``, ``field``, ``rule``, ``rows``, an ``example``."""
        grouped = self.quarantine.fillna({"field": ""}).groupby(
            ["table", "field", "rule"], sort=False
        )
        brief = grouped.agg(rows=("message", "size"), example=("message", "first"))
        return brief.reset_index()

    def __repr__(self) -> str:
        notable = self.findings[self.findings["verdict"].isin(["look", "exceeds limit"])]
        parts = [f"Check of {self.source}", self.counts.to_string(index=False)]
        parts += [
            f"{row.table}: {row.rows} x {row.rule}, for example: {row.example}"
            for row in self.reasons.itertuples()
        ]
        parts += [f"{row.table}: {row.message}" for row in notable.itertuples()]
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        notable = self.findings[self.findings["verdict"] != "ok"]
        sections = [
            ("Rows", self.counts),
            ("Why rows are quarantined", self.reasons),
            ("Findings", notable[["check", "table", "verdict", "message"]]),
        ]
        parts = [f"<h4>Check of {escape(self.source)}</h4>"]
        for title, table in sections:
            if len(table):
                more = len(table) - _SHOWN
                parts.append(f"<p><strong>{title}</strong></p>")
                with pd.option_context("display.max_colwidth", None):
                    shown = table.head(_SHOWN).to_html(index=False, na_rep="–", border=0)
                parts.append(shown)
                parts.append(f"<p>and {more} more</p>" if more > 0 else "")
        return "".join(parts)
