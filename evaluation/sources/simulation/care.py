"""Settings of a stay, court orders and closures of support.

Every table draws from streams of its own: the children, services and outcomes of an agency
are the same whether or not anybody asks where they lived or which orders bound them.
"""

import numpy as np
import pandas as pd

from evaluation.sources.simulation.calendar_days import day, iso
from evaluation.sources.simulation.casework import documented, reunified_homes
from evaluation.sources.simulation.closing import closing_days, completed
from evaluation.sources.simulation.identifiers import Identifiers, numbered
from evaluation.sources.simulation.world import World

SETTINGS = (
    "foster_home",
    "relative_foster_home",
    "therapeutic_foster_home",
    "group_home",
    "shelter",
    "residential_treatment",
    "hospital",
    "runaway",
    "unknown",
)
SETTING_SHARES = (0.42, 0.33, 0.06, 0.06, 0.05, 0.03, 0.02, 0.02, 0.01)
MOVES_PER_YEAR = 1.2
MOST_SETTINGS = 5
VISITS = 0.25
VISIT_DAYS = (14, 46)
VISITS_FROM_DAYS = 90
ORDERS = 0.75
ORDERS_THAT_GO_ON = 0.6


def care_tables(world: World, ids: Identifiers, removals: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the tables of placements, legal orders and closures.

    Parameters
    ----------
    world : World
    ids : Identifiers
    removals : pandas.DataFrame
        From `removals_table`, with ``removal_id``.
    """
    return {
        "placements": _placements(world, removals),
        "legal_orders": _orders(world, ids),
        "closures": _closures(world, ids),
    }


def _placements(world: World, removals: pd.DataFrame) -> pd.DataFrame:
    """Settings that follow each other through every stay; at its end perhaps a visit home."""
    draw, count = world.streams("placements"), len(removals)
    seen = day(world.scenario.data_through)
    removal, discharge = removals["removal"].to_numpy(), removals["discharge"].to_numpy()
    still = ~np.isfinite(discharge)
    last = np.where(still, seen + 1, discharge)
    stay = np.maximum(last - removal, 0)
    home = (removals["discharge_reason"] == "reunification").to_numpy() & ~still
    visits = home & (stay >= VISITS_FROM_DAYS) & (draw.random(count) < VISITS)
    visit_from = last - draw.integers(*VISIT_DAYS, count)
    until = np.where(visits, visit_from, last)
    number = np.minimum(1 + draw.poisson(MOVES_PER_YEAR * stay / 365.25), MOST_SETTINGS)
    cuts = np.sort(draw.random((count, MOST_SETTINGS)), axis=1)
    cuts = np.where(np.arange(MOST_SETTINGS) < number[:, None] - 1, cuts, 1.0)
    cuts = np.sort(cuts, axis=1)
    ends = removal[:, None] + np.floor(cuts * (until - removal)[:, None])
    starts = np.column_stack([removal, ends[:, :-1]])
    stays, place = np.nonzero((starts < ends) | (np.arange(MOST_SETTINGS) == 0))
    kinds = draw.choice(np.array(SETTINGS, dtype=object), (count, MOST_SETTINGS), p=SETTING_SHARES)
    rows = pd.DataFrame({"stay": stays, "start": starts[stays, place], "end": ends[stays, place]})
    rows["type"] = kinds[stays, place]
    home_rows = pd.DataFrame({"stay": np.flatnonzero(visits)})
    home_rows["start"], home_rows["end"] = visit_from[visits], last[visits]
    home_rows["type"] = "trial_home_visit"
    rows = pd.concat([rows, home_rows], ignore_index=True)
    rows = rows.sort_values(["stay", "start", "end"], kind="stable", ignore_index=True)
    of = removals.iloc[rows["stay"]].reset_index(drop=True)
    goes_on = still[rows["stay"]] & (rows["end"] > seen).to_numpy()
    final = (rows["stay"] != rows["stay"].shift(-1)).to_numpy()
    visit = (rows["type"] == "trial_home_visit").to_numpy()
    kin = (rows["type"] == "relative_foster_home").to_numpy()
    moved = draw.choice(
        np.array(["caregiver_request", "moved_to_kin", "safety", "provider_closed"], dtype=object),
        len(rows),
    )
    reason = np.where(goes_on, None, np.where(final, "discharged", moved)).astype(object)
    friend = draw.random(len(rows)) < 0.03
    return pd.DataFrame(
        {
            "placement_id": numbered("P", len(rows)),
            "child_id": of["child_id"],
            "removal_id": of["removal_id"],
            "start_date": iso(rows["start"]),
            "end_date": iso(np.where(goes_on, np.inf, rows["end"])),
            "type": rows["type"],
            "provider": np.where(visit, None, "Home " + (rows.index % 400).astype(str)),
            "kin": np.where(kin | (friend & ~visit), "true", "false"),
            "trial_home_visit": np.where(visit, "true", "false"),
            "distance_miles": np.round(draw.gamma(1.5, 12.0, len(rows)), 1),
            "with_siblings": np.where(draw.random(len(rows)) < 0.55, "true", "false"),
            "county": of["county"],
            "household_id": np.where(visit, of["household_id"], None),
            "end_reason": reason,
        }
    )


def _orders(world: World, ids: Identifiers) -> pd.DataFrame:
    """A court order on most children who come home; on some it goes on after the return."""
    draw, exits = world.streams("legal orders"), world.population.children
    count, seen = len(exits.exit), day(world.scenario.data_through)
    removal = world.population.families.removal[exits.family]
    bound = (draw.random(count) < ORDERS) & (exits.exit_type == 0) & (exits.exit <= seen)
    goes_on = draw.random(count) < ORDERS_THAT_GO_ON
    end = exits.exit + np.where(goes_on, draw.integers(30, 400, count), 0)
    over = end <= seen
    reason = draw.choice(np.array(["expired", "dismissed"], dtype=object), count)
    kind = np.where(draw.random(count) < 0.9, "child_protection", "supervision").astype(object)
    start = np.minimum(removal + draw.integers(0, 10, count), exits.exit)
    told = world.streams("legal orders documented")
    in_time = world.scenario.practice.order_documented
    known = documented(start, in_time, told, seen)
    ended = documented(np.where(over, end, seen), in_time, told, seen)
    rows = pd.DataFrame(
        {
            "child_id": ids.child,
            "family_id": None,
            "household_id": None,
            "type": kind,
            "start_date": iso(start),
            "end_date": iso(np.where(over, end, np.inf)),
            "end_reason": np.where(over, reason, None),
            "court": "Circuit court",
            "known_on": iso(known),
            "end_known_on": iso(np.where(over, ended, np.inf)),
        }
    )[bound]
    rows = rows.sort_values(["start_date", "child_id"], kind="stable", ignore_index=True)
    return rows.assign(order_id=numbered("O", len(rows)))


def _closures(world: World, ids: Identifiers) -> pd.DataFrame:
    """A closure of each household's support: after a year, or when the children are gone."""
    draw, homes = world.streams("closures"), reunified_homes(world, ids)
    count = len(homes)
    complete, on = completed(homes), closing_days(homes)
    late = draw.random(count) < 0.03
    consulted = on + np.where(late, draw.integers(1, 10, count), -draw.integers(0, 15, count))
    contact = on - draw.integers(1, 40, count)
    rows = pd.DataFrame(
        {
            "child_id": None,
            "family_id": None,
            "household_id": homes.name,
            "program": None,
            "closure_date": iso(on),
            "reason": np.where(complete, "completed", "other").astype(object),
            "reason_text": np.where(complete, None, "No child of the case at home"),
            "consultation_date": iso(np.where(consulted <= homes.seen, consulted, np.inf)),
            "last_contact_date": iso(contact),
            "move_evidence": None,
            "care_ensured": None,
        }
    )[on <= homes.seen]
    rows = rows.sort_values(["closure_date", "household_id"], kind="stable", ignore_index=True)
    return rows.assign(closure_id=numbered("K", len(rows)))
