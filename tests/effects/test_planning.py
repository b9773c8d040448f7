"""Planning: events needed, what can be detected, power, siblings and uptake."""

import math

import numpy as np
import pytest
from statsmodels.stats.power import NormalIndPower

from evaluation.effects.planning import (
    design_effect,
    detectable_difference,
    detectable_ratio,
    events_needed,
    plan,
    power_of_difference,
)
from evaluation.errors import StudyError

from .conftest import make_study

EXPECTED = {"exits": 3_000, "families": 2_000, "risk": 0.1, "share_served": 0.4}


def test_events_needed_are_schoenfelds():
    """Two-sided 5%, power 80%, equal arms, ratio 0.5: the textbook's 65 events."""
    assert math.ceil(events_needed(0.5, 0.5)) == 66
    assert detectable_ratio(events_needed(0.75, 0.3), 0.3) == pytest.approx(0.75)


def test_the_detectable_fall_has_the_power_it_claims():
    fall = detectable_difference(0.1, 800, 1_200)
    assert power_of_difference(0.1, 0.1 - fall, 800, 1_200) == pytest.approx(0.8, abs=1e-6)
    assert detectable_difference(0.01, 20, 30) is None


def test_power_agrees_with_a_simulation():
    random = np.random.default_rng(1)
    one, two = random.binomial(800, 0.06, 4000) / 800, random.binomial(1_200, 0.1, 4000) / 1_200
    spread = np.sqrt(one * (1 - one) / 800 + two * (1 - two) / 1_200)
    found = (np.abs(one - two) / spread > 1.959964).mean()
    assert power_of_difference(0.1, 0.06, 800, 1_200) == pytest.approx(found, abs=0.02)


def test_siblings_and_uptake_cost_power():
    assert design_effect(300, 200, 0.5) == pytest.approx(1.25)

    def value(quantity, **changes):
        table = plan(make_study(), **(EXPECTED | changes)).table
        return table.set_index("quantity")["value"][quantity]

    assert value("power", correlation=0.9) < value("power", correlation=0.0)
    assert value("power", uptake=0.47) < value("power")
    assert value("events needed", uptake=0.5) == pytest.approx(events_needed(0.875, 0.4))


def test_the_normal_power_is_that_of_statsmodels():
    size = 1_000
    effect = 0.03 / math.sqrt((0.1 * 0.9 + 0.07 * 0.93) / 2)
    known = NormalIndPower().power(effect, size, 0.05)
    assert power_of_difference(0.1, 0.07, size, size) == pytest.approx(known, abs=1e-4)


@pytest.mark.parametrize(
    "wrong", [{"risk": 0}, {"share_served": 1}, {"families": 9_999}, {"ratio": 1}, {"uptake": 1.5}]
)
def test_what_cannot_be_is_named(wrong):
    with pytest.raises(StudyError, match=next(iter(wrong))):
        plan(make_study(), **(EXPECTED | wrong))


def test_the_command_prints_the_plan_without_reading_data(tmp_path):
    from typer.testing import CliRunner

    from evaluation.cli import app
    from evaluation.resources import resource

    path = tmp_path / "study.toml"
    path.write_text(resource("data_schemas", "study_template.toml").read_text())
    done = CliRunner().invoke(app, ["plan", str(path), "--exits", "3000"])
    assert done.exit_code == 0
    assert "detectable fall per 100 children" in done.output and "3,000 exits" in done.output
