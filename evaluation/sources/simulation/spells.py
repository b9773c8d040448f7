"""When services start and end: as the agency's practice brings them, or as one chooses."""

from dataclasses import dataclass

import numpy as np

from evaluation.sources.simulation.hazards import Timeline, constant_hazard_days
from evaluation.sources.simulation.latent import Latent
from evaluation.sources.simulation.population import Population
from evaluation.sources.simulation.scenario import Program, Scenario


@dataclass(frozen=True)
class Spells:
    """Service spells per child and program: days relative to the child's exit.

    ``start`` is the first day of service (0 or less when known at exit), ``end`` the
    last; both infinite where the service never starts.
    """

    start: np.ndarray
    end: np.ndarray


def propensity(scenario: Scenario, population: Population, program: Program) -> np.ndarray:
    """Return each household's probability that a service is known at exit."""
    if program.known_at_exit == 0:
        return np.zeros(population.households)
    odds = np.log(program.known_at_exit / (1 - program.known_at_exit))
    return 1 / (1 + np.exp(-(odds + referral_score(scenario, population, program))))


def referral_score(scenario: Scenario, population: Population, program: Program) -> np.ndarray:
    """Return what is added to each household's log odds (log hazard) of starting."""
    by_type = np.array(
        [0.0] + [program.exit_types.get(t, 0.0) for t in ("relative", "guardianship", "adoption")]
    )
    return (
        program.referral * population.risk
        + by_type[population.household_exit_type]
        + scenario.unmeasured_referral * population.unmeasured
    )


def natural_spells(scenario: Scenario, population: Population, latent: Latent) -> Spells:
    """Return the spells as the agency's own practice brings them."""
    starts, ends = [], []
    for column, program in enumerate(scenario.programs):
        known = latent.known[:, column] < propensity(scenario, population, program)
        start, end = spell_if_known(population, latent, program, column)
        late_start, late_end = spell_if_late(scenario, population, latent, program, column)
        starts.append(np.where(known, start, late_start))
        ends.append(np.where(known, end, late_end))
    return _of_children(population, starts, ends)


def spell_if_known(population, latent, program, column):
    """Return a household's spell if the service is known at exit: start and end day."""
    draw = latent.lead[:, column]
    stay = population.days_in_care[population.first_child]
    lead = np.where(draw < 0.25, 0, 1 + (draw - 0.25) / 0.75 * program.lead_days // 1)
    lead = np.minimum(np.minimum(lead, program.lead_days), stay - 1)
    return -lead, np.maximum(spell_length(latent, program, column) - lead, 14.0)


def spell_if_late(scenario, population, latent, program, column):
    """Return a household's spell if not known at exit: start and end day, perhaps never."""
    scale = np.exp(referral_score(scenario, population, program))
    crisis = crisis_days(scenario, population, latent)
    windows = [] if scenario.crisis_monthly == 0 else [(crisis, crisis + 90)]
    start = Timeline(population.households, windows).event_days(
        latent.start[:, column], program.start_monthly, scale, [(scenario.crisis_start, 1.0)]
    )
    return start, start + spell_length(latent, program, column)


def with_spell(population: Population, spells: Spells, column: int, start, end) -> Spells:
    """Return the spells with those of one program replaced, given per household."""
    starts, ends = spells.start.copy(), spells.end.copy()
    starts[:, column] = start[population.household]
    ends[:, column] = end[population.household]
    return Spells(starts, ends)


def spell_length(latent: Latent, program: Program, column: int) -> np.ndarray:
    """Return how many days each household's spell lasts when nothing else ends it."""
    full = program.length_days * (0.9 + 0.2 * latent.length[:, column])
    part = program.length_days * (0.1 + 0.8 * latent.length[:, column])
    completes = latent.completes[:, column] < program.completion
    return np.maximum(np.floor(np.where(completes, full, part)), 1.0)


def crisis_days(scenario: Scenario, population: Population, latent: Latent) -> np.ndarray:
    """Return the day of each household's crisis, infinite without one."""
    rate = scenario.crisis_monthly * np.exp(population.risk)
    return constant_hazard_days(latent.household_crisis, rate)


def _of_children(population: Population, starts: list, ends: list) -> Spells:
    if not starts:
        nothing = np.empty((len(population.household), 0))
        return Spells(nothing, nothing)
    return Spells(
        np.column_stack(starts)[population.household],
        np.column_stack(ends)[population.household],
    )
