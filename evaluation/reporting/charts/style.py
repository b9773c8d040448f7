"""Colours, type and lines of every chart.

Nothing here touches matplotlib's global settings: a chart is drawn inside
:func:`house_style`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from evaluation.estimates.drawing import (
    BAND_OPACITY,
    COMPARISON,
    FAILED,
    FURTHER,
    RULES,
    SECONDARY,
    SERVICE,
    SOURCE_SIZE,
    TEXT,
    TITLE_SIZE,
    WARNING,
    register_fonts,
)

__all__ = [
    "BAND_OPACITY",
    "COMPARISON",
    "FAILED",
    "FURTHER",
    "RULES",
    "SECONDARY",
    "SERVICE",
    "SOURCE_SIZE",
    "TEXT",
    "TITLE_SIZE",
    "WARNING",
    "house_style",
    "register_fonts",
    "series_for",
]

AXIS = "#7B8794"
PAPER = "#FFFFFF"
SHADE = "#F5F7F9"

FACES = {
    "normal": ["Fira Sans", "DejaVu Sans"],
    "semibold": ["Fira Sans SemiBold", "DejaVu Sans"],
}
SUBTITLE_SIZE = 9.5
NOTE_SIZE = 9.5
TEXT_SIZE = 9.0
SMALL_SIZE = 8.0

FULL_WIDTH = 6.5
PNG_DPI = 200


@dataclass(frozen=True)
class Series:
    """How one group looks: the colour may go, the dash and marker still tell.

    Parameters
    ----------
    colour : str
        Hexadecimal colour, at least 5.5:1 on white.
    dash : tuple
        Matplotlib line style ``(offset, (on, off, ...))``; ``(0, None)`` is solid.
    marker : str
        Matplotlib marker.
    """

    colour: str
    dash: tuple[float, tuple[float, ...] | None]
    marker: str


COMPARISON_SERIES = Series(COMPARISON, (0, (4, 1.6)), "o")
SERVICE_SERIES = (
    Series(SERVICE, (0, None), "s"),
    Series(FURTHER[0], (0, (7, 1.6, 1.4, 1.6)), "^"),
    Series(FURTHER[1], (0, (1.4, 1.3)), "D"),
    Series(FURTHER[2], (0, (9, 2.4)), "v"),
)
MOST_SERIES = 1 + len(SERVICE_SERIES)


def series_for(groups: Sequence, comparison: object = None) -> dict[object, Series]:
    """Give each group its look by its place in the fixed order.

    Parameters
    ----------
    groups : sequence
        At most five groups in the order they are listed.
    comparison : object, optional
        The group drawn as the comparison, in dashed grey. Without one, a fifth
        group takes that look.

    Returns
    -------
    dict
        From group to :class:`Series`, all different.
    """
    others = [group for group in groups if group != comparison]
    looks = list(SERVICE_SERIES)
    if len(others) == len(groups):
        looks.append(COMPARISON_SERIES)
    styles = dict(zip(others, looks, strict=False))
    if len(others) < len(groups):
        styles[comparison] = COMPARISON_SERIES
    return styles


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the house style and leave matplotlib's own settings as they were."""
    import matplotlib

    register_fonts()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "font.family": FACES["normal"],
                "font.size": TEXT_SIZE,
                "text.color": TEXT,
                "text.parse_math": False,
                "text.usetex": False,
                "axes.linewidth": 0.8,
                "figure.dpi": PNG_DPI,
                "figure.facecolor": PAPER,
                "savefig.dpi": PNG_DPI,
                "savefig.bbox": None,
                "svg.fonttype": "path",
                "path.simplify": False,
            }
        )
        yield
