"""The rules of a cohort written plainly, child by child and day by day: the oracle.

Here who is followed, from when to when and why no longer; `plain_states` says what holds on each
day between. A new rule is written here too, as a method that loops; what `PlainStates.rows` gives
is compared with the engines row by row.
"""

import datetime
from collections import defaultdict

import pandas as pd

DAY = datetime.timedelta(days=1)
NEVER = datetime.date(9999, 12, 31)
PERMANENCY = ["reunification", "relative", "guardianship", "adoption"]
DATED = {
    "removals": "removal_date",
    "placements": "start_date",
    "legal_orders": "start_date",
    "closures": "closure_date",
    "assignments": "assignment_date",
    "maltreatment_reports": "report_date",
    "disruptions": "disruption_date",
    "moves_out": "move_date",
}
ENDS = {
    "children": ["death_date"],
    "removals": ["discharge_date", "discharge_reason", "household_id"],
    "placements": ["end_date", "end_reason"],
    "legal_orders": ["end_date"],
    "services": ["end_date"],
}


def as_rows(frame):
    """The rows of a frame as dictionaries; what is missing is None."""
    return [
        {key: None if pd.isna(value) else value for key, value in row.items()}
        for row in frame.to_dict("records")
    ]


def plus_months(day, months, shift=False):
    """Some months on; where the day does not exist, the last of the month or (shift) the next."""
    years, month = divmod(day.month - 1 + months, 12)
    first = datetime.date(day.year + years, month + 1, 1)
    wanted = first + (day.day - 1) * DAY
    if wanted.month == first.month:
        return wanted
    following = (first + 31 * DAY).replace(day=1)
    return following if shift else following - DAY


