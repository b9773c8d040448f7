"""The tables of children and of removals."""

import numpy as np
import pandas as pd

from evaluation.sources.simulation.calendar_days import birthday, day, iso
from evaluation.sources.simulation.identifiers import Identifiers
from evaluation.sources.simulation.population import (
    AGENCIES,
    COUNTIES,
    RACES,
    Children,
    exit_type_names,
)
from evaluation.sources.simulation.world import World

SPLIT_SPELLS = 0.02
OVERLAPPING_SPELLS = 0.01
REASONS = (
    "neglect",
    "parent_drug_abuse",
    "physical_abuse",
    "caretaker_inability",
    "inadequate_housing",
    "parent_incarceration",
    "domestic_violence",
    "child_behavior",
    "parent_alcohol_abuse",
    "sexual_abuse",
    "abandonment",
)
REASON_SHARES = (0.42, 0.20, 0.09, 0.07, 0.06, 0.04, 0.04, 0.03, 0.02, 0.02, 0.01)
CUSTODY_SHARES = (0.8, 0.1, 0.08, 0.02)
CUSTODIES = ("court_ordered", "voluntary", "temporary_physical_custody", "unknown")


def children_table(world: World, ids: Identifiers) -> pd.DataFrame:
    """Return a row for each child, with what the agency failed to record left empty."""
    people = [
        (ids.child, ids.family, world.population.families, world.population.children),
        (ids.remaining, ids.family, world.population.families, world.population.remaining),
        (
            ids.other,
            ids.other_family,
            world.others.families,
            _joined(world.others.children, world.others.remaining),
        ),
    ]
    death = [_recorded_death(world)] + [np.full(len(part[0]), np.inf) for part in people[1:]]
    parts = []
    for (child, family, families, group), died in zip(people, death, strict=True):
        parts.append(
            pd.DataFrame(
                {
                    "child_id": child,
                    "family_id": family[group.family],
                    "birth_date": iso(group.birth),
                    "death_date": iso(died),
                    "sex": np.where(group.male, "male", "female").astype(object),
                    "race_ethnicity": np.array(RACES, dtype=object)[families.race[group.family]],
                    "disability": group.disability,
                    "age": (group.exit - group.birth) / 365.25,
                }
            )
        )
    table = pd.concat(parts, ignore_index=True).sort_values("child_id", ignore_index=True)
    return _described(table, world)


def _described(table: pd.DataFrame, world: World) -> pd.DataFrame:
    draw = world.streams("description")
    count, has = len(table), table["disability"].to_numpy(bool)
    kinds = ("intellectual", "emotional", "physical", "sensory")
    flags = draw.random((count, 4)) < np.array([0.35, 0.55, 0.15, 0.10])
    flags[~flags.any(axis=1), 1] = True
    flags &= has[:, None]
    tribal = draw.random(count)
    native = table["race_ethnicity"].to_numpy() == "american_indian_alaska_native"
    table["tribal_membership"] = np.where(
        native & (tribal < 0.7), "yes", np.where(tribal > 0.97, "unknown", "no")
    ).astype(object)
    share = world.scenario.missing
    blank = draw.random((count, 3))
    unasked = blank[:, 2] < np.clip(share * np.where(table["age"] < 3, 2.0, 0.7), 0, 1)
    table.loc[blank[:, 0] < share, "sex"] = None
    table.loc[blank[:, 1] < share, "race_ethnicity"] = None
    for kind, column in zip(kinds, flags.T, strict=True):
        table[f"disability_{kind}"] = np.where(unasked, None, _boolean(column))
    table["disability"] = np.where(unasked, None, _boolean(has))
    return table.drop(columns="age")


