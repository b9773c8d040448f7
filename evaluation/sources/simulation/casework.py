"""Casework around a return home: contacts, meetings, assessments and other dated facts.

Every table draws from streams of its own, so a simulated agency has the same children,
services and outcomes whether or not anybody asks how support was delivered.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.sources.simulation.calendar_days import day
from evaluation.sources.simulation.identifiers import Identifiers
from evaluation.sources.simulation.world import World

WEEKLY_CONTACTS = 8
MONTHLY_CONTACTS = 10
HALF_YEAR = 182
SUPPORT_DAYS = 365
REFUSALS = 0.06
CHANGES = 0.25
CONTACT_TYPES = ("face_to_face", "home_visit", "phone", "video", "mail", "email", "collateral")
CONTACT_SHARES = (0.30, 0.30, 0.22, 0.06, 0.02, 0.06, 0.04)


@dataclass(frozen=True)
class Homes:
    """Households whose children were reunified; dates are days since 1970-01-01.

    ``begins`` is the day the last child came home, ``ends`` the first day on which
    support can have ended: after a year, or when every child has left or the household
    has moved away. ``seen`` is the last day on record.
    """

    household: np.ndarray
    name: np.ndarray
    first_return: np.ndarray
    begins: np.ndarray
    ends: np.ndarray
    seen: int

    def __len__(self) -> int:
        return len(self.household)


def reunified_homes(world: World, ids: Identifiers) -> Homes:
    """Return the households children were reunified with, by household number."""
    population, happened = world.population, world.outcomes
    exits = population.children.exit
    order = np.flatnonzero(population.household_exit_type == 0)
    begins = np.zeros(population.households, dtype="int64")
    np.maximum.at(begins, population.household, exits)
    left = np.zeros(population.households)
    np.maximum.at(left, population.household, np.minimum(world.leaves, happened.move) + exits)
    seen = day(world.scenario.data_through)
    kept = order[begins[order] <= seen]
    return Homes(
        household=kept,
        name=ids.household[kept],
        first_return=exits[population.first_child[kept]],
        begins=begins[kept],
        ends=np.minimum(begins[kept] + SUPPORT_DAYS, left[kept]).astype("int64"),
        seen=seen,
    )


def household_rows(
    homes: Homes, kept: np.ndarray, **columns: np.ndarray | str | float
) -> pd.DataFrame:
    """Return rows that name households; arrays are cut to those kept."""
    chosen = {
        name: value[kept] if isinstance(value, np.ndarray) else value
        for name, value in columns.items()
    }
    frame = pd.DataFrame({"household_id": homes.name[kept]}).assign(child_id=None, family_id=None)
    return frame.assign(**chosen)


def documented(
    days: np.ndarray, in_time: float, draw: np.random.Generator, seen: int
) -> np.ndarray:
    """Return the day each fact was written down; missing where it was not yet or never.

    In time is within three working days; late is six to twenty working days after.
    """
    count = len(days)
    prompt = draw.random(count) < in_time
    wait = np.where(prompt, draw.integers(0, 4, count), draw.integers(6, 21, count))
    dates = np.asarray(days).astype("int64").astype("datetime64[D]")
    entered = np.busday_offset(dates, wait, roll="backward").astype("int64")
    entered = np.maximum(entered, days)
    never = ~prompt & (draw.random(count) < 0.1)
    return np.where(never | (entered > seen), np.inf, entered)


def contacts(world: World, homes: Homes) -> pd.DataFrame:
    """Draw contacts: weekly at first, then monthly, while support goes on."""
    rates, draw = world.scenario.practice, world.streams("casework contacts")
    count = len(homes)
    begins = [7 * week for week in range(WEEKLY_CONTACTS)]
    begins += [60 + 30 * month for month in range(MONTHLY_CONTACTS)]
    spans = [7] * WEEKLY_CONTACTS + [30] * MONTHLY_CONTACTS
    shares = [rates.weekly_contact] * WEEKLY_CONTACTS + [rates.monthly_contact] * MONTHLY_CONTACTS
    parts = []
    for begin, span, share in zip(begins, spans, shares, strict=True):
        on = homes.begins + begin + draw.integers(0, span, count)
        happens = (draw.random(count) < share) & (on < homes.ends) & (on <= homes.seen)
        reached = np.where(draw.random(count) < 0.9, "true", "false").astype(object)
        kind = draw.choice(np.array(CONTACT_TYPES, dtype=object), count, p=CONTACT_SHARES)
        kind = np.where(reached == "true", kind, "phone").astype(object)
        parts.append(
            household_rows(
                homes,
                happens,
                contact_date=on.astype(float),
                contact_type=kind,
                completed=reached,
                purpose="support",
            )
        )
    parts.append(_efforts(world, homes))
    rows = pd.concat(parts, ignore_index=True)
    worker = pd.factorize(rows["household_id"])[0] % 40
    rows["worker_id"] = [f"W{number:03d}" for number in worker]
    rows["entered_date"] = documented(
        rows["contact_date"].to_numpy(), rates.documented_in_time, draw, homes.seen
    )
    return rows


def refusals(world: World, homes: Homes) -> np.ndarray:
    """Return the day each household refused further support; infinite if it did not."""
    draw = world.streams("casework refusals")
    on = homes.begins + draw.integers(150, 300, len(homes))
    refused = (draw.random(len(homes)) < REFUSALS) & (on < homes.ends) & (on <= homes.seen)
    return np.where(refused, on, np.inf)


def _efforts(world: World, homes: Homes) -> pd.DataFrame:
    """Documented efforts in the weeks after a refusal."""
    draw = world.streams("casework efforts")
    after = refusals(world, homes) + draw.integers(3, 28, len(homes))
    tried = draw.random(len(homes)) < world.scenario.practice.effort_after_refusal
    kept = tried & (after <= homes.seen)
    return household_rows(
        homes,
        kept,
        contact_date=after,
        contact_type="phone",
        completed="false",
        purpose="engagement_effort",
    )


def _around_return(
    homes: Homes, share: float, draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return a day in the month before the first return (earlier where missed), and who has one."""
    count = len(homes)
    in_time = draw.random(count) < share
    ahead = np.where(in_time, draw.integers(1, 31, count), draw.integers(35, 70, count))
    return homes.first_return - ahead, in_time | (draw.random(count) < 0.5)


