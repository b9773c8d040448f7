"""Curves and numbers at risk: every step stands for enough events, no count is given back."""

import numpy as np
import pandas as pd
import pytest

from evaluation.reporting.disclosure import Disclosure, leaves_few, release_follow_up
from evaluation.reporting.follow_up import (
    exact_counts,
    last_rows,
    released_arms,
    released_follow_up,
)

RULE = Disclosure(11)
DAYS = [0, 30, 61, 91, 122, 152, 180, 365]


def counts_of(**groups):
    """Events so far at each of DAYS after 0, by group; at risk falls with events."""
    rows = []
    for group, (size, events) in groups.items():
        for day, happened in zip(DAYS, [0, *events], strict=True):
            rows.append((group, day, size - happened, happened))
    return pd.DataFrame(rows, columns=["group", "time", "at_risk", "events"])


def curves_of(counts):
    size = counts[counts["time"] == 0].set_index("group")["at_risk"]
    share = counts["events"] / counts["group"].map(size)
    curves = counts.assign(incidence=share, se=0.01, ci_low=share / 2, ci_high=share * 2)
    return curves[curves["time"] > 0]


def release(counts, horizons=(180, 365), rule=RULE, **more):
    return release_follow_up(counts, curves_of(counts), horizons, rule, **more)


def drawn(released, group):
    return released.curve.loc[released.curve["group"] == group, "time"].tolist()


def test_each_step_of_a_curve_stands_for_enough_events():
    counts = counts_of(all=(1000, [5, 12, 20, 30, 41, 60, 90]))
    released = release(counts)
    assert drawn(released, "all") == [61, 122, 152, 180, 365]
    events = counts.set_index("time")["events"]
    steps = np.diff([0, *events[drawn(released, "all")]])
    assert (steps >= RULE.below).all()


def test_the_last_events_before_a_horizon_join_the_step_before():
    released = release(counts_of(all=(1000, [12, 24, 36, 48, 60, 65, 90])))
    assert drawn(released, "all") == [30, 61, 91, 122, 180, 365]


def test_a_curve_of_two_steps_is_not_drawn():
    released = release(counts_of(all=(1000, [0, 0, 0, 0, 0, 20, 40])))
    assert drawn(released, "all") == []
    assert released.not_drawn == ("all",)
    assert released.value("all", 365, "events") == 40


def test_a_small_horizon_is_hidden_with_its_share_and_limits():
    released = release(counts_of(all=(1000, [0, 1, 2, 3, 4, 5, 60])))
    for name in ("events", "incidence", "se", "ci_low", "ci_high"):
        assert released.value("all", 180, name) == "s"
    assert released.value("all", 365, "events") == 60


def test_a_small_difference_between_horizons_hides_one_of_them():
    released = release(counts_of(all=(1000, [10, 20, 30, 40, 50, 60, 63])))
    assert [released.value("all", day, "events") for day in (180, 365)].count("s") >= 1


def test_numbers_at_risk_that_few_have_left_are_hidden():
    counts = counts_of(all=(1000, [12, 24, 36, 48, 60, 72, 84]))
    counts.loc[counts["time"] == 180, "at_risk"] = 1000 - 72 - 4
    released = release(counts)
    assert released.value("all", 180, "at_risk") == "s"
    assert released.value("all", 180, "events") == 72


def test_a_group_is_not_given_back_by_the_others_and_all():
    parts = {"a": (600, [10, 20, 30, 40, 50, 60, 90]), "b": (300, [2, 3, 4, 5, 6, 7, 30])}
    parts["c"] = (400, [12, 13, 14, 25, 30, 40, 70])
    together = (1300, [sum(n) for n in zip(*(events for _, events in parts.values()), strict=True)])
    whole = release(counts_of(all=together))
    released = release(counts_of(**parts), whole=whole)
    hidden = [group for group in parts if released.value(group, 180, "events") == "s"]
    assert "b" in hidden
    assert len(hidden) > 1
    assert whole.value("all", 180, "events") == 107
    total = sum(parts[group][1][5] for group in hidden)
    assert total >= RULE.below


