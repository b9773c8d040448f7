"""What is timed: each work, and how the package and each peer do it.

A function takes the data and returns the numbers that must agree with the package's.
"""

import numpy as np
from speed_data import COVARIATES

FORMULA = " + ".join(COVARIATES)
DAYS = [180, 365, 730]


def ours_cox(data):
    import evaluation as ev

    return ev.cox(data, FORMULA, stop="time", event="event", cause=1).table["coef"]


def lifelines_cox(data):
    from lifelines import CoxPHFitter

    used = data[[*COVARIATES, "time"]].assign(event=data["event"] == 1)
    return CoxPHFitter().fit(used, "time", "event").params_


def statsmodels_cox(data):
    from statsmodels.duration.hazard_regression import PHReg

    model = PHReg(data["time"], data[COVARIATES], status=data["event"] == 1, ties="efron")
    return model.fit().params


def scikit_survival_cox(data):
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.util import Surv

    y = Surv.from_arrays(data["event"] == 1, data["time"])
    return CoxPHSurvivalAnalysis(ties="efron").fit(data[COVARIATES].to_numpy(), y).coef_


def coxstream_cox(data):
    from coxstream import CoxStream

    ordered = data.sort_values("time", ascending=False)
    fitted = CoxStream().fit(
        ordered["time"].to_numpy(float),
        (ordered["event"] == 1).to_numpy(float),
        np.ascontiguousarray(ordered[COVARIATES].to_numpy(float)),
    )
    return fitted.coef_


def rust_cox(data):
    import survival

    used = data.assign(event=(data["event"] == 1).astype(int))
    return survival.coef(survival.coxph(f"Surv(time, event) ~ {FORMULA}", used))


def ours_start_stop(data):
    import evaluation as ev

    fitted = ev.cox(
        data,
        f"served + {FORMULA}",
        start="start",
        stop="stop",
        event="event",
        cause=1,
        weights="weight",
        strata="stratum",
        cluster="family",
        id="id",
    )
    return np.concatenate([fitted.table["coef"], fitted.table["robust_se"]])


def rust_start_stop(data):
    import survival

    fitted = survival.coxph(
        f"Surv(start, stop, event) ~ served + {FORMULA} + strata(stratum)",
        data.assign(event=(data["event"] == 1).astype(int)),
        weights="weight",
        cluster="family",
    )
    return np.concatenate([survival.coef(fitted), np.sqrt(np.diag(survival.vcov(fitted)))])


def ours_incidence(data):
    import evaluation as ev

    curves = ev.cumulative_incidence(data, stop="time", event="event", by="group")
    read = curves.at(DAYS)
    return read[read["cause"] == 1]["incidence"]


def statsmodels_incidence(data):
    from statsmodels.duration.survfunc import CumIncidenceRight

    values = []
    for _, part in data.groupby("group"):
        fitted = CumIncidenceRight(part["time"].to_numpy(), part["event"].to_numpy())
        values += [fitted.cinc[0][np.searchsorted(fitted.times, t, "right") - 1] for t in DAYS]
    return values


def ours_weighted_incidence(data):
    import evaluation as ev

    curves = ev.cumulative_incidence(
        data, stop="time", event="event", by="group", weights="weight", cluster="family"
    )
    read = curves.at(DAYS)
    return read[read["cause"] == 1]["incidence"]


def ours_fine_gray(data):
    import evaluation as ev

    fitted = ev.fine_gray(data, FORMULA, stop="time", event="event", cause=1, cluster="family")
    return fitted.table["coef"]


def comprisk_fine_gray(data):
    from comprisk import FineGrayRegression

    return (
        FineGrayRegression(cause=1)
        .fit(
            data[COVARIATES].to_numpy(float),
            time=data["time"].to_numpy(float),
            event=data["event"].to_numpy(int),
        )
        .coef_
    )


OURS = "this package"
COX = "Cox, right-censored, Efron"
START_STOP = "Cox, start–stop, weights, 50 strata, cluster-robust"
INCIDENCE = "Aalen–Johansen, 5 groups, with variance"
WEIGHTED = "Aalen–Johansen, 5 groups, weights, cluster-robust"
FINE_GRAY = "Fine–Gray, cluster-robust"

# work: (kind of data, {who: function, or the name of a job of speed.R})
WORK = {
    COX: (
        "right_censored",
        {
            OURS: ours_cox,
            "coxstream": coxstream_cox,
            "survival (Rust)": rust_cox,
            "lifelines": lifelines_cox,
            "statsmodels": statsmodels_cox,
            "scikit-survival": scikit_survival_cox,
            "R survival": "cox",
        },
    ),
    START_STOP: (
        "start_stop",
        {OURS: ours_start_stop, "survival (Rust)": rust_start_stop, "R survival": "start_stop"},
    ),
    INCIDENCE: (
        "right_censored",
        {OURS: ours_incidence, "statsmodels": statsmodels_incidence, "R survival": "incidence"},
    ),
    WEIGHTED: (
        "right_censored",
        {OURS: ours_weighted_incidence, "R survival (variance by child)": "weighted_incidence"},
    ),
    FINE_GRAY: (
        "right_censored",
        {
            OURS: ours_fine_gray,
            "comprisk (no clusters)": comprisk_fine_gray,
            "R survival (finegray + coxph)": "fine_gray",
            "R cmprsk (no clusters)": "crr",
        },
    ),
}
