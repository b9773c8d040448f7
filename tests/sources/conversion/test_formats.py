"""Rules of each federal file, on a few records."""

import pandas as pd
import pytest

from evaluation.errors import DataError
from evaluation.sources.conversion import conversion_text, convert
from evaluation.sources.conversion.layout import FORMATS, layout

SNAPSHOT = {
    "State": "55", "RepDatYr": "2019", "RepDatMo": "03", "RecNumbr": "c1", "DOB": "20100131",
    "SEX": "2", "TotalRem": "1", "LatRemDt": "20190110", "CurSetDt": "20190110", "NumPlep": "1",
    "CURPLSET": "3", "DISREASN": "0", "NEGLECT": "1",
}  # fmt: skip
REPORT = {
    "SubYr": "2020", "StaTerr": "WI", "RptID": "r1", "ChID": "n1", "RptDt": "01152020",
    "RpDispDt": "02202020", "AFCARSID": "c1", "ChMal1": "2", "Mal1Lev": "1",
}  # fmt: skip


def converted(form, write, **files):
    """Convert rows given as dictionaries, one list per file."""
    frames = {name: pd.DataFrame(rows).fillna("") for name, rows in files.items()}
    with convert(form, write(frames)) as made:
        return made.frames(), made.report


def snapshots(write, *files):
    named = {f"f{n}": [SNAPSHOT | row for row in rows] for n, rows in enumerate(files)}
    return converted("afcars-1993", write, **named)


def day(value):
    return None if pd.isna(value) else value.isoformat()[:10]


def test_exit_codes_six_seven_and_eight_mean_other_things_in_1993_and_2020(write):
    old = [{"RecNumbr": f"c{n}", "DoDFCDt": "20190301", "DISREASN": str(n)} for n in (6, 7, 8)]
    frames, _ = snapshots(write, old)
    assert list(frames["removals"].discharge_reason) == ["transfer", "runaway", "death"]
    new = [
        {"E4": f"c{n}", "E69": "20230110", "E153": "20230301", "E155": str(n)} for n in (6, 7, 8)
    ]
    frames, _ = converted(
        "afcars-2020", write, a=[{"E4": "c6", "E5": "20100131", "E6": "1"}], b=new
    )
    assert list(frames["removals"].discharge_reason) == ["runaway", "death", "transfer"]


def test_the_file_named_later_wins_for_the_same_period(write):
    frames, report = snapshots(write, [{"SEX": "1"}], [{"SEX": "2"}])
    assert list(frames["children"].sex) == ["female"]
    assert report.count("replaced") == 1
    assert list(report.listed[["file", "line", "child"]].iloc[0]) == ["f0.csv", 2, "c1"]


def test_of_two_records_that_differ_neither_is_used_and_of_two_alike_one(write):
    """Round 3 syntax: a child with two records in one period is dropped."""
    rows = [{"RecNumbr": "c1", "SEX": "1"}, {"RecNumbr": "c1", "SEX": "2"}]
    frames, report = snapshots(write, [*rows, {"RecNumbr": "c2"}, {"RecNumbr": "c2"}])
    assert list(frames["children"].child_id) == ["c2"]
    assert report.count("conflicting") == 2
    assert report.count("repeated") == 1


def test_an_end_reported_by_the_next_record_only_has_a_date_and_no_reason(write):
    """CFSR Round 4 data dictionary: the date of prior discharge, if removals rose by one."""
    later = {"RepDatMo": "09", "TotalRem": "2", "LatRemDt": "20190610", "DLstFCDt": "20190501"}
    frames, report = snapshots(write, [{}], [later])
    first = frames["removals"].iloc[0]
    assert day(first.discharge_date) == "2019-05-01"
    assert pd.isna(first.discharge_reason)
    assert report.count("end from next record") == 1


def test_an_end_no_record_tells_makes_no_endless_stay(write):
    later = {"RepDatMo": "09", "TotalRem": "3", "LatRemDt": "20190810", "DLstFCDt": "20190701"}
    frames, report = snapshots(write, [{}], [later])
    assert [day(d) for d in frames["removals"].removal_date] == ["2019-08-10"]
    assert report.count("end unknown") == 1
    assert report.count("episodes never seen") == 1


def test_a_record_that_drops_out_of_later_files_is_found(write):
    frames, report = snapshots(write, [{}, {"RecNumbr": "c2"}], [{"RepDatMo": "09"}])
    assert report.count("dropped from later periods") == 1
    assert report.listed.query("step == 'dropped from later periods'").child.tolist() == ["c2"]
    assert frames["removals"].discharge_date.isna().all()


def test_an_annual_file_counts_the_episodes_before_its_last(write):
    rows = [SNAPSHOT | {"FY": "2019", "StFCID": "WI1", "TotalRem": "3"}]
    frames = {"annual": pd.DataFrame(rows).drop(columns=["RepDatYr", "RepDatMo", "RecNumbr"])}
    with convert("afcars-1993", write(frames, sep="\t", ending=".tab")) as made:
        assert made.report.count("episodes before the files") == 2
        assert list(made.frames()["removals"].removal_number) == [3]


