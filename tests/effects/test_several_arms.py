"""One program against another: three arms, one target population, stacked variance."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evaluation.effects import propensity
from evaluation.effects.arms import Arms
from evaluation.effects.at_exit import at_exit_effects
from evaluation.errors import StudyError

from .conftest import make_study

SERVICES = [
    {"program": "coach", "exposure": "at exit", "compare_with": "group"},
    {"program": "group", "exposure": "at exit"},
]


def study(population):
    return make_study(
        services=SERVICES,
        adjustment={
            "covariates": ["risk"],
            "weights": population,
            "outcome_model": False,
            "truncate": 1.0,
        },
        report={"horizons": [365]},
    )


def three_arms(count, seed):
    """Risk decides who gets which; in each arm the outcome follows from risk alone."""
    random = np.random.default_rng(seed)
    risk = np.repeat(random.integers(0, 2, count // 2), 2)
    chance = np.array([[0.6, 0.25, 0.15], [0.2, 0.25, 0.55]])[risk]
    arm = (random.random(count)[:, None] > chance.cumsum(axis=1)).sum(axis=1)
    event = random.random(count) < 0.1 + 0.3 * risk - 0.05 * (arm == 1)
    rows = pd.DataFrame(
        {
            "exit_id": [f"e{n}" for n in range(count)],
            "family_id": [f"f{n // 2}" for n in range(count)],
            "start": 0,
            "stop": np.where(event, random.integers(1, 365, count), 365),
            "event": event.astype(int),
            "risk": risk,
            "coach": pd.Categorical(
                np.array(["neither", "yes", "no"])[arm], categories=["no", "yes", "neither"]
            ),
        }
    )
    return Arms(rows, "reentry", study("overlap").services[0], ("risk",), ())


def measures(arms, population):
    part = at_exit_effects(arms, (365,), study(population))
    return {row["measure"]: row for row in part.rows}, part


@pytest.mark.parametrize("population", ["all eligible", "treated", "overlap"])
def test_two_programs_are_compared_in_the_same_population(population):
    arms = three_arms(6_000, 1)
    found, part = measures(arms, population)
    chance = {0: np.array([0.6, 0.25, 0.15]), 1: np.array([0.2, 0.25, 0.55])}
    tilt = {
        "all eligible": [1, 1],
        "treated": [0.25, 0.25],
        "overlap": [1 / (1 / chance[r]).sum() for r in (0, 1)],
    }[population]
    other = np.average([0.1, 0.4], weights=tilt)
    for measure, right in (("risk_comparison", other), ("risk_treated", other - 0.05)):
        assert abs(found[measure]["estimate"] - right) < 2.6 * found[measure]["se"]
    assert part.balance["after"].abs().max() < 0.05
    augmented = {row["measure"]: row for row in part.beside}
    row = augmented["risk_difference"]
    assert row["estimate"] == pytest.approx(found["risk_difference"]["estimate"], abs=0.01)


@pytest.mark.parametrize("population", ["treated", "overlap"])
def test_the_variance_carries_the_multinomial_model_and_the_target_population(population):
    arms = three_arms(160, 2)
    whole, part = measures(arms, population)
    augmented = {row["measure"]: row for row in part.beside}
    left_out = []
    for family in arms.rows["family_id"].unique():
        rows = arms.rows[arms.rows["family_id"] != family].reset_index(drop=True)
        found, part = measures(replace(arms, rows=rows), population)
        doubly = {row["measure"]: row["estimate"] for row in part.beside}
        left_out.append((found["risk_difference"]["estimate"], doubly["risk_difference"]))
    spread = np.sqrt(((left_out - np.mean(left_out, axis=0)) ** 2).sum(axis=0))
    assert whole["risk_difference"]["se"] == pytest.approx(spread[0], rel=0.08)
    assert augmented["risk_difference"]["se"] == pytest.approx(spread[1], rel=0.08)


def test_scores_have_a_column_for_each_arm_and_agree_with_binary_fits():
    arms = three_arms(3_000, 3)
    fitted = propensity(arms.rows, "coach", "risk", "all eligible", treated="yes")
    assert list(fitted.scores) == ["no", "yes", "neither"]
    shares = pd.crosstab(arms.rows["risk"], arms.rows["coach"], normalize="index")
    assert fitted.scores[arms.rows["risk"] == 1].iloc[0].to_numpy() == pytest.approx(
        shares.loc[1].to_numpy(), abs=1e-6
    )
    with pytest.raises(StudyError, match='in the arm "nobody"'):
        propensity(arms.rows, "coach", "risk", treated="nobody")


def test_perfect_prediction_of_an_arm_is_said():
    arms = three_arms(600, 4)
    sure = (arms.rows["coach"] == "neither").astype(int)
    with pytest.raises(StudyError, match="perfectly"):
        propensity(arms.rows.assign(sure=sure), "coach", "sure")
