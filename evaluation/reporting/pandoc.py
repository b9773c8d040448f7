"""Which Pandoc makes the documents."""

from functools import cache
from pathlib import Path

import pypandoc


@cache
def pandoc() -> Path:
    """Return the Pandoc that is installed with the package.

    One of the machine's own would make other bytes of the same report, and an old one
    none; it is taken only where the package came without.
    """
    files = Path(pypandoc.__file__).parent / "files"
    ours = [files / name for name in ("pandoc", "pandoc.exe") if (files / name).is_file()]
    return ours[0] if ours else Path(pypandoc.get_pandoc_path())
