"""Children whose covariates are not all known: their patterns, and values imputed for them."""

import math
import zlib
from dataclasses import replace

import numpy as np
import pandas as pd

from evaluation.effects.arms import Arms
from evaluation.effects.chained import completed_sets
from evaluation.study import Note, Study

LEAST_SETS = 20
COMPLETE = "none"


def patterns(arms: Arms) -> pd.DataFrame:
    """Count children by which covariates they lack together.

    Returns
    -------
    pandas.DataFrame
        ``lacking`` (columns, or "none"), ``children``, ``share``; most frequent first.
    """
    children = arms.rows.drop_duplicates("exit_id")
    missing = children[list(arms.covariates)].isna()
    names = [
        ", ".join(column for column in arms.covariates if row[column]) or COMPLETE
        for row in missing.to_dict("records")
    ]
    counts = pd.Series(names, dtype=object).value_counts(sort=True)
    order = sorted(counts.index, key=lambda name: (name != COMPLETE, -counts[name], name))
    table = pd.DataFrame({"lacking": order, "children": [int(counts[name]) for name in order]})
    return table.assign(share=table["children"] / len(children))


def with_imputations(arms: Arms, study: Study) -> Arms:
    """Fill in missing covariates many times (METHODS 8).

    The models hold, for every cause, the event indicator and the Nelson-Aalen cumulative
    hazard at the end of follow-up (White and Royston, 2009), the treatment, the
    covariates of the weight model, and means among siblings. As many sets as the
    percentage of incomplete children, at least 20.

    Parameters
    ----------
    arms : Arms
        With everyone's rows, complete or not.
    study : Study
        The protocol; its seed decides the draws.

    Returns
    -------
    Arms
        With ``completed``, or as given where nothing is missing.
    """
    names = list(arms.covariates)
    ordered = arms.rows.sort_values(["exit_id", "start"], kind="stable")
    children = ordered.drop_duplicates("exit_id").set_index("exit_id")
    incomplete = int(children[names].isna().any(axis=1).sum())
    if not incomplete:
        return arms
    last = ordered.drop_duplicates("exit_id", keep="last").set_index("exit_id")
    served = arms.served.groupby(arms.rows["exit_id"]).any().reindex(children.index)
    begin = children["start"].to_numpy(float)
    beside = [served.to_numpy(float)]
    beside += outcome_columns(begin, last["stop"].to_numpy(float), last["event"].to_numpy())
    sets = sets_needed(incomplete, len(children))
    name = f"{arms.outcome} {arms.service.program} {arms.landmark}"
    completed = completed_sets(
        children[names],
        arms.covariates,
        np.column_stack(beside),
        pd.factorize(children["family_id"])[0],
        sets,
        [study.seed, zlib.crc32(name.encode())],
    )
    place = children.index.get_indexer(arms.rows["exit_id"])
    frames = tuple(
        arms.rows.assign(**{column: own[column].to_numpy()[place] for column in names})
        for own in completed
    )
    note = Note(
        f"{arms.service.name}: {{incomplete}} of {{children}} children lack a covariate; values "
        f"are imputed {sets} times by chained equations with the outcome, the service and "
        "siblings' means, weights made and effects estimated in each set, and pooled (Rubin, "
        "1987). What is counted of weights is of the first set.",
        {"incomplete": incomplete, "children": len(children)},
    )
    return replace(arms, completed=frames, imputation=note)


def sets_needed(incomplete: int, children: int) -> int:
    """Say how many sets to impute: the percentage of incomplete children, at least 20."""
    return max(LEAST_SETS, math.ceil(100 * incomplete / children))


def outcome_columns(begin: np.ndarray, stop: np.ndarray, event: np.ndarray) -> list[np.ndarray]:
    """Return what an imputation model holds of an outcome.

    Parameters
    ----------
    begin, stop : numpy.ndarray
        Days between which each child is followed.
    event : numpy.ndarray of int
        Cause at the end, or 0.

    Returns
    -------
    list of numpy.ndarray
        For every cause the event indicator and the Nelson-Aalen cumulative hazard at the
        end of follow-up (White and Royston, 2009).
    """
    out = []
    for cause in sorted(set(event[event > 0])):
        out += [(event == cause).astype(float), _nelson_aalen(begin, stop, event == cause)]
    return out


def _nelson_aalen(begin: np.ndarray, stop: np.ndarray, happened: np.ndarray) -> np.ndarray:
    """Cumulative hazard of a cause at the end of each child's follow-up."""
    days = np.unique(stop[happened])
    if not len(days):
        return np.zeros(len(stop))
    at_risk = np.searchsorted(np.sort(begin), days, side="left") - np.searchsorted(
        np.sort(stop), days, side="left"
    )
    events = np.bincount(np.searchsorted(days, stop[happened]), minlength=len(days))
    level = np.concatenate([[0.0], np.cumsum(events / np.maximum(at_risk, 1))])
    return level[np.searchsorted(days, stop, side="right")]
