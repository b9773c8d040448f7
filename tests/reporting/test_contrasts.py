"""Effects that rest on few children or events are withheld, with all that goes with them."""

import pandas as pd
import pytest

from evaluation.reporting.disclosure import Disclosure, release_effects

RULE = Disclosure(11)
COUNTS = ["n_treated", "n_comparison", "events_treated", "events_comparison"]


@pytest.fixture
def effects(invented):
    return invented.effects(invented.cohort(invented.study(), 1800))


def totals(effects, left_out=0):
    first = effects.table.iloc[0]
    children = int(first["n_treated"] + first["n_comparison"]) + left_out
    return {o: (children, 10_000) for o in ("reentry", "maltreatment")}


def of(frame, outcome):
    return frame[(frame["service"] == "coach") & (frame["outcome"] == outcome)]


def test_enough_events_are_shown_in_full(effects):
    released = release_effects(effects, RULE, {}, totals(effects))
    assert released.withheld == ()
    pd.testing.assert_frame_equal(released.table, effects.table.astype(object), check_dtype=False)


@pytest.mark.parametrize("column", COUNTS)
def test_a_small_arm_withholds_the_whole_contrast_and_its_model(effects, column):
    effects.table.loc[effects.table["outcome"] == "reentry", column] = 7
    released = release_effects(effects, RULE, {}, totals(effects))
    assert ("coach", "reentry") in released.withheld
    numbers = [*COUNTS, "estimate", "se", "ci_low", "ci_high", "p", "p_adjusted", "clusters"]
    assert of(released.table, "reentry")[numbers].eq("s").all(axis=None)
    values = ["coef", "se", "robust_se", "hazard_ratio", "ci_low", "z", "p", "n", "events"]
    assert of(released.models, "reentry")[values].eq("s").all(axis=None)
    assert not of(released.table, "maltreatment")[numbers].eq("s").any(axis=None)


def test_no_event_at_all_is_no_small_count(effects):
    effects.table["events_treated"] = 0
    assert release_effects(effects, RULE, {}, totals(effects)).withheld == ()


def test_counts_that_differ_from_the_cohort_by_few_are_hidden_and_the_estimate_stays(effects):
    released = release_effects(effects, RULE, {}, totals(effects, left_out=4))
    rows = of(released.table, "reentry")
    assert rows[["n_treated", "n_comparison"]].eq("s").all(axis=None)
    assert not rows["estimate"].eq("s").any()
    assert of(released.models, "reentry")["n"].eq("s").all()
    assert not of(released.models, "reentry")["hazard_ratio"].eq("s").any()


def test_events_of_disruption_that_few_separate_from_re_entry_are_hidden(effects):
    beside = effects.table[effects.table["outcome"] == "reentry"].copy()
    beside["outcome"] = "disruption"
    beside["events_treated"] += 3
    table = pd.concat([effects.table, beside], ignore_index=True)
    object.__setattr__(effects, "table", table)
    released = release_effects(effects, RULE, {}, totals(effects) | {"disruption": (10**4, 10**4)})
    assert of(released.table, "disruption")["events_treated"].eq("s").all()
    assert not of(released.table, "reentry")["events_treated"].eq("s").any()


def test_a_naive_ratio_of_few_events_is_hidden(effects):
    effects.naive.loc[0, "events_ever"] = 3
    released = release_effects(effects, RULE, {}, totals(effects))
    assert released.naive.loc[0, "risk_ratio"] == "s"
    assert released.naive.loc[1, "risk_ratio"] == 0.42


def test_balance_of_a_rare_category_is_hidden(effects):
    rare = effects.balance.iloc[[0]].assign(covariate="county[Rare]", mean_treated=0.004)
    object.__setattr__(effects, "balance", pd.concat([effects.balance, rare], ignore_index=True))
    released = release_effects(effects, RULE, {}, totals(effects))
    assert released.balance["before"].tolist()[:2] == [0.08, 0.08]
    assert released.balance["before"].tolist()[2] == "s"


def test_off_shows_every_number(effects):
    effects.table["events_treated"] = 2
    released = release_effects(effects, Disclosure(0), {}, totals(effects, left_out=1))
    assert not released.table.eq("s").any(axis=None)
