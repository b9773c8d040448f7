"""What the columns and codes of a federal file mean, read from ``data_schemas/sources``."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from evaluation.errors import DataError
from evaluation.resources import resource
from evaluation.sources.contract import did_you_mean

FORMATS = ("afcars-1993", "afcars-2020", "ncands")


@dataclass(frozen=True)
class Codes:
    """The codes of one element and the contract's words for them.

    Parameters
    ----------
    values : mapping of str to str
        Contract value by code.
    nothing : tuple of str
        Codes that say nothing: not applicable, missing.
    field, source : str
        The element; where the codes were found.
    confirmed : bool
        Whether they were read in a published source.
    """

    values: Mapping[str, str]
    nothing: tuple[str, ...] = ()
    field: str = ""
    source: str = ""
    confirmed: bool = True


@dataclass(frozen=True)
class Block:
    """One of the tables a format consists of.

    Parameters
    ----------
    name : str
        ``records`` where there is only one.
    columns, needs : tuple of str
        All that are read, and those without which nothing can be made.
    told_by : str
        The column that only this block has.
    also : mapping of str to str
        Other names of columns.
    """

    name: str
    columns: tuple[str, ...]
    needs: tuple[str, ...]
    told_by: str = ""
    also: Mapping[str, str] = field(default_factory=dict)

    @property
    def spelled(self) -> dict[str, str]:
        """Column by the small letters of its names."""
        names = {name.casefold(): name for name in self.columns}
        return names | {other.casefold(): name for other, name in self.also.items()}


@dataclass(frozen=True)
class Layout:
    """A federal file: its blocks, codes and rules, with their sources.

    Parameters
    ----------
    name, title, periods : str
        As the command line names it and as readers see it.
    blocks : mapping of str to Block
        Its tables.
    codes, flags : mapping of str to Codes
        Coded elements, and elements that are yes or no, by contract field.
    dates : tuple of str
        Forms of dates, in the order tried.
    statements, references, limits : tuple of dict
        Rules in words with source and whether confirmed; the sources; federal limits.
    states : tuple of str
        State codes that may stand in the file.
    places : tuple of (str, int, int)
        For records of fixed width: column, first character from 0, width.
    record_length : int
        Width of such a record; 0 if there are none.
    """

    name: str
    title: str
    periods: str
    blocks: Mapping[str, Block]
    codes: Mapping[str, Codes]
    flags: Mapping[str, Codes]
    dates: tuple[str, ...]
    statements: tuple[dict, ...]
    references: tuple[dict, ...]
    limits: tuple[dict, ...] = ()
    states: tuple[str, ...] = ()
    places: tuple[tuple[str, int, int], ...] = ()
    record_length: int = 0

    @property
    def unconfirmed(self) -> list[str]:
        """What was not found in a published source, in words."""
        said = [s["words"] for s in self.statements if not s["confirmed"]]
        said += [
            f"The codes of {codes.field or name} ({name.replace('_', ' ')}) were not found in a "
            "published source."
            for name, codes in (*self.codes.items(), *self.flags.items())
            if not codes.confirmed
        ]
        return said


@cache
def layout(name: str) -> Layout:
    """Return a federal layout the package ships.

    Raises
    ------
    DataError
        If there is none of that name.
    """
    if name not in FORMATS:
        raise DataError(f'There is no format "{name}"{did_you_mean(name, FORMATS)}')
    path = resource("data_schemas", "sources", f"{name}.toml")
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    record = content.get("record", {})
    return Layout(
        name=content["name"],
        title=content["title"],
        periods=content["periods"],
        blocks=_blocks(content),
        codes=_codes(content.get("codes", {})),
        flags=_codes(content.get("flags", {})),
        dates=tuple(content["dates"]["formats"]),
        statements=tuple(content["statements"]),
        references=tuple(content["references"]),
        limits=tuple(content.get("limits", ())),
        states=tuple(content.get("states", {}).get("codes", ())),
        places=tuple(
            (f["name"], f["start"] - 1, f["end"] - f["start"] + 1)
            for f in content.get("file", {}).get("fields", ())
        ),
        record_length=record.get("length", 0),
    )


def _codes(tables: dict) -> dict[str, Codes]:
    return {
        name: Codes(
            values={str(code): value for code, value in table["values"].items()},
            nothing=tuple(table.get("nothing", ())),
            field=table.get("field", ""),
            source=table["source"],
            confirmed=table["confirmed"],
        )
        for name, table in tables.items()
    }


def _blocks(content: dict) -> dict[str, Block]:
    if "blocks" in content:
        return {
            name: Block(name, tuple(b["columns"]), tuple(b["needs"]), b["told_by"])
            for name, b in content["blocks"].items()
        }
    file = content["file"]
    fields = [*file.get("fields", ()), *file.get("extra", ())]
    columns = file.get("columns") or [f["name"] for f in fields]
    also = {other: f["name"] for f in fields for other in f.get("also", ())}
    needs = file.get("needs", ["LatRemDt"])
    return {"records": Block("records", tuple(columns), tuple(needs), also=also)}