def half_year_staffings(world: World, homes: Homes) -> np.ndarray:
    """Return the day of each household's staffing at six months; infinite if none."""
    draw = world.streams("casework staffings")
    on = homes.begins + HALF_YEAR + draw.integers(-20, 21, len(homes))
    held = draw.random(len(homes)) < world.scenario.practice.staffing
    return np.where(held & (on < homes.ends) & (on <= homes.seen), on, np.inf)


def meetings(world: World, homes: Homes) -> pd.DataFrame:
    """Draw family team meetings and staffings with those who took part."""
    rates, draw = world.scenario.practice, world.streams("casework meetings")
    count = len(homes)
    before, has = _around_return(homes, rates.meeting_before_return, draw)
    family = np.where(draw.random(count) < 0.6, "mother;father;child", "mother").astype(object)
    parts = [
        household_rows(
            homes,
            has,
            meeting_type="family_team",
            meeting_date=before.astype(float),
            attendees=family + ";relative;case_manager",
            topics="safety;external_supports",
        )
    ]
    staffed = half_year_staffings(world, homes)
    whole = draw.random(count) < rates.staffing_roles
    parts.append(
        household_rows(
            homes,
            np.isfinite(staffed),
            meeting_type="staffing_six_month",
            meeting_date=staffed,
            attendees=np.where(
                whole, "case_manager;supervisor;program_manager", "case_manager;supervisor"
            ).astype(object),
            topics="participation;external_supports;contact_frequency",
        )
    )
    asked = homes.begins + draw.integers(20, 300, count)
    asks = (draw.random(count) < 0.1) & (asked < homes.ends) & (asked <= homes.seen)
    held = asked + draw.integers(2, 25, count)
    answered = (draw.random(count) < 0.85) & (held <= homes.seen)
    parts.append(
        household_rows(
            homes,
            asks,
            meeting_type="family_team",
            requested_date=asked.astype(float),
            requested_by="family",
            meeting_date=np.where(answered, held, np.inf),
            attendees=np.where(answered, "mother;case_manager", None),
            topics=np.where(answered, "external_supports", None),
        )
    )
    rows = pd.concat(parts, ignore_index=True)
    rows["requested_date"] = rows["requested_date"].astype(float).fillna(np.inf)
    on = rows["meeting_date"].to_numpy()
    written = documented(
        np.where(np.isfinite(on), on, 0), rates.documented_in_time, draw, homes.seen
    )
    rows["entered_date"] = np.where(np.isfinite(on), written, np.inf)
    return rows


