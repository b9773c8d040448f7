"""What every result of this room has in common: plain records and a notebook view."""

import html
import math
from typing import Any

import numpy as np
import pandas as pd

_SHOWN_ROWS = 60


class PracticeResult:
    """Face of a result: ``.table``, ``.notes``, ``to_dict`` and a notebook view."""

    table: pd.DataFrame
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.table)} rows)"

    def _records(self, *names: str) -> dict[str, list[dict]]:
        return {name: plain(getattr(self, name)) for name in names}

    def _repr_html_(self) -> str:
        shown = self.table.head(_SHOWN_ROWS).to_html(index=False, escape=True)
        notes = "".join(f"<li>{html.escape(str(note))}</li>" for note in self.notes)
        return f"{shown}<ul>{notes}</ul>"


def plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows as plain values, ready for JSON; missing ones are None."""
    return [
        {name: _value(value) for name, value in row.items()}
        for row in table.astype(object).to_dict("records")
    ]


def _value(value: Any) -> Any:
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()[:10]
    return value
