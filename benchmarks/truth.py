"""Do the effects recover the truth they are judged by? Writes TRUTH.md and truth.svg.

Estimator tier: data sets drawn by the simulator directly as cohort tables, the package's
own contrasts on each, bias and coverage against the simulator's estimands. Pipeline tier:
agencies from records to effect, whose cohort tables must be the simulator's own
(``truth_pipeline.py``). Seeds and limits are fixed below; every cell is published, and
none is run again with another seed. The work goes in eight turns, each an eighth of the data
sets, of the target trials and of the agencies of every scenario, and the page is written
after each. What is done is kept in ``benchmarks/.truth`` and not repeated; other settings
are kept apart; delete it after a change that moves estimates.

    python benchmarks/truth.py                        # everything; hours
    python benchmarks/truth.py --sets 50 --trial-sets 10 --agencies 2 --scenario "no effect"
"""

import argparse
import hashlib
import math
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import truth_pipeline
from truth_page import NAIVE, TRIAL, draw, page
from truth_scenarios import (
    DELAYED,
    ESTIMATORS,
    GIVEN_HISTORY,
    HORIZON,
    JUDGED,
    MISSING,
    OUTCOMES,
    SCENARIOS,
    estimators_of,
    recorded,
    study_of,
    violated,
)

from evaluation.effects.contrast import estimate, study_arms
from evaluation.effects.limits import shortage
from evaluation.effects.naive import naive_claim
from evaluation.effects.target_trial import target_trial
from evaluation.errors import StudyError
from evaluation.estimates import EstimateError
from evaluation.sources.simulation import Scenario, estimands, simulate_truth

HERE = Path(__file__).parent
KEPT = HERE / ".truth"
CHILDREN = 2_000
SETS = 2_000
TRIALS = (TRIAL, GIVEN_HISTORY)
AGENCIES = 50
FIRST_SEED = 1_000_000
FIRST_AGENCY = 2_000_000
TURNS, CHUNK, AGENCIES_A_CHUNK = 8, 50, 5
LARGE = 400_000
TRIAL_SETS, TRIAL_REPLICATES = 400, 200
PLANNED_TRIALS = TRIAL_SETS, TRIAL_REPLICATES
TRIAL_PASSES, OTHERS_PASS = (0.92, 0.98), (0.93, 0.97)
TRIAL_REJECTS, OTHERS_REJECT = (0.02, 0.08), (0.035, 0.065)
KEPT_OF_A_ROW = ("estimate", "se", "ci_low", "ci_high", "p")


def one_set(scenario: str, names: tuple[str, ...], seed: int) -> list[dict]:
    """Some estimators on one simulated cohort."""
    truth = simulate_truth(children=CHILDREN, seed=seed, **SCENARIOS[scenario])
    rows = truth.follow_up(OUTCOMES.get(scenario, "reentry"), horizon_days=HORIZON)
    exits = truth.cohort.assign(family_id=truth.cohort["cluster"])
    rows["family_id"] = rows["exit_id"].map(exits.set_index("exit_id")["cluster"])
    return estimates_of(scenario, names, seed, rows, exits, truth.report_days)


