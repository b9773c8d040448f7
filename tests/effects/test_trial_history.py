"""Weights given history: only the past enters, and what confounds in time is undone."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from evaluation.cohorts import build_cohort
from evaluation.effects import target_trial
from evaluation.effects.thresholds import THRESHOLDS
from evaluation.effects.trial import bootstrap
from evaluation.effects.trial.children import trial_children
from evaluation.effects.trial.emulation import Emulation, Protocol
from evaluation.effects.trial.hazard import Hazard
from evaluation.effects.trial.history import trial_history
from evaluation.effects.trial.spans import Spans
from evaluation.effects.trial.variants import trial_variants
from evaluation.errors import StudyError
from evaluation.sources.simulation import (
    Program,
    Ratios,
    Scenario,
    estimands,
    simulate_agency,
    simulate_truth,
)
from evaluation.study import Study

from .conftest import COHORT, make_study

GROUP = Program(
    name="group",
    start_monthly=(0.12, 0.06, 0.02, 0.0, 0.0, 0.0),
    length_days=180,
    in_service=Ratios(reentry=0.6),
    after_service=Ratios(reentry=0.6),
)
COACH = Program(name="coach", start_monthly=(0.05, 0.05, 0.05, 0.0, 0.0, 0.0), length_days=60)
CRISES = {"crisis_monthly": 0.08, "crisis_reentry": 5.0, "crisis_start": 5.0}
COVARIATES = ["age_at_exit", "exit_type", "prior_episodes", "days_in_care", "disability"]
COACHED = {"program": "coach", "label": "Coach"}


def study(history=None, services=(), **service):
    named = {"program": "group", "label": "Group", "exposure": "target trial", **service}
    adjustment = {"covariates": COVARIATES, "truncate": 1.0, "replicates": 4, "history": history}
    return make_study(services=[named, *services], adjustment=adjustment, seed=3)


def cohort_of(agency, protocol, **changes):
    rows = agency.follow_up("reentry", horizon_days=365)
    told = {"study": protocol, "exits": agency.cohort, "outcomes": ("reentry",)}
    told |= {"follow_up": lambda outcome: rows, "report_days": agency.report_days}
    return SimpleNamespace(**told | changes)


def risks(agency, history, comparison="never"):
    cohort = cohort_of(agency, study(history))
    children = trial_children(cohort, "reentry", cohort.study.services[0])
    protocol = Protocol((60,), 30, comparison, (365,), 1.0)
    return Emulation(children, protocol, "Group").estimates([365])[0, :, 0]


@pytest.fixture(scope="module")
def agency():
    return simulate_truth(children=3_000, seed=6, programs=(GROUP, COACH), **CRISES)


def day_by_day(reports, rows, day):
    """What was on record of one child by the evening before a day, plainly."""
    past = [r for r in reports if 0 < r < day]
    then = rows[(rows["start"] < day) & (day <= rows["stop"])].iloc[0]
    return (
        float(any(day - r <= 90 for r in past)),
        float(bool(past)),
        float(then["exposure_coach"] == "in service"),
        float(then["exposure_coach"] == "after"),
        float(then["support_status"] == "in"),
        float(then["support_status"] == "after"),
    )


def test_a_days_history_is_what_was_on_record_the_evening_before(monkeypatch):
    """METHODS 6.4: a report of the day, or a service that begins on it, is not its past."""
    monkeypatch.setattr("evaluation.effects.trial.history._few", lambda s, f: np.zeros(6, bool))
    random = np.random.default_rng(0)
    rows, reports, frame = [], {}, []
    for number in range(16):
        cuts = sorted(random.choice(np.arange(2, 299), 4, replace=False).tolist())
        bounds = [1, *cuts, 300]
        coach = ["before", "in service", "in service", "after", "after"]
        support = ["before", "before", "in", "in", "after"]
        for place, (start, stop) in enumerate(zip(bounds[:-1], bounds[1:], strict=True)):
            told = {"exit_id": f"e{number:02}", "start": start, "stop": stop}
            told |= {"exposure_coach": coach[place], "support_status": support[place]}
            rows.append(told | {"exposure_group": "before"})
        reports[f"e{number:02}"] = random.integers(-20, 320, random.integers(0, 4)).tolist()
        started = float(random.integers(1, 300)) if number % 2 else np.inf
        frame.append({"exit_id": f"e{number:02}", "stop": 300, "started": started})
    rows, frame = pd.DataFrame(rows), pd.DataFrame(frame)
    told = [{"exit_id": e, "day": d} for e, days in reports.items() for d in [*days, 0]]
    protocol = study(services=[COACHED])
    cohort = SimpleNamespace(study=protocol, report_days=pd.DataFrame(told))
    x = np.zeros((len(frame), 0))
    spans, words, _ = trial_history(cohort, protocol.services[0], rows, frame, x)
    assert [word.split(",")[0] for word in words] == [
        "a report in the 90 days before",
        "any report since the exit",
        "Coach going on",
        "Coach ended",
        "in the support window",
        "past it",
    ]
    for day in range(2, 301, 3):
        own = spans.x[(spans.enter < day) & (day <= spans.leave)]
        plain = [day_by_day(reports[e], rows[rows["exit_id"] == e], day) for e in frame["exit_id"]]
        assert own.tolist() == [list(each) for each in plain]


def test_children_whose_history_stays_are_one_row(agency):
    cohort = cohort_of(agency, study())
    children = trial_children(cohort, "reentry", cohort.study.services[0])
    reported = set(agency.report_days["exit_id"])
    quiet = ~children.frame["exit_id"].isin(reported).to_numpy()
    size = np.bincount(children.spans.child)
    assert (size[quiet] == 1).all() and size.max() > 1


def test_the_baseline_hazard_is_breslows_over_days_written_out(agency):
    cohort = cohort_of(agency, study())
    children = trial_children(cohort, "reentry", cohort.study.services[0])
    spans, rare = children.spans, np.isfinite(children.started)
    last = np.where(rare, children.started, children.stop).astype(np.int64)
    weight = np.random.default_rng(1).integers(0, 3, len(last)).astype(float)
    rate, level = Hazard(children.x, spans, last, rare, 365).fitted(weight)
    total = np.zeros(len(last))
    for day in range(1, 366):
        now = spans.at(rate, np.full(len(last), day))
        there = last >= day
        starts = weight[(last == day) & rare].sum()
        step = starts / (weight * now)[there].sum() if there.any() else 0.0
        assert level[day] - level[day - 1] == pytest.approx(step, rel=1e-9, abs=1e-15)
        total += now * step
        np.testing.assert_allclose(spans.accumulated(rate, level, day), total, rtol=1e-9)


def test_history_undoes_confounding_in_time():
    """METHODS 6.3, 6.4: crises move starts and re-entry; without them the trial misses."""
    scenario = Scenario.from_arguments(programs=(GROUP,), **CRISES)
    known = estimands(
        scenario, population=80_000, horizons=(365,), exposures={"group": "target trial"}
    )
    known = known[known["outcome"] == "reentry"].set_index("measure")["value"]
    large = simulate_truth(children=40_000, seed=31, programs=(GROUP,), **CRISES)
    truth = known["risk_difference"]
    given, without = (np.subtract(*risks(large, h)) for h in (None, []))
    assert abs(given - truth) < 0.011
    assert without - truth > 0.02


def test_a_replicate_given_history_is_the_estimate_of_the_families_drawn(agency, monkeypatch):
    cohort = cohort_of(agency, study())
    children = trial_children(cohort, "reentry", cohort.study.services[0])
    emulation = Emulation(children, Protocol((60,), 30, "never", (365,), 1.0), "Group")
    random = np.random.default_rng([3, 0])
    families = children.family.max() + 1
    drawn = np.bincount(random.integers(0, families, families), minlength=families)
    times = drawn[children.family]
    rows = np.repeat(np.arange(len(times)), times)
    repeated = type(children)(
        children.frame.iloc[rows].reset_index(drop=True),
        children.formula,
        children.x[rows],
        children.family[rows],
        (),
        history=children.spans.take(rows),
    )
    whole = Emulation(repeated, emulation.protocol, "Group").estimates([180])
    once = bootstrap.replicate(emulation, [180], range(2), seed=3)
    assert once[0, 0] == pytest.approx(whole, rel=2e-3)
    monkeypatch.setattr(bootstrap, "LARGE", 0)
    shared, _ = bootstrap.bootstrap(emulation, "Group", [180], 2, 3, workers=1)
    assert shared == pytest.approx(once, rel=1e-6)


def test_the_protocol_says_which_history_entered(agency):
    found = target_trial(cohort_of(agency, study(services=[COACHED])), "reentry", "group")
    words = found.protocol.set_index("element")["words"]["weights"]
    assert "by the day before (a report in the 90 days before, since the exit; any report" in words
    assert "Coach going on" in words and "in the support window" not in words
    asked = study(["recent_report"], services=[COACHED])
    found = target_trial(cohort_of(agency, asked), "reentry", "group")
    words = found.protocol.set_index("element")["words"]["weights"]
    assert "(a report in the 90 days before, since the exit)" in words
    none = target_trial(cohort_of(agency, study([])), "reentry", "group")
    words = none.protocol.set_index("element")["words"]["weights"]
    assert "Nothing that happens after the exit is in them" in words


def test_without_the_table_of_reports_it_is_said(agency):
    cohort = cohort_of(agency, study(), report_days=None)
    notes = trial_children(cohort, "reentry", cohort.study.services[0]).notes
    assert any(
        "hold no reports after the exit, because the data have no table maltreatment_reports"
        in str(note)
        for note in notes
    )


def test_days_that_the_table_of_reports_does_not_reach_are_said(agency):
    reach = {"removals": "2024-06-30", "maltreatment_reports": "2024-01-31"}
    rules = make_study(cohort=COHORT | {"data_through": reach}).cohort
    late = study().model_copy(update={"cohort": rules})
    cohort = cohort_of(agency, late)
    notes = trial_children(cohort, "reentry", late.services[0]).notes
    assert any("see no report after 2024-01-31, where the table" in str(note) for note in notes)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("reports", "the data have no table maltreatment_reports: take it out"),
        ("other_services", "the study names no other service: take it out"),
        ("support_status", "the follow-up holds no support window: take it out"),
    ],
)
def test_history_that_the_data_do_not_hold_is_refused(agency, name, why):
    cohort = cohort_of(agency, study([name]), report_days=None)
    with pytest.raises(StudyError, match=f'history names "{name}", but {why}'):
        target_trial(cohort, "reentry", "group")


def test_an_unknown_kind_of_history_is_refused_with_those_there_are():
    with pytest.raises(StudyError, match=r"adjustment.history.*recent_report.*support_status"):
        study(["recent_reports"])


def test_history_by_which_hardly_anyone_starts_is_left_out_and_said(agency):
    first = agency.report_days.head(THRESHOLDS.events_per_arm - 1)
    cohort = cohort_of(agency, study(), report_days=first)
    children = trial_children(cohort, "reentry", cohort.study.services[0])
    assert not children.spans.change and children.past == ()
    assert any(
        "fewer than 5 children start with it or without it" in str(n) for n in children.notes
    )


def test_history_that_other_history_determines_is_left_out_and_said(agency):
    twin = agency.follow_up("reentry", horizon_days=365)
    twin["support_status"] = twin["exposure_coach"].map(
        {"before": "before", "in service": "in", "after": "after"}
    )
    protocol = study(["other_services", "support_status"], services=[COACHED])
    cohort = cohort_of(agency, protocol, follow_up=lambda outcome: twin)
    children = trial_children(cohort, "reentry", protocol.services[0])
    assert children.past == ("Coach going on", "Coach ended")
    assert any(
        "what else they hold determines it: in the support" in str(n) for n in children.notes
    )


@pytest.mark.parametrize("history", [[], None])
def test_a_covariate_that_decides_who_starts_is_said(agency, history):
    """Separation inside the weight models: no child with an earlier episode ever started."""
    cohort = cohort_of(agency, study(history))
    barred = cohort.exits["prior_episodes"] > 0
    start = cohort.exits["start_day_group"].astype("Float64").mask(barred)
    cohort.exits = cohort.exits.assign(start_day_group=start)
    flag = cohort.exits.set_index("exit_id")["prior_episodes"] > 0
    rows = cohort.follow_up("reentry")
    rows["barred"] = rows["exit_id"].map(flag).map({True: "yes", False: "no"})
    cohort.follow_up = lambda outcome: rows
    cohort.study = study(history).model_copy(
        update={
            "adjustment": study(history).adjustment.model_copy(update={"covariates": ("barred",)})
        }
    )
    with pytest.raises(StudyError, match="predict started Group.* perfectly for some children"):
        target_trial(cohort, "reentry", "group")


def test_a_model_of_starting_without_a_solution_says_to_name_less_history(agency):
    children = trial_children(cohort_of(agency, study()), "reentry", study().services[0])
    last, rare = children.stop, np.isfinite(children.started)
    twice = np.hstack([children.x, children.x])
    with pytest.raises(StudyError, match=r"no solution.*Name less in adjustment\.history"):
        Hazard(twice, children.spans, last, rare, 365)


def test_what_stands_beside_a_trial_holds_its_history(agency):
    protocol = study()
    cohort = cohort_of(agency, protocol)
    found = list(
        trial_variants(cohort, protocol.services[0], "reentry", cohort.follow_up("reentry"))
    )
    counties = [row for row in found if row["analysis"] == "one county left out"]
    assert counties and all("estimate" in row for row in counties)


def test_the_cohort_gives_the_days_of_reports_that_were_simulated():
    """From records to history: every report on a child at home, found or not."""
    made = simulate_agency(children=300, seed=4, dirty=0.0, missing=0.0, **CRISES)
    settings = {"exits": ["2018-01-01", "2022-12-31"], "data_through": "2024-06-30"}
    cohort = build_cohort(made, Study(title="Reports", cohort=settings))
    known = made.truth.report_days
    days = []
    for frame, exits in ((cohort.report_days, cohort.exits), (known, made.truth.cohort)):
        child = frame["exit_id"].map(exits.set_index("exit_id")["child_id"])
        days.append(sorted(zip(child.astype(str), frame["day"].astype(int), strict=True)))
    assert days[0] == days[1] and len(days[0]) > 50


def test_children_without_spans_that_change_are_whole():
    spans = Spans.whole(3)
    assert not spans.change and not spans.take(np.array([0, 0, 2])).change
    assert spans.take(np.array([0, 0, 2])).child.tolist() == [0, 1, 2]
