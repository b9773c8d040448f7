"""Moves away that depend on recorded things are weighted for (METHODS 7.8)."""

import numpy as np
import pandas as pd
import pytest

from evaluation.effects.arms import Arms
from evaluation.effects.at_exit import at_exit_effects, weighted_risks
from evaluation.effects.loss import loss_weights
from evaluation.effects.propensity import propensity
from evaluation.effects.weighting import Weighting

from .conftest import make_study

HORIZON = 365


def children(count, seed, moves=1.2):
    """Risk and moves rise with ``risk``; the service takes a third off the hazard."""
    random = np.random.default_rng(seed)
    risk = np.repeat(random.integers(0, 2, count // 2), 2)
    served = random.random(count) < 0.35 + 0.2 * risk
    hazard = 0.0008 * np.exp(1.2 * risk + np.log(2 / 3) * served)
    event = np.ceil(random.exponential(1 / hazard))
    move = np.ceil(random.exponential(1 / (0.0008 * np.exp(moves * risk + 0.5 * served))))
    stop = np.minimum.reduce([event, move, np.full(count, 400.0)])
    rows = pd.DataFrame(
        {
            "exit_id": [f"e{n}" for n in range(count)],
            "family_id": [f"f{n // 2}" for n in range(count)],
            "start": 0.0,
            "stop": stop,
            "event": ((event == stop) & (event <= move)).astype(int),
            "end_reason": np.where((move == stop) & (move < event), "moved_out", "horizon"),
            "risk": risk,
            "coach": pd.Categorical(np.where(served, "yes", "no"), categories=["no", "yes"]),
        }
    )
    return Arms(rows, "reentry", SERVICE, ("risk",), ())


STUDY = make_study(
    services=[{"program": "coach", "exposure": "at exit"}],
    adjustment={"covariates": ["risk"], "weights": "all eligible", "truncate": 1.0},
)
SERVICE = STUDY.services[0]


def truth():
    """Risks by the horizon if nobody moved, averaged over all children."""
    return [
        np.mean([-np.expm1(-0.0008 * np.exp(1.2 * r) * ratio * HORIZON) for r in (0, 1)])
        for ratio in (2 / 3, 1)
    ]


def risks(arms, with_loss=True):
    data = arms.rows.assign(served=arms.served)
    fitted = propensity(data, "served", "risk", truncate=1.0)
    loss = loss_weights(arms, 1.0)[0] if with_loss else None
    found, *_ = weighted_risks(Weighting(arms, fitted, loss), (HORIZON,))
    return {row["measure"]: row for row in found}


def test_weights_undo_moves_that_depend_on_recorded_things():
    arms = children(40_000, 1)
    served, other = truth()
    naive, honest = risks(arms, with_loss=False), risks(arms)
    for measure, right in (("risk_treated", served), ("risk_comparison", other)):
        assert naive[measure]["estimate"] < right - 0.008
        assert abs(honest[measure]["estimate"] - right) < 2.5 * honest[measure]["se"]


def test_the_variance_carries_the_model_of_moving():
    """Leaving a family out, both models fitted again, is what the influence says."""
    arms = children(240, 2)

    def without(family):
        rows = arms.rows[arms.rows["family_id"] != family].reset_index(drop=True)
        return risks(Arms(rows, "reentry", SERVICE, ("risk",), ()))

    whole = risks(arms)
    left_out = [without(family) for family in arms.rows["family_id"].unique()]
    for measure in ("risk_treated", "risk_difference"):
        values = np.array([each[measure]["estimate"] for each in left_out])
        spread = np.sqrt(((values - values.mean()) ** 2).sum())
        assert whole[measure]["se"] == pytest.approx(spread, rel=0.06)


def test_every_weighted_estimate_says_that_moves_are_weighted():
    part = at_exit_effects(children(2_000, 3), (HORIZON,), STUDY)
    assert all("moves weighted" in row["method"] for row in part.rows)
    assert {row["measure"] for row in part.rows} >= {"risk_difference", "hazard_ratio"}
    assert any("moved away" in str(note) for note in part.notes)


def test_splitting_changes_nothing_where_weights_are_one():
    arms = children(1_000, 4, moves=0.0)
    loss, _ = loss_weights(arms, 1.0)
    rows = loss.rows
    assert (rows["stop"] > rows["start"]).all()
    assert rows.groupby("exit_id")["event"].sum().sum() == arms.rows["event"].sum()
    length = (rows["stop"] - rows["start"]).groupby(rows["exit_id"]).sum()
    assert length.to_numpy() == pytest.approx(arms.rows["stop"])


def test_too_few_moves_for_a_model_are_said():
    arms = children(1_000, 5)
    moved = arms.rows.index[arms.rows["end_reason"] == "moved_out"]
    rows = arms.rows.copy()
    rows.loc[moved[4:], "end_reason"] = "data_end"
    loss, notes = loss_weights(Arms(rows, "reentry", SERVICE, ("risk",), ()), 1.0)
    assert loss is None
    assert "too few for a model of moving" in str(notes[0])


def test_a_category_nobody_moves_from_gets_no_weight_and_no_infinite_term():
    arms = children(4_000, 6)
    rows = arms.rows.assign(kin=np.arange(4_000) % 5 == 0)
    stays = rows["kin"] & (rows["end_reason"] == "moved_out")
    rows.loc[stays, "end_reason"] = "data_end"
    loss, _ = loss_weights(Arms(rows, "reentry", SERVICE, ("risk", "kin"), ()), 1.0)
    assert np.isfinite(loss.parameter_influence).all()
    assert (loss.weights[loss.rows["kin"]] <= 1).all()
