"""One simulated agency with its cohort, shared by the tests of this room."""

import datetime

import pytest

import evaluation as ev


@pytest.fixture(scope="session")
def agency():
    with ev.simulate_agency(children=1_500, seed=11, dirty=0.0) as opened:
        yield opened


@pytest.fixture(scope="session")
def cohort(agency):
    study = ev.Study(
        title="Practice",
        cohort={
            "exits": (datetime.date(2018, 1, 1), datetime.date(2024, 6, 1)),
            "data_through": datetime.date(2024, 6, 30),
            "adoption_link": "kept",
        },
        outcomes={"reentry": {}},
        services=[{"program": "success_coach"}, {"program": "respite_care"}],
        report={"equity_by": ["county"]},
    )
    return ev.build_cohort(agency, study)
