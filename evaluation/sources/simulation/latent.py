"""Everything random that comes after the exit, drawn once for all potential outcomes."""

from dataclasses import dataclass

import numpy as np

from evaluation.sources.simulation.population import Population
from evaluation.sources.simulation.scenario import Scenario
from evaluation.sources.simulation.streams import Streams

REPORTS = 3


@dataclass(frozen=True)
class Latent:
    """Draws that every potential outcome of a child shares.

    Entries per child unless the name says otherwise; ``known`` holds uniform draws per
    household and program, ``start`` unit exponentials likewise, ``lead``, ``length`` and
    ``completes`` the particulars of a spell.
    """

    reentry: np.ndarray
    disruption: np.ndarray
    death: np.ndarray
    adopted_by_guardian: np.ndarray
    substantiated: np.ndarray
    unsubstantiated: np.ndarray
    unfounded: np.ndarray
    unreported: np.ndarray
    coins: np.ndarray
    removal_report: np.ndarray
    removal_report_lag: np.ndarray
    household_move: np.ndarray
    household_crisis: np.ndarray
    known: np.ndarray
    start: np.ndarray
    lead: np.ndarray
    length: np.ndarray
    completes: np.ndarray


def draw_latent(scenario: Scenario, population: Population, streams: Streams) -> Latent:
    """Draw everything random that comes after the exit."""
    children, households = len(population.household), population.households
    multiple = np.bincount(population.household, minlength=households) > 1
    per_program = (households, len(scenario.programs))

    def exponential(name, *shape):
        return streams(name).standard_exponential(shape)

    def by_program(name, kind="random"):
        draws = np.empty(per_program)
        for column, program in enumerate(scenario.programs):
            draws[:, column] = getattr(streams(f"{name} {program.name}"), kind)(households)
        return draws

    return Latent(
        reentry=exponential("re-entry", children),
        disruption=exponential("disruption", children),
        death=exponential("death", children),
        adopted_by_guardian=exponential("adopted by guardian", children),
        substantiated=np.cumsum(exponential("substantiated", children, REPORTS), axis=1),
        unsubstantiated=np.cumsum(exponential("unsubstantiated", children, REPORTS), axis=1),
        unfounded=np.cumsum(exponential("unfounded", children, REPORTS), axis=1),
        unreported=np.cumsum(exponential("unreported", children, REPORTS), axis=1),
        coins=streams("common removal").random((int(multiple.sum()), 5, 5)),
        removal_report=streams("removal report").random(children),
        removal_report_lag=streams("removal report lag").integers(0, 6, children),
        household_move=exponential("move", households),
        household_crisis=exponential("crisis", households),
        known=by_program("known at exit"),
        start=by_program("start", "standard_exponential"),
        lead=by_program("lead"),
        length=by_program("length"),
        completes=by_program("completes"),
    )
