"""Do predicted risks come true? Observed against predicted, at horizons."""

import warnings as python_warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from statsmodels.genmod.families import Gaussian, links
from statsmodels.genmod.generalized_linear_model import GLM

from evaluation.estimates import clusters as few
from evaluation.estimates.coding import unused_name
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.fit import clusters_of
from evaluation.estimates.hazard_model import HazardModel
from evaluation.estimates.incidence_curve import IncidenceCurves, cumulative_incidence
from evaluation.estimates.predicted_incidence import predict_incidence
from evaluation.estimates.result import Account, Result
from evaluation.estimates.rows import Columns, Rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class Calibration(Result):
    """Observed against predicted risk.

    Parameters
    ----------
    table : DataFrame
        horizon, group, n, events, predicted, observed, se, ci_low, ci_high,
        ratio; groups of rows by predicted risk, the lowest first. ``predicted``
        is the (weighted) mean, ``observed`` the incidence with competing events
        (Kaplan–Meier where there are none), ``ratio`` observed over predicted.
    account : Account
    overall : DataFrame
        horizon, measure, estimate, se, ci_low, ci_high. Measures: observed,
        expected, ratio (1 if risks are right on average), intercept (0 if so;
        its slope held at 1) and slope (1 if low and high risks are apart as much
        as they should be), on the scale log(-log(1 - risk)).
    """

    table: pd.DataFrame
    account: Account
    overall: pd.DataFrame = field(repr=False)

    def plot(self, ax: "Axes | None" = None, *, horizon: float | None = None) -> "Axes":
        """Draw observed against predicted risk at one horizon.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.
        horizon : float, optional
            By default the first.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.estimates.diagnostic_drawing import draw_calibration

        chosen = self.table["horizon"].iloc[0] if horizon is None else horizon
        table = self.table[self.table["horizon"] == chosen]
        if table.empty:
            raise EstimateError(f"There is no horizon {horizon!r}.")
        found = self.overall[self.overall["horizon"] == chosen].set_index("measure").loc["ratio"]
        ratio = tuple(found[["estimate", "ci_low", "ci_high"]])
        return draw_calibration(table, ratio, self.summary(), ax)


def calibration(
    data: pd.DataFrame,
    predicted: str | pd.Series | pd.DataFrame,
    *,
    horizon: float | Sequence[float] | None = None,
    stop: str = "time",
    event: str = "event",
    start: str | None = None,
    weights: str | None = None,
    cluster: Columns = None,
    id: Columns = None,
    cause: int = 1,
    groups: int = 10,
) -> Calibration:
    """Compare predicted risks with what was observed.

    Intercept and slope come from a regression of pseudo-observations of the
    incidence on the predicted risk, with a variance summed by cluster, so that
    censoring and competing events are allowed for.

    Parameters
    ----------
    data : DataFrame
        One row a subject.
    predicted : str, Series or DataFrame
        Risks of the event by the horizon, between 0 and 1: a column of ``data``,
        or a Series with its index, for one horizon; or a DataFrame with its
        index and a column for each horizon (or each (cause, horizon), as
        :func:`predict_incidence` gives).
    horizon : float or sequence of float, optional
        Needed with a column or Series; with a DataFrame, all of its by default.
    stop, event, start : str
        Columns of times and events: 0 none, 1, 2, … causes, or booleans.
    weights : str, optional
        Column of case weights, zero or more; taken as known.
    cluster : str or sequence of str, optional
        Columns of clusters; by default ``id``, then the row.
    id : str or sequence of str, optional
        Columns that say which subject a row is; each has one row.
    cause : int
        The cause whose risk was predicted; other causes compete.
    groups : int
        Groups of rows of about equal number, by predicted risk.

    Returns
    -------
    Calibration

    Raises
    ------
    EstimateError
        If a risk is missing or not between 0 and 1, a subject has several rows, or
        nobody is followed to a horizon; says why.

    References
    ----------
    Gerds, Andersen and Kattan (2014); van Geloven and others (2022) for
    intercept and slope from pseudo-observations; Andersen, Klein and Rosthøj
    (2003) and Jaeckel (1972) for these.
    """
    if not isinstance(data, pd.DataFrame):
        raise EstimateError(f"data must be a pandas DataFrame, not {type(data).__name__}.")
    if not (isinstance(groups, int) and groups >= 1):
        raise EstimateError(f"groups={groups!r} must be 1 or more.")
    columns = {"stop": stop, "event": event, "start": start, "weights": weights}
    options = {**columns, "cluster": cluster, "id": id, "causes": [cause]}
    whole = cumulative_incidence(data, **options)
    rows = whole.grid.rows
    if rows.id is not None and len(rows.id) < len(rows):
        raise EstimateError(
            "Calibration needs one row a subject, as risks are predicted from where follow-up "
            "begins; keep each subject's whole follow-up in one row."
        )
    risks = _risks(data, predicted, horizon, cause).loc[rows.frame.index]
    parts, totals, warnings = [], [], list(whole.warnings)
    for moment in risks:
        risk = risks[moment].to_numpy()
        if moment > whole.last_time(0):
            raise EstimateError(
                f"Nobody is followed to {moment:g} (the last row ends at "
                f"{whole.last_time(0):g}); choose an earlier horizon."
            )
        code = _groups(risk, groups)
        name = unused_name(rows.frame, "risk group")
        curves = cumulative_incidence(rows.frame.assign(**{name: code}), by=name, **options)
        parts.append(_by_group(curves, code, risk, moment))
        overall, said = _overall(whole, risk, moment)
        totals.append(overall)
        warnings += [*curves.warnings, *said]
    told = Account(
        method="calibration",
        n=len(rows),
        events=whole.account.events,
        subjects=whole.account.subjects,
        clusters=whole.clusters,
        options={**{k: v for k, v in options.items() if v is not None}, "groups": groups},
        dropped=dict(rows.dropped),
        notes=[n for n in rows.notes if "No id was given" not in n],
        warnings=list(dict.fromkeys(warnings)),
    )
    tables = (pd.concat(t, ignore_index=True) for t in (parts, totals))
    return Calibration(next(tables), told, next(tables))


def of_models(
    models: Mapping[int, HazardModel],
    horizon: float | Sequence[float],
    data: pd.DataFrame | None,
    groups: int,
    cause: int | None = None,
) -> Calibration:
    """Compare risks predicted by the models of all causes with what was observed.

    Parameters
    ----------
    models : mapping of int to HazardModel
    horizon : float or sequence of float
    data : DataFrame or None
        None: the rows the models were fitted to.
    groups : int
    cause : int, optional
        By default the first of the models.

    Returns
    -------
    Calibration

    Raises
    ------
    EstimateError
        If a cause that occurs has no model, or a subject has several rows.
    """
    first = next(iter(models.values()))
    rows, asked = first.fit.rows, first.account.options
    lacking = sorted(set(rows.causes) - set(models))
    if len(rows.causes) > 1 and lacking:
        raise EstimateError(
            f"Events of cause {', '.join(map(str, lacking))} compete, so a model of cause "
            f"{', '.join(map(str, models))} alone gives no risk; use competing_models."
        )
    used = rows.frame if data is None else data
    predicted = predict_incidence(models, used, horizon)
    columns = ("stop", "event", "start", "weights", "cluster", "id")
    given = {name: asked[name] for name in columns if name in asked}
    chosen = next(iter(models)) if cause is None else cause
    found = calibration(used, predicted, cause=chosen, groups=groups, **given)
    if data is None:
        found.account.notes.append("These are the rows the model was fitted to, which flatters it.")
    return found


def _risks(
    data: pd.DataFrame,
    predicted: str | pd.Series | pd.DataFrame,
    horizon: float | Sequence[float] | None,
    cause: int,
) -> pd.DataFrame:
    """Return the predicted risks, a column a horizon."""
    if isinstance(predicted, pd.DataFrame):
        found = predicted
        if isinstance(found.columns, pd.MultiIndex):
            if cause not in found.columns.get_level_values(0):
                raise EstimateError(f"The predictions hold no risk of cause {cause}.")
            found = found[cause]
        wanted = list(found) if horizon is None else list(np.atleast_1d(horizon))
        lacking = [h for h in wanted if h not in list(found)]
        if lacking:
            raise EstimateError(f"The predictions hold no risk by {lacking[0]:g}.")
        found = found[wanted]
    else:
        if horizon is None or np.ndim(horizon):
            raise EstimateError("Name one horizon= that the predicted risk is of.")
        if isinstance(predicted, str):
            if predicted not in data.columns:
                raise EstimateError(f"No column {predicted!r} in the data.")
            predicted = data[predicted]
        found = pd.DataFrame({float(horizon): predicted})
    if not found.index.equals(data.index):
        raise EstimateError("The predicted risks must have the index of the data.")
    if not data.index.is_unique:
        raise EstimateError("The index of the data must be unique, to match risks to rows.")
    values = found.to_numpy(float)
    if not ((values >= 0) & (values <= 1)).all():
        raise EstimateError("Predicted risks must lie between 0 and 1, none missing.")
    return found.astype(float)


def _groups(risk: np.ndarray, groups: int) -> np.ndarray:
    """Number groups of about equal size from 1, equal risks together."""
    edges = np.unique(np.quantile(risk, np.linspace(0, 1, groups + 1)[1:-1]))
    place = np.searchsorted(edges, risk, side="left")
    return np.unique(place, return_inverse=True)[1] + 1


def _by_group(
    curves: IncidenceCurves, code: np.ndarray, risk: np.ndarray, moment: float
) -> pd.DataFrame:
    read = curves.at(moment)
    weight = curves.grid.rows.case_weights
    with np.errstate(invalid="ignore", divide="ignore"):
        predicted = (np.bincount(code, weight * risk) / np.bincount(code, weight))[1:]
        ratio = read["incidence"].to_numpy() / predicted
    out = pd.DataFrame({"horizon": moment, "group": read["group"], "n": np.bincount(code)[1:]})
    out["events"], out["predicted"], out["observed"] = read["events"], predicted, read["incidence"]
    return out.join(read[["se", "ci_low", "ci_high"]]).assign(ratio=ratio)


def _overall(
    whole: IncidenceCurves, risk: np.ndarray, moment: float
) -> tuple[pd.DataFrame, list[str]]:
    """Return observed, expected, their ratio, intercept and slope, and what could not be had."""
    rows = whole.grid.rows
    read = whole.at(moment).iloc[0]
    weight, observed = rows.case_weights, float(read["incidence"])
    expected = float(weight @ risk / weight.sum())
    influence = whole.influence(moment).iloc[:, 0].to_numpy()
    codes, groups = clusters_of(rows)
    own = weight * (risk - expected) / weight.sum()
    by_cluster = [np.bincount(codes, v) for v in (influence, own)]
    out = [{"measure": "observed", **{k: read[k] for k in ("se", "ci_low", "ci_high")}}]
    out[0]["estimate"] = observed
    out.append(_with_limits("expected", expected, _root(by_cluster[1]), groups))
    if observed > 0 and expected > 0:
        spread = _root(by_cluster[0] / observed - by_cluster[1] / expected)
        logged = _with_limits("ratio", np.log(observed / expected), spread, groups)
        bounds = {k: float(np.exp(logged[k])) for k in ("estimate", "ci_low", "ci_high")}
        out.append({"measure": "ratio", **bounds, "se": bounds["estimate"] * spread})
    else:
        value = observed / expected if expected > 0 else np.nan
        out.append(_with_limits("ratio", value, np.nan, groups))
    found, said = _regression(rows, risk, observed, influence, codes, groups)
    table = pd.DataFrame(out + found)
    table.insert(0, "horizon", moment)
    return table[["horizon", "measure", "estimate", "se", "ci_low", "ci_high"]], said


def _regression(
    rows: Rows,
    risk: np.ndarray,
    observed: float,
    influence: np.ndarray,
    codes: np.ndarray,
    groups: int,
) -> tuple[list[dict], list[str]]:
    """Regress pseudo-observations on the predicted risk, both through log(-log(1 - p))."""
    used = (rows.case_weights > 0) & (risk > 0) & (risk < 1)
    weight = rows.case_weights[used]
    nothing = [_with_limits(m, np.nan, np.nan, groups) for m in ("intercept", "slope")]
    if not used.any() or not 0 < observed < 1:
        return nothing, ["Intercept and slope need risks and an incidence between 0 and 1."]
    said = []
    left_out = int(((rows.case_weights > 0) & ~used).sum())
    if left_out:
        said.append(f"{left_out:,} rows with a risk of 0 or 1 are left out of intercept and slope.")
    pseudo = observed + rows.case_weights.sum() * influence[used] / weight
    line = np.log(-np.log1p(-risk[used]))
    level = np.log(-np.log1p(-observed))
    out = []
    ones = np.ones(len(line))
    for measure, matrix, offset, begin in (
        ("intercept", ones[:, None], line, [level - line.mean()]),
        ("slope", np.column_stack([ones, line]), None, [level, 0.0]),
    ):
        if measure == "slope" and np.ptp(line) < 1e-12:
            said.append("All predicted risks are the same, so there is no slope.")
            out.append(nothing[1])
            continue
        family = Gaussian(links.CLogLog(), check_link=False)
        with python_warnings.catch_warnings():
            python_warnings.simplefilter("ignore")
            model = GLM(pseudo, matrix, family=family, offset=offset, var_weights=weight)
            fitted = model.fit(start_params=np.array(begin), maxiter=200, tol=1e-12)
        if not (fitted.converged and np.isfinite(fitted.params).all()):
            said.append(f"The {measure} could not be estimated.")
            out.append(_with_limits(measure, np.nan, np.nan, groups))
            continue
        eta = matrix @ fitted.params + (0.0 if offset is None else offset)
        steep = np.exp(eta - np.exp(eta))
        bread = np.linalg.inv(matrix.T @ (matrix * (weight * steep**2)[:, None]))
        score = matrix * (weight * steep * (pseudo + np.expm1(-np.exp(eta))))[:, None]
        total = np.stack([np.bincount(codes[used], column) for column in score.T], axis=1)
        se = _root((total @ bread)[:, -1])
        out.append(_with_limits(measure, float(fitted.params[-1]), se, groups))
    return out, said


def _root(by_cluster: np.ndarray) -> float:
    return float(np.sqrt((by_cluster**2).sum()))


def _with_limits(measure: str, estimate: float, se: float, groups: int) -> dict:
    used = float(few.corrected(se, groups)) if groups < few.FEW else se
    half = float(few.quantile(groups)) * used
    return {
        "measure": measure,
        "estimate": estimate,
        "se": se,
        "ci_low": estimate - half,
        "ci_high": estimate + half,
    }
