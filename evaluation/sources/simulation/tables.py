"""From a world to the contract's tables."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from evaluation.errors import StudyError
from evaluation.sources.simulation.calendar_days import iso
from evaluation.sources.simulation.care import care_tables
from evaluation.sources.simulation.care_work import care_work_tables
from evaluation.sources.simulation.casework import (
    assessments,
    case_events,
    contacts,
    meetings,
    reunified_homes,
)
from evaluation.sources.simulation.closing import closing_cans, closing_meetings
from evaluation.sources.simulation.defects import add_defects
from evaluation.sources.simulation.delivery import service_tables
from evaluation.sources.simulation.episodes import children_table, removals_table
from evaluation.sources.simulation.identifiers import Identifiers, identify, numbered
from evaluation.sources.simulation.incidents import (
    disruptions_table,
    maltreatment_table,
    moves_table,
)
from evaluation.sources.simulation.scenario import Scenario
from evaluation.sources.simulation.truth import Truth
from evaluation.sources.simulation.world import World, simulate_world

COLUMNS = {
    "children": (
        "child_id family_id birth_date death_date sex race_ethnicity tribal_membership disability "
        "disability_intellectual disability_emotional disability_physical disability_sensory"
    ),
    "removals": (
        "removal_id child_id removal_date discharge_date discharge_reason removal_reasons custody "
        "agency county household_id"
    ),
    "placements": (
        "placement_id child_id removal_id start_date end_date type provider kin trial_home_visit "
        "distance_miles with_siblings county household_id end_reason"
    ),
    "maltreatment_reports": (
        "allegation_id report_id child_id report_date incident_date disposition_date disposition "
        "maltreatment_type reporter_source perpetrator_relation"
    ),
    "services": (
        "service_id child_id family_id household_id program referral_date start_date end_date "
        "end_reason units provider voluntary"
    ),
    "assignments": (
        "assignment_id child_id family_id household_id program kind arm assignment_date site score "
        "accepted accepted_date"
    ),
    "disruptions": "disruption_id child_id disruption_date type reason",
    "legal_orders": (
        "order_id child_id family_id household_id type start_date end_date end_reason court "
        "end_known_on known_on"
    ),
    "closures": (
        "closure_id child_id family_id household_id program closure_date reason reason_text "
        "consultation_date last_contact_date move_evidence care_ensured"
    ),
    "moves_out": "move_id child_id family_id household_id move_date destination",
    "contacts": (
        "contact_id child_id family_id household_id contact_date contact_type completed purpose "
        "entered_date worker_id"
    ),
    "meetings": (
        "meeting_id child_id family_id household_id meeting_type requested_date requested_by "
        "meeting_date attendees topics entered_date"
    ),
    "assessments": (
        "assessment_id child_id family_id household_id instrument occasion assessment_date score "
        "entered_date"
    ),
    "case_events": (
        "event_id child_id family_id household_id event_type event_date entered_date note"
    ),
    "permanency_goals": "goal_id child_id goal set_date end_date concurrent",
    "visits": "visit_id child_id visit_date visit_with kept",
    "family_finding": (
        "search_id child_id search_date side relatives_found considered_for_placement"
    ),
    "school_moves": "school_move_id child_id move_date reason",
    "benefits": "benefit_id child_id benefit start_date end_date monthly_amount",
}


@dataclass(frozen=True)
class SimulatedTables:
    """Contract tables of a simulated agency and the truth behind them.

    Parameters
    ----------
    frames : dict of str to pandas.DataFrame
        Contract tables, every field as text (dates in ISO form), missing values NA.
    truth : Truth
        What the simulator knows.
    """

    frames: dict[str, pd.DataFrame]
    truth: Truth


def records(world: World, ids: Identifiers) -> dict[str, pd.DataFrame]:
    """Return the contract tables of a world, without errors, every field as text."""
    removals = removals_table(world, ids)
    removals["removal_id"] = numbered("E", len(removals))
    tables = {
        "children": children_table(world, ids),
        "removals": removals,
        "maltreatment_reports": maltreatment_table(world, ids),
    }
    if world.scenario.programs:
        tables["services"], tables["assignments"] = service_tables(world, ids)
    tables["disruptions"] = disruptions_table(world, ids)
    tables["moves_out"] = moves_table(world, ids)
    tables |= care_tables(world, ids, removals)
    tables |= casework_tables(world, ids)
    tables |= care_work_tables(world, ids)
    return {name: _as_text(table[COLUMNS[name].split()]) for name, table in tables.items()}


def casework_tables(world: World, ids: Identifiers) -> dict[str, pd.DataFrame]:
    """Return the tables of contacts, meetings, assessments and case events."""
    homes = reunified_homes(world, ids)
    made = {
        "contacts": (contacts(world, homes), "contact", "N"),
        "meetings": (_both(meetings(world, homes), closing_meetings(world, homes)), "meeting", "G"),
        "assessments": (
            _both(assessments(world, homes, ids), closing_cans(world, homes, ids)),
            "assessment",
            "T",
        ),
        "case_events": (case_events(world, homes, ids), "event", "V"),
    }
    return {name: _finished(rows, *about) for name, (rows, *about) in made.items()}


def _finished(rows: pd.DataFrame, name: str, prefix: str) -> pd.DataFrame:
    dates = [column for column in rows if column.endswith("_date")]
    order = [f"{name}_date", "household_id", "child_id"]
    rows = rows.sort_values(order, kind="stable", ignore_index=True)
    rows[f"{name}_id"] = numbered(prefix, len(rows))
    return rows.assign(**{column: iso(rows[column]) for column in dates})


def _both(first: pd.DataFrame, then: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([first, then], ignore_index=True)


def simulate_tables(children: int = 20_000, seed: int = 1, **arguments: Any) -> SimulatedTables:
    """Simulate an agency's records.

    Parameters
    ----------
    children : int
        Children who exit to permanency inside the window, about; children who do not
        exit so come on top.
    seed : int
        Seed: the same seed and arguments give the same tables, byte for byte.
    **arguments
        Parameters of :class:`Scenario`.

    Returns
    -------
    SimulatedTables

    Raises
    ------
    StudyError
        If an argument is unknown or its value cannot be.
    """
    if children < 1:
        raise StudyError(f"children is {children}: ask for at least one.")
    scenario = Scenario.from_arguments(**arguments)
    world = simulate_world(scenario, children, seed)
    ids = identify(world)
    frames = records(world, ids)
    listed = None
    if scenario.dirty > 0:
        frames, listed = add_defects(frames, scenario.dirty, world.streams)
    return SimulatedTables(frames, Truth(world, ids, listed))


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    return table.reset_index(drop=True).astype("string")
