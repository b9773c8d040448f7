"""Models of repeated events: Andersen–Gill, and Prentice–Williams–Peterson in two clocks."""

from dataclasses import replace

import numpy as np
import pandas as pd

from evaluation.estimates.coding import unused_name
from evaluation.estimates.cox_model import CoxResult, cox
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.rows import Columns, Rows, read_rows

MODELS = ("andersen-gill", "pwp total", "pwp gap")


def recurrent(
    data: pd.DataFrame,
    formula: str,
    *,
    start: str,
    stop: str,
    event: str,
    id: Columns,
    model: str = "andersen-gill",
    most: int | None = None,
    weights: str | None = None,
    strata: Columns = None,
    cluster: Columns = None,
    cause: int | None = None,
    ties: str = "efron",
) -> CoxResult:
    """Fit a model of events that repeat.

    ``andersen-gill``: every event counts alike and the baseline runs on the
    subject's own clock. ``pwp total``: the same clock, a baseline for each number
    of event. ``pwp gap``: such a baseline, and a clock that begins anew after
    each event. The variance is always summed by subject or cluster.

    Parameters
    ----------
    data : DataFrame
        ``(start, stop]`` rows, several a subject; each may end in an event.
    formula : str
        Covariates in formulaic's grammar.
    start, stop, event : str
        Columns of times and events: 0 none, 1, 2, … causes, or booleans.
    id : str or sequence of str
        Columns that say which rows are one subject.
    model : {"andersen-gill", "pwp total", "pwp gap"}
    most : int, optional
        The last number of event with a baseline of its own; later ones share it,
        so that few subjects do not make a stratum.
    weights : str, optional
        Column of case weights, zero or more; taken as known.
    strata : str or sequence of str, optional
        Columns whose combinations have baseline hazards of their own as well.
    cluster : str or sequence of str, optional
        Columns of clusters; by default ``id``.
    cause : int, optional
        The cause of interest, needed with several.
    ties : {"efron", "breslow"}

    Returns
    -------
    CoxResult
        With ``robust_se``; in the gap clock its baseline and curves are of time
        since the last event.

    Raises
    ------
    EstimateError
        If the model is unknown or the data cannot give it; says why.

    References
    ----------
    Andersen and Gill (1982); Prentice, Williams and Peterson (1981); Lin and Wei
    (1989) for the variance.
    """
    if model not in MODELS:
        raise EstimateError(f"model={model!r} is not known; use one of {', '.join(MODELS)}.")
    if id is None:
        raise EstimateError("recurrent needs id=: repeated events of one subject hang together.")
    if most is not None and (isinstance(most, bool) or int(most) != most or most < 1):
        raise EstimateError(f"most={most!r} must be a whole number, 1 or more.")
    columns = {"start": start, "stop": stop, "event": event, "weights": weights}
    shared = {"cause": cause, "ties": ties}
    if model == "andersen-gill":
        if most is not None:
            raise EstimateError("most= is about numbers of events, which andersen-gill ignores.")
        found = cox(data, formula, id=id, cluster=cluster, strata=strata, **columns, **shared)
        return _named(found, model, id, cluster, most)
    rows = read_rows(data, id=id, cluster=cluster, **columns)
    number, since = _numbered(rows, rows.of_cause(cause, "recurrent"))
    frame, layer = rows.frame.copy(), unused_name(rows.frame, "number of event")
    frame[layer] = number if most is None else np.minimum(number, int(most))
    layers = [layer] if strata is None else [*_listed(strata), layer]
    if model == "pwp total":
        found = cox(frame, formula, id=id, cluster=cluster, strata=layers, **columns, **shared)
    else:
        for name in ("start", "stop"):
            columns[name] = unused_name(frame, f"{name} of gap")
        frame[columns["start"]] = rows.start - since
        frame[columns["stop"]] = rows.stop - since
        luck = cluster if cluster is not None else id
        found = cox(frame, formula, cluster=luck, strata=layers, **columns, **shared)
        told = replace(found.account, subjects=len(rows.id))
        told.notes[:] = [note for note in told.notes if "No id was given" not in note]
        found = replace(found, account=told)
    for why, count in rows.dropped.items():
        found.account.dropped.setdefault(why, count)
    return _named(found, model, id, cluster, most)


def _numbered(rows: Rows, failed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which event each row waits for (1, 2, …), and when the wait began."""
    order = np.lexsort((rows.start, rows.id.codes))
    code, happened = rows.id.codes[order], failed[order]
    first = np.flatnonzero(np.diff(code, prepend=-1))
    lengths = np.diff(first, append=len(code))
    before = np.cumsum(happened) - happened
    number = before - np.repeat(before[first], lengths) + 1
    begins = np.r_[True, (code[1:] != code[:-1]) | happened[:-1]]
    origin = np.where(begins, np.arange(len(code)), 0)
    origin = np.maximum.accumulate(origin)
    waited = rows.start[order][origin]
    after = origin > np.repeat(first, lengths)
    waited = np.where(after, rows.stop[order][np.maximum(origin - 1, 0)], waited)
    out = np.empty(len(code), np.int64), np.empty(len(code))
    out[0][order], out[1][order] = number, waited
    return out


def _named(found: CoxResult, model: str, id: Columns, cluster: Columns, most) -> CoxResult:
    options = {**found.account.options, "model": model, "id": id}
    if cluster is None:
        options.pop("cluster", None)
    if most is not None:
        options["most"] = most
    return replace(found, account=replace(found.account, method="recurrent", options=options))


def _listed(columns: Columns) -> list[str]:
    return [columns] if isinstance(columns, str) else list(columns)
