"""The registry of published studies and programs: files, read and checked."""

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ValidationError

from evaluation.errors import DataError
from evaluation.evidence.study_file import ProgramFile, Source, StudyFile
from evaluation.resources import resource
from evaluation.study_errors import sentences

KINDS: dict[str, type[BaseModel]] = {"study": StudyFile, "program": ProgramFile}


@dataclass(frozen=True)
class Registry:
    """Programs and the studies of them.

    Attributes
    ----------
    programs : dict of str to ProgramFile
        By id.
    studies : tuple of StudyFile
        In the order of their ids.
    notes : tuple of str
        What was decided while reading.
    """

    programs: dict[str, ProgramFile]
    studies: tuple[StudyFile, ...]
    notes: tuple[str, ...] = field(default=())

    def studies_of(self, program: str) -> tuple[StudyFile, ...]:
        """Return the studies of a program."""
        return tuple(study for study in self.studies if study.program == program)

    def program(self, program: str, name: str) -> ProgramFile:
        """Return a program, or one of that name of which nothing is known."""
        known = self.programs.get(program)
        if known is not None:
            return known
        source = Source(title="the agency's own records", confirmation="confirmed")
        return ProgramFile.model_construct(kind="program", id=program, name=name, source=source)


def registry(folder: str | Path | None = None) -> Registry:
    """Read the registry the package ships, and a folder of one's own beside it.

    A program of one's own takes the place of a shipped one with its id, which is
    noted; a study may not.

    Parameters
    ----------
    folder : str or pathlib.Path, optional
        Holds ``*.toml`` files of kind ``study`` or ``program``.

    Returns
    -------
    Registry

    Raises
    ------
    DataError
        One sentence for each thing wrong, naming the file and the key.
    """
    shipped = _shipped()
    if folder is None:
        return shipped
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(
            f"There is no folder {folder} with published studies: make it, or take studies out of "
            "[files]."
        )
    own = _read(sorted(folder.glob("*.toml")))
    programs, studies, notes = dict(shipped.programs), list(shipped.studies), []
    taken = {study.id for study in studies}
    own_programs: dict[str, str] = {}
    for path, entry in own:
        if isinstance(entry, ProgramFile):
            if entry.id in own_programs:
                raise DataError(
                    f"{path}: the id {entry.id} belongs to another program of this folder, in "
                    f"{own_programs[entry.id]}; choose another."
                )
            own_programs[entry.id] = path.name
            if entry.id in shipped.programs:
                notes.append(f"{path.name} takes the place of the shipped program {entry.id}.")
            programs[entry.id] = entry
        elif entry.id in taken:
            raise DataError(
                f"{path}: the id {entry.id} belongs to another study of the registry; choose "
                "another."
            )
        else:
            taken.add(entry.id)
            studies.append(entry)
    return Registry(programs, tuple(sorted(studies, key=lambda s: s.id)), tuple(notes))


@cache
def _shipped() -> Registry:
    paths = [
        path
        for folder in ("programs", "studies")
        for path in sorted(resource("data_schemas", folder).glob("*.toml"))
    ]
    entries = [entry for _, entry in _read(paths)]
    return Registry(
        {entry.id: entry for entry in entries if isinstance(entry, ProgramFile)},
        tuple(sorted((e for e in entries if isinstance(e, StudyFile)), key=lambda study: study.id)),
    )


def _read(paths: list[Path]) -> list[tuple[Path, StudyFile | ProgramFile]]:
    entries, wrong = [], []
    for path in paths:
        try:
            entries.append((path, read_entry(path)))
        except DataError as error:
            wrong.extend(error.sentences)
    if wrong:
        raise DataError(*wrong)
    return entries


def read_entry(path: str | Path) -> StudyFile | ProgramFile:
    """Read one file of the registry.

    Raises
    ------
    DataError
        One sentence for each thing wrong, naming the file and the key.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8: save the file as UTF-8 text.") from None
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{path} is not valid TOML: {error}.") from None
    kind = content.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise DataError(
            f'{path}: the key "kind" has the value {kind!r}; allowed are "study" and "program".'
        )
    model = KINDS[kind]
    try:
        return model(**content)
    except ValidationError as error:
        raise DataError(*(f"{path}: {said}" for said in sentences(error, model))) from None
