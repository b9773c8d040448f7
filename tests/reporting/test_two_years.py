"""Practice beside last year's report: no change of few, and nothing hidden then, comes back."""

import datetime
import json

import pandas as pd
import pytest

from evaluation.reporting.disclosure import Disclosure, Published
from evaluation.reporting.disclosure.practice import (
    release_counties,
    release_dose,
    release_federal,
    release_groups,
    release_measures,
    release_months,
    release_questions,
)
from evaluation.reporting.disclosure.practice_groups import release_periods, release_practice_groups
from evaluation.reporting.disclosure.since import families_changed, parts_before
from evaluation.reporting.last_year import PRACTICE, read_last_year
from evaluation.reporting.manifest import manifest
from tests.reporting.counties import attacked, two_years
from tests.reporting.test_last_year import beside
from tests.reporting.test_practice_release import delivered, measures

THROUGH = datetime.date(2022, 6, 30)
OF_PRACTICE = {"measure", "Sex", "County", "county", "Month or year", "equity"}


def after(counts=None, shares=None, hidden=(), below=11, profile="threshold"):
    """The rule of a report made beside one that showed this."""
    return Disclosure(
        below, profile, Published(counts or {}, shares or {}, frozenset(hidden), THROUGH)
    )


def test_without_last_years_report_the_attack_subtracts_practice(tmp_path):
    lost = attacked(5, tmp_path, beside=False)
    assert len([name for name, _ in lost if name[1] in OF_PRACTICE]) > 10


def test_a_part_of_a_measure_that_few_separate_from_last_years_is_hidden_with_another():
    told = {"met": 86, "not_met": 40, "not_yet_due": 0, "eligible": 126}
    rule = after({("fidelity", "R0", name): n for name, n in told.items()})
    row = release_measures(measures((90, 55, 0, 0)), rule).iloc[0]
    assert row["met"] == row["rate"] == "s" and row["reached"] == "s"
    assert (row[["not_met", "not_yet_due", "eligible"]] == "s").any()
    same = release_measures(measures((86, 40, 0, 0)), rule).iloc[0]
    assert same[["met", "not_met", "eligible"]].tolist() == [86, 40, 126]


def test_a_part_hidden_last_year_stays_hidden_while_the_total_is_what_it_was():
    """Shown now, the 30 would leave last year's 4."""
    hidden = [("fidelity", "R0", "not_met"), ("fidelity", "R0", "not_yet_due")]
    rule = after({("fidelity", "R0", "eligible"): 124}, hidden=hidden)
    row = release_measures(measures((90, 4, 30, 0)), rule).iloc[0]
    assert (row["not_met"], row["not_yet_due"]) == ("s", "s")


def asked(numerator, denominator):
    return pd.DataFrame(
        [{"name": "kin", "numerator": numerator, "denominator": denominator, "per": 100}]
    ).assign(value=50.0, ci_low=40.0, ci_high=60.0)


@pytest.mark.parametrize(
    ("now", "hidden"),
    [((60, 200), []), ((64, 230), ["numerator"]), ((85, 229), ["numerator"]),
     ((80, 205), ["numerator", "denominator"]), ((85, 240), [])],
)  # fmt: skip
def test_a_question_whose_number_rest_or_whole_changed_by_few_shows_no_value(now, hidden):
    rule = after({("questions", "kin", "numerator"): 60, ("questions", "kin", "denominator"): 200})
    row = release_questions(asked(*now), rule).iloc[0]
    assert [name for name in ("numerator", "denominator") if row[name] == "s"] == hidden
    assert (row["value"] == "s") == bool(hidden)


@pytest.mark.parametrize(("start", "hides"), [("2021-10-01", True), ("2022-10-01", False)])
def test_an_indicator_is_compared_with_the_same_twelve_months_alone(start, hides):
    told = {("federal", "reentry|2021-10-01", "numerator"): 60}
    table = asked(64, 230).rename(columns={"name": "indicator", "value": "observed"})
    table = table.assign(indicator="reentry", period_start=pd.Timestamp(start))
    assert (release_federal(table, after(told)).loc[0, "observed"] == "s") == hides


def months(*counts, measure="R1"):
    rows = [
        {"measure": measure, "month": month, "met": met, "not_met": other, "rate": 0.5}
        for month, (met, other) in zip(
            pd.date_range("2020-01-01", periods=9, freq="MS"), counts, strict=False
        )
    ]
    return pd.DataFrame(rows).assign(ci_low=0.1, ci_high=0.9)


