"""Every estimate in full precision, as strict JSON; hidden numbers are "s"."""

import json
import math
from typing import Any

import pandas as pd

from evaluation.evidence import estimate_ids
from evaluation.reporting.annual import AnnualReport
from evaluation.reporting.last_year import protocol_of
from evaluation.reporting.sections import characteristics

COUNTED = {"who": ("level",), "services": ("service",), "flow": ("step", "reason")}


def estimates_json(report: AnnualReport) -> str:
    """Write the released estimates of a report.

    Parameters
    ----------
    report : AnnualReport
        The report.

    Returns
    -------
    str
        An object with ``study``, ``provenance``, ``audience``, ``profile``,
        ``suppress_below``, ``protocol``, ``counts`` and ``shares`` (for next year's report),
        ``effects``, ``diagnostics``, ``sensitivity``, ``beside``, ``home``, ``missing``,
        ``models``, ``incidence`` (for all, by exit type, by exit year, by arm), ``curves``,
        ``balance``, ``naive``, ``truth``,
        ``cannot`` and, where it was weighed, ``evidence``. Every effect has an ``id`` and
        the ``verdict`` of its checks.
        Missing numbers are null, infinite ones the text "infinity".
    """
    material = report.material
    released = material.released
    cannot = next(part.points for part in report.sections if part.name == "cannot")
    content = {
        "study": {
            "title": report.study.title,
            "agency": report.study.report.agency,
            "question": report.study.question,
            "design": report.study.design,
            "answer": report.answer,
        },
        "provenance": dict(report.provenance.rows()),
        "audience": material.rule.audience,
        "profile": report.study.report.profile,
        "suppress_below": material.rule.below,
        "protocol": protocol_of(report.study),
        "counts": _counts(report),
        "shares": _shares(report),
        "effects": _records(
            _with_ids(released.table, material.effects.table).assign(
                verdict=[
                    material.effects.verdict(row.service, row.outcome)
                    for row in released.table.itertuples()
                ]
            )
        ),
        "diagnostics": _records(released.diagnostics),
        "sensitivity": _records(released.sensitivity),
        "beside": _records(released.beside),
        "home": _records(released.home),
        "missing": _records(released.missing),
        "models": _records(released.models),
        "incidence": _follow_up(report, "at_risk"),
        "curves": _follow_up(report, "curve"),
        "balance": _records(released.balance),
        "naive": _records(released.naive.drop(columns="sentence", errors="ignore")),
        "truth": _records(report.truth),
        "cannot": list(cannot),
    }
    if material.evidence is not None:
        content["evidence"] = material.evidence.to_dict()
    return strict_json(content)


def strict_json(content: Any) -> str:
    """Write plain values as JSON that any reader takes; see `estimates_json`."""
    return json.dumps(_deep(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _deep(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _deep(own) for name, own in value.items()}
    if isinstance(value, list | tuple):
        return [_deep(own) for own in value]
    return _plain(value)


def _follow_up(report: AnnualReport, name: str) -> list[dict[str, Any]]:
    material = report.material
    parts = [
        getattr(released, name).assign(outcome=outcome, by=by, service=None, weighted=False)
        for outcome, followed in material.followed.items()
        for by, released in (("all", followed.everyone), ("exit_type", followed.groups))
        if released is not None
    ]
    parts += [
        getattr(years, name).assign(outcome=outcome, by="exit_year", service=None, weighted=False)
        for outcome, years in material.years.items()
    ]
    weighted = report.study.adjustment.weights != "none"
    parts += [
        getattr(arms, name).assign(outcome=outcome, by="arm", service=service, weighted=weighted)
        for (service, outcome), arms in material.arms.items()
    ]
    return [record for part in parts for record in _records(part)]


def _counts(report: AnnualReport) -> list[dict[str, Any]]:
    """List the counts of who was followed, which next year's report must not be subtracted from."""
    material, rule = report.material, report.material.rule
    exits = material.cohort.exits
    types = characteristics.exit_types(exits, rule)
    found = [("exit_type", kind, "all", count) for kind, count in types.items()]
    found.append(("exit_type", "all", "all", characteristics.cohort_size(exits, rule)))
    for table in (table for part in report.sections for table in part.tables):
        if table.name not in COUNTED:
            continue
        names = [column.key for column in table.columns if column.kind == "count"]
        for row in table.data.to_dict("records"):
            label = "|".join(str(row[key]) for key in COUNTED[table.name])
            found += [(table.name, label, name, row[name]) for name in names]
    found += [count for part in report.everything for count in part.told.counts]
    return [
        {"table": table, "row": row, "column": column, "count": _plain(count)}
        for table, row, column, count in found
    ]


def _shares(report: AnnualReport) -> list[dict[str, Any]]:
    """List the shares of practice, each once, which stand in tables without their counts."""
    found = {share[:2]: share[2] for part in report.everything for share in part.told.shares}
    return [
        {"table": table, "row": row, "share": _plain(share)}
        for (table, row), share in found.items()
    ]


def _with_ids(released: pd.DataFrame, exact: pd.DataFrame) -> pd.DataFrame:
    """Put before each estimate the id other reports name it by."""
    with_ids = released.copy()
    with_ids.insert(0, "id", estimate_ids(exact).to_numpy() if len(exact) else None)
    return with_ids


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in frame.astype(object).to_dict("records")
    ]


def _plain(value: Any) -> Any:
    """Return a value JSON has: text, whole number, number, truth value or null."""
    if hasattr(value, "item"):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float):
        if math.isnan(value):
            return None
        if math.isinf(value):
            return "infinity" if value > 0 else "-infinity"
        return value
    return value if isinstance(value, str | int | bool) else str(value)
