"""Simulated data of the benchmarks: one file of 64-bit numbers a column, for Python and R."""

from pathlib import Path

import numpy as np
import pandas as pd

COVARIATES = [f"x{k}" for k in range(1, 10)]


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
    data["group"] = random.integers(0, 5, children)
    return data


def start_stop(children: int) -> pd.DataFrame:
    """The same children, split where a service starts and ends (about 2.7 rows a child)."""
    random = np.random.default_rng(2)
    whole = right_censored(children)
    begin = np.ceil(random.exponential(120, children)).astype(int)
    end = begin + np.ceil(random.exponential(200, children)).astype(int)
    last = whole["time"].to_numpy()
    pieces = []
    for served, (low, high) in ((0, (0 * begin, begin)), (1, (begin, end)), (0, (end, last))):
        stop = np.minimum(high, last)
        keep = low < stop
        piece = whole[keep].assign(start=low[keep], served=served)
        piece["event"] = np.where(stop[keep] == last[keep], piece["event"], 0)
        pieces.append(piece.assign(stop=stop[keep]))
    rows = pd.concat(pieces).sort_values(["id", "start"], ignore_index=True)
    return rows.drop(columns="time")


KINDS = {"right_censored": right_censored, "start_stop": start_stop}


def write(kind: str, children: int, folder: Path) -> None:
    """Simulate and write one file a column; whole numbers stay whole as 64-bit floats."""
    folder.mkdir(parents=True, exist_ok=True)
    for column, values in KINDS[kind](children).items():
        values.to_numpy(np.float64).tofile(folder / f"{column}.bin")


def read(folder: Path) -> pd.DataFrame:
    """Read what :func:`write` wrote, with whole numbers as integers again."""
    columns = {}
    for path in sorted(folder.glob("*.bin")):
        values = np.fromfile(path, np.float64)
        whole = path.stem not in COVARIATES and path.stem != "weight"
        columns[path.stem] = values.astype(np.int64) if whole else values
    return pd.DataFrame(columns)