def shares_of(*counts, measure="R1"):
    names = [f"{measure}|2020-{month:02d}" for month in range(1, 10)]
    return {
        ("practice_months", name): met / (met + other)
        for name, (met, other) in zip(names, counts, strict=False)
    }


def test_a_month_changed_by_few_is_hidden_though_only_its_share_was_shown():
    """29 of 41 is no other fraction of so many: they are 31 of 43 now."""
    then = [(29, 12), (40, 30), (35, 25), (50, 31)]
    assert release_months(months(*then), after(shares=shares_of(*then)))["rate"].ne("s").all()
    now = months((31, 12), *then[1:], (45, 45))
    hidden = release_months(now, after(shares=shares_of(*then)))["rate"] == "s"
    assert hidden.tolist() == [True, False, False, False, True]


def test_a_closed_month_once_hidden_stays_hidden_and_an_open_one_need_not():
    counts = [(40, 30), (35, 25), (50, 31), (44, 33)]
    for through, kept in ((THROUGH, True), (datetime.date(2020, 12, 31), False)):
        published = Published(
            {}, {}, frozenset({("practice_months", "R1|2020-02", "share")}), through
        )
        shown = release_months(months(*counts), Disclosure(11, before=published))
        assert (shown.loc[1, "rate"] == "s") == kept


def test_a_measure_stays_by_month_or_by_year_as_it_was_last_year():
    """A year less the months shown last year would give one hidden then."""
    counts = [(40, 30)] * 8
    by_year = after(hidden=[("practice_months", "R1|2020", "share")])
    by_month = after(shares=shares_of(*counts[:2]))
    few = months(*counts[:2])
    assert set(release_periods(months(*counts), {"R1"}, after())["period"].str.len()) == {7}
    assert set(release_periods(months(*counts), {"R1"}, by_year)["period"].str.len()) == {4}
    assert set(release_periods(few, {"R1"}, after())["period"].str.len()) == {4}
    assert set(release_periods(few, {"R1"}, by_month)["period"].str.len()) == {7}


def groups(**levels):
    return pd.DataFrame(
        [
            {"measure": "R1", "kind": "practice", "per": 100, "characteristic": "county"}
            | {"level": level, "n": n, "events": events, "families": n, "rate": events / n}
            for level, (events, n) in levels.items()
        ]
    )


def group_shares(**levels):
    return {("practice", f"R1|county|{level}"): e / n for level, (e, n) in levels.items()}


def test_a_group_changed_by_few_is_hidden_with_another():
    then = {"A": (29, 41), "B": (60, 101), "C": (70, 151), "D": (90, 190)}
    now = groups(**then | {"A": (32, 44), "D": (120, 240)})
    hidden = release_practice_groups(now, {"R1"}, after(shares=group_shares(**then)))["rate"] == "s"
    assert hidden[0] and hidden.sum() >= 2
    unbeside = release_practice_groups(now, {"R1"}, after())
    assert unbeside["rate"].ne("s").all()


def test_two_groups_tell_their_sizes_with_everyones_counts():
    """20 of 30 and 22 of 33 are one share; the other group and the whole tell them apart."""
    then = pd.DataFrame({"events": [22, 50], "n": [33, 120]})
    told = group_shares(A=(20, 30), B=(40, 100))
    known = parts_before(
        after(shares=told), "practice", ["R1|county|A", "R1|county|B"], then, (60, 130)
    )
    assert known[0].tolist() == [20, 10, 30]


def test_what_few_separate_is_taken_of_several_multiples_of_a_share():
    known = parts_before(
        after(shares={("t", "a"): 2 / 3}), "t", ["a"], pd.DataFrame({"events": [25], "n": [36]})
    )
    assert abs(known[0, 0] - 25) < 11


def test_a_group_hidden_last_year_stays_hidden_while_everyones_counts_are_the_same():
    table = groups(A=(40, 60), B=(30, 50), C=(50, 90))
    counts = {("fidelity", "R1", "met"): 120, ("fidelity", "R1", "not_met"): 80}
    hidden = [("practice", "R1|county|B", "share")]
    kept = release_practice_groups(table, {"R1"}, after(counts, hidden=hidden))
    assert kept.loc[1, "rate"] == "s" and kept["rate"].eq("s").sum() == 2
    grown = release_practice_groups(
        table, {"R1"}, after(counts | {("fidelity", "R1", "met"): 90}, hidden=hidden)
    )
    assert grown["rate"].ne("s").all()


