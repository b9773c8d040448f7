"""A wrong key, value or date names the key, says what is allowed and suggests the nearest."""

import datetime
import tomllib

import pytest

from evaluation.errors import StudyError
from evaluation.resources import resource
from evaluation.study import Note, Study

COHORT = {"exits": ["2018-01-01", "2022-12-31"], "data_through": "2024-06-30"}


def study(**changes):
    return Study(**({"title": "A study", "cohort": COHORT} | changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"titel": "x"}, ['"titel"', 'did you mean "title"?']),
        ({"cohort": COHORT | {"min_day_exit": 3}}, ["cohort.min_day_exit", '"min_days_exit"']),
        ({"cohort": COHORT | {"date": 3}}, ['"cohort.date" is not known']),
        ({"cohort": {}}, ['"cohort.exits" is required', '"cohort.data_through" is required']),
        (
            {"cohort": COHORT | {"data_through": "2019-02-30"}},
            ["cohort.data_through", "2019-02-30"],
        ),
        ({"cohort": COHORT | {"exits": ["2019-01-02", "2019-01-01"]}}, ["before it begins"]),
        ({"cohort": COHORT | {"horizon_days": 0}}, ["cohort.horizon_days", "greater than 0"]),
        ({"design": "randomised"}, ['did you mean "randomized"?']),
        ({"design": "roll-out"}, ["planned", "quasi-experimental"]),
        ({"design": "score threshold"}, ["planned"]),
        ({"outcomes": {"re_entry": {}}}, ['did you mean "reentry"?']),
        ({"outcomes": {"maltreatment": {"level": "all"}}}, ["screened-in", "substantiated"]),
        ({"services": [{"program": "a", "exposur": "at exit"}]}, ["exposur", '"exposure"']),
        ({"services": [{"program": "a"}, {"program": "a"}]}, ["twice"]),
        ({"services": [{"program": "a b"}]}, ["services.0.program"]),
        ({"services": [{"program": "a", "compare_with": "b"}]}, ["compare_with", "usual care"]),
        (
            {"primary": {"outcome": "reentry", "service": "zz", "horizon": 365}},
            ['"zz" is not among the programs'],
        ),
        ({"adjustment": {"truncate": 2}}, ["adjustment.truncate"]),
    ],
)
def test_a_wrong_study_says_which_key_and_what_is_allowed(changes, words):
    with pytest.raises(StudyError) as raised:
        study(**changes)
    for word in words:
        assert word in str(raised.value)


@pytest.mark.parametrize("exposure", ["ever", "never", "ever/never", "Ever served"])
def test_ever_served_is_refused_and_the_four_honest_exposures_are_named(exposure):
    with pytest.raises(StudyError) as raised:
        study(services=[{"program": "coach", "exposure": exposure}])
    for honest in ("at exit", "landmark", "time-varying", "target trial"):
        assert f'"{honest}"' in str(raised.value)


def test_a_primary_contrast_must_lie_within_the_study():
    with pytest.raises(StudyError, match="beyond cohort.horizon_days"):
        study(
            services=[{"program": "a"}],
            primary={"outcome": "reentry", "service": "a", "horizon": 731},
        )
    with pytest.raises(StudyError, match="no section"):
        study(
            services=[{"program": "a"}],
            primary={"outcome": "disruption", "service": "a", "horizon": 365},
        )


def test_toml_errors_name_the_file_and_the_line(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text('title = "x"\n[cohort]\nexits = [2019-02-30, 2019-03-01]\n')
    with pytest.raises(StudyError, match=r"study\.toml.*line 3"):
        Study.from_toml(path)
    with pytest.raises(StudyError, match="There is no study file"):
        Study.from_toml(tmp_path / "absent.toml")
    path.write_bytes(b"title = '\xff'")
    with pytest.raises(StudyError, match="UTF-8"):
        Study.from_toml(path)


def test_the_template_is_a_valid_study_that_shows_every_key():
    path = resource("data_schemas", "study_template.toml")
    template = Study.from_toml(path)
    assert template.primary is not None
    text = path.read_text()

    def keys(model):
        for name, info in model.model_fields.items():
            yield name
            for part in (info.annotation, *getattr(info.annotation, "__args__", ())):
                if hasattr(part, "model_fields"):
                    yield from keys(part)

    missing = [key for key in keys(Study) if key not in text]
    assert missing == []
    assert tomllib.loads(text)["cohort"]["data_through"] == datetime.date(2024, 6, 30)


def test_the_protocol_hash_ignores_where_files_lie_and_nothing_else():
    assert study().protocol_hash == study(data="elsewhere/").protocol_hash
    assert study().protocol_hash != study(seed=1).protocol_hash


def test_data_through_may_differ_by_table():
    through = {"removals": "2024-06-30", "maltreatment_reports": "2024-03-31"}
    rules = study(cohort=COHORT | {"data_through": through}).cohort
    assert rules.data_through_for("maltreatment_reports") == datetime.date(2024, 3, 31)
    assert rules.data_through_for("services") == datetime.date(2024, 6, 30)
    with pytest.raises(StudyError, match='entry for "removals"'):
        study(cohort=COHORT | {"data_through": {"services": "2024-06-30"}})


def test_horizons_stay_within_follow_up_and_hold_the_primary_one():
    named = study(
        services=[{"program": "a"}],
        primary={"outcome": "reentry", "service": "a", "horizon": 300},
        cohort=COHORT | {"horizon_days": 400},
    )
    assert named.horizons == (180, 300, 365)
    assert named.main_horizon == 300
    assert study().main_horizon == 365


def test_a_note_can_be_said_with_its_counts_hidden():
    note = Note("{left} of {all} children", {"left": 3, "all": 4000})
    assert str(note) == "3 of 4,000 children"
    assert note.say(lambda n: "s" if 0 < n < 11 else f"{n:,}") == "s of 4,000 children"


def test_a_note_keeps_the_braces_of_names_and_writes_its_counts():
    note = Note("{seen} children of {count} {{ 7*7 }} { } were seen.", {"seen": 1200})
    assert str(note) == "1,200 children of {count} {{ 7*7 }} { } were seen."


def test_a_study_that_is_a_folder_or_not_utf_8_is_said(tmp_path):
    with pytest.raises(StudyError, match="Is a directory"):
        Study.from_toml(tmp_path)
    path = tmp_path / "study.toml"
    path.write_bytes(b'title = "A"\nquestion = "Pe\xf1a"\n')
    with pytest.raises(StudyError, match="line 2: the byte 0xf1 is not UTF-8"):
        Study.from_toml(path)
