from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from evaluation.estimates import EstimateError, cox, fine_gray

ROWS = {"start": "start", "stop": "stop", "id": "child_id"}


def test_without_competing_events_it_is_cox(children):
    alone = children[children["event"] < 2]
    ours = fine_gray(alone, "age + kin").table
    np.testing.assert_allclose(ours["coef"], cox(alone, "age + kin").table["coef"], atol=1e-9)


def test_without_censoring_those_with_a_competing_event_stay_at_risk_forever(children):
    seen = children[children["event"] > 0].copy()
    ours = fine_gray(seen, "age + kin").table
    seen.loc[seen["event"] == 2, "time"] = seen["time"].max() + 1
    seen["event"] = seen["event"] == 1
    np.testing.assert_allclose(ours["coef"], cox(seen, "age + kin").table["coef"], atol=1e-9)


def test_robust_standard_error_is_always_there(children):
    model = fine_gray(children, "age")
    assert "robust_se" in model.table
    assert any("treated as known" in note for note in model.notes)


def test_rows_of_one_subject_are_joined(split_rows, children):
    whole = fine_gray(children, "age + kin", id="child_id")
    split = fine_gray(split_rows, "age + kin", **ROWS)
    np.testing.assert_allclose(split.table["coef"], whole.table["coef"], atol=1e-10)
    np.testing.assert_allclose(split.table["robust_se"], whole.table["robust_se"], rtol=1e-9)
    assert split.n == len(children)
    assert any("were joined into 1,388 subjects" in note for note in split.notes)


def test_a_covariate_that_changes_is_an_error(split_rows):
    with pytest.raises(EstimateError, match="served changes during follow-up.*use cox with cause="):
        fine_gray(split_rows, "age + served", **ROWS)


def test_gaps_are_an_error():
    data = pd.DataFrame(
        {"id": [1, 1, 2], "start": [0, 5, 0], "stop": [3, 8, 9], "event": [0, 1, 0], "x": [1, 1, 0]}
    )
    with pytest.raises(EstimateError, match="id 1 has a gap"):
        fine_gray(data, "x", start="start", stop="stop", id="id")


def test_case_weights_enter_neither_censoring_nor_entry_curve(children):
    """A row of weight zero still counts in G, so it is not the same as a row left out."""
    children["w"] = np.where(children["child_id"] % 2, 1.0, 0.0)
    weighted = fine_gray(children, "age + kin", weights="w").table["coef"]
    fewer = fine_gray(children[children["w"] > 0], "age + kin").table["coef"]
    assert np.abs(weighted - fewer).max() > 1e-6
    np.testing.assert_allclose(weighted, fewer, atol=0.05)


def test_strata_share_one_censoring_curve(children):
    """One G and one H for all strata: the expansion by hand gives the same model."""
    small = children.head(300).copy()
    ours = fine_gray(small, "age", strata="kin").table
    theirs = cox(_expanded(small), "age", start="from", stop="to", weights="w", strata="kin").table
    np.testing.assert_allclose(ours["coef"], theirs["coef"], atol=1e-9)


def _expanded(data: pd.DataFrame) -> pd.DataFrame:
    """Fine and Gray's rows written out day by day, with G read off its definition."""

    def uncensored_before(t):
        curve = 1.0
        for day in sorted(set(data.loc[data["event"] == 0, "time"])):
            if day < t:
                on_day = data[data["time"] == day]
                n = (data["time"] >= day).sum() - (on_day["event"] > 0).sum()
                curve *= 1 - (on_day["event"] == 0).sum() / n
        return curve

    days = sorted(set(data.loc[data["event"] == 1, "time"]))
    curve = {t: uncensored_before(t) for t in {*days, *data.loc[data["event"] == 2, "time"]}}
    out = []
    for row in data.itertuples():
        base = {"age": row.age, "kin": row.kin}
        own = {"from": 0, "to": row.time, "event": int(row.event == 1), "w": 1.0}
        out.append({**base, **own})
        if row.event == 2:
            later = [day for day in days if day > row.time]
            for before, day in pairwise([row.time, *later]):
                w = curve[day] / curve[row.time]
                out.append({**base, "from": before, "to": day, "event": 0, "w": w})
    return pd.DataFrame(out)
