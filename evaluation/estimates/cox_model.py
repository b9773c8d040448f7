"""Cox's proportional hazards model."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from evaluation.estimates.concordance import Concordance, concordance
from evaluation.estimates.functional_form import FunctionalForm, functional_form
from evaluation.estimates.grid import risk_sets
from evaluation.estimates.hazard_fit import fitted, read_model, require_events
from evaluation.estimates.hazard_model import HazardModel
from evaluation.estimates.proportionality import Proportionality, proportional_hazards
from evaluation.estimates.residuals import residuals
from evaluation.estimates.rows import Columns

if TYPE_CHECKING:
    from evaluation.estimates.calibration import Calibration


@dataclass(frozen=True, repr=False)
class CoxResult(HazardModel):
    """A fitted Cox model; see :class:`HazardModel` for its fields."""

    @property
    def concordance(self) -> float:
        """Harrell's C: how often, of two comparable rows, the one at higher risk fails first."""
        return self._concordance.value

    @property
    def concordance_se(self) -> float:
        """Standard error of :attr:`concordance`, summed by cluster (Therneau and Watson, 2017)."""
        return self._concordance.se

    @cached_property
    def _concordance(self) -> Concordance:
        return concordance(self.fit)

    def residuals(self, kind: str = "martingale") -> pd.Series | pd.DataFrame:
        """Return residuals with the input's index.

        Parameters
        ----------
        kind : {"martingale", "deviance", "schoenfeld", "score", "dfbeta"}
            Martingale and deviance: one number a row. Schoenfeld: one row an
            event, one column a term. Score and dfbeta: one column a term, the
            case weight included.

        Returns
        -------
        Series or DataFrame
        """
        return residuals(self.fit, kind)

    def proportional_hazards(self, transform: str = "km") -> Proportionality:
        """Test that each coefficient is the same at all times.

        Parameters
        ----------
        transform : {"km", "identity", "rank"}
            The function of time that coefficients may change with: one minus
            the Kaplan–Meier curve just before, time, or the rank of time among
            all observed times.

        Returns
        -------
        Proportionality
            ``table`` with term, statistic, df, p; the last row is GLOBAL. With
            clusters or weights, the robust score test.
        """
        return proportional_hazards(self, transform)

    def functional_form(
        self, covariate: str, *, groups: int = 20, fraction: float = 2 / 3
    ) -> FunctionalForm:
        """Set martingale residuals against a covariate, in the model or not.

        Parameters
        ----------
        covariate : str
            A column of numbers of the data the model was fitted to. Of a model
            without it, the residuals show the form it should have; of a model
            with it, what that form leaves over.
        groups : int
            Groups of values of about equal size.
        fraction : float
            Share of the rows each local regression uses.

        Returns
        -------
        FunctionalForm

        References
        ----------
        Therneau, Grambsch and Fleming (1990); Cleveland (1979).
        """
        return functional_form(self, covariate, groups, fraction)

    def calibration(
        self,
        horizon: float | Sequence[float],
        data: pd.DataFrame | None = None,
        *,
        groups: int = 10,
    ) -> "Calibration":
        """Compare the risks this model predicts with what was observed.

        Parameters
        ----------
        horizon : float or sequence of float
        data : DataFrame, optional
            Other rows, a row a subject; by default those of the model, which
            flatters it.
        groups : int
            Groups of rows by predicted risk.

        Returns
        -------
        Calibration

        Raises
        ------
        EstimateError
            With competing events (one cause's model gives no risk; use
            ``competing_models``), and with several rows a subject.

        References
        ----------
        van Geloven and others (2022).
        """
        from evaluation.estimates.calibration import of_models

        return of_models({self.account.options.get("cause", 1): self}, horizon, data, groups)


def cox(
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
    cause: int | None = None,
    ties: str = "efron",
    offset: str | None = None,
) -> CoxResult:
    """Fit Cox's model to follow-up rows, right-censored or ``(start, stop]``.

    Parameters
    ----------
    data : DataFrame
        One row a subject, or several rows a subject with ``start``.
    formula : str
        Covariates in formulaic's grammar, as in ``"age + C(county)"``.
    stop, event, start : str
        Columns of times and events: 0 none, 1, 2, … causes, or booleans.
    weights : str, optional
        Column of case weights, zero or more; taken as known.
    strata : str or sequence of str, optional
        Columns whose combinations have baseline hazards of their own.
    cluster : str or sequence of str, optional
        Columns whose combinations may share luck; by default ``id``, then (with
        weights) the row.
    id : str or sequence of str, optional
        Columns that say which rows are one subject.
    cause : int, optional
        The cause of interest, needed with several; others end follow-up.
    ties : {"efron", "breslow"}
        How tied events are handled.
    offset : str, optional
        Column added to the linear predictor.

    Returns
    -------
    CoxResult

    Raises
    ------
    EstimateError
        If the data or the formula cannot give the estimate; says why.

    References
    ----------
    Cox (1972); Efron (1977); Lin and Wei (1989) for the robust variance.
    """
    options = {
        "stop": stop,
        "event": event,
        "start": start,
        "weights": weights,
        "strata": strata,
        "cluster": cluster,
        "id": id,
        "cause": cause,
        "ties": ties,
        "offset": offset,
    }
    rows, columns = read_model(data, formula, options)
    failed = rows.of_cause(cause, "cox")
    require_events(rows, failed, f"the event in {event!r}")
    sets = risk_sets(rows.strata.codes, len(rows.strata), rows.start, rows.stop, failed)
    robust = rows.cluster is not None or rows.weights is not None
    return fitted(CoxResult, "cox", rows, failed, sets, formula, columns, options, robust)
