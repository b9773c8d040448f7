"""Placements, siblings, orders, closures, age bands: plainly written, day by day, the same."""

import datetime

import pandas as pd
import pytest

import evaluation as ev

DAY = datetime.timedelta(days=1)
NEVER = datetime.date(9999, 12, 31)
NO_SETTING = ("trial_home_visit", "runaway")
BANDS = {0: "0-3 months", 4: "4-11 months", 12: "1-5", 72: "6-10", 132: "11-16", 204: "17"}


def as_rows(frame):
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


class History:
    """The rules as loops over rows."""

    def __init__(self, tables, cohort):
        self.through = cohort.study.cohort.data_through
        self.rows = {name: as_rows(frame) for name, frame in tables.items()}
        self.children = {row["child_id"]: row for row in self.rows["children"]}
        self.episodes = as_rows(cohort.stages.candidates.to_pandas())
        for episode in self.episodes:
            for name in ("removal_date", "discharge_date"):
                value = episode[name]
                episode[name] = value.date() if hasattr(value, "date") else value

    def reaching(self, table, exit_):
        for row in self.rows[table]:
            ids = [row["child_id"], row["family_id"], row["household_id"]]
            own = [exit_["child_id"], exit_["removal_family_id"], exit_["household_id"]]
            if any(a is not None and a == b for a, b in zip(ids, own, strict=True)):
                yield row

    def placed(self, exit_):
        """The placements of the episode begun before the index date, in order."""
        found = [
            row
            for row in self.rows["placements"]
            if row["child_id"] == exit_["child_id"]
            and exit_["removal_date"] <= row["start_date"] < exit_["index_date"]
            and row["start_date"] <= self.through
        ]
        discharge = exit_["index_date"]
        return sorted(
            found,
            key=lambda r: (
                r["start_date"],
                min(r["end_date"] or NEVER, discharge),
                r["placement_id"],
            ),
        )

    def covariates(self, exit_):
        placed = self.placed(exit_)
        settings = [row for row in placed if row["type"] not in NO_SETTING]
        kin = [
            r["kin"] if r["kin"] is not None else r["type"] == "relative_foster_home"
            for r in settings
        ]
        siblings = {
            other["child_id"]
            for other in self.episodes
            if other["removal_family_id"] == exit_["removal_family_id"]
            and other["child_id"] != exit_["child_id"]
            and other["standing"] != "protective"
            and other["removal_date"] <= exit_["index_date"]
            and (other["discharge_date"] or NEVER) > exit_["removal_date"]
        }
        reports = {
            row["report_id"]
            for row in self.rows["maltreatment_reports"]
            if row["child_id"] == exit_["child_id"] and row["report_date"] <= exit_["index_date"]
        }
        known = bool(placed)
        return {
            "placements": len(settings) if known else None,
            "kin_care": any(kin) if known else None,
            "congregate_care": any(r["type"] == "group_home" for r in settings) if known else None,
            "trial_home_visits": len([r for r in placed if r["type"] == "trial_home_visit"])
            if known
            else None,
            "last_placement": settings[-1]["type"] if settings else None,
            "placed_with_siblings": settings[-1]["with_siblings"] if settings else None,
            "siblings_in_care": len(siblings) if exit_["removal_family_id"] else None,
            "prior_reports": len(reports),
        }

    def windows(self, exit_, restart):
        """When the window is held back to, and the days each window begins."""
        day0, home = exit_["index_date"], exit_["household_id"]
        held, starts = day0, [day0]
        if exit_["exit_type"] != "reunification" or home is None:
            return held, starts
        returned = set()
        for stay in sorted(self.episodes, key=lambda e: (e["child_id"], e["number"])):
            sibling = stay["child_id"]
            if sibling == exit_["child_id"] or stay["standing"] == "protective":
                continue
            family = exit_["removal_family_id"]
            here = stay["household_id"] == home
            if not here and (family is None or stay["removal_family_id"] != family):
                continue
            back = stay["discharge_reason"] == "reunification"
            elsewhere = (
                (back or stay["discharge_date"] is None)
                and stay["household_id"] is not None
                and not here
            )
            person = self.children[sibling]
            gone = [stay["discharge_date"], person["death_date"]]
            if person["birth_date"]:
                gone.append(plus_months(person["birth_date"], 216, shift=True))
            gone = min((day for day in gone if day), default=NEVER)
            holds = stay["removal_date"] <= day0 < gone and not elsewhere
            if holds:
                held = max(held, gone)
            if back and here:
                first = sibling not in returned
                returned.add(sibling)
                if stay["discharge_date"] > day0 and (holds or first or restart):
                    starts.append(stay["discharge_date"])
        return held, starts

    def support(self, exit_, restart, days):
        """Status, voluntary and reason of an early end on each day after the exit."""
        held, starts = self.windows(exit_, restart)
        orders = [
            (row["start_date"], row["end_date"] or NEVER)
            for row in self.reaching("legal_orders", exit_)
            if row["type"] in ("child_protection", "supervision")
        ]
        closures = sorted(
            (row["closure_date"], row["closure_id"], row["reason"])
            for row in self.reaching("closures", exit_)
            if row["reason"] != "refused" and row["closure_date"] > exit_["index_date"]
        )
        windows = []
        for start in sorted(set(starts)):
            end, why = plus_months(start, 12), None
            early = [c for c in closures if start < c[0] < end]
            if early:
                end, why = early[0][0], early[0][2]
            windows.append((start, end, why))
        for n in range(1, days + 1):
            day = exit_["index_date"] + n * DAY
            begun = [window for window in windows if window[0] <= day]
            if day < held:
                status, why = "before", None
            elif any(start <= day < end for start, end, _ in begun):
                status, why = "in", None
            else:
                status, why = "after", begun[-1][2]
            bound = any(start <= day < end for start, end in orders)
            yield status, None if status == "after" else not bound, why

    def band(self, exit_, n):
        born, day = self.children[exit_["child_id"]]["birth_date"], exit_["index_date"] + n * DAY
        opened = [name for low, name in BANDS.items() if plus_months(born, low, shift=True) <= day]
        return opened[-1]


