"""What an episode leaves behind (placements, siblings, reports), plainly written: the same."""

import datetime

import pytest

import evaluation as ev
from tests.cohorts.plain import as_rows

NEVER = datetime.date(9999, 12, 31)
NO_SETTING = ("trial_home_visit", "runaway")


class History:
    """The rules as loops over rows."""

    def __init__(self, tables, cohort):
        self.through = cohort.study.cohort.data_through
        self.rows = {name: as_rows(frame) for name, frame in tables.items()}
        self.episodes = as_rows(cohort.stages.candidates.to_pandas())
        for episode in self.episodes:
            for name in ("removal_date", "discharge_date"):
                value = episode[name]
                episode[name] = value.date() if hasattr(value, "date") else value

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


@pytest.fixture(scope="module")
def both(messy, history, study):
    tables = history(messy(21, children=90), 21)
    settings = study(unit="every exit")
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
