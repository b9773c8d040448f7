"""Cause-specific and subdistribution hazards of competing events, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd

from evaluation.estimates.calibration import Calibration, of_models
from evaluation.estimates.cox_model import CoxResult, cox
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.fine_gray_model import FineGrayResult, fine_gray
from evaluation.estimates.predicted_incidence import predict_incidence
from evaluation.estimates.result import Account, Result
from evaluation.estimates.rows import Columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class CompetingModels(Result):
    """The models of every cause, on both scales.

    Parameters
    ----------
    table : DataFrame
        term, cause, model (``cause-specific`` or ``subdistribution``), then the
        columns of the models' own tables. Causal ratios are the cause-specific
        ones; a subdistribution ratio describes incidence.
    account : Account
    cause_specific : dict of int to CoxResult
    subdistribution : dict of int to FineGrayResult
    """

    table: pd.DataFrame
    account: Account
    cause_specific: dict[int, CoxResult] = field(repr=False)
    subdistribution: dict[int, FineGrayResult] = field(repr=False)

    def predict_incidence(
        self, data: pd.DataFrame, times: float | Sequence[float], *, intervals: bool = False
    ) -> pd.DataFrame:
        """Predict each cause's incidence from the cause-specific models.

        Parameters
        ----------
        data : DataFrame
        times : float or sequence of float
        intervals : bool
            With standard errors and limits, as a tidy table.

        Returns
        -------
        DataFrame
            As :func:`predict_incidence`.

        References
        ----------
        Benichou and Gail (1990).
        """
        return predict_incidence(self.cause_specific, data, times, intervals=intervals)

    def calibration(
        self,
        horizon: float | Sequence[float],
        data: pd.DataFrame | None = None,
        *,
        cause: int | None = None,
        groups: int = 10,
    ) -> Calibration:
        """Compare the incidences the cause-specific models predict with those observed.

        Parameters
        ----------
        horizon : float or sequence of float
        data : DataFrame, optional
            Other rows, a row a subject; by default those of the models, which
            flatters them.
        cause : int, optional
            By default the first.
        groups : int
            Groups of rows by predicted risk.

        Returns
        -------
        Calibration

        References
        ----------
        van Geloven and others (2022).
        """
        return of_models(self.cause_specific, horizon, data, groups, cause)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the ratios of both scales, term by term.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.estimates.interval_drawing import draw_intervals

        table = self.table
        labels = [
            f"{row['term']}, cause {row['cause']}, {row['model']}"
            for row in table.to_dict("records")
        ]
        return draw_intervals(
            labels,
            table["hazard_ratio"],
            table["ci_low"],
            table["ci_high"],
            axis_label="Hazard ratio (95% interval)",
            reference=1,
            logarithmic=True,
            sides=("fewer events", "more events"),
            about=self.summary(),
            ax=ax,
        )


def competing_models(
    data: pd.DataFrame,
    formula: str,
    *,
    stop: str = "time",
    event: str = "event",
    start: str | None = None,
    weights: str | None = None,
    strata: Columns = None,
    cluster: Columns = None,
    id: Columns = None,
    causes: Sequence[int] | None = None,
    ties: str = "efron",
    offset: str | None = None,
) -> CompetingModels:
    """Fit Cox's and Fine and Gray's models for every cause and set them side by side.

    Parameters
    ----------
    data : DataFrame
        One row a subject; several rows of one ``id`` must differ in their times
        only, as for :func:`fine_gray`.
    formula : str
        Covariates in formulaic's grammar, fixed over time.
    stop, event, start : str
        Columns of times and events: 0 none, 1, 2, … causes.
    weights : str, optional
        Column of case weights, zero or more; taken as known.
    strata, cluster, id : str or sequence of str, optional
        As in :func:`cox`.
    causes : sequence of int, optional
        Causes to model; by default all that occur.
    ties : {"efron", "breslow"}
    offset : str, optional
        Column added to the linear predictor.

    Returns
    -------
    CompetingModels

    Raises
    ------
    EstimateError
        If a model cannot be fitted, or only one cause occurs.

    References
    ----------
    Latouche, Allignol, Beyersmann, Labopin and Fine (2013): report both scales
    for all causes.
    """
    options = {
        "stop": stop,
        "event": event,
        "start": start,
        "weights": weights,
        "strata": strata,
        "cluster": cluster,
        "id": id,
        "ties": ties,
        "offset": offset,
    }
    wanted = _occurring(data, event) if causes is None else list(causes)
    if len(wanted) < 2:
        raise EstimateError(
            f"Competing models need two causes or more; {event!r} holds {wanted or 'none'}. "
            f"With one cause use cox."
        )
    hazards = {c: cox(data, formula, cause=c, **options) for c in wanted}
    subhazards = {c: fine_gray(data, formula, cause=c, **options) for c in wanted}
    kinds = {"cause-specific": hazards, "subdistribution": subhazards}
    parts = []
    for kind, models in kinds.items():
        for cause, model in models.items():
            part = model.table.copy()
            part.insert(1, "cause", cause)
            part.insert(2, "model", kind)
            parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    order = {term: k for k, term in enumerate(hazards[wanted[0]].table["term"])}
    by = table["term"].map(order) * (max(wanted) + 1) + table["cause"]
    table = table.iloc[by.argsort(kind="stable")].reset_index(drop=True)
    one = hazards[wanted[0]].account
    every = [*hazards.values(), *subhazards.values()]
    told = replace(
        one,
        method="competing_models",
        events={c: model.events for c, model in hazards.items()},
        options={k: v for k, v in options.items() if v is not None},
        notes=list(dict.fromkeys(n for m in every for n in m.notes)),
        warnings=list(dict.fromkeys(w for m in every for w in m.warnings)),
    )
    told.notes.append("Subdistribution models always use a robust standard error.")
    return CompetingModels(table, told, hazards, subhazards)


def _occurring(data: pd.DataFrame, event: str) -> list[int]:
    if not isinstance(data, pd.DataFrame):
        raise EstimateError(f"data must be a pandas DataFrame, not {type(data).__name__}.")
    if event not in data.columns:
        raise EstimateError(f"No column {event!r} in the data (named in event).")
    codes = pd.to_numeric(data[event], errors="coerce").dropna()
    return sorted({int(c) for c in codes.unique() if c > 0})
