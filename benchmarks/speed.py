"""Time the package beside its peers on the same data, as ratios; write RESULTS.md.

Each measurement runs in a process of its own, on one thread, so that peak memory
is its own. A peer that is not installed is named as such, never guessed.

    python benchmarks/speed.py --rows 1000000          # everything; minutes
    python benchmarks/speed.py --rows 20000 --check    # small, to see that it runs
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
COVARIATES = [f"x{k}" for k in range(1, 10)]
FORMULA = " + ".join(COVARIATES)
ONE_THREAD = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "RAYON_NUM_THREADS",
        "NUMBA_NUM_THREADS",
    )
}


def right_censored(children: int) -> pd.DataFrame:
    """Children with nine covariates, integer days, two causes, sibling clusters, five groups."""
    random = np.random.default_rng(1)
    x = random.normal(size=(children, 9))
    x[:, 5:] = x[:, 5:] > 0.3
    beta = np.array([0.3, -0.2, 0.1, 0.0, 0.05, 0.4, -0.3, 0.2, 0.0])
    family = np.sort(random.integers(0, max(children * 2 // 3, 2), children))
    rate = 3e-4 * np.exp(x @ beta) * random.gamma(2, 0.5, family.max() + 1)[family]
    first = random.exponential(1 / rate)
    other = random.exponential(1 / 1.5e-4, children)
    leave = random.uniform(200, 1100, children)
    data = pd.DataFrame(x, columns=COVARIATES)
    data["time"] = np.ceil(np.minimum(np.minimum(first, other), leave)).clip(1).astype(int)
    data["event"] = np.where(first <= np.minimum(other, leave), 1, np.where(other <= leave, 2, 0))
    data["family"] = family
    data["id"] = np.arange(children)
    data["weight"] = np.exp(random.normal(0, 0.3, children)).round(4)
    data["stratum"] = random.integers(0, 50, children)
    data["group"] = random.choice(list("abcde"), children)
    return data


def start_stop(children: int) -> pd.DataFrame:
    """The same children, split where a service starts and ends (about 2.3 rows a child)."""
    random = np.random.default_rng(2)
    whole = right_censored(children)
    begin = np.ceil(random.exponential(120, children)).astype(int)
    end = begin + np.ceil(random.exponential(200, children)).astype(int)
    time_ = whole["time"].to_numpy()
    pieces = []
    for served, (low, high) in ((0, (0 * begin, begin)), (1, (begin, end)), (0, (end, time_))):
        stop = np.minimum(high, time_)
        keep = low < stop
        piece = whole[keep].assign(start=low[keep], served=served)
        piece["event"] = np.where(stop[keep] == time_[keep], piece["event"], 0)
        pieces.append(piece.assign(stop=stop[keep]))
    rows = pd.concat(pieces).sort_values(["id", "start"], ignore_index=True)
    return rows.drop(columns="time")


def ours_cox(data):
    import evaluation as ev

    return ev.cox(data, FORMULA, stop="time", event="event", cause=1).table["coef"].to_numpy()


def lifelines_cox(data):
    from lifelines import CoxPHFitter

    used = data[[*COVARIATES, "time"]].assign(event=data["event"] == 1)
    return CoxPHFitter().fit(used, "time", "event").params_.to_numpy()


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

    fitted = survival.coxph(
        f"Surv(time, event) ~ {FORMULA}", data.assign(event=(data["event"] == 1).astype(int))
    )
    return np.asarray(survival.coef(fitted))


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
    return fitted.table["robust_se"].to_numpy()


def rust_start_stop(data):
    import survival

    fitted = survival.coxph(
        f"Surv(start, stop, event) ~ served + {FORMULA} + strata(stratum)",
        data.assign(event=(data["event"] == 1).astype(int)),
        weights="weight",
        cluster="family",
    )
    return np.sqrt(np.diag(np.asarray(survival.vcov(fitted))))


def ours_incidence(data):
    import evaluation as ev

    return (
        ev.cumulative_incidence(data, stop="time", event="event", by="group")
        .table["incidence"]
        .to_numpy()[-1:]
    )


def ours_incidence_weighted(data):
    import evaluation as ev

    fitted = ev.cumulative_incidence(
        data, stop="time", event="event", by="group", weights="weight", cluster="family"
    )
    return fitted.table["incidence"].to_numpy()[-1:]


def statsmodels_incidence(data):
    from statsmodels.duration.survfunc import CumIncidenceRight

    for _, part in data.groupby("group"):
        fitted = CumIncidenceRight(part["time"].to_numpy(), part["event"].to_numpy())
    return fitted.cinc[1][-1:]


def ours_fine_gray(data):
    import evaluation as ev

    fitted = ev.fine_gray(data, FORMULA, stop="time", event="event", cause=1, cluster="family")
    return fitted.table["coef"].to_numpy()


def comprisk_fine_gray(data):
    from comprisk import FineGrayRegression

    fitted = FineGrayRegression(cause=1).fit(
        data[COVARIATES].to_numpy(float),
        time=data["time"].to_numpy(float),
        event=data["event"].to_numpy(int),
    )
    return np.asarray(fitted.coef_)


WORK = {
    "Cox, right-censored, Efron": (
        right_censored,
        {
            "this package": ours_cox,
            "coxstream": coxstream_cox,
            "survival (Rust)": rust_cox,
            "lifelines": lifelines_cox,
            "statsmodels": statsmodels_cox,
            "scikit-survival": scikit_survival_cox,
        },
    ),
    "Cox, start–stop, weights, 50 strata, cluster-robust": (
        start_stop,
        {"this package": ours_start_stop, "survival (Rust)": rust_start_stop},
    ),
    "Aalen–Johansen, 5 groups, with variance": (
        right_censored,
        {"this package": ours_incidence, "statsmodels": statsmodels_incidence},
    ),
    "Aalen–Johansen, 5 groups, weights and clusters": (
        right_censored,
        {"this package": ours_incidence_weighted},
    ),
    "Fine–Gray (here with cluster-robust variance)": (
        right_censored,
        {"this package": ours_fine_gray, "comprisk (no clusters)": comprisk_fine_gray},
    ),
}


def measure(work: str, who: str, rows: int) -> None:
    """Run one measurement in this process and print it as JSON."""
    make, runners = WORK[work]
    data = make(rows)
    runners[who](data.head(2000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    value = runners[who](data)
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        json.dumps(
            {
                "seconds": seconds,
                "peak_mb": peak / 1024,
                "data_mb": before / 1024,
                "rows": len(data),
                "value": np.asarray(value, float).tolist(),
            }
        )
    )


def run(work: str, who: str, rows: int, limit: int) -> dict:
    """Measure in a fresh process on one thread."""
    command = [sys.executable, __file__, "--measure", work, who, "--rows", str(rows)]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
            env=os.environ | ONE_THREAD | {"PYTHONPATH": str(HERE.parent)},
        )
    except subprocess.TimeoutExpired:
        return {"error": f"stopped after {limit} s"}
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1][:90]}
    return json.loads(done.stdout.splitlines()[-1])


def table(rows: int, limit: int) -> list[str]:
    """Every work and every peer, as the lines of a Markdown table."""
    lines = [
        "| work | who | seconds | times this package | peak memory, MB | agrees |",
        "|---|---|---:|---:|---:|---|",
    ]
    for work, (_, runners) in WORK.items():
        base = None
        for who in runners:
            found = run(work, who, rows, limit)
            if "error" in found:
                lines.append(f"| {work} | {who} | – | – | – | {found['error']} |")
                continue
            base = base or found
            same = np.allclose(found["value"], base["value"], rtol=1e-3, atol=1e-4)
            lines.append(
                f"| {work} | {who} | {found['seconds']:.2f} | "
                f"{found['seconds'] / base['seconds']:.1f} | {found['peak_mb']:,.0f} | "
                f"{'yes' if same else 'no'} |"
            )
    return lines


def growth(sizes: list[int], limit: int) -> list[str]:
    """How the heaviest Cox model grows with the data."""
    work = "Cox, start–stop, weights, 50 strata, cluster-robust"
    lines = [
        "| children | rows | seconds | seconds per million rows | peak memory, MB |",
        "|---:|---:|---:|---:|---:|",
    ]
    for size in sizes:
        found = run(work, "this package", size, limit)
        if "error" in found:
            lines.append(f"| {size:,} | – | – | – | {found['error']} |")
            continue
        per = found["seconds"] / found["rows"] * 1e6
        lines.append(
            f"| {size:,} | {found['rows']:,} | {found['seconds']:.2f} | {per:.2f} | "
            f"{found['peak_mb']:,.0f} |"
        )
    return lines


def main() -> None:
    """Write RESULTS.md, or print it with ``--check``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--limit", type=int, default=600, help="seconds a measurement may take")
    parser.add_argument("--check", action="store_true", help="print, write nothing")
    parser.add_argument("--measure", nargs=2)
    given = parser.parse_args()
    if given.measure:
        measure(*given.measure, given.rows)
        return
    lines = [
        "# Speed",
        "",
        f"One thread, {given.rows:,} children, simulated; `python benchmarks/speed.py`. Ratios are "
        "what is meant: seconds depend on the machine, and single runs vary by up to 40%. Peak "
        "memory includes the data. A peer that could not be run says why.",
        "",
        *table(given.rows, given.limit),
        "",
        "## Growth",
        "",
        *growth([given.rows // 100, given.rows // 10, given.rows, given.rows * 4], given.limit),
        "",
    ]
    text = "\n".join(lines)
    if given.check:
        print(text)
    else:
        (HERE / "RESULTS.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
