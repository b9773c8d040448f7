"""What every result of this room has in common: a table, an account of it, a face."""

import math
import platform
from dataclasses import dataclass, field
from functools import cache
from html import escape
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import pandas as pd

from evaluation.estimates.rows import Rows

_SHOWN_ROWS = 60


@dataclass(frozen=True)
class Account:
    """How a result came about.

    Parameters
    ----------
    method : str
        Name of the estimator.
    n : int
        Rows used.
    events : int or dict of int to int
        Events in these rows, unweighted; by cause where there are several.
    subjects, clusters : int or None
        Distinct ids and clusters; None where none were named.
    formula : str or None
        Right-hand side of a model.
    options : dict
        Columns and choices of the call.
    dropped : dict of str to int
        Rows left out, by reason.
    notes, warnings : list of str
        What a reader must know; what a reader must heed.
    """

    method: str
    n: int
    events: int | dict[int, int]
    subjects: int | None = None
    clusters: int | None = None
    formula: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def account(
    rows: Rows,
    method: str,
    events: int | dict[int, int],
    *,
    formula: str | None = None,
    warnings: list[str] | None = None,
    **options: Any,
) -> Account:
    """Write the account of an estimate made from ``rows``.

    Parameters
    ----------
    rows : Rows
    method : str
    events : int or dict
    formula : str, optional
    warnings : list of str, optional
        In addition to those of the rows.
    **options
        The call's columns and choices; those that are None are left out.

    Returns
    -------
    Account
    """
    return Account(
        method=method,
        n=len(rows),
        events=events,
        subjects=None if rows.id is None else len(rows.id),
        clusters=None if rows.cluster is None else len(rows.cluster),
        formula=formula,
        options={k: v for k, v in options.items() if v is not None},
        dropped=dict(rows.dropped),
        notes=list(rows.notes),
        warnings=[*rows.warnings, *(warnings or [])],
    )


class Result:
    """Face of a result: ``.table``, counts, ``to_dict`` and a notebook view.

    A subclass is a frozen dataclass with the fields ``table`` (DataFrame) and
    ``account`` (:class:`Account`).
    """

    table: pd.DataFrame
    account: Account

    @property
    def n(self) -> int:
        """Rows used."""
        return self.account.n

    @property
    def events(self) -> int | dict[int, int]:
        """Events in the rows used; by cause where there are several."""
        return self.account.events

    @property
    def clusters(self) -> int | None:
        """Distinct clusters; None where the rows are taken as independent."""
        return self.account.clusters

    @property
    def dropped(self) -> dict[str, int]:
        """Rows left out, by reason."""
        return self.account.dropped

    @property
    def notes(self) -> list[str]:
        """What a reader must know."""
        return self.account.notes

    @property
    def warnings(self) -> list[str]:
        """What a reader must heed."""
        return self.account.warnings

    def to_dict(self) -> dict[str, Any]:
        """Return the result and how it came about as plain values, ready for JSON.

        Returns
        -------
        dict
            method, formula, options, n, events, subjects, clusters, dropped,
            notes, warnings, versions and the rows of ``table``; missing and
            infinite numbers become None, ``"inf"`` or ``"-inf"``.
        """
        told = self.account
        return {
            "method": told.method,
            "formula": told.formula,
            "options": _plain(told.options),
            "n": told.n,
            "events": _plain(told.events),
            "subjects": told.subjects,
            "clusters": told.clusters,
            "dropped": dict(told.dropped),
            "notes": list(told.notes),
            "warnings": list(told.warnings),
            "versions": versions(),
            "table": _plain(self.table.to_dict("records")),
        }

    def summary(self) -> str:
        """Say in one line what was counted."""
        told = self.account
        if isinstance(told.events, dict):
            events = ", ".join(f"{n:,} of cause {c}" for c, n in told.events.items()) or "0"
        else:
            events = f"{told.events:,}"
        parts = [f"{told.n:,} rows", f"events: {events}"]
        if told.clusters is not None:
            parts.append(f"{told.clusters:,} clusters")
        if told.dropped:
            reasons = ", ".join(f"{n:,} {why}" for why, n in told.dropped.items())
            parts.append(f"left out: {reasons}")
        model = f"{told.method} ({told.formula})" if told.formula else told.method
        return f"{model}: " + "; ".join(parts)

    def __repr__(self) -> str:
        """Show the summary, the first rows of the table and the warnings."""
        said = [f"Warning: {w}" for w in self.warnings]
        return "\n".join([self.summary(), self.table.to_string(max_rows=20), *said])

    def _repr_html_(self) -> str:
        table = self.table.to_html(
            index=False, max_rows=_SHOWN_ROWS, na_rep="–", float_format=_short, border=0
        )
        said = "".join(f"<p><strong>Warning:</strong> {escape(w)}</p>" for w in self.warnings)
        noted = "".join(f"<p>{escape(w)}</p>" for w in self.notes)
        return f"<div><p>{escape(self.summary())}</p>{table}{said}{noted}</div>"


@cache
def versions() -> dict[str, str]:
    """Return the versions of the packages that numbers come from."""
    found = {"python": platform.python_version()}
    for name in ("permanency-evaluation", "numpy", "scipy", "pandas", "formulaic"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _short(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def _plain(value: Any) -> Any:
    """Return plain Python values: no numpy, no NaN."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(value) if math.isinf(value) else value
    if value is None or isinstance(value, (str, int, bool)):
        return value
    return str(value)
