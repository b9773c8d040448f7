"""The attack on two years' released files recovers nothing; without complements it does."""

import pytest

from evaluation.reporting.disclosure import cells, follow_up
from tests.reporting.attack import Attack, Files, attack, recovered
from tests.reporting.counties import BELOW, attacked, exact


@pytest.mark.parametrize("seed", [3, 5, 97, 226])
def test_no_small_count_and_no_small_change_is_recovered(seed, tmp_path):
    assert attacked(seed, tmp_path) == []


def test_without_complementary_suppression_the_attack_recovers_some(tmp_path, monkeypatch):
    monkeypatch.setattr(cells.Cells, "protect", lambda self: None)
    monkeypatch.setattr(follow_up, "_complement", lambda *_: None)
    assert attacked(5, tmp_path)


def test_the_attack_subtracts_totals_and_follows_last_years_counts():
    attack_on = Attack()
    for name, value in (("a", 40), ("b", "s"), ("all", 44)):
        attack_on.cell((0, "t", name), value)
    attack_on.adds_up([(0, "t", "a"), (0, "t", "b")], (0, "t", "all"))
    assert recovered(attack_on, {(0, "t", "b"): 4}, BELOW) == [((0, "t", "b"), 4)]


def test_two_hidden_counts_with_a_common_total_are_not_recovered():
    attack_on = Attack()
    for name, value in (("a", "s"), ("b", "s"), ("all", 44)):
        attack_on.cell((0, "t", name), value)
    attack_on.adds_up([(0, "t", "a"), (0, "t", "b")], (0, "t", "all"))
    assert recovered(attack_on, {(0, "t", "b"): 4}, BELOW) == []


def test_every_form_together_gives_no_small_count_back(results, written):
    """HTML, Word, PDF, workbook, JSON and alt text of all reports of one agency."""
    files = Files(written)
    assert "Figure" in files.text and len(files.tables) > 10
    cohort = results[2]
    truth = exact(cohort, cohort.exits["sex"].isna(), 0)
    assert recovered(attack([written]), truth, BELOW) == []
