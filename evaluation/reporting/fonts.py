"""Fira Sans for the pages: whole for Typst, cut to the letters used for HTML."""

import base64
import io
from functools import cache

import fontpkg_fira_sans
from fontTools import subset
from fontTools.ttLib import TTFont

FOLDER = fontpkg_fira_sans.ROOT / "files"
FACES = {400: "FiraSans-Regular.ttf", 600: "FiraSans-SemiBold.ttf"}
LETTERS = [*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x2010, 0x2027), 0x2212, 0x2190, 0x2192]
LETTERS += [0x20AC, 0x2030, 0x2032, 0x2039, 0x203A, 0x2260, 0x2264, 0x2265, 0x221E]


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
