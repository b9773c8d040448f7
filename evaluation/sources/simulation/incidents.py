"""The tables of maltreatment reports, disruptions and moves out."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from evaluation.sources.simulation.calendar_days import day, iso
from evaluation.sources.simulation.identifiers import Identifiers, numbered
from evaluation.sources.simulation.world import World

LONGEST_INVESTIGATION = 60
TYPES = ("neglect", "physical_abuse", "psychological_abuse", "sexual_abuse", "medical_neglect")
TYPE_SHARES = (0.66, 0.16, 0.08, 0.05, 0.05)
REPORTERS = (
    "education",
    "law_enforcement",
    "social_services",
    "medical",
    "mental_health",
    "relative",
    "friend_neighbor",
    "anonymous",
    "service_provider",
    "other",
)
REPORTER_SHARES = (0.20, 0.20, 0.11, 0.10, 0.06, 0.07, 0.05, 0.08, 0.07, 0.06)
PERPETRATORS = ("parent", "other_relative", "partner_of_parent", "other", "unknown")
PERPETRATOR_SHARES = (0.78, 0.07, 0.06, 0.04, 0.05)
FOUND = np.array(["substantiated", "indicated"], dtype=object)
NOT_FOUND = np.array(
    ["unsubstantiated", "alternative_response", "closed_no_finding", "intentionally_false"],
    dtype=object,
)


def maltreatment_table(world: World, ids: Identifiers) -> pd.DataFrame:
    """Return the allegations: before removals, in care, and after exits.

    Reports that precede a removal name every child then removed; the others name one
    child. Three reports in ten hold a second allegation. Findings not yet made when the
    records end are empty.
    """
    reports = pd.concat([*_history(world, ids), *reports_after_exit(world, ids)], ignore_index=True)
    reports = reports.sort_values(["report", "group", "child_id"], ignore_index=True)
    reports = _reported(reports, world)
    draw = world.streams("second allegations")
    again = reports[draw.random(len(reports)) < 0.3].copy()
    again["maltreatment_type"] = draw.choice(
        np.array(["psychological_abuse", "neglect", "other"], dtype=object), len(again)
    )
    unsure = draw.random(len(again)) < 0.4
    again.loc[unsure & again["disposition"].isin(FOUND), "disposition"] = "unsubstantiated"
    table = pd.concat([reports, again], ignore_index=True)
    table = table.sort_values(["report_id", "child_id"], kind="stable", ignore_index=True)
    table["allegation_id"] = numbered("L", len(table))
    return table


def _report(child, birth, on, finding, group) -> pd.DataFrame:
    """Return reports: finding is found, not found or screened out; group joins rows."""
    frame = {"child_id": child, "birth": birth, "report": on, "finding": finding, "group": group}
    return pd.DataFrame(frame)


def _history(world: World, ids: Identifiers):
    """Reports that led to removals, and reports while in care."""
    population, children = world.population, world.population.children
    draw = world.streams("earlier reports")
    families = population.families
    count = len(families.removal)
    removals = [families.removal, *families.prior_start.T]
    for number, removal in enumerate(removals):
        reported = (draw.random(count) < 0.8) & (removal >= 0)
        on = removal - draw.integers(0, 11, count)
        found = np.where(draw.random(count) < 0.7, "found", "not found").astype(object)
        has = reported[children.family]
        family = children.family[has]
        on_child = np.maximum(on[family], children.birth[has])
        group = [f"removal {number} {f} {d}" for f, d in zip(family, on_child, strict=True)]
        yield _report(ids.child[has], children.birth[has], on_child, found[family], group)
    in_care = draw.random(len(children.family)) < 0.012
    start = families.removal[children.family]
    on = start + 1 + (draw.random(len(start)) * (children.exit - start - 2)).astype("int64")
    has = in_care & (on <= day(world.scenario.data_through))
    found = np.where(draw.random(len(start)) < 0.3, "found", "not found").astype(object)
    group = [f"care {child}" for child in np.flatnonzero(has)]
    yield _report(ids.child[has], children.birth[has], on[has], found[has], group)


def reports_after_exit(world: World, ids: Identifiers) -> Iterator[pd.DataFrame]:
    """Yield the reports on children at home, kind by kind: child_id, report (day), finding."""
    children, happened = world.population.children, world.outcomes
    home_until = np.minimum(world.leaves, world.seen_until)

    def rows(days, finding, kind, group=None):
        seen = days <= home_until
        chosen = np.flatnonzero(seen)
        on = (days[chosen] + children.exit[chosen]).astype("int64")
        of = chosen if group is None else group[chosen]
        labels = [f"{kind} {g} {d}" for g, d in zip(of, on, strict=True)]
        value = finding[chosen] if isinstance(finding, np.ndarray) else finding
        return _report(ids.child[chosen], children.birth[chosen], on, value, labels)

    for column in range(happened.substantiated.shape[1]):
        yield rows(happened.substantiated[:, column], "found", f"s{column}")
        yield rows(happened.unsubstantiated[:, column], "not found", f"u{column}")
        yield rows(happened.unfounded[:, column], "not found", f"f{column}")
    linked = np.where(happened.removal_report_substantiated, "found", "not found").astype(object)
    yield rows(happened.removal_report, linked, "linked", happened.trigger)
    yield rows(happened.crisis, "not found", "crisis", world.population.household)
    draw = world.streams("screened out")
    screened_out = np.ceil(draw.exponential(20_000, len(children.exit)))
    yield rows(screened_out, "screened out", "out")


def _reported(reports: pd.DataFrame, world: World) -> pd.DataFrame:
    """Give each report its identifier, particulars and finding; each child's row its own."""
    draw = world.streams("report particulars")
    number = reports.groupby("group", sort=False).ngroup().to_numpy()
    count = int(number.max()) + 1 if len(number) else 0
    source = draw.choice(np.array(REPORTERS, dtype=object), count, p=REPORTER_SHARES)
    taken = np.minimum(10 + draw.exponential(25, count), LONGEST_INVESTIGATION) // 1
    earlier = draw.integers(0, 11, count)
    dated = draw.random(count) < 0.8
    kind = draw.choice(np.array(TYPES, dtype=object), count, p=TYPE_SHARES)
    who = draw.choice(np.array(PERPETRATORS, dtype=object), count, p=PERPETRATOR_SHARES)
    found = FOUND[(draw.random(count) < 0.12).astype(int)]
    not_found = draw.choice(NOT_FOUND, count, p=(0.70, 0.18, 0.10, 0.02))
    finding = reports["finding"].to_numpy()
    on, birth = reports["report"].to_numpy(), reports["birth"].to_numpy()
    out = finding == "screened out"
    decided = np.where(out, on, on + taken[number])
    pending = decided > day(world.scenario.data_through)
    disposition = np.where(finding == "found", found[number], not_found[number])
    disposition = np.where(out, "screened_out", disposition)
    incident = np.where(dated[number], np.maximum(on - earlier[number], birth), np.inf)
    return reports.assign(
        report_id=numbered("R", count)[number] if count else reports["group"],
        report_date=iso(on),
        incident_date=iso(incident),
        disposition_date=iso(np.where(pending, np.inf, decided)),
        disposition=np.where(pending, None, disposition),
        maltreatment_type=kind[number] if count else reports["group"],
        reporter_source=source[number] if count else reports["group"],
        perpetrator_relation=who[number] if count else reports["group"],
    )


