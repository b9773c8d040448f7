"""The package finds in the records what the simulator knows (METHODS 12, pipeline tier)."""

import pandas as pd
import pytest

import evaluation as ev
from evaluation.resources import resource


@pytest.fixture(scope="module", params=[11, 12, 13])
def built(request):
    agency = ev.simulate_agency(children=600, seed=request.param)
    study = ev.Study.from_toml(resource("data_schemas", "study_template.toml"))
    return agency.truth, ev.build_cohort(agency, study)


def test_the_same_children_exit_on_the_same_day(built):
    truth, cohort = built
    columns = ["child_id", "index_date", "exit_type", "age_at_exit", "days_in_care"]
    found = cohort.exits[columns].sort_values("child_id", ignore_index=True)
    pd.testing.assert_frame_equal(found, truth.cohort[columns], check_dtype=False)


@pytest.mark.parametrize("column", ["sex", "disability", "county", "prior_episodes"])
def test_covariates_are_what_the_simulator_knows_or_missing(built, column):
    truth, cohort = built
    exits = cohort.exits.sort_values("child_id", ignore_index=True)
    recorded = exits[column].notna()
    assert recorded.mean() > 0.9
    assert list(exits.loc[recorded, column]) == list(truth.cohort.loc[recorded, column])


def test_service_known_at_exit_is_the_same(built):
    truth, cohort = built
    exits = cohort.exits.sort_values("child_id", ignore_index=True)
    for program in ("success_coach", "respite_care", "parent_group"):
        column = f"known_at_exit_{program}"
        assert list(exits[column].astype(bool)) == list(truth.cohort[column].astype(bool))


@pytest.mark.parametrize("outcome", ["reentry", "disruption", "maltreatment"])
def test_follow_up_rows_are_the_same(built, outcome):
    truth, cohort = built
    found = cohort.follow_up(outcome)
    through = None
    if outcome == "maltreatment":
        note = next(n for n in cohort.notes if "Maltreatment follow-up ends on" in str(n))
        through = str(note).split(" on ")[1].split(":")[0]
    known = truth.follow_up(outcome, horizon_days=730, data_through=through)
    spans = []
    for rows in (found, known):
        ordered = rows.sort_values(["child_id", "start"])
        last = ordered.groupby("child_id").tail(1)
        reason = last["end_reason"].replace({"horizon": "censored", "data_end": "censored"})
        last = last.assign(end_reason=reason)
        spans.append(last[["child_id", "stop", "event", "end_reason"]].reset_index(drop=True))
    pd.testing.assert_frame_equal(*spans, check_dtype=False)


@pytest.mark.parametrize("program", ["success_coach", "respite_care", "parent_group"])
def test_days_in_each_exposure_state_are_the_same(built, program):
    truth, cohort = built
    totals = []
    for rows in (cohort.follow_up("reentry"), truth.follow_up("reentry", horizon_days=730)):
        days = (rows["stop"] - rows["start"]).groupby(
            [rows["child_id"], rows[f"exposure_{program}"]]
        )
        totals.append(days.sum().sort_index())
    pd.testing.assert_series_equal(*totals, check_dtype=False, check_names=False)
