"""Files are written whole or not at all, and nothing of anybody else's is replaced."""

import stat

import pandas as pd
import pytest

from evaluation.errors import OutputError
from evaluation.reporting.folder import MANIFEST, whole_folder, write_csv, write_parquet, write_text


def make(out, **files):
    with whole_folder(out) as folder:
        for name, text in files.items():
            write_text(folder / name, text)


def names(out):
    return sorted(path.name for path in out.iterdir() if path.name != MANIFEST)


def inside(folder):
    return sorted(path.name for path in folder.iterdir())


def test_an_earlier_output_is_replaced_whole(tmp_path):
    make(tmp_path / "out", a="1", b="2")
    make(tmp_path / "out", c="3")
    assert names(tmp_path / "out") == ["c"]
    assert inside(tmp_path) == ["out"]


def test_a_failed_output_leaves_the_good_one(tmp_path):
    make(tmp_path / "out", a="good")
    with pytest.raises(ValueError, match="midway"), whole_folder(tmp_path / "out") as folder:
        write_text(folder / "a", "half")
        raise ValueError("midway")
    assert (tmp_path / "out" / "a").read_text() == "good"
    assert inside(tmp_path) == ["out"]


def test_an_error_of_the_work_itself_is_not_called_an_unwritable_folder(tmp_path):
    with pytest.raises(FileNotFoundError), whole_folder(tmp_path / "out"):
        (tmp_path / "nowhere").read_text()


def test_somebody_elses_folder_is_refused(tmp_path):
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(OutputError, match="thesis.docx"):
        make(tmp_path, a="1")
    assert inside(tmp_path) == ["thesis.docx"]


def test_a_file_added_to_or_changed_in_an_output_is_not_lost(tmp_path):
    out = tmp_path / "out"
    make(out, a="1")
    (out / "a").write_text("edited by hand")
    with pytest.raises(OutputError, match="changed since"):
        make(out, a="2")
    make(tmp_path / "other", a="1")
    (tmp_path / "other" / "notes").write_text("mine")
    with pytest.raises(OutputError, match="notes"):
        make(tmp_path / "other", a="2")


def test_an_output_within_an_output_can_be_made_again(tmp_path):
    with whole_folder(tmp_path / "demo") as folder:
        make(folder / "report", a="1")
    make(tmp_path / "demo" / "report", a="2")
    with whole_folder(tmp_path / "demo") as folder:
        make(folder / "report", a="3")
    assert (tmp_path / "demo" / "report" / "a").read_text() == "3"


def test_only_the_owner_can_read(tmp_path):
    with whole_folder(tmp_path / "out") as folder:
        write_text(folder / "deep" / "a", "1")
        (folder / "deep" / "a").chmod(0o644)
    for path in [tmp_path / "out", *(tmp_path / "out").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_nothing_leads_out_of_the_folder(tmp_path):
    (tmp_path / "secret").write_text("s")
    with pytest.raises(OutputError, match="lead out"), whole_folder(tmp_path / "out") as folder:
        (folder / "link").symlink_to(tmp_path / "secret")
    assert not (tmp_path / "out").exists()


def test_an_unwritable_place_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        make(tmp_path / "file" / "out", a="1")
    with pytest.raises(OutputError, match="is a file"):
        make(tmp_path / "file", a="1")
    with pytest.raises(OutputError, match="cannot be written"):
        write_text(tmp_path / "file" / "a", "1")


def test_no_cell_of_a_csv_is_a_formula(tmp_path):
    frame = pd.DataFrame(
        {"=name": ["=1+1", "+x", "-y", "@z", "ok", None], "n": [-1, 2, 3, 4, 5, 6]}
    )
    write_csv(tmp_path / "t.csv", frame)
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert lines == ["'=name,n", "'=1+1,-1", "'+x,2", "'-y,3", "'@z,4", "ok,5", ",6"]


def test_parquet_keeps_values(tmp_path):
    frame = pd.DataFrame({"a": ["=x", "y"], "n": [1, 2]})
    write_parquet(tmp_path / "t.parquet", frame)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "t.parquet"), frame, check_dtype=False)
