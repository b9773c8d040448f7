"""A simulated agency: contract tables whose truth is known."""

from typing import TYPE_CHECKING, Any

from evaluation.sources.simulation.estimands import estimands
from evaluation.sources.simulation.scenario import (
    CovariateEffects,
    Practice,
    Program,
    Ratios,
    Scenario,
)
from evaluation.sources.simulation.tables import SimulatedTables, simulate_tables
from evaluation.sources.simulation.truth import Truth, simulate_truth

if TYPE_CHECKING:
    from evaluation.sources.agency import Agency

__all__ = [
    "CovariateEffects",
    "Practice",
    "Program",
    "Ratios",
    "Scenario",
    "SimulatedTables",
    "Truth",
    "estimands",
    "simulate_agency",
    "simulate_tables",
    "simulate_truth",
]


def simulate_agency(children: int = 20_000, seed: int = 1, **arguments: Any) -> "Agency":
    """Simulate an agency: its records, connected, with their truth.

    Parameters
    ----------
    children : int
        Children who exit to permanency inside the window, about.
    seed : int
        Seed: the same seed and arguments give the same tables.
    **arguments
        Parameters of :class:`Scenario`.

    Returns
    -------
    evaluation.sources.Agency
        As ``connect`` gives it, with ``.truth``.

    Raises
    ------
    StudyError
        If an argument is unknown or its value cannot be.
    """
    from evaluation.sources import connect

    simulated = simulate_tables(children, seed, **arguments)
    return connect(simulated.frames, truth=simulated.truth)
