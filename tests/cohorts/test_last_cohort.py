"""METHODS 1.6: without known_on, what has come in or changed since last year's saved cohort."""

import pandas as pd
import pytest

from evaluation import jobs
from evaluation.errors import DataError, StudyError

CHILDREN = "child_id,family_id,birth_date,sex"
REMOVALS = "removal_id,child_id,removal_date,discharge_date,discharge_reason"
THEN = [
    [CHILDREN, "A,F,2010-01-01,", "B,G,2010-01-01,male", "gone,H,2010-01-01,male"],
    [
        REMOVALS,
        "1,A,2017-03-01,2018-02-01,reunification",
        "2,B,2017-03-01,2018-02-01,reunification",
        "3,gone,2017-03-01,2018-02-01,reunification",
    ],
]
NOW = [
    [CHILDREN, "A,F,2010-01-01,female", "B,G,2010-01-01,male", "new,H,2010-01-01,male"],
    [
        REMOVALS,
        "1,A,2017-03-01,2018-02-01,reunification",
        "2,B,2017-03-02,2018-02-01,reunification",
        "4,new,2017-03-01,2018-02-01,reunification",
        "5,B,2018-06-01,2019-06-01,reunification",
    ],
]


def step(words, work):
    return work()


def written(folder, tables, through, more=""):
    """A study of tables in a folder, its exits up to a year before the data end."""
    (folder / "data").mkdir(parents=True)
    for name, lines in zip(("children", "removals"), tables, strict=True):
        (folder / "data" / f"{name}.csv").write_text("\n".join(lines) + "\n")
    study = folder / "study.toml"
    study.write_text(
        f'title = "A year"\n[cohort]\nexits = [2018-01-01, {through - 1}-12-31]\n'
        f'unit = "every exit"\ndata_through = {through}-06-30\n[outcomes.reentry]\n{more}'
    )
    return study


@pytest.fixture(scope="module")
def last(tmp_path_factory):
    """Last year's folder, with the cohort saved in it."""
    folder = tmp_path_factory.mktemp("last")
    jobs.cohort(written(folder, THEN, 2019), folder / "cohort", step)
    return folder


def test_what_came_in_since_is_listed_under_the_rules_of_then(last, tmp_path):
    """The exit of 2019 is new to this year's study, not a late entry of last year's."""
    more = f'[files]\nlast_cohort = "{last}/cohort/exits.parquet"\n'
    told = jobs.cohort(written(tmp_path, NOW, 2020, more), tmp_path / "cohort", step)
    found = pd.read_csv(tmp_path / "cohort" / "changes.csv", dtype=str)
    exits = pd.read_csv(tmp_path / "cohort" / "exits.csv")
    assert sorted(exits["exit_id"]) == ["A-1", "B-1", "B-2", "new-1"]
    rows = found[["exit_id", "kind", "column", "then", "now"]].fillna("-")
    assert [tuple(row) for row in rows.itertuples(index=False)] == [
        ("A-1", "late entry", "sex", "-", "female"),
        ("B-1", "correction", "days_in_care", "337", "336"),
        ("B-1", "correction", "removal_date", "2017-03-01", "2017-03-02"),
        ("gone-1", "withdrawn", "index_date", "2018-02-01", "-"),
        ("new-1", "late entry", "index_date", "-", "2018-02-01"),
    ]
    words = "2 late entries, 2 corrections, 1 withdrawal, in 4 exits; changes.csv lists them."
    assert any(line.endswith(words) for line in told)
    assert not any("rules.json" in line for line in told)


def test_the_same_data_say_that_nothing_changed(last, tmp_path):
    more = f'[files]\nlast_cohort = "{last}/cohort/exits.csv"\n'
    told = jobs.cohort(written(tmp_path, THEN, 2019, more), tmp_path / "cohort", step)
    assert any("no difference in 3 exits" in line for line in told)
    assert (tmp_path / "cohort" / "changes.csv").read_text().count("\n") == 1


def test_a_saved_cohort_without_its_rules_is_compared_under_todays_and_that_is_said(last, tmp_path):
    alone = tmp_path / "exits.parquet"
    alone.write_bytes((last / "cohort" / "exits.parquet").read_bytes())
    study = written(tmp_path / "now", NOW, 2020, f'[files]\nlast_cohort = "{alone}"\n')
    told = jobs.cohort(study, tmp_path / "cohort", step)
    assert any(line.startswith("No rules.json is beside it") for line in told)
    found = pd.read_csv(tmp_path / "cohort" / "changes.csv")
    assert "B-2" in set(found["exit_id"])


def test_what_cannot_be_compared_is_an_error_and_writes_nothing(last, tmp_path, monkeypatch):
    monkeypatch.setenv("PERMANENCY_PSEUDONYM_KEY", "a secret of sixteen and more")
    more = f'[files]\nlast_cohort = "{last}/cohort/exits.parquet"\n[privacy]\npseudonymize = true\n'
    with pytest.raises(StudyError, match="its ids are others"):
        jobs.cohort(written(tmp_path / "a", THEN, 2019, more), tmp_path / "cohort", step)
    more = '[files]\nlast_cohort = "nowhere.parquet"\n'
    with pytest.raises(DataError, match=r"nowhere.parquet cannot be read"):
        jobs.cohort(written(tmp_path / "b", THEN, 2019, more), tmp_path / "cohort", step)
    copied = tmp_path / "c" / "exits.parquet"
    study = written(tmp_path / "c", THEN, 2019, f'[files]\nlast_cohort = "{copied}"\n')
    copied.write_bytes((last / "cohort" / "exits.parquet").read_bytes())
    (tmp_path / "c" / "rules.json").write_text('{"exits": 3}')
    with pytest.raises((DataError, StudyError), match=r"rules.json"):
        jobs.cohort(study, tmp_path / "cohort", step)
    assert not (tmp_path / "cohort").exists()
