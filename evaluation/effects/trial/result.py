"""A target trial's estimates and what they rest on."""

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.study import Note

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class TargetTrial:
    """A target trial's estimates and what they rest on.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per horizon and measure for the main grace period, columns as in
        ``ev.effects``. Risks and differences are shares, days lost are days; the ``se``
        of a ratio is on the log scale.
    by_grace : pandas.DataFrame
        ``grace_days``, ``starters`` (children who stand for those undecided before the
        last days), ``horizon``, ``measure``, ``estimate``, ``se``, ``ci_low``,
        ``ci_high``, ``p``: the main grace period, half and double it.
    protocol : pandas.DataFrame
        ``element``, ``words``: the trial emulated.
    curves : pandas.DataFrame
        ``group`` (``yes`` treated, ``no`` comparison), ``time`` (days), ``at_risk``
        (children, unweighted), ``events`` so far, ``incidence``, ``se``, ``ci_low``,
        ``ci_high``.
    balance : pandas.DataFrame
        ``when`` (``exit``, ``end of grace``) and the columns of ``balance``.
    other_services : pandas.DataFrame
        What else the arms received.
    weights : pandas.DataFrame
        How many children the weighted arms are worth.
    replicates : numpy.ndarray
        Estimates of every replicate: (replicate, grace period, arm, horizon, risk and
        days lost).
    notes : tuple of Note
        The strategies in words, who was left out, what failed.
    """

    table: pd.DataFrame
    by_grace: pd.DataFrame
    protocol: pd.DataFrame
    curves: pd.DataFrame
    balance: pd.DataFrame
    other_services: pd.DataFrame
    weights: pd.DataFrame
    replicates: np.ndarray
    notes: tuple[Note, ...]

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{html.escape(str(note))}</li>" for note in self.notes)
        return f"{self.table.to_html(index=False, escape=True)}<ul>{notes}</ul>"

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw cumulative incidence under both strategies with 95% bands.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.effects.drawing import draw_arms

        return draw_arms(self.curves, self.table, ax)

    def to_dict(self) -> dict[str, Any]:
        """Return the tables as plain lists of records."""
        names = ("table", "by_grace", "protocol", "curves", "balance", "other_services", "weights")
        return {name: getattr(self, name).to_dict("records") for name in names} | {
            "notes": [str(note) for note in self.notes]
        }
