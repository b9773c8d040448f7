"""Small simulated counties, released for two years, and the exact counts behind them.

Run as a program it attacks many: ``python -m tests.reporting.counties 300``.
"""

import dataclasses
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from evaluation.reporting.annual import AnnualReport, annual_report
from evaluation.reporting.estimates_json import estimates_json
from evaluation.reporting.follow_up import exact_counts
from evaluation.reporting.provenance import provenance
from evaluation.reporting.sections import characteristics
from evaluation.reporting.workbook import workbook
from tests.reporting.attack import attack, recovered
from tests.reporting.conftest import make_agency, make_cohort, make_effects, make_study

BELOW = 11


def cohorts(seed):
    """Last year's children, and this year's: some added, a few corrected."""
    random = np.random.default_rng(seed)
    study = make_study(
        adjustment={"covariates": ["sex"], "weights": ["none", "all eligible"][seed % 2]}
    )
    now = make_cohort(study, int(random.integers(60, 700)), seed=seed)
    kept = len(now.exits) - int(random.choice([0, 3, 8, 25, 60]))
    exits = now.exits.iloc[: max(kept, 40)].copy()
    rows = {o: own.iloc[: len(exits)].copy() for o, own in now.rows.items()}
    corrected = random.random(len(exits)) < 0.01
    exits.loc[corrected, "county"] = "Alder"
    for own in rows.values():
        own.loc[random.random(len(own)) < 0.01, "event"] = 0
    flow = now.flow.copy()
    gone = len(now.exits) - len(exits)
    for name in ("exits", "children", "families"):
        flow[name] -= gone
    return dataclasses.replace(now, exits=exits, rows=rows, flow=flow), now, random


def release(cohort, study, left_out, folder: Path) -> AnnualReport:
    """Write what the attack on numbers reads: estimates, workbook, all sentences."""
    folder.mkdir(parents=True)
    cohort = dataclasses.replace(cohort, study=study)
    compared = dataclasses.replace(cohort, exits=cohort.exits[~left_out])
    compared.rows = {outcome: own[~left_out.to_numpy()] for outcome, own in cohort.rows.items()}
    agency = make_agency()
    origin = provenance(study, agency.source, agency.data_hash)
    report = annual_report(study, agency.check(), cohort, make_effects(compared), origin)
    plt.close("all")
    tables = [table for part in report.everything for table in part.tables]
    (folder / "estimates.json").write_text(estimates_json(report), encoding="utf-8")
    (folder / "tables.xlsx").write_bytes(workbook(report, tables))
    said = [report.answer, *(card.sentence + card.number for card in report.cards)]
    said += [text for part in report.everything for text in (part.title, *part.paragraphs)]
    said += [text for part in report.everything for text in part.points]
    said += [chart.alt for part in report.everything for chart in part.charts]
    (folder / "sentences.txt").write_text("\n".join(said), encoding="utf-8")
    return report


def two_years(seed: int, folder: Path) -> tuple[list[Path], dict]:
    """Release a county twice, the second time beside the first; return files and truth."""
    then, now, random = cohorts(seed)
    folders, truth = [folder / "then", folder / "now"], {}
    for year, cohort in enumerate((then, now)):
        files = {"last_year": "then/estimates.json"} if year else {}
        study = now.study.model_copy(update={"files": now.study.files.model_copy(update=files)})
        study._folder = folder
        left_out = pd.Series(random.random(len(cohort.exits)) < 0.02, index=cohort.exits.index)
        release(cohort, study, left_out, folders[year])
        truth |= exact(cohort, left_out, year)
    return folders, truth


def exact(cohort, left_out, year: int) -> dict:
    """Count what the attack tries to recover, under the names it uses."""
    exits, truth = cohort.exits, {}
    truth[year, "exit_type", "all", "all"] = len(exits)
    for kind, own in exits.groupby("exit_type"):
        truth[year, "exit_type", kind, "all"] = len(own)
    for column in ("sex", "race_ethnicity", "age_group", "county"):
        labels = characteristics._labels(column, exits[column])
        for (label, kind), n in (
            exits.groupby([pd.Series(labels, exits.index), "exit_type"]).size().items()
        ):
            truth[year, "who", label, kind] = int(n)
            truth[year, "who", label, "all"] = truth.get((year, "who", label, "all"), 0) + int(n)
    for service, name in (("coach", "Coach"), ("respite", "Respite care")):
        served = exits[f"known_at_exit_{service}"]
        truth[year, "services", name, "served"] = int(served.sum())
        truth[year, "services", name, "unserved"] = int((~served).sum())
    for step, row in zip(cohort.flow["step"], cohort.flow.itertuples(), strict=True):
        truth[year, "flow", f"{step}|{row.reason}", "excluded"] = int(row.excluded)
    served = exits["known_at_exit_coach"]
    for outcome, rows in cohort.rows.items():
        groups = {"all": "all", "exit_type": rows["exit_type"]}
        groups["exit_year"] = exits["index_date"].dt.year.astype(str).to_numpy()
        days = [0, 180, 365, 730, *(round(30.4375 * m) for m in range(1, 24))]
        for by, values in groups.items():
            for row in exact_counts(rows.assign(group=values), "group", days).itertuples():
                key = (year, outcome, by, row.group)
                truth[*key, "events", row.time] = row.events
                truth[*key, "at_risk", row.time] = row.at_risk
        arm = np.where(left_out, "left", np.where(served, "yes", "no"))
        for row in exact_counts(rows.assign(group=arm), "group", days).itertuples():
            key = (year, outcome, "arm", "coach", row.group)
            truth[*key, "events", row.time] = row.events
            truth[*key, "at_risk", row.time] = row.at_risk
        key = (year, "effects", "coach", outcome)
        truth[*key, "left_treated"] = int((served & left_out).sum())
    return truth


def attacked(seed: int, folder: Path) -> list:
    """Release a county for two years and return the small counts recovered from the files."""
    folders, truth = two_years(seed, folder)
    return recovered(attack(folders), truth, BELOW)


if __name__ == "__main__":
    many, found = int(sys.argv[1]) if len(sys.argv) > 1 else 300, 0
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    for seed in range(first, first + many):
        with tempfile.TemporaryDirectory() as place:
            lost = attacked(seed, Path(place))
        found += bool(lost)
        for name, count in lost[:5]:
            print(f"county {seed}: {name} is {count}", flush=True)
    print(f"{found} of {many} counties gave a small count back")
    sys.exit(bool(found))
