"""What a cohort counts beside its exclusions, and what its data cannot give."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ibis.expr.types import Table

from evaluation.cohorts.clock import OUTCOME
from evaluation.cohorts.episodes import minimum_custody_days
from evaluation.cohorts.outcomes import CANNOT_BE_FOLLOWED, COMPONENTS, report_data_end
from evaluation.cohorts.placements import placements_within
from evaluation.cohorts.records import size, true
from evaluation.cohorts.services import KNOWN_AT_EXIT, NEVER_STARTED
from evaluation.cohorts.wording import counted, days

if TYPE_CHECKING:
    from evaluation.cohorts.cohort import Cohort

Say = Callable[[int, str, str], str]

_READ = (
    "children",
    "removals",
    "placements",
    "services",
    "maltreatment_reports",
    "disruptions",
    "moves_out",
    "legal_orders",
    "closures",
)


def notes(cohort: "Cohort", below: int = 0) -> list[str]:
    """Return what was counted and is no exclusion, one sentence each.

    Parameters
    ----------
    cohort : Cohort
    below : int
        Counts from 1 to ``below - 1`` are not told.
    """
    say = partial(counted, below=below)
    return [
        *_of_records(cohort, say),
        *_of_exits(cohort, say),
        *_of_outcomes(cohort, say),
        *_of_disruptions(cohort, say),
        *_of_services(cohort, say),
        *_of_support(cohort, say),
    ]


def cannot(cohort: "Cohort") -> list[str]:
    """Return what the tables present cannot give, one sentence each."""
    records, study = cohort.stages.records, cohort.study
    found = []
    for outcome in study.outcomes.named:
        lacking = cohort.events.lacks(outcome)
        if lacking:
            found.append(f"The outcome {outcome} cannot be given: the data lack {lacking}.")
    if study.outcomes.disruption is not None and not cohort.events.sees_disruptions:
        found.append(
            "Disruption cannot be told from re-entry: the table disruptions is missing or empty, "
            "so the two are equal, shown once and not counted as two outcomes."
        )
    if "adoption" in study.cohort.exit_types and not cohort.link.kept:
        found.append(
            "Adoption exits cannot be followed for re-entry and maltreatment. "
            f"{cohort.link.words} They are never counted as time without an event."
        )
        if "disruption" in study.outcomes.named and cohort.events.sees_disruptions:
            found.append(
                "Disruption after adoption is incomplete: it rests on disruption records alone."
            )
    if not records.has("moves_out"):
        found.append(
            "Families who left the jurisdiction cannot be told from families safely at home: the "
            "table moves_out is missing, so the children who left count as at home."
        )
    if not records.has("children", "family_id"):
        found.append(
            "Siblings cannot be recognised: children.family_id is missing, so each child is a "
            "cluster of its own unless it shares a household."
        )
    if not records.has("removals", "household_id"):
        found.append(
            "The support window cannot follow the household: removals.household_id is missing, so "
            "it begins at each child's own exit, and services recorded for households reach nobody."
        )
    if not records.has("legal_orders"):
        found.append(
            "Voluntary support cannot be told from involuntary: the table legal_orders is missing."
        )
    unknown = [program for program, kind in cohort.kinds.items() if kind is None]
    if unknown:
        found.append(
            f"The kind of service is unknown for {', '.join(unknown)}: name a row of the service "
            "taxonomy by service_type."
        )
    return [*found, *_missing_services(cohort), *_unreached_horizons(cohort)]


def _unreached_horizons(cohort: "Cohort") -> list[str]:
    first = cohort.stages.exits.index_date.min().to_pyarrow().as_py()
    if first is None:
        return ["Nothing can be said of any outcome: no exit is left in the cohort."]
    reach = (cohort.stages.records.through("removals") - first).days
    return [
        f"Nothing can be said of day {horizon}: the data end on day {reach} of the first exit."
        for horizon in cohort.study.horizons
        if horizon > reach
    ]


def _missing_services(cohort: "Cohort") -> list[str]:
    records, programs = cohort.stages.records, cohort.programs
    if programs and not records.has("services"):
        return [f"Nothing can be said of {', '.join(programs)}: the table services is missing."]
    intervals = cohort.stages.intervals
    served = set(intervals.select("program").distinct().to_pyarrow().to_pydict()["program"])
    return [
        f"Nothing can be said of {program}: no child of the cohort received it from "
        f"{days(cohort.study.service(program).lead_days)} before the exit."
        for program in programs
        if program not in served
    ]


def _of_records(cohort: "Cohort", say: Say) -> list[str]:
    records, rules = cohort.stages.records, cohort.study.cohort
    unseen = {table: records.unseen(table) for table in _READ if records.has(table)}
    found = [
        f"{say(number, 'row', 'rows')} of {table} dated or entered after the data end "
        f"({records.through(table)}): not seen."
        for table, number in unseen.items()
        if number
    ]
    rows = cohort.stages.candidates
    counts = _one(
        rows.aggregate(joined=(rows.spells - 1).sum(), open=rows.never_closed.cast("int32").sum())
    )
    if counts["joined"]:
        found.append(
            f"{say(counts['joined'], 'stay', 'stays')} that began within another stay of the "
            f"child, or at most {days(rules.merge_gap_days)} after it: joined to its episode."
        )
    if counts["open"]:
        found.append(
            f"{say(counts['open'], 'episode', 'episodes')} with a stay that has no discharge but "
            "is followed by another stay: it lasts until the open stay does, and no exit is seen."
        )
    return found


def _of_exits(cohort: "Cohort", say: Say) -> list[str]:
    exits, rules = cohort.stages.exits, cohort.study.cohort
    records = cohort.stages.records
    no_home = true((exits.exit_type == "reunification") & exits.household_id.isnull())
    counts = _one(
        exits.aggregate(
            lone=exits.child_id.nunique(where=exits.removal_family_id.isnull()),
            short=(exits.short_returns > 0).cast("int32").sum(),
            undecided=exits.undetermined_date.notnull().cast("int32").sum(),
            unfollowed=exits[CANNOT_BE_FOLLOWED].cast("int32").sum(),
            no_home=no_home.cast("int32").sum(),
        )
    )
    custody = minimum_custody_days(rules)
    sentences = {
        "lone": "without a family_id: each its own cluster unless it shares a household.",
        "short": "followed by a stay too short to be a re-entry (under "
        f"{days(rules.min_days_reentry)}, temporary physical custody under {days(custody)}): "
        "follow-up goes on.",
        "undecided": "followed by a stay that began shortly before the data end and is undecided: "
        "follow-up ends where it began.",
        "unfollowed": "to adoption not followed for re-entry and maltreatment, for disruption "
        "only.",
        "no_home": "to reunification that names no household: the support window is the child's "
        "own.",
    }
    units = {"lone": ("child", "children")}
    found = [
        f"{say(counts[key], *units.get(key, ('exit', 'exits')))} {words}"
        for key, words in sentences.items()
        if counts[key]
    ]
    if "adoption" in rules.exit_types and rules.adoption_link == "measure":
        found.append(
            "Adopted long enough before the data end to tell: "
            f"{say(cohort.link.adopted, 'child', 'children')}; seen again under the same "
            f"identifier: {say(cohort.link.again, 'child', 'children')}."
        )
    if records.has("placements"):
        found += _of_placements(cohort, say)
    return found + _shared_households(exits, say)


def _of_placements(cohort: "Cohort", say: Say) -> list[str]:
    records, stages = cohort.stages.records, cohort.stages
    stays = stages.candidates.filter(stages.candidates.visit == 0)
    stays = stays.select("child_id", "removal_date", "discharge_date")
    outside = size(records.table("placements")) - size(placements_within(records, stays))
    without = stages.exits.placements.isnull().cast("int32").sum().to_pyarrow().as_py() or 0
    words = f"{say(outside, 'placement', 'placements')} that begin in no stay: not used."
    lack = (
        f"{say(without, 'exit', 'exits')} without a placement on record: what it says is missing."
    )
    counts = {words: outside, lack: without}
    return [sentence for sentence, number in counts.items() if number]


def _shared_households(exits: Table, say: Say) -> list[str]:
    sizes = exits.group_by("family_id").aggregate(families=exits.flow_family.nunique())
    shared = sizes.filter(sizes.families > 1)
    merged = _one(
        shared.aggregate(
            clusters=shared.count(), families=shared.families.sum(), largest=shared.families.max()
        )
    )
    if not merged["clusters"]:
        return []
    return [
        f"{say(merged['families'], 'family', 'families')} that share a household with another: "
        f"joined to {say(merged['clusters'], 'cluster', 'clusters')}, the largest of "
        f"{say(merged['largest'], 'family', 'families')}."
    ]


def _of_outcomes(cohort: "Cohort", say: Say) -> list[str]:
    found = []
    for outcome in cohort.outcomes:
        ends = cohort.ends(outcome)
        without = size(ends.filter(ends.end <= ends.begin))
        if without:
            found.append(
                f"{say(without, 'exit', 'exits')} without a day at risk of {outcome}: no row in "
                "its follow-up."
            )
    if "maltreatment" in cohort.outcomes:
        records = cohort.stages.records
        found.append(report_data_end(records)[1])
        if records.has("maltreatment_reports", "incident_date"):
            found += _early_incidents(cohort, say)
    return found


def _early_incidents(cohort: "Cohort", say: Say) -> list[str]:
    reports, ends = cohort.events.reports(), cohort.ends("maltreatment")
    events = ends.filter(ends.event == OUTCOME).select("exit_id", "end")
    hits = reports.join(events, [reports.exit_id == events.exit_id, reports.day == events.end])
    early = hits.filter(hits.counts & true(hits.incident_date <= hits.index_date))
    number = size(early.select("exit_id").distinct())
    if not number:
        return []
    return [
        f"{say(number, 'outcome', 'outcomes')} of maltreatment by a report of an incident on or "
        'before the day of exit; outcomes.maltreatment.date = "incident" would leave it out.'
    ]


def _of_disruptions(cohort: "Cohort", say: Say) -> list[str]:
    if "disruption" not in cohort.outcomes or not cohort.events.sees_disruptions:
        return []
    events, gap = cohort.events.disruption_events(), cohort.study.cohort.merge_gap_days
    after = events.filter(events.day >= 0)
    by = after.group_by("type").aggregate(
        early=(after.counts & (after.day <= gap)).cast("int32").sum(),
        left=(~after.counts & ~after.adopted).cast("int32").sum(),
        adopted=after.adopted.cast("int32").sum(),
        proxy=(after.counts & true(after.reason == "proxy_rule")).cast("int32").sum(),
    )
    counts = {row["type"]: row for row in by.to_pyarrow().to_pylist()}
    found = []
    for kind in COMPONENTS[1:]:
        row = counts.get(kind, {"early": 0, "left": 0})
        words = kind.replace("_", " ")
        if row["early"]:
            found.append(
                f"{say(row['early'], 'record', 'records')} of {words} from the day of exit to day "
                f"{gap}, before the start of risk: no event."
            )
        if row["left"]:
            found.append(
                f"{say(row['left'], 'record', 'records')} of {words} after an exit that by the "
                "rules is no disruption (exit type, age, death or unknown reason)."
            )
    proxy = sum(row["proxy"] for row in counts.values())
    if proxy:
        found.append(
            f"{say(proxy, 'record', 'records')} of disruption after an exit by the proxy rule "
            "alone: the source gives no reason."
        )
    adopted = sum(row["adopted"] for row in counts.values())
    if adopted:
        found.append(
            f"{say(adopted, 'record', 'records')} of adoption by a guardian or carer: a change of "
            "state for re-entry, and the end of follow-up for disruption after guardianship."
        )
    return found


def _of_services(cohort: "Cohort", say: Say) -> list[str]:
    records, spells = cohort.stages.records, cohort.stages.spells
    if not records.has("services"):
        return []
    unstarted = spells.timing == NEVER_STARTED
    kinds = {
        "known at exit (prevalent starts).": spells.timing == KNOWN_AT_EXIT,
        "refused: nobody is removed for it.": unstarted & true(spells.end_reason == "refused"),
        "waited for without a start.": unstarted & true(spells.end_reason == "waiting_list"),
    }
    counts = {words: _exits_by_program(spells.filter(kind)) for words, kind in kinds.items()}
    found = [
        f"{say(number[program], 'exit', 'exits')} with {program} {words}"
        for program in cohort.programs
        for words, number in counts.items()
        if number.get(program)
    ]
    if cohort.programs and records.through("services") < records.through("removals"):
        found.append(
            f"Services are known to {records.through('services')}, removals to "
            f"{records.through('removals')}: what began or ended between is not seen."
        )
    return found


def _of_support(cohort: "Cohort", say: Say) -> list[str]:
    closures, found = cohort.stages.closures, []
    wrong = closures.filter(closures.finding.notnull())
    wrong = wrong.select("closure_id", "finding").distinct()
    counts = wrong.group_by("finding").aggregate(n=wrong.count()).order_by("finding")
    found += [
        f"{say(row['n'], 'closure', 'closures')}: {row['finding']} (taken as recorded)."
        for row in counts.to_pyarrow().to_pylist()
    ]
    early = closures.filter(closures.ends_window & (closures.closure_day > 0))
    by = early.group_by("reason").aggregate(n=early.exit_id.nunique()).order_by("reason")
    found += [
        f"{say(row['n'], 'exit', 'exits')} whose support case was closed after it: "
        f"{row['reason'].replace('_', ' ')}."
        for row in by.to_pyarrow().to_pylist()
    ]
    return found


def _exits_by_program(spells: Table) -> dict[str, int]:
    found = spells.group_by("program").aggregate(n=spells.exit_id.nunique())
    return {row["program"]: row["n"] for row in found.to_pyarrow().to_pylist()}


def _one(table: Table) -> dict[str, int]:
    row = table.to_pyarrow().to_pylist()[0]
    return {name: value or 0 for name, value in row.items()}
