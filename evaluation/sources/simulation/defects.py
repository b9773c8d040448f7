"""Rows that break the contract, put in on purpose and listed."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evaluation.resources import resource
from evaluation.sources.simulation.calendar_days import iso
from evaluation.sources.simulation.streams import Streams

Row = dict[str, Any]


@dataclass(frozen=True)
class Defect:
    """One way to break a rule of a table.

    Parameters
    ----------
    rule, field : str
        The rule broken, and where.
    needs : tuple of str
        Fields that the row to be spoilt must have.
    spoil : callable
        Takes a copy of a good row and its child's birth date; returns what becomes of
        it: one row, or two for a key used twice.
    """

    rule: str
    field: str
    needs: tuple[str, ...]
    spoil: Callable[[Row, str | None], list[Row]]


def add_defects(
    frames: dict[str, pd.DataFrame], share: float, streams: Streams
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Add rows that break each rule of the contract.

    Every row added is a spoilt copy of a good row under a key of its own (or an exact
    copy of one), so the good rows stay as they are.

    Parameters
    ----------
    frames : dict of str to pandas.DataFrame
        Good tables, every field as text.
    share : float
        Rows to add, as a share of a table's rows; at least one for each rule.
    streams : Streams
        Random numbers.

    Returns
    -------
    tuple of dict and pandas.DataFrame
        The tables with the rows at random places, and the list of rows added: table,
        row_key (missing where the key itself is), rule, field.
    """
    descriptor = json.loads(resource("data_schemas", "datapackage.json").read_text("utf-8"))
    schemas = {table["name"]: table["schema"] for table in descriptor["resources"]}
    births = frames["children"].set_index("child_id")["birth_date"]
    spoilt, listed = {}, []
    for name, frame in frames.items():
        draw = streams(f"defects {name}")
        rows, notes = _spoilt_rows(frame, schemas[name], share, births, draw)
        listed += [(name, *note) for note in notes]
        place = np.r_[np.arange(len(frame)), np.sort(draw.random(len(rows)) * len(frame))]
        extra = pd.DataFrame(rows, columns=frame.columns).astype("string")
        mixed = pd.concat([frame, extra], ignore_index=True)
        spoilt[name] = mixed.iloc[np.argsort(place, kind="stable")].reset_index(drop=True)
    columns = ["table", "row_key", "rule", "field"]
    return spoilt, pd.DataFrame(listed, columns=columns).astype("string")


def _spoilt_rows(frame, schema, share, births, draw):
    (key,) = schema["primaryKey"]
    defects = list(_defects(schema, set(frame.columns)))
    wanted = max(len(defects), round(share * len(frame)))
    able_for = {needs: _able(frame, needs) for needs in {defect.needs for defect in defects}}
    rows: list[Row] = []
    notes: list[tuple] = []
    for number in range(wanted):
        defect = defects[number % len(defects)]
        able = able_for[defect.needs]
        if not len(able):
            continue
        place = able[draw.integers(len(able))]
        good = frame.iloc[place].to_dict()
        born = births.get(good.get("child_id"))
        if defect.rule != "exact duplicate":
            good[key] = f"X{number + 1:07d}"
        for row in defect.spoil(good, born):
            rows.append(row)
            notes.append((row[key], defect.rule, defect.field))
    return rows, notes


def _able(frame: pd.DataFrame, needs: tuple[str, ...]) -> np.ndarray:
    """Return the rows that have what a defect needs."""
    there = frame[[*needs]].notna().all(axis=1) if needs else pd.Series(True, index=frame.index)
    return np.flatnonzero(there)


def _defects(schema: dict, present: set[str]) -> Iterator[Defect]:
    (key,) = schema["primaryKey"]
    dates = [f for f in schema["fields"] if f["name"] in present and f["type"] == "date"]
    dates.sort(key=lambda f: f.get("constraints", {}).get("required", False))
    date = dates[0]["name"]
    yield Defect("exact duplicate", key, (), lambda row, born: [row])
    yield Defect(
        "duplicate key",
        key,
        (date,),
        lambda row, born: [row, row | {date: _days_before(row[date], 1)}],
    )
    for field in schema["fields"]:
        if field["name"] in present:
            yield from _field_defects(field)
    for rule in schema.get("rules", []):
        yield _rule_defect(rule)
    for foreign in schema.get("foreignKeys", []):
        (name,) = foreign["fields"]
        yield _replaced("foreign key", name, "C0000000")
    for rule in schema.get("crossRules", []):
        if rule["rule"] == "not_before_birth":
            yield _before_birth(rule["field"])


def _field_defects(field: dict) -> Iterator[Defect]:
    name, rules = field["name"], field.get("constraints", {})
    if rules.get("required"):
        yield _replaced("required", name, None)
    wrong = {"date": "2019-02-30", "boolean": "perhaps", "number": "a dozen"}
    if field["type"] in wrong:
        yield _replaced("type", name, wrong[field["type"]])
    if "enum" in rules:
        code = rules["enum"][0]
        yield _replaced("enum", name, code[:1] + code[2:])
    if "pattern" in rules:
        yield _replaced("pattern", name, "??")
    if "minimum" in rules:
        yield _replaced("minimum", name, str(rules["minimum"] - 3))


def _replaced(rule: str, name: str, value: str | None) -> Defect:
    return Defect(rule, name, (), lambda row, born: [row | {name: value}])


def _rule_defect(rule: dict) -> Defect:
    kind = rule["rule"]
    if kind == "any_of":
        nothing = dict.fromkeys(rule["fields"])
        return Defect(kind, ", ".join(rule["fields"]), (), lambda row, born: [row | nothing])
    field, other = rule["field"], rule["other"]
    if kind == "requires":
        return Defect(kind, field, (field,), lambda row, born: [row | {other: None}])
    return Defect(
        kind, field, (other,), lambda row, born: [row | {field: _days_before(row[other], 10)}]
    )


def _before_birth(field: str) -> Defect:
    return Defect(
        "not_before_birth",
        field,
        (field, "child_id"),
        lambda row, born: [row | {field: _days_before(born, 30)}],
    )


def _days_before(date: str, days: int) -> str:
    return iso(np.array([np.datetime64(date, "D").astype("int64") - days]))[0]
