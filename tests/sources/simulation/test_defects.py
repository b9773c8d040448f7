"""Rows that break the contract come on top of the good ones, every rule once at least."""

import json

import pandas as pd
import pytest

from evaluation.resources import resource
from evaluation.sources.simulation import simulate_tables


@pytest.fixture(scope="module")
def clean():
    return simulate_tables(children=2_000, seed=9, dirty=0.0)


@pytest.fixture(scope="module")
def dirty():
    return simulate_tables(children=2_000, seed=9, dirty=0.02)


def test_good_rows_stay_as_they_are(clean, dirty):
    for name, good in clean.frames.items():
        merged = good.merge(dirty.frames[name].drop_duplicates(), how="left", indicator=True)
        assert (merged["_merge"] == "both").all(), name


def test_every_row_added_is_listed(clean, dirty):
    for name, good in clean.frames.items():
        added = len(dirty.frames[name]) - len(good)
        assert added == (dirty.truth.dirty["table"] == name).sum()
        assert added >= 0.02 * len(good) - 1
    assert clean.truth.dirty.empty


def test_every_rule_of_the_contract_is_broken_somewhere(dirty):
    listed = set(dirty.truth.dirty[["table", "rule", "field"]].itertuples(index=False, name=None))
    descriptor = json.loads(resource("data_schemas", "datapackage.json").read_text())
    for table in descriptor["resources"]:
        name, schema = table["name"], table["schema"]
        if name not in dirty.frames:
            continue
        for field in schema["fields"]:
            if field["name"] not in dirty.frames[name]:
                continue
            constraints = field.get("constraints", {})
            for rule in ("required", "enum", "pattern", "minimum"):
                assert rule not in constraints or (name, rule, field["name"]) in listed
            typed = field["type"] in ("date", "boolean", "number")
            assert not typed or (name, "type", field["name"]) in listed
        (key,) = schema["primaryKey"]
        assert {(name, "duplicate key", key), (name, "exact duplicate", key)} <= listed
        for foreign in schema.get("foreignKeys", []):
            assert (name, "foreign key", foreign["fields"][0]) in listed
        for rule in schema.get("rules", []) + schema.get("crossRules", []):
            field = rule.get("field") or ", ".join(rule["fields"])
            counted = rule["rule"] in ("no_overlap", "within_removal")
            assert counted or (name, rule["rule"], field) in listed


def test_impossible_dates_are_there_as_text(dirty):
    removals = dirty.frames["removals"]
    assert (removals["removal_date"] == "2019-02-30").any()
    assert pd.api.types.is_string_dtype(removals["removal_date"])


def test_no_dirty_row_hides_among_the_good_keys(clean, dirty):
    listed = dirty.truth.dirty
    own = listed[(listed["rule"] != "exact duplicate") & listed["row_key"].notna()]
    for name, good in clean.frames.items():
        keys = set(own.loc[own["table"] == name, "row_key"])
        assert keys.isdisjoint(good.iloc[:, 0])
