"""What the simulation study simulates, and the estimators it judges."""

import numpy as np
import pandas as pd

from evaluation.sources.simulation import Program, Ratios
from evaluation.study import Study

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


CRISES = "moderate, time-varying confounding by crises"
MODERATE = Ratios(reentry=0.75, disruption=0.80, maltreatment=0.90)
STRONG = Ratios(reentry=0.45, disruption=0.5, maltreatment=0.6)
SCENARIOS = {
    "no effect": pair(NULL),
    "moderate": pair(MODERATE),
    "strong": pair(STRONG),
    "no effect, strong referral by risk": pair(NULL, referral=2.5),
    "moderate, strong sibling frailty, common removal": pair(MODERATE)
    | {"common_removal": 0.7, "frailty_variance": 1.0},
    "moderate, no common removal": pair(MODERATE) | {"common_removal": 0.0},
    "moderate, late uptake": {
        "programs": (
            program("coach", MODERATE),
            program("group", MODERATE, start_monthly=(0.06, 0.12, 0.05, 0.0, 0.0, 0.0)),
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
    CRISES: pair(MODERATE) | {"crisis_monthly": 0.03, "crisis_reentry": 3.0, "crisis_start": 3.0},
}
DELAYED = "moderate, delayed entry"
MISSING = "moderate, a covariate missing at random"
WATCHED = "no effect on maltreatment, watched while served"
OUTCOMES = {WATCHED: "maltreatment"}
VIOLATED = {
    WATCHED: ("coach", "families served are reported more, harm or not"),
    "moderate, unmeasured risk": ("", "an unrecorded state moves referral and outcome"),
    "moderate, moves away that depend on unrecorded risk": (
        "",
        "leaving depends on unrecorded frailty",
    ),
    CRISES: (
        "group",
        "starts after the exit follow crises, which only its history holds",
    ),
}
"""Whose assumption a scenario breaks (the beginning of the estimators' names), and how."""

ESTIMATORS = {
    "coach, weights": ("coach", "at exit", "all eligible", False),
    "coach, overlap weights": ("coach", "at exit", "overlap", False),
    "coach, outcome model": ("coach", "at exit", "none", True),
    "group, outcome model": ("group", "time-varying", "none", True),
    "group, ever against never": ("group", "naive", "none", False),
    "group, target trial": ("group", "target trial", "all eligible", False),
}
GIVEN_HISTORY = "group, target trial given history"
"""The target trial whose weights know of reports by the day before."""

JUDGED = {
    "risk_difference": "risk_difference",
    "marginal": "hazard_ratio_marginal",
    "conditional": "hazard_ratio_conditional",
}


def study_of(
    service: str,
    exposure: str,
    weights: str,
    outcome_model: bool,
    replicates: int = 200,
    missing: str = "complete cases",
    history: tuple[str, ...] = (),
) -> Study:
    """The protocol of one estimator."""
    return Study(
        title="Truth",
        design="quasi-experimental",
        cohort={
            "exits": ["2018-01-01", "2022-12-31"],
            "data_through": {"removals": "2024-06-30", "maltreatment_reports": "2024-06-30"},
            "horizon_days": HORIZON,
        },
        outcomes={"reentry": {}, "maltreatment": {"level": "substantiated"}},
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
            "replicates": replicates,
            "missing": missing,
            "history": history,
        },
        report={"horizons": [HORIZON]},
    )


def estimators_of(scenario: str) -> dict[str, tuple]:
    """The estimators run in a scenario; history is asked for where it confounds."""
    if scenario != CRISES:
        return ESTIMATORS
    return ESTIMATORS | {GIVEN_HISTORY: ESTIMATORS["group, target trial"]}


def violated(scenario: str, estimator: str) -> str:
    """Say which assumption of an estimator a scenario breaks; nothing where all hold."""
    if (scenario, estimator) == (CRISES, GIVEN_HISTORY):
        return ""
    whose, how = VIOLATED.get(scenario, ("", ""))
    return how if estimator.startswith(whose) else ""


def recorded(rows: pd.DataFrame, scenario: str, seed: int) -> pd.DataFrame:
    """What an agency would have of the rows: half seen late, or a covariate partly missing.

    Missing at random, and not at all completely: it depends on the outcome and the service.
    """
    random = np.random.default_rng([seed, 1])
    exits = rows["exit_id"].unique()
    chance = pd.Series(random.random(len(exits)), index=exits)
    if scenario == DELAYED:
        seen = np.where(chance < 0.5, random.integers(1, 120, len(exits)), 0)
        from_day = rows["exit_id"].map(dict(zip(exits, seen, strict=True)))
        rows = rows.assign(start=np.maximum(rows["start"], from_day))
        return rows[rows["stop"] > rows["start"]].reset_index(drop=True)
    if scenario == MISSING:
        by = rows.groupby("exit_id")
        happened = (by["event"].max() == 1).reindex(exits)
        served = (by["exposure_coach"].first() != "before").reindex(exits)
        gone = chance < 0.05 + 0.30 * happened + 0.15 * served
        known = ~rows["exit_id"].map(gone)
        return rows.assign(prior_episodes=rows["prior_episodes"].astype("Float64").where(known))
    return rows