def test_trial_home_visits_are_marked_and_unseen_settings_counted(write):
    visit = {"RepDatMo": "09", "CurSetDt": "20190601", "NumPlep": "3", "CURPLSET": "8"}
    frames, report = snapshots(write, [{}], [visit])
    assert list(frames["placements"].trial_home_visit) == [False, True]
    assert list(frames["placements"].end_is_exact) == [False, True]
    assert report.count("settings between records") == 1


def test_a_code_the_layout_does_not_know_is_said_and_left_empty(write):
    frames, report = snapshots(write, [{"SEX": "7"}])
    assert pd.isna(frames["children"].sex[0])
    assert report.count("unknown code SEX 7") == 1


def test_records_of_197_characters_are_read_as_the_named_columns_are(write, tmp_path):
    form = layout("afcars-1993")
    record = [" "] * form.record_length
    for column, start, width in form.places:
        value = SNAPSHOT.get(column, "").zfill(2) if column == "TotalRem" else SNAPSHOT.get(column)
        record[start : start + width] = (value or "").ljust(width)[:width]
    raw = tmp_path / "submission.dat"
    raw.write_text(f"@{' ' * 173}\n{''.join(record)}  \nadoption part\n")
    with convert("afcars-1993", [raw]) as made:
        fixed, report = made.frames(), made.report
    named, _ = snapshots(write, [{}])
    for table in named:
        pd.testing.assert_frame_equal(fixed[table], named[table])
    assert report.count("malformed") == 1
    assert report.files.summary_lines[0] == 1


def test_a_line_of_any_length_is_one_line(tmp_path):
    form = layout("afcars-1993")
    raw = tmp_path / "submission.dat"
    raw.write_text("x" * 3_500_000 + "\n" + " " * form.record_length * 9_000 + "\n\n" + "55" * 99)
    with pytest.raises(DataError, match="none of its 2 lines is a record of 197 characters"):
        convert("afcars-1993", [raw])
    with raw.open("a") as file:
        file.write("\n" + SNAPSHOT["State"].ljust(form.record_length))
    with convert("afcars-1993", [raw]) as made:
        found = made.report
    assert found.count("malformed") == 2
    assert found.files.blank_lines[0] == 2
    assert found.listed.line.tolist() == [5]


def test_names_are_read_in_any_case_and_from_their_other_spellings(write):
    rows = [SNAPSHOT | {"DSMIII": "1"}]
    frame = pd.DataFrame(rows).rename(columns=str.upper)
    with convert("afcars-1993", write({"upper": frame})) as made:
        assert made.frames()["children"].disability_emotional[0] == "true"


def history(write, removals, agreements=(), children=(), born="20100131"):
    people = [{"E2": "202303", "E4": "c1", "E5": born, "E6": "1"}, *children]
    files = {"people": people, "removals": removals}
    if agreements:
        files["agreements"] = list(agreements)
    return converted("afcars-2020", write, **files)


def test_the_latest_submission_decides_and_what_it_no_longer_has_is_listed(write):
    early = {"E2": "202209", "E4": "c1", "E69": "20200110", "E153": "", "E155": "9"}
    later = {"E2": "202303", "E4": "c1", "E69": "20220110", "E153": "20230201", "E155": "1"}
    frames, report = history(write, [early, later])
    assert [day(d) for d in frames["removals"].removal_date] == ["2022-01-10"]
    assert report.count("replaced", "removals") == 1
    assert report.count("dropped") == 1


ADOPTED = {"E2": "202303", "E4": "c1", "E69": "20180110", "E153": "20190201", "E155": "3"}
DIED = ADOPTED | {"E69": "20200610", "E153": "20201001", "E155": "7"}


@pytest.mark.parametrize(
    ("ended", "more", "step"),
    [
        ("20270730", {}, "used"),
        ("20270731", {}, "ended at 17½ or later"),
        ("", {}, "going on"),
        ("20190131", {}, "ended before it began"),
        ("20200601", {"born": ""}, "no birth date"),
        ("20201001", {"removals": [ADOPTED, DIED]}, "ended by death"),
        ("20200610", {"removals": [ADOPTED, DIED]}, "used"),
        ("20200601", {"agreements": [("20200601", "")]}, "another agreement in force"),
        ("20200601", {"agreements": [("20200602", "")]}, "another agreement in force"),
        ("20200601", {"agreements": [("20200603", "")]}, "used"),
        ("20200601", {"agreements": [("20190201", "20200501")]}, "used"),
    ],
)
def test_an_agreement_that_ended_is_a_disruption_only_by_the_proxy_rule(write, ended, more, step):
    """METHODS 3: ended under 17 and a half and not by death, labelled."""
    dates = [("20190201", ended), *more.get("agreements", [])]
    agreements = [{"E4": "c1", "A17": began, "A18": end} for began, end in dates]
    frames, report = history(
        write, more.get("removals", [ADOPTED]), agreements, born=more.get("born", "20100131")
    )
    rows = frames["disruptions"].set_index("disruption_date")
    assert report.count(step, "agreements") > 0
    assert (ended in {day(d).replace("-", "") for d in rows.index}) == (step == "used")
    assert set(rows.type) <= {"agreement_ended"} and set(rows.reason) <= {"proxy_rule"}
    assert rows.basis.str.contains("under age 17").all()


