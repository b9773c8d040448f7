"""A messy agency drawn by lot, for properties that hold whatever the data."""

import datetime

import numpy as np
import pandas as pd
import pytest

import evaluation as ev

DAY = datetime.timedelta(days=1)
FIRST, THROUGH = datetime.date(2016, 1, 1), datetime.date(2021, 12, 31)
REASONS = ["reunification", "relative", "guardianship", "adoption", "runaway", None]
OUTCOMES = ("reentry", "disruption", "maltreatment")
SETTINGS = {
    "exits": (datetime.date(2017, 1, 1), datetime.date(2020, 12, 31)),
    "data_through": THROUGH,
    "adoption_link": "kept",
    "merge_gap_days": 2,
    "horizon_days": 500,
}


class Lot:
    """Draws values; a share of them missing."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)

    def pick(self, values, missing=0.0):
        if self.rng.random() < missing:
            return None
        return values[int(self.rng.integers(len(values)))]

    def day(self, low: datetime.date, span: int, missing=0.0):
        if self.rng.random() < missing:
            return None
        return low + int(self.rng.integers(span)) * DAY


def messy_tables(seed: int, children: int = 120) -> dict[str, pd.DataFrame]:
    """Draw tables whose spells overlap, whose siblings split up and whose ids are missing."""
    lot = Lot(seed)
    families = [f"F{n}" for n in range(children // 3)]
    homes = [f"H{n}" for n in range(children // 3)]
    people, spells = [], []
    for n in range(children):
        child, family = f"C{n:03}", lot.pick(families, missing=0.1)
        born = lot.day(datetime.date(1999, 6, 1), 6000, missing=0.03)
        died = lot.day(datetime.date(2018, 1, 1), 1200) if lot.rng.random() < 0.05 else None
        people.append((child, family, born, died, lot.pick(["female", "male"], missing=0.2)))
        start = max(lot.day(FIRST, 900), born or FIRST)
        home = f"H{family[1:]}" if family else None
        for _ in range(int(lot.rng.integers(1, 5))):
            end = start + int(lot.rng.integers(0, 300)) * DAY
            open_stay = lot.rng.random() < 0.1
            where = home if lot.rng.random() < 0.7 else lot.pick(homes, missing=0.3)
            reason = None if open_stay else lot.pick(REASONS + ["reunification"] * 6)
            spells.append((child, start, None if open_stay else end, reason, where))
            start = max(end + int(lot.rng.integers(-20, 250)) * DAY, born or FIRST)
    tables = {
        "children": pd.DataFrame(
            people, columns=["child_id", "family_id", "birth_date", "death_date", "sex"]
        ),
        "removals": pd.DataFrame(
            spells,
            columns=[
                "child_id",
                "removal_date",
                "discharge_date",
                "discharge_reason",
                "household_id",
            ],
        ),
        "services": pd.DataFrame(
            [
                _reached(lot, children, families, homes)
                | {"program": lot.pick(["coach", "respite"]), "start_date": start}
                | {"end_date": lot.pick([None, start, start + 40 * DAY, start + 200 * DAY])}
                for start in (lot.day(FIRST, 1800) for _ in range(2 * children))
            ]
        ),
        "maltreatment_reports": pd.DataFrame(
            [
                {
                    "child_id": f"C{lot.rng.integers(children):03}",
                    "report_date": lot.day(datetime.date(2017, 6, 1), 1700),
                    "disposition": lot.pick(["substantiated", "unsubstantiated"], missing=0.1),
                }
                for _ in range(2 * children)
            ]
        ),
        "disruptions": pd.DataFrame(
            [
                {
                    "child_id": f"C{lot.rng.integers(children):03}",
                    "disruption_date": lot.day(datetime.date(2017, 6, 1), 1700),
                    "type": lot.pick(["displacement", "termination", "dissolution"]),
                    "reason": lot.pick(["safety", "adopted_by_guardian"], missing=0.3),
                }
                for _ in range(children)
            ]
        ),
        "moves_out": pd.DataFrame(
            [
                _reached(lot, children, families, homes)
                | {"move_date": lot.day(datetime.date(2017, 6, 1), 1700)}
                for _ in range(children // 8)
            ]
        ),
    }
    keys = {"removals": "removal_id", "services": "service_id", "moves_out": "move_id"}
    keys |= {"maltreatment_reports": "allegation_id", "disruptions": "disruption_id"}
    for table, key in keys.items():
        tables[table].insert(0, key, [f"{table}{n:05}" for n in range(len(tables[table]))])
    tables["maltreatment_reports"]["report_id"] = tables["maltreatment_reports"]["allegation_id"]
    born = tables["children"].set_index("child_id")["birth_date"]
    for table, date in {
        "maltreatment_reports": "report_date",
        "disruptions": "disruption_date",
    }.items():
        frame = tables[table]
        pairs = zip(frame[date], frame["child_id"].map(born), strict=True)
        early = [b is not None and day < b for day, b in pairs]
        tables[table] = frame[~np.array(early)]
    return tables


def _reached(lot: Lot, children: int, families: list, homes: list) -> dict:
    way = lot.pick(["child", "family", "household"])
    ids = {"child": [f"C{n:03}" for n in range(children)], "family": families, "household": homes}
    return {f"{name}_id": lot.pick(ids[name]) if name == way else None for name in ids}


def messy_study(coach=None, outcomes=OUTCOMES, **rules) -> ev.Study:
    coach = {"program": "coach"} | (coach or {})
    return ev.Study(
        title="A messy agency",
        cohort=SETTINGS | rules,
        outcomes={name: {} for name in outcomes},
        services=[coach, {"program": "respite", "lead_days": 30}],
    )


@pytest.fixture(scope="session")
def messy():
    """Return a function that draws tables."""
    return messy_tables


@pytest.fixture(scope="session")
def study():
    """Return a function that makes their study."""
    return messy_study


@pytest.fixture(scope="session")
def agency(messy):
    """The messy agency, all rows of which are accepted."""
    with ev.connect(messy(1)) as opened:
        yield opened


@pytest.fixture(scope="session")
def cohort(agency, study):
    """The cohort of the messy agency, every exit of it."""
    return ev.build_cohort(agency, study(unit="every exit"))


def history_tables(tables: dict[str, pd.DataFrame], seed: int) -> dict[str, pd.DataFrame]:
    """Add placements, orders, closures, offers and services never begun; the rest stays as it was."""
    lot = Lot(1000 + seed)
    kinds = ["foster_home", "relative_foster_home", "group_home", "trial_home_visit", "runaway"]
    placements = []
    people = tables["children"]
    families = sorted(people["family_id"].dropna().unique()) or [None]
    homes = sorted(tables["removals"]["household_id"].dropna().unique()) or [None]
    for stay in tables["removals"].itertuples():
        start, last = stay.removal_date, stay.discharge_date or THROUGH
        while start < last and lot.rng.random() < 0.8:
            end = start + int(lot.rng.integers(1, 120)) * DAY
            open_end = stay.discharge_date is None and end > last
            why = lot.pick(["returned_from_visit", "other"], missing=0.6)
            placements.append(
                {
                    "child_id": stay.child_id,
                    "start_date": start,
                    "end_date": None if open_end else min(end, last),
                    "type": lot.pick(kinds, missing=0.1),
                    "kin": lot.pick([True, False], missing=0.7),
                    "with_siblings": lot.pick([True, False], missing=0.3),
                    "household_id": lot.pick(homes, missing=0.7),
                    "end_reason": None if open_end else why,
                }
            )
            start = end + int(lot.rng.integers(-5, 6)) * DAY
            start = max(start, stay.removal_date)
    orders, closures, offers, unbegun = [], [], [], []
    for _ in range(len(people)):
        begin = lot.day(datetime.date(2016, 6, 1), 1700)
        end = lot.pick([None, begin + int(lot.rng.integers(10, 500)) * DAY])
        orders.append(
            _reached(lot, len(people), families, homes)
            | {"type": lot.pick(["child_protection", "supervision", "guardianship"])}
            | {"start_date": begin, "end_date": end}
        )
        closures.append(
            _reached(lot, len(people), families, homes)
            | {"closure_date": lot.day(datetime.date(2017, 3, 1), 1700)}
            | {"reason": lot.pick(["completed", "refused", "not_located", "moved_out_of_state"])}
            | {"program": lot.pick(["coach", "respite"], missing=0.6)}
        )
        offers.append(
            _reached(lot, len(people), families, homes)
            | {"program": lot.pick(["coach", "respite"]), "arm": "offered"}
            | {"assignment_date": lot.day(datetime.date(2016, 6, 1), 1700)}
            | {"accepted": lot.pick([True, False], missing=0.3)}
        )
        unbegun.append(
            _reached(lot, len(people), families, homes)
            | {"program": lot.pick(["coach", "respite"])}
            | {"referral_date": lot.day(datetime.date(2016, 6, 1), 1700)}
            | {"end_reason": lot.pick(["refused", "waiting_list", "not_eligible"])}
        )
    begun = tables["services"].drop(columns="service_id").to_dict("records")
    found = {"placements": placements, "legal_orders": orders, "closures": closures}
    found |= {"assignments": offers, "services": begun + unbegun}
    keys = {"placements": "placement_id", "legal_orders": "order_id", "closures": "closure_id"}
    keys |= {"assignments": "assignment_id", "services": "service_id"}
    for table, key in keys.items():
        found[table] = pd.DataFrame(found[table]).astype(object)
        found[table] = found[table].where(found[table].notna(), None)
        found[table].insert(0, key, [f"{table}{n:05}" for n in range(len(found[table]))])
    return tables | found


@pytest.fixture(scope="session")
def history():
    """Return a function that adds what `history_tables` does to drawn tables."""
    return history_tables
