"""From an agency's own workbook to a report: `permanency new --from`, `check`, `cohort`, `report`, each as told."""

import datetime
import random
import tomllib

import openpyxl
import pandas as pd
import pytest

from evaluation import data_jobs, jobs
from evaluation.errors import DataError
from evaluation.new_study import new_study
from evaluation.sources.mapping import draft_mapping
from evaluation.study import Study

EPISODES = ["Child Ref No", "Case Number", "Date of Birth", "Sex", "Ethnicity",
            "Date Removed From Home", "Exit Date", "Exit Reason", "County", "Worker Notes"]  # fmt: skip
SPELLS = ["Child Ref No", "Program Name ", "Service Start", "Service End", "Notes"]


def step(words, work):
    return work()


def day(date):
    return date.strftime("%d/%m/%Y")


@pytest.fixture(scope="module")
def workbook(tmp_path_factory):
    """A sheet of children and episodes in one under a merged title, one of services, one of prose."""
    lot = random.Random(4)
    book = openpyxl.Workbook()
    episodes = book.active
    episodes.title = "Removal Episodes"
    episodes["A1"] = "County DCFS - extract of 07/02/2024"
    episodes.merge_cells("A1:J1")
    episodes.append([])
    episodes.append(EPISODES)
    spells = book.create_sheet("Services")
    spells.append(SPELLS)
    book.create_sheet("About").append(["Questions to", "data desk"])
    for number in range(240):
        born = datetime.date(2006, 1, 1) + datetime.timedelta(days=lot.randrange(4000))
        removed = datetime.date(2017, 1, 1) + datetime.timedelta(days=lot.randrange(1400))
        same = [
            str(100_000 + number),
            f"CS{number // 2}",
            day(born),
            lot.choice(["Male", "Female"]),
            lot.choice(["White", "Black", "Hispanic"]),
        ]
        for _ in range(1 + (lot.random() < 0.3)):
            left = removed + datetime.timedelta(days=lot.randrange(30, 400))
            why = lot.choice(["Reunification", "Return to Parent", "Adoption", "Guardianship"])
            place = lot.choice(["North", "South"])
            episodes.append([*same, day(removed), day(left), why, place, "see file"])
            if lot.random() < 0.5:
                begun = left + datetime.timedelta(days=lot.randrange(1, 60))
                name = lot.choice(["Success Coach  ", "Respite Care"])
                spells.append([same[0], name, day(begun), day(begun + datetime.timedelta(90)), ""])
            removed = left + datetime.timedelta(days=lot.randrange(60, 400))
    path = tmp_path_factory.mktemp("agency") / "extract.xlsx"
    book.save(path)
    return path


