"""Every pair of options of every estimator computes with both, or is an error naming both.

A pair that computes must not be what either option gives alone: an option that
changes nothing beside another is an option ignored.
"""

import inspect
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from evaluation.estimates import (
    EstimateError,
    cox,
    cumulative_incidence,
    discrete_hazard,
    fine_gray,
    gray_test,
    kaplan_meier,
    log_rank,
    mean_cumulative,
    parametric,
    restricted_mean,
    zero_event_limits,
)

N = 240
ROWS = {
    "start": "entry",
    "weights": "w",
    "strata": "layer",
    "cluster": "family",
    "id": "child",
    "offset": "o",
    "by": "arm",
}

# What each option is set to, beside what a call always needs.
TABLE = {
    cox: {
        "always": {"formula": "x + z", "cause": 1},
        "options": {**{k: v for k, v in ROWS.items() if k != "by"}, "ties": "breslow", "cause": 2},
    },
    fine_gray: {
        "always": {"formula": "x + z"},
        "options": {**{k: v for k, v in ROWS.items() if k != "by"}, "ties": "breslow", "cause": 2},
    },
    kaplan_meier: {
        "always": {"cause": 1},
        "options": {k: ROWS[k] for k in ("start", "by", "weights", "cluster", "id")} | {"cause": 2},
    },
    cumulative_incidence: {
        "always": {},
        "options": {k: ROWS[k] for k in ("start", "by", "weights", "cluster", "id")}
        | {"causes": [2]},
    },
    restricted_mean: {
        "always": {"horizon": 20},
        "options": {k: ROWS[k] for k in ("start", "by", "weights", "cluster", "id")}
        | {"causes": [2], "horizon": [10, 15]},
    },
    log_rank: {
        "always": {"by": "arm", "cause": 1},
        "options": {k: ROWS[k] for k in ("start", "strata", "weights", "cluster", "id")}
        | {"cause": 2},
    },
    gray_test: {
        "always": {"by": "arm"},
        "options": {k: ROWS[k] for k in ("start", "strata", "weights", "cluster", "id")},
    },
    mean_cumulative: {
        "always": {"start": "zero", "stop": "time", "event": "event", "id": "child", "cause": 1},
        "options": {k: ROWS[k] for k in ("start", "by", "weights", "cluster")} | {"cause": 2},
    },
    discrete_hazard: {
        "always": {"formula": "x", "breaks": [0, 1, 2, 5], "width": 5, "cause": 1},
        "options": {k: ROWS[k] for k in ("start", "weights", "cluster", "id")}
        | {"cause": 2, "link": "logit", "width": 7},
    },
    parametric: {
        "always": {"formula": "x", "cause": 1},
        "options": {
            "start": "entry",
            "cause": 2,
            "family": "piecewise",
            "breaks": [5, 10],
            "knots": 4,
        },
    },
    zero_event_limits: {
        "always": {"horizon": 12, "family": "family", "cause": 2},
        "options": {"start": "entry", "by": "arm", "level": 0.9, "cause": 1},
    },
}
COUNTS_ONLY = {"at_risk", "period"}  # paired with the others in test_period_counts.py
ASIDE = {"data", "stop", "event", "formula", *COUNTS_ONLY}
GRAY = ("start", "weights", "cluster", "id")
PAIRS = [
    (estimator, pair)
    for estimator, table in TABLE.items()
    for pair in combinations(table["options"], 2)
]


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    time = rng.integers(2, 25, N)
    return pd.DataFrame(
        {
            "child": range(N),
            "family": np.arange(N) // 3,
            "zero": 0,
            "entry": np.where(rng.random(N) < 0.4, time // 3, 0),
            "time": time,
            "event": rng.integers(0, 3, N),
            "x": rng.normal(size=N),
            "z": rng.integers(0, 2, N),
            "w": rng.uniform(0.5, 2, N),
            "o": rng.normal(size=N) / 3,
            "layer": rng.integers(0, 3, N),
            "arm": rng.choice(["a", "b"], N),
        }
    )


def said(estimator, data, given: dict) -> dict:
    """Everything a result says, except which options were given."""
    table = TABLE[estimator]
    result = estimator(data, **{**table["always"], **{k: table["options"][k] for k in given}})
    told = result.to_dict()
    for option in given:
        assert option in told["options"], f"{option} is not in the account"
    return {k: v for k, v in told.items() if k not in ("options", "versions")}


@pytest.mark.parametrize("estimator", TABLE, ids=lambda f: f.__name__)
def test_the_table_holds_every_option(estimator):
    table = TABLE[estimator]
    named = {*table["options"], *table["always"], *ASIDE}
    assert not set(inspect.signature(estimator).parameters) - named


@pytest.mark.parametrize(
    ("estimator", "pair"), PAIRS, ids=[f"{f.__name__}-{a}-{b}" for f, (a, b) in PAIRS]
)
def test_a_pair_of_options(estimator, pair, data):
    refused = [option for option in pair if estimator is gray_test and option in GRAY]
    if estimator is parametric:
        belongs = {"breaks": "piecewise", "knots": "spline"}
        refused = [o for o in pair if o in belongs and (o == "knots" or "family" not in pair)]
    if refused:
        with pytest.raises(EstimateError) as caught:
            said(estimator, data, pair)
        assert estimator.__name__ in str(caught.value) or "family=" in str(caught.value)
        assert any(f"{option}=" in str(caught.value) for option in refused)
        return
    both = said(estimator, data, pair)
    for option in pair:
        try:
            alone = said(estimator, data, [option])
        except EstimateError:
            continue  # parametric's breaks need their family
        assert both != alone, f"{pair} is the same as {option} alone"


SAME = [
    (estimator, option)
    for estimator in (cox, kaplan_meier, cumulative_incidence, restricted_mean, log_rank)
    for option in TABLE[estimator]["options"]
    if option not in ("weights", "id")
]


@pytest.mark.parametrize(
    ("estimator", "option"), SAME, ids=[f"{f.__name__}-{option}" for f, option in SAME]
)
def test_whole_weights_beside_an_option_are_repeated_rows_beside_it(estimator, option, data):
    """METHODS 7.11: not under Efron, where repeated rows become ties."""
    table = TABLE[estimator]
    given = {**table["always"], "cluster": "child", option: table["options"][option]}
    if estimator is cox:
        given["ties"] = "breslow"
    whole = data.assign(w=1 + data["child"] % 3)
    weighted = estimator(whole, weights="w", **given).table
    repeated = estimator(whole.loc[whole.index.repeat(whole["w"])], **given).table
    aside = {"at_risk", "events", "censored"} | ({"se"} if estimator is cox else set())
    shared = [c for c in repeated if c not in aside]
    pd.testing.assert_frame_equal(weighted[shared], repeated[shared], rtol=1e-7, atol=1e-10)


def test_repeated_events_need_the_subject(data):
    given = {"start": "zero", "stop": "time", "event": "event", "cause": 1, "by": "arm"}
    with pytest.raises(EstimateError, match="mean_cumulative needs id="):
        mean_cumulative(data, id=None, **given)


def test_fine_gray_refuses_what_changes_during_follow_up(data):
    late = data.assign(entry=data["time"], time=data["time"] + 5)
    early = data.assign(entry=0, event=0)
    for column, option in (
        ("x", {}),
        ("w", {"weights": "w"}),
        ("o", {"offset": "o"}),
        ("layer", {"strata": "layer"}),
    ):
        rows = pd.concat([early, late.assign(**{column: late[column] + 1})])
        with pytest.raises(EstimateError, match="changes during follow-up .id 0.*fine_gray"):
            fine_gray(rows, "x", start="entry", id="child", **option)


@pytest.mark.parametrize("estimator", [cox, fine_gray])
def test_a_stratum_cannot_also_be_a_term(estimator, data):
    with pytest.raises(EstimateError, match="'layer' does not differ among the rows at risk"):
        estimator(data, "layer", strata="layer", cause=1)


def test_groups_within_strata_of_themselves_cannot_be_compared(data):
    for test in (log_rank, gray_test):
        more = {"cause": 1} if test is log_rank else {}
        with pytest.raises(EstimateError, match="by=.*strata="):
            test(data, by="arm", strata="arm", **more)


@pytest.mark.parametrize(
    ("roles", "sentence"),
    [
        ({"start": "time"}, "'time' must be above 'time'"),
        ({"event": "time", "cause": None}, "needs cause="),
        ({"cluster": "arm", "id": "child"}, None),
        ({"cluster": "child", "id": "family", "start": "entry"}, "overlap|more than one cluster"),
    ],
)
def test_one_column_in_two_roles(roles, sentence, data):
    given = {"cause": 1, **roles}
    if sentence is None:
        assert cox(data, "x", **given).clusters == 2
        return
    with pytest.raises(EstimateError, match=sentence):
        cox(data, "x", **given)
