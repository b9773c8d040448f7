"""The indicators against the same rules written plainly, child by child, and against counts."""

import datetime

import numpy as np
import pandas as pd
import pytest

import evaluation as ev
from evaluation.practice.adjusted import adjusted
from evaluation.practice.federal import INDICATORS, day_rate, federal_indicators
from evaluation.sources import contract

START, END, THROUGH = pd.Timestamp("2019-04-01"), pd.Timestamp("2020-04-01"), "2021-03-31"
AGENCIES = 2_000
HOME = ("reunification", "relative", "guardianship")
PERMANENT = (*HOME, "adoption")
DAY = pd.Timedelta(days=1)


def random_tables(agencies: int, seed: int) -> dict[str, pd.DataFrame]:
    """Small messy agencies under distinct ids; the county names the agency."""
    rng = np.random.default_rng(seed)
    children, removals, placements, reports = [], [], [], []
    origin = np.datetime64("2016-06-01")
    for agency in range(agencies):
        for number in range(int(rng.integers(1, 5))):
            child = f"{agency}-{number}"
            born = np.datetime64("2000-06-01") + int(rng.integers(0, 6500))
            family = f"{agency}-{rng.integers(0, 2)}" if rng.random() < 0.8 else None
            children.append((child, family, None if rng.random() < 0.03 else born))
            at = max(origin, born) + int(rng.integers(0, 1000))
            for stay in range(int(rng.integers(1, 4))):
                length = int(rng.choice([rng.integers(0, 12), rng.integers(12, 900)], p=[0.2, 0.8]))
                left = at + length
                open_ = rng.random() < 0.15
                reason = rng.choice(
                    [*PERMANENT, "emancipation", ""], p=[0.5, 0.1, 0.1, 0.1, 0.1, 0.1]
                )
                reason = None if open_ or not reason else str(reason)
                key = f"{child}-{stay}"
                removals.append((key, child, at, None if open_ else left, reason, str(agency)))
                moved = at + int(rng.integers(0, 2)) * int(rng.integers(0, 30))
                while moved < left and rng.random() < 0.85:
                    until = moved + int(rng.integers(1, 250))
                    kind = rng.choice(
                        ["trial_home_visit", "runaway", "foster_home"], p=[0.3, 0.1, 0.6]
                    )
                    who = rng.choice(["one", "two", None])
                    ended = None if open_ and until > left else min(until, left)
                    name = f"{key}-{len(placements)}"
                    placements.append((name, child, moved, ended, str(kind), who))
                    moved = until + int(rng.integers(0, 2)) * int(rng.integers(0, 15))
                at = left + int(rng.choice([rng.integers(0, 40), rng.integers(40, 500)]))
            near = np.datetime64("2019-04-01") + int(rng.integers(-30, 350))
            if rng.random() < 0.05:
                born = near + int(rng.integers(0, 40))
                children[-1] = (child, family, born)
            for report in range(int(rng.integers(0, 5))):
                near = near + int(rng.choice([0, 1, 2, 14, 15, rng.integers(0, 300)]))
                incident = near - int(rng.integers(0, 20)) if rng.random() < 0.5 else None
                what = str(rng.choice(["substantiated", "indicated", "unsubstantiated"]))
                reports.append((f"{child}-{report}", child, near, incident, what))
    make = pd.DataFrame
    tables = {
        "children": make(children, columns=["child_id", "family_id", "birth_date"]),
        "removals": make(
            removals,
            columns=[
                "removal_id",
                "child_id",
                "removal_date",
                "discharge_date",
                "discharge_reason",
                "county",
            ],
        ),
        "placements": make(
            placements,
            columns=["placement_id", "child_id", "start_date", "end_date", "type", "provider"],
        ),
        "maltreatment_reports": make(
            reports,
            columns=["allegation_id", "child_id", "report_date", "incident_date", "disposition"],
        ),
    }
    tables["maltreatment_reports"].insert(
        1, "report_id", tables["maltreatment_reports"].allegation_id
    )
    last = pd.Timestamp(THROUGH)
    seen = {
        "removals": "removal_date",
        "placements": "start_date",
        "maltreatment_reports": "report_date",
    }
    for name, frame in tables.items():
        for column in frame.columns[frame.columns.str.endswith("_date")]:
            frame[column] = pd.to_datetime(frame[column]).astype("datetime64[s]")
        if name in seen:
            tables[name] = frame[frame[seen[name]] <= last].reset_index(drop=True)
    late = tables["removals"]["discharge_date"] > last
    tables["removals"].loc[late, ["discharge_date", "discharge_reason"]] = None
    return tables


