"""Data quality is measured: complete, valid, timely, consistent, by month, and what it supports."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from evaluation.reporting.data_quality import quality_json, quality_sections
from evaluation.reporting.disclosure import Disclosure
from evaluation.sources import connect
from evaluation.sources.support import needs

MONTHS = pd.date_range("2018-01-01", "2020-12-01", freq="MS")


def agency(skip=("2019-06-01",), per_month=12):
    """Twelve removals a month, but for the months whose upload is missing."""
    rows = [
        (f"r{n}-{month:%Y%m}", f"c{n % 5}", f"{month:%Y-%m}-{n + 1:02d}")
        for month in MONTHS
        for n in range(per_month)
        if f"{month:%Y-%m-%d}" not in skip
    ]
    removals = pd.DataFrame(rows, columns=["removal_id", "child_id", "removal_date"])
    removals["discharge_date"] = removals["removal_date"]
    removals["discharge_reason"] = "reunification"
    removals.loc[:2, "discharge_reason"] = None
    removals.loc[removals.index[-1], "discharge_reason"] = "home"
    removals["removal_entered"] = pd.to_datetime(removals.removal_date) + pd.Timedelta(days=20)
    children = pd.DataFrame({"child_id": [f"c{n}" for n in range(5)], "birth_date": "2010-01-31"})
    return {"children": children, "removals": removals}


@pytest.fixture(scope="module")
def quality():
    with connect(agency()) as opened:
        result = opened.check()
        return result.quality


def test_a_missing_upload_shows_in_the_calendar(quality):
    rows = quality.calendar.query("field == 'removal_date'").set_index("month").rows
    assert len(rows) == 36
    assert rows[pd.Timestamp("2019-06-01")] == 0
    assert set(quality.gaps.month) == {pd.Timestamp("2019-06-01")}
    assert set(quality.gaps.typical) == {12.0}


def test_few_rows_by_chance_are_no_gap():
    with connect(agency(per_month=3)) as opened:
        assert opened.check().quality.gaps.empty


def test_completeness_counts_accepted_rows_and_names_absent_fields(quality):
    said = quality.completeness.set_index(["table", "field"])
    assert said.given["removals", "discharge_reason"] == said.rows["removals", "removal_id"] - 3
    assert said.given["children", "family_id"] == 0


def test_validity_counts_the_rows_each_rule_sets_aside(quality):
    enum = quality.validity.query("rule == 'enum'").iloc[0]
    assert (enum.table, enum.field, enum.rows) == ("removals", "discharge_reason", 1)
    assert enum.share == pytest.approx(1 / enum["of"])


def test_timeliness_is_the_days_from_the_event_to_its_entry(quality):
    wait = quality.timeliness.set_index(["since", "until"]).loc[("removal_date", "removal_entered")]
    assert (wait.median_days, wait.p95_days, wait.negative) == (20, 20, 0)


def test_every_federal_limit_has_a_measured_value_a_limit_and_a_verdict(quality):
    judged = quality.federal[quality.federal.verdict != "not checked"]
    assert judged[["share", "limit"]].notna().all().all()
    same_day = judged.set_index("check").loc["same_day_removal_and_discharge"]
    assert same_day.verdict == "exceeds limit" and same_day.share == 1


def test_what_the_data_support_follows_from_the_columns_with_values(quality):
    possible = quality.support.set_index("name").possible
    assert len(possible) == len(needs())
    assert possible["re-entry to care"] and possible["age at exit"]
    assert not possible["effect of a service"] and not possible["siblings as one cluster"]


def test_the_report_hides_small_counts_and_the_internal_one_does_not(quality):
    def cells(rule):
        return {
            (table.name, str(row[0]), str(row[1]), column.key): cell
            for part in quality_sections(quality, rule, "Source")
            for table in (*part.tables, *part.sheets)
            for row, shown in zip(table.rows, replace(table, on_page=None).printed, strict=True)
            for column, cell in zip(table.columns, shown, strict=True)
        }

    exact, released = cells(Disclosure(0)), cells(Disclosure(11))
    key = ("completeness", "removals", "discharge_reason", "missing")
    assert (exact[key], released[key]) == ("3", "s")
    key = ("validity", "removals", "discharge_reason", "rows")
    assert (exact[key], released[key]) == ("1", "s")


def test_the_sections_say_what_was_found(quality):
    titles = {part.name: part.title for part in quality_sections(quality, Disclosure(0), "Source")}
    assert "removals" in titles["calendar"]
    assert "federal limits checked are exceeded" in titles["limits"]


def test_json_holds_every_table(quality):
    said = json.loads(quality_json(quality))
    assert set(said) == set(quality.to_frames())
    assert said["gaps"][0]["month"].startswith("2019-06-01")
