"""The text that names each case: what it counts from, told apart by child, day and turn."""

import pandas as pd
import pytest

import evaluation as ev

ANCHORS = {
    "exit": 'on = "exit"',
    "return": 'on = "return"',
    "family": 'on = "family return"',
    "window": 'on = "window start"',
    "child": 'on = "window end", each = "child"',
    "turns": 'on = "return", every_days = 10, times = 3',
    "row": 'on = "meetings.meeting_date"',
    "row-child": 'on = "meetings.meeting_date", each = "child"',
    "other-row": 'on = "closures.closure_date"',
}
MEASURE = """
[[measures]]
id = "{id}"
title = "{id}"
rule = "A contact follows."
anchor = {{ {anchor} }}
events = [{{ on = "contacts.contact_date" }}]
window = {{ from = 0, to = 30 }}
"""


def policy(folder, anchors):
    path = folder / "anchors.toml"
    measures = (MEASURE.format(id=id, anchor=anchor) for id, anchor in anchors.items())
    path.write_text('name = "anchors"\ntitle = "Anchors"\n' + "".join(measures))
    return path


@pytest.fixture(scope="module")
def found(agency, cohort, tmp_path_factory):
    return ev.fidelity(agency, cohort, policy(tmp_path_factory.mktemp("policy"), ANCHORS))


@pytest.fixture(scope="module")
def cases(found):
    return {id: found.cases(id) for id in ANCHORS}


def day(dates):
    return dates.dt.strftime("%Y-%m-%d")


def test_every_case_of_a_measure_has_a_name_of_its_own(cases):
    for id, rows in cases.items():
        assert len(rows) > 0 and rows["case_id"].notna().all(), id
        assert rows["case_id"].is_unique, id


def test_moments_are_named_by_exit_window_family_and_day(found, cases, cohort):
    units = set(found.windows["unit_id"])
    assert (cases["exit"]["case_id"] == cases["exit"]["exit_id"]).all()
    assert set(cases["window"]["case_id"]) <= units
    returns = cases["return"]
    named = returns["case_id"].str.rsplit(" ", n=1, expand=True)
    assert set(named[0]) == units
    assert (named[1] == day(returns["anchor_date"])).all()
    reached = set(cases["exit"]["exit_id"])
    exits = cohort.stages.exits.select("exit_id", "flow_family").to_pyarrow().to_pandas()
    families = exits.set_index("exit_id")["flow_family"]
    assert set(cases["family"]["case_id"]) == set(families[families.index.isin(reached)])


def test_a_child_and_a_turn_stand_at_the_end_of_the_name(cases):
    for id in ("child", "row-child"):
        last = cases[id]["case_id"].str.rsplit(" ", n=1).str[-1]
        assert (last == cases[id]["exit_id"]).all()
    first, turn = (cases["turns"]["case_id"].str.rsplit(" #", n=1).str[part] for part in (0, 1))
    assert set(turn) == {"0", "1", "2"}
    began = cases["turns"]["anchor_date"] - pd.to_timedelta(10 * turn.astype(int), unit="D")
    assert (first.str.rsplit(" ", n=1).str[-1] == day(began)).all()
    assert set(first) == set(cases["return"]["case_id"])


def test_rows_are_named_by_their_own_tables_keys(agency, cases):
    keys = {"row": ("meetings", "meeting_id"), "other-row": ("closures", "closure_id")}
    for id, (table, key) in keys.items():
        dates = agency.table(table).to_pyarrow().to_pandas().set_index(key)
        dates = pd.to_datetime(dates[table.removesuffix("s") + "_date"])
        rows = cases[id].set_index("case_id")
        assert (dates[rows.index].to_numpy() == rows["anchor_date"].to_numpy()).all()
    row = cases["row-child"]["case_id"].str.split(" ", n=1).str[0]
    assert set(row) <= set(cases["row"]["case_id"])


def test_what_is_due_soon_bears_the_names_of_its_cases(found, cases):
    due = found.due_soon(60)
    assert len(due) > 0
    for id, rows in due.groupby("measure"):
        known = cases[id].set_index("case_id")
        assert (known.loc[rows["case_id"], "status"] == "not yet due").all()
        assert (known.loc[rows["case_id"], "family_id"].to_numpy() == rows["family_id"]).all()


def test_a_policy_of_exits_alone_names_its_cases_without_windows(agency, cohort, tmp_path):
    found = ev.fidelity(agency, cohort, policy(tmp_path, {"exit": ANCHORS["exit"]}))
    rows = found.cases("exit")
    assert len(rows) > 0 and (rows["case_id"] == rows["exit_id"]).all()
