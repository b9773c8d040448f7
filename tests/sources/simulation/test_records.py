"""The simulated tables obey the contract and look like an agency's."""

import json

import pandas as pd
import pytest

from evaluation.resources import resource
from evaluation.sources.simulation import simulate_tables

CONTRACT = {
    table["name"]: table["schema"]
    for table in json.loads(resource("data_schemas", "datapackage.json").read_text())["resources"]
}


@pytest.fixture(scope="module")
def agency():
    return simulate_tables(children=3_000, seed=5, dirty=0.0)


def test_columns_are_columns_of_the_contract(agency):
    for name, frame in agency.frames.items():
        fields = [field["name"] for field in CONTRACT[name]["fields"]]
        assert [column for column in fields if column in set(frame)] == list(frame)


@pytest.mark.parametrize("name", list(CONTRACT))
def test_clean_rows_keep_every_rule_of_their_table(agency, name):
    frame, schema = agency.frames[name], CONTRACT[name]
    assert len(frame)
    for field in schema["fields"]:
        if field["name"] not in frame:
            continue
        values, rules = frame[field["name"]], field.get("constraints", {})
        given = values.dropna()
        assert not rules.get("required") or len(given) == len(values)
        assert not rules.get("unique") or given.is_unique
        assert set(given) <= set(rules.get("enum", given))
        if "pattern" in rules:
            assert given.str.fullmatch(rules["pattern"]).all()
        if field["type"] == "date":
            assert (pd.to_datetime(given, format="%Y-%m-%d").dt.year > 1980).all()
        if field["type"] == "boolean":
            assert set(given) <= {"true", "false"}
        if field["type"] == "number":
            assert (given.astype(float) >= 0).all()
    for rule in schema.get("rules", []):
        if rule["rule"] == "not_before":
            pair = frame[[rule["field"], rule["other"]]].dropna()
            assert (pair.iloc[:, 0] >= pair.iloc[:, 1]).all(), rule
        if rule["rule"] == "requires":
            assert frame.loc[frame[rule["field"]].notna(), rule["other"]].notna().all()
        if rule["rule"] == "any_of":
            assert frame[rule["fields"]].notna().any(axis=1).all()


def test_children_are_known_and_events_follow_birth(agency):
    births = agency.frames["children"].set_index("child_id")["birth_date"]
    dated = {
        "removals": "removal_date",
        "maltreatment_reports": "report_date",
        "disruptions": "disruption_date",
    }
    for name, field in dated.items():
        frame = agency.frames[name]
        assert frame["child_id"].isin(births.index).all()
        assert (frame[field] >= frame["child_id"].map(births)).all()


def test_nothing_is_recorded_after_the_data_end(agency):
    for frame in agency.frames.values():
        for column in frame.columns[frame.columns.str.endswith("_date")]:
            assert (frame[column].dropna() <= "2024-06-30").all(), column
