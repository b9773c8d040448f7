"""Ids in row-level output are keyed hashes when the study asks for it."""

import pandas as pd
import pytest

from evaluation.errors import StudyError
from evaluation.reporting.pseudonyms import VARIABLE, pseudonym_key, pseudonymize
from tests.reporting.conftest import make_study

KEY = b"a secret of more than sixteen characters"
TABLES = {
    "exits": pd.DataFrame({"child_id": ["c1", "c2"], "family_id": ["f1", None], "age": [3, 4]}),
    "rows": pd.DataFrame({"child_id": ["c2", "c2", "c1"]}),
}


def test_a_child_has_one_pseudonym_in_every_table_and_every_run():
    made = pseudonymize(TABLES, KEY)
    assert made["rows"].child_id.tolist() == [made["exits"].child_id[i] for i in (1, 1, 0)]
    assert made["exits"].equals(pseudonymize({"exits": TABLES["exits"]}, KEY)["exits"])
    assert made["exits"].family_id.isna().tolist() == [False, True]
    assert made["exits"].age.tolist() == [3, 4]


def test_another_key_gives_other_pseudonyms_and_no_id_is_left():
    made, other = pseudonymize(TABLES, KEY), pseudonymize(TABLES, KEY[::-1])
    assert not set(made["exits"].child_id) & set(other["exits"].child_id)
    assert not set(made["exits"].child_id) & {"c1", "c2"}


def test_the_key_comes_from_a_file_or_the_environment(tmp_path, monkeypatch):
    (tmp_path / "key.txt").write_bytes(KEY + b"\n")
    study = make_study(privacy={"pseudonymize": True, "key_file": "key.txt"})
    study._folder = tmp_path
    assert pseudonym_key(study) == KEY
    monkeypatch.setenv(VARIABLE, KEY.decode())
    assert pseudonym_key(make_study(privacy={"pseudonymize": True})) == KEY


@pytest.mark.parametrize(
    ("privacy", "value", "words"),
    [
        ({}, None, "there is no key"),
        ({}, "short", "fewer than 16 characters"),
        ({"key_file": "nowhere.txt"}, None, "nowhere.txt cannot be read"),
    ],
)
def test_no_key_and_a_short_key_are_said_without_being_repeated(monkeypatch, privacy, value, words):
    monkeypatch.delenv(VARIABLE, raising=False)
    if value:
        monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(StudyError, match=words) as refused:
        pseudonym_key(make_study(privacy={"pseudonymize": True} | privacy))
    assert value is None or f'"{value}"' not in str(refused.value)


def test_the_place_of_the_key_is_no_part_of_the_protocol():
    study, same = make_study(), make_study(privacy={"key_file": "elsewhere.txt"})
    assert study.protocol_hash == same.protocol_hash
