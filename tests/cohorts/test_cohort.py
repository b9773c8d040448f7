"""The cohort as its users meet it: columns, errors, worked children, timelines, notes."""

import datetime

import pandas as pd
import pytest

import evaluation as ev
from evaluation.cohorts import records as known
from evaluation.sources import contract

DATE = datetime.date
CHILDREN = pd.DataFrame(
    {
        "child_id": ["<A>", "B"],
        "birth_date": [DATE(2010, 1, 1)] * 2,
        "sex": ["female", None],
        "Region": ["north", "south"],
    }
)
REMOVALS = pd.DataFrame(
    {
        "removal_id": ["r1", "r2", "r3"],
        "child_id": ["<A>", "<A>", "B"],
        "removal_date": [DATE(2017, 3, 1), DATE(2018, 6, 1), DATE(2017, 3, 1)],
        "discharge_date": [DATE(2018, 2, 1), None, DATE(2018, 2, 1)],
        "discharge_reason": ["reunification", None, "guardianship"],
        "score": [3, 4, 5],
        "start": [7, 8, 9],
        "number": [-1, -2, -3],
    }
)
ASSIGNMENTS = pd.DataFrame(
    {
        "assignment_id": ["o1"],
        "child_id": ["B"],
        "program": ["coach"],
        "arm": ["program"],
        "assignment_date": [DATE(2018, 1, 25)],
        "accepted": [True],
        "accepted_date": [DATE(2018, 2, 3)],
    }
)
RETURN_ON_DAY_120 = [
    {
        "table": "removals",
        "removal_date": DATE(2017, 3, 1),
        "discharge_date": DATE(2018, 2, 1),
        "discharge_reason": "reunification",
    },
    {"table": "removals", "removal_date": DATE(2018, 6, 1)},
]


def settings(**keys):
    cohort = {"exits": (DATE(2018, 1, 1), DATE(2022, 12, 31)), "data_through": DATE(2024, 6, 30)}
    return ev.Study(**({"title": "A <study>", "cohort": cohort} | keys))


@pytest.fixture(scope="module")
def agency():
    tables = {"children": CHILDREN, "removals": REMOVALS, "assignments": ASSIGNMENTS}
    with ev.connect(tables) as opened:
        yield opened


@pytest.fixture(scope="module")
def cohort(agency):
    return ev.build_cohort(agency, settings(services=[{"program": "coach"}]))


def assured(agency, expect, child=RETURN_ON_DAY_120, **keys):
    return ev.build_cohort(agency, settings(assurance=[{"child": child, "expect": expect}], **keys))


def test_exits_hold_the_public_columns_in_order(cohort):
    first = ["child_id", "exit_id", "family_id", "household_id", "index_date", "exit_type"]
    assert list(cohort.exits.columns[:7]) == [*first, "age_at_exit"]
    assert cohort.exits["index_date"].dtype.kind == "M"
    assert cohort.exits["age_at_exit"].dtype == "int64"
    assert cohort.exits["known_at_exit_coach"].dtype == "bool"


def test_the_agencys_columns_are_carried_and_hide_none_of_ours(cohort):
    exits = cohort.exits
    assert exits["Region"].tolist() == ["north", "south"]
    assert exits["score"].tolist() == [3, 5]
    assert exits["removals_start"].tolist() == [7, 9]
    assert exits["number"].tolist() == [-1, -3]
    rows = cohort.follow_up("reentry")
    assert rows["number"].tolist() == [-1, -3, -3]
    assert rows["start"].tolist() == [1, 1, 364]
    assert {"Region", "score", "removals_start"} <= set(rows)


def test_what_looks_beyond_the_exit_is_no_covariate(cohort):
    future = {"start_day_coach", "end_day_coach", "age_limit_day", "family_id", "index_date"}
    assert not future & set(cohort.covariates)
    assert not {"start_day_coach", "end_day_coach"} & set(cohort.follow_up("reentry"))
    assert {"known_at_exit_coach", "earlier_coach", "sex", "Region"} <= set(cohort.covariates)


def test_results_are_copies(cohort):
    cohort.exits["sex"] = "changed"
    assert "changed" not in cohort.exits["sex"].tolist()
    cohort.follow_up("reentry").loc[:, "stop"] = -1
    assert (cohort.follow_up("reentry")["stop"] > 0).all()


@pytest.mark.parametrize(
    ("key", "name", "words"),
    [
        ("adjustment", "sx", "did you mean sex"),
        ("adjustment", "start_day_coach", "looks beyond the exit"),
        ("report", "countty", "which these data do not give"),
    ],
)
def test_an_unknown_covariate_is_an_error_that_names_it(agency, key, name, words):
    section = {"adjustment": "covariates", "report": "equity_by"}[key]
    study = settings(services=[{"program": "coach"}], **{key: {section: [name]}})
    with pytest.raises(ev.StudyError, match=f'{key}.{section} names "{name}", .*{words}'):
        ev.build_cohort(agency, study)


