"""Small simulated counties, released for two years, and the exact counts behind them.

Run as a program it attacks many: ``python -m tests.reporting.counties 300``, and with
``--without`` those whose second report was made without the first.
"""

import dataclasses
import sys
import tempfile
from collections.abc import Callable
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
from tests.reporting.attack import attack, recovered, small_counts
from tests.reporting.attack_sheets import read_sheets
from tests.reporting.conftest import make_agency, make_cohort, make_effects, make_study
from tests.reporting.county_practice import CountyCohort, cases, practice_of
from tests.reporting.practice_truth import practice_counts

BELOW = 11


def cohorts(seed):
    """Last year's children, and this year's: some added, a few corrected."""
    random = np.random.default_rng(seed)
    study = make_study(
        adjustment={"covariates": ["sex"], "weights": ["none", "all eligible"][seed % 2]},
        report={"equity_by": ["county", "sex"]},
    )
    now = CountyCohort(**vars(make_cohort(study, int(random.integers(60, 700)), seed=seed)))
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


def release(cohort, study, left_out, practice, folder: Path) -> AnnualReport:
    """Write what the attack on numbers reads: estimates, workbook, all sentences."""
    folder.mkdir(parents=True)
    cohort = dataclasses.replace(cohort, study=study)
    compared = dataclasses.replace(cohort, exits=cohort.exits[~left_out])
    compared.rows = {outcome: own[~left_out.to_numpy()] for outcome, own in cohort.rows.items()}
    agency = make_agency()
    origin = provenance(study, agency.source, agency.data_hash)
    effects = make_effects(compared)
    report = annual_report(study, agency.check(), cohort, effects, origin, practice=practice)
    plt.close("all")
    tables = [table for part in report.everything for table in (*part.tables, *part.sheets)]
    (folder / "estimates.json").write_text(estimates_json(report), encoding="utf-8")
    (folder / "tables.xlsx").write_bytes(workbook(report, tables))
    said = [report.answer, *(card.sentence + card.number for card in report.cards)]
    said += [text for part in report.everything for text in (part.title, *part.paragraphs)]
    said += [text for part in report.everything for text in part.points]
    said += [chart.alt for part in report.everything for chart in part.charts]
    (folder / "sentences.txt").write_text("\n".join(said), encoding="utf-8")
    return report


def two_years(seed: int, folder: Path, beside: bool = True) -> tuple[list[Path], dict]:
    """Release a county twice, the second time beside the first; return files and truth."""
    then, now, random = cohorts(seed)
    folders, truth = [folder / "then", folder / "now"], {}
    known = cases(now.exits, seed)
    for year, cohort in enumerate((then, now)):
        files = {"last_year": "then/estimates.json"} if year and beside else {}
        study = now.study.model_copy(update={"files": now.study.files.model_copy(update=files)})
        study._folder = folder
        left_out = pd.Series(random.random(len(cohort.exits)) < 0.02, index=cohort.exits.index)
        practice = practice_of(cohort, known if year else _corrected(known, random))
        found = release(cohort, study, left_out, practice, folders[year])
        truth |= exact(cohort, left_out, year)
        truth |= practice_counts(found.material, practice, year)
    return folders, truth


def _corrected(known: pd.DataFrame, random) -> pd.DataFrame:
    """Return the cases as last year's records had them: some were not met then."""
    late = random.random(len(known)) < random.choice([0.0, 0.005, 0.03])
    return known.assign(events=known["events"].where(~late, 0))


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


def attacked(seed: int, folder: Path, beside: bool = True) -> list:
    """Release a county for two years and return the small counts recovered from the files."""
    return tried(seed, folder, beside)[1]


def tried(seed: int, folder: Path, beside: bool = True) -> tuple[int, list]:
    """Return also how many small counts and changes of few the attack tried to recover."""
    folders, truth = two_years(seed, folder, beside)
    found = attack(folders, read_sheets)
    return len(small_counts(found, truth, BELOW)), recovered(found, truth, BELOW)


def attack_many(what: str, seeds: range, attack_one: Callable, **options) -> int:
    """Attack one after another, say what was found and return how many gave something back."""
    given_back, many, lost = 0, 0, 0
    for seed in seeds:
        with tempfile.TemporaryDirectory() as place:
            small, found = attack_one(seed, Path(place), **options)
        given_back, many, lost = given_back + bool(found), many + small, lost + len(found)
        print(f"{what} {seed}: {len(found)} of {small} small counts given back", flush=True)
        for name, count in found[:5]:
            print(f"{what} {seed}: {name} is {count}", flush=True)
    print(
        f"{given_back} of {len(seeds)} gave a small count back: {lost:,} of {many:,} small counts "
        "and changes of few",
        flush=True,
    )
    return given_back


def arguments(most: int) -> tuple[range, bool]:
    """Read how many to attack, the first of them, and whether last year's report is passed over."""
    numbers = [int(each) for each in sys.argv[1:] if each.isdigit()]
    many, first = [*numbers, *(most, 0)[len(numbers) :]][:2]
    return range(first, first + many), "--without" not in sys.argv


if __name__ == "__main__":
    seeds, beside = arguments(300)
    sys.exit(bool(attack_many("county", seeds, tried, beside=beside)))
