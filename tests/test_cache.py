"""What is kept for the next run gives the same bytes, and never anything that has changed."""

import logging
import stat
from pathlib import Path

import pandas as pd
import pytest

import evaluation as ev
from evaluation import cache as caching
from evaluation import jobs
from evaluation.cache import Cache
from evaluation.errors import DataError
from evaluation.sources.agency import Agency

CHILDREN = """child_id,family_id,birth_date,sex,eye_colour
A,F,2010-01-01,female,3
B,G,2010-01-01,male,4
C,G,2011-01-01,nonsense,5
D,H,2012-01-01,male,
"""
REMOVALS = """removal_id,child_id,removal_date,discharge_date,discharge_reason
1,A,2017-03-01,2018-02-01,reunification
2,B,2017-03-01,2018-02-01,reunification
3,D,2017-03-01,2018-03-01,guardianship
4,B,2018-06-01,,
"""
SERVICES = """service_id,child_id,program,start_date,end_date
s1,A,coach,2018-02-20,2018-08-01
"""
STUDY = """title = "{title}"
[cohort]
exits = [2018-01-01, 2019-12-31]
data_through = 2020-06-30
horizon_days = {horizon}
[outcomes.reentry]
[[services]]
program = "coach"
"""


def step(words, work):
    return work()


@pytest.fixture
def place(tmp_path):
    (tmp_path / "data").mkdir()
    for name, text in {"children": CHILDREN, "removals": REMOVALS, "services": SERVICES}.items():
        (tmp_path / "data" / f"{name}.csv").write_text(text)
    return tmp_path


def cohort(place, out, kept=True, title="A year", horizon=365):
    study = place / "study.toml"
    study.write_text(STUDY.format(title=title, horizon=horizon))
    folder = place / ".permanency-cache" if kept else None
    return jobs.cohort(study, place / out, step, folder)


def entries(place, kind="*"):
    return sorted((place / ".permanency-cache").glob(f"{kind}-*"))


def content(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def from_cache(caplog):
    """Return what the last run took from the cache, and forget the log."""
    told = [record.message for record in caplog.records]
    caplog.clear()
    return [word for word in ("tables", "cohort") if any(f" {word} come" in t for t in told)]


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.INFO, logger="evaluation")
    return caplog


def test_the_second_run_reads_no_row_and_writes_the_same_bytes(place, log, monkeypatch):
    cohort(place, "plain", kept=False)
    assert not (place / ".permanency-cache").exists()
    told = cohort(place, "first")
    assert from_cache(log) == []

    def no_reading(self, name):
        raise AssertionError(f"{name} was read again")

    monkeypatch.setattr(Agency, "_read", no_reading)
    assert cohort(place, "second")[:-2] == told[:-2]
    assert from_cache(log) == ["tables", "cohort"]
    assert content(place / "plain") == content(place / "first") == content(place / "second")


def test_every_part_of_a_cohort_comes_back(place):
    study_file = place / "study.toml"
    cohort(place, "first")
    study = ev.Study.from_toml(study_file)
    with ev.connect(place / "data") as fresh, ev.connect(place / "data") as again:
        built = ev.build_cohort(fresh, study)
        cache = Cache(place / ".permanency-cache", again, study)
        cache.take_tables()
        kept = cache.cohort(lambda: pytest.fail("it was built anew"))
        for ours, theirs in (
            (kept.exits, built.exits),
            (kept.flow, built.flow),
            (kept.services, built.services),
            (kept.spells, built.spells),
            (kept.follow_up("reentry"), built.follow_up("reentry")),
            (again.check().counts, fresh.check().counts),
            (again.check().quarantine, fresh.check().quarantine),
            (again.check().findings, fresh.check().findings),
            (again.table("children").to_pandas(), fresh.table("children").to_pandas()),
        ):
            pd.testing.assert_frame_equal(ours, theirs)
        assert len(again.check().quarantine) == 1
        assert again.data_hash == fresh.data_hash
        assert repr(again.check().quality) == repr(fresh.check().quality)
        assert (kept.notes, kept.cannot) == (built.notes, built.cannot)
        assert kept.definitions == built.definitions
        assert str(kept.timeline("B")) == str(built.timeline("B"))


def test_one_changed_byte_of_the_data_is_read(place, log):
    cohort(place, "out")
    path = place / "data" / "removals.csv"
    path.write_text(REMOVALS.replace("2018-03-01,guardianship", "2018-03-02,guardianship"))
    from_cache(log)
    cohort(place, "out")
    assert from_cache(log) == []
    exits = pd.read_csv(place / "out" / "exits.csv")
    assert "2018-03-02" in set(exits["index_date"])


