import pandas as pd

from evaluation.sources import connect

CHILD = "child_id,birth_date,worker\n"
REMOVAL = "removal_id,child_id,removal_date\n"


def faults(result, table):
    rows = result.quarantine[result.quarantine["table"] == table]
    return list(rows[["line", "row_key", "rule"]].itertuples(index=False, name=None))


def test_rows_that_share_a_key_and_differ_are_all_quarantined(check):
    result = check(
        children=CHILD + "c1,2010-01-01,w1\nc2,2011-01-01,w1\nc1,2010-01-01,w2\nc3,,\n",
        removals=REMOVAL + "r1,c2,2015-01-01\n",
    )
    assert faults(result, "children") == [(2, "c1", "duplicate key"), (4, "c1", "duplicate key")]
    assert "2 rows that differ (the first on line 2)" in result.quarantine.loc[0, "message"]


def test_of_rows_alike_in_every_column_the_first_is_kept(check):
    result = check(
        children=CHILD + "c1,2010-01-01,w1\nc1,2010-01-01,w1\nc1,2010-01-01,w1\n",
        removals=REMOVAL + "r1,c1,2015-01-01\n",
    )
    assert faults(result, "children") == [
        (3, "c1", "exact duplicate"),
        (4, "c1", "exact duplicate"),
    ]
    assert list(result.counts["accepted"]) == [1, 1]


def test_missing_keys_are_not_taken_for_duplicates(check):
    result = check(children=CHILD + "c1,,\n,,w1\n,,w2\n", removals=REMOVAL + "r1,c1,2015-01-01\n")
    assert [rule for _, _, rule in faults(result, "children")] == ["required", "required"]


def test_an_id_that_is_not_in_children_is_quarantined(check):
    result = check(
        children=CHILD + "c1,2010-01-01,\n",
        removals=REMOVAL + "r1,c1,2015-01-01\nr2,c9,2015-01-01\n",
    )
    assert faults(result, "removals") == [(3, "r2", "foreign key")]
    assert result.quarantine.loc[0, "message"] == (
        'child_id "c9" is not in children; add it there or correct it here.'
    )


def test_rows_of_a_quarantined_child_say_which_row_to_mend(check):
    result = check(
        children=CHILD + "c1,2010-02-30,\nc2,,\n",
        removals=REMOVAL + "r1,c1,2015-01-01\nr2,c2,2015-01-01\n",
    )
    assert faults(result, "removals") == [(2, "r1", "foreign key")]
    assert "its row there is quarantined" in result.quarantine.loc[1, "message"]


def test_an_empty_foreign_key_is_allowed(check):
    result = check(
        services="service_id,child_id,family_id,program,start_date\ns1,,f1,coach,2018-02-10\n"
    )
    assert faults(result, "services") == []


def test_a_removal_before_birth_is_quarantined_and_on_the_day_of_birth_is_not(check):
    result = check(
        children=CHILD + "c1,2010-01-02,\nc2,2010-01-01,\nc3,,\n",
        removals=REMOVAL + "r1,c1,2010-01-01\nr2,c2,2010-01-01\nr3,c3,2010-01-01\n",
    )
    assert faults(result, "removals") == [(2, "r1", "not_before_birth")]
    assert "before the child's birth on 2010-01-02" in result.quarantine.loc[0, "message"]


def test_accepted_rows_stay_in_source_order_when_rows_are_set_aside():
    ids = [f"c{n:05d}" for n in range(20_000)]
    children = pd.DataFrame({"child_id": [*ids, ids[7]], "worker": ["a"] * 20_000 + ["b"]})
    removals = pd.DataFrame({"removal_id": ["r"], "child_id": ["c1"], "removal_date": ["2020-1-1"]})
    with connect({"children": children, "removals": removals}) as agency:
        read = agency.table("children").child_id.to_pyarrow().to_pylist()
    assert read == [child for child in ids if child != ids[7]]
