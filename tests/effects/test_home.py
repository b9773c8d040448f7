"""Services that bring the exit about: home and stable from the assignment (METHODS 5.2)."""

import numpy as np
import pandas as pd
import pytest

import evaluation as ev
from evaluation.cohorts.assigned import AssignedInCare, assigned_in_care
from evaluation.effects.home import at_home, compared_at_home
from evaluation.errors import StudyError

from .conftest import make_study

SERVICE = {"program": "homebuilders", "label": "Homebuilders", "brings_about_exit": True}


def study(**changes):
    usual = {
        "services": [SERVICE],
        "adjustment": {"covariates": ["sex"], "weights": "none"},
        "report": {"horizons": [180, 365]},
        "cohort": {
            "exits": ["2019-01-01", "2020-12-31"],
            "data_through": "2022-06-30",
            "horizon_days": 365,
        },
    }
    return make_study(**(usual | changes))


def agency(kind="randomization", pairs=40):
    """Treated children go home on day 30, others on day 200; every fourth returns after 60."""
    children, removals, offers = [], [], []
    drawn = pd.Timestamp("2019-06-01")
    for number in range(2 * pairs):
        treated = number < pairs
        child, family = f"c{number:03d}", f"f{number // 2:03d}"
        home = drawn + pd.Timedelta(days=30 if treated else 200)
        children.append((child, family, "2012-03-01", "male" if number % 2 else "female"))
        removals.append((f"r{number}", child, "2019-01-10", home, "reunification"))
        if number % 4 == 0:
            back = home + pd.Timedelta(days=60)
            removals.append((f"b{number}", child, back, pd.NaT, None))
        arm = "homebuilders" if treated else "usual care"
        offers.append((f"a{number}", child, "homebuilders", kind, arm, drawn))
    return ev.connect(
        {
            "children": pd.DataFrame(
                children, columns=["child_id", "family_id", "birth_date", "sex"]
            ).assign(birth_date=lambda d: pd.to_datetime(d["birth_date"])),
            "removals": pd.DataFrame(
                removals,
                columns=[
                    "removal_id",
                    "child_id",
                    "removal_date",
                    "discharge_date",
                    "discharge_reason",
                ],
            ).assign(removal_date=lambda d: pd.to_datetime(d["removal_date"])),
            "assignments": pd.DataFrame(
                offers,
                columns=["assignment_id", "child_id", "program", "kind", "arm", "assignment_date"],
            ),
        }
    )


def assigned(cohort):
    stages = cohort.stages
    return assigned_in_care(stages.records, stages.candidates, cohort.study, "homebuilders")


def test_children_are_followed_from_assignment_exited_or_not():
    cohort = ev.build_cohort(agency(), study())
    found = ev.effects(cohort)
    home = found.home.set_index(["measure", "horizon"])
    assert home.loc[("risk_treated", 180), "estimate"] == pytest.approx(0.75)
    assert home.loc[("risk_comparison", 180), "estimate"] == pytest.approx(0.0)
    assert home.loc[("risk_difference", 365), "estimate"] == pytest.approx(0.0)
    days = home.loc[("days_at_home_difference", 365), "estimate"]
    assert days == pytest.approx(0.75 * (335 - 165))
    assert (found.home["n_treated"] == 40).all() and (found.home["clusters"] == 40).all()
    assert "is not its effect" in found.cannot["sentence"].item()
    assert found.table.empty, "re-entry among exits stays refused"


def test_arms_that_chance_did_not_make_are_weighted_or_refused():
    with_weights = study(adjustment={"covariates": ["sex", "county"], "weights": "all eligible"})
    cohort = ev.build_cohort(agency("referral"), study())
    found = ev.effects(cohort)
    assert any("not assigned by chance" in text for text in found.cannot["sentence"])
    children = assigned(cohort)
    rows, notes = compared_at_home(children, with_weights.services[0], with_weights)
    assert "weighted" in rows[0]["method"]
    assert "not known then: county" in str(notes[-1])


def test_one_arm_alone_is_refused_with_what_is_needed():
    cohort = ev.build_cohort(agency(), study())
    children = assigned(cohort)
    only = AssignedInCare(
        children.children[children.children["arm"] == "homebuilders"], children.stays, 0
    )
    with pytest.raises(StudyError, match="rows of one arm only"):
        compared_at_home(only, study().services[0], study())


def test_a_child_who_returned_is_not_stable_and_days_stop_at_the_return():
    children = pd.DataFrame({"child_id": ["a", "b", "c"]})
    stays = pd.DataFrame(
        {
            "child_id": ["a", "b", "b"],
            "begin": [10, 20, 80],
            "end": pd.array([pd.NA, 50, pd.NA], dtype="Int64"),
            "number": [1, 1, 2],
        }
    )
    stable, days = at_home(AssignedInCare(children, stays, 0), children, np.full(3, 100.0))
    assert stable.tolist() == [1, 0, 0], "b exited, returned and exited again"
    assert days.tolist() == [90, 30 + 20, 0]
