"""Event times have the piecewise-constant hazards asked for."""

import numpy as np
import pytest

from evaluation.sources.simulation.hazards import Timeline, constant_hazard_days
from evaluation.sources.simulation.scenario import MONTH


def days(exposure, monthly, spells=(), ratios=(), begin=0, **options):
    spells = [(np.array([s], dtype=float), np.array([e], dtype=float)) for s, e in spells]
    return Timeline(1, spells, begin).event_days(
        np.array([exposure]), monthly, ratios=ratios, **options
    )[0]


FLAT = [MONTH * 0.01] * 6  # one event per 100 days


def test_a_constant_hazard_gives_exposure_over_hazard():
    assert days(0.995, FLAT) == 100
    assert constant_hazard_days(np.array([0.995]), MONTH * 0.01) == 100


def test_a_service_counts_from_the_day_after_it_starts_to_its_last_day():
    # days 1-10 add 0.1; days 11-20, in service, add 0.2; then 0.01 a day again
    assert days(0.10, FLAT, [(10, 20)], [(2.0, 1.0)]) == 10
    assert days(0.11, FLAT, [(10, 20)], [(2.0, 1.0)]) == 11
    assert days(0.29, FLAT, [(10, 20)], [(2.0, 1.0)]) == 20
    assert days(0.305, FLAT, [(10, 20)], [(2.0, 1.0)]) == 21


def test_a_service_known_at_exit_holds_from_day_one():
    assert days(0.1, FLAT, [(-30, 400)], [(2.0, 1.0)]) == 5


def test_the_effect_after_service_is_its_own():
    assert days(0.3, FLAT, [(0, 10)], [(1.0, 2.0)]) == 20


def test_two_services_multiply():
    assert days(0.595, FLAT, [(0, 50), (0, 50)], [(2.0, 1.0), (3.0, 1.0)]) == 10


def test_nothing_happens_before_the_beginning():
    assert days(0.001, FLAT, begin=1, late=True) == 2
    assert days(0.001, FLAT, begin=1, late=False) == 1


def test_no_hazard_no_event():
    assert days(1e-9, [0.0] * 6) == np.inf
    assert days(5.0, [0.01 * MONTH, 0, 0, 0, 0, 0]) == np.inf


def test_later_events_of_a_process_follow_the_first():
    exposure = np.array([[0.095, 0.195, 5.0]])
    assert Timeline(1).event_days(exposure, FLAT).tolist() == [[10, 20, 500]]


@pytest.mark.parametrize(("rate", "horizon"), [(0.01, 365), (0.05, 90)])
def test_many_draws_have_the_risk_of_the_hazard(rate, horizon):
    draws = np.random.default_rng(0).standard_exponential(200_000)
    found = Timeline(len(draws)).event_days(draws, [rate] * 6)
    expected = 1 - np.exp(-rate / MONTH * horizon)
    error = np.sqrt(expected * (1 - expected) / len(draws))
    assert (found <= horizon).mean() == pytest.approx(expected, abs=4 * error)
