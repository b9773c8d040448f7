"""Fira Sans for the pages: whole for Typst, with DejaVu Sans beside it; cut for HTML."""

import base64
import io
from functools import cache
from pathlib import Path

import fontpkg_fira_sans
import matplotlib
from fontTools import subset
from fontTools.ttLib import TTFont

FOLDER = fontpkg_fira_sans.ROOT / "files"
FACES = {400: "FiraSans-Regular.ttf", 600: "FiraSans-SemiBold.ttf"}
LETTERS = [*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x2010, 0x2027), 0x2212, 0x2190, 0x2192]
LETTERS += [0x20AC, 0x2030, 0x2032, 0x2039, 0x203A, 0x2260, 0x2264, 0x2265, 0x221E]

BESIDE = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


def printable(text: str) -> str:
    """Return text with every character no font of the PDF has as its code, such as [U+1F642].

    A tagged PDF may hold no letter without a shape, so one such letter in a name would
    otherwise stop the report.
    """
    return "".join(c if ord(c) in _shapes() or c in "\n\t" else f"[U+{ord(c):04X}]" for c in text)


@cache
def _shapes() -> frozenset[int]:
    found: set[int] = set()
    for path in (FOLDER / FACES[400], BESIDE):
        with TTFont(path) as font:
            found |= set(font.getBestCmap())
    return frozenset(found)


def font_faces() -> str:
    """Return CSS that carries the fonts inside the page (WOFF, base64)."""
    return "\n".join(
        f"@font-face {{ font-family: 'Fira Sans Report'; font-weight: {weight}; "
        f"src: url(data:font/woff;base64,{_face(name)}) format('woff'); }}"
        for weight, name in FACES.items()
    )


@cache
def _face(name: str) -> str:
    with TTFont(FOLDER / name, recalcTimestamp=False) as font:
        options = subset.Options(layout_features=["kern", "liga", "tnum", "lnum", "ccmp", "mark"])
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=LETTERS)
        cutter.subset(font)
        font.flavor = "woff"
        buffer = io.BytesIO()
        font.save(buffer)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