def removals_table(world: World, ids: Identifiers) -> pd.DataFrame:
    """Return the removal episodes: earlier ones, index, re-entries, stays that did not exit."""
    exits, population = world.population.children, world.population
    parts = [
        *_earlier(ids.child, exits, population.families, world, "exits"),
        *_earlier(ids.remaining, population.remaining, population.families, world, "remaining"),
        *_index_episodes(world, ids),
        *_reentries(world, ids),
        _stays(ids.remaining, population.remaining, population.families, world, "remaining", 0.0),
    ]
    others = _joined(world.others.children, world.others.remaining)
    parts.append(_stays(ids.other, others, world.others.families, world, "others", 0.25))
    table = pd.concat(parts, ignore_index=True)
    people = pd.DataFrame(
        {
            "child_id": np.concatenate([ids.child, ids.remaining, ids.other]),
            "place": np.concatenate(
                [
                    population.families.county[exits.family],
                    population.families.county[population.remaining.family],
                    world.others.families.county[others.family],
                ]
            ),
        }
    )
    draw = world.streams("county missing")
    people["unplaced"] = draw.random(len(people)) < world.scenario.missing
    table = table.merge(people, on="child_id", how="left", validate="many_to_one")
    place = table["place"].to_numpy()
    table["agency"] = np.array(AGENCIES, dtype=object)[place]
    table["county"] = np.where(table["unplaced"], None, np.array(COUNTIES, dtype=object)[place])
    table = table.sort_values(
        ["removal", "child_id", "discharge"], kind="stable", ignore_index=True
    )
    draw = world.streams("removal particulars")
    second = draw.random(len(table)) < 0.35
    names = np.array(REASONS, dtype=object)
    shares = np.array(REASON_SHARES) / sum(REASON_SHARES)
    first_reason = draw.choice(len(REASONS), len(table), p=shares)
    other_reason = (first_reason + draw.integers(1, len(REASONS), len(table))) % len(REASONS)
    table["removal_reasons"] = np.where(
        second, names[first_reason] + ";" + names[other_reason], names[first_reason]
    )
    table["custody"] = _custody(table, draw)
    table["removal_date"] = iso(table["removal"])
    table["discharge_date"] = iso(table["discharge"])
    return table


def _custody(table: pd.DataFrame, draw: np.random.Generator) -> np.ndarray:
    """Legal basis: brief temporary custody only where no exit or re-entry hangs on the stay."""
    basis = np.array(CUSTODIES, dtype=object)
    custody = draw.choice(basis, len(table), p=CUSTODY_SHARES)
    lasts = table["discharge"] - table["removal"] >= 8
    counts = lasts & (table["discharge"] < np.inf) | table["protective"]
    return np.where((custody == "temporary_physical_custody") & ~counts, basis[0], custody)


def _recorded_death(world: World) -> np.ndarray:
    death, exits = world.outcomes.death, world.population.children.exit
    left = world.outcomes.move < np.minimum(death, world.leaves)
    return np.where((death <= world.data_end) & ~left, death + exits, np.inf)


def _rows(child, removal, discharge, reason, household=None) -> pd.DataFrame:
    household = np.full(len(child), None, dtype=object) if household is None else household
    return pd.DataFrame(
        {
            "child_id": child,
            "removal": np.asarray(removal, dtype=float),
            "discharge": np.asarray(discharge, dtype=float),
            "discharge_reason": reason,
            "household_id": household,
            "protective": False,
        }
    )


def _earlier(child, group: Children, families, world: World, name: str):
    draw = world.streams(f"earlier discharges {name}")
    window = day(world.scenario.exits[0])
    for number in range(2):
        start, end = (a[group.family, number] for a in (families.prior_start, families.prior_end))
        short = families.prior_short[group.family, number]
        had = start >= 0
        other = draw.choice(
            np.array(["transfer", "other", None], dtype=object), len(had), p=(0.6, 0.36, 0.04)
        )
        home = short | (end < window)
        reason = np.where(home, "reunification", other)
        yield _rows(child[had], start[had], end[had], reason[had])


