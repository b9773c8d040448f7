"""Section: where each item of STROBE and RECORD is found."""

import tomllib
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

import pandas as pd

from evaluation.reporting.sections.section import Section
from evaluation.reporting.tables import Column, Table
from evaluation.resources import resource

CHECKLIST = (
    Column("item", "Item"),
    Column("asks", "What it asks, in short"),
    Column("place", "Where it stands"),
)
BY_AUTHOR = "for the author to write"
REPORT_NAMES = {"annual": "Annual report", "technical": "This appendix"}


def checklist(places: Mapping[str, Sequence[Section]]) -> Section:
    """Find the place of each item among the sections there are.

    Parameters
    ----------
    places : mapping of str to sequence of Section
        The sections by report, as they were made: an item whose section this study
        does not have is shown as missing.

    Returns
    -------
    Section
    """
    items = _items()
    rows = [
        {
            "item": f"{item['guideline']} {item['number']}",
            "asks": item["asks"],
            "place": _found(item["place"], places),
        }
        for item in items
    ]
    missing = sum(row["place"] == BY_AUTHOR for row in rows)
    said = (
        f"STROBE (von Elm and others, 2007) and RECORD (Benchimol and others, 2015) have "
        f"{len(rows)} items here, in our own words; {missing} are left to the author.",
    )
    table = Table("checklist", "STROBE and RECORD, item by item", CHECKLIST, pd.DataFrame(rows))
    return Section("checklist", "Where a reader finds what guidelines ask for", said, (table,))


def _items() -> list[dict]:
    path = resource("data_schemas", "checklists", "strobe_record.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))["item"]


def _found(wanted: Sequence[str], places: Mapping[str, Sequence[Section]]) -> str:
    found = []
    for place in wanted:
        report, _, name = place.partition("#")
        titles = [s.title for s in places.get(report, ()) if fnmatchcase(s.name, name)]
        found += [f"{REPORT_NAMES[report]}: “{title}”" for title in titles]
    if "author" in wanted:
        found.append(BY_AUTHOR)
    return "; ".join(found) or "this study has none"
