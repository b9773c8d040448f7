"""From records to cohort: the package finds what the simulator knows."""

import pandas as pd
import pytest

from evaluation.cohorts import build_cohort
from evaluation.sources.simulation import simulate_agency
from evaluation.study import Study

COVARIATES = ("exit_type", "age_at_exit", "prior_episodes", "days_in_care", "agency")
SOMETIMES_MISSING = ("disability", "county", "sex")


@pytest.fixture(scope="module")
def agency():
    return simulate_agency(children=1_500, seed=21, dirty=0.01)


@pytest.fixture(scope="module")
def cohort(agency):
    scenario = agency.truth.scenario
    study = Study(
        title="Pipeline",
        cohort={"exits": scenario.exits, "data_through": scenario.data_through},
        outcomes={"reentry": {}, "disruption": {}, "maltreatment": {}},
        services=[{"program": name, "exposure": "time-varying"} for name in scenario.program_names],
    )
    return build_cohort(agency, study)


def joined(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with neighbours joined where no exposure changes (support status cuts more)."""
    exposures = sorted(name for name in rows if name.startswith("exposure_"))
    rows = rows.sort_values(["child_id", "start"], ignore_index=True)
    state = rows[["child_id", *exposures]].astype(str)
    number = state.ne(state.shift()).any(axis=1).cumsum()
    found = rows.groupby(number).agg(
        child_id=("child_id", "first"),
        start=("start", "first"),
        stop=("stop", "last"),
        event=("event", "last"),
        end_reason=("end_reason", "last"),
        **{name: (name, "first") for name in exposures},
    )
    return found.reset_index(drop=True).astype(str)


def test_the_check_finds_every_dirty_row_and_no_other(agency):
    quarantine, listed = agency.check().quarantine, agency.truth.dirty
    columns = ["table", "row_key", "rule", "field"]
    found = set(quarantine[columns].fillna("").itertuples(index=False, name=None))
    assert set(listed[columns].fillna("").itertuples(index=False, name=None)) <= found
    rows = [set(map(tuple, t[columns[:2]].fillna("").values)) for t in (quarantine, listed)]
    assert rows[0] == rows[1]


def test_the_cohort_is_the_simulators_own(agency, cohort):
    known = agency.truth.cohort
    found = cohort.exits.sort_values("child_id", ignore_index=True)
    assert found["child_id"].astype(str).tolist() == known["child_id"].tolist()
    assert (pd.to_datetime(found["index_date"]) == known["index_date"]).all()
    for name in COVARIATES:
        assert (found[name].astype(str) == known[name].astype(str)).all(), name
    for name in SOMETIMES_MISSING:
        differs = found[name].astype(str) != known[name].astype(str)
        assert found.loc[differs, name].isna().all(), name
        assert differs.mean() < 0.03
    assert found["family_id"].astype(str).tolist() == known["cluster"].tolist()
    for program in agency.truth.scenario.program_names:
        name = f"known_at_exit_{program}"
        assert (found[name].astype(bool) == known[name]).all(), name


@pytest.mark.parametrize(
    ("outcome", "data_through"),
    [("reentry", None), ("disruption", None), ("maltreatment", "2024-05-01")],
)
def test_the_follow_up_is_the_simulators_own(agency, cohort, outcome, data_through):
    """Reports end 60 days early: by then 95% of them have their finding."""
    known = joined(agency.truth.follow_up(outcome, data_through=data_through))
    found = joined(cohort.follow_up(outcome))
    pd.testing.assert_frame_equal(found[list(known)], known)
