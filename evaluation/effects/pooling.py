"""Estimates of many imputed sets made one."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import special

from evaluation.effects import intervals
from evaluation.effects.diagnostics import CAUTION, FAIL, PASS
from evaluation.effects.intervals import Interval
from evaluation.effects.result import Part
from evaluation.study import Note

RISKS = ("risk_treated", "risk_comparison")
ORDER = (PASS, CAUTION, FAIL)


def degrees_of_freedom(within: float, between: float, sets: int, complete: float) -> float:
    """Degrees of freedom of a pooled estimate (Barnard and Rubin, 1999).

    Parameters
    ----------
    within, between : float
        Mean variance, and variance of the estimates over the sets.
    sets : int
    complete : float
        Degrees of freedom were nothing missing.
    """
    total = within + (1 + 1 / sets) * between
    share = (1 + 1 / sets) * between / total if total > 0 else 0.0
    observed = (complete + 1) / (complete + 3) * complete * (1 - share)
    if share == 0:
        return observed
    return 1 / (share**2 / (sets - 1) + 1 / observed)


def pooled_interval(measure: str, found: list[tuple[float, float]], clusters: int) -> Interval:
    """Pool estimates and standard errors by Rubin's rules (1987).

    Ratios are pooled as logarithms, risks on the complementary log-log scale,
    differences as they are. A ratio without a finite value in some set (a coefficient that
    runs to infinity) has none pooled, and no limits.

    Parameters
    ----------
    measure : str
        As in the effects table.
    found : list of (estimate, se)
        One for each set; the ``se`` of a ratio is on the log scale.
    clusters : int
        Families.
    """
    value, se = np.array(found, dtype=float).T
    risk, ratio = measure in RISKS, measure.endswith("ratio")
    if risk and not ((value > 0) & (value < 1)).all():
        return Interval(float(value.mean()), float(se.mean()), math.nan, math.nan, math.nan)
    if risk:
        se = se / np.abs((1 - value) * np.log1p(-value))
        value = np.log(-np.log1p(-value))
    elif ratio:
        with np.errstate(divide="ignore"):
            value = np.log(value)
    if not (np.isfinite(value).all() and np.isfinite(se).all()):
        with np.errstate(invalid="ignore"):
            middle = value.mean()
        return Interval(float(np.exp(middle) if ratio else middle), *[math.nan] * 4)
    middle, within = float(value.mean()), float((se**2).mean())
    between = float(value.var(ddof=1)) if len(value) > 1 else 0.0
    spread = math.sqrt(within + (1 + 1 / len(value)) * between)
    free = degrees_of_freedom(within, between, len(value), max(clusters - 1, 1))
    wide = intervals.inflate(spread, clusters)
    reach = float(special.stdtrit(free, 0.975)) * wide
    p = math.nan
    if not risk and spread > 0:
        p = float(2 * special.stdtr(free, -abs(middle) / wide))
    low, high = middle - reach, middle + reach
    if ratio:
        return Interval(math.exp(middle), spread, math.exp(low), math.exp(high), p)
    if not risk:
        return Interval(middle, spread, low, high, p)
    estimate, low, high = (-math.expm1(-math.exp(each)) for each in (middle, low, high))
    own = spread * abs((1 - estimate) * math.log1p(-estimate))
    return Interval(estimate, own, low, high, math.nan)


def pooled(parts: list[Part], clusters: int, note: Note) -> Part:
    """Pool the parts of a contrast estimated in every imputed set.

    Parameters
    ----------
    parts : list of Part
        One for each set.
    clusters : int
        Families.
    note : Note
        How the sets were made.

    Returns
    -------
    Part
        Tables pooled; balance averaged; of each check the worst verdict. What the first
        set's notes count of weights stands for all.
    """
    first = parts[0]
    return replace(
        first,
        rows=_rows([part.rows for part in parts], clusters),
        beside=_rows([part.beside for part in parts], clusters),
        model=_model([part.model for part in parts], clusters),
        curves=_curves([part.curves for part in parts], clusters),
        balance=_balance([part.balance for part in parts]),
        checks=_checks([part.checks for part in parts]),
        notes=[note, *first.notes],
        influence={
            key: pd.concat([part.influence[key] for part in parts], axis=1).mean(axis=1)
            for key in first.influence
            if all(key in part.influence for part in parts)
        },
        draws={
            (row["measure"], None if pd.isna(row["horizon"]) else row["horizon"]): np.array(
                [value for value, _ in _found(row, [part.rows for part in parts])]
            )
            for row in first.rows
        },
    )


def _key(row: dict) -> tuple:
    horizon = None if pd.isna(row["horizon"]) else int(row["horizon"])
    return row.get("analysis"), row.get("variant"), row["measure"], horizon


def _found(row: dict, every: list[list[dict]]) -> list[tuple[float, float]]:
    found = [{_key(other): other for other in rows}.get(_key(row)) for rows in every]
    return [(other["estimate"], other["se"]) for other in found if other is not None]


def _rows(every: list[list[dict]], clusters: int) -> list[dict]:
    rows = []
    for row in every[0]:
        if "estimate" not in row:
            continue
        found = _found(row, every)
        if len(found) < len(every):
            continue
        interval = pooled_interval(row["measure"], found, clusters)
        method = f"{row['method']}, pooled over {len(every)} imputed sets"
        rows.append(row | vars(interval) | {"method": method})
    return rows


def _model(tables: list[pd.DataFrame], clusters: int) -> pd.DataFrame:
    out = tables[0]
    if out.empty:
        return out
    by_term = [{row["term"]: row for row in table.to_dict("records")} for table in tables]
    pooled_rows = []
    for term in out["term"]:
        found = [rows[term] for rows in by_term if term in rows]
        pairs = [(float(row["hazard_ratio"]), float(row["robust_se"])) for row in found]
        pooled_ratio = pooled_interval("hazard_ratio", pairs, clusters)
        with np.errstate(divide="ignore"):
            coef = float(np.log(pooled_ratio.estimate))
        values = {
            "coef": coef,
            "se": math.sqrt(np.mean([float(row["se"]) ** 2 for row in found])),
            "robust_se": pooled_ratio.se,
            "hazard_ratio": pooled_ratio.estimate,
            "ci_low": pooled_ratio.ci_low,
            "ci_high": pooled_ratio.ci_high,
            "z": coef / pooled_ratio.se,
            "p": pooled_ratio.p,
        }
        pooled_rows.append(values)
    own = pd.DataFrame(pooled_rows, index=out.index)
    return out.assign(**{name: own[name] for name in own})


def _curves(frames: list[pd.DataFrame], clusters: int) -> pd.DataFrame:
    out = frames[0].copy()
    if out.empty:
        return out
    keys = ["group", "time"]
    values = [frame.set_index(keys)[["incidence", "se"]] for frame in frames]
    found = [
        pooled_interval(
            "risk_treated",
            [tuple(own.loc[(row.group, row.time)]) for own in values],
            clusters,
        )
        for row in out.itertuples()
    ]
    out["incidence"] = [interval.estimate for interval in found]
    for name in ("se", "ci_low", "ci_high"):
        out[name] = [getattr(interval, name) for interval in found]
    return out


def _balance(frames: list[pd.DataFrame]) -> pd.DataFrame:
    if frames[0].empty:
        return frames[0]
    every = pd.concat(frames)
    return every.groupby("covariate", sort=False).mean().reset_index()


def _checks(every: list[list[dict]]) -> list[dict]:
    worst: dict[str, dict] = {}
    for check in (check for checks in every for check in checks):
        held = worst.get(check["check"])
        if held is None or ORDER.index(check["verdict"]) > ORDER.index(held["verdict"]):
            worst[check["check"]] = check
    return list(worst.values())
