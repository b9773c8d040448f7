"""Where an agency's tables lie: which file, database table or data frame is which table."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd
from ibis.backends.duckdb import Backend

from evaluation.errors import DataError
from evaluation.sources.address import Address, parse_address
from evaluation.sources.contract import TableSchema, contract, did_you_mean, nearest
from evaluation.sources.excel import sheets, stage_sheet
from evaluation.sources.mapping.apply import stage_mapped
from evaluation.sources.mapping.rules import Mapping as Mapped
from evaluation.sources.mapping.rules import TableRule
from evaluation.sources.partitions import parquet_files, stage_parquet_folder
from evaluation.sources.scan import refuse_special
from evaluation.sources.staging import Staged
from evaluation.sources.text import stage_text
from evaluation.sources.typed import stage_database_table, stage_frame, stage_parquet

Reader = Callable[[Backend, TableSchema, str], Staged]
Source = str | Path | Mapping[str, pd.DataFrame]

_CATALOG = "agency_file"
_NEWEST_DUCKDB = 1
_FORMATS = (".csv", ".csv.gz", ".parquet", ".xlsx")
_OTHER_FORMATS = (".xls", ".tsv", ".txt", ".json", ".feather", ".sav", ".dta")


@dataclass(frozen=True)
class Place:
    """The tables a source holds and how each is read.

    Parameters
    ----------
    description : str
        The source as printed: never with a user name or password.
    readers : mapping of str to callable
        For every contract table present, what copies it into the engine.
    unread : list of (str, str)
        Names of files, tables or columns that are not read, and why.
    incomplete : list of str
        What a mapping still has to say before every table can be read.
    close : callable
        Lets go of the source.
    files : tuple of Path or None
        Every file its tables are read from; None where they lie elsewhere.
    """

    description: str
    readers: Mapping[str, Reader]
    unread: list[tuple[str, str]] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    close: Callable[[], None] = lambda: None
    files: tuple[Path, ...] | None = None


def locate(source: Source, connection: Backend, mapping: Mapped | None = None) -> Place:
    """Find out what a source is and which contract tables it holds.

    Parameters
    ----------
    source : str, pathlib.Path or mapping of str to pandas.DataFrame
        A folder, a DuckDB file, data frames by table name, or an address.
    connection : Ibis backend
        Spark's for an address on Spark, else DuckDB's, to which a DuckDB file is
        attached, read-only.
    mapping : Mapping, optional
        For a folder or a workbook: how the agency's own files become tables.

    Returns
    -------
    Place

    Raises
    ------
    DataError
        If there is no such source, it cannot be opened or holds no contract table.
    """
    if mapping is not None and (isinstance(source, Mapping) or "://" in str(source)):
        raise DataError("A mapping is for files: give the folder they lie in.")
    if isinstance(source, Mapping):
        return _frames(source)
    if not isinstance(source, str | Path):
        raise DataError(
            "A source is a folder, a workbook, a .duckdb file, an address or a dictionary of data "
            "frames, not "
            f"{type(source).__name__}."
        )
    if isinstance(source, str) and "://" in source:
        return _at_address(parse_address(source), connection)
    path = Path(source).expanduser()
    if not _exists(path):
        raise DataError(f"There is no folder or file {source}; check the path.")
    if path.is_dir():
        return _folder(path, mapping)
    if path.suffix.lower() == ".xlsx":
        return _workbook(path, mapping)
    if path.suffix.lower() in (".duckdb", ".db", ".ddb"):
        return _database(path, connection)
    raise DataError(
        f"{source} is not a folder, a workbook or a .duckdb file; for CSV or Parquet files give "
        "the folder that holds them, one file per table."
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def spark_address(source: Source) -> Address | None:
    """Return the address of a source on Spark, None of any other source.

    Raises
    ------
    DataError
        If the address holds a password or cannot be read.
    """
    if isinstance(source, str) and source.lower().startswith("spark://"):
        return parse_address(source)
    return None


def _at_address(address: Address, connection: Backend) -> Place:
    if address.scheme == "spark":
        from evaluation.sources.spark import spark_tables

        description, readers, others = spark_tables(address, connection)
        unread = [(name, _why_unread(name)) for name in others]
        return _found(Place(description, readers, unread), description)
    if address.scheme in ("postgresql", "postgres"):
        from evaluation.sources.postgres import Database

        database = Database(address)
        unread = [(name, _why_unread(name)) for name in database.others] + database.left
        try:
            place = Place(database.description, database.readers, unread, close=database.close)
            return _found(place, database.description)
        except DataError:
            database.close()
            raise
    raise DataError(
        f"Sources of the kind {address.scheme}:// are not offered (postgresql:// and spark:// "
        "are); export the tables to a folder of CSV or Parquet files, or to a .duckdb file."
    )


def _frames(frames: Mapping[str, pd.DataFrame]) -> Place:
    names = contract().names
    for name, frame in frames.items():
        if name not in names:
            raise DataError(f"The contract has no table {name!r}{did_you_mean(str(name), names)}")
        if not isinstance(frame, pd.DataFrame):
            raise DataError(
                f'The table "{name}" is given as {type(frame).__name__}; give a pandas DataFrame.'
            )
    readers = {
        name: partial(_read_frame, frames[name].copy(deep=False))
        for name in names
        if name in frames
    }
    count = "1 data frame" if len(readers) == 1 else f"{len(readers)} data frames"
    return _found(Place(count, readers), "the dictionary of data frames")


def _read_frame(frame: pd.DataFrame, connection: Backend, schema: TableSchema, name: str) -> Staged:
    return stage_frame(connection, frame, schema, name)


def _database(path: Path, connection: Backend) -> Place:
    refuse_special(path)
    try:
        quoted = str(path.absolute()).replace("'", "''")
        connection.attach(quoted, _CATALOG, read_only=True)
        connection.raw_sql("SET enable_external_access = false")
        present = connection.list_tables(database=(_CATALOG, "main"))
    except duckdb.Error as error:
        writer = _writer(path)
        if writer is not None and writer[0] > _NEWEST_DUCKDB:
            raise DataError(
                f"{path.name} was written by DuckDB {'.'.join(map(str, writer))}, and files of "
                f"DuckDB {_NEWEST_DUCKDB} and older are read; export its tables with the version "
                "that wrote it (EXPORT DATABASE 'folder' (FORMAT parquet)) and give that folder."
            ) from None
        raise DataError(
            f"{path.name} cannot be opened as a DuckDB database "
            f"({str(error).splitlines()[0][:200]}); if it is open elsewhere, "
            "close it there, else export its tables to Parquet and give that folder."
        ) from None
    names = contract().names
    readers = {
        name: partial(_read_database_table, f"{path.name}, table {name}")
        for name in names
        if name in present
    }
    unread = [(name, _why_unread(name)) for name in sorted(present) if name not in names]
    log = path.with_name(f"{path.name}.wal")
    held = (path, log) if log.exists() else (path,)
    return _found(Place(str(path), readers, unread, files=held), str(path))


def _writer(path: Path) -> tuple[int, ...] | None:
    """Return the version of DuckDB that wrote a file, from its header."""
    with path.open("rb") as stream:
        head = stream.read(84)
    version = re.match(rb"v(\d+)\.(\d+)\.(\d+)", head[52:84])
    if head[8:12] != b"DUCK" or version is None:
        return None
    return tuple(int(number) for number in version.groups())


def _read_database_table(label: str, connection: Backend, schema: TableSchema, name: str) -> Staged:
    return stage_database_table(connection, _CATALOG, schema, name, label)


def _workbook(path: Path, mapping: Mapped | None) -> Place:
    """Find tables among the sheets of one workbook."""
    refuse_special(path)
    present = sheets(path)
    mapped, incomplete = _mapped(path.parent, mapping)
    readers = mapped | {
        name: partial(_read_sheet, path, name)
        for name in contract().names
        if name in present and name not in mapped
    }
    used = {rule.sheet or present[0] for rule in mapping.tables} if mapping else set()
    unread = [
        (f"{path.name}, sheet {name}", _why_unread(name))
        for name in present
        if name not in readers and name not in used
    ]
    held = (path, *_mapped_files(path.parent, mapping))
    return _found(Place(str(path), readers, unread, incomplete, files=held), str(path))


def _read_sheet(
    path: Path, sheet: str, connection: Backend, schema: TableSchema, name: str
) -> Staged:
    refuse_special(path)
    return stage_sheet(connection, path, sheet, schema, name)


def _mapped(folder: Path, mapping: Mapped | None) -> tuple[dict[str, Reader], list[str]]:
    """Return readers of the tables a mapping makes, and what it does not say yet."""
    readers: dict[str, Reader] = {}
    incomplete: list[str] = []
    for rule in mapping.tables if mapping else ():
        incomplete += [
            f"The mapping of {rule.table}: the codes {', '.join(codes)} of {name} are not decided."
            for name, codes in rule.undecided_codes.items()
        ]
        if rule.undecided:
            incomplete.append(f"The mapping of {rule.table}: {', '.join(rule.undecided)}.")
            continue
        path = folder / rule.file
        _refuse_outside(path, folder)
        readers[rule.table] = partial(_read_mapped, path, rule)
    return readers, incomplete


def _read_mapped(
    path: Path, rule: TableRule, connection: Backend, schema: TableSchema, name: str
) -> Staged:
    refuse_special(path)
    return stage_mapped(connection, path.absolute(), rule, schema, name)


def _folder(folder: Path, mapping: Mapped | None) -> Place:
    mapped, incomplete = _mapped(folder, mapping)
    files, unread = _files_of(folder, mapping)
    for name, candidates in files.items():
        if len(candidates) > 1:
            raise DataError(
                f"The folder {folder} holds {' and '.join(c.name for c in candidates)} for the "
                f"table {name}; keep one of them."
            )
        _refuse_outside(candidates[0], folder)
        for inside in parquet_files(candidates[0]) if candidates[0].is_dir() else ():
            _refuse_outside(inside, folder)
    own = {name: partial(_read_file, files[name][0]) for name in contract().names if name in files}
    single = [files[name][0] for name in contract().names if name in files]
    held = [each for path in single for each in (parquet_files(path) if path.is_dir() else [path])]
    held += _mapped_files(folder, mapping)
    place = Place(str(folder), mapped | own, unread, incomplete, files=tuple(held))
    return _found(place, f"the folder {folder}")


def _mapped_files(folder: Path, mapping: Mapped | None) -> list[Path]:
    """Return the files a mapping reads, each once."""
    rules = mapping.tables if mapping else ()
    return [folder / name for name in dict.fromkeys(rule.file for rule in rules)]


def _files_of(
    folder: Path, mapping: Mapped | None
) -> tuple[dict[str, list[Path]], list[tuple[str, str]]]:
    """Return the files of each contract table, and the files not read with the reason."""
    files: dict[str, list[Path]] = {}
    unread = []
    taken = {rule.file for rule in mapping.tables} if mapping else set()
    claimed = {rule.table for rule in mapping.tables} if mapping else set()
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"The folder {folder} cannot be read ({error.strerror}).") from None
    for entry in entries:
        ending = _ending(entry.name, _FORMATS)
        stem = entry.name[: len(entry.name) - len(ending)]
        if entry.name in taken:
            continue
        if stem in contract().names and entry.is_dir() and ending in ("", ".parquet"):
            if parquet_files(entry):
                files.setdefault(stem, []).append(entry)
            else:
                unread.append((entry.name, "The folder holds no Parquet file, so it is not read."))
        elif ending and stem in contract().names and stem not in claimed:
            files.setdefault(stem, []).append(entry)
        elif ending and not entry.name.startswith("."):
            unread.append((entry.name, _why_unread(stem)))
        elif other := _ending(entry.name, _OTHER_FORMATS):
            stem = entry.name[: len(entry.name) - len(other)]
            if nearest(stem, contract().names, cutoff=0.8):
                why = f"Files ending in {other} are not read; save it as CSV or Parquet."
                unread.append((entry.name, why))
    return files, unread


def _read_file(path: Path, connection: Backend, schema: TableSchema, name: str) -> Staged:
    if path.is_dir():
        return stage_parquet_folder(connection, path.absolute(), schema, name)
    refuse_special(path)
    if path.suffix.lower() == ".xlsx":
        return stage_sheet(connection, path, sheets(path)[0], schema, name)
    stage = stage_parquet if path.suffix.lower() == ".parquet" else stage_text
    return stage(connection, path.absolute(), schema, name)


def _refuse_outside(path: Path, folder: Path) -> None:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        raise DataError(
            f"{path.name} in {folder} is a link to nothing; put the file itself there."
        ) from None
    if not target.is_relative_to(folder.resolve()):
        raise DataError(
            f"{path.name} in {folder} is a link to a file outside the folder, which is not "
            "followed; put the file itself there."
        )
    if not (target.is_dir() and parquet_files(target)):
        refuse_special(path)


def _ending(name: str, endings: tuple[str, ...]) -> str:
    return next((ending for ending in endings if name.lower().endswith(ending)), "")


def _why_unread(name: str) -> str:
    near = nearest(name, contract().names, cutoff=0.75)
    hint = f' Did you mean "{near}"?' if near else ""
    return f'The contract has no table "{name}", so it is not read.{hint}'


def _found(place: Place, where: str) -> Place:
    if not place.readers and not place.incomplete:
        unread = "".join(f" {name}: {why}" for name, why in place.unread[:5])
        raise DataError(
            f"No contract table was found in {where}; it needs children and removals.{unread}"
        )
    return place
