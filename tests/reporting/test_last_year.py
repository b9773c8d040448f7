"""Last year's report beside this one: what changed, in outcomes, in data, in definitions."""

import dataclasses
import json

import pandas as pd
import pytest

from evaluation.errors import StudyError
from evaluation.reporting.disclosure import Disclosure, Published, release_flow
from evaluation.reporting.estimates_json import estimates_json
from evaluation.reporting.last_year import read_last_year
from evaluation.study import Study
from tests.reporting.test_reports import built


def beside(study, folder):
    study = study.model_copy(
        update={"files": study.files.model_copy(update={"last_year": "last.json"})}
    )
    study._folder = folder
    return study


@pytest.fixture(scope="module")
def years(invented, tmp_path_factory):
    """Last year's report of 1,500 exits; this year 300 more, 30 children moved to 2019."""
    folder = tmp_path_factory.mktemp("years")
    study = invented.study()
    now = invented.cohort(study, 1800)
    now.exits["index_date"] = pd.to_datetime([f"{2018 + n // 300}-06-01" for n in range(1800)])
    exits, rows = now.exits[:1500].copy(), {o: own[:1500].copy() for o, own in now.rows.items()}
    exits.loc[:29, "index_date"] = pd.Timestamp("2019-06-01")
    then = dataclasses.replace(now, exits=exits, rows=rows)
    last = built(study, invented.agency(), then, invented.effects(then))
    (folder / "last.json").write_text(estimates_json(last), encoding="utf-8")
    changed = study.model_copy(
        update={"cohort": study.cohort.model_copy(update={"min_days_exit": 0})}
    )
    changed = beside(changed, folder)
    cohort = dataclasses.replace(now, study=changed)
    return built(changed, invented.agency(), cohort, invented.effects(cohort)), folder


def section(report):
    return next(part for part in report.sections if part.name == "changed")


def test_a_new_exit_year_is_a_change_in_outcomes_and_a_corrected_one_in_the_data(years):
    table = next(t for t in section(years[0]).tables if t.name == "changed_reentry")
    rows = table.data.set_index("year")
    assert rows["kind"].to_dict() == {
        "2018": "data", "2019": "data", "2020": "nothing", "2021": "nothing", "2022": "nothing",
        "2023": "outcomes",
    }  # fmt: skip
    assert (rows.loc["2018", "exits_then"], rows.loc["2018", "exits"]) == (270, 300)
    assert (rows.loc["2019", "exits_then"], rows.loc["2019", "exits"]) == (330, 300)
    said = " ".join(section(years[0]).paragraphs)
    assert "The numbers of 2018, 2019 are not what last year's report said." in said
    assert "In the new exit years the share of children who re-entered care was" in said


def test_settings_that_differ_are_listed_as_a_change_of_definitions(years):
    part = section(years[0])
    settings = next(t for t in part.tables if t.name == "changed_settings").data
    assert settings.to_dict("records") == [{"key": "cohort.min_days_exit", "then": "8", "now": "0"}]
    assert "the protocol differs" in part.title
    assert any("1 setting differs" in said for said in part.paragraphs)


def test_without_last_year_there_is_no_such_section(results):
    assert "changed" not in [part.name for part in built(*results).sections]


def test_a_count_that_few_children_separate_from_last_years_is_hidden():
    rule = Disclosure(11, before=Published({("who", "a", "all"): 40, ("who", "c", "all"): 60}))
    assert rule.hides_cell("who", "a", "all", 44)
    assert not rule.hides_cell("who", "a", "all", 40)
    assert not rule.hides_cell("who", "b", "all", 44)


def test_a_hidden_change_takes_a_second_count_with_it():
    rule = Disclosure(11)
    hidden = rule.hidden_one_way([44, 70, 60], before=[40, 50, 40, 130])
    assert hidden.tolist() == [True, False, True, False]


def test_hidden_changes_are_not_a_small_change_together():
    rule = Disclosure(11)
    hidden = rule.hidden_one_way([44, 50, 60], before=[40, 50, 40, 130]).tolist()[:3]
    assert hidden == [True, False, True]
    assert rule.hidden_one_way([44, 50, 60], before=[40, 50, 58, 130]).tolist()[:3] == [True] * 3


def test_a_flow_that_few_separate_from_last_years_is_hidden_as_a_whole():
    flow = pd.DataFrame(
        [("Start", "", 500, 0), ("Age", "18 or older", 460, 40), ("Last", "later", 400, 60)],
        columns=["step", "reason", "exits", "excluded"],
    ).assign(children=lambda f: f["exits"], families=lambda f: f["exits"])
    rule = Disclosure(11, before=Published({("flow", "Age|18 or older", "excluded"): 37}))
    shown = release_flow(flow, rule)
    assert shown["excluded"].tolist() == [0, "s", "s"]
    assert shown["exits"].tolist() == ["s", "s", "s"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.pop("protocol"), "protocol: field required"),
        (lambda d: d["counts"].append({"table": "who", "row": "x", "column": "all", "count": -1}),
         r"counts\.\d+\.count"),
        (lambda d: d["incidence"][0].update(at_risk="many"), r"incidence\.0\.at_risk"),
        (lambda d: d["incidence"][0].update(incidence=7.0), r"incidence\.0\.incidence"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_estimates_json_is_said_with_its_key(years, tmp_path, change, said):
    found = json.loads((years[1] / "last.json").read_text(encoding="utf-8"))
    change(found)
    (tmp_path / "last.json").write_text(json.dumps(found), encoding="utf-8")
    with pytest.raises(StudyError, match=rf"files\.last_year: last\.json .*{said}") as refused:
        read_last_year(beside(years[0].study, tmp_path))
    assert len(refused.value.sentences) == 1


@pytest.mark.parametrize("content", [None, "{", "[" * 100_000, '"text"', b"\xff\xfe"])
def test_what_is_no_file_or_no_json_is_one_sentence(years, tmp_path, content):
    if content is not None:
        path = tmp_path / "last.json"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(StudyError, match=r"files\.last_year: last\.json"):
        read_last_year(beside(years[0].study, tmp_path))


@pytest.mark.parametrize("name", ["/etc/passwd", "../last.json"])
def test_last_year_lies_in_the_studys_folder(years, tmp_path, name):
    files = years[0].study.files.model_copy(update={"last_year": name})
    study: Study = years[0].study.model_copy(update={"files": files})
    study._folder = tmp_path
    with pytest.raises(StudyError, match=r"files\.last_year is .*inside the study's folder"):
        read_last_year(study)
