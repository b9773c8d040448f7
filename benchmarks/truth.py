"""Do the effects recover the truth they are judged by? Writes TRUTH.md.

Estimator tier of the simulation study: data sets drawn by the simulator directly as
cohort tables, the package's own contrasts on each, bias and coverage against the
simulator's estimands. Seeds and limits are fixed below; every cell is published, and
none is run again with another seed. A finished cell is kept in ``benchmarks/.truth``
and not repeated.

    python benchmarks/truth.py                        # everything; hours
    python benchmarks/truth.py --sets 50 --trial-sets 10 --scenario "no effect"
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from evaluation.effects.arms import arms_of
from evaluation.effects.at_exit import at_exit_effects
from evaluation.effects.limits import shortage
from evaluation.effects.naive import naive_claim
from evaluation.effects.target_trial import target_trial
from evaluation.effects.time_varying import time_varying_effects
from evaluation.errors import StudyError
from evaluation.estimates import EstimateError
from evaluation.sources.simulation import Program, Ratios, Scenario, simulate_truth
from evaluation.study import Study

HERE = Path(__file__).parent
KEPT = HERE / ".truth"
CHILDREN = 1_500
SETS = 2_000
FIRST_SEED = 1_000_000
LARGE = 400_000
HORIZON = 365
COVARIATES = ("age_at_exit", "exit_type", "prior_episodes", "days_in_care", "disability", "county")
NULL = Ratios()


def program(name: str, ratios: Ratios, **changes) -> Program:
    """A coach known at exit for about a third of households, or a group that starts later."""
    usual = {
        "coach": {"known_at_exit": 0.35, "start_monthly": (0.006, 0.003, 0.0, 0.0, 0.0, 0.0)},
        "group": {"start_monthly": (0.10, 0.05, 0.02, 0.0, 0.0, 0.0), "length_days": 180},
    }
    return Program(name=name, in_service=ratios, after_service=ratios, **(usual[name] | changes))


def pair(ratios: Ratios, **changes) -> dict:
    """Both programs with one effect."""
    return {"programs": (program("coach", ratios, **changes), program("group", ratios, **changes))}


MODERATE = Ratios(reentry=0.75, disruption=0.80, maltreatment=0.90)
STRONG = Ratios(reentry=0.45, disruption=0.5, maltreatment=0.6)
SCENARIOS = {
    "no effect": pair(NULL),
    "moderate": pair(MODERATE),
    "strong": pair(STRONG),
    "no effect, strong referral by risk": pair(NULL, referral=2.5),
    "moderate, common removal of siblings": pair(MODERATE) | {"common_removal": 0.7},
    "moderate, no common removal": pair(MODERATE) | {"common_removal": 0.0},
    "moderate, late uptake": {
        "programs": (
            program("coach", MODERATE),
            program("group", MODERATE, start_monthly=(0.03, 0.10, 0.05, 0.0, 0.0, 0.0)),
        )
    },
    "moderate, frequent competing events": pair(MODERATE) | {"death_monthly": 0.01},
    "moderate, moves away that depend on recorded risk": pair(MODERATE)
    | {"moves_monthly": 0.02, "moves_on_risk": 1.0},
    "moderate, unmeasured risk": pair(MODERATE)
    | {"unmeasured_risk": 0.8, "unmeasured_referral": 0.8},
    "moderate, moves away that depend on unrecorded risk": pair(MODERATE)
    | {"moves_monthly": 0.02, "moves_on_frailty": 1.0},
    "moderate, delayed entry": pair(MODERATE),
    "moderate, a covariate missing at random": pair(MODERATE),
    "no effect on maltreatment, watched while served": {
        "programs": (program("coach", NULL, surveillance=1.6), program("group", NULL)),
    },
    "moderate, time-varying confounding by crises": pair(MODERATE)
    | {"crisis_monthly": 0.03, "crisis_reentry": 3.0, "crisis_start": 3.0},
}
DELAYED = "moderate, delayed entry"
MISSING = "moderate, a covariate missing at random"
WATCHED = "no effect on maltreatment, watched while served"
OUTCOMES = {WATCHED: "maltreatment"}
VIOLATED = {
    WATCHED: "families served are reported more, harm or not",
    "moderate, unmeasured risk": "an unrecorded state moves referral and outcome",
    "moderate, moves away that depend on unrecorded risk": "leaving depends on unrecorded frailty",
    "moderate, time-varying confounding by crises": "starts follow crises that are no covariate",
}
TRIAL_SETS, TRIAL_REPLICATES = 400, 200
PLANNED_TRIALS = TRIAL_SETS, TRIAL_REPLICATES
TRIAL_PASSES, OTHERS_PASS = (0.92, 0.98), (0.93, 0.97)
REJECTS = (0.035, 0.065)
LEAST_JUDGED = 20
ESTIMATORS = {
    "coach, weights": ("coach", "at exit", "all eligible", False),
    "coach, overlap weights": ("coach", "at exit", "overlap", False),
    "coach, outcome model": ("coach", "at exit", "none", True),
    "group, outcome model": ("group", "time-varying", "none", True),
    "group, ever against never": ("group", "naive", "none", False),
    "group, target trial": ("group", "target trial", "all eligible", False),
}
NAIVE, TRIAL = "group, ever against never", "group, target trial"
JUDGED = {
    "risk_difference": "risk_difference",
    "marginal": "hazard_ratio_marginal",
    "conditional": "hazard_ratio_conditional",
}


def study_of(service: str, exposure: str, weights: str, outcome_model: bool) -> Study:
    """The protocol of one estimator."""
    return Study(
        title="Truth",
        design="quasi-experimental",
        cohort={
            "exits": ["2018-01-01", "2022-12-31"],
            "data_through": "2024-06-30",
            "horizon_days": HORIZON,
        },
        outcomes={"reentry": {}, "maltreatment": {"level": "screened-in"}},
        services=[
            {
                "program": service,
                "exposure": "time-varying" if exposure == "naive" else exposure,
            }
        ],
        adjustment={
            "covariates": COVARIATES,
            "weights": weights,
            "outcome_model": outcome_model,
            "truncate": 1.0,
            "replicates": TRIAL_REPLICATES,
        },
        report={"horizons": [HORIZON]},
    )


def one_set(scenario: str, seed: int) -> list[dict]:
    """Every estimator on one simulated cohort."""
    truth = simulate_truth(children=CHILDREN, seed=seed, **SCENARIOS[scenario])
    outcome = OUTCOMES.get(scenario, "reentry")
    rows = truth.follow_up(outcome, horizon_days=HORIZON)
    exits = truth.cohort.assign(family_id=truth.cohort["cluster"])
    rows["family_id"] = rows["exit_id"].map(exits.set_index("exit_id")["cluster"])
    rows = recorded(rows, scenario, seed)
    found = []
    for name, settings in ESTIMATORS.items():
        late = scenario == DELAYED and name in (TRIAL, NAIVE)
        if late or (name == TRIAL and seed >= FIRST_SEED + TRIAL_SETS):
            continue
        study = study_of(*settings)
        cohort = SimpleNamespace(study=study, exits=exits, follow_up=lambda outcome: rows)
        if name == NAIVE:
            claim = naive_claim(rows, outcome, study.services[0], HORIZON)
            difference = claim["risk_ever"] - claim["risk_never"]
            found.append(
                {
                    "estimator": name,
                    "seed": seed,
                    "measure": "risk_difference",
                    "estimate": difference,
                    **dict.fromkeys(("se", "ci_low", "ci_high", "p"), np.nan),
                }
            )
            continue
        if name == TRIAL:
            found += trial_rows(cohort, outcome, seed)
            continue
        arms = arms_of(cohort, outcome, study.services[0])
        try:
            if shortage(arms, study):
                raise StudyError("too few events")
            if settings[1] == "at exit":
                part = at_exit_effects(arms, (HORIZON,), study)
            else:
                part = time_varying_effects(arms, study)
        except (StudyError, EstimateError) as error:
            found.append({"estimator": name, "seed": seed, "failed": str(error)[:80]})
            continue
        kind = "conditional" if settings[3] else "marginal"
        for row in part.rows:
            measure = kind if row["measure"] == "hazard_ratio" else row["measure"]
            if measure in JUDGED:
                found.append(
                    {"estimator": name, "seed": seed, "measure": measure}
                    | {key: row[key] for key in ("estimate", "se", "ci_low", "ci_high", "p")}
                )
    return found


def recorded(rows: pd.DataFrame, scenario: str, seed: int) -> pd.DataFrame:
    """What an agency would have of the rows: half seen late, or a covariate partly missing."""
    random = np.random.default_rng([seed, 1])
    exits = rows["exit_id"].unique()
    if scenario == DELAYED:
        seen = np.where(random.random(len(exits)) < 0.5, random.integers(1, 120, len(exits)), 0)
        from_day = rows["exit_id"].map(dict(zip(exits, seen, strict=True)))
        rows = rows.assign(start=np.maximum(rows["start"], from_day))
        return rows[rows["stop"] > rows["start"]].reset_index(drop=True)
    if scenario == MISSING:
        lost = exits[random.random(len(exits)) < 0.15]
        known = ~rows["exit_id"].isin(lost)
        return rows.assign(prior_episodes=rows["prior_episodes"].astype("Float64").where(known))
    return rows


def trial_rows(cohort, outcome: str, seed: int) -> list[dict]:
    """The target trial on one simulated cohort, its bootstrap seeded by the data set."""
    try:
        table = target_trial(cohort, outcome, "group", seed=seed, workers=1).table
    except (StudyError, EstimateError) as error:
        return [{"estimator": TRIAL, "seed": seed, "failed": str(error)[:80]}]
    return [
        {"estimator": TRIAL, "seed": seed, "measure": row.measure}
        | {key: getattr(row, key) for key in ("estimate", "se", "ci_low", "ci_high", "p")}
        for row in table.itertuples()
        if row.measure == "risk_difference"
    ]


def truths(scenario: str) -> pd.DataFrame:
    """The estimands of a scenario, each estimator's own.

    Where families served are only watched more, reports differ and maltreatment does not:
    the truth is no difference.
    """
    from evaluation.sources.simulation import estimands

    known = estimands(
        Scenario.from_arguments(**SCENARIOS[scenario]), population=LARGE, horizons=(HORIZON,)
    )
    rows = []
    for name, (service, exposure, weights, adjusted) in ESTIMATORS.items():
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
            if scenario == WATCHED:
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


def cell(scenario: str, sets: int, workers: int) -> pd.DataFrame:
    """Bias, coverage and rejection of every estimator in one scenario; kept once done."""
    KEPT.mkdir(exist_ok=True)
    kept = KEPT / f"{scenario.replace(' ', '-').replace(',', '')}-{sets}.csv"
    if kept.exists():
        return pd.read_csv(kept)
    seeds = range(FIRST_SEED, FIRST_SEED + sets)
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            results = list(pool.map(partial(one_set, scenario), seeds, chunksize=8))
    else:
        results = [one_set(scenario, seed) for seed in seeds]
    draws = pd.DataFrame([row for result in results for row in result])
    summary = summarise(draws, truths(scenario), scenario)
    summary.to_csv(kept, index=False)
    return summary


def summarise(draws: pd.DataFrame, known: pd.DataFrame, scenario: str) -> pd.DataFrame:
    """Judge each estimator by its own truth."""
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
        low, high = TRIAL_PASSES if estimator == TRIAL else OTHERS_PASS
        planned = PLANNED_TRIALS[0] if estimator == TRIAL else SETS
        few = 3 / np.sqrt(len(errors)) if len(errors) < planned else 0.0
        rejects = (found["p"] < 0.05).mean()
        passes = abs(errors.mean()) <= limit and within(covered, low, high, few)
        if target == 0 and estimator != TRIAL:
            passes = passes and within(rejects, *REJECTS, few)
        passes = bool(passes)
        if estimator == NAIVE or scenario in VIOLATED:
            passes = None
        rows.append(
            {
                "scenario": scenario,
                "estimator": estimator,
                "measure": measure,
                "sets": len(found),
                "truth": value,
                "bias": errors.mean(),
                "limit": limit,
                "coverage": covered,
                "se_ratio": (found["se"].mean() / errors.std()),
                "rejects": rejects,
                "passes": passes,
            }
        )
    return pd.DataFrame(rows)


def within(share: float, low: float, high: float, few: float) -> bool:
    """Whether a share lies between limits, wider by chance where data sets are few."""
    slack = few * np.sqrt(0.05 * 0.95)
    return bool(low - slack <= share <= high + slack)


def judged(row) -> str:
    """Say whether a cell passes, or why it is shown and not judged."""
    if row.estimator == NAIVE:
        return "refused as an effect"
    if row.scenario in VIOLATED:
        return f"assumption violated: bias expected ({VIOLATED[row.scenario]})"
    if row.sets < LEAST_JUDGED:
        return "too few data sets to judge"
    return "yes" if row.passes in (True, "True") else "no"


def draw(table: pd.DataFrame, path: Path) -> None:
    """Draw bias of the honest estimators beside that of ever against never."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    own = table[table["measure"] == "risk_difference"]
    scenarios = list(dict.fromkeys(own["scenario"]))
    figure, ax = plt.subplots(figsize=(6.5, 1 + 0.5 * len(scenarios)))
    marks = {NAIVE: ("x", "#B42318"), TRIAL: ("o", "#00737A")}
    for (estimator, rows), other in zip(
        own.groupby("estimator", sort=False), "sD^v<>ph", strict=False
    ):
        marker, colour = marks.get(estimator, (other, "#5B6770"))
        places = [scenarios.index(name) for name in rows["scenario"]]
        face = colour if marker == "x" or rows["sets"].min() >= LEAST_JUDGED else "none"
        look = {"marker": marker, "color": colour, "facecolors": face}
        ax.scatter(100 * rows["bias"], places, label=estimator, **look)
    ax.axvline(0, color="#1F2933", lw=0.8)
    ax.set_yticks(range(len(scenarios)), scenarios)
    ax.invert_yaxis()
    ax.set_xlabel("Average error, children per 100")
    title = "Honest comparisons find the simulated truth; ever against never does not"
    if own["sets"].max() < SETS:
        title = (
            "Average error of each comparison in a small run\n"
            f"hollow: fewer than {LEAST_JUDGED} data sets, which settles nothing"
        )
    ax.set_title(title, loc="left", fontsize=10)
    ax.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.4, -0.12), ncols=2)
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)


