"""What a cohort counts beside its exclusions, and what its data cannot give."""

from typing import TYPE_CHECKING

from ibis.expr.types import Table

from evaluation.cohorts.episodes import minimum_custody_days
from evaluation.cohorts.outcomes import CANNOT_BE_FOLLOWED, COMPONENTS, report_data_end
from evaluation.cohorts.records import size, true
from evaluation.cohorts.services import KNOWN_AT_EXIT, NEVER_STARTED

if TYPE_CHECKING:
    from evaluation.cohorts.cohort import Cohort

_READ = ("children", "removals", "services", "maltreatment_reports", "disruptions", "moves_out")


def notes(cohort: "Cohort") -> list[str]:
    """Return what was counted and is no exclusion, one sentence each."""
    return [
        *_of_records(cohort),
        *_of_exits(cohort),
        *_of_outcomes(cohort),
        *_of_disruptions(cohort),
        *_of_services(cohort),
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
            + cohort.link.sentence
            + " They are never counted as time without an event."
            + (
                " Disruption after adoption is incomplete: it rests on disruption records alone."
                if "disruption" in cohort.outcomes
                else ""
            )
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
    return found + _missing_services(cohort)


def _missing_services(cohort: "Cohort") -> list[str]:
    records, programs = cohort.stages.records, cohort.programs
    if not programs:
        return []
    if not records.has("services"):
        return [f"Nothing can be said of {', '.join(programs)}: the table services is missing."]
    intervals = cohort.stages.intervals
    served = set(intervals.select("program").distinct().to_pyarrow().to_pydict()["program"])
    return [
        f"Nothing can be said of {program}: no child of the cohort received it from "
        f"{cohort.study.service(program).lead_days} days before the exit."
        for program in programs
        if program not in served
    ]


def _of_records(cohort: "Cohort") -> list[str]:
    records, rules = cohort.stages.records, cohort.study.cohort
    found = []
    for table in _READ:
        unseen = records.unseen(table) if records.has(table) else 0
        if unseen:
            found.append(
                f"{unseen:,} rows of {table} are dated or were entered after the data end "
                f"({records.through(table)}) and are not seen."
            )
    rows = cohort.stages.candidates
    counts = _one(
        rows.aggregate(
            spells=rows.spells.sum(),
            episodes=rows.count(),
            open=rows.began_open.cast("int32").sum(),
        )
    )
    joined = (counts["spells"] or 0) - counts["episodes"]
    if joined:
        found.append(
            f"{counts['spells']:,} stays are {counts['episodes']:,} episodes: {joined:,} began "
            f"at most {rules.merge_gap_days} days after, or within, another stay of the child."
        )
    if counts["open"]:
        found.append(
            f"{counts['open']:,} episodes hold a stay without a discharge that is followed by "
            "another stay; they last until the open stay does, and no exit is seen in them."
        )
    return found


def _of_exits(cohort: "Cohort") -> list[str]:
    exits, rules = cohort.stages.exits, cohort.study.cohort
    sizes = exits.group_by("family_id").aggregate(families=exits.flow_family.nunique())
    shared = sizes.filter(sizes.families > 1)
    merged = _one(
        shared.aggregate(
            clusters=shared.count(), families=shared.families.sum(), largest=shared.families.max()
        )
    )
    counts = _one(
        exits.aggregate(
            lone=exits.child_id.nunique(where=exits.removal_family_id.isnull()),
            short=(exits.short_returns > 0).cast("int32").sum(),
            undetermined=exits.undetermined_date.notnull().cast("int32").sum(),
            unfollowed=exits[CANNOT_BE_FOLLOWED].cast("int32").sum(),
            homeless=true((exits.exit_type == "reunification") & exits.household_id.isnull())
            .cast("int32")
            .sum(),
        )
    )
    found = []
    if counts["lone"]:
        found.append(f"{counts['lone']:,} children have no family_id; each is its own cluster.")
    if merged["clusters"]:
        found.append(
            f"{merged['families']:,} families share a household with another and make "
            f"{merged['clusters']:,} clusters, the largest of {merged['largest']:,} families."
        )
    if counts["short"]:
        custody = minimum_custody_days(rules)
        found.append(
            f"After {counts['short']:,} exits the child came back for a stay too short to be a "
            f"re-entry (under {rules.min_days_reentry} days, temporary physical custody under "
            f"{custody}); follow-up goes on."
        )
    if counts["undetermined"]:
        found.append(
            f"After {counts['undetermined']:,} exits a stay that began shortly before the data "
            "end is undecided: follow-up ends where it began."
        )
    if "adoption" in rules.exit_types:
        found.append(cohort.link.sentence)
    if counts["unfollowed"]:
        found.append(
            f"{counts['unfollowed']:,} adoption exits cannot be followed for re-entry and "
            "maltreatment and count for disruption only."
        )
    if counts["homeless"] and cohort.stages.records.has("removals", "household_id"):
        found.append(
            f"{counts['homeless']:,} reunifications name no household: their support window is "
            "the child's own."
        )
    return found


def _of_outcomes(cohort: "Cohort") -> list[str]:
    found = []
    for outcome in cohort.outcomes:
        ends = cohort.ends(outcome)
        without = size(ends.filter(ends.end <= ends.begin))
        if without:
            found.append(
                f"{without:,} exits have no day at risk of {outcome} and no row in its follow-up."
            )
    if "maltreatment" in cohort.outcomes:
        records = cohort.stages.records
        found.append(report_data_end(records)[1])
        if records.has("maltreatment_reports", "incident_date"):
            found += _early_incidents(cohort)
    return found


def _early_incidents(cohort: "Cohort") -> list[str]:
    reports, ends = cohort.events.reports(), cohort.ends("maltreatment")
    events = ends.filter(ends.event == 1).select("exit_id", "end")
    hits = reports.join(events, [reports.exit_id == events.exit_id, reports.day == events.end])
    early = hits.filter(hits.counts & true(hits.incident_date <= hits.index_date))
    number = size(early.select("exit_id").distinct())
    if not number:
        return []
    return [
        f"{number:,} reports that count as maltreatment concern an incident on or before the day "
        'of exit; outcomes.maltreatment.date = "incident" would leave them out.'
    ]


def _of_disruptions(cohort: "Cohort") -> list[str]:
    if "disruption" not in cohort.outcomes:
        return []
    events, gap = cohort.events.disruption_events(), cohort.study.cohort.merge_gap_days
    after = events.filter(events.day >= 0)
    by = after.group_by("type").aggregate(
        early=(after.counts & (after.day <= gap)).cast("int32").sum(),
        left=(~after.counts & ~after.adopted).cast("int32").sum(),
        adopted=after.adopted.cast("int32").sum(),
    )
    counts = {row["type"]: row for row in by.to_pyarrow().to_pylist()}
    found = []
    for kind in COMPONENTS[1:]:
        words = kind.replace("_", " ")
        row = counts.get(kind, {"early": 0, "left": 0})
        if row["early"]:
            found.append(
                f"{row['early']:,} {words} records are dated from the day of exit to day {gap}, "
                "where nothing can be told from the exit itself; they are no event."
            )
        if row["left"]:
            found.append(
                f"{row['left']:,} {words} records after an exit are no disruption by the rules "
                "(exit type, age limit, death or unknown reason)."
            )
    adopted = sum(row["adopted"] for row in counts.values())
    if adopted:
        found.append(
            f"{adopted:,} records say that the guardian or carer adopted the child: a change of "
            "state for re-entry, flagged in exits, and the end of follow-up for disruption after "
            "guardianship."
        )
    return found


def _of_services(cohort: "Cohort") -> list[str]:
    records, rules = cohort.stages.records, cohort.study.cohort
    if not cohort.programs or not records.has("services"):
        return []
    spells = cohort.stages.spells
    found = []
    known = _counts(spells.filter(spells.timing == KNOWN_AT_EXIT))
    refused = spells.filter((spells.timing == NEVER_STARTED) & true(spells.end_reason == "refused"))
    waited = spells.filter(
        (spells.timing == NEVER_STARTED) & true(spells.end_reason == "waiting_list")
    )
    for place, (words, counts) in enumerate(
        (
            ("exits had {} known at exit (prevalent starts).", known),
            ("exits had an offer of {} refused; nobody is removed for it.", _counts(refused)),
            ("exits were on a waiting list for {} without a start.", _counts(waited)),
        )
    ):
        for program in cohort.programs:
            if counts.get(program) or place == 0:
                found.append(f"{counts.get(program, 0):,} {words.format(program)}")
    if records.through("services") < records.through("removals"):
        found.append(
            f"Services are known to {records.through('services')}, removals to "
            f"{rules.data_through_for('removals')}: services begun or ended between are not seen."
        )
    return found


def _counts(spells: Table) -> dict[str, int]:
    found = spells.group_by("program").aggregate(n=spells.exit_id.nunique())
    return {row["program"]: row["n"] for row in found.to_pyarrow().to_pylist()}


def _one(table: Table) -> dict:
    row = table.to_pyarrow().to_pylist()[0]
    return {name: value or 0 for name, value in row.items()}