def test_a_table_that_is_none_is_refused_with_the_nearest(agency):
    through = {"removals": DATE(2024, 6, 30), "maltreatment_report": DATE(2024, 1, 1)}
    cohort = {"exits": (DATE(2018, 1, 1), DATE(2022, 12, 31)), "data_through": through}
    with pytest.raises(ev.StudyError, match="did you mean maltreatment_reports"):
        ev.build_cohort(agency, settings(cohort=cohort))


def test_programs_that_differ_in_case_are_refused(agency):
    with pytest.raises(ev.StudyError, match="coach and Coach, which differ only in case"):
        ev.build_cohort(agency, settings(services=[{"program": "coach"}, {"program": "Coach"}]))


def test_a_worked_child_that_comes_out_right_says_nothing(agency):
    expect = {
        "index_date": DATE(2018, 2, 1),
        "exit_type": "reunification",
        "reentry_day": 120,
        "censored_day": "none",
    }
    assert len(assured(agency, expect).exits) == 2
    short = [RETURN_ON_DAY_120[0] | {"discharge_date": DATE(2017, 3, 5)}]
    assured(agency, {"index_date": "none"}, child=short)
    assured(agency, {"reentry_day": "none", "censored_day": 730}, child=RETURN_ON_DAY_120[:1])


def test_a_worked_child_of_other_tables(agency):
    report = {"table": "maltreatment_reports", "disposition": "substantiated"}
    moved = {"table": "disruptions", "type": "displacement", "disruption_date": DATE(2018, 3, 3)}
    child = [*RETURN_ON_DAY_120, report | {"report_date": DATE(2018, 4, 2)}, moved]
    assured(
        agency,
        {"reentry_day": 120, "disruption_day": 30, "maltreatment_day": 60},
        child=child,
        outcomes={"reentry": {}, "disruption": {}, "maltreatment": {}},
    )


def test_a_worked_child_that_comes_out_wrong_stops_with_its_timeline(agency):
    with pytest.raises(ev.StudyError) as error:
        assured(agency, {"reentry_day": 121, "exit_type": "adoption"})
    words = str(error.value)
    assert "exit_type is reunification, expected adoption" in words
    assert "reentry_day is 120, expected 121" in words
    assert "2018-06-01    day 120  Removed" in words


@pytest.mark.parametrize(
    ("child", "expect", "words"),
    [
        (RETURN_ON_DAY_120, {"reentry": 120}, 'expect has no key "reentry"'),
        (RETURN_ON_DAY_120, {"maltreatment_day": 1}, r"needs a section \[outcomes.maltreatment\]"),
        ([{"table": "removal"}], {}, 'names the table "removal"'),
        ([{"table": "removals", "removed": 1}], {}, 'has no column "removed"'),
        ([RETURN_ON_DAY_120[0] | {"discharge_reason": "home"}], {}, "assurance child 1: .*home"),
    ],
)
def test_a_worked_child_that_is_not_well_formed_is_named(agency, child, expect, words):
    with pytest.raises(ev.StudyError, match=words):
        assured(agency, expect, child=child)


def test_a_timeline_shows_a_life_and_escapes_it(cohort):
    life = cohort.timeline("<A>")
    assert list(life.table.columns) == ["date", "day", "what", "detail"]
    assert life.table["what"].tolist() == [
        "Born",
        "Removed",
        "Discharged",
        "In the cohort",
        "Support window",
        "Removed",
        "Not in the cohort",
        "Follow-up ends",
        "Support window",
    ]
    assert life.table["day"].tolist()[2] == 0
    page = life._repr_html_()
    assert "<A>" not in page
    assert "&lt;A&gt;" in page
    with pytest.raises(ev.DataError, match='No child "nobody"'):
        cohort.timeline("nobody")


WHOLE_LIFE = """
    removals
    child_id | removal_date | discharge_date | discharge_reason
    A        | 2017-03-01   | 2018-02-01     | guardianship

    placements
    child_id | start_date | end_date   | type
    A        | 2017-03-01 | 2018-01-01 | foster_home
    A        | 2018-01-01 | 2018-02-01 | trial_home_visit

    legal_orders
    child_id | type        | start_date | end_date
    A        | supervision | 2017-03-01 | 2018-05-01

    services
    child_id | program | start_date | end_date
    A        | coach   | 2018-03-01 | 2018-06-01

    closures
    child_id | closure_date | reason
    A        | 2018-09-01   | other

    maltreatment_reports
    child_id | report_date | disposition
    A        | 2018-07-01  | substantiated
"""


def as_frames(drawing):
    """Blocks of a table's name, a header and rows divided by bars, as data frames with keys."""
    frames = {}
    for block in drawing.strip().split("\n\n"):
        name, *lines = block.strip().splitlines()
        header, *cells = ([cell.strip() for cell in line.split("|")] for line in lines)
        frames[name] = pd.DataFrame(cells, columns=header)
        key = contract().table(name).primary_key[0]
        frames[name][key] = [f"{name}{number}" for number in range(len(cells))]
        if name == "maltreatment_reports":
            frames[name]["report_id"] = frames[name][key]
    return frames | {"children": pd.DataFrame({"child_id": ["A"], "birth_date": ["2010-01-01"]})}