def birthday_18(born):
    if born.month == 2 and born.day == 29:
        return (
            pd.Timestamp(born.year + 18, 3, 1)
            if (born.year + 18) % 4
            else pd.Timestamp(born.year + 18, 2, 29)
        )
    return pd.Timestamp(born.year + 18, born.month, born.day)


def months(later, earlier):
    return (
        12 * (later.year - earlier.year) + later.month - earlier.month - (later.day < earlier.day)
    )


def half_year(day):
    return (day.year + (day.month >= 10), 3 < day.month < 10)


class Stay:
    """One removal as an abstractor would read it."""

    def __init__(self, row, following, born):
        self.id, self.start, self.end = row.removal_id, row.removal_date, row.discharge_date
        self.reason = row.discharge_reason if isinstance(row.discharge_reason, str) else None
        self.next = following
        self.adult = birthday_18(born)
        self.discharged = not pd.isna(self.end)
        self.turned_18 = (self.end if self.discharged else pd.Timestamp(THROUGH)) >= self.adult
        self.left = min(self.end, self.adult) if self.discharged else self.adult
        self.unknown_end = not self.discharged and following is not None
        self.quick = (
            self.discharged
            and following is not None
            and half_year(self.end) == half_year(following)
        )


def oracle(tables):
    """Numerator and denominator of each indicator by agency, one child at a time."""
    made: dict[tuple[str, str], list[int]] = {}

    def count(indicator, child, n, events):
        cell = made.setdefault((indicator, child.split("-")[0]), [0, 0])
        cell[0] += n
        cell[1] += events

    by = {
        name: dict(iter(tables[name].groupby("child_id"))) for name in tables if name != "children"
    }
    for child, born in tables["children"][["child_id", "birth_date"]].itertuples(index=False):
        if pd.isna(born):
            continue
        rows = by["removals"].get(child)
        stays = []
        if rows is not None:
            rows = list(rows.sort_values(["removal_date", "removal_id"]).itertuples())
            nexts = [row.removal_date for row in rows[1:]] + [None]
            stays = [Stay(row, after, born) for row, after in zip(rows, nexts, strict=True)]
        beds = by["placements"].get(child)
        reports = by["maltreatment_reports"].get(child)
        victim = (
            None
            if reports is None
            else reports[reports.disposition.isin(["substantiated", "indicated"])]
        )
        one_exit(child, stays, count)
        one_entry(child, stays, beds, count)
        in_care(child, stays, count)
        moves(child, stays, beds, count)
        harmed(child, stays, victim, count)
        again(child, born, victim, count)
    return made


def one_exit(child, stays, count):
    for s in stays:
        if not (s.discharged and START <= s.end < END) or s.turned_18 or s.reason not in HOME:
            continue
        if (s.next is not None and s.next < s.end) or s.quick:
            continue
        back = s.next is not None and months(s.next, s.end) < 12 and s.next < s.adult
        count("reentry", child, 1, int(back))
        return


def short(s):
    return (s.left - s.start).days < 8


def inside(s, beds):
    if beds is None:
        return []
    beds = beds[(beds.start_date >= s.start) & (beds.start_date < s.left)]
    return list(beds.sort_values(["start_date", "placement_id"]).itertuples())


def one_entry(child, stays, beds, count):
    for s in stays:
        if not START <= s.start < END or s.adult <= s.start or short(s) or s.unknown_end or s.quick:
            continue
        if s.discharged and s.reason is None and not s.turned_18:
            continue
        out = s.left
        settings = inside(s, beds)
        if s.reason == "reunification" and settings and settings[-1].type == "trial_home_visit":
            out = min(out, settings[-1].start_date + 30 * DAY)
        good = s.reason in PERMANENT and not s.turned_18 and months(out, s.start) < 12
        count("permanency_entries", child, 1, int(good))
        return


def in_care(child, stays, count):
    for s in stays:
        if s.start > START or (s.discharged and s.end <= START) or s.adult <= START:
            continue
        been = months(START, s.start)
        ended = s.discharged and s.end < END
        if been < 12 or s.unknown_end or (ended and s.quick):
            continue
        if ended and s.reason is None and not s.turned_18:
            continue
        good = ended and s.reason in PERMANENT and s.end < s.adult
        count("permanency_12_23" if been <= 23 else "permanency_24", child, 1, int(good))