@pytest.fixture(scope="module")
def drafted(workbook, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "study"
    return folder, new_study(folder, [workbook])


def test_titles_foreign_names_dates_and_codes_are_guessed(drafted):
    folder, _ = drafted
    tables = tomllib.loads((folder / "mapping.toml").read_text(encoding="utf-8"))["tables"]
    made = {table["table"]: table for table in tables}
    assert set(made) == {"children", "removals", "services"}
    assert made["children"]["header_row"] == made["removals"]["header_row"] == 3
    assert made["children"]["rows"] == "distinct"
    assert made["children"]["columns"]["child_id"] == "Child Ref No"
    race = made["children"]["columns"]["race_ethnicity"]["codes"]
    assert race == {"Black": "black", "Hispanic": "hispanic", "White": "white"}
    removals = made["removals"]["columns"]
    assert removals["removal_date"] == {"column": "Date Removed From Home", "dates": "DD/MM/YYYY"}
    assert removals["removal_id"]["columns"] == ["Child Ref No", "Date Removed From Home"]
    assert removals["discharge_reason"]["codes"]["Return to Parent"] == "reunification"
    spell = made["services"]["columns"]["service_id"]["columns"]
    assert spell == ["Child Ref No", "Program Name ", "Service Start"]
    programs = made["services"]["columns"]["program"]
    assert programs["column"] == "Program Name "
    assert programs["codes"] == {"Respite Care": "respite_care", "Success Coach": "success_coach"}


def test_what_is_guessed_and_what_is_to_set_is_said(drafted):
    _, told = drafted
    assert any("removal_id, so it is made of Child Ref No, Date Removed" in line for line in told)
    assert any("extract.xlsx, sheet About is not used" in line for line in told)
    assert any("cohort.data_through" in line and "records cover" in line for line in told)
    assert any("permanency report" in line for line in told)


def test_the_study_asks_for_what_the_files_hold(drafted):
    study = Study.from_toml(drafted[0] / "study.toml")
    assert [service.program for service in study.services] == ["respite_care", "success_coach"]
    assert study.services[1].name == "Success Coach"
    assert "county" in study.adjustment.covariates
    assert "disability" not in study.adjustment.covariates
    assert study.primary is None


def test_the_commands_work_as_told(drafted, tmp_path):
    study = drafted[0] / "study.toml"
    lines = data_jobs.check(str(study), None, False, step)
    assert any(line.startswith("children: 240 rows read = 240 accepted") for line in lines)
    assert not any(line.startswith("Quarantined") for line in lines)
    said = jobs.cohort(study, tmp_path / "cohort", step, tmp_path / "kept")
    exits = pd.read_csv(tmp_path / "cohort" / "exits.csv")
    assert any(line.startswith(f"{len(exits):,} exits") for line in said)
    assert exits["start_day_success_coach"].notna().sum() > 10
    made = jobs.report(study, tmp_path / "report", ["annual"], ["html"], step, tmp_path / "kept")
    page = next(path for _, path in made if path.name == "annual.html").read_text()
    assert "Success Coach" in page and "Respite Care" in page


def test_check_says_why_rows_are_set_aside(drafted, workbook, tmp_path):
    folder = tmp_path / "study"
    new_study(folder, [workbook])
    mapping = folder / "mapping.toml"
    mapping.write_text(mapping.read_text().replace('"Female" = "female"', '"Female" = "?"'))
    lines = data_jobs.check(str(folder / "study.toml"), None, False, step)
    why = [line for line in lines if line.startswith("Quarantined: children.sex")]
    assert len(why) == 1 and "Female" in why[0]
    assert any("--out DIR" in line for line in lines)


def test_a_code_nobody_knows_is_said_with_the_words_to_choose_from(tmp_path):
    (tmp_path / "clients.csv").write_text("Client No,DOB,Gender\n1,01/31/2010,Q\n2,01/31/2011,F\n")
    said = draft_mapping([tmp_path / "clients.csv"]).missing
    assert any("codes Q of Gender" in words and "female, male, unknown" in words for words in said)


def test_a_file_of_nothing_known_is_named(tmp_path):
    (tmp_path / "clients.csv").write_text("Client No,DOB\n1,01/31/2010\n2,01/31/2011\n")
    (tmp_path / "fleet.csv").write_text("Plate,Mileage\nX,1\nY,2\n")
    said = draft_mapping([tmp_path / "clients.csv", tmp_path / "fleet.csv"]).missing
    assert any(words.startswith("fleet.csv is not used") for words in said)


def test_titles_above_a_text_file_are_refused_in_a_sentence(tmp_path):
    (tmp_path / "clients.csv").write_text("Extract of May\nClient No,DOB,Sex\n1,01/31/2010,F\n")
    with pytest.raises(DataError, match=r"clients.csv: 1 line .* above the column names"):
        draft_mapping([tmp_path / "clients.csv"])


def test_rows_that_nothing_tells_apart_get_no_made_identifier(tmp_path):
    (tmp_path / "removals.csv").write_text(
        "Client No,Entry Date,Exit Date\n1,2017-01-01,2018-01-01\n1,2017-01-01,2018-02-01\n"
    )
    draft = draft_mapping([tmp_path / "removals.csv"])
    assert 'removal_id = "?"' in draft.text
    assert any("no column looks like removals.removal_id" in words for words in draft.missing)
