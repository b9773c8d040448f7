"""Missing tables never give zero: each optional table is dropped, half of them at a time."""

import datetime

import pytest

import evaluation as ev
from evaluation.practice.indicators import INDICATORS
from evaluation.practice.question_measures import QUESTIONS

POLICIES = ("milwaukee_ocm_54_00", "post_reunification_supports")
REQUIRED = ("children", "removals")


@pytest.fixture(scope="module")
def frames():
    with ev.simulate_agency(children=300, seed=5, dirty=0.0) as agency:
        return {t: agency.table(t).to_pyarrow().to_pandas() for t in agency.tables}


def study():
    return ev.Study(
        title="Fewer tables",
        cohort={
            "exits": (datetime.date(2018, 1, 1), datetime.date(2024, 6, 1)),
            "data_through": datetime.date(2024, 6, 30),
            "adoption_link": "kept",
        },
        outcomes={"reentry": {}},
    )


def assert_told(row, needed, gone, counts):
    """A row that needs a dropped table names one and has no number; others are not touched."""
    lacking = [table for table in needed if table in gone]
    if not lacking:
        assert not any(f"needs the table {table}" in row["needs"] for table in gone)
        return
    assert row["status"] == "cannot be computed"
    assert row["needs"] in {f"needs the table {table}" for table in lacking}
    assert row[counts].isna().all()


@pytest.mark.parametrize("part", range(2))
def test_what_needs_a_table_says_so_and_has_no_number(frames, part):
    gone = [table for table in frames if table not in REQUIRED][part::2]
    assert len(gone) > 4
    with ev.connect({t: rows for t, rows in frames.items() if t not in gone}) as fewer:
        cohort = ev.build_cohort(fewer, study())
        touched = 0
        for name in POLICIES:
            found = ev.fidelity(fewer, cohort, name)
            told = found.table.set_index("measure")
            for measure in found.policy.measures:
                assert_told(told.loc[measure.id], measure.tables, gone, ["eligible", "met", "rate"])
                lacks = bool(set(measure.tables) & set(gone))
                touched += lacks
                if lacks:
                    assert measure.id not in {*found.by_unit["measure"], *found.by_month["measure"]}
        questions = ev.permanency_questions(fewer, cohort)
        told = questions.table.set_index("name")
        for question in QUESTIONS:
            needed = [table for table, _ in question.needs]
            numbers = ["denominator", "numerator", "value", "ci_low", "before_records"]
            assert_told(told.loc[question.name], needed, gone, numbers)
            touched += bool(set(needed) & set(gone))
        told = ev.federal_indicators(fewer, "2024-06-30").table.set_index("indicator")
        for indicator in INDICATORS:
            numbers = ["denominator", "numerator", "observed", "excluded"]
            assert_told(told.loc[indicator.name], indicator.needs, gone, numbers)
        groups = ev.equity(cohort, by=["county"], questions=questions).table
        asked = set(groups.loc[groups["kind"] == "question", "measure"])
        assert asked <= set(questions.table.loc[questions.table["status"] == "computed", "name"])
        said = " ".join(ev.dose(fewer, cohort).cannot)
        for table in {"services", "contacts"} & set(gone):
            assert f"the table {table}" in said
    assert touched > 5