def moves(child, stays, beds, count):
    for s in stays:
        if not START <= s.start < END or s.adult <= s.start or short(s) or s.unknown_end:
            continue
        until = min(s.left, END)
        settings = [b for b in inside(s, beds) if b.start_date < until]
        days = set()
        for bed in settings:
            stop = until if pd.isna(bed.end_date) else min(bed.end_date, until)
            days |= set(pd.date_range(bed.start_date, stop - DAY))
        lived = [b.provider for b in settings if b.type not in ("trial_home_visit", "runaway")]
        moved = sum(
            later is None or later != earlier
            for earlier, later in zip(lived, lived[1:], strict=False)
        )
        if days:
            count("placement_stability", child, len(days), moved)


def harmed(child, stays, victim, count):
    for s in stays:
        if s.start >= END or (s.discharged and s.end <= START) or s.adult <= max(s.start, START):
            continue
        if s.unknown_end or short(s):
            continue
        days = (min(s.left, END) - max(s.start, START)).days
        kept = []
        for r in () if victim is None else victim.sort_values("report_date").itertuples():
            elsewhere = not pd.isna(r.incident_date) and not s.start <= r.incident_date < s.left
            if elsewhere or not START <= r.report_date < END:
                continue
            if not s.start + 7 * DAY <= r.report_date < s.left:
                continue
            if not kept or (r.report_date - kept[-1]).days > 1:
                kept.append(r.report_date)
        count("maltreatment_in_care", child, days, len(kept))


def again(child, born, victim, count):
    if victim is None:
        return
    order = victim.sort_values(["report_date", "report_id"])
    order_in = order[(order.report_date >= START) & (order.report_date < END)]
    first = order_in[order_in.report_date >= born].head(1)
    for one in first.itertuples():
        if birthday_18(born) <= one.report_date:
            return
        more = [
            r
            for r in order.itertuples()
            if (r.report_date - one.report_date).days > 14
            and months(r.report_date, one.report_date) < 12
            and (pd.isna(r.incident_date) or r.incident_date != one.incident_date)
        ]
        count("recurrence", child, 1, int(bool(more)))


@pytest.fixture(scope="module")
def both():
    tables = random_tables(AGENCIES, seed=20)
    agency = FrameAgency(tables)
    return federal_indicators(agency, THROUGH, start="2019-04-01"), oracle(tables)


class FrameAgency:
    """Data frames as accepted tables, so that overlapping stays are judged too."""

    def __init__(self, frames):
        import ibis
        import pyarrow as pa

        self.connection = ibis.duckdb.connect()
        self.tables = tuple(name for name in contract().names if name in frames)
        for name in self.tables:
            rows = ibis.memtable(pa.Table.from_pandas(frames[name], preserve_index=False))
            types = {
                f.name: f.engine_type
                for f in contract().table(name).fields
                if f.name in frames[name]
            }
            self.connection.create_table(name, rows.cast(types))

    def table(self, name):
        return self.connection.table(name)

    def has(self, name, column=None):
        return name in self.tables and (column is None or column in self.table(name).columns)


@pytest.mark.parametrize("indicator", [each.name for each in INDICATORS])
def test_every_indicator_is_the_plain_one_in_every_agency(both, indicator):
    result, plain = both
    rows = result.paths(indicator)
    rows = rows.assign(agency=rows["child_id"].str.partition("-")[0])
    rows = rows[rows["path"] != "excluded"]
    got = rows.groupby("agency")[["n", "events"]].sum()
    want = pd.DataFrame(
        {agency: cell for (name, agency), cell in plain.items() if name == indicator},
        index=["n", "events"],
    ).T
    assert len(want) > AGENCIES / 20
    assert want["events"].sum() > 30
    pd.testing.assert_frame_equal(
        got.sort_index().astype("int64"), want.sort_index().astype("int64"), check_names=False
    )


def test_the_whole_is_the_sum_of_its_counties(both):
    result, _ = both
    whole = result.table.set_index("indicator")[["denominator", "numerator"]].astype("int64")
    parts = result.by_county.groupby("indicator")[["denominator", "numerator"]].sum()
    pd.testing.assert_frame_equal(whole.sort_index(), parts.sort_index(), check_dtype=False)


PUBLISHED_RATES = [
    (10_023, 109_726_676, 100_000, 9.1345, 4),
    (110_272, 22_607_726, 1_000, 4.8776, 4),
    (49_291, 141_804, 100, 34.76, 2),
    (30_978, 71_920, 100, 43.0729, 4),
    (33_249, 88_731, 100, 37.4717, 4),
]


