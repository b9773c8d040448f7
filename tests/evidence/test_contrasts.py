"""From effects to contrasts as evidence: the clock, the landmark after the service, soundness."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from evaluation.effects import Effects, effects
from evaluation.evidence import (
    attrition,
    baseline_equivalence,
    cebc,
    clearinghouse,
    contrasts_of,
    estimate_ids,
)
from evaluation.evidence.after_service import after_service_effect
from evaluation.evidence.body import Body
from evaluation.evidence.contrast import AfterService, ContrastEvidence
from evaluation.evidence.effect_sizes import EffectSize, symmetric
from evaluation.evidence.end_of_service import end_of_service_clock
from evaluation.evidence.own_evidence import own_features, own_study
from evaluation.sources.simulation import simulate_truth
from evaluation.study import Study

from .conftest import make_program

FEWER, SAME, MORE = -0.05, 0.0, 0.05
LOW = attrition(400, 398, 400, 397)


def difference(value):
    return symmetric("risk_difference", value, 0.01, "drawn")


def contrast(
    horizon=730, value=FEWER, p=0.01, ended=100, unknown=0, after=FEWER, after_p=0.01, **changes
):
    ends = pd.Series([100.0] * ended + [None] * unknown + [9999.0] * (100 - ended - unknown))
    clock = end_of_service_clock(horizon, changes.pop("intended", 12), ends)
    landmark = AfterService(365, horizon, difference(after), {}, p=after_p)
    settings = {
        "id": f"coach.reentry.{horizon}",
        "service": "coach",
        "comparison": "usual care",
        "outcome": "reentry",
        "horizon": horizon,
        "population": "overlap",
        "method": "drawn",
        "design": "randomized",
        "primary": True,
        "counts": {},
        "effects": (difference(value),),
        "needed": None,
        "p": p,
        "p_adjusted": p,
        "clock": clock,
        "after_service": landmark,
        "baseline": pd.DataFrame(),
        "lacking": (),
        "premeasured": "present",
        "attrition": None,
        "confounds": (),
        "diagnostics": "passes",
        "estimate_ids": ("x",),
    }
    return ContrastEvidence(**(settings | changes))


@pytest.mark.parametrize(
    ("changes", "six", "twelve", "why"),
    [
        ({}, "present", "present", "among children still home"),
        ({"horizon": 729}, "present", "absent", "need day 730"),
        ({"horizon": 548}, "present", "absent", "need day 730"),
        ({"horizon": 547}, "absent", "absent", "need day 548"),
        ({"horizon": 365}, "absent", "absent", "no time beyond"),
        ({"ended": 90}, "present", "present", "favorable"),
        ({"ended": 89}, "absent", "absent", "fewer than 90%"),
        ({"ended": 89, "unknown": 11}, "unknown", "unknown", "fewer than 90%"),
        ({"after": SAME}, "absent", "absent", "accrued during service"),
        ({"after_p": 0.05}, "absent", "absent", "accrued during service"),
        ({"after": MORE}, "absent", "absent", "accrued during service"),
        ({"value": SAME}, "absent", "absent", "no favorable effect"),
        ({"p": 0.05}, "absent", "absent", "no favorable effect"),
        ({"intended": None}, "unknown", "unknown", "intended_months"),
        ({"withheld": True}, "unknown", "unknown", "too small to be released"),
        ({"after_service": None}, "unknown", "unknown", "not estimated"),
        ({"clock": None}, "unknown", "unknown", "no horizon"),
    ],
)
def test_a_sustained_effect_on_both_sides_of_each_line(changes, six, twelve, why):
    """METHODS 11.1: beyond the intended end, nine in ten ended, and after the end too."""
    found = contrast(**changes)
    assert found.sustained(6)[0] == six
    assert found.sustained(12)[0] == twelve
    assert why in found.sustained(12)[1] or why in found.sustained(6)[1]


@pytest.mark.parametrize(
    ("value", "p", "direction"),
    [
        (FEWER, 0.049, "favorable"),
        (FEWER, 0.05, "none"),
        (MORE, 0.049, "unfavorable"),
        (MORE, 0.05, "none"),
        (FEWER, None, "unknown"),
    ],
)
def test_fewer_events_are_favorable_if_significant(value, p, direction):
    assert contrast(value=value, p=p).direction == direction


def test_a_hazard_ratio_below_one_is_favorable_and_has_no_horizon():
    ratio = EffectSize("hazard_ratio", 0.7, 0.1, 0.57, 0.85, "drawn")
    found = contrast(effects=(ratio,), clock=None, p=0.01)
    assert found.direction == "favorable"
    assert found.sustained(6) == ("unknown", "a hazard ratio has no horizon from which to count")


def test_what_makes_a_contrast_unsound():
    balance = pd.DataFrame({"covariate": ["age"], "after": [0.1]})
    assert contrast().sound == "present"
    assert contrast(confounds=("one county",)).sound == "absent"
    assert contrast(diagnostics="fails").sound == "absent"
    assert contrast(design="descriptive").sound == "absent"
    observed = {"design": "quasi-experimental"}
    assert contrast(**observed).sound == "unknown"
    assert contrast(**observed, baseline=baseline_equivalence(balance)).sound == "absent"
    assert contrast(**observed, baseline=baseline_equivalence(balance, ["age"])).sound == "present"


def test_an_unsound_benefit_is_no_benefit_and_a_harm_stays_one():
    confounded = {"confounds": ("one county",)}
    assert own_study([contrast(**confounded)], "Alder", (2018, 2020)).superior == "unknown"
    worse = own_study([contrast(value=MORE, **confounded)], "Alder", (2018, 2020))
    assert worse.harmful == "present"


@pytest.mark.parametrize("design", ["randomized", "quasi-experimental", "descriptive"])
def test_an_unpublished_analysis_never_has_elements_that_require_publication(design):
    """METHODS 11.6."""
    study = own_study([contrast(design=design)], "Alder", (2018, 2020))
    walk = cebc(Body(make_program(), (study,)))
    for code in ("rct1", "rct2", "sustain6", "sustain12", "peer", "weight", "control1", "null2"):
        assert walk.elements[code].status != "present", code
    assert walk.level in (None, "NR")
    assert own_features(contrast(design=design))["source"][0] == "absent"


FEATURES = {
    "design": ({"design": "quasi-experimental"}, {"design": "descriptive"}),
    "background": ({"lacking": ()}, {"lacking": ("race or ethnicity",)}),
    "premeasured": ({"premeasured": "present"}, {"premeasured": "absent"}),
    "declared": ({"primary": True}, {"primary": False}),
    "noconfound": ({"confounds": ()}, {"confounds": ("All in one county.",)}),
    "favorable": ({"value": FEWER}, {"value": SAME}),
    "sustained6": ({"horizon": 548}, {"horizon": 547}),
    "sustained12": ({"horizon": 730}, {"horizon": 729}),
}


@pytest.mark.parametrize("code", FEATURES)
def test_features_of_an_own_contrast_on_both_sides(code):
    has, lacks = FEATURES[code]
    assert own_features(contrast(**has))[code][0] == "present"
    assert own_features(contrast(**lacks))[code][0] == "absent"


@pytest.mark.parametrize(
    ("size", "status"), [(0.05, "present"), (0.06, "absent"), (0.26, "absent"), (None, "unknown")]
)
def test_baseline_feature(size, status):
    table = baseline_equivalence(pd.DataFrame({"covariate": ["age"], "after": [size]}))
    assert own_features(contrast(baseline=table))["baseline"][0] == status


@pytest.mark.parametrize("flaw", [{"diagnostics": "fails"}, {"confounds": ("one county",)}])
def test_publishing_a_comparison_that_fails_its_checks_would_meet_nothing(flaw):
    def if_published(**changes):
        study = own_study([contrast(**({"attrition": LOW} | changes))], "Alder", (2018, 2020))
        return clearinghouse(Body(make_program(), (study,))).requirements["one_contrast"]

    assert if_published().if_published == "present"
    assert if_published(**flaw).if_published != "present"
    features = own_features(contrast(**flaw))
    assert features["favorable"][0] == "unknown"
    assert own_features(contrast(value=MORE, **flaw))["favorable"][0] == "absent"


def test_the_difference_after_the_service_has_an_id_and_stands_in_the_plain_values(simulated):
    import evaluation as ev

    cohort, found = simulated
    weighed = ev.evidence(cohort, found)
    rows = {row["id"]: row for row in weighed.to_dict()["after_service"]}
    for each in weighed.contrasts[1:]:
        row = rows[each.after_id]
        assert row["contrast"] == each.id
        assert (row["landmark"], row["horizon"]) == (183, each.horizon)
        assert row["estimate"] == each.after_service.difference.value
    assert len(rows) == 2


def test_a_retrospective_cohort_is_no_low_attrition_trial():
    assert own_features(contrast())["attrition"][0] == "unknown"
    assert (
        own_features(contrast(attrition=attrition(100, 99, 100, 99)))["attrition"][0] == "present"
    )
    assert own_features(contrast(attrition=attrition(100, 99, 100, 60)))["attrition"][0] == "absent"


def test_every_estimate_has_an_id_of_its_own():
    table = pd.DataFrame(
        {
            "service": "coach",
            "outcome": "reentry",
            "horizon": pd.array([365, 365, pd.NA, 365], dtype="Int64"),
            "measure": ["risk_ratio", "risk_ratio", "hazard_ratio", "risk_difference"],
            "comparison": "usual care",
            "population": ["overlap", "all eligible", "overlap", "overlap"],
            "method": "m",
        }
    )
    ids = estimate_ids(table)
    assert ids.is_unique
    assert ids.tolist() == [
        "coach.reentry.365.risk_ratio.overlap",
        "coach.reentry.365.risk_ratio.all_eligible",
        "coach.reentry.rate.hazard_ratio",
        "coach.reentry.365.risk_difference",
    ]
    assert estimate_ids(pd.concat([table, table], ignore_index=True)).is_unique


# On the simulated agency


@pytest.fixture(scope="module")
def simulated():
    truth = simulate_truth(children=4_000, seed=5)
    study = Study(
        title="A study",
        cohort={
            "exits": ["2018-01-01", "2022-12-31"],
            "data_through": "2024-06-30",
            "horizon_days": 730,
        },
        outcomes={"reentry": {}},
        services=[
            {
                "program": "success_coach",
                "label": "Coach",
                "exposure": "at exit",
                "intended_months": 6,
            }
        ],
        primary={"outcome": "reentry", "service": "success_coach", "horizon": 365},
        adjustment={
            "covariates": ["age_at_exit", "prior_episodes", "disability"],
            "weights": "overlap",
            "outcome_model": False,
        },
        report={"horizons": [180, 365, 730], "agency": "Alder"},
    )
    rows = truth.follow_up("reentry", horizon_days=730)
    cohort = SimpleNamespace(
        study=study, exits=truth.cohort, outcomes=("reentry",), follow_up=lambda outcome: rows
    )
    return cohort, effects(cohort)


def test_contrasts_carry_what_the_effects_found(simulated):
    cohort, found = simulated
    contrasts = contrasts_of(cohort, found)
    assert [c.horizon for c in contrasts] == [180, 365, 730]
    by = found.table.set_index(["measure", "horizon"])
    for c in contrasts:
        row = by.loc[("risk_difference", c.horizon)]
        assert c.effect("risk_difference").value == row["estimate"]
        assert c.p_adjusted == row["p_adjusted"]
        assert c.primary == (c.horizon == 365)
        index = c.effect("cox_index")
        assert (index.value < 0) == (row["estimate"] < 0)
        assert index.se > 0
        assert c.effect("hazard_ratio") is None
        assert len(c.baseline) == len(found.balance)
    assert [c.clock.days_beyond for c in contrasts] == [0, 182, 547]
    assert [c.after_service is None for c in contrasts] == [True, False, False]
    assert contrasts[1].after_service.landmark == 183


def test_the_effect_after_the_service_is_the_risk_of_children_still_home(simulated):
    """Without weights it is a plain difference of shares of those who outlasted the landmark."""
    cohort, _ = simulated
    adjustment = cohort.study.adjustment.model_copy(update={"weights": "none"})
    study = cohort.study.model_copy(update={"adjustment": adjustment, "design": "randomized"})
    plain = SimpleNamespace(**(vars(cohort) | {"study": study}))
    found = after_service_effect(plain, "reentry", study.services[0], 183, 365)
    rows = cohort.follow_up("reentry")
    last = rows.sort_values("start").groupby("exit_id").tail(1).set_index("exit_id")
    home = last[last["stop"] > 183]
    served = cohort.exits.set_index("exit_id")["known_at_exit_success_coach"]
    served = served.reindex(home.index).astype(bool)
    happened = (home["event"] == 1) & (home["stop"] <= 365)
    assert found.counts == {
        "n_treated": int(served.sum()),
        "n_comparison": int((~served).sum()),
        "events_treated": int(happened[served].sum()),
        "events_comparison": int(happened[~served].sum()),
    }
    ended_early = ((home["stop"] < 365) & ~happened).mean()
    raw = happened[served].mean() - happened[~served].mean()
    assert found.difference.value == pytest.approx(raw, abs=0.02 + ended_early)
    assert found.difference.ci_low < found.difference.value < found.difference.ci_high


def test_services_that_start_later_say_why_there_is_no_effect_after_them(simulated):
    cohort, _ = simulated
    later = cohort.study.services[0].model_copy(update={"exposure": "time-varying"})
    found = after_service_effect(cohort, "reentry", later, 183, 365)
    assert found.difference is None
    assert "known at exit" in found.why_not


def test_too_few_left_after_the_service_is_said(simulated):
    cohort, _ = simulated
    found = after_service_effect(cohort, "reentry", cohort.study.services[0], 729, 730)
    assert found.difference is None
    assert "too few" in found.why_not


def test_a_failed_diagnostic_is_read_from_the_effects(simulated):
    cohort, found = simulated
    verdicts = pd.DataFrame(
        {"service": ["success_coach"] * 2, "outcome": ["reentry"] * 2, "verdict": ["pass", "fail"]}
    )
    tables = {name: getattr(found, name) for name in Effects.__dataclass_fields__}
    failing = SimpleNamespace(**(tables | {"diagnostics": verdicts}))
    assert {c.diagnostics for c in contrasts_of(cohort, failing)} == {"fails"}
    passing = SimpleNamespace(**(tables | {"diagnostics": verdicts.head(1)}))
    assert {c.diagnostics for c in contrasts_of(cohort, passing)} == {"passes"}


def test_an_arm_of_one_county_is_found_in_the_cohort(simulated):
    cohort, found = simulated
    served = cohort.exits["known_at_exit_success_coach"].astype(bool)
    exits = cohort.exits.assign(county=served.map({True: "Alder", False: "Birch"}))
    confounded = SimpleNamespace(**(vars(cohort) | {"exits": exits}))
    contrasts = contrasts_of(confounded, found)
    assert all(c.confounds and c.sound == "absent" for c in contrasts)


def test_a_contrast_that_is_no_effect_is_not_pooled(simulated):
    import evaluation as ev

    cohort, found = simulated
    weighed = ev.evidence(cohort, found)
    sound = weighed.with_contrasts(replace(c, confounds=()) for c in weighed.contrasts)
    unsound = weighed.with_contrasts(replace(c, confounds=("x",)) for c in weighed.contrasts)
    pooled = [each.programs["success_coach"].synthesis["reentry"] for each in (sound, unsound)]
    assert [len(each.table) for each in pooled] == [1, 0]
    assert pooled[1].left_out == ("success_coach.reentry.365",)


def test_the_whole_is_one_call(simulated):
    import evaluation as ev

    cohort, found = simulated
    weighed = ev.evidence(cohort, found)
    assert list(weighed.programs) == ["success_coach"]
    assert weighed.table["contrast"].tolist() == [
        f"success_coach.reentry.{day}" for day in (180, 365, 730)
    ]
    program = weighed.programs["success_coach"]
    assert program.cebc.statement.endswith("this is not a CEBC rating.")
    assert "this is not a CEBC rating" in weighed._repr_html_()
    assert program.body.studies[0].own
    assert "Not pooled" in program.synthesis["reentry"].sentence
    again = weighed.with_contrasts(replace(c, withheld=True) for c in weighed.contrasts)
    assert set(again.table["direction"]) == {"unknown"}


def test_assignment_and_clusters_are_told_from_the_design():
    assert own_features(contrast())["intact"][0] == "present"
    assert own_features(contrast(design="quasi-experimental"))["intact"][0] == "absent"
    assert own_features(contrast())["clusters"] == ("present", "variance by removal family")


@pytest.mark.parametrize(("first", "status"), [(0, "present"), (-1, "absent"), (None, "unknown")])
def test_the_baseline_is_measured_before_the_service(simulated, first, status):
    """METHODS 11.4: a service that began before the exit began before its covariates were read."""
    cohort, found = simulated
    served = cohort.exits["known_at_exit_success_coach"].astype(bool)
    days = pd.Series(5.0, index=served.index).where(served)
    days[served.idxmax()] = first
    exits = cohort.exits.assign(start_day_success_coach=days)
    dated = SimpleNamespace(**(vars(cohort) | {"exits": exits}))
    assert {c.premeasured for c in contrasts_of(dated, found)} == {status}
