"""Practice by group, unit and month: no small count comes back, whatever else is shown."""

import datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import evaluation as ev
from evaluation.practice import practice_findings
from evaluation.reporting.disclosure import Disclosure
from evaluation.reporting.disclosure.practice import release_measures
from evaluation.reporting.disclosure.practice_groups import (
    release_periods,
    release_practice_groups,
    shown_measures,
)
from evaluation.reporting.sections.practice_groups import practice_groups
from tests.reporting.attack import Attack, recovered

RULE = Disclosure(11)
HALF = 0.0005


def random_tables(seed, measures=4, characteristics=3):
    """Everyone's parts of each measure, and its cases by the levels of characteristics."""
    random = np.random.default_rng(seed)
    groups, parts = [], []
    for number in range(measures):
        measure, n = f"R{number}", int(random.choice([40, 90, 400]))
        met = random.random(n) < random.choice([0.5, 0.9, 0.97])
        due = int(random.integers(0, 30))
        parts.append(
            {"measure": measure, "met": int(met.sum()), "not_met": int((~met).sum())}
            | {"not_yet_due": due, "cannot_be_computed": 0, "eligible": n + due}
            | {"rate": met.mean(), "ci_low": 0.0, "ci_high": 1.0, "reached": "no"}
        )
        for kind in range(characteristics):
            levels = random.choice(list("ABCDE")[: 2 + kind], size=n)
            for level in sorted(set(levels)):
                own = met[levels == level]
                groups.append(
                    {"measure": measure, "kind": "practice", "per": 100}
                    | {"characteristic": f"c{kind}", "level": level, "n": len(own)}
                    | {"events": int(own.sum()), "families": len(own), "rate": own.mean()}
                    | {"everyone": met.mean(), "difference": own.mean() - met.mean()}
                )
    return pd.DataFrame(parts), pd.DataFrame(groups)


def attack_on(parts, groups, whole, released):
    """What a reader knows: everyone's table, shares as printed, sizes that are not small."""
    found, truth = Attack(), {}
    for row in whole.to_dict("records"):
        for name in ("met", "not_met"):
            found.cell((row["measure"], "all", "all", name), row[name])
    shown = released.set_index(["measure", "characteristic", "level"])["rate"].to_dict()
    for (measure, kind), rows in groups.groupby(["measure", "characteristic"]):
        for name in ("met", "not_met"):
            found.adds_up(
                [(measure, kind, level, name) for level in rows["level"]],
                (measure, "all", "all", name),
            )
        for row in rows.itertuples():
            cell = (measure, kind, row.level)
            truth |= {(*cell, "met"): row.events, (*cell, "not_met"): row.n - row.events}
            share = shown.get(cell)
            if share is not None and not RULE.hides(row.n):
                found.equal({(*cell, "met"): 1.0, (*cell, "not_met"): 1.0}, row.n)
            if share not in (None, "s"):
                found.equal({(*cell, "met"): 1.0}, (share - HALF) * row.n, (share + HALF) * row.n)
    for row in parts.itertuples():
        cells = {name: getattr(row, name) for name in ("met", "not_met")}
        truth |= {(row.measure, "all", "all", name): n for name, n in cells.items()}
    return recovered(found, truth, RULE.below)


def release(parts, groups):
    whole = release_measures(parts, RULE)
    return whole, release_practice_groups(groups, shown_measures(whole, "measure", "rate"), RULE)


@pytest.mark.parametrize("seed", range(12))
def test_no_small_count_of_a_group_is_recovered(seed):
    """Groups' shares beside everyone's counts and the size of every group."""
    parts, groups = random_tables(seed)
    whole, released = release(parts, groups)
    assert attack_on(parts, groups, whole, released) == []


def test_without_suppression_the_attack_recovers_some():
    parts, groups = random_tables(1)
    shown = groups.assign(rate=groups["rate"].round(3))
    assert attack_on(parts, groups, parts, shown)


def test_a_measure_hidden_for_everyone_has_no_groups_and_no_months():
    parts, groups = random_tables(2, measures=2)
    parts.loc[0, ["not_met", "met"]] = [4, parts.loc[0, "met"]]
    whole, released = release(parts, groups)
    assert set(released["measure"]) <= {"R1"}
    months = pd.DataFrame(
        {"measure": ["R0", "R0"], "month": pd.to_datetime(["2020-01-01", "2020-02-01"])}
    ).assign(met=50, not_met=50, rate=0.5, ci_low=0.4, ci_high=0.6)
    assert release_periods(months, shown_measures(whole, "measure", "rate"), RULE).empty
    assert release_periods(months, {"R0"}, RULE)["period"].tolist() == ["2020"]


def test_no_counts_leave_and_events_per_day_are_judged_by_their_events():
    rows = pd.DataFrame(
        [
            {"measure": "moves", "kind": "question", "per": 1_000, "characteristic": "sex"}
            | {"level": level, "n": 90_000, "events": events, "families": 300, "rate": 0.001}
            for level, events in {"female": 4, "male": 90, "unknown": 80}.items()
        ]
    )
    released = release_practice_groups(rows, {"moves"}, RULE)
    assert not {"n", "events", "families"} & set(released)
    assert (released["rate"] == "s").tolist() == [True, False, True]


@pytest.fixture(scope="module")
def material():
    study = ev.Study(
        title="Practice",
        cohort={
            "exits": (datetime.date(2018, 1, 1), datetime.date(2024, 6, 1)),
            "data_through": datetime.date(2024, 6, 30),
            "adoption_link": "kept",
        },
        outcomes={"reentry": {}},
        services=[{"program": "success_coach"}],
        files={"policy": "milwaukee_ocm_54_00"},
        report={"equity_by": ["sex", "race_ethnicity"]},
    )
    with ev.simulate_agency(children=1_500, seed=11, dirty=0.0) as agency:
        cohort = ev.build_cohort(agency, study)
        practice = practice_findings(agency, cohort)
        yield SimpleNamespace(study=study, rule=RULE, cohort=cohort, practice=practice)


def test_the_section_shows_the_largest_and_the_workbook_holds_the_whole(material):
    section = practice_groups(material)
    (largest,) = section.tables
    sizes = largest.data["difference"].astype(float).abs()
    assert sizes.is_monotonic_decreasing and len(largest.data) <= 12
    names = {table.name: table for table in section.sheets}
    assert set(names) == {"practice_groups", "question_groups", "practice_months"}
    groups = names["practice_groups"].data
    assert {"sex", "race_ethnicity", "county"} == set(groups["characteristic"])
    assert groups["measure"].nunique() > 10
    assert not {"n", "events", "families"} & {c.key for t in section.sheets for c in t.columns}
    periods = names["practice_months"].data
    months = periods["period"].str.len() == 7
    assert months.groupby(periods["measure"]).nunique().eq(1).all()
    assert 0 < months.sum() < len(periods)


def test_what_is_shown_by_group_is_the_exact_rate(material):
    exact = ev.equity(
        material.cohort, by=["sex"], fidelity=material.practice.fidelity
    ).table.set_index(["measure", "characteristic", "level"])
    rows = practice_groups(material).sheets[0].data
    shown = rows[(rows["characteristic"] == "sex") & (rows["rate"] != "s")]
    assert len(shown) > 4
    for row in shown.itertuples():
        told = exact.loc[(row.measure, "sex", row.level.lower())]
        assert row.rate == pytest.approx(100 * told["rate"])
        assert row.difference == pytest.approx(100 * told["difference"])
