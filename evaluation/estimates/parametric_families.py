"""The families of parametric models, each fitted on a matrix of centred covariates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.estimates.errors import EstimateError

_TINY = 1e-12


@dataclass(frozen=True)
class Fitted:
    """A fitted family: parameters with the covariates' coefficients first.

    Parameters
    ----------
    params : ndarray of float
    covariance : ndarray of float
    baseline : list of str
        Names of the parameters after the covariates'.
    located : list of int
        Parameters that shift when covariates are measured from elsewhere.
    loglik : float
    ratio_of : {"times", "hazards"}
    survival : callable
        From parameters, covariates and times to probabilities of no event so far,
        shape (rows, times).
    """

    params: np.ndarray
    covariance: np.ndarray
    baseline: list[str]
    located: list[int]
    loglik: float
    ratio_of: str
    survival: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def _frame(x: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(x, columns=[f"x{k}" for k in range(x.shape[1])])


def _with_outcome(
    x: np.ndarray, start: np.ndarray | None, stop: np.ndarray, failed: np.ndarray
) -> tuple[pd.DataFrame, dict[str, str]]:
    frame = _frame(x).assign(stop=stop, failed=failed.astype(int))
    columns = {"duration_col": "stop", "event_col": "failed"}
    if start is not None:
        frame["start"] = start
        columns["entry_col"] = "start"
    return frame, columns


def _accelerated(fitter, names: tuple[str, str], labels: list[str], tail: Callable):
    """Wrap one of lifelines' accelerated failure time models."""

    def fit(x, start, stop, failed, **_) -> Fitted:
        model = fitter()
        frame, columns = _with_outcome(x, start, stop, failed)
        model.fit(frame, **columns)
        terms = [(names[0], f"x{k}") for k in range(x.shape[1])]
        order = [*terms, (names[0], "Intercept"), (names[1], "Intercept")]
        return Fitted(
            params=model.params_[order].to_numpy(),
            covariance=model.variance_matrix_.loc[order, order].to_numpy(),
            baseline=labels,
            located=[x.shape[1]],
            loglik=float(model.log_likelihood_),
            ratio_of="times",
            survival=lambda params, new, times: tail(
                np.log(np.maximum(times, _TINY)) - (new @ params[:-2] + params[-2])[:, None],
                np.exp(params[-1]),
            ),
        )

    return fit


def _weibull_tail(log_ratio: np.ndarray, shape: float) -> np.ndarray:
    return np.exp(-np.exp(shape * log_ratio))


def _lognormal_tail(log_ratio: np.ndarray, spread: float) -> np.ndarray:
    return stats.norm.sf(log_ratio / spread)


def _weibull(x, start, stop, failed, **options) -> Fitted:
    from lifelines import WeibullAFTFitter

    labels = ["log scale", "log shape"]
    fit = _accelerated(WeibullAFTFitter, ("lambda_", "rho_"), labels, _weibull_tail)
    return fit(x, start, stop, failed, **options)


def _lognormal(x, start, stop, failed, **options) -> Fitted:
    from lifelines import LogNormalAFTFitter

    labels = ["mean of log time", "log standard deviation of log time"]
    fit = _accelerated(LogNormalAFTFitter, ("mu_", "sigma_"), labels, _lognormal_tail)
    return fit(x, start, stop, failed, **options)


def _spline(x, start, stop, failed, *, knots: int, **_) -> Fitted:
    if knots < 2:
        raise EstimateError(f"knots={knots!r} must be 2 or more.")
    fitter = _spline_fitter(knots)
    frame, columns = _with_outcome(x, start, stop, failed)
    shapes = [f"gamma{k}_" for k in range(knots)]
    regressors = {"beta_": [f"x{k}" for k in range(x.shape[1])]}
    regressors |= {name: ["one"] for name in shapes}
    fitter.fit(frame.assign(one=1.0), regressors=regressors, **columns)
    order = [("beta_", f"x{k}") for k in range(x.shape[1])] + [(name, "one") for name in shapes]

    def survival(params: np.ndarray, new: np.ndarray, times: np.ndarray) -> np.ndarray:
        p = new.shape[1]
        level = fitter.log_hazard_of_time(params[p:], np.log(np.maximum(times, _TINY)))
        return np.exp(-np.exp((new @ params[:p])[:, None] + level))

    return Fitted(
        params=fitter.params_[order].to_numpy(),
        covariance=fitter.variance_matrix_.loc[order, order].to_numpy(),
        baseline=[f"spline {k}" for k in range(knots)],
        located=[x.shape[1]],
        loglik=float(fitter.log_likelihood_),
        ratio_of="hazards",
        survival=survival,
    )


