"""Can a contrast be believed? One table of checks, one verdict."""

import numpy as np
import pandas as pd

from evaluation.effects.arms import OUTCOME_EVENT, Arms
from evaluation.effects.propensity import Propensity
from evaluation.effects.thresholds import THRESHOLDS

BANDS = 20
PASS, CAUTION, FAIL = "pass", "caution", "fail"
COLUMNS = ("service", "outcome", "check", "value", "limit", "verdict", "words")


def balance_check(table: pd.DataFrame) -> list[dict]:
    """Judge the largest standardized difference after weighting."""
    if table.empty:
        return []
    sizes = table["after"].abs()
    worst = float(sizes.max())
    name = table.loc[sizes.idxmax(), "covariate"]
    verdict = PASS
    words = "every recorded characteristic is within the usual line"
    if worst > THRESHOLDS.not_equivalent:
        verdict, words = FAIL, f"{name}: the arms are not equivalent at baseline (Title IV-E)"
    elif worst > THRESHOLDS.usual:
        verdict, words = CAUTION, f"{name}: needs adjustment in the outcome model as well"
    return [_row("balance", worst, THRESHOLDS.not_equivalent, verdict, words)]


def positivity_checks(fitted: Propensity) -> list[dict]:
    """Judge common support and how many children the weighted arms are worth."""
    outside = fitted.outside_support
    rows = [
        _row(
            "positivity",
            outside,
            THRESHOLDS.outside_support,
            FAIL if outside > THRESHOLDS.outside_support else PASS,
            "share of children whose probability of an arm lies outside what both arms show",
        )
    ]
    least = float(fitted.effective_sample_size.min())
    rows.append(
        _row(
            "effective children",
            least,
            THRESHOLDS.effective_children,
            FAIL if least < THRESHOLDS.effective_children else PASS,
            "children the smaller weighted arm is worth (Kish)",
        )
    )
    return rows


def overlap(fitted: Propensity, served: pd.Series, compared: pd.Series) -> pd.DataFrame:
    """Count both arms by their probability of being served, in bands of 0.05.

    Parameters
    ----------
    fitted : Propensity
        The weights' model.
    served, compared : pandas.Series of bool
        The arms, row by row.

    Returns
    -------
    pandas.DataFrame
        ``low``, ``high``, ``served``, ``compared`` (children); from the first band
        anyone is in to the last.
    """
    score = fitted.scores[fitted.treated_arm].to_numpy()
    band = np.minimum((score * BANDS).astype(int), BANDS - 1)
    counts = {
        name: np.bincount(band[rows.to_numpy()], minlength=BANDS)
        for name, rows in (("served", served), ("compared", compared))
    }
    low = np.arange(BANDS) / BANDS
    table = pd.DataFrame({"low": low, "high": low + 1 / BANDS, **counts})
    anyone = np.flatnonzero(table[["served", "compared"]].sum(axis=1))
    return table.iloc[anyone.min() : anyone.max() + 1].reset_index(drop=True)


def weight_checks(weights: pd.DataFrame) -> list[dict]:
    """Judge the weighted arms of a target trial."""
    least = float(weights["effective"].min())
    verdict = FAIL if least < THRESHOLDS.effective_children else PASS
    words = "children the smaller weighted arm is worth (Kish)"
    return [_row("effective children", least, THRESHOLDS.effective_children, verdict, words)]


def proportional_check(p: float) -> list[dict]:
    """Judge whether one hazard ratio describes the whole follow-up."""
    if pd.isna(p):
        return []
    changing = p < THRESHOLDS.proportional
    words = "the hazard ratio changes with time: read the risks at the horizons"
    return [
        _row(
            "proportional hazards",
            p,
            THRESHOLDS.proportional,
            CAUTION if changing else PASS,
            words if changing else "no sign that the hazard ratio changes with time",
        )
    ]


def event_check(events: int, terms: int) -> list[dict]:
    """Judge events for each coefficient of the outcome model."""
    each = events / max(terms, 1)
    enough = each >= 2 * THRESHOLDS.events_per_term
    words = "outcome events for each coefficient of the outcome model"
    return [
        _row(
            "events per parameter",
            each,
            THRESHOLDS.events_per_term,
            PASS if enough else CAUTION,
            words,
        )
    ]


def maturity_check(arms: Arms, horizon: int) -> list[dict]:
    """Judge the share of children followed to the main horizon, or to an event."""
    last = arms.rows.groupby("exit_id")[["stop", "event"]].max()
    share = float(((last["stop"] >= horizon) | (last["event"] >= OUTCOME_EVENT)).mean())
    verdict = PASS if share >= THRESHOLDS.followed else FAIL
    words = f"share of children followed to day {horizon}, or to an event before"
    return [_row("follow-up maturity", share, THRESHOLDS.followed, verdict, words)]


def verdict(checks: pd.DataFrame, service: str, outcome: str) -> str:
    """Return the worst verdict among a contrast's checks; pass where there is none."""
    if checks.empty:
        return PASS
    own = checks[(checks["service"] == service) & (checks["outcome"] == outcome)]["verdict"]
    return next((word for word in (FAIL, CAUTION) if (own == word).any()), PASS)


def failing(checks: pd.DataFrame, service: str, outcome: str) -> list[str]:
    """Name the checks a contrast fails."""
    if checks.empty:
        return []
    own = checks[(checks["service"] == service) & (checks["outcome"] == outcome)]
    return list(own.loc[own["verdict"] == FAIL, "check"])


def _row(check: str, value: float, limit: float, verdict: str, words: str) -> dict:
    return {"check": check, "value": value, "limit": limit, "verdict": verdict, "words": words}
