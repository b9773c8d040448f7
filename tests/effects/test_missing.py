"""Missing covariates imputed, weights and effects in every set, pooled (METHODS 8)."""

import numpy as np
import pandas as pd
import pytest

from evaluation.effects import effects
from evaluation.effects.arms import Arms
from evaluation.effects.chained import completed_sets
from evaluation.effects.missing import _nelson_aalen, patterns, with_imputations
from evaluation.effects.pooling import _model, degrees_of_freedom, pooled_interval
from evaluation.effects.study_effects import estimate

from .conftest import make_cohort, make_study

STUDY = make_study(
    services=[{"program": "coach", "label": "Coach", "exposure": "at exit"}],
    adjustment={
        "covariates": ["risk", "place"],
        "weights": "all eligible",
        "truncate": 1.0,
        "outcome_model": False,
        "missing": "multiple imputation",
    },
)


def confounded(count, seed):
    """A confounder whose absence depends on service and outcome; no effect of the service."""
    random = np.random.default_rng(seed)
    risk = np.repeat(random.integers(0, 2, count // 2), 2)
    served = random.random(count) < 0.25 + 0.4 * risk
    event = random.random(count) < 0.15 + 0.3 * risk
    absent = random.random(count) < 0.10 + 0.5 * (served & event)
    rows = pd.DataFrame(
        {
            "exit_id": [f"e{n}" for n in range(count)],
            "family_id": [f"f{n // 2}" for n in range(count)],
            "start": 0,
            "stop": np.where(event, random.integers(1, 365, count), 365),
            "event": event.astype(int),
            "risk": pd.array(np.where(absent, pd.NA, risk.astype(bool)), dtype="boolean"),
            "place": random.choice(["town", "county", "unknown"], count),
            "coach": pd.Categorical(np.where(served, "yes", "no"), categories=["no", "yes"]),
        }
    )
    arms = Arms(rows, "reentry", STUDY.services[0], ("risk", "place"), ())
    return arms, risk


def test_imputing_recovers_what_complete_cases_lose():
    arms, risk = confounded(1_400, 1)
    known = arms.rows["risk"].notna()
    everyone = Arms(arms.rows.assign(risk=risk == 1), "reentry", arms.service, arms.covariates, ())

    def difference(own):
        rows = estimate(own, STUDY).rows
        return next(r for r in rows if r["measure"] == "risk_difference" and r["horizon"] == 365)

    full, cases = difference(everyone), difference(arms.among(known))
    imputed = difference(with_imputations(arms, STUDY))
    assert abs(full["estimate"]) < 2 * full["se"]
    assert cases["estimate"] < -2 * cases["se"], "complete cases claim an effect there is not"
    assert abs(imputed["estimate"] - full["estimate"]) < full["se"]
    assert full["se"] < imputed["se"] < cases["se"] * 1.3
    assert "pooled over" in imputed["method"]


def test_as_many_sets_as_the_percentage_incomplete_and_twenty_at_least():
    arms, _ = confounded(600, 2)
    share = arms.rows["risk"].isna().mean()
    made = with_imputations(arms, STUDY)
    assert len(made.completed) == max(20, int(np.ceil(100 * share)))
    few = arms.rows.copy()
    few["risk"] = few["risk"].fillna(True)
    few.loc[:5, "risk"] = pd.NA
    assert len(with_imputations(Arms(few, *_rest(arms)), STUDY).completed) == 20
    whole = Arms(few.assign(risk=True), *_rest(arms))
    assert with_imputations(whole, STUDY) is whole


def _rest(arms):
    return arms.outcome, arms.service, arms.covariates, ()


def test_known_values_stay_and_unknown_is_a_category():
    arms, _ = confounded(600, 3)
    made = with_imputations(arms, STUDY)
    known = arms.rows["risk"].notna()
    for rows in made.completed[:3]:
        assert (rows.loc[known, "risk"] == arms.rows.loc[known, "risk"]).all()
        assert rows["risk"].notna().all()
        assert rows["place"].tolist() == arms.rows["place"].tolist()
    assert (arms.rows["place"] == "unknown").any()
    again = with_imputations(arms, STUDY)
    assert again.completed[0].equals(made.completed[0]), "the same seed, the same values"


def test_siblings_tell_of_one_another():
    """Family means: a sibling's known value decides the missing one where they agree."""
    random = np.random.default_rng(4)
    family = np.repeat(np.arange(400), 2)
    level = np.repeat(random.normal(size=400), 2)
    kind = pd.Series(np.where(level > 0.5, "a", np.where(level > -0.5, "b", "c")), dtype=object)
    data = pd.DataFrame({"score": level * 10, "kind": kind})
    truth = data.copy()
    gone = random.choice(800, 120, replace=False)
    data.loc[gone[:60], "score"] = np.nan
    data.loc[gone[60:], "kind"] = None
    sets = completed_sets(data, ("score", "kind"), np.zeros((800, 0)), family, 3, [0])
    for own in sets:
        assert np.corrcoef(own["score"][gone[:60]], truth["score"][gone[:60]])[0, 1] > 0.8
        assert (own["kind"][gone[60:]] == truth["kind"][gone[60:]]).mean() > 0.75


def test_nelson_aalen_counts_entry_and_steps_at_events():
    stop = np.array([2.0, 3.0, 3.0, 5.0])
    happened = np.array([True, True, False, False])
    begin = np.array([0.0, 0.0, 0.0, 2.0])
    expected = [1 / 3, 1 / 3 + 1 / 3, 1 / 3 + 1 / 3, 1 / 3 + 1 / 3]
    assert _nelson_aalen(begin, stop, happened) == pytest.approx(expected)


def test_pooling_follows_rubin_with_barnard_and_rubin_degrees_of_freedom():
    found = [(0.10, 0.03), (0.12, 0.03), (0.14, 0.03)]
    interval = pooled_interval("risk_difference", found, 1_000)
    total = 0.03**2 + (1 + 1 / 3) * 0.0004
    assert interval.estimate == pytest.approx(0.12)
    assert interval.se == pytest.approx(np.sqrt(total))
    share = (4 / 3) * 0.0004 / total
    observed = 1000 / 1002 * 999 * (1 - share)
    free = 1 / (share**2 / 2 + 1 / observed)
    assert degrees_of_freedom(0.0009, 0.0004, 3, 999) == pytest.approx(free)
    assert degrees_of_freedom(0.0009, 0.0, 3, 999) == pytest.approx(1000 / 1002 * 999)
    ratio = pooled_interval("risk_ratio", [(0.5, 0.2), (0.8, 0.2)], 1_000)
    assert ratio.estimate == pytest.approx(np.sqrt(0.5 * 0.8))
    risk = pooled_interval("risk_treated", [(0.02, 0.015), (0.03, 0.02)], 1_000)
    assert 0 < risk.ci_low < risk.estimate < risk.ci_high < 1


def test_a_ratio_that_runs_to_infinity_in_a_set_has_no_limits():
    """A level without events in one set: said as 0 without limits, not a traceback."""
    found = pooled_interval("hazard_ratio", [(0.0, np.nan), (0.5, 0.3)], 200)
    assert found.estimate == 0 and np.isnan([found.se, found.ci_low, found.ci_high, found.p]).all()
    model = pd.DataFrame(
        {"term": ["a"], "coef": [-np.inf], "se": [np.nan], "robust_se": [np.nan]}
        | {"hazard_ratio": [0.0], "ci_low": [0.0], "ci_high": [1.5], "z": [np.nan], "p": [np.nan]}
    )
    row = _model([model, model], 200).iloc[0]
    assert row["coef"] == -np.inf and np.isnan(row["z"])


def test_patterns_count_what_is_lacking_together():
    arms, _ = confounded(400, 5)
    rows = arms.rows.assign(place=arms.rows["place"].where(arms.rows.index >= 40))
    table = patterns(Arms(rows, *_rest(arms))).set_index("lacking")
    assert table["children"].sum() == 400
    both = rows["risk"].isna() & rows["place"].isna()
    assert table.loc["risk, place", "children"] == both.sum()
    assert table.index[0] == "none"


def test_a_study_shows_patterns_and_complete_cases_beside(truth):
    families = truth.cohort["family_id"].drop_duplicates().head(300)
    study = make_study(
        adjustment={
            "covariates": ["age_at_exit", "disability"],
            "weights": "overlap",
            "outcome_model": False,
            "missing": "multiple imputation",
        },
        report={"horizons": [365]},
        services=[
            {"program": "success_coach", "label": "Coach", "exposure": "at exit"},
        ],
    )
    cohort = make_cohort(study, truth)
    rows = cohort.follow_up("reentry")
    rows = rows[rows["family_id"].isin(families)].copy()
    lost = rows["exit_id"].drop_duplicates().head(40)
    rows["disability"] = rows["disability"].astype("boolean").mask(rows["exit_id"].isin(lost))
    cohort.follow_up = lambda outcome: rows
    cohort.exits = truth.cohort.drop(columns="exit_type")
    found = effects(cohort)
    assert found.table["method"].str.contains("pooled over 20 imputed sets").all()
    assert (
        found.table["n_treated"].iloc[0] + found.table["n_comparison"].iloc[0]
        == rows["exit_id"].nunique()
    )
    cases = found.beside[found.beside["analysis"] == "complete cases"]
    assert (cases["n_treated"] + cases["n_comparison"] == rows["exit_id"].nunique() - 40).all()
    assert found.missing.set_index("lacking").loc["disability", "children"] == 40
    assert any("imputed 20 times" in str(note) for note in found.notes)
