import json

import pytest
from frictionless import Package

from evaluation.errors import DataError
from evaluation.resources import resource
from evaluation.sources import contract

DESCRIPTOR = resource("data_schemas", "datapackage.json")


def test_the_descriptor_is_a_valid_data_package():
    report = Package.validate_descriptor(json.loads(DESCRIPTOR.read_text(encoding="utf-8")))
    assert report.valid, report.flatten(["message"])


def test_only_children_and_removals_are_required():
    assert [table.name for table in contract().tables if table.required] == ["children", "removals"]


def test_a_field_is_found_by_name_with_its_type_and_constraints():
    field = contract().table("removals").field("removal_date")
    assert (field.type, field.required, field.engine_type) == ("date", True, "date")


def test_an_unknown_field_gets_the_nearest_name():
    with pytest.raises(DataError, match='no field "removal_dat"; did you mean removal_date?'):
        contract().table("removals").field("removal_dat")


@pytest.mark.parametrize("table", contract().tables, ids=lambda table: table.name)
def test_every_column_a_rule_or_key_names_exists(table):
    for rule in (*table.rules, *table.cross_rules):
        for name in filter(None, (rule.field, rule.other, *rule.fields, *rule.per)):
            assert name in table.columns
    for key in table.foreign_keys:
        assert set(key.fields) <= set(table.columns)
        assert set(key.reference) <= set(contract().table(key.table).columns)
    assert set(table.primary_key) <= set(table.columns)


@pytest.mark.parametrize("table", contract().tables, ids=lambda table: table.name)
def test_every_coded_list_accepts_its_own_codes(table):
    import re

    for field in table.fields:
        if field.codes:
            assert re.fullmatch(field.pattern, ";".join(field.codes))
