"""The same rules written plainly, child by child and day by day, give the same rows."""

from itertools import pairwise

import pytest

import evaluation as ev
from tests.cohorts.plain import GAP, Plain


@pytest.fixture(scope="module", params=[11, 12])
def both(request, messy, study):
    tables = messy(request.param, children=90)
    settings = study(unit="every exit")
    plain = Plain(tables, settings.cohort.data_through)
    with ev.connect(tables) as agency:
        yield plain, ev.build_cohort(agency, settings)


def chosen(plain, cohort):
    return plain.chosen(*cohort.study.cohort.exits)


def test_the_same_exits(both):
    plain, cohort = both
    exits = cohort.exits.set_index("exit_id")
    expected = chosen(plain, cohort)
    assert list(exits.index) == sorted(expected)
    assert len(expected) > 50
    for exit_id, (_, episode) in expected.items():
        row = exits.loc[exit_id]
        assert row["index_date"].date() == episode["discharge_date"]
        assert row["exit_type"] == episode["discharge_reason"]
        assert row["days_in_care"] == (episode["discharge_date"] - episode["removal_date"]).days
        assert row["prior_episodes"] == episode["number"] - 1


@pytest.mark.parametrize("outcome", ["reentry", "disruption", "maltreatment"])
def test_the_same_ends(both, outcome):
    plain, cohort = both
    begin = 0 if outcome == "maltreatment" else GAP
    last = cohort.follow_up(outcome).groupby("exit_id").tail(1)
    got = {r.exit_id: (r.stop, r.event, r.end_reason) for r in last.itertuples()}
    expected = {
        exit_id: plain.end(child, episode, outcome)
        for exit_id, (child, episode) in chosen(plain, cohort).items()
    }
    assert got == {exit_id: end for exit_id, end in expected.items() if end[0] > begin}
    assert len({reason for _, _, reason in got.values()}) >= 4


def test_the_same_exposure_and_support_on_every_day(both):
    plain, cohort = both
    rows = cohort.follow_up("reentry")
    seen = set()
    for exit_id, (child, episode) in chosen(plain, cohort).items():
        mine = rows[rows["exit_id"] == exit_id]
        states = {
            "coach": plain.exposure(child, episode, "coach", 60),
            "respite": plain.exposure(child, episode, "respite", 30),
        }
        support = list(plain.support(child, episode))
        for row in mine.itertuples():
            for program, days in states.items():
                state = getattr(row, f"exposure_{program}")
                assert {day[0] for day in days[row.start : row.stop]} == {state}
                assert days[row.start][1] == getattr(row, f"dose_{program}")
            assert set(support[row.start : row.stop]) == {row.support_status}
        seen |= {change for change in pairwise(mine["support_status"])}
    assert seen >= {("before", "in"), ("in", "after")}
