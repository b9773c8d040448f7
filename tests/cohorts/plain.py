"""The rules of a cohort written plainly, child by child and day by day: the oracle.

A new rule is written here too, as a method that loops and a line in `Plain.exits`, `Plain.end` or
`Plain.days`; what `Plain.rows` gives is compared with the engines row by row.
"""

import datetime
from collections import Counter
from itertools import groupby

import pandas as pd

DAY = datetime.timedelta(days=1)
GAP, HORIZON = 2, 500
PERMANENCY = ["reunification", "relative", "guardianship", "adoption"]
LEADS = {"coach": 60, "respite": 30}
AGE_BANDS = {
    4: "0-3 months",
    12: "4-11 months",
    72: "1-5",
    132: "6-10",
    204: "11-16",
    216: "17",
}


class Plain:
    """Tables as lists of dictionaries, and the rules of METHODS as loops over them."""

    def __init__(self, tables, through):
        self.through = through
        self.tables = {
            name: [
                {key: None if pd.isna(value) else value for key, value in row.items()}
                for row in frame.to_dict("records")
            ]
            for name, frame in tables.items()
        }
        self.children = {row["child_id"]: row for row in self.tables["children"]}
        self.episodes = {child: self._episodes(child) for child in self.children}

    def _episodes(self, child):
        spells = [dict(s) for s in self.tables["removals"] if s["child_id"] == child]
        for spell in spells:
            if spell["discharge_date"] and spell["discharge_date"] > self.through:
                spell |= {"discharge_date": None, "discharge_reason": None, "household_id": None}
        never = datetime.date(9999, 12, 31)
        spells = [s for s in spells if s["removal_date"] <= self.through]
        spells.sort(key=lambda s: (s["removal_date"], s["discharge_date"] or never))
        episodes = []
        for spell in spells:
            spell["end"] = spell["discharge_date"] or never
            if episodes and (spell["removal_date"] - episodes[-1]["end"]).days <= GAP:
                whole = episodes[-1]
                later = (spell["end"], spell["removal_date"], spell["removal_id"])
                if later > (whole["end"], whole["began"], whole["removal_id"]):
                    keep = {"removal_date": whole["removal_date"], "began": spell["removal_date"]}
                    episodes[-1] = spell | keep
            else:
                episodes.append(spell | {"began": spell["removal_date"]})
        return [episode | {"number": n} for n, episode in enumerate(episodes, 1)]

    def birthday(self, child, age=18):
        born = self.children[child]["birth_date"]
        try:
            return born.replace(year=born.year + age)
        except ValueError:
            return datetime.date(born.year + age, 3, 1)

    def exits(self, first, last):
        for child, row in sorted(self.children.items()):
            for episode in self.episodes[child]:
                day = episode["discharge_date"]
                if (
                    day
                    and (self.through - day).days > GAP
                    and episode["discharge_reason"] in PERMANENCY
                    and first <= day <= last
                    and row["birth_date"]
                    and day < self.birthday(child)
                    and not (row["death_date"] and row["death_date"] <= day)
                    and (day - episode["removal_date"]).days >= 8
                ):
                    yield child, episode

    def reaching(self, table, child, episode):
        family = self.children[child]["family_id"]
        home = episode["household_id"]
        for row in self.tables[table]:
            ids = (row["child_id"], row["family_id"], row["household_id"])
            if ids[0] == child or (family and ids[1] == family) or (home and ids[2] == home):
                yield row

    def end(self, child, episode, outcome):
        """The first of what ends follow-up: (day, event, reason), in the order of METHODS 1.3."""
        day0 = episode["discharge_date"]
        later = self.episodes[child][episode["number"] :]
        reentry = later[0]["removal_date"] if later else None
        legal = episode["discharge_reason"] in ("guardianship", "adoption")
        ends, adopted = [], None
        records = [d for d in self.tables["disruptions"] if d["child_id"] == child]
        if outcome == "maltreatment":
            ends = [
                r["report_date"]
                for r in self.tables["maltreatment_reports"]
                if r["child_id"] == child
                and r["disposition"] == "substantiated"
                and r["report_date"] > day0
            ]
        elif reentry:
            ends = [reentry]
        if outcome == "disruption":
            after = [d for d in records if (d["disruption_date"] - day0).days > GAP]
            ends += [
                d["disruption_date"]
                for d in after
                if d["reason"] != "adopted_by_guardian" and (d["type"] == "displacement" or legal)
            ]
            by_guardian = [
                d["disruption_date"] for d in after if d["reason"] == "adopted_by_guardian"
            ]
            if episode["discharge_reason"] == "guardianship":
                adopted = min(by_guardian, default=None)
        limit = self.birthday(child)
        happened = min((day for day in ends if day < limit), default=None)
        moves = [
            m["move_date"]
            for m in self.reaching("moves_out", child, episode)
            if m["move_date"] > episode["removal_date"]
        ]
        candidates = [
            (happened, 1, "outcome"),
            (self.children[child]["death_date"], 2, "death"),
            (limit, 2, "age_limit"),
            (reentry if outcome == "maltreatment" else None, 2, "reentry"),
            (adopted, 2, "adopted_by_guardian"),
            (day0 + HORIZON * DAY, 0, "horizon"),
            (min(moves, default=None), 0, "moved_out"),
            (self.through, 0, "data_end"),
        ]
        day, event, reason = min(
            (c for c in candidates if c[0] is not None), key=lambda candidate: candidate[0]
        )
        return (day - day0).days, event, reason

    def exposure(self, child, episode, program, lead):
        """The state and the dose on each day after the exit."""
        day0 = episode["discharge_date"]
        served, begun = set(), None
        for spell in self.reaching("services", child, episode):
            start = spell["start_date"]
            end = spell["end_date"] or self.through
            if spell["program"] != program or start > self.through:
                continue
            if end < day0 and (day0 - start).days > lead:
                continue
            served |= {start + n * DAY for n in range((end - start).days + 1)}
            begun = min(begun or start, start)
        runs = {day for day in served if day - DAY in served}
        states, dose = [], len({day for day in runs if day <= day0})
        for n in range(1, HORIZON + 1):
            day = day0 + n * DAY
            doses = dose
            dose += day in runs
            state = "in service" if day in runs else "after" if begun and begun < day else "before"
            states.append((state, doses))
        return states

    def support(self, child, episode):
        """The state of the support window on each day after the exit."""
        day0, home = episode["discharge_date"], episode["household_id"]
        household = episode["discharge_reason"] == "reunification" and home is not None
        released, starts = day0, [day0]
        for sibling in self.children if household else ():
            family = self.children[child]["family_id"]
            related = family is not None and self.children[sibling]["family_id"] == family
            returned = False
            for stay in self.episodes[sibling] if sibling != child else ():
                back = stay["discharge_reason"] == "reunification"
                here = stay["household_id"] == home
                bound_elsewhere = (
                    (back or stay["discharge_date"] is None)
                    and stay["household_id"] is not None
                    and not here
                )
                row = self.children[sibling]
                gone = [stay["discharge_date"], row["death_date"]]
                gone += [self.birthday(sibling)] if row["birth_date"] else []
                gone = min((day for day in gone if day), default=datetime.date(9999, 1, 1))
                holds = stay["removal_date"] <= day0 < gone and not bound_elsewhere
                holds = holds and (related or here)
                if holds:
                    released = max(released, gone)
                if back and here and stay["discharge_date"] > day0 and (holds or not returned):
                    starts.append(stay["discharge_date"])
                returned = returned or (back and here)
        windows = [
            (start, (pd.Timestamp(start) + pd.DateOffset(months=12)).date()) for start in starts
        ]
        for n in range(1, HORIZON + 1):
            day = day0 + n * DAY
            if day < released:
                yield "before"
            else:
                yield "in" if any(a <= day < b for a, b in windows) else "after"

    def age_band(self, child, day):
        """The age group on a day, by completed months."""
        born = self.children[child]["birth_date"]
        months = 12 * (day.year - born.year) + day.month - born.month - (day.day < born.day)
        return next((name for limit, name in AGE_BANDS.items() if months < limit), "17")

    def chosen(self, first, last):
        """Every exit by its identifier: child and number of the exit."""
        found, places = {}, Counter()
        for child, episode in self.exits(first, last):
            places[child] += 1
            found[f"{child}-{places[child]}"] = (child, episode)
        return found

    def days(self, child, episode):
        """On each day after the exit: exposure by program, support, age band; and the doses."""
        day0 = episode["discharge_date"]
        exposures = [self.exposure(child, episode, *lead) for lead in LEADS.items()]
        support = self.support(child, episode)
        for n, (*served, window) in enumerate(zip(*exposures, support, strict=True), 1):
            states = tuple(state for state, _ in served)
            band = self.age_band(child, day0 + n * DAY)
            yield (*states, window, band), tuple(dose for _, dose in served)

    def rows(self, exit_id, child, episode, days, outcome):
        """The start–stop rows of an exit: days in a row on which nothing changes."""
        begin = 0 if outcome == "maltreatment" else GAP
        end, event, reason = self.end(child, episode, outcome)
        at_risk = range(begin, end)
        found = []
        for state, run in groupby(at_risk, key=lambda n: days[n][0]):
            run = list(run)
            start, stop = run[0], run[-1] + 1
            last = (event, reason) if stop == end else (0, None)
            found.append((exit_id, start, stop, *last, *state, *days[start][1]))
        return found


COLUMNS = [
    *("exit_id", "start", "stop", "event", "end_reason"),
    *(f"exposure_{program}" for program in LEADS),
    *("support_status", "age_band"),
    *(f"dose_{program}" for program in LEADS),
]