@pytest.mark.parametrize(("events", "n", "per", "printed", "digits"), PUBLISHED_RATES)
def test_published_national_counts_give_the_printed_rates(events, n, per, printed, digits):
    """This tests the arithmetic, not the exclusions."""
    names = ("n", "events", "clusters", "n_squared", "events_squared", "n_events")
    added = pd.DataFrame([dict(zip(names, (n, events, 1_000, 0, 0, 0), strict=True))])
    assert round(per * float(day_rate(added)[0][0]), digits) == printed


def test_the_age_rows_of_the_published_table_add_up():
    """C4 to C9 sum to C3, in both numbers."""
    rows = [(105, 986), (215, 2659), (1502, 25226), (948, 18970), (1524, 21799), (96, 3294)]
    assert tuple(map(sum, zip(*rows, strict=True))) == (4390, 72934)


def test_rates_per_day_without_families_are_garwood():
    """Events apart from one another: the exact Poisson limits."""
    from scipy.stats import chi2

    added = pd.DataFrame(
        [
            {
                "n": 50_000,
                "events": 12,
                "clusters": 500,
                "n_squared": 5e6,
                "events_squared": 12,
                "n_events": 1200,
            }
        ]
    )
    rate, low, high = (float(each[0]) for each in day_rate(added))
    effect = max(1, (12 - 2 * rate * 1200 + rate**2 * 5e6) * 500 / 499 / 12)
    assert (rate, effect) == (12 / 50_000, 1)
    assert low == pytest.approx(chi2.ppf(0.025, 24) / 2 / 50_000)
    assert high == pytest.approx(chi2.ppf(0.975, 26) / 2 / 50_000)


def test_counties_alike_are_shrunk_to_the_whole():
    """RSP-style: no more spread than chance gives one performance, without an interval."""
    counts = pd.DataFrame(
        {"county": list("ABCD"), "band": 0, "n": [100] * 4, "events": [10, 11, 9, 10]}
    )
    found = adjusted(counts)
    assert set(found["adjusted"]) == {0.1}
    assert found["adjusted_low"].isna().all()


def test_age_explains_what_age_explains():
    """Two counties with the same rates by age and different ages are expected what they have."""
    counts = pd.DataFrame(
        {
            "county": ["A", "A", "B", "B"],
            "band": [0, 1, 0, 1],
            "n": [900, 100, 100, 900],
            "events": [180, 5, 20, 45],
        }
    )
    found = adjusted(counts)
    assert np.allclose(found["expected"], found["events"])
    assert np.allclose(found["ratio"], 1)


def test_small_counties_are_shrunk_more():
    counts = pd.DataFrame(
        {
            "county": ["big", "small", "rest"],
            "band": 0,
            "n": [5000, 50, 20000],
            "events": [500, 5, 1000],
        }
    )
    found = adjusted(counts).set_index("county")
    assert found.loc["big", "ratio"] == found.loc["small", "ratio"] > 1
    assert 1 < found.loc["small", "shrunk_ratio"] < found.loc["big", "shrunk_ratio"]


def test_missing_tables_never_give_zero():
    tables = random_tables(20, seed=1)
    alone = FrameAgency({name: tables[name] for name in ("children", "removals")})
    result = federal_indicators(alone, THROUGH, start="2019-04-01")
    table = result.table.set_index("indicator")
    for name, lacks in {
        "placement_stability": "placements",
        "recurrence": "maltreatment_reports",
    }.items():
        assert table.loc[name, "status"] == "cannot be computed"
        assert table.loc[name, "needs"] == f"needs the table {lacks}"
        assert table.loc[name, ["denominator", "numerator", "observed"]].isna().all()
    with pytest.raises(ev.DataError, match="needs the table placements"):
        result.paths("placement_stability")
    with pytest.raises(ev.StudyError, match='no indicator "re-entry"'):
        result.paths("re-entry")
    assert any("trial home visit" in note for note in result.notes)


def test_a_period_that_is_not_over_cannot_be_computed():
    agency = FrameAgency({n: t for n, t in random_tables(5, seed=2).items()})
    late = federal_indicators(agency, THROUGH, start=datetime.date(2020, 4, 1))
    told = late.table.set_index("indicator")
    assert "needs records to 2022-03-31; they end on 2021-03-31" in told.loc["reentry", "needs"]
    assert told.loc["permanency_24", "status"] == "computed"
    usual = federal_indicators(agency, THROUGH).table.set_index("indicator")
    assert str(usual.loc["reentry", "period_start"].date()) == "2019-04-01"
    assert str(usual.loc["permanency_24", "period_start"].date()) == "2020-04-01"