def test_counties_of_the_same_period_are_compared():
    table = pd.DataFrame(
        {"indicator": "kin", "county": list("ABC"), "numerator": [32, 40, 60],
         "denominator": [101, 201, 301], "per": 100}
    )  # fmt: skip
    values = ["observed", "ci_low", "ci_high", "adjusted", "adjusted_low", "adjusted_high"]
    table = table.assign(**dict.fromkeys(values, 9.0))
    start = pd.Timestamp("2021-10-01")
    rule = after(shares={("counties", "kin|2021-10-01|A"): 29 / 101})
    assert release_counties(table, rule, start)["observed"].tolist() == ["s", "s", 9.0]
    later = release_counties(table, rule, start + pd.DateOffset(years=1))
    assert later["observed"].ne("s").all()


def test_a_share_of_all_exits_is_compared_as_far_as_it_is_printed():
    table = pd.DataFrame([delivered("started", "all", 204, 150) | {"of": "exits"}])
    counts = {("exit_type", "all", "all"): 200}
    row = "coach|started|all|all"
    for share, gives in ((0.740, "s"), (0.600, 10.0)):
        shown = release_dose(table, after(counts, {("dose", row): share}))
        assert shown.loc[0, "value"] == gives


def test_families_of_a_group_without_events_are_compared_through_its_exact_limit():
    """No event among 30 families: the upper limit is 1 - 0.025 ** (1 / 30)."""
    limits = {n: 1 - 0.025 ** (1 / n) for n in (20, 26, 60)}
    rule = after(shares={("equity_limits", "a"): round(limits[20], 3)})
    for families, changed in ((20, False), (26, True), (60, False)):
        now = pd.DataFrame({"events": [0], "ci_high": [limits[families]]})
        assert families_changed(rule, "equity_limits", ["a"], now).tolist() == [changed]
    row = {"measure": "reentry", "characteristic": "c", "level": "a", "n": 40, "events": 0}
    table = pd.DataFrame(
        [row | {"families": 26, "rate": 0.0, "ci_low": 0.0, "ci_high": limits[26]}]
    )
    assert release_groups(table, rule, names=["a"])["ci_high"].tolist() == ["s"]


def test_counts_to_the_nearest_five_tell_no_change_and_are_shown_again():
    """91 was told as 90 last year, and is so again."""
    told = {("fidelity", "R0", "met"): 90, ("fidelity", "R0", "eligible"): 135}
    rule = after(told, below=8, profile="rounded")
    row = release_measures(measures((91, 42, 0, 0)), rule).iloc[0]
    assert row[["met", "not_met", "eligible"]].tolist() == [90, 40, 135]


def test_nothing_stays_hidden_where_nothing_is_hidden():
    rule = after(hidden=[("practice_months", "R1|2020-02", "share")], below=0, profile="none")
    assert release_months(months((4, 3), (3, 2)), rule)["rate"].ne("s").all()


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    folder = tmp_path_factory.mktemp("county")
    folders, _ = two_years(3, folder)
    return folders


def test_the_file_for_next_year_holds_released_practice_and_no_count_of_a_share(county):
    content = json.loads((county[0] / "estimates.json").read_text(encoding="utf-8"))
    assert {"fidelity", "federal", "questions"} <= {cell["table"] for cell in content["counts"]}
    tables = {row["table"] for row in content["shares"]}
    assert {"practice", "question", "practice_months", "equity", "dose", "counties"} <= tables
    assert tables.isdisjoint(cell["table"] for cell in content["counts"])
    rows = [(row["table"], row["row"]) for row in content["shares"]]
    assert len(rows) == len(set(rows))
    assert any(row["share"] == "s" for row in content["shares"])


def test_a_file_made_before_practice_was_kept_is_read_and_the_manifest_says_so(
    county, results, tmp_path
):
    content = json.loads((county[0] / "estimates.json").read_text(encoding="utf-8"))
    study = beside(results[0], tmp_path)
    for known in (True, False):
        if not known:
            del content["shares"]
        (tmp_path / "last.json").write_text(json.dumps(content), encoding="utf-8")
        last = read_last_year(study)
        assert last.not_kept == (() if known else PRACTICE)
        found = type("Found", (), {})()
        found.study = study
        found.material = type(
            "M", (), {"last": last, "practice": object(), "rule": Disclosure(11)}
        )()
        found.material.released = type("R", (), {"withheld": ()})()
        found.provenance = type("P", (), {"data_hash": "", "protocol_hash": ""})()
        said = json.loads(manifest(found, [], tmp_path))["rule"]["not_compared"]
        assert len(said) == (0 if known else len(PRACTICE))
        assert all("last.json keeps no numbers" in sentence for sentence in said)
