"""What holds on each day of follow-up, plainly: services, support, age; rows, landmarks, counts."""

from collections import Counter
from itertools import groupby

from tests.cohorts.plain import DAY, NEVER, Plain, plus_months

AGE_BANDS = {0: "0-3 months", 4: "4-11 months", 12: "1-5", 72: "6-10", 132: "11-16", 204: "17"}


class PlainStates(Plain):
    """METHODS 4 and 5 as loops over days."""

    def spells(self, exit_, program):
        """Spells of a program beside an exit: (spell, start, end, whether of history)."""
        day0, lead = exit_["index_date"], self.study.service(program).lead_days
        ends = sorted(
            row["closure_date"]
            for row in self.reaching("closures", exit_)
            if row["program"] == program
        )
        for spell in self.reaching("services", exit_):
            start, end = spell["start_date"], spell["end_date"]
            if spell["program"] != program or (start and start > self.through):
                continue
            if start and not end:
                end = next((day for day in ends if day >= start), None)
            over = bool(start and end) and end < day0 and (day0 - start).days > lead
            yield spell, start, end, over

    def exposure(self, exit_, program, last):
        """The state and the dose so far on each day after the index date."""
        day0 = exit_["index_date"]
        served, begun = set(), None
        for _, start, end, over in self.spells(exit_, program):
            if start and not over:
                end = min(end or self.through, day0 + last * DAY)
                served |= {start + n * DAY for n in range((end - start).days + 1)}
                begun = min(begun or start, start)
        runs = {day for day in served if day - DAY in served}
        states, dose = [], len({day for day in runs if day <= day0})
        for n in range(1, last + 1):
            day = day0 + n * DAY
            state = "in service" if day in runs else "after" if begun and begun < day else "before"
            states.append((state, dose))
            dose += day in runs
        return states

    def windows(self, exit_):
        """The day until which siblings hold the window back, and the days windows begin."""
        day0, home = exit_["index_date"], exit_["household_id"]
        back = exit_["discharge_date"]
        held, own = (back or NEVER, back) if exit_["visit"] else (day0, day0)
        own, starts = [own] if own else [], []
        if exit_["discharge_reason"] != "reunification" or home is None:
            return held, own
        for sibling, person in self.children.items():
            family = exit_["family_id"]
            related = family is not None and person["family_id"] == family
            returned = sibling == exit_["child_id"]
            for stay in () if returned else self.episodes[sibling]:
                back = stay["discharge_reason"] == "reunification"
                here = stay["household_id"] == home
                elsewhere = (back or not stay["discharge_date"]) and stay["household_id"]
                gone = [stay["discharge_date"], person["death_date"], self.birthday(sibling)]
                gone = min((day for day in gone if day), default=NEVER)
                holds = stay["removal_date"] <= day0 < gone and (related or here)
                holds = holds and (here or not elsewhere)
                held = max(held, gone) if holds else held
                again = holds or not returned or self.rules.support_restart == "every return"
                if back and here:
                    starts += [stay["discharge_date"]] if again else []
                    returned = True
        return held, own + [start for start in starts if start > day0]

    def support(self, exit_, last):
        """Status, whether voluntary, and the reason of an early end on each day."""
        day0 = exit_["index_date"]
        held, starts = self.windows(exit_)
        orders = [
            (row["start_date"], row["end_date"] or NEVER)
            for row in self.reaching("legal_orders", exit_)
            if row["type"] in self.rules.involuntary_orders
        ]
        closures = sorted(
            (row["closure_date"], row["closure_id"], row["reason"])
            for row in self.reaching("closures", exit_)
            if not row["program"] and row["reason"] != "refused" and row["closure_date"] > day0
        )
        windows = []
        for start in sorted(set(starts)):
            end, why = plus_months(start, self.rules.support_months), None
            early = [closure for closure in closures if start < closure[0] < end]
            windows.append((start, early[0][0], early[0][2]) if early else (start, end, why))
        for n in range(1, last + 1):
            day, why = day0 + n * DAY, None
            begun = [window for window in windows if window[0] <= day]
            if day < held:
                status = "before"
            elif any(day < end for _, end, _ in begun):
                status = "in"
            else:
                status, why = "after", begun[-1][2] if begun else None
            bound = any(start <= day < end for start, end in orders)
            yield status, None if status == "after" else not bound, why

    def age_band(self, exit_, n):
        """The age group on a day: a birthday belongs to the band it opens."""
        born, day = self.children[exit_["child_id"]]["birth_date"], exit_["index_date"] + n * DAY
        return [name for low, name in AGE_BANDS.items() if plus_months(born, low, True) <= day][-1]

    def days(self, exit_, programs, last):
        """On each day after the index date: what holds, and the doses so far."""
        exposures = [self.exposure(exit_, program, last) for program in programs]
        support = self.support(exit_, last)
        for n, (*served, window) in enumerate(zip(*exposures, support, strict=True), 1):
            states = tuple(state for state, _ in served)
            yield (*states, *window, self.age_band(exit_, n)), tuple(dose for _, dose in served)

    def rows(self, exit_id, days, outcome, repeats=False):
        """The start–stop rows of an exit: days in a row on which nothing changes."""
        exit_ = self.exits[exit_id]
        if outcome == "visit_ended" and not exit_["visit"]:
            return []
        end, event, reason = self.end(exit_, outcome, repeats)
        again, limit = set(), self.birthday(exit_["child_id"])
        if repeats:
            reports = (day for day in self.reports(exit_) if day < limit)
            again = {(day - exit_["index_date"]).days for day in reports}
        at_risk = range(self.begin(exit_, outcome), end)
        found = []
        for _, run in groupby(at_risk, key=lambda n: (days[n][0], sum(d <= n for d in again))):
            run = list(run)
            start, stop = run[0], run[-1] + 1
            code, why = (event, reason) if stop == end else (0, None)
            code = 1 if stop in again else code
            found.append((exit_id, start, stop, code, why, *days[start][0], *days[start][1]))
        return found

    def landmark(self, exit_id, days, outcome, place, day):
        """The row (a list) of an exit at a landmark, or why it has none."""
        exit_ = self.exits[exit_id]
        if outcome == "visit_ended" and not exit_["visit"]:
            return "not followed"
        begin = self.begin(exit_, outcome)
        end, event, reason = self.end(exit_, outcome)
        if end <= begin:
            return "no day at risk"
        if begin > day:
            return "seen only later"
        if end <= day:
            return event, reason
        state, dose = days[day][0][place], days[day][1][place]
        return [exit_id, day, end, event, reason, state != "before", state, dose]

    def doses(self, exits, outcome, place):
        """Served, days in service, days after it, the lower median, and ended: within follow-up."""
        inside, after, ended = [], 0, 0
        for exit_id, days in exits.items():
            if outcome == "visit_ended" and not self.exits[exit_id]["visit"]:
                continue
            begin = self.begin(self.exits[exit_id], outcome)
            end = self.end(self.exits[exit_id], outcome)[0]
            served = [days[n][0][place] == "in service" for n in range(begin, end)]
            if any(served):
                inside.append(sum(served))
                after += len(served) - served.index(True) - sum(served)
                ended += not served[-1]
        return inside, after, ended

    def uptake(self, program):
        """How many exits were offered a program, accepted, refused, wait, began and when."""
        found = Counter(exits=len(self.exits))
        for exit_ in self.exits.values():
            day0, since = exit_["index_date"], exit_["removal_date"]
            offers = [
                row["accepted"]
                for row in self.reaching("assignments", exit_)
                if row["program"] == program and row["assignment_date"] >= since
            ]
            spells = list(self.spells(exit_, program))
            referrals = [
                spell["referral_date"]
                for spell, *_ in spells
                if spell["referral_date"] and spell["referral_date"] >= since
            ]
            found["offered"] += bool(offers or referrals)
            found["accepted"] += any(offers)
            starts = [start for _, start, _, over in spells if start and not over]
            reasons = {spell["end_reason"] for spell, start, *_ in spells if not start}
            if not starts:
                found["refused"] += "refused" in reasons
                found["waiting"] += "waiting_list" in reasons
                found["never"] += 1
            else:
                days = (min(starts) - day0).days
                when = "known_at_exit" if days <= 0 else "began_soon" if days <= 60 else None
                found[when or "began_later"] += 1
        return found
