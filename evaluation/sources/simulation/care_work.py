"""Work while a child is in care, and benefits after it: goals, visits, searches, schools."""

import numpy as np
import pandas as pd

from evaluation.sources.simulation.calendar_days import day, iso
from evaluation.sources.simulation.identifiers import Identifiers, numbered
from evaluation.sources.simulation.world import World

GOALS = np.array(["reunification", "relative", "guardianship", "adoption"], dtype=object)
VISITED = np.array(["mother", "father", "sibling", "relative", "caseworker"], dtype=object)
VISIT_SHARES = (0.35, 0.2, 0.15, 0.1, 0.2)
VISITS = 4


def care_work_tables(world: World, ids: Identifiers) -> dict[str, pd.DataFrame]:
    """Return permanency goals, visits, family finding, school moves and benefits."""
    removal = world.population.families.removal[world.population.children.family]
    exits = world.population.children.exit
    made = {
        "permanency_goals": (_goals(world, ids, removal, exits), "goal", "set_date", "O"),
        "visits": (_visits(world, ids, removal, exits), "visit", "visit_date", "I"),
        "family_finding": (_searches(world, ids, removal, exits), "search", "search_date", "Q"),
        "school_moves": (_schools(world, ids, removal, exits), "school_move", "move_date", "K"),
        "benefits": (_benefits(world, ids, exits), "benefit", "start_date", "B"),
    }
    return {name: _finished(world, rows, *about) for name, (rows, *about) in made.items()}


def _finished(world: World, rows: pd.DataFrame, name: str, date: str, prefix: str):
    """Keep what was dated by the end of the data, number it, and write its dates."""
    seen = day(world.scenario.data_through)
    rows = rows[rows[date] <= seen].sort_values([date, "child_id"], kind="stable")
    rows = rows.reset_index(drop=True)
    rows[f"{name}_id"] = numbered(prefix, len(rows))
    dates = {each: rows[each].astype(float) for each in rows if each.endswith("_date")}
    return rows.assign(
        **{each: iso(np.where(days > seen, np.inf, days)) for each, days in dates.items()}
    )


def _goals(world: World, ids: Identifiers, removal, exits) -> pd.DataFrame:
    """One goal for each child in care, and for some a second, later or concurrent."""
    draw = world.streams("care goals")
    count, stay = len(exits), exits - removal
    prompt = draw.random(count) < world.scenario.practice.goal_in_time
    wait = np.where(prompt, draw.integers(5, 60, count), draw.integers(61, 150, count))
    set_on = removal + np.minimum(wait, stay)
    reached = GOALS[world.population.children.exit_type]
    first = np.where(draw.random(count) < 0.7, "reunification", reached).astype(object)
    changed = first != reached
    beside = ~changed & (draw.random(count) < 0.25)
    later = set_on + np.floor(draw.random(count) * (exits - set_on)).astype("int64")
    second_on = np.where(beside, set_on, later)
    both = pd.DataFrame(
        {
            "child_id": ids.child,
            "goal": first,
            "set_date": set_on,
            "end_date": np.where(changed, later, exits),
            "concurrent": "false",
        }
    )
    second = pd.DataFrame(
        {
            "child_id": ids.child,
            "goal": np.where(changed, reached, "guardianship"),
            "set_date": second_on,
            "end_date": exits,
            "concurrent": np.where(beside, "true", "false"),
        }
    )
    return pd.concat([both, second[changed | beside]], ignore_index=True)


def _visits(world: World, ids: Identifiers, removal, exits) -> pd.DataFrame:
    draw = world.streams("care visits")
    parts = []
    for _ in range(VISITS):
        on = exits - draw.integers(1, 120, len(exits))
        kept = draw.random(len(exits)) < world.scenario.practice.visits_kept
        rows = pd.DataFrame(
            {
                "child_id": ids.child,
                "visit_date": on,
                "visit_with": draw.choice(VISITED, len(exits), p=VISIT_SHARES),
                "kept": np.where(kept, "true", "false"),
            }
        )
        parts.append(rows[on > removal])
    return pd.concat(parts, ignore_index=True)


def _searches(world: World, ids: Identifiers, removal, exits) -> pd.DataFrame:
    draw = world.streams("care family finding")
    count = len(exits)
    found = draw.poisson(1.5, count)
    considered = (found > 0) & (draw.random(count) < 0.6)
    side = draw.choice(np.array(["maternal", "paternal", "both"], dtype=object), count)
    rows = pd.DataFrame(
        {
            "child_id": ids.child,
            "search_date": removal + np.minimum(draw.integers(0, 60, count), exits - removal),
            "side": side,
            "relatives_found": found,
            "considered_for_placement": np.where(considered, "true", "false"),
        }
    )
    return rows[draw.random(count) < 0.7]


def _schools(world: World, ids: Identifiers, removal, exits) -> pd.DataFrame:
    draw = world.streams("care school moves")
    age = world.population.age_at_exit
    reason = draw.choice(
        np.array(["placement_change", "return_home", "grade_change", "other"], dtype=object),
        len(exits),
        p=(0.4, 0.3, 0.2, 0.1),
    )
    on = np.where(reason == "return_home", exits, removal)
    rows = pd.DataFrame({"child_id": ids.child, "move_date": on + 3, "reason": reason})
    return rows[(age >= 5) & (draw.random(len(exits)) < 0.5)]


def _benefits(world: World, ids: Identifiers, exits) -> pd.DataFrame:
    draw = world.streams("care benefits")
    kind = world.population.children.exit_type
    ends = np.minimum(world.leaves, world.outcomes.move) + exits
    paid = np.isin(kind, (2, 3)) & (draw.random(len(exits)) < 0.7)
    rows = pd.DataFrame(
        {
            "child_id": ids.child,
            "benefit": np.where(kind == 2, "guardianship_assistance", "adoption_assistance"),
            "start_date": exits,
            "end_date": np.maximum(ends, exits),
            "monthly_amount": np.round(draw.normal(600.0, 90.0, len(exits)).clip(200), 0),
        }
    )
    return rows[paid]
