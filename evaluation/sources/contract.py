"""The data contract as Python objects: what every table, field and rule must be."""

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from evaluation.errors import DataError
from evaluation.resources import resource

_TYPES = {
    "string": "string",
    "date": "date",
    "number": "float64",
    "boolean": "boolean",
    "integer": "int64",
}


@dataclass(frozen=True)
class Field:
    """A column of a contract table.

    Parameters
    ----------
    name, type, description : str
        ``type`` is a Table Schema type: string, date, number, integer or boolean.
    required, unique : bool
        Whether every row must hold a value, and whether no two may hold the same.
    pattern : str or None
        Regular expression the whole value must match.
    enum, codes : tuple of str
        The values allowed; the values a semicolon-separated list may hold.
    minimum, maximum : float or None
        Smallest and largest value allowed.
    true_values, false_values : tuple of str
        Spellings of a boolean in text.
    """

    name: str
    type: str
    description: str
    required: bool = False
    unique: bool = False
    pattern: str | None = None
    enum: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    true_values: tuple[str, ...] = ()
    false_values: tuple[str, ...] = ()

    @property
    def engine_type(self) -> str:
        """The Ibis type of the column in an accepted table."""
        return _TYPES[self.type]


@dataclass(frozen=True)
class Rule:
    """A check that involves several fields, rows or tables.

    Parameters
    ----------
    rule : str
        ``not_before``, ``requires`` and ``any_of`` hold within a row;
        ``not_before_birth``, ``no_overlap`` and ``within_removal`` against other rows.
    field, other : str or None
        The field judged and the one it is judged by.
    fields, per : tuple of str
        The fields of a rule on several, and what groups the rows.
    """

    rule: str
    field: str | None = None
    other: str | None = None
    fields: tuple[str, ...] = ()
    per: tuple[str, ...] = ()


@dataclass(frozen=True)
class ForeignKey:
    """Fields whose values, where given, must stand in another table."""

    fields: tuple[str, ...]
    table: str
    reference: tuple[str, ...]


@dataclass(frozen=True)
class QualityLimit:
    """A federal data-quality limit on the share of rows in a condition."""

    check: str
    table: str
    limit: float
    exceeds: str
    counts: str


@dataclass(frozen=True)
class TableSchema:
    """One contract table: its fields in order, its keys and its rules."""

    name: str
    title: str
    description: str
    required: bool
    fields: tuple[Field, ...]
    primary_key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]
    rules: tuple[Rule, ...]
    cross_rules: tuple[Rule, ...]
    missing_values: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the fields, in order."""
        return tuple(field.name for field in self.fields)

    def field(self, name: str) -> Field:
        """Return a field by name.

        Raises
        ------
        DataError
            If the table has no such field.
        """
        for field in self.fields:
            if field.name == name:
                return field
        raise DataError(
            f'The table {self.name} has no field "{name}"{did_you_mean(name, self.columns)}'
        )


@dataclass(frozen=True)
class Contract:
    """The whole data contract.

    Parameters
    ----------
    name, version : str
        As published in the descriptor.
    tables : tuple of TableSchema
        In the descriptor's order.
    quality_limits : tuple of QualityLimit
        Federal limits.
    quality_source : str
        Where the limits were published.
    """

    name: str
    version: str
    tables: tuple[TableSchema, ...]
    quality_limits: tuple[QualityLimit, ...]
    quality_source: str

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tables, in order."""
        return tuple(table.name for table in self.tables)

    def table(self, name: str) -> TableSchema:
        """Return a table's schema by name.

        Raises
        ------
        DataError
            If the contract has no such table.
        """
        for table in self.tables:
            if table.name == name:
                return table
        raise DataError(f'The contract has no table "{name}"{did_you_mean(name, self.names)}')


@cache
def contract() -> Contract:
    """Return the data contract the package ships (read once).

    Returns
    -------
    Contract
    """
    text = resource("data_schemas", "datapackage.json").read_text(encoding="utf-8")
    package = json.loads(text)
    limits = package["dataQualityLimits"]
    return Contract(
        name=package["name"],
        version=package["version"],
        tables=tuple(_table(table) for table in package["resources"]),
        quality_limits=tuple(QualityLimit(**limit) for limit in limits["checks"]),
        quality_source=limits["source"],
    )


def nearest(word: str, allowed: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the allowed word most like a given one, or None if none is alike."""
    folded = {choice.casefold(): choice for choice in allowed}
    found = difflib.get_close_matches(word.strip().casefold(), folded, n=1, cutoff=cutoff)
    return folded[found[0]] if found else None


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """End a sentence with the nearest allowed word, or with all of them."""
    allowed = list(allowed)
    near = nearest(word, allowed)
    return f"; did you mean {near}?" if near else f"; it has {', '.join(allowed)}."


def _table(descriptor: dict[str, Any]) -> TableSchema:
    schema = descriptor["schema"]
    return TableSchema(
        name=descriptor["name"],
        title=descriptor["title"],
        description=descriptor["description"],
        required=descriptor["required"],
        fields=tuple(_field(field) for field in schema["fields"]),
        primary_key=tuple(schema["primaryKey"]),
        foreign_keys=tuple(
            ForeignKey(
                tuple(key["fields"]),
                key["reference"]["resource"],
                tuple(key["reference"]["fields"]),
            )
            for key in schema.get("foreignKeys", ())
        ),
        rules=tuple(_rule(rule) for rule in schema.get("rules", ())),
        cross_rules=tuple(_rule(rule) for rule in schema.get("crossRules", ())),
        missing_values=tuple(schema["missingValues"]),
    )


def _field(descriptor: dict[str, Any]) -> Field:
    constraints = descriptor.get("constraints", {})
    return Field(
        name=descriptor["name"],
        type=descriptor["type"],
        description=descriptor["description"],
        required=constraints.get("required", False),
        unique=constraints.get("unique", False),
        pattern=constraints.get("pattern"),
        enum=tuple(constraints.get("enum", ())),
        codes=tuple(descriptor.get("codes", ())),
        minimum=constraints.get("minimum"),
        maximum=constraints.get("maximum"),
        true_values=tuple(descriptor.get("trueValues", ())),
        false_values=tuple(descriptor.get("falseValues", ())),
    )


def _rule(descriptor: dict[str, Any]) -> Rule:
    return Rule(
        rule=descriptor["rule"],
        field=descriptor.get("field"),
        other=descriptor.get("other"),
        fields=tuple(descriptor.get("fields", ())),
        per=tuple(descriptor.get("per", ())),
    )
