"""Writing files: whole or not at all, readable by their owner alone."""

import ctypes
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from evaluation.errors import OutputError

MANIFEST = ".permanency-output"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_FILE, _FOLDER = 0o600, 0o700
_AT_WORKING_FOLDER, _EXCHANGE = -100, 2


def refuse_unwritable(out: str | Path) -> None:
    """Stop, before long work, where `whole_folder` would stop after it.

    Raises
    ------
    OutputError
        If ``out`` is a file, holds what this package did not write, or the nearest
        folder above it that exists cannot be written.
    """
    out = Path(out)
    _refuse_foreign(out)
    with _writing(out):
        above = next((folder for folder in out.absolute().parents if folder.exists()), None)
        if above is not None:
            tempfile.TemporaryFile(dir=above).close()


def is_unchanged(out: str | Path) -> bool:
    """Tell whether a folder holds exactly what `whole_folder` put there, byte for byte."""
    out = Path(out)
    listed = _manifest(out)
    present = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    return present - {MANIFEST} == set(listed) != set() and all(
        _checksum(out / name) == checksum for name, checksum in listed.items()
    )


@contextmanager
def whole_folder(out: str | Path) -> Iterator[Path]:
    """Give a temporary folder that becomes ``out`` when the work in it succeeds.

    The folder lies beside ``out``, so that the last step is a rename. It takes the
    place of an earlier output of this package; anything else is left alone. A
    manifest of checksums tells the two apart.

    Parameters
    ----------
    out : str or pathlib.Path
        The folder wanted; folders above it are made.

    Yields
    ------
    pathlib.Path
        An empty folder to write into.

    Raises
    ------
    OutputError
        If ``out`` cannot be written, is a file, or holds files that this package
        did not write or that were changed since. Whatever is raised inside the
        ``with`` passes through, and ``out`` stays as it was.
    """
    out = Path(out)
    out = out.resolve() if out.is_symlink() else out
    _refuse_foreign(out)
    with _writing(out):
        out.parent.mkdir(parents=True, exist_ok=True, mode=_FOLDER)
        made = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    try:
        yield made
        with _writing(out):
            _seal(made)
            _refuse_foreign(out)
            _take_place(made, out)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def write_bytes(path: str | Path, content: bytes) -> Path:
    """Write a file whole (temporary file, then rename), mode 0600.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    path = Path(path)
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=_FOLDER)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)
    return path


def write_text(path: str | Path, text: str) -> Path:
    """Write a UTF-8 file whole; see `write_bytes`."""
    return write_bytes(path, text.encode("utf-8"))


def write_csv(path: str | Path, frame: pd.DataFrame) -> Path:
    """Write a table as UTF-8 CSV; text that a spreadsheet would run gets a leading ``'``."""
    safe = frame.apply(_plain_column)
    safe.columns = [plain_text(name) for name in frame.columns]
    return write_text(path, safe.to_csv(index=False, lineterminator="\n"))


def write_parquet(path: str | Path, frame: pd.DataFrame) -> Path:
    """Write a table as Parquet."""
    return write_bytes(path, frame.to_parquet(index=False, engine="pyarrow"))


def plain_text(value: object) -> object:
    """Return a value so that no spreadsheet takes it for a formula."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def _plain_column(column: pd.Series) -> pd.Series:
    """Apply `plain_text` where a column can hold text at all, each value once."""
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return column
    if pd.api.types.is_bool_dtype(column):
        return column
    risky = {v for v in column.dropna().unique() if isinstance(v, str) and v[:1] in FORMULA_STARTS}
    return column.map(plain_text) if risky else column


def _refuse_foreign(out: Path) -> None:
    """Stop where ``out`` holds anything that is not an unchanged earlier output."""
    with _writing(out):
        if not out.exists():
            return
        if not out.is_dir():
            raise OutputError(f"{out} is a file, not a folder: choose another folder.")
        ours = _manifest(out)
        for path in sorted(out.rglob("*")):
            name = path.relative_to(out).as_posix()
            if path.is_dir() or path.name == MANIFEST:
                continue
            if name not in ours:
                raise OutputError(
                    f"{out} holds {name}, which this package did not write: choose another "
                    "folder, or move the file away."
                )
            if _checksum(path) != ours[name]:
                raise OutputError(
                    f"{path} was changed since it was written: move it away or choose another "
                    "folder, so that the changes are not lost."
                )


def _manifest(out: Path) -> dict[str, str]:
    """Read what was written; the manifest of a folder within counts for that folder."""
    found = {}
    for path in sorted(out.rglob(MANIFEST), key=lambda path: len(path.parts)):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            checksum, _, name = line.partition("  ")
            found[(path.parent / name).relative_to(out).as_posix()] = checksum
    return found


def _seal(folder: Path) -> None:
    """Make everything private and list what was written."""
    lines = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise OutputError(f"{path.name} would lead out of the output folder; not written.")
        path.chmod(_FOLDER if path.is_dir() else _FILE)
        if path.is_file():
            lines.append(f"{_checksum(path)}  {path.relative_to(folder).as_posix()}\n")
    write_text(folder / MANIFEST, "".join(lines))


def _take_place(made: Path, out: Path) -> None:
    if not out.exists():
        made.rename(out)
        return
    if _exchange(made, out):
        return
    aside = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}.old."))
    try:
        out.rename(aside / "earlier")
        try:
            made.rename(out)
        except OSError:
            (aside / "earlier").rename(out)
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _exchange(made: Path, out: Path) -> bool:
    """Let two folders change places in one step, where the system can (Linux).

    A process killed at any moment then leaves the whole old output or the whole new one.
    """
    swap = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if swap is None:
        return False
    here = ctypes.c_int(_AT_WORKING_FOLDER)
    done = swap(here, os.fsencode(made), here, os.fsencode(out), ctypes.c_uint(_EXCHANGE))
    return done == 0


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Say in a sentence that a path cannot be written."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{path} cannot be written ({reason}): choose another folder.") from None
