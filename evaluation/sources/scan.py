"""One pass over a text file: its encoding, its line ends, and what it is made of."""

import codecs
import gzip
import hashlib
import os
import stat
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from evaluation.errors import DataError

DELIMITERS = (",", ";", "\t", "|")
_CHUNK = 1 << 20
_LARGE = 50_000_000
_MOST_TIMES = 400
_NOT_TEXT = {
    codecs.BOM_UTF16_LE: "UTF-16 text",
    codecs.BOM_UTF16_BE: "UTF-16 text",
    b"PK\x03\x04": "an Excel workbook or another zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "compressed (a name ending in .csv.gz is expected then)",
}


@dataclass
class Scan:
    """What a text file is made of, counted in characters without byte order mark.

    ``lines`` counts line feeds, carriage returns and pairs of the two as one line
    end each, and an unfinished last line.
    """

    digest: str = ""
    characters: int = 0
    lines: int = 0
    line_feeds: int = 0
    carriage_returns: int = 0
    pairs: int = 0
    quotes: int = 0
    delimiters: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DELIMITERS, 0))

    @property
    def one_line_end(self) -> bool:
        """Whether every line ends in the same way, by line feed or by the pair."""
        return self.carriage_returns == self.pairs and self.pairs in (0, self.line_feeds)

    @property
    def line_end_characters(self) -> int:
        """Characters that end lines."""
        return self.line_feeds + self.carriage_returns

    def add(self, text: str) -> None:
        """Count a piece of text that does not end in half a line end."""
        self.characters += len(text)
        self.line_feeds += text.count("\n")
        self.carriage_returns += text.count("\r")
        self.pairs += text.count("\r\n")
        self.quotes += text.count('"')
        for delimiter in self.delimiters:
            self.delimiters[delimiter] += text.count(delimiter)


@contextmanager
def opened(path: Path):
    """Open a text file's bytes, unpacking ``.gz``; trouble becomes a `DataError`."""
    try:
        with _open(path) as stream:
            yield stream
    except (gzip.BadGzipFile, zlib.error, EOFError):
        raise DataError(
            f"{path.name} is not a complete gzip file; compress it again or give the plain .csv."
        ) from None
    except OSError as error:
        raise DataError(
            f"{path.name} cannot be read ({error.strerror}); check that you may read it."
        ) from None


def refuse_special(path: Path) -> None:
    """Refuse what is not a regular file, whose reading might never end."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise DataError(
            f"{path.name} cannot be read ({error.strerror}); check that it is there."
        ) from None
    if not stat.S_ISREG(mode):
        raise DataError(f"{path.name} is not a regular file; put the file itself there.")


def scan(path: Path, delimiters: tuple[str, ...] = DELIMITERS) -> Scan:
    """Read a text file once and count what it is made of.

    Parameters
    ----------
    path : pathlib.Path
        The file; ``.gz`` is unpacked while it is read.
    delimiters : tuple of str
        The characters counted as possible delimiters.

    Returns
    -------
    Scan

    Raises
    ------
    DataError
        If the file cannot be read, is empty, is not UTF-8 text or holds NUL
        characters; with the first line and byte that is wrong.
    """
    found = Scan(delimiters=dict.fromkeys(delimiters, 0))
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    held, last = "", ""
    packed = path.stat().st_size if path.suffix.lower() == ".gz" else 0
    unpacked = 0
    first = True
    with opened(path) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            unpacked += len(chunk)
            if packed and unpacked > _LARGE and unpacked > _MOST_TIMES * packed:
                raise DataError(
                    f"{path.name} unpacks to more than {_MOST_TIMES} times its size, which no "
                    "table of records does; it is not read: compress it again from the original."
                )
            if first:
                _refuse_other_formats(path, chunk)
            text = held + _decoded(path, decoder, chunk, found)
            if first:
                text = text.removeprefix("\ufeff")
                first = False
            held = "\r" if text.endswith("\r") else ""
            text = text[: len(text) - len(held)]
            _refuse_nul(path, text, found)
            found.add(text)
            last = held or text[-1:] or last
    _decoded(path, decoder, b"", found, final=True)
    found.add(held)
    found.digest = digest.hexdigest()
    found.lines = found.line_feeds + found.carriage_returns - found.pairs
    if last not in ("\n", "\r", ""):
        found.lines += 1
    if not found.characters:
        raise DataError(f"{path.name} is empty; its first line must hold the column names.")
    return found


def _open(path: Path) -> IO[bytes]:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    stream = os.fdopen(descriptor, "rb")
    if path.suffix.lower() != ".gz":
        return stream
    return gzip.GzipFile(fileobj=stream, mode="rb")


def _refuse_other_formats(path: Path, chunk: bytes) -> None:
    for mark, name in _NOT_TEXT.items():
        if chunk.startswith(mark):
            raise DataError(
                f"{path.name} is {name}, not UTF-8 text; save it as CSV in UTF-8 "
                '("CSV UTF-8" in Excel).'
            )


def _decoded(path: Path, decoder, chunk: bytes, found: Scan, final: bool = False) -> str:
    try:
        return decoder.decode(chunk, final)
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line = 1 + found.line_feeds + before.count(b"\n")
        raise DataError(
            f"{path.name}, line {line}: the byte 0x{error.object[error.start]:02x} is not UTF-8; "
            'save the file in UTF-8 ("CSV UTF-8" in Excel), or convert it, for example with '
            "`iconv -f WINDOWS-1252 -t UTF-8` if it was written by an older Windows program."
        ) from None


def _refuse_nul(path: Path, text: str, found: Scan) -> None:
    position = text.find("\0")
    if position >= 0:
        line = 1 + found.line_feeds + text.count("\n", 0, position)
        raise DataError(
            f"{path.name}, line {line}: a NUL character; the file is damaged or not text, so "
            "export it again as CSV in UTF-8."
        )
