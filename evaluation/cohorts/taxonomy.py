"""What kind of service each program is: CEBC type, Casey component, need area."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation.errors import StudyError
from evaluation.resources import resource
from evaluation.sources.contract import nearest
from evaluation.study import Study

DIMENSIONS = ("cebc", "casey", "needs", "deliverers")
KINDS = (
    "program",
    "policy model",
    "role",
    "service type",
    "benefit",
    "practice",
    "tool",
    "training",
    "resource",
)
NEVER_EXPOSURES = ("tool", "training", "resource")
_KEYS = {"name", "kind", *DIMENSIONS, "sources", "stated", "note"}


@dataclass(frozen=True)
class ServiceKind:
    """A row of the service taxonomy.

    Parameters
    ----------
    key, name : str
        Its key in the taxonomy, and its name for readers.
    kind : str
        One of `KINDS`.
    cebc, casey, needs, deliverers : tuple of str
        Codes: type of service (California Evidence-Based Clearinghouse),
        component (Casey Family Programs), need area (Catawba County), who
        delivers it. Many to many: totals by code do not sum.
    sources, stated : tuple of str
        Where it was found, and what the source itself states; every other
        mapping is a judgement.
    note : str
    """

    key: str
    name: str
    kind: str
    cebc: tuple[str, ...] = ()
    casey: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    deliverers: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    stated: tuple[str, ...] = ()
    note: str = ""

    @property
    def is_program(self) -> bool:
        """Whether it is a named program; a rating may be spoken of for no other."""
        return self.kind == "program"


@cache
def _shipped() -> dict[str, Any]:
    return tomllib.loads(resource("data_schemas", "service_taxonomy.toml").read_text("utf-8"))


def taxonomy_codes() -> dict[str, dict[str, str]]:
    """Return the codes of each dimension and their words."""
    return {name: dict(codes) for name, codes in _shipped()["codes"].items()}


def service_taxonomy(path: Path | None = None) -> dict[str, ServiceKind]:
    """Return the service taxonomy by key.

    Parameters
    ----------
    path : pathlib.Path, optional
        An agency's own file: its rows are added, or replace ours by key.

    Raises
    ------
    StudyError
        If the file cannot be read, or a row of it has an unknown key, kind or code.
    """
    rows = _kinds(_shipped()["services"], "the shipped taxonomy")
    if path is None:
        return rows
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StudyError(
            f"files.taxonomy: {path} cannot be read ({error}): give a TOML file with tables "
            "[services.KEY], or take the key out."
        ) from None
    return rows | _kinds(given.get("services", {}), str(path))


def _kinds(services: Mapping[str, Any], where: str) -> dict[str, ServiceKind]:
    codes, found = taxonomy_codes(), {}
    for key, row in services.items():
        place = f"{where}, [services.{key}]"
        if not isinstance(row, dict) or not {"name", "kind"} <= row.keys():
            raise StudyError(f"{place}: a service needs a name and a kind.")
        unknown = sorted(row.keys() - _KEYS)
        if unknown:
            raise StudyError(
                f'{place}: there is no key "{unknown[0]}"; the keys are {", ".join(sorted(_KEYS))}.'
            )
        if row["kind"] not in KINDS:
            raise StudyError(
                f'{place}: kind is "{row["kind"]}"; it must be one of {", ".join(KINDS)}.'
            )
        for dimension in DIMENSIONS:
            for code in row.get(dimension, ()):
                if code not in codes[dimension]:
                    raise StudyError(
                        f'{place}: {dimension} has no code "{code}"; the codes are '
                        f"{', '.join(codes[dimension])}."
                    )
        lists = {name: tuple(value) for name, value in row.items() if isinstance(value, list)}
        found[key] = ServiceKind(key=key, **(row | lists))
    return found


def program_kinds(study: Study) -> dict[str, ServiceKind | None]:
    """Return what each program of a study is, None where the taxonomy has no such row.

    A program's row is the one its ``service_type`` names, else the one whose
    key is the program's own code.

    Raises
    ------
    StudyError
        If ``service_type`` names no row, or a program is a tool, a training or
        a resource, which nobody is exposed to.
    """
    own = study.folder / study.files.taxonomy if study.files.taxonomy else None
    rows, found = service_taxonomy(own), {}
    for service in study.services:
        key = service.service_type or service.program
        if service.service_type and key not in rows:
            near = nearest(key, rows)
            raise StudyError(
                f'services.{service.program}.service_type is "{key}", which the service taxonomy '
                f"does not have{f'; did you mean {near}?' if near else '.'}"
            )
        kind = rows.get(key)
        if kind is not None and kind.kind in NEVER_EXPOSURES:
            raise StudyError(
                f"services.{service.program} is a {kind.kind} ({kind.name}): tools, training and "
                "resources are never exposures; take it out of [[services]]."
            )
        found[service.program] = kind
    return found


def taxonomy_table(kinds: Mapping[str, ServiceKind | None]) -> pd.DataFrame:
    """Return the codes of programs, one row each.

    Parameters
    ----------
    kinds : mapping of str to ServiceKind or None
        From `program_kinds`.

    Returns
    -------
    pandas.DataFrame
        ``program``, ``service_type``, ``kind``, ``is_program``, ``dimension``
        (``cebc``, ``casey``, ``needs``, ``deliverers``), ``code``, ``meaning``,
        ``stated`` (by the source; else a judgement). A program of unknown kind
        has no row.
    """
    codes = taxonomy_codes()
    rows = [
        {
            "program": program,
            "service_type": kind.key,
            "kind": kind.kind,
            "is_program": kind.is_program,
            "dimension": dimension,
            "code": code,
            "meaning": codes[dimension][code],
            "stated": dimension in kind.stated,
        }
        for program, kind in kinds.items()
        if kind is not None
        for dimension in DIMENSIONS
        for code in getattr(kind, dimension)
    ]
    names = ["program", "service_type", "kind", "is_program"]
    return pd.DataFrame(rows, columns=[*names, "dimension", "code", "meaning", "stated"])