def test_weighted_shares_stay_where_only_complement_hides_the_count():
    parts = {"yes": (600, [10, 20, 30, 40, 50, 60, 90]), "no": (900, [15, 30, 45, 60, 75, 90, 120])}
    parts["left out"] = (40, [0, 0, 1, 1, 2, 3, 4])
    together = (1540, [sum(n) for n in zip(*(events for _, events in parts.values()), strict=True)])
    whole = release(counts_of(all=together))
    plain = release(counts_of(**parts), whole=whole, unlisted=True)
    weighted = release(counts_of(**parts), whole=whole, unlisted=True, weighted=True)
    assert "left out" not in set(weighted.at_risk["group"])
    assert "s" in {plain.value(group, 180, "incidence") for group in ("yes", "no")}
    assert {weighted.value(group, 180, "incidence") for group in ("yes", "no")} == {0.1}
    events = [weighted.value(group, 180, "events") for group in ("yes", "no")]
    assert "s" in events


def test_off_draws_every_day():
    released = release(counts_of(all=(100, [1, 2, 3, 4, 5, 6, 7])), rule=Disclosure(0))
    assert drawn(released, "all") == DAYS[1:]
    assert released.share_hidden == 0


def test_few_events_between_an_outcome_and_one_within_it_are_noticed():
    counts = counts_of(all=(1000, [10, 20, 30, 40, 50, 60, 90])).assign(more=0)
    assert not leaves_few(counts, [180, 365], RULE)
    counts.loc[counts["time"] == 365, "more"] = 4
    assert leaves_few(counts, [180, 365], RULE)
    assert not leaves_few(counts, [180], RULE)
    counts.loc[counts["time"] >= 180, "more"] = [20, 25]
    assert leaves_few(counts, [180, 365], RULE)
    assert not leaves_few(counts, [365], RULE)


def test_steps_stand_for_no_small_difference_to_the_outcome_within():
    counts = counts_of(all=(1000, [12, 24, 36, 48, 60, 72, 90]))
    counts["more"] = [0, 3, 12, 14, 20, 26, 40, 60]
    steps = [0, *drawn(release(counts), "all")]
    more = np.diff(counts.set_index("time")["more"][steps])
    assert all(n == 0 or n >= RULE.below for n in more)


def test_exact_counts_follow_the_clock():
    ends = pd.DataFrame(
        {"group": "all", "stop": [10, 20, 30, 30], "event": [1, 0, 1, 0], "exit_id": list("abcd")}
    )
    found = exact_counts(ends, "group", [0, 10, 20, 30, 31]).set_index("time")
    assert found["at_risk"].tolist() == [4, 4, 3, 2, 0]
    assert found["events"].tolist() == [0, 1, 1, 2, 2]


def test_small_groups_are_made_coarser_before_they_are_hidden(invented):
    study = invented.study()
    large = released_follow_up(invented.cohort(study, 4000), "reentry", RULE)
    assert set(large.grouping.values()) == {"reunification", "relative", "guardianship", "adoption"}
    small = released_follow_up(invented.cohort(study, 260), "reentry", RULE)
    assert small.groups is None or len(set(small.grouping.values())) == 2
    assert small.everyone.share_hidden <= 0.2


def test_outcome_shown_beside_one_within_it(invented):
    study = invented.study()
    cohort = invented.cohort(study, 3000)
    inner = last_rows(cohort.follow_up("reentry"))
    rows = cohort.rows["reentry"].copy()
    extra = rows.index[(rows["event"] == 0) & (rows["stop"] == 730)][:5]
    rows.loc[extra, ["stop", "event"]] = [40, 1]
    cohort.rows["disruption"] = rows
    alone = released_follow_up(cohort, "disruption", RULE)
    beside = released_follow_up(cohort, "disruption", RULE, inner)
    assert alone.everyone.value("all", 365, "events") != "s"
    assert beside.everyone.at_risk.query("time > 0")["events"].eq("s").all()
    assert beside.groups is None
    assert beside.everyone.curve.empty


def test_released_arms_list_both_arms_and_nobody_left_out(invented):
    study = invented.study()
    cohort = invented.cohort(study, 2500)
    effects = invented.effects(cohort)
    curves = effects.curves[effects.curves["outcome"] == "reentry"]
    row = effects.table.iloc[0]
    whole = released_follow_up(cohort, "reentry", RULE).everyone
    arms = released_arms(
        curves,
        (int(row["n_treated"]), int(row["n_comparison"])),
        last_rows(cohort.follow_up("reentry")),
        study.horizons,
        RULE,
        whole,
        weighted=True,
    )
    assert list(dict.fromkeys(arms.at_risk["group"])) == ["yes", "no"]
    assert arms.value("yes", 365, "incidence") == pytest.approx(
        curves.query("group == 'yes' and time == 365")["incidence"].iloc[0]
    )