@pytest.fixture(scope="module", params=["first return", "every return"])
def both(request, messy, history, study):
    tables = history(messy(21, children=60), 21)
    settings = study(unit="every exit", support_restart=request.param)
    with ev.connect(tables) as agency:
        assert agency.check().counts["quarantined"].sum() == 0
        cohort = ev.build_cohort(agency, settings)
        yield History(tables, cohort), cohort


def exits_of(cohort):
    for row in as_rows(cohort.exits):
        yield row | {name: row[name].date() for name in ("index_date", "removal_date")}


def test_the_same_history(both):
    plain, cohort = both
    seen = 0
    for exit_ in exits_of(cohort):
        expected = plain.covariates(exit_)
        assert {name: exit_[name] for name in expected} == expected, exit_["exit_id"]
        seen += (expected["placements"] or 0) > 1
    assert seen > 20


def test_the_same_support_and_age_band_on_every_day(both):
    plain, cohort = both
    rows = cohort.follow_up("maltreatment")
    restart = cohort.study.cohort.support_restart == "every return"
    changes = set()
    for exit_ in exits_of(cohort):
        mine = as_rows(rows[rows["exit_id"] == exit_["exit_id"]])
        if not mine:
            continue
        states = list(plain.support(exit_, restart, mine[-1]["stop"]))
        for row in mine:
            own = (row["support_status"], row["support_voluntary"], row["support_closure"])
            assert set(states[row["start"] : row["stop"]]) == {own}, exit_["exit_id"]
            bands = {plain.band(exit_, n + 1) for n in range(row["start"], row["stop"])}
            assert bands == {row["age_band"]}
            changes.add(own)
    assert len(changes) >= 6
