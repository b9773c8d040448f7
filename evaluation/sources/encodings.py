"""Text files in other encodings than UTF-8, where a mapping names the encoding."""

import codecs
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evaluation.errors import DataError
from evaluation.sources.scan import opened

_CHUNK = 1 << 20


def is_utf8(encoding: str) -> bool:
    """Tell whether a name of an encoding means UTF-8.

    Raises
    ------
    DataError
        If there is no text encoding of that name.
    """
    try:
        found = codecs.lookup(encoding)
    except LookupError:
        found = None
    if found is None or not found._is_text_encoding:
        raise DataError(
            f'There is no encoding "{encoding}"; name one such as utf-8, windows-1252, latin-1 '
            "or utf-16."
        )
    return found.name in ("utf-8", "utf-8-sig")


@contextmanager
def transcoded(path: Path, encoding: str) -> Iterator[Path]:
    """Give a temporary UTF-8 copy of a text file, under the same name without ``.gz``.

    Parameters
    ----------
    path : pathlib.Path
        The file; ``.gz`` is unpacked.
    encoding : str
        The encoding it is written in.

    Yields
    ------
    pathlib.Path
        The copy, which is deleted afterwards.

    Raises
    ------
    DataError
        If a byte does not belong to the encoding, with its line.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    with tempfile.TemporaryDirectory(prefix="permanency-") as folder:
        copy = Path(folder) / (path.stem if path.suffix.lower() == ".gz" else path.name)
        with opened(path) as stream, copy.open("w", encoding="utf-8", newline="") as target:
            while True:
                chunk = stream.read(_CHUNK)
                try:
                    text = decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError as error:
                    raise DataError(
                        f"{path.name}, line {lines + error.object[: error.start].count(10)}: the "
                        f"byte 0x{error.object[error.start]:02x} is not {encoding}; name the "
                        "encoding the file was written in."
                    ) from None
                lines += text.count("\n")
                target.write(text)
                if not chunk:
                    break
        yield copy