def small(sets: int, done: list[str]) -> list[str]:
    """Say at the top that a run is too small to settle what the full one settles."""
    if sets >= SETS:
        return []
    trials, drawn = PLANNED_TRIALS
    left = [name for name in SCENARIOS if name not in done]
    return [
        f"**This is a small run: {sets:,} data sets a scenario instead of {SETS:,}; for the target "
        f"trial {min(sets, TRIAL_SETS):,} data sets of {TRIAL_REPLICATES:,} bootstrap replicates "
        f"each, instead of {trials:,} of {drawn:,}.** Limits of coverage and rejection are widened "
        "by three Monte Carlo standard errors, so a cell that passes is only not contradicted, and "
        f"cells of fewer than {LEAST_JUDGED} data sets are not judged. The scenarios share their "
        "seeds, so their errors lean the same way. The full run, hours long, is `make truth`; this "
        f"one is `python benchmarks/truth.py --sets {sets} --trial-sets {TRIAL_SETS} "
        f"--trial-replicates {TRIAL_REPLICATES} --population {LARGE}`.",
        "",
        *([f"Not run yet: {'; '.join(left)}.", ""] if left else []),
    ]


def page(tables: list[pd.DataFrame], sets: int) -> str:
    """The results as Markdown, every cell."""
    lines = [
        "# Do the estimators recover the truth?",
        "",
        *small(sets, list(pd.concat(tables)["scenario"].unique())),
        "![Average error by scenario and estimator](truth.svg)",
        "",
        f"{sets:,} data sets a scenario of {CHILDREN:,} children, drawn by the simulator directly "
        f"as cohort tables; re-entry within {HORIZON} days. Each estimator is judged by its own "
        "truth (a weighted Cox model by the marginal ratio of its population, an adjusted one by "
        "the covariate-conditional ratio with family frailty averaged out, risks by risks). Bias "
        "is on the log scale for ratios. A cell passes where |bias| is within its limit, 95% "
        "intervals cover 93–97% (of the target trial 92–98%) and, under no effect, 3.5–6.5% of "
        "tests reject. `se ratio` is the mean standard error over the spread of the "
        "estimates.",
        "",
        "| scenario | estimator | measure | sets | truth | bias | limit | coverage | se ratio | "
        "rejects | passes |",
        "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for row in pd.concat(tables).itertuples():
        lines.append(
            f"| {row.scenario} | {row.estimator} | {row.measure} | {row.sets} | {row.truth:.4f} | "
            f"{row.bias:+.4f} | {row.limit:.4f} | {row.coverage:.1%} | {row.se_ratio:.2f} | "
            f"{row.rejects:.1%} | {judged(row)} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    """Run the cells asked for and write TRUTH.md."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", type=int, default=SETS)
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--trial-sets", type=int, default=TRIAL_SETS)
    parser.add_argument("--population", type=int, default=LARGE)
    parser.add_argument("--trial-replicates", type=int, default=TRIAL_REPLICATES)
    given = parser.parse_args()
    globals().update(
        TRIAL_SETS=given.trial_sets,
        TRIAL_REPLICATES=given.trial_replicates,
        LARGE=given.population,
    )
    tables = []
    for scenario in given.scenario or SCENARIOS:
        tables.append(cell(scenario, given.sets, given.workers))
        print(f"{scenario}: done", flush=True)
        (HERE / "TRUTH.md").write_text(page(tables, given.sets), encoding="utf-8")
        draw(pd.concat(tables), HERE / "truth.svg")


if __name__ == "__main__":
    main()
