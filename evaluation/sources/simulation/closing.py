"""The end of support: the day it closes, and the meetings and assessments owed before.

Everything here draws from streams of its own, so what was simulated before stays as it was.
"""

import numpy as np
import pandas as pd

from evaluation.sources.simulation.casework import (
    SUPPORT_DAYS,
    Homes,
    documented,
    household_rows,
)
from evaluation.sources.simulation.identifiers import Identifiers
from evaluation.sources.simulation.world import World


def completed(homes: Homes) -> np.ndarray:
    """Return whether support went on for the whole window."""
    return homes.ends == homes.begins + SUPPORT_DAYS


def closing_days(homes: Homes) -> np.ndarray:
    """Return the day support closes: the anniversary, or when no child is at home any more."""
    begins = pd.Series(homes.begins.astype("datetime64[D]"))
    year = (begins + pd.DateOffset(months=12)).to_numpy().astype("datetime64[D]").astype("int64")
    return np.where(completed(homes), year, homes.ends).astype(float)


def _staffings(world: World, homes: Homes) -> np.ndarray:
    """Return the day of each household's staffing at closure; infinite if none."""
    draw, on = world.streams("closing staffings"), closing_days(homes)
    day = on - draw.integers(0, 15, len(homes))
    held = draw.random(len(homes)) < world.scenario.practice.closure_staffing
    return np.where(held & (on <= homes.seen) & (day > homes.begins), day, np.inf)


def closing_meetings(world: World, homes: Homes) -> pd.DataFrame:
    """Draw family team meetings in the month before closure, and staffings at closure."""
    rates, draw = world.scenario.practice, world.streams("closing meetings")
    count, on = len(homes), closing_days(homes)
    met = on - draw.integers(0, 31, count)
    has = (draw.random(count) < rates.closure_meeting) & (on <= homes.seen)
    staffed = _staffings(world, homes)
    whole = draw.random(count) < rates.staffing_roles
    reviewed = draw.random(count) < rates.closure_review
    parts = [
        household_rows(
            homes,
            has,
            meeting_type="family_team",
            meeting_date=met,
            attendees="mother;child;case_manager",
            topics="hand_over;external_supports",
        ),
        household_rows(
            homes,
            np.isfinite(staffed),
            meeting_type="staffing_closure",
            meeting_date=staffed,
            attendees=np.where(
                whole, "case_manager;supervisor;program_manager", "case_manager;supervisor"
            ).astype(object),
            topics=np.where(
                reviewed, "hand_over;formal_supports;informal_supports", "participation"
            ).astype(object),
        ),
    ]
    rows = pd.concat(parts, ignore_index=True)
    rows["requested_date"] = np.inf
    rows["entered_date"] = documented(
        rows["meeting_date"].to_numpy(), rates.documented_in_time, draw, homes.seen
    )
    return rows.assign(requested_by=None)


def closing_cans(world: World, homes: Homes, ids: Identifiers) -> pd.DataFrame:
    """Draw CANS on children in the fortnight before the staffing that closes a whole window."""
    rates, draw = world.scenario.practice, world.streams("closing cans")
    place = np.full(world.population.households, -1)
    place[homes.household] = np.arange(len(homes))
    home = place[world.population.household]
    staffed = np.where(completed(homes), _staffings(world, homes), np.inf)
    on = np.where(home >= 0, staffed[home], np.inf) - draw.integers(1, 15, len(home))
    leaves = world.population.children.exit + world.leaves
    kept = (draw.random(len(home)) < rates.cans) & np.isfinite(on) & (on < leaves)
    rows = pd.DataFrame(
        {
            "household_id": None,
            "family_id": None,
            "child_id": ids.child[kept],
            "instrument": "cans",
            "occasion": "before_staffing",
            "assessment_date": on[kept],
            "score": np.round(draw.gamma(3.0, 5.0, len(home)))[kept],
        }
    )
    entered = documented(on[kept], rates.documented_in_time, draw, homes.seen)
    return rows.assign(entered_date=entered)
