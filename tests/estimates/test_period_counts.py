"""Discrete-time hazards from counts made in an engine: the same as from rows."""

import ibis
import numpy as np
import pandas as pd
import pytest

from evaluation.estimates import EstimateError, discrete_hazard, period_counts

BREAKS = [0, 3, 6, 12, 24, 99]
ROWS = {"start": "start", "stop": "stop", "id": "child_id"}
NUMBERS = ["coef", "se", "ratio", "ci_low", "ci_high", "z", "p"]


@pytest.fixture
def children(children) -> pd.DataFrame:
    return children.assign(years=children["age"].round())


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
@pytest.mark.parametrize("link", ["cloglog", "logit"])
def test_counts_give_what_their_rows_give(engine, link, children):
    table = children if engine == "pandas" else ibis.duckdb.connect().create_table("c", children)
    formula = "years + kin + C(county)"
    rows = discrete_hazard(children, formula, cause=1, breaks=BREAKS, link=link)
    counts = period_counts(table, formula, cause=1, breaks=BREAKS)
    found = discrete_hazard(counts, formula, link=link)
    assert found.table["term"].tolist() == rows.table["term"].tolist()
    np.testing.assert_allclose(found.table[NUMBERS], rows.table[NUMBERS], rtol=1e-7, atol=1e-10)
    assert found.loglik == pytest.approx(rows.loglik, abs=1e-8)
    pd.testing.assert_frame_equal(found.counts, rows.counts, check_dtype=False)
    assert (found.n, found.events) == (rows.n, rows.events)


def test_split_rows_of_a_child_are_counted_once_a_period(split_rows):
    data = split_rows.assign(years=split_rows["age"].round())
    formula = "years + kin + served"
    table = ibis.duckdb.connect().create_table("r", data.sample(frac=1, random_state=3))
    rows = discrete_hazard(data, formula, cause=1, breaks=BREAKS, **ROWS)
    found = discrete_hazard(period_counts(table, formula, cause=1, breaks=BREAKS, **ROWS), formula)
    np.testing.assert_allclose(found.table["coef"], rows.table["coef"], atol=1e-10)
    np.testing.assert_allclose(found.table["se"], rows.table["se"], rtol=1e-8)


def test_ten_times_the_children_are_as_many_counts(children):
    tenfold = pd.concat([children] * 10, ignore_index=True)
    once, ten = (
        period_counts(d, "years + kin", cause=1, breaks=BREAKS) for d in (children, tenfold)
    )
    assert len(once.table) == len(ten.table)
    assert (ten.table["at_risk"] == 10 * once.table["at_risk"]).all()
    fits = [discrete_hazard(c, "years + kin").table for c in (once, ten)]
    np.testing.assert_allclose(fits[0]["coef"], fits[1]["coef"], atol=1e-9)
    np.testing.assert_allclose(fits[0]["se"], fits[1]["se"] * np.sqrt(10), rtol=1e-6)


def test_anybodys_counts_can_be_fitted_and_bands_joined(children):
    counts = period_counts(children, "kin", cause=1, breaks=range(41))
    found = discrete_hazard(counts.table, "kin", breaks=BREAKS, at_risk="at_risk", event="events")
    rows = discrete_hazard(children, "kin", cause=1, breaks=BREAKS)
    np.testing.assert_allclose(found.table[NUMBERS], rows.table[NUMBERS], rtol=1e-7, atol=1e-10)
    joined = discrete_hazard(counts, "kin", breaks=[0, 3, 6, 12, 24, 40]).table
    np.testing.assert_allclose(joined[NUMBERS], rows.table[NUMBERS], rtol=1e-7, atol=1e-10)
    assert any("taken as independent" in n for n in found.notes)


def test_rows_with_gaps_are_left_out_and_counted(children):
    children["kin"] = children["kin"].where(children["child_id"] > 9).astype(float)
    children.loc[20:24, "time"] = np.nan
    counts = period_counts(children, "kin", cause=1, breaks=BREAKS)
    rows = discrete_hazard(children, "kin", cause=1, breaks=BREAKS)
    assert counts.dropped == rows.dropped == {"missing time": 5, "missing kin": 9}
    assert counts.n == rows.n == len(children) - 14


WRONG = {
    "causes": ({}, {}, r"needs cause=.*\(1, 2\)"),
    "column": ({}, {"stop": "tiem", "cause": 1}, "did you mean 'time'"),
    "times": ({"time": 0}, {"cause": 1}, "1,388 rows whose 'time' is not above 0"),
    "events": ({"event": 0.5}, {"cause": 1}, "not 0 or a whole number"),
    "text": ({"event": "yes"}, {"cause": 1}, "must hold numbers, but holds string"),
    "breaks": ({}, {"cause": 1, "breaks": [0, 3]}, "cover periods 1 to 3"),
    "infinite": ({"time": np.inf}, {"cause": 1}, "'time' is infinite"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_counted_is_said(what, children):
    values, options, sentence = WRONG[what]
    with pytest.raises(EstimateError, match=sentence):
        period_counts(children.assign(**values), "kin", **{"breaks": BREAKS, **options})


def test_overlapping_rows_of_a_child_are_refused(split_rows):
    twice = pd.concat([split_rows, split_rows])
    with pytest.raises(EstimateError, match="'child_id' overlap"):
        period_counts(twice, "kin", cause=1, breaks=BREAKS, **ROWS)


ROWS_ONLY = {
    "start": "entry",
    "cause": 1,
    "weights": "weight",
    "cluster": "family_id",
    "id": "child_id",
    "width": 7,
}


@pytest.mark.parametrize("option", ROWS_ONLY)
def test_options_of_rows_cannot_be_combined_with_counts(option, children):
    counts = period_counts(children, "kin", cause=1, breaks=BREAKS)
    given = {option: ROWS_ONLY[option]}
    raw = {"breaks": BREAKS, "at_risk": "at_risk", "event": "events"}
    for data, more in ((counts, {}), (counts.table, raw)):
        with pytest.raises(EstimateError, match=f"{option}= needs rows"):
            discrete_hazard(data, "kin", **more, **given)


def test_counts_that_cannot_be_are_refused(children):
    counts = period_counts(children, "kin", cause=1, breaks=BREAKS)
    with pytest.raises(EstimateError, match="cut bands that were counted whole"):
        discrete_hazard(counts, "kin", breaks=[0, 4, 99])
    half = counts.table.assign(at_risk=counts.table["at_risk"] + 0.5)
    with pytest.raises(EstimateError, match="whole numbers.*fit the weighted rows"):
        discrete_hazard(half, "kin", breaks=BREAKS, at_risk="at_risk", event="events")
    more = counts.table.assign(events=counts.table["at_risk"] + 1)
    with pytest.raises(EstimateError, match="more events than at risk"):
        discrete_hazard(more, "kin", breaks=BREAKS, at_risk="at_risk", event="events")


def test_the_chart_of_counts_draws_its_table(children):
    counts = period_counts(children, "kin", cause=1, breaks=BREAKS)
    drawn = [line.get_xdata()[0] for line in counts.plot().lines if line.get_marker() == "s"]
    total = counts.table.groupby("period")[["at_risk", "events"]].sum()
    np.testing.assert_allclose(drawn, total["events"] / total["at_risk"])
