"""The list that goes with a release: every file, its checksum, what was hidden in it and why."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from evaluation.reporting.annual import AnnualReport
from evaluation.reporting.numerals import SUPPRESSED
from evaluation.reporting.reports import Report

NAME = "manifest.json"


def manifest(found: AnnualReport, reports: Sequence[Report], folder: Path) -> str:
    """List every file of a folder.

    Parameters
    ----------
    found : AnnualReport
        For the rule, the data and the protocol.
    reports : sequence of Report
        What the documents are made of.
    folder : pathlib.Path
        The folder as written so far.

    Returns
    -------
    str
        JSON: ``rule`` (with ``not_compared``: what last year's file keeps no numbers of),
        ``data``, ``protocol``, ``outputs`` with ``file``, ``audience``,
        ``sha256``, ``bytes`` and ``hidden_cells`` (cells and drawn numbers shown as
        ``s``), and ``hidden`` by table or chart.
    """
    by_table = {
        table.name: _hidden(table.data) for r in reports for table in (*r.tables, *r.sheets)
    }
    by_chart = {f"charts/{c.name}": _hidden(c.summary) for r in reports for c in r.charts}
    counted = {r.name: _in_report(r) for r in reports}
    counted |= by_chart | {"tables": sum(by_table.values())}
    audience = {r.name: r.audience for r in reports}
    rule = found.material.rule
    outputs = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        name = path.relative_to(folder).as_posix()
        stem = name.rsplit(".", 1)[0]
        content = path.read_bytes()
        hidden = content.count(b'"s"') if name == "estimates.json" else counted.get(stem, 0)
        outputs.append(
            {
                "file": name,
                "audience": audience.get(stem, rule.audience),
                "sha256": hashlib.sha256(content).hexdigest(),
                "bytes": len(content),
                "hidden_cells": hidden,
            }
        )
    said = {
        "rule": {
            "profile": found.study.report.profile,
            "suppress_below": rule.below,
            "words": rule.words,
            "beside": found.study.files.last_year,
            "not_compared": _not_compared(found),
        },
        "data_sha256": found.provenance.data_hash,
        "protocol_sha256": found.provenance.protocol_hash,
        "outputs": outputs,
        "hidden": [
            {"in": name, "cells": cells, "why": rule.words}
            for name, cells in sorted((by_table | by_chart).items())
            if cells
        ],
        "withheld_contrasts": [list(key) for key in found.material.released.withheld],
    }
    return json.dumps(said, indent=1, ensure_ascii=False) + "\n"


def _not_compared(found: AnnualReport) -> list[str]:
    """Say of which tables last year's file keeps no numbers to compare."""
    last, name = found.material.last, found.study.files.last_year
    if last is None or found.material.practice is None:
        return []
    return [
        f"{table}: {name} keeps no numbers of it, so what last year's report showed of it could "
        "not be compared; make last year's report again with this version, or do not release "
        "this table beside it."
        for table in last.not_kept
    ]


def _in_report(report: Report) -> int:
    tables = sum(_hidden(table.data) for table in report.tables)
    return tables + sum(_hidden(chart.summary) for chart in report.charts)


def _hidden(frame) -> int:
    return int(frame.astype(object).eq(SUPPRESSED).to_numpy().sum())
