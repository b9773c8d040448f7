import pandas as pd
import pytest

from evaluation.errors import DataError
from evaluation.sources import connect

BROKEN = """\
child_id,birth_date,sex
c1,2010-01-31,femal

c2,2019-02-30,<b>male</b>
c3,2014-07-01
c3,2014-07-01,male
"""


def test_rows_read_are_rows_accepted_plus_rows_quarantined_and_blank_lines_stand_apart(check):
    counts = check(children=BROKEN).counts
    assert counts.to_dict("records") == [
        {"table": "children", "read": 4, "accepted": 1, "quarantined": 3, "blank_lines": 1},
        {"table": "removals", "read": 3, "accepted": 1, "quarantined": 2, "blank_lines": 0},
    ]


def test_the_quarantine_has_the_published_columns_in_the_order_of_the_files(check):
    quarantine = check(children=BROKEN).quarantine
    assert list(quarantine.columns) == [
        "table",
        "source",
        "line",
        "row_key",
        "field",
        "value",
        "rule",
        "message",
    ]
    assert list(quarantine["line"]) == [2, 4, 4, 5, 2, 3]
    assert set(quarantine["source"]) == {"children.csv", "removals.csv"}


def test_sound_data_give_an_empty_quarantine_with_the_same_columns(check):
    result = check()
    assert result.quarantine.empty
    assert str(result.quarantine["line"].dtype) == "Int64"
    assert list(result.counts["quarantined"]) == [0, 0]


def test_the_result_is_made_once(folder):
    with connect(folder()) as agency:
        assert agency.check() is agency.check()


def test_strict_stops_at_the_first_broken_table_with_its_first_faults(folder):
    with connect(folder(children=BROKEN)) as agency, pytest.raises(DataError) as stopped:
        agency.check(strict=True)
    sentences = stopped.value.sentences
    assert sentences[0].startswith('children.csv, line 2: sex is "femal"')
    assert not any("removals" in sentence for sentence in sentences)


def test_strict_says_how_many_faults_it_does_not_list(folder):
    rows = "".join(f"c{n},femal\n" for n in range(30))
    place = folder(children="child_id,sex\n" + rows)
    with connect(place) as agency, pytest.raises(DataError) as stopped:
        agency.check(strict=True)
    assert stopped.value.sentences[-1] == "children.csv: 25 more faults."


def test_strict_passes_sound_data(folder):
    with connect(folder()) as agency:
        assert agency.check(strict=True).quarantine.empty


def test_every_unreadable_table_is_said_at_once(folder):
    place = folder(children="childid\nc1\n", services="service_id\ns1\n")
    with connect(place) as agency, pytest.raises(DataError) as refused:
        agency.check()
    assert [s.split(",")[0] for s in refused.value.sentences] == ["children.csv"]
    place = folder(services="service_id\ns1\n", moves_out=b"\xff")
    with connect(place) as agency, pytest.raises(DataError) as refused:
        agency.check()
    said = " ".join(refused.value.sentences)
    assert "services.csv, line 1: the required column program" in said
    assert "moves_out.csv, line 1: the byte 0xff" in said


def test_a_table_that_cannot_be_read_leaves_the_others_usable(folder):
    with connect(folder(services="service_id\ns1\n")) as agency:
        for _ in range(2):
            with pytest.raises(DataError, match="required column program is missing"):
                agency.table("services")
        assert agency.table("removals").count().to_pyarrow().as_py() == 3


def test_a_required_table_without_rows_is_refused(folder):
    place = folder(removals="removal_id,child_id,removal_date\n")
    sentence = "removals.csv has no rows, and the table removals is required"
    with connect(place) as agency, pytest.raises(DataError, match=sentence):
        agency.check()


def test_an_optional_table_without_rows_is_accepted(check):
    result = check(moves_out="move_id,child_id,move_date\n")
    assert result.counts.set_index("table").loc["moves_out", "read"] == 0


def test_values_are_escaped_in_html_and_the_frames_can_be_had_by_name(check):
    result = check(children=BROKEN.replace("femal", "<b>male</b>"))
    assert "<b>male" not in result._repr_html_()
    assert "&lt;b&gt;male" in result._repr_html_()
    assert list(result.to_frames()) == ["counts", "quarantine", "findings"]


def test_the_printed_result_says_reasons_with_an_example(check):
    printed = repr(check(children=BROKEN))
    assert "children: 2 x enum, for example" in printed
    assert "above the federal limit of 5%" in printed


def test_the_hash_follows_the_content_and_not_the_place(folder, tmp_path):
    with connect(folder()) as agency:
        first = agency.data_hash
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "data").rename(elsewhere)
    with connect(elsewhere) as agency:
        assert agency.data_hash == first
    with connect(folder(children="child_id\nc1\nc2\nc3\n")) as agency:
        assert agency.data_hash != first


def test_the_hash_of_frames_follows_values_order_and_names(frames):
    def hash_of(children):
        with connect(frames | {"children": children}) as agency:
            return agency.data_hash

    children = frames["children"]
    same = hash_of(children.astype({"birth_date": "datetime64[s]"}))
    assert hash_of(children) == same
    changed = [
        children.iloc[::-1],
        children.rename(columns={"family_id": "case"}),
        children.assign(sex=["female", "male", None]),
        children.assign(child_id=["c", "1c2", "c3"]),
    ]
    assert len({same, *map(hash_of, changed)}) == 5


def test_the_same_data_give_the_same_result_twice(folder):
    results = []
    for _ in range(2):
        with connect(folder(children=BROKEN)) as agency:
            results.append(agency.check().to_frames())
    for name, frame in results[0].items():
        pd.testing.assert_frame_equal(frame, results[1][name])


def test_the_truth_of_a_simulated_agency_is_kept(frames):
    with connect(frames, truth={"risk": 0.2}) as agency:
        assert agency.truth == {"risk": 0.2}
    with connect(frames) as agency:
        assert agency.truth is None


def test_nothing_is_left_on_disk_when_the_agency_is_closed(frames):
    agency = connect(frames)
    scratch = agency.connection.con.execute("SELECT current_setting('temp_directory')").fetchone()
    agency.close()
    assert not pd.io.common.file_exists(scratch[0])


def test_an_agencys_own_column_has_one_type_in_rows_kept_and_set_aside(tmp_path):
    (tmp_path / "children.csv").write_text("child_id,birth_date\nc1,2010-01-01\nc2,2011-01-01\n")
    (tmp_path / "removals.csv").write_text(
        "removal_id,child_id,removal_date,note\nr1,c1,2019-01-31,late\nr2,c2,no date,5\n"
    )
    with connect(tmp_path) as agency:
        counts = agency.check().counts.set_index("table")
    assert counts.loc["removals", ["accepted", "quarantined"]].tolist() == [1, 1]