def _spline_fitter(knots: int):
    """Royston and Parmar's proportional hazards spline, as a model of lifelines."""
    from autograd import numpy as anp
    from lifelines.fitters import ParametricRegressionFitter
    from lifelines.fitters.mixins import SplineFitterMixin
    from lifelines.utils.safe_exp import safe_exp

    class ProportionalSpline(SplineFitterMixin, ParametricRegressionFitter):
        _KNOWN_MODEL = True
        _FAST_MEDIAN_PREDICT = False
        _scipy_fit_method = "SLSQP"
        fit_intercept = False

        def __init__(self):
            self._fitted_parameter_names = ["beta_", *(f"gamma{k}_" for k in range(knots))]
            super().__init__()

        def _create_initial_point(self, Ts, E, entries, weights, Xs):
            count = np.asarray(E).sum()
            start = {f"gamma{k}_": np.zeros(1) for k in range(knots)}
            start["gamma0_"] = np.array([np.log(count / np.asarray(Ts[0]).sum())])
            start["gamma1_"] = np.ones(1)
            return [{"beta_": np.zeros(len(Xs["beta_"].columns)), **start}]

        def _pre_fit_model(self, Ts, E, df):
            times = np.log(np.asarray(Ts[0])[np.asarray(E).astype(bool)])
            self.knots = np.quantile(times, np.linspace(0, 1, knots))

        def _cumulative_hazard(self, params, T, Xs):
            gammas = [params[f"gamma{k}_"] for k in range(knots)]
            level = self.log_hazard_of_time(gammas, anp.log(anp.maximum(T, _TINY)))
            return safe_exp(level + anp.dot(Xs["beta_"], params["beta_"]))

        def log_hazard_of_time(self, gammas, log_time):
            total = gammas[0] + gammas[1] * log_time
            for k in range(2, knots):
                total = total + gammas[k] * self.basis(
                    log_time, self.knots[k - 1], self.knots[0], self.knots[-1]
                )
            return total

    return ProportionalSpline()


def _piecewise(x, start, stop, failed, *, breaks: Sequence[float] | None, **_) -> Fitted:
    """Piecewise constant hazard: a Poisson model of events per time, band by band."""
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    begin = np.zeros(len(stop)) if start is None else start
    if breaks is None:
        breaks = np.unique(np.quantile(stop[failed], [0.2, 0.4, 0.6, 0.8], method="lower"))
    inner = np.asarray(breaks, float)
    if inner.ndim != 1 or not (inner > 0).all() or (np.diff(inner) <= 0).any():
        raise EstimateError(f"breaks={breaks!r} must be increasing times above 0.")
    edges = np.concatenate([[0.0], inner, [np.inf]])
    time = np.clip(
        np.minimum(stop[:, None], edges[1:]) - np.maximum(begin[:, None], edges[:-1]), 0, None
    )
    events = failed[:, None] & (stop[:, None] > edges[:-1]) & (stop[:, None] <= edges[1:])
    names = [f"log hazard in ({a:g}, {b:g}]" for a, b in zip(edges[:-1], edges[1:], strict=True)]
    if not events.any(axis=0).all():
        empty = names[int(np.argmin(events.any(axis=0)))].removeprefix("log hazard in ")
        raise EstimateError(f"No event in {empty}, so its hazard cannot be estimated; widen it.")
    row, band = np.nonzero(time)
    level = np.equal.outer(band, np.arange(len(names))).astype(float)
    exposure, happened = time[row, band], events[row, band].astype(float)
    matrix = np.column_stack([x[row], level])
    model = GLM(happened, matrix, family=Poisson(), exposure=exposure)
    fitted = model.fit(maxiter=100, tol=1e-12)
    p = x.shape[1]
    line = matrix @ fitted.params
    loglik = float(happened @ line - (exposure * np.exp(line)).sum())

    def survival(params: np.ndarray, new: np.ndarray, times: np.ndarray) -> np.ndarray:
        spent = np.clip(np.minimum(times[:, None], edges[1:]) - edges[:-1], 0, None)
        return np.exp(-np.exp(new @ params[:p])[:, None] * (spent @ np.exp(params[p:])))

    return Fitted(
        params=np.asarray(fitted.params),
        covariance=np.asarray(fitted.cov_params()),
        baseline=names,
        located=list(range(p, p + len(names))),
        loglik=loglik,
        ratio_of="hazards",
        survival=survival,
    )


FAMILIES: dict[str, Callable[..., Fitted]] = {
    "weibull": _weibull,
    "lognormal": _lognormal,
    "piecewise": _piecewise,
    "spline": _spline,
}
