"""A simulated agency with everything a report can show, released, and the counts behind it.

Run as a program it attacks many: ``python -m tests.reporting.agencies 10``.
"""

import datetime
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import evaluation as ev
from evaluation.practice import practice_findings
from evaluation.reporting.annual import annual_report
from evaluation.reporting.estimates_json import estimates_json
from evaluation.reporting.provenance import provenance
from evaluation.reporting.reports import MAKERS, REPORTS
from evaluation.reporting.sections import characteristics
from evaluation.reporting.workbook import workbook
from tests.reporting.attack import attack, recovered
from tests.reporting.attack_sheets import read_sheets
from tests.reporting.counties import BELOW
from tests.reporting.practice_truth import practice_counts

FIRST, THROUGH = datetime.date(2018, 1, 1), datetime.date(2024, 6, 30)


def study_of(compared: bool = True):
    """A study that asks for every section; without comparisons it is quicker."""
    services = [{"program": "success_coach", "exposure": "at exit"}] if compared else []
    return ev.Study(
        title="County",
        design="quasi-experimental" if compared else "descriptive",
        cohort={"exits": (FIRST, datetime.date(2022, 12, 31)), "data_through": THROUGH}
        | {"adoption_link": "kept"},
        outcomes={"reentry": {}, "maltreatment": {}},
        services=services,
        primary={"outcome": "reentry", "service": "success_coach", "horizon": 365}
        if compared
        else None,
        adjustment={"covariates": ["sex"], "weights": "overlap"},
        files={"policy": "milwaukee_ocm_54_00"},
        report={"equity_by": ["sex", "race_ethnicity", "county"]},
    )


def released(seed: int, children: int, folder: Path, compared: bool = True) -> dict:
    """Release an agency into a folder and return the exact counts by the attack's names."""
    study = study_of(compared)
    with ev.simulate_agency(children=children, seed=seed) as agency:
        check = agency.check()
        cohort = ev.build_cohort(agency, study)
        effects = ev.effects(cohort)
        practice = practice_findings(agency, cohort)
        origin = provenance(study, agency.source, agency.data_hash)
        evidence = ev.evidence(cohort, effects) if compared else None
        found = annual_report(study, check, cohort, effects, origin, None, evidence, practice)
        names = [name for name in REPORTS if evidence is not None or name != "program"]
        reports = [report for name in names for report in MAKERS[name](found)]
        truth = exact_counts(found, cohort, check, practice)
    plt.close("all")
    folder.mkdir(parents=True, exist_ok=True)
    tables = {t.name: t for report in reports for t in (*report.tables, *report.sheets)}
    (folder / "estimates.json").write_text(estimates_json(found), encoding="utf-8")
    (folder / "tables.xlsx").write_bytes(workbook(found, list(tables.values())))
    said = [
        text for r in reports for s in r.sections for text in (s.title, *s.paragraphs, *s.points)
    ]
    said += [chart.alt for report in reports for chart in report.charts]
    (folder / "sentences.txt").write_text("\n".join(said), encoding="utf-8")
    return truth


def exact_counts(found, cohort, check, practice) -> dict:
    """Count everything the sheets could give back."""
    truth = _children(cohort)
    return truth | practice_counts(found.material, practice, 0) | _rows(check)


def _rows(check) -> dict:
    quality = check.quality
    truth = {(0, "rows", r.table, "aside"): int(r.quarantined) for r in check.counts.itertuples()}
    for row in quality.completeness.itertuples():
        truth[0, "field", row.table, row.field, "missing"] = int(row.rows - row.given)
    for row in quality.validity.itertuples():
        truth[0, "rule", row.table, row.field or "the whole row", row.rule] = int(row.rows)
    for row in quality.federal.dropna(subset=["rows"]).itertuples():
        truth[0, "limit", row.check.replace("_", " "), "rows"] = int(row.rows)
    return truth


def _children(cohort) -> dict:
    exits, truth = cohort.exits, {}
    for kind, own in exits.groupby("exit_type"):
        truth[0, "exit_type", kind, "all"] = len(own)
    for column in ("sex", "race_ethnicity", "age_group", "county"):
        labels = characteristics._labels(column, exits[column])
        for label, n in pd.Series(labels).value_counts().items():
            truth[0, "who", label, "all"] = int(n)
    for step, row in zip(cohort.flow["step"], cohort.flow.itertuples(), strict=True):
        truth[0, "flow", f"{step}|{row.reason}", "excluded"] = int(row.excluded)
    return truth


def attacked(seed: int, folder: Path, compared: bool = True) -> list:
    """Release an agency of some size and return the small counts its files give back."""
    children = int(np.random.default_rng(seed).integers(250, 1500))
    truth = released(seed, children, folder, compared)
    return recovered(attack([folder], read_sheets), truth, BELOW)


if __name__ == "__main__":
    many, found = int(sys.argv[1]) if len(sys.argv) > 1 else 10, 0
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    for seed in range(first, first + many):
        with tempfile.TemporaryDirectory() as place:
            lost = attacked(seed, Path(place))
        found += bool(lost)
        print(f"agency {seed}: {len(lost)} small counts given back", flush=True)
        for name, count in lost[:5]:
            print(f"agency {seed}: {name} is {count}", flush=True)
    print(f"{found} of {many} agencies gave a small count back")
    sys.exit(bool(found))
