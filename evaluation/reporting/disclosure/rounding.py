"""The rounded profile: numbers recomputed from rounded ones, so that digits give nothing back."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from evaluation.reporting.disclosure.rule import Disclosure
from evaluation.reporting.numerals import SUPPRESSED, is_missing

Z = 1.959964
SHARES = ("incidence", "ci_low", "ci_high")
ARMS = {"risk_treated": ("n_treated",), "risk_comparison": ("n_comparison",)}
BOTH = ("n_treated", "n_comparison")
SAFE_DIGITS = 2


def rounded_follow_up(frame: pd.DataFrame, sizes: Mapping[Any, int], rule: Disclosure) -> Any:
    """Round counts to the nearest 5 and shares to the nearest 5 of the group.

    The standard error is remade from the rounded limits.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``group`` with ``at_risk``, ``events``, ``incidence``, ``se``, ``ci_low``,
        ``ci_high``, those that are there; hidden values as `SUPPRESSED`.
    sizes : mapping
        Children of each group.
    rule : Disclosure
        A rule that rounds.

    Returns
    -------
    pandas.DataFrame
    """
    rounded = frame.astype({name: object for name in frame if name not in ("group", "time")})
    for row in rounded.index:
        of = sizes[rounded.at[row, "group"]]
        for name in {"at_risk", "events"} & set(rounded):
            rounded.at[row, name] = _unless_hidden(rounded.at[row, name], rule.shown)
        for name in (name for name in SHARES if name in rounded):
            rounded.at[row, name] = _unless_hidden(
                rounded.at[row, name], lambda value, of=of: rule.grid(value, of)
            )
        if "se" in rounded and _is_number(rounded.at[row, "se"]):
            rounded.at[row, "se"] = _half_width(rounded.loc[row])
    return rounded


def safe_digits(frame: pd.DataFrame, columns: Sequence[str], rule: Disclosure) -> pd.DataFrame:
    """Keep two decimals of weighted results, where the profile rounds.

    Parameters
    ----------
    frame : pandas.DataFrame
        Hidden values as `SUPPRESSED`.
    columns : sequence of str
        Those that are rounded, where they are there.
    rule : Disclosure
        Any rule: one that does not round changes nothing.

    Returns
    -------
    pandas.DataFrame
    """
    if not rule.rounds:
        return frame
    return frame.assign(
        **{
            name: [
                round(float(value), SAFE_DIGITS) if _is_number(value) else value
                for value in frame[name]
            ]
            for name in columns
            if name in frame
        }
    )


def rounded_effects(table: pd.DataFrame, exact: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    """Round the counts of contrasts, and their risks to the nearest 5 of the arm.

    Differences and ratios of risks are remade from rounded risks; ratios of hazards, which
    rest on weights and a model, are kept to two decimals.

    Parameters
    ----------
    table : pandas.DataFrame
        Released effects, hidden values as `SUPPRESSED`.
    exact : pandas.DataFrame
        The same rows with exact counts.
    rule : Disclosure
        A rule that rounds.

    Returns
    -------
    pandas.DataFrame
    """
    rounded = table.copy()
    counts = [name for name in rounded if name.startswith(("n_", "events_")) or name == "clusters"]
    for name in counts:
        rounded[name] = [_unless_hidden(value, rule.shown) for value in rounded[name]]
    for row in rounded.index:
        measure = str(rounded.at[row, "measure"])
        least = min(int(exact.loc[row, name]) for name in ARMS.get(measure, BOTH))
        for name in ("estimate", "ci_low", "ci_high"):
            value = rounded.at[row, name]
            if _is_number(value):
                rounded.at[row, name] = _rounded(float(value), measure, least, rule)
    keys = ["service", "outcome", "horizon"]
    for _, own in rounded.groupby(keys, sort=False, dropna=False):
        _remake(rounded, own)
    for row in rounded.index:
        if _is_number(rounded.at[row, "se"]):
            rounded.at[row, "se"] = _half_width(rounded.loc[row])
        for name in ("p", "p_adjusted", "p_false_discovery"):
            if name in rounded and _is_number(rounded.at[row, name]):
                rounded.at[row, name] = round(float(rounded.at[row, name]), SAFE_DIGITS)
    return rounded


def rounded_models(models: pd.DataFrame, rule: Disclosure) -> pd.DataFrame:
    """Keep ratios to two decimals, remake coefficients from them and round counts."""
    rounded = models.copy()
    for row in rounded.index:
        for name in ("n", "events", "clusters"):
            rounded.at[row, name] = _unless_hidden(rounded.at[row, name], rule.shown)
        values = [rounded.at[row, name] for name in ("hazard_ratio", "ci_low", "ci_high")]
        if not all(map(_is_number, values)):
            continue
        ratio, low, high = (round(float(value), SAFE_DIGITS) for value in values)
        rounded.loc[row, ["hazard_ratio", "ci_low", "ci_high"]] = [ratio, low, high]
        coef = math.log(ratio) if ratio > 0 and math.isfinite(ratio) else math.nan
        known = low > 0 and math.isfinite(high) and high > low
        se = math.log(high / low) / (2 * Z) if known else math.nan
        for name, value in (("coef", coef), ("se", se), ("robust_se", se), ("z", coef / se)):
            if name in rounded and _is_number(rounded.at[row, name]):
                rounded.at[row, name] = value
        rounded.at[row, "p"] = _unless_hidden(
            rounded.at[row, "p"], lambda p: round(float(p), SAFE_DIGITS)
        )
    return rounded


def _remake(rounded: pd.DataFrame, own: pd.DataFrame) -> None:
    """Set difference and ratio of risks to what the rounded risks give."""
    at = {str(measure): row for row, measure in own["measure"].items()}
    if not {"risk_treated", "risk_comparison"} <= set(at):
        return
    treated, compared = (rounded.at[at[name], "estimate"] for name in ARMS)
    if not (_is_number(treated) and _is_number(compared)):
        return
    made = {"risk_difference": treated - compared}
    made["risk_ratio"] = treated / compared if compared else math.nan
    for measure, value in made.items():
        if measure in at and _is_number(rounded.at[at[measure], "estimate"]):
            rounded.at[at[measure], "estimate"] = value


def _rounded(value: float, measure: str, of: int, rule: Disclosure) -> float:
    if measure in ("risk_treated", "risk_comparison"):
        return rule.grid(value, of)
    if measure == "risk_difference":
        return math.copysign(rule.grid(abs(value), of), value)
    return round(value, SAFE_DIGITS)


def _half_width(row: pd.Series) -> float:
    low, high = row["ci_low"], row["ci_high"]
    return (high - low) / (2 * Z) if _is_number(low) and _is_number(high) else math.nan


def _unless_hidden(value: Any, change: Any) -> Any:
    return change(value) if _is_number(value) else value


def _is_number(value: Any) -> bool:
    return value != SUPPRESSED and not isinstance(value, str) and not is_missing(value)
