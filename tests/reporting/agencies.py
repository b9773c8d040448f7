"""A simulated agency with everything a report can show, released, and the counts behind it.

Run as a program it attacks many: ``python -m tests.reporting.agencies 10``.
"""

import datetime
import sys
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
from tests.reporting.attack import attack, recovered, small_counts
from tests.reporting.attack_sheets import read_sheets
from tests.reporting.counties import BELOW, arguments, attack_many
from tests.reporting.practice_truth import practice_counts

FIRST, LAST = datetime.date(2018, 1, 1), datetime.date(2022, 12, 31)
THROUGH = datetime.date(2024, 6, 30)


def study_of(compared: bool = True, back: int = 0, last_year: str | None = None):
    """A study that asks for every section, some months back; without comparisons it is quicker."""
    services = [{"program": "success_coach", "exposure": "at exit"}] if compared else []
    through, last = (
        (pd.Timestamp(day) - pd.offsets.MonthEnd(back)).date() for day in (THROUGH, LAST)
    )
    return ev.Study(
        title="County",
        design="quasi-experimental" if compared else "descriptive",
        cohort={"exits": (FIRST, last), "data_through": through, "adoption_link": "kept"},
        outcomes={"reentry": {}, "maltreatment": {}},
        services=services,
        primary={"outcome": "reentry", "service": "success_coach", "horizon": 365}
        if compared
        else None,
        adjustment={"covariates": ["sex"], "weights": "overlap"},
        files={"policy": "milwaukee_ocm_54_00", "last_year": last_year},
        report={"equity_by": ["sex", "race_ethnicity", "county"]},
    )


def released(seed: int, children: int, folder: Path, compared: bool = True) -> dict:
    """Release an agency into a folder and return the exact counts by the attack's names."""
    with ev.simulate_agency(children=children, seed=seed) as agency:
        return _release(agency, study_of(compared), folder, 0)


def two_years(
    seed: int, children: int, folder: Path, back: int, beside: bool = True
) -> tuple[list[Path], dict]:
    """Release an agency twice, the first time some months earlier; return files and truth."""
    folders = [folder / "then", folder / "now"]
    last_year = "then/estimates.json" if beside else None
    now = study_of(compared=False, last_year=last_year)
    now._folder = folder
    with ev.simulate_agency(children=children, seed=seed) as agency:
        truth = _release(agency, study_of(compared=False, back=back), folders[0], 0)
        truth |= _release(agency, now, folders[1], 1)
    return folders, truth


def _release(agency, study, folder: Path, year: int) -> dict:
    """Write what data formats hold: estimates, workbook, all sentences."""
    compared = bool(study.services)
    check = agency.check()
    cohort = ev.build_cohort(agency, study)
    effects = ev.effects(cohort)
    practice = practice_findings(agency, cohort)
    origin = provenance(study, agency.source, agency.data_hash)
    evidence = ev.evidence(cohort, effects) if compared else None
    found = annual_report(study, check, cohort, effects, origin, None, evidence, practice)
    names = [name for name in REPORTS if evidence is not None or name != "program"]
    reports = [report for name in names for report in MAKERS[name](found)]
    truth = exact_counts(found, cohort, check, practice, year)
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


def exact_counts(found, cohort, check, practice, year: int = 0) -> dict:
    """Count everything the sheets could give back."""
    truth = _children(cohort, year)
    return truth | practice_counts(found.material, practice, year) | _rows(check, year)


def _rows(check, year: int) -> dict:
    quality = check.quality
    truth = {
        (year, "rows", r.table, "aside"): int(r.quarantined) for r in check.counts.itertuples()
    }
    for row in quality.completeness.itertuples():
        truth[year, "field", row.table, row.field, "missing"] = int(row.rows - row.given)
    for row in quality.validity.itertuples():
        truth[year, "rule", row.table, row.field or "the whole row", row.rule] = int(row.rows)
    for row in quality.federal.dropna(subset=["rows"]).itertuples():
        truth[year, "limit", row.check.replace("_", " "), "rows"] = int(row.rows)
    return truth


def _children(cohort, year: int) -> dict:
    exits, truth = cohort.exits, {}
    for kind, own in exits.groupby("exit_type"):
        truth[year, "exit_type", kind, "all"] = len(own)
    for column in ("sex", "race_ethnicity", "age_group", "county"):
        labels = characteristics._labels(column, exits[column])
        for label, n in pd.Series(labels).value_counts().items():
            truth[year, "who", label, "all"] = int(n)
    for step, row in zip(cohort.flow["step"], cohort.flow.itertuples(), strict=True):
        truth[year, "flow", f"{step}|{row.reason}", "excluded"] = int(row.excluded)
    return truth


def attacked(seed: int, folder: Path, compared: bool = True) -> list:
    """Release an agency of some size and return the small counts its files give back."""
    truth = released(seed, _children_of(seed), folder, compared)
    return recovered(attack([folder], read_sheets), truth, BELOW)


def tried(seed: int, folder: Path, beside: bool = True) -> tuple[int, list]:
    """Attack an agency released twice: how many small counts were tried, and those recovered.

    The first report is 1, 3, 6 or 12 months older.
    """
    back = int(np.random.default_rng(seed).choice([1, 3, 6, 12]))
    folders, truth = two_years(seed, _children_of(seed), folder, back, beside)
    found = attack(folders, read_sheets)
    return len(small_counts(found, truth, BELOW)), recovered(found, truth, BELOW)


def _children_of(seed: int) -> int:
    return int(np.random.default_rng(seed).integers(250, 1500))


if __name__ == "__main__":
    seeds, beside = arguments(30)
    sys.exit(bool(attack_many("agency", seeds, tried, beside=beside)))