def run_in(scenario: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the estimators run in a scenario: those judged in all data sets, and the trials.

    The target trial is left out where a covariate is imputed, and with delayed entry, where
    ever against never is too.
    """
    names = tuple(estimators_of(scenario))
    others = tuple(
        name for name in names if name not in TRIALS and (name, scenario) != (NAIVE, DELAYED)
    )
    without = scenario in (MISSING, DELAYED)
    return others, () if without else tuple(name for name in names if name in TRIALS)


def estimates_of(
    scenario: str,
    names: tuple[str, ...],
    seed: int,
    rows: pd.DataFrame,
    exits: pd.DataFrame,
    reports: pd.DataFrame,
) -> list[dict]:
    """Some estimators on the rows of one cohort; one that says there is too little has its words.

    A covariate that is missing is imputed. The bootstrap of a target trial is seeded by the
    data set.
    """
    outcome = OUTCOMES.get(scenario, "reentry")
    rows = recorded(rows, scenario, seed)
    missing = "multiple imputation" if scenario == MISSING else "complete cases"
    found, held = [], {}
    for name in names:
        settings = estimators_of(scenario)[name]
        history = ("recent_report", "reports") if name == GIVEN_HISTORY else ()
        study = study_of(*settings, TRIAL_REPLICATES, missing, history)
        cohort = SimpleNamespace(
            study=study, exits=exits, follow_up=lambda _outcome: rows, report_days=reports
        )
        head = {"estimator": name, "seed": seed}
        try:
            if name == NAIVE:
                own = _naive(rows, outcome, study)
            elif name in TRIALS:
                table = target_trial(
                    cohort, outcome, "group", seed=seed, workers=1, other_grace=False
                ).table
                own = table[table["measure"] == "risk_difference"].to_dict("records")
            else:
                own = _estimated(cohort, outcome, rows, held)
        except (StudyError, EstimateError) as error:
            found.append(head | {"failed": str(error)[:80]})
            continue
        kind = "conditional" if settings[3] else "marginal"
        for row in own:
            measure = kind if row["measure"] == "hazard_ratio" else row["measure"]
            if measure in JUDGED:
                found.append(head | {"measure": measure} | {key: row[key] for key in KEPT_OF_A_ROW})
    return found


def _naive(rows: pd.DataFrame, outcome: str, study) -> list[dict]:
    claim = naive_claim(rows, outcome, study.services[0], HORIZON)
    difference = claim["risk_ever"] - claim["risk_never"]
    nothing = dict.fromkeys(KEPT_OF_A_ROW, np.nan)
    return [nothing | {"measure": "risk_difference", "estimate": difference}]


def _estimated(cohort, outcome: str, rows: pd.DataFrame, held: dict) -> list[dict]:
    """Estimate one contrast; estimators that differ in their weights alone share its rows."""
    service = cohort.study.services[0]
    key = service.program, service.exposure
    if key not in held:
        held[key] = study_arms(cohort, outcome, service, rows)
    arms = held[key]
    if reason := shortage(arms, cohort.study):
        raise StudyError(reason)
    return estimate(arms, cohort.study, day=HORIZON).rows


def truths(scenario: str) -> pd.DataFrame:
    """The estimands of a scenario, each estimator's own.

    Where families served are only watched more, reports differ and maltreatment does not:
    the truth is no difference.
    """
    known = estimands(
        Scenario.from_arguments(**SCENARIOS[scenario]), population=LARGE, horizons=(HORIZON,)
    )
    rows = []
    for name, (service, exposure, weights, adjusted) in estimators_of(scenario).items():
        population = "all eligible" if weights == "none" else weights
        for measure, judged in JUDGED.items():
            if (measure == "conditional") != adjusted and measure != "risk_difference":
                continue
            found = known[
                (known["service"] == service)
                & (known["exposure"] == ("target trial" if exposure == "naive" else exposure))
                & (known["outcome"] == OUTCOMES.get(scenario, "reentry"))
                & (known["measure"] == judged)
                & (known["population"] == population)
                & (known["horizon"] == HORIZON)
            ]
            if no_effect(scenario):
                found = found.assign(value=0.0 if measure == "risk_difference" else 1.0, mc_se=0.0)
            if len(found) == 1:
                rows.append(
                    {
                        "estimator": name,
                        "measure": measure,
                        "truth": found["value"].item(),
                        "truth_se": found["mc_se"].item(),
                    }
                )
    return pd.DataFrame(rows)


def no_effect(scenario: str) -> bool:
    """Whether the services of a scenario change nothing, so that its truths are known exactly."""
    return scenario.startswith("no effect")


def folder(scenario: str) -> Path:
    """Where what is done of a scenario is kept: other settings, another place."""
    settings = repr((CHILDREN, HORIZON, LARGE, TRIAL_SETS, TRIAL_REPLICATES, FIRST_SEED))
    told = repr((settings, SCENARIOS[scenario], estimators_of(scenario))).encode()
    name = scenario.replace(" ", "-").replace(",", "")
    return KEPT / f"{name}-{hashlib.sha256(told).hexdigest()[:10]}"


def kept(path: Path, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """Read a table that is there; make and keep one that is not, whole or not at all."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial_file = path.with_suffix(".part")
        make().to_csv(partial_file, index=False)
        partial_file.replace(path)
    return pd.read_csv(path)


def cell(scenario: str, sets: int, trials: int, work: Callable) -> pd.DataFrame:
    """Bias, coverage and rejection of every estimator in one scenario, chunk by chunk."""
    place = folder(scenario)
    known = kept(place / "truths.csv", lambda: truths(scenario))
    others, own = run_in(scenario)
    parts = chunks(place, "", partial(one_set, scenario, others), FIRST_SEED, sets, work)
    if own:
        parts += chunks(place, "trials-", partial(one_set, scenario, own), FIRST_SEED, trials, work)
    return summarise(pd.concat(parts), known, scenario)


def chunks(
    place: Path,
    kind: str,
    one: Callable,
    first: int,
    count: int,
    work: Callable,
    size: int = CHUNK,
) -> list[pd.DataFrame]:
    """Do, or read where it is kept, so many seeds from the first on, a few at a time."""

    def done(seeds: range) -> pd.DataFrame:
        return pd.DataFrame([row for rows in work(one, seeds) for row in rows])

    parts = []
    for begin in range(0, count, size):
        seeds = range(first + begin, first + min(begin + size, count))
        path = place / f"{kind}{begin:05d}-{len(seeds)}.csv"
        parts.append(kept(path, partial(done, seeds)))
    return parts


def pipeline(scenario: str, agencies: int, work: Callable) -> pd.DataFrame:
    """The pipeline tier of one scenario: how many agencies are equal, and what was estimated."""
    place = folder(scenario)
    known = kept(place / "truths.csv", lambda: truths(scenario))
    one = partial(one_agency, scenario)
    parts = chunks(place, "agencies-", one, FIRST_AGENCY, agencies, work, AGENCIES_A_CHUNK)
    draws = pd.concat(parts)
    equal = draws.groupby("seed")["equal"].all()
    table = summarise(draws, known, scenario)
    return table.assign(agencies=len(equal), equal=int(equal.sum()))


def one_agency(scenario: str, seed: int) -> list[dict]:
    """Every estimator on one agency's records, and whether its cohort is the simulator's own."""
    outcome = OUTCOMES.get(scenario, "reentry")
    study = study_of(*ESTIMATORS[TRIAL])
    rows, exits, reports, equal = truth_pipeline.from_records(
        SCENARIOS[scenario], CHILDREN, seed, study, outcome
    )
    names = sum(run_in(scenario), ())
    found = estimates_of(scenario, names, seed, rows, exits, reports)
    return [row | {"equal": equal} for row in found]


def summarise(draws: pd.DataFrame, known: pd.DataFrame, scenario: str) -> pd.DataFrame:
    """Judge each estimator by its own truth."""
    failed = draws[draws["measure"].isna()].groupby("estimator").size()
    rows = []
    for (estimator, measure), found in draws.dropna(subset=["measure"]).groupby(
        ["estimator", "measure"], sort=False
    ):
        truth = known[(known["estimator"] == estimator) & (known["measure"] == measure)]
        if truth.empty:
            continue
        value = truth["truth"].item()
        on_log = measure != "risk_difference"
        errors = (
            (np.log(found["estimate"]) - np.log(value)) if on_log else found["estimate"] - value
        )
        target = np.log(value) if on_log else value
        error = np.hypot(errors.std() / np.sqrt(len(errors)), truth["truth_se"].item())
        limit = max(3 * error, 0.05 * abs(target), 0.01 if on_log else 0.001)
        covered = ((found["ci_low"] <= value) & (value <= found["ci_high"])).mean()
        trial = estimator in TRIALS
        planned = PLANNED_TRIALS[0] if trial else SETS
        few = 3 / np.sqrt(len(errors)) if len(errors) < planned else 0.0
        rejects = (found["p"] < 0.05).mean()
        passes = abs(errors.mean()) <= limit
        passes &= within(covered, *(TRIAL_PASSES if trial else OTHERS_PASS), few)
        if no_effect(scenario):
            passes &= within(rejects, *(TRIAL_REJECTS if trial else OTHERS_REJECT), few)
        rows.append(
            {
                "scenario": scenario,
                "estimator": estimator,
                "measure": measure,
                "sets": len(found),
                "refused": int(failed.get(estimator, 0)),
                "truth": value,
                "bias": errors.mean(),
                "limit": limit,
                "coverage": covered,
                "se_ratio": (found["se"].mean() / errors.std()),
                "rejects": rejects,
                "violated": violated(scenario, estimator),
                "passes": bool(passes),
            }
        )
    return pd.DataFrame(rows)


def within(share: float, low: float, high: float, few: float) -> bool:
    """Whether a share lies between limits, wider by chance where data sets are few."""
    slack = few * np.sqrt(0.05 * 0.95)
    return bool(low - slack <= share <= high + slack)


def main() -> None:
    """Run the cells asked for and write TRUTH.md."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sets", type=int, default=SETS)
    parser.add_argument("--agencies", type=int, default=AGENCIES)
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--trial-sets", type=int, default=TRIAL_SETS)
    parser.add_argument("--population", type=int, default=LARGE)
    parser.add_argument("--trial-replicates", type=int, default=TRIAL_REPLICATES)
    given = parser.parse_args()
    settings = {
        "TRIAL_SETS": given.trial_sets,
        "TRIAL_REPLICATES": given.trial_replicates,
        "LARGE": given.population,
    }
    _set(settings)
    scenarios = given.scenario or list(SCENARIOS)
    run = {
        "asked": given.sets,
        "planned_sets": SETS,
        "planned_trial": PLANNED_TRIALS,
        "children": CHILDREN,
        "horizon": HORIZON,
        "left": [name for name in SCENARIOS if name not in scenarios],
        "command": " ".join(["python benchmarks/truth.py", *sys.argv[1:]]),
    }
    with ProcessPoolExecutor(given.workers, initializer=_set, initargs=(settings,)) as pool:
        for turn in range(1, TURNS + 1):
            sets, trials = (so_far(asked, turn) for asked in (given.sets, given.trial_sets))
            agencies = so_far(given.agencies, turn, AGENCIES_A_CHUNK)
            tables = [cell(scenario, sets, trials, pool.map) for scenario in scenarios]
            records = [pipeline(name, agencies, pool.map) for name in scenarios if agencies]
            done = run | {
                "sets": sets,
                "trial": (trials, given.trial_replicates),
                "agencies": agencies,
            }
            pages = pd.concat(records) if records else pd.DataFrame()
            (HERE / "TRUTH.md").write_text(page(tables, pages, done), encoding="utf-8")
            draw(pd.concat(tables), HERE / "truth.svg", SETS)
            told = f"{sets} data sets, {trials} target trials, {agencies} agencies"
            print(f"{told} of every scenario: done", flush=True)


def so_far(asked: int, turn: int, size: int = CHUNK) -> int:
    """How many are done after a turn, in whole chunks."""
    return min(asked, math.ceil(asked * turn / TURNS / size) * size)


def _set(settings: dict) -> None:
    """Give a process the settings of the run."""
    globals().update(settings)


if __name__ == "__main__":
    main()
