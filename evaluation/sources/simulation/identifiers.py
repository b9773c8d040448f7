"""Identifiers that say nothing: numbers in random order."""

from dataclasses import dataclass

import numpy as np

from evaluation.sources.simulation.world import World


@dataclass(frozen=True)
class Identifiers:
    """Text identifiers of the people in a world.

    ``child`` belongs to the children who exit to permanency, ``remaining`` to their
    siblings who do not, ``other`` to children of other families (those who would exit
    first, then their siblings); families and households likewise.
    """

    child: np.ndarray
    remaining: np.ndarray
    other: np.ndarray
    family: np.ndarray
    other_family: np.ndarray
    household: np.ndarray


def identify(world: World) -> Identifiers:
    """Number children, families and households of a world."""
    sizes = (
        len(world.population.children.family),
        len(world.population.remaining.family),
        len(world.others.children.family) + len(world.others.remaining.family),
    )
    child = _shuffled("C", sum(sizes), world.streams("child identifiers"))
    families = len(world.population.families.removal), len(world.others.families.removal)
    family = _shuffled("F", sum(families), world.streams("family identifiers"))
    home = _shuffled("H", world.population.households, world.streams("household identifiers"))
    first, second = sizes[0], sizes[0] + sizes[1]
    return Identifiers(
        child=child[:first],
        remaining=child[first:second],
        other=child[second:],
        family=family[: families[0]],
        other_family=family[families[0] :],
        household=home[world.shared_home],
    )


def numbered(prefix: str, count: int) -> np.ndarray:
    """Return ``count`` identifiers in ascending order."""
    return np.array([f"{prefix}{number:07d}" for number in range(1, count + 1)], dtype=object)


def _shuffled(prefix: str, count: int, draw: np.random.Generator) -> np.ndarray:
    return numbered(prefix, count)[draw.permutation(count)]