def reports(write, *rows):
    return converted("ncands", write, records=[REPORT | row for row in rows])


def test_dispositions_are_decoded_and_three_is_no_substantiation(write):
    frames, _ = reports(
        write,
        {"ChMal2": "1", "Mal2Lev": "3", "ChMal3": "4", "Mal3Lev": "5", "ChMal4": "8", "Mal4Lev": "88"},
    )  # fmt: skip
    rows = frames["maltreatment_reports"]
    assert list(rows.disposition) == [
        "substantiated",
        "alternative_response_victim",
        "unsubstantiated",
        "other",
    ]
    assert list(rows.maltreatment_type) == ["neglect", "physical_abuse", "sexual_abuse", "other"]
    assert rows.allegation_id.is_unique and rows.report_id.nunique() == 1


def test_a_child_who_died_of_maltreatment_is_a_victim(write):
    frames, report = reports(write, {"Mal1Lev": "5", "MalDeath": "1"})
    assert list(frames["maltreatment_reports"].disposition) == ["substantiated"]
    assert report.count("victim by death") == 1


def test_a_report_year_without_its_second_file_is_said(write):
    _, report = reports(write, {}, {"RptID": "r2", "SubYr": "2021", "RptDt": "08012020"})
    incomplete = report.steps[report.steps.step.str.contains("incomplete")]
    assert incomplete.empty
    _, report = reports(write, {})
    assert report.count("report year 2020 incomplete") == 1
    assert "that of 2021 is not among the files" in " ".join(conversion_text(report).split())


def test_a_report_of_the_next_years_file_wins_and_children_never_in_care_are_counted(write):
    later = {"SubYr": "2021", "Mal1Lev": "5"}
    frames, report = reports(write, {}, later, {"RptID": "r2", "AFCARSID": ""})
    assert list(frames["maltreatment_reports"].disposition) == ["unsubstantiated"]
    assert report.count("replaced") == 1
    assert report.count("no AFCARS identifier") == 1


def test_the_federal_limits_of_the_child_file_are_measured(write):
    _, report = reports(write, {"ChAge": ""}, {"RptID": "r2", "ChID": "n2", "ChAge": "4"})
    limits = report.limits.set_index("check")
    assert limits.rows["victims_without_age"] == 1 and limits.of["victims_without_age"] == 2
    assert limits.verdict["victims_without_age"] == "exceeds limit"
    assert limits.verdict["victims_matched_across_years"] == "not checked"


@pytest.mark.parametrize(
    ("form", "name", "content", "sentence"),
    [
        ("afcars-2020", "a.xml", "<?xml version='1.0'?><a/>", "a.xml is XML"),
        ("afcars-2020", "a.csv", "<a/>", "a.csv is XML"),
        ("afcars-2020", "a.csv", "E4,E5\nc1,20100131\n", "No file of the block removals"),
        ("afcars-2020", "a.csv", "E4,E999\nc1,2\n", "none of the columns that tell the table"),
        ("afcars-1993", "a.csv", "RecNumbr,SEX\nc1,2\n", "the column LatRemDt is missing"),
        ("ncands", "a.csv", "RptID,rptid,ChID,SubYr,RptDt\n1,1,1,1,1\n", "RptID stands twice"),
        ("ncands", "a.csv", "", "a.csv is empty"),
    ],
)
def test_files_of_no_known_form_are_one_sentence(tmp_path, form, name, content, sentence):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(DataError) as refused:
        convert(form, [path])
    assert sentence in str(refused.value)


def test_an_unknown_format_is_refused_with_the_nearest():
    with pytest.raises(DataError, match="did you mean afcars-2020"):
        convert("afcars2020", ["x.csv"])


@pytest.mark.parametrize("name", FORMATS)
def test_every_layout_names_its_sources_and_what_is_unconfirmed_reaches_the_reader(name):
    form = layout(name)
    assert form.references and form.statements
    keys = {reference["key"] for reference in form.references}
    assert all(
        any(key in s["source"] for key in keys) or not s["confirmed"] for s in form.statements
    )
    assert all(words.endswith(".") for words in form.unconfirmed)


def test_the_account_says_what_is_unconfirmed_and_lost(write):
    _, report = snapshots(write, [{}])
    text = conversion_text(report)
    assert "year, month, day" in text
    assert "no program spells" in text
    assert max(map(len, text.splitlines())) <= 96