def disruptions_table(world: World, ids: Identifiers) -> pd.DataFrame:
    """Return the ends of permanent placements short of, or beside, a removal."""
    happened, children = world.outcomes, world.population.children
    draw = world.streams("disruption particulars")
    count = len(children.exit)
    in_law = draw.random(count)
    legal = {2: ("termination", 0.5), 3: ("dissolution", 0.6)}
    kind = np.full(count, "displacement", dtype=object)
    for code, (name, share) in legal.items():
        kind[(children.exit_type == code) & (in_law < share)] = name
    reasons = np.array(
        ["caregiver_request", "child_request", "safety", "other", "unknown"], dtype=object
    )
    why = draw.choice(reasons, count, p=(0.35, 0.2, 0.2, 0.15, 0.10))
    agreement = np.isin(children.exit_type, (2, 3)) & (draw.random(count) < 0.7)
    home = np.minimum(happened.reentry, happened.disruption)
    still = world.seen_until
    ended = np.full(count, "agreement_ended", dtype=object)
    parts = []

    def add(days, type_, reason, seen):
        parts.append(
            pd.DataFrame(
                {
                    "child_id": ids.child[seen],
                    "day": (days + children.exit)[seen],
                    "type": type_[seen],
                    "reason": reason[seen],
                }
            )
        )

    def same(text):
        return np.full(count, text, dtype=object)

    add(
        happened.disruption,
        kind,
        why,
        (happened.disruption <= still) & (happened.disruption <= world.leaves),
    )
    add(
        happened.adopted_by_guardian,
        same("termination"),
        same("adopted_by_guardian"),
        (happened.adopted_by_guardian <= still) & (happened.adopted_by_guardian < home),
    )
    add(
        happened.age_limit,
        ended,
        same("age_limit"),
        agreement
        & (happened.age_limit <= still)
        & (happened.age_limit < home)
        & (happened.age_limit <= happened.death)
        & (happened.adopted_by_guardian > happened.age_limit),
    )
    table = pd.concat(parts, ignore_index=True).sort_values(["day", "child_id"], ignore_index=True)
    table["disruption_date"] = iso(table["day"])
    table["disruption_id"] = numbered("D", len(table))
    return table


def moves_table(world: World, ids: Identifiers) -> pd.DataFrame:
    """Return the moves out of the jurisdiction of children then at home.

    A row names the household where all its children came home together, are still at
    home and share the home with no other family; else each child who is.
    """
    population, happened = world.population, world.outcomes
    household = population.household
    leaves_home = (happened.move < world.leaves) & (happened.move <= world.data_end)
    everyone = np.bincount(household, weights=~leaves_home, minlength=population.households) == 0
    alone = np.bincount(world.shared_home, minlength=population.households) == 1
    alone &= world.shared_home == np.arange(population.households)
    whole = (everyone & alone & population.joint)[household]
    first = np.zeros(len(household), dtype=bool)
    first[population.first_child] = True
    kept = leaves_home & (~whole | first)
    draw = world.streams("destinations")
    where = draw.choice(
        np.array(["another state", "tribal jurisdiction", None], dtype=object),
        population.households,
        p=(0.8, 0.05, 0.15),
    )
    table = pd.DataFrame(
        {
            "child_id": np.where(whole, None, ids.child)[kept],
            "family_id": np.full(int(kept.sum()), None, dtype=object),
            "household_id": np.where(whole, ids.household[household], None)[kept],
            "day": (happened.move + population.children.exit)[kept],
            "destination": where[household][kept],
        }
    )
    table = table.sort_values(["day", "child_id", "household_id"], ignore_index=True)
    table["move_date"] = iso(table["day"])
    table["move_id"] = numbered("M", len(table))
    return table
