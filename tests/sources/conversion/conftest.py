import datetime

import pandas as pd
import pytest

from evaluation.sources.simulation import simulate_tables

KINDS = ("foster_home", "relative_foster_home", "group_home")


@pytest.fixture(scope="session")
def agency():
    """A simulated agency without errors, with settings and assistance agreements invented."""
    frames = simulate_tables(100, 4, dirty=0, missing=0).frames
    rows = []
    for n, stay in enumerate(frames["removals"].astype(object).fillna("").itertuples()):
        begin = datetime.date.fromisoformat(stay.removal_date)
        over = stay.discharge_date != ""
        end = datetime.date.fromisoformat(stay.discharge_date) if over else None
        starts = [begin]
        for step in (40, 130):
            day = begin + datetime.timedelta(days=step)
            if end is None or day < end:
                starts.append(day)
        for k, start in enumerate(starts):
            home = k == 2 and stay.discharge_reason == "reunification"
            rows.append(
                {"child_id": stay.child_id, "removal_date": stay.removal_date,
                 "start_date": start.isoformat(),
                 "end_date": starts[k + 1].isoformat() if k + 1 < len(starts) else stay.discharge_date or None,
                 "type": "trial_home_visit" if home else KINDS[(n + k) % 3]}
            )  # fmt: skip
    return frames | {"placements": pd.DataFrame(rows), "agreements": agreements(frames)}


def agreements(frames):
    """One for every adoption and guardianship: going on, ended after 500 days or at 17."""
    born = frames["children"].set_index("child_id").birth_date
    stays = frames["removals"]
    rows = []
    for n, stay in enumerate(
        stays[stays.discharge_reason.isin(["adoption", "guardianship"])].itertuples()
    ):
        begin = datetime.date.fromisoformat(stay.discharge_date)
        birth = pd.Timestamp(born[stay.child_id])
        day = (birth + pd.DateOffset(years=17, months=5 + n % 2)).date()
        ended = (None, begin + datetime.timedelta(days=500), max(day, begin))[n % 3]
        rows.append((stay.child_id, begin.isoformat(), ended and ended.isoformat()))
    return pd.DataFrame(rows, columns=["child_id", "finalized", "ended"])


@pytest.fixture
def write(tmp_path):
    """Write data frames as CSV files and return their paths in order."""

    def written(frames, ending=".csv", **options):
        paths = []
        for name, frame in frames.items():
            path = tmp_path / f"{name}{ending}"
            frame.to_csv(path, index=False, **options)
            paths.append(path)
        return paths

    return written
