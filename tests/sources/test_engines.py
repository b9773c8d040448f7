"""How much memory the engine may use, and what is said where that is too little."""

import ibis
import pytest

import evaluation as ev
from evaluation.errors import DataError
from evaluation.sources.engines import keep, open_duckdb


def test_more_memory_than_allowed_is_a_sentence_that_says_what_to_set(tmp_path):
    connection = open_duckdb(str(tmp_path), memory_limit="30MB", max_temp_directory_size="1MB")
    rows = ibis.range(3_000_000).unnest().name("n").as_table()
    with pytest.raises(DataError, match=r"than the .*MiB DuckDB .* PERMANENCY_MEMORY to more"):
        keep(connection, "made", rows.group_by(child=rows.n.cast("string")).agg(l=rows.n.collect()))


@pytest.mark.parametrize("given", ["much", "2", "-1GB", "2GB; DROP TABLE x"])
def test_a_memory_that_is_none_is_a_sentence(monkeypatch, given):
    monkeypatch.setenv("PERMANENCY_MEMORY", given)
    with pytest.raises(DataError, match="give a number of MB or GB"):
        ev.connect({})


def test_the_memory_asked_for_is_the_memory_allowed(monkeypatch, tmp_path):
    monkeypatch.setenv("PERMANENCY_MEMORY", "3 GiB")
    (tmp_path / "children.csv").write_text("child_id\nC1\n")
    with ev.connect(tmp_path) as agency:
        found = agency.connection.con.execute("SELECT current_setting('memory_limit')").fetchone()
    assert found == ("3.0 GiB",)