def test_a_rule_of_the_cohort_counts_and_a_title_does_not(place, log):
    cohort(place, "out")
    from_cache(log)
    cohort(place, "out", title="Another")
    assert from_cache(log) == ["tables", "cohort"]
    cohort(place, "out", horizon=300)
    assert from_cache(log) == ["tables"]
    assert pd.read_csv(place / "out" / "follow_up_reentry.csv")["stop"].max() == 300


def test_another_version_of_what_reads_and_builds_takes_nothing(place, log, monkeypatch):
    cohort(place, "out")
    from_cache(log)
    known = caching._program()
    assert {"permanency-evaluation", "duckdb", "pyarrow", "code"} <= set(known)
    monkeypatch.setattr(caching, "_program", lambda: known | {"permanency-evaluation": "0.2.0"})
    cohort(place, "out")
    assert from_cache(log) == []


@pytest.mark.parametrize(
    ("harm", "kind"), [("changed", "tables"), ("gone", "cohort"), ("more", "cohort")]
)
def test_a_damaged_cache_is_made_anew_and_said(place, log, harm, kind):
    cohort(place, "first")
    entry = entries(place, kind)[0]
    path = sorted(entry.glob("*.parquet"))[0]
    before = set(content(entry))
    if harm == "changed":
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    elif harm == "gone":
        path.unlink()
    else:
        (entry / "more.parquet").write_bytes(b"")
    log.clear()
    cohort(place, "second")
    said = [r.message for r in log.records if r.levelno == logging.WARNING]
    assert len(said) == 1
    assert entry.name in said[0] and "made anew" in said[0]
    assert set(content(entry)) == before
    assert content(place / "first") == content(place / "second")


def test_a_table_that_does_not_come_back_as_stored_is_refused(place):
    cohort(place, "out")
    entry = entries(place, "tables")[0]
    listed = entry / "tables.json"
    listed.write_text(listed.read_text().replace('"eye_colour": "int64"', '"eye_colour": "uuid"'))
    with ev.connect(place / "data") as agency:
        with pytest.raises(DataError, match="did not come back"):
            agency.fetch_checked(entry)
        assert len(agency.table("children").to_pandas()) == 3


def test_data_changed_while_they_are_read_are_not_kept(place, log):
    cohort(place, "out", kept=False)
    study = ev.Study.from_toml(place / "study.toml")
    with ev.connect(place / "data") as agency:
        cache = Cache(place / ".permanency-cache", agency, study)
        cache.take_tables()
        with (place / "data" / "services.csv").open("a") as file:
            file.write("s2,B,coach,2018-02-21,\n")
        cache.keep_tables()
    assert entries(place) == []
    assert "changed while they were read" in log.text


def test_only_the_owner_can_read_it_and_old_entries_go(place, monkeypatch):
    monkeypatch.setattr(caching, "_KEPT", 1)
    cohort(place, "out", horizon=300)
    first = entries(place, "cohort")
    cohort(place, "out", horizon=310)
    assert len(entries(place, "cohort")) == 1
    assert entries(place, "cohort") != first
    folder = place / ".permanency-cache"
    for path in (folder, *folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert (folder / ".gitignore").read_text() == "*\n"


def test_data_that_do_not_lie_in_files_are_not_kept(place, log):
    cohort(place, "out", kept=False)
    frames = {p.stem: pd.read_csv(p) for p in Path(place / "data").iterdir()}
    frames["children"]["birth_date"] = pd.to_datetime(frames["children"]["birth_date"])
    with ev.connect(frames) as agency:
        cache = Cache(place / "kept", agency, ev.Study.from_toml(place / "study.toml"))
        cache.take_tables()
        cache.keep_tables()
        assert cache.kept_in is None
    assert not (place / "kept").exists()
    assert "does not lie in files" in log.text


def test_a_database_file_is_kept_too(place, log):
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(str(place / "agency.duckdb")) as made:
        for name in ("children", "removals", "services"):
            source = place / "data" / f"{name}.csv"
            made.execute(f"CREATE TABLE {name} AS SELECT * FROM read_csv('{source}')")
    study = ev.Study(**ev.Study.from_toml(_study(place)).model_dump(exclude={"files", "data"}))
    for expected in ([], ["tables", "cohort"]):
        with ev.connect(place / "agency.duckdb") as agency:
            cache = Cache(place / "kept", agency, study)
            cache.take_tables()
            built = cache.cohort(lambda agency=agency: ev.build_cohort(agency, study))
            cache.keep_tables()
            assert len(built.exits) == 3
        assert from_cache(log) == expected


def _study(place):
    path = place / "study.toml"
    path.write_text(STUDY.format(title="A year", horizon=365))
    return path
