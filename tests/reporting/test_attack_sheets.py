"""Everything a release holds is read by the attack, which recovers nothing from it."""

import json
import re

import pytest

from evaluation.reporting.disclosure import cells
from tests.reporting import agencies
from tests.reporting.attack import Files, attack, recovered
from tests.reporting.attack_sheets import read_sheets, reader_of, share_of
from tests.reporting.counties import BELOW

READ_FROM_JSON = {"counts", "incidence", "curves", "effects"}
NOTHING_MORE = {
    "study", "provenance", "audience", "profile", "suppress_below", "protocol", "cannot",
    "diagnostics", "sensitivity", "beside", "home", "missing", "models", "balance", "naive",
    "truth", "evidence", "shares",
}  # fmt: skip
DRAWN = "The numbers drawn: "
CHILDREN = 500


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agency")
    return folder, agencies.released(4, CHILDREN, folder)


def test_no_sheet_of_a_release_is_left_unread(released):
    """A new table has to name what reads it, or why nothing of children can be solved from it."""
    sheets = Files(released[0]).sheets
    assert {"practice_groups", "question_groups", "practice_months", "completeness"} <= set(sheets)
    assert [name for name in sheets if reader_of(name) is None] == []


def test_no_part_of_the_estimates_is_left_unread(released):
    estimates = json.loads((released[0] / "estimates.json").read_text(encoding="utf-8"))
    assert set(estimates) - READ_FROM_JSON - NOTHING_MORE == set()


def test_the_shares_kept_for_next_year_are_numbers_of_the_sheets(released):
    """So reading the sheets reads them too."""
    shares = json.loads((released[0] / "estimates.json").read_text(encoding="utf-8"))["shares"]
    cells = [v for rows in Files(released[0]).sheets.values() for row in rows for v in row.values()]
    numbers = {
        f"{value / per:.10g}"
        for value in cells
        if isinstance(value, int | float)
        for per in (1, 100, 1_000, 100_000)
    }
    words = " ".join(str(value) for value in cells)
    for row in shares:
        if row["share"] != "s" and f"{row['share']:.10g}" not in numbers:
            assert row["table"] in ("dose", "equity_limits"), row
            assert f"{100 * row['share']:.1f}%" in words, row


def test_every_table_of_a_page_is_a_sheet_or_the_numbers_of_a_chart(written):
    """So what is read of the workbook is read of HTML and Word, and a page hides no less."""
    files = Files(written)
    captions = {rows[0]["caption"] for rows in files.sheets.values() if rows}
    others = {c for c in files.tables if not c.startswith(DRAWN)} - captions
    assert others == set()
    for caption in captions & set(files.tables):
        hidden = {_hidden(rows) for rows in files.tables[caption]}
        assert len(hidden) == 1, f"a form of “{caption}” hides other cells"


def _hidden(rows) -> int:
    return sum(bool(re.fullmatch("s", str(cell))) for row in rows for cell in row)


def test_no_small_count_of_any_section_is_recovered(released):
    folder, truth = released
    found = attack([folder], read_sheets)
    assert len(found.lines) > 1000
    assert recovered(found, truth, BELOW) == []


def test_without_complementary_suppression_the_sheets_give_some_back(tmp_path, monkeypatch):
    monkeypatch.setattr(cells.Cells, "protect", lambda self: None)
    truth = agencies.released(4, CHILDREN, tmp_path, compared=False)
    lost = recovered(attack([tmp_path], read_sheets), truth, BELOW)
    assert {name[1] for name, _ in lost} - {"who"}


def test_a_share_in_full_precision_tells_of_how_many_it_is():
    """29 of 41 is no other fraction of up to 60 children."""
    found = attack([])
    share_of(found, ("met",), ("n",), 29 / 41, most=60)
    assert recovered(found, {("met",): 29, ("n",): 41}, 50) == [(("met",), 29), (("n",), 41)]