class Plain:
    """Tables as lists of dictionaries, and the rules of METHODS 1 to 3 as loops over them."""

    def __init__(self, tables, study):
        self.study, self.rules = study, study.cohort
        self.through, self.gap = study.cohort.data_through, study.cohort.merge_gap_days
        self.tables = defaultdict(list, {name: self._known(name, f) for name, f in tables.items()})
        self.children = {row["child_id"]: row for row in self.tables["children"]}
        self.episodes = {child: self._episodes(child) for child in self.children}
        self.exits = {}
        for child in sorted(self.children):
            index = sorted(self._eligible(child), key=lambda e: e["order"])
            self.exits |= {f"{child}-{place}": each for place, each in enumerate(index, 1)}

    def _known(self, name, frame):
        """Rows dated after the data are not seen, ends after them have not come."""
        rows = []
        for row in as_rows(frame):
            if name in DATED and row[DATED[name]] > self.through:
                continue
            end, *with_it = ENDS.get(name, [None])
            if end and row.get(end) and row[end] > self.through:
                row |= dict.fromkeys([end, *with_it])
            rows.append(row)
        return rows

    def _episodes(self, child):
        spells = [dict(s) for s in self.tables["removals"] if s["child_id"] == child]
        spells.sort(key=lambda s: (s["removal_date"], s["discharge_date"] or NEVER))
        episodes = []
        for spell in spells:
            spell["end"] = spell["discharge_date"] or NEVER
            if episodes and (spell["removal_date"] - episodes[-1]["end"]).days <= self.gap:
                whole = episodes[-1]
                later = (spell["end"], spell["removal_date"], spell["removal_id"])
                if later > (whole["end"], whole["began"], whole["removal_id"]):
                    keep = {"removal_date": whole["removal_date"], "began": spell["removal_date"]}
                    episodes[-1] = spell | keep
            else:
                episodes.append(spell | {"began": spell["removal_date"]})
        return [episode | {"number": n} for n, episode in enumerate(episodes, 1)]

    def birthday(self, child):
        """The age-limit birthday."""
        born = self.children[child]["birth_date"]
        return plus_months(born, 12 * self.rules.age_limit, shift=True) if born else None

    def visits(self, child, episode):
        """Trial home visits of an episode: runs of placements at home, and how each ended."""
        removed, left = episode["removal_date"], episode["discharge_date"] or NEVER
        placed = [
            (p["start_date"], min(p["end_date"] or NEVER, left), p["placement_id"], p)
            for p in self.tables["placements"]
            if p["child_id"] == child
            and (removed <= p["start_date"] < left or p["start_date"] == removed)
        ]
        visits, at_home = [], False
        for start, last, _, placement in sorted(placed, key=lambda found: found[:3]):
            if placement["type"] == "trial_home_visit":
                if not at_home:
                    home = placement["household_id"]
                    visits.append({"start": start, "home": home, "ended": []})
                if placement["end_reason"] == "returned_from_visit":
                    visits[-1]["said"] = max(last, visits[-1].get("said", last))
            elif visits:
                visits[-1]["ended"].append(start)
            at_home = placement["type"] == "trial_home_visit"
        for visit in visits:
            visit["ended"] += [visit["said"]] if "said" in visit else []
            reason = episode["discharge_reason"]
            if visit is visits[-1] and reason and reason not in PERMANENCY:
                visit["ended"].append(episode["discharge_date"])
            visit["returned"] = min(visit["ended"], default=None)
        return visits

    def _index_events(self, child):
        """Discharges and, where the study says so, starts of visits instead of what they became."""
        for episode in self.episodes[child]:
            visits = self.visits(child, episode) if self.rules.index_at == "visit start" else []
            went_on = bool(visits) and visits[-1]["returned"] is None
            day = episode["discharge_date"]
            settled = day and (self.through - day).days > self.gap
            if settled and episode["discharge_reason"] in PERMANENCY and not went_on:
                yield episode | {"index_date": day, "visit": 0, "returned": None}
            for place, visit in enumerate(visits, 1):
                direct = went_on and visit is visits[-1]
                direct = direct and episode["discharge_reason"] == "reunification"
                yield episode | {
                    "index_date": visit["start"],
                    "visit": place,
                    "returned": visit["returned"],
                    "discharge_reason": "reunification",
                    "household_id": visit["home"] or (episode["household_id"] if direct else None),
                }

    def _eligible(self, child):
        person, (first, last) = self.children[child], self.rules.exits
        for found in self._index_events(child):
            day = found["index_date"]
            days = (day - found["removal_date"]).days
            alive = (person["death_date"] or NEVER) > day
            young = day < (self.birthday(child) or day)
            if first <= day <= last and days >= self.rules.min_days_exit and alive and young:
                own = {"family_id": person["family_id"], "days_in_care": days}
                yield found | own | {"order": (day, found["number"], found["visit"])}

    def reaching(self, table, exit_):
        """Rows that name the child, its removal family or its household."""
        own = [exit_["child_id"], exit_["family_id"], exit_["household_id"]]
        for row in self.tables[table]:
            ids = [row["child_id"], row["family_id"], row["household_id"]]
            if any(a is not None and a == b for a, b in zip(ids, own, strict=True)):
                yield row

    def begin(self, exit_, outcome):
        """The day after which the outcome can be seen: later where its data begin later."""
        tables = {
            "reentry": ["removals"],
            "disruption": ["removals", "disruptions"],
            "maltreatment": ["removals", "maltreatment_reports"],
            "visit_ended": ["placements"],
        }[outcome]
        first = self.gap if outcome in ("reentry", "disruption") else 0
        for table in tables:
            covered = self.rules.data_from_for(table)
            if covered:
                first = max(first, (covered - exit_["index_date"]).days - 1)
        return first

    def reports(self, exit_):
        """The dates of substantiated reports of a child after the index date."""
        return [
            row["report_date"]
            for row in self.tables["maltreatment_reports"]
            if row["child_id"] == exit_["child_id"]
            and row["disposition"] == "substantiated"
            and row["report_date"] > exit_["index_date"]
        ]

    def _disruptions(self, exit_):
        """The dates of ends of the placement in law or in fact, and of adoption by the guardian."""
        legal = exit_["discharge_reason"] in ("guardianship", "adoption")
        ends, adopted = [], []
        for row in self.tables["disruptions"]:
            day = row["disruption_date"]
            if row["child_id"] != exit_["child_id"] or (day - exit_["index_date"]).days <= self.gap:
                continue
            if row["reason"] == "adopted_by_guardian":
                adopted.append(day)
            elif row["type"] == "displacement" or legal:
                ends.append(day)
        guardian = exit_["discharge_reason"] == "guardianship"
        return ends, min(adopted, default=None) if guardian else None

    def end(self, exit_, outcome, repeats=False):
        """The first of what ends follow-up: (day, event, reason), in the order of METHODS 1.3."""
        child, day0 = exit_["child_id"], exit_["index_date"]
        later = self.episodes[child][exit_["number"] :]
        reentry = later[0]["removal_date"] if later else None
        happened, adopted = [reentry] if reentry else [], None
        if outcome == "disruption":
            ends, adopted = self._disruptions(exit_)
            happened = happened + ends
        if outcome == "maltreatment":
            happened = [] if repeats else self.reports(exit_)
        if outcome == "visit_ended":
            happened = [exit_["returned"]] if exit_["returned"] else []
        limit = self.birthday(child)
        moves = [row["move_date"] for row in self.reaching("moves_out", exit_)]
        moves += [
            row["closure_date"]
            for row in self.reaching("closures", exit_)
            if row["reason"] == "moved_out_of_state"
        ]
        moves = [day for day in moves if day > exit_["removal_date"]]
        visiting = outcome == "visit_ended"
        candidates = [
            (min((day for day in happened if day < limit), default=None), 1, "outcome"),
            (self.children[child]["death_date"], 2, "death"),
            (limit, 2, "age_limit"),
            (None if visiting else exit_["returned"], 2, "visit_ended"),
            (exit_["discharge_date"] if visiting else None, 2, "discharged"),
            (reentry if outcome == "maltreatment" else None, 2, "reentry"),
            (adopted, 2, "adopted_by_guardian"),
            (day0 + self.rules.horizon_days * DAY, 0, "horizon"),
            (min(moves, default=None), 0, "moved_out"),
            (self.through, 0, "data_end"),
        ]
        day, event, reason = min(
            (c for c in candidates if c[0] is not None), key=lambda candidate: candidate[0]
        )
        return (day - day0).days, event, reason
