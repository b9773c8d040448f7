"""One simulated agency before anything is written down."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from evaluation.sources.simulation.calendar_days import day
from evaluation.sources.simulation.latent import Latent, draw_latent
from evaluation.sources.simulation.outcomes import Outcomes, outcomes
from evaluation.sources.simulation.population import Population, draw_population
from evaluation.sources.simulation.scenario import Scenario
from evaluation.sources.simulation.spells import Spells, natural_spells
from evaluation.sources.simulation.streams import Streams

OTHER_CHILDREN = 0.18
SHARED_HOMES = 0.015


@dataclass(frozen=True)
class World:
    """What happened to every child, seen or unseen by the records.

    Parameters
    ----------
    scenario : Scenario
        Parameters.
    streams : Streams
        Random numbers for what the records still need.
    population : Population
        Children who exit to permanency, with their families.
    others : Population
        Families none of whose children exits to permanency in these records.
    latent : Latent
        Draws shared by potential outcomes.
    spells : Spells
        Services as they naturally come.
    outcomes : Outcomes
        Events under those services.
    """

    scenario: Scenario
    streams: Streams
    population: Population
    others: Population
    latent: Latent
    spells: Spells
    outcomes: Outcomes

    @cached_property
    def data_end(self) -> np.ndarray:
        """Day after each child's exit on which the records end."""
        return (day(self.scenario.data_through) - self.population.children.exit).astype(float)

    @cached_property
    def seen_until(self) -> np.ndarray:
        """Last day after each exit on which the records could see the child at home."""
        return np.minimum(self.data_end, self.outcomes.move)

    @cached_property
    def leaves(self) -> np.ndarray:
        """Day each child leaves the home for care, adulthood or by death."""
        happened = self.outcomes
        return np.minimum.reduce([happened.reentry, happened.age_limit, happened.death])

    @cached_property
    def shared_home(self) -> np.ndarray:
        """Per household, the household of another family it shares its home with, or itself."""
        home = np.arange(self.population.households)
        late = np.flatnonzero(self.population.household_exit_type >= 2)
        later = self.streams("shared homes").random(len(late) // 2) < SHARED_HOMES
        first, second = late[0 : 2 * len(later) : 2], late[1 : 2 * len(later) : 2]
        home[second[later]] = first[later]
        return home


def simulate_world(scenario: Scenario, children: int, seed: int) -> World:
    """Simulate families, exits, services and events.

    Parameters
    ----------
    scenario : Scenario
        Parameters.
    children : int
        Exits to permanency wanted inside the window.
    seed : int
        Seed of all streams.

    Returns
    -------
    World
    """
    streams = Streams(seed)
    population = draw_population(scenario, children, streams)
    others = draw_population(scenario, int(children * OTHER_CHILDREN), streams.below("others"))
    latent = draw_latent(scenario, population, streams)
    spells = natural_spells(scenario, population, latent)
    happened = outcomes(scenario, population, latent, spells)
    return World(scenario, streams, population, others, latent, spells, happened)