@pytest.fixture(scope="module")
def whole_life():
    with ev.connect(as_frames(WHOLE_LIFE)) as agency:
        outcomes = {"reentry": {}, "maltreatment": {}}
        yield ev.build_cohort(agency, settings(services=[{"program": "coach"}], outcomes=outcomes))


def test_a_timeline_holds_everything_the_rules_saw(whole_life):
    life = whole_life.timeline("A")
    told = set(zip(life.table["day"].fillna(-9999), life.table["what"], strict=True))
    assert told >= {
        (-337, "Placed"),
        (-31, "Placement ended"),
        (-337, "Order began"),
        (89, "Order ended"),
        (28, "Service began"),
        (150, "Report"),
        (212, "Support closed"),
        (150, "Follow-up ends"),
    }
    support = life.table.loc[life.table["what"] == "Support window", "detail"].tolist()
    assert support == ["in, involuntary", "in, voluntary", "after, other"]
    assert life.spans.groupby("lane").size().to_dict() == {
        "Care": 1,
        "Placements": 2,
        "Orders": 1,
        "Support window": 2,
        "coach": 1,
    }


def test_a_timeline_draws_a_lane_for_each_thing(whole_life):
    axes = whole_life.timeline("A").plot()
    lanes = [label.get_text() for label in axes.get_yticklabels()]
    begun = ["Care", "Placements", "Orders", "Support window", "coach"]
    assert lanes == [*begun, "Reports", "Outcomes", "Closures"]
    words = {text.get_text().strip() for text in axes.texts}
    assert {"trial home visit", "in the window, voluntary", "substantiated"} <= words


def test_labels_of_a_timeline_neither_meet_nor_leave_the_picture(whole_life):
    axes = whole_life.timeline("A").plot()
    figure = axes.figure
    figure.canvas.draw()
    labels = [*axes.texts, *axes.get_yticklabels()]
    boxes = [text.get_window_extent() for text in labels if text.get_text()]
    for number, box in enumerate(boxes):
        assert box.x0 >= 0 and box.x1 <= figure.bbox.width
        assert not any(box.overlaps(other) for other in boxes[number + 1 :])


def test_a_visit_is_kept_or_not_kept():
    frames = as_frames(
        WHOLE_LIFE
        + """
    visits
    child_id | visit_date | visit_with | kept
    A        | 2017-04-01 | mother     | true
    A        | 2017-05-01 | mother     | false
"""
    )
    with ev.connect(frames) as agency:
        life = ev.build_cohort(agency, settings()).timeline("A")
    assert life.table.loc[life.table["what"] == "Visit", "detail"].tolist() == [
        "mother, kept",
        "mother, not kept",
    ]


def test_the_cohort_shows_itself(cohort):
    assert repr(cohort) == "Cohort('A <study>': 2 exits of 2 children in 2 families)"
    assert "&lt;study&gt;" in cohort._repr_html_()
    assert "Removal episodes on record" in cohort._repr_html_()


def test_offers_stand_beside_exits(cohort):
    offers = cohort.offers
    assert offers[["exit_id", "arm", "assigned_day", "accepted_day"]].values.tolist() == [
        ["B-1", "program", -7, 2]
    ]


def test_released_notes_tell_no_small_counts(cohort):
    assert any(note.startswith("2 children without a family_id") for note in cohort.notes)
    assert any(
        note.startswith("fewer than 11 children without a family_id")
        for note in cohort.released_notes
    )


def test_a_horizon_no_exit_can_reach_is_named(agency):
    cohort = {"exits": (DATE(2018, 1, 1), DATE(2018, 3, 1)), "data_through": DATE(2018, 12, 31)}
    found = ev.build_cohort(agency, settings(cohort=cohort)).cannot
    assert "Nothing can be said of day 365: the data end on day 333 of the first exit." in found
    assert not any("day 180" in sentence for sentence in found)


def test_definitions_name_the_studys_values(cohort):
    words = dict(cohort.definitions)
    assert "from 2018-01-01 to 2022-12-31, after at least 8 days in care" in words["Exit"]
    assert "began within 60 days before it" in words["Service: coach"]
    assert all(text.endswith(".") for text in words.values())


def test_the_engine_forgets_a_cohort_that_is_gone(agency):
    def staged():
        return {name for name in agency.connection.list_tables() if name.startswith("cohort_")}

    before = staged()
    cohort = ev.build_cohort(agency, settings())
    assert len(staged()) > len(before)
    del cohort
    assert staged() == before


def test_every_column_named_is_in_the_contract():
    """The contract alone says what columns there are."""
    for table, column in known._DATED_BY.items():
        assert contract().table(table).field(column).type == "date"
    for table, facts in known._LATER_FACTS.items():
        for column, follows in facts.items():
            assert contract().table(table).field(column).type == "date"
            assert set(follows) <= set(contract().table(table).columns)
