"""Pictures of practice results for a notebook; the reports draw their own."""

from typing import Any

import numpy as np
import pandas as pd

COLOUR, GUIDE = "#00737A", "#5B6770"


def draw_measures(table: pd.DataFrame, ax: Any = None) -> Any:
    """Draw the rate of every measure with its interval; the share required is a line."""
    rows = table[table["rate"].notna()].reset_index(drop=True)
    ax = _axes(ax, (7.0, 1.0 + 0.32 * max(len(rows), 1)))
    at = np.arange(len(rows))[::-1]
    ax.hlines(at, rows["ci_low"], rows["ci_high"], color=COLOUR)
    ax.plot(rows["rate"], at, "o", color=COLOUR)
    ax.plot(rows["share_required"], at, "|", ms=12, color=GUIDE)
    ax.set_yticks(at, [f"{r.measure}  {r.title}" for r in rows.itertuples()])
    ax.set_xlim(0, 1)
    ax.set_xlabel("share of cases due that met the measure")
    return ax


def draw_run(rows: pd.DataFrame, title: str, required: float | None, ax: Any = None) -> Any:
    """Draw a run chart: the rate of each month, its median, and the share required."""
    rows = rows[rows["rate"].notna()].sort_values("month")
    ax = _axes(ax, (7.0, 3.0))
    ax.fill_between(rows["month"], rows["ci_low"], rows["ci_high"], color=COLOUR, alpha=0.16)
    ax.plot(rows["month"], rows["rate"], "-o", ms=3, color=COLOUR)
    if len(rows):
        ax.axhline(rows["rate"].median(), color=GUIDE, ls="--", lw=1)
    if required is not None:
        ax.axhline(required, color=GUIDE, lw=1)
    ax.set_ylim(0, 1.02)
    ax.set_ylabel("share met")
    ax.set_title(title, loc="left")
    return ax


def draw_dots(labels: list[str], table: pd.DataFrame, axis: str, ax: Any = None) -> Any:
    """Draw values with their intervals, one below the other."""
    ax = _axes(ax, (7.0, 1.0 + 0.32 * max(len(table), 1)))
    at = np.arange(len(table))[::-1]
    ax.hlines(at, table["ci_low"], table["ci_high"], color=COLOUR)
    ax.plot(table["value"], at, "o", color=COLOUR)
    ax.set_yticks(at, labels)
    ax.set_xlabel(axis)
    return ax


def _axes(ax: Any, size: tuple[float, float]) -> Any:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size, layout="constrained")[1]