def assessments(world: World, homes: Homes, ids: Identifiers) -> pd.DataFrame:
    """Draw safety analyses, readiness, and CANS for each child at home."""
    rates, draw = world.scenario.practice, world.streams("casework assessments")
    parts = []
    for instrument, share in (
        ("safety_analysis", rates.safety_before_return),
        ("readiness", 0.6),
    ):
        on, has = _around_return(homes, share, draw)
        about = {"instrument": instrument, "occasion": "prior_to_reunification", "score": np.nan}
        parts.append(household_rows(homes, has, assessment_date=on.astype(float), **about))
    changed = changes(world, homes)
    on = changed + draw.integers(0, 6, len(homes))
    done = (draw.random(len(homes)) < 0.8) & (on <= homes.seen)
    about = {"instrument": "safety_assessment", "occasion": "change_of_circumstances"}
    parts.append(household_rows(homes, done, assessment_date=on, score=np.nan, **about))
    parts.append(_cans(world, homes, ids))
    rows = pd.concat(parts, ignore_index=True)
    rows["entered_date"] = documented(
        rows["assessment_date"].to_numpy(), rates.documented_in_time, draw, homes.seen
    )
    return rows


def _cans(world: World, homes: Homes, ids: Identifiers) -> pd.DataFrame:
    """One row for each child in the fortnight before the staffing at six months."""
    draw = world.streams("casework cans")
    place = np.full(world.population.households, -1)
    place[homes.household] = np.arange(len(homes))
    home = place[world.population.household]
    staffed = np.where(home >= 0, half_year_staffings(world, homes)[home], np.inf)
    on = staffed - draw.integers(1, 15, len(home))
    exits = world.population.children.exit
    done = draw.random(len(home)) < world.scenario.practice.cans
    kept = done & np.isfinite(on) & (on < exits + world.leaves)
    return pd.DataFrame(
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


def changes(world: World, homes: Homes) -> np.ndarray:
    """Return the day each household's circumstances changed; infinite if they did not."""
    draw = world.streams("casework changes")
    on = homes.begins + draw.integers(10, 330, len(homes))
    happened = (draw.random(len(homes)) < CHANGES) & (on < homes.ends) & (on <= homes.seen)
    return np.where(happened, on, np.inf)


def case_events(world: World, homes: Homes, ids: Identifiers) -> pd.DataFrame:
    """Draw designations, agreements, refusals, changes, allegations and what followed them."""
    rates, draw = world.scenario.practice, world.streams("casework events")
    count = len(homes)

    def fact(kind: str, on: np.ndarray, share: float) -> pd.DataFrame:
        kept = (draw.random(count) < share) & np.isfinite(on) & (on <= homes.seen)
        return household_rows(homes, kept, event_type=kind, event_date=np.asarray(on, dtype=float))

    late = np.where(draw.random(count) < 0.8, 0, draw.integers(1, 40, count))
    parts = [
        fact("designated_permanency_support", homes.begins + late, 0.97),
        fact("support_agreement", homes.begins + draw.integers(0, 21, count), 0.7),
        fact("point_person_named", homes.first_return - draw.integers(0, 20, count), 0.8),
        fact("refusal", refusals(world, homes), 1.0),
        fact("change_of_circumstances", changes(world, homes), 1.0),
        *_allegations(world, homes, ids, draw, rates.allegation_reported, rates.protective_action),
    ]
    rows = pd.concat(parts, ignore_index=True)
    rows["entered_date"] = documented(
        rows["event_date"].to_numpy(), rates.documented_in_time, draw, homes.seen
    )
    return rows.assign(note=None)


def _allegations(
    world: World,
    homes: Homes,
    ids: Identifiers,
    draw: np.random.Generator,
    reported: float,
    protected: float,
) -> list[pd.DataFrame]:
    """Allegations a worker learned of: those called in are the reports on record."""
    happened, exits = world.outcomes, world.population.children.exit
    known = np.zeros(world.population.households, dtype=bool)
    known[homes.household] = True
    first = np.minimum(happened.substantiated[:, 0], happened.unsubstantiated[:, 0])
    called = first <= np.minimum.reduce([world.leaves, world.seen_until, np.full(len(exits), 365)])
    called &= known[world.population.household]
    silent = ~called & known[world.population.household]
    silent &= draw.random(len(exits)) < called.mean() * (1 - reported) / reported
    quiet = np.floor(draw.random(len(exits)) * 300) + 5
    silent &= quiet <= np.minimum(world.leaves, world.seen_until)
    on = np.where(called, first, quiet) + exits
    learned = called | silent
    acted = learned & (draw.random(len(exits)) < protected)
    plans = np.array(["protective_plan", "in_home_safety_plan"], dtype=object)
    plan = plans[draw.integers(0, 2, len(exits))]

    def rows(kept: np.ndarray, kind: Callable[[np.ndarray], object]) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "household_id": None,
                "family_id": None,
                "child_id": ids.child[kept],
                "event_type": kind(kept),
                "event_date": on[kept],
            }
        )

    return [rows(learned, lambda _: "new_allegation"), rows(acted, lambda kept: plan[kept])]
