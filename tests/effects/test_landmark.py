"""The landmark of an effect is the cohort's: the same children, served by the same rule."""

import pytest

import evaluation as ev
from evaluation.effects.arms import arms_of

from .conftest import make_study


@pytest.fixture(scope="module", params=[{}, {"data_from": "2018-02-01"}], ids=["all", "seen late"])
def cohort(request):
    study = make_study(
        cohort={
            "exits": ["2018-01-01", "2022-12-31"],
            "data_through": "2024-06-30",
            "horizon_days": 365,
        }
        | request.param,
        services=[{"program": "parent_group", "exposure": "landmark", "landmark_days": [60]}],
        adjustment={"covariates": [], "weights": "none"},
    )
    return ev.build_cohort(ev.simulate_agency(children=600, seed=4), study)


@pytest.mark.parametrize("day", [30, 60, 180])
def test_who_is_compared_and_who_is_served_is_what_the_cohort_says(cohort, day):
    """METHODS 5.3: still followed after day L, and already seen on it; begun by day L."""
    service = cohort.study.services[0]
    rows = cohort.follow_up("reentry")
    arms = arms_of(cohort, "reentry", service, rows, landmark=day)
    theirs = cohort.landmark("reentry", "parent_group", day).rows.set_index("exit_id")
    ours = arms.rows.set_index("exit_id")
    assert set(ours.index) == set(theirs.index) and len(ours) > 100
    theirs = theirs.loc[ours.index]
    assert (ours["parent_group"] == "yes").tolist() == theirs["served"].tolist()
    assert theirs["served"].any() and not theirs["served"].all()
    for column in ("start", "stop", "event"):
        assert ours[column].astype(int).tolist() == theirs[column].astype(int).tolist()
