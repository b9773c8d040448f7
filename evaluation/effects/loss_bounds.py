"""What children who moved away could change, at worst and at best."""

from collections.abc import Callable, Iterator

import numpy as np

from evaluation.effects.arms import OUTCOME_EVENT, Arms
from evaluation.effects.at_exit import risk_difference
from evaluation.errors import StudyError
from evaluation.estimates import EstimateError
from evaluation.study import Study

STEPS = 10


def loss_bounds(arms: Arms, study: Study) -> Iterator[dict]:
    """Bound the risk difference by what may have happened to children who moved away.

    Parameters
    ----------
    arms : Arms
        One row per child, with ``end_reason``.
    study : Study
        Gives the main horizon, the weights and the seed.

    Yields
    ------
    dict
        As in `bounds_from`.
    """
    if "end_reason" not in arms.rows:
        return
    horizon = study.main_horizon
    moved = (arms.rows["end_reason"] == "moved_out") & (arms.rows["stop"] <= horizon)
    same = arms.trimmed()
    random = np.random.default_rng(study.seed).random(len(arms.rows))

    def difference(share_served: float, share_other: float) -> float | None:
        rows = same.rows.copy()
        share = np.where(arms.served, share_served, share_other)
        happened = moved & (random < share)
        rows.loc[happened, "event"] = OUTCOME_EVENT
        rows.loc[moved & ~happened, "stop"] = np.maximum(rows["stop"], horizon)
        known = rows["end_reason"].astype(object).mask(happened, "outcome")
        rows["end_reason"] = known.mask(moved & ~happened, "horizon")
        try:
            found = risk_difference(same.followed(rows), horizon, study)
        except (StudyError, EstimateError):
            return None
        return None if found is None else float(found["estimate"])

    yield from bounds_from(difference, bool(moved.any()), horizon)


def bounds_from(
    difference: Callable[[float, float], float | None], any_moved: bool, horizon: int
) -> Iterator[dict]:
    """Bound a difference by both extremes, and find where it tips.

    Both extremes (Manski, 1990): every served child who moved away had the outcome and no
    comparison child, then the reverse. The tipping point is the share of served children
    who moved away that must have had the outcome, with none of the comparison, for the
    difference to be zero.

    Parameters
    ----------
    difference : callable
        From the shares of served and of comparison children who moved away and then had
        the outcome to the risk difference, or nothing where it cannot be estimated.
    any_moved : bool
        Whether anyone moved away.
    horizon : int
        Day of the difference.

    Yields
    ------
    dict
        ``analysis`` (loss bounds, tipping point), ``variant``, ``measure``, ``horizon``,
        ``estimate`` or ``words``.
    """
    head = {"analysis": "loss bounds", "measure": "risk_difference", "horizon": horizon}
    if not any_moved:
        yield head | {"variant": "no one moved away", "words": "no move is recorded"}
        return
    worst, best = difference(1.0, 0.0), difference(0.0, 1.0)
    extremes = {
        "all served and no comparison children who moved had the outcome": worst,
        "no served and all comparison children who moved had the outcome": best,
    }
    for variant, value in extremes.items():
        yield head | {"variant": variant, "estimate": value}
    none = difference(0.0, 0.0)
    if worst is None or none is None:
        return
    share, words = np.nan, "no share of them changes the sign of the difference"
    if none < 0 <= worst:
        share = _tips(difference)
        words = "of served children who moved must have had the outcome for no difference"
    yield head | {
        "analysis": "tipping point",
        "variant": "share of the served who moved",
        "estimate": share,
        "words": words,
    }


def _tips(difference: Callable[[float, float], float | None]) -> float:
    """Return the least tenth of the served who moved at which the difference is gone."""
    low, high = 0, STEPS
    while high - low > 1:
        middle = (low + high) // 2
        value = difference(middle / STEPS, 0.0)
        low, high = (low, middle) if value is not None and value >= 0 else (middle, high)
    return high / STEPS
