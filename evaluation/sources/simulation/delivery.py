"""The tables of services and of assignments: what was offered, refused and delivered."""

import numpy as np
import pandas as pd

from evaluation.sources.simulation.calendar_days import day, iso
from evaluation.sources.simulation.hazards import Timeline
from evaluation.sources.simulation.identifiers import Identifiers, numbered
from evaluation.sources.simulation.scenario import Program
from evaluation.sources.simulation.spells import propensity, referral_score
from evaluation.sources.simulation.world import World

EARLIER_SPELLS = 0.01
NOT_STARTED = ("refused", "waiting_list", "not_eligible")
NOT_STARTED_SHARES = (0.76, 0.20, 0.04)


def service_tables(world: World, ids: Identifiers) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables of services and of assignments.

    Every offer is an assignment; one that led to no start is also a service without a
    start that says why. A program names households, families or children as its
    ``unit`` says, but each child where a household's children came home on different
    days or where two families share the home, and the household where a family has
    several, so that no row reaches a child it was not meant for.
    """
    parts = []
    for column, program in enumerate(world.scenario.programs):
        units = _units(world, ids, program)
        draw = world.streams(f"delivery {program.name}")
        parts.append(_delivered(world, program, column, units, draw))
        parts.append(_not_started(world, program, column, units, draw))
        parts.append(_earlier(world, program, units, draw))
    offers = pd.concat(parts, ignore_index=True)
    key = ["referral", "child_id", "family_id", "household_id", "program", "start"]
    offers = offers.sort_values(key, kind="stable", ignore_index=True)
    offers["service_id"] = numbered("S", len(offers))
    offers["assignment_id"] = numbered("A", len(offers))
    return _services(offers), _assignments(offers)


def _units(world: World, ids: Identifiers, program: Program) -> pd.DataFrame:
    """Return who a row of a program names: per unit its identifiers and first child.

    ``leaves`` is the day after the exit on which the last child of the unit has left.
    """
    population = world.population
    shared = np.bincount(world.shared_home, minlength=population.households) > 1
    shared |= world.shared_home != np.arange(population.households)
    by_child = (shared | ~population.joint)[population.household] | (program.unit == "child")
    homes = np.bincount(population.children.family[population.first_child])
    one_home = homes[population.children.family] == 1
    by_family = ~by_child & one_home & (program.unit == "family")
    frame = pd.DataFrame(
        {
            "child": np.arange(len(by_child)),
            "unit": np.where(by_child, np.arange(len(by_child)), -1 - population.household),
            "child_id": np.where(by_child, ids.child, None),
            "family_id": np.where(by_family, ids.family[population.children.family], None),
            "household_id": np.where(
                ~by_child & ~by_family, ids.household[population.household], None
            ),
            "leaves": world.leaves,
        }
    )
    units = frame.groupby("unit", sort=True).agg(child=("child", "first"), leaves=("leaves", "max"))
    names = frame.loc[units["child"], ["child_id", "family_id", "household_id"]]
    units = pd.concat([units.reset_index(drop=True), names.reset_index(drop=True)], axis=1)
    home = population.children.exit[units["child"]] <= day(world.scenario.data_through)
    return units[home].reset_index(drop=True)


def _delivered(world, program, column, units, draw):
    child = units["child"].to_numpy()
    exits = world.population.children.exit[child]
    removal = world.population.families.removal[world.population.children.family[child]]
    start, end = world.spells.start[child, column], world.spells.end[child, column]
    leaves, move = units["leaves"].to_numpy(), world.outcomes.move[child]
    last = np.minimum.reduce([end, leaves, move])
    ages_out = world.outcomes.age_limit[child] <= leaves
    natural = np.where(
        world.latent.completes[world.population.household[child], column] < program.completion,
        "completed",
        np.where(draw.random(len(child)) < 0.7, "family_ended", "agency_ended"),
    )
    reason = np.where(
        last == end,
        natural,
        np.where(last == move, "moved_away", np.where(ages_out, "child_aged_out", "child_removed")),
    )
    unsure = draw.random(len(child)) < 0.01
    reason = np.where(unsure, "unknown", reason).astype(object)
    goes_on = last > world.data_end[child]
    before = draw.integers(3, 21, len(child))
    weekly = np.round(draw.gamma(4.0, 0.25, len(child)), 1)
    kept = np.isfinite(start) & (start <= world.seen_until[child]) & (start < leaves)
    until = np.where(goes_on, world.data_end[child], last)
    begins = np.where(kept, start, 0) + exits
    referral = np.maximum(begins - before, np.minimum(removal, begins))
    offers = units[["child_id", "family_id", "household_id"]].assign(
        program=program.name,
        referral=referral,
        start=begins,
        end=np.where(goes_on, np.inf, last + exits),
        end_reason=np.where(goes_on, None, reason),
        units=np.round(weekly * np.maximum(np.where(kept, until - start, 0), 1) / 7),
        provider=_provider(world, child),
        accepted=True,
        answered=np.minimum(referral + draw.integers(0, 4, len(child)), begins),
    )
    return offers[kept]


def _not_started(world, program, column, units, draw):
    """Offers that led to no start, at a pace that makes the uptake what it should be."""
    child = units["child"].to_numpy()
    household = world.population.household[child]
    exits = world.population.children.exit[child]
    removal = world.population.families.removal[world.population.children.family[child]]
    ratio = (1 - program.uptake) / program.uptake
    chance = propensity(world.scenario, world.population, program)
    known = world.spells.start[child, column] <= 0
    by_household = world.streams(f"not started {program.name}")
    planning = by_household.random(world.population.households)
    odds = np.minimum(chance / np.maximum(1 - chance, 1e-9) * ratio, 1.0)
    refused_before = (planning < odds)[household] & ~known
    ahead = by_household.integers(5, 61, world.population.households)[household]
    pace = ratio * np.exp(referral_score(world.scenario, world.population, program))
    later = Timeline(world.population.households).event_days(
        by_household.standard_exponential(world.population.households),
        program.start_monthly,
        pace,
    )[household]
    early = np.maximum(-ahead, removal - exits)
    offered = np.where(refused_before, early, later)
    kept = refused_before | (~known & (later < world.spells.start[child, column]))
    kept &= (offered < units["leaves"].to_numpy()) & (offered <= world.seen_until[child])
    reason = by_household.choice(
        np.array(NOT_STARTED, dtype=object), world.population.households, p=NOT_STARTED_SHARES
    )[household]
    waits = reason == "waiting_list"
    day_offered = np.where(kept, offered, 0) + exits
    offers = units[["child_id", "family_id", "household_id"]].assign(
        program=program.name,
        referral=day_offered,
        start=np.inf,
        end=np.inf,
        end_reason=reason,
        units=np.nan,
        provider=_provider(world, child),
        accepted=waits,
        answered=np.where(waits, day_offered, np.inf),
    )
    return offers[kept]


def _earlier(world, program, units, draw):
    """Spells that began and ended well before the exit: history, not exposure."""
    child = units["child"].to_numpy()
    exits = world.population.children.exit[child]
    birth = world.population.children.birth[child]
    start = exits - draw.integers(200, 400, len(child))
    end = start + draw.integers(20, 60, len(child))
    kept = (draw.random(len(child)) < EARLIER_SPELLS) & (start - 15 > birth)
    offers = units[["child_id", "family_id", "household_id"]].assign(
        program=program.name,
        referral=start - 10.0,
        start=start.astype(float),
        end=end.astype(float),
        end_reason="completed",
        units=np.round((end - start) / 7.0),
        provider=_provider(world, child),
        accepted=True,
        answered=start - 8.0,
    )
    return offers[kept]


def _provider(world: World, child: np.ndarray) -> np.ndarray:
    county = world.population.families.county[world.population.children.family[child]]
    return np.array(["Harbor Family Services", "Oak Street Partners"], dtype=object)[county % 2]


def _services(offers: pd.DataFrame) -> pd.DataFrame:
    return offers.assign(
        referral_date=iso(offers["referral"]),
        start_date=iso(offers["start"]),
        end_date=iso(offers["end"]),
        voluntary="true",
    )


def _assignments(offers: pd.DataFrame) -> pd.DataFrame:
    return offers.assign(
        kind="offer",
        arm=offers["program"],
        assignment_date=iso(offers["referral"]),
        site=offers["provider"],
        score=np.nan,
        accepted=np.where(offers["accepted"], "true", "false"),
        accepted_date=iso(offers["answered"]),
    )
