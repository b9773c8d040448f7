"""Risk sets of some of the rows are those rows' share of the risk sets of all."""

import numpy as np
import pandas as pd
import pytest

from evaluation.estimates import cox, fine_gray, partial_likelihood


@pytest.fixture(scope="module", params=[cox, fine_gray], ids=["cox", "fine_gray"])
def fitted(request):
    rng = np.random.default_rng(7)
    n = 600
    data = pd.DataFrame({"x": rng.normal(size=n), "z": rng.integers(0, 2, n), "id": range(n)})
    data["start"] = rng.integers(0, 6, n) * rng.integers(0, 2, n)
    data["stop"] = data["start"] + np.ceil(rng.exponential(20, n))
    data["event"] = rng.integers(0, 3, n)
    return request.param(data, "x + z", cause=1, start="start", stop="stop", id="id").fit


def alone(values, kept):
    return np.where(kept, values, 0.0)


def test_there_are_late_entries_and_competing_events(fitted):
    sets = fitted.model.sets
    assert 100 < len(sets.entering) < len(sets.enter)
    assert sets.tail is None or len(sets.tail.rows) > 100


def test_one_of_each_few_rows_keeps_its_place(fitted):
    model = fitted.model
    every, n = 4, len(model.x)
    values = np.random.default_rng(1).uniform(1, 2, n)
    few = model.sets.thinned(every)
    np.testing.assert_allclose(
        few.totals(values[::every]), model.sets.totals(alone(values, np.arange(n) % every == 0))
    )


def test_a_run_of_rows_keeps_its_place(fitted):
    sets = fitted.model.sets
    n = len(fitted.model.x)
    values = np.random.default_rng(2).uniform(1, 2, n)
    added = np.zeros(sets.size)
    for low, high in [(0, 150), (150, 411), (411, n)]:
        mine = sets.part(slice(low, high)).totals(values[low:high])
        kept = (np.arange(n) >= low) & (np.arange(n) < high)
        np.testing.assert_allclose(mine, sets.totals(alone(values, kept)), atol=1e-9)
        added += mine
    np.testing.assert_allclose(added, sets.totals(values))
    increments = np.random.default_rng(3).uniform(0, 1, sets.size)
    np.testing.assert_allclose(
        sets.part(slice(150, 411)).over(increments), sets.over(increments)[150:411]
    )


def test_scores_worked_in_runs_are_those_of_all_rows_at_once(fitted, monkeypatch):
    model = fitted.model
    hazard = model.hazard(fitted.maximum.beta)
    codes = np.arange(len(model.x)) // 3
    scores = model.scores(hazard, codes, int(codes[-1]) + 1)
    monkeypatch.setattr(partial_likelihood, "_RUN", 37)
    np.testing.assert_allclose(model.score_products(hazard, codes), scores.T @ scores, rtol=1e-9)