def _index_episodes(world: World, ids: Identifiers):
    population, exits = world.population, world.population.children
    removal = population.families.removal[exits.family]
    ended = exits.exit <= day(world.scenario.data_through)
    discharge = np.where(ended, exits.exit, np.inf)
    reason = np.where(ended, exit_type_names(exits.exit_type), None)
    household = np.where(ended, ids.household[population.household], None)
    draw = world.streams("recorded spells")
    kind = draw.random(len(removal))
    place = draw.random(len(removal))
    stay = exits.exit - removal
    middle = removal + 2 + (place * (stay - 5)).astype("int64")
    split = (kind < SPLIT_SPELLS) & ended
    nested = (kind > 1 - OVERLAPPING_SPELLS) & ended
    begin = np.where(split, middle + 1, removal)
    yield _rows(ids.child, begin, discharge, reason, household)
    returned = draw.random(len(removal)) < 0.5
    first_reason = np.where(returned, "reunification", "other").astype(object)
    first_home = np.where(returned, household, None)
    yield _rows(
        ids.child[split], removal[split], middle[split], first_reason[split], first_home[split]
    )
    inner = np.minimum(middle + 3, exits.exit - 1)
    transfer = np.full(len(removal), "transfer", dtype=object)
    yield _rows(ids.child[nested], (removal + 1)[nested], inner[nested], transfer[nested])


def _reentries(world: World, ids: Identifiers):
    """Re-entry episodes, and after a second exit perhaps one more."""
    exits, happened = world.population.children, world.outcomes
    draw = world.streams("later episodes")
    count, data_through = len(exits.exit), day(world.scenario.data_through)
    adult, death = birthday(exits.birth, 18), happened.death + exits.exit
    home = ids.household[world.population.household]
    again = happened.reentry <= world.seen_until
    removal = np.where(again, happened.reentry + exits.exit, np.inf)
    reasons = np.array(
        ["reunification", "relative", "guardianship", "adoption", "transfer", "other"],
        dtype=object,
    )
    for _ in range(2):
        stay = np.clip(210 * np.exp(1.0 * draw.standard_normal(count)), 1, 1500) // 1
        reason = draw.choice(reasons, count, p=(0.58, 0.1, 0.12, 0.1, 0.06, 0.04))
        discharge = removal + stay
        reason = np.where(discharge >= adult, "emancipation", reason)
        discharge = np.minimum(discharge, adult)
        reason = np.where(death <= discharge, "death", reason)
        discharge = np.minimum(discharge, death)
        closed = discharge <= data_through
        household = np.where(closed & (reason == "reunification"), home, None)
        yield _rows(
            ids.child[again],
            removal[again],
            np.where(closed, discharge, np.inf)[again],
            np.where(closed, reason, None)[again],
            household[again],
        )
        gone = np.isin(reason, ["reunification", "relative", "guardianship"])
        removal = discharge + 30 + draw.exponential(2500, count) // 1
        again = again & closed & gone & (removal < np.minimum(adult, death))
        again &= removal <= data_through


def _stays(child, group: Children, families, world: World, name: str, short_share: float):
    """Stays that did not end in permanency: still open, ended otherwise, or very short."""
    draw = world.streams(f"stays {name}")
    count, data_through = len(child), day(world.scenario.data_through)
    removal = families.removal[group.family]
    adult = birthday(group.birth, 18)
    stay = np.clip(500 * np.exp(0.8 * draw.standard_normal(count)), 9, 4000) // 1
    reason = draw.choice(
        np.array(["open", "transfer", "other", "none"], dtype=object),
        count,
        p=(0.6, 0.22, 0.14, 0.04),
    )
    runaway = (reason == "other") & (removal + stay - group.birth > 13 * 365.25)
    reason = np.where(runaway, "runaway", reason)
    discharge = np.where(reason == "open", np.inf, removal + stay)
    reason = np.where(discharge >= adult, "emancipation", reason)
    discharge = np.minimum(discharge, adult)
    short = draw.random(count) < short_share
    brief = removal + draw.integers(1, 8, count)
    discharge = np.where(short, np.minimum(brief, adult), discharge)
    reason = np.where(short, "reunification", reason)
    closed = discharge <= data_through
    reason = np.where(closed & (reason != "none"), reason, None)
    rows = _rows(child, removal, np.where(closed, discharge, np.inf), reason)
    return rows.assign(protective=short)


def _joined(first: Children, second: Children) -> Children:
    return Children(
        **{name: np.concatenate([a, getattr(second, name)]) for name, a in vars(first).items()}
    )


def _boolean(values: np.ndarray) -> np.ndarray:
    return np.where(values, "true", "false").astype(object)
