"""What the effects of a study look like to whoever reads them."""

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.effects.diagnostics import failing, verdict
from evaluation.study import Note

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evaluation.effects.trial.result import TargetTrial

TABLE_COLUMNS = (
    "contrast",
    "outcome",
    "service",
    "comparison",
    "population",
    "horizon",
    "measure",
    "estimate",
    "se",
    "ci_low",
    "ci_high",
    "p",
    "p_adjusted",
    "primary",
    "n_treated",
    "n_comparison",
    "events_treated",
    "events_comparison",
    "clusters",
    "method",
    "p_false_discovery",
    "family",
)


@dataclass(frozen=True)
class Part:
    """The estimates of one contrast, before they are put together.

    ``influence`` holds, by measure and horizon (None for a ratio), each family's
    contribution to the estimate on the scale of its ``se``, ``draws`` the estimates of
    each imputed set.
    """

    rows: list[dict]
    model: pd.DataFrame
    curves: pd.DataFrame = field(default_factory=pd.DataFrame)
    balance: pd.DataFrame = field(default_factory=pd.DataFrame)
    overlap: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: list[Note] = field(default_factory=list)
    beside: list[dict] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    checks: list[dict] = field(default_factory=list)
    trial: object = None
    influence: dict[tuple, pd.Series] = field(default_factory=dict)
    draws: dict[tuple, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Effects:
    """Every contrast of a study.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per contrast, horizon and measure. Risks and differences are shares;
        the ``se`` of a ratio is on the log scale.
    models : pandas.DataFrame
        One row per term of every outcome model.
    curves : pandas.DataFrame
        Weighted cumulative incidence by arm, month by month: ``service``,
        ``outcome``, ``group`` (``yes`` served, ``no`` comparison), ``time`` (days),
        ``at_risk``, ``events``, ``incidence``, ``se``, ``ci_low``, ``ci_high``.
    balance : pandas.DataFrame
        ``service``, ``outcome`` and the columns of ``balance``.
    cannot : pandas.DataFrame
        ``service``, ``outcome``, ``sentence``: what cannot be estimated, why, and
        what is known instead.
    naive : pandas.DataFrame
        ``service``, ``outcome``, ``horizon``, ``risk_ever``, ``risk_never``,
        ``risk_ratio``, ``sentence``: what ever against never would have claimed.
    notes : tuple of Note
        What was left out or decided on the way, with counts.
    beside : pandas.DataFrame
        Results beside the main ones: ``analysis`` (augmented, landmark, grace period,
        exit type, equity group, offered, …), ``variant``, then the columns of ``table``.
    diagnostics : pandas.DataFrame
        ``service``, ``outcome``, ``check``, ``value``, ``limit``, ``verdict`` (pass,
        caution, fail), ``words``.
    missing : pandas.DataFrame
        ``service``, ``outcome``, ``lacking`` (covariates, or "none"), ``children``,
        ``share``: which covariates children lack together.
    home : pandas.DataFrame
        For services that bring the exit about, from the assignment: the columns of
        ``table``; risks are shares home and stable (more is better), and
        ``days_at_home_difference``.
    trials : dict
        By service and outcome, the `TargetTrial` behind the contrast.
    overlap : pandas.DataFrame
        ``service``, ``outcome``, ``low``, ``high``, ``served``, ``compared``: children of
        both arms by their probability of being served.
    sensitivity : pandas.DataFrame
        What `sensitivity` gave, where it was made: the reports show it.
    """

    table: pd.DataFrame
    models: pd.DataFrame
    curves: pd.DataFrame
    balance: pd.DataFrame
    cannot: pd.DataFrame
    naive: pd.DataFrame
    notes: tuple[Note, ...]
    beside: pd.DataFrame = field(default_factory=pd.DataFrame)
    diagnostics: pd.DataFrame = field(default_factory=pd.DataFrame)
    trials: dict[tuple[str, str], "TargetTrial"] = field(default_factory=dict, repr=False)
    sensitivity: pd.DataFrame = field(default_factory=pd.DataFrame)
    overlap: pd.DataFrame = field(default_factory=pd.DataFrame)
    missing: pd.DataFrame = field(default_factory=pd.DataFrame)
    home: pd.DataFrame = field(default_factory=pd.DataFrame)

    def verdict(self, service: str, outcome: str) -> str:
        """Return ``pass``, ``caution`` or ``fail``: the worst of a contrast's diagnostics."""
        return verdict(self.diagnostics, service, outcome)

    def failing(self, service: str, outcome: str) -> list[str]:
        """Name the checks a contrast fails."""
        return failing(self.diagnostics, service, outcome)

    def plot(self, measure: str = "risk_difference", ax: "Axes | None" = None) -> "Axes":
        """Draw a measure of every contrast with its interval, before any report.

        Parameters
        ----------
        measure : str
            Of those in ``table``.
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        StudyError
            If no contrast has the measure.
        """
        from evaluation.effects.drawing import draw_contrasts

        return draw_contrasts(self.table, measure, ax)

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{html.escape(str(note))}</li>" for note in self.notes)
        return f"{self.table.to_html(index=False, escape=True)}<ul>{notes}</ul>"

    def to_dict(self) -> dict[str, Any]:
        """Return the tables as plain lists of records."""
        return {
            name: getattr(self, name).to_dict("records")
            for name in (
                "table",
                "models",
                "curves",
                "balance",
                "cannot",
                "naive",
                "beside",
                "diagnostics",
                "sensitivity",
                "overlap",
                "missing",
                "home",
            )
        } | {"notes": [str(note) for note in self.notes]}
