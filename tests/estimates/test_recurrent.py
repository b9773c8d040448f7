"""Repeated events: the three models agree with R's coxph on rows prepared for each."""

import numpy as np
import pandas as pd
import pytest

from evaluation.estimates import EstimateError, cox, recurrent

COLUMNS = {"start": "start", "stop": "stop", "event": "event", "id": "child_id"}


def _agrees(found, r: dict) -> None:
    np.testing.assert_allclose(found.table["coef"], r["coef"], rtol=0, atol=1e-8)
    np.testing.assert_allclose(found.table["se"], r["se"], rtol=1e-6)
    np.testing.assert_allclose(found.table["robust_se"], r["robust_se"], rtol=1e-6)
    np.testing.assert_allclose(found.loglik, r["loglik"], rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    ("model", "key"), [("andersen-gill", "andersen_gill"), ("pwp total", "pwp")]
)
def test_models_on_the_subjects_own_clock(model, key, reports, expected):
    _agrees(recurrent(reports, "age + prior", model=model, **COLUMNS), expected[key])


@pytest.mark.parametrize(
    ("key", "options"),
    [("pwp_gap", {}), ("pwp_gap_family", {"most": 3, "cluster": "family_id"})],
)
def test_gap_time(key, options, reports, diagnostics):
    found = recurrent(reports, "age + prior", model="pwp gap", **COLUMNS, **options)
    _agrees(found, diagnostics[key])


def test_the_order_and_the_splitting_of_rows_do_not_matter(reports):
    middle = np.floor((reports["start"] + reports["stop"]) / 2)
    wide = middle > reports["start"]
    early = reports[wide].assign(stop=middle[wide], event=0)
    late = reports.assign(start=reports["start"].where(~wide, middle))
    split = pd.concat([late, early]).sample(frac=1, random_state=1).reset_index(drop=True)
    for model in ("andersen-gill", "pwp total", "pwp gap"):
        whole = recurrent(reports, "age + prior", model=model, **COLUMNS).table
        parts = recurrent(split, "age + prior", model=model, **COLUMNS).table
        np.testing.assert_allclose(parts["coef"], whole["coef"], atol=1e-9)
        np.testing.assert_allclose(parts["robust_se"], whole["robust_se"], rtol=1e-8)


def test_a_wait_begins_at_entry_or_at_the_last_event():
    """Gap time by hand: the second wait of child 1 is (0, 3], split at 1; child 2 enters at 4."""
    data = pd.DataFrame(
        {
            "child_id": [1, 1, 1, 2, 3, 3],
            "start": [0, 5, 6, 4, 0, 2],
            "stop": [5, 6, 8, 9, 2, 7],
            "event": [1, 0, 1, 1, 1, 0],
            "x": [0.0, 1.0, 0.0, 1.0, 1.0, 0.0],
        }
    )
    found = recurrent(data, "x", model="pwp gap", **COLUMNS)
    gaps = data.assign(begin=[0, 0, 1, 0, 0, 0], end=[5, 1, 3, 5, 2, 5], number=[1, 2, 2, 1, 1, 2])
    hand = cox(gaps, "x", start="begin", stop="end", strata="number", cluster="child_id")
    pd.testing.assert_frame_equal(found.table, hand.table)


def test_the_account_names_the_model_and_the_subjects(reports):
    told = recurrent(reports, "age", model="pwp gap", most=2, **COLUMNS).to_dict()
    assert told["method"] == "recurrent"
    assert told["options"]["model"] == "pwp gap"
    assert told["options"]["most"] == 2
    assert told["subjects"] == told["clusters"] == reports["child_id"].nunique()
    assert not any("No id" in n for n in told["notes"])


def test_rows_with_gaps_are_counted(reports):
    gaps = reports.assign(age=reports["age"].where(reports.index > 4))
    for model in ("andersen-gill", "pwp gap"):
        assert recurrent(gaps, "age", model=model, **COLUMNS).dropped == {"missing age": 5}


def test_what_cannot_be_combined_is_said(reports):
    for options, sentence in (
        ({"model": "wlw"}, "use one of andersen-gill, pwp total, pwp gap"),
        ({"most": 3}, "andersen-gill ignores"),
        ({"model": "pwp gap", "most": 0}, "most=0"),
        ({"id": None}, "needs id="),
    ):
        with pytest.raises(EstimateError, match=sentence):
            recurrent(reports, "age", **{**COLUMNS, **options})
